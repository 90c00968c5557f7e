//! Header text: unfolding and encoded words (RFC 2047), as the laxest reader would show them.

use std::borrow::Cow;

use memchr::memmem;

use super::{charset, transfer};

/// Another reading of words that are not as RFC 2047 has them, if there is one: base64 cut inside a group, no end,
/// no charset, words inside of words. Some readers show it.
pub(super) fn read_laxly(raw: &[u8]) -> Option<String> {
    memmem::find(raw, b"=?")?;
    let unfolded = unfold(raw);
    let mut text = lax_words(&unfolded)?;
    for _ in 0..MAX_INNER {
        match memmem::find(text.as_bytes(), b"=?").and_then(|_| lax_words(text.as_bytes())) {
            Some(inner) => text = inner,
            None => break,
        }
    }
    Some(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}

/// Words inside of words are undone so many times.
const MAX_INNER: usize = 3;

/// Everything after `=?charset?x?`, up to `?=` or the end, undone as what it looks like.
fn lax_words(text: &[u8]) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    // Groups of base64 that go on in the next word.
    let mut open: Vec<u8> = Vec::new();
    let mut any = false;
    while let Some(at) = memmem::find(rest, b"=?") {
        let inner = &rest[at + 2..];
        let mut pieces = inner.splitn(3, |byte| *byte == b'?');
        let (Some(charset), Some([kind]), Some(payload)) = (pieces.next(), pieces.next(), pieces.next()) else { break };
        if !(open.is_empty() || rest[..at].trim_ascii().is_empty()) {
            flush(&mut out, &mut base64(&std::mem::take(&mut open)), b"utf-8");
        }
        if open.is_empty() {
            out.push_str(&charset::decode(&rest[..at], None));
        }
        let end = word_end(payload);
        let label = charset.split(|byte| *byte == b'*').next().unwrap_or_default();
        if kind.eq_ignore_ascii_case(&b'q') {
            flush(&mut out, &mut transfer::q_word(&payload[..end]), label);
        } else {
            open.extend_from_slice(&payload[..end]);
            if open.len().is_multiple_of(4) || open.ends_with(b"=") {
                flush(&mut out, &mut base64(&std::mem::take(&mut open)), label);
            }
        }
        any = true;
        rest = payload[end..].strip_prefix(b"?=").unwrap_or(&payload[end..]);
    }
    flush(&mut out, &mut base64(&open), b"utf-8");
    out.push_str(&charset::decode(rest, None));
    any.then_some(out)
}

/// As readers that pass over everything outside the alphabet, `=` inside the data too.
fn base64(payload: &[u8]) -> Vec<u8> {
    let symbol = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let symbols: Vec<u8> = payload.iter().copied().filter(symbol).collect();
    transfer::base64(&symbols, transfer::Padding::Ends)
}

/// Where the payload of a word ends: before `?=`, but for one that is its own beginning; else at the end.
fn word_end(payload: &[u8]) -> usize {
    memmem::find(payload, b"?=").unwrap_or(payload.len())
}

/// Unfolds and decodes a raw field value. Line ends never survive, also not encoded ones.
pub(super) fn decode(raw: &[u8]) -> String {
    let unfolded = unfold(raw);
    let is_plain = unfolded.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let text = if memmem::find(&unfolded, b"=?").is_some() {
        decode_words(&unfolded)
    } else if is_plain {
        return String::from_utf8_lossy(&unfolded).into_owned();
    } else {
        charset::decode(&unfolded, None).into_owned()
    };
    if text.bytes().any(|byte| byte < b' ') {
        // An encoded CR, LF or NUL must not become a new line for anyone downstream (Mailsploit).
        return text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    }
    text
}

/// Folded lines become one (RFC 5322 §2.2.3); blanks at both ends go.
fn unfold(raw: &[u8]) -> Cow<'_, [u8]> {
    let raw = raw.trim_ascii();
    if memchr::memchr2(b'\n', b'\r', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut line = Vec::with_capacity(raw.len());
    let mut after_break = false;
    for &byte in raw {
        match byte {
            b'\r' | b'\n' => after_break = true,
            b' ' | b'\t' if after_break => {}
            _ => {
                if std::mem::take(&mut after_break) {
                    line.push(b' ');
                }
                line.push(byte);
            }
        }
    }
    Cow::Owned(line)
}

/// One encoded word: `=?charset*language?encoding?payload?=`.
struct Word<'a> {
    charset: &'a [u8],
    encoding: u8,
    payload: &'a [u8],
    len: usize,
}

fn word(text: &[u8]) -> Option<Word<'_>> {
    let inner = text.strip_prefix(b"=?")?;
    let charset_end = memchr::memchr(b'?', inner).filter(|end| *end > 0 && *end < 60)?;
    let encoding = inner.get(charset_end + 1)?.to_ascii_lowercase();
    if !matches!(encoding, b'q' | b'b') || inner.get(charset_end + 2) != Some(&b'?') {
        return None;
    }
    let payload = &inner[charset_end + 3..];
    let end = memmem::find(payload, b"?=")?;
    // `=?utf-8?q?=41?=`: the first `?=` may be the payload's own beginning.
    let end = if end == 0 && encoding == b'q' && payload.get(1) == Some(&b'=') && payload.len() > 2 {
        memmem::find(&payload[1..], b"?=").map_or(end, |found| found + 1)
    } else {
        end
    };
    let charset = inner[..charset_end].split(|byte| *byte == b'*').next().unwrap_or_default();
    Some(Word { charset, encoding, payload: &payload[..end], len: 2 + charset_end + 3 + end + 2 })
}

fn decode_words(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    // Bytes of adjacent words of one charset are joined first: some writers split a character.
    let mut pending: Vec<u8> = Vec::new();
    let mut pending_charset: &[u8] = b"";
    let mut plain = 0;
    let mut at = 0;
    // Beyond this no word ends: each of a hundred thousand without an end would be followed to the end of the text.
    let last_end = memmem::rfind(text, b"?=").unwrap_or(0);
    while let Some(found) = memmem::find(&text[at..last_end.max(at)], b"=?").map(|found| at + found) {
        let Some(word) = word(&text[found..]) else {
            at = found + 2;
            continue;
        };
        let between = &text[plain..found];
        let adjacent = !pending.is_empty() && between.trim_ascii().is_empty();
        if !adjacent || !word.charset.eq_ignore_ascii_case(pending_charset) {
            flush(&mut out, &mut pending, pending_charset);
        }
        if !adjacent {
            out.push_str(&charset::decode(between, None));
        }
        pending_charset = word.charset;
        match word.encoding {
            b'b' => pending.extend(transfer::base64(word.payload, transfer::Padding::Skip)),
            _ => pending.extend(transfer::q_word(word.payload)),
        }
        at = found + word.len;
        plain = at;
    }
    flush(&mut out, &mut pending, pending_charset);
    out.push_str(&charset::decode(&text[plain..], None));
    out
}

fn flush(out: &mut String, pending: &mut Vec<u8>, label: &[u8]) {
    if !pending.is_empty() {
        out.push_str(&charset::decode(pending, std::str::from_utf8(label).ok()));
        pending.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_the_laxest_reader_would() {
        for (raw, shown) in [
            (" plain ", "plain"),
            ("a\r\n\tb", "a b"),
            ("=?utf-8?B?4oKs?= x", "€ x"),
            ("=?utf-8?B?4oI=?= =?UTF-8?B?rA==?=", "€"),
            ("=?utf-8?Q?=E2=82?= =?utf-8?Q?=AC?=", "€"),
            ("=?iso-8859-1*en?q?caf=E9_au?=", "café au"),
            ("\"=?utf-8?q?Ann_Roe?=\" <a@x.example>", "\"Ann Roe\" <a@x.example>"),
            ("=?utf-8?q?=41?=", "A"),
            ("=?utf-8?q?a=0D=0ABcc:_x?=", "a  Bcc: x"),
            ("=?utf-8?x?no?= b", "=?utf-8?x?no?= b"),
            ("=?utf-8?q?open", "=?utf-8?q?open"),
            ("a =?utf-8?q?b?= c", "a b c"),
            ("=?utf-8?B?Sm8=?= =?utf-8?B??= =?utf-8?B??=", "Jo"),
        ] {
            assert_eq!(decode(raw.as_bytes()), shown, "{raw:?}");
        }
    }

    #[test]
    fn words_that_are_none_are_read_as_lax_readers_do() {
        for (raw, shown) in [
            ("=?utf-8?B?Sm8gUm?= =?utf-8?B?9l?=", "Jo Roe"),
            ("=?utf-8?B?Sm8gUm9l", "Jo Roe"),
            ("=?utf-8?Q?Jo_Roe", "Jo Roe"),
            ("for =?utf-8?X?Sm8gUm9l?= now", "for Jo Roe now"),
            ("=??B?Sm8gUm9l?=", "Jo Roe"),
            ("=?utf-8?B?Sm8g--Um=9l?=", "Jo Roe"),
            ("=?utf-8?Q?=3D=3Futf-8=3FB=3FSm8gUm9l=3F=3D?=", "Jo Roe"),
            ("=?utf-8?Q?Jo Roe?=", "Jo Roe"),
        ] {
            assert_eq!(read_laxly(raw.as_bytes()).as_deref(), Some(shown), "{raw}");
        }
        assert_eq!(read_laxly(b"Jo = ? Roe"), None);
    }

    #[test]
    fn many_words_cost_linear_time() {
        read_laxly("=?utf-8?q?".repeat(100_000).as_bytes());
        read_laxly("=?utf-8?b?a".repeat(100_000).as_bytes());
        let raw = "=?utf-8?q?a?= ".repeat(100_000);
        assert_eq!(decode(raw.as_bytes()).len(), 100_000);
        assert!(decode("=?utf-8?q?".repeat(100_000).as_bytes()).len() <= 1_000_000);
        let endless = "=?utf-8?q?a? ".repeat(400_000);
        assert_eq!(decode(endless.as_bytes()), endless.trim_end());
    }
}
