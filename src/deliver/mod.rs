//! Bytes + route → result per recipient, with what the session proved.
//!
//! `MAIL` is sent only on a session that reaches the level asked for. Nothing is remembered about
//! a host that could weaken a later attempt.

use serde::{Deserialize, Serialize};

use crate::mail::Address;
pub use crate::mail::{AttemptResult, Trouble};
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
