//! Numbers whose digits are written as words (`four nine two dash four eight`), read as numbers.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::super::Canonical;

/// Fewer digits are counting, or a score.
const LEAST: usize = 7;

const DIGITS: [(&str, char); 11] = [
    ("zero", '0'),
    ("oh", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
];

const SIGNS: [(&str, char); 6] =
    [("dash", '-'), ("hyphen", '-'), ("minus", '-'), ("slash", '/'), ("dot", '.'), ("point", '.')];

/// One of these stands in nearly every such number, and in little else.
static TELLING: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = ["zero", "three", "four", "five", "seven", "eight", "nine"];
    // Of this kind it looks at many bytes at once.
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(words).expect("seven words compile")
});

/// The text with such numbers in digits, if there are any.
pub(super) fn numbers(text: &str) -> Option<Canonical> {
    let mut out = Canonical { text: String::new(), offsets: Vec::new() };
    let (mut copied, mut from) = (0, 0);
    while let Some(told) = TELLING.find(&text[from..]) {
        let near = from + told.start();
        from += told.end();
        // The first digits may be others.
        let start = beginning(text, near).max(copied);
        let amid_a_word = text[..start].ends_with(|c: char| c.is_alphanumeric());
        let Some((end, number)) = number(text, start).filter(|_| !amid_a_word) else { continue };
        mark(&mut out, copied);
        out.text.push_str(&text[copied..start]);
        for (at, sign) in number {
            mark(&mut out, at);
            out.text.push(sign);
        }
        (copied, from) = (end, end.max(from));
    }
    if copied == 0 {
        return None;
    }
    mark(&mut out, copied);
    out.text.push_str(&text[copied..]);
    Some(out)
}

fn mark(out: &mut Canonical, original: usize) {
    out.offsets.push((out.text.len() as u32, original as u32));
}

/// Where the words for digits and signs begin that lead to this place.
fn beginning(text: &str, place: usize) -> usize {
    let mut start = place;
    loop {
        let before = text[..start].trim_end_matches(is_gap);
        let word = before.len() - before.bytes().rev().take_while(u8::is_ascii_alphabetic).count();
        if sign_of(&before[word..]).is_none() || start - before.len() > MOST_GAP {
            return start;
        }
        start = word;
    }
}

/// The number that begins here: where it ends, and each digit and sign with its place.
fn number(text: &str, start: usize) -> Option<(usize, Vec<(usize, char)>)> {
    let (mut found, mut at) = (Vec::new(), start);
    // Where it ends, and how much of it there is then: signs behind the last digit are words of what follows.
    let (mut end, mut whole) = (start, 0);
    loop {
        let length = text[at..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let Some(sign) = sign_of(&text[at..at + length]) else { break };
        found.push((at, sign));
        at += length;
        if sign.is_ascii_digit() {
            (end, whole) = (at, found.len());
        }
        let gap = text[at..].bytes().take_while(|byte| is_gap(char::from(*byte))).count();
        if !(1..=MOST_GAP).contains(&gap) {
            break;
        }
        at += gap;
    }
    found.truncate(whole);
    let digits = found.iter().filter(|(_, sign)| sign.is_ascii_digit()).count();
    (digits >= LEAST).then_some((end, found))
}

fn sign_of(word: &str) -> Option<char> {
    let known = DIGITS.iter().chain(&SIGNS).find(|(known, _)| word.eq_ignore_ascii_case(known));
    known.map(|(_, sign)| *sign)
}

/// What may stand between two of its words.
fn is_gap(c: char) -> bool {
    matches!(c, ' ' | ',' | '-' | '\r' | '\n' | '.')
}

const MOST_GAP: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_words_are_read() {
        for (text, read) in [
            ("SSN two one nine dash oh nine dash six seven eight one.", "SSN 219-09-6781."),
            ("Four, nine, two, four, eight,\r\neight nine eight seven now", "492488987 now"),
            ("one-two-six-one-two-six-one-two-three dash it", "126126123 dash it"),
            ("call five five five oh one four two, or nine nine nine nine nine nine nine", "call 5550142, or 9999999"),
        ] {
            assert_eq!(numbers(text).map(|found| found.text).as_deref(), Some(read), "{text}");
        }
    }

    #[test]
    fn counting_and_talk_stay_as_they_are() {
        for text in [
            "one two three four",
            "three of the four had nine",
            "someone at seven, phone eight",
            "zero",
            "",
            "éfour nine nine nine nine nine nine",
        ] {
            assert!(numbers(text).is_none(), "{text}");
        }
    }

    #[test]
    fn offsets_lead_back_to_each_word() {
        let text = "ID two one nine oh nine six seven eight one, Roe";
        let found = numbers(text).expect("a number");
        for (needle, original) in [("2190", "two"), ("67", "six seven"), ("Roe", "Roe"), ("ID", "ID")] {
            let at = found.text.find(needle).expect("the needle");
            assert_eq!(found.original(at), text.find(original).expect("the original"), "{needle}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_in_order(text in "((one|four|nine|dash|phone|é|x)[ ,-]{0,5}){0,30}") {
            if let Some(found) = numbers(&text) {
                proptest::prop_assert!(found.offsets.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1));
                proptest::prop_assert!(found.offsets.iter().all(|(_, original)| text.is_char_boundary(*original as usize)));
            }
        }
    }
}
