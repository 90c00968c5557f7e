//! What is to be delivered now, and what an attempt makes of it.
//!
//! In: messages just committed, or leased from the store when they are due. Out: [`Work`], one
//! message for one domain at a time, which may take along the message's other domains that go the
//! same way; and afterwards its settlement. The store keeps everything; what stands here in memory
//! is only a bounded list of what can start at once.

mod conclude;
pub mod dsn;
mod limit;
mod metrics;
mod outcome;
pub mod own;
mod ready;
mod schedule;
mod work;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::sleep;
use tracing::{error, warn};

use crate::audit::Event;
use crate::mail::{Domain, QueueId};
use crate::store::{Holds, Leased, Settlement, Store, StoreError};
use crate::world::{Clock, Random};

pub use conclude::Tried;
pub use limit::Feedback;
pub use metrics::Metrics;
pub use outcome::{Circumstance, Notice, Outcome, outcome};
pub use own::OwnMail;
pub use ready::Bounds;
use ready::Ready;
pub use schedule::Schedule;
pub use work::{Place, Work};
use work::{by_domain, domains};

/// The queue's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// `delivery.retry`, `delivery.patience`, `delivery.expire`.
    pub schedule: Schedule,
    pub bounds: Bounds,
    /// Who our own mail comes from.
    pub own: OwnMail,
}

/// The queue's front door.
pub struct Queue {
    config: Config,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    ready: Mutex<Ready<Leased>>,
    changed: Notify,
    /// The store may have due work that `ready` has not.
    backlog: AtomicBool,
}

/// How many messages are leased from the store at once.
const BATCH: usize = 200;
/// Between two looks at the store, so that a row that can't be leased costs no busy loop.
const SHORTEST_SLEEP: Duration = Duration::from_millis(20);
/// The store is asked again after at most so long, whatever it said: a clock may have been set.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
/// Between tries when the store can't be read or written.
const STORE_PAUSE: Duration = Duration::from_millis(500);

impl Queue {
    pub fn new(config: Config, store: Arc<dyn Store>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Arc<Self> {
        Arc::new(Self {
            ready: Mutex::new(Ready::new(config.bounds)),
            config,
            store,
            clock,
            random,
            changed: Notify::new(),
            backlog: AtomicBool::new(true),
        })
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Loads which domains are suspended; called once before work begins.
    pub async fn open(&self) -> Result<(), StoreError> {
        for (domain, _) in self.store.suspended().await? {
            self.ready().suspend(domain);
        }
        Ok(())
    }

    /// Room to hand a message over right after its commit, for these open recipients' domains.
    /// With a place, commit it as leased; without one, commit it unleased and [`Self::wake`].
    pub fn reserve<'a>(self: &Arc<Self>, domains: impl IntoIterator<Item = &'a Domain>) -> Option<Place> {
        let mut distinct: Vec<&Domain> = domains.into_iter().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let granted = !distinct.is_empty() && self.ready().reserve(distinct.iter().copied());
        granted.then(|| Place { queue: self.clone(), count: distinct.len() })
    }

    /// The store got work that nobody handed over: after a commit without a place, a settlement, a change.
    pub fn wake(&self) {
        self.backlog.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    /// The next message to deliver. Waits until there is one. For one caller at a time.
    pub async fn next(self: &Arc<Self>) -> Work {
        loop {
            // What can't be settled must not be sent: it would be sent again.
            if self.store.writable().is_err() {
                sleep(STORE_PAUSE).await;
                continue;
            }
            if self.backlog.swap(false, Ordering::AcqRel) {
                self.refill().await;
            }
            if let Some((domain, leased)) = self.pop() {
                return Work { leased, domain, queue: self.clone(), feedback: Feedback::None, settled: false };
            }
            let pause = self.until_due().await;
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep(pause) => self.backlog.store(true, Ordering::Release),
            }
        }
    }

    /// How long nothing more is due that there is room for.
    async fn until_due(&self) -> Duration {
        let (room, busy) = {
            let ready = self.ready();
            (ready.room(), ready.supplied())
        };
        if room == 0 {
            return LONGEST_SLEEP;
        }
        // Busy domains' due times lie in the past: they are asked for when their lane runs low.
        let due = self.store.next_due(&busy).await.ok().flatten();
        due.map_or(LONGEST_SLEEP, |due| until(self.clock.now(), due)).clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
    }

    fn pop(&self) -> Option<(Domain, Leased)> {
        self.ready().pop()
    }

    /// Leases what is due and fits.
    async fn refill(&self) {
        self.end_suspensions().await;
        let (room, busy) = {
            let ready = self.ready();
            (ready.room().min(BATCH), ready.supplied())
        };
        // Under load each message that finds no place wakes us; mostly nobody needs more.
        if room == 0 || matches!(self.store.next_due(&busy).await, Ok(None)) {
            return;
        }
        let leased = match self.store.lease(self.clock.now(), room, &busy).await {
            Ok(leased) => leased,
            Err(error) => {
                warn!(%error, "the store can't be read; delivery waits");
                sleep(STORE_PAUSE).await;
                self.backlog.store(true, Ordering::Release);
                return;
            }
        };
        if leased.len() >= room {
            self.backlog.store(true, Ordering::Release);
        }
        for leased in leased {
            self.take_leased(leased).await;
        }
    }

    /// Resumes domains whose suspension was set to end by now.
    async fn end_suspensions(&self) {
        let now = self.clock.now();
        for (domain, until) in self.store.suspended().await.unwrap_or_default() {
            if until.is_some_and(|until| until <= now)
                && let Err(error) = self.resume(&domain, Vec::new()).await
            {
                warn!(%domain, %error, "a suspension that is over could not be ended");
            }
        }
    }

    /// Puts a message leased from the store into its lanes; what finds no place goes back.
    async fn take_leased(&self, leased: Leased) {
        let id = leased.envelope.id;
        let mut refused = Vec::new();
        for (domain, part) in by_domain(leased) {
            if self.ready().admit(domain.clone(), id, 0, part).is_err() {
                refused.push(domain);
            }
        }
        self.give_back(id, &refused).await;
    }

    async fn give_back(&self, id: QueueId, domains: &[Domain]) {
        if domains.is_empty() {
            return;
        }
        if let Err(error) = self.store.give_back(id, domains).await {
            // They are due again when the store is opened next.
            warn!(%id, %error, "could not give a lease back");
        }
    }

    /// Records how a delivery ended. Tries until the store takes it: what was sent must not be
    /// forgotten, or it would be sent again.
    pub async fn settle(&self, mut work: Work, settlement: Settlement) {
        let id = settlement.id;
        let causes_mail = !settlement.own_mail.is_empty();
        loop {
            match self.store.settle(settlement.clone()).await {
                Ok(()) => break,
                // Deleted by a person while it was under way.
                Err(StoreError::NotFound) => break warn!(%id, "settled a message that is gone"),
                Err(error @ StoreError::Damaged(_)) => {
                    break error!(%id, %error, "a delivery can't be recorded: its record is damaged");
                }
                Err(error) => {
                    error!(%id, %error, "a delivery could not be recorded; delivery pauses until it is");
                    sleep(STORE_PAUSE).await;
                }
            }
        }
        work.settled = true;
        if causes_mail {
            self.wake();
        }
    }

    /// Stops deliveries to a domain; what waits stays in the store.
    pub async fn suspend(
        &self,
        domain: &Domain,
        until: Option<Timestamp>,
        events: Vec<Event>,
    ) -> Result<(), StoreError> {
        Holds::suspend(&*self.store, domain, until, events).await?;
        let waiting = self.ready().suspend(domain.clone());
        for leased in waiting {
            self.give_back(leased.envelope.id, std::slice::from_ref(domain)).await;
        }
        Ok(())
    }

    pub async fn resume(&self, domain: &Domain, events: Vec<Event>) -> Result<(), StoreError> {
        Holds::resume(&*self.store, domain, events).await?;
        self.ready().resume(domain);
        self.wake();
        Ok(())
    }

    /// Takes a message back into the store if it only waits here, so that a person can change it.
    pub async fn withdraw(&self, id: QueueId) {
        let waiting = self.ready().withdraw(id);
        for leased in waiting {
            self.give_back(id, &domains(&leased)).await;
        }
    }

    fn ready(&self) -> MutexGuard<'_, Ready<Leased>> {
        self.ready.lock().expect("no code panics while it holds the ready list")
    }
}

fn until(now: Timestamp, due: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(now)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests;
