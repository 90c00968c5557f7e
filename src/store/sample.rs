//! Messages to test with, as intake would commit them. Tests change what matters to them.

use jiff::Timestamp;

use super::{Arrival, Decided, Facts, RecipientState};
pub use crate::mail::sample::envelope;
use crate::mail::{Address, Content, QueueId};
use crate::policy::{Decision, Level, Method, RecipientDecision, Verdict, Waiver};

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
