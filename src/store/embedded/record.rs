//! What the tables hold, as text and numbers made ready outside the writer's thread.

use jiff::Timestamp;
use rusqlite::Row;
use serde::Serialize;

use super::integrity::{Integrity, Mark};
use super::trouble::{Trouble, damaged};
use crate::audit::Event;
use crate::mail::{Domain, QueueId};
use crate::store::{Decided, MessageState, RecipientRecord, RecipientState};

/// A message ready to be inserted.
pub struct NewMessage {
    pub id: QueueId,
    pub received: i64,
    pub envelope: String,
    pub facts: String,
    pub decision: Option<String>,
    pub mark: Mark,
    pub subject: Option<Vec<u8>>,
    pub standing: Standing,
    pub body: SealedBody,
    pub wrapped: Vec<u8>,
    pub events: Vec<NewEvent>,
    pub leased: bool,
    /// Notices that this causes.
    pub own_mail: Vec<NewMessage>,
    /// An own mail that a repeated settlement brings again is already there.
    pub own: bool,
}

/// Where its recipients stand.
pub struct Standing {
    pub state: MessageState,
    pub held: bool,
    pub recipients: String,
    pub mark: Mark,
    /// Domains with open recipients, and when they are due.
    pub open: Vec<(Domain, i64)>,
}

pub enum SealedBody {
    Table(Vec<u8>),
    File,
}

/// An event ready to be chained.
pub struct NewEvent {
    pub message: Option<QueueId>,
    pub text: String,
}

impl NewEvent {
    pub fn all(events: &[Event]) -> Result<Vec<NewEvent>, Trouble> {
        events.iter().map(|event| Ok(NewEvent { message: event.message, text: text(event)? })).collect()
    }
}

impl Standing {
    pub fn of(integrity: &Integrity, id: QueueId, recipients: &[RecipientRecord]) -> Result<Self, Trouble> {
        let (state, text) = (MessageState::of(recipients), text(&recipients)?);
        Ok(Self {
            state,
            held: recipients.iter().any(|recipient| recipient.state == RecipientState::Held),
            mark: integrity.standing(id, state, &text),
            recipients: text,
            open: open_domains(recipients),
        })
    }

    /// A message whose decision is still to come has no recipients to deliver to.
    pub fn scanning(integrity: &Integrity, id: QueueId) -> Self {
        let (state, recipients) = (MessageState::Scanning, "[]".to_owned());
        let mark = integrity.standing(id, state, &recipients);
        Self { state, held: false, recipients, mark, open: Vec::new() }
    }

    pub fn decided(integrity: &Integrity, id: QueueId, decided: &Decided, now: Timestamp) -> Result<Self, Trouble> {
        Self::of(integrity, id, &decided.first_records(now))
    }

    pub fn is_settled(&self) -> bool {
        is_settled(self.state)
    }
}

/// Whether nothing remains to be done: the content's key can go.
pub fn is_settled(state: MessageState) -> bool {
    !matches!(state, MessageState::Scanning | MessageState::Queued | MessageState::Held)
}

/// Each domain of open recipients with its earliest due time.
pub fn open_domains(recipients: &[RecipientRecord]) -> Vec<(Domain, i64)> {
    let mut open: Vec<(Domain, i64)> = Vec::new();
    for recipient in recipients.iter().filter(|recipient| recipient.state.is_open()) {
        let due = recipient.next_attempt.map_or(0, Timestamp::as_millisecond);
        let domain = recipient.address.domain();
        match open.iter_mut().find(|(known, _)| known == domain) {
            Some((_, earliest)) => *earliest = due.min(*earliest),
            None => open.push((domain.clone(), due)),
        }
    }
    open
}

pub fn text<T: Serialize>(value: &T) -> Result<String, Trouble> {
    serde_json::to_string(value).map_err(|error| damaged(format_args!("a record ({error})")))
}

pub fn parse<T: serde::de::DeserializeOwned>(id: QueueId, text: &str) -> Result<T, Trouble> {
    // serde's own words could quote the text.
    serde_json::from_str(text).map_err(|_| damaged(id))
}

/// A text column, whatever stands in it: damage must show as a mark that doesn't fit, not as a
/// query that fails for every row.
pub fn read_text(row: &Row, column: usize) -> rusqlite::Result<String> {
    Ok(row.get_ref(column)?.as_bytes_or_null()?.map(lossy).unwrap_or_default())
}

pub fn read_mark(row: &Row, column: usize) -> rusqlite::Result<Mark> {
    let found = row.get_ref(column)?.as_bytes_or_null()?;
    Ok(found.and_then(|mark| mark.try_into().ok()).unwrap_or_default())
}

pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
