//! One regular expression, compiled within limits.

use std::ops::Range;

use regex_automata::meta::{self, Regex};
use regex_automata::{Anchored, Input, MatchKind};

use super::begin::Begins;
use super::gate::{self, Gate};
use super::syntax::{CACHE_LIMIT, SIZE_LIMIT, syntax};
use crate::detect::lexicon::ListId;

/// How far a match may reach from its digit or literal when its length has no bound.
const FAR: usize = 256;

/// One expression, compiled.
pub struct Pattern {
    pub(super) source: String,
    regex: Regex,
    /// The group `value`, if only that is the find.
    value: Option<usize>,
    pub(super) gate: Gate,
    needs_digit: bool,
    pub(super) begins: Begins,
    /// The longest match.
    pub(super) reach: usize,
    pub(super) labels: Option<Labels>,
}

/// What a match must stand behind to count: a term of one of these lists, so many bytes before it at most.
pub struct Labels {
    pub lists: Vec<ListId>,
    pub before: usize,
}

/// What to write instead of look-around, which has no linear time.
const AROUND: &str =
    "match more and name what counts `(?P<value>…)`, or weigh what stands around it by `raise` and `lower`";

impl Pattern {
    /// Compiles within the limits; the message is for the rule's author.
    pub fn new(source: &str, unicode: bool, keywords: &[String]) -> Result<Self, String> {
        let source = if unicode { format!("(?u:{source})") } else { source.to_owned() };
        let regex = builder(MatchKind::LeftmostFirst, SIZE_LIMIT).build(&source).map_err(|error| {
            match (error.size_limit(), error.syntax_error()) {
                (Some(limit), _) => format!("the expression compiles to more than {limit} bytes; repeat less in it"),
                (None, Some(fault)) => match last_line(&fault.to_string()) {
                    around if around.contains("look-around") => format!("{around}; {AROUND}"),
                    other => other,
                },
                (None, None) => error.to_string(),
            }
        })?;
        let parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(&source);
        let hir = parser.map_err(|error| last_line(&error.to_string()))?;
        if hir.properties().minimum_len() == Some(0) {
            return Err(
                "the expression matches the empty text; let it need a character (`+` instead of `*`)".to_owned()
            );
        }
        let begins = Begins::of(&source)?;
        if let Some(keyword) = keywords.iter().find(|keyword| !is_found(keyword)) {
            return Err(format!("the keyword {keyword:?} begins with no letter, digit or sign"));
        }
        // A literal with which every match begins tells where to try it; a keyword only whereabouts.
        let gate = match Gate::of(&hir, begins, FAR) {
            Gate::Digit { .. } | Gate::Open if !keywords.is_empty() => Gate::Keywords(keywords.to_vec()),
            gate => gate,
        };
        let reach = hir.properties().maximum_len().map_or(FAR, |most| most.min(FAR));
        let value = regex.group_info().to_index(regex_automata::PatternID::ZERO, "value");
        let needs_digit = gate::needs_digit(&hir);
        Ok(Self { source, regex, value, gate, needs_digit, begins, reach, labels: None })
    }

    /// Tried behind these labels only. Keywords that its author gave stay the narrower gate.
    pub fn behind(self, labels: Labels) -> Self {
        let labels = (!matches!(self.gate, Gate::Keywords(_))).then_some(labels);
        Self { labels, ..self }
    }

    /// Whether a match may lie in the window, as far as a glance tells.
    pub fn may_lie(&self, text: &str, window: &Range<usize>) -> bool {
        window.start < window.end
            && (!self.needs_digit || text.as_bytes()[window.clone()].iter().any(u8::is_ascii_digit))
    }

    /// Calls back with the matches that lie in the window, and tells where the last one ends.
    pub fn find(&self, text: &str, window: Range<usize>, found: &mut impl FnMut(Range<usize>)) -> usize {
        let mut at = window.start;
        while let Some((value, end)) = self.next(text, at..window.end, Anchored::No) {
            found(value);
            at = end.max(at + 1);
            if at > window.end {
                break;
            }
        }
        at
    }

    /// The next match's value, and where the match ends. Look-behind assertions see what stands
    /// before the window, but nothing sees what stands after it.
    pub fn next(&self, text: &str, window: Range<usize>, anchored: Anchored) -> Option<(Range<usize>, usize)> {
        let bytes = &text.as_bytes()[..window.end];
        let input = Input::new(bytes).range(window).anchored(anchored);
        let (value, end) = match self.value {
            None => self.regex.search(&input).map(|hit| (hit.range(), hit.end()))?,
            Some(group) => {
                let mut groups = self.regex.create_captures();
                self.regex.search_captures(&input, &mut groups);
                let whole = groups.get_match()?;
                let value = groups.get_group(group).map(|group| group.range()).filter(|value| !value.is_empty());
                (value.unwrap_or(whole.range()), whole.end())
            }
        };
        Some((text.floor_char_boundary(value.start)..text.ceil_char_boundary(value.end), end))
    }
}

/// Keywords are looked for where a word or a sign begins; blanks may stand before it.
fn is_found(keyword: &str) -> bool {
    keyword.trim_start_matches(' ').starts_with(|c: char| !c.is_control() && !c.is_whitespace())
}

pub fn builder(kind: MatchKind, size: usize) -> meta::Builder {
    let mut builder = Regex::builder();
    builder
        .configure(
            meta::Config::new()
                .match_kind(kind)
                .utf8_empty(false)
                .nfa_size_limit(Some(size))
                .hybrid_cache_capacity(CACHE_LIMIT),
        )
        .syntax(syntax());
    builder
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ").to_owned()
}
