//! Small structured text: CSV, and JSON (FHIR among it).

use serde_json::Value;

use super::super::extraction::{Extraction, File};
use super::super::{Shape, charset};
use super::records::{Records, spaced};

/// CSV, TSV and the like become a table whatever their separator and quotes.
pub(super) fn csv(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let decoded = charset::decode(&file.bytes, None);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(&decoded))
        .from_reader(decoded.as_bytes());
    let mut out = String::with_capacity(decoded.len());
    let mut row = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut row) {
            Ok(true) => {}
            Ok(false) => break,
            // Not a table after all: its plain text still says everything.
            Err(_) => return super::text::plain(file, extraction),
        }
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                out.push('\t');
            }
            out.extend(cell.trim().chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }));
        }
        out.push('\n');
    }
    extraction.text(&file.origin, out, Shape::Table);
}

/// The separator that stands most often in the first lines.
fn separator(text: &str) -> u8 {
    let sample: Vec<&str> = text.lines().take(5).collect();
    let count = |separator: u8| sample.iter().map(|line| line.bytes().filter(|byte| *byte == separator).count()).sum();
    let counts: [(usize, u8); 4] = [b',', b'\t', b';', b'|'].map(|separator| (count(separator), separator));
    counts.into_iter().rev().max_by_key(|(count, _)| *count).map_or(b',', |(_, separator)| separator)
}

pub(super) fn json(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let decoded = charset::decode(&file.bytes, None);
    let mut records = Records::default();
    // Also JSON Lines (FHIR bulk data): one value after another.
    for value in serde_json::Deserializer::from_str(&decoded).into_iter::<Value>() {
        match value {
            Ok(value) => flatten(value, &mut records),
            Err(_) => return super::text::plain(file, extraction),
        }
    }
    records.finish(file, extraction);
}

/// What remains to be written of a JSON value.
enum Step {
    Value(String, Value),
    EndOfRecord,
}

/// `resource field part: value` a line; each object of a list and each FHIR resource is a record.
fn flatten(value: Value, records: &mut Records) {
    let mut steps = vec![Step::Value(String::new(), value)];
    while let Some(step) = steps.pop() {
        let (path, value) = match step {
            Step::EndOfRecord => {
                records.end();
                continue;
            }
            Step::Value(path, value) => (path, value),
        };
        match value {
            Value::Null => {}
            Value::Bool(truth) => records.line(&path, if truth { "true" } else { "false" }),
            Value::Number(number) => records.line(&path, &number.to_string()),
            Value::String(text) => records.line(&path, &text),
            Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
                let words: Vec<String> = items.iter().map(scalar).collect();
                records.line(&path, &words.join(" "));
            }
            Value::Array(items) => {
                for item in items.into_iter().rev() {
                    if item.is_object() && is_record_list(&path) {
                        steps.push(Step::EndOfRecord);
                    }
                    steps.push(Step::Value(path.clone(), item));
                }
            }
            Value::Object(fields) => {
                if let Some(name) = whole_name(&fields) {
                    records.line(&path, &name);
                }
                let resource = fields.get("resourceType").and_then(Value::as_str).map(str::to_owned);
                let base = resource.map_or(path, |resource| records.name(&resource).to_owned());
                for (name, value) in fields.into_iter().rev() {
                    if !is_plumbing(&name, &value) {
                        if name.contains(' ') {
                            // A sentence for a name.
                            records.line("", &name);
                        }
                        steps.push(Step::Value(join(&base, records.name(&name)), value));
                    }
                }
            }
        }
    }
    records.end();
}

/// Lists whose members stand for themselves; a patient's two telephones stay in the patient's record.
fn is_record_list(path: &str) -> bool {
    !path.contains(' ') || path.ends_with("entry")
}

/// What says nothing of anybody: names of types, addresses of code systems, dates of the record itself.
fn is_plumbing(name: &str, value: &Value) -> bool {
    match name {
        "resourceType" | "lastUpdated" | "versionId" => true,
        "system" | "fullUrl" | "profile" | "$schema" => value.as_str().is_none_or(|value| !value.contains(' ')),
        _ => false,
    }
}

pub(super) fn join(base: &str, name: &str) -> String {
    // Two names say enough; a long path would bury the label beside the value.
    let last = base.rsplit(' ').next().unwrap_or_default();
    let first = base.split(' ').next().unwrap_or_default();
    match (first, last) {
        ("", _) => spaced(name),
        (first, last) if first == last || last == name => format!("{first} {}", spaced(name)),
        (first, last) => format!("{first} {last} {}", spaced(name)),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// FHIR's HumanName in the order in which it is spoken.
fn whole_name(fields: &serde_json::Map<String, Value>) -> Option<String> {
    let family = fields.get("family")?.as_str()?;
    let given: Vec<&str> = fields.get("given")?.as_array()?.iter().filter_map(Value::as_str).collect();
    Some(format!("{} {family}", given.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{opened, text_of};
    use super::*;

    #[test]
    fn a_name_that_is_no_label_is_told_once() {
        let long = "A".repeat(10_000);
        let fields: Vec<String> = (0..100).map(|at| format!("\"f{at}\":1")).collect();
        for head in [format!("{{\"resourceType\":\"{long}\","), format!("{{\"{long}\":{{\"a\":2}},")] {
            let mut records = Records::default();
            flatten(serde_json::from_str(&format!("{head}{}}}", fields.join(","))).unwrap(), &mut records);
            let text = records.text();
            assert!(text.contains(&long) && text.len() < 30_000, "{}", text.len());
        }
    }

    #[test]
    fn tables_have_tabs_whatever_their_separator() {
        for (name, bytes, text) in [
            ("a.csv", "MRN,Name\n12,\"Roe, Jo\"\n", "MRN\tName\n12\tRoe, Jo\n"),
            ("a.csv", "MRN;Name\r\n12;\"Roe\r\nJo\"\r\n", "MRN\tName\n12\tRoe  Jo\n"),
            ("a.tsv", "MRN\tName\n12\tRoe", "MRN\tName\n12\tRoe\n"),
            ("a.csv", "MRN|Name\n12|Roe\n", "MRN\tName\n12\tRoe\n"),
        ] {
            let extract = opened(name, bytes.as_bytes());
            assert_eq!(text_of(&extract, ""), text);
            assert_eq!(extract.segments.last().expect("text").shape, Shape::Table);
        }
    }

    #[test]
    fn json_becomes_records_with_names_whole() {
        let patient = r#"{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"998991"}],
            "name":[{"family":"Roe","given":["Jo","Ann"]}],"birthDate":"1975-05-01"}"#;
        let bundle = format!(
            r#"{{"resourceType":"Bundle","entry":[{{"resource":{patient}}},{{"resource":{{"resourceType":"Condition","code":{{"text":"Asthma"}}}}}}]}}"#
        );
        let text = text_of(&opened("p.json", bundle.as_bytes()), "");
        assert!(text.contains("Patient identifier value: 998991\n"), "{text}");
        assert!(text.contains("Patient name: Jo Ann Roe\n"), "{text}");
        assert!(text.contains("Patient birth Date: 1975-05-01\n\nCondition code text: Asthma\n"), "{text}");
    }

    #[test]
    fn documents_among_the_values_are_opened() {
        let note = "UGF0aWVudCBKbyBSb2UsIE1STiAxMjM0NQ==";
        let source = format!(r#"{{"resourceType":"Binary","contentType":"text/plain","data":"{note}"}}"#);
        assert_eq!(text_of(&opened("a.json", source.as_bytes()), "embedded[1]"), "Patient Jo Roe, MRN 12345");
    }

    #[test]
    fn names_and_plumbing_may_hold_sentences() {
        let text = text_of(&opened("a.json", br#"{"Jo Roe is here":1,"system":"Jo Roe","meta":{"note":"of Jo"}}"#), "");
        for line in ["Jo Roe is here\n", "system: Jo Roe\n", "meta note: of Jo\n"] {
            assert!(text.contains(line), "{line:?} in {text:?}");
        }
    }

    #[test]
    fn broken_and_deep_json_is_read_as_text() {
        let broken = br#"{"data":"UGF0aWVudCBKbyBSb2UsIE1STiAxMjM0NQ==","#;
        assert_eq!(text_of(&opened("a.json", broken), "embedded[1]"), "Patient Jo Roe, MRN 12345");
        for source in ["{\"name\": \"Jo Roe\",", &format!("{}\"Jo Roe\"", "[".repeat(100_000))] {
            assert!(text_of(&opened("a.json", source.as_bytes()), "").contains("Jo Roe"));
        }
    }
}
