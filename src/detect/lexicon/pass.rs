//! One pass over a text: each word is looked up, and terms of several words are followed.

use std::cell::{Cell, OnceCell};

use super::found::{Known, Span, Words};
use super::table::Follow;
use super::tokens::Tokens;
use super::words::{Listener, Word, step};
use super::{Lexicon, ListId};
use crate::detect::sieve::Sieve;

/// What a pass has found so far.
pub struct Pass<'l> {
    lexicon: &'l Lexicon,
    text: &'l [u8],
    known: [Sieve<Known>; 2],
    open: Open,
    /// Where the last word ended.
    last_end: usize,
    numbers: Vec<Span>,
    unlisted: Vec<Span>,
    tokens: Tokens,
    openings: Tokens,
}

/// Of what is known, the single words and the longer terms.
const SINGLE: usize = 0;
const LONGER: usize = 1;

/// Terms under way.
#[derive(Default)]
struct Open {
    ways: [Way; MOST_OPEN + 1],
    count: usize,
    /// With which words any of them may go on.
    follow: Follow,
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
    /// Adds one that goes on.
    #[inline(always)]
    fn push(&mut self, way: Way) {
        self.ways[self.count] = way;
        self.count = (self.count + usize::from(way.follow.goes_on())).min(MOST_OPEN);
        self.follow = self.follow.or(way.follow);
    }
}

impl Listener for Pass<'_> {
    #[inline(always)]
    fn word(&mut self, word: Word) {
        if self.open.follow.may_be(word.hash) && is_joint(&self.text[self.last_end..word.span.start as usize]) {
            self.go_on(&word);
        } else {
            (self.open.count, self.open.follow) = (0, Follow::default());
        }
        self.last_end = word.span.end as usize;
        let place = self.lexicon.first.find(word.hash);
        self.openings.mark(word.span.start as usize, u64::from(place.opens()));
        self.known[SINGLE].offer(Known::new(word.span, place.group(), word.capital), place.is_listed());
        // These are few.
        if word.digits | (word.capital & !place.is_known()) {
            let kind = if word.digits { &mut self.numbers } else { &mut self.unlisted };
            kind.push(word.span);
        }
        self.open.push(Way { hash: word.hash, start: word.span.start, follow: place.follow() });
    }

    #[inline(always)]
    fn begin(&mut self, at: usize, words: u64, signs: u64) {
        self.tokens.mark(at, words | signs);
        self.openings.mark(at, signs);
    }
}

impl<'l> Pass<'l> {
    pub fn new(lexicon: &'l Lexicon, text: &'l str) -> Self {
        let length = text.len();
        Self {
            lexicon,
            text: text.as_bytes(),
            known: [Sieve::with_room(length / 10), Sieve::with_room(length / 64)],
            open: Open::default(),
            last_end: 0,
            numbers: Vec::with_capacity(length / 64),
            unlisted: Vec::with_capacity(length / 64),
            tokens: Tokens::of(length),
            openings: Tokens::of(length),
        }
    }

    pub fn words(self) -> Words {
        let Self { lexicon, known, numbers, unlisted, tokens, openings, .. } = self;
        let mut found = Sieve::with_room(known[SINGLE].kept().len() / 4);
        for term in known.iter().flat_map(Sieve::kept) {
            for (list, with_capital) in lexicon.groups.walked(term.group()) {
                found.offer((list, term.span), term.capital() | !with_capital);
            }
        }
        let (spans, begins) = by_list(found.kept(), lexicon.lists);
        let walked = begins.iter().map(|(list, _)| *list).collect();
        Words {
            spans,
            begins,
            known: known.map(Sieve::into_kept),
            walked,
            asked_lists: OnceCell::new(),
            asked: Cell::default(),
            numbers,
            unlisted,
            tokens,
            openings,
        }
    }

    /// Follows the terms under way into a word; those that have no further one are dropped.
    #[inline(never)]
    fn go_on(&mut self, word: &Word) {
        self.open.follow = Follow::default();
        // Each goes on as one at most, so what is written stands before what is still to be read.
        for at in 0..std::mem::take(&mut self.open.count) {
            let Way { hash, start, follow } = self.open.ways[at];
            if !follow.may_be(word.hash) {
                continue;
            }
            let hash = step(hash, word.hash);
            let place = self.lexicon.next.find(hash);
            let span = Span { start, end: word.span.end };
            self.known[LONGER].offer(Known::new(span, place.group(), true), place.is_listed());
            self.open.push(Way { hash, start, follow: place.follow() });
        }
    }
}

/// Spans by list, each list by start; and of each list that has any where its spans begin. Most texts have
/// terms of few of the lists, which are counted alone.
fn by_list(found: &[(ListId, Span)], lists: usize) -> (Vec<Span>, Vec<(ListId, u32)>) {
    let mut next = vec![0_u32; lists];
    let mut begins: Vec<(ListId, u32)> = Vec::new();
    for (list, _) in found {
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
        let at = &mut next[usize::from(*list)];
        spans[*at as usize] = *span;
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

/// What may stand between two words of one phrase: white space over one line's end and the next line's mark of
/// quotation, a hyphen, an apostrophe, a stop, a slash.
fn is_joint(between: &[u8]) -> bool {
    if let [only] = between {
        return JOINTS[usize::from(*only)];
    }
    between.len() <= 4
        && between.iter().filter(|byte| **byte == b'\n').count() < 2
        && between.iter().all(|byte| {
            matches!(byte, b' ' | b'-' | b'\'' | b'.' | b'/' | b'\n' | b'\r' | b'\t' | b'&')
                || *byte >= 0x80
                || *byte == b'>' && between[0] == b'\n'
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
