//! Text written in codes that no header announced: `=41`, `%41`, `\\x41`, `53 53 4E`, `+AEE-`, `&#65;`.
//!
//! Only what decodes to text counts; numbers, hashes and links of ordinary mail do not.

use super::super::blocks::{next_run, next_with};
use super::super::charset::rare;
use super::super::transfer;
use super::{Found, MIN_BASE64, is_readable};

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let readings = [
        memchr::memchr(b'=', bytes).and_then(|_| quoted_printable(text)),
        memchr::memchr(b'%', bytes).and_then(|_| percent(text)),
        memchr::memchr(b'+', bytes).and_then(|_| utf7(text)),
        hexadecimal(text),
    ];
    found.extend(readings.into_iter().flatten().map(|text| Found::unnamed(text.into_bytes())));
}

/// The whole text, if nearly each of its `=` begins a code or ends a line.
fn quoted_printable(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut codes, mut signs) = (0, 0);
    for at in memchr::memchr_iter(b'=', bytes) {
        signs += 1;
        codes += usize::from(match &bytes[at + 1..] {
            // A ruler of `=` ends like a soft line break.
            [b'\n', ..] | [b'\r', b'\n', ..] => at == 0 || bytes[at - 1] != b'=',
            [high, low, ..] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
            _ => false,
        });
    }
    if codes < 2 || codes * 10 < signs * 8 {
        return None;
    }
    String::from_utf8(transfer::quoted_printable(bytes)).ok().filter(|text| is_readable(text))
}

/// Words in which at least six bytes are codes; links with fewer are read where they stand.
fn percent(text: &str) -> Option<String> {
    let words = text.split_ascii_whitespace().filter(|word| word.matches('%').count() >= 6);
    let decoded = words.map(|word| String::from_utf8_lossy(&transfer::percent(word.as_bytes())).into_owned());
    joined(decoded.filter(|word| is_readable(word)))
}

fn joined(words: impl Iterator<Item = String>) -> Option<String> {
    let all = words.collect::<Vec<_>>().join("\n");
    (!all.is_empty()).then_some(all)
}

fn is_utf7(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | matches!(byte, b'+' | b'/')
}

/// The text with those runs of UTF-7 undone that can be nothing else.
fn utf7(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(plus) = memchr::memchr(b'+', &bytes[at..]).map(|found| at + found) {
        let run = bytes[plus + 1..].iter().take_while(|byte| is_utf7(**byte)).count();
        let end = plus + 1 + run;
        // A plus inside a short run may begin a true one; a long run is passed over, for time's sake.
        at = if run > 64 { end } else { plus + 1 };
        // The last symbols of a line of base64 say something by chance.
        let is_ended = bytes.get(end) == Some(&b'-');
        let before = bytes[..plus].iter().rev().take(MIN_BASE64).take_while(|byte| is_utf7(**byte));
        if !is_ended && before.count() == MIN_BASE64 {
            continue;
        }
        if let Some(plain) = rare::wide_ascii(&bytes[plus + 1..end]) {
            out.push_str(&text[kept..plus]);
            out.push_str(&plain);
            at = end + usize::from(is_ended);
            kept = at;
        }
    }
    (kept > 0).then(|| out + &text[kept..])
}

/// Shorter runs of digits are numbers.
const MIN_HEXADECIMAL: usize = 9;

/// So many stand in any 64 bytes of such a run.
const FEWEST_DIGITS: usize = 2;

/// What people and programs put between two bytes; the longest first.
const SEPARATORS: [&str; 9] = [", 0x", ",0x", " 0x", "\\x", "0x", ", ", " ", ":", "-"];

/// Runs of two hexadecimal digits with the same little between them, if they spell text.
fn hexadecimal(text: &str) -> Option<String> {
    let may_stand =
        |byte: u8| byte.is_ascii_hexdigit() | matches!(byte, b'x' | b'\\' | b' ' | b',' | b':' | b'-' | b'\r' | b'\n');
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    // The codes of letters begin with digits; most stretches of a text have none.
    while let Some(near) = next_with(bytes, at, FEWEST_DIGITS, |byte| byte.is_ascii_digit()) {
        let before = bytes[at..near.start].iter().rev().take_while(|byte| may_stand(**byte)).count();
        let window = near.start - before..(near.end + 2 * MIN_HEXADECIMAL).min(bytes.len());
        at = match next_run(&bytes[..window.end], window.start, 2 * MIN_HEXADECIMAL, may_stand) {
            Some(run) => {
                let more = bytes[run.end..].iter().take_while(|byte| may_stand(**byte)).count();
                words.extend(spelled(&bytes[run.start..run.end + more]));
                run.end + more
            }
            None => near.end,
        };
    }
    joined(words.into_iter())
}

fn spelled(stretch: &[u8]) -> Vec<String> {
    let mut words = Vec::new();
    let mut at = 0;
    while at + 2 * MIN_HEXADECIMAL <= stretch.len() {
        let begins = at == 0 || !stretch[at - 1].is_ascii_hexdigit();
        let (decoded, end) = if begins { run(stretch, at) } else { (Vec::new(), at) };
        if decoded.len() >= MIN_HEXADECIMAL && spells_text(&decoded) {
            words.push(String::from_utf8_lossy(&decoded).into_owned());
        }
        at = end.max(at + 1);
    }
    words
}

fn pair(bytes: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| (*byte as char).to_digit(16).map(|digit| digit as u8);
    Some(digit(bytes.first()?)? << 4 | digit(bytes.get(1)?)?)
}

/// The bytes of a run that begins here, and where it ends. The same stands between all of them, but for line ends.
fn run(bytes: &[u8], start: usize) -> (Vec<u8>, usize) {
    let mut decoded = Vec::new();
    let mut between: Option<&str> = None;
    let mut at = start;
    while let Some(byte) = bytes.get(at..).and_then(pair) {
        decoded.push(byte);
        at += 2;
        let rest = &bytes[at..];
        let known = *between.get_or_insert_with(|| {
            SEPARATORS.into_iter().find(|known| rest.starts_with(known.as_bytes())).unwrap_or("")
        });
        let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if memchr::memchr(b'\n', &rest[..blank]).is_some() {
            at += blank;
        } else if rest.starts_with(known.as_bytes()) {
            at += known.len();
        }
    }
    (decoded, at)
}

/// Readable, and mostly letters, digits and blanks; what else is in hexadecimal are keys and hashes.
fn spells_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| {
        let words = text.chars().filter(|c| c.is_alphanumeric() || *c == ' ').count();
        is_readable(text) && words * 10 >= text.chars().count() * 7
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_undone() {
        for (text, plain) in [
            ("=53=53=4E 219", "SSN 219"),
            ("219-=\r\n09=\r\n-6781", "219-09-6781"),
            ("%53%53%4E%20%32%31%39", "SSN 219"),
            ("SSN 219+AC0-09+AC0-6781", "SSN 219-09-6781"),
            ("53 53 4E 20 32 31 39 2D 30", "SSN 219-0"),
            ("53c3914e20323139203030", "S\u{d1}N 219 00"),
            ("53:53:4E:20:32:31:39:2D:30", "SSN 219-0"),
            ("\\x53\\x53\\x4E\\x20\\x32\\x31\\x39\\x2D\\x30", "SSN 219-0"),
            ("0x53, 0x53, 0x4E, 0x20, 0x32, 0x31, 0x39, 0x2D, 0x30", "SSN 219-0"),
            ("53534E2032\n31392D30", "SSN 219-0"),
        ] {
            let mut found = Vec::new();
            find(text, &mut found);
            let found: Vec<_> = found.iter().map(|found| String::from_utf8_lossy(&found.bytes)).collect();
            assert_eq!(found, [plain], "{text}");
        }
    }

    #[test]
    fn the_end_of_a_line_of_base64_is_no_code() {
        let mut found = Vec::new();
        find("Ny/usp2SDHVJuYar3hzOnhM219To6xbeEoWWRYWC2a5IhgNyYnYnXD7Zmic6FggXortVFUSB+/wg\nnext", &mut found);
        assert!(found.is_empty());
    }

    #[test]
    fn long_text_costs_linear_time() {
        for text in [
            "a".repeat(1 << 20),
            "4".repeat(1 << 20),
            "=4".repeat(1 << 19),
            "+".repeat(1 << 20),
            "%".repeat(1 << 20),
            "41 ".repeat(1 << 18),
        ] {
            find(&text, &mut Vec::new());
        }
    }
}
