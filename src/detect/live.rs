//! Which weights can matter on a page: of the many that a ruleset has, few look for anything that stands there.

use super::ids::IdSet;
use super::page::Page;
use super::ruleset::{CompiledRule, Detector, Ruleset, Weight};

/// Which weights look for what, by their numbers.
pub struct Watch {
    /// By list.
    lists: Vec<IdSet>,
    /// By detector.
    detectors: Vec<IdSet>,
    /// Those that look for neither.
    always: IdSet,
}

impl Watch {
    pub fn of(detectors: &[Detector], rules: &[CompiledRule], lists: usize) -> Self {
        let sets = |count| vec![IdSet::default(); count];
        let mut watch = Self { lists: sets(lists), detectors: sets(detectors.len()), always: IdSet::default() };
        let of_detectors = detectors.iter().flat_map(|detector| detector.raise.iter().chain(&detector.lower));
        let of_rules = rules.iter().flat_map(|rule| rule.raise.iter().chain(&rule.lower));
        of_detectors.chain(of_rules).for_each(|weight| watch.add(weight));
        watch
    }

    fn add(&mut self, weight: &Weight) {
        let targets = &weight.targets;
        if targets.lists.is_empty() && targets.detectors.is_empty() {
            self.always.insert(weight.number);
        }
        targets.lists.iter().for_each(|list| self.lists[usize::from(list)].insert(weight.number));
        targets.detectors.iter().for_each(|at| self.detectors[usize::from(at)].insert(weight.number));
        weight.with.iter().for_each(|with| self.add(with));
    }

    /// Those that look for something that stands on a page. `None` for all: of a long text it is not told.
    pub fn live(&self, rules: &Ruleset, page: &Page<'_>) -> Option<IdSet> {
        let mut live = self.always.clone();
        let (walked, asked) = page.words.lists_there(&rules.lexicon)?;
        walked.iter().chain(asked.iter()).for_each(|list| live.add(&self.lists[usize::from(list)]));
        page.seen().iter().for_each(|detector| live.add(&self.detectors[usize::from(detector)]));
        Some(live)
    }
}
