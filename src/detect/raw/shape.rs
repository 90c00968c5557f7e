//! The few shapes that YAML writes in more than one way, and the place where a value stood.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A value and where it stands in its file (both from 1; 0 if unknown).
#[derive(Clone, Default)]
pub struct Spot<T> {
    pub value: T,
    pub line: usize,
    pub column: usize,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spot<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_yaml::Spanned::<T>::deserialize(deserializer)?;
        let (line, column) = (spanned.referenced.line() as usize, spanned.referenced.column() as usize);
        Ok(Self { value: spanned.value, line, column })
    }
}

/// As its value: where it stands is no part of what is written.
impl<T: fmt::Debug> fmt::Debug for Spot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: JsonSchema> JsonSchema for Spot<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T> std::ops::Deref for Spot<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// One value or a list of them.
#[derive(Clone, Debug)]
pub struct Few<T>(pub Vec<T>);

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> std::ops::Deref for Few<T> {
    type Target = Vec<T>;
    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FewVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for FewVisitor<T> {
            type Value = Few<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or a list of words")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Few<T>, E> {
                let text = serde::de::value::StrDeserializer::new(text);
                T::deserialize(text).map(|value| Few(vec![value]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Few<T>, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(Few(values))
            }
        }
        deserializer.deserialize_any(FewVisitor(std::marker::PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Few<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Few_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// How close things stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Within {
    /// So many bytes of text between them, in the same part.
    Characters(usize),
    Line,
    /// A table's row, or one record.
    Row,
    Sentence,
    /// A sentence, and no more of it than stands on one line.
    Phrase,
    /// Sentences that follow one another without an empty line, a list's mark or a line that ends with one.
    Paragraph,
    #[default]
    Part,
    Message,
}

const WORDS: [(&str, Within); 7] = [
    ("line", Within::Line),
    ("row", Within::Row),
    ("sentence", Within::Sentence),
    ("phrase", Within::Phrase),
    ("paragraph", Within::Paragraph),
    ("part", Within::Part),
    ("message", Within::Message),
];

impl<'de> Deserialize<'de> for Within {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WithinVisitor;
        impl Visitor<'_> for WithinVisitor {
            type Value = Within;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of characters, or line, row, sentence, phrase, paragraph, part or message")
            }
            fn visit_u64<E: Error>(self, distance: u64) -> Result<Within, E> {
                usize::try_from(distance).map(Within::Characters).map_err(E::custom)
            }
            fn visit_i64<E: Error>(self, distance: i64) -> Result<Within, E> {
                usize::try_from(distance).map(Within::Characters).map_err(E::custom)
            }
            fn visit_str<E: Error>(self, word: &str) -> Result<Within, E> {
                let known = WORDS.iter().find(|(name, _)| *name == word);
                known
                    .map(|(_, within)| *within)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(word), &self))
            }
        }
        deserializer.deserialize_any(WithinVisitor)
    }
}

impl JsonSchema for Within {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Within".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "enum": words }] })
    }
}
