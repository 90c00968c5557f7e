//! Who may sign in, what they may do, and the proofs of authority made from that.
//!
//! A file of people comes in; a [`Login`] goes out when name and password are right, and from a
//! login, if its role allows, a [`Reviewer`] or an [`Administrator`]. Nothing else makes these
//! values, so a function that asks for one cannot be called without the right. It never keeps or
//! shows a password.

mod authority;
mod file;
mod password;
mod person;
mod token;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

pub use authority::{Administrator, Reviewer};
pub use person::{Login, Person, Role, Sender, SenderError};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;

use crate::world::Random;
use file::{Entry, Roll, UsersFile};
use password::Hash;
use token::Token;

/// The people of one users file. The file is looked at again at each log-in, so that
/// `waxseal user add` needs no reload and no running gateway.
pub struct People {
    file: Option<UsersFile>,
    /// The last good reading. A file that breaks while we run keeps it in force.
    roll: Mutex<Arc<Roll>>,
    /// Checked against when the name is unknown, so that the answer takes as long.
    decoy: Hash,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {error}")]
    Io { path: String, error: std::io::Error },
    #[error("{path}:{line}: {reason}; take the line away and make the user anew (`waxseal user add NAME`)")]
    Format { path: String, line: usize, reason: String },
    #[error("a user's name is 1 to 64 printable ASCII characters without spaces")]
    Name,
    #[error("the password is empty, longer than 512 bytes, or has a control character")]
    Password,
    #[error("there is already a user {0}")]
    Exists(String),
    #[error("there is no user {0}")]
    Unknown(String),
    #[error("{0} is disabled, and so would be the token")]
    Disabled(String),
    #[error("no users file is configured (`users: FILE`)")]
    NoFile,
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

/// Somebody on the roll, and until when each token of theirs opens something.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    #[serde(flatten)]
    pub person: Person,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Timestamp>,
}

/// Why a log-in was refused. For the log and metrics only: the client learns nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Unknown,
    WrongPassword,
    Disabled,
}

impl Refusal {
    pub fn reason(self) -> &'static str {
        match self {
            Refusal::Unknown => "unknown-user",
            Refusal::WrongPassword => "wrong-password",
            Refusal::Disabled => "disabled",
        }
    }
}

impl People {
    /// The people of that file; a file that does not exist yet has none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let file = UsersFile::new(path.into());
        let roll = Arc::new(file.read()?);
        Ok(Self { file: Some(file), roll: Mutex::new(roll), decoy: Hash::decoy() })
    }

    /// For a gateway without a users file: every log-in is refused.
    pub fn nobody() -> Self {
        Self { file: None, roll: Mutex::default(), decoy: Hash::decoy() }
    }

    /// Checks name and password. It takes tens of milliseconds of one core and 19 MiB, whether
    /// the name exists or not: call it on a blocking thread, and few at a time.
    pub fn sign_in(&self, name: &str, password: &str) -> Result<Login, Refusal> {
        let roll = self.current();
        let Some(entry) = roll.find(name) else {
            self.decoy.matches(password);
            return Err(Refusal::Unknown);
        };
        // The hash comes first also for a disabled user: the time must not tell.
        match (entry.hash.matches(password), entry.person.disabled) {
            (false, _) => Err(Refusal::WrongPassword),
            (true, true) => Err(Refusal::Disabled),
            (true, false) => Ok(Login::of(&entry.person)),
        }
    }

    /// Whose token this is, if that person may still sign in and the token's time is not over.
    pub fn by_token(&self, token: &str, now: Timestamp) -> Option<Login> {
        let roll = self.current();
        let mut owners = roll.entries().filter(|entry| entry.tokens.iter().any(|kept| kept.is(token, now)));
        owners.find(|entry| !entry.person.disabled).map(|entry| Login::of(&entry.person))
    }

    pub fn list(&self) -> Result<Vec<Listed>, Error> {
        let roll = self.file()?.read()?;
        let listed = |entry: &Entry| Listed {
            person: entry.person.clone(),
            tokens: entry.tokens.iter().map(|token| token.expires).collect(),
        };
        Ok(roll.entries().map(listed).collect())
    }

    pub fn add(&self, person: Person, password: &str, random: &dyn Random) -> Result<(), Error> {
        person::check_name(&person.name)?;
        let hash = Hash::of(password, random)?;
        self.file()?.change(|roll| roll.add(person, hash, Vec::new()))
    }

    /// A new password in place of the old one. Who was disabled may sign in again; tokens given before are void.
    pub fn renew(&self, name: &str, password: &str, random: &dyn Random) -> Result<(), Error> {
        let hash = Hash::of(password, random)?;
        self.file()?.change(|roll| {
            let entry = roll.entry(name)?;
            entry.hash = hash;
            entry.person.disabled = false;
            entry.tokens.clear();
            Ok(())
        })
    }

    /// The person stays on the roll, but can't sign in any more.
    pub fn disable(&self, name: &str) -> Result<(), Error> {
        self.file()?.change(|roll| roll.disable(name))
    }

    /// A new token for a program of theirs; those whose time is over are forgotten.
    pub fn mint(
        &self,
        name: &str,
        expires: Timestamp,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<SecretString, Error> {
        let (token, kept) = Token::mint(expires, random);
        self.file()?.change(|roll| {
            let entry = roll.entry(name)?;
            if entry.person.disabled {
                return Err(Error::Disabled(name.to_owned()));
            }
            entry.tokens.retain(|old| now < old.expires);
            entry.tokens.push(kept);
            Ok(())
        })?;
        Ok(token)
    }

    /// Takes all tokens of theirs back.
    pub fn revoke(&self, name: &str) -> Result<(), Error> {
        self.file()?.change(|roll| roll.entry(name).map(|entry| entry.tokens.clear()))
    }

    fn file(&self) -> Result<&UsersFile, Error> {
        self.file.as_ref().ok_or(Error::NoFile)
    }

    /// The roll as it stands in the file now.
    fn current(&self) -> Arc<Roll> {
        let mut roll = self.roll.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(file) = &self.file
            && file.stamp() != roll.stamp
        {
            match file.read() {
                Ok(fresh) => *roll = Arc::new(fresh),
                Err(error) => tracing::error!(%error, "the users file can't be read; the last good one stays in force"),
            }
        }
        roll.clone()
    }
}

/// A login without its password, for tests of rooms that take one.
#[cfg(test)]
pub(crate) fn for_test(person: &Person) -> Login {
    Login::of(person)
}

#[cfg(test)]
mod tests;
