//! One line for one message: the contract's JSON, and the same for a person.

use std::collections::HashSet;
use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::super::findings::distinct;
use super::super::output::plain;
use crate::detect::Finding;
use crate::intake::{Examination, Judge, Law, examine_safely};
use crate::mail::{Address, Body, Client, Envelope, Notify, QueueId, Recipient, ReversePath, author};
use crate::message::{Budget, Documents, Gap, GapReason};
use crate::policy::{Decision, Level, Verdict};

/// Bytes of text and parts that one message may yield: as in the gateway.
const MOST_TEXT: u64 = 256 << 20;
const MOST_PARTS: u64 = 20_000;

/// What examining a message needs beside the message.
pub struct Bench<'a> {
    pub law: &'a Law,
    pub documents: &'a dyn Documents,
    pub now: Timestamp,
}

impl Bench<'_> {
    /// Examines a message as if it were sent to these, or else to whom its header names.
    pub fn examine(&self, content: &[u8], to: &[Address]) -> Examination {
        let envelope = self.envelope(content, to);
        let judge = Judge { law: self.law, waivers: &[], now: self.now };
        examine_safely(content, &envelope, judge, self.documents, &self.budget())
    }

    /// What one message may yield.
    pub fn budget(&self) -> Budget {
        Budget::new(MOST_TEXT, MOST_PARTS)
    }

    /// An envelope such as a submission of this message would have.
    pub fn envelope(&self, content: &[u8], to: &[Address]) -> Envelope {
        let mut recipients = if to.is_empty() { named_in_header(content) } else { to.to_vec() };
        if recipients.is_empty() {
            // Whoever it goes to, somebody gets it.
            recipients.extend("somebody@recipient.invalid".parse::<Address>());
        }
        let author = author::authors(content).ok().and_then(|authors| authors.into_iter().next());
        let recipient = |address| Recipient { address, notify: Notify::DEFAULT, orcpt: None };
        Envelope {
            id: QueueId::from_bytes([0; 16]),
            reverse_path: author.map_or(ReversePath::Null, ReversePath::Address),
            recipients: recipients.into_iter().map(recipient).collect(),
            body: Body::EightBitMime,
            smtputf8: false,
            require_tls: false,
            ret: None,
            envid: None,
            source: String::new(),
            client: Client {
                ip: std::net::Ipv4Addr::LOCALHOST.into(),
                helo: "localhost".into(),
                extended: true,
                listener: String::new(),
                user: None,
                tls: None,
            },
            received: self.now,
        }
    }
}

/// To, Cc and Bcc, read as leniently as any mail program would: this is not the envelope of a
/// message that is sent.
fn named_in_header(content: &[u8]) -> Vec<Address> {
    let Some(header) = mail_parser::MessageParser::new().with_address_headers().parse_headers(content) else {
        return Vec::new();
    };
    let lists = [header.to(), header.cc(), header.bcc()].into_iter().flatten();
    let mut seen = HashSet::new();
    let named = lists.flat_map(|list| list.iter()).filter_map(|one| one.address()?.parse::<Address>().ok());
    named.filter(|address| seen.insert(address.clone())).collect()
}

/// What a scan says about one message.
pub struct Report {
    pub file: String,
    pub verdict: Verdict,
    level: Level,
    gaps: Vec<Gap>,
    findings: Vec<Finding>,
    reasons: Vec<String>,
    pub spent: Duration,
}

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    verdict: Verdict,
    level: Level,
    gaps: &'a [Gap],
    findings: &'a [Finding],
    ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'a str>,
}

impl Report {
    pub fn new(file: &str, decision: &Decision, spent: Duration) -> Self {
        let strongest = decision.recipients.iter().max_by_key(|recipient| recipient.level);
        let level = strongest.map_or(Level::Opportunistic, |recipient| recipient.level);
        let reasons = strongest.map(|recipient| {
            recipient.reasons.iter().filter(|reason| reason.level == level).map(|reason| reason.text.clone()).collect()
        });
        Self {
            file: file.to_owned(),
            verdict: decision.verdict,
            level,
            gaps: decision.gaps.clone(),
            findings: decision.findings.findings.clone(),
            reasons: reasons.unwrap_or_default(),
            spent,
        }
    }

    /// The input was no mail at all.
    pub fn is_not_mail(&self) -> bool {
        self.gaps.iter().any(|gap| gap.reason == GapReason::NotMail)
    }

    /// The contract's line.
    pub fn json(&self, explanation: Option<&str>) -> String {
        let ms = (self.spent.as_secs_f64() * 100_000.0).round() / 100.0;
        let line = Line {
            file: &self.file,
            verdict: self.verdict,
            level: self.level,
            gaps: &self.gaps,
            findings: &self.findings,
            ms,
            explanation,
        };
        serde_json::to_string(&line).expect("our own values are JSON")
    }

    /// The same for a person: the verdict first, then why.
    pub fn text(&self) -> String {
        let mut text = format!("{:<9} {:<17} {}", self.verdict.to_string(), self.level.to_string(), plain(&self.file));
        if !self.reasons.is_empty() {
            _ = write!(text, "  ({})", plain(&self.reasons.join("; ")));
        }
        text.push('\n');
        for (finding, rules) in distinct(&self.findings) {
            let rules = match rules.as_slice() {
                [rule] => (*rule).to_owned(),
                rules => format!("{} rules", rules.len()),
            };
            _ = writeln!(
                text,
                "    {} in {} at {}: {}  ({rules}, confidence {})",
                finding.detector,
                plain(finding.origin.as_str()),
                finding.offset,
                plain(&finding.masked),
                finding.confidence
            );
        }
        for gap in &self.gaps {
            _ = writeln!(text, "    not read: {} ({})", plain(gap.origin.as_str()), gap.reason);
        }
        text
    }
}
