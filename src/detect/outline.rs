//! What is kept of a message so that other rules can judge it when it is long gone: which detector saw
//! something where, how sure it was, which of the values were equal, and what ends between them.
//! No letter of the text is in it.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::judge::Case;
use super::known::Known;
use super::page::{Page, Sight, StandIns};
use super::raw::Class;
use super::ruleset::{CompiledRule, Ruleset, Weight};
use super::stretch::Stretches;
use super::topics::Topics;
use super::weigh::{LIKELY, Scene};
use super::{Circumstances, RuleMatch};
use crate::message::{Origin, Reading, Segment, Shape, Zone, ZoneSpan};

/// Sights of one detector on one page beyond these are not kept.
const MOST_OF_A_KIND: usize = 24;
/// Sights of one message beyond these are not kept.
const MOST: usize = 400;

/// What detectors saw of a message, without its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The detectors whose sights are kept, and what told each one's definition from others.
    detectors: Vec<(String, String)>,
    pages: Vec<Sheet>,
    /// Detectors that saw something which no rule in force could use: where, is not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unused: Vec<String>,
    /// There was more than is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
}

/// A page's sights. Of line ends and the like one is kept between any two ends of sights, which is all
/// that rules ask about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sheet {
    origin: Origin,
    shape: Shape,
    sights: Vec<Seen>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<u32>,
    /// Empty lines, by the first of their two line ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    records: Vec<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sentences: Vec<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    paragraphs: Vec<u32>,
    /// Where the items of a list of topics begin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    topics: Vec<u32>,
}

/// A sight: detector (its place in `Outline::detectors`), start, end, zone, confidence, which of the
/// message's values, how many values it stands for, whether it is a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen(u16, u32, u32, Zone, u8, u32, u32, bool);

impl Outline {
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty() && self.unused.is_empty()
    }

    /// The outline of weighed pages: the likely sights, if of such some rule could be made up. Of most
    /// mail there is nothing to keep.
    pub(super) fn of(rules: &Ruleset, pages: &[Page<'_>]) -> Self {
        let mut outline = Self::default();
        let needed = rules.needs.needed(&rules.surely_seen(pages, LIKELY));
        let mut numbers: HashMap<u16, u16> = HashMap::new();
        let mut values: HashMap<String, u32> = HashMap::new();
        let mut unused: BTreeSet<u16> = BTreeSet::new();
        let mut kept = 0;
        for page in pages {
            let mut seen = Vec::new();
            let mut of_a_kind = (u16::MAX, 0);
            for sight in page.sights.iter().filter(|sight| sight.confidence >= LIKELY) {
                let detector = &rules.detectors[usize::from(sight.detector)];
                if !needed.holds(sight.detector) {
                    if detector.class != Class::Context {
                        unused.insert(sight.detector);
                    }
                    continue;
                }
                of_a_kind =
                    if of_a_kind.0 == sight.detector { (sight.detector, of_a_kind.1 + 1) } else { (sight.detector, 1) };
                if of_a_kind.1 > MOST_OF_A_KIND || kept == MOST {
                    outline.cut = true;
                    continue;
                }
                kept += 1;
                let number = *numbers.entry(sight.detector).or_insert_with(|| {
                    outline.detectors.push((detector.id.clone(), detector.definition.clone()));
                    (outline.detectors.len() - 1) as u16
                });
                let next = values.len() as u32;
                let value = *values.entry(page.value(sight).to_lowercase()).or_insert(next);
                let Sight { start, end, zone, confidence, count, column, .. } = *sight;
                seen.push(Seen(number, start, end, zone, confidence, value, count, column));
            }
            if !seen.is_empty() {
                outline.pages.push(Sheet::of(page, seen));
            }
        }
        outline.unused = unused.into_iter().map(|at| rules.detectors[usize::from(at)].id.clone()).collect();
        outline
    }
}

impl Sheet {
    fn of(page: &Page<'_>, sights: Vec<Seen>) -> Self {
        let mut ends: Vec<u32> = sights.iter().flat_map(|seen| [seen.1, seen.2]).collect();
        ends.sort_unstable();
        ends.dedup();
        let gaps = || ends.windows(2).map(|pair| (pair[0], pair[1]));
        let between = |length: usize, (low, high): (u32, u32)| {
            let stretch = page.text.as_bytes().get(low as usize..high as usize)?;
            let mut ends = memchr::memchr_iter(b'\n', stretch);
            ends.find(|at| stretch[*at..].starts_with(&b"\n\n"[..length])).map(|at| low + at as u32)
        };
        let (origin, shape) = (page.segment.origin.clone(), page.segment.shape);
        Self {
            lines: gaps().filter_map(|gap| between(1, gap)).collect(),
            records: gaps().filter_map(|gap| between(2, gap)).collect(),
            sentences: gaps().filter_map(|(low, high)| page.sentences().first_end(low, high)).collect(),
            paragraphs: gaps().filter_map(|(low, high)| page.paragraphs().first_end(low, high)).collect(),
            topics: page.topics().begins().to_vec(),
            origin,
            shape,
            sights,
        }
    }

    /// A segment as long as the page was, with nothing in it but the line ends.
    fn segment(&self) -> Segment {
        let length = self.sights.iter().map(|seen| seen.2).max().unwrap_or(0) as usize;
        let mut text = vec![b' '; length];
        let records = self.records.iter().flat_map(|at| [*at, at + 1]);
        for at in self.lines.iter().copied().chain(records) {
            text[at as usize] = b'\n';
        }
        let text = String::from_utf8(text).expect("blanks and line ends");
        let zones = vec![ZoneSpan { end: length, zone: Zone::New }];
        Segment { origin: self.origin.clone(), text, zones, shape: self.shape, canonical: None }
    }

    /// The page of that segment, as far as this ruleset still has the detectors.
    fn page<'s>(&self, rules: &Ruleset, segment: &'s Segment, numbers: &[Option<u16>]) -> Page<'s> {
        let mut stand_ins = StandIns::new();
        let mut sights = Vec::new();
        for Seen(number, start, end, zone, confidence, value, count, column) in self.sights.iter().cloned() {
            let Some(detector) = numbers.get(usize::from(number)).copied().flatten() else { continue };
            stand_ins.insert((start, end), value.to_string());
            let span = super::lexicon::Span { start, end };
            sights.push(Sight { count, column, ..Sight::new(detector, span, zone, confidence) });
        }
        let length = segment.text.len();
        let sentences = Stretches::of_sentences(self.sentences.clone(), length);
        let paragraphs = Stretches::of_paragraphs(self.paragraphs.clone(), length);
        let topics = Topics::at(self.topics.clone(), length);
        Page::of_sights(rules, segment, sights).standing_for(stand_ins, sentences, paragraphs, topics)
    }
}

impl Ruleset {
    /// The rules' matches in what is kept of a message. `reading` lends its gaps. Rules that ask for what is
    /// kept nowhere (`limits_of_outlines`) do not take part.
    pub fn judge_outline(&self, outline: &Outline, reading: &Reading, circumstances: &Circumstances) -> Vec<RuleMatch> {
        let numbers: Vec<Option<u16>> = outline.detectors.iter().map(|(id, _)| self.number_of(id)).collect();
        let segments: Vec<Segment> = outline.pages.iter().map(Sheet::segment).collect();
        let sheets = outline.pages.iter().zip(&segments);
        let pages: Vec<Page<'_>> = sheets.map(|(sheet, segment)| sheet.page(self, segment, &numbers)).collect();
        let known = Known::default();
        let case = Case { scene: Scene::new(self, &known, &pages), reading, circumstances };
        let judged = self.rules.iter().filter(|rule| !asks_for_more(rule));
        judged.filter_map(|rule| case.judge(rule)).map(|(matched, _)| matched).collect()
    }

    /// Whether an outline can tell of this rule.
    pub fn judges_outlines(&self, rule: &str) -> bool {
        self.rules.iter().any(|compiled| compiled.rule.id.value == rule && !asks_for_more(compiled))
    }

    /// Why this outline may not tell what the rules would say of the message itself; empty where it does.
    pub fn doubts(&self, outline: &Outline) -> Vec<String> {
        let mut doubts = Vec::new();
        if outline.cut {
            doubts.push("it holds more than is kept".to_owned());
        }
        let of = |id: &str| self.number_of(id).map(|at| &self.detectors[usize::from(at)]);
        let changed = outline.detectors.iter().filter(|(id, then)| of(id).is_some_and(|now| now.definition != *then));
        doubts.extend(changed.map(|(id, _)| format!("{id} is defined otherwise today")));
        let unused: Vec<u16> = outline.unused.iter().filter_map(|id| self.number_of(id)).collect();
        if !unused.is_empty() {
            let kept = outline.detectors.iter().filter_map(|(id, _)| self.number_of(id));
            let needed = self.needs.needed(&kept.chain(unused.iter().copied()).collect());
            let wanted = unused.iter().filter(|at| needed.holds(**at));
            let id = |at: &u16| &self.detectors[usize::from(*at)].id;
            doubts.extend(wanted.map(|at| format!("what {} saw was of no use to the rules of then", id(at))));
        }
        doubts
    }

    /// What no outline can tell under these rules, in words: what a rule or detector asks for that is not kept.
    pub fn limits_of_outlines(&self, before: &Ruleset) -> Vec<String> {
        let mut limits = Vec::new();
        for detector in &self.detectors {
            match before.number_of(&detector.id).map(|at| &before.detectors[usize::from(at)]) {
                None => limits.push(format!("detector {} is new: what it sees only a corpus can tell", detector.id)),
                Some(old) if old.definition != detector.definition => limits.push(format!(
                    "detector {} is defined otherwise: what it sees is taken as it was; what it would see more, only a corpus can tell",
                    detector.id
                )),
                Some(_) => {}
            }
        }
        // A rule that stays as it is is judged alike on both sides, with the same left out.
        let as_it_was = |rule: &CompiledRule| {
            let mut same = before.rules.iter().filter(|old| old.rule.id.value == rule.rule.id.value);
            same.any(|old| format!("{:?}", old.rule) == format!("{:?}", rule.rule))
        };
        for rule in self.rules.iter().filter(|rule| !as_it_was(rule)) {
            let id = &rule.rule.id.value;
            if asks_for_more(rule) {
                limits.push(format!(
                    "rule {id} asks for a header field, an attachment, traffic or size, which are not kept: it is left out"
                ));
            }
            if rule.raise.iter().chain(&rule.lower).any(is_about_words) {
                limits.push(format!("rule {id} is weighed by words, which are not kept: it is judged without them"));
            }
            let clauses = rule.all.iter().chain(&rule.any).chain(&rule.none);
            if clauses.into_iter().any(|clause| clause.about_sights && clause.least() < LIKELY) {
                limits.push(format!("rule {id} takes sights below {LIKELY}, which are not kept"));
            }
        }
        limits
    }
}

/// Whether a rule asks for what an outline never has.
fn asks_for_more(rule: &CompiledRule) -> bool {
    let clauses = rule.all.iter().chain(&rule.any).chain(&rule.none);
    clauses.into_iter().any(|clause| clause.condition.is_about_the_whole())
}

/// Whether a weight looks at the text itself.
fn is_about_words(weight: &Weight) -> bool {
    weight.who.is_some() || weight.sign_off || !weight.targets.lists.is_empty()
}
