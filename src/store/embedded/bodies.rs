//! Large sealed bodies: a file each, complete and on stable storage before a commit names it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::trouble::Trouble;
use crate::keys::BodyKey;
use crate::mail::{Content, QueueId};
use crate::store::seal::{Purpose, Sealer};
use crate::store::{Spool, StoreError};

/// The folder of body files, and the keys of those that no commit has named yet.
pub struct Bodies {
    dir: PathBuf,
    pending: Mutex<HashMap<QueueId, Pending>>,
}

struct Pending {
    key: BodyKey,
    since: Instant,
}

/// Nobody scans a message longer before it is committed.
const PENDING_LIMIT: Duration = Duration::from_secs(3600);

impl Bodies {
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, pending: Mutex::default() }
    }

    fn path(&self, id: QueueId) -> PathBuf {
        self.dir.join(id.to_string())
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<QueueId, Pending>> {
        self.pending.lock().expect("no code panics while it holds the pending keys")
    }

    /// Writes a sealed body so that it survives a power cut.
    pub fn write(&self, id: QueueId, sealed: &[u8]) -> Result<(), Trouble> {
        let mut part = Part::create(&self.path(id))?;
        part.file.write_all(sealed)?;
        Ok(part.complete()?)
    }

    /// The key of a spooled body that awaits its commit.
    pub fn pending_key(&self, id: QueueId) -> Option<BodyKey> {
        self.pending().get(&id).map(|pending| pending.key.clone())
    }

    /// A commit names the body: its key is in the tables now.
    pub fn committed(&self, id: QueueId) {
        self.pending().remove(&id);
    }

    /// Drops a spooled body that no commit will name.
    pub fn discard(&self, id: QueueId) {
        if self.pending().remove(&id).is_some() {
            self.remove(id);
        }
    }

    /// Drops what was spooled and forgotten, by a task that was cancelled for instance.
    pub fn discard_forgotten(&self) {
        let forgotten: Vec<QueueId> = self
            .pending()
            .iter()
            .filter(|(_, pending)| pending.since.elapsed() > PENDING_LIMIT)
            .map(|(id, _)| *id)
            .collect();
        forgotten.into_iter().for_each(|id| self.discard(id));
    }

    pub fn read(&self, id: QueueId) -> std::io::Result<Vec<u8>> {
        std::fs::read(self.path(id))
    }

    /// Removes a body file. One that stays behind can't be read any more, and is swept at the next start.
    pub fn remove(&self, id: QueueId) {
        let _ = std::fs::remove_file(self.path(id));
    }

    /// Removes files that no commit names: left by a crash between file and commit.
    pub fn sweep(&self, is_named: impl Fn(QueueId) -> Result<bool, Trouble>) -> Result<(), Trouble> {
        for entry in std::fs::read_dir(&self.dir)? {
            let entry = entry?;
            let named = match entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                Some(id) => is_named(id)?,
                None => false,
            };
            if !named {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// A file that is being written. Dropped before `complete`, it is removed.
struct Part {
    file: File,
    path: PathBuf,
    part: PathBuf,
    complete: bool,
}

impl Part {
    fn create(path: &Path) -> std::io::Result<Self> {
        let part = path.with_extension("part");
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        Ok(Self { file, path: path.to_owned(), part, complete: false })
    }

    /// Content, name and folder are on stable storage when this returns.
    fn complete(mut self) -> std::io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.part, &self.path)?;
        self.complete = true;
        let synced = File::open(self.path.parent().unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
        if synced.is_err() {
            let _ = std::fs::remove_file(&self.path);
        }
        synced
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.complete {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

/// Seals content into a file while it comes in.
pub struct FileSpool {
    bodies: Arc<Bodies>,
    id: QueueId,
    key: BodyKey,
    size: u64,
    /// `None` once writing failed.
    sealing: Option<Sealing>,
}

struct Sealing {
    part: Part,
    sealer: Sealer,
    /// Sealed, but not written yet.
    sealed: Vec<u8>,
}

impl FileSpool {
    pub async fn begin(bodies: Arc<Bodies>, id: QueueId) -> Result<Self, StoreError> {
        let path = bodies.path(id);
        let begin = move || -> Result<(BodyKey, Sealing), Trouble> {
            let key = BodyKey::generate()?;
            let mut sealed = Vec::new();
            let sealer = Sealer::new(&key, id, Purpose::Body, &mut sealed)?;
            Ok((key, Sealing { part: Part::create(&path)?, sealer, sealed }))
        };
        let (key, sealing) = blocking(begin).await?;
        Ok(Self { bodies, id, key, size: 0, sealing: Some(sealing) })
    }

    /// Takes the sealing, so that a failure or a cancelled call leaves none.
    fn take(&mut self) -> Result<Sealing, StoreError> {
        self.sealing.take().ok_or_else(|| StoreError::Failed("spooling failed before".to_owned()))
    }
}

#[async_trait]
impl Spool for FileSpool {
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.size += bytes.len() as u64;
        let mut sealing = self.take()?;
        let write = move || -> Result<Sealing, Trouble> {
            sealing.sealer.write(&bytes, &mut sealing.sealed)?;
            sealing.part.file.write_all(&sealing.sealed)?;
            // Many sessions spool at once: between pieces none keeps room for the next.
            sealing.sealed = Vec::new();
            Ok(sealing)
        };
        self.sealing = Some(blocking(write).await?);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<Content, StoreError> {
        let mut sealing = self.take()?;
        let finish = move || -> Result<(), Trouble> {
            sealing.sealer.finish(&mut sealing.sealed)?;
            sealing.part.file.write_all(&sealing.sealed)?;
            Ok(sealing.part.complete()?)
        };
        blocking(finish).await?;
        self.bodies.pending().insert(self.id, Pending { key: self.key.clone(), since: Instant::now() });
        Ok(Content::Sealed { name: self.id.to_string(), size: self.size })
    }
}

/// Runs work that waits for the disk away from the tasks that serve the network.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, StoreError> {
    match spawn_blocking(work).await {
        Ok(result) => result.map_err(StoreError::from),
        Err(error) => Err(StoreError::Failed(format!("a storage thread ended: {error}"))),
    }
}

/// Reads a body file; absent or unreadable, the message is damaged.
pub fn read_damaged(bodies: &Bodies, id: QueueId) -> Result<Vec<u8>, Trouble> {
    bodies.read(id).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Trouble::Answer(StoreError::Damaged(id.to_string())),
        _ => error.into(),
    })
}
