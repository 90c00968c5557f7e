//! Read-only connections, used by turns: reading never waits for the writer, nor it for readers.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::trouble::Trouble;

/// How many read at a time on behalf of mail. Each is a thread with a connection and its pages in memory: with
/// a thousand deliveries at once, a thread for each took a gigabyte and read no faster.
const AT_ONCE: usize = 8;

pub struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// A turn to read, once there is one; whoever reads keeps it until the end.
    pub async fn turn(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.turns).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// Lends a connection to the work.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Trouble>) -> Result<T, Trouble> {
        let idle = self.idle.lock().expect("the list is whole").pop();
        let db = match idle {
            Some(db) => db,
            None => self.open()?,
        };
        let result = work(&db);
        // A connection that saw the database fail is not used again.
        if !matches!(result, Err(Trouble::Database(_))) {
            let mut idle = self.idle.lock().expect("the list is whole");
            if idle.len() < AT_ONCE {
                idle.push(db);
            }
        }
        result
    }

    /// Closes idle connections, before the store is opened again.
    pub fn clear(&self) {
        self.idle.lock().expect("the list is whole").clear();
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let db = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.pragma_update(None, "cache_size", -2 * 1024)?;
        db.pragma_update(None, "temp_store", "MEMORY")?;
        db.set_prepared_statement_cache_capacity(32);
        Ok(db)
    }
}
