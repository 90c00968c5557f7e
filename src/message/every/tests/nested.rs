//! Mail inside mail, names of files, encoded words.

use super::*;

#[test]
fn nested_mail_hides_nothing() {
    let inner = format!("Subject: y\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", b64(TEXT));
    // Too short for anybody who looks for base64 in text: only who knows the encoding reads it.
    let lines: Vec<_> =
        b64(TEXT).as_bytes().chunks(20).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let short = format!("Subject: y\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", lines.join("\r\n"));
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
            "digest of short lines",
            mail("Content-Type: multipart/digest; boundary=b", format!("--b\r\n\r\n{short}\r\n--b--\r\n")),
        ),
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
        ("name in percent codes", name("attachment; filename=\"SSN%20219%2D09%2D6781.txt\"")),
        (
            "name of the type in percent codes",
            with_part(
                "Content-Type: text/plain; name=\"219%2D09%2D6781.txt\"\r\nContent-Disposition: attachment; filename=a",
                "hi",
            ),
        ),
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
