//! Where the matches of an expression may begin, asked of its automaton.

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson;
use regex_automata::{Anchored, Input, MatchKind};

use super::syntax::{CACHE_LIMIT, SIZE_LIMIT, syntax};

/// An automaton that is made as it is walked; it tells all expressions that match.
pub fn lazy<P: AsRef<str>>(sources: &[P]) -> Result<DFA, String> {
    DFA::builder()
        .configure(
            Config::new()
                .match_kind(MatchKind::All)
                .unicode_word_boundary(true)
                .cache_capacity(CACHE_LIMIT)
                .skip_cache_capacity_check(true),
        )
        .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(SIZE_LIMIT * 64)))
        .syntax(syntax())
        .build_many(sources)
        .map_err(|error| error.to_string())
}

/// What stands before a byte, as far as an expression can tell.
#[derive(Clone, Copy)]
pub enum Before {
    Nothing,
    /// `\w`, in ASCII.
    Word,
    Other,
}

impl Before {
    /// What stands before a place. A line's end counts as nothing.
    #[inline]
    pub fn at(bytes: &[u8], at: usize) -> Self {
        at.checked_sub(1).map_or(Before::Nothing, |before| BEFORE[usize::from(bytes[before])])
    }
}

const BEFORE: [Before; 256] = {
    let mut table = [Before::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_' {
            table[byte] = Before::Word;
        } else if matches!(byte as u8, b'\n' | b'\r') {
            table[byte] = Before::Nothing;
        }
        byte += 1;
    }
    table
};

/// Texts that stand for all that may stand before a match. The last is no ASCII: where `(?u)\b` has to
/// look at it, the automaton can't tell, and all may begin.
const EXAMPLES: [&str; 6] = ["", "\n", "\r", "a", " ", "\u{e9}"];

/// The places where an automaton may begin, by what stands before and the first two bytes: a bit each.
pub struct Heads([Box<[u64; 1 << 10]>; 3]);

impl Heads {
    /// Asks once for each class of bytes that the automaton does not tell apart.
    pub fn of(automaton: &DFA) -> Self {
        let classes = automaton.byte_classes();
        let kinds: Vec<u8> = classes.representatives(..).filter_map(|unit| unit.as_u8()).collect();
        let members = |kind: u8| (0..=255_u8).filter(move |byte| classes.get(*byte) == classes.get(kind));
        let mut cache = automaton.create_cache();
        let mut heads = Self([(); 3].map(|()| Box::new([0; 1 << 10])));
        for example in EXAMPLES {
            let before = Before::at(example.as_bytes(), example.len().min(1));
            let start = start(automaton, &mut cache, example);
            for first in &kinds {
                let one = follow(automaton, &mut cache, start, *first);
                for second in kinds.iter().filter(|_| lives(one)) {
                    // A match of one byte is told by the state behind the second.
                    if lives(follow(automaton, &mut cache, one, *second)) {
                        for first in members(*first) {
                            members(*second).for_each(|second| heads.mark(before, first, second));
                        }
                    }
                }
            }
        }
        if cache.clear_count() > 0 {
            // Too large for one cache: what was told of states that are gone can't be trusted.
            heads.0.iter_mut().for_each(|bits| bits.fill(u64::MAX));
        }
        heads
    }

    fn mark(&mut self, before: Before, first: u8, second: u8) {
        let head = usize::from(first) << 8 | usize::from(second);
        self.0[before as usize][head / 64] |= 1 << (head % 64);
    }

    #[inline]
    pub fn hold(&self, before: Before, first: u8, second: u8) -> bool {
        let head = usize::from(first) << 8 | usize::from(second);
        self.0[before as usize][head / 64] >> (head % 64) & 1 == 1
    }
}

fn start(automaton: &DFA, cache: &mut Cache, before: &str) -> Option<LazyStateID> {
    let input = Input::new(before).range(before.len()..).anchored(Anchored::Yes);
    automaton.start_state_forward(cache, &input).ok()
}

fn follow(automaton: &DFA, cache: &mut Cache, state: Option<LazyStateID>, byte: u8) -> Option<LazyStateID> {
    state.and_then(|state| automaton.next_state(cache, state, byte).ok())
}

/// Where the automaton could not tell, it may.
fn lives(state: Option<LazyStateID>) -> bool {
    state.is_none_or(|state| !state.is_dead())
}

/// Where an expression's matches may begin, other than with a word or a sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Begins {
    /// In the midst of a word.
    pub mid_word: bool,
    /// With a blank.
    pub blank: bool,
}

impl Begins {
    /// Where either may begin.
    pub fn or(self, other: Self) -> Self {
        Self { mid_word: self.mid_word || other.mid_word, blank: self.blank || other.blank }
    }

    pub fn of(source: &str) -> Result<Self, String> {
        let automaton = lazy(&[source])?;
        let mut cache = automaton.create_cache();
        let mut begins = Self::default();
        for example in EXAMPLES {
            let start = start(&automaton, &mut cache, example);
            let mut may = |byte: u8| lives(follow(&automaton, &mut cache, start, byte));
            begins.mid_word |= example == "a" && (0..=255_u8).any(|byte| goes_on(byte) && may(byte));
            begins.blank |= (0..=b' ').chain([0x7f]).any(&mut may);
        }
        Ok(begins)
    }
}

/// Whether a word may go on with this byte.
fn goes_on(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_tells_where_its_matches_begin() {
        for (source, mid_word, blank) in [
            (r"\bpassport", false, false),
            (r"passport", true, false),
            (r"(?:\$ ?\d|\busd \d)", false, false),
            (r"(?m)^[ \t]{0,4}name", false, true),
            (r" == ", false, true),
            // The automaton gives up on these beside other scripts, so they may begin anywhere.
            (r"(?u:\b)name", true, true),
            (r"\u{e9}", true, false),
        ] {
            assert_eq!(Begins::of(source), Ok(Begins { mid_word, blank }), "{source}");
        }
    }
}
