//! One pass over a text: each word is looked up, and terms of several words are followed.

use std::cell::{Cell, OnceCell};

use super::found::{Known, Span, Words};
use super::table::Place;
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

/// Terms under way: the hash of the way so far, and where they began.
#[derive(Default)]
struct Open {
    ways: [(u64, u32); MOST_OPEN],
    count: usize,
}

/// So many terms may be under way at a word; more begin only in made-up text.
const MOST_OPEN: usize = 16;

impl Open {
    #[inline(always)]
    fn push(&mut self, way: (u64, u32)) {
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
            if self.note(place, word.span, word.capital, SINGLE) {
                self.open.push((word.hash, word.span.start));
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
            let (way, start) = self.open.ways[at];
            let way = step(way, word.hash);
            let Some(place) = self.lexicon.next.find(way) else { continue };
            if self.note(place, Span { start, end: word.span.end }, true, LONGER) {
                self.open.push((way, start));
            }
        }
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
    if between.len() == 1 {
        return matches!(between[0], b' ' | b'-' | b'\'' | b'.' | b'/' | b'\n' | b'\t' | b'_' | b'&' | b'^');
    }
    between.len() <= 4
        && between.iter().filter(|byte| **byte == b'\n').count() < 2
        && between.iter().all(|byte| {
            matches!(byte, b' ' | b'-' | b'\'' | b'.' | b'/' | b'\n' | b'\r' | b'\t' | b'&') || *byte >= 0x80
        })
}
