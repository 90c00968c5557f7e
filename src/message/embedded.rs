//! Data inside plain text: uuencode, yEnc, BinHex, base64 that no header announced, and text written in codes.

use super::charset;
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
pub(super) fn find(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    armour::find(text, &mut found);
    base64_runs(text, &mut found);
    codes::find(text, &mut found);
    found
}

/// Lines of base64 that follow each other, and runs of it inside a line.
fn base64_runs(text: &str, found: &mut Vec<Found>) {
    if long_runs(text.as_bytes(), MIN_BASE64, is_symbol).next().is_none() {
        return;
    }
    let mut run = String::new();
    // How long the first line of the run is; only its last line is shorter.
    let mut width = 0;
    for line in text.lines() {
        let bare = line.trim_start_matches(['>', '|', ' ', '\t']).trim_ascii_end();
        let continues = !run.is_empty() && bare.len() <= width && !bare.is_empty() && bare.bytes().all(is_symbol);
        if continues {
            run.push_str(bare);
            if bare.len() < width {
                decode(&std::mem::take(&mut run), found);
            }
            continue;
        }
        decode(&std::mem::take(&mut run), found);
        if bare.len() >= MIN_BASE64 && bare.bytes().all(is_symbol) {
            width = bare.len();
            run.push_str(bare);
        } else {
            let inside = line.split(|c: char| !c.is_ascii() || !is_symbol(c as u8));
            inside.filter(|run| run.len() >= MIN_BASE64).for_each(|run| decode(run, found));
        }
    }
    decode(&run, found);
}

/// Stretches of at least so many bytes of one class; looks at few bytes of ordinary text.
fn long_runs(bytes: &[u8], least: usize, class: impl Fn(u8) -> bool) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    std::iter::from_fn(move || {
        while let Some(window) = bytes.get(start..start + least) {
            match window.iter().rposition(|byte| !class(*byte)) {
                Some(gap) => start += gap + 1,
                None => {
                    let len = bytes[start..].iter().take_while(|byte| class(**byte)).count();
                    let run = &bytes[start..start + len];
                    start += len;
                    return Some(run);
                }
            }
        }
        None
    })
}

fn decode(run: &str, found: &mut Vec<Found>) {
    if run.len() >= MIN_BASE64 {
        let bytes = base64(run.as_bytes(), Padding::Skip);
        if is_meant(&bytes) {
            found.push(Found::unnamed(bytes));
        }
    }
}

fn is_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Text, or the beginning of a file that readers would open; what merely decodes was no base64.
pub(super) fn is_meant(bytes: &[u8]) -> bool {
    super::readers::is_told_by_bytes(bytes)
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
            let found: Vec<_> =
                find(text).into_iter().map(|found| String::from_utf8_lossy(&found.bytes).into_owned()).collect();
            assert!(found.is_empty(), "{text}: {found:?}");
        }
    }
}
