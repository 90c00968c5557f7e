//! Where the literals of expressions stand, and whose they are.
//!
//! Most begin with a word or a sign, so they are looked for where the word pass saw one begin, and
//! most of these places are done with after a glance at two bytes.

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, StartKind, dfa::DFA};

use super::super::lexicon::Tokens;

/// A literal and its expression.
pub struct Literal {
    pub text: String,
    pub owner: usize,
}

pub struct Literals {
    automaton: Kind,
    heads: Heads,
    all: Vec<Known>,
}

/// A literal as it is looked for.
struct Known {
    owner: usize,
    /// So many blanks stand before its first word or sign.
    blanks: usize,
    /// Bytes from there on.
    length: usize,
}

/// Few literals get an automaton of one look a byte; for many it would be too large.
enum Kind {
    Dense(DFA),
    Compact(NFA),
}

/// Some ten megabytes then.
const FEW: usize = 4000;

impl Literals {
    /// Case does not matter. `None` if there are none.
    pub fn of(literals: &[Literal]) -> Result<Option<Self>, String> {
        let cores: Vec<&str> = literals.iter().map(|literal| literal.text.trim_start_matches(' ')).collect();
        let kind = StartKind::Anchored;
        let automaton = match cores.len() {
            0 => return Ok(None),
            1..FEW => DFA::builder().ascii_case_insensitive(true).start_kind(kind).build(&cores).map(Kind::Dense),
            _ => NFA::builder().ascii_case_insensitive(true).build(&cores).map(Kind::Compact),
        };
        let automaton = automaton.map_err(|error| error.to_string())?;
        let heads = Heads::of(cores.iter().map(|core| core.as_bytes()));
        let known = |(literal, core): (&Literal, &&str)| Known {
            owner: literal.owner,
            blanks: literal.text.len() - core.len(),
            length: core.len(),
        };
        Ok(Some(Self { automaton, heads, all: literals.iter().zip(&cores).map(known).collect() }))
    }

    /// Calls back with every literal that begins at one of these places: start, end, whose it is.
    pub fn find(&self, text: &str, tokens: &Tokens, found: impl FnMut(usize, usize, usize)) {
        match &self.automaton {
            Kind::Dense(automaton) => self.find_with(automaton, text.as_bytes(), tokens, found),
            Kind::Compact(automaton) => self.find_with(automaton, text.as_bytes(), tokens, found),
        }
    }

    fn find_with(
        &self,
        automaton: &impl Automaton,
        text: &[u8],
        tokens: &Tokens,
        mut found: impl FnMut(usize, usize, usize),
    ) {
        let Ok(first) = automaton.start_state(Anchored::Yes) else { return };
        tokens.each(|start| {
            if !self.heads.hold(text, start) {
                return;
            }
            let mut state = first;
            for (end, byte) in (start + 1..).zip(&text[start..]) {
                state = automaton.next_state(Anchored::Yes, state, *byte);
                if !automaton.is_special(state) {
                    continue;
                }
                if automaton.is_dead(state) {
                    break;
                }
                for index in 0..if automaton.is_match(state) { automaton.match_len(state) } else { 0 } {
                    let known = &self.all[automaton.match_pattern(state, index).as_usize()];
                    // An automaton that was made to look everywhere also tells what begins later.
                    if start + known.length == end && is_blank(text, start, known.blanks) {
                        found(start - known.blanks, end, known.owner);
                    }
                }
            }
        });
    }
}

/// Whether so many bytes before a place are blanks.
fn is_blank(text: &[u8], start: usize, blanks: usize) -> bool {
    start.checked_sub(blanks).is_some_and(|from| text[from..start].iter().all(|byte| *byte == b' '))
}

/// With which bytes literals begin. Most places are done with after a glance at three; of the others the first six bytes
/// count, of shorter literals three or two.
struct Heads {
    /// By the first two bytes, the third ones; of each byte the five bits that tell letters apart.
    glance: Box<[u32; 1 << 10]>,
    two: Bits,
    three: Bits,
    six: Bits,
}

type Bits = Box<[u64; 1 << 10]>;

impl Heads {
    fn of<'l>(literals: impl Iterator<Item = &'l [u8]>) -> Self {
        let [two, three, six] = [(); 3].map(|()| Box::new([0; 1 << 10]));
        let mut heads = Self { glance: Box::new([0; 1 << 10]), two, three, six };
        for literal in literals {
            match *literal {
                [] => {}
                // Any byte may follow.
                [first] => (0..=255).for_each(|second| heads.add(&[first, second])),
                _ => heads.add(literal),
            }
        }
        heads
    }

    /// Adds a literal of two bytes at least.
    fn add(&mut self, literal: &[u8]) {
        let head = eight(literal, 0);
        self.glance[pair(head)] |= if literal.len() == 2 { u32::MAX } else { third(head) };
        match literal.len() {
            2 => mark(&mut self.two, first_two(head)),
            3..6 => mark(&mut self.three, first_three(head)),
            _ => mark(&mut self.six, first_six(head)),
        }
    }

    /// Whether a literal may begin here.
    #[inline]
    fn hold(&self, text: &[u8], at: usize) -> bool {
        let head = eight(text, at);
        self.glance[pair(head)] & third(head) != 0
            && (holds(&self.six, first_six(head))
                || holds(&self.three, first_three(head))
                || holds(&self.two, first_two(head)))
    }
}

/// Five bits of each of the first two bytes.
#[inline]
fn pair(eight: u64) -> usize {
    (eight & 0x1f) as usize | (eight >> 3 & 0x3e0) as usize
}

/// Five bits of the third byte, one of 32.
#[inline]
fn third(eight: u64) -> u32 {
    1 << (eight >> 16 & 0x1f)
}

fn mark(bits: &mut Bits, at: usize) {
    bits[at / 64] |= 1 << (at % 64);
}

#[inline]
fn holds(bits: &Bits, at: usize) -> bool {
    bits[at / 64] >> (at % 64) & 1 == 1
}

/// Eight bytes without their case; behind the end stand zeros.
#[inline]
fn eight(text: &[u8], at: usize) -> u64 {
    let bytes = match text[at..].first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => text[at..].iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    };
    bytes | 0x2020_2020_2020_2020
}

/// The first bytes of eight, in 16 bits.
#[inline]
fn first_two(eight: u64) -> usize {
    (eight & 0xffff) as usize
}

#[inline]
fn first_three(eight: u64) -> usize {
    ((eight as u32 & 0x00ff_ffff).wrapping_mul(0x9e37_79b1) >> 16) as usize
}

#[inline]
fn first_six(eight: u64) -> usize {
    ((eight << 16).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::lexicon::LexiconBuilder;

    fn found(literals: &[&str], text: &str) -> Vec<String> {
        let all: Vec<Literal> =
            (0..).zip(literals).map(|(owner, text)| Literal { text: (*text).to_owned(), owner }).collect();
        let words = LexiconBuilder::default().build().read(text);
        let mut found = Vec::new();
        let literals = Literals::of(&all).expect("an automaton").expect("literals");
        literals.find(text, &words.tokens, |start, end, owner| found.push(format!("{owner} {}", &text[start..end])));
        found
    }

    #[test]
    fn literals_are_found_where_a_word_or_a_sign_begins() {
        assert_eq!(
            found(&["mrn", "mrn no", "@x"], "MRN no 1, xmrn a@X mr patient_mrn"),
            ["0 MRN", "1 MRN no", "2 @X", "0 mrn"]
        );
        assert_eq!(found(&[" lady", "x", "……"], "the lady\nlady x a……"), ["0  lady", "1 x", "2 ……"]);
        assert_eq!(found(&["of"], "of"), ["0 of"]);
    }

    #[test]
    fn many_literals_are_found_alike() {
        let many: Vec<String> = (0..FEW + 10).map(|at| format!("word{at}x")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(found(&many, "word17x aword18x word9"), ["17 word17x"]);
    }
}
