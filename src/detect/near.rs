//! What stands near a sight: the terms and sights that a weight asks for, and how far it looks.

use memchr::{memchr, memchr_iter, memrchr, memrchr_iter};

use super::lexicon::{Lexicon, Window};
use super::page::{Page, Sight};
use super::raw::Within;
use super::ruleset::{Ruleset, Targets, Weight};
use crate::message::{Shape, Zone};

/// A sight less sure than this lends nothing to its neighbours: a bare number is no record number yet.
pub const LIKELY: u8 = 50;

/// Whether a sight is part of a longer term, or of what another detector saw.
pub fn is_inside(lexicon: &Lexicon, page: &Page<'_>, sight: &Sight, weight: &Weight) -> bool {
    let covers =
        |start: u32, end: u32| start <= sight.start && end >= sight.end && end - start > sight.end - sight.start;
    let detector_covers = |at: u16| {
        let sights = page.sights_of(at);
        let first = sights.partition_point(|other| (other.start as usize) + LONGEST < sight.start as usize);
        let near = sights[first..].iter().take_while(|other| other.start <= sight.start);
        near.filter(|other| other.confidence >= LIKELY).any(|other| covers(other.start, other.end))
    };
    let over = Window { around: sight.start, low: sight.end as usize, high: sight.start as usize + 1 };
    page.words.any(lexicon, &weight.targets.lists, over, |span| covers(span.start, span.end))
        || weight.targets.detectors.shared(page.seen()).any(detector_covers)
}

/// Whether a sight is all of a line, and an empty line, another zone or nothing follows.
pub fn is_sign_off(page: &Page<'_>, sight: &Sight) -> bool {
    let text = page.text;
    let low = text.floor_char_boundary((sight.start as usize).saturating_sub(MOST_MARGIN));
    let high = text.ceil_char_boundary((sight.end as usize + MOST_MARGIN).min(text.len()));
    let (before, after) = (&text[low..sight.start as usize], &text[sight.end as usize..high]);
    let Some((_, head)) = before.rsplit_once('\n') else { return false };
    let (tail, rest) = after.split_once('\n').unwrap_or((after, ""));
    let bare = |text: &str| text.chars().all(|c| !c.is_alphanumeric());
    if page.segment.shape != Shape::Prose || !bare(head) || !bare(tail) {
        return false;
    }
    let next_at = sight.end as usize + tail.len() + 1;
    bare(rest.split('\n').next().unwrap_or_default())
        || next_at >= text.len()
        || page.zone_at(next_at as u32) != sight.zone
}

/// White space and quotation marks around a sign-off are fewer than this.
const MOST_MARGIN: usize = 64;

/// Longer terms than this are not looked for before a sight.
const LONGEST: usize = 96;

/// What stands in a footer says nothing about the text above it.
fn speaks(zone: Zone, own: Option<&Sight>) -> bool {
    !matches!(zone, Zone::Disclaimer | Zone::Signature | Zone::Attribution) || own.is_some_and(|own| own.zone == zone)
}

/// Counts what is found until it is enough.
pub struct Near<'w> {
    lexicon: &'w Lexicon,
    weight: &'w Weight,
    /// Few: no more than make enough.
    values: Vec<String>,
}

impl<'w> Near<'w> {
    pub fn new(rules: &'w Ruleset, weight: &'w Weight) -> Self {
        Self { lexicon: &rules.lexicon, weight, values: Vec::new() }
    }

    pub fn look(&mut self, page: &Page<'_>, own: Option<&Sight>, low: usize, high: usize) -> bool {
        let window = Window { around: own.map_or(0, |own| own.start), low, high };
        let Targets { lists, detectors } = &self.weight.targets;
        page.words.any(self.lexicon, lists, window, |span| {
            speaks(page.zone_at(span.start), own) && self.enough(&page.text[span.start as usize..span.end as usize])
        }) || detectors.shared(page.seen()).any(|detector| self.sights(page, detector, own, low, high))
    }

    /// A detector's sights beside (not over) our own.
    fn sights(&mut self, page: &Page<'_>, detector: u16, own: Option<&Sight>, low: usize, high: usize) -> bool {
        let sights = page.sights_of(detector);
        let first = sights.partition_point(|sight| (sight.start as usize) + LONGEST < low);
        sights[first..]
            .iter()
            .take_while(|sight| (sight.start as usize) < high)
            .filter(|sight| sight.end as usize >= low && speaks(sight.zone, own))
            .filter(|sight| sight.confidence >= LIKELY)
            .filter(|sight| own.is_none_or(|own| sight.end <= own.start || sight.start >= own.end))
            .any(|sight| self.enough(page.value(sight)))
    }

    fn enough(&mut self, value: &str) -> bool {
        self.weight.count <= 1 || {
            let value = value.to_lowercase();
            if !self.values.contains(&value) {
                self.values.push(value);
            }
            self.values.len() >= self.weight.count
        }
    }
}

/// The stretch of text around a sight that a word like `sentence` means.
pub fn bounds(page: &Page<'_>, sight: &Sight, within: Within) -> (usize, usize) {
    let (start, end) = (sight.start as usize, sight.end as usize);
    let bytes = page.text.as_bytes();
    match within {
        Within::Line | Within::Row if page.segment.shape != Shape::Records => {
            let (near, far) = (start.saturating_sub(MOST_LINE), (end + MOST_LINE).min(bytes.len()));
            let low = memrchr(b'\n', &bytes[near..start]).map_or(near, |at| near + at + 1);
            (low, memchr(b'\n', &bytes[end..far]).map_or(far, |at| end + at))
        }
        Within::Line | Within::Row => {
            let (near, far) = (start.saturating_sub(MOST_RECORD), (end + MOST_RECORD).min(bytes.len()));
            let (before, after) = (&bytes[near..start], &bytes[end..far]);
            let is_empty_line = |text: &[u8], at: usize| text.get(at + 1) == Some(&b'\n');
            let low = memrchr_iter(b'\n', before).find(|at| is_empty_line(before, *at));
            let high = memchr_iter(b'\n', after).find(|at| is_empty_line(after, *at));
            (low.map_or(near, |at| near + at + 2), high.map_or(far, |at| end + at))
        }
        Within::Sentence => page.sentences().around(start, end),
        Within::Phrase => {
            let (line, sentence) = (bounds(page, sight, Within::Line), page.sentences().around(start, end));
            (line.0.max(sentence.0), line.1.min(sentence.1))
        }
        Within::Paragraph => page.paragraphs().around(start, end),
        Within::Characters(most) => (start.saturating_sub(most), end + most),
        Within::Part | Within::Message => (0, bytes.len()),
    }
}

/// Longer stretches are cut: every sight looks around itself, and a text without line ends must
/// not make that a square.
const MOST_LINE: usize = 1000;
const MOST_RECORD: usize = 4000;
