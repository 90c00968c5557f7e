//! Regular expressions, each tried only where it can match.
//!
//! Two hundred expressions one after the other manage 5 MB/s. So each is asked what every match
//! must hold ([`gate`]): a number at its start, a digit, or one of a few literals. Numbers come from
//! the word pass, literals from one automaton. What counts only behind a label (`MRN`, `claim no`)
//! is tried behind its labels and nowhere else. Those that promise nothing go together in one set.

mod expression;
mod gate;

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input, MatchKind, PatternSet};

use super::lexicon::{Span, Words};
pub use expression::{Labels, Pattern};
use expression::{SIZE_LIMIT, builder};
use gate::Gate;

/// Most identifiers are shorter than this.
const CLOSE: usize = 48;
/// All expressions of a ruleset.
pub struct Patterns {
    all: Vec<Pattern>,
    /// Those that begin with a number.
    number: Group,
    /// Those that need a digit, by how far they reach from it: most reach hardly at all.
    digit: [Group; 2],
    open: Group,
    literals: Option<AhoCorasick>,
    /// The pattern that each literal of the automaton belongs to.
    owners: Vec<usize>,
    /// Those that count behind a label only.
    labelled: Vec<usize>,
}

/// Patterns that are asked together which of them match.
struct Group {
    set: Regex,
    members: Vec<usize>,
    /// Before the first digit, and from the start on.
    reach: (usize, usize),
}

impl Group {
    fn of(all: &[Pattern], which: impl Fn(&Pattern) -> bool) -> Result<Self, String> {
        let fits = |at: &usize| all[*at].labels.is_none() && which(&all[*at]);
        let members: Vec<usize> = (0..all.len()).filter(fits).collect();
        let sources: Vec<&str> = members.iter().map(|at| all[*at].source.as_str()).collect();
        let set = builder(MatchKind::All, SIZE_LIMIT * 64).build_many(&sources).map_err(|error| error.to_string())?;
        let before = members.iter().map(|at| match all[*at].gate {
            Gate::Digit { before } => before,
            _ => 0,
        });
        let reach = (before.max().unwrap_or(0), members.iter().map(|at| all[*at].reach).max().unwrap_or(0));
        Ok(Self { set, members, reach })
    }

    /// Calls back with the members that match somewhere in the window, or at its very start.
    fn which(
        &self,
        text: &str,
        window: Range<usize>,
        anchored: Anchored,
        hits: &mut PatternSet,
        mut hit: impl FnMut(usize),
    ) {
        hits.clear();
        let bytes = &text.as_bytes()[..window.end];
        self.set.which_overlapping_matches(&Input::new(bytes).range(window).anchored(anchored), hits);
        hits.iter().for_each(|member| hit(self.members[member.as_usize()]));
    }

    fn hits(&self) -> PatternSet {
        PatternSet::new(self.members.len())
    }
}

impl Patterns {
    pub fn new(all: Vec<Pattern>) -> Result<Self, String> {
        let close = |pattern: &Pattern, before: usize| before + pattern.reach <= CLOSE;
        let number = Group::of(&all, |pattern| pattern.gate == Gate::Number)?;
        let digit = [
            Group::of(&all, |one| matches!(one.gate, Gate::Digit { before } if close(one, before)))?,
            Group::of(&all, |one| matches!(one.gate, Gate::Digit { before } if !close(one, before)))?,
        ];
        let open = Group::of(&all, |pattern| pattern.gate == Gate::Open)?;
        let mut words = Vec::new();
        let mut owners = Vec::new();
        for (at, pattern) in all.iter().enumerate().filter(|(_, pattern)| pattern.labels.is_none()) {
            if let Gate::Start(literals) | Gate::Keywords(literals) = &pattern.gate {
                words.extend(literals.iter().cloned());
                owners.resize(words.len(), at);
            }
        }
        // A contiguous NFA: compact, and these literals are few and seldom met.
        let literals = (!words.is_empty())
            .then(|| {
                AhoCorasick::builder()
                    .ascii_case_insensitive(true)
                    .kind(Some(if words.len() < 1000 { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA }))
                    .build(&words)
            })
            .transpose()
            .map_err(|error| error.to_string())?;
        let labelled = (0..all.len()).filter(|at| all[*at].labels.is_some()).collect();
        Ok(Self { all, number, digit, open, literals, owners, labelled })
    }

    /// Whether a pattern is tried everywhere, for want of a digit or literal to look for.
    pub fn is_open(&self, pattern: usize) -> bool {
        self.all[pattern].gate == Gate::Open && self.all[pattern].labels.is_none()
    }

    /// Calls back with every match: the pattern's number and the value's place.
    pub fn scan(&self, text: &str, words: &Words, mut found: impl FnMut(usize, Range<usize>)) {
        if !words.numbers.is_empty() {
            self.scan_numbers(text, &words.numbers, &mut found);
            for group in &self.digit {
                self.scan_digits(group, text, &words.numbers, &mut found);
            }
        }
        self.scan_literals(text, &mut found);
        for at in &self.labelled {
            self.scan_labelled(*at, text, words, &mut found);
        }
        if !self.open.members.is_empty() {
            self.open.which(text, 0..text.len(), Anchored::No, &mut self.open.hits(), |pattern| {
                self.all[pattern].find(text, 0..text.len(), &mut |range| found(pattern, range));
            });
        }
    }

    /// At the first letter of each word that holds a digit.
    fn scan_numbers(&self, text: &str, numbers: &[Span], found: &mut impl FnMut(usize, Range<usize>)) {
        if self.number.members.is_empty() {
            return;
        }
        let mut hits = self.number.hits();
        let mut done = vec![0; self.all.len()];
        for word in numbers {
            for start in beginnings(text.as_bytes(), *word) {
                let window = start..widen(text, start, start, 0, self.number.reach.1).end;
                self.number.which(text, window.clone(), Anchored::Yes, &mut hits, |pattern| {
                    if start >= done[pattern]
                        && let Some((value, end)) = self.all[pattern].next(text, window.clone(), Anchored::Yes)
                    {
                        done[pattern] = end;
                        found(pattern, value);
                    }
                });
            }
        }
    }

    /// Numbers that stand close share a window; windows never overlap.
    fn scan_digits(&self, group: &Group, text: &str, numbers: &[Span], found: &mut impl FnMut(usize, Range<usize>)) {
        if group.members.is_empty() {
            return;
        }
        let mut hits = group.hits();
        let (before, after) = group.reach;
        let mut at = 0;
        while at < numbers.len() {
            let first = numbers[at];
            let mut last = first;
            while at + 1 < numbers.len()
                && numbers[at + 1].start as usize <= last.end as usize + before + after
                && (numbers[at + 1].end - first.start) < 8192
            {
                at += 1;
                last = numbers[at];
            }
            at += 1;
            let window = widen(text, first.start as usize, last.end as usize, before, after);
            group.which(text, window.clone(), Anchored::No, &mut hits, |pattern| {
                self.all[pattern].find(text, window.clone(), &mut |range| found(pattern, range));
            });
        }
    }

    fn scan_literals(&self, text: &str, found: &mut impl FnMut(usize, Range<usize>)) {
        let Some(literals) = &self.literals else { return };
        let mut done = vec![0; self.all.len()];
        // Overlapping search needs an automaton of the standard match kind, which ours is.
        for hit in literals.try_find_overlapping_iter(text).into_iter().flatten() {
            let owner = self.owners[hit.pattern().as_usize()];
            let pattern = &self.all[owner];
            if matches!(pattern.gate, Gate::Start(_)) {
                let window = widen(text, hit.start(), hit.start(), 0, pattern.reach);
                if window.start >= done[owner]
                    && let Some((value, end)) = pattern.next(text, window, Anchored::Yes)
                {
                    done[owner] = end;
                    found(owner, value);
                }
                continue;
            }
            let window = widen(text, hit.start(), hit.end(), pattern.reach, pattern.reach);
            let window = window.start.max(done[owner])..window.end;
            if pattern.may_lie(text, &window) {
                // What begins before the window's last stretch has ended within it.
                let tried = window.end.saturating_sub(pattern.reach);
                let mut last = tried;
                pattern.find(text, window, &mut |range| {
                    last = last.max(range.end);
                    found(owner, range);
                });
                done[owner] = text.floor_char_boundary(last);
            }
        }
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

/// Where matches of ASCII letters and digits may begin in a word: at its start, and behind letters
/// of other scripts, which are no letters to an expression without Unicode.
fn beginnings(bytes: &[u8], word: Span) -> impl Iterator<Item = usize> {
    let (start, end) = (word.start as usize, word.end as usize);
    let inner = (start + 1..end).filter(|at| bytes[*at].is_ascii() && !bytes[at - 1].is_ascii());
    std::iter::once(start).chain(inner)
}

/// The place with so much text before and after it, up to a blank so that word boundaries are real.
fn widen(text: &str, start: usize, end: usize, before: usize, after: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let start = text.floor_char_boundary(start.saturating_sub(before));
    let mut end = (end + after).min(bytes.len());
    let far = (end + 64).min(bytes.len());
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
        let words = LexiconBuilder::default().build().read(text);
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
    fn what_is_too_large_or_empty_is_refused() {
        for source in [r"\w{1000}{1000}", "(", "a*", r"(?=x)"] {
            assert!(Pattern::new(source, false, &[]).is_err(), "{source}");
        }
    }
}
