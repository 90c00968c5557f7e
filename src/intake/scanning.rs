//! Examination against the clock: what takes longer than the client should wait goes on after
//! the `250`, and what takes longer than that becomes a gap.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use memchr::memmem;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{error, info, warn};

use super::examine::{Judge, examine_safely, held_unread};
use super::{ADMITTING, Arriving, IN_PLACE, Intake, facts, first_state, is_all_held, kib, refuse};
use crate::audit::{self, EventKind};
use crate::mail::{Address, Client, Content, Envelope, QueueId, Reply};
use crate::message::{self, Budget, Document, Documents, Extract, GapReason};
use crate::policy::{Decision, Waiver};
use crate::smtp;
use crate::store::{Arrival, Decided, Facts, RecipientRecord, RecipientState, StoreError};
use crate::world::new_id;

/// What a byte of content takes while it is examined: itself, its text, and what was seen in that
/// (measured: 25 MiB of text with a number in every line take 160 MiB more than nothing does).
const EXAMINED: u64 = 6;

/// Between tries when the store can't be read.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// What came of an examination while the client waited.
pub(super) enum Examined {
    Done(Box<Decision>),
    Later(Examination),
}

/// Content read back. Its room in `limits.memory` is free again when the last reader lets go of it.
struct InMemory {
    bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for InMemory {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// An examination that goes on.
pub(super) struct Examination {
    task: JoinHandle<Decision>,
    budget: Arc<Budget>,
    since: Instant,
}

/// Opens nothing, and notes that it was asked to: a document is waited for, which the threads that
/// serve all sessions must not do.
#[derive(Default)]
struct Elsewhere {
    was_asked: AtomicBool,
}

impl Documents for Elsewhere {
    fn open(&self, _document: &Document<'_>, _budget: &Budget) -> Extract {
        self.was_asked.store(true, Ordering::Relaxed);
        Extract::default()
    }

    fn read_picture(&self, _picture: &[u8], _budget: &Budget) -> Result<String, GapReason> {
        self.was_asked.store(true, Ordering::Relaxed);
        Err(GapReason::Picture)
    }
}

impl Intake {
    /// Sealed content in memory, once there is room for it. `None`: not within `scan_wait`.
    pub(super) async fn read_back(&self, id: QueueId, content: &Content) -> Result<Option<Bytes>, StoreError> {
        let permits = kib(content.size().saturating_mul(EXAMINED)).min(kib(self.config.memory));
        let Ok(room) = timeout(self.config.scan_wait, self.memory.clone().acquire_many_owned(permits)).await else {
            return Ok(None);
        };
        let _room = room.expect("the semaphore is never closed");
        let bytes = self.store.read(id, content).await?;
        Ok(Some(Bytes::from_owner(InMemory { bytes, _room })))
    }

    /// Small plain mail in place; the rest on the blocking pool, for as long as the client waits.
    pub(super) async fn examine_now(self: &Arc<Self>, envelope: &Envelope, bytes: Bytes) -> Examined {
        if bytes.len() as u64 <= IN_PLACE && !may_hold_documents(&bytes) {
            let (law, waivers) = (self.law.load(), self.waivers_of(envelope).await);
            let judge = Judge { law: &law, waivers: &waivers, now: self.clock.now() };
            let elsewhere = Elsewhere::default();
            let examination = examine_safely(&bytes, envelope, judge, &elsewhere, &self.budget());
            if !elsewhere.was_asked.into_inner() {
                return Examined::Done(Box::new(examination.decision));
            }
        }
        let mut examination = self.examine_apart(envelope.clone(), bytes, self.budget());
        match timeout(self.config.scan_wait, &mut examination.task).await {
            Ok(decision) => Examined::Done(Box::new(decision.expect("panics are caught within"))),
            Err(_) => Examined::Later(examination),
        }
    }

    /// The consents of its recipients. What can't be read lowers nothing.
    async fn waivers_of(&self, envelope: &Envelope) -> Vec<Waiver> {
        let recipients: Vec<&Address> = envelope.recipients.iter().map(|recipient| &recipient.address).collect();
        self.store.waivers_of(&recipients).await.unwrap_or_else(|error| {
            error!(id = %envelope.id, %error, "waivers can't be read; the message is judged without them");
            Vec::new()
        })
    }

    /// Decides a message under the law of this moment, however long its reading takes.
    pub async fn decide_again(self: &Arc<Self>, envelope: &Envelope, bytes: Bytes) -> Decision {
        match self.examine_now(envelope, bytes).await {
            Examined::Done(decision) => *decision,
            Examined::Later(examination) => self.decision_of(examination).await,
        }
    }

    /// Examines on the blocking pool, one message a processor at a time.
    fn examine_apart(self: &Arc<Self>, envelope: Envelope, bytes: Bytes, budget: Arc<Budget>) -> Examination {
        let (intake, spent) = (Arc::clone(self), Arc::clone(&budget));
        let task = tokio::spawn(async move {
            let _turn = Arc::clone(&intake.examiners).acquire_owned().await.expect("the semaphore is never closed");
            // As they are when its turn comes: who took a consent back while it waited is heard.
            let (law, waivers) = (intake.law.load_full(), intake.waivers_of(&envelope).await);
            let walk = move || {
                let judge = Judge { law: &law, waivers: &waivers, now: intake.clock.now() };
                examine_safely(&bytes, &envelope, judge, &*intake.documents, &spent).decision
            };
            tokio::task::spawn_blocking(walk).await.expect("panics are caught within")
        });
        Examination { task, budget, since: Instant::now() }
    }

    /// Commits a message that is still being examined, and sees its examination through.
    pub(super) async fn commit_scanning(
        self: &Arc<Self>,
        arriving: Arriving,
        examination: Examination,
    ) -> Result<Reply, Reply> {
        let Arriving { envelope, content, facts } = arriving;
        let id = envelope.id;
        self.commit_undecided(envelope.clone(), content, facts.clone()).await?;
        let intake = Arc::clone(self);
        self.background.spawn(async move { intake.see_through(envelope, facts, examination).await });
        Ok(refuse::accepted(id, false))
    }

    async fn commit_undecided(&self, envelope: Envelope, content: Content, facts: Facts) -> Result<(), Reply> {
        let (id, source) = (envelope.id, envelope.source.clone());
        let arrival = Arrival { envelope, content, decided: None, facts, events: Vec::new(), leased: false };
        self.store.commit(arrival).await.map_err(|error| refuse::store(&error))?;
        self.metrics.received.with_label_values(&[&source]).inc();
        info!(%id, source, "message accepted, still scanning");
        Ok(())
    }

    /// Takes up what an earlier process accepted and didn't decide.
    pub async fn resume_scanning(self: &Arc<Self>) -> Result<(), crate::store::StoreError> {
        for (envelope, content) in self.store.scanning().await? {
            let intake = Arc::clone(self);
            self.background.spawn(async move { intake.examine_kept(envelope, content).await });
        }
        Ok(())
    }

    /// Examines a message that is already in the store.
    async fn examine_kept(self: &Arc<Self>, envelope: Envelope, content: Content) {
        let id = envelope.id;
        let bytes = loop {
            match self.read_back(id, &content).await {
                Ok(Some(bytes)) => break bytes,
                Ok(None) => {}
                Err(StoreError::Damaged(what)) => return self.hold_damaged(envelope, &what).await,
                // A person deleted it in the meantime.
                Err(StoreError::NotFound) => return,
                Err(error) => {
                    warn!(%id, %error, "an undecided message can't be read back now; it is tried again");
                    tokio::time::sleep(STORE_PAUSE).await;
                }
            }
        };
        let facts = facts(&bytes, &message::fields_named(&bytes, &ADMITTING));
        let examination = self.examine_apart(envelope.clone(), bytes, self.budget());
        self.see_through(envelope, facts, examination).await;
    }

    /// What can't be read back as it was accepted is never sent: a person is told, and decides.
    async fn hold_damaged(&self, envelope: Envelope, what: &str) {
        let (id, now) = (envelope.id, self.clock.now());
        error!(%id, what, "the stored content of an undecided message is damaged; it is held");
        let decision = held_unread(&envelope, &self.law.load(), now, RecipientRecord::DAMAGED).decision;
        let detail = serde_json::Map::from_iter([("what".to_owned(), what.into())]);
        let actor = "gateway".to_owned();
        let damaged = audit::Event { at: now, actor, kind: EventKind::Damaged, message: Some(id), detail };
        let report = self.queue.config().own.report_damaged(new_id(&*self.clock, &*self.random), id, now);
        let mut decided = self.decided(&envelope, &Facts::default(), decision);
        decided.events.push(damaged);
        decided.own_mail = self.notices.damaged(&envelope, &decided.decision);
        decided.own_mail.push(report);
        self.decide_kept(id, decided).await;
    }

    /// Waits for a decision that goes on, and records it.
    async fn see_through(self: &Arc<Self>, envelope: Envelope, facts: Facts, examination: Examination) {
        let since = examination.since;
        let decision = self.decision_of(examination).await;
        self.metrics.scan_duration.observe(since.elapsed().as_secs_f64());
        let decided = self.decided(&envelope, &facts, decision);
        self.decide_kept(envelope.id, decided).await;
    }

    /// Waits for a decision until `scan_timeout`, then ends the reading: what is unread is a gap.
    async fn decision_of(&self, mut examination: Examination) -> Decision {
        let end = examination.since + self.config.scan_timeout;
        let decision = match timeout_at(end, &mut examination.task).await {
            Ok(decision) => decision,
            Err(_) => {
                examination.budget.stop();
                examination.task.await
            }
        };
        decision.expect("panics are caught within")
    }

    /// What a decision makes of a message that is already in the store.
    fn decided(&self, envelope: &Envelope, facts: &Facts, decision: Decision) -> Decided {
        let refused = decision.refusal.is_some();
        let own_mail = match refused {
            true => self.notices.refused(envelope, facts, &decision),
            false => self.notices.notices(envelope, facts, &decision),
        };
        let states = decision.recipients.iter().map(|recipient| match refused {
            true => RecipientState::Failed,
            false => first_state(&decision, recipient),
        });
        let events = match refused {
            true => vec![self.event(EventKind::Refused, envelope.id, envelope, &decision)],
            false => self.decided_and_held(envelope, &decision),
        };
        Decided { states: states.collect(), events, decision, own_mail, leased: false }
    }

    /// Records the decision about a message in the store; tries until the store takes it.
    async fn decide_kept(&self, id: QueueId, decided: Decided) {
        self.metrics.decided(&decided.decision);
        info!(%id, verdict = %decided.decision.verdict, held = is_all_held(&decided.decision), "message decided");
        let mut pause = Duration::from_secs(1);
        while let Err(error) = self.store.decide(id, decided.clone()).await {
            error!(%id, %error, "a decision could not be recorded yet");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(60));
        }
        self.queue.wake();
    }
}

/// Whether it may take more than microseconds: an archive, a document, anything not text.
/// A glance that spares most such mail a second reading.
fn may_hold_documents(bytes: &[u8]) -> bool {
    memmem::find(bytes, b"application/").is_some() || memmem::find(bytes, b"base64").is_some()
}

/// Log-ins are kept in the account; refusals are only counted and logged, as strangers cause them.
pub(super) fn login_event(event: smtp::Event, client: &Client, at: Timestamp) -> Option<audit::Event> {
    let (kind, user, reason) = match event {
        smtp::Event::LoginSucceeded { user } => (EventKind::LoginSucceeded, user, None),
        smtp::Event::LoginFailed { user, reason } => (EventKind::LoginFailed, user, Some(reason)),
        smtp::Event::Refused { .. } | smtp::Event::SourceFailed { .. } => return None,
    };
    let mut detail = serde_json::Map::new();
    detail.insert("client".to_owned(), client.ip.to_string().into());
    detail.insert("listener".to_owned(), client.listener.clone().into());
    if let Some(reason) = reason {
        detail.insert("reason".to_owned(), reason.into());
    }
    Some(audit::Event { at, actor: user, kind, message: None, detail })
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;

    /// `limits.memory` bounds what is being examined, not only what is being read.
    #[tokio::test]
    async fn content_takes_its_room_until_the_last_reader_lets_go() {
        let memory = Arc::new(Semaphore::new(4));
        let room = memory.clone().acquire_many_owned(3).await.unwrap();
        let bytes = Bytes::from_owner(InMemory { bytes: Bytes::from_static(b"x"), _room: room });
        let reader = bytes.clone();
        drop(bytes);
        assert_eq!(memory.available_permits(), 1);
        drop(reader);
        assert_eq!(memory.available_permits(), 4);
    }
}
