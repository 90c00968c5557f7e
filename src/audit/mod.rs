//! The account of every event: record, hash chain, verify.
//!
//! Pure: the store keeps the records. A record holds ids, levels, replies and masked evidence,
//! never content, subject or an unmasked finding.

mod chain;
mod decided;

pub use chain::{Fault, Hash, Head, Record, Verifier, verify};
pub use decided::{detail_of_decision, detail_of_hold};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mail::QueueId;

/// Something that happened, to be chained into the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub at: Timestamp,
    /// `gateway`, or the person or system user who did it.
    pub actor: String,
    pub kind: EventKind,
    pub message: Option<QueueId>,
    /// What is worth knowing, by name; documented per kind in `docs/events.md`.
    pub detail: serde_json::Map<String, serde_json::Value>,
}

/// The kinds of events. The name in the record is the kebab-case of the variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    Started,
    Stopped,
    Reloaded,
    ReloadFailed,
    /// Configuration asks for less than the defaults for PHI.
    WeakConfiguration,
    ObserveStarted,
    Decided,
    Refused,
    Attempted,
    Held,
    Released,
    Protected,
    Returned,
    Rejected,
    Rechecked,
    Exported,
    Expired,
    Deleted,
    QueueChanged,
    LoginSucceeded,
    LoginFailed,
    UserChanged,
    WaiverChanged,
    KeyChanged,
    RuleChanged,
    Damaged,
}
