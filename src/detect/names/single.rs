//! One name alone, with a family name's initial or without, and names in small letters: `Roe`, `Jo R.`, `jo roe, 34f`.

use super::word::{is_capital, is_initial, is_upper, letters, next, starts};
use super::{Lists, Surety};
use crate::detect::lexicon::Span;

pub fn single(text: &str, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let mut last = u32::MAX;
    for span in lists.given.iter().chain(lists.family.iter().filter(|span| !starts(lists.given, span.start as usize))) {
        let name = &text[span.start as usize..span.end as usize];
        // `ALT 312` is a test.
        let short = name.len() < 3 || name.len() == 3 && is_upper(name);
        let end = initial_after(text, span.end as usize);
        // `Crystal W.`: what has an initial behind it is hardly a word.
        let is_word = lists.words.holds(name) && !text[span.end as usize..end].ends_with('.');
        if span.start != last && !short && !is_word && !is_in_address(text, end) {
            found(Span { end: end as u32, ..*span }, if is_capital(name) { Surety::Full } else { Surety::Half });
        }
        last = span.start;
    }
    for span in lists.unlisted {
        let name = &text[span.start as usize..span.end as usize];
        if name.len() > 3 && !is_upper(name) && !lists.words.holds(name) {
            found(*span, Surety::Unknown);
        }
    }
}

/// `ginny.l@mail.example` calls nobody by that name.
fn is_in_address(text: &str, end: usize) -> bool {
    let rest = text.as_bytes()[end..].iter().take(MOST_LOCAL);
    rest.take_while(|byte| !byte.is_ascii_whitespace() && !b"<>,;".contains(byte)).any(|byte| *byte == b'@')
}

/// What stands before the `@` is no longer (RFC 5321 §4.5.3.1.1).
const MOST_LOCAL: usize = 64;

/// Past the family name's initial behind a given name: `Jo R. has seizures`; `A` and `I` are words.
fn initial_after(text: &str, end: usize) -> usize {
    match next(text, end) {
        Some((start, after)) if is_initial(&text[start..after]) && !matches!(&text[start..after], "A" | "I") => {
            after + usize::from(text[after..].starts_with('.'))
        }
        _ => end,
    }
}

pub fn lower_case(text: &str, given: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let first = &text[given.start as usize..given.end as usize];
    if first.len() < 3 || is_capital(first) || lists.words.holds(first) {
        return;
    }
    let Some((start, end)) = next(text, given.end as usize) else { return };
    let last = &text[start..end];
    // `susan m.`: the family name's initial.
    if last.len() == 1 && text[end..].starts_with('.') && !matches!(last, "a" | "i") {
        return found(Span { start: given.start, end: end as u32 + 1 }, Surety::Half);
    }
    if last.len() < 3 || is_capital(last) || !letters(last) {
        return;
    }
    let surety = match (starts(lists.family, start), lists.words.holds(last)) {
        (true, false) => Surety::Full,
        (false, true) => return,
        (false, false) => Surety::Unknown,
        // `darlene miller 15f`
        (true, true) if has_age(&text[end..]) => Surety::Half,
        (true, true) => Surety::Little,
    };
    found(Span { start: given.start, end: end as u32 }, surety);
}

/// Whether an age and a sex follow.
fn has_age(after: &str) -> bool {
    let age = after.trim_start_matches([' ', ',']);
    let years = age.bytes().take_while(u8::is_ascii_digit).count();
    (1..=3).contains(&years) && age[years..].trim_start_matches(' ').starts_with(['f', 'm', 'F', 'M'])
}
