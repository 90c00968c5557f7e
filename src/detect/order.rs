//! Who lends to whom: what lends to others is weighed before them, and only what matters to some rule.
//!
//! `diabetes` in `Diabetes Fund` is no illness, so `her` beside it speaks of nobody's health, so the name before
//! `her` is no patient's: each is weighed when those that it leans on are settled.

use super::live::Watch;
use super::need::{Asked, Need, Needs};
use super::raw::Identifies;
use super::ruleset::{CompiledRule, Detector, Weight};

/// Chains are followed so deep. Detectors that lend to each other in a ring end here, and with them those that
/// lean on them.
pub(super) const DEEPEST: usize = 6;

/// By detector: after how many others it is weighed.
pub(super) fn stages(detectors: &[Detector]) -> Vec<usize> {
    let mut stages = vec![0; detectors.len()];
    for _ in 0..DEEPEST {
        for (at, detector) in detectors.iter().enumerate() {
            let weights = || detector.raise.iter().chain(&detector.lower);
            let last = weights().flat_map(lenders).map(|lender| stages[usize::from(lender)] + 1).max();
            // Namesakes are sights of any name.
            let last = if weights().any(|weight| weight.namesake.is_some()) { Some(DEEPEST) } else { last };
            stages[at] = stages[at].max(last.unwrap_or(0).min(DEEPEST));
        }
    }
    stages
}

/// Which detectors matter to which rule.
pub(super) fn needs(rules: &[CompiledRule], detectors: &[Detector]) -> Needs {
    let need = |rule: &CompiledRule| {
        let asked: Vec<_> = rule.all.iter().filter(|clause| clause.about_sights).collect();
        let conditions =
            asked.iter().map(|clause| Asked { detectors: clause.detectors.clone(), least: clause.least() });
        let clauses = asked.iter().copied().chain(&rule.any).chain(&rule.none);
        let lent = rule.raise.iter().chain(&rule.lower).flat_map(lenders);
        let wanted = clauses.flat_map(|clause| clause.detectors.iter()).chain(lent);
        Need { conditions: conditions.collect(), wanted: wanted.collect() }
    };
    let lent_to = |detector: &Detector| detector.raise.iter().chain(&detector.lower).flat_map(lenders).collect();
    let persons = (0..).zip(detectors).filter(|(_, detector)| detector.identifies == Identifies::Person);
    Needs {
        rules: rules.iter().map(need).collect(),
        lenders: detectors.iter().map(lent_to).collect(),
        persons: persons.map(|(at, _)| at).collect(),
    }
}

/// Which weights look for what.
pub(super) fn watch(rules: &[CompiledRule], detectors: &[Detector], lists: usize) -> Watch {
    let mut watch = Watch::of(lists, detectors.len());
    let of_detectors = detectors.iter().flat_map(|detector| detector.raise.iter().chain(&detector.lower));
    let of_rules = rules.iter().flat_map(|rule| rule.raise.iter().chain(&rule.lower));
    for weight in of_detectors.chain(of_rules) {
        for weight in std::iter::once(weight).chain(weight.with.as_deref()) {
            watch.add(weight.number, &weight.targets.lists, &weight.targets.detectors);
        }
    }
    watch
}

/// The detectors that a weight looks for.
fn lenders(weight: &Weight) -> impl Iterator<Item = u16> + '_ {
    let with = weight.with.iter().flat_map(|with| with.targets.detectors.iter());
    weight.targets.detectors.iter().chain(with)
}

#[cfg(test)]
mod tests {
    use crate::detect::{RuleFile, compile};

    #[test]
    fn what_is_lowered_lends_nothing_however_long_the_chain() {
        let text = r#"
lists: { funds: [fund] }
detectors:
  - id: name
    title: Name
    identifies: person
    class: linking
    terms: [roe]
    confidence: 60
    raise: [{ near: [of-her], after: 40, to: 80 }]
    tests: { match: ["Roe took her insulin for diabetes"], no_match: ["Roe took her seat at the insulin talk of the Diabetes Fund"] }
  - id: of-her
    title: Her health
    identifies: other
    class: context
    terms: [her]
    confidence: 20
    raise: [{ near: [drug], after: 40, to: 80 }]
  - id: drug
    title: Drug
    identifies: health
    class: specific
    terms: [insulin]
    confidence: 40
    raise: [{ near: [illness], after: 40, to: 80 }]
  - id: illness
    title: Illness
    identifies: health
    class: specific
    terms: [diabetes]
    confidence: 80
    lower: [{ near: funds, after: 1, to: 10 }]
"#;
        let file = RuleFile { name: "rules/site.yaml".to_owned(), text: text.to_owned() };
        let rules = compile(&[file], &[], &|_, _| Err("no files".to_owned())).expect("the rules compile");
        let failed: Vec<_> = rules.run_tests().into_iter().filter(|result| !result.passed).collect();
        assert!(failed.is_empty(), "{failed:?}");
    }
}
