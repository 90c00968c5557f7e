//! What goes out of the queue and into it: a message to be delivered now, and a promise of room.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Feedback, Queue};
use crate::mail::{Content, Domain};
use crate::store::{Leased, RecipientRecord};

/// A message to be delivered now, in the turn of `domain`: its `due` recipients are all there, until
/// others go along. [`Queue::settle`] ends it. Dropped otherwise, by a panic for instance, it goes
/// back to the store.
pub struct Work {
    pub leased: Leased,
    pub domain: Domain,
    pub(super) queue: Arc<Queue>,
    pub(super) feedback: Feedback,
    pub(super) settled: bool,
}

/// A promise of room for a message that is being committed. Dropped unused, the room is free again.
pub struct Place {
    pub(super) queue: Arc<Queue>,
    pub(super) count: usize,
}

impl Place {
    /// Hands over the message that was committed as leased.
    pub fn fill(mut self, leased: Leased) {
        let (id, size) = (leased.envelope.id, leased.content.size());
        let mut suspended = Vec::new();
        let queue = self.queue.clone();
        // All parts at once, so that the first to start finds those that could go along.
        let mut ready = queue.ready();
        for (domain, mut part) in by_domain(leased) {
            if self.count == 0 {
                suspended.push(domain);
                continue;
            }
            self.count -= 1;
            // Under memory pressure only the envelope waits here; the content is read when its turn comes.
            let keep = ready.has_memory(size) && matches!(part.content, Content::Memory(_));
            if !keep {
                part.content = Content::Sealed { name: id.to_string(), size };
            }
            if ready.push(domain.clone(), id, if keep { size } else { 0 }, part).is_err() {
                suspended.push(domain);
            }
        }
        drop(ready);
        queue.changed.notify_one();
        if !suspended.is_empty() {
            let queue = queue.clone();
            in_background(async move {
                queue.give_back(id, &suspended).await;
                queue.wake();
            });
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.ready().cancel(self.count);
    }
}

impl Work {
    /// Takes along the message's recipients of other domains that wait here too, where one of the
    /// domain `goes_along`. So recipients behind one next hop share a transaction, while domains
    /// still take turns: what goes along needs no turn of its own.
    pub fn take_along(&mut self, goes_along: impl Fn(&RecipientRecord) -> bool) {
        let others: BTreeSet<&Domain> = self.leased.envelope.recipients.iter().map(|to| to.address.domain()).collect();
        if others.len() == 1 {
            return;
        }
        let mut ready = self.queue.ready();
        for domain in others {
            let along = |waiting: &Leased| waiting.due.iter().any(&goes_along);
            if let Some(more) = ready.take_along(self.leased.envelope.id, domain, along) {
                self.leased.due.extend(more.due);
            }
        }
        self.leased.due.sort_by_key(|due| due.index);
    }

    /// How it went for the destination: the lane learns from it.
    pub fn learn(&mut self, feedback: Feedback) {
        self.feedback = feedback;
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let low = self.queue.ready().finished(&self.domain, self.feedback);
        if low {
            self.queue.backlog.store(true, Ordering::Release);
        }
        self.queue.changed.notify_one();
        if !self.settled {
            let (queue, id, domains) = (self.queue.clone(), self.leased.envelope.id, domains(&self.leased));
            in_background(async move {
                queue.give_back(id, &domains).await;
                queue.wake();
            });
        }
    }
}

/// For what is dropped. When the runtime ends, leases end with the process.
fn in_background(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(work);
    }
}

pub fn domains(leased: &Leased) -> Vec<Domain> {
    let mut domains: Vec<Domain> = leased.due.iter().map(|due| due.address.domain().clone()).collect();
    domains.sort_unstable();
    domains.dedup();
    domains
}

/// One part for each domain of the due recipients.
pub fn by_domain(leased: Leased) -> Vec<(Domain, Leased)> {
    let mut domains = leased.due.iter().map(|due| due.address.domain());
    if let Some(only) = domains.next().filter(|first| domains.all(|domain| domain == *first)) {
        return vec![(only.clone(), leased)];
    }
    let mut parts: BTreeMap<Domain, Vec<_>> = BTreeMap::new();
    for due in &leased.due {
        parts.entry(due.address.domain().clone()).or_default().push(due.clone());
    }
    parts.into_iter().map(|(domain, due)| (domain, Leased { due, ..leased.clone() })).collect()
}
