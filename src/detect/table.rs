//! Tables are judged by their columns: the header's words and the cells' shape.

use std::collections::BTreeSet;
use std::ops::Range;

use memchr::{memchr, memmem, memrchr};

use super::headers::Headers;
use super::raw::Identifies;
use super::ruleset::Detector;
use crate::message::{block_at, mask};

/// A column that a detector claims.
pub struct Column {
    pub detector: u16,
    /// The first cell with a value.
    pub first: Range<usize>,
    /// Distinct values.
    pub values: u32,
}

/// So many rows may stand above the header.
const MOST_TITLE_ROWS: usize = 5;

/// Reads a table (one row a line, cells apart by tabs) and calls back for each column that a
/// detector claims.
pub fn columns(text: &str, headers: &Headers, detectors: &[Detector], found: impl FnMut(Column)) {
    let mut lines = rows(text, 0);
    // A title may stand above the header.
    for header in lines.by_ref().take(MOST_TITLE_ROWS) {
        // A row of values may hold a header's word: `P07.3, Preterm newborn`.
        let has_values = text[header.clone()].contains(|c: char| c.is_ascii_digit());
        let claims: Vec<Option<u16>> =
            Separator::Tab.cells(text, header).into_iter().map(|cell| headers.claim(&text[cell])).collect();
        if claims.len() > 1 && claims.iter().flatten().count() > usize::from(has_values) {
            return read(text, &claims, lines.map(|row| Separator::Tab.cells(text, row)), detectors, found);
        }
    }
}

/// The same for tables that were typed or pasted into prose: lines that follow one another, parted
/// alike, the first of short headers of which detectors claim at least two; of three and more between tabs a person's.
pub fn pasted(text: &str, claims_of: &Headers, detectors: &[Detector], mut found: impl FnMut(Column)) {
    let separators: Vec<Separator> = Separator::ALL.into_iter().filter(|one| one.stands_in(text)).collect();
    if separators.is_empty() {
        return;
    }
    let mut headers: Vec<usize> = separators.iter().flat_map(|separator| separator.headers(text)).collect();
    headers.sort_unstable();
    let mut done = 0;
    for start in headers {
        if start < done {
            continue;
        }
        let mut lines = rows(text, start).peekable();
        let (Some(header), Some(first)) = (lines.next(), lines.peek()) else { break };
        done = header.end;
        let Some((separator, cells)) = parted(text, &header, first, &separators) else { continue };
        let claim = |cell: Range<usize>| match separator {
            Separator::Comma => claims_of.is(&text[cell]),
            _ => claims_of.claim(&text[cell]),
        };
        let claims: Vec<Option<u16>> = cells.into_iter().map(claim).collect();
        // Where tabs part three cells and more, somebody made a table: a column of persons is enough to read it.
        let is_person = |at: &u16| detectors[usize::from(*at)].identifies == Identifies::Person;
        let made = matches!(separator, Separator::Tab) && claims.len() > 2 && claims.iter().flatten().any(is_person);
        if claims.iter().flatten().count() < if made { 1 } else { 2 } {
            continue;
        }
        let mut table = Vec::new();
        while let Some(row) = lines.next_if(|row| separator.cells(text, row.clone()).len() > 1) {
            done = row.end;
            table.push(separator.cells(text, row));
        }
        // Columns without a header may stand last: boxes to tick, remarks.
        let more = if separator.may_end_bare() && claims.len() > 2 { 2 } else { 0 };
        table.retain(|cells: &Vec<Range<usize>>| (claims.len()..=claims.len() + more).contains(&cells.len()));
        // Commas part the words of any sentence: one line like another is no table yet.
        if table.len() > usize::from(matches!(separator, Separator::Comma)) {
            read(text, &claims, table.into_iter(), detectors, &mut found);
        }
    }
}

/// How two lines are parted, if they are parted alike and the first could be a header.
fn parted(
    text: &str,
    header: &Range<usize>,
    first: &Range<usize>,
    separators: &[Separator],
) -> Option<(Separator, Vec<Range<usize>>)> {
    separators.iter().find_map(|separator| {
        let headers = separator.cells(text, header.clone());
        let short = |cell: &Range<usize>| {
            let cell = &text[cell.clone()];
            cell.len() < 40 && !cell.starts_with(|c: char| c.is_ascii_digit()) && cell.split_whitespace().count() <= 4
        };
        let least = if matches!(separator, Separator::Comma) { 3 } else { 2 };
        let fits = headers.len() >= least && headers.iter().all(short);
        let cells = separator.cells(text, first.clone()).len();
        let more = if separator.may_end_bare() && headers.len() > 2 { 2 } else { 0 };
        (fits && (headers.len()..=headers.len() + more).contains(&cells)).then_some((*separator, headers))
    })
}

/// What parts the cells of a row.
#[derive(Clone, Copy)]
enum Separator {
    Tab,
    Bar,
    /// Two or more blanks.
    Blanks,
    Comma,
}

impl Separator {
    const ALL: [Self; 4] = [Self::Tab, Self::Bar, Self::Blanks, Self::Comma];

    /// Whether rows may have more cells than their header.
    fn may_end_bare(self) -> bool {
        matches!(self, Separator::Tab)
    }

    fn stands_in(self, text: &str) -> bool {
        self.find(text.as_bytes()).is_some()
    }

    fn find(self, text: &[u8]) -> Option<usize> {
        match self {
            Separator::Tab => memchr(b'\t', text),
            Separator::Bar => memchr(b'|', text),
            Separator::Blanks => memmem::find(text, b"  "),
            Separator::Comma => memchr(b',', text),
        }
    }

    /// Where lines begin that it may part into as many cells as the next one: told by a glance at
    /// the whole text, which few lines of prose stand.
    fn headers(self, text: &str) -> Vec<usize> {
        let (least, alike) = match self {
            Separator::Tab => (1, true),
            Separator::Comma => (2, true),
            Separator::Bar | Separator::Blanks => (1, false),
        };
        let mut found = Vec::new();
        let mut before = (0..0, 0);
        self.count(text, |line, count| {
            let follows = |last: &Range<usize>| is_empty(&text[last.end..line.start]);
            let fits = count == before.1 || !alike || self.may_end_bare() && before.1 > 1 && count > before.1;
            if before.1 >= least && count >= least && fits && follows(&before.0) {
                found.push(before.0.start);
            }
            before = (line, count);
        });
        found
    }

    /// Calls back with each line in which it stands, without its end, and how often it parts it.
    fn count(self, text: &str, line: impl FnMut(Range<usize>, usize)) {
        match self {
            Separator::Tab => lines_with(b'\t', text, line),
            Separator::Bar => lines_with(b'|', text, line),
            Separator::Comma => lines_with(b',', text, line),
            Separator::Blanks => lines_with_blanks(text, line),
        }
    }

    fn cells(self, text: &str, row: Range<usize>) -> Vec<Range<usize>> {
        let line = &text[row.clone()];
        let whole = |cell: &str| {
            let start = cell.as_ptr() as usize - text.as_ptr() as usize;
            start..start + cell.len()
        };
        let bare = |cell: &str| whole(cell.trim().trim_matches('"'));
        match self {
            Separator::Tab => line.split('\t').map(bare).collect(),
            Separator::Bar => line.trim().trim_matches('|').split('|').map(bare).collect(),
            Separator::Blanks => line.split("  ").filter(|cell| !cell.trim().is_empty()).map(bare).collect(),
            Separator::Comma => line.split(',').map(bare).collect(),
        }
    }
}

/// Each line that a sign stands in, and how often.
fn lines_with(sign: u8, text: &str, mut line: impl FnMut(Range<usize>, usize)) {
    let bytes = text.as_bytes();
    let mut padded = [0; 64];
    let (mut start, mut count) = (0, 0);
    for place in (0..bytes.len()).step_by(64) {
        let block = block_at(bytes, place, &mut padded);
        let (mut signs, mut ends) = (mask(block, |byte| byte == sign), mask(block, |byte| byte == b'\n'));
        while ends != 0 {
            // The lowest end; one less are all bits below it.
            let end = ends & ends.wrapping_neg();
            count += (signs & (end - 1)).count_ones() as usize;
            let at = place + end.trailing_zeros() as usize;
            if count > 0 {
                line(start..at, count);
            }
            (start, count) = (at + 1, 0);
            signs &= !(end - 1);
            ends ^= end;
        }
        count += signs.count_ones() as usize;
    }
    if count > 0 {
        line(start..bytes.len(), count);
    }
}

/// Each line that two blanks stand in, and whether they part it: once or not at all.
fn lines_with_blanks(text: &str, mut line: impl FnMut(Range<usize>, usize)) {
    let bytes = text.as_bytes();
    let mut done = 0;
    while let Some(first) = Separator::Blanks.find(&bytes[done..]) {
        let at = done + first;
        let start = memrchr(b'\n', &bytes[done..at]).map_or(done, |end| done + end + 1);
        let row = start..memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
        done = row.end;
        let parts = usize::from(Separator::Blanks.stands_in(text[row.clone()].trim()));
        line(row, parts);
    }
}

/// Collects the values below the claimed headers.
fn read(
    text: &str,
    claims: &[Option<u16>],
    table: impl Iterator<Item = Vec<Range<usize>>>,
    detectors: &[Detector],
    mut found: impl FnMut(Column),
) {
    let mut firsts: Vec<Option<Range<usize>>> = vec![None; claims.len()];
    let mut values: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); claims.len()];
    for row in table {
        for (at, cell) in row.into_iter().enumerate().take(claims.len()) {
            let Some(detector) = claims[at] else { continue };
            let value = text[cell.clone()].trim();
            if value.is_empty() || !accepts(&detectors[usize::from(detector)], value) {
                continue;
            }
            firsts[at].get_or_insert(cell);
            if values[at].len() < 10_000 {
                values[at].insert(value);
            }
        }
    }
    for ((claim, first), values) in claims.iter().zip(firsts).zip(values) {
        if let (Some(detector), Some(first)) = (*claim, first) {
            found(Column { detector, first, values: values.len() as u32 });
        }
    }
}

fn accepts(detector: &Detector, value: &str) -> bool {
    detector.cells.as_ref().is_none_or(|cells| cells.is_match(value))
        && (!value.starts_with('_'))
        && detector.validators.iter().all(|valid| valid(value))
}

fn is_empty(lines: &str) -> bool {
    lines.bytes().all(|byte| matches!(byte, b'\n' | b'\r'))
}

/// Lines that are not empty, from the one that begins at `start` on.
fn rows(text: &str, mut start: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    text[start..].split_inclusive('\n').filter_map(move |line| {
        let range = start..start + line.trim_end_matches(['\n', '\r']).len();
        start += line.len();
        (!range.is_empty()).then_some(range)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn each_line_with_a_sign_is_told_with_its_count(text in "([a,]{0,90}\n{0,3}){0,6}") {
            let mut told = Vec::new();
            lines_with(b',', &text, |line, count| told.push((line, count)));
            let mut start = 0;
            let lines = text.split_inclusive('\n').map(|line| {
                let range = start..start + line.trim_end_matches('\n').len();
                start += line.len();
                (range, line.matches(',').count())
            });
            proptest::prop_assert_eq!(told, lines.filter(|(_, count)| *count > 0).collect::<Vec<_>>());
        }
    }
}
