//! Sets of small numbers: of detectors, of word lists.

/// A set of numbers, one bit each.
#[derive(Clone, Debug, Default)]
pub struct IdSet(Vec<u64>);

impl IdSet {
    /// All numbers below one.
    pub fn below(end: usize) -> Self {
        (0..end as u16).collect()
    }

    pub fn insert(&mut self, id: u16) {
        let block = usize::from(id / 64);
        if block >= self.0.len() {
            self.0.resize(block + 1, 0);
        }
        self.0[block] |= 1 << (id % 64);
    }

    #[inline]
    pub fn holds(&self, id: u16) -> bool {
        self.0.get(usize::from(id / 64)).is_some_and(|bits| bits >> (id % 64) & 1 == 1)
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }

    /// Those of this set, in order.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        self.shared(self)
    }

    /// Those that are in both sets, in order.
    pub fn shared<'s>(&'s self, other: &'s Self) -> Shared<'s> {
        Shared { one: &self.0, other: &other.0, at: 0, bits: 0 }
    }

    #[inline]
    pub fn meets(&self, other: &Self) -> bool {
        self.meets_blocks(&other.0)
    }

    /// The same of a set that lies elsewhere, as [`blocks`](Self::blocks) tells it. All blocks are looked at: they are few.
    #[inline]
    pub fn meets_blocks(&self, other: &[u64]) -> bool {
        self.0.iter().zip(other).fold(0, |shared, (one, other)| shared | one & other) != 0
    }

    /// One bit a number, 64 a block.
    pub fn blocks(&self) -> &[u64] {
        &self.0
    }

    pub fn of_blocks(blocks: Vec<u64>) -> Self {
        Self(blocks)
    }

    /// Those that another set has not.
    pub fn without(&self, other: &Self) -> Self {
        let others = other.0.iter().chain(std::iter::repeat(&0));
        Self(self.0.iter().zip(others).map(|(one, other)| one & !other).collect())
    }

    pub fn add(&mut self, other: &Self) {
        self.add_blocks(&other.0);
    }

    pub fn add_blocks(&mut self, other: &[u64]) {
        if self.0.len() < other.len() {
            self.0.resize(other.len(), 0);
        }
        self.0.iter_mut().zip(other).for_each(|(one, other)| *one |= other);
    }
}

impl FromIterator<u16> for IdSet {
    fn from_iter<I: IntoIterator<Item = u16>>(ids: I) -> Self {
        let mut set = Self::default();
        ids.into_iter().for_each(|id| set.insert(id));
        set
    }
}

/// The numbers of two sets.
pub struct Shared<'s> {
    one: &'s [u64],
    other: &'s [u64],
    /// The block that comes next, and what is left of the one before.
    at: usize,
    bits: u64,
}

impl Iterator for Shared<'_> {
    type Item = u16;

    #[inline]
    fn next(&mut self) -> Option<u16> {
        while self.bits == 0 {
            self.bits = self.one.get(self.at)? & self.other.get(self.at)?;
            self.at += 1;
        }
        let id = (self.at - 1) * 64 + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        Some(id as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_put_in() {
        let those = [0, 63, 64, 130];
        let mut set: IdSet = those.into_iter().collect();
        assert!((0..200).all(|id| set.holds(id) == those.contains(&id)));
        assert!(set.iter().eq(those));
        assert!(set.shared(&[1, 63, 130, 700].into_iter().collect()).eq([63, 130]));
        assert!(set.meets(&[130].into_iter().collect()) && !set.meets(&[129].into_iter().collect()));
        assert!(set.without(&[63, 64].into_iter().collect()).iter().eq([0, 130]));
        set.add(&[700].into_iter().collect());
        assert!(set.holds(700) && !set.is_empty() && IdSet::default().is_empty());
        assert!(IdSet::below(66).iter().eq(0..66));
    }
}
