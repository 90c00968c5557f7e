//! Mail that readers disagree about: whatever one of them shows is seen, or it is a gap.

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::message::{Budget, GapReason, InProcess, read};

mod boundaries;
mod charsets;
mod compared;
mod encodings;
mod garbled;
mod headers;
mod nested;
mod pages;
mod readers;

const CANARY: &str = "219-09-6781";
const TEXT: &str = "Patient Jo Roe, SSN 219-09-6781, on metformin";

/// Whether some reading of the content shows the canary; and the gaps.
fn is_seen(content: &[u8]) -> (bool, Vec<GapReason>) {
    let reading = read(content, &Budget::new(10 << 20, 10_000), &InProcess);
    let seen = reading.segments.iter().any(|segment| {
        segment.text.contains(CANARY)
            || segment.canonical.as_ref().is_some_and(|canonical| canonical.text.contains(CANARY))
    });
    (seen, reading.gaps.iter().map(|gap| gap.reason).collect())
}

/// Seen, or a gap that counts as PHI.
fn is_safe(content: &[u8]) -> bool {
    let (seen, gaps) = is_seen(content);
    let harmless = [GapReason::Sealed, GapReason::Picture, GapReason::Media];
    seen || gaps.iter().any(|reason| !harmless.contains(reason))
}

/// Says which of the named mails are read as if nothing were in them.
fn none_is_clean(cases: Vec<(&str, Vec<u8>)>) {
    let clean: Vec<&str> = cases.iter().filter(|(_, content)| !is_safe(content)).map(|(name, _)| *name).collect();
    assert!(clean.is_empty(), "{clean:?}");
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// Quoted-printable in which every byte is a code.
fn qp(text: &str) -> String {
    let codes: Vec<String> = text.bytes().map(|byte| format!("={byte:02X}")).collect();
    codes.chunks(20).map(<[String]>::concat).collect::<Vec<_>>().join("=\r\n")
}

/// One part: header lines and a body.
fn mail(header: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let front = format!("From: a@x.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n{header}\r\n\r\n");
    [front.as_bytes(), body.as_ref()].concat()
}

/// Two parts, of which the second is told.
fn with_part(header: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let front = format!("--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\n{header}\r\n\r\n");
    mail("Content-Type: multipart/mixed; boundary=b", [front.as_bytes(), body.as_ref(), b"\r\n--b--\r\n"].concat())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).expect("memory");
    writer.finish().expect("memory")
}

#[test]
fn ordinary_mail_is_read_one_way() {
    for content in [
        "Subject: x\r\n\r\nHello\r\n".to_owned(),
        "Subject: x\r\nContent-Type: multipart/alternative; boundary=\"=_a\"\r\n\r\n--=_a\r\nContent-Type: text/plain\r\n\r\nHello\r\n--=_a\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--=_a--\r\n".to_owned(),
        "Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n".to_owned(),
    ] {
        let reading = read(content.as_bytes(), &Budget::new(10 << 20, 10_000), &InProcess);
        assert!(reading.gaps.is_empty());
        let odd = reading.segments.iter().find(|segment| segment.origin.as_str().contains("reading"));
        assert!(odd.is_none(), "{content:?}");
    }
}
