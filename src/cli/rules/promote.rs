//! `rules promote`: one word in a rule's file, changed where it stands, so that comments and order
//! stay and the change shows in version control as what it is.

use std::ops::Range;

use serde_json::json;

use super::super::Common;
use super::super::control::Control;
use super::super::exit::{Error, Exit, Result};
use super::super::settings;
use super::{ruleset, word};
use crate::config;
use crate::detect::{Mode, Ruleset};
use crate::web::Change;

/// How far a rule's word may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Step {
    Shadow,
    Notify,
    Enforce,
}

impl Step {
    fn after(mode: Mode) -> Option<Self> {
        match mode {
            Mode::Shadow => Some(Step::Notify),
            Mode::Notify => Some(Step::Enforce),
            Mode::Enforce => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Step::Shadow => "shadow",
            Step::Notify => "notify",
            Step::Enforce => "enforce",
        }
    }
}

/// Packs that come with the program: the next version brings their files anew.
const SHIPPED: [&str; 5] = ["hipaa", "hipaa-strict", "payment-cards", "personal", "special"];

pub fn run(common: &Common, id: &str, to: Option<Step>) -> Result {
    let rules = ruleset(common)?;
    let rule = rules.rules().find(|compiled| compiled.rule.id.value == id);
    let rule = rule.map(|compiled| {
        let after: fn(Mode) -> Option<Step> = Step::after;
        (&compiled.file, compiled.rule.id.line, compiled.rule.mode, &compiled.pack, after)
    });
    // Nobody is told of a detector: from the shadow it steps into the open.
    let detector = rules.detectors().find(|detector| detector.id == id);
    let detector = detector.map(|detector| {
        let after: fn(Mode) -> Option<Step> = |mode| (mode == Mode::Shadow).then_some(Step::Enforce);
        (&detector.file, detector.line, detector.mode, &detector.pack, after)
    });
    let (path, line, mode, pack, after) = rule
        .or(detector)
        .ok_or_else(|| Error::No(format!("there is no active rule or detector {id}; see `waxseal rules list`")))?;
    let from = word(mode);
    let step = to.or(after(mode)).ok_or_else(|| Error::No(format!("{id} is enforced already")))?;
    if rule.is_none() && step == Step::Notify {
        return Err(Error::No(format!("{id} is a detector, of which no author is told: it is in shadow or enforced")));
    }
    if let Some(pack) = pack.as_deref().filter(|pack| SHIPPED.contains(pack)) {
        let how = format!("overrides: [{{ id: {id}, set: {{ mode: {} }} }}]", step.word());
        return Err(Error::No(format!("{id} is of the shipped pack {pack}; in a file of your own, write `{how}`")));
    }
    let before = std::fs::read_to_string(path).map_err(|error| Error::io(path, error))?;
    let by_hand = || {
        let how = "is not written as a list item with one key a line";
        Error::No(format!("{path}:{line}: {id} {how}; set `mode: {}` there by hand", step.word()))
    };
    let after = with_mode(&before, line, step.word()).ok_or_else(by_hand)?;
    std::fs::write(path, &after).map_err(|error| Error::io(path, error))?;
    // A change that leaves the rules broken, or that an override makes void, is undone at once.
    let undone = match config::ruleset(&settings::load(common)?) {
        Ok(rules) => overruled(&rules, id, step),
        // They were sound before: the mode stands where this can't change it.
        Err(_) => Some(by_hand()),
    };
    if let Some(error) = undone {
        std::fs::write(path, &before).map_err(|error| Error::io(path, error))?;
        return Err(error);
    }
    let detail = json!({ "rule": id, "from": from, "to": step.word() });
    Control::tell(&settings::load(common)?.data_dir, Change::Rule, detail)?;
    let answer = json!({ "rule": id, "from": from, "to": step.word(), "file": path });
    common.output().one(&answer, |_| {
        format!(
            "{id}: {from} -> {} in {path}\nreload the gateway to make it so: systemctl reload waxseal\n",
            step.word()
        )
    })?;
    Ok(Exit::Done)
}

/// Where the mode is set by an override, if it is not what was asked for.
fn overruled(rules: &Ruleset, id: &str, step: Step) -> Option<Error> {
    let of_rule = rules.rules().find(|compiled| compiled.rule.id.value == id);
    let of_detector = rules.detectors().find(|detector| detector.id == id);
    let (mode, changed) = of_rule
        .map(|compiled| (compiled.rule.mode, &compiled.changed))
        .or_else(|| of_detector.map(|detector| (detector.mode, &detector.changed)))?;
    let (file, line) = changed.as_ref().filter(|_| word(mode) != step.word())?;
    Some(Error::No(format!("the mode of {id} is set by an override, {file}:{line}; change it there")))
}

/// The list item that the line with its `id:` lies in, up to the next item or section.
pub fn item(text: &str, line: usize) -> Option<Range<usize>> {
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
    let line_at = |number: usize| {
        let start = *starts.get(number)?;
        Some(text[start..].lines().next().unwrap_or_default())
    };
    let first = line.checked_sub(1)?;
    let indent = line_at(first)?.find("- ")?;
    let belongs = |text: &str| text.trim().is_empty() || text.len() - text.trim_start().len() > indent;
    let mut last = first + 1;
    while line_at(last).is_some_and(|text| !text.is_empty() || last + 1 < starts.len())
        && line_at(last).is_some_and(belongs)
    {
        last += 1;
    }
    Some(starts[first]..starts.get(last).copied().unwrap_or(text.len()))
}

/// The text with this mode in the rule at that line: replaced, or put in after the `id`.
fn with_mode(text: &str, line: usize, mode: &str) -> Option<String> {
    let range = item(text, line)?;
    let written = &text[range.clone()];
    let indent = written.find("- ")? + 2;
    // An item in braces holds no line of its own for the mode.
    if written[indent..].starts_with('{') {
        return None;
    }
    let pad = " ".repeat(indent);
    let mut changed = String::new();
    let mut found = false;
    for part in written.split_inclusive('\n') {
        let key = part.strip_prefix(pad.as_str()).filter(|rest| !rest.starts_with(' '));
        match key.and_then(|key| key.strip_prefix("mode:")) {
            Some(value) if !found => {
                found = true;
                // Whatever stands behind the word, a comment for instance, stays.
                let end = value.trim_start().find([' ', '#', '\n', '\r']).unwrap_or(value.trim_start().len());
                changed.push_str(&format!("{pad}mode: {mode}{}", &value.trim_start()[end..]));
            }
            _ => changed.push_str(part),
        }
    }
    if !found {
        let first = changed.find('\n')? + 1;
        changed.insert_str(first, &format!("{pad}mode: {mode}\n"));
    }
    Some(format!("{}{changed}{}", &text[..range.start], &text[range.end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "rules:\n  - id: a.one\n    title: One\n    mode: shadow   # since May\n    when:\n      mode: x\n\n  - id: a.two\n    title: Two\noverrides: []\n";

    #[test]
    fn one_word_changes_and_everything_else_stays() {
        let changed = with_mode(FILE, 2, "notify").unwrap();
        assert_eq!(changed, FILE.replace("mode: shadow ", "mode: notify "));
        let added = with_mode(FILE, 8, "enforce").unwrap();
        assert_eq!(added, FILE.replace("id: a.two\n", "id: a.two\n    mode: enforce\n"));
    }

    #[test]
    fn an_item_in_braces_is_left_alone() {
        assert_eq!(with_mode("rules:\n  - { id: a.one, mode: shadow }\n", 2, "notify"), None);
    }

    #[test]
    fn an_item_ends_where_the_next_one_or_section_begins() {
        assert!(FILE[item(FILE, 2).unwrap()].ends_with("mode: x\n\n"));
        assert_eq!(&FILE[item(FILE, 8).unwrap()], "  - id: a.two\n    title: Two\n");
        assert_eq!(item(FILE, 3), None);
        assert_eq!(item(FILE, 99), None);
    }
}
