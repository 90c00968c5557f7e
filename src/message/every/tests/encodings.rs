//! Transfer encodings, and codes that no header announces.

use super::*;

#[test]
fn encodings_hide_nothing() {
    let hex: String = TEXT.bytes().map(|byte| format!("{byte:02x}")).collect();
    let spaced_hex: Vec<String> = TEXT.bytes().map(|byte| format!("{byte:02X}")).collect();
    let percent: String = TEXT.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let entities: String = TEXT.bytes().map(|byte| format!("&#{byte};")).collect();
    let wide: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let utf7 = format!("+{}-", b64(&wide).trim_end_matches('='));
    let plain = |body: &str| mail("Content-Type: text/plain", body);
    let base64 = |body: &str| mail("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", body);
    let body = b64(TEXT);
    let yenc: Vec<u8> = TEXT.bytes().map(|byte| byte.wrapping_add(42)).collect();
    let yenc = [b"=ybegin line=128 size=45 name=a.txt\r\n".as_slice(), &yenc, b"\r\n=yend size=45\r\n"].concat();
    none_is_clean(vec![
        ("codes said 7bit", mail("Content-Transfer-Encoding: 7bit", qp(TEXT))),
        ("codes of codes", mail("Content-Transfer-Encoding: quoted-printable", qp(&qp(TEXT)))),
        ("codes in base64", base64(&b64(qp(TEXT)))),
        ("base64 in codes", mail("Content-Transfer-Encoding: quoted-printable", qp(&body))),
        ("base64 of base64", base64(&b64(&body))),
        ("base64 three times", base64(&b64(b64(&body)))),
        ("base64 in the text", plain(&format!("decode this: {body} thanks"))),
        ("base64 in quotation", plain(&format!("> {}\r\n> {}\r\n", &body[..32], &body[32..]))),
        ("base64 of UTF-16", plain(&b64(TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()))),
        ("a data link in the text", plain(&format!("see data:text/plain;base64,{body}"))),
        ("hexadecimal", plain(&format!("hex: {hex}"))),
        ("hexadecimal, spaced", plain(&spaced_hex.join(" "))),
        ("hexadecimal, with colons", plain(&spaced_hex.join(":"))),
        (
            "hexadecimal, on lines",
            plain(&hex.as_bytes().chunks(20).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\r\n")),
        ),
        ("hexadecimal, as in C", plain(&spaced_hex.iter().map(|byte| format!("\\x{byte}")).collect::<String>())),
        ("percent codes", plain(&percent)),
        ("entities in plain text", plain(&entities)),
        ("UTF-7 without a label", plain(&utf7)),
        ("UTF-7 in a page", mail("Content-Type: text/html", format!("<meta charset=utf-7>+ADw-p+AD4-{utf7}"))),
        ("UTF-7 in a subject", mail(&format!("Subject: =?utf-7?q?{}?=", utf7.replace('=', "=3D")), "hi")),
        ("yEnc", mail("Content-Type: text/plain", &yenc)),
        (
            "yEnc in a part",
            with_part("Content-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: binary", &yenc),
        ),
        (
            "uuencode",
            plain(
                "begin 644 a.txt\r\n#0V%T\r\nM4&%T:65N=\"!*;R!2;V4L(%-33B`R,3DM,#DM-C<X,2P@;VX@;65T9F]R;6EN\r\n`\r\nend\r\n",
            ),
        ),
        (
            "uuencode under its name",
            mail(
                "Content-Type: text/plain\r\nContent-Transfer-Encoding: uuencode",
                "begin 644 a.txt\r\nM4&%T:65N=\"!*;R!2;V4L(%-33B`R,3DM,#DM-C<X,2P@;VX@;65T9F]R;6EN\r\n`\r\nend\r\n",
            ),
        ),
        ("base64 by uuencode", plain(&format!("begin-base64 644 a.txt\r\n{body}\r\n====\r\n"))),
        (
            "BinHex",
            plain(&format!("(This file must be converted with BinHex 4.0)\r\n\r\n:{}:\r\n", binhex(TEXT.as_bytes()))),
        ),
        (
            "BinHex in a part",
            with_part(
                "Content-Type: application/mac-binhex40; name=a.hqx",
                format!("(This file must be converted with BinHex 4.0)\r\n\r\n:{}:\r\n", binhex(TEXT.as_bytes())),
            ),
        ),
        (
            "an attached mail said to be text",
            with_part(
                "Content-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.txt",
                format!("Subject: y\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}"),
            ),
        ),
        (
            "a quoted mail in the text",
            plain(&format!("see:\r\n\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}")),
        ),
        (
            "base64 with dashes",
            base64(&body.as_bytes().chunks(5).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")),
        ),
        ("base64 with a quad over lines", base64(&format!("{}\r\n{}\r\n{}", &body[..7], &body[7..18], &body[18..]))),
        ("base64 with blanks before", base64(&format!("   {body}"))),
        ("base64 from the middle", base64(&format!("x{body}"))),
        ("base64 with two before", base64(&format!("xy{body}"))),
        ("base64 between dots", base64(&format!("...{body}..."))),
        ("base64 with `=` amid", base64(&format!("{}={}", &body[..10], &body[10..]))),
        ("base64 with `==` amid", base64(&format!("{}=={}", &body[..10], &body[10..]))),
        ("base64 of lines each its own", base64(&TEXT.as_bytes().chunks(10).map(b64).collect::<Vec<_>>().join("\r\n"))),
        ("base64 after a blank line", base64(&format!("\r\n\r\n{body}"))),
        ("base64 after text", base64(&format!("Hello there\r\n\r\n{body}"))),
        (
            "a number over a soft break",
            mail("Content-Transfer-Encoding: quoted-printable", "SSN 219-=\r\n09-6=\r\n781"),
        ),
        (
            "a number over a bare soft break",
            mail("Content-Transfer-Encoding: quoted-printable", "SSN 219-=\n09-6=\r781"),
        ),
        ("a soft break said 7bit", mail("Content-Type: text/plain", "SSN 219-=\r\n09-6=\r\n781")),
        ("flowed lines", mail("Content-Type: text/plain; format=flowed; delsp=yes", "SSN 219- \r\n09- \r\n6781")),
    ]);
}

/// Techniques of published collections of broken MIME, in files and parts of every kind.
#[test]
fn codes_that_only_some_readers_undo_hide_nothing() {
    let by_sign = |write: &dyn Fn(u8) -> String| TEXT.bytes().map(write).collect::<String>();
    let coded = |body: &str| {
        with_part("Content-Type: text/csv; name=a.csv\r\nContent-Transfer-Encoding: quoted-printable", body)
    };
    let page = |body: &str| with_part("Content-Type: text/html\r\nContent-Transfer-Encoding: base64", body);
    // A reader that decodes line by line never sees the last sign of each.
    let lines: String =
        b64(TEXT).as_bytes().chunks(4).map(|quad| format!("{}X\r\n", String::from_utf8_lossy(quad))).collect();
    // Lines of many lengths look like no base64.
    let ragged: String =
        b64(TEXT).as_bytes().chunks(8).map(|some| format!("{}\r\n", String::from_utf8_lossy(some))).collect();
    let named = |field: &str| with_part(&format!("Content-Type: text/csv; name=a.csv\r\n{field}"), &ragged);
    let part = format!("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n{ragged}");
    let inner = format!("Subject: y\r\n{part}");
    let whole = |kind: &str| with_part(&format!("Content-Type: {kind}"), &inner);
    let multipart = |body: &str| mail("Content-Type: multipart/mixed; boundary=b", body);
    none_is_clean(vec![
        ("a sign before each code", coded(&by_sign(&|byte| format!("=={byte:02X}=\r\n")))),
        ("a sign and one more", coded(&by_sign(&|byte| format!("=0={byte:02X}=\r\n")))),
        ("a sign and two more", coded(&by_sign(&|byte| format!("=XX={byte:02X}=\r\n")))),
        ("a code in small letters between", coded(&by_sign(&|byte| format!("=0a={byte:02X}=\r\n")))),
        ("soft breaks with two CR", coded(&by_sign(&|byte| format!("={byte:02X}=\r\r\n")))),
        ("soft breaks with a form feed", coded(&by_sign(&|byte| format!("={byte:02X}=\x0c\r\n")))),
        ("base64 with a sign too many on each line", page(&lines)),
        ("base64 without a field", named("X-A: b")),
        ("base64 by a field of another name", named("Content-Encoding: base64")),
        (
            "base64 in the fold of another field",
            named("Content-Disposition: attachment; filename=a.csv\r\n Content-Transfer-Encoding: base64"),
        ),
        ("codes without a field", with_part("Content-Type: text/csv; name=a.csv", qp(TEXT))),
        ("a whole message said to be text", whole("text/rfc822")),
        ("a whole message of an application", whole("application/rfc822")),
        ("a part in the preamble", multipart(&format!("{part}\r\n--b\r\n\r\nhi\r\n--b--\r\n"))),
        ("a part in the epilogue", multipart(&format!("--b\r\n\r\nhi\r\n--b--\r\n{part}"))),
        ("parts that no header tells of", mail("X-A: b", format!("--b\r\n{part}\r\n--b--\r\n"))),
    ]);
}

/// BinHex 4.0 without runs (RFC 1741): name, type, lengths, the data.
fn binhex(data: &[u8]) -> String {
    const ALPHABET: &[u8] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
    let mut file = b"\x05a.txt\0TEXTttxt\0\0".to_vec();
    file.extend((data.len() as u32).to_be_bytes());
    file.extend([0, 0, 0, 0, 0, 0]);
    file.extend(data);
    file.extend([0, 0, 0, 0]);
    let mut out = String::new();
    for group in file.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..=group.len() {
            out.push(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize] as char);
        }
    }
    out
}
