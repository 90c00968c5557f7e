//! Tricks with what cuts a multipart.

use super::*;

#[test]
fn boundary_tricks_hide_nothing() {
    let part = format!("Content-Transfer-Encoding: base64\r\n\r\n{}\r\n", b64(TEXT));
    let lines: String =
        b64(TEXT).as_bytes().chunks(20).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect();
    let short = format!("Content-Transfer-Encoding: base64\r\n\r\n{lines}");
    let cut = |kind: &str, boundary: &str| {
        mail(&format!("Content-Type: {kind}"), format!("--{boundary}\r\n{part}--{boundary}--\r\n"))
    };
    none_is_clean(vec![
        ("comment in the type", cut("multipart/(x)mixed; boundary=b", "b")),
        ("comment after the type", cut("multipart/mixed (x); boundary=b", "b")),
        ("comment in the name", cut("multipart/mixed; boun(x)dary=b", "b")),
        ("comment before the value", cut("multipart/mixed; boundary=(x)b", "b")),
        ("comment after the value", cut("multipart/mixed; boundary=b(x)", "b")),
        ("comment with a boundary", cut("multipart/mixed; (boundary=a) boundary=b", "b")),
        ("continued", cut("multipart/mixed; boundary*0=b; boundary*1=c", "bc")),
        ("continued backwards", cut("multipart/mixed; boundary*1=c; boundary*0=b", "bc")),
        ("continued with a hole", cut("multipart/mixed; boundary*0=b; boundary*2=c", "b")),
        ("continued from one", cut("multipart/mixed; boundary*1=b; boundary*2=c", "bc")),
        ("continued and plain", cut("multipart/mixed; boundary=x; boundary*0=b; boundary*1=c", "bc")),
        ("plain and continued", cut("multipart/mixed; boundary*0=x; boundary=b", "b")),
        ("continued with zeros", cut("multipart/mixed; boundary*00=b; boundary*01=c", "bc")),
        ("percent codes", cut("multipart/mixed; boundary*=utf-8''%62", "b")),
        ("percent codes undone by nobody", cut("multipart/mixed; boundary*=%62", "%62")),
        ("encoded word", cut("multipart/mixed; boundary=\"=?utf-8?q?b?=\"", "b")),
        ("encoded word as it is", cut("multipart/mixed; boundary=\"=?utf-8?q?b?=\"", "=?utf-8?q?b?=")),
        ("single quotes", cut("multipart/mixed; boundary='b'", "b")),
        ("single quotes kept", cut("multipart/mixed; boundary='b'", "'b'")),
        ("half a quote", cut("multipart/mixed; boundary=\"b", "b")),
        ("quote inside", cut("multipart/mixed; boundary=b\"c", "b")),
        ("quote inside kept", cut("multipart/mixed; boundary=b\"c", "b\"c")),
        ("two strings", cut("multipart/mixed; boundary=\"b\" \"c\"", "bc")),
        ("string and token", cut("multipart/mixed; boundary=\"b\"c", "bc")),
        ("quoted pair", cut("multipart/mixed; boundary=\"b\\c\"", "bc")),
        ("quoted pair kept", cut("multipart/mixed; boundary=\"b\\c\"", "b\\c")),
        ("quoted quote", cut("multipart/mixed; boundary=\"b\\\"c\"", "b\"c")),
        ("blank inside", cut("multipart/mixed; boundary=\"b c\"", "b c")),
        ("unquoted blank", cut("multipart/mixed; boundary=b c", "b c")),
        ("unquoted blank ends it", cut("multipart/mixed; boundary=b c", "b")),
        ("blank at its end", cut("multipart/mixed; boundary=\"b \"", "b")),
        ("blank at its beginning", cut("multipart/mixed; boundary=\" b\"", "b")),
        ("blanks around the sign", cut("multipart/mixed; boundary = b", "b")),
        ("semicolon inside", cut("multipart/mixed; boundary=\"b;c\"", "b;c")),
        ("semicolon inside cuts", cut("multipart/mixed; boundary=\"b;c\"", "\"b")),
        ("no semicolon", cut("multipart/mixed boundary=b", "b")),
        ("comma for semicolon", cut("multipart/mixed, boundary=b", "b")),
        ("colon for semicolon", cut("multipart/mixed: boundary=b", "b")),
        ("colon for sign", cut("multipart/mixed; boundary: b", "b")),
        ("twice", cut("multipart/mixed; boundary=a; boundary=b", "b")),
        ("twice, first", cut("multipart/mixed; boundary=b; boundary=a", "b")),
        ("hidden in another", cut("multipart/mixed; x=\"; boundary=a\"; boundary=b", "b")),
        ("hidden in another, taken", cut("multipart/mixed; x=\"; boundary=b; y=\"; boundary=a", "b")),
        ("upper-case name", cut("multipart/mixed; BOUNDARY=b", "b")),
        ("other case in the body", cut("multipart/mixed; boundary=abc", "ABC")),
        ("empty", cut("multipart/mixed; boundary=\"\"", "")),
        ("missing", cut("multipart/mixed", "b")),
        ("cut at 70", cut(&format!("multipart/mixed; boundary={}", "b".repeat(80)), &"b".repeat(70))),
        ("NUL inside", cut("multipart/mixed; boundary=b\0c", "b")),
        ("NUL inside kept", cut("multipart/mixed; boundary=\"b\0c\"", "b\0c")),
        ("folded inside", cut("multipart/mixed; boundary=\"b\r\n c\"", "b c")),
        ("folded inside, joined", cut("multipart/mixed; boundary=\"b\r\n c\"", "bc")),
        ("tab for blank", cut("multipart/mixed; boundary=\"b\tc\"", "b c")),
        ("CR in the delimiter", cut("multipart/mixed; boundary=b", "b\r")),
        ("no such multipart", cut("multipart/unheard; boundary=b", "b")),
        ("multipart said wrongly", cut("multipart\\mixed; boundary=b", "b")),
        ("multi part", cut("multi-part/mixed; boundary=b", "b")),
        ("text said", cut("text/plain; boundary=b", "b")),
        ("octets said", cut("application/octet-stream; boundary=b", "b")),
        ("message said", cut("message/rfc822; boundary=b", "b")),
        ("nothing said", cut("", "b")),
        (
            "the type in the body",
            mail("X: y", format!("\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{part}--b--\r\n")),
        ),
        (
            "glued to text",
            mail("Content-Type: multipart/mixed; boundary=b", format!("--b\r\n\r\nhi--b\r\n{part}--b--\r\n")),
        ),
        (
            "after text and LF",
            mail("Content-Type: multipart/mixed; boundary=b", format!("--b\r\n\r\nhi\n--b\r\n{part}--b--\r\n")),
        ),
        (
            "after text and CR",
            mail("Content-Type: multipart/mixed; boundary=b", format!("--b\r\n\r\nhi\r--b\r\n{part}--b--\r\n")),
        ),
        (
            "blank before",
            mail("Content-Type: multipart/mixed; boundary=b", format!("--b\r\n\r\nhi\r\n --b\r\n{part}--b--\r\n")),
        ),
        (
            "blank after",
            mail("Content-Type: multipart/mixed; boundary=b", format!("--b\r\n\r\nhi\r\n--b \t\r\n{part}--b--\r\n")),
        ),
        (
            "text after",
            mail("Content-Type: multipart/mixed; boundary=b", format!("--b\r\n\r\nhi\r\n--b x\r\n{part}--b--\r\n")),
        ),
        ("end first", mail("Content-Type: multipart/mixed; boundary=b", format!("--b--\r\n--b\r\n{part}--b--\r\n"))),
        (
            "end with one dash",
            mail("Content-Type: multipart/mixed; boundary=b", format!("--b\r\n\r\nhi\r\n--b-\r\n{part}--b--\r\n")),
        ),
        (
            "end with more",
            mail("Content-Type: multipart/mixed; boundary=b", format!("--b\r\n\r\nhi\r\n--b--x\r\n{part}--b--\r\n")),
        ),
        ("no part at all", mail("Content-Type: multipart/mixed; boundary=b", b64(TEXT))),
        (
            "preamble with header",
            mail("Content-Type: multipart/mixed; boundary=b", format!("{part}--b\r\n\r\nhi\r\n--b--\r\n")),
        ),
        (
            "epilogue with header",
            mail("Content-Type: multipart/mixed; boundary=b", format!("--b\r\n\r\nhi\r\n--b--\r\n{part}")),
        ),
        (
            "base64 of it all",
            mail(
                "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64",
                b64(format!("--b\r\n{part}--b--\r\n")),
            ),
        ),
        (
            "codes of it all",
            mail(
                "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: quoted-printable",
                qp(&format!("--b\r\n{part}--b--\r\n")),
            ),
        ),
        (
            "the same boundary inside",
            mail(
                "Content-Type: multipart/mixed; boundary=b",
                format!("--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{part}--b--\r\n--b--\r\n"),
            ),
        ),
        (
            "headers without a blank line",
            mail("Content-Type: multipart/mixed; boundary=b", format!("--b\r\n{TEXT}\r\n--b--\r\n")),
        ),
        (
            "blank of blanks",
            mail(
                "Content-Type: multipart/mixed; boundary=b",
                format!("--b\r\nContent-Transfer-Encoding: base64\r\n \r\n{}\r\n--b--\r\n", b64(TEXT)),
            ),
        ),
        (
            "fields after the blank line, short lines",
            mail("Content-Type: multipart/mixed; boundary=b", format!("--b\r\n\r\n{short}--b--\r\n")),
        ),
        (
            "field after the blank line",
            mail("Content-Type: multipart/mixed; boundary=b", format!("--b\r\n\r\n{part}--b--\r\n")),
        ),
    ]);
}
