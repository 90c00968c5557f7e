use super::*;
use crate::mail::{Address, Notify};
use crate::sample;

const NOW: i64 = 1_700_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW + seconds).unwrap()
}

fn envelope(reverse_path: &str) -> Envelope {
    let reverse_path = match reverse_path {
        "" => ReversePath::Null,
        path => ReversePath::Address(path.parse().unwrap()),
    };
    Envelope {
        reverse_path,
        recipients: vec![
            recipient("roe@there.example", Some("rfc822;old+2Bname@there.example")),
            recipient("blind@other.example", None),
        ],
        envid: Some("abc+0D+0AX-Forged: yes".to_owned()),
        ..sample::envelope(QueueId::new(1, &[1; 10]), &[], at(-3600))
    }
}

fn recipient(address: &str, orcpt: Option<&str>) -> Recipient {
    let address: Address = address.parse().unwrap();
    Recipient { address, notify: Notify::DEFAULT, orcpt: orcpt.map(str::to_owned) }
}

fn facts() -> Facts {
    Facts {
        message_id: Some("1234@clinic.example".to_owned()),
        subject: Some("CANARY diagnosis".to_owned()),
        date: Some("Thu, 1 Jan 2026 08:00:00 +0100".to_owned()),
        ..Facts::default()
    }
}

fn trouble(text: &str) -> Trouble {
    Trouble { code: 550, status: EnhancedStatus(5, 1, 1), text: text.to_owned() }
}

fn written(reverse_path: &str, clean: bool, notice: Notice, trouble: &Trouble) -> Option<String> {
    written_about(&envelope(reverse_path), clean, notice, trouble)
}

fn written_about(envelope: &Envelope, clean: bool, notice: Notice, trouble: &Trouble) -> Option<String> {
    let facts = facts();
    let about = Subject { envelope, facts: &facts, clean };
    let report = Report {
        recipient: &envelope.recipients[0],
        trouble,
        host: Some("mx1.there.example [192.0.2.9]:25"),
        retry_until: (notice == Notice::Delayed).then(|| at(400_000)),
    };
    let own = OwnMail { hostname: "gw.example.org".parse().unwrap(), ..OwnMail::default() };
    let content = write(&own, QueueId::new(2, &[2; 10]), about, notice, &[report], at(0))?;
    Some(String::from_utf8(content).unwrap())
}

#[test]
fn null_reverse_path_gets_no_dsn() {
    assert_eq!(written("", true, Notice::Failed, &trouble("no")), None);
}

#[test]
fn a_failure_is_a_report_of_three_parts_with_what_the_client_asked_to_have_back() {
    let dsn = written("ann@clinic.example", true, Notice::Failed, &trouble("no such user")).unwrap();
    for expected in [
        "To: <ann@clinic.example>\r\n",
        "Auto-Submitted: auto-replied\r\n",
        "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n",
        "multipart/report",
        "report-type=\"delivery-status\"",
        "Reporting-MTA: dns; gw.example.org\r\n",
        "Original-Recipient: rfc822; old+name@there.example\r\n",
        "Final-Recipient: rfc822; roe@there.example\r\n",
        "Action: failed\r\nStatus: 5.1.1\r\n",
        "Remote-MTA: dns; mx1.there.example\r\n",
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n",
        "Message-ID: <1234@clinic.example>\r\n",
    ] {
        assert!(dsn.contains(expected), "{expected:?} is missing in\n{dsn}");
    }
    let parsed = mail_parser::MessageParser::new().parse(dsn.as_bytes()).unwrap();
    assert_eq!(parsed.parts.len(), 4, "the report and its three parts");
}

/// T093.
#[test]
fn nothing_of_the_message_or_of_other_recipients_shows() {
    let dsn = written("ann@clinic.example", true, Notice::Failed, &trouble("no")).unwrap();
    assert!(!dsn.contains("CANARY") && !dsn.contains("blind@"), "{dsn}");
    let headers = dsn.split("text/rfc822-headers").nth(1).unwrap();
    let fields: Vec<&str> = headers.lines().filter_map(|line| line.split_once(": ")).map(|(name, _)| name).collect();
    assert_eq!(fields, ["Content-Transfer-Encoding", "Date", "Message-ID", "From", "To"]);
    assert!(headers.contains("Date: Thu, 1 Jan 2026 08:00:00 +0100\r\n"), "the author's, not ours: {headers}");
}

/// T093.
#[test]
fn the_peers_words_are_cut_and_dropped_if_anything_was_found() {
    let long = trouble(&format!("\u{1b}[31mbad\r\nX-Forged: yes {}", "x".repeat(1000)));
    let clean = written("ann@clinic.example", true, Notice::Failed, &long).unwrap();
    assert!(clean.contains("Diagnostic-Code: smtp; 550 5.1.1 ?[31mbad??X-Forged: yes "));
    assert!(!clean.contains(&"x".repeat(80)));
    assert!(!clean.lines().any(|line| line.starts_with("X-Forged")), "{clean}");
    let phi = written("ann@clinic.example", false, Notice::Failed, &long).unwrap();
    assert!(phi.contains("Diagnostic-Code: smtp; 550 5.1.1\r\n") && !phi.contains("bad"), "{phi}");
}

#[test]
fn a_delay_says_until_when_and_has_class_4() {
    let dsn = written("ann@clinic.example", true, Notice::Delayed, &trouble("later")).unwrap();
    assert!(dsn.contains("Action: delayed\r\nStatus: 4.1.1\r\n"), "{dsn}");
    assert!(dsn.contains("Will-Retry-Until: Sun, 19 Nov 2023 13:20:00 +0000\r\n"), "{dsn}");
}

/// RFC 6533 §3: the author's server need not know of eight bits.
#[test]
fn an_address_that_is_not_ascii_is_told_in_seven_bits() {
    let mut envelope = envelope("ann@clinic.example");
    envelope.recipients[0] = recipient("b\u{fc}b+x@there.example", None);
    let dsn = written_about(&envelope, true, Notice::Failed, &trouble("no")).unwrap();
    assert!(dsn.is_ascii(), "{dsn}");
    assert!(dsn.contains("Final-Recipient: utf-8; b\\x{FC}b\\x{2B}x@there.example\r\n"), "{dsn}");
    assert!(dsn.contains("b=C3=BCb+x@there.example"), "and in words, for the author: {dsn}");
}

#[test]
fn xtext_is_undone_and_odd_xtext_kept() {
    for (given, read) in [("a+2Bb", "a+b"), ("a+zz", "a+zz"), ("a+", "a+"), ("+3Dx", "=x")] {
        assert_eq!(decode_xtext(given), read);
    }
}
