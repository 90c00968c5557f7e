//! Bytes to text: the declared charset where it fits, a guess where it does not.

use std::borrow::Cow;

use super::oddity::Oddity;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Whether readers know this charset name.
pub(super) fn is_known(label: &str) -> bool {
    encoding(label).is_some() || is_utf7(label)
}

/// The text in the declared charset; without one, UTF-8 or what the bytes look like.
pub(super) fn decode<'a>(bytes: &'a [u8], label: Option<&str>) -> Cow<'a, str> {
    match label {
        Some(label) if is_utf7(label) => Cow::Owned(utf7(bytes)),
        Some(label) => match encoding(label) {
            // "US-ASCII" is often a lie: what is valid UTF-8 is UTF-8 to a modern reader.
            Some(encoding) if encoding == WINDOWS_1252 => as_utf8(bytes).unwrap_or_else(|| encoding.decode(bytes).0),
            Some(encoding) if encoding == UTF_8 => guess(bytes),
            Some(encoding) => encoding.decode(bytes).0,
            None => guess(bytes),
        },
        None => guess(bytes),
    }
}

/// Whether readers agree what text these bytes are under this label.
pub(super) fn oddity(bytes: &[u8], label: Option<&str>) -> Oddity {
    let has_escape = memchr::memchr2(0x1b, 0, bytes).is_some();
    let Some(label) = label else {
        return if has_escape { Oddity::Loose } else { Oddity::Ordinary };
    };
    match encoding(label) {
        None if is_utf7(label) => Oddity::Loose,
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

fn is_utf7(label: &str) -> bool {
    matches!(label.trim().to_ascii_lowercase().as_str(), "utf-7" | "utf7" | "unicode-1-1-utf-7" | "utf-7-imap")
}

/// UTF-7 (RFC 2152): `+` begins UTF-16 in base64, ended by anything outside its alphabet.
pub(super) fn utf7(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'+', rest) {
        out.push_str(&String::from_utf8_lossy(&rest[..at]));
        rest = &rest[at + 1..];
        let run = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')).count();
        if run == 0 {
            out.push('+');
        } else {
            let wide = super::transfer::base64(&rest[..run], super::transfer::Padding::Ends);
            out.push_str(&UTF_16BE.decode_without_bom_handling(&wide[..wide.len() / 2 * 2]).0);
        }
        rest = &rest[run..];
        rest = rest.strip_prefix(b"-").unwrap_or(rest);
    }
    out.push_str(&String::from_utf8_lossy(rest));
    out
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
