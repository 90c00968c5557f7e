//! Keys in files of their own, wrapped by the master key like those in the store.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{Error, MasterKeys};

/// Where they lie below `data_dir`: the site key of patient indexes.
const FILES: [&str; 1] = ["edm/site.key"];
/// No wrapped key is longer.
const MOST: u64 = 4096;

/// The wrapped key in a file, if there is one.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut wrapped = Vec::new();
    file.take(MOST).read_to_end(&mut wrapped)?;
    Ok(Some(wrapped))
}

/// Writes a wrapped key beside its place and moves it there.
pub fn write(path: &Path, wrapped: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    // Left by a process that was killed here: never in use.
    _ = std::fs::remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(wrapped)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// Wraps them anew by the key in use, whichever of the others wrapped them: to be done before an old
/// master key goes. A damaged one stays as it is, and is told of by who needs it.
pub fn follow(data_dir: &Path, masters: &MasterKeys) -> Result<(), Error> {
    for path in FILES.map(|name| data_dir.join(name)) {
        let failed = |source| Error::Unreadable { path: path.clone(), source };
        let wrapped = read(&path).map_err(failed)?.filter(|wrapped| masters.is_old(wrapped));
        if let Some(Ok(key)) = wrapped.map(|wrapped| masters.unwrap(&wrapped)) {
            write(&path, &masters.wrap(&key)?).map_err(failed)?;
        }
    }
    Ok(())
}
