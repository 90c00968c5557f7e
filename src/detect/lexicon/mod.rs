//! All word lists in one table: each word of a text is looked up once, whatever the number of lists.
//!
//! Measured: an automaton over 50,000 names manages some 80 MB/s; hashing a word as it is read and
//! looking it up in a compact table costs a few nanoseconds, so the whole text goes through once and
//! phrases are followed only where their first word stands.

mod block;
mod builder;
mod found;
mod noise;
mod table;
mod words;

use std::cell::Cell;

pub use block::{at as block_at, mask};
pub use builder::LexiconBuilder;
use found::Known;
pub use found::{Span, Window, Words, prefix};
use table::{Place, Table};
pub use words::for_each_word;
use words::{Word, finish, step, walk};

/// A list's number. The top bit of an entry says "only when written with a capital".
pub type ListId = u16;
const CAPITAL_ONLY: u16 = 1 << 15;
/// Larger numbers of lists are refused at load.
pub const MOST_LISTS: usize = CAPITAL_ONLY as usize - 1;

/// Most lists are cues: they are asked for beside other finds and nowhere else. Their terms are
/// everyday words, so the pass notes only that such a word stood there; which lists hold it is looked up
/// when somebody asks ([`Words::any`]). Of the other lists, which are walked, each term is noted.
pub struct Lexicon {
    /// What a term's first word leads to, by its hash.
    first: Table,
    /// What each further word leads to, by the hash of the way so far.
    next: Table,
    /// The lists that hold a term, for each [`Place`] that a word leads to.
    entries: Vec<u16>,
    /// Of each list, whether it is walked.
    walked: Vec<bool>,
}

/// What a pass has found so far.
struct Pass<'l> {
    lexicon: &'l Lexicon,
    walked: Vec<(ListId, Span)>,
    known: [Vec<Known>; 2],
    /// Terms under way: the hash of the way so far, and where they began.
    open: Vec<(u64, u32)>,
}

impl Lexicon {
    /// Reads a text once.
    pub fn read(&self, text: &str) -> Words {
        let mut pass = Pass {
            lexicon: self,
            walked: Vec::with_capacity(text.len() / 32),
            known: [Vec::with_capacity(text.len() / 10), Vec::with_capacity(text.len() / 64)],
            open: Vec::with_capacity(MOST_OPEN),
        };
        let mut numbers = Vec::with_capacity(text.len() / 64);
        let mut unlisted = Vec::new();
        let mut tokens = Vec::with_capacity(text.len() / 5);
        let mut last_end = 0;
        let word = |word: Word| {
            if word.digits {
                numbers.push(word.span);
            }
            if !pass.open.is_empty() {
                if is_joint(&text.as_bytes()[last_end..word.span.start as usize]) {
                    pass.go_on(&word);
                } else {
                    pass.open.clear();
                }
            }
            last_end = word.span.end as usize;
            if let Some(place) = self.first.find(word.hash) {
                if pass.note(place, word.span, word.capital, SINGLE) && pass.open.len() < MOST_OPEN {
                    pass.open.push((word.hash, word.span.start));
                }
            } else if word.capital && !word.digits {
                unlisted.push(word.span);
            }
        };
        walk(text, word, |token| tokens.push(token));
        let (spans, begins) = by_list(pass.walked, self.walked.len());
        Words { spans, begins, known: pass.known, asked: Cell::default(), numbers, unlisted, tokens }
    }

    /// Whether an asked list holds a known term.
    fn is_in(&self, list: ListId, known: &Known) -> bool {
        let lists = &self.entries[known.lists as usize..][..usize::from(known.count)];
        lists.iter().any(|entry| entry & !CAPITAL_ONLY == list && (known.capital || entry & CAPITAL_ONLY == 0))
    }
}

/// Spans by list, each list by start; and of each list that has any where its spans begin. Most texts have
/// terms of few of the lists, which are counted alone.
fn by_list(found: Vec<(ListId, Span)>, lists: usize) -> (Vec<Span>, Vec<(ListId, u32)>) {
    let mut next = vec![0_u32; lists];
    let mut begins: Vec<(ListId, u32)> = Vec::new();
    for (list, _) in &found {
        let count = &mut next[usize::from(*list)];
        if *count == 0 {
            begins.push((*list, 0));
        }
        *count += 1;
    }
    begins.sort_unstable();
    let mut at = 0;
    for (list, begin) in &mut begins {
        *begin = at;
        at += std::mem::replace(&mut next[usize::from(*list)], at);
    }
    let mut spans = vec![Span { start: 0, end: 0 }; found.len()];
    for (list, span) in found {
        let at = &mut next[usize::from(list)];
        spans[*at as usize] = span;
        *at += 1;
    }
    for (list, begin) in &begins {
        let spans = &mut spans[*begin as usize..next[usize::from(*list)] as usize];
        if !spans.is_sorted_by_key(|span| span.start) {
            spans.sort_by_key(|span| (span.start, span.end));
        }
    }
    (spans, begins)
}

/// Of what is known, the single words and the longer terms.
const SINGLE: usize = 0;
const LONGER: usize = 1;

impl Pass<'_> {
    /// Follows the terms under way into a word; those that have no further one are dropped.
    #[inline]
    fn go_on(&mut self, word: &Word) {
        let mut kept = 0;
        for at in 0..self.open.len() {
            let (way, start) = self.open[at];
            let way = step(way, word.hash);
            let span = Span { start, end: word.span.end };
            if self.lexicon.next.find(way).is_some_and(|place| self.note(place, span, true, LONGER)) {
                self.open[kept] = (way, start);
                kept += 1;
            }
        }
        self.open.truncate(kept);
    }

    /// Notes which walked lists have this term and that asked ones do; whether longer terms begin with it.
    #[inline(always)]
    fn note(&mut self, place: Place, span: Span, capital: bool, words: usize) -> bool {
        let asked = place.lists + u32::from(place.walked);
        if place.walked > 0 {
            for entry in &self.lexicon.entries[place.lists as usize..asked as usize] {
                if capital || entry & CAPITAL_ONLY == 0 {
                    self.walked.push((entry & !CAPITAL_ONLY, span));
                }
            }
        }
        let count = place.asked();
        if count > 0 {
            self.known[words].push(Known { span, lists: asked, count, capital });
        }
        place.goes_on()
    }
}

/// So many terms may be under way at a word; more begin only in made-up text.
const MOST_OPEN: usize = 16;

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
    if let Some(word) = words::single(term) {
        return Some(word.hash);
    }
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
        builder.walk(list);
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
