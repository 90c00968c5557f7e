//! How one try for one recipient ended: the word that delivery, queue and DSN share.

use serde::{Deserialize, Serialize};

use super::EnhancedStatus;

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

impl AttemptResult {
    /// The reply or trouble it ended with.
    pub fn trouble(&self) -> &Trouble {
        match self {
            AttemptResult::Sent(trouble)
            | AttemptResult::Deferred(trouble)
            | AttemptResult::Failed(trouble)
            | AttemptResult::Weak(trouble) => trouble,
        }
    }

    /// The word for metrics and records.
    pub fn as_str(&self) -> &'static str {
        match self {
            AttemptResult::Sent(_) => "sent",
            AttemptResult::Deferred(_) => "deferred",
            AttemptResult::Failed(_) => "failed",
            AttemptResult::Weak(_) => "weak",
        }
    }
}

impl Trouble {
    /// Trouble of our own finding, without a reply.
    pub fn of(status: EnhancedStatus, text: impl Into<String>) -> Self {
        Self { code: 0, status, text: text.into() }
    }
}

impl std::fmt::Display for Trouble {
    /// `550 5.1.1 no such user`, or without the code where no reply came.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.code != 0 {
            write!(f, "{} ", self.code)?;
        }
        write!(f, "{} {}", self.status, self.text)
    }
}
