//! One word or family name at a place of a text, and what it looks like.

use crate::detect::lexicon::Span;

/// The word after one blank or line end, and after the next line's marks of quotation; in file names also after an
/// underscore.
pub fn next(text: &str, at: usize) -> Option<(usize, usize)> {
    let gap = text[at..].chars().next().filter(|c| matches!(c, ' ' | '\n' | '\u{a0}' | '_'))?;
    let start = at + gap.len_utf8();
    let marks = text[start..].bytes().take_while(|byte| matches!(byte, b'>' | b' ')).count();
    let is_quoted = gap == '\n' && (1..=MOST_MARKS).contains(&marks) && text[start..].starts_with('>');
    word_at(text, if is_quoted { start + marks } else { start })
}

/// Quotations within quotations are seldom deeper.
const MOST_MARKS: usize = 8;

pub fn word_at(text: &str, start: usize) -> Option<(usize, usize)> {
    let end = text[start..].find(|c: char| !c.is_alphanumeric()).map_or(text.len(), |length| start + length);
    (end > start).then_some((start, end))
}

/// A family name with its particles and joints: `de la Cruz`, `van den Berg`, `al-Tamimi`, `Mac Giolla`,
/// `O'Brien`, `Villanueva-Ortiz`.
pub fn family_name(text: &str, word: (usize, usize)) -> Option<(usize, usize)> {
    const PARTICLES: [&str; 32] = [
        "de", "del", "dela", "della", "di", "da", "das", "dos", "do", "du", "la", "le", "los", "lo", "van", "von",
        "der", "den", "ten", "ter", "zu", "st", "al", "el", "bin", "ibn", "abu", "mac", "mc", "o", "ó", "ní",
    ];
    let (start, mut end) = word;
    let mut current = &text[start..end];
    for _ in 0..3 {
        if !PARTICLES.contains(&current.to_lowercase().as_str()) {
            break;
        }
        let further = match text[end..].strip_prefix('-') {
            Some(_) => word_at(text, end + 1),
            None => next(text, end),
        };
        let Some(further) = further.filter(|word| is_name_like(&text[word.0..word.1])) else { break };
        end = further.1;
        current = &text[further.0..end];
    }
    if current.len() == 1 && text[end..].starts_with(['\'', '’']) {
        let quote = text[end..].chars().next().map_or(0, char::len_utf8);
        end = word_at(text, end + quote)?.1;
    }
    is_capital(current).then(|| (start, hyphenated(text, end)))
}

/// What may follow a particle: a further particle or a word with a capital.
fn is_name_like(word: &str) -> bool {
    is_capital(word) || matches!(word, "la" | "las" | "los" | "der" | "den" | "de")
}

/// Past a hyphen and a further capital name.
pub fn hyphenated(text: &str, end: usize) -> usize {
    match text[end..].strip_prefix('-').and_then(|_| word_at(text, end + 1)) {
        Some((start, further)) if is_capital(&text[start..further]) && letters(&text[start..further]) => further,
        _ => end,
    }
}

/// Inside an address, a path or a joined word: no name begins here.
pub fn part_of_longer(text: &str, start: usize) -> bool {
    text[..start].ends_with(['@', '/', '\\', '-', '#', '.', '$'])
}

/// Whether the text ends with one of the spans.
pub fn end_with(spans: &[Span], text: &str) -> bool {
    let at = spans.partition_point(|span| (span.end as usize) < text.len());
    spans[at..].iter().take(2).any(|span| span.end as usize == text.len())
}

pub fn starts(spans: &[Span], start: usize) -> bool {
    spans.binary_search_by_key(&(start as u32), |span| span.start).is_ok()
}

pub fn is_capital(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

pub fn is_upper(word: &str) -> bool {
    !word.chars().any(char::is_lowercase)
}

pub fn is_initial(word: &str) -> bool {
    word.len() == 1 && is_capital(word)
}

pub fn letters(word: &str) -> bool {
    word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | ' '))
}
