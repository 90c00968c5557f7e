//! One pass over a text: each word is looked up, and terms of several words are followed.

use std::cell::{Cell, OnceCell};

use super::found::{Known, Span, Words};
use super::table::{Follow, Place};
use super::tokens::Tokens;
use super::words::{Listener, Word, step};
use super::{CAPITAL_ONLY, Lexicon, ListId};

/// What a pass has found so far.
pub struct Pass<'l> {
    lexicon: &'l Lexicon,
    text: &'l [u8],
    walked: Vec<(ListId, Span)>,
    known: [Vec<Known>; 2],
    open: Open,
    /// Where the last word ended.
    last_end: usize,
    numbers: Vec<Span>,
    unlisted: Vec<Span>,
    tokens: Tokens,
}

/// Of what is known, the single words and the longer terms.
const SINGLE: usize = 0;
const LONGER: usize = 1;

/// Terms under way.
#[derive(Default)]
struct Open {
    ways: [Way; MOST_OPEN],
    count: usize,
}

/// A term under way: the hash of its words so far, where it began, and with which words it may go on.
#[derive(Clone, Copy, Default)]
struct Way {
    hash: u64,
    start: u32,
    follow: Follow,
}

/// So many terms may be under way at a word; more begin only in made-up text.
const MOST_OPEN: usize = 16;

impl Open {
    #[inline(always)]
    fn push(&mut self, way: Way) {
        if let Some(free) = self.ways.get_mut(self.count) {
            *free = way;
            self.count += 1;
        }
    }
}

impl Listener for Pass<'_> {
    #[inline(always)]
    fn word(&mut self, word: Word) {
        if word.digits {
            self.numbers.push(word.span);
        }
        if self.open.count > 0 {
            if is_joint(&self.text[self.last_end..word.span.start as usize]) {
                self.go_on(&word);
            } else {
                self.open.count = 0;
            }
        }
        self.last_end = word.span.end as usize;
        if let Some(place) = self.lexicon.first.find(word.hash) {
            self.note(place, word.span, word.capital, SINGLE);
            if place.follow().goes_on() {
                self.open.push(Way { hash: word.hash, start: word.span.start, follow: place.follow() });
            }
        } else if word.capital && !word.digits {
            self.unlisted.push(word.span);
        }
    }

    #[inline(always)]
    fn tokens(&mut self, at: usize, bits: u64) {
        self.tokens.mark(at, bits);
    }
}

impl<'l> Pass<'l> {
    pub fn new(lexicon: &'l Lexicon, text: &'l str) -> Self {
        let length = text.len();
        Self {
            lexicon,
            text: text.as_bytes(),
            walked: Vec::with_capacity(length / 32),
            known: [Vec::with_capacity(length / 10), Vec::with_capacity(length / 64)],
            open: Open::default(),
            last_end: 0,
            numbers: Vec::with_capacity(length / 64),
            unlisted: Vec::new(),
            tokens: Tokens::of(length),
        }
    }

    pub fn words(self) -> Words {
        let Self { known, numbers, unlisted, tokens, .. } = self;
        let (spans, begins) = by_list(self.walked, self.lexicon.walked.len());
        let walked = begins.iter().map(|(list, _)| *list).collect();
        let (asked, asked_lists) = (Cell::default(), OnceCell::new());
        Words { spans, begins, known, walked, asked_lists, asked, numbers, unlisted, tokens }
    }

    /// Follows the terms under way into a word; those that have no further one are dropped.
    #[inline(always)]
    fn go_on(&mut self, word: &Word) {
        let count = std::mem::take(&mut self.open.count);
        for at in 0..count {
            let Way { hash, start, follow } = self.open.ways[at];
            if !follow.may_be(word.hash) {
                continue;
            }
            let hash = step(hash, word.hash);
            let Some(place) = self.lexicon.next.find(hash) else { continue };
            self.note(place, Span { start, end: word.span.end }, true, LONGER);
            if place.follow().goes_on() {
                self.open.push(Way { hash, start, follow: place.follow() });
            }
        }
    }

    /// Notes which walked lists have this term, and that asked ones do.
    #[inline(always)]
    fn note(&mut self, place: Place, span: Span, capital: bool, words: usize) {
        if place.walked {
            for entry in self.lexicon.lists_at(place.lists).walked {
                if capital || entry & CAPITAL_ONLY == 0 {
                    self.walked.push((entry & !CAPITAL_ONLY, span));
                }
            }
        }
        if place.asked {
            self.known[words].push(Known::new(span, place.lists, capital));
        }
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

/// What may stand between two words of one phrase: white space over one line's end, a hyphen, an
/// apostrophe, a stop, a slash.
fn is_joint(between: &[u8]) -> bool {
    if let [only] = between {
        return JOINTS[usize::from(*only)];
    }
    between.len() <= 4
        && between.iter().filter(|byte| **byte == b'\n').count() < 2
        && between.iter().all(|byte| {
            matches!(byte, b' ' | b'-' | b'\'' | b'.' | b'/' | b'\n' | b'\r' | b'\t' | b'&') || *byte >= 0x80
        })
}

/// What may stand alone between two words.
const JOINTS: [bool; 256] = {
    let (mut joints, mut at) = ([false; 256], 0);
    while at < SINGLE_JOINTS.len() {
        joints[SINGLE_JOINTS[at] as usize] = true;
        at += 1;
    }
    joints
};

const SINGLE_JOINTS: &[u8] = b" -'./\n\t_&^";
