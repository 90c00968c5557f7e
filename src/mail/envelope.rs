//! The SMTP envelope: paths and their parameters (RFC 5321 §2.3.1, RFC 3461).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Address, Client, QueueId, ReversePath};

/// What the client said before the content, and what we know of the transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub id: QueueId,
    pub reverse_path: ReversePath,
    pub recipients: Vec<Recipient>,
    /// `BODY=` (RFC 6152, RFC 3030).
    pub body: Body,
    /// `SMTPUTF8` was given (RFC 6531).
    pub smtputf8: bool,
    /// `REQUIRETLS` was given (RFC 8689).
    pub require_tls: bool,
    /// `RET=` (RFC 3461 §4.3).
    pub ret: Option<Ret>,
    /// `ENVID=`, still as xtext, without its keyword (RFC 3461 §4.4).
    pub envid: Option<String>,
    /// The configured source that the client proved to be.
    pub source: String,
    pub client: Client,
    pub received: Timestamp,
}

/// One forward path with its delivery notification parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    pub address: Address,
    pub notify: Notify,
    /// `ORCPT=` as given: address type, semicolon, xtext (RFC 3461 §4.2).
    pub orcpt: Option<String>,
}

/// When the author asked to be told (RFC 3461 §4.1). The default is failure and delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    pub success: bool,
    pub failure: bool,
    pub delay: bool,
    /// Whether the client gave `NOTIFY` at all; if not, none is passed on.
    pub asked: bool,
}

impl Notify {
    pub const DEFAULT: Notify = Notify { success: false, failure: true, delay: true, asked: false };
    pub const NEVER: Notify = Notify { success: false, failure: false, delay: false, asked: true };
}

/// How much of the message a DSN returns when the client may choose (RFC 3461 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ret {
    Full,
    Headers,
}

/// The declared kind of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    SevenBit,
    EightBitMime,
}
