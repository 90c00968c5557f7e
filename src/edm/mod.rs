//! Exact-data-match indexes: tables of the site's people as keyed hashes in files.
//!
//! In: rows of a table. Out: a file under `data_dir/edm` that says of a key whether some row has it, and
//! nothing else: no value can be read from it, and without the site key none can be guessed. What a key
//! is, `detect::known` says.

mod build;
mod dump;
mod file;
mod filter;
mod live;
mod rows;
mod site;
mod sort;
mod table;
mod utf8;

pub use build::{Built, build};
pub use file::Header;
pub use live::{Live, Metrics, Wanted};
pub use rows::{Export, Mapping};
pub use table::Table;

use std::io;
use std::path::{Path, PathBuf};

use crate::keys;
use site::SiteKey;

/// What can be wrong with an index. No message repeats a value of the table.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{0:?} is no name for an index: use letters, digits, hyphens and underscores")]
    Name(String),
    #[error("there is no index named {0:?}; `waxseal edm build {0} FILE.csv` makes one")]
    Missing(String),
    #[error("{path} is damaged ({what}); build it again: `waxseal edm build`")]
    Damaged { path: PathBuf, what: &'static str },
    #[error("{path} was built with another site key; build it again: `waxseal edm build`")]
    OtherKey { path: PathBuf },
    #[error("the site key of the indexes can't be had: {0}")]
    Key(#[from] keys::Error),
    #[error("line {line}: {what}")]
    Row { line: u64, what: String },
    #[error("{0}")]
    Table(String),
}

/// The folder of all indexes, with the key that they are hashed with.
pub struct Folder {
    path: PathBuf,
    site: SiteKey,
}

impl Folder {
    /// Opens the folder below `data_dir`, and makes it and the site key if absent.
    pub fn open(data_dir: &Path, master: &keys::Source) -> Result<Self, Error> {
        let path = data_dir.join("edm");
        private_folder(data_dir).map_err(at(data_dir))?;
        private_folder(&path).map_err(at(&path))?;
        let site = SiteKey::open(&path.join("site.key"), data_dir, master)?;
        Ok(Self { path, site })
    }

    /// The index of that name, checked.
    pub fn table(&self, name: &str) -> Result<Table, Error> {
        Table::open(&self.file(name)?, &self.site)
    }

    /// The names of all indexes, in order.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path).map_err(at(&self.path))? {
            let name = entry.map_err(at(&self.path))?.file_name().to_string_lossy().into_owned();
            names.extend(name.strip_suffix(".edm").filter(|name| check_name(name).is_ok()).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// Takes an index away.
    pub fn drop_table(&self, name: &str) -> Result<(), Error> {
        let path = self.file(name)?;
        std::fs::remove_file(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::Missing(name.to_owned()),
            _ => Error::Io { path, source: error },
        })
    }

    fn file(&self, name: &str) -> Result<PathBuf, Error> {
        check_name(name)?;
        Ok(self.path.join(format!("{name}.edm")))
    }
}

/// A name becomes a file name and a metric's label.
fn check_name(name: &str) -> Result<(), Error> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let good = !name.is_empty() && name.len() <= 64 && name.bytes().all(fits);
    good.then_some(()).ok_or_else(|| Error::Name(name.to_owned()))
}

/// Makes a folder that only we can open.
fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn at(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    move |source| Error::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
