//! Spreadsheets as tables: one segment a sheet, hidden ones too; a row a line, cells apart by tabs.

use std::collections::HashSet;
use std::io::Cursor;

use calamine::{Data, DataRef, ExcelDateTime, Reader, Sheets, Xlsx};

use super::super::extraction::{Extraction, File, within};
use super::super::{GapReason, Shape};

/// A sheet of more cells is cut, and a gap says so.
const MAX_CELLS: usize = 5_000_000;

/// A row with cells far apart is not padded with a tab for each empty one.
const MAX_PADDING: u32 = 64;

/// What reading the sheets of a workbook showed of it.
#[derive(Default)]
pub(super) struct Shown {
    pub sheets: usize,
    /// The shared strings that some cell shows.
    pub strings: HashSet<String>,
}

/// XLSX and XLSM, cell by cell: a sheet with two far corners must not become a grid in memory.
pub(super) fn open_xml(file: &File<'_>, extraction: &mut Extraction<'_>) -> Shown {
    let mut shown = Shown::default();
    let Ok(mut book) = Xlsx::new(Cursor::new(file.bytes.to_vec())) else {
        extraction.gap(&file.origin, GapReason::Corrupt);
        return shown;
    };
    let mut cells_left = MAX_CELLS;
    for name in book.sheet_names() {
        shown.sheets += 1;
        let origin = within(&file.origin, &name);
        let Ok(mut cells) = book.worksheet_cells_reader(&name) else {
            // A chart sheet has no cells.
            continue;
        };
        let mut table = Table::default();
        loop {
            match cells.next_cell() {
                Ok(Some(cell)) => {
                    let (row, column) = cell.get_position();
                    if let DataRef::SharedString(text) = cell.get_value()
                        && !shown.strings.contains(*text)
                    {
                        shown.strings.insert((*text).to_owned());
                    }
                    table.cell(row, column, &value(cell.get_value()));
                    cells_left -= 1;
                }
                Ok(None) => break,
                Err(_) => {
                    extraction.gap(&origin, GapReason::Corrupt);
                    break;
                }
            }
            if cells_left == 0 || (cells_left.is_multiple_of(4096) && extraction.budget.check().is_err()) {
                extraction.gap(&origin, GapReason::Limit);
                extraction.text(&origin, table.out, Shape::Table);
                return shown;
            }
        }
        extraction.text(&origin, table.out, Shape::Table);
        extraction.text(&within(&origin, "name"), name, Shape::Line);
    }
    shown
}

/// XLS, XLSB and ODS.
pub(super) fn other(file: &File<'_>, extraction: &mut Extraction<'_>) -> Result<(), GapReason> {
    let mut book: Sheets<_> =
        calamine::open_workbook_auto_from_rs(Cursor::new(file.bytes.to_vec())).map_err(|_| GapReason::Corrupt)?;
    for name in book.sheet_names() {
        let origin = within(&file.origin, &name);
        let Ok(range) = book.worksheet_range(&name) else {
            extraction.gap(&origin, GapReason::Corrupt);
            continue;
        };
        let mut table = Table::default();
        for (row, column, value) in range.used_cells() {
            table.cell(row as u32, column as u32, &data(value));
        }
        extraction.text(&origin, table.out, Shape::Table);
        extraction.text(&within(&origin, "name"), name, Shape::Line);
    }
    Ok(())
}

/// Rows as they come.
#[derive(Default)]
struct Table {
    out: String,
    row: u32,
    column: u32,
}

impl Table {
    fn cell(&mut self, row: u32, column: u32, value: &str) {
        if row != self.row {
            if !self.out.is_empty() {
                self.out.push('\n');
            }
            (self.row, self.column) = (row, 0);
        }
        let gap = column.saturating_sub(self.column).min(MAX_PADDING);
        self.out.extend(std::iter::repeat_n('\t', gap as usize));
        self.column = column;
        // A line break inside a cell would make two rows.
        self.out.extend(value.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }));
    }
}

fn value(value: &DataRef<'_>) -> String {
    match value {
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::String(text) => text.clone(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(date) => date_time(date),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

fn data(value: &Data) -> String {
    match value {
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Bool(truth) => truth.to_string(),
        Data::DateTime(date) => date_time(date),
        _ => String::new(),
    }
}

/// `1975-05-01`, and the time where there is one.
fn date_time(date: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
    match (hour, minute, second) {
        (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{opened, text_of, zipped};

    fn book(sheet: &str) -> Vec<u8> {
        let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        zipped(&[
            ("[Content_Types].xml", b"<Types/>"),
            (
                "_rels/.rels",
                format!("<Relationships><Relationship Id='r1' Type='{relation}/officeDocument' Target='xl/workbook.xml'/></Relationships>").as_bytes(),
            ),
            (
                "xl/workbook.xml",
                format!("<workbook xmlns:r='{relation}'><sheets><sheet name='Patients' sheetId='1' state='hidden' r:id='r1'/></sheets></workbook>").as_bytes(),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                format!("<Relationships><Relationship Id='r1' Type='{relation}/worksheet' Target='worksheets/sheet1.xml'/></Relationships>").as_bytes(),
            ),
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
            ("xl/comments1.xml", b"<comments><comment><text><t>call Roe</t></text></comment></comments>"),
        ])
    }

    #[test]
    fn a_hidden_sheet_is_a_table() {
        let sheet = "<worksheet><sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>MRN</t></is></c>\
            <c r='C1' t='inlineStr'><is><t>Name</t></is></c></row>\
            <row r='2'><c r='A2'><v>12345</v></c><c r='C2' t='inlineStr'><is><t>Jo\nRoe</t></is></c></row></sheetData></worksheet>";
        let extract = opened("list.xlsx", &book(sheet));
        assert!(extract.gaps.is_empty(), "{:?}", extract.gaps);
        assert_eq!(text_of(&extract, "Patients"), "MRN\t\tName\n12345\t\tJo Roe");
        assert_eq!(text_of(&extract, "xl/comments1.xml").trim(), "call Roe");
    }

    #[test]
    fn two_far_corners_make_no_grid() {
        let sheet = "<worksheet><sheetData><row r='1'><c r='A1'><v>1</v></c></row>\
            <row r='1048576'><c r='XFD1048576'><v>2</v></c></row></sheetData></worksheet>";
        assert!(text_of(&opened("far.xlsx", &book(sheet)), "Patients").len() < 100);
    }
}
