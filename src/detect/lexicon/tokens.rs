//! Where words and signs begin: one bit a byte of the text.

use std::ops::Range;

/// Places in a text, by their order.
#[derive(Default)]
pub struct Tokens(Vec<u64>);

impl Tokens {
    /// None yet, in a text of so many bytes.
    pub fn of(length: usize) -> Self {
        // One more, so that what is marked from any place on may reach over it.
        Self(vec![0; length / 64 + 2])
    }

    /// Marks places from `at` on, one bit each.
    #[inline]
    pub fn mark(&mut self, at: usize, bits: u64) {
        let (block, offset) = (at / 64, at % 64);
        self.0[block] |= bits << offset;
        // In two steps: nothing can be shifted by 64.
        self.0[block + 1] |= bits >> 1 >> (63 - offset);
    }

    /// Calls back with every place of a stretch.
    #[inline]
    pub fn within(&self, stretch: Range<usize>, mut place: impl FnMut(usize)) {
        if stretch.is_empty() {
            return;
        }
        let (first, last) = (stretch.start / 64, (stretch.end - 1) / 64);
        for block in first..=last {
            let mut bits = self.0[block];
            if block == first {
                bits &= u64::MAX << (stretch.start % 64);
            }
            if block == last {
                bits &= u64::MAX >> (63 - (stretch.end - 1) % 64);
            }
            each_bit(block * 64, bits, &mut place);
        }
    }
}

#[inline(always)]
fn each_bit(from: usize, mut bits: u64, place: &mut impl FnMut(usize)) {
    while bits != 0 {
        place(from + bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_was_marked_is_told_in_order(
            marks in proptest::collection::vec((0..200_usize, proptest::num::u64::ANY), 0..4),
            low in 0..264_usize,
            length in 0..264_usize,
        ) {
            let mut tokens = Tokens::of(264);
            let mut expected = std::collections::BTreeSet::new();
            for (at, bits) in marks {
                tokens.mark(at, bits);
                expected.extend((0..64).filter(|bit| bits >> bit & 1 == 1).map(|bit| at + bit));
            }
            let mut near = Vec::new();
            let stretch = low..(low + length).min(264).max(low);
            tokens.within(stretch.clone(), |at| near.push(at));
            proptest::prop_assert_eq!(near, expected.range(stretch).copied().collect::<Vec<_>>());
        }
    }
}
