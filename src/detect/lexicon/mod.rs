//! All word lists in one table: each word of a text is looked up once, whatever the number of lists.
//!
//! Measured: an automaton over 50,000 names manages some 80 MB/s; hashing a word as it is read and
//! looking it up in a compact table costs a few nanoseconds, so the whole text goes through once and
//! phrases are followed only where their first word stands.

mod builder;
mod found;
mod noise;
mod pass;
mod table;
mod tokens;
mod words;

use super::ids::IdSet;
pub use builder::LexiconBuilder;
use found::Known;
pub use found::{Span, Window, Words};
use pass::Pass;
use table::Table;
pub use tokens::Tokens;
pub use words::for_each_word;
use words::{finish, walk};

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
    /// The [`Lists`] of all terms.
    entries: Vec<u16>,
    /// Of each list, whether it is walked.
    walked: Vec<bool>,
}

impl Lexicon {
    /// Reads a text once.
    pub fn read(&self, text: &str) -> Words {
        let mut pass = Pass::new(self, text);
        walk(text, &mut pass);
        pass.words()
    }

    /// The lists of a term, from where they begin.
    #[inline]
    fn lists_at(&self, at: u32) -> Lists<'_> {
        let lists = &self.entries[at as usize..];
        let (walked, rest) = lists[2..].split_at(usize::from(lists[0]));
        Lists { walked, asked: &rest[..usize::from(lists[1])] }
    }

    /// Whether one of these asked lists holds a known term.
    fn is_in(&self, lists: &IdSet, known: &Known) -> bool {
        let mut asked = self.lists_at(known.lists()).asked.iter();
        asked.any(|entry| lists.holds(entry & !CAPITAL_ONLY) && (known.capital() || entry & CAPITAL_ONLY == 0))
    }

    /// The asked lists that hold a known term, in some writing.
    fn lists_of(&self, known: &Known) -> impl Iterator<Item = ListId> {
        self.lists_at(known.lists()).asked.iter().map(|entry| entry & !CAPITAL_ONLY)
    }
}

/// The lists that hold a term.
struct Lists<'l> {
    walked: &'l [u16],
    asked: &'l [u16],
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
    if let Some(word) = words::single(term) {
        return Some(word.hash);
    }
    let mut hash = None;
    for_each_word(term, |word| {
        hash = Some(hash.map_or(word.hash, |hash: u64| finish(hash.rotate_left(7) ^ word.hash)))
    });
    hash
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
