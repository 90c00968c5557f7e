//! Text with evasions undone: NFKC, invisible characters out, look-alikes folded, dashes and digits made plain, what stands
//! apart joined, digits in words read.
//!
//! Only text that needs it gets a canonical form; offsets in it lead back to the text as it stands.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Canonical;

mod spaced;
mod spelled;

/// The canonical form, if it differs.
pub(super) fn of(text: &str) -> Option<Canonical> {
    let mut form = if text.is_ascii() { None } else { folded(text) };
    for read in [spaced::joined, spelled::numbers] {
        let further = match &form {
            None => read(text),
            Some(form) => read(&form.text).map(|further| after(form, further)),
        };
        form = further.or(form);
    }
    form
}

/// The offsets of a form of a form, leading back to the text as it stands.
fn after(inner: &Canonical, outer: Canonical) -> Canonical {
    let mut offsets = Vec::with_capacity(outer.offsets.len() + inner.offsets.len());
    let mut waiting = inner.offsets.iter().peekable();
    for (at, (start, from)) in outer.offsets.iter().enumerate() {
        let end = outer.offsets.get(at + 1).map_or(u32::MAX, |(next, _)| from + (next - start));
        offsets.push((*start, inner.original(*from as usize) as u32));
        while let Some((place, original)) = waiting.next_if(|(place, _)| *place < end) {
            if place > from {
                offsets.push((start + (place - from), *original));
            }
        }
    }
    Canonical { text: outer.text, offsets }
}

/// Look-alikes, invisible characters and signs of other scripts made plain.
fn folded(text: &str) -> Option<Canonical> {
    let first = text.as_bytes().iter().position(|byte| *byte >= 0x80)?;
    let mut writer = Writer::default();
    // Words are folded whole, since mixed scripts show only in a whole word.
    let start = text[..first].rfind(is_word_end).map_or(0, |at| at + 1);
    writer.copy(&text[..start], 0);
    let mut at = start;
    while at < text.len() {
        let rest = &text[at..];
        if let Some(run) = reversed_run(rest) {
            writer.reversed(run, at);
            at += run.len();
            continue;
        }
        let (word, gap) = split_word(rest);
        writer.word(word, at);
        writer.gap(gap, at + word.len());
        at += word.len() + gap.len();
    }
    writer.mark(text.len());
    writer.changed.then_some(Canonical { text: writer.out, offsets: writer.offsets })
}

fn is_word_end(c: char) -> bool {
    (c.is_ascii() && !c.is_ascii_alphanumeric()) || c == RIGHT_TO_LEFT
}

/// From here letters run from right to left (U+202E), until U+202C or the end of the line.
const RIGHT_TO_LEFT: char = '\u{202e}';

/// The stretch that is shown backwards, if one begins here.
fn reversed_run(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix(RIGHT_TO_LEFT)?;
    let len = inner.find(['\u{202c}', '\n']).unwrap_or(inner.len());
    Some(&rest[..RIGHT_TO_LEFT.len_utf8() + len])
}

/// A word, and the ASCII that is no word up to the next one.
fn split_word(rest: &str) -> (&str, &str) {
    let end = rest.find(is_word_end).unwrap_or(rest.len());
    let (word, rest) = rest.split_at(end);
    let gap = rest.find(|c: char| !is_word_end(c) || c == RIGHT_TO_LEFT).unwrap_or(rest.len());
    (word, &rest[..gap])
}

#[derive(Default)]
struct Writer {
    out: String,
    offsets: Vec<(u32, u32)>,
    changed: bool,
}

impl Writer {
    fn copy(&mut self, text: &str, at: usize) {
        if self.offsets.is_empty() || self.changed {
            self.mark(at);
        }
        self.out.push_str(text);
    }

    /// Here begins a stretch where offsets advance together.
    fn mark(&mut self, at: usize) {
        let pair = (self.out.len() as u32, at as u32);
        let follows = self
            .offsets
            .last()
            .is_some_and(|(canonical, original)| pair.0.wrapping_sub(*canonical) == pair.1.wrapping_sub(*original));
        if !follows {
            self.offsets.push(pair);
        }
    }

    /// Shown in the order in which it is read; each character leads back to the beginning of the run.
    fn reversed(&mut self, run: &str, at: usize) {
        self.changed = true;
        for c in run.chars().rev().filter(|c| !is_invisible(*c)).nfkc() {
            self.offsets.push((self.out.len() as u32, at as u32));
            self.out.push(plain_sign(c));
        }
        self.offsets.push((self.out.len() as u32, (at + run.len()) as u32));
    }

    fn gap(&mut self, gap: &str, at: usize) {
        self.mark(at);
        self.out.push_str(gap);
    }

    fn word(&mut self, word: &str, at: usize) {
        self.mark(at);
        if word.is_ascii() {
            return self.out.push_str(word);
        }
        let fold = mixes_scripts(word);
        let mut chars = word.char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            self.mark(at + offset);
            if c.is_ascii() && !chars.peek().is_some_and(|(_, next)| is_combining_mark(*next)) {
                self.out.push(c);
                continue;
            }
            // A letter and its combining marks normalise together.
            let mut end = offset + c.len_utf8();
            while let Some((_, mark)) = chars.peek().filter(|(_, mark)| is_combining_mark(*mark)) {
                end += mark.len_utf8();
                chars.next();
            }
            let cluster = &word[offset..end];
            if is_tag(c) {
                // Alone they are noise inside other text; many say something, though nobody sees it.
                let run = word[offset..].chars().take_while(|c| is_tag(*c)).count();
                for tag in word[offset..].chars().take(run).filter(|_| run >= MIN_TAGS) {
                    self.out.extend(char::from_u32(tag as u32 - 0xe0000));
                }
                self.changed = true;
                chars.by_ref().take(run - 1).for_each(drop);
                continue;
            }
            let before = self.out.len();
            self.fold_into(cluster, fold, at + offset);
            self.changed |= &self.out[before..] != cluster;
        }
    }

    /// Every character that comes out leads back to the beginning of what it was.
    fn fold_into(&mut self, cluster: &str, fold: bool, at: usize) {
        for c in cluster.chars().filter(|c| !is_invisible(*c)).nfkc().filter(|c| !is_decoration(*c)) {
            self.mark(at);
            let c = plain_sign(c);
            self.out.push(if fold { look_alike(c) } else { c });
        }
    }
}

/// Lines under, over and through letters that are no part of any letter.
fn is_decoration(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20f0}')
}

/// Tag characters: ASCII that no font shows (U+E0020 to U+E007E).
fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007e}')
}

/// Fewer in a row are noise, or a flag's.
const MIN_TAGS: usize = 7;

/// Default-ignorable code points and others that show nothing: zero width, soft hyphen, bidi, tags, variation selectors.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Dashes, quotes, blanks and digits of other shapes as their ASCII kin.
fn plain_sign(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}'
        | '\u{2043}'
        | '\u{2212}'
        | '\u{2796}'
        | '\u{fe58}'
        | '\u{fe63}'
        | '\u{ff0d}'
        | '\u{30fc}'
        | '\u{2e3a}'
        | '\u{2e3b}' => '-',
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' | '\u{2bc}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{2033}' => '"',
        '\u{2028}' | '\u{2029}' => '\n',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{2024}' | '\u{b7}' => '.',
        '\u{1680}' | '\u{2800}' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        _ => decimal_digit(c).unwrap_or(c),
    }
}

/// Digits of other scripts stand in blocks of ten.
fn decimal_digit(c: char) -> Option<char> {
    const ZEROS: &[u32] = &[
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20,
        0x1040, 0x17e0, 0x1810, 0x1946, 0xa620, 0xff10,
    ];
    let code = c as u32;
    ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code)).and_then(|zero| char::from_digit(code - zero, 10))
}

/// Latin letters or digits beside letters that only look like them.
fn mixes_scripts(word: &str) -> bool {
    let (mut latin, mut alike) = (false, false);
    for c in word.chars() {
        latin |= c.is_ascii_alphanumeric();
        alike |= !c.is_ascii() && look_alike(c).is_ascii();
    }
    // A whole word of look-alikes of which each has its Latin twin is no Russian either.
    alike && (latin || word.chars().filter(|c| c.is_alphabetic()).all(|c| look_alike(c).is_ascii()))
}

/// The Latin letter that a Cyrillic, Greek, Armenian or Cherokee one is drawn like.
fn look_alike(c: char) -> char {
    match c {
        // Small capitals, and the letters of flags.
        'ᴀ' => 'a',
        'ʙ' => 'b',
        'ᴄ' => 'c',
        'ᴅ' => 'd',
        'ᴇ' => 'e',
        'ꜰ' => 'f',
        'ɢ' => 'g',
        'ʜ' => 'h',
        'ɪ' => 'i',
        'ᴊ' => 'j',
        'ᴋ' => 'k',
        'ʟ' => 'l',
        'ᴍ' => 'm',
        'ɴ' => 'n',
        'ᴏ' => 'o',
        'ᴘ' => 'p',
        'ǫ' => 'q',
        'ʀ' => 'r',
        'ꜱ' => 's',
        'ᴛ' => 't',
        'ᴜ' => 'u',
        'ᴠ' => 'v',
        'ᴡ' => 'w',
        'ʏ' => 'y',
        'ᴢ' => 'z',
        '\u{1f1e6}'..='\u{1f1ff}' => char::from(b'A' + (c as u32 - 0x1f1e6) as u8),
        'а' | 'α' | 'ɑ' => 'a',
        'А' | 'Α' | 'Ꭺ' => 'A',
        'В' | 'Β' | 'Ᏼ' => 'B',
        'с' | 'ϲ' | 'ⅽ' => 'c',
        'С' | 'Ϲ' | 'Ꮯ' => 'C',
        'ԁ' | 'ⅾ' => 'd',
        'Ꭰ' => 'D',
        'е' | 'ҽ' | 'є' => 'e',
        'Е' | 'Ε' | 'Ꭼ' => 'E',
        'ɡ' | 'ց' => 'g',
        'һ' | 'հ' => 'h',
        'Н' | 'Η' | 'Ꮋ' => 'H',
        'і' | 'ι' | 'ı' | 'Ꭵ' => 'i',
        'І' | 'Ι' | 'Ӏ' => 'I',
        'ј' => 'j',
        'Ј' => 'J',
        'к' | 'κ' => 'k',
        'К' | 'Κ' => 'K',
        'ӏ' | 'ⅼ' | '∣' => 'l',
        'М' | 'Μ' | 'Ꮇ' => 'M',
        'м' => 'm',
        'ո' => 'n',
        'Ν' => 'N',
        'о' | 'ο' | 'օ' => 'o',
        'О' | 'Ο' | 'Օ' => 'O',
        'р' | 'ρ' => 'p',
        'Р' | 'Ρ' | 'Ꮲ' => 'P',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' => 's',
        'Ѕ' | 'Տ' | 'Ꮪ' => 'S',
        'т' | 'τ' => 't',
        'Т' | 'Τ' | 'Ꭲ' => 'T',
        'υ' | 'ս' => 'u',
        'Ս' => 'U',
        'ν' | 'ѵ' => 'v',
        'Ѵ' => 'V',
        'ԝ' | 'ѡ' => 'w',
        'Ԝ' | 'Ꮃ' => 'W',
        'х' | 'χ' => 'x',
        'Х' | 'Χ' => 'X',
        'у' | 'γ' | 'ү' => 'y',
        'У' | 'Υ' | 'Ү' => 'Y',
        'Ζ' | 'Ꮓ' => 'Z',
        'З' | 'Ʒ' => '3',
        'Ꮞ' | 'ч' | 'Ч' => '4',
        'б' => '6',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evasions_are_undone() {
        for (text, canonical) in [
            ("２１９-０９-６７８１", "219-09-6781"),
            ("219\u{200b}-09\u{ad}-67\u{202d}81", "219-09-6781"),
            ("219–09—6781", "219-09-6781"),
            ("219\u{2011}09\u{2212}6781", "219-09-6781"),
            ("m\u{435}tf\u{43e}rmin", "metformin"),
            ("ＳＳＮ", "SSN"),
            ("ﬁne", "fine"),
            ("٢١٩", "219"),
            ("a\u{a0}b", "a b"),
            ("S\u{e0053}SN", "SSN"),
            ("①", "1"),
            ("5\u{332}1\u{336}5 Jose\u{301}", "515 Jos\u{e9}"),
            ("hi \u{e0032}\u{e0031}\u{e0039}\u{e002d}\u{e0030}\u{e0039}\u{e002d}", "hi 219-09-"),
            ("SSN \u{202e}1876-90-912\u{202c} ok", "SSN 219-09-6781 ok"),
            ("a\u{202e}cb\nd", "abc\nd"),
            ("don\u{2019}t", "don't"),
            ("2\u{20e3}1\u{20e3}9\u{fffc}0\u{81}9\u{1d173}6781", "219096781"),
            ("SSN\u{2800}219", "SSN 219"),
            ("ᴍᴇᴛꜰᴏʀᴍɪɴ", "metformin"),
            ("🇸🇸🇳 219", "SSN 219"),
            ("S\u{a0}S\u{a0}N 2 1 9 - 0 9 - 6 7 8 1", "SSN 219-09-6781"),
            ("２ １ ９ - ０ ９ - ６ ７ ８ １", "219-09-6781"),
        ] {
            assert_eq!(of(text).expect("a canonical form").text, canonical, "{text}");
        }
    }

    #[test]
    fn ordinary_text_has_none() {
        for text in ["plain", "", "café Jörg", "Пациент принят", "日本語"] {
            assert!(of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn offsets_lead_back_to_the_text() {
        let text = "é SSN ２１９\u{200b}-０９-６７８１ and m\u{435}t";
        let canonical = of(text).expect("a canonical form");
        assert_eq!(canonical.text, "é SSN 219-09-6781 and met");
        for (needle, original) in [("219", "２１９"), ("-09", "-０９"), ("and", "and"), ("met", "m\u{435}t")] {
            let at = canonical.text.find(needle).expect("the needle");
            assert_eq!(canonical.original(at), text.find(original).expect("the original"), "{needle}");
        }
    }

    #[test]
    fn every_offset_leads_to_the_beginning_of_a_character() {
        for text in [
            "ab\u{202e}é １\u{202c}c",
            "a\u{fb01}ne \u{2462} x",
            "e\u{301}\u{fb03}\u{200b}\u{ff11}",
            "\u{2100}\u{1f100} \u{fdfa}!",
            "½ ㎏ ﷺ",
            "é J o h n and ２\u{200b} １ ９ - ０ ９ - ６ ７ ８ １ é",
        ] {
            let canonical = of(text).expect("a canonical form");
            for at in canonical.text.char_indices().map(|(at, _)| at).chain([canonical.text.len()]) {
                assert!(text.is_char_boundary(canonical.original(at)), "{text} at {at}");
            }
            assert_eq!(canonical.original(canonical.text.len()), text.len());
        }
    }
}
