//! `rules show --page` and `rules docs`: a page about a rule, made from the rule itself.

use std::fmt::Write;
use std::path::Path;

use super::super::Common;
use super::super::exit::{Error, Exit, Result};
use super::super::output::print;
use super::{ruleset, word};
use crate::detect::raw::{Condition, RuleTest, Within};
use crate::detect::{CompiledRule, Detector, Ruleset};
use crate::mail::AddressPattern;

/// Writes a page for each active rule, and a list of them, into a folder.
pub fn write_all(common: &Common, folder: &Path) -> Result {
    let rules = ruleset(common)?;
    std::fs::create_dir_all(folder).map_err(|error| Error::io(folder.display(), error))?;
    let keep = |name: String, text: String| {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| Error::io(path.display(), error))
    };
    let mut list = format!(
        "# Rules\n\nRuleset `{}`.\n\n| rule | what it says | mode | asks |\n| --- | --- | --- | --- |\n",
        rules.hash()
    );
    for rule in rules.rules() {
        let (id, raw) = (&rule.rule.id.value, &rule.rule);
        keep(format!("{id}.md"), page(&rules, rule))?;
        _ = writeln!(
            list,
            "| [{id}]({id}.md) | {} | {} | {} |",
            cell(&raw.title),
            word(raw.mode),
            word(raw.sensitivity)
        );
    }
    keep("README.md".to_owned(), list)?;
    print(&format!("{} pages in {}\n", rules.rules().count() + 1, folder.display()))?;
    Ok(Exit::Done)
}

/// The page, in Markdown.
pub fn page(rules: &Ruleset, rule: &CompiledRule) -> String {
    let raw = &rule.rule;
    let mut page = format!("# {}\n\n`{}`", raw.title, raw.id.value);
    if let Some(pack) = &rule.pack {
        _ = write!(page, " in pack `{pack}`");
    }
    _ = writeln!(page, ", {}, `{}`.", super::Listed::from(rule).status, word(raw.mode));
    if let Some(why) = &raw.why {
        _ = writeln!(page, "\n**Why:** {why}");
    }
    _ = writeln!(page, "\n**Asks for:** what policy has for `{}` ({} data).", word(raw.sensitivity), word(raw.kind));
    if let Some(topic) = raw.topic {
        _ = writeln!(page, "\n**Topic:** {}", topic.as_str());
    }
    page.push_str("\n## When it matches\n");
    conditions(&mut page, "All of these", &raw.when.all);
    conditions(&mut page, "One of these as well", &raw.when.any);
    conditions(&mut page, "None of these anywhere", &raw.when.none);
    let zones: Vec<String> = raw.when.zones.iter().map(word).collect();
    _ = writeln!(
        page,
        "\n{}, in zones {}, from a score of {}.",
        distance(raw.when.within),
        zones.join(", "),
        raw.threshold
    );
    detectors(&mut page, rules, rule);
    if !raw.false_positives.is_empty() {
        page.push_str("\n## Known false positives\n\n");
        raw.false_positives.iter().for_each(|known| _ = writeln!(page, "- {known}"));
    }
    examples(
        &mut page,
        "Examples that match",
        raw.tests.iter().filter_map(|test| Some((test, test.phi.as_ref().or(test.matches.as_ref())?.as_str()))),
    );
    examples(
        &mut page,
        "Examples that do not",
        raw.tests.iter().filter_map(|test| Some((test, test.clean.as_ref()?.as_str()))),
    );
    _ = writeln!(page, "\nMade from `{}`, line {}.", rule.file, raw.id.line);
    page
}

fn conditions(page: &mut String, head: &str, conditions: &[Condition]) {
    if !conditions.is_empty() {
        _ = writeln!(page, "\n{head}:\n");
        conditions.iter().for_each(|condition| _ = writeln!(page, "- {}", said(condition)));
    }
}

/// A condition as a sentence.
fn said(condition: &Condition) -> String {
    let mut parts = Vec::new();
    let list = |words: Vec<String>| words.join(" or ");
    let names = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    if let Some(identifies) = condition.identifies {
        let classes: Vec<String> = condition.class.iter().map(word).collect();
        let what = format!("something that identifies {}", word(identifies));
        parts.push(if classes.is_empty() { what } else { format!("{what} ({})", list(classes)) });
    } else if !condition.class.is_empty() {
        parts.push(format!("a sight of class {}", list(condition.class.iter().map(word).collect())));
    }
    if !condition.detector.is_empty() {
        parts.push(format!("seen by {}", list(names(&condition.detector))));
    }
    if condition.identifies.is_some() || !condition.class.is_empty() || !condition.detector.is_empty() {
        parts.push(format!("with confidence {} or more", condition.confidence.unwrap_or(75)));
    }
    condition.count.iter().for_each(|count| parts.push(format!("at least {count} different ones")));
    let addresses = |patterns: &[AddressPattern]| patterns.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (what, values) in [
        ("where the origin begins with", condition.origin.to_vec()),
        ("from source", condition.source.to_vec()),
        ("by author", addresses(&condition.author)),
        ("to recipient", addresses(&condition.recipient)),
    ] {
        if !values.is_empty() {
            parts.push(format!("{what} {}", list(names(&values))));
        }
    }
    condition.recipients.iter().for_each(|least| parts.push(format!("to at least {least} recipients")));
    if let Some(header) = &condition.header {
        let contains = header.contains.as_ref().map(|text| format!(" that contains `{text}`")).unwrap_or_default();
        parts.push(format!("with a header field `{}`{contains}", header.name));
    }
    if let Some(attachment) = &condition.attachment {
        let kind = attachment.kind.as_ref().map(|kind| format!(" of kind `{kind}`")).unwrap_or_default();
        let name = attachment.name.as_ref().map(|name| format!(" named like `{name}`")).unwrap_or_default();
        parts.push(format!("with an attachment{kind}{name}"));
    }
    if !condition.gap.is_empty() {
        parts.push(format!("with a part that could not be read: {}", list(condition.gap.iter().map(word).collect())));
    }
    parts.join(", ")
}

fn distance(within: Within) -> String {
    match within {
        Within::Characters(most) => format!("Within {most} characters"),
        Within::Line => "Within one line".to_owned(),
        Within::Row => "Within one row or record".to_owned(),
        Within::Sentence => "Within one sentence".to_owned(),
        Within::Phrase => "Within one sentence and line".to_owned(),
        Within::Paragraph => "Within one paragraph".to_owned(),
        Within::Part => "Within one part".to_owned(),
        Within::Message => "Anywhere in the message".to_owned(),
    }
}

/// The detectors that the rule's conditions name or mean.
fn detectors(page: &mut String, rules: &Ruleset, rule: &CompiledRule) {
    let seen: Vec<&Detector> = rules.detectors_of(rule).collect();
    if seen.is_empty() {
        return;
    }
    page.push_str("\n## What it looks at\n\n| detector | what it finds |\n| --- | --- |\n");
    seen.iter().for_each(|detector| _ = writeln!(page, "| `{}` | {} |", detector.id, cell(&detector.title)));
}

fn examples<'a>(page: &mut String, head: &str, examples: impl Iterator<Item = (&'a RuleTest, &'a str)>) {
    for (at, (test, text)) in examples.enumerate() {
        if at == 0 {
            _ = writeln!(page, "\n## {head}");
        }
        page.push_str("\n```text\n");
        if !test.to.is_empty() {
            _ = writeln!(page, "To: {}", test.to.join(", "));
        }
        if let Some(subject) = &test.subject {
            _ = writeln!(page, "Subject: {subject}");
        }
        _ = writeln!(page, "{}\n```", text.trim_end().replace("```", "'''"));
    }
}

/// Text in a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
