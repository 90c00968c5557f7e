//! Regular expressions, each tried only where it can match.
//!
//! Two hundred expressions one after the other manage 5 MB/s. So each is asked what every match
//! must hold: a digit (nearly all identifiers), or one of a few literals. Digit runs come from the
//! word pass, literals from one automaton; expressions run in windows around them, and those that
//! promise nothing go together in one set.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::lexicon::Span;

/// Larger compiled expressions are refused: `{1000}{1000}` and alternations of megabytes.
const SIZE_LIMIT: usize = 1 << 20;
/// The default falls back to an engine a hundred times slower (measured with 200 rules).
const DFA_SIZE_LIMIT: usize = 8 << 20;
/// Most identifiers are shorter than this.
const CLOSE: usize = 40;
/// How far a match may reach from its digit or literal when its length has no bound.
const FAR: usize = 256;

/// One expression, compiled.
pub struct Pattern {
    regex: Regex,
    value: Option<usize>,
    gate: Gate,
    reach: usize,
}

enum Gate {
    Digit,
    Literals(Vec<String>),
    Open,
}

impl Pattern {
    /// Compiles within the limits; the message is for the rule's author.
    pub fn new(source: &str, unicode: bool, keywords: &[String]) -> Result<Self, String> {
        let source = &if unicode { format!("(?u:{source})") } else { source.to_owned() };
        let regex = RegexBuilder::new(source)
            .unicode(false)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(DFA_SIZE_LIMIT)
            .nest_limit(100)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(limit) => format!("the expression compiles to more than {limit} bytes"),
                regex::Error::Syntax(text) => last_line(&text),
                other => other.to_string(),
            })?;
        let hir = regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .build()
            .parse(source)
            .map_err(|error| last_line(&error.to_string()))?;
        if hir.properties().minimum_len() == Some(0) {
            return Err("the expression matches the empty text".to_owned());
        }
        let gate = match keywords {
            [] if needs_digit(&hir) => Gate::Digit,
            [] => literals(&hir).map_or(Gate::Open, Gate::Literals),
            given => Gate::Literals(given.to_vec()),
        };
        let reach = hir.properties().maximum_len().map_or(FAR, |most| most.min(FAR));
        let value = regex.capture_names().position(|name| name == Some("value"));
        Ok(Self { regex, value, gate, reach })
    }

    fn find(&self, text: &str, window: Range<usize>, found: &mut impl FnMut(Range<usize>)) {
        // Only the end is cut: look-behind assertions must see what stands before the window.
        let bytes = &text.as_bytes()[..window.end];
        let mut at = window.start;
        while at <= bytes.len() {
            let hit = match self.value {
                None => self.regex.find_at(bytes, at).map(|hit| (hit.range(), hit.end())),
                Some(group) => self.regex.captures_at(bytes, at).and_then(|groups| {
                    let whole = groups.get(0)?;
                    Some((groups.get(group).unwrap_or(whole).range(), whole.end()))
                }),
            };
            let Some((value, end)) = hit else { break };
            if !value.is_empty() {
                found(text.floor_char_boundary(value.start)..text.ceil_char_boundary(value.end));
            }
            at = end.max(at + 1);
        }
    }
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ").to_owned()
}

/// All expressions of a ruleset.
pub struct Patterns {
    all: Vec<Pattern>,
    /// Those that need a digit, by how far they reach from it: most reach hardly at all.
    digit: [Group; 2],
    open: Group,
    literals: Option<AhoCorasick>,
    /// The pattern that each literal of the automaton belongs to.
    owners: Vec<usize>,
}

/// Patterns that are asked together.
struct Group {
    set: RegexSet,
    members: Vec<usize>,
    reach: usize,
}

impl Group {
    fn of(all: &[Pattern], which: impl Fn(&Pattern) -> bool) -> Result<Self, String> {
        let members: Vec<usize> = (0..all.len()).filter(|at| which(&all[*at])).collect();
        let sources = members.iter().map(|at| all[*at].regex.as_str());
        let set = RegexSetBuilder::new(sources)
            .unicode(false)
            .size_limit(SIZE_LIMIT * 64)
            .dfa_size_limit(DFA_SIZE_LIMIT)
            .build()
            .map_err(|error| error.to_string())?;
        let reach = members.iter().map(|at| all[*at].reach).max().unwrap_or(0);
        Ok(Self { set, members, reach })
    }
}

impl Patterns {
    pub fn new(all: Vec<Pattern>) -> Result<Self, String> {
        let is_digit = |pattern: &Pattern| matches!(pattern.gate, Gate::Digit);
        let digit = [
            Group::of(&all, |pattern| is_digit(pattern) && pattern.reach <= CLOSE)?,
            Group::of(&all, |pattern| is_digit(pattern) && pattern.reach > CLOSE)?,
        ];
        let open = Group::of(&all, |pattern| matches!(pattern.gate, Gate::Open))?;
        let mut words = Vec::new();
        let mut owners = Vec::new();
        for (at, pattern) in all.iter().enumerate() {
            if let Gate::Literals(literals) = &pattern.gate {
                words.extend(literals.iter().cloned());
                owners.resize(words.len(), at);
            }
        }
        // A contiguous NFA: compact, and these literals are few and seldom met.
        let literals = (!words.is_empty())
            .then(|| {
                AhoCorasick::builder()
                    .ascii_case_insensitive(true)
                    .kind(Some(if words.len() < 200 { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA }))
                    .build(&words)
            })
            .transpose()
            .map_err(|error| error.to_string())?;
        Ok(Self { all, digit, open, literals, owners })
    }

    /// Calls back with every match: the pattern's number and the value's place.
    pub fn scan(&self, text: &str, numbers: &[Span], mut found: impl FnMut(usize, Range<usize>)) {
        for group in &self.digit {
            self.scan_numbers(group, text, numbers, &mut found);
        }
        if let Some(literals) = &self.literals {
            let mut done = vec![0; self.all.len()];
            for hit in literals.find_overlapping_iter_or_empty(text) {
                let owner = self.owners[hit.pattern().as_usize()];
                let pattern = &self.all[owner];
                let window = widen(text, hit.start(), hit.end(), pattern.reach);
                let window = window.start.max(done[owner])..window.end;
                if window.start < window.end {
                    let mut last = window.start;
                    pattern.find(text, window, &mut |range| {
                        last = range.end;
                        found(owner, range);
                    });
                    done[owner] = last.max(hit.end());
                }
            }
        }
        if !self.open.members.is_empty() {
            for member in self.open.set.matches(text.as_bytes()) {
                let pattern = self.open.members[member];
                self.all[pattern].find(text, 0..text.len(), &mut |range| found(pattern, range));
            }
        }
    }

    /// Digit runs that stand close share a window; windows never overlap.
    fn scan_numbers(&self, group: &Group, text: &str, numbers: &[Span], found: &mut impl FnMut(usize, Range<usize>)) {
        if group.members.is_empty() {
            return;
        }
        let mut at = 0;
        while at < numbers.len() {
            let first = numbers[at];
            let mut last = first;
            while at + 1 < numbers.len()
                && numbers[at + 1].start as usize <= last.end as usize + 2 * group.reach
                && (numbers[at + 1].end - first.start) < 8192
            {
                at += 1;
                last = numbers[at];
            }
            at += 1;
            let window = widen(text, first.start as usize, last.end as usize, group.reach);
            for member in group.set.matches_at(&text.as_bytes()[..window.end], window.start) {
                let pattern = group.members[member];
                self.all[pattern].find(text, window.clone(), &mut |range| found(pattern, range));
            }
        }
    }
}

/// `find_overlapping_iter` needs an automaton of the standard match kind, which ours is.
trait Overlapping {
    fn find_overlapping_iter_or_empty<'a>(&'a self, text: &'a str) -> impl Iterator<Item = aho_corasick::Match> + 'a;
}

impl Overlapping for AhoCorasick {
    fn find_overlapping_iter_or_empty<'a>(&'a self, text: &'a str) -> impl Iterator<Item = aho_corasick::Match> + 'a {
        self.try_find_overlapping_iter(text).into_iter().flatten()
    }
}

/// The place with so much text around it, up to a blank so that word boundaries are real.
fn widen(text: &str, start: usize, end: usize, reach: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let start = text.floor_char_boundary(start.saturating_sub(reach));
    let mut end = (end + reach).min(bytes.len());
    let far = (end + 64).min(bytes.len());
    while end < far && !bytes[end].is_ascii_whitespace() {
        end += 1;
    }
    start..text.ceil_char_boundary(end)
}

/// Whether every match holds an ASCII digit.
fn needs_digit(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.iter().any(u8::is_ascii_digit),
        HirKind::Class(Class::Bytes(class)) => {
            class.iter().all(|range| range.start().is_ascii_digit() && range.end().is_ascii_digit())
        }
        HirKind::Class(Class::Unicode(class)) => {
            class.iter().all(|range| range.start().is_ascii_digit() && range.end().is_ascii_digit())
        }
        HirKind::Repetition(repetition) => repetition.min > 0 && needs_digit(&repetition.sub),
        HirKind::Capture(capture) => needs_digit(&capture.sub),
        HirKind::Concat(parts) => parts.iter().any(needs_digit),
        HirKind::Alternation(branches) => branches.iter().all(needs_digit),
    }
}

/// Literals of three bytes or more, one of which begins every match.
fn literals(hir: &Hir) -> Option<Vec<String>> {
    let sequence = Extractor::new().limit_total(128).extract(hir);
    let mut found: Vec<String> = sequence
        .literals()?
        .iter()
        .map(|literal| std::str::from_utf8(literal.as_bytes()).map(str::to_ascii_lowercase))
        .collect::<Result<_, _>>()
        .ok()?;
    found.sort();
    found.dedup();
    (!found.is_empty() && found.iter().all(|literal| literal.len() >= 3)).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::lexicon::LexiconBuilder;

    fn found(source: &str, text: &str) -> Vec<String> {
        let patterns = Patterns::new(vec![Pattern::new(source, false, &[]).expect("compiles")]).expect("a set");
        let words = LexiconBuilder::default().build().read(text);
        let mut found = Vec::new();
        patterns.scan(text, &words.numbers, |_, range| found.push(text[range].to_owned()));
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
