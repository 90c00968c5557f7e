//! The room's tests: verbs on a real store in a folder of their own.

use jiff::Timestamp;

use crate::detect::{Finding, Findings, Kind, Mode, RuleMatch, Sensitivity};
use crate::mail::{Body, Client, Envelope, Notify, QueueId, Recipient, ReversePath};
use crate::message::{Origin, Zone};
use crate::policy::{Decision, Level, Method, Reason, RecipientDecision, Verdict};
use crate::queue::OwnMail;

pub(super) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(super) fn own() -> OwnMail {
    OwnMail {
        hostname: "gw.clinic.example".parse().unwrap(),
        postmaster: "postmaster@clinic.example".parse().unwrap(),
        level: Level::Tls,
    }
}

const TO: [&str; 2] = ["one@partner.example", "two@partner.example"];

pub(super) fn envelope() -> Envelope {
    let recipient = |to: &str| Recipient { address: to.parse().unwrap(), notify: Notify::DEFAULT, orcpt: None };
    Envelope {
        id: QueueId::new(now().as_millisecond() as u64, &[7; 10]),
        reverse_path: ReversePath::Address("ann@clinic.example".parse().unwrap()),
        recipients: TO.map(recipient).to_vec(),
        body: Body::EightBitMime,
        smtputf8: false,
        require_tls: false,
        ret: None,
        envid: None,
        source: "office".into(),
        client: Client {
            ip: std::net::Ipv4Addr::LOCALHOST.into(),
            helo: "client".into(),
            extended: true,
            listener: "relay".into(),
            user: None,
            tls: None,
        },
        received: now(),
    }
}

/// Two recipients at these levels; who is held, is by rule `phi.bulk`.
pub(super) fn decision(levels: &[Level]) -> Decision {
    let recipient = |(to, level): (&&str, &Level)| RecipientDecision {
        address: to.parse().unwrap(),
        level: *level,
        ladder: if *level >= Level::Hold { vec![Method::Hold] } else { vec![Method::Transport, Method::Wait] },
        reasons: vec![
            Reason { level: *level, text: "rule phi.bulk".into() },
            Reason { level: Level::TlsVerified, text: "rule phi.identifier-with-health".into() },
        ],
        lowered_by: Vec::new(),
    };
    let matched = RuleMatch {
        rule: "phi.bulk".into(),
        kind: Kind::Phi,
        mode: Mode::Enforce,
        sensitivity: Sensitivity::Hold,
        all_or_nothing: false,
        topic: None,
        confidence: 90,
        count: 12,
    };
    let finding = Finding {
        rule: "phi.bulk".into(),
        detector: "us-ssn".into(),
        kind: Kind::Phi,
        origin: Origin::new("body/text[1]"),
        zone: Zone::New,
        offset: 3,
        length: 11,
        masked: "***-**-6789".into(),
        confidence: 95,
    };
    Decision {
        verdict: Verdict::Phi,
        findings: Findings { findings: vec![finding], matches: vec![matched] },
        gaps: Vec::new(),
        recipients: TO.iter().zip(levels).map(recipient).collect(),
        refusal: None,
        all_or_nothing: false,
        edits: Vec::new(),
        ruleset: "old".into(),
        config: "c".into(),
        profile: None,
        observed: false,
    }
}
