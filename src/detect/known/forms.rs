//! The site's blank forms by fingerprint: what a form prints tells of nobody.
//!
//! A form is kept as the hashes of all runs of four of its words (shingles). A text that has nearly all of
//! them is that form, and the words that make them are the form's own, not the sender's.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::super::lexicon::{Span, for_each_word};

/// Words in a shingle.
const WORDS: usize = 4;
/// A form with fewer shingles is found in texts that have nothing to do with it.
const LEAST: usize = 12;
/// So many of a form's shingles, of a hundred, make a text that form: each value written between two
/// words takes three away.
const MOST_MISSING: usize = 40;

/// The forms of a site.
#[derive(Clone, Debug, Default)]
pub struct Forms {
    /// The forms that each shingle belongs to.
    owners: HashMap<u64, Vec<u32>>,
    /// Distinct shingles of each form.
    sizes: Vec<usize>,
}

impl Forms {
    /// Takes in a form's text. One that is too short to be told from other texts is refused with `false`.
    pub fn add(&mut self, text: &str) -> bool {
        let shingles: HashSet<u64> = shingles(text).map(|(hash, _)| hash).collect();
        if shingles.len() < LEAST {
            return false;
        }
        let form = self.sizes.len() as u32;
        self.sizes.push(shingles.len());
        shingles.into_iter().for_each(|hash| self.owners.entry(hash).or_default().push(form));
        true
    }

    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// The stretches of a text that a known form prints, in order and apart.
    pub fn printed(&self, text: &str) -> Vec<Range<usize>> {
        if self.is_empty() {
            return Vec::new();
        }
        let found: Vec<(u64, Range<usize>)> =
            shingles(text).filter(|(hash, _)| self.owners.contains_key(hash)).collect();
        let mut counts = vec![0; self.sizes.len()];
        let mut counted = HashSet::new();
        for (hash, _) in &found {
            if counted.insert(*hash) {
                self.owners[hash].iter().for_each(|form| counts[*form as usize] += 1);
            }
        }
        let is_here = |form: &u32| counts[*form as usize] * 100 >= self.sizes[*form as usize] * (100 - MOST_MISSING);
        let mut printed: Vec<Range<usize>> = Vec::new();
        for (hash, span) in found {
            if !self.owners[&hash].iter().any(is_here) {
                continue;
            }
            match printed.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => printed.push(span),
            }
        }
        printed
    }
}

/// Each run of [`WORDS`] words, by its hash and place.
fn shingles(text: &str) -> impl Iterator<Item = (u64, Range<usize>)> {
    let mut words: Vec<(u64, Span)> = Vec::new();
    for_each_word(text, |word| words.push((word.hash, word.span)));
    let runs: Vec<(u64, Range<usize>)> = words
        .windows(WORDS)
        .map(|run| {
            let hash = run
                .iter()
                .fold(0_u64, |hash, (word, _)| (hash.rotate_left(13) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            (hash, run[0].1.start as usize..run[WORDS - 1].1.end as usize)
        })
        .collect();
    runs.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "NEW PATIENT HISTORY. Name: ____ Date of birth: ____ Have you ever had any of the following: \
        diabetes, asthma, high blood pressure, heart disease, stroke, cancer, hepatitis? Please list all medicines that \
        you take now, with their doses. Emergency contact: ____ Signature: ____";

    fn forms() -> Forms {
        let mut forms = Forms::default();
        assert!(forms.add(FORM));
        forms
    }

    #[test]
    fn a_blank_form_is_printed_from_end_to_end() {
        assert_eq!(forms().printed(FORM).len(), 1);
    }

    #[test]
    fn what_is_written_into_a_form_is_not_the_forms() {
        let filled = FORM.replacen("____", "Jane Roe", 1).replacen("____", "10/24/1971", 1);
        let printed = forms().printed(&filled);
        assert!(printed.len() > 1);
        let is_printed = |word: &str| {
            let at = filled.find(word).expect("it is there");
            printed.iter().any(|span| span.contains(&at))
        };
        assert!(is_printed("hepatitis") && !is_printed("Jane") && !is_printed("10/24"));
    }

    #[test]
    fn a_sentence_that_a_form_has_too_is_no_form() {
        assert!(forms().printed("He has diabetes, asthma, high blood pressure, heart disease, stroke.").is_empty());
        assert!(!Forms::default().add("Please sign here."), "too short to be told from other texts");
    }
}
