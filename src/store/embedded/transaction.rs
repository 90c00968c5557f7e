//! The statements that change something. All run on the writer's thread, inside its transaction.

mod seldom;

use std::sync::Mutex;

use rusqlite::{Connection, OptionalExtension, params};

use super::integrity::{Integrity, Mark};
use super::ledger::Ledger;
use super::record::{NewEvent, NewMessage, SealedBody, Standing, is_settled, parse, read_mark, read_text};
use super::schema;
use super::state;
use super::trouble::{Trouble, damaged};
use crate::audit::Head;
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
    /// Rows of bodies that nobody can read any more.
    pub unneeded: Vec<i64>,
    pub ledger: &'a Mutex<Ledger>,
    pub integrity: &'a Integrity,
}

/// A message's row numbers and standing as found.
struct Found {
    seq: i64,
    state: MessageState,
    unlisted: bool,
    recipients: String,
    mark: Mark,
    place: i64,
}

impl Transaction<'_> {
    pub fn insert(&mut self, new: &NewMessage) -> Result<(), Trouble> {
        let place = match &new.body {
            SealedBody::Table(_) => 1,
            SealedBody::File => 2,
        };
        let mut insert = self.db.prepare_cached(
            "INSERT OR IGNORE INTO message (id, received, envelope, facts, decision, subject, place, mark)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        let inserted = insert.execute(params![
            new.id.as_bytes(),
            new.received,
            new.envelope,
            new.facts,
            new.decision,
            new.subject,
            place,
            new.mark
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
            .prepare_cached(
                "INSERT INTO standing (seq, state, held, unlisted, recipients, mark) VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                seq,
                state::number(standing.state),
                standing.held,
                new.leased,
                standing.recipients,
                standing.mark
            ])?;
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
        self.set_decision(&found, decision.id, &decision.decision)?;
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
            self.set_decision(found, id, decision)?;
        }
        let standing = Standing::of(self.integrity, id, &recipients)?;
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

    fn set_decision(&self, found: &Found, id: QueueId, decision: &str) -> Result<(), Trouble> {
        let mut query = self.db.prepare_cached("SELECT envelope, facts, decision, mark FROM message WHERE seq = ?")?;
        let row = query.query_row([found.seq], |row| {
            Ok((read_text(row, 0)?, read_text(row, 1)?, row.get::<_, Option<String>>(2)?, read_mark(row, 3)?))
        })?;
        let (envelope, facts, before, mark) = row;
        if mark != self.integrity.message(id, &envelope, &facts, before.as_deref()) {
            return Err(damaged(id));
        }
        let mark = self.integrity.message(id, &envelope, &facts, Some(decision));
        self.db
            .prepare_cached("UPDATE message SET decision = ?, mark = ? WHERE seq = ?")?
            .execute(params![decision, mark, found.seq])?;
        Ok(())
    }

    /// Writes where a message stands; if it is settled, its content is destroyed.
    fn stand(&mut self, found: &Found, id: QueueId, standing: &Standing, unlisted: bool) -> Result<(), Trouble> {
        self.db
            .prepare_cached(
                "UPDATE standing SET state = ?, held = ?, unlisted = ?, recipients = ?, mark = ? WHERE seq = ?",
            )?
            .execute(params![
                state::number(standing.state),
                standing.held,
                unlisted,
                standing.recipients,
                standing.mark,
                found.seq
            ])?;
        if standing.is_settled() && !is_settled(found.state) { self.shred(found, id) } else { Ok(()) }
    }

    /// Without its key a body is noise, wherever copies of it lie.
    fn shred(&mut self, found: &Found, id: QueueId) -> Result<(), Trouble> {
        self.db.prepare_cached("DELETE FROM body_key WHERE seq = ?")?.execute([found.seq])?;
        if found.place == 1 {
            self.unneeded.push(found.seq);
        } else {
            self.effects.push(Effect::FileUnneeded(id));
        }
        self.effects.push(Effect::Shredded);
        Ok(())
    }

    /// Deletes the bodies whose keys went, without overwriting them: they are noise already, and
    /// each would be written to the log once more.
    pub fn drop_bodies(&mut self) -> Result<(), Trouble> {
        if self.unneeded.is_empty() {
            return Ok(());
        }
        schema::overwrite_deleted(self.db, false)?;
        let mut delete = self.db.prepare_cached("DELETE FROM body WHERE seq = ?")?;
        for seq in self.unneeded.drain(..) {
            delete.execute([seq])?;
        }
        Ok(schema::overwrite_deleted(self.db, true)?)
    }

    pub fn delete(&mut self, id: QueueId, events: &[NewEvent]) -> Result<(), Trouble> {
        // A damaged message can be deleted too.
        let found = self.find_any(id)?;
        self.refuse_leased(id)?;
        if is_settled(found.state) {
            return Err(StoreError::State(found.state).into());
        }
        let state = MessageState::Deleted;
        let mark = self.integrity.standing(id, state, &found.recipients);
        let standing = Standing { state, held: false, recipients: found.recipients.clone(), open: Vec::new(), mark };
        self.stand(&found, id, &standing, false)?;
        self.db.prepare_cached("DELETE FROM waiting WHERE id = ?")?.execute([id.as_bytes()])?;
        self.effects.push(Effect::Forgotten(id));
        self.append(events)
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
    fn find_any(&self, id: QueueId) -> Result<Found, Trouble> {
        let mut message = self.db.prepare_cached("SELECT seq, place FROM message WHERE id = ?")?;
        let row = message.query_row([id.as_bytes()], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?))).optional()?;
        let (seq, place) = row.ok_or(StoreError::NotFound)?;
        let mut standing =
            self.db.prepare_cached("SELECT state, unlisted, recipients, mark FROM standing WHERE seq = ?")?;
        let row = standing
            .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?, read_text(row, 2)?, read_mark(row, 3)?)))
            .optional()?;
        let (state, unlisted, recipients, mark) = row.ok_or_else(|| damaged(id))?;
        Ok(Found { seq, state: state::of(state)?, unlisted, recipients, mark, place })
    }

    /// Refused if the row is not as we wrote it.
    fn find(&self, id: QueueId) -> Result<Found, Trouble> {
        let found = self.find_any(id)?;
        let mark = self.integrity.standing(id, found.state, &found.recipients);
        if mark == found.mark { Ok(found) } else { Err(damaged(id)) }
    }

    /// From here to the transaction's end nobody can lease it either.
    fn refuse_leased(&self, id: QueueId) -> Result<(), Trouble> {
        let free = self.ledger.lock().expect("the ledger is whole").begin_change(id);
        if free { Ok(()) } else { Err(StoreError::Leased.into()) }
    }
}
