//! A given name and a family name after it: `Mary-Ann P. Roe`, `J. Roe`.

use super::word::{
    end_with, family_name, hyphenated, is_capital, is_initial, is_upper, letters, next, part_of_longer, starts, word_at,
};
use super::{Lists, Surety};
use crate::detect::lexicon::Span;

pub fn full(text: &str, given: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let first = &text[given.start as usize..given.end as usize];
    if !is_capital(first) || part_of_longer(text, given.start as usize) {
        return;
    }
    let mut at = given_end(text, given.end as usize, lists);
    let mut family = next(text, at);
    // A middle initial, or a second given name before the family name.
    let apostrophe = |at: usize| text[at..].starts_with(['\'', '’']);
    if let Some(word) = family.filter(|word| is_initial(&text[word.0..word.1]) && !apostrophe(word.1)) {
        at = word.1 + usize::from(text[word.1..].starts_with('.'));
        family = next(text, at);
    } else if let Some(word) = family.filter(|word| starts(lists.given, word.0))
        && let Some(third) = next(text, word.1).filter(|third| {
            let name = &text[third.0..third.1];
            is_capital(name) && starts(lists.family, third.0) && !lists.words.holds(name)
        })
    {
        family = Some(third);
    }
    let Some((start, end)) = family.and_then(|word| family_name(text, word)) else {
        // `Jukka R.`: a given name and an initial.
        if at > given_end(text, given.end as usize, lists) && text[..at].ends_with('.') && !lists.words.holds(first) {
            found(Span { start: given.start, end: at as u32 }, Surety::Half);
        }
        return;
    };
    let last = &text[start..end];
    let listed = starts(lists.family, start);
    let word = lists.words.holds(last);
    let initial_only = text[..at].ends_with('.') && !lists.words.holds(first);
    // `Oksana EDW 86.6`: an abbreviation after a given name.
    let abbreviated = !listed && last.len() < 5 && is_upper(last) && !is_upper(first);
    if end - start < 2 || abbreviated || (!listed && (word || !letters(last))) {
        if initial_only {
            found(Span { start: given.start, end: at as u32 }, Surety::Half);
        }
        return;
    }
    let surety = match (lists.words.holds(first), listed && !word) {
        (false, true) => Surety::Full,
        (true, false) if !amid_a_sentence(text, given.start as usize, end) => Surety::Little,
        _ => Surety::Half,
    };
    found(Span { start: given.start, end: end as u32 }, surety);
}

/// Past a hyphen and the rest of a given name: `Mary-Ann`, `Min-jun`.
fn given_end(text: &str, end: usize, lists: &Lists<'_>) -> usize {
    let small = |word: &str| word.len() > 1 && word.chars().all(char::is_lowercase) && !lists.words.holds(word);
    match text[end..].strip_prefix('-').and_then(|_| word_at(text, end + 1)) {
        Some((start, further)) if small(&text[start..further]) => further,
        _ => hyphenated(text, end),
    }
}

/// Whether two capital words stand between small ones: `met Faith Case for an hour` has no reason for its
/// capitals but a name, where a title or a sentence's start has one.
fn amid_a_sentence(text: &str, start: usize, end: usize) -> bool {
    let Some(before) = text[..start].strip_suffix(' ') else { return false };
    // Places and purposes have such names too: `in Grant Park`, `for Will Power`.
    let named = ["the", "at", "in", "to", "from", "by", "of", "via", "for"];
    let last = before.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let follows = text[end..].trim_start_matches([',', '.', ';', ')', '\'', '’']).trim_start_matches(' ');
    before.ends_with(char::is_lowercase)
        && !is_capital(last)
        && !named.contains(&last)
        && !follows.starts_with(char::is_uppercase)
}

/// A listed family name after an initial (`J. Roe`) or a given name that no list knows.
pub fn unlisted_given(text: &str, family: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let start = family.start as usize;
    let last = &text[start..family.end as usize];
    if last.len() < 2 || !is_capital(last) {
        return;
    }
    let everyday = lists.words.holds(last);
    let Some(before) = text[..start].strip_suffix([' ', '\u{a0}']) else { return };
    let bare = before.strip_suffix('.').unwrap_or(before);
    let first_at = bare
        .rfind(|c: char| !(c.is_alphabetic() || matches!(c, '-' | '\'' | '’')))
        .map_or(0, |at| at + bare[at..].chars().next().map_or(1, char::len_utf8));
    let first = &bare[first_at..];
    let middle = before[..first_at].strip_suffix(' ').is_some_and(|rest| end_with(lists.given, rest));
    // `A MAN IN HIS SIXTIES`
    let article = everyday && is_upper(last) && bare.len() == before.len();
    let initial = is_initial(first) && !middle && !article;
    let loud = is_upper(first) && !is_upper(last);
    let abbreviated = last.len() < 3 && is_upper(last);
    let unknown = bare.len() == before.len()
        && first.len() > 2
        && !loud
        && !abbreviated
        && is_capital(first)
        && !lists.words.holds(first);
    // `C. Smith`: a name that is a word as well needs the initial.
    if !(initial || unknown && !everyday) || starts(lists.given, first_at) || part_of_longer(text, first_at) {
        return;
    }
    found(
        Span { start: first_at as u32, end: hyphenated(text, family.end as usize) as u32 },
        if everyday { Surety::Little } else { Surety::Half },
    );
}

/// `Z. Krishnamurthy`: an initial before a name that no list knows, and that is no word.
pub fn unlisted_after_initial(text: &str, family: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let (start, end) = (family.start as usize, family.end as usize);
    let Some(before) = text[..start].strip_suffix(". ") else { return };
    let Some(initial) = before.chars().next_back().filter(|c| c.is_uppercase()) else { return };
    let first_at = before.len() - initial.len_utf8();
    let last = &text[start..end];
    if before[..first_at].ends_with(|c: char| c.is_alphanumeric() || c == '.') || part_of_longer(text, first_at) {
        return;
    }
    if last.len() > 3 && !is_upper(last) && !lists.words.holds(last) {
        found(Span { start: first_at as u32, end: hyphenated(text, end) as u32 }, Surety::Unknown);
    }
}

/// `Haruto Grzybowska`, `Rommel Mabini`: a name that no list knows, and is no word, after another such
/// or after one that lists know as a family name only.
pub fn unlisted_both(text: &str, given: Span, lists: &Lists<'_>, found: &mut impl FnMut(Span, Surety)) {
    let first = &text[given.start as usize..given.end as usize];
    if first.len() < 3 || is_upper(first) || part_of_longer(text, given.start as usize) || lists.words.holds(first) {
        return;
    }
    let Some(word) = next(text, hyphenated(text, given.end as usize)).filter(|word| text[..word.0].ends_with(' '))
    else {
        return;
    };
    let known = starts(lists.given, word.0) && !starts(lists.family, given.start as usize);
    // `Rutger van Houten`: what stands before a name of a place there is a person's.
    let particle = matches!(&text[word.0..word.1], "van" | "von" | "ter" | "ten");
    if !starts(lists.unlisted, word.0) && !known && !particle {
        return;
    }
    let Some((start, end)) = family_name(text, word) else { return };
    let last = &text[start..end];
    if last.len() > 2 && !is_upper(last) && letters(last) && !lists.words.holds(last) {
        found(Span { start: given.start, end: end as u32 }, Surety::Unknown);
    }
}
