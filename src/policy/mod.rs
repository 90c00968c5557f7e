//! Findings + envelope + context → one [`Decision`] per final recipient: level, ladder, reasons.
//!
//! Pure. The highest level asked for wins; nothing here can lower one except a recorded waiver or
//! exception. Property-tested: more findings never lower a level, a rung never lowers one.

mod config;
mod decide;
mod decision;
mod exception;
mod ladder;
mod level;
mod request;
#[cfg(test)]
mod tests;
mod waiver;

pub use config::{Class, Config, Profile, Provision};
pub use decide::{Context, decide, hold_all};
pub use decision::{Decision, Edit, Reason, RecipientDecision, Refusal, Verdict};
pub use exception::{Exception, Party, When};
pub use level::{Basis, Level, Method};
pub use waiver::{Revocation, Waiver, WaiverState};
