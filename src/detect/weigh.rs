//! What stands near a sight makes it surer or less sure.

use std::cell::{OnceCell, RefCell};

use memchr::{memchr, memchr_iter, memrchr, memrchr_iter};

use super::known::Known;
use super::lexicon::{Lexicon, Window};
use super::namesakes::Namesakes;
use super::page::{Page, Sight};
use super::raw::Within;
use super::ruleset::{Change, Ruleset, Target, Weight};
use super::standing::Standing;
use crate::message::{Shape, Zone};

/// A sight less sure than this lends nothing to its neighbours: a bare number is no record number yet.
pub const LIKELY: u8 = 50;

/// One step of a score, for explanations.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Term {
    pub near: String,
    pub from: u8,
    pub to: u8,
}

/// All pages of a message, and what was already asked of whole pages.
pub struct Scene<'a> {
    pub rules: &'a Ruleset,
    pub known: &'a Known,
    pub pages: &'a [Page<'a>],
    /// By page and weight, once asked: what is asked `within: part` has one answer for all sights of a page.
    whole: RefCell<Vec<Vec<Option<bool>>>>,
    /// Found when first asked for.
    namesakes: OnceCell<Namesakes>,
    standings: OnceCell<Vec<Standing<'a>>>,
}

impl<'a> Scene<'a> {
    pub fn new(rules: &'a Ruleset, known: &'a Known, pages: &'a [Page<'a>]) -> Self {
        let whole = RefCell::new(vec![Vec::new(); pages.len()]);
        Self { rules, known, pages, whole, namesakes: OnceCell::new(), standings: OnceCell::new() }
    }

    /// A sight's confidence by its detector's weights. Neighbours do not take away what the sight
    /// itself leaves in doubt.
    pub fn confidence(&self, page: usize, sight: &Sight, mut terms: Option<&mut Vec<Term>>) -> u8 {
        let detector = &self.rules.detectors[usize::from(sight.detector)];
        let weights = (&detector.raise[..], &detector.lower[..]);
        let weighed = self.weigh(page, sight, sight.base, weights, terms.as_deref_mut());
        let doubted = if weighed > sight.base { weighed.saturating_sub(sight.doubt).max(sight.base) } else { weighed };
        let sure = doubted.min(sight.most);
        if sure == weighed {
            return weighed;
        }
        if let Some(terms) = terms {
            terms.push(Term { near: "its own form".to_owned(), from: weighed, to: sure });
        }
        sure
    }

    /// The confidence after all `raise` and then all `lower`.
    pub fn weigh(
        &self,
        page: usize,
        sight: &Sight,
        base: u8,
        (raise, lower): (&[Weight], &[Weight]),
        mut terms: Option<&mut Vec<Term>>,
    ) -> u8 {
        let mut confidence = base;
        for (weight, up) in raise.iter().map(|weight| (weight, true)).chain(lower.iter().map(|weight| (weight, false)))
        {
            let changed = match (weight.change, up) {
                (Change::To(to), true) => confidence.max(to),
                (Change::By(by), true) => confidence.saturating_add(by).min(100),
                (Change::To(to), false) => confidence.min(to),
                (Change::By(by), false) => confidence.saturating_sub(by),
            };
            if changed != confidence && confidence < weight.below && self.is_near(page, sight, weight) {
                if let Some(terms) = terms.as_deref_mut() {
                    terms.push(Term { near: weight.label.clone(), from: confidence, to: changed });
                }
                confidence = changed;
            }
        }
        confidence
    }

    /// Whether enough of the weight's targets stand near the sight, and what must stand there with them.
    fn is_near(&self, page: usize, sight: &Sight, weight: &Weight) -> bool {
        self.are_targets_near(page, sight, weight)
            && weight.with.as_ref().is_none_or(|with| self.are_targets_near(page, sight, with))
    }

    fn are_targets_near(&self, page: usize, sight: &Sight, weight: &Weight) -> bool {
        let here = &self.pages[page];
        if let Some(who) = weight.who {
            return self.known.is(who, here.value(sight));
        }
        if weight.sign_off {
            return is_sign_off(here, sight);
        }
        if let Some(wanted) = weight.namesake {
            let namesakes = self.namesakes.get_or_init(|| Namesakes::of(self.rules, self.pages));
            return namesakes.stand(wanted, page, sight, here.value(sight));
        }
        if weight.inside {
            return is_inside(&self.rules.lexicon, here, sight, weight);
        }
        let distance = weight.before.is_some() || weight.after.is_some();
        if weight.is_about_page() {
            return self.is_on_page(page, weight);
        }
        let (mut low, mut high) = match weight.within {
            None | Some(Within::Part | Within::Message) => (0, here.text.len()),
            Some(within) => bounds(here, sight, within),
        };
        if distance {
            // A distance is the gap between the two, so a long label is as near as a short one. What
            // is asked for on one side only does not stand in the sight itself (`Ann Baker`).
            let (start, end) = (sight.start as usize, sight.end as usize);
            low = low.max(weight.before.map_or(end + 1, |gap| start.saturating_sub(gap)));
            high = high.min(weight.after.map_or(start, |gap| end + gap + 1));
        }
        Near::new(self.rules, weight).look(here, Some(sight), low, high)
    }

    /// By page, what it is to the others.
    pub fn standings(&self) -> &[Standing<'a>] {
        self.standings.get_or_init(|| self.pages.iter().map(|page| Standing::of(&page.segment.origin)).collect())
    }

    fn those(&self, wanted: Standing<'a>) -> impl Iterator<Item = &'a Page<'a>> {
        let those = self.standings().iter().zip(self.pages).filter(move |(standing, _)| **standing == wanted);
        those.map(|(_, page)| page)
    }

    /// The same for whole pages: asked once.
    fn is_on_page(&self, page: usize, weight: &Weight) -> bool {
        if let Some(Some(known)) = self.whole.borrow()[page].get(weight.number) {
            return *known;
        }
        let mut near = Near::new(self.rules, weight);
        let mut look = |page: &Page<'_>| near.look(page, None, 0, page.text.len());
        let answer = match (weight.within, self.standings()[page]) {
            (Some(Within::Message), _) => self.pages.iter().any(look),
            _ if weight.subject => self.those(Standing::Subject).any(look),
            // The subject reads as if it stood above the body.
            (_, Standing::Subject) => look(&self.pages[page]) || self.those(Standing::Body).any(look),
            (_, Standing::Body) => look(&self.pages[page]) || self.those(Standing::Subject).any(look),
            _ => look(&self.pages[page]),
        };
        let answers = &mut self.whole.borrow_mut()[page];
        answers.resize(self.rules.weights, None);
        answers[weight.number] = Some(answer);
        answer
    }
}

/// Whether a sight is part of a longer term, or of what another detector saw.
fn is_inside(lexicon: &Lexicon, page: &Page<'_>, sight: &Sight, weight: &Weight) -> bool {
    let covers =
        |start: u32, end: u32| start <= sight.start && end >= sight.end && end - start > sight.end - sight.start;
    let detector_covers = |at: u16| {
        let sights = page.sights_of(at);
        let first = sights.partition_point(|other| (other.start as usize) + LONGEST < sight.start as usize);
        let near = sights[first..].iter().take_while(|other| other.start <= sight.start);
        near.filter(|other| other.confidence >= LIKELY).any(|other| covers(other.start, other.end))
    };
    weight.targets.iter().any(|target| match target {
        Target::List(list) => {
            let over = Window { around: sight.start, low: sight.end as usize, high: sight.start as usize + 1 };
            page.words.any(lexicon, *list, over, |span| covers(span.start, span.end))
        }
        Target::Detector(at) => detector_covers(*at),
    })
}

/// Whether a sight is all of a line, and an empty line, another zone or nothing follows.
fn is_sign_off(page: &Page<'_>, sight: &Sight) -> bool {
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
struct Near<'w> {
    lexicon: &'w Lexicon,
    weight: &'w Weight,
    /// Few: no more than make enough.
    values: Vec<String>,
}

impl<'w> Near<'w> {
    fn new(rules: &'w Ruleset, weight: &'w Weight) -> Self {
        Self { lexicon: &rules.lexicon, weight, values: Vec::new() }
    }

    fn look(&mut self, page: &Page<'_>, own: Option<&Sight>, low: usize, high: usize) -> bool {
        self.weight.targets.iter().any(|target| match target {
            Target::List(list) => {
                let window = Window { around: own.map_or(0, |own| own.start), low, high };
                page.words.any(self.lexicon, *list, window, |span| {
                    speaks(page.zone_at(span.start), own)
                        && self.enough(&page.text[span.start as usize..span.end as usize])
                })
            }
            Target::Detector(detector) => self.sights(page, *detector, own, low, high),
        })
    }

    /// A detector's sights beside (not over) our own.
    fn sights(&mut self, page: &Page<'_>, detector: u16, own: Option<&Sight>, low: usize, high: usize) -> bool {
        let sights = page.sights_of(detector);
        if sights.is_empty() {
            return false;
        }
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
fn bounds(page: &Page<'_>, sight: &Sight, within: Within) -> (usize, usize) {
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
        Within::Paragraph => page.paragraphs().around(start, end),
        Within::Characters(most) => (start.saturating_sub(most), end + most),
        Within::Part | Within::Message => (0, bytes.len()),
    }
}

/// Longer stretches are cut: every sight looks around itself, and a text without line ends must
/// not make that a square.
const MOST_LINE: usize = 1000;
const MOST_RECORD: usize = 4000;

#[cfg(test)]
mod tests {
    use crate::detect::{RuleFile, compile};

    /// Compiles a rule file and runs the tests that stand in it.
    fn tests_pass(text: &str) {
        let file = RuleFile { name: "rules/site.yaml".to_owned(), text: text.to_owned() };
        let rules = compile(&[file], &[], &|_, _| Err("no files".to_owned())).expect("the rules compile");
        let failed: Vec<_> = rules.run_tests().into_iter().filter(|result| !result.passed).collect();
        assert!(failed.is_empty(), "{failed:?}");
    }

    #[test]
    fn a_word_inside_a_figure_of_speech_is_not_the_word() {
        let text = r#"
lists: { idioms: [stroke of luck, a stroke of] }
detectors:
  - id: stroke
    title: Stroke
    identifies: health
    class: specific
    terms: [stroke]
    lower: [{ inside: idioms, to: 10 }]
    tests: { match: ["had a stroke", "luck: a stroke, small"], no_match: ["a stroke of luck"] }
"#;
        tests_pass(text);
    }

    /// A detector's own tests ask for 75 and for less than 65 (`trial.rs`).
    #[test]
    fn two_everyday_words_stay_in_doubt_beside_a_cue() {
        let text = r#"
lists: { given: [John, Will], family: [Roe, Grant], words: [will, grant], cues: [for] }
detectors:
  - id: name
    title: Name
    identifies: person
    class: linking
    names: { form: full, given: given, family: family, words: words }
    confidence: 60
    raise: [{ near: cues, before: 2, to: 76 }]
    tests: { match: ["labs for John Roe", "labs for John Grant"], no_match: ["labs for Will Grant", "Will Grant"] }
"#;
        tests_pass(text);
    }

    #[test]
    fn what_is_surer_than_below_stays_so() {
        let text = r#"
lists: { labels: [patient], acts: [attended], letters: [md] }
detectors:
  - id: name
    title: Name
    identifies: person
    class: linking
    terms: [jane roe]
    confidence: 75
    raise: [{ near: labels, before: 2, to: 90 }]
    lower: [{ near: acts, after: 2, below: 86, to: 30 }, { near: letters, after: 2, to: 25 }]
    tests: { match: ["patient Jane Roe attended"], no_match: ["Jane Roe attended", "patient Jane Roe MD"] }
"#;
        tests_pass(text);
    }

    #[test]
    fn a_weight_may_ask_for_two_things() {
        let text = r#"
lists: { verbs: [is, has], ills: [gout] }
detectors:
  - id: name
    title: Name
    identifies: person
    class: linking
    terms: [roe]
    confidence: 60
    raise: [{ near: verbs, after: 1, with: { near: ills, after: 20, within: sentence }, to: 80 }]
    tests: { match: ["Roe has had gout"], no_match: ["Roe has had enough. Gout", "Roe, gout", "Roe is here"] }
"#;
        tests_pass(text);
    }

    #[test]
    fn the_subject_speaks_for_the_body() {
        let text = r#"
detectors:
  - { id: name, title: Name, identifies: person, class: linking, terms: [roe] }
  - { id: club, title: Club, identifies: other, class: context, terms: [journal club] }
rules:
  - id: phi.name
    title: A name
    when: { all: [{ detector: name }] }
    lower: [{ near: club, subject: true, to: 20 }]
    tests: [{ phi: "Roe and the journal club" }, { clean: "Roe presents", subject: "Journal club" }]
  - id: phi.name-of-part
    title: A name
    when: { all: [{ detector: name }] }
    lower: [{ near: club, within: part, to: 20 }]
    tests: [{ phi: "Roe presents" }, { clean: "Roe presents", subject: "Journal club" }]
"#;
        tests_pass(text);
    }

    #[test]
    fn a_name_is_judged_by_its_namesakes() {
        let text = r#"
lists: { given: [Jane, Ann], family: [Roe, Grant], words: [grant], labels: [patient], titles: [dr] }
detectors:
  - id: name
    title: Name
    identifies: person
    class: linking
    names: { form: full, given: given, family: family, words: words }
    confidence: 60
    raise: [{ near: labels, before: 2, to: 90 }]
    lower: [{ near: titles, before: 2, to: 25 }]
  - id: one-name
    title: One name
    identifies: person
    class: weak
    names: { form: single, given: given, family: family, words: words }
    confidence: 60
    raise: [{ namesake: sure, to: 80 }]
    lower: [{ inside: name, to: 10 }, { namesake: nobody, to: 20 }]
    tests:
      match: ["patient Jane Roe came. Roe left.", "patient JANE ROE came. Jane left."]
      no_match: ["patient Jane Roe came", "Jane Roe came. Roe left.", "dr Jane Roe came. Roe left.", "patient Jane Roe came. Ann left."]
"#;
        tests_pass(text);
    }

    #[test]
    fn a_cue_asked_for_on_one_side_does_not_stand_in_the_sight_itself() {
        let text = r#"
lists: { given: [Ann], family: [Baker], words: [baker], titles: [baker, dr] }
detectors:
  - id: name
    title: Name
    identifies: person
    class: linking
    names: { form: full, given: given, family: family, words: words }
    confidence: 80
    lower: [{ near: titles, before: 2, to: 10 }, { near: titles, after: 2, to: 10 }]
    tests: { match: ["Ann Baker is here"], no_match: ["Dr. Ann Baker", "Ann Baker, baker"] }
"#;
        tests_pass(text);
    }
}
