//! The account of a store at which no gateway is at work: evidence must be readable when the gateway is
//! stopped, and above all when somebody stopped it to change what stands there.

use rusqlite::{Connection, OpenFlags};

use super::Config;
use super::checkpoint::Checkpoints;
use super::query;
use super::readers::Readers;
use super::start::{checkpoint_file, kept_checkpoint_key, refuse_foreign};
use super::trouble::Trouble;
use super::{home, schema};
use crate::audit::{Fault, Head, Record};
use crate::keys::Absent;
use crate::store::StoreError;

/// Opened to read only; nothing is made, mended or locked.
pub struct Evidence {
    readers: Readers,
    checkpoints: Checkpoints,
}

impl Evidence {
    /// `None` where no gateway ever kept an account.
    pub fn open(config: &Config) -> Result<Option<Self>, StoreError> {
        let database = home::database_in(&config.data_dir);
        if !database.exists() {
            return Ok(None);
        }
        let keys = config.master.load(Absent::Refuse).map_err(Trouble::from)?;
        let db = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(Trouble::from)?;
        schema::refuse_newer(&db)?;
        refuse_foreign(&db, &keys)?;
        let Some(key) = kept_checkpoint_key(&db, &keys)? else { return Ok(None) };
        Ok(Some(Self { readers: Readers::new(database), checkpoints: Checkpoints::new(checkpoint_file(config), &key) }))
    }

    /// As [`crate::store::Account::verify`].
    pub fn verify(&self) -> Result<Result<Head, Fault>, StoreError> {
        Ok(query::verify(&self.readers, &self.checkpoints)?)
    }

    /// As [`crate::store::Account::records`].
    pub fn records(&self, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        Ok(self.readers.read(|db| query::records(db, from, limit))?)
    }
}
