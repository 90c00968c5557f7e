//! Files that programs before MIME wrote into the text itself: uuencode, its base64 form, yEnc and BinHex.

use memchr::memmem;

use super::super::transfer::{Padding, base64};
use super::Found;

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    if memmem::find(bytes, b"begin").is_some() {
        uuencoded(text, found);
    }
    if memmem::find(bytes, b"BinHex").is_some() {
        binhex(text, found);
    }
}

/// `begin 644 name` or `begin-base64 644 name`, lines, `end` or `====`.
fn uuencoded(text: &str, found: &mut Vec<Found>) {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let begin = line.strip_prefix("begin").map(|rest| match rest.strip_prefix("-base64") {
            Some(rest) => (rest, true),
            None => (rest, false),
        });
        let Some((head, is_base64)) = begin.and_then(|(rest, form)| Some((rest.strip_prefix(' ')?, form))) else {
            continue;
        };
        let Some((mode, name)) = head.trim_end().split_once(' ') else { continue };
        if !(3..=4).contains(&mode.len()) || !mode.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let mut bytes = Vec::new();
        for line in lines.by_ref() {
            match line.trim_end() {
                "end" | "====" => break,
                line if is_base64 => bytes.extend(base64(line.as_bytes(), Padding::Skip)),
                _ => uu_line(line.as_bytes(), &mut bytes),
            }
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

/// `=ybegin … name=…`, bytes plus 42, `=yend`. Its bytes are of no charset, so the raw body is read.
pub(in super::super) fn yencoded(body: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut rest = body;
    while let Some(at) = memmem::find(rest, b"=ybegin ") {
        let (head, mut data) = line(&rest[at..]);
        let name = memmem::find(head, b"name=").map(|at| String::from_utf8_lossy(&head[at + 5..]).trim().to_owned());
        if data.starts_with(b"=ypart") {
            data = line(data).1;
        }
        let end = memmem::find(data, b"=yend").unwrap_or(data.len());
        let mut bytes = Vec::with_capacity(end);
        let mut escaped = false;
        for &byte in &data[..end] {
            match byte {
                b'\r' | b'\n' => {}
                b'=' if !escaped => escaped = true,
                _ => bytes.push(byte.wrapping_sub(if std::mem::take(&mut escaped) { 106 } else { 42 })),
            }
        }
        found.push(Found { name, bytes });
        rest = &data[end..];
    }
    found
}

/// The line without its end, and what comes after it.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
    (bytes[..end].trim_ascii_end(), &bytes[end..])
}

/// BinHex 4.0 (RFC 1741): between colons, six bits a character, `0x90` and a count for runs.
fn binhex(text: &str, found: &mut Vec<Found>) {
    const ALPHABET: &[u8] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
    let Some(note) = memmem::find(text.as_bytes(), b"BinHex") else { return };
    let Some((_, coded)) = text[note..].split_once("\n").and_then(|(_, rest)| rest.split_once(':')) else { return };
    let coded = coded.split(':').next().unwrap_or_default();
    let (mut bits, mut count) = (0u32, 0);
    let mut packed = Vec::new();
    for symbol in coded.bytes().filter_map(|byte| ALPHABET.iter().position(|known| *known == byte)) {
        bits = bits << 6 | symbol as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            packed.push((bits >> count) as u8);
        }
    }
    let file = without_runs(&packed);
    let Some((&len, rest)) = file.split_first() else { return };
    // Name, NUL, type, creator, flags, the two lengths and a checksum.
    let (Some(name), Some(data)) = (rest.get(..usize::from(len)), rest.get(usize::from(len) + 21..)) else { return };
    let size =
        rest.get(usize::from(len) + 11..).and_then(|rest| rest.first_chunk()).map_or(0, |len| u32::from_be_bytes(*len));
    let data = &data[..data.len().min(size as usize)];
    found.push(Found { name: Some(String::from_utf8_lossy(name).into_owned()), bytes: data.to_vec() });
}

fn without_runs(packed: &[u8]) -> Vec<u8> {
    const RUN: u8 = 0x90;
    let mut out: Vec<u8> = Vec::with_capacity(packed.len());
    let mut bytes = packed.iter();
    while let Some(&byte) = bytes.next() {
        match (byte, byte == RUN) {
            (_, false) => out.push(byte),
            _ => match (bytes.next(), out.last()) {
                (Some(0) | None, _) => out.push(RUN),
                (Some(&times), Some(&last)) => out.extend(std::iter::repeat_n(last, usize::from(times) - 1)),
                (Some(_), None) => {}
            },
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yenc_is_read_from_raw_bytes() {
        let found = yencoded(b"hi\r\n=ybegin line=128 size=6 name=a.txt\r\nt\x99J|\x99\x8f\r\n=yend size=6\r\n");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_deref(), found[0].bytes.as_slice()), (Some("a.txt"), b"Jo Roe".as_slice()));
        let escaped = yencoded(b"=ybegin line=1\n=ypart begin=1\n=\x7d");
        assert_eq!(escaped[0].bytes, b"\x13");
    }

    #[test]
    fn runs_of_binhex_are_undone() {
        assert_eq!(without_runs(b"a\x90\x04b\x90\0"), b"aaaab\x90");
        assert_eq!(without_runs(b"\x90\x04\x90"), b"\x90");
    }

    #[test]
    fn base64_by_uuencode_is_read() {
        let mut found = Vec::new();
        find("begin-base64 644 a.txt\nSm8gUm9l\n====\n", &mut found);
        assert_eq!(found[0].bytes, b"Jo Roe");
    }
}
