//! `rules diff`: which messages of a corpus come out otherwise under changed rules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::Common;
use super::super::exit::{Error, Exit, Result};
use super::super::output::{Output, plain};
use super::super::scan::{Bench, Inputs};
use super::super::settings;
use super::{compiled, say};
use crate::intake::Law;
use crate::message::Documents;
use crate::policy::Decision;
use crate::world::{Clock, SystemClock};

/// How a message comes out.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Outcome {
    verdict: String,
    level: String,
    /// Ids of the rules that matched, in order.
    rules: Vec<String>,
}

#[derive(Serialize)]
struct Change<'a> {
    file: &'a str,
    old: Outcome,
    new: Outcome,
}

/// The policy is that of the configuration if there is one, else the default.
pub fn run(common: &Common, old: &Path, new: &Path, corpus: &Path) -> Result {
    let (old, new) = (law(common, old)?, law(common, new)?);
    let documents = crate::cli::worker::documents()?;
    let (mut seen, mut changed, mut unreadable) = (0, 0, 0);
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    for input in Inputs::new(&[PathBuf::from(corpus)]) {
        let input = match input {
            Ok(input) => input,
            Err(trouble) => {
                eprintln!("waxseal: {}: {}", trouble.name, trouble.error);
                unreadable += 1;
                continue;
            }
        };
        seen += 1;
        let (before, after) = (outcome(&old, &documents, &input.content), outcome(&new, &documents, &input.content));
        if before != after {
            changed += 1;
            *verdicts.entry(format!("{} -> {}", before.verdict, after.verdict)).or_default() += 1;
            let change = Change { file: &input.name, old: before, new: after };
            common.output().one(&change, text)?;
        }
    }
    if common.output() == Output::Text {
        say(&format!("{changed} of {seen} messages come out otherwise\n"))?;
        verdicts.iter().try_for_each(|(change, count)| say(&format!("  {count:>6}  {change}\n")))?;
    }
    match unreadable {
        0 => Ok(Exit::Done),
        count => Err(Error::Input(format!("{count} of the inputs could not be read"))),
    }
}

fn law(common: &Common, rules: &Path) -> Result<Law> {
    let ruleset = compiled(&[rules.to_owned()])?;
    let configuration = settings::load(common).ok();
    let own_domains = configuration.as_ref().map(|known| known.own_domains.clone()).unwrap_or_default();
    let policy = configuration.map(|known| known.policy).unwrap_or_default();
    Ok(Law { ruleset, policy, waivers: Vec::new(), own_domains })
}

fn outcome(law: &Law, documents: &dyn Documents, content: &[u8]) -> Outcome {
    let bench = Bench { law, documents, now: SystemClock.now() };
    let Decision { verdict, findings, recipients, .. } = bench.examine(content, &[]).decision;
    let level = recipients.iter().map(|recipient| recipient.level).max();
    Outcome {
        verdict: verdict.to_string(),
        level: level.map(|level| level.to_string()).unwrap_or_default(),
        rules: findings.matches.into_iter().map(|matched| matched.rule).collect(),
    }
}

fn text(change: &Change<'_>) -> String {
    let Change { file, old, new } = change;
    let gone = old.rules.iter().filter(|rule| !new.rules.contains(rule)).map(|rule| format!(" -{rule}"));
    let come = new.rules.iter().filter(|rule| !old.rules.contains(rule)).map(|rule| format!(" +{rule}"));
    let rules: String = gone.chain(come).collect();
    format!("{}: {} {} -> {} {}{rules}\n", plain(file), old.verdict, old.level, new.verdict, new.level)
}
