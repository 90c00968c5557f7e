//! Folding the log into the database beside the writer, so that no commit waits for megabytes.
//!
//! A thread with a connection of its own copies what stands in the log; the writer goes on. Only the
//! little that came meanwhile is left for the writer, between two transactions, where nothing more
//! comes: then the log is folded whole and begins anew.

use std::path::PathBuf;
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::trouble::Trouble;

/// What may be left for the writer: it takes a few milliseconds.
const LITTLE: usize = 1 << 20;
/// Rounds after which the writer takes what is left, however much it is: the log must not grow for ever.
const ROUNDS: u32 = 4;

pub struct Fold {
    path: PathBuf,
    copying: Option<JoinHandle<rusqlite::Result<()>>>,
    /// How much stood in the log when this round began.
    began_at: usize,
    round: u32,
}

/// How far it is.
pub enum Step {
    UnderWay,
    /// The writer may finish.
    LittleLeft,
    Failed(Trouble),
}

impl Fold {
    pub fn new(path: PathBuf) -> Self {
        Self { path, copying: None, began_at: 0, round: 0 }
    }

    /// Begins, or looks how far it is; `logged` is how much stands in the log.
    pub fn step(&mut self, logged: usize) -> Step {
        match self.copying.take() {
            Some(copying) if !copying.is_finished() => {
                self.copying = Some(copying);
                return Step::UnderWay;
            }
            Some(copying) => match copying.join() {
                Ok(Ok(())) if logged - self.began_at.min(logged) <= LITTLE || self.round >= ROUNDS => {
                    self.round = 0;
                    return Step::LittleLeft;
                }
                Ok(Ok(())) => {}
                Ok(Err(error)) => return self.failed(error.into()),
                Err(_) => return self.failed(Trouble::from(std::io::Error::other("the log could not be folded"))),
            },
            None => {}
        }
        self.began_at = logged;
        self.round += 1;
        let path = self.path.clone();
        match std::thread::Builder::new().name("store-fold".to_owned()).spawn(move || copy(&path)) {
            Ok(copying) => {
                self.copying = Some(copying);
                Step::UnderWay
            }
            // Without a thread the writer does it all.
            Err(_) => Step::LittleLeft,
        }
    }

    pub fn is_under_way(&self) -> bool {
        self.copying.is_some()
    }

    /// Waits for what is under way; its connection is closed then.
    pub fn end(&mut self) {
        self.round = 0;
        if let Some(copying) = self.copying.take() {
            let _ = copying.join();
        }
    }

    fn failed(&mut self, trouble: Trouble) -> Step {
        self.round = 0;
        Step::Failed(trouble)
    }
}

/// Flushes as the writer does. Readers and the writer are not held up.
fn copy(path: &PathBuf) -> rusqlite::Result<()> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}
