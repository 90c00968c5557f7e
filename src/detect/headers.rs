//! What a column is called, and whose it is by that.

use std::cmp::Reverse;
use std::collections::HashMap;

use memchr::memchr_iter;

use super::lexicon::for_each_word;

/// A header's words in lower case, one blank apart; `BirthDt` is two.
pub fn normal(header: &str) -> String {
    let mut apart = String::with_capacity(header.len() + 4);
    let mut before = ' ';
    for c in header.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            apart.push(' ');
        }
        apart.push(c);
        before = c;
    }
    let mut words = Vec::new();
    for_each_word(&apart, |word| {
        words.push(apart[word.span.start as usize..word.span.end as usize].to_lowercase());
    });
    words.join(" ")
}

/// Header cells longer than this are text, not headers.
const MOST_HEADER_WORDS: usize = 6;

/// The words of headers, and which detector claims what stands below them.
#[derive(Default)]
pub struct Headers(HashMap<String, u16>);

impl Headers {
    /// Of the terms of each detector, in their order; of detectors with the same term the first has it.
    pub fn new<'d>(detectors: impl Iterator<Item = &'d [String]>) -> Self {
        let mut claims = HashMap::new();
        for (at, terms) in (0_u16..).zip(detectors) {
            for term in terms {
                claims.entry(term.clone()).or_insert(at);
            }
        }
        Self(claims)
    }

    /// The header is a term, and nothing else.
    pub fn is(&self, header: &str) -> Option<u16> {
        self.0.get(&normal(header)).copied()
    }

    /// The longest term in the header decides, so that `provider name` is not a `name`.
    pub fn claim(&self, header: &str) -> Option<u16> {
        let header = normal(header);
        let mut borders: Vec<usize> = memchr_iter(b' ', header.as_bytes()).collect();
        if header.is_empty() || borders.len() >= MOST_HEADER_WORDS {
            return None;
        }
        borders.push(header.len());
        let starts = || std::iter::once(0).chain(borders.iter().map(|border| border + 1));
        let phrases =
            starts().flat_map(|start| borders.iter().filter(move |end| **end > start).map(move |end| start..*end));
        let known = phrases.filter_map(|phrase| Some((phrase.len(), *self.0.get(&header[phrase])?)));
        known.max_by_key(|(length, detector)| (*length, Reverse(*detector))).map(|(_, detector)| detector)
    }
}
