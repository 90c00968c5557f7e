//! Bytes + route → result per recipient, with what the session proved.
//!
//! `MAIL` is sent only on a session that reaches the level asked for. Nothing is remembered about
//! a host that could weaken a later attempt.

mod attempt;
mod config;
mod content;
mod deliverer;
mod metrics;
mod mx;
mod pool;
mod replies;
mod route;
mod session;
mod tls;
mod transaction;
mod wire;

pub use attempt::{Attempt, Job, Proof};
pub use config::{ClientCertificate, Config, ConfigError, Deadlines, Floor, Host, Login, NextHop, Pin, Reuse, Route};
pub use deliverer::{Deliverer, Error, Ports};
pub use metrics::Metrics;
pub use route::Destination;

pub use crate::mail::{AttemptResult, Trouble};

#[cfg(test)]
pub(crate) mod tests;
