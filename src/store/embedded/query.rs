//! The statements that only read. They run on read-only connections, on blocking threads.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::bodies::read_damaged;
use super::checkpoint::Checkpoints;
use super::integrity::{Integrity, Mark};
use super::ledger::is_astray;
use super::readers::Readers;
use super::record::{lossy, parse, read_mark, read_text};
use super::shared::Shared;
use super::state;
use super::trouble::{Trouble, damaged};
use crate::audit::{Event, Fault, Head};
use crate::audit::{Hash, Record as AuditRecord, Verifier};
use crate::keys::BodyKey;
use crate::mail::{Body, Client, Content, Domain, Envelope, QueueId, ReversePath};
use crate::store::seal::{Purpose, open};
use crate::store::{Census, Facts, Leased, RecipientRecord, Record, StoreError, Summary, stored_content};

/// A message's row with its standing.
pub struct Stored {
    id: QueueId,
    envelope: String,
    facts: String,
    decision: Option<String>,
    state: i64,
    recipients: String,
    received: i64,
    marks: (Mark, Mark),
}

pub const STORED: &str = "id, envelope, facts, decision, state, recipients, received, message.mark, standing.mark";

impl Stored {
    pub fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            id: QueueId::from_bytes(row.get(0)?),
            envelope: read_text(row, 1)?,
            facts: read_text(row, 2)?,
            decision: row.get_ref(3)?.as_bytes_or_null()?.map(lossy),
            state: row.get(4)?,
            recipients: read_text(row, 5)?,
            received: row.get(6)?,
            marks: (read_mark(row, 7)?, read_mark(row, 8)?),
        })
    }

    /// Refused unless both rows are as we wrote them.
    pub fn summary(&self, integrity: &Integrity) -> Result<Summary, Trouble> {
        let state = state::of(self.state)?;
        let message = integrity.message(self.id, &self.envelope, &self.facts, self.decision.as_deref());
        if self.marks != (message, integrity.standing(self.id, state, &self.recipients)) {
            return Err(damaged(self.id));
        }
        let envelope: Envelope = parse(self.id, &self.envelope)?;
        Ok(Summary {
            id: self.id,
            state,
            received: envelope.received,
            envelope,
            facts: parse(self.id, &self.facts)?,
            recipients: parse(self.id, &self.recipients)?,
            decision: self.decision.as_deref().map(|decision| parse(self.id, decision)).transpose()?,
        })
    }

    /// What can be said of a message whose row is damaged: that it is there, and held.
    pub fn unreadable(&self) -> Result<Summary, Trouble> {
        let received = Timestamp::from_millisecond(self.received).unwrap_or_default();
        let client = Client {
            ip: std::net::Ipv4Addr::UNSPECIFIED.into(),
            helo: String::new(),
            extended: false,
            listener: String::new(),
            user: None,
            tls: None,
        };
        let envelope = Envelope {
            id: self.id,
            reverse_path: ReversePath::Null,
            recipients: Vec::new(),
            body: Body::EightBitMime,
            smtputf8: false,
            require_tls: false,
            ret: None,
            envid: None,
            source: "damaged".to_owned(),
            client,
            received,
        };
        let (state, facts) = (state::of(self.state)?, Facts::default());
        Ok(Summary { id: self.id, state, received, envelope, facts, recipients: Vec::new(), decision: None })
    }
}

/// Due messages of each domain in turn, put on lease before anybody else can look.
pub fn lease(
    shared: &Shared,
    db: &Connection,
    now: Timestamp,
    limit: usize,
    busy: &[Domain],
) -> Result<Vec<(QueueId, Domain)>, Trouble> {
    let now = now.as_millisecond();
    let horizon = shared.config.horizon;
    let mut taken = Vec::new();
    let mut rows = db.prepare_cached("SELECT id, due FROM waiting WHERE domain = ? ORDER BY due")?;
    // Held over the reading, so that no settlement is seen half: its row gone, its lease not, or
    // the other way about.
    let mut ledger = shared.ledger();
    let domains = ledger.due_domains(now, horizon, busy, limit);
    let share = limit.div_ceil(domains.len().max(1));
    for domain in domains {
        let mut of_domain = 0;
        let mut head = None;
        let mut rows = rows.query([domain.as_str()])?;
        while let Some(row) = rows.next()? {
            let (id, due) = (QueueId::from_bytes(row.get(0)?), row.get(1)?);
            if ledger.is_taken(id, &domain) {
                continue;
            }
            let is_due = due <= now || is_astray(due, now, horizon);
            if !is_due || of_domain >= share || taken.len() >= limit {
                head = Some(due);
                break;
            }
            ledger.lease(id, domain.clone());
            taken.push((id, domain.clone()));
            of_domain += 1;
        }
        ledger.set_head(&domain, head);
    }
    Ok(taken)
}

/// What a lease hands out: all open recipients of the domain, so that they share a transaction,
/// even where one of them would have waited a little longer.
pub fn leased(shared: &Shared, db: &Connection, id: QueueId, domain: &Domain) -> Result<Leased, Trouble> {
    let summary = stored(db, id)?.summary(&shared.integrity)?;
    let due = |record: &&RecipientRecord| record.state.is_open() && record.address.domain() == domain;
    let size = summary.facts.size;
    Ok(Leased {
        due: summary.recipients.iter().filter(due).cloned().collect(),
        envelope: Arc::new(summary.envelope),
        decision: Arc::new(summary.decision.ok_or_else(|| damaged(id))?),
        facts: summary.facts,
        content: stored_content(id, size),
    })
}

fn stored(db: &Connection, id: QueueId) -> Result<Stored, Trouble> {
    let mut query =
        db.prepare_cached(&format!("SELECT {STORED} FROM message JOIN standing USING (seq) WHERE id = ?"))?;
    let stored = query.query_row([id.as_bytes()], Stored::read).optional()?;
    Ok(stored.ok_or(StoreError::NotFound)?)
}

/// Opens a message's content, committed or still spooled.
pub fn content(shared: &Shared, db: &Connection, id: QueueId) -> Result<Vec<u8>, Trouble> {
    let mut query = db.prepare_cached(
        "SELECT wrapped, sealed FROM message LEFT JOIN body_key USING (seq) LEFT JOIN body USING (seq) WHERE id = ?",
    )?;
    let row = query.query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (key, sealed) = match row {
        Some((wrapped, sealed)) => (unwrap(shared, id, Option::<Vec<u8>>::as_deref(&wrapped))?, sealed),
        None => (shared.bodies.pending_key(id).ok_or(StoreError::NotFound)?, None),
    };
    let sealed = sealed.map_or_else(|| read_damaged(&shared.bodies, id), Ok)?;
    open(&key, id, Purpose::Body, sealed).map_err(|_| damaged(id))
}

fn unwrap(shared: &Shared, id: QueueId, wrapped: Option<&[u8]>) -> Result<BodyKey, Trouble> {
    shared.keys.load().unwrap(wrapped.ok_or_else(|| damaged(id))?).map_err(|_| damaged(id))
}

/// What [`scanning`] finds: what can be decided, and what can't be read.
type Scanning = (Vec<(Envelope, Content)>, Vec<QueueId>);

/// Messages that were committed before they were decided.
pub fn scanning(shared: &Shared, db: &Connection) -> Result<Scanning, Trouble> {
    let mut query = db.prepare_cached(&format!(
        "SELECT {STORED} FROM standing JOIN message USING (seq) WHERE state = 0 AND state < 3 ORDER BY seq"
    ))?;
    let (mut found, mut broken) = (Vec::new(), Vec::new());
    for stored in query.query_map([], Stored::read)? {
        let stored = stored?;
        match stored.summary(&shared.integrity) {
            Ok(summary) => found.push((summary.envelope, stored_content(stored.id, summary.facts.size))),
            Err(_) => broken.push(stored.id),
        }
    }
    Ok((found, broken))
}

/// Everything about one message, its subject opened.
pub fn show(shared: &Shared, db: &Connection, id: QueueId) -> Result<Record, Trouble> {
    let mut summary = stored(db, id)?.summary(&shared.integrity)?;
    let mut query =
        db.prepare_cached("SELECT subject, wrapped FROM message LEFT JOIN body_key USING (seq) WHERE id = ?")?;
    let (subject, wrapped): (Option<Vec<u8>>, Option<Vec<u8>>) =
        query.query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let key = unwrap(shared, id, wrapped.as_deref()).ok();
    summary.facts.subject = key
        .as_ref()
        .zip(subject)
        .and_then(|(key, sealed)| String::from_utf8(open(key, id, Purpose::Subject, sealed).ok()?).ok());
    let events = events(db, id)?;
    let content = key.map(|_| stored_content(id, summary.facts.size));
    Ok(Record { summary, events, content })
}

/// What the account says of one message.
pub fn events(db: &Connection, id: QueueId) -> Result<Vec<Event>, Trouble> {
    let mut query = db.prepare_cached("SELECT text FROM event WHERE message = ? ORDER BY seq")?;
    let texts: Vec<String> = query.query_map([id.as_bytes()], |row| row.get(0))?.collect::<Result<_, _>>()?;
    texts.iter().map(|text| parse(id, text)).collect()
}

pub fn records(db: &Connection, from: u64, limit: usize) -> Result<Vec<AuditRecord>, Trouble> {
    let mut query = db.prepare_cached("SELECT seq, text, hash FROM event WHERE seq >= ? ORDER BY seq LIMIT ?")?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = query.query_map(params![from as i64, limit], |row| {
        Ok(AuditRecord { seq: row.get::<_, i64>(0)? as u64, text: row.get(1)?, hash: Hash(row.get(2)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Checks the account some thousand records at a time, so that the log can be folded in between.
pub fn verify(readers: &Readers, checkpoints: &Checkpoints) -> Result<Result<Head, Fault>, Trouble> {
    const STEP: usize = 5000;
    let checkpoints = match checkpoints.read() {
        Ok(head) => head.into_iter().collect(),
        Err(fault) => return Ok(Err(fault)),
    };
    let mut verifier = Verifier::new(checkpoints);
    let mut from = 1;
    loop {
        let records = readers.read(|db| records(db, from, STEP))?;
        for record in &records {
            if let Err(fault) = verifier.check(record) {
                return Ok(Err(fault));
            }
            from = record.seq + 1;
        }
        if records.len() < STEP {
            return Ok(verifier.finish());
        }
    }
}

/// By the whole hash, or by its beginning as `trace` shows it, if that tells one only.
pub fn source(db: &Connection, kind: i64, hash: &str) -> Result<Option<String>, Trouble> {
    const ENOUGH: usize = 8;
    let begins = "SELECT text FROM source WHERE kind = ?1 AND substr(hash, 1, length(?2)) = ?2 LIMIT 2";
    let whole = "SELECT text FROM source WHERE kind = ?1 AND hash = ?2";
    let mut query = db.prepare_cached(if hash.len() < ENOUGH { whole } else { begins })?;
    let mut found: Vec<String> = query.query_map(params![kind, hash], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(found.pop().filter(|_| found.is_empty()))
}

/// Counts what is not settled.
pub fn census(shared: &Shared, db: &Connection) -> Result<Census, Trouble> {
    let mut query = db.prepare_cached("SELECT state, count(*) FROM standing WHERE state < 3 GROUP BY state")?;
    let counts: Vec<(i64, u64)> =
        query.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?.collect::<Result<_, _>>()?;
    let messages =
        counts.into_iter().map(|(state, count)| Ok((state::of(state)?, count))).collect::<Result<_, Trouble>>()?;
    let held = db
        .prepare_cached("SELECT count(*) FROM standing WHERE held = 1")?
        .query_row([], |row| Ok(row.get::<_, i64>(0)? as u64))?;
    Ok(Census {
        messages,
        held,
        oldest_queued: oldest(db, "state = 1 AND state < 3")?,
        oldest_held: oldest(db, "held = 1")?,
        free_bytes: shared.free.load(std::sync::atomic::Ordering::Acquire),
    })
}

fn oldest(db: &Connection, filter: &str) -> Result<Option<Timestamp>, Trouble> {
    let mut query = db.prepare_cached(&format!(
        "SELECT received FROM message WHERE seq = (SELECT min(seq) FROM standing WHERE {filter})"
    ))?;
    let received: Option<i64> = query.query_row([], |row| row.get(0)).optional()?;
    Ok(received.and_then(|received| Timestamp::from_millisecond(received).ok()))
}
