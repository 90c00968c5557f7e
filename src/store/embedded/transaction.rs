//! The statements that change something. All run on the writer's thread, inside its transaction.

use std::sync::Mutex;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use super::ledger::Ledger;
use super::record::{
    NewEvent, NewMessage, SealedBody, Standing, is_settled, open_domains, parse, state_number, state_of,
};
use super::trouble::{Trouble, damaged};
use crate::audit::{Event, EventKind, Head};
use crate::keys::MasterKeys;
use crate::mail::{Domain, QueueId};
use crate::store::{MessageState, RecipientRecord, StoreError};

/// What becomes true in memory once the transaction holds.
pub enum Effect {
    Leased(QueueId, Domain),
    Released(QueueId, Domain),
    /// Whatever of it was on lease.
    Forgotten(QueueId),
    Due(Domain, i64),
    /// The commit named its body file.
    FileNamed(QueueId),
    /// Its key is gone.
    FileUnneeded(QueueId),
    /// A key was deleted: the log must not keep it for long.
    Shredded,
}

/// A settlement, or a change by a person.
pub struct Change {
    pub id: QueueId,
    pub recipients: Vec<RecipientRecord>,
    pub decision: Option<String>,
    pub events: Vec<NewEvent>,
    pub own_mail: Vec<NewMessage>,
    pub by: By,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Who holds the lease.
    Lease,
    /// Anybody else: refused while a lease is out.
    Person,
}

/// The decision about a message that was committed as scanning.
pub struct Decision {
    pub id: QueueId,
    pub decision: String,
    pub standing: Standing,
    pub events: Vec<NewEvent>,
    pub own_mail: Vec<NewMessage>,
    pub leased: bool,
}

/// One transaction under way.
pub struct Transaction<'a> {
    pub db: &'a Connection,
    pub head: Head,
    pub effects: Vec<Effect>,
    pub ledger: &'a Mutex<Ledger>,
}

/// A message's row numbers and standing as found.
struct Found {
    seq: i64,
    state: MessageState,
    unlisted: bool,
    recipients: String,
    place: i64,
}

impl Transaction<'_> {
    pub fn insert(&mut self, new: &NewMessage) -> Result<(), Trouble> {
        let place = match &new.body {
            SealedBody::Table(_) => 1,
            SealedBody::File => 2,
        };
        let mut insert = self.db.prepare_cached(
            "INSERT OR IGNORE INTO message (id, received, envelope, facts, decision, subject, place)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?;
        let inserted = insert.execute(params![
            new.id.as_bytes(),
            new.received,
            new.envelope,
            new.facts,
            new.decision,
            new.subject,
            place
        ])?;
        if inserted == 0 {
            return if new.own {
                Ok(())
            } else {
                Err(StoreError::Failed(format!("{} is there already", new.id)).into())
            };
        }
        let seq = self.db.last_insert_rowid();
        let standing = &new.standing;
        self.db
            .prepare_cached("INSERT INTO standing (seq, state, held, unlisted, recipients) VALUES (?, ?, ?, ?, ?)")?
            .execute(params![seq, state_number(standing.state), standing.held, new.leased, standing.recipients])?;
        if !standing.is_settled() {
            if let SealedBody::Table(sealed) = &new.body {
                self.db
                    .prepare_cached("INSERT INTO body (seq, sealed) VALUES (?, ?)")?
                    .execute(params![seq, sealed])?;
            }
            self.db
                .prepare_cached("INSERT INTO body_key (seq, wrapped) VALUES (?, ?)")?
                .execute(params![seq, new.wrapped])?;
        }
        if let SealedBody::File = new.body {
            self.effects.push(Effect::FileNamed(new.id));
        }
        self.hand_out(new.id, standing, new.leased)?;
        self.append(&new.events)?;
        new.own_mail.iter().try_for_each(|own| self.insert(own))
    }

    /// Open recipients are on lease with whoever commits, or wait in the table.
    fn hand_out(&mut self, id: QueueId, standing: &Standing, leased: bool) -> Result<(), Trouble> {
        for (domain, due) in &standing.open {
            if leased {
                self.effects.push(Effect::Leased(id, domain.clone()));
            } else {
                self.list(id, domain, *due)?;
            }
        }
        Ok(())
    }

    fn list(&mut self, id: QueueId, domain: &Domain, due: i64) -> Result<(), Trouble> {
        self.db
            .prepare_cached("INSERT OR REPLACE INTO waiting (id, domain, due) VALUES (?, ?, ?)")?
            .execute(params![id.as_bytes(), domain.as_str(), due])?;
        self.effects.push(Effect::Due(domain.clone(), due));
        Ok(())
    }

    fn unlist(&self, id: QueueId, domain: &Domain) -> Result<(), Trouble> {
        self.db
            .prepare_cached("DELETE FROM waiting WHERE id = ? AND domain = ?")?
            .execute(params![id.as_bytes(), domain.as_str()])?;
        Ok(())
    }

    pub fn decide(&mut self, decision: &Decision) -> Result<(), Trouble> {
        let found = self.find(decision.id)?;
        if found.state != MessageState::Scanning {
            return Err(StoreError::State(found.state).into());
        }
        self.db
            .prepare_cached("UPDATE message SET decision = ? WHERE seq = ?")?
            .execute(params![decision.decision, found.seq])?;
        self.stand(&found, decision.id, &decision.standing, decision.leased)?;
        self.hand_out(decision.id, &decision.standing, decision.leased)?;
        self.append(&decision.events)?;
        decision.own_mail.iter().try_for_each(|own| self.insert(own))
    }

    pub fn change(&mut self, change: &Change) -> Result<(), Trouble> {
        let id = change.id;
        let found = self.find(id)?;
        if change.by == By::Person {
            self.refuse_leased(id)?;
            if is_settled(found.state) {
                return Err(StoreError::State(found.state).into());
            }
        }
        // A delivery that ends after somebody deleted the message changes nothing but the account.
        if found.state != MessageState::Deleted {
            self.merge(&found, change)?;
        }
        self.append(&change.events)?;
        change.own_mail.iter().try_for_each(|own| self.insert(own))
    }

    fn merge(&mut self, found: &Found, change: &Change) -> Result<(), Trouble> {
        let id = change.id;
        let mut recipients: Vec<RecipientRecord> = parse(id, &found.recipients)?;
        for changed in &change.recipients {
            if let Some(recipient) = recipients.iter_mut().find(|recipient| recipient.index == changed.index) {
                *recipient = changed.clone();
            }
        }
        if let Some(decision) = &change.decision {
            self.db
                .prepare_cached("UPDATE message SET decision = ? WHERE seq = ?")?
                .execute(params![decision, found.seq])?;
        }
        let standing = Standing::of(&recipients)?;
        let mut touched: Vec<&Domain> = change.recipients.iter().map(|changed| changed.address.domain()).collect();
        touched.sort_unstable();
        touched.dedup();
        // Other domains may still be on the lease of the first commit, without a row.
        let untouched = standing.open.iter().any(|(domain, _)| !touched.contains(&domain));
        self.stand(found, id, &standing, found.unlisted && untouched)?;
        for domain in touched {
            match standing.open.iter().find(|(open, _)| open == domain) {
                Some((_, due)) => self.list(id, domain, *due)?,
                None => self.unlist(id, domain)?,
            }
            if change.by == By::Lease {
                self.effects.push(Effect::Released(id, domain.clone()));
            }
        }
        Ok(())
    }

    /// Writes where a message stands; if it is settled, its content is destroyed.
    fn stand(&mut self, found: &Found, id: QueueId, standing: &Standing, unlisted: bool) -> Result<(), Trouble> {
        self.db
            .prepare_cached("UPDATE standing SET state = ?, held = ?, unlisted = ?, recipients = ? WHERE seq = ?")?
            .execute(params![state_number(standing.state), standing.held, unlisted, standing.recipients, found.seq])?;
        if standing.is_settled() && !is_settled(found.state) { self.shred(found, id) } else { Ok(()) }
    }

    /// Without its key a body is noise, wherever copies of it lie.
    fn shred(&mut self, found: &Found, id: QueueId) -> Result<(), Trouble> {
        self.db.prepare_cached("DELETE FROM body_key WHERE seq = ?")?.execute([found.seq])?;
        if found.place == 1 {
            self.db.prepare_cached("DELETE FROM body WHERE seq = ?")?.execute([found.seq])?;
        } else {
            self.effects.push(Effect::FileUnneeded(id));
        }
        self.effects.push(Effect::Shredded);
        Ok(())
    }

    pub fn delete(&mut self, id: QueueId, events: &[NewEvent]) -> Result<(), Trouble> {
        let found = self.find(id)?;
        self.refuse_leased(id)?;
        if is_settled(found.state) {
            return Err(StoreError::State(found.state).into());
        }
        self.db
            .prepare_cached("UPDATE standing SET state = ?, held = 0, unlisted = 0 WHERE seq = ?")?
            .execute(params![state_number(MessageState::Deleted), found.seq])?;
        self.db.prepare_cached("DELETE FROM waiting WHERE id = ?")?.execute([id.as_bytes()])?;
        self.shred(&found, id)?;
        self.effects.push(Effect::Forgotten(id));
        self.append(events)
    }

    /// Holds a message whose row can't be read; it stays out of every lease.
    pub fn hold_damaged(&mut self, id: QueueId, now: Timestamp) -> Result<(), Trouble> {
        let held = self
            .db
            .prepare_cached(
                "UPDATE standing SET state = ?, held = 1, unlisted = 0
                 WHERE state = 1 AND seq = (SELECT seq FROM message WHERE id = ?)",
            )?
            .execute(params![state_number(MessageState::Held), id.as_bytes()])?;
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
        let mut query = self.db.prepare_cached(
            "SELECT seq, id, recipients FROM standing JOIN message USING (seq)
             WHERE state = 1 AND unlisted = 1",
        )?;
        let rows: Vec<(i64, [u8; 16], String)> =
            query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
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
        Ok(rows.len())
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

    /// Wraps anew what older master keys wrapped. Bodies stay as they are.
    pub fn rewrap(&mut self, keys: &MasterKeys, new: &MasterKeys, events: &[NewEvent]) -> Result<(), Trouble> {
        for (table, column, row) in [("body_key", "wrapped", "seq"), ("meta", "value", "name")] {
            let filter = if table == "meta" { "WHERE name = 'checkpoint-key'" } else { "" };
            let mut query = self.db.prepare(&format!("SELECT {row}, {column} FROM {table} {filter}"))?;
            let mut update = self.db.prepare(&format!("UPDATE {table} SET {column} = ? WHERE {row} = ?"))?;
            let mut rows = query.query([])?;
            while let Some(found) = rows.next()? {
                let (name, wrapped): (Value, Vec<u8>) = (found.get(0)?, found.get(1)?);
                if !new.is_old(&wrapped) {
                    continue;
                }
                // A damaged key stays as it is: its message is found damaged when it is read.
                if let Ok(key) = new.unwrap(&wrapped).or_else(|_| keys.unwrap(&wrapped)) {
                    update.execute(params![new.wrap(&key)?, name])?;
                }
            }
        }
        self.set_master(new)?;
        self.effects.push(Effect::Shredded);
        self.append(events)
    }

    /// Notes which master key wraps, so that a wrong one is noticed at the next start.
    pub fn set_master(&self, keys: &MasterKeys) -> Result<(), Trouble> {
        self.db
            .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES ('master', ?)")?
            .execute([keys.current().0])?;
        Ok(())
    }

    /// Deletes some settled records received before then; what is open stays however old it is.
    pub fn prune(&mut self, before: i64, most: usize) -> Result<(), Trouble> {
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

    /// Chains events to the account.
    pub fn append(&mut self, events: &[NewEvent]) -> Result<(), Trouble> {
        for event in events {
            let record = self.head.next(event.text.clone());
            self.db.prepare_cached("INSERT INTO event (seq, message, text, hash) VALUES (?, ?, ?, ?)")?.execute(
                params![record.seq as i64, event.message.as_ref().map(QueueId::as_bytes), record.text, record.hash.0],
            )?;
            self.head = record.head();
        }
        Ok(())
    }

    /// Two statements: as one join, SQLite would plan it anew for each id (it looks at the bound
    /// value to see whether a partial index fits), which cost a third of the writer's time.
    fn find(&self, id: QueueId) -> Result<Found, Trouble> {
        let mut message = self.db.prepare_cached("SELECT seq, place FROM message WHERE id = ?")?;
        let row = message.query_row([id.as_bytes()], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?))).optional()?;
        let (seq, place) = row.ok_or(StoreError::NotFound)?;
        let mut standing = self.db.prepare_cached("SELECT state, unlisted, recipients FROM standing WHERE seq = ?")?;
        let row = standing
            .query_row([seq], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let (state, unlisted, recipients) = row.ok_or_else(|| damaged(id))?;
        Ok(Found { seq, state: state_of(state)?, unlisted, recipients, place })
    }

    /// From here to the transaction's end nobody can lease it either.
    fn refuse_leased(&self, id: QueueId) -> Result<(), Trouble> {
        let free = self.ledger.lock().expect("the ledger is whole").begin_change(id);
        if free { Ok(()) } else { Err(StoreError::Leased.into()) }
    }
}
