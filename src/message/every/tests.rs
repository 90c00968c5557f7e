//! Mail that readers disagree about: whatever one of them shows is seen, or it is a gap.

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::message::{Budget, GapReason, InProcess, read};

const CANARY: &str = "219-09-6781";
const TEXT: &str = "Patient Jo Roe, SSN 219-09-6781, on metformin";

/// Whether some reading of the content shows the canary; and the gaps.
fn is_seen(content: &[u8]) -> (bool, Vec<GapReason>) {
    let reading = read(content, &Budget::new(10 << 20, 10_000), &InProcess);
    let seen = reading.segments.iter().any(|segment| {
        segment.text.contains(CANARY)
            || segment.canonical.as_ref().is_some_and(|canonical| canonical.text.contains(CANARY))
    });
    (seen, reading.gaps.iter().map(|gap| gap.reason).collect())
}

/// Seen, or a gap that counts as PHI.
fn is_safe(content: &[u8]) -> bool {
    let (seen, gaps) = is_seen(content);
    let harmless = [GapReason::Sealed, GapReason::Picture, GapReason::Media];
    seen || gaps.iter().any(|reason| !harmless.contains(reason))
}

/// Says which of the named mails are read as if nothing were in them.
fn none_is_clean(cases: Vec<(&str, Vec<u8>)>) {
    let clean: Vec<&str> = cases.iter().filter(|(_, content)| !is_safe(content)).map(|(name, _)| *name).collect();
    assert!(clean.is_empty(), "{clean:?}");
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// Quoted-printable in which every byte is a code.
fn qp(text: &str) -> String {
    let codes: Vec<String> = text.bytes().map(|byte| format!("={byte:02X}")).collect();
    codes.chunks(20).map(<[String]>::concat).collect::<Vec<_>>().join("=\r\n")
}

/// One part: header lines and a body.
fn mail(header: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let front = format!("From: a@x.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n{header}\r\n\r\n");
    [front.as_bytes(), body.as_ref()].concat()
}

/// Two parts, of which the second is told.
fn with_part(header: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let front = format!("--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\n{header}\r\n\r\n");
    mail("Content-Type: multipart/mixed; boundary=b", [front.as_bytes(), body.as_ref(), b"\r\n--b--\r\n"].concat())
}

/// What some of nine readers (Python, JavaMail, Outlook, Thunderbird, Gmail, mutt, Apple Mail, Perl, Go) would show.
#[test]
fn whatever_some_reader_shows_is_seen() {
    let b64 = "U1NOIDIxOS0wOS02NzgxIG1ldGZvcm1pbg==";
    let cases = [
        // Two of one field: first wins, or last.
        format!(
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n\r\n{b64}\r\n"
        ),
        format!(
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{b64}\r\n"
        ),
        "Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n219<b></b>-09-<i>6781</i>\r\n".to_owned(),
        format!(
            "Content-Type: multipart/mixed; boundary=a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--a\r\n\r\nx\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n{b64}\r\n--b--\r\n--a--\r\n"
        ),
        format!(
            "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n{b64}\r\n--b--\r\n"
        ),
        // Lying encodings.
        format!("Content-Transfer-Encoding: 7bit\r\n\r\n{b64}\r\n"),
        format!("Content-Transfer-Encoding: base64 ;x\r\n\r\n{b64}\r\n"),
        format!("Content-Transfer-Encoding: =?utf-8?q?base64?=\r\n\r\n{b64}\r\n"),
        format!("Content-Transfer-Encoding: (comment) base64\r\n\r\n{b64}\r\n"),
        format!("Content-Transfer-Encoding : base64\r\n\r\n{b64}\r\n"),
        format!("Content-Transfer-Encoding:\r\n base64\r\n\r\n{b64}\r\n"),
        format!("content-TRANSFER-encoding: BaSe64\r\n\r\n{b64}\r\n"),
        "Content-Transfer-Encoding: base64\r\n\r\nSSN 219-09-6781 metformin\r\n".to_owned(),
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n219=\r\n-09=2D67=381\r\n".to_owned(),
        // Base64 with faults.
        "Content-Transfer-Encoding: base64\r\n\r\nU1NOIDIx!OS0wOS02#NzgxIG1ldGZvcm1pbg==\r\n".to_owned(),
        "Content-Transfer-Encoding: base64\r\n\r\nU1NOIDIxOS0wOS02\r\n--junk here--\r\nNzgxIG1ldGZvcm1pbg==\r\n"
            .to_owned(),
        "Content-Transfer-Encoding: base64\r\n\r\nSGk=U1NOIDIxOS0wOS02NzgxIG1ldGZvcm1pbg==\r\n".to_owned(),
        "Content-Transfer-Encoding: base64\r\n\r\nSGk=\r\nU1NOIDIxOS0wOS02NzgxIG1ldGZvcm1pbg==\r\n".to_owned(),
        format!(
            "Content-Transfer-Encoding: base64\r\n\r\n{}",
            b64.chars().map(|c| format!("{c}\r\n")).collect::<String>()
        ),
        format!("Content-Transfer-Encoding: base64\r\n\r\n{}", b64.trim_end_matches('=')),
        // Quoted-printable with faults.
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n219= \r\n-09-6781 =zz =0\r\n".to_owned(),
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n219=2d09=2d6781\r\n".to_owned(),
        // Boundaries.
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n219-09-6781 in the preamble\r\n--a\r\n\r\nx\r\n--a--\r\n"
            .to_owned(),
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n219-09-6781 in the epilogue\r\n"
            .to_owned(),
        format!(
            "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n--a\r\nContent-Transfer-Encoding: base64\r\n\r\n{b64}\r\n--a--\r\n"
        ),
        format!(
            "Content-Type: multipart/mixed; boundary=\"a \"\r\n\r\n--a\r\nContent-Transfer-Encoding: base64\r\n\r\n{b64}\r\n--a--\r\n"
        ),
        format!(
            "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\r\n\r\n--ab\r\nContent-Transfer-Encoding: base64\r\n\r\n{b64}\r\n--ab--\r\n"
        ),
        format!(
            "Content-Type: multipart/mixed; boundary=\"a\\b\"\r\n\r\n--ab\r\nContent-Transfer-Encoding: base64\r\n\r\n{b64}\r\n--ab--\r\n"
        ),
        format!(
            "Content-Type: multipart/mixed; boundary=a (comment)\r\n\r\n--a\r\nContent-Transfer-Encoding: base64\r\n\r\n{b64}\r\n--a--\r\n"
        ),
        format!(
            "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\nContent-Transfer-Encoding: base64\r\n\r\n{b64}\r\n----\r\n"
        ),
        format!(
            "Content-Type: multipart/mixed; boundary={0}\r\n\r\n--{0}\r\nContent-Transfer-Encoding: base64\r\n\r\n{b64}\r\n",
            "a".repeat(2048)
        ),
        format!(
            "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Transfer-Encoding: base64\r\n\r\n{b64}\r\n--a--\r\n--a--\r\n"
        ),
        format!(
            "Content-Type: multipart/mixed; boundary=a\r\n\r\n--abc\r\nContent-Transfer-Encoding: base64\r\n\r\n{b64}\r\n--abc--\r\n"
        ),
        // The border of header and body.
        format!("Subject: x\r\nContent-Transfer-Encoding: base64\r\n \r\n{b64}\r\n"),
        format!("Subject: x\r\nContent-Transfer-Encoding: base64\r\r\n\r\r\n{b64}\r\n"),
        format!("Subject: x\n\rContent-Transfer-Encoding: base64\n\r\n\r{b64}\r\n"),
        format!("Subject: x\rContent-Transfer-Encoding: base64\r\r{b64}\r"),
        "Subject: x\r\nSSN 219-09-6781 is no field\r\n".to_owned(),
        format!("Subject: x\r\nContent-Transfer-Encoding: base64\r\n{b64}\r\n"),
        // Charsets.
        "Content-Type: text/plain; charset=utf-7\r\n\r\n+ADIAMQA5-09+AC0-6781 219+AC0-09-6781\r\n".to_owned(),
        "Content-Type: text/plain; charset=utf-16\r\n\r\nSSN 219-09-6781\r\n".to_owned(),
        "Content-Type: text/plain; charset=x-none\r\n\r\nSSN 219-09-6781 caf\u{e9}\r\n".to_owned(),
        format!("Subject: x\r\n\r\n{}", "SSN 219-09-6781\r\n".chars().map(|c| format!("{c}\0")).collect::<String>()),
        format!(
            "Subject: x\r\n\r\n{}",
            "SSN 219-09-6781\r\n".chars().map(|c| format!("\0\0\0{c}")).collect::<String>()
        ),
    ];
    for content in cases {
        let (seen, gaps) = is_seen(content.as_bytes());
        assert!(seen, "{content:?} {gaps:?}");
    }
}

#[test]
fn ordinary_mail_is_read_one_way() {
    for content in [
        "Subject: x\r\n\r\nHello\r\n".to_owned(),
        "Subject: x\r\nContent-Type: multipart/alternative; boundary=\"=_a\"\r\n\r\n--=_a\r\nContent-Type: text/plain\r\n\r\nHello\r\n--=_a\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--=_a--\r\n".to_owned(),
        "Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n".to_owned(),
    ] {
        let reading = read(content.as_bytes(), &Budget::new(10 << 20, 10_000), &InProcess);
        assert!(reading.gaps.is_empty());
        let odd = reading.segments.iter().find(|segment| segment.origin.as_str().contains("reading"));
        assert!(odd.is_none(), "{content:?}");
    }
}

#[test]
fn header_tricks_hide_nothing() {
    let body = b64(TEXT);
    let encoded = |header: &str| mail(header, &body);
    none_is_clean(vec![
        ("space before colon", encoded("Content-Type : text/plain\r\nContent-Transfer-Encoding : base64")),
        ("tab before colon", encoded("Content-Transfer-Encoding\t: base64")),
        ("NUL in the name", encoded("Content-Transfer-\0Encoding: base64")),
        ("NUL before the value", encoded("Content-Transfer-Encoding:\0 base64")),
        ("NUL after the value", encoded("Content-Transfer-Encoding: base64\0")),
        ("folded after the name", encoded("Content-Transfer-Encoding\r\n : base64")),
        ("folded twice", encoded("Content-Transfer-Encoding:\r\n \r\n base64")),
        ("lone CR ends a line", encoded("X: y\rContent-Transfer-Encoding: base64")),
        ("lone LF ends a line", encoded("X: y\nContent-Transfer-Encoding: base64")),
        ("vertical tab folds", encoded("Content-Transfer-Encoding:\x0bbase64")),
        ("form feed", encoded("Content-Transfer-Encoding:\x0c base64")),
        ("no-break blank", encoded("Content-Transfer-Encoding:\u{a0}base64")),
        ("equals for colon", encoded("Content-Transfer-Encoding= base64")),
        ("underscore", encoded("Content_Transfer_Encoding: base64")),
        ("long dash", encoded("Content\u{2013}Transfer\u{2013}Encoding: base64")),
        ("comment value", encoded("Content-Transfer-Encoding: (x) base64 (y)")),
        ("nested comment", encoded("Content-Transfer-Encoding: ((x)) base64")),
        ("encoded name", encoded("=?utf-8?q?Content-Transfer-Encoding?=: base64")),
        ("encoded value", encoded("Content-Transfer-Encoding: =?utf-8?q?base64?=")),
        ("list of values", encoded("Content-Transfer-Encoding: base64, 7bit")),
        ("list the other way", encoded("Content-Transfer-Encoding: 7bit base64")),
        ("binary then base64", encoded("Content-Transfer-Encoding: binary\r\nContent-Transfer-Encoding: base64")),
        (
            "three of them",
            encoded(
                "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 8bit",
            ),
        ),
        ("uuencode said", encoded("Content-Transfer-Encoding: x-uuencode")),
        ("quoted-printable said", encoded("Content-Transfer-Encoding: quoted-printable")),
        ("in the wrong field", encoded("Content-Encoding: base64")),
        ("garbage line before", encoded("garbage\r\nContent-Transfer-Encoding: base64")),
        ("blank first line", [b"\r\n".as_slice(), &encoded("Content-Transfer-Encoding: base64")].concat()),
        ("BOM first", ["\u{feff}".as_bytes(), &encoded("Content-Transfer-Encoding: base64")].concat()),
        ("no MIME-Version", format!("Content-Transfer-Encoding: base64\r\n\r\n{body}").into_bytes()),
        ("text that is HTML", mail("Content-Type: text/plain", "<p>219<b>-09-</b>6781</p>")),
        ("HTML that is text", mail("Content-Type: text/html", TEXT)),
        ("a type nobody knows", mail("Content-Type: text/x-none", TEXT)),
        ("no subtype", mail("Content-Type: text", TEXT)),
        ("a picture of text", mail("Content-Type: image/png", TEXT)),
        ("a sound of text", mail("Content-Type: audio/basic\r\nContent-Transfer-Encoding: base64", &body)),
        ("a film of text", mail("Content-Type: video/mp4\r\nContent-Transfer-Encoding: base64", &body)),
        ("a font of text", mail("Content-Type: font/ttf\r\nContent-Transfer-Encoding: base64", &body)),
        (
            "a model of bytes",
            mail("Content-Type: model/x\r\nContent-Transfer-Encoding: base64", b64([0, 1, 2, 3, 0xff])),
        ),
        (
            "a sound of bytes",
            mail("Content-Type: audio/x\r\nContent-Transfer-Encoding: base64", b64([0, 1, 2, 3, 0xff])),
        ),
        ("a signature of text", with_part("Content-Type: application/pgp-signature", TEXT)),
        (
            "a signature of base64",
            with_part(
                "Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64",
                &body,
            ),
        ),
        ("a key of text", with_part("Content-Type: application/pgp-keys", TEXT)),
    ]);
}

#[test]
fn boundary_tricks_hide_nothing() {
    let part = format!("Content-Transfer-Encoding: base64\r\n\r\n{}\r\n", b64(TEXT));
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
            "field after the blank line",
            mail("Content-Type: multipart/mixed; boundary=b", format!("--b\r\n\r\n{part}--b--\r\n")),
        ),
    ]);
}

#[test]
fn border_tricks_hide_nothing() {
    let fields = "Subject: x\r\nContent-Transfer-Encoding: base64";
    let body = b64(TEXT);
    none_is_clean(vec![
        ("LF CR", format!("{fields}\n\r\n\r{body}").into_bytes()),
        ("CR CR", format!("{fields}\r\r{body}").into_bytes()),
        ("CR CR LF", format!("{fields}\r\r\n\r\r\n{body}").into_bytes()),
        ("CRLF LF", format!("{fields}\r\n\n{body}").into_bytes()),
        ("LF CRLF", format!("{fields}\n\r\n{body}").into_bytes()),
        ("CRLF CR", format!("{fields}\r\n\r{body}").into_bytes()),
        ("CRLF blank CRLF", format!("{fields}\r\n \r\n{body}").into_bytes()),
        ("CRLF tab CRLF", format!("{fields}\r\n\t\r\n{body}").into_bytes()),
        ("CRLF NUL CRLF", format!("{fields}\r\n\0\r\n{body}").into_bytes()),
        ("CRLF NEL CRLF", format!("{fields}\r\n\u{85}\r\n{body}").into_bytes()),
        ("CRLF form feed CRLF", format!("{fields}\r\n\x0c\r\n{body}").into_bytes()),
        ("CRLF colon CRLF", format!("{fields}\r\n:\r\n{body}").into_bytes()),
        ("no blank line", format!("{fields}\r\n{body}").into_bytes()),
        ("no header", TEXT.as_bytes().to_vec()),
        ("no header, base64", body.as_bytes().to_vec()),
        ("text in a field", format!("Subject: x\r\n{TEXT}\r\n\r\nhi").into_bytes()),
        ("text in a folded line", format!("Received: x\r\n {TEXT}\r\n\r\nhi").into_bytes()),
        ("text in Received", format!("Received: {TEXT}\r\n\r\nhi").into_bytes()),
        ("text in Content-Type", format!("Content-Type: text/plain; x=\"{TEXT}\"\r\n\r\nhi").into_bytes()),
        ("text in Content-Language", format!("Content-Language: {TEXT}\r\n\r\nhi").into_bytes()),
        ("text in X-Mailer", format!("X-Mailer: {TEXT}\r\n\r\nhi").into_bytes()),
        ("text in Date", format!("Date: {TEXT}\r\n\r\nhi").into_bytes()),
        ("text in a comment of Date", format!("Date: Mon, 4 May 2026 10:00:00 +0000 ({TEXT})\r\n\r\nhi").into_bytes()),
        ("text in Content-ID", with_part(&format!("Content-ID: <{TEXT}>"), "hi")),
        ("text in a part's field", with_part(&format!("Content-Type: text/plain\r\nX-Note: {TEXT}"), "hi")),
        ("text in a part's parameter", with_part(&format!("Content-Type: text/plain; title=\"{TEXT}\""), "hi")),
        ("text in a disposition", with_part(&format!("Content-Disposition: inline; note=\"{TEXT}\""), "hi")),
        ("text in a comment of a disposition", with_part(&format!("Content-Disposition: inline ({TEXT})"), "hi")),
        ("text in Content-Location", with_part(&format!("Content-Location: http://x.example/{TEXT}"), "hi")),
    ]);
}

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

#[test]
fn pages_hide_nothing() {
    let page = |source: &str| mail("Content-Type: text/html; charset=utf-8", source);
    let html = b64("<p>219<b>-09-</b>6781</p>");
    none_is_clean(vec![
        ("unclosed attribute", page("<p>hi<a title=\"SSN 219-09-6781")),
        ("unclosed attribute, single", page("<p>hi<a title='SSN 219-09-6781 > x")),
        ("unclosed attribute, bare", page("<p>hi<a title=219-09-6781")),
        ("unclosed tag", page("<p>hi<219-09-6781")),
        ("text like a tag", page("<Patient Jo Roe, SSN 219-09-6781 on metformin</p>")),
        ("unclosed end tag", page("<p>hi</219-09-6781")),
        ("unclosed comment", page("<p>hi<!-- SSN 219-09-6781")),
        ("bogus comment", page("<p>hi<? SSN 219-09-6781 ?>")),
        ("unclosed style", page("<style>p{} SSN 219-09-6781")),
        ("text in a style", page("<style>SSN 219-09-6781</style>")),
        ("comment in a style", page("<style>/* SSN 219-09-6781 */ p{color:red}</style>")),
        ("unclosed script", page("<script>var x = 1; // SSN 219-09-6781")),
        ("unclosed title", page("<title>SSN 219-09-6781")),
        ("unclosed textarea", page("<textarea>SSN 219-09-6781")),
        ("xmp", page("<xmp>SSN 219-09-6781</xmp>")),
        ("noembed", page("<noembed>SSN 219-09-6781</noembed>")),
        ("noframes", page("<noframes>SSN 219-09-6781</noframes>")),
        ("srcdoc", page("<iframe srcdoc='<p>219<b>-09-</b>6781</p>'></iframe>")),
        ("srcdoc in srcdoc", page("<iframe srcdoc='<iframe srcdoc=\"SSN 219-09-6781\">'></iframe>")),
        ("object", page(&format!("<object data='data:text/html;base64,{html}'></object>"))),
        ("embed", page(&format!("<embed src='data:text/html;base64,{html}'>"))),
        ("link to data", page(&format!("<a href='data:text/html;base64,{html}'>x</a>"))),
        ("upper-case data link", page(&format!("<a href='DATA:text/html;BASE64,{html}'>x</a>"))),
        ("data link with a charset", page(&format!("<a href='data:text/html;charset=utf-8;base64,{html}'>x</a>"))),
        ("data link with blanks", page(&format!("<a href=' data:text/html ; base64 , {html}'>x</a>"))),
        ("data link in codes", page("<a href='data:,SSN%20219%2D09%2D6781'>x</a>")),
        ("data link in a style", page(&format!("<div style=\"background:url(data:text/html;base64,{html})\">x</div>"))),
        (
            "data link in srcset",
            page(&format!(
                "<img srcset='data:image/svg+xml;base64,{} 1x'>",
                b64("<svg><text>219-09-6781</text></svg>")
            )),
        ),
        (
            "drawing in a data link",
            page(&format!("<img src='data:image/svg+xml;base64,{}'>", b64("<svg><text>219-09-6781</text></svg>"))),
        ),
        (
            "zipped file in a data link",
            page(&format!("<a href='data:application/gzip;base64,{}'>x</a>", b64(gzip(TEXT.as_bytes())))),
        ),
        ("entities without ends", page("SSN &#50&#49&#57-&#48&#57-&#54&#55&#56&#49")),
        ("hexadecimal entities", page("SSN &#x32;&#x31;&#X39;-&#x30;9-6781")),
        ("long entities", page("SSN &#0000000050;19-09-6781")),
        ("named entities", page("SSN 219&hyphen;09&dash;6781")),
        ("soft hyphens", page("SSN 2&shy;19-0&shy;9-67&zwnj;81")),
        ("right to left", page("<bdo dir=rtl>1876-90-912 NSS</bdo>")),
        (
            "right to left by style",
            page("<span style='unicode-bidi: bidi-override; direction: rtl'>1876-90-912 NSS</span>"),
        ),
        ("NULs", page("SSN 2\x0019-0\09-6781")),
        ("text before the page", page("SSN 219-09-6781<html><body>hi")),
        ("text after the page", page("<html><body>hi</body></html>SSN 219-09-6781")),
        ("alt", page("<img alt='SSN 219-09-6781'>")),
        ("placeholder", page("<input placeholder='219-09-6781'>")),
        ("value", page("<input value='219-09-6781'>")),
        ("button", page("<button value='219-09-6781'>x</button>")),
        ("option", page("<select><option label='219-09-6781'></select>")),
        ("optgroup", page("<select><optgroup label='219-09-6781'></select>")),
        ("aria", page("<p aria-description='219-09-6781'>x</p>")),
        ("meter", page("<meter title='219-09-6781'></meter>")),
        ("summary", page("<table summary='219-09-6781'></table>")),
        ("abbreviation", page("<th abbr='219-09-6781'>x</th>")),
        ("quotation's source", page("<q cite='219-09-6781'>x</q>")),
        ("data attribute", page("<p data-ssn='219-09-6781'>x</p>")),
        ("fragment", page("<a href='#SSN%20219-09-6781'>x</a>")),
        ("file", page("<a href='file:///219-09-6781.txt'>x</a>")),
        ("form target", page("<form action='http://x.example/?ssn=219-09-6781'></form>")),
        ("refresh", page("<meta http-equiv=refresh content='0; url=http://x.example/219-09-6781'>")),
        ("counter", page("<style>p::before { content: '219-' '09-6781' }</style>")),
        ("list style", page("<style>li { list-style-type: 'SSN 219-09-6781' }</style>")),
        ("escaped content", page("<style>p::before { content: '\\32 19-09-6781' }</style>")),
        ("attribute shown by style", page("<style>p::before { content: attr(ssn) }</style><p ssn='219-09-6781'>")),
        ("MathML", page("<math><mtext>219-09-6781</mtext></math>")),
        ("marquee", page("<marquee>219-09-6781</marquee>")),
        ("details", page("<details><summary>x</summary>219-09-6781</details>")),
        ("dialog", page("<dialog>219-09-6781</dialog>")),
        ("conditional comment", page("<!--[if gte mso 9]><xml>219-09-6781</xml><![endif]-->")),
        ("downlevel revealed", page("<![if !mso]>219-09-6781<![endif]>")),
        ("CDATA", page("<svg><![CDATA[219-09-6781]]></svg>")),
        ("ruby", page("<ruby>x<rt>219-09-6781</rt></ruby>")),
        (
            "MHTML",
            mail(
                "Content-Type: multipart/related; type=\"text/html\"; boundary=b",
                "--b\r\nContent-Type: text/html\r\nContent-Location: cid:x\r\n\r\n<p>219<i>-09-</i>6781\r\n--b--\r\n",
            ),
        ),
        ("enriched", mail("Content-Type: text/enriched", "SSN 219<bold>-09-</bold>6781")),
        ("rich text", mail("Content-Type: text/richtext", "SSN 219<bold>-09-</bold>6781")),
        ("RTF as a body", mail("Content-Type: text/rtf", "{\\rtf1 SSN 219\\b -09-\\b0 6781}")),
        ("AMP", mail("Content-Type: text/x-amp-html", "<p>219<b>-09-</b>6781</p>")),
        ("watch", mail("Content-Type: text/watch-html", "<p>219<b>-09-</b>6781</p>")),
    ]);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).expect("memory");
    writer.finish().expect("memory")
}

#[test]
fn nested_mail_hides_nothing() {
    let inner = format!("Subject: y\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", b64(TEXT));
    let folded_name = "Content-Type: text/plain\r\nContent-Disposition: attachment;\r\n filename*0*=utf-8''219-;\r\n filename*1=09-;\r\n filename*2=6781.txt";
    let name =
        |disposition: &str| with_part(&format!("Content-Type: text/plain\r\nContent-Disposition: {disposition}"), "hi");
    none_is_clean(vec![
        ("a message", mail("Content-Type: message/rfc822", &inner)),
        ("a message in base64", mail("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64", b64(&inner))),
        (
            "a message in codes",
            mail("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable", qp(&inner)),
        ),
        ("a message by its name", with_part("Content-Type: application/octet-stream; name=a.eml", &inner)),
        ("a message said to be text", with_part("Content-Type: text/plain; name=a.eml", &inner)),
        ("global", mail("Content-Type: message/global", &inner)),
        ("news", mail("Content-Type: message/news", &inner)),
        (
            "delivery status",
            mail(
                "Content-Type: message/delivery-status",
                format!("Reporting-MTA: dns; x\r\n\r\nDiagnostic-Code: smtp; {TEXT}"),
            ),
        ),
        ("headers only", mail("Content-Type: text/rfc822-headers", format!("Subject: {TEXT}"))),
        (
            "disposition notification",
            mail("Content-Type: message/disposition-notification", format!("Final-Recipient: {TEXT}")),
        ),
        ("partial", mail("Content-Type: message/partial; id=x; number=1; total=2", &inner)),
        ("external", mail("Content-Type: message/external-body; access-type=url", "")),
        ("digest", mail("Content-Type: multipart/digest; boundary=b", format!("--b\r\n\r\n{inner}\r\n--b--\r\n"))),
        (
            "digest of a digest",
            mail(
                "Content-Type: multipart/digest; boundary=b",
                format!(
                    "--b\r\nContent-Type: multipart/digest; boundary=c\r\n\r\n--c\r\n\r\n{inner}\r\n--c--\r\n--b--\r\n"
                ),
            ),
        ),
        (
            "a message that is a multipart",
            mail(
                "Content-Type: message/rfc822",
                format!("Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n{inner}\r\n--c--\r\n"),
            ),
        ),
        (
            "a related root",
            mail(
                "Content-Type: multipart/related; boundary=b; start=\"<r>\"",
                format!("--b\r\n\r\nhi\r\n--b\r\nContent-ID: <r>\r\n\r\n{TEXT}\r\n--b--\r\n"),
            ),
        ),
        ("name in pieces", with_part(folded_name, "hi")),
        ("name encoded", name("attachment; filename*=utf-8''%32%31%39-09-6781.txt")),
        ("name in words", name(&format!("attachment; filename=\"=?utf-8?b?{}?=\"", b64("219-09-6781.txt")))),
        ("name in words in pieces", name("attachment; filename=\"=?utf-8?q?219-?= =?utf-8?q?09-6781?=\"")),
        (
            "name doubly encoded",
            name(&format!(
                "attachment; filename*=utf-8''{}",
                format!("=?utf-8?b?{}?=", b64("219-09-6781"))
                    .bytes()
                    .map(|byte| format!("%{byte:02X}"))
                    .collect::<String>()
            )),
        ),
        ("name unquoted", name("attachment; filename=SSN 219-09-6781.txt")),
        ("name after a comment", name("attachment; (x) filename=219-09-6781.txt")),
        (
            "name in two fields",
            with_part(
                "Content-Disposition: attachment; filename=a.txt\r\nContent-Disposition: attachment; filename=219-09-6781.txt",
                "hi",
            ),
        ),
        ("name misspelled", name("attachment; file-name=219-09-6781.txt")),
        ("name without disposition", name("filename=219-09-6781.txt")),
        (
            "name and text",
            with_part(
                "Content-Type: text/plain; name=219-09-6781.txt\r\nContent-Disposition: attachment; filename=a.txt",
                "hi",
            ),
        ),
        (
            "name in UTF-16",
            name(&format!(
                "attachment; filename*=utf-16be''{}",
                "219-09-6781".bytes().map(|byte| format!("%00%{byte:02X}")).collect::<String>()
            )),
        ),
        ("disposition unknown", with_part("Content-Type: text/plain\r\nContent-Disposition: x-hidden", TEXT)),
        (
            "subject over two words",
            mail(&format!("Subject: =?utf-8?B?{}?= =?utf-8?B?{}?=", &b64(TEXT)[..27], &b64(TEXT)[27..]), "hi"),
        ),
        ("subject without an end", mail(&format!("Subject: =?utf-8?B?{}", b64(TEXT)), "hi")),
        ("subject without an end, codes", mail("Subject: =?utf-8?Q?219=2D09=2D6781", "hi")),
        ("subject with a blank", mail("Subject: =?utf-8?Q?SSN 219=2D09=2D6781?=", "hi")),
        ("subject with a line end", mail("Subject: =?utf-8?Q?SSN\r\n 219=2D09=2D6781?=", "hi")),
        ("subject in a wrong encoding", mail(&format!("Subject: =?utf-8?X?{}?=", b64(TEXT)), "hi")),
        (
            "subject in a word of words",
            mail(&format!("Subject: =?utf-8?Q?=3D=3Futf-8=3FB=3F{}=3F=3D?=", b64(TEXT).replace('=', "=3D")), "hi"),
        ),
        ("subject without a charset", mail(&format!("Subject: =??B?{}?=", b64(TEXT)), "hi")),
        ("two subjects", mail("Subject: SSN 219-09-6781", "hi")),
        ("a name's comment", mail("Reply-To: a@x.example (SSN 219-09-6781)", "hi")),
        (
            "tag characters",
            mail(
                "Content-Type: text/plain; charset=utf-8",
                TEXT.chars().map(|c| char::from_u32(0xe0000 + c as u32).expect("a tag")).collect::<String>(),
            ),
        ),
        ("text reversed", mail("Content-Type: text/plain; charset=utf-8", "SSN \u{202e}1876-90-912\u{202c} ok")),
        ("text reversed to the end", mail("Content-Type: text/plain; charset=utf-8", "SSN \u{202e}1876-90-912")),
        (
            "text isolated",
            mail("Content-Type: text/plain; charset=utf-8", "SSN \u{2067}\u{202e}1876-90-912\u{202c}\u{2069}"),
        ),
    ]);
}

/// Chance that is the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

/// Cuts, doubles and garbles a mail at a few places.
fn mutated(content: &[u8], chance: &mut Chance) -> Vec<u8> {
    const TOKENS: &[&[u8]] = &[
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b";",
        b"=",
        b"\"",
        b"--b",
        b"--b--",
        b"\r\n\r\n",
        b"boundary=b",
        b"=?utf-8?B?",
        b"?=",
        b"\xff\xfe",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"\xe2\x80\xae",
        b"<style>",
        b"<!--",
        b"data:,",
        b"begin 644 a\r\n",
        b"=ybegin name=a\r\n",
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        b"{\\rtf1",
        b"\x1b$B",
        b"+AEE-",
        b"%41%41%41%41%41%41",
    ];
    let mut out = content.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(out.len());
        let end = (at + chance.below(40)).min(out.len());
        match chance.below(4) {
            0 => _ = out.splice(at..at, TOKENS[chance.below(TOKENS.len())].iter().copied()),
            1 => _ = out.drain(at..end),
            2 => {
                let piece = out[at..end].to_vec();
                let to = chance.below(out.len());
                out.splice(to..to, piece);
            }
            _ => {
                if let Some(byte) = out.get_mut(at) {
                    *byte = chance.below(256) as u8;
                }
            }
        }
    }
    out
}

#[test]
fn garbled_mail_ends_without_a_panic_and_in_bounds() {
    let body = b64(TEXT);
    let seeds = [
        mail("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", &body),
        mail(
            "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
            qp("<p title='x'>SSN 219-09-6781</p>"),
        ),
        with_part(
            &format!(
                "Content-Type: text/csv; name*0*=utf-8''a; name*1=b.csv\r\nContent-Description: =?utf-8?B?{body}?="
            ),
            "MRN,Name\r\n12,Roe",
        ),
        with_part(
            "Content-Type: message/rfc822",
            format!("Subject: y\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}"),
        ),
        with_part(
            "Content-Type: application/gzip; name=a.gz\r\nContent-Transfer-Encoding: base64",
            b64(gzip(TEXT.as_bytes())),
        ),
        with_part(
            "Content-Type: application/x-7z-compressed; name=a.7z\r\nContent-Transfer-Encoding: base64",
            b64(include_bytes!("../readers/fixtures/plain.7z")),
        ),
        mail("Content-Type: text/plain; charset=utf-7", "SSN 219+AC0-09+AC0-6781 \u{202e}oJ\u{202c}"),
    ];
    let mut chance = Chance(0x5eed_0123_4567_89ab);
    for round in 0..600 {
        let content = mutated(&seeds[round % seeds.len()], &mut chance);
        let budget = Budget::new(4 << 20, 2_000);
        let reading = read(&content, &budget, &InProcess);
        let size: usize = reading.segments.iter().map(|segment| segment.text.len()).sum();
        assert!(size <= 4 << 20, "round {round}: {size} bytes of text");
        for segment in &reading.segments {
            assert_eq!(segment.zones.last().map(|span| span.end), Some(segment.text.len()), "round {round}");
            if let Some(canonical) = &segment.canonical {
                for at in (0..=canonical.text.len()).step_by(3) {
                    assert!(canonical.original(at) <= segment.text.len(), "round {round}");
                }
            }
        }
    }
}
