//! What the site knows of its people: `edm:` and `directory:`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::Span;

/// An index by its name, or with the age from which it counts as out of date.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum IndexSetting {
    Name(String),
    Aged(AgedIndex),
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgedIndex {
    /// As given to `waxseal edm build`.
    pub name: String,
    /// An older index is out of date: `check` and the log say so, and names that it lacks weigh as much as
    /// without it. Default: `7d`.
    #[serde(default)]
    pub max_age: Option<Span>,
}

/// The directory's file, or with the age from which it counts as out of date.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum DirectorySetting {
    File(String),
    Aged(AgedDirectory),
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgedDirectory {
    /// CSV with a header row: first name, last name or name; e-mail; phone; manager; NPI. Other columns are left out.
    pub file: String,
    /// From this age of the file on `check` warns. Default: `30d`.
    #[serde(default)]
    pub max_age: Option<Span>,
}
