//! Wrapping keys anew after the master key was rotated. Bodies stay as they are.

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::trouble::Trouble;
use crate::keys::MasterKeys;

/// Wraps whatever an older master key wrapped with the one in use, inside a transaction.
/// A damaged key stays as it is: its message is found damaged when it is read.
pub fn rewrap(db: &Connection, old: &MasterKeys, new: &MasterKeys) -> Result<(), Trouble> {
    each(db, ("SELECT seq, wrapped FROM body_key", "UPDATE body_key SET wrapped = ? WHERE seq = ?"), old, new)?;
    let store_key =
        ("SELECT name, value FROM meta WHERE name = 'checkpoint-key'", "UPDATE meta SET value = ? WHERE name = ?");
    each(db, store_key, old, new)?;
    // Which master key wraps, so that a wrong one is noticed at the next start.
    db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('master', ?)", [new.current().0])?;
    Ok(())
}

fn each(db: &Connection, (select, update): (&str, &str), old: &MasterKeys, new: &MasterKeys) -> Result<(), Trouble> {
    let mut query = db.prepare(select)?;
    let mut update = db.prepare(update)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (name, wrapped): (Value, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let key = new.unwrap(&wrapped).or_else(|_| old.unwrap(&wrapped));
        if let (true, Ok(key)) = (new.is_old(&wrapped), key) {
            update.execute(params![new.wrap(&key)?, name])?;
        }
    }
    Ok(())
}
