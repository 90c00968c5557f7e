//! What one pass over a text found.

use std::cell::{Cell, OnceCell};

use super::tokens::Tokens;
use super::{Lexicon, ListId};
use crate::detect::ids::IdSet;

/// Where a term of a list stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

/// A term that lists know.
#[derive(Clone, Copy, Default)]
pub(super) struct Known {
    pub span: Span,
    /// The number of its [`Group`](super::groups); in the top bit, whether it begins with a capital.
    group: u32,
}

/// There are not half so many groups.
const CAPITAL: u32 = 1 << 31;

impl Known {
    #[inline(always)]
    pub fn new(span: Span, group: u32, capital: bool) -> Self {
        Self { span, group: group | u32::from(capital) << 31 }
    }

    pub fn group(self) -> u32 {
        self.group & !CAPITAL
    }

    pub fn capital(self) -> bool {
        self.group & CAPITAL != 0
    }
}

/// Terms by list, runs of digits, and where words and signs begin.
pub struct Words {
    /// Spans in the order of their starts, all walked lists one after the other.
    pub(super) spans: Vec<Span>,
    /// Where each list's spans begin, of lists that have any.
    pub(super) begins: Vec<(ListId, u32)>,
    /// By their ends: single words, and longer terms.
    pub(super) known: [Vec<Known>; 2],
    /// Which lists have terms here: those that are walked, and the others, which are found when first asked for.
    pub(super) walked: IdSet,
    pub(super) asked_lists: OnceCell<IdSet>,
    /// Where the last question was about, and which known terms were the first that end there or behind it.
    pub(super) asked: Cell<(usize, [usize; 2])>,
    /// Runs of letters and digits that hold a digit.
    pub numbers: Vec<Span>,
    /// Words with a capital that are in no list.
    pub unlisted: Vec<Span>,
    /// Where words, signs and noise begin.
    pub tokens: Tokens,
    /// Of these, where a literal of an expression may begin.
    pub openings: Tokens,
}

/// Longer terms than this are not looked for before a place.
const LONGEST: usize = 96;

/// Where somebody asks for terms: those that end at `low` or behind it and begin before `high`.
#[derive(Clone, Copy)]
pub struct Window {
    /// A place in or near it: all questions about one place are answered from there.
    pub around: u32,
    pub low: usize,
    pub high: usize,
}

impl Words {
    /// All terms of a list that is walked.
    pub fn of(&self, list: ListId) -> &[Span] {
        self.begins.binary_search_by_key(&list, |(list, _)| *list).map_or(&[], |at| self.nth(at))
    }

    /// The walked lists of which terms stand here, with all their terms.
    pub fn lists(&self) -> impl Iterator<Item = (ListId, &[Span])> {
        (0..).zip(&self.begins).map(|(at, (list, _))| (*list, self.nth(at)))
    }

    fn nth(&self, at: usize) -> &[Span] {
        let end = self.begins.get(at + 1).map_or(self.spans.len(), |(_, begin)| *begin as usize);
        &self.spans[self.begins[at].1 as usize..end]
    }

    /// The lists that have terms here: walked ones, and others.
    pub fn lists_there(&self, lexicon: &Lexicon) -> (&IdSet, &IdSet) {
        let asked = || {
            let mut groups = vec![0_u64; lexicon.groups.len().div_ceil(64)];
            for known in self.known.iter().flatten() {
                groups[known.group() as usize / 64] |= 1 << (known.group() % 64);
            }
            let mut lists = IdSet::default();
            IdSet::of_blocks(groups)
                .iter()
                .for_each(|group| lists.add_blocks(lexicon.groups.asked(group.into(), true)));
            lists
        };
        (&self.walked, self.asked_lists.get_or_init(asked))
    }

    /// Whether a term of one of these lists in the window passes a test. Of lists that are not walked no
    /// more is read than stands there: lists of everyday words would otherwise be most of the text.
    pub fn any(&self, lexicon: &Lexicon, lists: &IdSet, window: Window, mut test: impl FnMut(Span) -> bool) -> bool {
        for list in self.walked.shared(lists) {
            let spans = self.of(list);
            let first = spans.partition_point(|span| (span.start as usize) + LONGEST < window.low);
            let near = spans[first..].iter().take_while(|span| (span.start as usize) < window.high);
            if near.filter(|span| span.end as usize >= window.low).any(|span| test(*span)) {
                return true;
            }
        }
        if !self.lists_there(lexicon).1.meets(lists) {
            return false;
        }
        let from = self.first_behind(window.around as usize);
        let mut fits = |known: &Known| {
            (known.span.start as usize) < window.high
                && (known.span.end as usize) >= window.low
                && lists.meets_blocks(lexicon.groups.asked(known.group(), known.capital()))
                && test(known.span)
        };
        // Single words begin in the order of their ends, longer terms nearly so.
        let reach = [window.high, window.high + LONGEST];
        self.known.iter().zip(from).zip(reach).any(|((known, from), reach)| {
            let before = known[..from].iter().rev().take_while(|known| known.span.end as usize >= window.low);
            let behind = known[from..].iter().take_while(|known| (known.span.start as usize) < reach);
            before.chain(behind).any(&mut fits)
        })
    }

    /// The first known terms that end at a place or behind it. One question follows another through the
    /// text, so the answer is looked for from the last one on.
    fn first_behind(&self, place: usize) -> [usize; 2] {
        let (asked, first) = self.asked.get();
        if asked == place {
            return first;
        }
        let first = [0, 1].map(|at| {
            let ends_before = |known: &Known| (known.span.end as usize) < place;
            let known = &self.known[at];
            if place < asked {
                return known[..first[at]].partition_point(ends_before);
            }
            first[at] + prefix(&known[first[at]..], ends_before)
        });
        self.asked.set((place, first));
        first
    }
}

/// How many of the first items pass a test that no later one passes. They are few: it is looked from the first on, in
/// growing steps.
fn prefix<T>(items: &[T], belongs: impl Fn(&T) -> bool) -> usize {
    let (mut low, mut step) = (0, 4);
    while items.get(low + step).is_some_and(&belongs) {
        low += step;
        step *= 2;
    }
    low + items[low..(low + step).min(items.len())].partition_point(belongs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::lexicon::LexiconBuilder;

    fn in_windows(walked: bool, text: &str, windows: &[(usize, usize, usize)]) -> Vec<Vec<(u32, u32)>> {
        let mut builder = LexiconBuilder::default();
        let list = builder.list();
        for term in ["of", "date of birth", "birth", "of the", "the date of the birth of the child"] {
            builder.add(list, term, false);
        }
        builder.add(list, "may", true);
        if walked {
            builder.walk(list);
        }
        let lexicon = builder.build(|_| true);
        let words = lexicon.read(text);
        let found_in = |(around, low, high): &(usize, usize, usize)| {
            let mut found = Vec::new();
            words.any(
                &lexicon,
                &[list].into_iter().collect(),
                Window { around: *around as u32, low: *low, high: *high },
                |span| {
                    found.push((span.start, span.end));
                    false
                },
            );
            found.sort_unstable();
            found
        };
        windows.iter().map(found_in).collect()
    }

    proptest::proptest! {
        #[test]
        fn a_list_that_is_only_asked_answers_as_one_that_is_walked(
            text in "((the|date|of|birth|child|May|may|x)[ ,.]{1,2}){0,60}",
            windows in proptest::collection::vec((0..300_usize, 0..300_usize, 0..300_usize), 1..8),
        ) {
            let asked = in_windows(false, &text, &windows);
            proptest::prop_assert_eq!(asked, in_windows(true, &text, &windows));
        }
    }
}
