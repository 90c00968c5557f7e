//! Mail held for a person: hold, review, release, protect, return, reject.
//!
//! In: recipients whose decision is `hold`, or whose last rung failed. Out: their release, or the
//! message back to its sender. Nothing leaves from here by itself: what nobody judges in time is
//! returned. A verb takes a [`crate::people::Reviewer`], which only `people` makes; each writes the audit.

mod daily;
mod metrics;
mod notices;
mod recheck;
mod review;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::audit::{Event, EventKind};
use crate::mail::{Address, QueueId};
use crate::policy::{Decision, Level};
use crate::queue::{OwnMail, Queue};
use crate::store::{MessageState, Query, RecipientRecord, RecipientState, Record, Store, StoreError, Summary};
use crate::world::{Clock, Random};

pub use metrics::Metrics;
pub use notices::Notices;
pub use recheck::{Examine, Rechecked, Run, Selection};
pub use review::{Ground, Reviewed};

/// The room's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// What nobody judges for so long is returned (`quarantine.expire`).
    pub expire: Duration,
    /// What `protect` asks of a message that was held for no other reason than to be judged: `policy.phi`.
    pub protect: Level,
    pub own: OwnMail,
    /// Who is told of held mail (`quarantine.notify`).
    pub reviewers: Vec<Address>,
    pub voice: Voice,
    /// By profile.
    pub voices: BTreeMap<String, Voice>,
}

/// How notices speak to authors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Whether authors are told that their mail is held (`notify.sender`).
    pub tell_sender: bool,
    /// The organisation's name (`branding.name`).
    pub name: String,
}

/// Messages asked of the store at once.
const PAGE: usize = 500;

/// Everything that people do with held mail.
pub struct Quarantine {
    config: Config,
    notices: Arc<Notices>,
    store: Arc<dyn Store>,
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    metrics: Metrics,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("no recipient of the message is held")]
    NotHeld,
    #[error("say why: a reason is kept with it")]
    NoReason,
    /// No built method gives it this level.
    #[error("no method reaches {0}; it can be released, returned or rejected")]
    OutOfReach(Level),
}

/// A held message, and which of its recipients are.
struct Held {
    record: Record,
    decision: Decision,
    recipients: Vec<RecipientRecord>,
}

impl Quarantine {
    pub fn new(
        config: Config,
        store: Arc<dyn Store>,
        queue: Arc<Queue>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        metrics: Metrics,
    ) -> Arc<Self> {
        let notices = Arc::new(Notices::new(config.clone(), clock.clone(), random.clone()));
        Arc::new(Self { config, notices, store, queue, clock, random, metrics })
    }

    /// Counters outlive a reload, which makes the room anew.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What is told of mail when it is held; whoever holds it commits them together.
    pub fn notices(&self) -> &Arc<Notices> {
        &self.notices
    }

    /// A page of held messages in order of arrival, without their subjects.
    pub async fn list(&self, after: Option<QueueId>, limit: usize) -> Result<Vec<Summary>, Error> {
        let query = Query { states: vec![MessageState::Held], after, limit: Some(limit), ..Query::default() };
        let mut page = self.store.list(&query).await?;
        page.iter_mut().for_each(|summary| summary.facts.subject = None);
        Ok(page)
    }

    /// Every held message. Pages through the store, so that the number of them doesn't matter.
    async fn all(&self) -> Result<Vec<Summary>, Error> {
        let mut all: Vec<Summary> = Vec::new();
        loop {
            let page = self.list(all.last().map(|summary| summary.id), PAGE).await?;
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// One message's story, masked: findings show their last characters at most, the subject not at all.
    pub async fn show(&self, id: QueueId) -> Result<Record, Error> {
        let mut record = self.store.show(id).await?;
        record.summary.facts.subject = None;
        Ok(record)
    }

    async fn held(&self, id: QueueId) -> Result<Held, Error> {
        // What waits in the ready list for its other recipients goes back, so that it can be changed.
        self.queue.withdraw(id).await;
        let record = self.store.show(id).await?;
        let is_held = |recipient: &&RecipientRecord| recipient.state == RecipientState::Held;
        let recipients: Vec<_> = record.summary.recipients.iter().filter(is_held).cloned().collect();
        match record.summary.decision.clone() {
            Some(decision) if !recipients.is_empty() => Ok(Held { record, decision, recipients }),
            _ => Err(Error::NotHeld),
        }
    }

    fn event(&self, kind: EventKind, actor: &str, id: QueueId, detail: Map<String, Value>) -> Event {
        Event { at: self.clock.now(), actor: actor.to_owned(), kind, message: Some(id), detail }
    }
}

/// The words for why, where somebody found any.
fn said(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// The words for why, without which nothing is let out or looked at.
fn reason(text: &str) -> Result<&str, Error> {
    said(text).ok_or(Error::NoReason)
}

/// Whole days and hours, for a person.
fn age(since: Timestamp, now: Timestamp) -> String {
    let hours = now.duration_since(since).as_hours().max(0);
    match hours / 24 {
        0 => format!("{hours} h"),
        days => format!("{days} d {} h", hours % 24),
    }
}
