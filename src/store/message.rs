//! A message as it comes to the store, as its recipients are kept, and as it is handed out.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RecipientState;
use crate::audit::Event;
use crate::mail::{Address, Content, Domain, Envelope, QueueId};
use crate::policy::{Decision, Level, Method, RecipientDecision};

/// A message to be kept.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub envelope: Envelope,
    pub content: Content,
    /// `None`: still scanning.
    pub decided: Option<Decided>,
    /// What `find` and pages show: kept sealed where it is content.
    pub facts: Facts,
    pub events: Vec<Event>,
    /// The committer delivers it at once; `lease` must not hand it out until it is settled.
    pub leased: bool,
}

/// A decision and where it puts the recipients.
#[derive(Clone, Debug)]
pub struct Decided {
    pub decision: Decision,
    /// In the order of the envelope.
    pub states: Vec<RecipientState>,
    pub events: Vec<Event>,
    /// Own mail that this causes (a notice of the hold), committed with it.
    pub own_mail: Vec<Arrival>,
    pub leased: bool,
}

impl Decided {
    /// The recipients as they begin: each on the first rung of its ladder, due at once.
    pub fn first_records(&self, now: Timestamp) -> Vec<RecipientRecord> {
        let first = |(index, (decided, state)): (usize, (&RecipientDecision, &RecipientState))| {
            let (level, method) = self.decision.start(decided);
            RecipientRecord {
                index,
                address: decided.address.clone(),
                state: *state,
                level,
                method,
                attempts: 0,
                next_attempt: state.is_open().then_some(now),
                failing_since: None,
                last_reply: None,
                delay_notice: None,
                expired: false,
                released: None,
            }
        };
        self.decision.recipients.iter().zip(&self.states).enumerate().map(first).collect()
    }
}

/// Facts for finding a message again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub author: Option<Address>,
    pub message_id: Option<String>,
    /// Sealed at rest; shown only to a reviewer.
    pub subject: Option<String>,
    /// When its author dates it (RFC 5322 §3.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    pub size: u64,
    /// Own mail: DSN or notice.
    pub own: bool,
}

/// A recipient as the store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecipientRecord {
    /// Its place in the envelope.
    pub index: usize,
    pub address: Address,
    pub state: RecipientState,
    pub level: Level,
    /// The rung in use.
    pub method: Method,
    pub attempts: u32,
    pub next_attempt: Option<Timestamp>,
    /// Since when the rung in use fails; `delivery.patience` counts from here.
    pub failing_since: Option<Timestamp>,
    /// The last reply or trouble, safe to show.
    pub last_reply: Option<String>,
    /// When the author was told of the delay.
    pub delay_notice: Option<Timestamp>,
    /// It failed because its time was over, not because somebody said no.
    #[serde(default)]
    pub expired: bool,
    /// When it was let go after it had been held: its time counts from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Timestamp>,
}

impl RecipientRecord {
    /// Since when it is to be delivered: what was held until now has all its time before it.
    pub fn since(&self, received: Timestamp) -> Timestamp {
        self.released.unwrap_or(received)
    }

    /// Held because what is stored is not what was accepted.
    pub fn damaged(&self) -> Self {
        Self {
            state: RecipientState::Held,
            next_attempt: None,
            last_reply: Some(format!("5.3.0 {}", Self::DAMAGED)),
            ..self.clone()
        }
    }

    pub const DAMAGED: &'static str = "the stored content is damaged";

    pub fn is_damaged(&self) -> bool {
        self.state == RecipientState::Held
            && self.last_reply.as_ref().is_some_and(|reply| reply.ends_with(Self::DAMAGED))
    }

    /// Let go at this level, after it was held: due at once by this method, as if it had just come.
    pub fn released(&self, level: Level, method: Method, now: Timestamp) -> Self {
        Self {
            state: RecipientState::Pending,
            level,
            method,
            next_attempt: Some(now),
            failing_since: None,
            last_reply: None,
            delay_notice: None,
            released: Some(now),
            ..self.clone()
        }
    }
}

/// A message handed out for delivery, to this process alone.
#[derive(Clone, Debug)]
pub struct Leased {
    pub envelope: Arc<Envelope>,
    pub decision: Arc<Decision>,
    pub facts: Facts,
    /// The due recipients only.
    pub due: Vec<RecipientRecord>,
    /// In memory where it just arrived; else `read` gives it.
    pub content: Content,
}

impl Leased {
    /// A message that is being committed, as it will be leased to whoever commits it.
    pub fn first(envelope: &Envelope, decided: &Decided, facts: &Facts, content: &Content, now: Timestamp) -> Self {
        let open = |record: &RecipientRecord| record.state.is_open();
        Self {
            envelope: Arc::new(envelope.clone()),
            decision: Arc::new(decided.decision.clone()),
            facts: facts.clone(),
            due: decided.first_records(now).into_iter().filter(open).collect(),
            content: content.clone(),
        }
    }
}

/// The content of a committed message, for [`super::Deliveries::read`] to open.
pub fn stored_content(id: QueueId, size: u64) -> Content {
    Content::Sealed { name: id.to_string(), size }
}

/// What waits for one domain: recipients that are neither settled nor held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    pub domain: Domain,
    pub recipients: u64,
    pub deferred: u64,
    /// When the first of the messages came.
    pub oldest: Timestamp,
    pub next_attempt: Option<Timestamp>,
    /// The last reply to the youngest message that had one.
    pub last_reply: Option<String>,
}

impl Destination {
    /// One recipient's share, of a message that was received then.
    pub fn first(recipient: &RecipientRecord, received: Timestamp) -> Self {
        let domain = recipient.address.domain().clone();
        let mut destination =
            Self { domain, recipients: 0, deferred: 0, oldest: received, next_attempt: None, last_reply: None };
        destination.add(recipient, received);
        destination
    }

    /// Counts one more recipient of the same domain.
    pub fn add(&mut self, recipient: &RecipientRecord, received: Timestamp) {
        self.recipients += 1;
        self.deferred += u64::from(recipient.state == RecipientState::Deferred);
        self.oldest = self.oldest.min(received);
        self.next_attempt = self.next_attempt.into_iter().chain(recipient.next_attempt).min();
        if recipient.last_reply.is_some() {
            self.last_reply.clone_from(&recipient.last_reply);
        }
    }
}
