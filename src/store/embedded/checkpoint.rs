//! A signed note of how far the account reaches, in a file that can be copied elsewhere: without
//! it, a cut tail or a chain made anew would not show (T247).

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Mutex;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::audit::{Fault, Hash, Head};
use crate::keys::BodyKey;

/// One line of the file.
#[derive(Serialize, Deserialize)]
struct Checkpoint {
    at: Timestamp,
    seq: u64,
    hash: Hash,
    /// HMAC-SHA-256 over time, number and hash, by a key that the master key wraps.
    mac: Hash,
}

pub struct Checkpoints {
    path: PathBuf,
    key: hmac::Key,
    last: Mutex<Head>,
}

impl Checkpoints {
    pub fn new(path: PathBuf, key: &BodyKey) -> Self {
        Self { path, key: hmac::Key::new(HMAC_SHA256, key.bytes()), last: Mutex::new(Head::EMPTY) }
    }

    /// Writes a new checkpoint if the account has grown.
    pub fn write(&self, head: Head, at: Timestamp) {
        let mut last = self.last.lock().expect("writing a checkpoint can't panic");
        if *last == head {
            return;
        }
        let mac = Hash(hmac::sign(&self.key, &message(at, head)).as_ref().try_into().expect("32 octets"));
        let checkpoint = Checkpoint { at, seq: head.seq, hash: head.hash, mac };
        match self.replace(&checkpoint) {
            Ok(()) => *last = head,
            // The account itself is safe; only this note of it is late.
            Err(error) => warn!(%error, path = %self.path.display(), "the audit checkpoint can't be written"),
        }
    }

    fn replace(&self, checkpoint: &Checkpoint) -> std::io::Result<()> {
        let new = self.path.with_extension("new");
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        serde_json::to_writer(&mut file, checkpoint)?;
        file.write_all(b"\n")?;
        std::fs::rename(&new, &self.path)
    }

    /// The last checkpoint, if there is one; its signature is checked.
    pub fn read(&self) -> Result<Option<Head>, Fault> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(Fault::Checkpoint),
        };
        let checkpoint: Checkpoint = serde_json::from_str(&text).map_err(|_| Fault::Checkpoint)?;
        let head = Head { seq: checkpoint.seq, hash: checkpoint.hash };
        hmac::verify(&self.key, &message(checkpoint.at, head), &checkpoint.mac.0).map_err(|_| Fault::Checkpoint)?;
        Ok(Some(head))
    }
}

fn message(at: Timestamp, head: Head) -> Vec<u8> {
    let mut message = b"waxseal audit checkpoint 1".to_vec();
    message.extend_from_slice(&at.as_nanosecond().to_be_bytes());
    message.extend_from_slice(&head.seq.to_be_bytes());
    message.extend_from_slice(&head.hash.0);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_reads_back_and_a_changed_or_foreign_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.checkpoint");
        let checkpoints = Checkpoints::new(path.clone(), &BodyKey::generate().unwrap());
        assert_eq!(checkpoints.read(), Ok(None));
        let head = Head { seq: 7, hash: Hash([7; 32]) };
        checkpoints.write(head, Timestamp::UNIX_EPOCH);
        assert_eq!(checkpoints.read(), Ok(Some(head)));
        assert_eq!(Checkpoints::new(path.clone(), &BodyKey::generate().unwrap()).read(), Err(Fault::Checkpoint));
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\"seq\":7", "\"seq\":6")).unwrap();
        assert_eq!(checkpoints.read(), Err(Fault::Checkpoint));
    }
}
