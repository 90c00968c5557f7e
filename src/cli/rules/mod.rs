//! `rules`: what they are, whether they hold, what a change would do.

mod diff;
mod lint;
mod page;
mod promote;
mod test;

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use super::Common;
use super::control::{Control, encode};
use super::exit::{Error, Exit, Result};
use super::output::{Table, print};
use super::settings;
use crate::config;
use crate::detect::raw::Status;
use crate::detect::{CompiledRule, Kind, Mode, Ruleset, Sensitivity};
use crate::web::RuleStat;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Every active rule
    List,
    /// Compile the rules and look for what is missing in them
    Lint {
        /// How the answer is written
        #[arg(long, value_enum, default_value_t)]
        format: lint::Format,
        /// Warnings too give exit status 1
        #[arg(long)]
        strict: bool,
    },
    /// Run the tests that stand beside detectors and rules
    Test {
        /// Only those of these detectors, rules or files
        #[arg(value_name = "ID|FILE")]
        only: Vec<String>,
        /// How the answer is written
        #[arg(long, value_enum, default_value_t)]
        format: test::Format,
    },
    /// Write a page about each rule, made from the rule, into a folder
    Docs {
        /// The folder; made if absent
        folder: PathBuf,
    },
    /// Show which messages would come out otherwise: of a corpus, or of those the gateway decided
    Diff(diff::Args),
    /// Show one rule or detector, or an old set as the account kept it
    Show {
        /// The id of a rule or detector
        #[arg(required_unless_present = "hash")]
        id: Option<String>,
        /// As a page for people instead of as written
        #[arg(long, conflicts_with = "hash")]
        page: bool,
        /// The whole ruleset that decided a message, by its hash as `trace` shows it; asks the running gateway
        #[arg(long, conflicts_with = "id")]
        hash: Option<String>,
    },
    /// How often each rule matched since the gateway started, and how often reviewers said that it was wrong
    Stats,
    /// Move a rule one step: shadow, then notify, then enforce; or let all rules see a detector that is in shadow
    Promote {
        /// The id of a rule or detector
        id: String,
        /// Straight to this mode (also back down)
        #[arg(long, value_enum)]
        to: Option<promote::Step>,
    },
}

pub fn run(common: &Common, command: Command) -> Result {
    match command {
        Command::List => list(common),
        Command::Lint { format, strict } => lint::run(common, format, strict),
        Command::Test { only, format } => test::run(common, &only, format),
        Command::Docs { folder } => page::write_all(common, &folder),
        Command::Diff(args) => diff::run(common, &args),
        Command::Show { id: Some(id), page, .. } => show(common, &id, page),
        Command::Show { id: None, hash, .. } => show_old(common, &hash.unwrap_or_default()),
        Command::Stats => stats(common),
        Command::Promote { id, to } => promote::run(common, &id, to),
    }
}

fn ruleset(common: &Common) -> Result<Ruleset> {
    config::ruleset(&settings::load(common)?).map_err(|faults| Error::Configuration(settings::lines(&faults)))
}

/// A rule in a list.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    title: &'a str,
    pack: Option<&'a str>,
    kind: Kind,
    mode: Mode,
    status: &'static str,
    sensitivity: Sensitivity,
    file: &'a str,
    line: usize,
}

impl<'a> From<&'a CompiledRule> for Listed<'a> {
    fn from(compiled: &'a CompiledRule) -> Self {
        let rule = &compiled.rule;
        Self {
            id: &rule.id.value,
            title: &rule.title,
            pack: compiled.pack.as_deref(),
            kind: rule.kind,
            mode: rule.mode,
            status: match rule.status {
                Status::Experimental => "experimental",
                Status::Test => "test",
                Status::Stable => "stable",
                Status::Deprecated => "deprecated",
            },
            sensitivity: rule.sensitivity,
            file: &compiled.file,
            line: rule.id.line,
        }
    }
}

/// The word of the YAML for a value.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => other.map(|value| value.to_string()).unwrap_or_default(),
    }
}

fn list(common: &Common) -> Result {
    let rules = ruleset(common)?;
    let listed: Vec<Listed<'_>> = rules.rules().map(Listed::from).collect();
    common.output().list(&listed, |listed| {
        let mut table = Table::new(&["RULE", "KIND", "MODE", "ASKS", "PACK", "TITLE"]);
        for rule in listed {
            table.row([
                rule.id.to_owned(),
                word(rule.kind),
                word(rule.mode),
                word(rule.sensitivity),
                rule.pack.unwrap_or("-").to_owned(),
                rule.title.to_owned(),
            ]);
        }
        table.render()
    })?;
    Ok(Exit::Done)
}

/// The rule or detector as it stands in its file.
fn show(common: &Common, id: &str, as_page: bool) -> Result {
    let rules = ruleset(common)?;
    if let Some(rule) = rules.rules().find(|compiled| compiled.rule.id.value == id) {
        if as_page {
            print(&page::page(&rules, rule))?;
            return Ok(Exit::Done);
        }
        let known = json!({ "rule": Listed::from(rule) });
        return show_item(common, known, (&rule.file, rule.rule.id.line), rule.changed.as_ref());
    }
    let detector = rules.detectors().find(|detector| detector.id == id).filter(|_| !as_page);
    let none = || Error::No(format!("there is no active rule {id}; see `waxseal rules list`"));
    let detector = detector.ok_or_else(none)?;
    let (file, line) = (&detector.file, detector.line);
    let known =
        json!({ "detector": { "id": id, "title": detector.title, "pack": detector.pack, "file": file, "line": line } });
    show_item(common, known, (file, line), detector.changed.as_ref())
}

fn show_item(
    common: &Common,
    mut known: serde_json::Value,
    (file, line): (&str, usize),
    changed: Option<&(String, usize)>,
) -> Result {
    let text = std::fs::read_to_string(file).map_err(|error| Error::io(file, error))?;
    let written = promote::item(&text, line).map_or("", |range| &text[range]);
    let changed = changed.map(|(file, line)| format!("{file}:{line}"));
    known["text"] = written.into();
    known["changed"] = json!(changed);
    common.output().one(&known, |_| {
        let note = changed.as_ref().map_or(String::new(), |place| format!("# changed by an override at {place}\n"));
        format!("# {file}:{line}\n{note}{written}")
    })?;
    Ok(Exit::Done)
}

fn show_old(common: &Common, hash: &str) -> Result {
    let source: String = Control::open(common)?.get(&format!("/v1/rules/sources/{}", encode(hash)))?;
    let answer = json!({ "hash": hash, "text": source });
    common.output().one(&answer, |_| source.clone())?;
    Ok(Exit::Done)
}

fn stats(common: &Common) -> Result {
    let stats: Vec<RuleStat> = Control::open(common)?.get("/v1/rules/stats")?;
    common.output().list(&stats, |stats| {
        if stats.iter().all(|stat| stat.matches == 0) {
            return "no rule has matched since the gateway started\n".into();
        }
        let mut table = Table::new(&["RULE", "MODE", "MATCHES", "NOT PHI"]);
        for stat in stats.iter().filter(|stat| stat.matches > 0) {
            table.row([stat.rule.clone(), stat.mode.clone(), stat.matches.to_string(), stat.not_phi.to_string()]);
        }
        table.render()
    })?;
    Ok(Exit::Done)
}

/// Complaints of the compiler, as the error of a command.
fn compiled(place: &Path, packs: Option<&[String]>) -> Result<Ruleset> {
    config::compile_rules(&[place.to_owned()], packs).map_err(|faults| Error::Configuration(settings::lines(&faults)))
}

/// Text for a person where JSON was not asked for.
fn say(text: &str) -> Result<()> {
    print(text)
}
