//! An index as opened: the filter and the fences in memory, the hashes read from their blocks when asked.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::file::{self, Flaw, Header, IN_BLOCK, PAGE, hex};
use super::filter::Filter;
use super::site::SiteKey;
use super::{Error, at};
use crate::detect::known::{Key, Unreadable};

pub struct Table {
    pub header: Header,
    file: File,
    site: SiteKey,
    fences: Vec<u64>,
    filter: Filter,
}

impl Table {
    /// Opens and checks it.
    pub fn open(path: &Path, site: &SiteKey) -> Result<Self, Error> {
        let damaged = |what| Error::Damaged { path: path.to_owned(), what };
        let file = File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::Missing(path.file_stem().unwrap_or_default().to_string_lossy().into_owned())
            }
            _ => at(path)(error),
        })?;
        let length = file.metadata().map_err(at(path))?.len();
        if length < PAGE as u64 {
            return Err(damaged("it is too short"));
        }
        let mut page = [0; PAGE];
        file.read_exact_at(&mut page, 0).map_err(at(path))?;
        let header = Header::read(&page, site).map_err(|flaw| match flaw {
            Flaw::Damaged(what) => damaged(what),
            Flaw::OtherKey => Error::OtherKey { path: path.to_owned() },
        })?;
        if length != header.file_len() {
            return Err(damaged("its length is not the one it had"));
        }
        let read = |from: u64, length: u64| {
            let mut bytes = vec![0; length as usize];
            file.read_exact_at(&mut bytes, from).map(|()| bytes).map_err(at(path))
        };
        let fences = read(header.fences_at(), header.blocks * 8)?;
        if hex(&site.seal(1, &fences)) != header.fences_seal {
            return Err(damaged("its fences changed"));
        }
        let filter = read(header.filter_at(), header.filter_bytes)?;
        if hex(&site.seal(2, &filter)) != header.filter_seal {
            return Err(damaged("its filter changed"));
        }
        let fences = fences.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let filter = Filter::read(filter).ok_or_else(|| damaged("its filter has an odd length"))?;
        Ok(Self { header, file, site: site.clone(), fences, filter })
    }

    /// Cheap, and never wrongly `false`.
    pub fn may_hold(&self, key: &Key<'_>) -> bool {
        self.filter.may_hold(self.site.quick(key))
    }

    /// Whether a row has it. One read of a page.
    pub fn holds(&self, key: &Key<'_>) -> Result<bool, Unreadable> {
        let hash = self.site.exact(key);
        let Some(block) = self.fences.partition_point(|fence| *fence <= hash).checked_sub(1) else { return Ok(false) };
        let mut page = [0; PAGE];
        let place = (1 + block as u64) * PAGE as u64;
        self.file.read_exact_at(&mut page, place).map_err(|_| Unreadable)?;
        if !file::is_whole(&self.site, place, &page) {
            return Err(Unreadable);
        }
        let hashes = &page.as_chunks::<8>().0[..IN_BLOCK];
        Ok(hashes.binary_search_by_key(&hash, |bytes| u64::from_le_bytes(*bytes)).is_ok())
    }
}
