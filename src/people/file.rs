//! The users file: one JSON object a line, rewritten as a whole or not at all.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::password::Hash;
use super::token::Token;
use super::{Error, Person, person};

/// Everybody on the roll, as last read.
#[derive(Default)]
pub(super) struct Roll {
    entries: BTreeMap<String, Entry>,
    pub(super) stamp: Stamp,
}

pub(super) struct Entry {
    pub(super) person: Person,
    pub(super) hash: Hash,
    pub(super) tokens: Vec<Token>,
}

/// Tells one state of the file from another. The inode is in it, since each change is a new file
/// and two of them may fall in one tick of the clock.
pub(super) type Stamp = Option<(SystemTime, u64, u64)>;

/// A line as written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    hash: String,
    #[serde(default)]
    senders: Vec<person::Sender>,
    #[serde(default)]
    role: person::Role,
    #[serde(default)]
    disabled: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tokens: Vec<Token>,
}

pub(super) struct UsersFile {
    path: PathBuf,
}

impl UsersFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn stamp(&self) -> Stamp {
        let metadata = fs::metadata(&self.path).ok()?;
        Some((metadata.modified().ok()?, metadata.ino(), metadata.len()))
    }

    pub(super) fn read(&self) -> Result<Roll, Error> {
        // The stamp is taken first: a change in between is then seen at the next look.
        let stamp = self.stamp();
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(self.io(error)),
        };
        let mut roll = Roll { stamp, ..Roll::default() };
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let fault = |reason: String| Error::Format { path: self.path.display().to_string(), line: at + 1, reason };
            let line: Line = serde_json::from_str(line).map_err(|error| fault(error.to_string()))?;
            let hash = Hash::parse(line.hash).map_err(fault)?;
            let person = Person { name: line.name, senders: line.senders, role: line.role, disabled: line.disabled };
            roll.add(person, hash, line.tokens).map_err(|error| fault(error.to_string()))?;
        }
        Ok(roll)
    }

    /// Reads, changes and writes under a lock, so that two commands at once both count.
    pub(super) fn change(&self, change: impl FnOnce(&mut Roll) -> Result<(), Error>) -> Result<(), Error> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| self.io(error))?;
        let lock = private(&self.beside("lock")).map_err(|error| self.io(error))?;
        lock.lock().map_err(|error| self.io(error))?;
        let mut roll = self.read()?;
        change(&mut roll)?;
        self.write(&roll, folder).map_err(|error| self.io(error))
    }

    /// A new file beside the old one takes its name once it is on the disk: a crash leaves one or the other.
    fn write(&self, roll: &Roll, folder: &Path) -> io::Result<()> {
        let fresh = self.beside("new");
        let mut file = private(&fresh)?;
        file.set_len(0)?;
        for Entry { person, hash, tokens } in roll.entries.values() {
            let line = Line {
                name: person.name.clone(),
                hash: hash.as_str().to_owned(),
                senders: person.senders.clone(),
                role: person.role,
                disabled: person.disabled,
                tokens: tokens.clone(),
            };
            let mut text = serde_json::to_vec(&line)?;
            text.push(b'\n');
            file.write_all(&text)?;
        }
        file.sync_all()?;
        fs::rename(&fresh, &self.path)?;
        File::open(folder)?.sync_all()
    }

    fn beside(&self, extension: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".");
        name.push(extension);
        PathBuf::from(name)
    }

    fn io(&self, error: io::Error) -> Error {
        Error::Io { path: self.path.display().to_string(), error }
    }
}

/// A file that only its owner can read: hashes invite guessing.
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

impl Roll {
    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    pub(super) fn add(&mut self, person: Person, hash: Hash, tokens: Vec<Token>) -> Result<(), Error> {
        if self.entries.contains_key(&person.name) {
            return Err(Error::Exists(person.name));
        }
        self.entries.insert(person.name.clone(), Entry { person, hash, tokens });
        Ok(())
    }

    pub(super) fn disable(&mut self, name: &str) -> Result<(), Error> {
        self.entry(name)?.person.disabled = true;
        Ok(())
    }

    pub(super) fn entry(&mut self, name: &str) -> Result<&mut Entry, Error> {
        self.entries.get_mut(name).ok_or_else(|| Error::Unknown(name.to_owned()))
    }
}
