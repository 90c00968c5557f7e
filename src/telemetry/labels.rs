//! Which values of a label have a series of their own.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

/// A label's values are kept for good: what comes after so many shares [`OTHER`].
const MOST: usize = 500;

/// The value of all that have no series of their own.
pub const OTHER: &str = "other";

/// Values that have one. They may become more while the gateway runs: a reload brings new rules.
#[derive(Debug, Default)]
pub struct Labels(RwLock<BTreeSet<String>>);

impl Labels {
    /// Takes in values, as far as there is room, and calls back with each that is new.
    pub fn learn<'a>(&self, values: impl Iterator<Item = &'a str>, mut new: impl FnMut(&str)) {
        let mut own = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for value in values {
            if own.len() < MOST && !own.contains(value) {
                own.insert(value.to_owned());
                new(value);
            }
        }
    }

    /// The value under which this one is counted.
    pub fn of<'a>(&self, value: &'a str) -> &'a str {
        let own = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if own.contains(value) { value } else { OTHER }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_later_has_a_series_too_until_there_are_too_many() {
        let labels = Labels::default();
        let mut new = Vec::new();
        labels.learn(["a", "b"].into_iter(), |value| new.push(value.to_owned()));
        labels.learn(["b", "c"].into_iter(), |value| new.push(value.to_owned()));
        assert_eq!(new, ["a", "b", "c"]);
        assert_eq!((labels.of("c"), labels.of("d")), ("c", OTHER));
        let many: Vec<String> = (0..2 * MOST).map(|number| number.to_string()).collect();
        labels.learn(many.iter().map(String::as_str), |_| {});
        assert_eq!(many.iter().filter(|value| labels.of(value) != OTHER).count(), MOST - 3);
    }
}
