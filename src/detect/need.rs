//! What must be weighed at all: of most mail, nothing, for no rule has seen something for each of its conditions.

use super::ids::IdSet;

/// Which detectors matter to which rule, and which lend to which.
pub struct Needs {
    pub rules: Vec<Need>,
    /// By detector, those that lend to it.
    pub lenders: Vec<IdSet>,
}

/// What a rule looks at.
pub struct Need {
    /// Of each condition about sights, whose sights count.
    pub conditions: Vec<IdSet>,
    /// All whose confidence matters to the rule.
    pub wanted: IdSet,
}

impl Needs {
    /// The rules for each of whose conditions something was seen at all, by their place.
    pub fn possible(&self, seen: &IdSet) -> impl Iterator<Item = usize> {
        let is_possible = |need: &Need| need.conditions.iter().all(|condition| condition.meets(seen));
        self.rules.iter().enumerate().filter(move |(_, need)| is_possible(need)).map(|(at, _)| at)
    }

    /// The detectors whose confidence can matter: those of possible rules, and those that lend to them.
    pub fn needed(&self, seen: &IdSet) -> IdSet {
        let mut needed = IdSet::default();
        self.possible(seen).for_each(|at| needed.add(&self.rules[at].wanted));
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
        let rules = vec![Need { conditions: vec![set(&[0]), set(&[5])], wanted: set(&[0, 5]) }];
        // 1 lends to 0, 2 to 1, 0 to 2 again; 4 to 3, which was not seen.
        let lenders = [&[1, 3][..], &[2], &[0], &[4], &[], &[]].map(set).to_vec();
        let needs = Needs { rules, lenders };
        assert!(needs.needed(&set(&[0, 1, 2, 4])).is_empty(), "no rule is possible");
        let needed = needs.needed(&set(&[0, 1, 2, 4, 5]));
        assert!([0, 1, 2, 5].into_iter().all(|id| needed.holds(id)) && !needed.holds(4));
    }
}
