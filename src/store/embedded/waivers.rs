//! Recipients' consents: asked for, listed and kept.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension};

use super::Embedded;
use super::consent::WaiverRow;
use super::record::NewEvent;
use super::shared::Shared;
use super::trouble::Trouble;
use super::writer::Request;
use crate::audit::Event;
use crate::mail::Address;
use crate::policy::Waiver;
use crate::store::{Consents, StoreError};

#[async_trait]
impl Consents for Embedded {
    async fn waivers_of(&self, mailboxes: &[&Address]) -> Result<Vec<Waiver>, StoreError> {
        let known = self.shared.consenting.among(mailboxes);
        if known.is_empty() {
            return Ok(Vec::new());
        }
        self.query(move |shared, db| of(shared, db, &known)).await
    }

    async fn waiver(&self, id: &str) -> Result<Option<Waiver>, StoreError> {
        let id = id.to_owned();
        self.query(move |shared, db| one(shared, db, &id)).await
    }

    async fn waivers(&self, after: Option<&str>, limit: usize) -> Result<Vec<Waiver>, StoreError> {
        let after = after.map(str::to_owned);
        self.query(move |shared, db| page(shared, db, after.as_deref(), limit)).await
    }

    async fn keep_waivers(&self, waivers: Vec<Waiver>, events: Vec<Event>) -> Result<(), StoreError> {
        let rows = waivers.iter().map(|waiver| WaiverRow::of(&self.shared.integrity, waiver));
        let rows: Vec<WaiverRow> = rows.collect::<Result<_, _>>()?;
        self.shared.consenting.add(waivers.iter().map(|waiver| &waiver.address));
        self.ask(Request::KeepWaivers(rows, NewEvent::all(&events)?)).await
    }
}

/// Every waiver of these mailboxes.
pub fn of(shared: &Shared, db: &Connection, mailboxes: &[Address]) -> Result<Vec<Waiver>, Trouble> {
    let mut query = db.prepare_cached("SELECT id, address, text, mark FROM waiver WHERE address = ? ORDER BY seq")?;
    let mut found = Vec::new();
    for mailbox in mailboxes {
        for row in query.query_map([mailbox.to_string()], WaiverRow::read)? {
            found.extend(row?.waiver(&shared.integrity));
        }
    }
    Ok(found)
}

/// The waiver with this id.
pub fn one(shared: &Shared, db: &Connection, id: &str) -> Result<Option<Waiver>, Trouble> {
    let mut query = db.prepare_cached("SELECT id, address, text, mark FROM waiver WHERE id = ?")?;
    let row = query.query_row([id], WaiverRow::read).optional()?;
    Ok(row.and_then(|row| row.waiver(&shared.integrity)))
}

/// So many waivers in order, after the one with this id.
pub fn page(shared: &Shared, db: &Connection, after: Option<&str>, limit: usize) -> Result<Vec<Waiver>, Trouble> {
    let after: i64 = match after {
        None => 0,
        Some(id) => {
            let seq = db.prepare_cached("SELECT seq FROM waiver WHERE id = ?")?.query_row([id], |row| row.get(0));
            seq.optional()?.unwrap_or(i64::MAX)
        }
    };
    let mut query = db.prepare_cached("SELECT id, address, text, mark FROM waiver WHERE seq > ? ORDER BY seq")?;
    let mut rows = query.query_map([after], WaiverRow::read)?;
    // What is damaged takes no place: an empty page is the end.
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()
    {
        found.extend(row?.waiver(&shared.integrity));
    }
    Ok(found)
}
