//! A family name before its given name: `Roe, Jo`, `ROE^JO`.

use super::word::{end_with, hyphenated, is_capital, is_initial, is_upper, letters, next, starts, word_at};
use super::{Lists, Surety};
use crate::detect::lexicon::Span;

pub fn last_first(text: &str, family: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let last = &text[family.start as usize..family.end as usize];
    let rest = &text[hyphenated(text, family.end as usize)..];
    let Some(after) = rest.strip_prefix(',').or_else(|| rest.strip_prefix('^')) else { return };
    let start = text.len() - after.trim_start_matches(' ').len();
    let Some(given) = word_at(text, start) else { return };
    let first = &text[given.0..given.1];
    // `Lowell, MA` is a place.
    if first.len() == 2 && is_upper(first) {
        return;
    }
    // `20 MIN, TPA OR TNK`: of a name that no list knows three letters are none.
    let loud = first.len() > 3
        && last.len() > 2
        && letters(first)
        && is_upper(first)
        && is_upper(last)
        && !lists.words.holds(first);
    if !is_capital(last) || !is_capital(first) || !(starts(lists.given, given.0) || loud) {
        return;
    }
    if enumerated(text, family.start as usize, given.1, lists) {
        return;
    }
    let mut end = given.1;
    if let Some(initial) = next(text, end).filter(|word| is_initial(&text[word.0..word.1])) {
        end = initial.1;
    }
    // `Mary, Carl was my first boss`: whom it is told, and of whom.
    let called = starts(lists.given, family.start as usize) && !is_upper(last);
    let surety = match (lists.words.holds(first), lists.words.holds(last)) {
        (false, false) if called => Surety::Unknown,
        (false, false) => Surety::Full,
        (true, true) => Surety::Little,
        _ => Surety::Half,
    };
    found(Span { start: family.start, end: end as u32 }, surety);
}

/// `TSERETELI, LOUIS`: a family name that no list knows before a listed given name.
pub fn unlisted_family(text: &str, given: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let first = &text[given.start as usize..given.end as usize];
    let Some(before) = text[..given.start as usize].trim_end_matches(' ').strip_suffix(',') else { return };
    let start = before
        .rfind(|c: char| !(c.is_alphabetic() || matches!(c, '-' | '\'' | '’')))
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let last = &before[start..];
    if enumerated(text, start, given.end as usize, lists) {
        return;
    }
    let unlisted = !starts(lists.family, start) && !end_with(lists.family, before) && !end_with(lists.given, before);
    // `to ICU, Denny to tele`
    let is_abbreviation = last.len() < 5 && is_upper(last) && !is_upper(first);
    if last.len() > 2
        && unlisted
        && !is_abbreviation
        && is_capital(last)
        && is_capital(first)
        && !lists.words.holds(last)
        && !lists.words.holds(first)
    {
        found(Span { start: start as u32, end: given.end }, Surety::Half);
    }
}

/// `Ann Roe, Carl Smith`: persons one after the other, none of them a family name before its given name.
fn enumerated(text: &str, start: usize, end: usize, lists: &Lists<'_>) -> bool {
    let before = text[..start].strip_suffix(' ').is_some_and(|before| end_with(lists.given, before));
    let after = next(text, end).is_some_and(|word| {
        let name = &text[word.0..word.1];
        name.len() > 1 && is_capital(name) && starts(lists.family, word.0) && !starts(lists.given, word.0)
    });
    // `ours were Dawn, Carl, Ann and me`
    let rest = text[end..].strip_prefix(", ").or_else(|| text[end..].strip_prefix(" and "));
    let third = rest.is_some_and(|rest| starts(lists.given, text.len() - rest.len()));
    let first = text[..start].strip_suffix(", ").is_some_and(|before| end_with(lists.given, before));
    let given = starts(lists.given, start) && (first || third);
    before && text[..start].trim_end().ends_with(char::is_lowercase) || (after || given) && !is_upper(&text[start..end])
}
