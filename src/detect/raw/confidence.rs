//! How sure, as written: 0 to 100, or one of three words.

use std::fmt;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::Deserializer;
use serde::de::{Error, Unexpected, Visitor};

const WORDS: [(&str, u8); 3] = [("low", 65), ("medium", 75), ("high", 85)];

/// For `deserialize_with`.
pub fn confidence<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    deserializer.deserialize_any(Sure)
}

/// The same of a key that may be absent.
pub fn maybe<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    confidence(deserializer).map(Some)
}

/// For `schema_with`.
pub fn schema(_: &mut SchemaGenerator) -> Schema {
    let words = WORDS.map(|(word, _)| word);
    json_schema!({ "anyOf": [{ "type": "integer", "minimum": 0, "maximum": 100 }, { "enum": words }] })
}

struct Sure;

impl Visitor<'_> for Sure {
    type Value = u8;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 to 100, or low (65), medium (75) or high (85)")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u8, E> {
        let fits = u8::try_from(number).ok().filter(|number| *number <= 100);
        fits.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u8, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<u8, E> {
        let known = WORDS.iter().find(|(name, _)| *name == word);
        known.map(|(_, number)| *number).ok_or_else(|| E::invalid_value(Unexpected::Str(word), &self))
    }
}
