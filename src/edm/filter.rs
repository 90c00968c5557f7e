//! A Bloom filter in blocks of a cache line: one look at memory says "not here" for most words of a text.

/// 512 bits.
const BLOCK: usize = 64;
/// Bits set for each key. With eight bits a key some three in a hundred foreign keys pass.
const PROBES: u32 = 6;
/// The filter stays below this, and lets more foreign keys pass, however large the table.
const MOST_BYTES: usize = 160 << 20;

/// Kept as the octets of its file: with ten million rows there is no room for a second copy.
pub struct Filter(Vec<u8>);

impl Filter {
    /// An empty one for that many keys, eight bits for each.
    pub fn new(keys: u64) -> Self {
        let bytes = usize::try_from(keys).unwrap_or(usize::MAX).clamp(BLOCK, MOST_BYTES);
        Self(vec![0; bytes.next_multiple_of(BLOCK)])
    }

    pub fn insert(&mut self, hash: u64) {
        let block = self.block(hash);
        for (at, bit) in probes(hash) {
            self.0[block + at] |= bit;
        }
    }

    pub fn may_hold(&self, hash: u64) -> bool {
        let start = self.block(hash);
        let block = &self.0[start..start + BLOCK];
        probes(hash).all(|(at, bit)| block[at] & bit != 0)
    }

    /// Where the block for a hash begins: its high half, scaled.
    fn block(&self, hash: u64) -> usize {
        let blocks = (self.0.len() / BLOCK) as u64;
        (((hash >> 32) * blocks) >> 32) as usize * BLOCK
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As [`Filter::bytes`] gave it; `None` if the length is odd.
    pub fn read(bytes: Vec<u8>) -> Option<Self> {
        (!bytes.is_empty() && bytes.len().is_multiple_of(BLOCK)).then_some(Self(bytes))
    }
}

/// Six of the block's bits, from the low half of the hash spread over all of a product.
fn probes(hash: u64) -> impl Iterator<Item = (usize, u8)> {
    let spread = (hash & 0xffff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..PROBES).map(move |probe| {
        let bit = (spread >> (10 + 9 * probe)) & 511;
        ((bit / 8) as usize, 1 << (bit % 8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(seed: u64) -> impl Iterator<Item = u64> {
        (0..20_000_u64).map(move |n| {
            let mixed = (n + seed).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb)
        })
    }

    #[test]
    fn what_was_put_in_is_held_and_little_else() {
        let mut filter = Filter::new(20_000);
        hashes(1).for_each(|hash| filter.insert(hash));
        let filter = Filter::read(filter.bytes().to_vec()).expect("as written");
        assert!(hashes(1).all(|hash| filter.may_hold(hash)));
        let wrong = hashes(1 << 40).filter(|hash| filter.may_hold(*hash)).count();
        assert!(wrong < 1_000, "{wrong} of 20,000 foreign keys pass");
        assert!(Filter::read(filter.bytes()[1..].to_vec()).is_none());
    }
}
