//! The JSON Schema of the configuration, for editors and for the loader's own check.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::raw::Settings;

/// Draft-07, as `config/waxseal.schema.json` has it.
pub fn schema() -> Value {
    let mut schema = plain(SchemaSettings::draft07().into_generator().into_root_schema_for::<Settings>());
    schema["title"] = "Waxseal configuration".into();
    schema
}

/// A schema as the loader's check reads it.
pub fn plain(schema: schemars::Schema) -> Value {
    let mut schema = schema.to_value();
    without_null(&mut schema);
    schema
}

/// An optional key is left out, never `null`: an empty value is a slip, and the check says so.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(types) = map.get_mut("type").and_then(Value::as_array_mut) {
                types.retain(|name| name != "null");
                if let [only] = &types[..] {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(choices) = map.get_mut("anyOf").and_then(Value::as_array_mut) {
                choices.retain(|choice| choice["type"] != "null");
                if let [only] = &choices[..] {
                    let only = only.clone();
                    map.remove("anyOf");
                    // Beside a description, draft-07 ignores all but a `$ref`: so it is wrapped.
                    map.insert("allOf".to_owned(), Value::Array(vec![only]));
                }
            }
            if let Some(values) = map.get_mut("enum").and_then(Value::as_array_mut) {
                values.retain(|value| !value.is_null());
            }
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            map.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = "config/waxseal.schema.json";

    #[test]
    fn the_shipped_schema_is_the_one_that_the_types_make() {
        let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(SHIPPED, &made).unwrap();
        }
        let shipped = std::fs::read_to_string(SHIPPED).unwrap();
        assert!(shipped == made, "run the test with UPDATE_GOLDEN=1, then read the diff of {SHIPPED}");
    }

    /// The check in `shape.rs` understands these words and no others.
    #[test]
    fn the_schema_uses_only_words_that_the_check_understands() {
        const KNOWN: [&str; 20] = [
            "$schema",
            "$ref",
            "title",
            "description",
            "default",
            "definitions",
            "type",
            "properties",
            "required",
            "additionalProperties",
            "items",
            "minItems",
            "enum",
            "const",
            "oneOf",
            "anyOf",
            "allOf",
            "format",
            "minimum",
            "maximum",
        ];
        fn walk(schema: &Value, path: &str) {
            let Value::Object(map) = schema else { return };
            for (word, inner) in map {
                assert!(KNOWN.contains(&word.as_str()), "{path}/{word}");
                match (word.as_str(), inner) {
                    ("properties" | "definitions", Value::Object(named)) => {
                        named.iter().for_each(|(name, inner)| walk(inner, &format!("{path}/{name}")));
                    }
                    ("anyOf" | "oneOf" | "allOf", Value::Array(choices)) => {
                        choices.iter().for_each(|choice| walk(choice, &format!("{path}/{word}")));
                    }
                    ("items", inner) => walk(inner, &format!("{path}/items")),
                    _ => {}
                }
            }
        }
        walk(&schema(), "");
    }

    #[test]
    fn every_key_is_documented() {
        let schema = schema();
        let mut sections = schema["definitions"].as_object().unwrap().clone();
        sections.insert("Settings".to_owned(), schema.clone());
        for (section, inner) in sections {
            for (key, value) in inner["properties"].as_object().into_iter().flatten() {
                let obvious = ["user", "tenants"].contains(&key.as_str()) || section == "Ladders";
                assert!(obvious || value["description"].is_string(), "{section}.{key} has no documentation");
            }
        }
    }
}
