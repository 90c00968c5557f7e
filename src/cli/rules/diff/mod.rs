//! `rules diff`: which messages come out otherwise under changed rules, over mails that one has or over
//! what the gateway kept of those it decided.

mod corpus;
mod stored;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::super::exit::Result;
use super::super::output::{Output, plain};
use super::super::{Common, find, settings};
use super::{compiled, say};
use crate::intake::Law;
use crate::policy::Decision;

#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("mail").required(true).args(["corpus", "stored"])))]
pub struct Args {
    /// The rules as they are: a folder or file; - for those that the configuration names
    old: PathBuf,
    /// The rules as they would be, likewise
    new: PathBuf,
    /// Mails to try them on, as for `scan`
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Instead of mails: what the running gateway kept of each message it decided (no text, only what was seen where)
    #[arg(long)]
    stored: bool,
    /// Only messages received since: 2026-11-21, 2026-11-21T08:00Z, or an age such as 2h or 7d
    #[arg(long, value_name = "TIME", requires = "stored", value_parser = find::since)]
    since: Option<Timestamp>,
}

/// Policy and active packs are those of the configuration if there is one, else the usual ones.
pub fn run(common: &Common, args: &Args) -> Result {
    let (old, new) = (law(common, &args.old)?, law(common, &args.new)?);
    match &args.corpus {
        Some(corpus) => corpus::run(common, &old, &new, corpus),
        None => stored::run(common, &old, &new, args.since),
    }
}

fn law(common: &Common, rules: &Path) -> Result<Law> {
    let configuration = settings::load(common).ok();
    let packs = configuration.as_ref().and_then(|known| known.settings.packs.clone());
    let ruleset = match rules == Path::new("-") {
        true => super::ruleset(common)?,
        false => compiled(rules, packs.as_deref())?,
    };
    let own_domains = configuration.as_ref().map(|known| known.own_domains.clone()).unwrap_or_default();
    let policy = configuration.map(|known| known.policy).unwrap_or_default();
    Ok(Law { ruleset, policy, own_domains })
}

/// How a message comes out.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Outcome {
    verdict: String,
    level: String,
    /// Ids of the rules that matched, in order.
    rules: Vec<String>,
}

impl From<&Decision> for Outcome {
    fn from(Decision { verdict, findings, recipients, .. }: &Decision) -> Self {
        let level = recipients.iter().map(|recipient| recipient.level).max();
        Self {
            verdict: verdict.to_string(),
            level: level.map(|level| level.to_string()).unwrap_or_default(),
            rules: findings.matches.iter().map(|matched| matched.rule.clone()).collect(),
        }
    }
}

/// A message that comes out otherwise.
#[derive(Serialize)]
struct Change {
    /// Its file, or the id of a message that the gateway decided.
    #[serde(flatten)]
    message: Name,
    old: Outcome,
    new: Outcome,
    /// Why it may come out otherwise than this.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    doubts: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Name {
    File(String),
    Id(String),
}

/// Changes as they are told, and counted.
struct Changes<'a> {
    common: &'a Common,
    seen: usize,
    changed: usize,
    verdicts: BTreeMap<String, usize>,
}

impl<'a> Changes<'a> {
    fn new(common: &'a Common) -> Self {
        Self { common, seen: 0, changed: 0, verdicts: BTreeMap::new() }
    }

    /// Counts a message, and tells it if it comes out otherwise.
    fn see(&mut self, message: Name, old: Outcome, new: Outcome, doubts: impl FnOnce() -> Vec<String>) -> Result<()> {
        self.seen += 1;
        if old == new {
            return Ok(());
        }
        self.changed += 1;
        *self.verdicts.entry(format!("{} -> {}", old.verdict, new.verdict)).or_default() += 1;
        self.common.output().one(&Change { message, old, new, doubts: doubts() }, text)
    }

    fn sum_up(&self) -> Result<()> {
        if self.common.output() != Output::Text {
            return Ok(());
        }
        say(&format!("{} of {} messages come out otherwise\n", self.changed, self.seen))?;
        self.verdicts.iter().try_for_each(|(change, count)| say(&format!("  {count:>6}  {change}\n")))
    }
}

fn text(change: &Change) -> String {
    let Change { message: Name::File(name) | Name::Id(name), old, new, doubts } = change;
    let gone = old.rules.iter().filter(|rule| !new.rules.contains(rule)).map(|rule| format!(" -{rule}"));
    let come = new.rules.iter().filter(|rule| !old.rules.contains(rule)).map(|rule| format!(" +{rule}"));
    let rules: String = gone.chain(come).collect();
    let doubts: String = doubts.iter().map(|doubt| format!("    perhaps not: {doubt}\n")).collect();
    format!("{}: {} {} -> {} {}{rules}\n{doubts}", plain(name), old.verdict, old.level, new.verdict, new.level)
}
