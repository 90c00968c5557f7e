//! What must be weighed at all: of most mail, nothing, for no rule has seen something for each of its conditions.

use super::ids::IdSet;

/// Which detectors matter to which rule, and which lend to which.
pub struct Needs {
    pub rules: Vec<Need>,
    /// By detector, those that lend to it.
    pub lenders: Vec<IdSet>,
    /// The detectors of persons.
    pub persons: IdSet,
}

/// What a rule looks at.
pub struct Need {
    /// Each condition about sights.
    pub conditions: Vec<Asked>,
    /// All whose confidence matters to the rule.
    pub wanted: IdSet,
}

/// Whose sights a condition counts, and how sure they must be.
pub struct Asked {
    pub detectors: IdSet,
    pub least: u8,
}

impl Needs {
    /// The rules for each of whose conditions something was seen at all, by their place.
    pub fn possible(&self, seen: &IdSet) -> impl Iterator<Item = usize> {
        self.possible_with(seen, |_, _| true)
    }

    /// Those of them for each of whose conditions something was seen that may be sure enough.
    pub fn possible_with(&self, seen: &IdSet, may_be: impl Fn(u16, u8) -> bool) -> impl Iterator<Item = usize> {
        let is_met = move |asked: &Asked| asked.detectors.shared(seen).any(|at| may_be(at, asked.least));
        let is_possible = move |need: &Need| need.conditions.iter().all(&is_met);
        self.rules.iter().enumerate().filter(move |(_, need)| is_possible(need)).map(|(at, _)| at)
    }

    /// The detectors whose confidence can matter: those of possible rules, and those that lend to them.
    pub fn needed(&self, seen: &IdSet) -> IdSet {
        self.needed_by(self.possible(seen), seen)
    }

    /// Those that matter to these rules.
    pub fn needed_by(&self, rules: impl Iterator<Item = usize>, seen: &IdSet) -> IdSet {
        let mut wanted = IdSet::default();
        rules.for_each(|at| wanted.add(&self.rules[at].wanted));
        self.with_lenders(wanted, seen)
    }

    /// Of those that matter, the detectors of persons and those that lend to them.
    pub fn about_persons(&self, needed: &IdSet, seen: &IdSet) -> IdSet {
        self.with_lenders(needed.shared(&self.persons).collect(), seen)
    }

    fn with_lenders(&self, mut needed: IdSet, seen: &IdSet) -> IdSet {
        // What lends may itself be lent to.
        let mut waiting: Vec<u16> = needed.shared(seen).collect();
        while let Some(at) = waiting.pop() {
            for lender in self.lenders[usize::from(at)].shared(seen).filter(|lender| !needed.holds(*lender)) {
                waiting.push(lender);
            }
            needed.add(&self.lenders[usize::from(at)]);
        }
        needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[u16]) -> IdSet {
        ids.iter().copied().collect()
    }

    #[test]
    fn what_lends_is_needed_however_long_the_chain_and_what_was_not_seen_lends_nothing() {
        let asked = |id| Asked { detectors: set(&[id]), least: 75 };
        let rules = vec![Need { conditions: vec![asked(0), asked(5)], wanted: set(&[0, 5]) }];
        // 1 lends to 0, 2 to 1, 0 to 2 again; 4 to 3, which was not seen.
        let lenders = [&[1, 3][..], &[2], &[0], &[4], &[], &[]].map(set).to_vec();
        let needs = Needs { rules, lenders, persons: set(&[0]) };
        assert!(needs.needed(&set(&[0, 1, 2, 4])).is_empty(), "no rule is possible");
        let needed = needs.needed(&set(&[0, 1, 2, 4, 5]));
        assert!([0, 1, 2, 5].into_iter().all(|id| needed.holds(id)) && !needed.holds(4));
    }

    #[test]
    fn where_no_person_is_sure_enough_no_rule_is_possible() {
        let asked = |id, least| Asked { detectors: set(&[id]), least };
        let rules = vec![Need { conditions: vec![asked(0, 75), asked(1, 75)], wanted: set(&[0, 1]) }];
        let needs = Needs { rules, lenders: [&[2][..], &[], &[]].map(set).to_vec(), persons: set(&[0]) };
        let seen = set(&[0, 1, 2]);
        assert!(needs.about_persons(&needs.needed(&seen), &seen).iter().eq([0, 2]));
        let possible = |confidence: u8| needs.possible_with(&seen, |at, least| at != 0 || confidence >= least).count();
        assert_eq!([possible(74), possible(75)], [0, 1]);
    }
}
