//! The walk: segments → pages of sights → weighed sights → matches.

use super::correspondents::Correspondents;
use super::judge::Case;
use super::page::{Page, Sight};
use super::ruleset::{Eye, Ruleset, Target, Weight};
use super::weigh::Scene;
use super::{Circumstances, Findings};
use crate::message::{Budget, Origin, Reading, Segment, Shape, Zone, ZoneSpan};

impl Ruleset {
    /// What the rules say of a message. When the budget is stopped, what is unread is left out; the
    /// caller, who stopped it, reports the gap.
    pub fn scan(&self, reading: &Reading, circumstances: &Circumstances, budget: &Budget) -> Findings {
        let audience = self.audience_segment(reading, circumstances);
        let mut pages = self.pages(reading, budget);
        self.add_audience(&mut pages, &audience, reading, circumstances);
        self.weigh_all(&mut pages);
        let case = Case { scene: Scene::new(self, &pages), reading, circumstances };
        let mut findings = Findings::default();
        for rule in &self.rules {
            if budget.check().is_err() {
                break;
            }
            if let Some((matched, found)) = case.judge(rule) {
                findings.matches.push(matched);
                findings.findings.extend(found);
            }
        }
        findings
    }

    /// Every segment once, and once more in its canonical text where that differs.
    pub(super) fn pages<'a>(&self, reading: &'a Reading, budget: &Budget) -> Vec<Page<'a>> {
        let correspondents = Correspondents::of(reading);
        let mut pages = Vec::with_capacity(reading.segments.len());
        for segment in &reading.segments {
            if budget.check().is_err() {
                break;
            }
            pages.push(Page::read(self, segment, false));
            if segment.canonical.is_some() {
                pages.push(Page::read(self, segment, true));
            }
        }
        pages.iter_mut().for_each(|page| correspondents.bound(self, page));
        pages
    }

    /// Sets each sight's confidence by what stands near it: first by lists and what is likely by
    /// itself, so that a label makes its number; then by what became likely. Within a pass all
    /// sights are weighed alike, so that their order does not matter.
    pub(super) fn weigh_all(&self, pages: &mut [Page<'_>]) {
        let needed = self.needed(pages);
        if needed.contains(&true) {
            self.weigh_once(pages, &needed);
            self.weigh_once(pages, &needed);
        }
    }

    pub(super) fn weigh_once(&self, pages: &mut [Page<'_>], needed: &[bool]) {
        let mut weighed: Vec<Vec<u8>> = Vec::with_capacity(pages.len());
        let scene = Scene::new(self, pages);
        for (at, page) in pages.iter().enumerate() {
            let confidences = page.sights.iter().map(|sight| {
                if !needed[usize::from(sight.detector)] {
                    return sight.base;
                }
                scene.confidence(at, sight, None)
            });
            weighed.push(confidences.collect());
        }
        drop(scene);
        for (page, confidences) in pages.iter_mut().zip(weighed) {
            for (sight, confidence) in page.sights.iter_mut().zip(confidences) {
                sight.confidence = confidence;
            }
        }
    }

    /// The detectors whose confidence can matter: those of rules for each of whose conditions
    /// something was seen at all, and those that lend to them. In ordinary mail there are none.
    fn needed(&self, pages: &[Page<'_>]) -> Vec<bool> {
        let mut seen = vec![false; self.detectors.len()];
        for sight in pages.iter().flat_map(|page| &page.sights) {
            seen[usize::from(sight.detector)] = true;
        }
        let mut needed = vec![false; self.detectors.len()];
        for rule in &self.rules {
            let possible = rule.all.iter().filter(|clause| clause.about_sights);
            if possible.clone().all(|clause| clause.detectors.iter().any(|at| seen[usize::from(*at)])) {
                let clauses = possible.chain(&rule.any).chain(&rule.none);
                clauses.flat_map(|clause| &clause.detectors).for_each(|at| needed[usize::from(*at)] = true);
                rule.raise.iter().chain(&rule.lower).for_each(|weight| self.lenders(weight, &mut needed));
            }
        }
        // What lends may itself be lent to; twice is as deep as two passes reach.
        for _ in 0..2 {
            for (at, detector) in self.detectors.iter().enumerate() {
                if needed[at] && seen[at] {
                    detector.raise.iter().chain(&detector.lower).for_each(|weight| self.lenders(weight, &mut needed));
                }
            }
        }
        needed
    }

    fn lenders(&self, weight: &Weight, needed: &mut [bool]) {
        for target in &weight.targets {
            match target {
                Target::List(_) => {}
                Target::Detector(at) => needed[usize::from(*at)] = true,
                Target::Class(identifies, class) => {
                    for (at, detector) in self.detectors.iter().enumerate() {
                        needed[at] |= detector.identifies == *identifies && detector.class == *class;
                    }
                }
            }
        }
    }

    /// The recipients as a text of their own, one a line, for detectors that look at the audience.
    pub(super) fn audience_segment(&self, reading: &Reading, circumstances: &Circumstances) -> Segment {
        let asked = self.detectors.iter().any(|detector| matches!(detector.eye, Eye::Audience { .. }));
        let mut text = String::new();
        if asked {
            for address in &circumstances.recipients {
                text.push_str(&format!("{}@{}\n", address.local(), address.domain().as_str()));
            }
            text.push('\n');
            for value in reading.fields("to").chain(reading.fields("cc")) {
                text.push_str(value);
                text.push('\n');
            }
        }
        let zones = vec![ZoneSpan { end: text.len(), zone: Zone::New }];
        Segment { origin: Origin::new("header/to"), text, zones, shape: Shape::Line, canonical: None }
    }

    pub(super) fn add_audience<'a>(
        &self,
        pages: &mut Vec<Page<'a>>,
        audience: &'a Segment,
        reading: &Reading,
        circumstances: &Circumstances,
    ) {
        let mut sights = Vec::new();
        for (at, detector) in self.detectors.iter().enumerate() {
            let Eye::Audience { domains, at_least, at_most, visible } = &detector.eye else { continue };
            let private = |domain: &str| domains.iter().any(|known| known.eq_ignore_ascii_case(domain));
            let count = if *visible {
                let shown = reading.fields("to").chain(reading.fields("cc"));
                shown.flat_map(|value| value.split([',', ';'])).filter(|one| private(domain_of(one))).count()
            } else {
                circumstances.recipients.iter().filter(|address| private(address.domain().as_str())).count()
            };
            if count >= *at_least && count <= *at_most && count > 0 {
                let (detector_at, base) = (at as u16, detector.confidence);
                let end = audience.text.find('\n').unwrap_or(audience.text.len()) as u32;
                sights.push(Sight {
                    detector: detector_at,
                    start: 0,
                    end,
                    zone: Zone::New,
                    base,
                    confidence: base,
                    doubt: 0,
                    most: 100,
                    count,
                    column: false,
                });
            }
        }
        if !sights.is_empty() {
            pages.push(Page::of_sights(self, audience, sights));
        }
    }
}

/// What stands after the `@` of an address as written in a field.
fn domain_of(written: &str) -> &str {
    let after = written.rsplit_once('@').map_or("", |(_, domain)| domain);
    after.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).trim()
}
