//! A table of a few rows in memory, for the tests beside rules.

use std::collections::HashSet;

use super::{Column, Index, Key, KeyKind, Unreadable, of_row};

#[derive(Default)]
pub struct Memory {
    keys: HashSet<(KeyKind, String)>,
}

impl Memory {
    /// Takes in one person.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = (Column, &'c str)>) {
        of_row(cells.into_iter(), |key| _ = self.keys.insert((key.kind, key.text.to_owned())));
    }
}

impl Index for Memory {
    fn may_hold(&self, key: &Key<'_>) -> bool {
        self.keys.contains(&(key.kind, key.text.to_owned()))
    }

    fn holds(&self, key: &Key<'_>) -> Result<bool, Unreadable> {
        Ok(self.may_hold(key))
    }

    fn is_current(&self) -> bool {
        true
    }
}
