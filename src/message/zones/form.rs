//! Blank forms: fields that nobody has filled in.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Line, Zone, digits};

pub(super) fn may_have_blanks(text: &str) -> bool {
    static SIGNS: LazyLock<AhoCorasick> = LazyLock::new(|| super::any_of(&["___", "[ ]", "[  ]", "....", "☐", "…"]));
    SIGNS.is_match(text)
}

/// A form with at least three empty fields, and hardly any filled one: from its first to its last.
pub(super) fn mark(text: &str, lines: &[Line<'_>], zones: &mut [Zone]) {
    if !may_have_blanks(text) {
        return;
    }
    let fields: Vec<Option<Filling>> = lines.iter().map(|line| filling(line.text)).collect();
    let of =
        |wanted: Filling| fields.iter().enumerate().filter(move |(_, field)| **field == Some(wanted)).map(|(at, _)| at);
    let empty = of(Filling::Empty).count();
    if empty < 3 || of(Filling::Filled).count() * 2 > empty {
        return;
    }
    let (Some(first), Some(last)) = (of(Filling::Empty).next(), of(Filling::Empty).next_back()) else { return };
    for at in first..=last {
        // A line that someone filled in is no blank.
        if zones[at] == Zone::New && fields[at] != Some(Filling::Filled) && digits(lines[at].text) < 6 {
            zones[at] = Zone::Blank;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Filling {
    Empty,
    Filled,
}

/// Whether a line of a form has a field, and whether something stands in it.
fn filling(line: &str) -> Option<Filling> {
    const BLANKS: &[&str] = &["___", "[ ]", "[  ]", "....", "☐", "……"];
    if BLANKS.iter().any(|blank| line.contains(blank)) {
        if is_led_to_value(line) {
            return Some(Filling::Filled);
        }
        // `Name: Jo ____`: something was written on the line, if more than labels and blanks is left.
        let value = line.split(':').nth(1).unwrap_or_default();
        let written = value.split(['_', '.', '[', ']', '(', ')', '/', '-', ' ', '☐', '…']);
        let written = written.filter(|word| word.len() > 2).count();
        let filled =
            written > 0 && !value.trim_start().starts_with(['_', '.', '[', '☐', '(', '…']) && digits(value) > 3;
        return Some(if filled { Filling::Filled } else { Filling::Empty });
    }
    let (label, value) = line.split_once(':')?;
    if label.len() > 40 || label.split_ascii_whitespace().count() > 5 {
        return None;
    }
    Some(if value.trim().is_empty() { Filling::Empty } else { Filling::Filled })
}

/// `Name ....... Jo Roe`: dots that lead from a label to what was written behind them.
fn is_led_to_value(line: &str) -> bool {
    let mut runs = line.split("....").map(|run| run.trim_matches(['.', ' ', '\t'])).filter(|run| !run.is_empty());
    let label = runs.next().is_some_and(|label| !label.contains(['_', '[', '☐', '…']));
    let value = runs.next().is_some_and(|value| !value.contains(['_', '[', '☐', '…']));
    label && value && runs.next().is_none() && !line.trim_end().ends_with("..")
}
