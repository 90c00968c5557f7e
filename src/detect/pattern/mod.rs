//! Regular expressions, each tried only where it can match.
//!
//! Two hundred expressions one after the other manage 5 MB/s. So each is asked what every match
//! must hold ([`gate`]): a digit near its start, or one of a few literals. Numbers come from the word
//! pass, literals from one table; those that need a digit are tried together ([`group`]) from the
//! places before each number where a match may begin. What counts only behind a label (`MRN`,
//! `claim no`) is tried behind its labels and nowhere else.

mod begin;
mod expression;
mod gate;
mod group;
mod literals;
mod syntax;

use std::ops::Range;

use regex_automata::Anchored;

use super::lexicon::{Span, Words};
use super::sieve::Sieve;
use begin::Begins;
pub use expression::{Labels, Pattern};
use gate::Gate;
use group::Group;
use literals::{Literal, Literals};

/// All expressions of a ruleset.
pub struct Patterns {
    all: Vec<Pattern>,
    /// Those that need a digit, by where they begin.
    numeric: Vec<Numeric>,
    /// Those that are tried everywhere.
    open: Vec<usize>,
    literals: Option<Literals>,
    /// Those that begin with a literal: whether one matches where it stands is asked of all at once.
    starts: Option<Group>,
    /// Those that count behind a label only.
    labelled: Vec<usize>,
}

/// Expressions that need a digit, tried before numbers.
struct Numeric {
    group: Group,
    /// The most that stands before the first digit.
    before: usize,
    /// The longest match.
    reach: usize,
    begins: Begins,
}

impl Numeric {
    /// Of those for which `belongs` holds: where they begin.
    fn of(all: &[Pattern], belongs: impl Fn(Begins) -> bool) -> Result<Option<Self>, String> {
        let members: Vec<(usize, &Pattern, usize)> = all
            .iter()
            .enumerate()
            .filter(|(_, pattern)| pattern.labels.is_none())
            .filter_map(|(at, pattern)| match pattern.gate {
                Gate::Digit { before } if belongs(pattern.begins) => Some((at, pattern, before)),
                _ => None,
            })
            .collect();
        let group = Group::of(members.iter().map(|(at, pattern, _)| (*at, pattern.source.as_str())))?;
        let before = members.iter().map(|(_, _, before)| *before).max().unwrap_or(0);
        let reach = members.iter().map(|(_, pattern, _)| pattern.reach).max().unwrap_or(0);
        let begins = members.iter().fold(Begins::default(), |all, (_, pattern, _)| all.or(pattern.begins));
        Ok(group.map(|group| Self { group, before, reach, begins }))
    }

    /// Calls back with each expression that may match, and the place where.
    fn scan(&self, text: &str, words: &Words, mut hit: impl FnMut(usize, usize)) {
        let bytes = text.as_bytes();
        let mut walk = self.group.walk();
        let mut places = Sieve::with_room(TOGETHER);
        let mut done = 0;
        for numbers in words.numbers.chunks(TOGETHER) {
            places.clear();
            for number in numbers {
                self.places(bytes, words, done, number, &mut places);
                done = number.end as usize;
            }
            for at in places.kept() {
                let end = (at + self.reach + MOST_WIDENED).min(bytes.len());
                walk.at(&bytes[..end], *at, |member| hit(member, *at));
            }
        }
    }

    /// Where one may begin that holds this number; what lies before `done` was looked at.
    fn places(&self, bytes: &[u8], words: &Words, done: usize, number: &Span, places: &mut Sieve<usize>) {
        let mut look = |at: usize| places.offer(at, self.group.may_begin(bytes, at));
        let stretch = (number.start as usize).saturating_sub(self.before).max(done)..number.end as usize;
        if self.begins.mid_word {
            return stretch.for_each(look);
        }
        let from = stretch.start;
        words.tokens.within(stretch, |at| {
            if self.begins.blank {
                let blanks = bytes[from..at].iter().rev().take_while(|byte| **byte <= b' ').count();
                (at - blanks..at).for_each(&mut look);
            }
            look(at);
        });
    }
}

/// So many numbers are looked at before the automaton goes to where something may begin.
const TOGETHER: usize = 64;

impl Patterns {
    pub fn new(all: Vec<Pattern>) -> Result<Self, String> {
        let numeric = [
            Numeric::of(&all, |begins| begins == Begins::default())?,
            Numeric::of(&all, |begins| begins.blank && !begins.mid_word)?,
            Numeric::of(&all, |begins| begins.mid_word)?,
        ];
        let open = |at: &usize| all[*at].gate == Gate::Open && all[*at].labels.is_none();
        let open = (0..all.len()).filter(open).collect();
        let owned = all.iter().enumerate().filter(|(_, pattern)| pattern.labels.is_none());
        let literals = owned.flat_map(|(at, pattern)| match &pattern.gate {
            Gate::Start(literals) | Gate::Keywords(literals) => {
                literals.iter().map(|text| Literal { text: text.clone(), owner: at }).collect()
            }
            _ => Vec::new(),
        });
        let literals = Literals::of(&literals.collect::<Vec<_>>());
        let starts = all.iter().enumerate().filter(|(_, pattern)| matches!(pattern.gate, Gate::Start(_)));
        let starts = Group::of(starts.map(|(at, pattern)| (at, pattern.source.as_str())))?;
        let labelled = (0..all.len()).filter(|at| all[*at].labels.is_some()).collect();
        let numeric = numeric.into_iter().flatten().collect();
        Ok(Self { all, numeric, open, literals, starts, labelled })
    }

    /// Whether a pattern is tried everywhere, for want of a digit or literal to look for.
    pub fn is_open(&self, pattern: usize) -> bool {
        self.open.contains(&pattern)
    }

    /// Whether a literal of any of them may begin with this word, of small letters and digits.
    pub fn may_begin_with(&self, word: &str) -> bool {
        self.literals.as_ref().is_some_and(|literals| literals.may_begin_with(word))
    }

    /// Calls back with every match: the pattern's number and the value's place.
    pub fn scan(&self, text: &str, words: &Words, mut found: impl FnMut(usize, Range<usize>)) {
        let mut done = Done::new(self.all.len());
        for numeric in self.numeric.iter().filter(|_| !words.numbers.is_empty()) {
            numeric.scan(text, words, |at, start| {
                let pattern = &self.all[at];
                if start >= done.of(at)
                    && let window = widen(text, start, start, 0, pattern.reach)
                    && let Some((value, end)) = pattern.next(text, window, Anchored::Yes)
                {
                    done.set(at, end);
                    found(at, value);
                }
            });
        }
        self.scan_literals(text, words, &mut found);
        for at in &self.labelled {
            self.scan_labelled(*at, text, words, &mut found);
        }
        for at in &self.open {
            self.all[*at].find(text, 0..text.len(), &mut |range| found(*at, range));
        }
    }

    fn scan_literals(&self, text: &str, words: &Words, found: &mut impl FnMut(usize, Range<usize>)) {
        let Some(literals) = &self.literals else { return };
        let mut walk = self.starts.as_ref().map(Group::walk);
        let mut done = Done::new(self.all.len());
        literals.find(text, &words.openings, |start, end, owner| {
            let pattern = &self.all[owner];
            if let (Gate::Start(_), Some(walk)) = (&pattern.gate, &mut walk) {
                let window = widen(text, start, start, 0, pattern.reach);
                let mut matches = false;
                walk.at(&text.as_bytes()[..window.end], start, |member| matches |= member == owner);
                if matches
                    && window.start >= done.of(owner)
                    && let Some((value, end)) = pattern.next(text, window, Anchored::Yes)
                {
                    done.set(owner, end);
                    found(owner, value);
                }
                return;
            }
            let window = widen(text, start, end, pattern.reach, pattern.reach);
            let window = window.start.max(done.of(owner))..window.end;
            if pattern.may_lie(text, &window) {
                // What begins before the window's last stretch has ended within it.
                let tried = window.end.saturating_sub(pattern.reach);
                let mut last = tried;
                pattern.find(text, window, &mut |range| {
                    last = last.max(range.end);
                    found(owner, range);
                });
                done.set(owner, text.floor_char_boundary(last));
            }
        });
    }

    fn scan_labelled(&self, at: usize, text: &str, words: &Words, found: &mut impl FnMut(usize, Range<usize>)) {
        let pattern = &self.all[at];
        let Some(labels) = &pattern.labels else { return };
        for list in &labels.lists {
            let mut done = 0;
            for label in words.of(*list) {
                let last_start = label.end as usize + labels.before;
                let window = widen(text, label.start as usize, last_start, 0, pattern.reach);
                let window = window.start.max(done)..window.end;
                if pattern.may_lie(text, &window) {
                    let mut last = 0;
                    pattern.find(text, window, &mut |range| {
                        last = range.end;
                        found(at, range);
                    });
                    done = done.max(last);
                }
            }
        }
    }
}

/// Up to where each expression has matched. In most texts, which are a header's line, none does.
struct Done {
    patterns: usize,
    ends: Vec<usize>,
}

impl Done {
    fn new(patterns: usize) -> Self {
        Self { patterns, ends: Vec::new() }
    }

    fn of(&self, pattern: usize) -> usize {
        self.ends.get(pattern).copied().unwrap_or(0)
    }

    fn set(&mut self, pattern: usize, end: usize) {
        self.ends.resize(self.patterns, 0);
        self.ends[pattern] = end;
    }
}

/// A word that goes on for longer is cut.
const MOST_WIDENED: usize = 64;

/// The place with so much text before and after it, up to a blank so that word boundaries are real.
fn widen(text: &str, start: usize, end: usize, before: usize, after: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let start = text.floor_char_boundary(start.saturating_sub(before));
    let mut end = (end + after).min(bytes.len());
    let far = (end + MOST_WIDENED).min(bytes.len());
    while end < far && !bytes[end].is_ascii_whitespace() {
        end += 1;
    }
    start..text.ceil_char_boundary(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::lexicon::LexiconBuilder;

    fn found(source: &str, text: &str) -> Vec<String> {
        let patterns = Patterns::new(vec![Pattern::new(source, false, &[]).expect("compiles")]).expect("a set");
        let words = LexiconBuilder::default().build(|_| true).read(text);
        let mut found = Vec::new();
        patterns.scan(text, &words, |_, range| found.push(text[range].to_owned()));
        found
    }

    #[test]
    fn expressions_are_tried_around_digits_literals_or_everywhere() {
        assert_eq!(
            found(r"\b\d{3}-\d{2}-\d{4}\b", "a 219-09-6781, b 219-09-67811 c 319-09-6781"),
            ["219-09-6781", "319-09-6781"]
        );
        assert_eq!(found(r"(?i)member id:? (?P<value>[a-z]+)", "My Member ID: abc, member id xyz"), ["abc", "xyz"]);
        assert_eq!(found(r"[A-Z]{4}", "ABCD efgh IJKL"), ["ABCD", "IJKL"]);
    }

    #[test]
    fn matches_far_apart_and_on_odd_bytes_are_found_once() {
        let text = format!("{}1-2{}1-2é1-2", "é".repeat(300), "x ".repeat(300));
        assert_eq!(found(r"\d-\d", &text).len(), 3);
        assert!(found(r"\d.", "1é 2é").iter().all(|hit| hit.chars().count() == 2));
    }

    #[test]
    fn keywords_yield_to_the_literal_with_which_an_expression_begins() {
        let gate = |source: &str| Pattern::new(source, false, &["lady".to_owned()]).expect("compiles").gate;
        assert_eq!(gate(r"\bthe [A-Z]\w+ lady"), Gate::Start(vec!["the ".to_owned()]));
        assert_eq!(gate(r"\b[A-Z]\w+ lady"), Gate::Keywords(vec!["lady".to_owned()]));
    }

    #[test]
    fn what_is_too_large_or_empty_is_refused() {
        for source in [r"\w{1000}{1000}", "(", "a*", r"(?=x)"] {
            assert!(Pattern::new(source, false, &[]).is_err(), "{source}");
        }
    }
}
