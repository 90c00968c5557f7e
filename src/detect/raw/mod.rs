//! A rule file as written: YAML in, plain values out, every key documented for editors.
//!
//! `config/rules.schema.json` is made from these types, so the words here are what a rule's author
//! reads on hovering over a key.

mod shape;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::known::{Column, Who};
use super::{Kind, Mode, Sensitivity};
use crate::message::{GapReason, Zone};
pub use shape::{Few, Spot, Within};

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
    #[serde(default = "enforce")]
    pub mode: Mode,
    /// 0–100 before `raise` and `lower`. 65 is low, 75 medium, 85 high.
    #[serde(default = "seventy_five")]
    #[schemars(range(max = 100))]
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

fn seventy_five() -> u8 {
    75
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

/// A change of confidence by what stands near. `near` names lists, detectors, or health classes
/// (`health.specific`, `health.event`, `person.strong`).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weigh {
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
    /// The same line, row, sentence, paragraph, part or message, instead of or beside a distance.
    #[serde(default)]
    pub within: Option<Within>,
    /// In the message's subject, wherever the sight itself stands.
    #[serde(default)]
    pub subject: bool,
    /// At least so many distinct ones.
    #[serde(default)]
    pub count: Option<usize>,
    /// Only while the sight is less sure than this: what `raise` has made surer, a weak sign does not lower.
    #[serde(default)]
    pub below: Option<u8>,
    /// Only where this stands near as well: a second `near` with its own distance.
    #[serde(default)]
    pub with: Option<Box<Beside>>,
    /// The new confidence (only ever up in `raise`, down in `lower`).
    #[serde(default)]
    pub to: Option<u8>,
    /// So much more or less.
    #[serde(default)]
    pub by: Option<u8>,
}

/// What must stand near a sight as well; the keys mean what they mean in `raise` and `lower`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    pub near: Spot<Few<String>>,
    #[serde(default)]
    pub before: Option<usize>,
    #[serde(default)]
    pub after: Option<usize>,
    #[serde(default)]
    pub within: Option<Within>,
    #[serde(default)]
    pub count: Option<usize>,
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

/// When sights matter.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable, dotted, lower case: `phi.identifier-with-health`.
    pub id: Spot<String>,
    /// What it says, for people.
    pub title: String,
    /// How far it has come.
    #[serde(default)]
    pub status: Status,
    /// `shadow` records only, `notify` tells the author, `enforce` decides.
    #[serde(default = "enforce")]
    pub mode: Mode,
    /// Which interest it serves: `phi`, `payment`, `personal`.
    #[serde(default = "phi")]
    pub kind: Kind,
    pub when: When,
    /// The least score that is a match.
    #[serde(default = "seventy_five")]
    #[schemars(range(max = 100))]
    pub threshold: u8,
    /// What in the message makes a match surer.
    #[serde(default)]
    pub raise: Vec<Weigh>,
    /// What in the message speaks against it: an advert, a blank form, an invoice.
    #[serde(default)]
    pub lower: Vec<Weigh>,
    /// What the message is about: `clinical`, `results`, `billing`, `benefits`, `scheduling`, `marketing`.
    #[serde(default)]
    pub topic: Option<String>,
    /// What it asks of policy: `light`, `standard`, `special`, or a level by name.
    #[serde(default = "standard")]
    pub sensitivity: Sensitivity,
    /// If one recipient can't have the level, nobody gets the message.
    #[serde(default)]
    pub all_or_nothing: bool,
    /// The law or policy behind it.
    #[serde(default)]
    pub why: Option<String>,
    /// What is known to match wrongly.
    #[serde(default)]
    pub false_positives: Vec<String>,
    /// Examples, run by `rules test` and at every reload.
    #[serde(default)]
    pub tests: Vec<RuleTest>,
}

fn enforce() -> Mode {
    Mode::Enforce
}

fn phi() -> Kind {
    Kind::Phi
}

fn standard() -> Sensitivity {
    Sensitivity::Standard
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Experimental,
    Test,
    #[default]
    Stable,
    Deprecated,
}

/// The conditions of a rule.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Every one of these, within the distance.
    #[serde(default)]
    pub all: Vec<Condition>,
    /// At least one of these as well.
    #[serde(default)]
    pub any: Vec<Condition>,
    /// None of these anywhere in the message.
    #[serde(default)]
    pub none: Vec<Condition>,
    /// How close the sights of `all` stand: characters, or `line`, `row`, `sentence`, `paragraph`, `part`, `message`.
    #[serde(default)]
    pub within: Within,
    /// Where sights count. Signature, disclaimer and blank form do not unless asked.
    #[serde(default = "speaking_zones")]
    pub zones: Vec<Zone>,
}

fn speaking_zones() -> Vec<Zone> {
    vec![Zone::New, Zone::Quoted]
}

/// One condition: every key that is given must hold. Either about sights or about the message.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Sights that tell of this.
    #[serde(default)]
    pub identifies: Option<Identifies>,
    /// Sights of these classes.
    #[serde(default)]
    pub class: Few<Class>,
    /// Sights of these detectors.
    #[serde(default)]
    pub detector: Spot<Few<String>>,
    /// Sights at least this sure; 75 if absent.
    #[serde(default)]
    pub confidence: Option<u8>,
    /// At least so many distinct values.
    #[serde(default)]
    pub count: Option<usize>,
    /// Only where the origin begins so: `header/subject`, `attachment/`.
    #[serde(default)]
    pub origin: Few<String>,
    /// The message came from one of these configured sources.
    #[serde(default)]
    pub source: Few<String>,
    /// The author's address: exactly, `.domain.example` or `@domain.example`.
    #[serde(default)]
    pub author: Few<String>,
    /// A recipient's address, written as for `author`.
    #[serde(default)]
    pub recipient: Few<String>,
    /// At least so many recipients.
    #[serde(default)]
    pub recipients: Option<usize>,
    /// A header field with this text in it (any case): `{name: x-priority, contains: "1"}`.
    #[serde(default)]
    pub header: Option<HeaderCondition>,
    /// An attachment of this kind or name: `{kind: application/pdf}`, `{name: ".csv"}`.
    #[serde(default)]
    pub attachment: Option<AttachmentCondition>,
    /// A part that could not be read for one of these reasons.
    #[serde(default)]
    pub gap: Few<GapReason>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderCondition {
    /// The field's name, in any case.
    pub name: String,
    /// Text in its value, in any case; absent: the field is there.
    #[serde(default)]
    pub contains: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentCondition {
    /// The kind by content, or its beginning: `application/pdf`, `image/`.
    #[serde(default)]
    pub kind: Option<String>,
    /// Text in its file name, in any case.
    #[serde(default)]
    pub name: Option<String>,
    /// At least so many bytes.
    #[serde(default)]
    pub at_least: Option<u64>,
}

/// A message of one text, and what the rule must say of it. Exactly one of `phi`, `match`, `clean`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleTest {
    /// The rule matches.
    #[serde(default)]
    pub phi: Option<Spot<String>>,
    /// The rule matches (for rules of other kinds than `phi`).
    #[serde(rename = "match", default)]
    pub matches: Option<Spot<String>>,
    /// The rule does not match.
    #[serde(default)]
    pub clean: Option<Spot<String>>,
    /// The subject of the message.
    #[serde(default)]
    pub subject: Option<String>,
    /// The text is a table: cells apart by tabs or commas.
    #[serde(default)]
    pub table: bool,
    /// The text is records: one `name: value` a line.
    #[serde(default)]
    pub records: bool,
    /// The recipients of the message.
    #[serde(default)]
    pub to: Vec<String>,
    /// Patients whom a table of the site has: `{given: Jane, family: Roe, number: "4471234"}`.
    #[serde(default)]
    pub known: Vec<BTreeMap<Column, String>>,
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
