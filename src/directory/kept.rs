//! What a server last said, on disk: JSON that only we can read (it is the address book, no secret).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Cells;

/// The staff as of a moment.
pub struct Kept {
    pub as_of: Timestamp,
    pub people: Vec<Cells>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    /// The question that this answered.
    question: String,
    as_of: Timestamp,
    people: Vec<Cells>,
}

impl Kept {
    /// What is kept as the answer to this question, if anything is.
    pub fn read(path: &Path, question: &str) -> io::Result<Option<Self>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Written { question: answered, as_of, people } = serde_json::from_slice(&bytes)?;
        Ok((answered == question).then_some(Self { as_of, people }))
    }

    /// Writes it beside its place, and moves it there when it is safe on disk.
    pub fn write(self, path: &Path, question: &str) -> io::Result<()> {
        let new = path.with_extension("new");
        // Left by a gateway that was killed here: never in use.
        _ = std::fs::remove_file(&new);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        let written = Written { question: question.to_owned(), as_of: self.as_of, people: self.people };
        file.write_all(&serde_json::to_vec(&written)?)?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}
