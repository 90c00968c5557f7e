//! The fields that we put on top: trace, id, and what a device forgot.

use std::fmt::Write;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::mail::{Domain, Envelope};
use crate::message::Field;
use crate::policy::Verdict;

/// `Received` (RFC 5321 §4.4). The recipient is named only where there is one: with several, each
/// would learn of the others.
pub fn received(out: &mut String, envelope: &Envelope, hostname: &Domain) {
    let client = &envelope.client;
    _ = write!(out, "Received: from {} ([{}])", helo(&client.helo), literal(client.ip));
    if let Some(tls) = &client.tls {
        _ = write!(out, "\r\n\t(using {} with cipher {})", word(&tls.version), word(&tls.cipher));
    }
    let protocol = client.protocol(envelope.smtputf8);
    _ = write!(out, "\r\n\tby {hostname} (Waxseal) with {protocol} id {}", envelope.id);
    if let [only] = envelope.recipients.as_slice() {
        // Where SMTPUTF8 was not agreed on, a header is ASCII.
        if envelope.smtputf8 || !only.address.needs_smtputf8() {
            _ = write!(out, "\r\n\tfor <{}>", only.address);
        }
    }
    _ = write!(out, ";\r\n\t{}\r\n", date(envelope.received));
}

pub fn id(out: &mut String, envelope: &Envelope) {
    _ = write!(out, "X-Waxseal-Id: {}\r\n", envelope.id);
}

/// For internal hops only: that a message contains PHI never reaches the internet.
pub fn verdict(out: &mut String, verdict: Verdict) {
    _ = write!(out, "X-Waxseal-Verdict: {verdict}\r\n");
}

/// Date and Message-ID where the source left them out (RFC 6409 §8).
pub fn mend(out: &mut String, fields: &[Field], envelope: &Envelope, hostname: &Domain) {
    let lacks = |name: &str| !fields.iter().any(|field| field.name.eq_ignore_ascii_case(name));
    if lacks("Date") {
        _ = write!(out, "Date: {}\r\n", date(envelope.received));
    }
    if lacks("Message-ID") {
        _ = write!(out, "Message-ID: <{}@{hostname}>\r\n", envelope.id);
    }
}

fn date(at: Timestamp) -> impl std::fmt::Display {
    at.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

fn literal(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("IPv6:{ip}"),
    }
}

/// The client said it, so it could be anything.
fn helo(said: &str) -> &str {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b);
    if !said.is_empty() && said.len() <= 255 && said.bytes().all(fits) { said } else { "unknown" }
}

fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')).collect()
}
