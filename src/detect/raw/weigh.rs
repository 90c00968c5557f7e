//! What makes a find surer or less sure, as its author writes it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Few, Spot, Within};
use crate::detect::known::Who;

/// A change of confidence by what stands near. `near` names lists, detectors, or health classes
/// (`health.specific`, `health.event`, `person.strong`).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weigh {
    /// What is looked for: lists, detectors, or classes.
    #[serde(default)]
    pub near: Spot<Few<String>>,
    /// Instead of `near`: the sight stands alone on a line with which its text ends, as a name under a letter does.
    #[serde(default)]
    pub sign_off: bool,
    /// Instead of `near`: the sight is the name, address or number of `staff` (in the site's directory
    /// and in no patient table) or of a `stranger` (in none of the site's patient tables, all of them current).
    #[serde(default)]
    pub who: Option<Who>,
    /// Instead of `near`: the same name, or one of which it is a part, stands elsewhere in the message, and
    /// what stands beside it there made it `sure` (80 or more) or `nobody` of whom the text speaks (25 or less).
    #[serde(default)]
    pub namesake: Option<Namesake>,
    /// Instead of `near`: the sight is part of a longer term, as `stroke` is of `stroke of luck`.
    #[serde(default)]
    pub inside: Spot<Few<String>>,
    /// At most so many bytes before the sight.
    #[serde(default)]
    pub before: Option<usize>,
    /// At most so many bytes after the sight.
    #[serde(default)]
    pub after: Option<usize>,
    /// The same line, row, sentence, phrase (a sentence within its line), paragraph, part or message, instead of or beside a distance.
    #[serde(default)]
    pub within: Option<Within>,
    /// In the message's subject, wherever the sight itself stands.
    #[serde(default)]
    pub subject: bool,
    /// At least so many distinct ones.
    #[serde(default)]
    pub count: Option<usize>,
    /// Only while the sight is less sure than this: what `raise` has made surer, a weak sign does not lower.
    #[serde(default, deserialize_with = "super::confidence::maybe")]
    #[schemars(schema_with = "super::confidence::schema")]
    pub below: Option<u8>,
    /// Only where this stands near as well: a second `near` with its own distance.
    #[serde(default)]
    pub with: Option<Box<Beside>>,
    /// The new confidence (only ever up in `raise`, down in `lower`).
    #[serde(default, deserialize_with = "super::confidence::maybe")]
    #[schemars(schema_with = "super::confidence::schema")]
    pub to: Option<u8>,
    /// So much more or less.
    #[serde(default)]
    pub by: Option<u8>,
}

/// What must stand near a sight as well; the keys mean what they mean in `raise` and `lower`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// What is looked for: lists, detectors, or classes.
    pub near: Spot<Few<String>>,
    /// At most so many bytes before the sight.
    #[serde(default)]
    pub before: Option<usize>,
    /// At most so many bytes after the sight.
    #[serde(default)]
    pub after: Option<usize>,
    /// The same line, row, sentence, phrase (a sentence within its line), paragraph, part or message.
    #[serde(default)]
    pub within: Option<Within>,
    /// At least so many distinct ones.
    #[serde(default)]
    pub count: Option<usize>,
    /// In the message's subject.
    #[serde(default)]
    pub subject: bool,
}

/// How a name stands elsewhere in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Namesake {
    Sure,
    Nobody,
}
