//! The master key, and the keys it wraps.
//!
//! In: where the master key is kept. Out: wrapped keys, and keys unwrapped. A key never leaves
//! this room in clear text except inside a type that wipes itself and prints nothing.

pub mod beside;
mod master;
mod source;

pub use master::{BodyKey, KeyId, MasterKeys, WRAPPED_LEN};
pub use source::{Absent, Source};

use std::path::PathBuf;

/// What can be wrong with the master key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: there is no master key, but a store that was sealed with one; put it back")]
    Missing { path: PathBuf },
    #[error("{path} can be read by others (mode {mode:04o}); chmod 600 it")]
    Readable { path: PathBuf, mode: u32 },
    #[error("{path} belongs to user {owner}, not to the user that runs waxseal ({user})")]
    Owner { path: PathBuf, owner: u32, user: u32 },
    #[error(
        "there are no systemd credentials here, so no {0:?}; run the command as the service runs: \
         systemd-run --pipe --wait -p User=waxseal -p LoadCredential={0}:FILE waxseal …"
    )]
    NoCredential(String),
    #[error("{path}: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("the command that prints the master key failed: {0}")]
    Command(String),
    #[error("the master key is not one: 64 hexadecimal digits on a line are wanted, the key in use first")]
    Malformed,
    #[error(
        "the master key can only be rotated by waxseal where it is a file; elsewhere put the new key before the old one and restart"
    )]
    NotRotatable,
    #[error("a wrapped key is damaged, or was wrapped by a master key that is not here")]
    Unwrap,
    #[error("no random numbers can be had")]
    Random,
}
