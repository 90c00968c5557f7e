//! One text under the eyes of all detectors: what they see there, before anything is weighed.

use std::cell::{Cell, OnceCell};
use std::collections::HashMap;
use std::ops::Range;

use super::ids::IdSet;
use super::lexicon::{Span, Words};
use super::names::{self, Surety};
use super::raw::{Case, NameForm};
use super::ruleset::{Detector, Eye, Ruleset};
use super::stretch::Stretches;
use super::table::{self, Column};
use super::topics::Topics;
use crate::message::{Segment, Shape, Zone};

/// A detector's sight on a page. Offsets are of the page's text.
#[derive(Clone, Debug)]
pub struct Sight {
    pub detector: u16,
    pub start: u32,
    pub end: u32,
    pub zone: Zone,
    /// As first seen.
    pub base: u8,
    /// As weighed so far.
    pub confidence: u8,
    /// What stays in doubt however surely its neighbours speak for it: taken from what they raise it to.
    pub doubt: u8,
    /// Surer than this it cannot become.
    pub most: u8,
    /// Distinct values that it stands for: the cells of a column, the recipients of an audience.
    pub count: u32,
    /// It stands for a whole column.
    pub column: bool,
}

impl Sight {
    /// Of one value, as sure as its detector, and as far from doubt.
    pub fn new(detector: u16, span: Span, zone: Zone, confidence: u8) -> Self {
        Self {
            detector,
            start: span.start,
            end: span.end,
            zone,
            base: confidence,
            confidence,
            doubt: 0,
            most: 100,
            count: 1,
            column: false,
        }
    }
}

/// What stands for the values of a page whose text is not kept, by where they stood.
pub type StandIns = HashMap<(u32, u32), String>;

/// A segment's text, plain or canonical, with what stands on it.
pub struct Page<'a> {
    pub segment: &'a Segment,
    pub text: &'a str,
    /// The text is the canonical one.
    pub canonical: bool,
    pub words: Words,
    /// By detector, then by start.
    pub sights: Vec<Sight>,
    /// Where each detector's sights begin; empty where there are none.
    begins: Vec<u32>,
    /// Whose they are.
    seen: IdSet,
    /// The weights that can matter here, once asked for.
    live: OnceCell<IdSet>,
    /// The zone that was looked up last: the next is mostly the same, or the one behind it.
    zone: Cell<usize>,
    /// Found when first asked for: ordinary mail never asks.
    sentences: OnceCell<Stretches>,
    paragraphs: OnceCell<Stretches>,
    topics: OnceCell<Topics>,
    /// Empty where the text is there.
    stand_ins: StandIns,
}

impl<'a> Page<'a> {
    pub fn read(rules: &Ruleset, segment: &'a Segment, canonical: bool) -> Self {
        let text = match &segment.canonical {
            Some(plain) if canonical => &plain.text,
            _ => &segment.text,
        };
        let mut page = Self::unseen(segment, text, canonical, rules.lexicon.read(text));
        page.look(rules);
        page
    }

    /// A page whose sights were made elsewhere.
    pub fn of_sights(rules: &Ruleset, segment: &'a Segment, sights: Vec<Sight>) -> Self {
        let mut page = Self::unseen(segment, &segment.text, false, rules.lexicon.read(""));
        page.index(rules.detectors.len(), sights);
        page
    }

    fn unseen(segment: &'a Segment, text: &'a str, canonical: bool, words: Words) -> Self {
        Self {
            segment,
            text,
            canonical,
            words,
            sights: Vec::new(),
            begins: Vec::new(),
            seen: IdSet::default(),
            live: OnceCell::new(),
            zone: Cell::new(0),
            sentences: OnceCell::new(),
            paragraphs: OnceCell::new(),
            topics: OnceCell::new(),
            stand_ins: StandIns::new(),
        }
    }

    /// The same for a page whose text is gone: what stands for its values, and what ended where.
    pub fn standing_for(
        self,
        stand_ins: StandIns,
        sentences: Stretches,
        paragraphs: Stretches,
        topics: Topics,
    ) -> Self {
        Self { stand_ins, sentences: sentences.into(), paragraphs: paragraphs.into(), topics: topics.into(), ..self }
    }

    /// Takes in what was seen by other means than the page's own.
    pub fn also(&mut self, rules: &Ruleset, more: impl IntoIterator<Item = Sight>) {
        let mut sights = std::mem::take(&mut self.sights);
        sights.extend(more);
        self.index(rules.detectors.len(), sights);
    }

    /// The place in the segment's text, which is what findings tell.
    pub fn original(&self, offset: u32) -> usize {
        match &self.segment.canonical {
            Some(canonical) if self.canonical => {
                let at = canonical.original(offset as usize).min(self.segment.text.len());
                self.segment.text.floor_char_boundary(at)
            }
            _ => offset as usize,
        }
    }

    /// The zone at an offset of the page's text.
    pub fn zone_at(&self, offset: u32) -> Zone {
        let at = self.original(offset);
        let zones = &self.segment.zones;
        let near = self.zone.get();
        let begins = |span: usize| span.checked_sub(1).map_or(0, |before| zones[before].end);
        let is_near = |span: &usize| zones.get(*span).is_some_and(|zone| begins(*span) <= at && at < zone.end);
        if let Some(found) = [near, near + 1].into_iter().find(is_near) {
            self.zone.set(found);
            return zones[found].zone;
        }
        self.zone.set(zones.partition_point(|span| span.end <= at));
        self.segment.zone_at(at)
    }

    #[inline]
    pub fn sights_of(&self, detector: u16) -> &[Sight] {
        if !self.seen.holds(detector) {
            return &[];
        }
        &self.sights[self.places_of(detector)]
    }

    /// Which detectors have sights here.
    pub fn seen(&self) -> &IdSet {
        &self.seen
    }

    /// The weights that look for something that stands here.
    pub fn live(&self, rules: &Ruleset) -> &IdSet {
        self.live.get_or_init(|| {
            let (walked, asked) = self.words.lists_there(&rules.lexicon);
            rules.watch.live(walked.iter().chain(asked.iter()), &self.seen)
        })
    }

    /// Where a detector's sights stand among all; it must have any.
    pub fn places_of(&self, detector: u16) -> Range<usize> {
        let at = usize::from(detector);
        self.begins[at] as usize..self.begins[at + 1] as usize
    }

    pub fn sentences(&self) -> &Stretches {
        self.sentences.get_or_init(|| Stretches::sentences(self.text))
    }

    pub fn paragraphs(&self) -> &Stretches {
        self.paragraphs.get_or_init(|| Stretches::paragraphs(self.text))
    }

    /// Tables and records have rows instead.
    pub fn topics(&self) -> &Topics {
        self.topics.get_or_init(|| match self.segment.shape {
            Shape::Prose => Topics::of(self.text),
            _ => Topics::default(),
        })
    }

    pub fn value(&self, sight: &Sight) -> &str {
        match self.stand_ins.get(&(sight.start, sight.end)) {
            Some(stand_in) => stand_in,
            None => &self.text[sight.start as usize..sight.end as usize],
        }
    }

    fn look(&mut self, rules: &Ruleset) {
        let mut sights = Vec::new();
        for (list, spans) in self.words.lists() {
            if let Some(at) = rules.lookers.terms[usize::from(list)] {
                self.terms(at, &rules.detectors[usize::from(at)], spans, &mut sights);
            }
        }
        for at in &rules.lookers.names {
            self.names(*at, rules, &mut sights);
        }
        rules.patterns.scan(self.text, &self.words, |pattern, range| {
            let at = rules.pattern_owners[pattern];
            let span = Span { start: range.start as u32, end: range.end as u32 };
            self.see(at, &rules.detectors[usize::from(at)], span, &mut sights);
        });
        match self.segment.shape {
            Shape::Table => self.columns(rules, &mut sights),
            Shape::Records => self.fields(rules, &mut sights),
            Shape::Prose => self.pasted(rules, &mut sights),
            Shape::Line => {}
        }
        self.index(rules.detectors.len(), sights);
    }

    /// Words that may be names though no list knows them. A table's cells hold any word alone.
    fn unlisted(&self, form: NameForm) -> &[Span] {
        let alone_in_cell = form == NameForm::Single && self.segment.shape == Shape::Table;
        if alone_in_cell { &[] } else { &self.words.unlisted }
    }

    fn terms(&self, at: u16, detector: &Detector, spans: &[Span], sights: &mut Vec<Sight>) {
        let Eye::Terms { case, .. } = detector.eye else { return };
        sights.reserve(spans.len());
        let mut last_end = 0;
        for (index, span) in spans.iter().enumerate() {
            // Of terms that begin together or lie inside one another the longest counts.
            let outgrown = spans.get(index + 1).is_some_and(|next| next.start == span.start && next.end > span.end);
            if outgrown || span.end <= last_end {
                continue;
            }
            let text = &self.text[span.start as usize..span.end as usize];
            let fits = match case {
                Case::Any => true,
                Case::Upper => !text.chars().any(char::is_lowercase),
                Case::Capital => text.starts_with(char::is_uppercase),
            };
            if fits {
                last_end = span.end;
                self.see(at, detector, *span, sights);
            }
        }
    }

    fn names(&self, at: u16, rules: &Ruleset, sights: &mut Vec<Sight>) {
        let detector = &rules.detectors[usize::from(at)];
        let Eye::Names { form, given, family, titles, words } = detector.eye else { return };
        let lists = names::Lists {
            given: self.words.of(given),
            family: self.words.of(family),
            unlisted: self.unlisted(form),
            titles: titles.map_or(&[], |titles| self.words.of(titles)),
            words: &rules.word_sets[words],
        };
        names::find(form, self.text, &lists, |span, surety| {
            // `Ward Range`: a cue beside two everyday words makes them no name yet.
            let (by_itself, doubt) = match surety {
                Surety::Full => (0, 0),
                Surety::Half => (2, 0),
                // Alone, an unknown word with a capital may be anything: a product, a place.
                Surety::Unknown if form == NameForm::Single => (12, 8),
                Surety::Unknown => (12, 2),
                Surety::Little => (25, 12),
            };
            let before = sights.len();
            self.see(at, detector, span, sights);
            if let Some(sight) = sights.get_mut(before) {
                sight.base = sight.base.saturating_sub(by_itself);
                sight.confidence = sight.base;
                sight.doubt = doubt;
            }
        });
    }

    /// Keeps a sight that passes its detector's checks.
    fn see(&self, at: u16, detector: &Detector, span: Span, sights: &mut Vec<Sight>) {
        let text = &self.text[span.start as usize..span.end as usize];
        let valid = detector.validators.iter().all(|valid| valid(text))
            && detector.listed.as_ref().is_none_or(|listed| listed.holds(text));
        if valid {
            let zone = self.zone_at(span.start);
            sights.push(Sight::new(at, span, zone, detector.confidence));
        }
    }

    fn columns(&self, rules: &Ruleset, sights: &mut Vec<Sight>) {
        table::columns(self.text, &rules.headers, &rules.detectors, |column| sights.push(self.column(rules, &column)));
    }

    fn pasted(&self, rules: &Ruleset, sights: &mut Vec<Sight>) {
        table::pasted(self.text, &rules.headers, &rules.detectors, |column| sights.push(self.column(rules, &column)));
    }

    fn column(&self, rules: &Ruleset, column: &Column) -> Sight {
        // A header says what its cells are: as sure as a label can make it.
        let base = rules.detectors[usize::from(column.detector)].confidence.max(85);
        let span = Span { start: column.first.start as u32, end: column.first.end as u32 };
        let zone = self.zone_at(span.start);
        Sight { count: column.values, column: true, ..Sight::new(column.detector, span, zone, base) }
    }

    fn fields(&self, rules: &Ruleset, sights: &mut Vec<Sight>) {
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            let value_at = line.find(": ").map(|colon| (&line[..colon], start + colon + 2));
            let end = start + line.trim_end().len();
            start += line.len();
            let Some((name, value_start)) = value_at.filter(|(_, value_start)| *value_start < end) else { continue };
            for at in &rules.lookers.fields {
                let detector = &rules.detectors[usize::from(*at)];
                if detector.fields.iter().any(|pattern| names_field(pattern, name)) {
                    let span = Span { start: value_start as u32, end: end as u32 };
                    let before = sights.len();
                    self.see(*at, detector, span, sights);
                    if let Some(sight) = sights.get_mut(before) {
                        sight.base = sight.base.max(85);
                        sight.confidence = sight.base;
                    }
                }
            }
        }
    }

    /// Sorts the sights by detector and start, and notes where each detector's begin.
    fn index(&mut self, detectors: usize, mut sights: Vec<Sight>) {
        self.live = OnceCell::new();
        if sights.is_empty() {
            return;
        }
        sights.sort_by_key(|sight| (sight.detector, sight.start, sight.end));
        sights.dedup_by_key(|sight| (sight.detector, sight.start, sight.end));
        let mut begins = vec![0_u32; detectors + 1];
        self.seen = sights.iter().map(|sight| sight.detector).collect();
        for sight in &sights {
            begins[usize::from(sight.detector) + 1] += 1;
        }
        for at in 0..detectors {
            begins[at + 1] += begins[at];
        }
        self.begins = begins;
        self.sights = sights;
    }
}

/// `PID-5`, `PID-*`, `Patient.name*`: exact, or all that begin so.
fn names_field(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(head) => name.len() >= head.len() && name.as_bytes()[..head.len()].eq_ignore_ascii_case(head.as_bytes()),
        None => pattern.eq_ignore_ascii_case(name),
    }
}
