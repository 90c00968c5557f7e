//! Compared with two other parsers (T152): of mail garbled where its structure is, whatever one of them shows is seen.

use super::garbled::Chance;
use super::*;

/// Base64 in lines too short for who looks for it in text without knowing of it.
fn lines(text: &str) -> String {
    b64(text).as_bytes().chunks(20).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect()
}

fn leaf(chance: &mut Chance) -> String {
    let (kind, text) = [
        ("text/plain; charset=utf-8", TEXT.to_owned()),
        ("text/html; charset=utf-8", format!("<p>{TEXT}</p>")),
        ("text/csv; name=a.csv", "Name,SSN\r\nJo Roe,219-09-6781\r\n".to_owned()),
        ("application/octet-stream; name=\"a.txt\"", TEXT.to_owned()),
        ("text/plain; format=flowed", TEXT.to_owned()),
    ][chance.below(5)]
    .clone();
    let (encoding, body) = match chance.below(3) {
        0 => ("base64", lines(&text)),
        1 => ("quoted-printable", qp(&text)),
        _ => ("7bit", text),
    };
    format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n")
}

const PLAIN: &str = "Content-Type: text/plain; charset=utf-8\r\n\r\nHello, see the rest.\r\n";
const FIELDS: &str = "From: a@x.example\r\nTo: b@x.example\r\nSubject: Update\r\nMIME-Version: 1.0\r\n";

fn parts(kind: &str, boundary: &str, parts: &[&str]) -> String {
    let body: String = parts.iter().map(|part| format!("--{boundary}\r\n{part}\r\n")).collect();
    format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n{body}--{boundary}--\r\n")
}

/// Mail as programs write it, with the canary in one leaf.
fn mail_with(leaf: &str, form: usize) -> String {
    let body = match form {
        0 => leaf.to_owned(),
        1 => parts("mixed", "b", &[PLAIN, leaf]),
        2 => parts("mixed", "b", &[PLAIN, &parts("alternative", "c", &[PLAIN, leaf])]),
        3 => parts("mixed", "b", &[PLAIN, &format!("Content-Type: message/rfc822\r\n\r\n{FIELDS}{leaf}")]),
        4 => parts("digest", "b", &[&format!("\r\n{FIELDS}{leaf}")]),
        5 => parts("mixed", "b", &[&parts("related", "bc", &[PLAIN, leaf])]),
        _ => format!("Content-Type: message/rfc822\r\n\r\n{FIELDS}{}", parts("mixed", "b", &[leaf, PLAIN])),
    };
    format!("{FIELDS}{body}")
}

/// Changed once or more where the structure is: at names, signs and ends of lines.
fn garbled(mail: &str, chance: &mut Chance) -> String {
    const MARKS: &[&str] =
        &["\r\n", ": ", "; ", "--", "=", "\"", "Content-", "boundary", "base64", "charset", "multipart", "text"];
    const TOKENS: &[&str] = &[
        "\r\n",
        "\n",
        "\r",
        "\0",
        " ",
        "\t",
        ";",
        "\"",
        "'",
        "=",
        "--",
        "(x)",
        "\\",
        "\u{b}",
        ",",
        ":",
        "\r\n ",
        "\r\n\r\n",
        "\r\r",
        "*",
        "*0*",
        "--b",
        "--b--",
        "--b\r\n",
        "boundary=z; ",
        "charset=utf-16; ",
        "charset=utf-7; ",
        "\u{feff}",
        "From x y\r\n",
        "x",
        "Content-Type: text/plain\r\n",
        "Content-Type: image/png\r\n",
        "Content-Type: multipart/mixed; boundary=z\r\n",
        "Content-Type: message/rfc822\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "Content-Transfer-Encoding: 7bit\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n",
    ];
    let mut out = mail.to_owned();
    for _ in 0..=chance.below(3) {
        let places: Vec<usize> = out.match_indices(MARKS[chance.below(MARKS.len())]).map(|(at, _)| at).collect();
        let near = places.get(chance.below(places.len())).copied().unwrap_or(0) + chance.below(3);
        let at = (near.min(out.len())..=out.len()).find(|at| out.is_char_boundary(*at)).unwrap_or(0);
        match chance.below(4) {
            0 | 1 => out.insert_str(at, TOKENS[chance.below(TOKENS.len())]),
            2 => {
                out = out
                    .chars()
                    .enumerate()
                    .filter(|(place, _)| *place < at || *place > at + 4)
                    .map(|(_, c)| c)
                    .collect()
            }
            _ => {
                let mut lines: Vec<&str> = out.split("\r\n").collect();
                let (from, to) = (chance.below(lines.len()), chance.below(lines.len()));
                lines.swap(from, to);
                out = lines.join("\r\n");
            }
        }
    }
    out
}

fn has(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, CANARY.as_bytes()).is_some()
}

fn shown_by_mailparse(content: &[u8]) -> bool {
    mailparse::parse_mail(content).is_ok_and(|mail| {
        mail.parts().any(|part| {
            let nested = |body: &[u8]| part.ctype.mimetype == "message/rfc822" && shown_by_mailparse(body);
            part.get_body_raw().is_ok_and(|body| has(&body) || nested(&body))
                || part.get_body().is_ok_and(|body| has(body.as_bytes()))
        })
    })
}

fn shown_by_mail_parser(content: &[u8]) -> bool {
    mail_parser::MessageParser::default().parse(content).is_some_and(|message| shown_in(&message))
}

fn shown_in(message: &mail_parser::Message<'_>) -> bool {
    use mail_parser::PartType;
    message.parts.iter().any(|part| match &part.body {
        PartType::Message(nested) => shown_in(nested),
        PartType::Text(text) | PartType::Html(text) => has(text.as_bytes()),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => has(bytes),
        PartType::Multipart(_) => false,
    })
}

#[test]
fn whatever_another_parser_shows_of_garbled_mail_is_seen() {
    let mut chance = Chance(0x0dd_ba11_cafe_f00d);
    let mut shown = 0;
    for round in 0..1_000 {
        let leaf = leaf(&mut chance);
        let content = garbled(&mail_with(&leaf, round % 7), &mut chance);
        if shown_by_mailparse(content.as_bytes()) || shown_by_mail_parser(content.as_bytes()) {
            shown += 1;
            assert!(is_safe(content.as_bytes()), "round {round}: {content:?}");
        }
    }
    assert!(shown > 500, "most of it is still shown: {shown}");
}
