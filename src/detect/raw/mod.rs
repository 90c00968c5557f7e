//! A rule file as written: YAML in, plain values out, every key documented for editors.
//!
//! `config/rules.schema.json` is made from these types, so the words here are what a rule's author
//! reads on hovering over a key.

mod confidence;
mod detector;
mod rule;
mod shape;
mod weigh;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Mode;
pub use detector::{Audience, Case, Class, Detector, DetectorTests, Identifies, KnownAs, NameForm, Names};
pub use rule::{AttachmentCondition, Condition, HeaderCondition, Rule, RuleTest, Status, Topic, When};
pub use shape::{Few, Spot, Within};
pub use weigh::{Beside, Namesake, Weigh};

/// A file of detectors and rules.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Waxseal rules")]
pub struct File {
    /// The pack this file belongs to; `packs:` in the configuration says which are active. A file
    /// without a pack is the site's own and always active.
    #[serde(default)]
    pub pack: Option<Spot<String>>,
    /// The pack is active only where `packs:` in the configuration names it.
    #[serde(default)]
    pub optional: bool,
    /// What the file is for, in a sentence.
    #[serde(default)]
    pub description: Option<String>,
    /// Word lists by name, for `terms`, `near` and `columns`. An entry is a word or phrase (any
    /// case, any white space or hyphen between its words), `@NAME` for another list, or
    /// `file:PATH` for a file with one term a line.
    #[serde(default)]
    pub lists: BTreeMap<String, Vec<Spot<String>>>,
    /// What looks: each detector finds one kind of thing.
    #[serde(default)]
    pub detectors: Vec<Detector>,
    /// When it matters: each rule joins detectors' sights.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Changes to detectors and rules of files that stand before this one.
    #[serde(default)]
    pub overrides: Vec<Override>,
}

/// A change to a detector or rule of an earlier file. Exactly one of `set`, `append`, `disable`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Whose.
    pub id: Spot<String>,
    /// Keys to replace.
    #[serde(default)]
    pub set: BTreeMap<String, serde_json::Value>,
    /// Keys whose lists grow; keys inside `when` are found there (`zones`).
    #[serde(default)]
    pub append: BTreeMap<String, serde_json::Value>,
    /// Take it out.
    #[serde(default)]
    pub disable: bool,
}

/// The confidence of a detector, and the threshold of a rule, that say none.
fn seventy_five() -> u8 {
    75
}

fn enforce() -> Mode {
    Mode::Enforce
}
