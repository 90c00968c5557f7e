//! One try at delivery: what goes in, and how it ended for each recipient.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Destination;
use crate::mail::{Address, AttemptResult, Envelope};
use crate::policy::{Basis, Level};

/// A message and those of its recipients that go one way.
#[derive(Clone)]
pub struct Job {
    pub envelope: Arc<Envelope>,
    /// Their places in the envelope.
    pub recipients: Vec<usize>,
    pub destination: Destination,
    /// What the session must prove before `MAIL`.
    pub level: Level,
    /// The message as it is to arrive, in pieces, so that the body is not copied.
    pub pieces: Arc<[Bytes]>,
}

impl Job {
    /// The size that `SIZE=` announces.
    pub fn size(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }
}

/// How one try for one recipient ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The recipient's place in the envelope.
    pub index: usize,
    pub address: Address,
    pub result: AttemptResult,
    /// What the session proved, if there was one.
    pub proof: Option<Proof>,
    /// The host that was spoken to: `mx1.example.org [192.0.2.1]:25`.
    pub host: Option<String>,
    /// The hop took over the duty to report success (RFC 3461 §5.2.2); if not, and success was
    /// asked for, we report `relayed`.
    pub reports: bool,
}

/// What a session with a next hop proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub level: Level,
    /// What handing over by it counts as: the level, or what the route states of its hop.
    pub counts: Level,
    pub basis: Basis,
    /// `TLSv1.3`, or empty on a clear session.
    pub version: String,
    /// The certificate's verdict in words.
    pub certificate: String,
}
