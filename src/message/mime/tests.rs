//! Parts, their origins and zones; what can't be read; and bombs.

use super::super::{Budget, GapReason, InProcess, Reading, Zone, read};

fn reading(content: &str) -> Reading {
    read(content.replace('\n', "\r\n").as_bytes(), &Budget::new(50 << 20, 200_000), &InProcess)
}

/// Origins with their texts.
fn texts(content: &str) -> Vec<(String, String)> {
    let texts = reading(content).segments.into_iter();
    texts.map(|segment| (segment.origin.as_str().to_owned(), segment.text)).collect()
}

fn has(content: &str, origin: &str, text: &str) {
    let texts = texts(content);
    let found = texts.iter().any(|(at, found)| at == origin && found.trim() == text);
    assert!(found, "{origin}: {text:?} is not among {texts:?}");
}

const MIXED: &str = "From: Ann Lee <a@x.example>\nSubject: =?utf-8?q?Results_for_J=C3=B6?=\nComments: for Jo\n\
    Content-Type: multipart/mixed; boundary=b\n\nThis is a multi-part message.\n--b\nContent-Type: multipart/alternative; boundary=c\n\n\
    --c\n\nHello Jo\n--c\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<p>Hello=20<b>J</b>o</p>\n--c--\n\
    --b\nContent-Type: text/csv; name*=utf-8''r%C3%B6e.csv\nContent-Disposition: attachment\nContent-Description: Jo's list\n\nMRN,Name\n12,Roe\n\
    --b\nContent-Type: message/rfc822\n\nSubject: inner\n\nold text\n--b--\nlast words\n";

#[test]
fn every_part_has_its_origin() {
    for (origin, text) in [
        ("header/subject", "Results for Jö"),
        ("header/from", "Ann Lee <a@x.example>"),
        ("header/comments", "for Jo"),
        ("header/content-description", "Jo's list"),
        ("body/text[1]", "Hello Jo"),
        ("body/html[1]", "Hello Jo"),
        ("body/preamble", "This is a multi-part message."),
        ("body/epilogue", "last words"),
        ("attachment/1", "MRN\tName\n12\tRoe"),
        ("attachment/1/name", "röe.csv"),
        ("attachment/2/header/subject", "inner"),
        ("attachment/2/body/text[1]", "old text"),
    ] {
        has(MIXED, origin, text);
    }
    assert!(reading(MIXED).gaps.is_empty(), "{:?}", reading(MIXED).gaps);
    let kinds: Vec<String> = reading(MIXED).parts.into_iter().map(|part| part.kind).collect();
    assert_eq!(kinds, ["text/csv", "message/rfc822"]);
}

#[test]
fn what_can_not_be_read_is_a_gap() {
    let mail = |kind: &str, body: &str| format!("Subject: x\nContent-Type: {kind}\n\n{body}\n");
    for (content, reason) in [
        (mail("message/partial; id=1; number=1", "Subject: y\n\nz"), GapReason::UnknownType),
        (mail("message/external-body; access-type=url", "Content-Type: text/plain\n\n"), GapReason::UnknownType),
        (mail("application/pdf", "%PNG\u{0}"), GapReason::UnknownType),
        ("no header at all".to_owned(), GapReason::NotMail),
        ("".to_owned(), GapReason::NotMail),
        ("\u{89}PNG\r\n\u{1a}\n\u{0}\u{7}:\u{8}\nno header: at all".to_owned(), GapReason::NotMail),
    ] {
        let gaps = reading(&content).gaps;
        assert!(gaps.iter().any(|gap| gap.reason == reason), "{content:?}: {gaps:?}");
    }
}

#[test]
fn signed_parts_are_known() {
    let content = "Content-Type: multipart/signed; boundary=b; protocol=\"application/pgp-signature\"\n\n--b\n\
        Content-Type: text/csv\n\na,b\n--b\nContent-Type: application/pgp-signature; name=s.asc\n\n\
        -----BEGIN PGP SIGNATURE-----\n--b--\n";
    let reading = reading(content);
    assert!(reading.gaps.is_empty(), "{:?}", reading.gaps);
    assert!(reading.parts.iter().all(|part| part.signed));
}

#[test]
fn zones_follow_markup_and_lines() {
    let content = "Subject: x\n\nnew words\n\nOn Monday, Ann wrote:\n> old words\n";
    let segment = reading(content).segments.into_iter().find(|segment| segment.origin.as_str() == "body/text[1]");
    let segment = segment.expect("the text");
    assert_eq!(segment.zone_at(segment.text.find("new").expect("new")), Zone::New);
    assert_eq!(segment.zone_at(segment.text.find("old").expect("old")), Zone::Quoted);
}

/// So long has this thread computed: other programs' work does not count.
fn busy_seconds() -> i64 {
    rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).tv_sec
}

#[test]
fn bombs_end_soon_and_as_gaps() {
    let nested = |kind: &str, times: usize| {
        (0..times).map(|at| kind.replace('#', &at.to_string())).collect::<String>() + "\n\nSSN 219-09-6781\n"
    };
    let message = "Content-Type: message/rfc822\n\n";
    let multipart = "Content-Type: multipart/mixed; boundary=b#\n\n--b#\n";
    for content in [
        nested(message, 40_000),
        nested(message, 50),
        nested(multipart, 10_000),
        nested(multipart, 300),
        format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(100_000)),
        "X: y\n".repeat(1_000_000),
        format!("To: {}\n\nx", "group:a@x.example,b;".repeat(100_000)),
        attached(&format!(
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{}",
            base64(&nested(message, 60_000))
        )),
        attached(&nested("Content-Type: message (x)/rfc822\n\n", 60_000)),
        attached(&nested("Content-Type: \"message\"/rfc822\n\n", 60_000)),
        format!("Content-Type: multipart/mixed; boundary=b{}\n\n--b\n\nx\n--b--\n", pieces("name", 100_000)),
    ] {
        let begun = busy_seconds();
        let reading = reading(&content);
        let seen = reading.segments.iter().any(|segment| segment.text.contains("219-09-6781"));
        assert!(!reading.gaps.is_empty() || seen || content.starts_with("To:"), "{}", &content[..40]);
        // Without optimisation; what grows by its square takes many minutes.
        assert!(busy_seconds() - begun < 60, "{} took {} s", &content[..40], busy_seconds() - begun);
    }
}

/// Each piece of a charset was looked for among all that came before.
#[test]
fn a_hundred_thousand_parameters_are_read_in_a_moment() {
    let begun = busy_seconds();
    reading(&format!("Content-Type: text/plain{}{}\n\nx\n", pieces("name", 100_000), pieces("charset", 100_000)));
    assert!(busy_seconds() - begun < 15, "{} s", busy_seconds() - begun);
}

fn pieces(name: &str, times: usize) -> String {
    (0..times).map(|at| format!(";\n {name}*{at}=a{at}")).collect()
}

fn attached(part: &str) -> String {
    format!("Content-Type: multipart/mixed; boundary=q\n\n--q\n{part}\n--q--\n")
}

fn base64(text: &str) -> String {
    use base64::Engine;
    let code = base64::engine::general_purpose::STANDARD.encode(text);
    code.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned() + "\n").collect()
}

/// A forwarded message that its program encoded, which RFC 2046 forbids, is opened all the same.
#[test]
fn an_encoded_message_is_opened_and_no_contradiction() {
    let inner = "Subject: inner\n\nold text\n";
    for (encoding, body) in [("base64", base64(inner)), ("quoted-printable", inner.replace('o', "=6F"))] {
        let content = attached(&format!(
            "Content-Type: text/plain\n\nsee below\n--q\nContent-Type: message/rfc822\nContent-Transfer-Encoding: {encoding}\n\n{body}\n--q\n\
             Content-Type: text/csv; name=r.csv\n\na,b\n"
        ));
        has(&content, "attachment/1/header/subject", "inner");
        has(&content, "attachment/1/body/text[1]", "old text");
        has(&content, "attachment/2", "a\tb");
        assert!(reading(&content).gaps.is_empty(), "{encoding}: {:?}", reading(&content).gaps);
    }
}

#[test]
fn a_footer_behind_a_base64_body_is_read_and_no_contradiction() {
    let body = base64("The results for Jo Roe are in.\n");
    let mail = format!(
        "Subject: x\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n{body}\n\n____\nSent by the list of wards\n"
    );
    let reading = reading(&mail);
    assert!(reading.gaps.is_empty(), "{:?}", reading.gaps);
    for text in ["The results for Jo Roe are in.", "Sent by the list of wards"] {
        assert!(reading.segments.iter().any(|segment| segment.text.contains(text)), "{text}");
    }
}
