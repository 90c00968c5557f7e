//! Messages and stores to test with.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use prometheus::Registry;
use waxseal::audit::{Event, EventKind};
use waxseal::mail::{Address, Domain, QueueId};
use waxseal::policy::Level;
use waxseal::store::embedded::{Config, Embedded};
use waxseal::store::{
    Arrival, Decided, Leased, Metrics, RecipientRecord, RecipientState, Settlement, Store, StoreError,
};
use waxseal::world::fake::FakeClock;

use crate::sample;

pub const NOW: i64 = 1_700_000_000;

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW + seconds).unwrap()
}

pub fn domain(name: &str) -> Domain {
    name.parse().unwrap()
}

/// A backing that can be closed and opened again.
pub trait Maker {
    /// The same store each time: what was there is there again.
    fn open(&self) -> Arc<dyn Store>;
    fn clock(&self) -> &FakeClock;
}

/// An embedded store in a folder of its own.
pub struct InFolder {
    pub folder: tempfile::TempDir,
    pub clock: Arc<FakeClock>,
}

impl InFolder {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: Arc::new(FakeClock::at(at(0))) }
    }

    pub fn dir(&self) -> std::path::PathBuf {
        self.folder.path().join("var")
    }

    pub fn try_open(&self) -> Result<Arc<Embedded>, StoreError> {
        open_at(&self.dir(), self.clock.clone())
    }
}

pub fn open_at(dir: &Path, clock: Arc<FakeClock>) -> Result<Arc<Embedded>, StoreError> {
    let config = Config { min_free: 1 << 20, reserve: 64 << 10, ..Config::new(dir) };
    Embedded::open(config, clock, Metrics::new(&Registry::new()).unwrap())
}

impl Maker for InFolder {
    fn open(&self) -> Arc<dyn Store> {
        self.try_open().unwrap()
    }

    fn clock(&self) -> &FakeClock {
        &self.clock
    }
}

/// Every backing there is.
pub fn backings() -> Vec<Box<dyn Maker>> {
    vec![Box::new(InFolder::new())]
}

pub fn new_id() -> QueueId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    QueueId::new(NOW as u64 * 1000 + number, &[7; 10])
}

/// A message to these recipients, decided, due at once.
pub fn message(to: &[&str], content: &[u8]) -> Arrival {
    let id = new_id();
    let addresses: Vec<Address> = to.iter().map(|to| to.parse().unwrap()).collect();
    let mut arrival = sample::undecided(id, to, content, at(0));
    arrival.decided = Some(decided(&addresses, RecipientState::Pending));
    arrival.facts.author = Some("ann@clinic.example".parse().unwrap());
    arrival.facts.message_id = Some(format!("{id}@clinic.example"));
    arrival.facts.subject = Some("a subject".to_owned());
    arrival.events.push(event(EventKind::Decided, Some(id)));
    arrival
}

pub fn decided(to: &[Address], state: RecipientState) -> Decided {
    let to: Vec<String> = to.iter().map(Address::to_string).collect();
    let to: Vec<(&str, Level)> = to.iter().map(|to| (to.as_str(), Level::TlsVerified)).collect();
    sample::decided(sample::decision(&to), state)
}

pub fn event(kind: EventKind, message: Option<QueueId>) -> Event {
    Event { at: at(0), actor: "gateway".to_owned(), kind, message, detail: serde_json::Map::new() }
}

/// How a delivery of these recipients ended.
pub fn settlement(leased: &Leased, state: RecipientState, next: Option<Timestamp>) -> Settlement {
    let settle = |record: &RecipientRecord| RecipientRecord {
        state,
        attempts: record.attempts + 1,
        next_attempt: next,
        last_reply: Some("250 2.0.0 Ok".to_owned()),
        ..record.clone()
    };
    Settlement {
        id: leased.envelope.id,
        recipients: leased.due.iter().map(settle).collect(),
        events: vec![event(EventKind::Attempted, Some(leased.envelope.id))],
        own_mail: Vec::new(),
    }
}

/// Everything that is due, with its content.
pub async fn lease_all(store: &dyn Store, now: Timestamp) -> Vec<Leased> {
    store.lease(now, 1000, &[]).await.unwrap()
}
