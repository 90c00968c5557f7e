//! `${VAR}`, `${VAR:-default}` and `${VAR:?message}` in values.
//!
//! Values are expanded after the YAML is read: what a variable holds can never become a key, a
//! list or a comment. `$${` is a literal `${`.

use std::path::Path;

use super::fault::{Fault, fault};
use super::tree::{Node, Value};

/// Expands every text of the tree in place.
pub fn expand(node: &mut Node, lookup: &dyn Fn(&str) -> Option<String>, file: &Path) -> Vec<Fault> {
    let mut faults = Vec::new();
    walk(node, "", &mut |node, key| {
        if let Value::Text(text) = &node.value {
            match expand_text(text, lookup) {
                Ok(None) => {}
                Ok(Some(expanded)) => {
                    node.value = Value::Text(expanded);
                    node.expanded = true;
                }
                Err(message) => {
                    let mend = "set the variable, or give a default: ${NAME:-default}".to_owned();
                    faults.push(fault(file, node.place, key, message, Some(mend)));
                }
            }
        }
    });
    faults
}

/// Visits every leaf with its key.
fn walk(node: &mut Node, key: &str, visit: &mut dyn FnMut(&mut Node, &str)) {
    match &mut node.value {
        Value::List(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                walk(item, &format!("{key}[{at}]"), visit);
            }
        }
        Value::Map(entries) => {
            for (name, value) in entries {
                let below = if key.is_empty() { name.name.clone() } else { format!("{key}.{}", name.name) };
                walk(value, &below, visit);
            }
        }
        _ => visit(node, key),
    }
}

/// `None` if there was nothing to expand.
fn expand_text(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>, String> {
    if !text.contains("${") {
        return Ok(None);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at - 1]);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let end = inside.find('}').ok_or("${ without its }")?;
        out.push_str(&variable(&inside[..end], lookup)?);
        rest = &inside[end + 1..];
    }
    out.push_str(rest);
    Ok(Some(out))
}

fn variable(inside: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let (name, otherwise) = match inside.split_once(':') {
        Some((name, otherwise)) => (name, Some(otherwise)),
        None => (inside, None),
    };
    let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !good {
        return Err(format!("${{{inside}}} names no variable"));
    }
    // As in a shell, `:-` and `:?` take an empty value for none.
    match (lookup(name), otherwise.map(|text| text.split_at_checked(1))) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(Some(("-" | "?", _)))) if !value.is_empty() => Ok(value),
        (_, Some(Some(("-", default)))) => Ok(default.to_owned()),
        (_, Some(Some(("?", "")))) => Err(format!("the variable {name} is not set")),
        (_, Some(Some(("?", message)))) => Err(format!("the variable {name} is not set: {message}")),
        (None, None) => Err(format!("the variable {name} is not set")),
        (_, Some(_)) => Err(format!("${{{inside}}}: only :- and :? may follow the name")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_defaults_and_demands() {
        let lookup = |name: &str| match name {
            "HOST" => Some("gw.example".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        for (text, expected) in [
            ("plain", Ok(None)),
            ("$HOST", Ok(None)),
            ("${HOST}", Ok(Some("gw.example"))),
            ("a.${HOST}:${PORT:-25}", Ok(Some("a.gw.example:25"))),
            ("${EMPTY}", Ok(Some(""))),
            ("${EMPTY:-x}", Ok(Some("x"))),
            ("$${HOST}", Ok(Some("${HOST}"))),
            ("${HOST:?needed}", Ok(Some("gw.example"))),
            ("${PORT}", Err("the variable PORT is not set")),
            ("${PORT:?which port}", Err("the variable PORT is not set: which port")),
            ("${EMPTY:?}", Err("the variable EMPTY is not set")),
            ("${HOST", Err("${ without its }")),
            ("${HOST:=x}", Err("${HOST:=x}: only :- and :? may follow the name")),
            ("${A B}", Err("${A B} names no variable")),
        ] {
            let expected = expected.map(|text| text.map(str::to_owned)).map_err(str::to_owned);
            assert_eq!(expand_text(text, &lookup), expected, "{text}");
        }
    }
}
