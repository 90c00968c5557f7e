//! The walk: segments → pages of sights → weighed sights → matches.

use super::audience::Audience;
use super::correspondents::Correspondents;
use super::ids::IdSet;
use super::judge::Case;
use super::known::Known;
use super::order::DEEPEST;
use super::page::{Page, Sight};
use super::ruleset::Ruleset;
use super::weigh::{LIKELY, Scene};
use super::{Circumstances, Findings, Outline};
use crate::message::{Budget, Reading};

impl Ruleset {
    /// What the rules say of a message. When the budget is stopped, what is unread is left out; the
    /// caller, who stopped it, reports the gap.
    pub fn scan(&self, reading: &Reading, circumstances: &Circumstances, budget: &Budget) -> Findings {
        self.scan_knowing(&self.known, reading, circumstances, budget)
    }

    /// The same with other knowledge than the rules' own: their tests bring their people with them.
    pub(super) fn scan_knowing(
        &self,
        known: &Known,
        reading: &Reading,
        circumstances: &Circumstances,
        budget: &Budget,
    ) -> Findings {
        let audience = self.audience(known, reading, circumstances);
        let (mut pages, unsearched) = self.pages(known, reading, &audience, budget);
        let possible = self.weigh_needed(&mut pages, known);
        let case = Case { scene: Scene::new(self, known, &pages), reading, circumstances };
        let mut findings = Findings { unsearched: unsearched || audience.unsearched, ..Findings::default() };
        for rule in possible.into_iter().map(|at| &self.rules[at]) {
            if budget.check().is_err() {
                break;
            }
            if let Some((matched, found)) = case.judge(rule) {
                findings.matches.push(matched);
                findings.findings.extend(found);
            }
        }
        findings.outline = Outline::of(self, &pages);
        findings
    }

    /// Every segment once, and once more in its canonical text where that differs; then the audience.
    /// Says whether a table of known people could not be asked.
    pub(super) fn pages<'a>(
        &self,
        known: &Known,
        reading: &'a Reading,
        audience: &'a Audience,
        budget: &Budget,
    ) -> (Vec<Page<'a>>, bool) {
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
        if !known.forms.is_empty() {
            pages.iter_mut().for_each(|page| self.blank_forms(known, page));
        }
        let unsearched = self.asks_for_known(known, &pages) && self.see_known(known, &mut pages).is_err();
        pages.extend(audience.page(self));
        (pages, unsearched)
    }

    /// Weighs what can matter, and tells which rules it can. Of whom a text may speak is weighed first: most mail speaks
    /// of nobody, and what it says besides needs no weighing then.
    fn weigh_needed(&self, pages: &mut [Page<'_>], known: &Known) -> Vec<usize> {
        let seen = self.seen(pages);
        let persons = self.needs.about_persons(&self.needs.needed(&seen), &seen);
        self.weigh(pages, known, &persons);
        // Outlines keep whatever is likely, and so it is weighed, too.
        let may_be = |at: u16, least: u8| {
            let is_sure = |sight: &Sight| sight.confidence >= least.min(LIKELY);
            !self.needs.persons.holds(at) || pages.iter().any(|page| page.sights_of(at).iter().any(is_sure))
        };
        let possible: Vec<usize> = self.needs.possible_with(&seen, may_be).collect();
        let needed = self.needs.needed_by(possible.iter().copied(), &seen);
        self.weigh(pages, known, &needed.without(&persons));
        possible
    }

    /// Weighs the sights of these detectors: what lends to others first, so that a label makes its number before the
    /// number makes a patient. Within a stage all sights are weighed alike, so that their order does not matter;
    /// those that lend to each other are weighed twice.
    pub(super) fn weigh(&self, pages: &mut [Page<'_>], known: &Known, these: &IdSet) {
        let mut stages = vec![Vec::new(); DEEPEST + 1];
        for (at, page) in pages.iter().enumerate() {
            for detector in page.seen().shared(these).filter(|at| self.detectors[usize::from(*at)].is_weighed()) {
                let stage = &mut stages[self.stages[usize::from(detector)]];
                stage.extend(page.places_of(detector).map(|nth| (at, nth)));
            }
        }
        for stage in stages.iter().chain(stages.last()).filter(|stage| !stage.is_empty()) {
            self.weigh_stage(pages, known, stage);
        }
    }

    /// Which detectors saw something.
    fn seen(&self, pages: &[Page<'_>]) -> IdSet {
        let mut seen = IdSet::default();
        pages.iter().for_each(|page| seen.add(page.seen()));
        seen
    }

    /// Which of them saw something that is at least so sure.
    pub(super) fn surely_seen(&self, pages: &[Page<'_>], least: u8) -> IdSet {
        let is_sure = |sights: &[Sight]| sights.iter().any(|sight| sight.confidence >= least);
        let seen = self.seen(pages);
        let sure = seen.iter().filter(|at| pages.iter().any(|page| is_sure(page.sights_of(*at))));
        sure.collect()
    }

    /// Weighs these sights, each by its page and place there.
    fn weigh_stage(&self, pages: &mut [Page<'_>], known: &Known, these: &[(usize, usize)]) {
        let scene = Scene::new(self, known, pages);
        let weigh = |(at, nth): &(usize, usize)| scene.confidence(*at, &scene.pages[*at].sights[*nth], None);
        let weighed: Vec<u8> = these.iter().map(weigh).collect();
        drop(scene);
        for ((at, nth), confidence) in these.iter().zip(weighed) {
            pages[*at].sights[*nth].confidence = confidence;
        }
    }
}
