//! Where the literals of expressions stand, and whose they are.
//!
//! They begin with a word or a sign, so they are looked for where the word pass saw one begin with which any may, and
//! most of these places are done with after a glance at three bytes.

use std::collections::{HashMap, HashSet};

use super::super::lexicon::Tokens;
use super::super::sieve::Sieve;

/// A literal and its expression.
pub struct Literal {
    pub text: String,
    pub owner: usize,
}

pub struct Literals {
    heads: Heads,
    /// By how they begin, the shorter ones first.
    by_head: HashMap<u64, Vec<Known>, Mixing>,
    words: FirstWords,
}

/// A literal as it is looked for.
#[derive(Clone)]
struct Known {
    owner: usize,
    /// So many blanks stand before its first word or sign.
    blanks: usize,
    /// From there on.
    core: Box<[u8]>,
    /// Its first sixteen bytes without their case, and which of them count: mostly all that it has.
    begins: [u64; 2],
    counts: [u64; 2],
}

impl Known {
    fn of(literal: &Literal) -> Self {
        let core = literal.text.trim_start_matches(' ').as_bytes();
        let counts = [0, 8].map(|at| match core.len().saturating_sub(at).min(8) {
            0 => 0,
            bytes => u64::MAX >> (64 - 8 * bytes),
        });
        let begins = [0, 8].map(|at| if at < core.len() { eight(core, at) } else { 0 });
        Self { owner: literal.owner, blanks: literal.text.len() - core.len(), core: core.into(), begins, counts }
    }

    /// Whether it stands where a text goes on so. Most that share its head differ in their first sixteen bytes.
    #[inline]
    fn is_at(&self, text: &[u8], start: usize, there: [u64; 2]) -> bool {
        let differs = |at: usize| (there[at] ^ self.begins[at]) & self.counts[at];
        differs(0) | differs(1) == 0
            && text.get(start..start + self.core.len()).is_some_and(|there| there.eq_ignore_ascii_case(&self.core))
            && is_blank(text, start, self.blanks)
    }
}

/// Places are looked at a stretch of the text at a time.
const STRETCH: usize = 4096;

impl Literals {
    /// Case does not matter. `None` if there are none.
    pub fn of(literals: &[Literal]) -> Option<Self> {
        let mut all = Self { heads: Heads::default(), by_head: HashMap::default(), words: FirstWords::default() };
        for literal in literals {
            let known = Known::of(literal);
            all.words.add(&known.core);
            match *known.core {
                [] => {}
                // Any byte may follow.
                [first] => {
                    let seconds = (0..=u8::MAX).filter(|second| second & 0x20 != 0);
                    seconds.for_each(|second| all.add(&[first, second], &known));
                }
                _ => all.add(&known.core, &known),
            }
        }
        all.by_head.values_mut().for_each(|alike| alike.sort_by_key(|known| known.core.len()));
        (!literals.is_empty()).then_some(all)
    }

    fn add(&mut self, begins: &[u8], known: &Known) {
        let head = self.heads.add(begins);
        self.by_head.entry(head).or_default().push(known.clone());
    }

    /// Whether one may begin with this word, of small letters and digits.
    pub fn may_begin_with(&self, word: &str) -> bool {
        self.words.may_begin_with(word.as_bytes())
    }

    /// Calls back with every literal that begins at one of these places: start, end, whose it is.
    pub fn find(&self, text: &str, openings: &Tokens, mut found: impl FnMut(usize, usize, usize)) {
        let text = text.as_bytes();
        let [mut glanced, mut held] = [(); 2].map(|()| Sieve::with_room(STRETCH / 8));
        for from in (0..text.len()).step_by(STRETCH) {
            openings.within(from..(from + STRETCH).min(text.len()), |at| {
                glanced.offer(at, self.heads.may_hold(eight(text, at)));
            });
            for at in glanced.kept() {
                held.offer(*at, self.heads.hold(eight(text, *at)));
            }
            for at in held.kept() {
                self.at(text, *at, &mut found);
            }
            glanced.clear();
            held.clear();
        }
    }

    /// The literals that begin at a place.
    fn at(&self, text: &[u8], start: usize, found: &mut impl FnMut(usize, usize, usize)) {
        let first = eight(text, start);
        let there = [first, eight(text, (start + 8).min(text.len()))];
        for head in self.heads.of(first).into_iter().flatten() {
            for known in self.by_head.get(&head).into_iter().flatten() {
                if known.is_at(text, start, there) {
                    found(start - known.blanks, start + known.core.len(), known.owner);
                }
            }
        }
    }
}

/// The words with which literals begin.
#[derive(Default)]
struct FirstWords {
    /// Of literals that go on behind it.
    whole: HashSet<Box<[u8]>>,
    /// Of literals that end in the midst of it, or with it.
    begun: HashSet<Box<[u8]>>,
}

impl FirstWords {
    fn add(&mut self, literal: &[u8]) {
        let length = literal.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let words = if length < literal.len() { &mut self.whole } else { &mut self.begun };
        words.insert(literal[..length].to_ascii_lowercase().into());
    }

    fn may_begin_with(&self, word: &[u8]) -> bool {
        self.whole.contains(word) || (1..=word.len()).any(|length| self.begun.contains(&word[..length]))
    }
}

/// Whether so many bytes before a place are blanks.
fn is_blank(text: &[u8], start: usize, blanks: usize) -> bool {
    start.checked_sub(blanks).is_some_and(|from| text[from..start].iter().all(|byte| *byte == b' '))
}

/// Heads are well mixed by one multiplication.
#[derive(Clone, Copy, Default)]
struct Mixing;

impl std::hash::BuildHasher for Mixing {
    type Hasher = Mixed;

    fn build_hasher(&self) -> Mixed {
        Mixed(0)
    }
}

struct Mixed(u64);

impl std::hash::Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0 ^ u64::from(*byte)));
    }

    fn write_u64(&mut self, head: u64) {
        self.0 = head.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
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

impl Default for Heads {
    fn default() -> Self {
        let [two, three, six] = [(); 3].map(|()| Box::new([0; 1 << 10]));
        Self { glance: Box::new([0; 1 << 10]), two, three, six }
    }
}

impl Heads {
    /// Adds a literal of two bytes at least, and tells the head by which it is found.
    fn add(&mut self, literal: &[u8]) -> u64 {
        let head = eight(literal, 0);
        self.glance[pair(head)] |= if literal.len() == 2 { u32::MAX } else { third(head) };
        match literal.len() {
            2 => mark(&mut self.two, first_two(head)),
            3..6 => mark(&mut self.three, first_three(head)),
            _ => mark(&mut self.six, first_six(head)),
        }
        head & match literal.len() {
            2 => TWO,
            3..6 => THREE,
            _ => SIX,
        }
    }

    /// Whether a literal may begin so, at a glance.
    #[inline(always)]
    fn may_hold(&self, head: u64) -> bool {
        self.glance[pair(head)] & third(head) != 0
    }

    /// Whether one does, as far as six bytes tell.
    #[inline(always)]
    fn hold(&self, head: u64) -> bool {
        holds(&self.six, first_six(head)) | holds(&self.three, first_three(head)) | holds(&self.two, first_two(head))
    }

    /// The heads by which literals that begin so are found.
    #[inline]
    fn of(&self, head: u64) -> [Option<u64>; 3] {
        [
            holds(&self.two, first_two(head)).then_some(head & TWO),
            holds(&self.three, first_three(head)).then_some(head & THREE),
            holds(&self.six, first_six(head)).then_some(head & SIX),
        ]
    }
}

const TWO: u64 = 0xffff;
const THREE: u64 = 0xff_ffff;
const SIX: u64 = 0xffff_ffff_ffff;

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
        let literals = Literals::of(&all).expect("literals");
        // Words that are known are looked at as others are.
        let mut builder = LexiconBuilder::default();
        let list = builder.list();
        text.split(' ').for_each(|word| {
            builder.add(list, word, false);
        });
        let words = builder.build(|word| literals.may_begin_with(word)).read(text);
        let mut found = Vec::new();
        literals.find(text, &words.openings, |start, end, owner| found.push(format!("{owner} {}", &text[start..end])));
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
        let many: Vec<String> = (0..5000).map(|at| format!("word{at}x")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(found(&many, "word17x aword18x word9"), ["17 word17x"]);
    }
}
