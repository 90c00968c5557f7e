//! `data_dir`: ours alone, locked, and with room to breathe.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

use crate::store::StoreError;

/// The locked folder. The lock ends with the process, however it ends.
pub struct Home {
    dir: PathBuf,
    _lock: File,
}

impl Home {
    /// Makes the folder if absent, refuses it if others could read it, and locks it.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| cannot(dir, &error))?;
        ours(dir)?;
        let lock = lock(dir)?;
        let home = Self { dir: dir.to_owned(), _lock: lock };
        let bodies = home.bodies();
        DirBuilder::new().recursive(true).mode(0o700).create(&bodies).map_err(|error| cannot(&bodies, &error))?;
        for path in [bodies, home.database()] {
            if path.exists() {
                ours(&path)?;
            }
        }
        Ok(home)
    }

    pub fn database(&self) -> PathBuf {
        database_in(&self.dir)
    }

    /// Large sealed bodies, a file each.
    pub fn bodies(&self) -> PathBuf {
        self.dir.join("bodies")
    }

    /// Whether anything was stored here before.
    pub fn is_new(&self) -> bool {
        !self.database().exists()
    }

    /// Makes the empty database file: SQLite gives its journals the same mode.
    pub fn make_database(&self) -> std::io::Result<()> {
        OpenOptions::new().append(true).create(true).mode(0o600).open(self.database())?;
        File::open(&self.dir)?.sync_all()
    }

    /// Bytes that we may still write, if the disk can tell.
    pub fn free(&self) -> Option<u64> {
        statvfs(&self.dir).ok().map(|about| about.f_bavail.saturating_mul(about.f_frsize))
    }

    /// Keeps space aside, so that deliveries can still be recorded on a full disk.
    pub fn keep_reserve(&self, size: u64) {
        let path = self.reserve_file();
        if self.reserve() == size {
            return;
        }
        let kept = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .is_ok_and(|file| fallocate(&file, FallocateFlags::empty(), 0, size).is_ok());
        if !kept {
            self.give_up_reserve();
        }
    }

    /// Bytes kept aside.
    pub fn reserve(&self) -> u64 {
        std::fs::metadata(self.reserve_file()).map_or(0, |about| about.len())
    }

    /// Frees the reserve; says whether there was one.
    pub fn give_up_reserve(&self) -> bool {
        std::fs::remove_file(self.reserve_file()).is_ok()
    }

    fn reserve_file(&self) -> PathBuf {
        self.dir.join("reserve")
    }
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| cannot(&path, &error))?;
    match file.try_lock() {
        Ok(()) => {
            let mut note = || {
                file.set_len(0)?;
                file.rewind()?;
                write!(file, "{}", std::process::id())
            };
            // Only for whoever finds the folder locked; a full disk must not keep us from delivering.
            let _ = note();
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            let _ = file.take(20).read_to_string(&mut owner);
            let owner = if owner.is_empty() { String::new() } else { format!(" (process {owner})") };
            Err(StoreError::Locked(format!("{}: another waxseal{owner} uses it", dir.display())))
        }
        Err(TryLockError::Error(error)) => Err(cannot(&path, &error)),
    }
}

/// Refuses what belongs to somebody else or is open to others.
fn ours(path: &Path) -> Result<(), StoreError> {
    let about = std::fs::metadata(path).map_err(|error| cannot(path, &error))?;
    let user = rustix::process::geteuid().as_raw();
    if about.uid() != user {
        let owner = about.uid();
        let path = path.display();
        return Err(StoreError::Unsafe(format!("{path} belongs to user {owner}, but waxseal runs as user {user}")));
    }
    if about.mode() & 0o077 != 0 {
        let (mode, wanted) = (about.mode() & 0o7777, if about.is_dir() { "700" } else { "600" });
        let path = path.display();
        return Err(StoreError::Unsafe(format!("{path} is open to others (mode {mode:04o}); chmod {wanted} it")));
    }
    Ok(())
}

fn cannot(path: &Path, error: &std::io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::Failed(format!("{}: {error}", path.display())),
    }
}

/// The database of a store in this folder.
pub fn database_in(data_dir: &Path) -> PathBuf {
    data_dir.join("store.db")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// T038.
    #[test]
    fn a_second_process_is_refused_and_told_why() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("var");
        let first = Home::open(&dir).unwrap();
        let Err(StoreError::Locked(why)) = Home::open(&dir) else { panic!("it is locked") };
        assert!(why.contains(&format!("process {}", std::process::id())), "{why}");
        drop(first);
        assert!(Home::open(&dir).is_ok());
    }

    /// T038, T269.
    #[test]
    fn a_folder_open_to_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("var");
        drop(Home::open(&dir).unwrap());
        assert_eq!(std::fs::metadata(&dir).unwrap().mode() & 0o7777, 0o700);
        std::fs::set_permissions(&dir, PermissionsExt::from_mode(0o750)).unwrap();
        let Err(StoreError::Unsafe(why)) = Home::open(&dir) else { panic!("it is open to the group") };
        assert!(why.contains("0750") && why.contains("chmod 700"), "{why}");
    }

    #[test]
    fn the_reserve_takes_room_until_it_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("var")).unwrap();
        home.keep_reserve(1 << 20);
        assert!(home.give_up_reserve());
        assert!(!home.give_up_reserve());
        assert!(home.free().is_some_and(|free| free > 0));
    }
}
