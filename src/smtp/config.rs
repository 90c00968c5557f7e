//! The settings of this room, as checked by `config/`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{Network, Source};
use crate::mail::{Address, Domain};

#[derive(Clone, Debug)]
pub struct Config {
    /// Our name in the greeting.
    pub hostname: Domain,
    /// Who reads mail to `<postmaster>` without a domain (RFC 5321 §4.5.1).
    pub postmaster: Option<Address>,
    pub listeners: Vec<Listener>,
    /// Who may relay, in file order: the first whose proofs all hold is taken.
    pub sources: Vec<Arc<Source>>,
    pub limits: Limits,
}

/// One address that we listen on.
#[derive(Clone, Debug)]
pub struct Listener {
    pub name: String,
    pub bind: SocketAddr,
    pub tls: TlsMode,
    /// A self-made pair under the data folder if absent.
    pub certificate: Option<CertificateFiles>,
    /// What AUTH offers inside TLS; nothing if empty.
    pub auth: Vec<Mechanism>,
    /// The peers that must speak PROXY; nobody else may.
    pub proxy_from: Vec<Network>,
}

/// PEM files: the chain, leaf first, and its key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CertificateFiles {
    pub certificate: PathBuf,
    pub private_key: PathBuf,
}

/// How a listener uses TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Never.
    Off,
    /// STARTTLS is offered.
    Offered,
    /// STARTTLS must come before `MAIL`.
    Required,
    /// TLS from the first byte (RFC 8314).
    Implicit,
}

/// SASL mechanisms (RFC 4616, and the LOGIN that devices speak).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    Plain,
    Login,
}

impl Mechanism {
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
        }
    }
}

/// What a client may use up.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Octets of one message, as SIZE announces.
    pub message_size: u64,
    /// Recipients of one transaction.
    pub recipients: usize,
    /// Sessions at once, all listeners together.
    pub connections: usize,
    /// Sessions at once from one address, or one IPv6 /64.
    pub connections_per_client: usize,
    /// Refused commands in one session.
    pub errors: usize,
    /// Commands without a message between them: `NOOP`, `RSET`, `VRFY`, `EHLO` and the like.
    pub idle_commands: usize,
    /// Failed log-ins from one address, or by one name, within [`Limits::auth_window`].
    pub auth_failures: u32,
    pub auth_window: Duration,
    /// Messages by one signed-in user in an hour: what a stolen password can do before someone looks.
    pub user_messages: u32,
    /// Passwords checked at once; each takes 19 MiB and a core.
    pub auth_parallel: usize,
    /// Silence between commands (RFC 5321 §4.5.3.2.7 asks for five minutes).
    pub command_idle: Duration,
    /// From a line's first byte to its last.
    pub line: Duration,
    /// For the TLS handshake, and for the PROXY header.
    pub handshake: Duration,
    /// What a peer gets to read a reply.
    pub reply: Duration,
    /// Content must bring this many bytes a second once [`Limits::content_grace`] is over.
    pub content_rate: u64,
    pub content_grace: Duration,
    /// Silence within content.
    pub content_idle: Duration,
    /// Content altogether.
    pub content_total: Duration,
    /// What one transaction may keep in memory; more goes to the spool.
    pub content_memory: usize,
    /// What all transactions together may keep in memory; past it each spools from 64 KiB on.
    pub content_memory_total: usize,
    /// How many messages that are too large for memory may come at a time.
    pub content_spools: usize,
    /// From the order to stop until sessions still in content are cut.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_size: 150 << 20,
            recipients: 1000,
            connections: 1000,
            connections_per_client: 250,
            errors: 20,
            idle_commands: 100,
            auth_failures: 5,
            auth_window: Duration::from_secs(600),
            user_messages: 1000,
            auth_parallel: 2,
            command_idle: Duration::from_secs(300),
            line: Duration::from_secs(60),
            handshake: Duration::from_secs(30),
            reply: Duration::from_secs(60),
            content_rate: 500,
            content_grace: Duration::from_secs(60),
            content_idle: Duration::from_secs(300),
            content_total: Duration::from_secs(3600),
            content_memory: 1 << 20,
            content_memory_total: 64 << 20,
            content_spools: 512,
            drain: Duration::from_secs(10),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hostname: "localhost".parse().expect("a domain"),
            postmaster: None,
            listeners: Vec::new(),
            sources: Vec::new(),
            limits: Limits::default(),
        }
    }
}
