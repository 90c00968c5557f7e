//! A table of people → an index: rows are read once, hashed at once, sorted outside of memory.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::Timestamp;

use super::file::{self, COMMON, Header, IN_BLOCK, PAGE, hex};
use super::filter::Filter;
use super::rows::{Export, Rows};
use super::site::{SiteKey, kind_of};
use super::sort::Sorter;
use super::{Error, Folder, at};
use crate::detect::known::{KeyKind, of_row};

/// What came of it.
#[derive(Debug, serde::Serialize)]
pub struct Built {
    #[serde(flatten)]
    pub header: Header,
    /// Rows in which no column had a value that says who.
    pub empty_rows: u64,
    /// Headers of columns that were left out.
    pub ignored: Vec<String>,
    /// Tables of an SQL dump that tell nobody, or were not asked for.
    pub left_out: Vec<String>,
}

/// Reads an export and puts its index in the place of any older one of that name, in one step.
pub fn build(folder: &Folder, name: &str, export: Export<'_>, now: Timestamp) -> Result<Built, Error> {
    let path = folder.file(name)?;
    let mut rows = Rows::open(export)?;
    let mut sorter = Sorter::new(&folder.path);
    let (mut count, mut empty) = (0, 0);
    while let Some(cells) = rows.next_row()? {
        let mut keys = 0;
        let mut fault = None;
        of_row(cells.iter().map(|(column, value)| (*column, value.as_str())), |key| {
            keys += 1;
            if fault.is_none() {
                fault = sorter.push(folder.site.hashed(&key)).err();
            }
        });
        if let Some(error) = fault {
            return Err(at(&folder.path)(error));
        }
        count += 1;
        empty += u64::from(keys == 0);
    }
    if count == 0 {
        return Err(Error::Table("the table has a header, but no rows".into()));
    }
    if empty * 2 > count {
        let message = format!("{empty} of {count} rows have no usable value: are the columns what their headers say?");
        return Err(Error::Table(message));
    }
    let header = Header {
        name: name.to_owned(),
        built: now,
        rows: count,
        columns: rows.used(),
        entries: 0,
        common_names: 0,
        blocks: 0,
        filter_bytes: 0,
        fences_seal: String::new(),
        filter_seal: String::new(),
    };
    let header = write(&path, header, sorter, &folder.site)?;
    Ok(Built { header, empty_rows: empty, ignored: rows.ignored, left_out: rows.left_out })
}

/// Writes everything beside its place, and moves it there when it is safe on disk.
fn write(path: &Path, mut header: Header, sorter: Sorter, site: &SiteKey) -> Result<Header, Error> {
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let result = written(&new, &mut header, sorter, site).and_then(|()| {
        std::fs::rename(&new, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    });
    match result {
        Ok(()) => Ok(header),
        Err(error) => {
            _ = std::fs::remove_file(&new);
            Err(at(path)(error))
        }
    }
}

fn written(path: &Path, header: &mut Header, sorter: Sorter, site: &SiteKey) -> std::io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut out = BufWriter::with_capacity(1 << 18, file);
    out.write_all(&[0; PAGE])?;
    let most = sorter.len();
    // Sorting gives its memory back before the filter takes some.
    let merge = sorter.sorted()?;
    let mut filter = Filter::new(most);
    let mut fences: Vec<u8> = Vec::new();
    let mut hashes: Vec<u64> = Vec::with_capacity(IN_BLOCK);
    let mut repeated = 0;
    let mut last = None;
    for hashed in merge {
        let hashed = hashed?;
        if last == Some(hashed.exact) {
            repeated += 1;
            header.common_names += u64::from(repeated + 1 == COMMON && kind_of(hashed.exact) == KeyKind::Name as u8);
            continue;
        }
        (last, repeated) = (Some(hashed.exact), 0);
        filter.insert(hashed.quick);
        hashes.push(hashed.exact);
        header.entries += 1;
        if hashes.len() == IN_BLOCK {
            flush(&mut out, header, site, &mut fences, &mut hashes)?;
        }
    }
    if !hashes.is_empty() {
        flush(&mut out, header, site, &mut fences, &mut hashes)?;
    }
    out.write_all(&fences)?;
    out.write_all(filter.bytes())?;
    header.filter_bytes = filter.bytes().len() as u64;
    header.fences_seal = hex(&site.seal(1, &fences));
    header.filter_seal = hex(&site.seal(2, filter.bytes()));
    let page = header.write(site).ok_or_else(|| std::io::Error::other("too many columns for the header"))?;
    out.seek(SeekFrom::Start(0))?;
    out.write_all(&page)?;
    out.into_inner().map_err(|error| error.into_error())?.sync_all()
}

fn flush(
    out: &mut impl Write,
    header: &mut Header,
    site: &SiteKey,
    fences: &mut Vec<u8>,
    hashes: &mut Vec<u64>,
) -> std::io::Result<()> {
    header.blocks += 1;
    fences.extend(hashes[0].to_le_bytes());
    out.write_all(&file::block(site, header.blocks * PAGE as u64, hashes))?;
    hashes.clear();
    Ok(())
}
