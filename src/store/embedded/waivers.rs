//! Recipients' consents. They are asked for with every message and hardly anybody gives one: who has any is
//! known in memory, as a number for each mailbox, and only for those the table is read.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::RwLock;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row};
use tracing::error;

use super::Embedded;
use super::integrity::{Integrity, Mark};
use super::record::{NewEvent, read_mark, read_text, text};
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

/// A waiver as the table holds it.
pub struct WaiverRow {
    pub id: String,
    pub address: String,
    pub text: String,
    pub mark: Mark,
}

impl WaiverRow {
    pub fn of(integrity: &Integrity, waiver: &Waiver) -> Result<Self, Trouble> {
        let (id, address, text) = (waiver.id.clone(), waiver.address.to_string(), text(waiver)?);
        let mark = integrity.waiver(&id, &address, &text);
        Ok(Self { id, address, text, mark })
    }

    fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            id: read_text(row, 0)?,
            address: read_text(row, 1)?,
            text: read_text(row, 2)?,
            mark: read_mark(row, 3)?,
        })
    }

    /// `None` if it is not as we wrote it: then nobody consented.
    fn waiver(&self, integrity: &Integrity) -> Option<Waiver> {
        let whole = self.mark == integrity.waiver(&self.id, &self.address, &self.text);
        let waiver = whole.then(|| serde_json::from_str(&self.text).ok()).flatten();
        if waiver.is_none() {
            error!(waiver = self.id, "the record of a waiver is damaged; it does not hold");
        }
        waiver
    }
}

/// Mailboxes that may have a waiver: all that have one, and one in billions besides.
pub struct Consenting {
    hasher: RandomState,
    mailboxes: RwLock<HashSet<u64>>,
}

impl Consenting {
    pub fn read(db: &Connection) -> Result<Self, Trouble> {
        let hasher = RandomState::new();
        let mut addresses = db.prepare("SELECT address FROM waiver")?;
        let addresses = addresses.query_map([], |row| read_text(row, 0))?;
        // An address that is damaged is nobody's.
        let mailboxes = addresses
            .filter_map(|address| {
                address.map(|address| Some(hasher.hash_one(address.parse::<Address>().ok()?))).transpose()
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { hasher, mailboxes: RwLock::new(mailboxes) })
    }

    pub fn add<'a>(&self, mailboxes: impl Iterator<Item = &'a Address>) {
        let mut known = self.mailboxes.write().expect("the set is whole");
        known.extend(mailboxes.map(|address| self.hasher.hash_one(address)));
    }

    /// Those of these mailboxes that may have a waiver.
    pub fn among(&self, mailboxes: &[&Address]) -> Vec<Address> {
        let known = self.mailboxes.read().expect("the set is whole");
        if known.is_empty() {
            return Vec::new();
        }
        let may = mailboxes.iter().filter(|address| known.contains(&self.hasher.hash_one(address)));
        may.map(|address| (*address).clone()).collect()
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
