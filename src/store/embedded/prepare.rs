//! From an arrival to rows: sealed and written as text by the caller, so that the writer's thread
//! only has to insert.

use std::sync::Arc;

use super::bodies::blocking;
use super::record::{NewEvent, NewMessage, SealedBody, Standing, text};
use super::shared::Shared;
use super::trouble::Trouble;
use crate::keys::BodyKey;
use crate::mail::{Content, QueueId};
use crate::store::seal::{Purpose, seal};
use crate::store::{Arrival, Facts, StoreError};

/// Content up to this size is kept inside the database; a file for each message would cost
/// three more flushes of the disk.
pub const INSIDE: usize = 128 * 1024;

/// Seals an arrival. Large content from memory is written to its file here; spooled content
/// lies there already.
pub async fn prepare(shared: &Arc<Shared>, arrival: Arrival) -> Result<NewMessage, StoreError> {
    let id = arrival.envelope.id;
    match &arrival.content {
        Content::Memory(content) if content.len() <= INSIDE => Ok(small(shared, &arrival)?),
        Content::Memory(_) => {
            let shared = shared.clone();
            blocking(move || large(&shared, &arrival)).await
        }
        Content::Sealed { .. } => {
            let key = shared.bodies.pending_key(id);
            let key = key.ok_or_else(|| StoreError::Failed(format!("the spooled content of {id} is gone")))?;
            Ok(row(shared, &arrival, &key, SealedBody::File)?)
        }
    }
}

/// Notices that a settlement or decision causes: always small.
pub fn own_mail(shared: &Shared, arrivals: &[Arrival]) -> Result<Vec<NewMessage>, Trouble> {
    arrivals.iter().map(|arrival| small(shared, arrival)).collect()
}

fn small(shared: &Shared, arrival: &Arrival) -> Result<NewMessage, Trouble> {
    let key = BodyKey::generate()?;
    let sealed = seal_memory(&key, arrival)?;
    row(shared, arrival, &key, SealedBody::Table(sealed))
}

fn large(shared: &Shared, arrival: &Arrival) -> Result<NewMessage, Trouble> {
    let key = BodyKey::generate()?;
    let row = row(shared, arrival, &key, SealedBody::File)?;
    shared.bodies.write(arrival.envelope.id, &seal_memory(&key, arrival)?)?;
    Ok(row)
}

fn seal_memory(key: &BodyKey, arrival: &Arrival) -> Result<Vec<u8>, Trouble> {
    match &arrival.content {
        Content::Memory(content) => Ok(seal(key, arrival.envelope.id, Purpose::Body, content)?),
        Content::Sealed { .. } => Err(StoreError::Failed("own mail is never spooled".to_owned()).into()),
    }
}

fn row(shared: &Shared, arrival: &Arrival, key: &BodyKey, body: SealedBody) -> Result<NewMessage, Trouble> {
    let envelope = &arrival.envelope;
    let id = envelope.id;
    let mut events = NewEvent::all(&arrival.events)?;
    let (decision, standing, own) = match &arrival.decided {
        None => (None, Standing::scanning(&shared.integrity, id), Vec::new()),
        Some(decided) => {
            events.extend(NewEvent::all(&decided.events)?);
            let standing = Standing::decided(&shared.integrity, id, decided, envelope.received)?;
            (Some(text(&decided.decision)?), standing, own_mail(shared, &decided.own_mail)?)
        }
    };
    let facts = text(&Facts { subject: None, ..arrival.facts.clone() })?;
    let text = text(envelope)?;
    Ok(NewMessage {
        id,
        received: envelope.received.as_millisecond(),
        mark: shared.integrity.message(id, &text, &facts, decision.as_deref()),
        envelope: text,
        subject: seal_subject(key, id, &arrival.facts)?,
        facts,
        decision,
        standing,
        body,
        wrapped: shared.keys.load().wrap(key)?,
        events,
        leased: arrival.leased || arrival.decided.as_ref().is_some_and(|decided| decided.leased),
        own_mail: own,
        own: arrival.facts.own,
    })
}

fn seal_subject(key: &BodyKey, id: QueueId, facts: &Facts) -> Result<Option<Vec<u8>>, Trouble> {
    let sealed = facts.subject.as_ref().map(|subject| seal(key, id, Purpose::Subject, subject.as_bytes()));
    Ok(sealed.transpose()?)
}
