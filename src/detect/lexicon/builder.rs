//! Terms by list → [`Lexicon`].

use std::collections::HashMap;

use super::table::{self, Table, kind};
use super::words::{for_each_word, step};
use super::{CAPITAL_ONLY, Lexicon, ListId};

/// Collects terms before the table is built.
#[derive(Default)]
pub struct LexiconBuilder {
    first: HashMap<u64, Place>,
    next: HashMap<u64, Place>,
    /// Of each list, whether all its terms in a text are wanted.
    walked: Vec<bool>,
}

/// What a word leads to.
#[derive(Default)]
struct Place {
    entries: Vec<u16>,
    /// The kinds of words with which longer terms go on.
    follow: u16,
}

impl LexiconBuilder {
    /// A further list. What it holds is only asked for beside other finds, unless it is [`walked`](Self::walk).
    pub fn list(&mut self) -> ListId {
        self.walked.push(false);
        (self.walked.len() - 1) as ListId
    }

    /// A list of which each term in a text is wanted.
    pub fn walk(&mut self, list: ListId) {
        self.walked[usize::from(list)] = true;
    }

    pub fn lists(&self) -> usize {
        self.walked.len()
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
                self.place(way).follow |= kind(word.hash);
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
        let mut entries = Entries::default();
        let mut table = |places: HashMap<u64, Place>| {
            Table::of(places.into_iter().map(|(key, place)| {
                let is_walked = |entry: &u16| self.walked[usize::from(entry & !CAPITAL_ONLY)];
                let (walked, asked): (Vec<u16>, Vec<u16>) = place.entries.into_iter().partition(is_walked);
                let some = (!walked.is_empty(), !asked.is_empty());
                (key, table::Place::new(entries.add(walked, asked), place.follow, some.0, some.1))
            }))
        };
        let (first, next) = (table(self.first), table(self.next));
        Lexicon { first, next, entries: entries.all, walked: self.walked }
    }
}

/// The lists of all terms; those of many names and words are the same.
#[derive(Default)]
struct Entries {
    all: Vec<u16>,
    places: HashMap<Vec<u16>, u32>,
}

impl Entries {
    /// Where these stand: how many are walked and how many are asked for, then they.
    fn add(&mut self, mut walked: Vec<u16>, mut asked: Vec<u16>) -> u32 {
        walked.sort_unstable();
        asked.sort_unstable();
        let counts = [walked.len() as u16, asked.len() as u16];
        let lists: Vec<u16> = counts.into_iter().chain(walked).chain(asked).collect();
        *self.places.entry(lists).or_insert_with_key(|lists| {
            self.all.extend(lists);
            (self.all.len() - lists.len()) as u32
        })
    }
}
