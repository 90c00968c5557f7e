//! A Bloom filter in blocks of a cache line: one look at memory says "not here" for most words of a text.

/// 512 bits.
const WORDS: usize = 8;
/// Bits set for each key. With eight bits a key some three in a hundred foreign keys pass.
const PROBES: u32 = 6;
/// The filter stays below this, and lets more foreign keys pass, however large the table.
const MOST_BYTES: usize = 168 << 20;

pub struct Filter {
    blocks: Vec<[u64; WORDS]>,
}

impl Filter {
    /// An empty one for that many keys, eight bits for each.
    pub fn new(keys: u64) -> Self {
        let bytes = usize::try_from(keys).unwrap_or(usize::MAX).clamp(64, MOST_BYTES);
        Self { blocks: vec![[0; WORDS]; bytes.div_ceil(64)] }
    }

    pub fn insert(&mut self, hash: u64) {
        let at = self.block(hash);
        for (word, bit) in probes(hash) {
            self.blocks[at][word] |= bit;
        }
    }

    pub fn may_hold(&self, hash: u64) -> bool {
        let block = &self.blocks[self.block(hash)];
        probes(hash).all(|(word, bit)| block[word] & bit != 0)
    }

    /// The block for a hash: its high half, scaled.
    fn block(&self, hash: u64) -> usize {
        (((hash >> 32) * self.blocks.len() as u64) >> 32) as usize
    }

    pub fn bytes(&self) -> impl Iterator<Item = [u8; 8]> + '_ {
        self.blocks.iter().flatten().map(|word| word.to_le_bytes())
    }

    /// As [`Filter::bytes`] wrote it; `None` if the length is odd.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (blocks, rest) = bytes.as_chunks::<64>();
        let block = |bytes: &[u8; 64]| {
            let (words, _) = bytes.as_chunks::<8>();
            std::array::from_fn(|at| u64::from_le_bytes(words[at]))
        };
        (rest.is_empty() && !blocks.is_empty()).then(|| Self { blocks: blocks.iter().map(block).collect() })
    }
}

/// Six of the block's bits, from the low half of the hash spread over all of a product.
fn probes(hash: u64) -> impl Iterator<Item = (usize, u64)> {
    let spread = (hash & 0xffff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..PROBES).map(move |probe| {
        let bit = (spread >> (10 + 9 * probe)) & 511;
        ((bit / 64) as usize, 1 << (bit % 64))
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
        let bytes: Vec<u8> = filter.bytes().flatten().collect();
        let filter = Filter::read(&bytes).expect("as written");
        assert!(hashes(1).all(|hash| filter.may_hold(hash)));
        let wrong = hashes(1 << 40).filter(|hash| filter.may_hold(*hash)).count();
        assert!(wrong < 1_000, "{wrong} of 20,000 foreign keys pass");
        assert!(Filter::read(&bytes[1..]).is_none());
    }
}
