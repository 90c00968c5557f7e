//! The words of a text, folded and hashed, eight letters at a time.

use super::Span;

/// A run of letters and digits.
pub struct Word {
    pub span: Span,
    pub hash: u64,
    /// It begins with a capital.
    pub capital: bool,
    pub digits: bool,
}

/// The hash of a phrase that goes on with a word.
pub fn step(way: u64, hash: u64) -> u64 {
    finish(way.rotate_left(23) ^ hash.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Spreads a hash's high bits into the low ones that tables look at; never 0, which marks a free slot.
pub fn finish(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (hash ^ (hash >> 32)) | 1 << 63
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
        let mixed = (self.hash ^ letters).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.hash = mixed ^ (mixed >> 29);
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
        finish(self.hash)
    }
}

/// What the next eight bytes of a text hold.
struct Eight {
    /// Letters and digits at their head, in lower case, the rest zero.
    letters: u64,
    /// How many these are.
    count: u32,
    digits: bool,
}

/// The same byte eight times.
#[inline(always)]
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

impl Eight {
    /// Looks at all eight at once: a byte plus `0x80 - low` has its high bit set from `low` on.
    #[inline(always)]
    fn at(bytes: &[u8], at: usize) -> Self {
        let raw = match bytes[at..].first_chunk::<8>() {
            Some(eight) => u64::from_le_bytes(*eight),
            None => {
                let mut eight = [0; 8];
                eight[..bytes.len() - at].copy_from_slice(&bytes[at..]);
                u64::from_le_bytes(eight)
            }
        };
        let plain = raw & each(0x7f);
        let lower = plain | each(0x20);
        let from_to = |bytes: u64, low: u8, high: u8| (bytes + each(0x80 - low)) & !(bytes + each(0x7f - high));
        let digits = from_to(plain, b'0', b'9');
        let in_word = (from_to(lower, b'a', b'z') | digits) & !raw & each(0x80);
        let count = (!in_word & each(0x80)).trailing_zeros() / 8;
        let mask = if count == 8 { u64::MAX } else { (1 << (8 * count)) - 1 };
        Self { letters: lower & mask, count, digits: digits & in_word & mask != 0 }
    }
}

/// Calls back for every run of letters and digits, in order; case and Latin accents are folded in the hash.
pub fn for_each_word(text: &str, mut word: impl FnMut(Word)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let mut hasher = Hasher::new();
        let mut eight = Eight::at(bytes, at);
        let mut digits = eight.digits;
        while eight.count == 8 {
            hasher.eight(eight.letters);
            at += 8;
            eight = Eight::at(bytes, at.min(bytes.len()));
            digits |= eight.digits;
        }
        (hasher.letters, hasher.waiting) = (eight.letters, eight.count);
        at += eight.count as usize;
        let mut capital = bytes[start].is_ascii_uppercase();
        // Other scripts, letter by letter, until the word ends.
        while at < bytes.len() && !bytes[at].is_ascii() {
            let c = text[at..].chars().next().expect("a character begins at every boundary");
            if !c.is_alphanumeric() {
                break;
            }
            capital |= at == start && c.is_uppercase();
            let mut utf8 = [0; 4];
            for folded in fold(c).to_lowercase() {
                folded.encode_utf8(&mut utf8).bytes().for_each(|byte| hasher.letter(byte));
            }
            at += c.len_utf8();
            while at < bytes.len() && bytes[at].is_ascii_alphanumeric() {
                digits |= bytes[at].is_ascii_digit();
                hasher.letter(bytes[at].to_ascii_lowercase());
                at += 1;
            }
        }
        if at > start {
            let span = Span { start: start as u32, end: at as u32 };
            word(Word { span, hash: hasher.finish(), capital, digits });
        }
        // What stands between words: mostly one blank, else a dash, a quote, an emoji.
        while at < bytes.len() && !bytes[at].is_ascii_alphanumeric() {
            if bytes[at].is_ascii() {
                at += 1;
                continue;
            }
            let c = text[at..].chars().next().expect("a character begins at every boundary");
            if c.is_alphanumeric() {
                break;
            }
            at += c.len_utf8();
        }
    }
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
