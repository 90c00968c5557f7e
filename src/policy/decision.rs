//! What was settled about a message, for whom and why.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Level, Method};
use crate::detect::Findings;
use crate::mail::Address;
use crate::message::Gap;

/// Everything decided about one message; recorded with it and shown by `trace`. It holds masked
/// findings only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub verdict: Verdict,
    pub findings: Findings,
    pub gaps: Vec<Gap>,
    /// In the order of the envelope.
    pub recipients: Vec<RecipientDecision>,
    /// Any recipient at `reject` refuses the whole transaction.
    pub refusal: Option<Refusal>,
    /// One recipient held holds all.
    pub all_or_nothing: bool,
    /// What is taken out of the header on the way out: tags and control fields.
    pub edits: Vec<Edit>,
    /// Hex SHA-256 of the ruleset and the configuration that decided.
    pub ruleset: String,
    pub config: String,
    /// The profile that applied.
    pub profile: Option<String>,
    /// Decided and recorded, but sent with the best TLS offered (`policy.observe_until`).
    pub observed: bool,
}

impl Decision {
    /// About a message in which nothing was found: what is asked for stands with the recipients alone.
    pub fn nothing_found(recipients: Vec<RecipientDecision>) -> Self {
        Self {
            verdict: Verdict::Clean,
            findings: Findings::default(),
            gaps: Vec::new(),
            recipients,
            refusal: None,
            all_or_nothing: false,
            edits: Vec::new(),
            ruleset: String::new(),
            config: String::new(),
            profile: None,
            observed: false,
        }
    }

    /// What the queue holds this recipient's delivery to, and the rung it begins with. While the
    /// site only observes, everything goes with the best TLS offered, whatever was decided.
    pub fn start(&self, recipient: &RecipientDecision) -> (Level, Method) {
        match recipient.ladder.first() {
            Some(rung) if self.observed => (Level::Opportunistic, *rung),
            Some(rung) => (recipient.level, *rung),
            None => (recipient.level, Method::Hold),
        }
    }
}

/// One recipient's part of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientDecision {
    pub address: Address,
    /// What the hop must reach. With `observed`, what it would have had to.
    pub level: Level,
    /// Tried in order; none lowers the level.
    pub ladder: Vec<Method>,
    pub reasons: Vec<Reason>,
    /// Ids of the exceptions and waivers that lowered the level.
    pub lowered_by: Vec<String>,
}

/// Why a level was asked for: words and ids, never content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub level: Level,
    /// `rule phi.identifier-with-health`, `gap encrypted in attachment/2`, `tag [secure]`, `policy.clean`.
    pub text: String,
}

/// The refusal of a transaction at SMTP time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The reason code in brackets: `WX-RULE`.
    pub code: String,
    /// Neutral words for the client.
    pub text: String,
}

/// A change to the header on the way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edit {
    /// Every field of this name goes.
    RemoveField(String),
    /// This tag goes from the subject.
    RemoveTag(String),
}

/// The message in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// An enforced PHI rule matched.
    Phi,
    /// None did, but a gap asks for more than clean mail.
    Unread,
    /// Another rule matched: cards, personal data.
    Sensitive,
    Clean,
}

impl Verdict {
    pub const ALL: [Verdict; 4] = [Verdict::Phi, Verdict::Unread, Verdict::Sensitive, Verdict::Clean];

    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Phi => "phi",
            Verdict::Unread => "unread",
            Verdict::Sensitive => "sensitive",
            Verdict::Clean => "clean",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
