//! What must be weighed at all: of most mail, nothing, for no rule has seen something for each of its conditions.

/// A set of detectors, one bit each. One made without their number holds none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DetectorSet(Vec<u64>);

impl DetectorSet {
    /// An empty set of so many detectors.
    pub fn none(detectors: usize) -> Self {
        Self(vec![0; detectors.div_ceil(64)])
    }

    pub fn all(detectors: usize) -> Self {
        let mut all = Self::none(detectors);
        (0..detectors as u16).for_each(|at| all.insert(at));
        all
    }

    pub fn of(detectors: usize, those: impl Iterator<Item = u16>) -> Self {
        let mut set = Self::none(detectors);
        those.for_each(|at| set.insert(at));
        set
    }

    pub fn insert(&mut self, detector: u16) {
        self.0[usize::from(detector / 64)] |= 1 << (detector % 64);
    }

    #[inline]
    pub fn holds(&self, detector: u16) -> bool {
        self.0.get(usize::from(detector / 64)).is_some_and(|bits| bits >> (detector % 64) & 1 == 1)
    }

    /// Those of this set, in order.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        self.shared(self)
    }

    /// Those that are in both sets, in order.
    pub fn shared(&self, other: &Self) -> impl Iterator<Item = u16> {
        (0_u16..).zip(self.0.iter().zip(&other.0)).flat_map(|(at, (one, other))| {
            let mut bits = one & other;
            std::iter::from_fn(move || {
                let next = (bits != 0).then(|| at * 64 + bits.trailing_zeros() as u16);
                bits &= bits.wrapping_sub(1);
                next
            })
        })
    }

    fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(one, other)| one & other != 0)
    }

    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(one, other)| *one |= other);
    }

    /// Some detector of this and another set that a third lacks.
    fn next(&self, other: &Self, but: &Self) -> Option<u16> {
        let left = (0_u16..).zip(self.0.iter().zip(&other.0).zip(&but.0)).map(|(at, ((a, b), but))| (at, a & b & !but));
        left.filter(|(_, bits)| *bits != 0).map(|(at, bits)| at * 64 + bits.trailing_zeros() as u16).next()
    }
}

/// Which detectors matter to which rule, and which lend to which.
pub struct Needs {
    pub rules: Vec<Need>,
    /// By detector, those that lend to it.
    pub lenders: Vec<DetectorSet>,
}

/// What a rule looks at.
pub struct Need {
    /// Of each condition about sights, whose sights count.
    pub conditions: Vec<DetectorSet>,
    /// All whose confidence matters to the rule.
    pub wanted: DetectorSet,
}

impl Needs {
    /// The rules for each of whose conditions something was seen at all, by their place.
    pub fn possible(&self, seen: &DetectorSet) -> impl Iterator<Item = usize> {
        let is_possible = |need: &Need| need.conditions.iter().all(|condition| condition.meets(seen));
        self.rules.iter().enumerate().filter(move |(_, need)| is_possible(need)).map(|(at, _)| at)
    }

    /// The detectors whose confidence can matter: those of possible rules, and those that lend to them.
    pub fn needed(&self, seen: &DetectorSet) -> DetectorSet {
        let mut needed = DetectorSet::none(self.lenders.len());
        self.possible(seen).for_each(|at| needed.add(&self.rules[at].wanted));
        // What lends may itself be lent to.
        let mut followed = DetectorSet::none(self.lenders.len());
        while let Some(at) = needed.next(seen, &followed) {
            followed.insert(at);
            needed.add(&self.lenders[usize::from(at)]);
        }
        needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_put_in() {
        let those = [0, 63, 64, 130];
        let set = DetectorSet::of(131, those.into_iter());
        for at in 0..131 {
            assert_eq!(set.holds(at), those.contains(&at), "{at}");
        }
        assert!(set.iter().eq(those));
        assert!(set.shared(&DetectorSet::of(131, [1, 63, 130].into_iter())).eq([63, 130]));
        assert!(set.meets(&DetectorSet::of(131, [130].into_iter())));
        assert!(!set.meets(&DetectorSet::of(131, [129].into_iter())));
        let followed = DetectorSet::of(131, [0, 63].into_iter());
        assert_eq!(set.next(&DetectorSet::all(131), &followed), Some(64));
        assert_eq!(set.next(&set, &set), None);
    }
}
