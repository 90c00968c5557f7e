//! What looks: a detector as its author writes it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Spot, Weigh};
use crate::detect::Mode;
use crate::detect::known::Column;

/// What looks. Exactly one of `regex`, `terms`, `dictionary`, `names`, `columns`, `fields`,
/// `recipients` or `known` says for what; `columns` and `fields` may also stand beside one of the others.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// Stable, lower case, words joined by hyphens or dots: `us-ssn`.
    pub id: Spot<String>,
    /// What it finds, for people.
    pub title: String,
    /// Whose or what it tells: a person, a provider, health, payment, an organisation, other.
    pub identifies: Identifies,
    /// How much it tells. Of persons: `strong` alone tells who, `linking` beside something else,
    /// `weak` hardly. Of health: `specific` (a diagnosis, a drug, a result), `event` (a visit, a
    /// claim), `general` (patient, clinic). `context` only ever weighs other sights.
    pub class: Class,
    /// A regular expression (no look-around, linear time), ASCII unless `unicode: true`. A group
    /// named `value` is the finding; without one the whole match is.
    #[serde(default)]
    pub regex: Option<Spot<String>>,
    /// Let `\w`, `\d`, `\b` and `(?i)` of the regex know all of Unicode; slower.
    #[serde(default)]
    pub unicode: bool,
    /// Words or signs near which alone the regex is tried, in any case, found where a word or a sign
    /// begins; derived from the regex if absent.
    #[serde(default)]
    pub keywords: Vec<Spot<String>>,
    /// Words or phrases, as in `lists`.
    #[serde(default)]
    pub terms: Vec<Spot<String>>,
    /// A file with one term a line, beside this file.
    #[serde(default)]
    pub dictionary: Option<Spot<String>>,
    /// Which writing of the terms counts: any, in capitals (`MS`), or with a capital first letter.
    #[serde(default)]
    pub case: Case,
    /// A person's name in one of its forms.
    #[serde(default)]
    pub names: Option<Names>,
    /// Tables: cells below a header that is one of these terms.
    #[serde(default)]
    pub columns: Vec<Spot<String>>,
    /// Tables: what a cell must look like to count (a regular expression for the whole cell).
    #[serde(default)]
    pub cells: Option<Spot<String>>,
    /// Records (HL7, X12, FHIR, C-CDA, DICOM): the fields that count, `*` at the end for all below.
    #[serde(default)]
    pub fields: Vec<Spot<String>>,
    /// The recipients themselves as sights: how many private addresses see each other.
    #[serde(default)]
    pub recipients: Option<Audience>,
    /// Patients of the site's own tables (`waxseal edm`): a `number` or `email` of theirs, their full
    /// `name`, or a `pair` of two other columns of one row within 300 characters or one table row.
    #[serde(default)]
    pub known: Option<KnownAs>,
    /// Checks that a sight must pass: `ssn`, `npi`, `luhn`, `date`, … (see docs/rules.md).
    #[serde(default)]
    pub validate: Vec<Spot<String>>,
    /// A file of the values that exist, one a line (codes); any other value does not count.
    #[serde(default)]
    pub listed: Option<Spot<String>>,
    /// `shadow`: only conditions that name the detector see it, so that a new one changes nothing that other
    /// rules decide; `waxseal rules promote` lets them all see it.
    #[serde(default = "super::enforce")]
    pub mode: Mode,
    /// 0–100 before `raise` and `lower`, or `low` (65), `medium` (75), `high` (85). What a column's header or
    /// a record's field names is at least 85 sure.
    #[serde(default = "super::seventy_five", deserialize_with = "super::confidence::confidence")]
    #[schemars(schema_with = "super::confidence::schema")]
    pub confidence: u8,
    /// What nearby makes the sight surer.
    #[serde(default)]
    pub raise: Vec<Weigh>,
    /// What nearby makes it less sure; applied after `raise`.
    #[serde(default)]
    pub lower: Vec<Weigh>,
    /// Examples, run by `rules test` and at every reload.
    #[serde(default)]
    pub tests: DetectorTests,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Identifies {
    Person,
    Provider,
    Health,
    Payment,
    Organisation,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    Strong,
    Linking,
    Weak,
    Specific,
    Event,
    General,
    Context,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Case {
    #[default]
    Any,
    Upper,
    Capital,
}

/// A personal name. `given`, `family` and `words` name lists.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// How the name is written.
    pub form: NameForm,
    /// The list of given names.
    pub given: Spot<String>,
    /// The list of family names.
    pub family: Spot<String>,
    /// The list of everyday words: a name that is one as well never counts alone.
    pub words: Spot<String>,
    /// The list of titles, for the form `titled`.
    #[serde(default)]
    pub titles: Option<Spot<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NameForm {
    /// `John Roe`, `John Q. Roe`
    Full,
    /// `ROE, JOHN Q`
    LastFirst,
    /// `Mr. Roe`, `Mrs Jane Roe`
    Titled,
    /// `Roe` or `John` alone
    Single,
    /// `john roe`
    LowerCase,
}

/// What of a known patient is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KnownAs {
    Number,
    Email,
    Name,
    Pair,
}

/// Who the message goes to.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// Domains whose addresses belong to private persons: a list's name. Patients of the site's tables
    /// count as well, staff never.
    #[serde(default)]
    pub private_domains: Option<Spot<String>>,
    /// Only patients of the site's own tables (`waxseal edm`).
    #[serde(default)]
    pub known: bool,
    /// Instead of counting: recipients or lists that are named for a group of people ("patients") and what
    /// joins them ("dialysis"), in To, Cc or List-Id. Both name lists.
    #[serde(default)]
    pub groups: Option<Spot<String>>,
    /// What joins the people that `groups` names; the two go together.
    #[serde(default)]
    pub bonds: Option<Spot<String>>,
    /// At least so many private addresses.
    #[serde(default)]
    pub at_least: Option<usize>,
    /// At most so many.
    #[serde(default)]
    pub at_most: Option<usize>,
    /// Count only addresses that the recipients themselves see, in To and Cc.
    #[serde(default)]
    pub visible: bool,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DetectorTests {
    /// Patients whom a table of the site has, for both kinds of tests.
    #[serde(default)]
    pub known: Vec<BTreeMap<Column, String>>,
    /// Texts in which the detector sees something with confidence 75 or more.
    #[serde(rename = "match", default)]
    pub matches: Vec<Spot<String>>,
    /// Texts in which nothing it sees reaches 65.
    #[serde(default)]
    pub no_match: Vec<Spot<String>>,
}
