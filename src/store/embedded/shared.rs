//! What the writer's thread and the callers both see.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use rusqlite::Connection;
use tracing::warn;

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
use crate::store::{Metrics, StoreError};
use crate::world::Clock;

pub struct Shared {
    pub config: Config,
    pub home: Home,
    pub clock: Arc<dyn Clock>,
    pub metrics: Metrics,
    /// The last transaction went well.
    pub healthy: AtomicBool,
    /// The disk is full, or as good as: no new mail until there is room again.
    pub full: AtomicBool,
    /// Free bytes when last looked, less what was written since.
    pub free: AtomicU64,
    /// On a full disk: what the log can take without growing.
    pub log_room: AtomicU64,
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
        let Some(free) = self.home.free() else { return };
        self.free.store(free, Ordering::Release);
        self.metrics.free.set(i64::try_from(free).unwrap_or(i64::MAX));
        if free >= self.config.min_free {
            self.home.keep_reserve(self.config.reserve);
            self.full.store(false, Ordering::Release);
        } else if free < self.config.record_room() {
            self.full.store(true, Ordering::Release);
        }
    }

    /// A write found the disk full: the reserve, if it is still there, is given up to record deliveries.
    pub fn make_room(&self) -> bool {
        self.full.store(true, Ordering::Release);
        let freed = self.home.give_up_reserve();
        if freed {
            warn!("the disk is full; the reserve is given up to record deliveries");
        }
        freed
    }

    /// So much was written since the last look: many sessions can fill a disk between two.
    pub fn spend(&self, bytes: usize) {
        for room in [&self.free, &self.log_room] {
            let _ =
                room.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| Some(left.saturating_sub(bytes as u64)));
        }
    }

    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// So little room is left that no new mail is taken.
    pub fn is_short(&self) -> bool {
        self.is_full() || self.free.load(Ordering::Acquire) < self.config.min_free
    }

    /// Why nothing can be written while the store is not open.
    pub fn not_open(&self) -> StoreError {
        if self.is_full() { StoreError::Full } else { StoreError::Failed("the store is being reopened".to_owned()) }
    }

    /// Whether what is delivered now can be recorded: else it would go out again later.
    pub fn can_record(&self) -> Result<(), StoreError> {
        if !self.healthy.load(Ordering::Acquire) {
            return Err(self.not_open());
        }
        if !self.is_full() {
            return Ok(());
        }
        let room = self.free.load(Ordering::Acquire) + self.log_room.load(Ordering::Acquire) + self.home.reserve();
        if room < self.config.record_room() { Err(StoreError::Full) } else { Ok(()) }
    }

    pub fn write_checkpoint(&self, head: Head) {
        self.checkpoints.write(head, self.clock.now());
    }
}
