//! What is built up while rule files are compiled.

use std::collections::HashMap;

use super::Fault;
use super::lists::Lists;
use crate::detect::lexicon::WordSet;
use crate::detect::pattern::Pattern;
use crate::detect::raw::{Class, Identifies};

/// What is built up while names are looked up.
pub(super) struct Maker<'a> {
    pub(super) lists: Lists<'a>,
    pub(super) patterns: Vec<Pattern>,
    pub(super) pattern_owners: Vec<u16>,
    pub(super) word_sets: Vec<WordSet>,
    pub(super) word_set_names: HashMap<String, usize>,
    /// What `near` and `detector` may name.
    pub(super) ids: HashMap<String, u16>,
    pub(super) kinds: Vec<(Identifies, Class)>,
    /// Seen by who asks for its kind, not only by who names it.
    pub(super) open: Vec<bool>,
    /// How many weights there are so far.
    pub(super) weights: usize,
    pub(super) faults: Vec<Fault>,
}
