//! Data inside plain text: uuencode, yEnc, BinHex, base64 that no header announced, and text written in codes.

use std::borrow::Cow;
use std::ops::Range;

use super::blocks::next_run;
use super::charset;
use super::extraction::Kinds;
use super::transfer::{Padding, base64};

mod armour;
mod codes;

pub(super) use armour::yencoded;

/// A file found inside a text.
pub(super) struct Found {
    pub name: Option<String>,
    pub bytes: Vec<u8>,
}

impl Found {
    fn unnamed(bytes: Vec<u8>) -> Self {
        Self { name: None, bytes }
    }
}

/// Shorter runs of base64 are words, numbers and hashes.
const MIN_BASE64: usize = 24;

/// Everything that some reader would offer as an attachment, or show decoded.
pub(super) fn find(text: &str, kinds: &dyn Kinds) -> Vec<Found> {
    let mut found = Vec::new();
    armour::find(text, &mut found);
    base64_runs(text, kinds, &mut found);
    codes::find(text, &mut found);
    found
}

/// Lines of base64 that follow each other, and runs of it inside a line.
fn base64_runs(text: &str, kinds: &dyn Kinds, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(run) = next_base64(bytes, at) {
        at = run.end;
        if !stands_alone(bytes, &run) {
            decode(&bytes[run], kinds, found);
            continue;
        }
        // The lines that follow go on with it; the first that is shorter ends it.
        let width = run.len();
        let mut joined = Cow::Borrowed(&bytes[run]);
        while let Some(line) = line_after(bytes, at) {
            let bare = bare(&bytes[line.clone()]);
            if bare.is_empty() || bare.len() > width || !bare.iter().all(|byte| is_symbol(*byte)) {
                break;
            }
            joined.to_mut().extend_from_slice(bare);
            at = line.end;
            if bare.len() < width {
                break;
            }
        }
        decode(&joined, kinds, found);
    }
}

/// The next run of base64. Ordinary words are short: where nothing long stands without a blank, there is none.
fn next_base64(bytes: &[u8], mut at: usize) -> Option<Range<usize>> {
    loop {
        let unbroken = next_run(bytes, at, MIN_BASE64, |byte| byte > b' ')?;
        let run = next_run(&bytes[..unbroken.end], unbroken.start, MIN_BASE64, is_symbol);
        if run.is_some() {
            return run;
        }
        at = unbroken.end;
    }
}

/// Whether nothing else stands on its line but marks of quotation.
fn stands_alone(bytes: &[u8], run: &Range<usize>) -> bool {
    let start = memchr::memrchr(b'\n', &bytes[..run.start]).map_or(0, |end| end + 1);
    let end = memchr::memchr(b'\n', &bytes[run.end..]).map_or(bytes.len(), |len| run.end + len);
    bare(&bytes[start..end]).len() == run.len()
}

/// The line after the one that ends behind `at`, without its end.
fn line_after(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at + memchr::memchr(b'\n', &bytes[at..])? + 1;
    let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |len| start + len);
    Some(start..end)
}

/// A line without marks of quotation, and without blanks at its end.
fn bare(line: &[u8]) -> &[u8] {
    let start = line.iter().take_while(|byte| matches!(byte, b'>' | b'|' | b' ' | b'\t')).count();
    line[start..].trim_ascii_end()
}

/// What base64 is written with.
fn is_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | matches!(byte, b'+' | b'/' | b'=')
}

fn decode(run: &[u8], kinds: &dyn Kinds, found: &mut Vec<Found>) {
    // Keys, hashes and noise show themselves in their first bytes; only what is long may be a
    // file that is told by its end.
    if run.len() < LONG && !may_be_meant(&base64(&run[..run.len().min(32)], Padding::Skip), kinds) {
        return;
    }
    let bytes = base64(run, Padding::Skip);
    if is_meant(&bytes, kinds) {
        found.push(Found::unnamed(bytes));
    }
}

const LONG: usize = 256;

/// Whether bytes that begin so may be text, in one byte a letter or two, or a file.
fn may_be_meant(head: &[u8], kinds: &dyn Kinds) -> bool {
    let as_text = match std::str::from_utf8(head) {
        Ok(text) => is_readable(text),
        Err(fault) => {
            let whole = std::str::from_utf8(&head[..fault.valid_up_to()]);
            fault.error_len().is_none() && whole.is_ok_and(is_readable)
        }
    };
    as_text || memchr::memchr(0, head).is_some() || kinds.is_told_by_bytes(head)
}

/// Text, or the beginning of a file that readers would open; what merely decodes was no base64.
pub(super) fn is_meant(bytes: &[u8], kinds: &dyn Kinds) -> bool {
    kinds.is_told_by_bytes(bytes)
        || (bytes.len() >= 8 && (std::str::from_utf8(bytes).is_ok_and(is_readable) || is_wide_text(bytes)))
}

fn is_wide_text(bytes: &[u8]) -> bool {
    charset::wide_encoding(bytes).is_some_and(|wide| is_readable(&wide.decode(bytes).0))
}

fn is_readable(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::super::readers::Table;
    use super::*;

    #[test]
    fn what_is_hidden_in_text_is_found() {
        for (text, name, bytes) in [
            ("Hi\nbegin 644 a.txt\n&2F\\@4F]E\n`\nend\nbye", Some("a.txt"), "Jo Roe"),
            ("U1NOIDIxOS0wOS02NzgxIG1ldGZvcm1pbg==", None, "SSN 219-09-6781 metformin"),
            ("see:\nU1NOIDIxOS0wOS02NzgxIG1l\ndGZvcm1pbg==\nbye", None, "SSN 219-09-6781 metformin"),
            ("> U1NOIDIxOS0wOS02NzgxIG1l\n> dGZvcm1pbg==\nbye", None, "SSN 219-09-6781 metformin"),
            ("it is U1NOIDIxOS0wOS02NzgxIG1ldGZvcm1pbg==, see?", None, "SSN 219-09-6781 metformin"),
            ("SSN =32=31=39", None, "SSN 219"),
            ("hex 53534e203231392d30392d36373831", None, "SSN 219-09-6781"),
        ] {
            let found = find(text, &Table);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!((found[0].name.as_deref(), String::from_utf8_lossy(&found[0].bytes).as_ref()), (name, bytes));
        }
    }

    #[test]
    fn ordinary_text_hides_nothing() {
        for text in [
            "Dear all,\nplease begin at noon.",
            "d41d8cd98f00b204e9800998ecf8427e",
            "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            "pneumonoultramicroscopicsilicovolcanoconiosis",
            "begin 2 a\nb",
            "https://x.example/a?b=1&c=20&d=3F#e",
            "https://x.example/some/long/path/with/many/words/in/it",
            "Title\n=====\ntext\n------------------------------------------\n",
            "+1 (555) 123-4567 and +15551234567, C++ and a+b",
            "2024 1130 0815 4711 2025 3030 4040 5050",
            "a = b\nc == d\nx=1, y=2, z=30",
            "",
        ] {
            let found: Vec<_> = find(text, &Table)
                .into_iter()
                .map(|found| String::from_utf8_lossy(&found.bytes).into_owned())
                .collect();
            assert!(found.is_empty(), "{text}: {found:?}");
        }
    }
}
