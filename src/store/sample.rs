//! Messages to test with, as intake would commit them. Tests change what matters to them.

use jiff::Timestamp;

use super::{Arrival, Decided, Facts, RecipientState};
use crate::mail::{Address, Body, Client, Content, Envelope, Notify, QueueId, Recipient, ReversePath};
use crate::policy::{Decision, Level, Method, RecipientDecision, Verdict};

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
    Decision {
        verdict: Verdict::Clean,
        findings: Default::default(),
        gaps: Vec::new(),
        recipients: to.iter().map(decided).collect(),
        refusal: None,
        all_or_nothing: false,
        edits: Vec::new(),
        ruleset: String::new(),
        config: String::new(),
        profile: None,
        observed: false,
    }
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

fn address(text: &str) -> Address {
    text.parse().expect("a test names real addresses")
}
