//! Small structured text: CSV, JSON (FHIR among it), iCalendar and vCard.

use serde_json::Value;

use super::super::extraction::{Extraction, File};
use super::super::{GapReason, Shape, charset, text};
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
            Err(_) => {
                // Not a table after all: its plain text still says everything.
                extraction.text(&file.origin, text::with_plain_line_ends(decoded), Shape::Prose);
                return;
            }
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
            Err(_) => {
                extraction.text(&file.origin, text::with_plain_line_ends(decoded), Shape::Prose);
                return;
            }
        }
    }
    extraction.text(&file.origin, records.finish(), Shape::Records);
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
                let base = resource.unwrap_or(path);
                for (name, value) in fields.into_iter().rev() {
                    if !is_plumbing(&name) {
                        steps.push(Step::Value(join(&base, &name), value));
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

fn is_plumbing(name: &str) -> bool {
    matches!(name, "resourceType" | "system" | "fullUrl" | "meta" | "profile" | "$schema")
}

fn join(base: &str, name: &str) -> String {
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

/// iCalendar and vCard: unfolded (RFC 5545 §3.1), escapes undone, parameters off.
pub(super) fn content_lines(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let decoded = text::with_plain_line_ends(charset::decode(&file.bytes, None));
    let unfolded = decoded.replace("\n ", "").replace("\n\t", "").replace("=\n", "");
    let mut records = Records::default();
    for line in unfolded.lines() {
        let Some((name, value)) = line.split_once(':') else {
            records.line("", line);
            continue;
        };
        let (name, parameters) = name.split_once(';').unwrap_or((name, ""));
        match name.to_ascii_uppercase().as_str() {
            "BEGIN" | "VERSION" | "PRODID" | "CALSCALE" => {}
            "END" => records.end(),
            "PHOTO" | "LOGO" | "SOUND" | "KEY" => {}
            _ => {
                for shown in parameters.split(';').filter_map(|parameter| parameter.strip_prefix("CN=")) {
                    records.line(name, shown.trim_matches('"'));
                }
                records.line(name, &plain(value, parameters));
            }
        }
    }
    extraction.text(&file.origin, records.finish(), Shape::Records);
    // An attachment inside the calendar (RFC 5545 §3.8.1.1) or a card's picture may be anything.
    for line in unfolded.lines().filter(|line| line.starts_with("ATTACH") && line.contains("BASE64")) {
        if let Some((_, value)) = line.split_once(':') {
            let bytes = super::super::transfer::base64(value.as_bytes(), super::super::transfer::Padding::Skip);
            extraction.push(file.inner("attach", bytes));
        }
    }
    if extraction.budget.check().is_err() {
        extraction.gap(&file.origin, GapReason::Timeout);
    }
}

fn plain(value: &str, parameters: &str) -> String {
    let value = match parameters.to_ascii_uppercase().contains("QUOTED-PRINTABLE") {
        true => charset::decode(&super::super::transfer::quoted_printable(value.as_bytes()), None).into_owned(),
        false => value.to_owned(),
    };
    value.replace("\\n", " ").replace("\\N", " ").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::super::super::Shape;
    use super::super::tests::{opened, text_of};

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
    fn broken_and_deep_json_is_read_as_text() {
        for source in ["{\"name\": \"Jo Roe\",", &format!("{}\"Jo Roe\"", "[".repeat(100_000))] {
            assert!(text_of(&opened("a.json", source.as_bytes()), "").contains("Jo Roe"));
        }
    }

    #[test]
    fn calendars_and_cards_are_unfolded() {
        let invite = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Visit of J\r\n o Roe\\, MRN 12\r\nATTENDEE;CN=\"Ann Lee\":mailto:a@x.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let text = text_of(&opened("a.ics", invite.as_bytes()), "");
        assert_eq!(text, "SUMMARY: Visit of Jo Roe, MRN 12\nATTENDEE: Ann Lee\nATTENDEE: mailto:a@x.example\n");
        let card = "BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE:J=C3=B6 Roe\nEND:VCARD\n";
        assert_eq!(text_of(&opened("a.vcf", card.as_bytes()), ""), "FN: J\u{f6} Roe\n");
    }
}
