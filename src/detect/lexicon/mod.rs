//! All word lists in one table: each word of a text is looked up once, whatever the number of lists.
//!
//! Measured: an automaton over 50,000 names manages some 80 MB/s; hashing a word as it is read and
//! looking it up in a compact table costs a few nanoseconds, so the whole text goes through once and
//! phrases are followed only where their first word stands.

mod table;
mod words;

use std::collections::HashMap;

use table::Table;
pub use words::for_each_word;
use words::{Word, finish, step, walk};

/// A list's number. The top bit of an entry says "only when written with a capital".
pub type ListId = u16;
const CAPITAL_ONLY: u16 = 1 << 15;
/// Larger numbers of lists are refused at load.
pub const MOST_LISTS: usize = CAPITAL_ONLY as usize - 1;

/// Where a term of a list stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

/// What one pass over a text found: terms by list, and runs of digits.
pub struct Words {
    /// Spans in the order of their starts, all lists one after the other.
    spans: Vec<Span>,
    /// Where each list's spans begin.
    begins: Vec<u32>,
    /// Runs of letters and digits that hold a digit.
    pub numbers: Vec<Span>,
    /// Words with a capital that are in no list.
    pub unlisted: Vec<Span>,
    /// Where a word or a sign begins.
    pub tokens: Vec<u32>,
}

impl Words {
    pub fn of(&self, list: ListId) -> &[Span] {
        let list = list as usize;
        &self.spans[self.begins[list] as usize..self.begins[list + 1] as usize]
    }
}

pub struct Lexicon {
    lists: usize,
    /// What a term's first word leads to, by its hash.
    first: Table,
    /// What each further word leads to, by the hash of the way so far.
    next: Table,
    /// For each place that a word leads to: how many entries follow, then the entries.
    entries: Vec<u16>,
}

/// In an entry's count: the term may go on with a further word.
const GOES_ON: u16 = 1 << 15;

impl Lexicon {
    /// Reads a text once.
    pub fn read(&self, text: &str) -> Words {
        let mut found: Vec<(ListId, Span)> = Vec::with_capacity(text.len() / 8);
        let mut numbers = Vec::with_capacity(text.len() / 64);
        let mut unlisted = Vec::new();
        let mut open: Vec<(u64, u32)> = Vec::with_capacity(MOST_OPEN);
        let mut tokens = Vec::with_capacity(text.len() / 5);
        let mut last_end = 0;
        let word = |word: Word| {
            if word.digits {
                numbers.push(word.span);
            }
            if !open.is_empty() {
                if is_joint(&text.as_bytes()[last_end..word.span.start as usize]) {
                    self.go_on(&mut open, &word, &mut found);
                } else {
                    open.clear();
                }
            }
            last_end = word.span.end as usize;
            if let Some(at) = self.first.find(word.hash) {
                let goes_on = self.emit(at, word.span, word.capital, &mut found);
                if goes_on && open.len() < MOST_OPEN {
                    open.push((word.hash, word.span.start));
                }
            } else if word.capital && !word.digits {
                unlisted.push(word.span);
            }
        };
        walk(text, word, |token| tokens.push(token));
        let (spans, begins) = self.sort(found);
        Words { spans, begins, numbers, unlisted, tokens }
    }

    /// Follows the terms under way into a word; those that have no further one are dropped.
    #[inline]
    fn go_on(&self, open: &mut Vec<(u64, u32)>, word: &Word, found: &mut Vec<(ListId, Span)>) {
        let mut kept = 0;
        for at in 0..open.len() {
            let (way, start) = open[at];
            let way = step(way, word.hash);
            let span = Span { start, end: word.span.end };
            if self.next.find(way).is_some_and(|place| self.emit(place, span, true, found)) {
                open[kept] = (way, start);
                kept += 1;
            }
        }
        open.truncate(kept);
    }

    /// Notes the lists that have this term; whether longer terms begin with it.
    #[inline]
    fn emit(&self, at: u32, span: Span, capital: bool, found: &mut Vec<(ListId, Span)>) -> bool {
        let at = at as usize;
        let head = self.entries[at];
        for entry in &self.entries[at + 1..at + 1 + usize::from(head & !GOES_ON)] {
            if capital || entry & CAPITAL_ONLY == 0 {
                found.push((entry & !CAPITAL_ONLY, span));
            }
        }
        head & GOES_ON != 0
    }

    /// Spans by list, each list by start (a counting sort: lists are few, spans may be many).
    fn sort(&self, found: Vec<(ListId, Span)>) -> (Vec<Span>, Vec<u32>) {
        let mut begins = vec![0_u32; self.lists + 1];
        for (list, _) in &found {
            begins[*list as usize + 1] += 1;
        }
        for list in 0..self.lists {
            begins[list + 1] += begins[list];
        }
        let mut next = begins.clone();
        let mut spans = vec![Span { start: 0, end: 0 }; found.len()];
        for (list, span) in found {
            let at = &mut next[list as usize];
            spans[*at as usize] = span;
            *at += 1;
        }
        for list in 0..self.lists {
            let spans = &mut spans[begins[list] as usize..begins[list + 1] as usize];
            if !spans.is_sorted_by_key(|span| span.start) {
                spans.sort_by_key(|span| (span.start, span.end));
            }
        }
        (spans, begins)
    }
}

/// So many terms may be under way at a word; more begin only in made-up text.
const MOST_OPEN: usize = 16;

/// Collects terms before the table is built.
#[derive(Default)]
pub struct LexiconBuilder {
    first: HashMap<u64, Place>,
    next: HashMap<u64, Place>,
    lists: usize,
}

/// What a word leads to.
#[derive(Default)]
struct Place {
    entries: Vec<u16>,
    goes_on: bool,
}

impl LexiconBuilder {
    pub fn list(&mut self) -> ListId {
        self.lists += 1;
        (self.lists - 1) as ListId
    }

    pub fn lists(&self) -> usize {
        self.lists
    }

    /// Adds a term; `false` if it holds no word at all.
    pub fn add(&mut self, list: ListId, term: &str, capital_only: bool) -> bool {
        let mut way = None;
        for_each_word(term, |word| {
            let (table, key) = match way {
                None => (&mut self.first, word.hash),
                Some(way) => (&mut self.next, step(way, word.hash)),
            };
            table.entry(key).or_default();
            if let Some(way) = way {
                self.place(way).goes_on = true;
            }
            way = Some(key);
        });
        let Some(way) = way else { return false };
        let entry = if capital_only { list | CAPITAL_ONLY } else { list };
        let entries = &mut self.place(way).entries;
        if !entries.contains(&entry) {
            entries.push(entry);
        }
        true
    }

    fn place(&mut self, way: u64) -> &mut Place {
        match self.next.contains_key(&way) {
            true => self.next.get_mut(&way),
            false => self.first.get_mut(&way),
        }
        .expect("every way leads to a place")
    }

    pub fn build(self) -> Lexicon {
        let mut entries = Vec::new();
        let mut table = |places: HashMap<u64, Place>| {
            Table::of(places.into_iter().map(|(key, place)| {
                let at = entries.len() as u32;
                let count = place.entries.len() as u16;
                entries.push(if place.goes_on { count | GOES_ON } else { count });
                entries.extend(place.entries);
                (key, at)
            }))
        };
        let (first, next) = (table(self.first), table(self.next));
        Lexicon { lists: self.lists, first, next, entries }
    }
}

/// Words that are asked for one by one: eight bytes each.
#[derive(Default)]
pub struct WordSet(Vec<u64>);

impl WordSet {
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hashes: Vec<u64> = words.into_iter().filter_map(hash_of).collect();
        hashes.sort_unstable();
        hashes.dedup();
        Self(hashes)
    }

    /// Case, accents and what stands between words do not matter: `E11.9` is `e119`'s neighbour `e11 9`.
    pub fn holds(&self, term: &str) -> bool {
        hash_of(term).is_some_and(|hash| self.0.binary_search(&hash).is_ok())
    }
}

fn hash_of(term: &str) -> Option<u64> {
    let mut hash = None;
    for_each_word(term, |word| {
        hash = Some(hash.map_or(word.hash, |hash: u64| finish(hash.rotate_left(7) ^ word.hash)))
    });
    hash
}

/// What may stand between two words of one phrase: white space over one line's end, a hyphen, an
/// apostrophe, a stop, a slash.
fn is_joint(between: &[u8]) -> bool {
    if between.len() == 1 {
        return matches!(between[0], b' ' | b'-' | b'\'' | b'.' | b'/' | b'\n' | b'\t' | b'_' | b'&' | b'^');
    }
    between.len() <= 4
        && between.iter().filter(|byte| **byte == b'\n').count() < 2
        && between.iter().all(|byte| {
            matches!(byte, b' ' | b'-' | b'\'' | b'.' | b'/' | b'\n' | b'\r' | b'\t' | b'&') || *byte >= 0x80
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(terms: &[&str], text: &str) -> Vec<String> {
        let mut builder = LexiconBuilder::default();
        let list = builder.list();
        for term in terms {
            assert!(builder.add(list, term, false), "{term}");
        }
        let words = builder.build().read(text);
        words.of(list).iter().map(|span| text[span.start as usize..span.end as usize].to_owned()).collect()
    }

    #[test]
    fn terms_are_whole_words_in_any_case() {
        assert_eq!(found(&["lic"], "Public policy, LIC and duplicate"), ["LIC"]);
    }

    #[test]
    fn phrases_bridge_hyphens_line_ends_and_apostrophes_but_not_sentences() {
        let text = "Type-2\nDiabetes; Crohn’s disease. date of\n\nbirth";
        assert_eq!(
            found(&["type 2 diabetes", "crohn's disease", "date of birth"], text),
            ["Type-2\nDiabetes", "Crohn’s disease"]
        );
    }

    #[test]
    fn a_phrase_and_its_first_word_are_both_found() {
        assert_eq!(found(&["chest", "chest pain"], "chest pain"), ["chest", "chest pain"]);
    }

    #[test]
    fn accents_do_not_hide_a_term() {
        assert_eq!(found(&["josé", "lopez"], "Jose LÓPEZ"), ["Jose", "LÓPEZ"]);
        assert_eq!(found(&["lópez"], "Jose LÓPEZ"), ["LÓPEZ"]);
    }

    #[test]
    fn runs_with_digits_are_numbers() {
        let words = LexiconBuilder::default().build().read("MRN E3825722 on 1/2, café9 — ９");
        assert_eq!(words.numbers.len(), 4);
    }

    proptest::proptest! {
        #[test]
        fn spans_stand_on_character_boundaries(text in "\\PC{0,200}") {
            for_each_word(&text, |word| assert!(!text[word.span.start as usize..word.span.end as usize].is_empty()));
        }
    }
}
