//! What is kept of recipients' consents. They are asked for with every message and hardly anybody gives one: who has
//! any is known in memory, as a number for each mailbox, and only for those the table is read.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::RwLock;

use rusqlite::{Connection, Row};
use tracing::error;

use super::integrity::{Integrity, Mark};
use super::record::{read_mark, read_text, text};
use super::trouble::Trouble;
use crate::mail::Address;
use crate::policy::Waiver;

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

    pub fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            id: read_text(row, 0)?,
            address: read_text(row, 1)?,
            text: read_text(row, 2)?,
            mark: read_mark(row, 3)?,
        })
    }

    /// `None` if it is not as we wrote it: then nobody consented.
    pub fn waiver(&self, integrity: &Integrity) -> Option<Waiver> {
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
