//! When it matters: a rule as its author writes it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Class, Few, Identifies, Spot, Weigh, Within};
use crate::detect::known::Column;
use crate::detect::traffic::Traffic;
use crate::detect::{Kind, Mode, Sensitivity};
use crate::mail::AddressPattern;
use crate::message::{GapReason, Zone};

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
    #[serde(default = "super::enforce")]
    pub mode: Mode,
    /// Which interest it serves: `phi`, `payment`, `personal`.
    #[serde(default = "phi")]
    pub kind: Kind,
    /// Its conditions.
    pub when: When,
    /// The least score that is a match: 0–100, or `low` (65), `medium` (75), `high` (85).
    #[serde(default = "super::seventy_five", deserialize_with = "super::confidence::confidence")]
    #[schemars(schema_with = "super::confidence::schema")]
    pub threshold: u8,
    /// What in the message makes a match surer.
    #[serde(default)]
    pub raise: Vec<Weigh>,
    /// What in the message speaks against it: an advert, a blank form, an invoice.
    #[serde(default)]
    pub lower: Vec<Weigh>,
    /// What the message is about.
    #[serde(default)]
    pub topic: Option<Topic>,
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

fn phi() -> Kind {
    Kind::Phi
}

fn standard() -> Sensitivity {
    Sensitivity::Standard
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    Clinical,
    Results,
    Billing,
    Benefits,
    Scheduling,
    Marketing,
    Personal,
}

impl Topic {
    pub fn as_str(self) -> &'static str {
        match self {
            Topic::Clinical => "clinical",
            Topic::Results => "results",
            Topic::Billing => "billing",
            Topic::Benefits => "benefits",
            Topic::Scheduling => "scheduling",
            Topic::Marketing => "marketing",
            Topic::Personal => "personal",
        }
    }
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
    /// How close the sights of `all` stand: characters, or `line`, `row`, `sentence`, `phrase`,
    /// `paragraph`, `part`, `message`.
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
    /// Sights at least this sure (0–100, or `low`, `medium`, `high`); 75 if absent.
    #[serde(default, deserialize_with = "super::confidence::maybe")]
    #[schemars(schema_with = "super::confidence::schema")]
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
    /// The author is this mailbox, or of this domain: `ann@example.org`, `example.org` (or `@example.org`)
    /// exactly, `.example.org` its subdomains, `*` all.
    #[serde(default)]
    #[schemars(with = "Few<String>")]
    pub author: Few<AddressPattern>,
    /// A recipient is this mailbox, or of this domain, written as for `author`.
    #[serde(default)]
    #[schemars(with = "Few<String>")]
    pub recipient: Few<AddressPattern>,
    /// At least so many recipients.
    #[serde(default)]
    pub recipients: Option<usize>,
    /// A header field with this text in it (any case): `{name: x-priority, contains: "1"}`.
    #[serde(default)]
    pub header: Option<HeaderCondition>,
    /// An attachment of this kind or name: `{kind: application/pdf}`, `{name: ".csv"}`.
    #[serde(default)]
    pub attachment: Option<AttachmentCondition>,
    /// What kind of mail it is, as its header tells: `person`, `list`, `automatic`, `report`.
    #[serde(default)]
    pub traffic: Few<Traffic>,
    /// How large the whole message is: `{at_least: 5000000}`, in octets.
    #[serde(default)]
    pub size: Option<SizeCondition>,
    /// A part that could not be read for one of these reasons.
    #[serde(default)]
    pub gap: Few<GapReason>,
}

impl Condition {
    /// It asks for sights; `confidence`, `count` and `origin` only say which.
    pub fn is_about_sights(&self) -> bool {
        self.identifies.is_some() || !self.class.is_empty() || !self.detector.is_empty()
    }

    /// It asks for what is not kept of a message after its decision.
    pub fn is_about_the_whole(&self) -> bool {
        self.header.is_some() || self.attachment.is_some() || !self.traffic.is_empty() || self.size.is_some()
    }

    /// It asks for nothing, and would hold for every message.
    pub fn is_empty(&self) -> bool {
        let by_people = !self.author.is_empty() || !self.recipient.is_empty() || self.recipients.is_some();
        let by_facts = !self.source.is_empty() || !self.gap.is_empty() || by_people || self.is_about_the_whole();
        !self.is_about_sights() && !by_facts
    }
}

/// Bounds of a size; without one there is none on that side.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SizeCondition {
    /// So many octets or more.
    #[serde(default)]
    pub at_least: Option<u64>,
    /// So many octets or fewer.
    #[serde(default)]
    pub at_most: Option<u64>,
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
    /// Header fields of the message: `{list-id: "<news.clinic.example>"}`.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Patients whom a table of the site has: `{given: Jane, family: Roe, number: "4471234"}`.
    #[serde(default)]
    pub known: Vec<BTreeMap<Column, String>>,
}
