//! The words of a text, found 64 bytes at a time, folded and hashed eight letters at a time.

use super::Span;
use super::noise;
use crate::message::{block_at, mask};

/// A run of letters and digits.
#[derive(Clone, Copy)]
pub struct Word {
    pub span: Span,
    pub hash: u64,
    /// It begins with a capital.
    pub capital: bool,
    pub digits: bool,
}

/// The hash of a phrase that goes on with a word.
pub fn step(way: u64, hash: u64) -> u64 {
    finish(way.rotate_left(23) ^ hash)
}

/// Spreads all bits over all others, for tables look at few of them; never 0, which marks a free slot.
#[inline]
pub fn finish(hash: u64) -> u64 {
    mix(hash) | 1 << 63
}

/// The halves of a long product, one on the other.
#[inline(always)]
fn mix(hash: u64) -> u64 {
    let product = u128::from(hash) * 0x9e37_79b9_7f4a_7c15;
    product as u64 ^ (product >> 64) as u64
}

/// The hash of a word's folded letters, eight at a time.
struct Hasher {
    hash: u64,
    /// Letters that wait to be eight.
    letters: u64,
    waiting: u32,
}

impl Hasher {
    fn new() -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, letters: 0, waiting: 0 }
    }

    #[inline]
    fn eight(&mut self, letters: u64) {
        self.hash = mix(self.hash ^ letters);
    }

    fn letter(&mut self, letter: u8) {
        self.letters |= u64::from(letter) << (8 * self.waiting);
        self.waiting += 1;
        if self.waiting == 8 {
            self.eight(self.letters);
            (self.letters, self.waiting) = (0, 0);
        }
    }

    #[inline]
    fn finish(mut self) -> u64 {
        if self.waiting > 0 {
            self.eight(self.letters);
        }
        self.hash | 1 << 63
    }
}

/// The same byte eight times.
#[inline(always)]
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// A block of 64 bytes, and so many more that each of its words can be read at once.
type Window = [u8; 64 + AT_ONCE];

/// Letters of a word that are read at once.
const AT_ONCE: usize = 16;

/// What stands in 64 bytes of a text: one bit a byte, the first the lowest.
struct Block {
    /// ASCII letters and digits.
    word: u64,
    /// Signs: neither those nor blank nor control characters.
    sign: u64,
    /// Other scripts.
    other: u64,
}

impl Block {
    #[inline]
    fn of(window: &Window) -> Self {
        let bytes: &[u8; 64] = window.first_chunk().expect("a window is longer");
        let word = mask(bytes, |byte| byte.is_ascii_alphanumeric());
        let all = bytes.iter().fold(0, |all, byte| all | byte);
        let other = if all.is_ascii() { 0 } else { mask(bytes, |byte| !byte.is_ascii()) };
        Self { word, sign: mask(bytes, |byte| byte >= b'!') & !word & !other, other }
    }
}

/// The bits below a place from 1 to 64.
#[inline(always)]
fn below(place: u32) -> u64 {
    u64::MAX >> (64 - place)
}

/// Who is told what stands in a text.
pub trait Listener {
    /// A run of letters and digits; they come in order.
    fn word(&mut self, word: Word);
    /// Places where words begin, and where signs and noise: one bit each, from a place on. Words of other scripts count as
    /// either.
    fn begin(&mut self, at: usize, words: u64, signs: u64);
}

/// Calls back for every run of letters and digits, in order; case and Latin accents are folded in the hash. What is
/// [`noise`] holds none.
pub fn for_each_word(text: &str, word: impl FnMut(Word)) {
    struct Words<F>(F);
    impl<F: FnMut(Word)> Listener for Words<F> {
        fn word(&mut self, word: Word) {
            (self.0)(word);
        }
        fn begin(&mut self, _: usize, _: u64, _: u64) {}
    }
    walk(text, &mut Words(word));
}

/// Tells of a text from its beginning to its end.
#[inline]
pub fn walk(text: &str, listener: &mut impl Listener) {
    let bytes = text.as_bytes();
    let mut padded = [0; 64 + AT_ONCE];
    let mut at = 0;
    // The noise that comes next, and up to where it was looked for.
    let (mut passed, mut looked) = (usize::MAX..usize::MAX, 0);
    while at < bytes.len() {
        if at == passed.start {
            listener.begin(at, 0, 1);
            at = passed.end;
            continue;
        }
        let window: &Window = block_at(bytes, at, &mut padded);
        let found = Block::of(window);
        // What can be told from this block: up to another script, noise, or a word that goes on behind it.
        let mut limit = found.other.trailing_zeros().min((bytes.len() - at).min(64) as u32);
        let solid = if limit == 0 { 0 } else { (found.word | found.sign) & below(limit) };
        let long = noise::long_runs(solid);
        if long != 0 && at + long.trailing_zeros() as usize >= looked {
            match noise::first(bytes, at + long.trailing_zeros() as usize) {
                Ok(found) => (looked, passed) = (found.end, found),
                Err(end) => looked = end,
            }
        }
        if passed.start >= at && passed.start - at < limit as usize {
            limit = (passed.start - at) as u32;
        }
        let ends_here = at + limit as usize == bytes.len() || at + limit as usize == passed.start;
        // A run that goes on behind the block is looked at whole, from its beginning.
        let open = if limit == 64 && !ends_here { (!solid).leading_zeros() & 63 } else { 0 };
        let mut done = limit - open;
        let mut words = if done == 0 { 0 } else { found.word & below(done) };
        while words != 0 {
            // The lowest bit added, the lowest run of ones becomes zeros and the bit behind it a one.
            let beyond = words.wrapping_add(words & words.wrapping_neg());
            let (start, end) = (words.trailing_zeros(), beyond.trailing_zeros());
            if end == limit && !ends_here {
                done = start;
                break;
            }
            listener.word(in_window(window, at, start, end - start));
            words &= beyond;
        }
        if done != 0 {
            let here = below(done);
            listener.begin(at, found.word & !(found.word << 1) & here, found.sign & here);
        }
        at += done as usize;
        if (done == 0 || limit < 64) && !ends_here {
            at = slowly(text, at, listener);
        }
    }
}

/// A text that is one word of few ASCII letters.
pub fn single(text: &str) -> Option<Word> {
    let is_word = (1..=AT_ONCE).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_word.then(|| in_window(block_at(text.as_bytes(), 0, &mut [0; 64 + AT_ONCE]), 0, 0, text.len() as u32))
}

/// A word of so many ASCII letters, which begins at an offset below 64 of a window that stands at a place.
#[inline(always)]
fn in_window(window: &Window, place: usize, offset: u32, letters: u32) -> Word {
    let start = (offset & 63) as usize;
    let eight = |at: usize| u64::from_le_bytes(window[at..at + 8].try_into().expect("eight bytes"));
    let first = eight(start);
    let mask = below(letters.min(8) * 8);
    // Small letters have the bit that digits lack.
    let mut digits = !first & each(0x40) & mask;
    let mut hasher = Hasher::new();
    hasher.eight((first | each(0x20)) & mask);
    // Eight more are read of every word, and count where there are any: whether there are is hard to guess.
    let long = letters > 8;
    let next = eight(start + 8);
    let mask = below((letters.max(9) - 8).min(8) * 8);
    digits |= !next & each(0x40) & mask & u64::from(long).wrapping_neg();
    let (short, hash) = (hasher.hash, mix(hasher.hash ^ (next | each(0x20)) & mask));
    hasher.hash = if long { hash } else { short };
    for more in 2..letters.div_ceil(8) {
        let next = eight(start + 8 * more as usize);
        let mask = below((letters - 8 * more).min(8) * 8);
        digits |= !next & each(0x40) & mask;
        hasher.eight((next | each(0x20)) & mask);
    }
    let from = (place + start) as u32;
    let span = Span { start: from, end: from + letters };
    Word { span, hash: hasher.finish(), capital: window[start].is_ascii_uppercase(), digits: digits != 0 }
}

/// Tells what no block can tell, and where it ends.
#[inline(never)]
fn slowly(text: &str, start: usize, listener: &mut impl Listener) -> usize {
    let (word, end) = letter_by_letter(text, start, &mut |token| listener.begin(token, 0, 1));
    word.into_iter().for_each(|word| listener.word(word));
    end
}

/// A word of other scripts, or of many letters, or one sign; and its end.
fn letter_by_letter(text: &str, start: usize, token: &mut impl FnMut(usize)) -> (Option<Word>, usize) {
    let mut hasher = Hasher::new();
    let (mut capital, mut digits) = (false, false);
    let (mut before, mut end) = (' ', start);
    for (at, c) in text[start..].char_indices() {
        if !c.is_alphanumeric() {
            if at == 0 {
                token(start);
                return (None, start + c.len_utf8());
            }
            break;
        }
        // An expression without Unicode sees a word begin behind another script's letter.
        if at == 0 || c.is_ascii() && !before.is_ascii() {
            token(start + at);
        }
        capital |= at == 0 && c.is_uppercase();
        digits |= c.is_ascii_digit();
        (before, end) = (c, start + at + c.len_utf8());
        if c.is_ascii() {
            hasher.letter(c.to_ascii_lowercase() as u8);
        } else {
            let mut utf8 = [0; 4];
            for folded in fold(c).to_lowercase() {
                folded.encode_utf8(&mut utf8).bytes().for_each(|byte| hasher.letter(byte));
            }
        }
    }
    let span = Span { start: start as u32, end: end as u32 };
    (Some(Word { span, hash: hasher.finish(), capital, digits }), end)
}

/// Latin letters without their accents, so that `José` is `Jose` in either spelling.
fn fold(c: char) -> char {
    match c {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' => 'a',
        'Ç' | 'ç' | 'Ć'..='č' => 'c',
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => 'e',
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => 'i',
        'Ñ' | 'ñ' | 'Ń'..='ň' => 'n',
        'Ò'..='Ö' | 'ò'..='ö' | 'Ø' | 'ø' | 'Ō'..='ő' => 'o',
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => 'u',
        'Ý' | 'ý' | 'ÿ' => 'y',
        'Ś'..='š' => 's',
        'Ź'..='ž' => 'z',
        'Ł' | 'ł' => 'l',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A word's start and end, hash, capital and digits.
    type Told = (u32, u32, u64, bool, bool);

    /// The same as [`walk`], letter by letter: words, and places where a word or a sign begins.
    fn without_blocks(text: &str) -> (Vec<Told>, Vec<usize>) {
        let (mut words, mut tokens) = (Vec::new(), Vec::new());
        let (mut at, mut looked) = (0, 0);
        while let Some(c) = text[at..].chars().next() {
            if c.is_ascii() && !c.is_ascii_graphic() {
                at += 1;
                continue;
            }
            if c.is_ascii() && at >= looked {
                match noise::first(text.as_bytes(), at) {
                    Ok(found) if found.start == at => {
                        tokens.push(at);
                        at = found.end;
                        continue;
                    }
                    Ok(found) => looked = found.start,
                    Err(end) => looked = end,
                }
            }
            let (word, end) = letter_by_letter(text, at, &mut |token| tokens.push(token));
            words.extend(word.map(told));
            at = end;
        }
        (words, tokens)
    }

    fn told(word: Word) -> Told {
        (word.span.start, word.span.end, word.hash, word.capital, word.digits)
    }

    fn with_blocks(text: &str) -> (Vec<Told>, Vec<usize>) {
        #[derive(Default)]
        struct Heard(Vec<Told>, Vec<usize>);
        impl Listener for Heard {
            fn word(&mut self, word: Word) {
                self.0.push(told(word));
            }
            fn begin(&mut self, at: usize, words: u64, signs: u64) {
                let bits = words | signs;
                self.1.extend((0..64).filter(|bit| bits >> bit & 1 == 1).map(|bit| at + bit));
            }
        }
        let mut heard = Heard::default();
        walk(text, &mut heard);
        (heard.0, heard.1)
    }

    proptest::proptest! {
        #[test]
        fn blocks_tell_what_letters_tell(text in "([a-zA-Z0-9]{0,80}|[ -~\n\t]{0,70}|[é–ß字 ]{0,3}){0,6}") {
            proptest::prop_assert_eq!(with_blocks(&text), without_blocks(&text));
        }
    }

    #[test]
    fn signs_and_words_begin_tokens() {
        let (_, tokens) = with_blocks("a_b, (c)\u{2013} éd\te");
        assert_eq!(tokens, [0, 1, 2, 3, 5, 6, 7, 8, 12, 14, 16]);
    }
}
