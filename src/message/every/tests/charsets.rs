//! Charsets that are rare, missing or a lie.

use super::*;

fn ebcdic_of(byte: u8) -> u8 {
    let table = crate::message::charset::rare::EBCDIC;
    table.iter().position(|known| *known == byte).expect("all of ASCII is there") as u8
}

#[test]
fn charsets_hide_nothing() {
    let ebcdic: Vec<u8> = TEXT.bytes().map(ebcdic_of).collect();
    let utf16 = |label: &str, order: fn(u16) -> [u8; 2], mark: bool| {
        let units = mark.then_some(0xfeff).into_iter().chain(TEXT.encode_utf16());
        let bytes: Vec<u8> = units.flat_map(order).collect();
        mail(&format!("Content-Type: text/plain; charset={label}\r\nContent-Transfer-Encoding: base64"), b64(bytes))
    };
    let utf32 = |label: &str, order: fn(u32) -> [u8; 4]| {
        let bytes: Vec<u8> = TEXT.chars().map(u32::from).flat_map(order).collect();
        mail(&format!("Content-Type: text/plain; charset={label}\r\nContent-Transfer-Encoding: base64"), b64(bytes))
    };
    let said = |label: &str, bytes: &[u8]| {
        mail(&format!("Content-Type: text/plain; charset={label}\r\nContent-Transfer-Encoding: base64"), b64(bytes))
    };
    none_is_clean(vec![
        ("UTF-16 LE", utf16("utf-16le", u16::to_le_bytes, false)),
        ("UTF-16 BE", utf16("utf-16be", u16::to_be_bytes, false)),
        ("UTF-16 with a mark", utf16("utf-16", u16::to_be_bytes, true)),
        ("UTF-16 without a mark", utf16("utf-16", u16::to_be_bytes, false)),
        ("UTF-16 with the other mark", utf16("utf-16be", u16::to_le_bytes, true)),
        ("UTF-16 said to be ASCII", utf16("us-ascii", u16::to_le_bytes, false)),
        ("UTF-16 said to be UTF-8", utf16("utf-8", u16::to_be_bytes, true)),
        ("UTF-16 said to be nothing", utf16("\"\"", u16::to_be_bytes, true)),
        ("ucs-2", utf16("iso-10646-ucs-2", u16::to_be_bytes, false)),
        ("UTF-32 LE", utf32("utf-32", u32::to_le_bytes)),
        ("UTF-32 BE", utf32("utf-32be", u32::to_be_bytes)),
        ("UTF-32 said to be ASCII", utf32("us-ascii", u32::to_be_bytes)),
        ("ucs-4", utf32("iso-10646-ucs-4", u32::to_be_bytes)),
        ("cp037", said("cp037", &ebcdic)),
        ("ibm037", said("ibm037", &ebcdic)),
        ("cp500", said("cp500", &ebcdic)),
        ("ibm1047", said("ibm1047", &ebcdic)),
        ("ebcdic-cp-us", said("ebcdic-cp-us", &ebcdic)),
        ("EBCDIC said to be Latin-1", said("iso-8859-1", &ebcdic)),
        ("EBCDIC said to be nothing", with_part("Content-Type: application/octet-stream; name=a.dat\r\nContent-Transfer-Encoding: base64", b64(&ebcdic))),
        ("two labels", mail("Content-Type: text/plain; charset=utf-8; charset=utf-7", "SSN 219+AC0-09+AC0-6781")),
        ("UTF-7", mail("Content-Type: text/plain; charset=utf-7", "SSN 219+AC0-09+AC0-6781")),
        ("UTF-7 by another name", mail("Content-Type: text/plain; charset=csUnicode11UTF7", "SSN 219+AC0-09+AC0-6781")),
        ("UTF-7 in quotes", mail("Content-Type: text/plain; charset=\"UTF-7\"", "SSN 219+AC0-09+AC0-6781")),
        ("UTF-7 in IMAP's way", mail("Content-Type: text/plain; charset=utf-7-imap", "SSN 219&AC0-09&AC0-6781")),
        ("HZ", said("hz-gb-2312", b"~{2,1>~}SSN 219-09-6781")),
        ("ISO-2022-KR", said("iso-2022-kr", b"\x1b$)CSSN 219-09-6781")),
        ("ISO-2022-CN", said("iso-2022-cn", b"\x1b$)ASSN 219-09-6781")),
        ("ISO-2022-JP said to be ASCII", said("us-ascii", b"SSN 219\x1b(B-09-\x1b(J6781")),
        ("full width in ISO-2022-JP", said("iso-2022-jp", b"SSN \x1b$B#2#1#9\x1b(B-\x1b$B#0#9\x1b(B-\x1b$B#6#7#8#1\x1b(B")),
        ("full width in Shift_JIS", said("shift_jis", b"SSN \x82Q\x82P\x82X-\x82O\x82X-\x82U\x82V\x82W\x82P")),
        ("full width in GBK", said("gbk", b"SSN \xa3\xb2\xa3\xb1\xa3\xb9-\xa3\xb0\xa3\xb9-\xa3\xb6\xa3\xb7\xa3\xb8\xa3\xb1")),
        ("GBK said to be nothing", with_part("Content-Type: text/plain; name=a.txt\r\nContent-Transfer-Encoding: base64", b64(b"SSN \xa3\xb2\xa3\xb1\xa3\xb9-\xa3\xb0\xa3\xb9-\xa3\xb6\xa3\xb7\xa3\xb8\xa3\xb1 \xb2\xa1\xc8\xcb\xd0\xd5\xc3\xfb"))),
        ("overlong UTF-8", said("utf-8", b"SSN \xc0\xb2\xc0\xb1\xc0\xb9-\xc0\xb0\xc0\xb9-\xc0\xb6\xc0\xb7\xc0\xb8\xc0\xb1")),
        ("CESU and NULs", said("utf-8", b"SSN 2\x001\x009-0\x009-6\x007\x008\x001")),
        ("an unheard-of charset", said("x-unheard", b"SSN 219-09-6781 \xff")),
        ("a charset of blanks", mail("Content-Type: text/plain; charset=\" \"", TEXT)),
        ("a page that names another", mail("Content-Type: text/html; charset=utf-8", "<meta http-equiv=content-type content='text/html; charset=utf-7'>SSN 219+AC0-09+AC0-6781")),
        ("eight bits stripped", said("us-ascii", &TEXT.bytes().map(|byte| byte | 0x80).collect::<Vec<u8>>())),
    ]);
}
