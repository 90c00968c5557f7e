//! The rows of an export as cells of known columns: from a table with a header row, or out of an SQL dump.

use std::io::{BufRead, BufReader, Read};

use super::dump::{Block, Dump, is_dump};
use super::{Error, utf8};
use crate::detect::known::Column;

/// What the columns hold where their headers don't say it: header → column, `None` to leave it out.
pub type Mapping = Vec<(String, Option<Column>)>;

/// What an index is built from.
pub struct Export<'a> {
    /// A table (comma, semicolon, tab or bar between its columns, a header row first), or an SQL dump.
    pub read: Box<dyn Read + 'a>,
    pub map: &'a Mapping,
    /// The table that is meant, where a dump has several of people.
    pub table: Option<&'a str>,
}

/// A row's cells, and what they hold.
type Cells = Vec<(Column, String)>;

pub struct Rows<'a> {
    source: Source<'a>,
    columns: Columns,
    /// Headers of columns that were left out.
    pub ignored: Vec<String>,
    /// Tables of a dump that were left out.
    pub left_out: Vec<String>,
}

type Reading<'a> = BufReader<Box<dyn Read + 'a>>;

enum Source<'a> {
    Sheet { reader: Box<csv::Reader<Reading<'a>>>, record: csv::ByteRecord },
    Dump(Tables<'a>),
}

/// A dump, the table of it that is read, and the rows of which it is one.
struct Tables<'a> {
    dump: Box<Dump<Reading<'a>>>,
    block: Block,
    map: &'a Mapping,
    wanted: Option<&'a str>,
    cells: Vec<Vec<u8>>,
}

impl<'a> Rows<'a> {
    pub fn open(export: Export<'a>) -> Result<Self, Error> {
        let unreadable = |error: std::io::Error| Error::Table(error.to_string());
        let mut read = BufReader::with_capacity(1 << 16, utf8::of(export.read).map_err(unreadable)?);
        let head = read.fill_buf().map_err(unreadable)?;
        if head.is_empty() {
            return Err(Error::Table("the table is empty".into()));
        }
        if is_dump(head) {
            return Self::of_dump(Dump::new(read), export.map, export.table);
        }
        if export.table.is_some() {
            return Err(Error::Table("--table is for SQL dumps; this is one table already".into()));
        }
        Self::of_sheet(read, export.map)
    }

    fn of_sheet(mut read: Reading<'a>, map: &Mapping) -> Result<Self, Error> {
        let head = read.fill_buf().map_err(|error| Error::Table(error.to_string()))?;
        let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |delimiter: u8| first.iter().filter(|byte| **byte == delimiter).count();
        let delimiter = [b',', b';', b'\t', b'|'].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(read);
        let headers: Vec<String> = reader.byte_headers().map_err(of_csv)?.iter().map(decoded).collect();
        if let Some((unknown, _)) = map.iter().find(|(header, _)| !headers.contains(header)) {
            let message = format!("--map: there is no column {unknown:?}; there are {}", headers.join(", "));
            return Err(Error::Table(message));
        }
        let (columns, ignored) = Columns::of(headers, map);
        if !columns.tell() {
            return Err(Error::Table(format!(
                "no column tells who somebody is (not used: {}); say what they hold: --map HEADER=number|email|given|family|name|birth-date|phone|address",
                ignored.join(", ")
            )));
        }
        let source = Source::Sheet { reader: Box::new(reader), record: csv::ByteRecord::new() };
        Ok(Self { source, columns, ignored, left_out: Vec::new() })
    }

    fn of_dump(mut dump: Dump<Reading<'a>>, map: &'a Mapping, wanted: Option<&'a str>) -> Result<Self, Error> {
        let mut left_out = Vec::new();
        while let Some(block) = dump.next_block()? {
            let (columns, ignored) = Columns::of(block.columns.clone(), map);
            if is_meant(&block, &columns, wanted, map) {
                let tables = Tables { dump: Box::new(dump), block, map, wanted, cells: Vec::new() };
                return Ok(Self { source: Source::Dump(tables), columns, ignored, left_out });
            }
            note(&mut left_out, &block.table);
        }
        Err(Error::Table(match (wanted, left_out.as_slice()) {
            (Some(wanted), _) => format!("the dump has no rows of {wanted:?} with columns that tell who somebody is"),
            (None, []) => "the dump has no rows; are they in another file?".to_owned(),
            (None, tables) => format!(
                "no table of the dump has columns that tell who somebody is ({}); name it: --table NAME --map COLUMN=number|…",
                tables.join(", ")
            ),
        }))
    }

    /// The next row, without its empty cells.
    pub fn next_row(&mut self) -> Result<Option<Cells>, Error> {
        match &mut self.source {
            Source::Sheet { reader, record } => {
                let read = reader.read_byte_record(record).map_err(of_csv)?;
                Ok(read.then(|| self.columns.cells(|at| record.get(at))))
            }
            Source::Dump(tables) => {
                while !tables.dump.next_row(&mut tables.cells)? {
                    let Some(block) = tables.dump.next_block()? else { return Ok(None) };
                    if block == tables.block {
                        continue;
                    }
                    let (columns, _) = Columns::of(block.columns.clone(), tables.map);
                    if block.table == tables.block.table {
                        (tables.block, self.columns) = (block, columns);
                    } else if is_meant(&block, &columns, tables.wanted, tables.map) {
                        return Err(Error::Table(format!(
                            "the dump has several tables of people, {} and {}: say which by --table NAME, and build an index of each",
                            tables.block.table, block.table
                        )));
                    } else {
                        note(&mut self.left_out, &block.table);
                        tables.dump.pass_over()?;
                    }
                }
                Ok(Some(self.columns.cells(|at| tables.cells.get(at).map(Vec::as_slice))))
            }
        }
    }

    /// Header and column of everything that is used.
    pub fn used(&self) -> Vec<(String, String)> {
        self.columns.0.iter().map(|(_, header, column)| (header.clone(), column.as_str().to_owned())).collect()
    }
}

/// Whether these rows are of the table that was named; where none was, whether they look like people's. One column
/// called `name` is also that of departments and drugs.
fn is_meant(block: &Block, columns: &Columns, wanted: Option<&str>, map: &Mapping) -> bool {
    let named = match wanted {
        Some(wanted) => wanted.rsplit('.').next().is_some_and(|name| name.eq_ignore_ascii_case(&block.table)),
        None => columns.0.len() > 1,
    };
    named && columns.tell() && map.iter().all(|(header, _)| block.columns.contains(header))
}

/// A dump may have many tables; the first of them will do for a person.
fn note(left_out: &mut Vec<String>, table: &str) {
    if left_out.len() < 50 && !left_out.iter().any(|other| other == table) {
        left_out.push(table.to_owned());
    }
}

/// The columns that are used: where they stand, their headers, what they hold.
struct Columns(Vec<(usize, String, Column)>);

impl Columns {
    /// And the headers of the others.
    fn of(headers: Vec<String>, map: &Mapping) -> (Self, Vec<String>) {
        let (mut columns, mut ignored) = (Vec::new(), Vec::new());
        for (at, header) in headers.into_iter().enumerate() {
            let mapped = map.iter().find(|(name, _)| *name == header).map(|(_, column)| *column);
            match mapped.unwrap_or_else(|| Column::of_header(&header)) {
                Some(column) => columns.push((at, header, column)),
                None => ignored.push(header),
            }
        }
        (Self(columns), ignored)
    }

    /// Whether a row of them says who somebody is.
    fn tell(&self) -> bool {
        let has = |wanted: Column| self.0.iter().any(|(_, _, column)| *column == wanted);
        has(Column::Number)
            || has(Column::Email)
            || has(Column::FullName)
            || has(Column::Given) && has(Column::Family)
            || self.0.len() > 1
    }

    fn cells<'c>(&self, at: impl Fn(usize) -> Option<&'c [u8]>) -> Cells {
        let cells = self.0.iter().filter_map(|(place, _, column)| Some((*column, decoded(at(*place)?))));
        cells.filter(|(_, value)| !value.is_empty()).collect()
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
