//! Encoded data inside plain text: uuencode, yEnc, and base64 that no header announced.

use std::ops::Range;

use memchr::memmem;

use super::transfer::{Padding, base64};

/// A file found inside a text.
pub(super) struct Found {
    pub name: Option<String>,
    pub bytes: Vec<u8>,
}

/// Shorter runs of base64 are words, numbers and hashes.
const MIN_BASE64: usize = 24;

/// Everything that some reader would offer as an attachment, or show decoded.
pub(super) fn find(text: &str) -> Vec<Found> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    if memmem::find(bytes, b"begin ").is_some() {
        uuencoded(text, &mut found);
    }
    if memmem::find(bytes, b"=ybegin ").is_some() {
        yencoded(text, &mut found);
    }
    base64_runs(text, &mut found);
    found
}

/// `begin 644 name`, lines of up to 45 bytes, `end`.
fn uuencoded(text: &str, found: &mut Vec<Found>) {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((mode, name)) = line.strip_prefix("begin ").and_then(|rest| rest.trim_end().split_once(' ')) else {
            continue;
        };
        if !(3..=4).contains(&mode.len()) || !mode.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let mut bytes = Vec::new();
        for line in lines.by_ref() {
            if line.trim_end() == "end" {
                break;
            }
            uu_line(line.as_bytes(), &mut bytes);
        }
        found.push(Found { name: Some(name.to_owned()), bytes });
    }
}

fn uu_line(line: &[u8], out: &mut Vec<u8>) {
    let Some((first, data)) = line.split_first() else { return };
    let count = usize::from(first.wrapping_sub(32) & 63);
    let start = out.len();
    for group in data.chunks(4) {
        let value = |at: usize| u32::from(group.get(at).map_or(0, |byte| byte.wrapping_sub(32) & 63));
        let bits = value(0) << 18 | value(1) << 12 | value(2) << 6 | value(3);
        out.extend_from_slice(&[(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
    }
    out.truncate(start + count.min(out.len() - start));
}

/// `=ybegin … name=…`, bytes plus 42, `=yend`. Bytes above ASCII only survive where the text was Latin-1.
fn yencoded(text: &str, found: &mut Vec<Found>) {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(head) = line.strip_prefix("=ybegin ") else { continue };
        let name = head.split_once("name=").map(|(_, name)| name.trim().to_owned());
        let mut bytes = Vec::new();
        for line in lines.by_ref().skip_while(|line| line.starts_with("=ypart")) {
            if line.starts_with("=yend") {
                break;
            }
            let mut escaped = false;
            for c in line.chars() {
                match c {
                    '=' if !escaped => escaped = true,
                    _ => {
                        let shift: u8 = if std::mem::take(&mut escaped) { 106 } else { 42 };
                        bytes.push((c as u32 as u8).wrapping_sub(shift));
                    }
                }
            }
        }
        found.push(Found { name, bytes });
    }
}

/// Runs of whole lines of base64 that decode to text or to a known kind of file.
fn base64_runs(text: &str, found: &mut Vec<Found>) {
    let mut start = 0;
    // The run so far, and how long its first line is.
    let mut run: Option<(Range<usize>, usize)> = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_ascii();
        let end = start + line.len();
        run = match run {
            Some((so_far, width)) if bare.len() <= width && is_base64_line(bare) => {
                // Only the last line of a run is shorter.
                let longer = so_far.start..end;
                if bare.len() < width { decode_run(text, longer, found) } else { Some((longer, width)) }
            }
            Some((so_far, _)) => {
                decode_run(text, so_far, found);
                begins_run(bare).then_some((start..end, bare.len()))
            }
            None => begins_run(bare).then_some((start..end, bare.len())),
        };
        start = end;
    }
    if let Some((run, _)) = run {
        decode_run(text, run, found);
    }
}

fn decode_run(text: &str, run: Range<usize>, found: &mut Vec<Found>) -> Option<(Range<usize>, usize)> {
    let bytes = base64(&text.as_bytes()[run], Padding::Skip);
    if is_meant(&bytes) {
        found.push(Found { name: None, bytes });
    }
    None
}

fn begins_run(line: &str) -> bool {
    line.len() >= MIN_BASE64 && is_base64_line(line)
}

fn is_base64_line(line: &str) -> bool {
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

/// Text, or the beginning of a file that readers would open; what merely decodes was no base64.
pub(super) fn is_meant(bytes: &[u8]) -> bool {
    super::readers::is_told_by_bytes(bytes)
        || (bytes.len() >= 8
            && std::str::from_utf8(bytes).is_ok_and(|text| {
                let readable = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
                text.chars().all(readable)
            }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_in_text_is_found() {
        for (text, name, bytes) in [
            ("Hi\nbegin 644 a.txt\n&2F\\@4F]E\n`\nend\nbye", Some("a.txt"), "Jo Roe"),
            ("=ybegin line=128 size=6 name=a.txt\nt\u{99}J|\u{99}\u{8f}\n=yend size=6\n", Some("a.txt"), "Jo Roe"),
            ("U1NOIDIxOS0wOS02NzgxIG1ldGZvcm1pbg==", None, "SSN 219-09-6781 metformin"),
            ("see:\nU1NOIDIxOS0wOS02NzgxIG1l\ndGZvcm1pbg==\nbye", None, "SSN 219-09-6781 metformin"),
        ] {
            let found = find(text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!((found[0].name.as_deref(), String::from_utf8_lossy(&found[0].bytes).as_ref()), (name, bytes));
        }
    }

    #[test]
    fn ordinary_text_hides_nothing() {
        for text in [
            "Dear all,\nplease begin at noon.",
            "d41d8cd98f00b204e9800998ecf8427e",
            "pneumonoultramicroscopicsilicovolcanoconiosis",
            "begin 2 a\nb",
            "",
        ] {
            assert!(find(text).is_empty(), "{text}");
        }
    }
}
