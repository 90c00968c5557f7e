//! YAML as written: a tree whose every key and value knows its place.
//!
//! Serde types alone stop at the first fault and forget where a value stood; the tree lets all
//! faults be told at once, each with its line and column.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{DuplicateKeyPolicy, Spanned};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub value: Value,
    pub place: Place,
    /// Its text came from `${VAR}`: it may stand where a number or a boolean is wanted.
    pub expanded: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// In file order; a key written twice stands twice.
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub name: String,
    pub place: Place,
}

/// Line and column, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: u64,
    pub column: u64,
}

/// Text that is no YAML, or no YAML that we take.
#[derive(Debug)]
pub struct SyntaxError {
    pub place: Place,
    pub message: String,
}

impl From<serde_yaml::Location> for Place {
    fn from(location: serde_yaml::Location) -> Self {
        Self { line: location.line(), column: location.column() }
    }
}

/// Reads one YAML document. Duplicate keys are kept: the check names each of them.
pub fn read(text: &str) -> Result<Node, SyntaxError> {
    let options = serde_yaml::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // `tls: no` is a word here, as YAML 1.2 has it, not a `false`.
        strict_booleans: true,
    };
    serde_yaml::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().map(Place::from).unwrap_or_default();
        let message = error.without_snippet().to_string();
        // The place stands in front of every fault; the parser's own copy would only repeat it.
        let message = message.split(" at line ").next().unwrap_or_default().trim_start_matches("error: ");
        let message = match message {
            many if many.contains("multiple YAML documents") => "a second document begins here; a file has one",
            large if large.contains("budget breached") => "there are more values here than any configuration needs",
            message => message,
        }
        .to_owned();
        SyntaxError { place, message }
    })
}

impl Node {
    /// The value at a path such as `sources[0].networks`.
    pub fn at(&self, path: &str) -> Option<&Node> {
        let mut node = self;
        for step in steps(path) {
            node = match (step, &node.value) {
                (Step::Key(name), Value::Map(entries)) => {
                    entries.iter().find(|(key, _)| key.name == name).map(|(_, value)| value)?
                }
                (Step::Index(at), Value::List(items)) => items.get(at)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// The place of a path, or of the nearest thing around it that was written.
    pub fn place_of(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(node) = self.at(path) {
                return node.place;
            }
            path = path.rfind(['.', '[']).map_or("", |end| &path[..end]);
        }
    }

    /// What kind of value it is, for a complaint.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Integer(_) => "a number",
            Value::Float(_) => "one with a fraction",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a section",
        }
    }

    /// The same without places. Of a key written twice the last stays.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Float(value) => (*value).into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Map(entries) => entries.iter().map(|(key, value)| (key.name.clone(), value.to_json())).collect(),
        }
    }
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split(['.', '[']).filter(|part| !part.is_empty()).map(|part| match part.strip_suffix(']') {
        Some(index) => Step::Index(index.parse().unwrap_or(usize::MAX)),
        None => Step::Key(part),
    })
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { value: spanned.value, place: spanned.referenced.into(), expanded: false })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let key = Key { name: key.value, place: key.referenced.into() };
            map.push((key, entries.next_value()?));
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_value_knows_its_place() {
        let tree = read("a: 1\nb:\n  - x: word\n    y: [true, 2026-12-01]\n  - { x: 5d }\na: again\n").unwrap();
        for (path, line, column) in
            [("a", 1, 4), ("b[0].x", 3, 8), ("b[0].y[1]", 4, 15), ("b[1].x", 5, 10), ("b[1].z", 5, 5)]
        {
            assert_eq!(tree.place_of(path), Place { line, column }, "{path}");
        }
        assert_eq!(tree.at("b[0].y[1]").unwrap().value, Value::Text("2026-12-01".into()));
        let Value::Map(entries) = &tree.value else { panic!("a map") };
        assert_eq!(entries.iter().filter(|(key, _)| key.name == "a").count(), 2);
        assert_eq!(entries[2].0.place, Place { line: 6, column: 1 });
    }

    #[test]
    fn words_that_old_yaml_took_for_booleans_stay_words() {
        let tree = read("a: no\nb: off\nc: true\n").unwrap();
        assert_eq!(tree.at("a").unwrap().value, Value::Text("no".into()));
        assert_eq!(tree.at("b").unwrap().value, Value::Text("off".into()));
        assert_eq!(tree.at("c").unwrap().value, Value::Bool(true));
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_line() {
        for (text, line) in [("a: [1, 2\nb: 3\n", 2), ("a: 1\n\tb: 2\n", 2), ("a: \"open\n", 2)] {
            let error = read(text).unwrap_err();
            assert!((1..=line).contains(&error.place.line), "{text:?}: {error:?}");
            assert!(!error.message.is_empty() && !error.message.contains('\n'), "{text:?}: {error:?}");
        }
    }
}
