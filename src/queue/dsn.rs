//! Delivery status notifications (RFC 3464), which tell an author what became of a message
//! without saying anything of what it said.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mail_builder::mime::MimePart;

use super::outcome::Notice;
use super::own::{OwnMail, multipart, printable, text_part};
use crate::mail::{EnhancedStatus, Envelope, QueueId, Recipient, ReversePath, Trouble};
use crate::store::Facts;

/// One recipient's part of a notification.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    pub recipient: &'a Recipient,
    pub trouble: &'a Trouble,
    /// `mx1.example.org [192.0.2.1]:25`, if a host was spoken to.
    pub host: Option<&'a str>,
    /// Until when it is tried; for delays.
    pub retry_until: Option<Timestamp>,
}

/// What a notification is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub envelope: &'a Envelope,
    pub facts: &'a Facts,
    /// Nothing was found in the message, so the peer's words may be repeated. A peer can quote
    /// content in its reply; of any other message only its codes are passed on.
    pub clean: bool,
}

/// The notification's content. `None` for the null reverse path, which is never answered
/// (RFC 5321 §6.1).
pub fn write(
    own: &OwnMail,
    id: QueueId,
    about: Subject,
    notice: Notice,
    reports: &[Report],
    now: Timestamp,
) -> Option<Vec<u8>> {
    let ReversePath::Address(author) = &about.envelope.reverse_path else { return None };
    // All of it in seven bits: a notification that the author's own server can't take tells nobody.
    let parts = vec![
        text_part(explain(own, about, notice, reports)),
        verbatim("message/delivery-status", status(own, about, notice, reports, now)),
        verbatim("text/rfc822-headers", headers(about, reports)),
    ];
    let body = multipart("multipart/report", format!("={id}="), &[("report-type", "delivery-status")], parts);
    Some(own.write(id, std::slice::from_ref(author), title(notice), now, body))
}

fn title(notice: Notice) -> &'static str {
    match notice {
        Notice::Failed => "Your message could not be delivered",
        Notice::Delayed => "Your message is delayed",
        Notice::Relayed => "Your message was handed on",
        Notice::Returned => "Your message was not sent",
    }
}

/// Words for a person.
fn explain(own: &OwnMail, about: Subject, notice: Notice, reports: &[Report]) -> String {
    let lead = match notice {
        Notice::Failed => "Your message could not be delivered to the recipients below. It will not be tried again.",
        Notice::Delayed => {
            "Your message has not yet been delivered to the recipients below. It is still being tried;\r\n\
             you need not send it again."
        }
        Notice::Returned => {
            "Your message was held for privacy review and is returned: it was not sent to the\r\n\
             recipients below. Whoever reviews mail in your organisation can tell you more."
        }
        Notice::Relayed => {
            "Your message was handed to the next mail system for the recipients below, which may not\r\n\
             report its delivery."
        }
    };
    let mut text = format!("This is the mail gateway {}.\r\n\r\n{lead}\r\n\r\n", own.hostname);
    for report in reports {
        let status = class_for(notice, report.trouble.status);
        let _ = write!(text, "  <{}>\r\n    {status} {}\r\n", report.recipient.address, meaning(notice, status));
        if let Some(words) = diagnostic(about.clean, report.trouble) {
            let _ = write!(text, "    {words}\r\n");
        }
        if let Some(until) = report.retry_until {
            let _ = write!(text, "    It will be tried until {}.\r\n", date(until));
        }
    }
    let _ = write!(text, "\r\nIf you ask for help, name this id: {}\r\n", about.envelope.id);
    text
}

/// The machine's part (RFC 3464 §2).
fn status(own: &OwnMail, about: Subject, notice: Notice, reports: &[Report], now: Timestamp) -> String {
    let envelope = about.envelope;
    let mut text = format!("Reporting-MTA: dns; {}\r\n", own.hostname);
    if let Some(envid) = &envelope.envid {
        let _ = write!(text, "Original-Envelope-Id: {}\r\n", printable(&decode_xtext(envid), 100));
    }
    let _ = write!(text, "Arrival-Date: {}\r\nX-Waxseal-Id: {}\r\n", date(envelope.received), envelope.id);
    for report in reports {
        text.push_str("\r\n");
        if let Some((kind, address)) = report.recipient.orcpt.as_deref().and_then(|orcpt| orcpt.split_once(';')) {
            let _ = write!(
                text,
                "Original-Recipient: {}; {}\r\n",
                printable(kind, 40),
                printable(&decode_xtext(address), 400)
            );
        }
        let address = &report.recipient.address;
        let (kind, address) = match address.needs_smtputf8() {
            true => ("utf-8", utf8_xtext(&address.to_string())),
            false => ("rfc822", address.to_string()),
        };
        let action = match notice {
            Notice::Failed | Notice::Returned => "failed",
            Notice::Delayed => "delayed",
            Notice::Relayed => "relayed",
        };
        let status = class_for(notice, report.trouble.status);
        let _ = write!(text, "Final-Recipient: {kind}; {address}\r\nAction: {action}\r\nStatus: {status}\r\n");
        if let Some(host) = report.host.and_then(|host| host.split(' ').next()) {
            let _ = write!(text, "Remote-MTA: dns; {}\r\n", printable(host, 255));
        }
        if report.trouble.code != 0 {
            let words = diagnostic(about.clean, report.trouble).unwrap_or_else(|| codes(report.trouble));
            let _ = write!(text, "Diagnostic-Code: smtp; {words}\r\n");
        }
        let _ = write!(text, "Last-Attempt-Date: {}\r\n", date(now));
        if let Some(until) = report.retry_until {
            let _ = write!(text, "Will-Retry-Until: {}\r\n", date(until));
        }
    }
    text
}

/// Enough of the header to recognise the message by: no subject, no names, only the recipients
/// that this is about (a blind copy must not show to others).
fn headers(about: Subject, reports: &[Report]) -> String {
    let mut text = String::new();
    if let Some(date) = &about.facts.date {
        let _ = write!(text, "Date: {date}\r\n");
    }
    if let Some(id) = &about.facts.message_id {
        let _ = write!(text, "Message-ID: <{}>\r\n", printable(id.trim_matches(['<', '>']), 250));
    }
    if let Some(author) = about.envelope.reverse_path.address().filter(|author| !author.needs_smtputf8()) {
        let _ = write!(text, "From: <{author}>\r\n");
    }
    let recipients = reports.iter().map(|report| &report.recipient.address);
    let to: Vec<String> =
        recipients.filter(|address| !address.needs_smtputf8()).map(|address| format!("<{address}>")).collect();
    if !to.is_empty() {
        let _ = write!(text, "To: {}\r\n", to.join(",\r\n "));
    }
    text
}

/// An address in ASCII, as a report in seven bits has it (RFC 6533 §3: `utf-8-addr-xtext`).
fn utf8_xtext(address: &str) -> String {
    let mut written = String::with_capacity(address.len() + 16);
    for c in address.chars() {
        match c {
            '!'..='~' if !matches!(c, '+' | '=' | '\\') => written.push(c),
            c => _ = write!(written, "\\x{{{:X}}}", u32::from(c)),
        }
    }
    written
}

/// A part whose text must stay as it is: automata read it (RFC 3464 §2.1.1 forbids encoding it).
fn verbatim(kind: &'static str, text: String) -> MimePart<'static> {
    MimePart::new(kind, text).transfer_encoding("7bit")
}

/// The peer's words with their codes, or `None` where they may not be repeated.
fn diagnostic(clean: bool, trouble: &Trouble) -> Option<String> {
    let words = printable(&trouble.text, 100);
    match (clean, trouble.code) {
        (false, _) => None,
        (true, 0) => Some(words),
        (true, _) => Some(format!("{} {words}", codes(trouble))),
    }
}

fn codes(trouble: &Trouble) -> String {
    format!("{} {}", trouble.code, trouble.status)
}

/// The status with the class that fits what we tell (RFC 3464 §2.3.4): a temporary failure that
/// has become final is reported as final.
fn class_for(notice: Notice, status: EnhancedStatus) -> EnhancedStatus {
    let class = match notice {
        Notice::Failed | Notice::Returned => 5,
        Notice::Delayed => 4,
        Notice::Relayed => 2,
    };
    EnhancedStatus(class, status.1, status.2)
}

/// What the status says, in words of our own (RFC 3463 §3).
fn meaning(notice: Notice, status: EnhancedStatus) -> &'static str {
    match (status.1, status.2) {
        _ if notice == Notice::Returned => "It was not released.",
        (1, 1 | 6) => "No such mailbox there.",
        (1, 2) | (4, 4) => "That domain does not exist or takes no mail.",
        (1, 10) => "That domain takes no mail.",
        (2, 2) => "The mailbox is full.",
        (2, 3) | (3, 4) => "The message is too large.",
        (4, 7) => "It could not be delivered in the time allowed.",
        (4, 1..=3) => "The receiving system could not be reached.",
        (7, 5 | 10 | 30) => "The receiving system does not offer the protection that this message needs.",
        (7, _) => "The receiving system's policy refused it.",
        (0, 0) => "",
        _ => "The receiving system did not take it.",
    }
}

/// Undoes the xtext of ENVID and ORCPT (RFC 3461 §4); what is not xtext stays as it is.
fn decode_xtext(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = (*first == b'+').then(|| after.get(..2)).flatten();
        match hex.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                rest = &after[2..];
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn date(at: Timestamp) -> String {
    jiff::fmt::rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).unwrap_or_else(|_| at.to_string())
}

#[cfg(test)]
mod tests;
