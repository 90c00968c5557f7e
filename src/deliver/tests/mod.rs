//! Delivery against hops that play a script, over pipes in memory.

pub(crate) mod certificates;
mod levels;
mod old;
mod peers;
pub(crate) mod sink;

use std::sync::Arc;

use bytes::Bytes;
use prometheus::Registry;

use super::*;
use crate::mail::{Body, Envelope, Notify, QueueId};
use crate::policy::Level;
use crate::sample;
use crate::world::fake::{FakeClock, FakeDialer, FakeRandom, FakeResolver};
use certificates::Authority;
use sink::{Sink, sink};

/// Delivery in a world where `example.org` has the exchangers `mx1` and `mx2.example.org`, at
/// 192.0.2.1 and 192.0.2.2.
struct Lab {
    config: Config,
    resolver: FakeResolver,
    dialer: Arc<FakeDialer>,
    now: jiff::Timestamp,
    deliverer: Option<Deliverer>,
}

impl Lab {
    fn new() -> Self {
        let resolver = FakeResolver::default()
            .mx("example.org", &["10 mx1.example.org", "20 mx2.example.org"])
            .address("mx1.example.org", &["192.0.2.1"])
            .address("mx2.example.org", &["192.0.2.2"]);
        let (config, now) = (Config::new("gw.example".parse().unwrap()), "2026-06-01T00:00:00Z".parse().unwrap());
        Self { config, resolver, dialer: Arc::default(), now, deliverer: None }
    }

    fn hop(self, at: &str, sink: &Sink) -> Self {
        let sink = sink.clone();
        self.dialer.peer(at, move |io| sink.accept(io));
        self
    }

    fn trusts(mut self, authority: &Authority) -> Self {
        self.config.tls_roots.push(authority.root());
        self
    }

    fn route(mut self, route: Route) -> Self {
        self.config.routes.push(route);
        self
    }

    fn start(mut self) -> Self {
        let ports = Ports {
            resolver: Arc::new(std::mem::take(&mut self.resolver)),
            dialer: self.dialer.clone(),
            clock: Arc::new(FakeClock::at(self.now)),
            random: Arc::new(FakeRandom::default()),
            system_roots: Vec::new(),
        };
        let config = std::mem::replace(&mut self.config, Config::new("gw.example".parse().unwrap()));
        let metrics = Arc::new(Metrics::new(&Registry::new()).unwrap());
        self.deliverer = Some(Deliverer::new(config, ports, metrics).unwrap());
        self
    }

    fn deliverer(&self) -> &Deliverer {
        self.deliverer.as_ref().expect("the lab is started")
    }

    async fn deliver(&self, level: Level, to: &[&str]) -> Vec<Attempt> {
        self.deliverer().deliver(&self.job(envelope(to), level, b"Subject: x\r\n\r\nhello\r\n")).await
    }

    /// The result for one recipient at `example.org`.
    async fn one(&self, level: Level) -> Attempt {
        self.deliver(level, &["a@example.org"]).await.remove(0)
    }

    fn job(&self, envelope: Envelope, level: Level, content: &[u8]) -> Job {
        let destination = self.deliverer().config().destination(envelope.recipients[0].address.domain(), level);
        Job {
            recipients: (0..envelope.recipients.len()).collect(),
            envelope: Arc::new(envelope),
            destination,
            level,
            pieces: vec![Bytes::copy_from_slice(content)].into(),
        }
    }
}

fn next_hop(hop: &str) -> Route {
    Route { domains: vec!["*".parse().unwrap()], next_hops: vec![hop.parse().unwrap()], ..Route::default() }
}

fn envelope(to: &[&str]) -> Envelope {
    Envelope {
        reverse_path: crate::mail::ReversePath::Address("ann@corp.example".parse().unwrap()),
        body: Body::SevenBit,
        ..sample::envelope(QueueId::new(1, &[1; 10]), to, "2026-06-01T00:00:00Z".parse().unwrap())
    }
}

/// `sent`, or the word and the enhanced status: `weak 4.7.5`.
fn word(attempt: &Attempt) -> String {
    match &attempt.result {
        AttemptResult::Sent(_) => "sent".to_owned(),
        result => format!("{} {}", result.as_str(), result.trouble().status),
    }
}

fn words(attempts: &[Attempt]) -> Vec<String> {
    attempts.iter().map(word).collect()
}
