//! Waxseal, an outbound SMTP compliance gateway for healthcare.
//!
//! The map of the house. A room knows only rooms above its own (`tests/architecture.rs`).
//!
//! | room | its job |
//! | --- | --- |
//! | [`mail`] | the words: address, envelope, reply, ids |
//! | [`world`] | clock, resolver, dialer, randomness, worker processes, and their fakes |
//! | [`people`] | log-ins, and proofs of authority made from them |
//! | [`keys`] | the master key and the keys it wraps |
//! | [`telemetry`] | log format and the metrics registry |
//! | [`smtp`] | accept: bytes on a socket → envelope and content from a known source |
//! | [`message`] | parse and extract: content → segments of plain text, and gaps |
//! | [`detect`] | segments and rules → findings |
//! | [`directory`] | the site's staff: from a file or LDAP, kept, renewed |
//! | [`edm`] | the site's patients as keyed hashes: built, kept, asked |
//! | [`policy`] | findings and circumstances → a decision per recipient |
//! | [`intake`] | **the walk before the `250`**: read, judge, commit |
//! | [`audit`] | the account of every event: record, hash chain, verify |
//! | [`store`] | what must survive a crash |
//! | [`queue`] | what is to be delivered when, and what an attempt makes of it |
//! | [`protect`] | the bytes to send: trace, edits, DKIM last |
//! | [`deliver`] | bytes and route → result per recipient, with what the session proved |
//! | [`dispatch`] | **the walk after it**: lease, protect, deliver or hold, settle |
//! | [`quarantine`] | mail held for a person |
//! | [`web`] | metrics, health and the control socket |
//! | [`config`] | YAML as written → each room's `Config` |
//! | [`gateway`] | builds the rooms, opens the doors, closes them in order |
//! | [`cli`] | one file per command |
//!
//! The promises, and a test that holds each:
//!
//! 1. Nothing leaves weaker than policy asks: `phi_never_meets_a_sink_without_tls` (`tests/e2e/relay.rs`).
//! 2. Nothing is lost: `nothing_that_got_a_250_is_lost_when_the_gateway_is_killed` (`tests/e2e/crash.rs`).
//! 3. Nothing leaks sideways: `content_is_nowhere_in_the_data_folder_or_the_log` (`tests/e2e/operations.rs`).
//! 4. Every decision can be explained: `phi_goes_over_tls_that_proves_the_name` reads the story by `trace`.
//! 5. Opt-down is rare and recorded: `without_consent_no_words_of_a_sender_lower_anything` (`tests/e2e/consent.rs`).
//! 6. Nobody is left in the dark: `each_recipient_ends_by_its_own_reply`, `swaks_is_told_when_its_message_is_held`.
#![forbid(unsafe_code)]

pub mod audit;
pub mod cli;
pub mod config;
pub mod deliver;
pub mod detect;
pub mod directory;
pub mod dispatch;
pub mod edm;
pub mod gateway;
pub mod intake;
pub mod keys;
pub mod mail;
pub mod message;
pub mod people;
pub mod policy;
pub mod protect;
pub mod quarantine;
pub mod queue;
pub mod smtp;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod world;

/// So that what tests share names things alike inside and outside of the program.
#[cfg(test)]
extern crate self as waxseal;
#[cfg(test)]
#[path = "../tests/support/sample.rs"]
mod sample;
