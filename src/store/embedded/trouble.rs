//! What SQLite and the disk say, in the store's words.

use rusqlite::ErrorCode;

use crate::keys;
use crate::store::StoreError;
use crate::store::seal::Broken;

/// Why a transaction can't go on.
#[derive(Debug)]
pub enum Trouble {
    /// This request can't be done; the others are not touched.
    Answer(StoreError),
    /// The database failed: nothing of the transaction holds.
    Database(rusqlite::Error),
}

impl Trouble {
    pub fn is_full(&self) -> bool {
        matches!(self, Trouble::Database(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull))
            || matches!(self, Trouble::Answer(StoreError::Full))
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Trouble::Database(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Trouble::Answer(error)
    }
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Answer(error) => error,
            Trouble::Database(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => StoreError::Full,
            // SQLite's text names tables and codes, never values.
            Trouble::Database(error) => StoreError::Failed(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        Trouble::Answer(match error.kind() {
            StorageFull | QuotaExceeded => StoreError::Full,
            _ => StoreError::Failed(error.to_string()),
        })
    }
}

impl From<keys::Error> for Trouble {
    fn from(error: keys::Error) -> Self {
        Trouble::Answer(StoreError::Key(error.to_string()))
    }
}

impl From<Broken> for Trouble {
    fn from(_: Broken) -> Self {
        Trouble::Answer(StoreError::Failed("content could not be sealed".to_owned()))
    }
}

/// A text of ours that doesn't read back.
pub fn damaged(what: impl std::fmt::Display) -> Trouble {
    Trouble::Answer(StoreError::Damaged(what.to_string()))
}
