//! The same person named again: what is known of a name at one place holds at the others of a message.
//!
//! A letter says `Maria Gomez, born 3/4/1961` once and then `Mrs. Gomez` or `Maria`; a programme says
//! `Dr. Ann Roe` once and then `Roe`.

use super::lexicon::for_each_word;
use super::page::{Page, Sight};
use super::raw::Namesake;
use super::ruleset::{Eye, Ruleset};

/// From here on a name is surely that of whom the text speaks.
const SURE: u8 = 80;
/// What its neighbours have lowered so far is the name of a clinician, an author, a contact.
const NOBODY: u8 = 25;
/// More names than these make a list, and in a list everybody shares a name with somebody.
const MOST: usize = 200;

/// The names of a message whose role is settled.
#[derive(Default)]
pub struct Namesakes {
    sure: Vec<Named>,
    nobody: Vec<Named>,
}

/// A name where it stands, as the hashes of its words, which know no case and no accents.
struct Named {
    page: usize,
    start: u32,
    end: u32,
    words: Vec<u64>,
}

impl Namesakes {
    pub fn of(rules: &Ruleset, pages: &[Page<'_>]) -> Self {
        let mut namesakes = Self::default();
        for (at, page) in pages.iter().enumerate() {
            for sight in &page.sights {
                let sure = sight.confidence >= SURE;
                let nobody = sight.confidence <= NOBODY && sight.confidence < sight.base;
                if !(sure || nobody) || !is_name(rules, sight) {
                    continue;
                }
                let list = if sure { &mut namesakes.sure } else { &mut namesakes.nobody };
                let words = words_of(page.value(sight));
                if list.len() < MOST && !words.is_empty() {
                    list.push(Named { page: at, start: sight.start, end: sight.end, words });
                }
            }
        }
        namesakes
    }

    /// Whether a name, or one of which it is a part, stands so elsewhere, or nobody's name holds it. Who is
    /// surely spoken of is not nobody, but in a longer name that is nobody's.
    pub fn stand(&self, wanted: Namesake, page: usize, sight: &Sight, name: &str) -> bool {
        if self.sure.is_empty() && (self.nobody.is_empty() || wanted == Namesake::Sure) {
            return false;
        }
        let holds = |other: &Named| {
            let apart = other.start < sight.start || other.end > sight.end;
            other.page == page && apart && other.start <= sight.start && other.end >= sight.end
        };
        if wanted == Namesake::Nobody && self.nobody.iter().any(holds) {
            return true;
        }
        let words = words_of(name);
        let among = |list: &[Named]| {
            let elsewhere = |other: &&Named| other.page != page || other.end <= sight.start || other.start >= sight.end;
            let mut others = list.iter().filter(elsewhere);
            !words.is_empty() && others.any(|other| words.iter().all(|word| other.words.contains(word)))
        };
        match wanted {
            Namesake::Sure => among(&self.sure),
            Namesake::Nobody => among(&self.nobody) && !among(&self.sure),
        }
    }
}

fn is_name(rules: &Ruleset, sight: &Sight) -> bool {
    matches!(rules.detectors[usize::from(sight.detector)].eye, Eye::Names { .. })
}

/// Initials and particles name nobody.
fn words_of(name: &str) -> Vec<u64> {
    let mut words = Vec::new();
    for_each_word(name, |word| {
        if word.span.end - word.span.start > 2 {
            words.push(word.hash);
        }
    });
    words
}
