//! Tricks in the fields of a header, and where it ends.

use super::*;

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
