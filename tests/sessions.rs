//! Plays every transcript in `tests/sessions/` against a real server on loopback.
//!
//! A transcript shows what the wire shows. `C:` is a line that we send, `C|` the same without its
//! CRLF, `S:` a line that we expect (`*` matches the rest, `S: (closed)` the end of the
//! connection), `TLS` the handshake, `MAIL:` what intake got, `#` a comment and `=` a setting.
//! Lines of `C` that stand together go out in one segment. `\r \n \t \0 \\ \xHH` are escapes,
//! `{plain NAME PASSWORD}` and `{b64 TEXT}` are base64, `{x N}` is the letter x N times.

#[path = "support/smtp.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use support::{House, Wire};
use waxseal::people::{Person, Role};
use waxseal::smtp::{Mechanism, Source, SourceKind, Tenant, TlsMode};

#[derive(Debug, Clone, PartialEq)]
enum Line {
    Send(Vec<u8>),
    Expect(String),
    Tls,
    Mail(String),
}

#[tokio::test]
async fn every_transcript_plays_as_written() {
    let mut faults = Vec::new();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir("tests/sessions").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 8, "the transcripts are missing");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // A file may hold several sessions, each under its own heading.
        for (at, session) in text.split("\n---\n").enumerate() {
            if let Err(fault) = play(session).await {
                faults.push(format!("{} session {}: {fault}", Path::new(&file).display(), at + 1));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

async fn play(text: &str) -> Result<(), String> {
    let house = settings(text);
    let lines = script(text)?;
    let served = house.start().await;
    let mut wire = Wire::connect(served.address).await;
    let mut mails = Vec::new();
    let mut batch = Vec::new();
    for line in &lines {
        if let Line::Send(bytes) = line {
            batch.extend_from_slice(bytes);
            continue;
        }
        if !batch.is_empty() {
            wire.send(&std::mem::take(&mut batch)).await;
        }
        match line {
            Line::Send(_) => {}
            Line::Tls => wire = wire.secure(None).await.map_err(|error| format!("handshake: {error}"))?,
            Line::Mail(mail) => mails.push(mail.clone()),
            Line::Expect(expected) => {
                let got = tokio::time::timeout(Duration::from_secs(10), wire.line()).await;
                let got = got.map_err(|_| format!("nothing came, expected {expected:?}"))?;
                let fits = match expected.strip_suffix('*') {
                    Some(start) => got.starts_with(start),
                    None => got == *expected,
                };
                if !fits {
                    return Err(format!("expected {expected:?}, got {got:?}"));
                }
            }
        }
    }
    if !batch.is_empty() {
        return Err("a transcript ends with what the server says".into());
    }
    let taken = served.intake.described();
    if taken != mails {
        return Err(format!("intake got {taken:#?}, expected {mails:#?}"));
    }
    Ok(())
}

fn script(text: &str) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let (kind, rest) = line.split_at(line.len().min(2));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        match kind {
            "C:" => lines.push(Line::Send([unescape(rest), b"\r\n".to_vec()].concat())),
            "C|" => lines.push(Line::Send(unescape(rest))),
            "S:" => lines.push(Line::Expect(rest.to_owned())),
            "TL" => lines.push(Line::Tls),
            "MA" => lines.push(Line::Mail(line["MAIL: ".len()..].to_owned())),
            _ if line.is_empty() || line.starts_with(['#', '=']) => {}
            _ => return Err(format!("not a line of a transcript: {line:?}")),
        }
    }
    Ok(lines)
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = rest.find('}').unwrap_or(rest.len());
        if rest.starts_with("{plain ") || rest.starts_with("{b64 ") || rest.starts_with("{x ") {
            let words: Vec<&str> = rest[1..end].splitn(3, ' ').collect();
            match words.as_slice() {
                ["plain", name, password] => out.extend(STANDARD.encode(format!("\0{name}\0{password}")).into_bytes()),
                ["b64", text] => out.extend(STANDARD.encode(text).into_bytes()),
                ["x", count] => out.extend(std::iter::repeat_n(b'x', count.parse().unwrap())),
                other => panic!("not a macro: {other:?}"),
            }
            rest = &rest[end + 1..];
            continue;
        }
        if c != '\\' {
            out.extend(c.to_string().into_bytes());
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (byte, length) = match rest.as_bytes()[1] {
            b'r' => (b'\r', 2),
            b'n' => (b'\n', 2),
            b't' => (b'\t', 2),
            b'0' => (0, 2),
            b'x' => (u8::from_str_radix(&rest[2..4], 16).unwrap(), 4),
            other => (other, 2),
        };
        out.push(byte);
        rest = &rest[length..];
    }
    out
}

/// The lines that begin with `=`.
fn settings(text: &str) -> House {
    let mut house = House::default();
    for line in text.lines().filter_map(|line| line.strip_prefix("= ")) {
        let words: Vec<&str> = line.split(' ').collect();
        let limits = &mut house.limits;
        match words.as_slice() {
            ["tls", mode] => house.tls = mode_of(mode),
            ["auth"] => house.auth = vec![Mechanism::Plain, Mechanism::Login],
            ["size", size] => limits.message_size = size.parse().unwrap(),
            ["recipients", most] => limits.recipients = most.parse().unwrap(),
            ["errors", most] => limits.errors = most.parse().unwrap(),
            ["idle", most] => limits.idle_commands = most.parse().unwrap(),
            ["memory", most] => limits.content_memory = most.parse().unwrap(),
            ["spools", most] => limits.content_spools = most.parse().unwrap(),
            ["messages", most] => limits.user_messages = most.parse().unwrap(),
            ["failures", most] => limits.auth_failures = most.parse().unwrap(),
            ["proxy"] => house.proxy_from = vec!["127.0.0.0/8".parse().unwrap()],
            ["user", name, password, senders @ ..] => {
                let senders = senders.iter().map(|sender| sender.parse().unwrap()).collect();
                let person = Person { name: (*name).into(), senders, role: Role::Submitter, disabled: false };
                house.people.push((person, (*password).into()));
            }
            ["full"] => house.full = true,
            ["broken"] => house.broken = true,
            ["source", kind, rest @ ..] => house.sources.push(source_of(kind, rest)),
            other => panic!("not a setting: {other:?}"),
        }
    }
    house
}

fn mode_of(text: &str) -> TlsMode {
    match text {
        "none" => TlsMode::Off,
        "starttls" => TlsMode::Offered,
        "required" => TlsMode::Required,
        "implicit" => TlsMode::Implicit,
        other => panic!("not a mode: {other:?}"),
    }
}

fn source_of(kind: &str, rest: &[&str]) -> Source {
    let mut source = support::sample::source("office", &["127.0.0.0/8"]);
    source.kind = match kind {
        "mta" => SourceKind::Mta,
        "device" => SourceKind::Device,
        "m365" => SourceKind::M365,
        "app" => SourceKind::App,
        other => panic!("not a type: {other:?}"),
    };
    if source.kind == SourceKind::M365 {
        let tenant = Tenant {
            id: "11111111-2222-3333-4444-555555555555".into(),
            domains: vec!["corp.example".parse().unwrap()],
        };
        source.tenants = vec![tenant];
        source.from_domains = vec!["corp.example".parse().unwrap()];
    }
    for word in rest {
        match word.split_once('=').unwrap() {
            ("net", network) => source.networks = vec![network.parse().unwrap()],
            ("from", domain) => source.from_domains = vec![domain.parse().unwrap()],
            ("name", name) => source.name = name.into(),
            ("auth", "required") => {
                source.networks.clear();
                source.auth_required = true;
            }
            other => panic!("not a part of a source: {other:?}"),
        }
    }
    source
}
