//! Where a word's hash leads: one look into memory a word, whether it leads anywhere or not.

/// What a word leads to: the lists of the term that ends there, and with which words longer terms go on.
#[derive(Clone, Copy, Default)]
pub struct Place {
    /// Where its [`Lists`](super::Lists) begin.
    pub lists: u32,
    /// One bit for each kind of next word; none if no longer term begins so.
    follow: u16,
    /// Some of its lists are walked.
    pub walked: bool,
    /// Some are asked for.
    pub asked: bool,
}

impl Place {
    pub fn new(lists: u32, follow: u16, walked: bool, asked: bool) -> Self {
        Self { lists, follow, walked, asked }
    }

    pub fn follow(self) -> Follow {
        Follow(self.follow)
    }
}

/// With which words a term may go on: most words that stand behind its beginning are none of them, and this tells of
/// nearly all such without a look into the table.
#[derive(Clone, Copy, Default)]
pub struct Follow(u16);

impl Follow {
    pub fn goes_on(self) -> bool {
        self.0 != 0
    }

    #[inline]
    pub fn may_be(self, hash: u64) -> bool {
        self.0 & kind(hash) != 0
    }
}

/// The kind of a word, one bit: by other bits of its hash than a table's slots.
pub fn kind(hash: u64) -> u16 {
    1 << (hash >> 56 & 15)
}

/// An open-addressing table from hashes to places. 64 bits tell terms apart; a clash would only
/// add a term to a list.
pub struct Table {
    /// Hash and place, side by side. Hash 0 is a free slot.
    slots: Vec<(u64, Place)>,
}

impl Table {
    pub fn of(places: impl ExactSizeIterator<Item = (u64, Place)>) -> Self {
        let size = (places.len() * 2).next_power_of_two();
        let mut table = Self { slots: vec![(0, Place::default()); size] };
        for (key, place) in places {
            let mut at = table.slot(key);
            while table.slots[at].0 != 0 {
                at = (at + 1) & (size - 1);
            }
            table.slots[at] = (key, place);
        }
        table
    }

    #[inline]
    fn slot(&self, key: u64) -> usize {
        (key >> 20) as usize & (self.slots.len() - 1)
    }

    #[inline]
    pub fn find(&self, key: u64) -> Option<Place> {
        let mut at = self.slot(key);
        loop {
            match self.slots[at] {
                (found, place) if found == key => return Some(place),
                (0, _) => return None,
                _ => at = (at + 1) & (self.slots.len() - 1),
            }
        }
    }
}
