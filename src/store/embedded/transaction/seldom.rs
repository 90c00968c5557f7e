//! What is asked seldom: leases given back or lost, damage, suspended domains, waivers, other keys, old records.

use jiff::Timestamp;
use rusqlite::params;

use super::Transaction;
use crate::audit::{Event, EventKind};
use crate::keys::MasterKeys;
use crate::mail::{Domain, QueueId};
use crate::store::embedded::consent::WaiverRow;
use crate::store::embedded::record::{NewEvent, open_domains, parse, read_text};
use crate::store::embedded::rewrap::rewrap;
use crate::store::embedded::state;
use crate::store::embedded::transaction::Effect;
use crate::store::embedded::trouble::Trouble;
use crate::store::{MessageState, RecipientRecord};

/// Rows read at once where there may be many.
const LOST_AT_ONCE: i64 = 1_000;

impl Transaction<'_> {
    /// Holds a message whose row can't be read; it stays out of every lease.
    pub fn hold_damaged(&mut self, id: QueueId, now: Timestamp) -> Result<(), Trouble> {
        let held = self
            .db
            .prepare_cached(
                "UPDATE standing SET state = ?, held = 1, unlisted = 0
                 WHERE state < 2 AND seq = (SELECT seq FROM message WHERE id = ?)",
            )?
            .execute(params![state::number(MessageState::Held), id.as_bytes()])?;
        self.db.prepare_cached("DELETE FROM waiting WHERE id = ?")?.execute([id.as_bytes()])?;
        self.effects.push(Effect::Forgotten(id));
        if held == 0 {
            return Ok(());
        }
        let detail = serde_json::Map::from_iter([("what".to_owned(), "record".into())]);
        let event = Event { at: now, actor: "gateway".to_owned(), kind: EventKind::Damaged, message: Some(id), detail };
        self.append(&NewEvent::all(&[event])?)
    }

    /// Puts a lease back: its domains wait in the table again.
    pub fn give_back(&mut self, id: QueueId, domains: &[Domain]) -> Result<(), Trouble> {
        let found = self.find(id)?;
        let recipients: Vec<RecipientRecord> = parse(id, &found.recipients)?;
        let open = open_domains(&recipients);
        for domain in domains {
            if let Some((_, due)) = open.iter().find(|(open, _)| open == domain) {
                self.list(id, domain, *due)?;
            }
            self.effects.push(Effect::Released(id, domain.clone()));
        }
        Ok(())
    }

    /// Lists open recipients that neither wait in the table nor are on lease: a crash, or a failed
    /// transaction whose outcome nobody knows, left them so.
    pub fn list_lost(&mut self) -> Result<usize, Trouble> {
        let (mut found, mut after) = (0, 0);
        while let Some(last) = self.list_some_lost(after, &mut found)? {
            after = last;
        }
        Ok(found)
    }

    /// The same for some rows behind that one; which row was the last, until there are no more. A long queue
    /// must not stand in memory because the process before was killed.
    fn list_some_lost(&mut self, after: i64, found: &mut usize) -> Result<Option<i64>, Trouble> {
        let mut query = self.db.prepare_cached(
            "SELECT seq, id, recipients FROM standing JOIN message USING (seq)
             WHERE state = 1 AND state < 3 AND unlisted = 1 AND seq > ? ORDER BY seq LIMIT ?",
        )?;
        let rows: Vec<(i64, [u8; 16], String)> = query
            .query_map([after, LOST_AT_ONCE], |row| Ok((row.get(0)?, row.get(1)?, read_text(row, 2)?)))?
            .collect::<Result<_, _>>()?;
        for (seq, id, recipients) in &rows {
            let id = QueueId::from_bytes(*id);
            let Ok(recipients) = parse::<Vec<RecipientRecord>>(id, recipients) else { continue };
            let mut is_leased = false;
            for (domain, due) in open_domains(&recipients) {
                if self.ledger.lock().expect("the ledger is whole").is_leased(id, &domain) {
                    is_leased = true;
                } else if !self.is_listed(id, &domain)? {
                    self.list(id, &domain, due)?;
                }
            }
            if !is_leased {
                self.db.prepare_cached("UPDATE standing SET unlisted = 0 WHERE seq = ?")?.execute([seq])?;
            }
        }
        *found += rows.len();
        Ok(rows.last().map(|(seq, ..)| *seq))
    }

    fn is_listed(&self, id: QueueId, domain: &Domain) -> Result<bool, Trouble> {
        let mut query = self.db.prepare_cached("SELECT 1 FROM waiting WHERE id = ? AND domain = ?")?;
        Ok(query.exists(params![id.as_bytes(), domain.as_str()])?)
    }

    pub fn suspend(&mut self, domain: &Domain, until: Option<i64>, events: &[NewEvent]) -> Result<(), Trouble> {
        self.db
            .prepare_cached("INSERT OR REPLACE INTO suspension (domain, until) VALUES (?, ?)")?
            .execute(params![domain.as_str(), until])?;
        self.append(events)
    }

    pub fn resume(&mut self, domain: &Domain, events: &[NewEvent]) -> Result<(), Trouble> {
        self.db.prepare_cached("DELETE FROM suspension WHERE domain = ?")?.execute([domain.as_str()])?;
        self.append(events)
    }

    pub fn keep_source(&mut self, kind: i64, hash: &str, text: &str) -> Result<(), Trouble> {
        self.db
            .prepare_cached("INSERT OR IGNORE INTO source (kind, hash, text) VALUES (?, ?, ?)")?
            .execute(params![kind, hash, text])?;
        Ok(())
    }

    /// A row keeps its place when what it says changes.
    pub fn keep_waivers(&mut self, waivers: &[WaiverRow], events: &[NewEvent]) -> Result<(), Trouble> {
        let mut keep = self.db.prepare_cached(
            "INSERT INTO waiver (id, address, text, mark) VALUES (?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET address = excluded.address, text = excluded.text, mark = excluded.mark",
        )?;
        for WaiverRow { id, address, text, mark } in waivers {
            keep.execute(params![id, address, text, mark])?;
        }
        drop(keep);
        self.append(events)
    }

    /// Wraps anew what older master keys wrapped.
    pub fn rewrap(&mut self, keys: &MasterKeys, new: &MasterKeys, events: &[NewEvent]) -> Result<(), Trouble> {
        rewrap(self.db, keys, new)?;
        self.effects.push(Effect::Shredded);
        self.append(events)
    }

    /// Deletes some settled records received before then; what is open stays however old it is.
    pub fn prune(&mut self, before: i64, most: usize) -> Result<(), Trouble> {
        // A row number that is free again may come to a new message, whose body must stay.
        self.drop_bodies()?;
        let mut query = self.db.prepare_cached(
            "SELECT seq FROM message JOIN standing USING (seq) WHERE state >= 3 AND received < ? LIMIT ?",
        )?;
        let old: Vec<i64> =
            query.query_map(params![before, most as i64], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for seq in old {
            self.db.prepare_cached("DELETE FROM message WHERE seq = ?")?.execute([seq])?;
            self.db.prepare_cached("DELETE FROM standing WHERE seq = ?")?.execute([seq])?;
        }
        Ok(())
    }
}
