//! Bytes to text: the declared charset where it fits, a guess where it does not.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::oddity::Oddity;

pub(super) mod rare;

/// Whether readers know this charset name.
pub(super) fn is_known(label: &str) -> bool {
    encoding(label).is_some() || rare::of_label(label).is_some()
}

/// The text in the declared charset; without one, UTF-8 or what the bytes look like.
pub(super) fn decode<'a>(bytes: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    match label {
        Some(label) => match encoding(label) {
            // "US-ASCII" is often a lie: what is valid UTF-8 is UTF-8 to a modern reader.
            Some(encoding) if encoding == WINDOWS_1252 => as_utf8(bytes).unwrap_or_else(|| encoding.decode(bytes).0),
            Some(encoding) if encoding == UTF_8 => guess(bytes),
            Some(encoding) => encoding.decode(bytes).0,
            None => match rare::of_label(label) {
                Some(rare) => rare::decode(rare, bytes),
                None => guess(bytes),
            },
        },
        None => guess(bytes),
    }
}

/// Charsets that the bytes themselves suggest, whatever their label says.
pub(super) fn suggested(bytes: &[u8]) -> impl Iterator<Item = &'static str> {
    let escapes = memchr::memchr2(0x1b, 0x0e, bytes).is_some();
    let labels = [
        ("utf-7", memchr::memmem::find(bytes, b"+A").is_some()),
        ("iso-2022-jp", escapes),
        ("iso-2022-kr", escapes),
        ("hz-gb-2312", memchr::memmem::find(bytes, b"~{").is_some()),
        ("utf-32", bytes.len() >= 8 && memchr::memmem::find(bytes, b"\0\0\0").is_some()),
        ("ibm037", rare::looks_like_ebcdic(bytes)),
    ];
    labels.into_iter().filter_map(|(label, is_so)| is_so.then_some(label))
}

/// Text as lax readers mend it: without the eighth bits, and with overlong UTF-8 taken for what it spells.
pub(super) fn repaired(bytes: &[u8]) -> Vec<String> {
    let mut repaired = Vec::new();
    if is_mostly_high(bytes) {
        repaired.push(bytes.iter().map(|byte| char::from(byte & 0x7f)).collect());
    }
    if has_overlong(bytes) {
        let mut plain = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            rest = match rest {
                [first @ (0xc0 | 0xc1), second @ 0x80..=0xbf, after @ ..] => {
                    plain.push(first << 6 | second & 0x3f);
                    after
                }
                _ => {
                    plain.push(byte);
                    after
                }
            };
        }
        repaired.push(guess(&plain).into_owned());
    }
    repaired
}

/// Text whose eighth bits were set on the way.
fn is_mostly_high(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(4096)];
    let high = sample.iter().filter(|byte| **byte >= 0x80).count();
    let readable = sample.iter().filter(|byte| is_readable(**byte & 0x7f)).count();
    high * 10 > sample.len() * 7 && readable * 100 >= sample.len() * 97
}

fn is_readable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')
}

/// Most of it can be read: wrong decodings give noise, right ones with some junk still give text.
pub(super) fn is_mostly_text(bytes: &[u8]) -> bool {
    if wide_encoding(bytes).is_some() || is_mostly_high(bytes) || rare::looks_like_ebcdic(bytes) {
        return true;
    }
    let readable = bytes.iter().filter(|byte| is_readable(**byte)).count();
    let nuls = memchr::memchr_iter(0, bytes).count();
    readable > 0 && readable * 10 >= (bytes.len() - nuls) * 7
}

/// The charset that stands first in such text: `charset=utf-8">` of a page's own header.
pub(super) fn named_in(text: &[u8]) -> Option<String> {
    let at = memchr::memmem::find(text, b"charset")?;
    let value = text[at + b"charset".len()..].trim_ascii_start().strip_prefix(b"=")?;
    let value = value.trim_ascii_start();
    let value = value.strip_prefix(b"\"").or(value.strip_prefix(b"'")).unwrap_or(value);
    let len = value.iter().take(40).take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte)).count();
    Some(String::from_utf8_lossy(&value[..len]).to_ascii_lowercase()).filter(|label| is_known(label))
}

/// Whether a page names a charset of its own in which it reads otherwise (`<meta charset=utf-7>`).
pub(super) fn oddity_of_page(bytes: &[u8], label: Option<&str>) -> Oddity {
    let head = bytes[..bytes.len().min(2048)].to_ascii_lowercase();
    match named_in(&head) {
        Some(named) if rare::of_label(&named).is_some() => Oddity::Loose,
        Some(named) if label.is_none() && encoding(&named).is_some_and(|encoding| !encoding.is_ascii_compatible()) => {
            Oddity::Loose
        }
        _ => Oddity::Ordinary,
    }
}

/// Overlong UTF-8, ASCII with its eighth bits set, EBCDIC under a name that is not its own.
fn is_odd_text(bytes: &[u8], label: Option<&str>) -> bool {
    let label = label.map(|label| label.trim().to_ascii_lowercase());
    let is_ascii = matches!(label.as_deref(), None | Some("us-ascii" | "ascii" | ""));
    let is_utf8 = is_ascii || matches!(label.as_deref(), Some("utf-8" | "utf8"));
    (is_utf8 && has_overlong(bytes)) || (is_ascii && is_mostly_high(bytes)) || rare::looks_like_ebcdic(bytes)
}

fn has_overlong(bytes: &[u8]) -> bool {
    memchr::memchr2_iter(0xc0, 0xc1, bytes).any(|at| matches!(bytes.get(at + 1), Some(0x80..=0xbf)))
}

/// Whether readers agree what text these bytes are under this label.
pub(super) fn oddity(bytes: &[u8], label: Option<&str>) -> Oddity {
    if !bytes.is_ascii() && is_odd_text(bytes, label) && std::str::from_utf8(bytes).is_err() {
        return Oddity::Loose;
    }
    let has_escape = memchr::memchr2(0x1b, 0, bytes).is_some();
    let Some(label) = label else {
        return if has_escape { Oddity::Loose } else { Oddity::Ordinary };
    };
    match encoding(label) {
        None if rare::of_label(label).is_some() => Oddity::Loose,
        // A charset that nobody knows may turn these bytes into anything.
        None if !bytes.is_ascii() || has_escape => Oddity::Contradictory,
        None => Oddity::Ordinary,
        Some(encoding) if encoding == encoding_rs::ISO_2022_JP => Oddity::Ordinary,
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => Oddity::Loose,
        Some(_) if has_escape => Oddity::Loose,
        // Valid UTF-8 under another name: readers that trust the name and those that look differ.
        Some(encoding) if encoding != UTF_8 && !encoding.is_single_byte() && !bytes.is_ascii() => {
            if std::str::from_utf8(bytes).is_ok() {
                Oddity::Loose
            } else {
                Oddity::Ordinary
            }
        }
        Some(_) => Oddity::Ordinary,
    }
}

fn encoding(label: &str) -> Option<&'static Encoding> {
    let label = label.trim();
    Encoding::for_label(label.as_bytes()).filter(|encoding| *encoding != encoding_rs::REPLACEMENT).or_else(|| {
        // Names that encoding_rs lacks but mail has.
        match label.to_ascii_lowercase().as_str() {
            "utf8mb4" | "unicode-1-1-utf-8" | "utf_8" => Some(UTF_8),
            "cp-850"
            | "cp850"
            | "ibm850"
            | "cp437"
            | "ibm437"
            | "iso-8859-1-windows-3.1-latin-1"
            | "ansi"
            | "windows-1252http-equivcontent-type" => Some(WINDOWS_1252),
            "cp932" | "ms932" | "cp943c" => Encoding::for_label(b"shift_jis"),
            "cp936" | "ms936" => Encoding::for_label(b"gbk"),
            "cp949" => Encoding::for_label(b"euc-kr"),
            "cp950" => Encoding::for_label(b"big5"),
            "utf-16" | "unicode" => Some(UTF_16LE),
            "iso-10646-ucs-2" | "ucs-2" | "ucs2" | "csunicode" => Some(UTF_16BE),
            _ => None,
        }
    })
}

fn as_utf8(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).ok().map(Cow::Borrowed)
}

fn guess(bytes: &[u8]) -> Cow<'_, str> {
    if let Some(wide) = wide_encoding(bytes) {
        return wide.decode(bytes).0;
    }
    as_utf8(bytes).unwrap_or_else(|| {
        if rare::looks_like_ebcdic(bytes) {
            return rare::decode(rare::Rare::Ebcdic, bytes);
        }
        let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
        // The start tells; the rest would only cost time.
        detector.feed(&bytes[..bytes.len().min(16 * 1024)], bytes.len() <= 16 * 1024);
        detector.guess(None, chardetng::Utf8Detection::Allow).decode(bytes).0
    })
}

/// UTF-16 by its byte order mark, or by where its NULs stand.
pub(super) fn wide_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0xff, 0xfe, ..] => return Some(UTF_16LE),
        [0xfe, 0xff, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let sample = &bytes[..bytes.len().min(512)];
    memchr::memchr(0, sample)?;
    let zeros = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count() * 2;
    let (even, odd) = (zeros(0), zeros(1));
    // ASCII in UTF-16 has a NUL in nearly every second place, all on one side.
    match sample.len() * 6 / 10 {
        enough if sample.len() >= 4 && odd > enough && even < odd / 8 => Some(UTF_16LE),
        enough if sample.len() >= 4 && even > enough && odd < even / 8 => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_by_label_or_by_guess() {
        let cases: &[(&[u8], Option<&str>, &str)] = &[
            (b"plain", None, "plain"),
            ("é".as_bytes(), Some("us-ascii"), "é"),
            (b"caf\xe9", Some("iso-8859-1"), "café"),
            (b"caf\xe9 au lait", None, "café au lait"),
            (b"caf\xe9 au lait", Some("utf-8"), "café au lait"),
            (b"caf\xe9 au lait", Some("x-unheard-of"), "café au lait"),
            (b"\xff\xfeh\0i\0", None, "hi"),
            (b"h\0e\0l\0l\0o\0", None, "hello"),
            (b"\0h\0e\0l\0l\0o", None, "hello"),
            (b"SSN +ADIAMQA5-", Some("utf-7"), "SSN 219"),
            (b"1 +- 2", Some("utf-7"), "1 + 2"),
            (b"\x1b$B%F%9%H\x1b(B", Some("iso-2022-jp"), "テスト"),
            (b"\xef\xbb\xbfbom", None, "bom"),
        ];
        for (bytes, label, text) in cases {
            assert_eq!(decode(bytes, *label), *text, "{text} {label:?}");
        }
    }
}
