//! What a scan saw: which rule, where, how sure; masked, never the text itself.

use serde::{Deserialize, Serialize};

use super::Outline;
use crate::mail::{Address, Domain};
use crate::message::{Origin, Zone};

/// Everything the rules said about one message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    pub findings: Vec<Finding>,
    /// The rules that matched, in file order, with what each asks for.
    pub matches: Vec<RuleMatch>,
    /// A table of known people could not be asked: what it would have said is missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsearched: bool,
    /// By which other rules can judge the message later.
    #[serde(default, skip_serializing_if = "Outline::is_empty")]
    pub outline: Outline,
}

/// One detector's sight that took part in a rule's match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub rule: String,
    pub detector: String,
    pub kind: Kind,
    pub origin: Origin,
    pub zone: Zone,
    /// UTF-8 bytes of the part's text.
    pub offset: usize,
    pub length: usize,
    /// At most its last four characters are left.
    pub masked: String,
    /// 0–100.
    pub confidence: u8,
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleMatch {
    pub rule: String,
    pub kind: Kind,
    pub mode: Mode,
    pub sensitivity: Sensitivity,
    /// Only in shadow or waiting for everybody: see `all_or_nothing`.
    pub all_or_nothing: bool,
    pub topic: Option<String>,
    pub confidence: u8,
    /// Distinct values found, for bulk severity.
    pub count: usize,
}

/// Which law or interest a rule serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Phi,
    Payment,
    Personal,
}

/// How far a rule's word goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Recorded and counted only.
    Shadow,
    /// Recorded, and the author is told.
    Notify,
    Enforce,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Shadow => "shadow",
            Mode::Notify => "notify",
            Mode::Enforce => "enforce",
        }
    }
}

/// What a rule asks of policy: one of the site's levels, or a level by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivity {
    Light,
    Standard,
    Special,
    // A rule may name a level itself (`DESIGN` §3).
    Tls,
    TlsVerified,
    TlsAuthenticated,
    Message,
    Hold,
    Reject,
}

/// What conditions see beside the text: the envelope's facts.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    pub source: String,
    /// Every address of the `From:` field.
    pub authors: Vec<Address>,
    /// Final recipients of the envelope.
    pub recipients: Vec<Address>,
    /// The organisation's own domains: their addresses are staff, not patients.
    pub own_domains: Vec<Domain>,
}
