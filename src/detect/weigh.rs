//! What stands near a sight makes it surer or less sure.

use std::cell::{OnceCell, RefCell};
use std::ops::Range;

use super::ids::IdSet;
use super::known::Known;
use super::namesakes::Namesakes;
use super::near::{Near, bounds, is_inside, is_sign_off};
use super::page::{Page, Sight};
use super::raw::Within;
use super::ruleset::{Change, Ruleset, Weight};
use super::standing::Standing;

pub use super::near::LIKELY;

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
    anywhere: OnceCell<IdSet>,
}

impl<'a> Scene<'a> {
    pub fn new(rules: &'a Ruleset, known: &'a Known, pages: &'a [Page<'a>]) -> Self {
        let whole = RefCell::new(vec![Vec::new(); pages.len()]);
        Self {
            rules,
            known,
            pages,
            whole,
            namesakes: OnceCell::new(),
            standings: OnceCell::new(),
            anywhere: OnceCell::new(),
        }
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
        let (here, anywhere) = (self.pages[page].live(self.rules), self.anywhere());
        for (weights, up) in [(raise, true), (lower, false)] {
            for weight in weights {
                let live = if weight.about_page { anywhere } else { here };
                if !live.holds(weight.number) {
                    continue;
                }
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
        if weight.about_page {
            return self.is_on_page(page, sight, weight);
        }
        if weight.inside {
            return is_inside(&self.rules.lexicon, here, sight, weight);
        }
        let distance = weight.before.is_some() || weight.after.is_some();
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
        if let Some(topic) = here.topics().around(sight.start) {
            (low, high) = (low.max(topic.start), high.min(topic.end));
        }
        Near::new(self.rules, weight).look(here, Some(sight), low, high)
    }

    /// The weights that look for something that stands on any page.
    fn anywhere(&self) -> &IdSet {
        self.anywhere.get_or_init(|| {
            let mut all = IdSet::default();
            self.pages.iter().for_each(|page| all.add(page.live(self.rules)));
            all
        })
    }

    /// By page, what it is to the others.
    pub fn standings(&self) -> &[Standing<'a>] {
        self.standings.get_or_init(|| self.pages.iter().map(|page| Standing::of(&page.segment.origin)).collect())
    }

    fn those(&self, wanted: Standing<'a>) -> impl Iterator<Item = &'a Page<'a>> {
        let those = self.standings().iter().zip(self.pages).filter(move |(standing, _)| **standing == wanted);
        those.map(|(_, page)| page)
    }

    /// The same for whole pages: asked once. An item of a list of topics is a page of its own, under what introduces all.
    fn is_on_page(&self, page: usize, sight: &Sight, weight: &Weight) -> bool {
        let topics = self.pages[page].topics();
        if weight.within != Some(Within::Message)
            && !weight.subject
            && let Some(topic) = topics.around(sight.start)
        {
            let mut near = Near::new(self.rules, weight);
            let mut look = |at: Range<usize>| near.look(&self.pages[page], None, at.start, at.end);
            return look(topics.preamble()) || look(topic) || {
                let is_body = self.standings()[page] == Standing::Body;
                is_body && self.those(Standing::Subject).any(|page| near.look(page, None, 0, page.text.len()))
            };
        }
        if let Some(Some(known)) = self.whole.borrow()[page].get(usize::from(weight.number)) {
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
        answers[usize::from(weight.number)] = Some(answer);
        answer
    }
}

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
