//! All word lists in one table: each word of a text is looked up once, whatever the number of lists.
//!
//! Measured: an automaton over 50,000 names manages some 80 MB/s; hashing a word as it is read and
//! looking it up in a compact table costs a few nanoseconds, so the whole text goes through once and
//! phrases are followed only where their first word stands.

mod builder;
mod found;
mod groups;
mod noise;
mod pass;
mod table;
mod tokens;
mod words;

pub use builder::LexiconBuilder;
pub use found::{Span, Window, Words};
use groups::Groups;
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
    /// The lists of all terms.
    groups: Groups,
    /// How many lists there are.
    lists: usize,
}

impl Lexicon {
    /// Reads a text once.
    pub fn read(&self, text: &str) -> Words {
        let mut pass = Pass::new(self, text);
        walk(text, &mut pass);
        pass.words()
    }
}

/// Words that are asked for one by one: an open-addressing table of their hashes, in which 0 is a free slot.
#[derive(Default)]
pub struct WordSet(Vec<u64>);

impl WordSet {
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hashes: Vec<u64> = words.into_iter().filter_map(hash_of).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let mut set = Self(vec![0; (hashes.len() * 2).next_power_of_two()]);
        for hash in hashes {
            let free = set.way(hash).find(|at| set.0[*at] == 0).expect("half of the slots are free");
            set.0[free] = hash;
        }
        set
    }

    /// Case, accents and what stands between words do not matter: `E11.9` is `e119`'s neighbour `e11 9`.
    pub fn holds(&self, term: &str) -> bool {
        let is_there =
            |hash| self.way(hash).map(|at| self.0[at]).take_while(|found| *found != 0).any(|found| found == hash);
        !self.0.is_empty() && hash_of(term).is_some_and(is_there)
    }

    /// The slots in which a hash is looked for, one after the other.
    fn way(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let last = self.0.len() - 1;
        (0..=last).map(move |step| (hash as usize).wrapping_add(step) & last)
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
        let words = builder.build(|_| true).read(text);
        words.of(list).iter().map(|span| text[span.start as usize..span.end as usize].to_owned()).collect()
    }

    #[test]
    fn terms_are_whole_words_in_any_case() {
        assert_eq!(found(&["lic"], "Public policy, LIC and duplicate"), ["LIC"]);
    }

    #[test]
    fn phrases_bridge_hyphens_line_ends_and_apostrophes_but_not_sentences() {
        let text = "Type-2\nDiabetes; Crohn’s disease. date of\n\nbirth, heart\n> failure, back > pain";
        assert_eq!(
            found(&["type 2 diabetes", "crohn's disease", "date of birth", "heart failure", "back pain"], text),
            ["Type-2\nDiabetes", "Crohn’s disease", "heart\n> failure"]
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
        let words = LexiconBuilder::default().build(|_| true).read("MRN E3825722 on 1/2, café9 — ９");
        assert_eq!(words.numbers.len(), 4);
    }

    proptest::proptest! {
        #[test]
        fn spans_stand_on_character_boundaries(text in "\\PC{0,200}") {
            for_each_word(&text, |word| assert!(!text[word.span.start as usize..word.span.end as usize].is_empty()));
        }
    }
}
