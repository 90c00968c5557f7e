//! Keys that do nothing, or that contradict each other: their author meant something by them.

use super::Fault;
use crate::detect::raw::{Case, Class, Detector, Identifies, Rule};
use crate::mail::Address;

/// A detector's class is one of its kind, and each of its keys has something to work on.
pub(super) fn detector(file: &str, item: &Detector) -> Result<(), Fault> {
    class(file, item)?;
    let terms = !item.terms.is_empty() || item.dictionary.is_some();
    let values = item.regex.is_some() || terms || item.names.is_some() || !item.fields.is_empty();
    let columns = !item.columns.is_empty();
    let keys = [
        ("keywords", !item.keywords.is_empty(), item.regex.is_some(), "`regex`"),
        ("unicode", item.unicode, item.regex.is_some(), "`regex`"),
        ("case", item.case != Case::Any, terms, "`terms` or a `dictionary`"),
        ("cells", item.cells.is_some(), columns, "`columns`"),
        ("validate", !item.validate.is_empty(), values || columns, "`regex`, `terms`, `names`, `columns` or `fields`"),
        ("listed", item.listed.is_some(), values, "`regex`, `terms`, `names` or `fields`"),
    ];
    match keys.iter().find(|(_, given, works, _)| *given && !works) {
        Some((key, _, _, wants)) => {
            let message = format!("detector {:?}: `{key}` does nothing here", item.id.value);
            Err(Fault::at(file, &item.id, message).mend(format!("take it out, or put it beside {wants}")))
        }
        None => Ok(()),
    }
}

fn class(file: &str, item: &Detector) -> Result<(), Fault> {
    let of_health = matches!(item.class, Class::Specific | Class::Event | Class::General);
    let fits = match item.identifies {
        Identifies::Health => of_health || item.class == Class::Context,
        Identifies::Person | Identifies::Provider | Identifies::Payment | Identifies::Organisation => !of_health,
        Identifies::Other => true,
    };
    fits.then_some(()).ok_or_else(|| {
        let known = match item.identifies {
            Identifies::Health => "`specific`, `event`, `general` or `context`",
            _ => "`strong`, `linking`, `weak` or `context`",
        };
        let message = format!("detector {:?}: its `class` is none of what it `identifies`", item.id.value);
        Fault::at(file, &item.id, message).mend(format!("the class is one of {known}"))
    })
}

/// Each of a rule's tests says what must come out, once, and names real addresses.
pub(super) fn tests(file: &str, item: &Rule) -> Result<(), Fault> {
    for test in &item.tests {
        let said: Vec<_> = [&test.phi, &test.matches, &test.clean].into_iter().flatten().collect();
        let spot = said.first().copied().unwrap_or(&item.id);
        if said.len() != 1 {
            let message = format!("rule {:?}: a test says not one of `phi`, `match`, `clean`", item.id.value);
            return Err(Fault::at(file, spot, message).mend("give each text a test of its own"));
        }
        if let Some(wrong) = test.to.iter().find(|address| address.parse::<Address>().is_err()) {
            return Err(Fault::at(file, spot, format!("rule {:?}: {wrong:?} is no mail address", item.id.value)));
        }
    }
    Ok(())
}
