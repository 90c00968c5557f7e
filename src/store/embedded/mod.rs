//! The store in one folder: SQLite for state and small bodies, files for large ones.
//!
//! One thread writes, in transactions that many requests share; read-only connections read. A
//! process that owns the folder locks it; leases live in its memory and end with it.

mod bodies;
mod checkpoint;
mod consent;
mod evidence;
mod fold;
mod home;
mod integrity;
mod ledger;
mod lists;
mod prepare;
mod query;
mod readers;
mod record;
mod rewrap;
mod schema;
mod shared;
mod start;
mod state;
mod transaction;
mod trouble;
mod upkeep;
mod waivers;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use crate::audit::{Event, Fault, Head, Record as AuditRecord};
use crate::keys;
use crate::mail::{Content, Domain, Envelope, QueueId};
use crate::policy;
use crate::world::Clock;

use super::{
    Account, Arrival, Arrivals, Census, Decided, Deliveries, Destination, Holds, Leased, Metrics, Query, Record,
    Settlement, SourceKind, Spool, StoreError, Summary,
};
pub use evidence::Evidence;

use bodies::{FileSpool, blocking};
use record::{NewEvent, Standing, text};
use shared::Shared;
use transaction::{By, Change, Decision};
use trouble::Trouble;
use writer::{Job, Request};

/// The embedded store's settings.
#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    /// `keys.master`.
    pub master: keys::Source,
    /// `limits.min_free`: below it no mail is taken.
    pub min_free: u64,
    /// Bytes kept aside to record deliveries on a full disk.
    pub reserve: u64,
    /// No retry lies further ahead; a due time that does is due at once (the clock was set back).
    pub horizon: Duration,
    /// Where the audit checkpoint is written; `audit.checkpoint` in `data_dir` if not given.
    pub checkpoint: Option<PathBuf>,
    /// How long records of settled messages are kept for `find` and `trace`. The account is kept for good.
    pub records: Duration,
}

impl Config {
    /// The defaults for a folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        Self {
            master: keys::Source::File(data_dir.join("master.key")),
            data_dir,
            min_free: 256 << 20,
            reserve: 32 << 20,
            horizon: Duration::from_secs(24 * 3600),
            checkpoint: None,
            records: Duration::from_secs(400 * 24 * 3600),
        }
    }

    /// Length of the log at which it is folded into the database, which may grow by as much: that
    /// must fit in the reserve.
    fn log_size(&self) -> usize {
        usize::try_from(self.reserve / 2).unwrap_or(usize::MAX).clamp(1 << 20, 16 << 20)
    }

    /// With less room than this nothing is handed out for delivery: what is under way by then must
    /// still be recorded.
    fn record_room(&self) -> u64 {
        (self.reserve / 8).min(1 << 20)
    }
}

/// The embedded store. Dropped, it finishes what it was asked and closes.
pub struct Embedded {
    shared: Arc<Shared>,
    /// `None` only while it is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    upkeep: upkeep::Upkeep,
    writer: Option<JoinHandle<()>>,
}

/// Requests that may wait for the writer; more make their callers wait.
const WAITING: usize = 1024;

impl Embedded {
    /// Opens the store, or says why not. Everything unsettled is due at once.
    pub fn open(config: Config, clock: Arc<dyn Clock>, metrics: Metrics) -> Result<Arc<Self>, StoreError> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let (shared, writer) = start::start(config, clock, metrics, receiver)?;
        let thread = |error: std::io::Error| StoreError::Failed(format!("no thread: {error}"));
        let writer =
            std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || writer.run()).map_err(thread)?;
        let upkeep = upkeep::Upkeep::start(shared.clone(), sender.clone()).map_err(thread)?;
        Ok(Arc::new(Self { shared, jobs: Some(sender), upkeep, writer: Some(writer) }))
    }

    /// Whether [`Self::open`] would find the key and a store that it knows. Changes nothing.
    pub fn look(config: &Config) -> Result<(), StoreError> {
        start::look(config)
    }

    async fn ask(&self, request: Request) -> Result<(), StoreError> {
        let ended = || StoreError::Failed("the writer has ended".to_owned());
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(ended)?;
        jobs.send(Job { request, answer }).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }

    async fn query<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared, &Connection) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (shared, turn) = (self.shared.clone(), self.shared.readers.turn().await);
        blocking(move || {
            let _turn = turn;
            shared.readers.read(|db| work(&shared, db))
        })
        .await
    }

    /// Keeps a message whose record can't be read out of every further step.
    async fn hold_damaged(&self, id: QueueId) -> Result<(), StoreError> {
        error!(%id, "the record of a message is damaged; it is held");
        self.ask(Request::HoldDamaged(id, self.shared.clock.now())).await
    }

    fn change_of(
        &self,
        settlement: &Settlement,
        decision: Option<&policy::Decision>,
        by: By,
    ) -> Result<Change, Trouble> {
        Ok(Change {
            id: settlement.id,
            recipients: settlement.recipients.clone(),
            decision: decision.map(text).transpose()?,
            events: NewEvent::all(&settlement.events)?,
            own_mail: prepare::own_mail(&self.shared, &settlement.own_mail)?,
            by,
        })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.upkeep.stop();
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

#[async_trait]
impl Arrivals for Embedded {
    fn accepting(&self) -> Result<(), StoreError> {
        if self.shared.is_short() { Err(StoreError::Full) } else { self.writable() }
    }

    async fn spool(&self, id: QueueId) -> Result<Box<dyn Spool>, StoreError> {
        Ok(Box::new(FileSpool::begin(self.shared.bodies.clone(), id).await?))
    }

    async fn commit(&self, arrival: Arrival) -> Result<(), StoreError> {
        let id = arrival.envelope.id;
        let new = prepare::prepare(&self.shared, arrival).await?;
        let is_file = matches!(new.body, record::SealedBody::File);
        let done = self.ask(Request::Commit(Box::new(new))).await;
        if done.is_err() && is_file {
            // Not named by any commit; if one was left in doubt, the message is found damaged, and
            // the client, who was told to try again, sends it anew.
            self.shared.bodies.discard(id);
        }
        done
    }

    async fn record_refusal(
        &self,
        envelope: &Envelope,
        _decision: &policy::Decision,
        events: Vec<Event>,
    ) -> Result<(), StoreError> {
        self.shared.bodies.discard(envelope.id);
        self.append(events).await
    }

    async fn discard(&self, content: &Content) {
        if let Content::Sealed { name, .. } = content
            && let Ok(id) = name.parse()
        {
            self.shared.bodies.discard(id);
        }
    }

    async fn decide(&self, id: QueueId, outcome: Decided) -> Result<(), StoreError> {
        let now = self.shared.clock.now();
        let decision = Decision {
            id,
            decision: text(&outcome.decision)?,
            standing: Standing::decided(&self.shared.integrity, id, &outcome, now)?,
            events: NewEvent::all(&outcome.events)?,
            own_mail: prepare::own_mail(&self.shared, &outcome.own_mail)?,
            leased: outcome.leased,
        };
        self.ask(Request::Decide(Box::new(decision))).await
    }

    async fn scanning(&self) -> Result<Vec<(Envelope, Content)>, StoreError> {
        let (found, broken) = self.query(query::scanning).await?;
        for id in broken {
            self.hold_damaged(id).await?;
        }
        Ok(found)
    }
}

#[async_trait]
impl Deliveries for Embedded {
    async fn lease(&self, now: Timestamp, limit: usize, busy: &[Domain]) -> Result<Vec<Leased>, StoreError> {
        self.writable()?;
        let busy = busy.to_vec();
        let work = move |shared: &Shared, db: &Connection| {
            let taken = query::lease(shared, db, now, limit, &busy)?;
            let mut leased = Vec::with_capacity(taken.len());
            let mut broken = Vec::new();
            for (id, domain) in taken {
                match query::leased(shared, db, id, &domain) {
                    Ok(message) => leased.push(message),
                    Err(_) => broken.push(id),
                }
            }
            Ok((leased, broken))
        };
        let (leased, broken) = self.query(work).await?;
        for id in broken {
            self.hold_damaged(id).await?;
        }
        Ok(leased)
    }

    async fn give_back(&self, id: QueueId, domains: &[Domain]) -> Result<(), StoreError> {
        self.ask(Request::GiveBack(id, domains.to_vec())).await
    }

    async fn next_due(&self, busy: &[Domain]) -> Result<Option<Timestamp>, StoreError> {
        let now = self.shared.clock.now().as_millisecond();
        let due = self.shared.ledger().next_due(now, busy);
        Ok(due.map(|due| Timestamp::from_millisecond(due).unwrap_or(Timestamp::MAX)))
    }

    fn writable(&self) -> Result<(), StoreError> {
        self.shared.can_record()
    }

    async fn settle(&self, settlement: Settlement) -> Result<(), StoreError> {
        let change = self.change_of(&settlement, None, By::Lease)?;
        self.ask(Request::Change(Box::new(change))).await
    }

    async fn read(&self, id: QueueId, content: &Content) -> Result<Bytes, StoreError> {
        if let Content::Memory(bytes) = content {
            return Ok(bytes.clone());
        }
        Ok(Bytes::from(self.query(move |shared, db| query::content(shared, db, id)).await?))
    }
}

#[async_trait]
impl Holds for Embedded {
    async fn list(&self, query: &Query) -> Result<Vec<Summary>, StoreError> {
        let query = query.clone();
        self.query(move |shared, db| lists::list(shared, db, &query)).await
    }

    async fn destinations(&self) -> Result<Vec<Destination>, StoreError> {
        self.query(lists::destinations).await
    }

    async fn show(&self, id: QueueId) -> Result<Record, StoreError> {
        self.query(move |shared, db| query::show(shared, db, id)).await
    }

    async fn change(&self, settlement: Settlement, decision: Option<policy::Decision>) -> Result<(), StoreError> {
        let change = self.change_of(&settlement, decision.as_ref(), By::Person)?;
        self.ask(Request::Change(Box::new(change))).await
    }

    async fn delete(&self, id: QueueId, events: Vec<Event>) -> Result<(), StoreError> {
        self.ask(Request::Delete(id, NewEvent::all(&events)?)).await
    }

    async fn suspend(&self, domain: &Domain, until: Option<Timestamp>, events: Vec<Event>) -> Result<(), StoreError> {
        let until_ms = until.map(Timestamp::as_millisecond);
        self.ask(Request::Suspend(domain.clone(), until_ms, NewEvent::all(&events)?)).await?;
        self.shared.ledger().suspend(domain.clone(), until);
        Ok(())
    }

    async fn resume(&self, domain: &Domain, events: Vec<Event>) -> Result<(), StoreError> {
        self.ask(Request::Resume(domain.clone(), NewEvent::all(&events)?)).await?;
        self.shared.ledger().resume(domain);
        Ok(())
    }

    async fn suspended(&self) -> Result<Vec<(Domain, Option<Timestamp>)>, StoreError> {
        Ok(self.shared.ledger().suspended())
    }
}

#[async_trait]
impl Account for Embedded {
    async fn append(&self, events: Vec<Event>) -> Result<(), StoreError> {
        self.ask(Request::Append(NewEvent::all(&events)?)).await
    }

    async fn verify(&self) -> Result<Result<Head, Fault>, StoreError> {
        let shared = self.shared.clone();
        blocking(move || {
            let verdict = query::verify(&shared.readers, &shared.checkpoints)?;
            shared.metrics.audit_valid.set(i64::from(verdict.is_ok()));
            Ok(verdict)
        })
        .await
    }

    async fn records(&self, from: u64, limit: usize) -> Result<Vec<AuditRecord>, StoreError> {
        self.query(move |_, db| query::records(db, from, limit)).await
    }

    async fn events(&self, id: QueueId) -> Result<Vec<Event>, StoreError> {
        self.query(move |_, db| query::events(db, id)).await
    }

    async fn keep_source(&self, kind: SourceKind, hash: &str, text: &str) -> Result<(), StoreError> {
        self.ask(Request::KeepSource(kind as i64, hash.to_owned(), text.to_owned())).await
    }

    async fn source(&self, kind: SourceKind, hash: &str) -> Result<Option<String>, StoreError> {
        let hash = hash.to_owned();
        self.query(move |_, db| query::source(db, kind as i64, &hash)).await
    }

    async fn census(&self) -> Result<Census, StoreError> {
        self.query(query::census).await
    }

    async fn rotate_master(&self, events: Vec<Event>) -> Result<(), StoreError> {
        let before = self.shared.keys.load_full();
        let source = self.shared.config.master.clone();
        // Wherever this is cut short, the file holds every key that something is wrapped by.
        let both = before.with_new().map_err(Trouble::from)?;
        source.store(&both).map_err(Trouble::from)?;
        self.shared.keys.store(Arc::new(both.clone()));
        self.ask(Request::Rewrap(both.clone(), NewEvent::all(&events)?)).await?;
        keys::beside::follow(&self.shared.config.data_dir, &both).map_err(Trouble::from)?;
        source.store(&both.current_only()).map_err(Trouble::from)?;
        Ok(())
    }
}
