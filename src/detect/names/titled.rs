//! A name behind a title: `Mrs. Roe`.

use super::word::{family_name, is_upper, letters, next, starts};
use super::{Lists, Surety};
use crate::detect::lexicon::Span;

pub fn titled(text: &str, title: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let mut after = title.end as usize + usize::from(text[title.end as usize..].starts_with(['.', ':']));
    // Typists put two blanks behind a stop.
    after += usize::from(text[after..].starts_with("  "));
    let Some(word) = next(text, after) else { return };
    let Some((start, mut end)) = family_name(text, word) else {
        return lower_case_titled(text, word, lists, found);
    };
    let first = &text[start..end];
    if first.len() < 3 && is_prefix(first) || first.len() < 2 || !letters(first) {
        return;
    }
    if lists.words.holds(first) && !starts(lists.family, start) {
        return;
    }
    let listed = |at: usize| starts(lists.family, at) || starts(lists.given, at);
    let everyday = lists.words.holds(first);
    let surety = if listed(start) && !everyday { Surety::Full } else { Surety::Half };
    // `Re: Price list` is a reply.
    let reply = everyday && text[title.start as usize..title.end as usize].eq_ignore_ascii_case("re");
    if let Some((start, further)) = next(text, end).and_then(|word| family_name(text, word))
        && (listed(start) || !lists.words.holds(&text[start..further]) && letters(&text[start..further]))
        && !is_abbreviation(first, &text[start..further])
    {
        end = further;
    } else if reply {
        return;
    }
    found(Span { start: start as u32, end: end as u32 }, surety);
}

/// `Mr. Roe INR 5.2`: capitals behind a name that has small letters are a test, unless an initial.
fn is_abbreviation(first: &str, further: &str) -> bool {
    further.len() > 1 && is_upper(further) && !is_upper(first)
}

/// What mail programs put before a subject.
fn is_prefix(word: &str) -> bool {
    ["re", "fw"].iter().any(|prefix| word.eq_ignore_ascii_case(prefix))
}

/// `mrs. musson`: names that are listed, and no words.
fn lower_case_titled(text: &str, word: (usize, usize), lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let name = &text[word.0..word.1];
    let listed = |at: usize| starts(lists.family, at) || starts(lists.given, at);
    // `mrs. tharmalingam`: the stop makes sure of the title, and so of the name.
    if name.len() < 3 || !(listed(word.0) || text[..word.0].ends_with(". ")) || lists.words.holds(name) {
        return;
    }
    let further = next(text, word.1).filter(|more| listed(more.0) && !lists.words.holds(&text[more.0..more.1]));
    found(Span { start: word.0 as u32, end: further.map_or(word.1, |more| more.1) as u32 }, Surety::Full);
}
