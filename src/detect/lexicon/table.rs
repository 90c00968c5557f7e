//! Where a word's hash leads: most words of a text lead nowhere, and that must cost next to nothing.

/// What a word leads to: the lists of the term that ends there, and whether longer terms go on.
#[derive(Clone, Copy, Default)]
pub struct Place {
    /// Where its lists begin: the walked ones, then the asked ones.
    pub lists: u32,
    pub walked: u16,
    asked: u16,
}

/// In the count of asked lists, which are fewer: the term may go on with a further word.
const GOES_ON: u16 = 1 << 15;

impl Place {
    pub fn new(lists: usize, walked: usize, asked: usize, goes_on: bool) -> Self {
        let asked = asked as u16 | if goes_on { GOES_ON } else { 0 };
        Self { lists: lists as u32, walked: walked as u16, asked }
    }

    pub fn asked(self) -> u16 {
        self.asked & !GOES_ON
    }

    pub fn goes_on(self) -> bool {
        self.asked & GOES_ON != 0
    }
}

/// An open-addressing table from hashes to places. 64 bits tell terms apart; a clash would only
/// add a term to a list.
pub struct Table {
    /// Hash and place, side by side: one look into memory for both. Hash 0 is a free slot.
    slots: Vec<(u64, Place)>,
    /// One bit per hash: most words of a text are in no list, and go no further than this.
    filter: Vec<u64>,
}

impl Table {
    pub fn of(places: impl ExactSizeIterator<Item = (u64, Place)>) -> Self {
        // At least 8, so that the filter is made of whole words and both sides mask alike.
        let size = (places.len() * 2).next_power_of_two().max(8);
        let bits = size * 8;
        let mut table = Self { slots: vec![(0, Place::default()); size], filter: vec![0; bits.div_ceil(64)] };
        for (key, place) in places {
            let bit = key as usize & (bits - 1);
            table.filter[bit / 64] |= 1 << (bit % 64);
            let mut at = table.slot(key);
            while table.slots[at].0 != 0 {
                at = (at + 1) & (size - 1);
            }
            table.slots[at] = (key, place);
        }
        table
    }

    /// The filter looks at a hash's low bits, the slots at its high ones.
    fn slot(&self, key: u64) -> usize {
        (key >> 20) as usize & (self.slots.len() - 1)
    }

    #[inline]
    pub fn find(&self, key: u64) -> Option<Place> {
        let bit = key as usize & (self.filter.len() * 64 - 1);
        if self.filter[bit / 64] >> (bit % 64) & 1 == 0 {
            return None;
        }
        let mut at = self.slot(key);
        loop {
            match self.slots[at] {
                (0, _) => return None,
                (found, place) if found == key => return Some(place),
                _ => at = (at + 1) & (self.slots.len() - 1),
            }
        }
    }
}
