//! One table of everything at once: what some of nine readers show.

use super::*;

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
