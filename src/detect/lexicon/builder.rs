//! Terms by list → [`Lexicon`].

use std::collections::HashMap;

use super::groups::Gathering;
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
    follow: u64,
    /// The first word of a term, in small letters; none where it has letters that may be written otherwise.
    word: Option<Box<str>>,
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
            let place = table.entry(key).or_default();
            if way.is_none() {
                let word = &term[word.span.start as usize..word.span.end as usize];
                place.word = word.is_ascii().then(|| word.to_ascii_lowercase().into());
            }
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

    /// Of each word it is asked whether a literal of an expression may begin with it.
    pub fn build(self, may_open: impl Fn(&str) -> bool) -> Lexicon {
        let mut groups = Gathering::new(self.walked.len());
        let mut table = |places: HashMap<u64, Place>| {
            let places = places.into_iter().map(|(hash, place)| {
                let is_listed = !place.entries.is_empty();
                let found = table::Place::new(groups.add(place.entries, &self.walked), place.follow, is_listed);
                let opens = place.word.is_none_or(|word| may_open(&word));
                (hash, if opens { found } else { found.closed() })
            });
            Table::of(&places.collect::<Vec<_>>())
        };
        let (first, next) = (table(self.first), table(self.next));
        Lexicon { first, next, groups: groups.gathered(), lists: self.walked.len() }
    }
}
