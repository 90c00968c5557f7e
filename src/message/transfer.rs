//! Transfer encodings read laxly (RFC 2045 §6), so that what any reader makes of a broken one is seen.

use memchr::memchr;

/// What a reader does at `=` in base64 before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Padding {
    /// It ends the data (Python, Outlook).
    Ends,
    /// It is skipped, the next quantum begins after it (most C readers).
    Skip,
}

const NONE: u8 = 0xff;

/// The base64 value of each byte, `NONE` for what is outside the alphabet.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0;
    while at < 64 {
        values[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    // The URL alphabet, which lax readers take too.
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
};

/// Decodes base64, skipping everything outside the alphabet.
pub(super) fn base64(input: &[u8], padding: Padding) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0u32);
    let mut rest = input;
    loop {
        // Most bytes stand in whole quanta, four at a time.
        while count == 0
            && let Some((quantum, after)) = rest.split_first_chunk::<4>()
        {
            let values = quantum.map(|byte| VALUES[usize::from(byte)]);
            if values.contains(&NONE) {
                break;
            }
            let [.., first, second, third] =
                values.iter().fold(0, |bits, value| bits << 6 | u32::from(*value)).to_be_bytes();
            out.extend_from_slice(&[first, second, third]);
            rest = after;
        }
        let Some((&byte, after)) = rest.split_first() else { break };
        rest = after;
        let value = VALUES[usize::from(byte)];
        if value != NONE {
            bits = bits << 6 | u32::from(value);
            count += 1;
            if count == 4 {
                out.extend_from_slice(&[(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
                (bits, count) = (0, 0);
            }
        } else if byte == b'=' {
            finish(&mut out, bits, count);
            (bits, count) = (0, 0);
            if padding == Padding::Ends {
                return out;
            }
        }
    }
    finish(&mut out, bits, count);
    out
}

/// The bytes of an incomplete quantum.
fn finish(out: &mut Vec<u8>, bits: u32, count: u32) {
    match count {
        2 => out.push((bits >> 4) as u8),
        3 => out.extend_from_slice(&[(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => {}
    }
}

/// Each line decoded by itself, as readers do that know no quantum over a line's end.
pub(super) fn base64_by_line(input: &[u8]) -> Vec<u8> {
    input
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .flat_map(|line| base64(whole_quanta(line), Padding::Skip))
        .collect()
}

fn whole_quanta(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    &line[..line.len() / 4 * 4]
}

/// Whether this is base64 as RFC 2045 §6.8 has it: the alphabet, line ends between quanta, padding only at the end.
pub(super) fn is_strict_base64(input: &[u8]) -> bool {
    let body = input.trim_ascii_end();
    let data = body.strip_suffix(b"==").or_else(|| body.strip_suffix(b"=")).unwrap_or(body);
    let mut symbols = 0_usize;
    for line in data.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_end();
        let begins_a_quantum = symbols.is_multiple_of(4) || line.is_empty();
        if !begins_a_quantum || !line.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')) {
            return false;
        }
        symbols += line.len();
    }
    (symbols + body.len() - data.len()).is_multiple_of(4)
}

/// Decodes quoted-printable; an `=` that begins no code stays as it is.
pub(super) fn quoted_printable(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some(at) = memchr(b'=', rest) {
        out.extend_from_slice(&rest[..at]);
        let code = &rest[at + 1..];
        if let Some(byte) = hex_pair(code) {
            out.push(byte);
            rest = &code[2..];
        } else if let Some(after) = soft_break(code) {
            rest = &code[after..];
        } else {
            out.push(b'=');
            rest = code;
        }
    }
    out.extend_from_slice(rest);
    out
}

/// The same for readers that take only upper-case codes and throw away what is no code: the `=` and so many bytes
/// after it.
pub(super) fn quoted_printable_without_faults(input: &[u8], thrown_away: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some(at) = memchr(b'=', rest) {
        out.extend_from_slice(&rest[..at]);
        let code = &rest[at + 1..];
        let taken =
            match (hex_pair(code).filter(|_| code[..2].iter().all(|digit| is_upper_hex(*digit))), soft_break(code)) {
                (Some(byte), _) => {
                    out.push(byte);
                    2
                }
                (None, Some(after)) => after,
                (None, None) => thrown_away.min(code.len()),
            };
        rest = &code[taken..];
    }
    out.extend_from_slice(rest);
    out
}

/// How many bytes a soft line break takes after its `=`: blanks, then a line end, however many CR are in it, or the end.
fn soft_break(code: &[u8]) -> Option<usize> {
    let blanks = code.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)).count();
    let returns = code[blanks..].iter().take_while(|byte| **byte == b'\r').count();
    match code.get(blanks + returns) {
        None => Some(blanks + returns),
        Some(b'\n') => Some(blanks + returns + 1),
        Some(_) => (returns > 0).then_some(blanks + 1),
    }
}

fn hex_pair(code: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| (*byte as char).to_digit(16).map(|digit| digit as u8);
    Some(digit(code.first()?)? << 4 | digit(code.get(1)?)?)
}

/// Whether each `=` begins a code in upper-case hex or a soft line break at once (RFC 2045 §6.7).
pub(super) fn is_strict_quoted_printable(input: &[u8]) -> bool {
    faults(input).next().is_none()
}

/// How many `=` begin neither.
pub(super) fn faults_of_quoted_printable(input: &[u8]) -> usize {
    faults(input).count()
}

fn faults(input: &[u8]) -> impl Iterator<Item = usize> + '_ {
    memchr::memchr_iter(b'=', input).filter(|at| match &input[at + 1..] {
        [b'\r', b'\n', ..] | [b'\n', ..] | [] => false,
        [high, low, ..] => !is_upper_hex(*high) || !is_upper_hex(*low),
        [_] => true,
    })
}

fn is_upper_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'F')
}

/// The Q encoding of header words: quoted-printable with `_` for a blank (RFC 2047 §4.2).
pub(super) fn q_word(input: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = input.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte }).collect();
    quoted_printable(&spaced)
}

/// Decodes `%41` codes (RFC 2231 §4, URLs).
pub(super) fn percent(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some(at) = memchr(b'%', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        match hex_pair(rest) {
            Some(byte) => {
                out.push(byte);
                rest = &rest[2..];
            }
            None => out.push(b'%'),
        }
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_strictly_and_laxly() {
        for (input, ends, skip) in [
            ("aGVsbG8=", "hello", "hello"),
            ("aGVsbG8", "hello", "hello"),
            ("a G!V\r\ns#bG8=", "hello", "hello"),
            ("aGk=aGVsbG8=", "hi", "hihello"),
            ("aGk=\r\naGVsbG8=", "hi", "hihello"),
            ("", "", ""),
            ("=", "", ""),
        ] {
            assert_eq!(base64(input.as_bytes(), Padding::Ends), ends.as_bytes(), "{input}");
            assert_eq!(base64(input.as_bytes(), Padding::Skip), skip.as_bytes(), "{input}");
        }
    }

    #[test]
    fn strict_base64_is_told_from_odd() {
        for (input, strict) in [
            ("aGVsbG8=\r\n", true),
            ("aGV\r\nsbG8=\r\n", false),
            ("aGVs\r\nbG8=", true),
            ("aGVs\nbG8=\n\n", true),
            ("", true),
            ("aGVsbG8", false),
            ("aGVs!bG8=", false),
            ("aGk=aGVs", false),
            ("aGk=\r\naGVs", false),
            ("a-_s", false),
        ] {
            assert_eq!(is_strict_base64(input.as_bytes()), strict, "{input:?}");
        }
    }

    #[test]
    fn quoted_printable_is_read_laxly_and_oddities_are_told() {
        for (input, shown, strict) in [
            ("caf=C3=A9", "café", true),
            ("a=\r\nb", "ab", true),
            ("a= \t\r\nb", "ab", false),
            ("a=\nb", "ab", true),
            ("=c3=a9", "é", false),
            ("a=ZZb", "a=ZZb", false),
            ("a=4", "a=4", false),
            ("1=2", "1=2", false),
            ("end=", "end", true),
            ("a=\r\r\nb", "ab", false),
            ("a=\x0c\nb", "ab", false),
        ] {
            assert_eq!(String::from_utf8_lossy(&quoted_printable(input.as_bytes())), shown, "{input:?}");
            assert_eq!(is_strict_quoted_printable(input.as_bytes()), strict, "{input:?}");
        }
    }

    #[test]
    fn what_is_no_code_is_thrown_away_by_some_readers() {
        for (input, thrown_away, shown) in
            [("==41", 0, "A"), ("=0=41=", 1, "A"), ("=XX=41", 2, "A"), ("=0a=41", 2, "A"), ("a=\r\nb=", 2, "ab")]
        {
            let found = quoted_printable_without_faults(input.as_bytes(), thrown_away);
            assert_eq!(String::from_utf8_lossy(&found), shown, "{input}");
        }
    }

    #[test]
    fn a_line_may_be_decoded_by_itself() {
        assert_eq!(base64_by_line(b"aGVsX\r\nbG8=X\r\n"), b"hello");
    }

    #[test]
    fn percent_codes_decode_and_stray_signs_stay() {
        assert_eq!(percent(b"a%20b%zz%"), b"a b%zz%");
    }
}
