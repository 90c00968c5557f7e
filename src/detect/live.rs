//! Which weights can matter on a page: of the many that a ruleset has, few look for anything that stands there.

use super::ids::IdSet;

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
    pub fn of(lists: usize, detectors: usize) -> Self {
        let sets = |count| vec![IdSet::default(); count];
        Self { lists: sets(lists), detectors: sets(detectors), always: IdSet::default() }
    }

    /// A weight that looks for these.
    pub fn add(&mut self, weight: u16, lists: &IdSet, detectors: &IdSet) {
        if lists.is_empty() && detectors.is_empty() {
            self.always.insert(weight);
        }
        lists.iter().for_each(|list| self.lists[usize::from(list)].insert(weight));
        detectors.iter().for_each(|at| self.detectors[usize::from(at)].insert(weight));
    }

    /// The weights that look for something of these lists, or that these detectors saw.
    pub fn live(&self, lists: impl Iterator<Item = u16>, seen: &IdSet) -> IdSet {
        let mut live = self.always.clone();
        lists.for_each(|list| live.add(&self.lists[usize::from(list)]));
        seen.iter().for_each(|detector| live.add(&self.detectors[usize::from(detector)]));
        live
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_live_by_what_they_look_for() {
        let set = |ids: &[u16]| ids.iter().copied().collect::<IdSet>();
        let mut watch = Watch::of(3, 3);
        watch.add(0, &set(&[]), &set(&[]));
        watch.add(1, &set(&[0, 2]), &set(&[]));
        watch.add(2, &set(&[1]), &set(&[2]));
        assert!(watch.live([].into_iter(), &set(&[1])).iter().eq([0]));
        assert!(watch.live([2].into_iter(), &set(&[2])).iter().eq([0, 1, 2]));
    }
}
