//! Whether a tree has the shape that the schema describes: every fault at once.
//!
//! The schema is made from the raw types, so that one description serves the editor, this check
//! and the reading itself. Only the words of JSON Schema that our types produce are understood; a
//! test holds the schema to them.

use std::path::Path;

use serde_json::{Map, Value as Json};

use super::fault::{Fault, did_you_mean, fault};
use super::tree::{Key, Node, Value};
use super::units::check_format;

/// Compares the tree with the schema. Text that came from a variable becomes the number or boolean
/// that is wanted in its place, and what is at fault is taken out, so that the rest can still be read;
/// where it can't be missed, something harmless stands in for it.
pub fn check(schema: &Json, tree: &mut Node, file: &Path) -> Vec<Fault> {
    let mut shape = Shape { root: schema, file, faults: Vec::new() };
    shape.node(schema, tree, "");
    shape.faults
}

struct Shape<'a> {
    root: &'a Json,
    file: &'a Path,
    faults: Vec<Fault>,
}

impl<'a> Shape<'a> {
    fn node(&mut self, schema: &'a Json, node: &mut Node, key: &str) {
        let schema = self.resolved(schema);
        if let Some(words) = words(schema) {
            return self.word(&words, node, key);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let fitting = choices.iter().find(|choice| accepts(self.resolved(choice), node));
            return match fitting {
                Some(choice) => self.node(choice, node, key),
                None => {
                    let wanted: Vec<&str> = choices.iter().map(|choice| wants(self.resolved(choice))).collect();
                    self.complain(node, key, format!("wants {}, not {}", wanted.join(" or "), node.kind()), None);
                }
            };
        }
        coerce(schema, node);
        if !accepts(schema, node) {
            return self.mismatch(schema, node, key);
        }
        let place = node.place;
        match &mut node.value {
            Value::Map(_) => self.section(schema, node, key),
            Value::List(items) => {
                if items.is_empty() && schema["minItems"].as_u64() > Some(0) {
                    self.faults.push(fault(self.file, place, key, "the list is empty", None));
                }
                let mut at = 0;
                items.retain_mut(|item| {
                    at += 1;
                    self.keeps(&schema["items"], item, &format!("{key}[{}]", at - 1))
                });
            }
            Value::Text(text) => {
                let format = schema["format"].as_str().unwrap_or_default();
                if let Err(wrong) = check_format(format, text) {
                    self.complain(node, key, wrong.message, wrong.mend.map(str::to_owned));
                }
            }
            Value::Integer(number) => {
                let number = *number;
                if let Some(numbers) = schema["enum"].as_array() {
                    if !numbers.contains(&number.into()) {
                        let numbers: Vec<String> = numbers.iter().map(Json::to_string).collect();
                        self.complain(node, key, format!("{number} is none of {}", numbers.join(", ")), None);
                    }
                    return;
                }
                let least = schema["minimum"].as_i64().unwrap_or(i64::MIN);
                let most = schema["maximum"].as_i64().unwrap_or(i64::MAX);
                if !(least..=most).contains(&number) {
                    let bound = if number < least { format!("at least {least}") } else { format!("at most {most}") };
                    self.complain(node, key, format!("{number} is out of range: {bound}"), None);
                }
            }
            Value::Null | Value::Bool(_) | Value::Float(_) => {}
        }
    }

    fn section(&mut self, schema: &'a Json, node: &mut Node, key: &str) {
        let empty = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        let Value::Map(entries) = &mut node.value else { return };
        let mut seen: Vec<String> = Vec::new();
        entries.retain_mut(|(name, value)| {
            let below = if key.is_empty() { name.name.clone() } else { format!("{key}.{}", name.name) };
            if seen.contains(&name.name) {
                let mend = Some("leave one of them out".to_owned());
                self.faults.push(fault(self.file, name.place, &below, "the key stands here twice", mend));
                return false;
            }
            seen.push(name.name.clone());
            match schema["properties"].get(&name.name) {
                Some(inner) => self.keeps(inner, value, &below),
                None => {
                    let near = did_you_mean(&name.name, properties.keys().map(String::as_str));
                    let mend = near.or_else(|| Some("leave it out: `waxseal schema config` prints every key".into()));
                    self.faults.push(fault(self.file, name.place, &below, "unknown key", mend));
                    false
                }
            }
        });
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if !seen.iter().any(|name| name == required) {
                let mend = Some(format!("add `{required}:`"));
                self.faults.push(fault(self.file, node.place, key, format!("{required:?} is missing"), mend));
            }
            if !entries.iter().any(|(name, _)| name.name == required) {
                let name = Key { name: required.to_owned(), place: node.place };
                let value = stand_in(self.resolved(&schema["properties"][required]));
                entries.push((name, Node { value, place: node.place, expanded: false }));
            }
        }
    }

    /// Checks a value; false if it is itself at fault, not only something inside it.
    fn keeps(&mut self, schema: &'a Json, node: &mut Node, key: &str) -> bool {
        let before = self.faults.len();
        self.node(schema, node, key);
        !self.faults[before..].iter().any(|fault| fault.key == key)
    }

    /// One of a few words.
    fn word(&mut self, words: &[&str], node: &Node, key: &str) {
        let Value::Text(text) = &node.value else {
            let message = format!("wants one of {}, not {}", words.join(", "), node.kind());
            return self.complain(node, key, message, None);
        };
        if !words.contains(&text.as_str()) {
            let mend = did_you_mean(text, words.iter().copied());
            self.complain(node, key, format!("{text:?} is none of {}", words.join(", ")), mend);
        }
    }

    fn mismatch(&mut self, schema: &Json, node: &Node, key: &str) {
        let mend = match (&node.value, schema["type"].as_str()) {
            (Value::Null, _) => Some("give it a value or leave the key out".to_owned()),
            (Value::Integer(number), Some("string")) => match schema["format"].as_str() {
                Some("time-span") => Some(format!("add a unit: {number}s, {number}m, {number}h or {number}d")),
                Some("size") => Some(format!("add a unit: {number}KiB, {number}MiB or {number}GiB")),
                _ => Some("put it in quotes".to_owned()),
            },
            (Value::Float(_), Some("integer")) => Some("write it without a fraction".to_owned()),
            (Value::Text(_) | Value::Integer(_), Some("array")) => Some("put it in brackets: [ … ]".to_owned()),
            _ => None,
        };
        self.complain(node, key, format!("wants {}, not {}", wants(schema), node.kind()), mend);
    }

    fn complain(&mut self, node: &Node, key: &str, message: String, mend: Option<String>) {
        self.faults.push(fault(self.file, node.place, key, message, mend));
    }

    /// Follows `$ref`, also where it stands alone in an `allOf` beside a description.
    fn resolved(&self, schema: &'a Json) -> &'a Json {
        let alone = schema["allOf"].as_array().filter(|all| all.len() == 1).map(|all| &all[0]);
        match (schema["$ref"].as_str(), alone) {
            (Some(path), _) => self.resolved(self.root.pointer(path.trim_start_matches('#')).unwrap_or(&Json::Null)),
            (None, Some(inner)) => self.resolved(inner),
            (None, None) => schema,
        }
    }
}

/// The words of an enumeration, whether written as `enum` or as documented constants.
fn words(schema: &Json) -> Option<Vec<&str>> {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(Json::as_str).collect();
    }
    let mut all = Vec::new();
    for choice in schema["oneOf"].as_array()? {
        match (choice["const"].as_str(), words(choice)) {
            (Some(word), _) => all.push(word),
            (None, Some(some)) => all.extend(some),
            (None, None) => return None,
        }
    }
    Some(all)
}

fn accepts(schema: &Json, node: &Node) -> bool {
    if words(schema).is_some() {
        return matches!(node.value, Value::Text(_));
    }
    matches!(
        (schema["type"].as_str(), &node.value),
        (Some("object"), Value::Map(_))
            | (Some("array"), Value::List(_))
            | (Some("string"), Value::Text(_))
            | (Some("integer"), Value::Integer(_))
            | (Some("boolean"), Value::Bool(_))
    )
}

fn wants(schema: &Json) -> &'static str {
    match schema["type"].as_str() {
        Some("object") => "a section",
        Some("array") => "a list",
        Some("integer") => "a whole number",
        Some("boolean") => "true or false",
        _ => match schema["format"].as_str() {
            Some("time-span") => "a span of time such as 15m",
            Some("size") => "a size such as 150MiB",
            _ if words(schema).is_some() => "a word",
            _ => "text",
        },
    }
}

/// A value of the right shape in place of one that is needed and at fault: the gateway never runs with it, but
/// what else is wrong can be told.
fn stand_in(schema: &Json) -> Value {
    let text = match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("array"), _) => return Value::List(Vec::new()),
        (_, Some("socket")) => "127.0.0.1:0",
        (_, Some("guid")) => "00000000-0000-0000-0000-000000000000",
        (_, Some("secret")) => "file:/dev/null",
        _ => "stand-in.invalid",
    };
    Value::Text(text.to_owned())
}

fn coerce(schema: &Json, node: &mut Node) {
    let Value::Text(text) = &node.value else { return };
    if !node.expanded {
        return;
    }
    let value = match schema["type"].as_str() {
        Some("integer") => text.parse().ok().map(Value::Integer),
        Some("boolean") => text.parse().ok().map(Value::Bool),
        _ => None,
    };
    if let Some(value) = value {
        node.value = value;
    }
}
