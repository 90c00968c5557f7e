//! Patients and forms that the site knows, on a page: sights of detectors, and blanks.

use super::Mode;
use super::known::{Known, Layout, Unreadable, look};
use super::lexicon::Span;
use super::page::{Page, Sight};
use super::raw::Identifies;
use super::ruleset::{Eye, Ruleset};
use crate::message::{Shape, Zone};

impl Ruleset {
    /// Whether known people matter at all: only where health information stands somewhere in the
    /// message, and most mail has none.
    pub(super) fn asks_for_known(&self, known: &Known, pages: &[Page<'_>]) -> bool {
        let is_health = |sight: &Sight| self.detectors[usize::from(sight.detector)].identifies == Identifies::Health;
        !known.tables.is_empty()
            && self.detectors.iter().any(|detector| matches!(detector.eye, Eye::Known(_)))
            && pages.iter().any(|page| page.sights.iter().any(is_health))
    }

    /// Takes what a known form prints out of what counts (zone `blank`). A name or address on the form is
    /// nobody's; its words for illness count only once somebody is written into it.
    pub(super) fn blank_forms(&self, known: &Known, page: &mut Page<'_>) {
        let printed = known.forms.printed(page.text);
        if printed.is_empty() {
            return;
        }
        let of_form = |sight: &Sight| {
            let at = printed.partition_point(|span| span.end < sight.end as usize);
            printed.get(at).is_some_and(|span| span.start <= sight.start as usize)
        };
        let person = |sight: &Sight| {
            let detector = &self.detectors[usize::from(sight.detector)];
            detector.identifies == Identifies::Person && detector.mode != Mode::Shadow
        };
        let filled = page.sights.iter().any(|sight| person(sight) && !of_form(sight));
        for sight in &mut page.sights {
            if of_form(sight) && (!filled || person(sight)) {
                sight.zone = Zone::Blank;
            }
        }
    }

    /// Adds what detectors of known people see.
    pub(super) fn see_known(&self, known: &Known, pages: &mut [Page<'_>]) -> Result<(), Unreadable> {
        let everyday = |word: &str| self.word_sets.iter().any(|words| words.holds(word));
        for page in pages {
            let layout = if page.segment.shape == Shape::Table { Layout::Rows } else { Layout::Flowing };
            let hits = look(known, page.text, layout, &everyday)?;
            let mut sights = Vec::new();
            for (at, detector) in self.detectors.iter().enumerate() {
                let Eye::Known(kind) = detector.eye else { continue };
                sights.extend(hits.iter().filter(|hit| hit.kind == kind).map(|hit| {
                    let span = Span { start: hit.span.start as u32, end: hit.span.end as u32 };
                    let zone = page.zone_at(span.start);
                    Sight::new(at as u16, span, zone, detector.confidence)
                }));
            }
            if !sights.is_empty() {
                page.also(self, sights);
            }
        }
        Ok(())
    }
}
