//! Tables are judged by their columns: the header's words and the cells' shape.

use std::collections::BTreeSet;
use std::ops::Range;

use super::lexicon::for_each_word;
use super::ruleset::Detector;

/// A column that a detector claims.
pub struct Column {
    pub detector: u16,
    /// The first cell with a value.
    pub first: Range<usize>,
    /// Distinct values.
    pub values: usize,
}

/// A header's words in lower case, one blank apart; `BirthDt` is two.
pub fn normal(header: &str) -> String {
    let mut apart = String::with_capacity(header.len() + 4);
    let mut before = ' ';
    for c in header.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            apart.push(' ');
        }
        apart.push(c);
        before = c;
    }
    let mut words = Vec::new();
    for_each_word(&apart, |word| {
        words.push(apart[word.span.start as usize..word.span.end as usize].to_lowercase());
    });
    words.join(" ")
}

/// So many rows may stand above the header.
const MOST_TITLE_ROWS: usize = 5;

/// Header cells longer than this are text, not headers.
const MOST_HEADER_WORDS: usize = 6;

/// Reads a table (one row a line, cells apart by tabs) and calls back for each column that a
/// detector claims. The header's longest matching term decides, so that `provider name` is not a `name`.
pub fn columns(text: &str, detectors: &[Detector], mut found: impl FnMut(Column)) {
    let mut lines = rows(text);
    let mut claims: Vec<Option<u16>> = Vec::new();
    // A title may stand above the header.
    for header in lines.by_ref().take(MOST_TITLE_ROWS) {
        claims = cells(text, header).map(|cell| claim(&text[cell], detectors)).collect();
        if claims.len() > 1 && claims.iter().any(Option::is_some) {
            break;
        }
    }
    if claims.iter().all(Option::is_none) {
        return;
    }
    let mut firsts: Vec<Option<Range<usize>>> = vec![None; claims.len()];
    let mut values: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); claims.len()];
    for line in lines {
        for (at, cell) in cells(text, line).enumerate().take(claims.len()) {
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
    for ((claim, first), values) in claims.into_iter().zip(firsts).zip(values) {
        if let (Some(detector), Some(first)) = (claim, first) {
            found(Column { detector, first, values: values.len() });
        }
    }
}

fn claim(header: &str, detectors: &[Detector]) -> Option<u16> {
    let header = normal(header);
    if header.is_empty() || header.split(' ').count() > MOST_HEADER_WORDS {
        return None;
    }
    let padded = format!(" {header} ");
    let mut best: Option<(usize, u16)> = None;
    for (at, detector) in detectors.iter().enumerate() {
        for term in &detector.columns {
            if padded.contains(term.as_str()) && best.is_none_or(|(length, _)| term.len() > length) {
                best = Some((term.len(), at as u16));
            }
        }
    }
    best.map(|(_, detector)| detector)
}

fn accepts(detector: &Detector, value: &str) -> bool {
    detector.cells.as_ref().is_none_or(|cells| cells.is_match(value))
        && (!value.starts_with('_'))
        && detector.validators.iter().all(|valid| valid(value))
}

fn rows(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let range = start..start + line.trim_end_matches(['\n', '\r']).len();
        start += line.len();
        (!range.is_empty()).then_some(range)
    })
}

fn cells(text: &str, row: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = row.start;
    text[row].split('\t').map(move |cell| {
        let range = start..start + cell.len();
        start = range.end + 1;
        range
    })
}
