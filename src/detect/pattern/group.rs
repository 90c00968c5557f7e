//! Expressions that are tried together at one place: one lazy automaton walks on from there for as
//! long as any of them may still match, which is a few bytes at most places.

use std::panic::{RefUnwindSafe, UnwindSafe};

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::pool::{Pool, PoolGuard};
use regex_automata::{Anchored, Input, MatchKind};

use super::expression::{CACHE_LIMIT, SIZE_LIMIT, syntax};

type NewCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

pub struct Group {
    automaton: DFA,
    caches: Pool<Cache, NewCache>,
    members: Vec<usize>,
    /// Whether a match may begin with this byte, by what stands before it.
    first: Box<[[bool; 256]; 3]>,
}

impl Group {
    /// Of expressions under their numbers; `None` if there are none.
    pub fn of<'s>(expressions: impl Iterator<Item = (usize, &'s str)>) -> Result<Option<Self>, String> {
        let (members, sources): (Vec<usize>, Vec<&str>) = expressions.unzip();
        if members.is_empty() {
            return Ok(None);
        }
        let automaton = DFA::builder()
            .configure(
                Config::new()
                    .match_kind(MatchKind::All)
                    .unicode_word_boundary(true)
                    .cache_capacity(CACHE_LIMIT)
                    .skip_cache_capacity_check(true),
            )
            .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(SIZE_LIMIT * 64)))
            .syntax(syntax())
            .build_many(&sources)
            .map_err(|error| error.to_string())?;
        let first = first_bytes(&automaton);
        let own = automaton.clone();
        let caches = Pool::new(Box::new(move || own.create_cache()) as NewCache);
        Ok(Some(Self { automaton, caches, members, first }))
    }

    /// A walk over one text.
    pub fn walk(&self) -> Walk<'_> {
        Walk { group: self, cache: self.caches.get() }
    }
}

/// What stands before a byte, as far as an expression can tell.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    /// `\w`, in ASCII.
    Word,
    Other,
}

/// As [`Before`], by byte. A line's end counts as nothing.
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

/// Asks the automaton.
fn first_bytes(automaton: &DFA) -> Box<[[bool; 256]; 3]> {
    let mut cache = automaton.create_cache();
    let mut first = Box::new([[false; 256]; 3]);
    // The last is no ASCII: where `(?u)\b` has to look at it, the automaton can't tell, and all may begin.
    for before in ["", "\n", "\r", "a", " ", "\u{e9}"] {
        let kind = before.bytes().next().map_or(Before::Nothing, |byte| BEFORE[usize::from(byte)]);
        let input = Input::new(before).range(before.len()..).anchored(Anchored::Yes);
        let start = automaton.start_state_forward(&mut cache, &input);
        for byte in 0..=255 {
            let next = start.as_ref().ok().and_then(|start| automaton.next_state(&mut cache, *start, byte).ok());
            first[kind as usize][usize::from(byte)] |= next.is_none_or(|next| !next.is_dead());
        }
    }
    first
}

pub struct Walk<'g> {
    group: &'g Group,
    cache: PoolGuard<'g, Cache, NewCache>,
}

impl Walk<'_> {
    /// Whether any of them may match here: a glance at two bytes.
    #[inline]
    pub fn may_begin(&self, bytes: &[u8], at: usize) -> bool {
        let before = at.checked_sub(1).map_or(Before::Nothing, |before| BEFORE[usize::from(bytes[before])]);
        self.group.first[before as usize][usize::from(bytes[at])]
    }

    /// Calls back with each expression that matches `bytes` from `start` on, sometimes twice.
    pub fn at(&mut self, bytes: &[u8], start: usize, mut hit: impl FnMut(usize)) {
        let input = Input::new(bytes).range(start..).anchored(Anchored::Yes);
        if self.follow(bytes, &input, &mut hit).is_none() {
            // The automaton gave up, as it does where `(?u)\b` meets other scripts: any may match.
            self.group.members.iter().for_each(|member| hit(*member));
        }
    }

    fn follow(&mut self, bytes: &[u8], input: &Input<'_>, hit: &mut impl FnMut(usize)) -> Option<()> {
        let automaton = &self.group.automaton;
        let mut state = automaton.start_state_forward(&mut self.cache, input).ok()?;
        for byte in &bytes[input.start()..] {
            state = automaton.next_state(&mut self.cache, state, *byte).ok()?;
            if state.is_tagged() {
                if state.is_dead() {
                    return Some(());
                }
                self.tell(state, hit)?;
            }
        }
        state = automaton.next_eoi_state(&mut self.cache, state).ok()?;
        self.tell(state, hit)
    }

    fn tell(&self, state: LazyStateID, hit: &mut impl FnMut(usize)) -> Option<()> {
        if state.is_match() {
            let automaton = &self.group.automaton;
            for at in 0..automaton.match_len(&self.cache, state) {
                hit(self.group.members[automaton.match_pattern(&self.cache, state, at).as_usize()]);
            }
        }
        (!state.is_quit()).then_some(())
    }
}
