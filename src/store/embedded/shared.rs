//! What the writer's thread and the callers both see.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use rusqlite::Connection;

use super::Config;
use super::bodies::Bodies;
use super::checkpoint::Checkpoints;
use super::consent::Consenting;
use super::home::Home;
use super::integrity::Integrity;
use super::ledger::Ledger;
use super::readers::Readers;
use super::transaction::Effect;
use super::trouble::Trouble;
use crate::audit::Head;
use crate::keys::MasterKeys;
use crate::mail::Domain;
use crate::store::Metrics;
use crate::world::Clock;

pub struct Shared {
    pub config: Config,
    pub home: Home,
    pub clock: Arc<dyn Clock>,
    pub metrics: Metrics,
    /// The last transaction went well.
    pub healthy: AtomicBool,
    /// The disk said that it is full.
    pub full: AtomicBool,
    /// Free bytes when last looked.
    pub free: AtomicU64,
    pub ledger: Mutex<Ledger>,
    pub readers: Readers,
    pub bodies: Arc<Bodies>,
    pub keys: ArcSwap<MasterKeys>,
    pub checkpoints: Checkpoints,
    pub integrity: Integrity,
    pub consenting: Consenting,
}

impl Shared {
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("no code panics while it holds the ledger")
    }

    /// After a transaction: shows its effects, or none if it failed.
    pub fn conclude(&self, effects: Option<Vec<Effect>>) {
        let mut ledger = self.ledger();
        for effect in effects.unwrap_or_default() {
            match effect {
                Effect::Leased(id, domain) => ledger.lease(id, domain),
                Effect::Released(id, domain) => ledger.release(id, &domain),
                Effect::Forgotten(id) => ledger.forget(id),
                Effect::Due(domain, due) => ledger.due(&domain, due),
                Effect::FileNamed(id) => self.bodies.committed(id),
                Effect::FileUnneeded(id) => self.bodies.remove(id),
                Effect::Shredded => {}
            }
        }
        ledger.end_changes();
    }

    /// Reads from the tables when each domain is due, and what is suspended.
    pub fn load_due(&self, db: &Connection) -> Result<(), Trouble> {
        let mut query = db.prepare("SELECT domain, min(due) FROM waiting GROUP BY domain")?;
        let heads: HashMap<String, i64> =
            query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        let mut query = db.prepare("SELECT domain, until FROM suspension")?;
        let suspended: Vec<(String, Option<i64>)> =
            query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        let mut ledger = self.ledger();
        ledger.clear_heads();
        for (domain, due) in heads {
            if let Ok(domain) = domain.parse::<Domain>() {
                ledger.due(&domain, due);
            }
        }
        for (domain, until) in suspended {
            if let Ok(domain) = domain.parse() {
                ledger.suspend(domain, until.and_then(|until| Timestamp::from_millisecond(until).ok()));
            }
        }
        Ok(())
    }

    /// Looks how much room is left; keeps the reserve while there is enough.
    pub fn look_at_disk(&self) {
        let free = self.home.free();
        self.free.store(free, Ordering::Release);
        self.metrics.free.set(i64::try_from(free).unwrap_or(i64::MAX));
        if free >= self.config.min_free {
            self.home.keep_reserve(self.config.reserve);
            self.full.store(false, Ordering::Release);
        }
    }

    pub fn write_checkpoint(&self, head: Head) {
        self.checkpoints.write(head, self.clock.now());
    }
}
