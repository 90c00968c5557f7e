//! Bytes + route → result per recipient, with what the session proved.
//!
//! `MAIL` is sent only on a session that reaches the level asked for. Nothing is remembered about
//! a host that could weaken a later attempt.

use serde::{Deserialize, Serialize};

use crate::mail::{Address, EnhancedStatus};
use crate::policy::{Basis, Level};

/// How one try for one recipient ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub address: Address,
    pub result: AttemptResult,
    /// What the session proved, if there was one.
    pub proof: Option<Proof>,
    /// The host that was spoken to: `mx1.example.org [192.0.2.1]:25`.
    pub host: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttemptResult {
    /// The hop took it.
    Sent(Trouble),
    /// To be tried again.
    Deferred(Trouble),
    /// No use in trying this method again.
    Failed(Trouble),
    /// No host reached the level: patience, then the next rung.
    Weak(Trouble),
}

/// The reply or the trouble: code, enhanced status, and the words, bounded and printable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// 0 where no reply came.
    pub code: u16,
    pub status: EnhancedStatus,
    pub text: String,
}

/// What a session with a next hop proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub level: Level,
    pub basis: Basis,
    /// `TLSv1.3`, or empty on a clear session.
    pub version: String,
    /// The certificate's verdict in words.
    pub certificate: String,
}
