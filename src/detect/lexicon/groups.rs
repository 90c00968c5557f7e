//! The lists that terms are in: thousands of names and words are in the same ones, which are kept once.

use std::collections::HashMap;

use super::{CAPITAL_ONLY, ListId};
use crate::detect::ids::IdSet;

/// By number, the lists of some terms.
pub struct Groups {
    /// The walked lists of all, one behind the other; entries may count with a capital only.
    walked: Vec<u16>,
    /// Where each group's begin.
    begins: Vec<u32>,
    /// The asked lists of each, one bit a list: of a term as it may be written, and of one with a capital.
    asked: Vec<u64>,
    /// Blocks of 64 lists.
    width: usize,
}

impl Groups {
    /// The walked lists, and of each whether a term must have a capital to be in it.
    #[inline]
    pub fn walked(&self, group: u32) -> impl Iterator<Item = (ListId, bool)> {
        let at = group as usize;
        let entries = &self.walked[self.begins[at] as usize..self.begins[at + 1] as usize];
        entries.iter().map(|entry| (entry & !CAPITAL_ONLY, entry & CAPITAL_ONLY != 0))
    }

    /// The asked lists, one bit each.
    #[inline]
    pub fn asked(&self, group: u32, capital: bool) -> &[u64] {
        let row = 2 * group as usize + usize::from(capital);
        &self.asked[row * self.width..(row + 1) * self.width]
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.begins.len() - 1
    }
}

/// Gathers the groups of all terms.
pub struct Gathering {
    groups: Groups,
    known: HashMap<Vec<u16>, u32>,
}

impl Gathering {
    /// For so many lists.
    pub fn new(lists: usize) -> Self {
        let groups =
            Groups { walked: Vec::new(), begins: vec![0], asked: Vec::new(), width: lists.div_ceil(64).max(1) };
        Self { groups, known: HashMap::new() }
    }

    /// The number of the group of these lists; by list it is known whether it is walked.
    pub fn add(&mut self, mut entries: Vec<u16>, walked: &[bool]) -> u32 {
        entries.sort_unstable();
        let Self { groups, known } = self;
        *known.entry(entries).or_insert_with_key(|entries| {
            let is_walked = |entry: &&u16| walked[usize::from(**entry & !CAPITAL_ONLY)];
            groups.walked.extend(entries.iter().filter(is_walked));
            groups.begins.push(groups.walked.len() as u32);
            for capital in [false, true] {
                let counts = |entry: &&u16| !is_walked(entry) && (capital || **entry & CAPITAL_ONLY == 0);
                let lists: IdSet = entries.iter().filter(counts).map(|entry| entry & !CAPITAL_ONLY).collect();
                let row = groups.asked.len();
                groups.asked.resize(row + groups.width, 0);
                groups.asked[row..row + lists.blocks().len()].copy_from_slice(lists.blocks());
            }
            groups.begins.len() as u32 - 2
        })
    }

    pub fn gathered(self) -> Groups {
        self.groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_in_the_same_lists_share_a_group() {
        // List 1 is walked; 0 asks for a capital.
        let mut gathering = Gathering::new(3);
        let all = vec![1, CAPITAL_ONLY, 2];
        let (one, other) =
            (gathering.add(all.clone(), &[false, true, false]), gathering.add(vec![2], &[false, true, false]));
        assert_eq!(gathering.add(all, &[false, true, false]), one);
        let groups = gathering.gathered();
        assert_eq!(groups.len(), 2);
        assert!(groups.walked(one).eq([(1, false)]) && groups.walked(other).next().is_none());
        assert_eq!([groups.asked(one, false), groups.asked(one, true)], [&[0b100], &[0b101]]);
    }
}
