//! Findings + envelope + context → one [`Decision`] per final recipient: level, ladder, reasons.
//!
//! Pure. The highest level asked for wins; nothing here can lower one except a recorded waiver or
//! exception. Property-tested: more findings never lower a level, a rung never lowers one.

mod decision;
mod level;

pub use decision::{Decision, Edit, Reason, RecipientDecision, Refusal, Verdict};
pub use level::{Basis, Level, Method};
