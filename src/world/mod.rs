//! Clock, resolver, dialer, randomness: the only room that touches them, with their fakes.
//!
//! Every other room is given these as values, so that its tests run without network or waiting.

use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::mail::{Domain, QueueId};

mod confine;
pub mod fake;
pub mod ldap;
pub mod memory;
pub mod ocr;
mod real;
mod resolver;
pub mod worker;

pub use real::{SystemClock, SystemRandom, TcpDialer, system_roots};
pub use resolver::{DnsConfig, DnsResolver, Families};

/// Wall time. Deadlines inside a session use tokio's own monotonic time.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// Unpredictable bytes from the one cryptographic provider.
pub trait Random: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

/// A new message id for this moment.
pub fn new_id(clock: &dyn Clock, random: &dyn Random) -> QueueId {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    QueueId::new(clock.now().as_millisecond().max(0) as u64, &bytes)
}

/// A byte stream to a peer.
pub trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// Opens connections to next hops.
#[async_trait]
pub trait Dialer: Send + Sync {
    /// A connected stream with `TCP_NODELAY`, or why not. The caller sets the deadline.
    async fn connect(&self, to: SocketAddr, from: Option<IpAddr>) -> std::io::Result<Box<dyn Stream>>;
}

/// One mail exchanger of a domain (RFC 5321 §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanger {
    pub preference: u16,
    pub host: Domain,
}

/// What the DNS says about mail for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailHosts {
    /// In no particular order.
    Exchangers(Vec<Exchanger>),
    /// No MX record, but the domain exists: its own addresses are to be tried (RFC 5321 §5.1).
    Implicit,
    /// A null MX: the domain takes no mail (RFC 7505).
    NullMx,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// NXDOMAIN: the name does not exist.
    #[error("the domain does not exist")]
    NoSuchDomain,
    /// Time-out, SERVFAIL, REFUSED, bogus: nothing may be concluded.
    #[error("the DNS did not answer: {0}")]
    NoAnswer(String),
}

/// Looks names up. Each call has its own bounded deadline.
#[async_trait]
pub trait Resolver: Send + Sync {
    async fn mail_hosts(&self, domain: &Domain) -> Result<MailHosts, ResolveError>;
    /// A and AAAA, as `delivery.ip` allows. Empty where the name has none.
    async fn addresses(&self, host: &Domain) -> Result<Vec<IpAddr>, ResolveError>;
    /// TXT records, each joined from its character strings (for `dns check`).
    async fn texts(&self, name: &Domain) -> Result<Vec<String>, ResolveError>;
}
