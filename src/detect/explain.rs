//! Why a scan came out as it did: every sight with its score, every rule that nearly matched.

use serde::Serialize;

use super::ids::IdSet;
use super::judge::Case;
use super::ruleset::Ruleset;
use super::weigh::{Scene, Term};
use super::{Circumstances, Findings, mask};
use crate::message::{Budget, Origin, Reading, Zone};

/// A scan with its reasons; masked like the findings.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    pub findings: Findings,
    pub sights: Vec<SeenHere>,
    pub near_misses: Vec<NearMiss>,
}

/// What a detector saw, and how its confidence came about.
#[derive(Clone, Debug, Serialize)]
pub struct SeenHere {
    pub detector: String,
    pub origin: Origin,
    pub zone: Zone,
    pub offset: usize,
    pub length: usize,
    pub masked: String,
    pub base: u8,
    pub terms: Vec<Term>,
    pub confidence: u8,
}

/// A rule whose conditions held, but not surely enough.
#[derive(Clone, Debug, Serialize)]
pub struct NearMiss {
    pub rule: String,
    pub score: u8,
    pub threshold: u8,
    pub terms: Vec<Term>,
}

impl Ruleset {
    /// Scans as [`Ruleset::scan`] does, and tells every step.
    pub fn explain(&self, reading: &Reading, circumstances: &Circumstances, budget: &Budget) -> Explanation {
        let findings = self.scan(reading, circumstances, budget);
        let known = &self.known;
        let audience = self.audience(known, reading, circumstances);
        let (mut pages, _) = self.pages(known, reading, &audience, budget);
        self.weigh(&mut pages, known, &IdSet::below(self.detectors.len()));
        let scene = Scene::new(self, known, &pages);
        let mut sights = Vec::new();
        for (at, page) in pages.iter().enumerate() {
            for sight in &page.sights {
                let detector = &self.detectors[usize::from(sight.detector)];
                let mut terms = Vec::new();
                scene.confidence(at, sight, Some(&mut terms));
                let (start, end) = (page.original(sight.start), page.original(sight.end));
                sights.push(SeenHere {
                    detector: detector.id.clone(),
                    origin: page.segment.origin.clone(),
                    zone: sight.zone,
                    offset: start,
                    length: end.saturating_sub(start),
                    masked: mask::masked(page.value(sight)),
                    base: sight.base,
                    terms,
                    confidence: sight.confidence,
                });
            }
        }
        drop(scene);
        let case = Case { scene: Scene::new(self, known, &pages), reading, circumstances };
        let near_misses = self
            .rules
            .iter()
            .filter_map(|rule| Some((rule, case.outcome(rule)?)))
            .filter(|(rule, outcome)| outcome.score < rule.rule.threshold)
            .map(|(rule, outcome)| NearMiss {
                rule: rule.rule.id.value.clone(),
                score: outcome.score,
                threshold: rule.rule.threshold,
                terms: outcome.terms,
            })
            .collect();
        Explanation { findings, sights, near_misses }
    }
}
