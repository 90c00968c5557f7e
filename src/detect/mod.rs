//! Segments + compiled [`Ruleset`] → [`Findings`].
//!
//! Rules are compiled once and shared; a scan allocates little and its cost grows with the text,
//! not with the number of rules. Pure: no I/O, no clock, no async.

mod audience;
mod compile;
mod correspondents;
mod explain;
mod fault;
mod finding;
mod headers;
mod ids;
mod judge;
pub mod known;
mod lexicon;
mod lint;
mod live;
mod mask;
mod names;
mod namesakes;
mod near;
mod need;
mod order;
mod outline;
mod page;
mod pattern;
pub mod raw;
mod recognise;
mod ruleset;
mod scan;
mod sieve;
mod standing;
mod stretch;
mod table;
mod topics;
mod traffic;
mod trial;
mod validate;
mod weigh;

pub use compile::{Loader, RuleFile, compile};
pub use explain::{Explanation, NearMiss, SeenHere};
pub use fault::Fault;
pub use finding::{Circumstances, Finding, Findings, Kind, Mode, RuleMatch, Sensitivity};
pub use lint::{Check, Remark, Severity};
pub use outline::Outline;
pub use ruleset::{CompiledRule, Detector, Ruleset};
pub use trial::TestResult;
pub use weigh::Term;
