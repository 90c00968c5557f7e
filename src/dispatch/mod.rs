//! The walk after the 250: lease → protect → deliver | hold → settle.
//!
//! One message at a time for one domain, as the queue hands it out, and for those of its other
//! domains that go the same way. The level that was decided goes
//! along to delivery, which sends nothing on a session that doesn't reach it; what the attempt came
//! to goes back to the queue, which alone says what is tried next.

mod account;
mod metrics;
mod path;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use crate::audit::{Event, EventKind};
use crate::deliver::{Attempt, AttemptResult, Deliverer, Destination, Job, Trouble};
use crate::mail::{Address, Content, EnhancedStatus};
use crate::policy::Method;
use crate::protect::{self, Outgoing};
use crate::queue::{Queue, Work};
use crate::store::{Arrival, Leased, RecipientRecord, Settlement, Store, StoreError};
use crate::world::{Clock, Random, new_id};

use account::feedback;
pub use metrics::Metrics;
use path::{Group, groups, take_along};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Deliveries at once, all destinations together.
    pub concurrency: usize,
    /// `limits.memory`: content read back for delivery takes at most so much of it.
    pub memory: u64,
    /// `limits.drain`.
    pub drain: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { concurrency: 500, memory: 256 << 20, drain: Duration::from_secs(10) }
    }
}

/// What a reload replaces: how mail is made ready and where it goes.
pub struct Way {
    pub deliverer: Deliverer,
    pub protect: protect::Config,
}

/// Who is told that a recipient is held because the ladder ended there. `quarantine` writes it.
pub trait HoldNotices: Send + Sync {
    /// The notices to be committed together with the hold.
    fn held(&self, leased: &Leased, held: &[&Address]) -> Vec<Arrival>;
    /// The same, where what is stored is not what was accepted.
    fn damaged(&self, leased: &Leased, held: &[&Address]) -> Vec<Arrival>;
}

/// The rooms and helpers that dispatch is born with.
pub struct Parts {
    pub queue: Arc<Queue>,
    pub store: Arc<dyn Store>,
    pub notices: Arc<dyn HoldNotices>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub metrics: Metrics,
}

/// Takes work from the queue until it is told to stop.
pub struct Dispatch {
    config: Config,
    way: ArcSwap<Way>,
    queue: Arc<Queue>,
    store: Arc<dyn Store>,
    notices: Arc<dyn HoldNotices>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    metrics: Metrics,
    /// In KiB: a permit is a `u32`.
    memory: Arc<Semaphore>,
}

/// Content is signed in place up to this size, above on the blocking pool.
const IN_PLACE: usize = 64 * 1024;
/// Before work goes back that the store could not read.
const STORE_PAUSE: Duration = Duration::from_secs(1);

impl Dispatch {
    pub fn new(config: Config, way: Way, parts: Parts) -> Arc<Self> {
        let Parts { queue, store, notices, clock, random, metrics } = parts;
        let memory = Arc::new(Semaphore::new(kib(config.memory) as usize));
        Arc::new(Self {
            config,
            way: ArcSwap::from_pointee(way),
            queue,
            store,
            notices,
            clock,
            random,
            metrics,
            memory,
        })
    }

    /// Takes effect with the next message; what is under way ends as it began.
    pub async fn reload(&self, way: Way) {
        self.way.swap(Arc::new(way)).deliverer.close().await;
    }

    /// Works until `stop`, then gives what is under way the time of `limits.drain`. What is not
    /// done by then is due again at the next start.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let slots = Arc::new(Semaphore::new(self.config.concurrency));
        let under_way = TaskTracker::new();
        let sweeper = tokio::spawn(self.clone().sweep());
        let work = async {
            loop {
                let slot = slots.clone().acquire_owned().await.expect("the slots are never closed");
                let mut work = self.queue.next().await;
                // Here, before another turn begins with what could go along.
                take_along(&self.way.load(), &mut work);
                // Boxed, as a task is moved several times before it runs: ten kilobytes each time.
                under_way.spawn(Box::pin(self.clone().take(work, slot)));
            }
        };
        let never: Option<()> = stop.run_until_cancelled(work).await;
        debug_assert!(never.is_none(), "work has no end of its own");
        under_way.close();
        if tokio::time::timeout(self.config.drain, under_way.wait()).await.is_err() {
            warn!(deliveries = under_way.len(), "stopped before these deliveries ended");
        }
        sweeper.abort();
        self.way.load().deliverer.close().await;
    }

    async fn sweep(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        loop {
            ticks.tick().await;
            self.way.load_full().deliverer.sweep().await;
        }
    }

    async fn take(self: Arc<Self>, mut work: Work, _slot: OwnedSemaphorePermit) {
        let way = self.way.load_full();
        let (content, _memory) = match self.content(&work.leased).await {
            Ok(content) => content,
            Err(StoreError::Damaged(what)) => {
                let settlement = self.hold_damaged(&work.leased, &what);
                return self.queue.settle(work, settlement).await;
            }
            Err(error) => {
                warn!(id = %work.leased.envelope.id, %error, "content could not be read; it is tried again");
                return tokio::time::sleep(STORE_PAUSE).await;
            }
        };
        let mut attempts = Vec::with_capacity(work.leased.due.len());
        let mut ready = Ready::default();
        for group in groups(&way, &work.leased) {
            attempts.extend(self.attempt(&way, &work.leased, group, &content, &mut ready).await);
        }
        work.learn(feedback(&attempts));
        let settlement = self.account(&way, &work.leased, attempts);
        self.queue.settle(work, settlement).await;
    }

    /// The content, with the memory that it takes.
    async fn content(&self, leased: &Leased) -> Result<(Bytes, Option<OwnedSemaphorePermit>), StoreError> {
        if let Content::Memory(bytes) = &leased.content {
            return Ok((bytes.clone(), None));
        }
        // What is larger than all the memory there is takes all of it, alone.
        let wanted = kib(leased.content.size()).min(kib(self.config.memory));
        let permit = self.memory.clone().acquire_many_owned(wanted).await.expect("the memory is never closed");
        Ok((self.store.read(leased.envelope.id, &leased.content).await?, Some(permit)))
    }

    /// One try for recipients that go one way by one method.
    async fn attempt(
        &self,
        way: &Arc<Way>,
        leased: &Leased,
        group: Group,
        content: &Bytes,
        ready: &mut Ready,
    ) -> Vec<Attempt> {
        let all = |result: AttemptResult| {
            let attempt = |index: &usize| Attempt {
                index: *index,
                address: leased.envelope.recipients[*index].address.clone(),
                result: result.clone(),
                proof: None,
                host: None,
                reports: false,
            };
            group.recipients.iter().map(attempt).collect()
        };
        if !matches!(group.path.method, Method::Transport | Method::Wait) {
            let text = format!("{} is not available", group.path.method);
            return all(AttemptResult::Weak(Trouble::of(EnhancedStatus(4, 7, 5), text)));
        }
        let pieces = match ready.pieces(way, leased, &group.path.destination, content).await {
            Ok(pieces) => pieces,
            Err(error) => {
                error!(id = %leased.envelope.id, %error, "a message could not be made ready; it waits");
                return all(AttemptResult::Deferred(Trouble::of(EnhancedStatus(4, 3, 0), "signing failed")));
            }
        };
        let job = Job {
            envelope: leased.envelope.clone(),
            recipients: group.recipients.clone(),
            destination: group.path.destination,
            level: group.path.level,
            pieces,
        };
        let timer = self.metrics.duration.start_timer();
        let attempts = way.deliverer.deliver(&job).await;
        timer.observe_duration();
        attempts
    }

    fn event(&self, kind: EventKind, leased: &Leased, detail: Map<String, Value>) -> Event {
        let message = Some(leased.envelope.id);
        Event { at: self.clock.now(), actor: "gateway".to_owned(), kind, message, detail }
    }

    /// Content that is not as it was accepted is never sent. Its author can send it again; a person decides.
    fn hold_damaged(&self, leased: &Leased, what: &str) -> Settlement {
        error!(id = %leased.envelope.id, what, "stored content is damaged; the message is held");
        let held: Vec<&Address> = leased.due.iter().map(|due| &due.address).collect();
        let damaged = Map::from_iter([("what".to_owned(), json!(what))]);
        let waits = Map::from_iter([
            ("recipients".to_owned(), json!(held)),
            ("why".to_owned(), json!([RecipientRecord::DAMAGED])),
        ]);
        let mut own_mail = self.notices.damaged(leased, &held);
        own_mail.push(self.report_damaged(leased));
        Settlement {
            id: leased.envelope.id,
            recipients: leased.due.iter().map(RecipientRecord::damaged).collect(),
            events: vec![self.event(EventKind::Damaged, leased, damaged), self.event(EventKind::Held, leased, waits)],
            own_mail,
        }
    }

    fn report_damaged(&self, leased: &Leased) -> Arrival {
        let id = new_id(&*self.clock, &*self.random);
        self.queue.config().own.report_damaged(id, leased.envelope.id, self.clock.now())
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).clamp(1, Semaphore::MAX_PERMITS as u32)
}

/// A message as it leaves, made once however many groups of recipients it goes to: hops that are marked internal
/// see the verdict, all others get the same bytes.
#[derive(Default)]
struct Ready {
    internal: Option<Arc<[Bytes]>>,
    outside: Option<Arc<[Bytes]>>,
}

impl Ready {
    async fn pieces(
        &mut self,
        way: &Arc<Way>,
        leased: &Leased,
        destination: &Destination,
        content: &Bytes,
    ) -> Result<Arc<[Bytes]>, protect::Error> {
        let internal = destination.route().is_some_and(|at| way.deliverer.config().routes[at].internal);
        let made = if internal { &mut self.internal } else { &mut self.outside };
        if let Some(pieces) = made {
            return Ok(pieces.clone());
        }
        let pieces: Arc<[Bytes]> = compose(way, leased, internal, content).await?.into();
        Ok(made.insert(pieces).clone())
    }
}

async fn compose(
    way: &Arc<Way>,
    leased: &Leased,
    internal: bool,
    content: &Bytes,
) -> Result<Vec<Bytes>, protect::Error> {
    let (envelope, decision) = (leased.envelope.clone(), leased.decision.clone());
    let (author, own) = (leased.facts.author.clone(), leased.facts.own);
    let make = move |way: &Way, content: &Bytes| {
        let outgoing = Outgoing { envelope: &envelope, decision: &decision, author: author.as_ref(), own, internal };
        way.protect.compose(outgoing, content)
    };
    if content.len() <= IN_PLACE || way.protect.signers.is_empty() {
        return make(way, content);
    }
    let (way, content) = (way.clone(), content.clone());
    tokio::task::spawn_blocking(move || make(&way, &content)).await.expect("composing does not panic")
}

#[cfg(test)]
mod tests;
