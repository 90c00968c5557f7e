//! Fakes of the world for tests: time by hand, names from a table, peers in memory.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::io::DuplexStream;

use super::{Clock, Dialer, MailHosts, Random, ResolveError, Resolver, Stream};
use crate::mail::Domain;

/// Wall time that moves only when told to.
pub struct FakeClock(Mutex<Timestamp>);

impl FakeClock {
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    pub fn advance(&self, by: std::time::Duration) {
        let by = jiff::SignedDuration::try_from(by).expect("a duration that fits");
        let mut now = self.0.lock().expect("no panic while held");
        *now = now.checked_add(by).expect("a time that fits");
    }

    pub fn set(&self, now: Timestamp) {
        *self.0.lock().expect("no panic while held") = now;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no panic while held")
    }
}

/// The same "randomness" in each run.
#[derive(Default)]
pub struct FakeRandom(AtomicU64);

impl Random for FakeRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            // A full-period step of Knuth's generator; only its high bits are used.
            let step = |x: u64| x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let old = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |x| Some(step(x)));
            *byte = (step(old.unwrap_or_else(|x| x)) >> 56) as u8;
        }
    }
}

/// Names from a table. A name that is not in it does not exist.
#[derive(Default)]
pub struct FakeResolver {
    mail_hosts: Mutex<HashMap<Domain, Result<MailHosts, ResolveError>>>,
    addresses: Mutex<HashMap<Domain, Result<Vec<IpAddr>, ResolveError>>>,
    texts: Mutex<HashMap<Domain, Vec<String>>>,
}

fn domain(name: &str) -> Domain {
    name.parse().expect("a domain")
}

impl FakeResolver {
    /// `domain` has these exchangers, written as `10 mx1.example.org`.
    pub fn mx(self, name: &str, exchangers: &[&str]) -> Self {
        let read = |text: &&str| {
            let (preference, host) = text.split_once(' ').expect("a preference and a host");
            super::Exchanger { preference: preference.parse().expect("a number"), host: domain(host) }
        };
        let hosts = MailHosts::Exchangers(exchangers.iter().map(read).collect());
        self.answer(name, Ok(hosts))
    }

    /// What a look-up of the mail hosts of `domain` gives.
    pub fn answer(self, name: &str, answer: Result<MailHosts, ResolveError>) -> Self {
        self.mail_hosts.lock().expect("no panic while held").insert(domain(name), answer);
        self
    }

    pub fn address(self, host: &str, addresses: &[&str]) -> Self {
        let read = addresses.iter().map(|text| text.parse().expect("an IP address")).collect();
        self.address_answer(host, Ok(read))
    }

    pub fn address_answer(self, host: &str, answer: Result<Vec<IpAddr>, ResolveError>) -> Self {
        self.addresses.lock().expect("no panic while held").insert(domain(host), answer);
        self
    }

    pub fn text(self, name: &str, texts: &[&str]) -> Self {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        self.texts.lock().expect("no panic while held").insert(domain(name), texts);
        self
    }
}

#[async_trait]
impl Resolver for FakeResolver {
    async fn mail_hosts(&self, domain: &Domain) -> Result<MailHosts, ResolveError> {
        if let Some(answer) = self.mail_hosts.lock().expect("no panic while held").get(domain) {
            return answer.clone();
        }
        match self.addresses.lock().expect("no panic while held").contains_key(domain) {
            true => Ok(MailHosts::Implicit),
            false => Err(ResolveError::NoSuchDomain),
        }
    }

    async fn addresses(&self, host: &Domain) -> Result<Vec<IpAddr>, ResolveError> {
        let known = self.addresses.lock().expect("no panic while held").get(host).cloned();
        known.unwrap_or(Err(ResolveError::NoSuchDomain))
    }

    async fn texts(&self, name: &Domain) -> Result<Vec<String>, ResolveError> {
        Ok(self.texts.lock().expect("no panic while held").get(name).cloned().unwrap_or_default())
    }
}

type Peer = Box<dyn Fn(DuplexStream) + Send + Sync>;

/// Connects to peers in memory: each gets the far end of a pipe. An address without a peer refuses.
#[derive(Default)]
pub struct FakeDialer {
    peers: Mutex<HashMap<SocketAddr, Peer>>,
    dialled: Mutex<Vec<SocketAddr>>,
}

impl FakeDialer {
    /// `peer` is called with the far end of each connection to `at` and should spawn its side.
    pub fn peer(&self, at: &str, peer: impl Fn(DuplexStream) + Send + Sync + 'static) {
        let at = at.parse().expect("IP:PORT");
        self.peers.lock().expect("no panic while held").insert(at, Box::new(peer));
    }

    /// Every address that was dialled, in order.
    pub fn dialled(&self) -> Vec<SocketAddr> {
        self.dialled.lock().expect("no panic while held").clone()
    }
}

#[async_trait]
impl Dialer for FakeDialer {
    async fn connect(&self, to: SocketAddr, _from: Option<IpAddr>) -> std::io::Result<Box<dyn Stream>> {
        self.dialled.lock().expect("no panic while held").push(to);
        let peers = self.peers.lock().expect("no panic while held");
        let peer = peers.get(&to).ok_or(std::io::ErrorKind::ConnectionRefused)?;
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        peer(theirs);
        Ok(Box::new(ours))
    }
}
