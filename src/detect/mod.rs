//! Segments + compiled [`Ruleset`] → [`Findings`].
//!
//! Rules are compiled once and shared; a scan allocates little and its cost grows with the text,
//! not with the number of rules. Pure: no I/O, no clock, no async.

mod finding;

pub use finding::{Circumstances, Finding, Findings, Kind, Mode, RuleMatch, Sensitivity};
