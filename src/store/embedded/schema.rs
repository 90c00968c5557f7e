//! The tables, and the steps from one version of them to the next (`PRAGMA user_version`).

use rusqlite::Connection;

use super::trouble::Trouble;
use crate::store::StoreError;

/// Each step leads to the version of its place, counted from 1. Steps are never changed, only added.
const STEPS: &[&str] = &[
    // A message's fixed part and its standing lie apart: a settlement rewrites little.
    // Keys lie apart from bodies: deleting a small row destroys a large one.
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
     CREATE TABLE message (
         seq INTEGER PRIMARY KEY,
         id BLOB NOT NULL UNIQUE,
         received INTEGER NOT NULL,      -- milliseconds since 1970
         envelope TEXT NOT NULL,
         facts TEXT NOT NULL,
         decision TEXT,                  -- null while scanning
         subject BLOB,                   -- sealed
         place INTEGER NOT NULL,         -- of the body: 1 in the table, 2 in a file
         mark BLOB NOT NULL              -- see integrity.rs
     );
     CREATE TABLE standing (
         seq INTEGER PRIMARY KEY,
         state INTEGER NOT NULL,         -- position in MessageState::ALL
         held INTEGER NOT NULL,          -- a recipient is held
         unlisted INTEGER NOT NULL,      -- an open recipient may have no row in waiting: it was
                                         -- handed over right after its commit
         recipients TEXT NOT NULL,
         mark BLOB NOT NULL
     );
     CREATE INDEX standing_open ON standing (state, unlisted) WHERE state < 3;
     CREATE INDEX standing_held ON standing (held) WHERE held = 1;
     CREATE TABLE waiting (
         id BLOB NOT NULL,
         domain TEXT NOT NULL,
         due INTEGER NOT NULL,
         PRIMARY KEY (id, domain)
     ) WITHOUT ROWID;
     CREATE INDEX waiting_due ON waiting (domain, due);
     CREATE TABLE body (seq INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
     CREATE TABLE body_key (seq INTEGER PRIMARY KEY, wrapped BLOB NOT NULL);
     CREATE TABLE event (
         seq INTEGER PRIMARY KEY,
         message BLOB,
         text TEXT NOT NULL,
         hash BLOB NOT NULL
     );
     CREATE INDEX event_of ON event (message) WHERE message IS NOT NULL;
     CREATE TABLE suspension (domain TEXT PRIMARY KEY, until INTEGER) WITHOUT ROWID;
     CREATE TABLE source (
         kind INTEGER NOT NULL, hash TEXT NOT NULL, text TEXT NOT NULL,
         PRIMARY KEY (kind, hash)
     ) WITHOUT ROWID;",
    "CREATE TABLE waiver (
         seq INTEGER PRIMARY KEY,
         id TEXT NOT NULL UNIQUE,
         address TEXT NOT NULL,
         text TEXT NOT NULL,
         mark BLOB NOT NULL
     );
     CREATE INDEX waiver_of ON waiver (address);",
];

/// The newest version that this program knows.
pub const NEWEST: u32 = STEPS.len() as u32;

/// Brings the tables to the newest version. A newer store is refused: an older program could
/// lose what it doesn't know of (T034).
pub fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    let found = refuse_newer(db)?;
    for (step, version) in STEPS.iter().zip(1..).skip(found as usize) {
        let migrate = || -> rusqlite::Result<()> {
            let transaction = db.transaction()?;
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", version)?;
            transaction.commit()
        };
        let mut migrate = migrate;
        migrate().map_err(Trouble::from)?;
    }
    Ok(())
}

/// The version of the tables, unless it is newer than we know.
pub fn refuse_newer(db: &Connection) -> Result<u32, StoreError> {
    let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(Trouble::from)?;
    if found > NEWEST { Err(StoreError::TooNew(found)) } else { Ok(found) }
}

/// Settings of every connection. `FULL` flushes the log at each commit: a `250` rests on it.
/// `secure_delete` overwrites what is deleted, wrapped keys above all.
pub fn prepare_writer(db: &Connection) -> rusqlite::Result<()> {
    // Nobody else writes; only folding in the log can find a reader in its way, and tries again later.
    db.busy_timeout(std::time::Duration::from_millis(50))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    overwrite_deleted(db, true)?;
    // The writer checkpoints itself, between transactions, where it can see an error.
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "cache_size", -16 * 1024)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Whether what is deleted from now on is overwritten.
pub fn overwrite_deleted(db: &Connection, overwrite: bool) -> rusqlite::Result<()> {
    db.pragma_update(None, "secure_delete", overwrite)
}
