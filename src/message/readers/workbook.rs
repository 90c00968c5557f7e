//! What an Office Open XML workbook says beside its cells: print headers and footers, prompts, strings inside
//! formulas, defined names, strings and sheets that nothing points to.

use std::collections::HashSet;

use memchr::memmem;

use super::super::GapReason;
use super::super::Shape;
use super::super::extraction::{Extraction, File, within};
use super::{sheet, xml};

/// The parts of the package that hold cells and their strings.
#[derive(Default)]
pub(super) struct Workbook {
    sheets: Vec<String>,
    strings: Option<Vec<u8>>,
}

/// Whether a part is read here.
pub(super) fn is_part(entry: &str) -> bool {
    entry.starts_with("xl/worksheets/sheet") || entry == "xl/sharedStrings.xml"
}

impl Workbook {
    pub fn part(&mut self, entry: &str, bytes: Vec<u8>, file: &File<'_>, extraction: &mut Extraction<'_>) {
        if entry == "xl/sharedStrings.xml" {
            self.strings = Some(bytes);
            return;
        }
        let origin = within(&file.origin, entry);
        match beside_cells(&bytes) {
            Ok(text) => extraction.text(&origin, text, Shape::Prose),
            Err(reason) => extraction.gap(&origin, reason),
        }
        self.sheets.push(entry.to_owned());
    }

    /// Reads the cells, then what none of them showed.
    pub fn finish(self, file: &File<'_>, extraction: &mut Extraction<'_>) {
        if self.sheets.is_empty() {
            return;
        }
        let shown = sheet::open_xml(file, extraction);
        if self.sheets.len() > shown.sheets {
            // A program that looks for sheets by their names shows one more.
            extraction.gap(&file.origin, GapReason::Ambiguous);
        }
        if let Some(Ok(text)) = self.strings.map(|strings| xml::prose(&strings)) {
            // A string of several lines stands there as several.
            let lines: HashSet<&str> = shown.strings.iter().flat_map(|text| text.lines()).map(str::trim).collect();
            let unused: Vec<&str> = text.lines().filter(|line| !lines.contains(line.trim())).collect();
            extraction.text(&within(&file.origin, "xl/sharedStrings.xml"), unused.join("\n"), Shape::Prose);
        }
    }
}

/// The sheet's XML without its cells, but with the strings that formulas hold.
fn beside_cells(bytes: &[u8]) -> Result<String, GapReason> {
    let start = memmem::find(bytes, b"<sheetData").unwrap_or(bytes.len());
    let end = memmem::find(bytes, b"</sheetData>").unwrap_or(bytes.len()).max(start);
    let mut beside = [&bytes[..start], &bytes[end..]].concat();
    for formula in formulas(&bytes[start..end]) {
        beside.extend_from_slice(b"<p>");
        beside.extend_from_slice(formula);
        beside.extend_from_slice(b"</p>");
    }
    // `&C` begins the middle of a header or footer, `&L` and `&R` its sides (ECMA-376 §18.3.1.46).
    Ok(xml::prose(&beside)?.replace("&L", "\n").replace("&C", "\n").replace("&R", "\n"))
}

/// The formulas that hold a string. Most of a column only point to another (`<f si="0"/>`).
fn formulas(cells: &[u8]) -> impl Iterator<Item = &[u8]> {
    memmem::find_iter(cells, b"<f").filter_map(|at| {
        let rest = &cells[at + 2..];
        let begin = memchr::memchr(b'>', rest)? + 1;
        let is_open = matches!(rest[0], b'>' | b' ') && !rest[..begin].ends_with(b"/>");
        let formula = &rest[begin..];
        let formula = &formula[..memchr::memchr(b'<', formula)?];
        (is_open && memchr::memchr(b'"', formula).is_some()).then_some(formula)
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::{Extract, GapReason};
    use super::super::tests::{opened, text_of, zipped};

    /// A book of one sheet, and further parts.
    fn book(sheet: &str, names: &str, more: &[(&str, &[u8])]) -> Extract {
        let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let rels = |kind: &str, target: &str| {
            format!("<Relationships><Relationship Id='r1' Type='{relation}/{kind}' Target='{target}'/></Relationships>")
        };
        let (root, sheets) = (rels("officeDocument", "xl/workbook.xml"), rels("worksheet", "worksheets/sheet1.xml"));
        let workbook = format!(
            "<workbook xmlns:r='{relation}'><sheets><sheet name='S' sheetId='1' r:id='r1'/></sheets>{names}</workbook>"
        );
        let mut parts: Vec<(&str, &[u8])> = vec![
            ("[Content_Types].xml", b"<Types/>"),
            ("_rels/.rels", root.as_bytes()),
            ("xl/workbook.xml", workbook.as_bytes()),
            ("xl/_rels/workbook.xml.rels", sheets.as_bytes()),
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ];
        parts.extend(more);
        opened("a.xlsx", &zipped(&parts))
    }

    const CELL: &str =
        "<worksheet><sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>soup</t></is></c></row></sheetData>";

    #[test]
    fn what_stands_beside_the_cells_is_read_and_the_cells_only_once() {
        for (beside, text) in [
            ("<headerFooter><oddHeader>&amp;CJo Roe&amp;R12</oddHeader></headerFooter>", "Jo Roe\n12"),
            ("<dataValidations><dataValidation prompt='of Jo'/></dataValidations>", "of Jo"),
            (
                "<dataValidations><dataValidation><formula1>\"Jo,Roe\"</formula1></dataValidation></dataValidations>",
                "\"Jo,Roe\"",
            ),
            ("<hyperlinks><hyperlink ref='A1' tooltip='of Jo'/></hyperlinks>", "of Jo"),
        ] {
            let extract = book(&format!("{CELL}{beside}</worksheet>"), "", &[]);
            assert!(extract.gaps.is_empty(), "{:?}", extract.gaps);
            assert_eq!(text_of(&extract, "xl/worksheets/sheet1.xml").trim(), text, "{beside}");
            assert_eq!(text_of(&extract, "S"), "soup");
        }
        let formula = "<worksheet><sheetData><row r='1'><c r='B1'><f si='0'/><v>1</v></c><c r='A1'><f>IF(B1,\"Jo Roe\",C1)</f><v>0</v></c></row></sheetData></worksheet>";
        assert_eq!(text_of(&book(formula, "", &[]), "xl/worksheets/sheet1.xml").trim(), "IF(B1,\"Jo Roe\",C1)");
    }

    #[test]
    fn names_and_strings_that_no_cell_shows_are_read() {
        let names = "<definedNames><definedName name='n' comment='of Ann'>\"Jo Roe\"</definedName></definedNames>";
        let strings = ("xl/sharedStrings.xml", b"<sst><si><t>soup</t></si><si><t>Jo Roe</t></si></sst>".as_slice());
        let cell = "<worksheet><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c></row></sheetData></worksheet>";
        let extract = book(cell, names, &[strings]);
        assert_eq!(text_of(&extract, "xl/workbook.xml").trim(), "of Ann\n\"Jo Roe\"");
        assert_eq!(text_of(&extract, "S"), "soup");
        assert_eq!(text_of(&extract, "xl/sharedStrings.xml").trim(), "Jo Roe");
    }

    #[test]
    fn a_sheet_that_the_book_does_not_list_is_ambiguous() {
        let hidden = ("xl/worksheets/sheet9.xml", CELL.as_bytes());
        let extract = book(&format!("{CELL}</worksheet>"), "", &[hidden]);
        assert_eq!(extract.gaps.iter().map(|gap| gap.reason).collect::<Vec<_>>(), [GapReason::Ambiguous]);
    }
}
