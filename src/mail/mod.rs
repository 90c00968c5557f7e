//! The words every room speaks: addresses, envelopes, replies, ids (RFC 5321, 5598).
//!
//! Values only: nothing here reads a socket, a clock or a file.

mod address;
mod attempt;
pub mod author;
mod client;
mod content;
mod envelope;
mod id;
mod pattern;
mod reply;

pub use address::{Address, AddressError, Domain, ReversePath};
pub use attempt::{AttemptResult, Trouble};
pub use client::{Client, TlsSession};
pub use content::Content;
pub use envelope::{Body, Envelope, Notify, Recipient, Ret};
pub use id::QueueId;
pub use pattern::{AddressPattern, DomainPattern};
pub use reply::{EnhancedStatus, Reply, ReplyCode};
