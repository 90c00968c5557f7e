//! One automaton for the literals of all expressions, which tells where each stands and whose it is.

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, dfa::DFA};

pub struct Literals {
    automaton: Kind,
    /// The expression that each literal belongs to.
    owners: Vec<usize>,
}

/// Few literals get an automaton of one look a byte; for many it would be too large.
enum Kind {
    Dense(DFA),
    Compact(NFA),
}

/// Some ten megabytes then.
const FEW: usize = 4000;

impl Literals {
    /// Of literals, each with its expression; case does not matter. `None` if there are none.
    pub fn of(literals: Vec<(String, usize)>) -> Result<Option<Self>, String> {
        let (words, owners): (Vec<String>, Vec<usize>) = literals.into_iter().unzip();
        let automaton = match words.len() {
            0 => return Ok(None),
            1..FEW => DFA::builder().ascii_case_insensitive(true).build(&words).map(Kind::Dense),
            _ => NFA::builder().ascii_case_insensitive(true).build(&words).map(Kind::Compact),
        };
        Ok(Some(Self { automaton: automaton.map_err(|error| error.to_string())?, owners }))
    }

    /// Calls back with every place where a literal stands: start, end, whose it is.
    pub fn find(&self, text: &str, found: impl FnMut(usize, usize, usize)) {
        match &self.automaton {
            Kind::Dense(automaton) => self.find_with(automaton, text.as_bytes(), found),
            Kind::Compact(automaton) => self.find_with(automaton, text.as_bytes(), found),
        }
    }

    fn find_with(&self, automaton: &impl Automaton, text: &[u8], mut found: impl FnMut(usize, usize, usize)) {
        let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
        for (at, byte) in text.iter().enumerate() {
            state = automaton.next_state(Anchored::No, state, *byte);
            // A start state is special too, where the automaton has a prefilter.
            if automaton.is_special(state) && automaton.is_match(state) {
                for index in 0..automaton.match_len(state) {
                    let literal = automaton.match_pattern(state, index);
                    let end = at + 1;
                    found(end - automaton.pattern_len(literal), end, self.owners[literal.as_usize()]);
                }
            }
        }
    }
}
