//! What tests begin with: envelopes, decisions, messages, sources. A test changes what matters to it.
//!
//! The tests inside of the program and those outside share this file, and the program has none of it.
#![allow(dead_code)]

use jiff::Timestamp;
use waxseal::mail::{Address, Body, Client, Content, Envelope, Notify, QueueId, Recipient, ReversePath};
use waxseal::policy::{Decision, Level, Method, RecipientDecision, Waiver};
use waxseal::smtp::{Source, SourceKind};
use waxseal::store::{Arrival, Decided, Facts, RecipientState};

/// From `ann@clinic.example` by source `office`.
///
/// # Panics
/// If one of `to` is no address.
pub fn envelope(id: QueueId, to: &[&str], received: Timestamp) -> Envelope {
    let recipient = |to: &&str| Recipient { address: address(to), notify: Notify::DEFAULT, orcpt: None };
    Envelope {
        id,
        reverse_path: ReversePath::Address(address("ann@clinic.example")),
        recipients: to.iter().map(recipient).collect(),
        body: Body::EightBitMime,
        smtputf8: false,
        require_tls: false,
        ret: None,
        envid: None,
        source: "office".to_owned(),
        client: Client {
            ip: [192, 0, 2, 1].into(),
            helo: "client".to_owned(),
            extended: true,
            listener: "relay".to_owned(),
            user: None,
            tls: None,
        },
        received,
    }
}

/// A mail server proved by its network alone.
///
/// # Panics
/// If one of `networks` is none.
pub fn source(name: &str, networks: &[&str]) -> Source {
    Source {
        name: name.to_owned(),
        kind: SourceKind::Mta,
        networks: networks.iter().map(|network| network.parse().expect("a test names real networks")).collect(),
        auth_required: false,
        client_certificate: None,
        from_domains: Vec::new(),
        tenants: Vec::new(),
        header: None,
        line_endings: None,
    }
}

/// Clean mail that goes out at this level, or waits.
///
/// # Panics
/// If one of `to` is no address.
pub fn decision(to: &[(&str, Level)]) -> Decision {
    let decided = |(to, level): &(&str, Level)| RecipientDecision {
        address: address(to),
        level: *level,
        ladder: vec![Method::Transport, Method::Wait],
        reasons: Vec::new(),
        lowered_by: Vec::new(),
    };
    Decision::nothing_found(to.iter().map(decided).collect())
}

/// The decision as it is committed: every recipient in this state.
pub fn decided(decision: Decision, state: RecipientState) -> Decided {
    let states = vec![state; decision.recipients.len()];
    Decided { decision, states, events: Vec::new(), own_mail: Vec::new(), leased: false }
}

/// A message with this content that is not decided yet.
///
/// # Panics
/// If one of `to` is no address.
pub fn undecided(id: QueueId, to: &[&str], content: &[u8], received: Timestamp) -> Arrival {
    Arrival {
        envelope: envelope(id, to, received),
        content: Content::Memory(content.to_vec().into()),
        decided: None,
        facts: Facts { size: content.len() as u64, ..Facts::default() },
        events: Vec::new(),
        leased: false,
    }
}

/// Consent of this mailbox to mail of everybody, for good.
///
/// # Panics
/// If `mailbox` is no address.
pub fn waiver(id: &str, mailbox: &str) -> Waiver {
    Waiver {
        id: id.to_owned(),
        address: address(mailbox),
        author: None,
        given: Timestamp::UNIX_EPOCH,
        expires: None,
        obtained_by: "front desk".to_owned(),
        reference: "form 7".to_owned(),
        recorded_by: "local:ann".to_owned(),
        recorded: Timestamp::UNIX_EPOCH,
        revoked: None,
    }
}

fn address(text: &str) -> Address {
    text.parse().expect("a test names real addresses")
}
