//! Opening the store: what is checked, mended and swept before the first request.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::Config;
use super::bodies::Bodies;
use super::checkpoint::Checkpoints;
use super::consent::Consenting;
use super::home::{Home, database_in};
use super::integrity::Integrity;
use super::ledger::Ledger;
use super::readers::Readers;
use super::rewrap::rewrap;
use super::schema;
use super::shared::Shared;
use super::trouble::Trouble;
use super::writer::{Job, Writer};
use crate::keys::{self, Absent, BodyKey, KeyId, MasterKeys, beside};
use crate::mail::QueueId;
use crate::store::{Metrics, StoreError};
use crate::world::Clock;

/// Bytes that opening a store takes; what is missing is taken from the reserve.
const START_NEEDS: u64 = 4 << 20;

pub fn start(
    config: Config,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    jobs: mpsc::Receiver<Job>,
) -> Result<(Arc<Shared>, Writer), StoreError> {
    let home = Home::open(&config.data_dir)?;
    if home.free().is_some_and(|free| free < START_NEEDS) && home.give_up_reserve() {
        warn!("the disk is full; the reserve is given up to open the store");
    }
    let absent = if home.is_new() { Absent::Make } else { Absent::Refuse };
    let keys = config.master.load(absent).map_err(Trouble::from)?;
    home.make_database().map_err(Trouble::from)?;
    let mut db = Connection::open(home.database()).map_err(Trouble::from)?;
    schema::prepare_writer(&db).map_err(Trouble::from)?;
    schema::migrate(&mut db)?;
    let keys = adopt(&db, &config, keys)?;
    let checkpoint_key = checkpoint_key(&db, &keys)?;
    let bodies = Arc::new(Bodies::new(home.bodies()));
    let consenting = Consenting::read(&db)?;
    make_due(&db, clock.now().as_millisecond())?;
    bodies.sweep(|id| is_kept(&db, id))?;
    drop(db);
    let shared = Arc::new(Shared {
        readers: Readers::new(home.database()),
        home,
        clock,
        metrics,
        healthy: AtomicBool::new(false),
        full: AtomicBool::new(false),
        free: AtomicU64::new(0),
        log_room: AtomicU64::new(0),
        ledger: Mutex::new(Ledger::default()),
        bodies,
        keys: ArcSwap::from_pointee(keys),
        checkpoints: Checkpoints::new(checkpoint_file(&config), &checkpoint_key),
        integrity: Integrity::new(&checkpoint_key),
        consenting,
        config,
    });
    shared.look_at_disk();
    let writer = Writer::new(shared.home.database(), shared.clone(), jobs)?;
    Ok((shared, writer))
}

/// Whether the store could be opened: its master key is there, is the one that sealed it, and this
/// program knows its format. Changes nothing; a gateway may be at work in it.
pub fn look(config: &Config) -> Result<(), StoreError> {
    let database = database_in(&config.data_dir);
    if !database.exists() {
        // The first start would make one, and a key file too; what else gives the key must do so now.
        return match config.master.load(Absent::Refuse) {
            Ok(_) | Err(keys::Error::Missing { .. }) => Ok(()),
            Err(error) => Err(Trouble::from(error).into()),
        };
    }
    let keys = config.master.load(Absent::Refuse).map_err(Trouble::from)?;
    let db = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(Trouble::from)?;
    schema::refuse_newer(&db)?;
    refuse_foreign(&db, &keys)?;
    Ok(())
}

/// The key that the store is sealed with, if there is anything in it.
pub fn refuse_foreign(db: &Connection, keys: &MasterKeys) -> Result<Option<KeyId>, StoreError> {
    let in_use: Option<[u8; 8]> = db
        .query_row("SELECT value FROM meta WHERE name = 'master'", [], |row| row.get(0))
        .optional()
        .map_err(Trouble::from)?;
    match in_use.map(KeyId) {
        Some(in_use) if !keys.knows(in_use) => {
            let found = keys.current();
            Err(StoreError::Key(format!(
                "the master key is {found:?}, but the store is sealed with {in_use:?}; put that key back"
            )))
        }
        in_use => Ok(in_use),
    }
}

/// Checks that these are the keys of this store, and finishes a rotation that was cut short.
fn adopt(db: &Connection, config: &Config, keys: MasterKeys) -> Result<MasterKeys, StoreError> {
    let in_use = refuse_foreign(db, &keys)?;
    if in_use != Some(keys.current()) {
        db.execute_batch("BEGIN IMMEDIATE").map_err(Trouble::from)?;
        rewrap(db, &keys, &keys)?;
        db.execute_batch("COMMIT").map_err(Trouble::from)?;
    }
    // What lies outside of the tables must not lose the key that it is wrapped by.
    beside::follow(&config.data_dir, &keys).map_err(Trouble::from)?;
    let current = keys.current_only();
    if config.master.store(&current).is_ok() && in_use.is_some_and(|in_use| in_use != current.current()) {
        info!("a rotation of the master key that was cut short is finished");
    }
    Ok(current)
}

/// The key that signs audit checkpoints and marks rows; made with the store.
fn checkpoint_key(db: &Connection, keys: &MasterKeys) -> Result<BodyKey, StoreError> {
    if let Some(key) = kept_checkpoint_key(db, keys)? {
        return Ok(key);
    }
    let key = BodyKey::generate().map_err(Trouble::from)?;
    let wrapped = keys.wrap(&key).map_err(Trouble::from)?;
    db.execute("INSERT INTO meta (name, value) VALUES ('checkpoint-key', ?)", params![wrapped])
        .map_err(Trouble::from)?;
    Ok(key)
}

/// The same, if the store has one already.
pub fn kept_checkpoint_key(db: &Connection, keys: &MasterKeys) -> Result<Option<BodyKey>, StoreError> {
    let wrapped: Option<Vec<u8>> = db
        .query_row("SELECT value FROM meta WHERE name = 'checkpoint-key'", [], |row| row.get(0))
        .optional()
        .map_err(Trouble::from)?;
    Ok(wrapped.map(|wrapped| keys.unwrap(&wrapped)).transpose().map_err(Trouble::from)?)
}

/// Where the checkpoint of the account is written.
pub fn checkpoint_file(config: &Config) -> PathBuf {
    config.checkpoint.clone().unwrap_or_else(|| config.data_dir.join("audit.checkpoint"))
}

/// Leases died with the process before; whatever is unsettled is due.
fn make_due(db: &Connection, now: i64) -> Result<(), Trouble> {
    db.execute("UPDATE waiting SET due = ?1 WHERE due > ?1", [now])?;
    Ok(())
}

fn is_kept(db: &Connection, id: QueueId) -> Result<bool, Trouble> {
    let mut query = db.prepare_cached("SELECT 1 FROM message JOIN body_key USING (seq) WHERE id = ? AND place = 2")?;
    Ok(query.exists([id.as_bytes()])?)
}
