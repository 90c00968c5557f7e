//! Accept: listener, session, commands, log-in, content, TLS.
//!
//! Bytes on a socket come in; an [`Envelope`] and its [`Content`] from a known source go to
//! [`Intake`]. It does not know what happens to mail afterwards.

mod any_client;
mod auth;
mod body;
mod certificate;
mod command;
mod config;
mod content;
mod driver;
mod metrics;
mod network;
mod path;
mod proxy;
mod refuse;
mod right;
mod server;
mod session;
mod shared;
mod source;
mod tls;
mod visit;

pub use config::{CertificateFiles, Config, Limits, Listener, Mechanism, TlsMode};
pub use metrics::Metrics;
pub use network::{Network, NetworkError};
pub use refuse::Refusal;
pub use right::RelayRight;
pub use server::{BindError, Bound, Server};
pub use source::{ClientCertificate, LineEndings, SecretHeader, Source, SourceKind, Tenant, Transfer};
pub use tls::{Tls, TlsError, self_made};

/// The pure readers of what the wire brings, open to fuzz targets.
pub mod wire {
    pub use super::command::{Command, parse};
    pub use super::content::{ChunkDecoder, DataDecoder, Progress};
    pub use super::path::{ForwardPath, MailArguments, Spacing, mail, rcpt};
}

use async_trait::async_trait;
use bytes::Bytes;

use crate::mail::{Client, Content, Envelope, QueueId, Reply};

/// What the SMTP server asks of the gateway behind it. `intake.rs` implements it.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Before `MAIL`: whether mail can be taken now (storage, memory, shutting down).
    fn ready(&self) -> Result<(), Reply>;
    /// The id for a transaction that begins.
    fn new_id(&self) -> QueueId;
    /// Where content goes that is too large to stay in memory.
    async fn spool(&self, id: QueueId) -> Result<Box<dyn Sink>, Reply>;
    /// Takes a whole message. The reply is final: after a `250` it is on stable storage. `right`
    /// has to judge the content first ([`RelayRight::judge`]): some proofs stand in its header.
    async fn take(&self, envelope: Envelope, content: Content, right: RelayRight) -> Reply;
    /// Tells that something was refused or that a log-in went well or badly, for audit and metrics.
    fn tell(&self, event: Event, client: &Client);
}

/// Takes large content piece by piece. Dropped unfinished, nothing stays.
#[async_trait]
pub trait Sink: Send {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Reply>;
    async fn finish(self: Box<Self>) -> Result<Content, Reply>;
}

/// What happened in a session beside mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A refusal: the stage (`connect`, `helo`, `mail`, `rcpt`, `data`, …) and a short closed reason.
    Refused {
        stage: &'static str,
        reason: &'static str,
    },
    LoginSucceeded {
        user: String,
    },
    LoginFailed {
        user: String,
        reason: &'static str,
    },
    /// A source's proof failed (certificate, header, tenant).
    SourceFailed {
        source: String,
        reason: &'static str,
    },
}
