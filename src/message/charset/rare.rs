//! Charsets that encoding_rs leaves out on purpose, since pages must not use them; mail readers still know them.

use std::borrow::Cow;

use encoding_rs::{EUC_KR, GBK, UTF_16BE};

use super::super::transfer::{self, Padding};

/// A charset with a decoder of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rare {
    Utf7,
    Utf32,
    /// IBM's code page 037; its kin differ in brackets and accents only.
    Ebcdic,
    /// ASCII and GB 2312 between `~{` and `~}` (RFC 1843).
    Hz,
    /// ASCII and a Korean or Chinese set between SO and SI (RFC 1557, RFC 1922).
    Shifted(&'static encoding_rs::Encoding),
}

pub(super) fn of_label(label: &str) -> Option<Rare> {
    let label = label.trim().to_ascii_lowercase();
    Some(match label.as_str() {
        "utf-7" | "utf7" | "unicode-1-1-utf-7" | "utf-7-imap" | "csunicode11utf7" | "x-unicode-2-0-utf-7" => Rare::Utf7,
        "utf-32" | "utf32" | "utf-32le" | "utf-32be" | "iso-10646-ucs-4" | "ucs-4" | "ucs4" | "csucs4" => Rare::Utf32,
        "hz-gb-2312" | "hz" => Rare::Hz,
        "iso-2022-kr" | "csiso2022kr" => Rare::Shifted(EUC_KR),
        "iso-2022-cn" | "iso-2022-cn-ext" => Rare::Shifted(GBK),
        other if is_ebcdic(other) => Rare::Ebcdic,
        _ => return None,
    })
}

fn is_ebcdic(label: &str) -> bool {
    const PAGES: [&str; 22] = [
        "037", "273", "277", "278", "280", "284", "285", "297", "500", "871", "1026", "1047", "1140", "1141", "1142",
        "1143", "1144", "1145", "1146", "1147", "1148", "1149",
    ];
    let page = ["ibm-", "ibm", "cp-", "cp0", "cp", "ccsid", "x-ibm"].iter().find_map(|start| label.strip_prefix(start));
    label.contains("ebcdic")
        || page
            .is_some_and(|page| PAGES.iter().any(|known| page.trim_start_matches('0') == known.trim_start_matches('0')))
}

pub(super) fn decode(rare: Rare, bytes: &[u8]) -> Cow<'static, str> {
    Cow::Owned(match rare {
        Rare::Utf7 => utf7(bytes),
        Rare::Utf32 => utf32(bytes),
        Rare::Ebcdic => ebcdic(bytes),
        Rare::Hz => hz(bytes),
        Rare::Shifted(encoding) => shifted(bytes, encoding),
    })
}

/// UTF-7 (RFC 2152), or its form in IMAP: `+` or `&` begins UTF-16 in base64, ended by anything outside its alphabet.
pub(in super::super) fn utf7(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr2(b'+', b'&', rest) {
        out.push_str(&String::from_utf8_lossy(&rest[..at]));
        let sign = rest[at];
        rest = &rest[at + 1..];
        let run = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')).count();
        match wide_ascii(&rest[..run]) {
            // An ampersand is only an ampersand where what follows makes no sense.
            None if sign == b'&' || run == 0 => {
                out.push(char::from(sign));
                if run == 0 {
                    rest = rest.strip_prefix(b"-").unwrap_or(rest);
                }
                continue;
            }
            Some(text) if sign == b'&' => out.push_str(&text),
            _ => {
                let wide = transfer::base64(&rest[..run], Padding::Ends);
                out.push_str(&UTF_16BE.decode_without_bom_handling(&wide[..wide.len() / 2 * 2]).0);
            }
        }
        rest = &rest[run..];
        rest = rest.strip_prefix(b"-").unwrap_or(rest);
    }
    out.push_str(&String::from_utf8_lossy(rest));
    out
}

/// What a run of UTF-7 says, if it is ASCII or its full-width twin and nothing is left over: then it is meant.
pub(in super::super) fn wide_ascii(run: &[u8]) -> Option<String> {
    // A unit takes sixteen bits, a symbol six; fewer than six are left over.
    if run.len() < 3 || run.len() * 6 % 16 >= 6 {
        return None;
    }
    // The first unit's first bits are all zero, or all one.
    if !matches!(run[0], b'A' | b'/') {
        return None;
    }
    let wide = transfer::base64(run, Padding::Ends);
    let plain = |unit: &[u8]| matches!(unit, [0, b' '..=b'~' | b'\t' | b'\n' | b'\r'] | [0xff, 1..=0x5e]);
    let whole = &wide[..wide.len() / 2 * 2];
    whole.chunks(2).all(plain).then(|| UTF_16BE.decode_without_bom_handling(whole).0.into_owned())
}

/// Four bytes a character, in the order in which they make characters.
fn utf32(bytes: &[u8]) -> String {
    let chars = |order: fn([u8; 4]) -> u32| -> Vec<Option<char>> {
        bytes.as_chunks::<4>().0.iter().map(|four| char::from_u32(order(*four))).collect()
    };
    let (big, little) = (chars(u32::from_be_bytes), chars(u32::from_le_bytes));
    let good = |chars: &[Option<char>]| chars.iter().flatten().count();
    let better = if good(&big) >= good(&little) { big } else { little };
    better.into_iter().map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).filter(|c| *c != '\u{feff}').collect()
}

fn ebcdic(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(EBCDIC[usize::from(*byte)])).collect()
}

/// Whether these bytes are most likely EBCDIC text: words and blanks of it, and hardly anything else.
pub(in super::super) fn looks_like_ebcdic(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(4096)];
    let count = |wanted: fn(u8) -> bool| sample.iter().filter(|byte| wanted(EBCDIC[usize::from(**byte)])).count();
    let readable = count(|c| matches!(c, b' '..=b'~' | b'\n' | b'\r' | b'\t'));
    let words = count(|c| c.is_ascii_alphanumeric() || c == b' ');
    let high = sample.iter().filter(|byte| **byte >= 0x80).count();
    sample.len() >= 16
        && high * 2 > sample.len()
        && memchr::memchr(0x40, sample).is_some()
        && readable * 100 >= sample.len() * 97
        && words * 100 >= sample.len() * 80
}

fn hz(bytes: &[u8]) -> String {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    let mut wide = false;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match rest {
            [b'~', sign @ (b'{' | b'}'), ..] => {
                wide = *sign == b'{';
                &rest[2..]
            }
            [b'~', b'~', ..] | [b'~', b'\n', ..] => {
                plain.extend(rest.get(1).filter(|byte| **byte == b'~'));
                &rest[2..]
            }
            _ => {
                plain.push(if wide && byte > b' ' { byte | 0x80 } else { byte });
                after
            }
        };
    }
    GBK.decode_without_bom_handling(&plain).0.into_owned()
}

fn shifted(bytes: &[u8], encoding: &'static encoding_rs::Encoding) -> String {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut wide = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            0x0e | 0x0f => wide = byte == 0x0e,
            // A designation: ESC `$` `)` and a letter.
            0x1b => at += 3,
            _ => plain.push(if wide && byte > b' ' { byte | 0x80 } else { byte }),
        }
        at += 1;
    }
    encoding.decode_without_bom_handling(&plain).0.into_owned()
}

/// Code page 037 as Latin-1, its new line as LF.
#[rustfmt::skip]
pub(in super::super) const EBCDIC: [u8; 256] = [
    0x00, 0x01, 0x02, 0x03, 0x9c, 0x09, 0x86, 0x7f, 0x97, 0x8d, 0x8e, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x10, 0x11, 0x12, 0x13, 0x9d, 0x0a, 0x08, 0x87, 0x18, 0x19, 0x92, 0x8f, 0x1c, 0x1d, 0x1e, 0x1f,
    0x80, 0x81, 0x82, 0x83, 0x84, 0x0a, 0x17, 0x1b, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x05, 0x06, 0x07,
    0x90, 0x91, 0x16, 0x93, 0x94, 0x95, 0x96, 0x04, 0x98, 0x99, 0x9a, 0x9b, 0x14, 0x15, 0x9e, 0x1a,
    0x20, 0xa0, 0xe2, 0xe4, 0xe0, 0xe1, 0xe3, 0xe5, 0xe7, 0xf1, 0xa2, 0x2e, 0x3c, 0x28, 0x2b, 0x7c,
    0x26, 0xe9, 0xea, 0xeb, 0xe8, 0xed, 0xee, 0xef, 0xec, 0xdf, 0x21, 0x24, 0x2a, 0x29, 0x3b, 0xac,
    0x2d, 0x2f, 0xc2, 0xc4, 0xc0, 0xc1, 0xc3, 0xc5, 0xc7, 0xd1, 0xa6, 0x2c, 0x25, 0x5f, 0x3e, 0x3f,
    0xf8, 0xc9, 0xca, 0xcb, 0xc8, 0xcd, 0xce, 0xcf, 0xcc, 0x60, 0x3a, 0x23, 0x40, 0x27, 0x3d, 0x22,
    0xd8, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0xab, 0xbb, 0xf0, 0xfd, 0xfe, 0xb1,
    0xb0, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0xaa, 0xba, 0xe6, 0xb8, 0xc6, 0xa4,
    0xb5, 0x7e, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0xa1, 0xbf, 0xd0, 0xdd, 0xde, 0xae,
    0x5e, 0xa3, 0xa5, 0xb7, 0xa9, 0xa7, 0xb6, 0xbc, 0xbd, 0xbe, 0x5b, 0x5d, 0xaf, 0xa8, 0xb4, 0xd7,
    0x7b, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0xad, 0xf4, 0xf6, 0xf2, 0xf3, 0xf5,
    0x7d, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x52, 0xb9, 0xfb, 0xfc, 0xf9, 0xfa, 0xff,
    0x5c, 0xf7, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0xb2, 0xd4, 0xd6, 0xd2, 0xd3, 0xd5,
    0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0xb3, 0xdb, 0xdc, 0xd9, 0xda, 0x9f,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_charsets_are_known_by_their_many_names() {
        for (label, rare) in [
            ("UTF-7", Some(Rare::Utf7)),
            ("utf-32be", Some(Rare::Utf32)),
            ("IBM037", Some(Rare::Ebcdic)),
            ("cp037", Some(Rare::Ebcdic)),
            ("cp37", Some(Rare::Ebcdic)),
            ("ibm-1047", Some(Rare::Ebcdic)),
            ("ebcdic-cp-us", Some(Rare::Ebcdic)),
            ("hz-gb-2312", Some(Rare::Hz)),
            ("cp1252", None),
            ("cp850", None),
            ("utf-8", None),
        ] {
            assert_eq!(of_label(label), rare, "{label}");
        }
    }

    #[test]
    fn rare_charsets_are_decoded() {
        let cases: &[(Rare, &[u8], &str)] = &[
            (Rare::Utf7, b"SSN +ADIAMQA5-", "SSN 219"),
            (Rare::Utf7, b"1 +- 2 & 3", "1 + 2 & 3"),
            (Rare::Utf7, b"219&AC0-09", "219-09"),
            (Rare::Utf32, b"\0\0\0h\0\0\0i", "hi"),
            (Rare::Utf32, b"\xff\xfe\0\0h\0\0\0", "h"),
            (Rare::Ebcdic, b"\xe2\xe2\xd5\x40\xf2\xf1\xf9", "SSN 219"),
            (Rare::Hz, b"~{#2~}19~~", "\u{ff12}19~"),
            (Rare::Shifted(EUC_KR), b"\x1b$)C\x0e#2\x0f19", "\u{ff12}19"),
        ];
        for (rare, bytes, text) in cases {
            assert_eq!(decode(*rare, bytes), *text, "{rare:?} {bytes:?}");
        }
    }

    #[test]
    fn ebcdic_is_told_from_other_bytes() {
        let text = "PATIENT ROE, JO DOB 05/01/1975\n";
        let wide: Vec<u8> =
            text.bytes().filter_map(|c| EBCDIC.iter().position(|known| *known == c)).map(|at| at as u8).collect();
        assert!(looks_like_ebcdic(&wide));
        for other in [
            text.as_bytes(),
            &[0xff; 64],
            "Пациент принят в отделение".as_bytes(),
            b"\xcf\xe0\xf6\xe8\xe5\xed\xf2 \xef\xf0\xe8\xed\xff\xf2 \xe2",
        ] {
            assert!(!looks_like_ebcdic(other));
        }
    }
}
