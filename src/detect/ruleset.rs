//! Rules and detectors as used: everything resolved, nothing left to look up by name.

use regex::Regex;

use super::Mode;
use super::headers::Headers;
use super::ids::IdSet;
use super::known::{KeyKind, Known, Who};
use super::lexicon::{Lexicon, ListId, WordSet};
use super::live::Watch;
use super::need::Needs;
use super::pattern::Patterns;
use super::raw::{Case, Class, Condition, Identifies, NameForm, Namesake, Rule, Within};
use super::validate::Validator;

/// Compiled once, shared by all scans.
pub struct Ruleset {
    pub(super) lexicon: Lexicon,
    pub(super) patterns: Patterns,
    /// The detector of each pattern.
    pub(super) pattern_owners: Vec<u16>,
    /// Everyday words, for names.
    pub(super) word_sets: Vec<WordSet>,
    pub(super) headers: Headers,
    pub(super) detectors: Vec<Detector>,
    pub(super) lookers: Lookers,
    /// By detector: when it is weighed.
    pub(super) stages: Vec<usize>,
    pub(super) rules: Vec<CompiledRule>,
    pub(super) needs: Needs,
    /// What the weights of detectors and rules look for, and how many they are.
    pub(super) watch: Watch,
    pub(super) weights: usize,
    pub(super) known: Known,
    pub(super) hash: String,
    pub(super) source: String,
}

/// What looks.
pub struct Detector {
    pub id: String,
    pub title: String,
    pub file: String,
    pub pack: Option<String>,
    pub identifies: Identifies,
    pub class: Class,
    pub confidence: u8,
    pub(super) eye: Eye,
    pub(super) columns: Vec<String>,
    pub(super) cells: Option<Regex>,
    pub(super) fields: Vec<String>,
    pub(super) validators: Vec<Validator>,
    pub(super) listed: Option<WordSet>,
    pub(super) raise: Vec<Weight>,
    pub(super) lower: Vec<Weight>,
    /// What tells this definition from another: a digest of it and of its words.
    pub definition: String,
    pub(super) tests: super::raw::DetectorTests,
    pub mode: Mode,
    /// Taken out by an override: it sees nothing.
    pub disabled: bool,
    pub line: usize,
    pub column: usize,
    /// File and line of the override that last changed it.
    pub changed: Option<(String, usize)>,
}

impl Detector {
    /// Whether what stands near its sights changes how sure they are.
    pub(super) fn is_weighed(&self) -> bool {
        !self.raise.is_empty() || !self.lower.is_empty()
    }
}

/// Which detectors look for what.
pub(super) struct Lookers {
    /// By list, whose terms it has.
    pub terms: Vec<Option<u16>>,
    pub names: Vec<u16>,
    /// At the recipients.
    pub audiences: Vec<u16>,
    /// At fields of records.
    pub fields: Vec<u16>,
}

impl Lookers {
    pub fn new(detectors: &[Detector], lists: usize) -> Self {
        let mut lookers =
            Self { terms: vec![None; lists], names: Vec::new(), audiences: Vec::new(), fields: Vec::new() };
        for (at, detector) in (0..).zip(detectors) {
            match detector.eye {
                Eye::Terms { list, .. } => lookers.terms[usize::from(list)] = Some(at),
                Eye::Names { .. } => lookers.names.push(at),
                Eye::Audience(_) => lookers.audiences.push(at),
                Eye::Pattern | Eye::Known(_) | Eye::Structure => {}
            }
            if !detector.fields.is_empty() {
                lookers.fields.push(at);
            }
        }
        lookers
    }
}

pub(super) enum Eye {
    Terms {
        list: ListId,
        case: Case,
    },
    Pattern,
    Names {
        form: NameForm,
        given: ListId,
        family: ListId,
        titles: Option<ListId>,
        words: usize,
    },
    Audience(Recipients),
    /// Patients of the site's own tables.
    Known(KeyKind),
    /// Columns and fields only.
    Structure,
}

/// What a detector asks of the recipients.
pub struct Recipients {
    /// Domains of private persons' addresses.
    pub domains: Vec<String>,
    pub at_least: usize,
    pub at_most: usize,
    /// Only those that recipients see, in To and Cc.
    pub visible: bool,
    /// Only patients of the site's tables.
    pub known: bool,
    /// Words for a group of people and words for what joins them, padded with blanks: the names of lists
    /// and recipients that hold one of each. Asked instead of the count.
    pub label: Option<(Vec<String>, Vec<String>)>,
}

/// A change of confidence.
pub(super) struct Weight {
    /// Its place among all weights of the ruleset.
    pub number: u16,
    /// Its targets may stand anywhere on a page: all sights of the page get one answer.
    pub about_page: bool,
    pub targets: Targets,
    /// The sight must lie inside a target, not near one.
    pub inside: bool,
    /// Instead of targets: whose the sight is.
    pub who: Option<Who>,
    /// Instead of targets: that it stands as one signs.
    pub sign_off: bool,
    /// Instead of targets: how the same name stands elsewhere.
    pub namesake: Option<Namesake>,
    /// Targets in the message's subject, wherever the sight stands.
    pub subject: bool,
    /// What must be near as well.
    pub with: Option<Box<Weight>>,
    /// Only while the sight is less sure.
    pub below: u8,
    pub before: Option<usize>,
    pub after: Option<usize>,
    pub within: Option<Within>,
    pub count: usize,
    pub change: Change,
    /// For explanations: what was looked for.
    pub label: String,
}

/// What must stand near: a term of one of these lists, or what one of these detectors saw.
#[derive(Default)]
pub(super) struct Targets {
    pub lists: IdSet,
    pub detectors: IdSet,
}

#[derive(Clone, Copy)]
pub(super) enum Change {
    To(u8),
    By(u8),
}

/// When it matters.
pub struct CompiledRule {
    pub rule: Rule,
    pub file: String,
    pub pack: Option<String>,
    /// File and line of the override that last changed it.
    pub changed: Option<(String, usize)>,
    pub(super) all: Vec<Clause>,
    pub(super) any: Vec<Clause>,
    pub(super) none: Vec<Clause>,
    pub(super) raise: Vec<Weight>,
    pub(super) lower: Vec<Weight>,
}

/// A condition with its detectors found.
pub(super) struct Clause {
    pub condition: Condition,
    /// Whose sights count; empty for conditions about the message alone.
    pub detectors: IdSet,
    pub about_sights: bool,
}

impl Clause {
    /// The confidence from which a sight counts.
    pub fn least(&self) -> u8 {
        self.condition.confidence.unwrap_or(75)
    }
}

impl Ruleset {
    /// The same rules with what the site knows of its people. It is no part of the hash: tables change daily.
    pub fn knowing(mut self, known: Known) -> Self {
        self.known = known;
        self
    }

    /// SHA-256 of everything that decides, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The rule files that made it, and the digests of their word lists: what is kept by the hash.
    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn rules(&self) -> impl Iterator<Item = &CompiledRule> {
        self.rules.iter()
    }

    pub fn rule_ids(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.rule.id.as_str())
    }

    /// The detectors that a rule's conditions name or mean.
    pub fn detectors_of<'r>(&'r self, rule: &'r CompiledRule) -> impl Iterator<Item = &'r Detector> {
        let clauses = || rule.all.iter().chain(&rule.any);
        let asked = move |at: usize| clauses().any(|clause| clause.detectors.holds(at as u16));
        self.detectors.iter().enumerate().filter(move |(at, _)| asked(*at)).map(|(_, detector)| detector)
    }

    /// A detector's number.
    pub(super) fn number_of(&self, id: &str) -> Option<u16> {
        self.detectors.iter().position(|detector| detector.id == id).map(|at| at as u16)
    }

    pub fn detectors(&self) -> impl Iterator<Item = &Detector> {
        self.detectors.iter().filter(|detector| !detector.disabled)
    }
}
