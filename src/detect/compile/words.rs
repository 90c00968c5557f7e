//! What the YAML parser says, in the words of who writes rules.

use super::Fault;
use crate::detect::raw::Spot;

/// A fault of reading YAML: its place, what is wrong, and the mend where it can be guessed.
pub(super) fn fault_of(file: &str, text: &str, error: &serde_yaml::Error) -> Fault {
    let location = error.location();
    let mut spot = Spot {
        value: (),
        line: location.map_or(0, |location| location.line() as usize),
        column: location.map_or(0, |location| location.column() as usize),
    };
    let message = error.without_snippet().to_string();
    let message = message.lines().next().unwrap_or_default();
    if (message.contains("found a tab") || message.contains("tabs disallowed"))
        && let Some((line, column)) = indented_by_tab(text, spot.line)
    {
        (spot.line, spot.column) = (line, column);
        return Fault::at(file, &spot, "a tab, where YAML wants blanks").mend("indent with blanks");
    }
    in_plain_words(Fault::at(file, &spot, message))
}

/// The same message without what only programmers know, and with its mend.
///
/// serde says ``unknown field `confidance`, expected one of id, title``: the closest of those is the mend.
pub(super) fn in_plain_words(mut fault: Fault) -> Fault {
    if let Some(place) = fault.message.rfind(" at line ") {
        fault.message.truncate(place);
    }
    if let Some(rest) = fault.message.strip_prefix("duplicate mapping key: ") {
        let key = rest.split(',').next().unwrap_or(rest);
        fault.message = format!("the key `{key}` stands twice here");
        return fault.mend("keep one of them");
    }
    if fault.message.contains("unknown escape character") {
        return fault.mend("write the expression between single quotes: there a backslash is a backslash");
    }
    if fault.message.contains("multiple YAML documents") {
        fault.message = "a second document begins here (`---`)".to_owned();
        return fault.mend("one document a file: put it into a file of its own");
    }
    if fault.message.contains("budget breached") {
        fault.message = "there are more values here than any rule file needs".to_owned();
        return fault.mend("put long word lists into files of their own");
    }
    if fault.message.contains("recursive references") {
        fault.message = "an alias stands inside of what it means".to_owned();
        return fault.mend("write the words out, or name a list (`@NAME`)");
    }
    if fault.message.contains("expected string scalar") {
        fault.message = "a word or text is expected here".to_owned();
        return fault.mend("inside of a list, another list is named as `@NAME`");
    }
    if let Some(field) = fault.message.strip_prefix("missing field ").map(|rest| rest.trim_matches('`').to_owned()) {
        fault.message = format!("`{field}` is missing here");
        return fault
            .mend(format!("give it `{field}:`; docs/rules.md and config/rules.schema.json say what it may be"));
    }
    if fault.message.contains("multiline quoted scalar") {
        return fault.mend("a quote that was opened above is not closed");
    }
    let number = |message: &str| {
        ["u8", "u16", "u32", "u64", "usize"].iter().find_map(|kind| {
            let asked = message.strip_suffix(&format!("expected {kind}"));
            asked.or_else(|| (message == format!("invalid {kind}")).then_some("")).map(str::to_owned)
        })
    };
    if let Some(before) = number(&fault.message) {
        fault.message = format!("{before}a whole number is expected here");
        return fault;
    }
    let message = fault.message.clone();
    let given = message.split('`').nth(1);
    match (given, message.split_once("expected one of ").or_else(|| message.split_once("expected "))) {
        (Some(given), Some((_, known))) if message.contains("unknown") => {
            fault.suggest(given, known.split([',', ' ', '`']).filter(|word| !word.is_empty()))
        }
        _ => fault,
    }
}

/// The first line from this one on that is indented by a tab, and the tab's column.
fn indented_by_tab(text: &str, from: usize) -> Option<(usize, usize)> {
    let lines = text.lines().enumerate().skip(from.saturating_sub(1));
    lines
        .filter_map(|(at, line)| {
            let indent = &line[..line.len() - line.trim_start().len()];
            indent.find('\t').map(|column| (at + 1, column + 1))
        })
        .next()
}
