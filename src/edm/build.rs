//! A table of people → an index: rows are read once, hashed at once, sorted outside of memory.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::Timestamp;

use super::file::{self, COMMON, Header, IN_BLOCK, PAGE, hex};
use super::filter::Filter;
use super::site::{SiteKey, kind_of};
use super::sort::Sorter;
use super::{Error, Folder, at};
use crate::detect::known::{Column, KeyKind, of_row};

/// What the columns hold where their headers don't say it: header → column, `None` to leave it out.
pub type Mapping = Vec<(String, Option<Column>)>;

/// What came of it.
#[derive(Debug, serde::Serialize)]
pub struct Built {
    #[serde(flatten)]
    pub header: Header,
    /// Rows in which no column had a value that says who.
    pub empty_rows: u64,
    /// Headers of columns that were left out.
    pub ignored: Vec<String>,
}

/// Reads a table (comma, semicolon, tab or bar between its columns, a header row first) and puts its
/// index in the place of any older one of that name, in one step.
pub fn build(folder: &Folder, name: &str, table: impl Read, map: &Mapping, now: Timestamp) -> Result<Built, Error> {
    let path = folder.file(name)?;
    let mut rows = Rows::open(table, map)?;
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
    Ok(Built { header, empty_rows: empty, ignored: rows.ignored })
}

/// The rows of a table, as cells of known columns.
struct Rows<R: Read> {
    reader: csv::Reader<BufReader<R>>,
    record: csv::ByteRecord,
    columns: Vec<(usize, String, Column)>,
    ignored: Vec<String>,
}

impl<R: Read> Rows<R> {
    fn open(table: R, map: &Mapping) -> Result<Self, Error> {
        let mut table = BufReader::with_capacity(1 << 16, table);
        let head = table.fill_buf().map_err(|error| Error::Table(error.to_string()))?;
        if head.is_empty() {
            return Err(Error::Table("the table is empty".into()));
        }
        let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |delimiter: u8| first.iter().filter(|byte| **byte == delimiter).count();
        let delimiter = [b',', b';', b'\t', b'|'].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(table);
        let headers: Vec<String> = reader.byte_headers().map_err(of_csv)?.iter().map(decoded).collect();
        if let Some((unknown, _)) = map.iter().find(|(header, _)| !headers.contains(header)) {
            let message = format!("--map: there is no column {unknown:?}; there are {}", headers.join(", "));
            return Err(Error::Table(message));
        }
        let (mut columns, mut ignored) = (Vec::new(), Vec::new());
        for (at, header) in headers.into_iter().enumerate() {
            let mapped = map.iter().find(|(name, _)| *name == header).map(|(_, column)| *column);
            match mapped.unwrap_or_else(|| Column::of_header(&header)) {
                Some(column) => columns.push((at, header, column)),
                None => ignored.push(header),
            }
        }
        let has = |wanted: Column| columns.iter().any(|(_, _, column)| *column == wanted);
        let tells = has(Column::Number)
            || has(Column::Email)
            || has(Column::FullName)
            || has(Column::Given) && has(Column::Family)
            || columns.len() > 1;
        if !tells {
            return Err(Error::Table(format!(
                "no column tells who somebody is (not used: {}); say what they hold: --map HEADER=number|email|given|family|name|birth-date|phone|address",
                ignored.join(", ")
            )));
        }
        Ok(Self { reader, record: csv::ByteRecord::new(), columns, ignored })
    }

    fn next_row(&mut self) -> Result<Option<Vec<(Column, String)>>, Error> {
        if !self.reader.read_byte_record(&mut self.record).map_err(of_csv)? {
            return Ok(None);
        }
        let record = &self.record;
        let cells = self.columns.iter().filter_map(|(at, _, column)| Some((*column, decoded(record.get(*at)?))));
        Ok(Some(cells.filter(|(_, value)| !value.is_empty()).collect()))
    }

    fn used(&self) -> Vec<(String, String)> {
        self.columns.iter().map(|(_, header, column)| (header.clone(), column.as_str().to_owned())).collect()
    }
}

/// UTF-8, or what older systems write on Windows.
fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
    }
}

/// Tells the line and never what stands in it.
fn of_csv(error: csv::Error) -> Error {
    let line = error.position().map_or(0, csv::Position::line);
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} cells, the header {expected_len}; a quotation mark may be missing")
        }
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => "the row can't be read".to_owned(),
    };
    Error::Row { line, what }
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
