//! Where a word's hash leads: one look into memory a word, whether it leads anywhere or not, and hardly a branch.

/// What a word leads to: the lists of the term that ends there, and with which words longer terms go on.
#[derive(Clone, Copy, Default)]
pub struct Place {
    /// The number of its [`Group`](super::groups), and what is known without looking there.
    lead: u32,
    follow: u64,
}

/// A word or term leads here at all.
const KNOWN: u32 = 1 << 29;
/// A term that lists have ends here; elsewhere longer ones only pass.
const LISTED: u32 = 1 << 30;
/// No literal begins with this word.
const CLOSED: u32 = 1 << 31;

impl Place {
    pub fn new(group: u32, follow: u64, is_listed: bool) -> Self {
        Self { lead: group | KNOWN | if is_listed { LISTED } else { 0 }, follow }
    }

    /// One whose word no literal begins with.
    pub fn closed(self) -> Self {
        Self { lead: self.lead | CLOSED, ..self }
    }

    /// Whether a literal may begin with this word, as far as is known.
    #[inline]
    pub fn opens(self) -> bool {
        self.lead & CLOSED == 0
    }

    #[inline]
    pub fn is_known(self) -> bool {
        self.lead & KNOWN != 0
    }

    #[inline]
    pub fn is_listed(self) -> bool {
        self.lead & LISTED != 0
    }

    #[inline]
    pub fn group(self) -> u32 {
        self.lead & (KNOWN - 1)
    }

    #[inline]
    pub fn follow(self) -> Follow {
        Follow(self.follow)
    }
}

/// With which words a term may go on: most words that stand behind its beginning are none of them, and this tells of
/// nearly all such without a look into the table.
#[derive(Clone, Copy, Default)]
pub struct Follow(u64);

impl Follow {
    #[inline]
    pub fn goes_on(self) -> bool {
        self.0 != 0
    }

    #[inline]
    pub fn may_be(self, hash: u64) -> bool {
        self.0 & kind(hash) != 0
    }

    /// With which either may go on.
    #[inline]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The kind of a word, one bit: by other bits of its hash than a table's buckets.
#[inline]
pub fn kind(hash: u64) -> u64 {
    1 << (hash >> 26 & 63)
}

/// From hashes to places. 32 bits and its bucket tell a term from others; a clash would only add a term to a list.
pub struct Table {
    buckets: Vec<Bucket>,
}

/// Four slots in one line of the cache; tag 0 is a free slot, and those are the last ones.
#[derive(Clone, Default)]
#[repr(align(64))]
struct Bucket {
    tags: [u32; SLOTS],
    leads: [u32; SLOTS],
    follows: [u64; SLOTS],
}

const SLOTS: usize = 4;

impl Table {
    pub fn of(places: &[(u64, Place)]) -> Self {
        let mut buckets = (places.len() * 2 / SLOTS).next_power_of_two();
        loop {
            match Self::sized(places, buckets) {
                Some(table) => return table,
                None => buckets *= 2,
            }
        }
    }

    /// In so many buckets, if no two terms look alike there.
    fn sized(places: &[(u64, Place)], buckets: usize) -> Option<Self> {
        let mut table = Self { buckets: vec![Bucket::default(); buckets] };
        for (hash, place) in places {
            let mut at = table.bucket(*hash);
            let free = loop {
                let tags = &table.buckets[at].tags;
                if tags.contains(&tag(*hash)) {
                    return None;
                }
                match tags.iter().position(|tag| *tag == 0) {
                    Some(free) => break free,
                    None => at = (at + 1) & (buckets - 1),
                }
            };
            let bucket = &mut table.buckets[at];
            (bucket.tags[free], bucket.leads[free], bucket.follows[free]) = (tag(*hash), place.lead, place.follow);
        }
        Some(table)
    }

    #[inline(always)]
    fn bucket(&self, hash: u64) -> usize {
        hash as usize & (self.buckets.len() - 1)
    }

    /// Where a word leads; nowhere, if nothing is known of it.
    #[inline(always)]
    pub fn find(&self, hash: u64) -> Place {
        let mut at = self.bucket(hash);
        loop {
            let bucket = &self.buckets[at];
            let same = |slot: usize| u32::from(bucket.tags[slot] == tag(hash)) << slot;
            let hits = same(0) | same(1) | same(2) | same(3);
            if (hits != 0) | (bucket.tags[SLOTS - 1] == 0) {
                let slot = hits.trailing_zeros() as usize % SLOTS;
                let keep = u64::from(hits != 0).wrapping_neg();
                return Place { lead: bucket.leads[slot] & keep as u32, follow: bucket.follows[slot] & keep };
            }
            at = (at + 1) & (self.buckets.len() - 1);
        }
    }
}

/// The upper half of a hash, of which the highest bit is set ([`finish`](super::words::finish)).
#[inline(always)]
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_though_buckets_overflow_and_nothing_else() {
        // Ten in one bucket, by their low bits.
        let hash = |number: u64| (1 << 63) | (number << 40) | (number / 10);
        let places: Vec<_> = (0..100).map(|number| (hash(number), Place::new(number as u32, 1, true))).collect();
        let table = Table::of(&places);
        assert!((0..100).all(|number| table.find(hash(number)).group() == number as u32));
        assert!((100..200).all(|number| !table.find(hash(number)).is_known()));
    }

    #[test]
    fn terms_that_look_alike_get_a_larger_table() {
        let hashes = [(1 << 63) | 1, (1 << 63) | 1 | (1 << 20)];
        let places = hashes.map(|hash| (hash, Place::new(hash as u32 & (1 << 20), 0, true)));
        let table = Table::of(&places);
        assert!(hashes.iter().all(|hash| table.find(*hash).group() == *hash as u32 & (1 << 20)));
    }
}
