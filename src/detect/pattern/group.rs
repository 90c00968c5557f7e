//! Expressions that are tried together at one place: one lazy automaton walks on from there for as
//! long as any of them may still match, which is a few bytes at most places.

use std::panic::{RefUnwindSafe, UnwindSafe};

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::pool::{Pool, PoolGuard};
use regex_automata::{Anchored, Input};

use super::begin::{Before, Heads, lazy};

type NewCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

pub struct Group {
    automaton: DFA,
    caches: Pool<Cache, NewCache>,
    members: Vec<usize>,
    heads: Heads,
}

impl Group {
    /// Of expressions under their numbers; `None` if there are none.
    pub fn of<'s>(expressions: impl Iterator<Item = (usize, &'s str)>) -> Result<Option<Self>, String> {
        let (members, sources): (Vec<usize>, Vec<&str>) = expressions.unzip();
        if members.is_empty() {
            return Ok(None);
        }
        let automaton = lazy(&sources)?;
        let heads = Heads::of(&automaton);
        let own = automaton.clone();
        let caches = Pool::new(Box::new(move || own.create_cache()) as NewCache);
        Ok(Some(Self { automaton, caches, members, heads }))
    }

    /// Whether any of them may match here: a glance at three bytes.
    #[inline]
    pub fn may_begin(&self, bytes: &[u8], at: usize) -> bool {
        let before = Before::at(bytes, at);
        bytes.get(at + 1).is_none_or(|second| self.heads.hold(before, bytes[at], *second))
    }

    /// A walk over one text.
    pub fn walk(&self) -> Walk<'_> {
        Walk { group: self, cache: self.caches.get() }
    }
}

pub struct Walk<'g> {
    group: &'g Group,
    cache: PoolGuard<'g, Cache, NewCache>,
}

impl Walk<'_> {
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
