//! Exception records: `exceptions/*.yaml` in a rules folder.
//!
//! A file holds one record, or several under `exceptions:`. What is wrong with a record is a fault
//! like any other: an exception that nobody can read must not be half applied.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};

use super::fault::{Complaints, Fault, fault};
use super::tree::{self, Place, Value};
use super::units::DayText;
use super::{schema, shape};
use crate::policy::{Exception, Level, Party, When};

/// Several records in one file.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Several {
    /// The records.
    exceptions: Vec<Record>,
}

/// Less protection for some rules in some circumstances.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Record {
    /// What it bears on: ids of rules, `gap.REASON`, or `policy.clean`.
    rules: Vec<String>,
    /// Where it holds; without it, everywhere.
    #[serde(default)]
    when: Circumstances,
    /// The most that these rules then ask for.
    effect: Level,
    /// Why, for whoever reads it in two years.
    reason: String,
    /// Who answers for it.
    owner: String,
    /// Who agreed; at least one other than the owner.
    approvers: Vec<String>,
    /// The last day on which it holds.
    #[schemars(with = "DayText")]
    expires: jiff::civil::Date,
}

/// All that are given must hold.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Circumstances {
    /// Sources, by name.
    #[schemars(with = "Vec<String>")]
    sources: Option<Vec<String>>,
    /// Addresses or domains; every author must be among them.
    #[schemars(with = "Vec<String>")]
    authors: Option<Vec<String>>,
    /// Addresses or domains; judged for each recipient alone.
    #[schemars(with = "Vec<String>")]
    recipients: Option<Vec<String>>,
}

/// Every record below these rules folders, with what is wrong and what should be looked at.
pub fn load(rules: &[PathBuf], today: Timestamp) -> (Vec<Exception>, Vec<Fault>, Vec<Fault>) {
    let mut exceptions = Vec::new();
    let mut faults = Vec::new();
    let mut warnings = Vec::new();
    for file in rules.iter().flat_map(|folder| files(&folder.join("exceptions"))) {
        match std::fs::read_to_string(&file) {
            Ok(text) => {
                let (read, wrong, doubtful) = read(&text, &file, today);
                exceptions.extend(read);
                faults.extend(wrong);
                warnings.extend(doubtful);
            }
            Err(error) => faults.push(fault(&file, Place::default(), "", format!("can't be read: {error}"), None)),
        }
    }
    (exceptions, faults, warnings)
}

/// The file of a record, and where it stands there.
pub fn place_of(rules: &[PathBuf], id: &str) -> Option<(PathBuf, Place)> {
    let (name, number) = id.split_once('#').map_or((id, None), |(name, number)| (name, number.parse::<usize>().ok()));
    let of_name = |file: &PathBuf| file.file_stem().is_some_and(|stem| stem.to_string_lossy() == name);
    let file = rules.iter().flat_map(|folder| files(&folder.join("exceptions"))).find(of_name)?;
    let tree = tree::read(&std::fs::read_to_string(&file).ok()?).ok()?;
    let key = number.map_or_else(|| "rules".to_owned(), |number| format!("exceptions[{}]", number - 1));
    Some((file, tree.place_of(&key)))
}

/// In the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let mut files: Vec<PathBuf> = entries.filter(is_yaml).collect();
    files.sort();
    files
}

fn read(text: &str, file: &Path, today: Timestamp) -> (Vec<Exception>, Vec<Fault>, Vec<Fault>) {
    let mut tree = match tree::read(text) {
        Ok(tree) => tree,
        Err(error) => return (Vec::new(), vec![fault(file, error.place, "", error.message, None)], Vec::new()),
    };
    let several = matches!(&tree.value, Value::Map(entries) if entries.iter().any(|(key, _)| key.name == "exceptions"));
    let generator = || SchemaSettings::draft07().into_generator();
    let schema = match several {
        true => generator().into_root_schema_for::<Several>(),
        false => generator().into_root_schema_for::<Record>(),
    };
    let faults = shape::check(&schema::plain(schema), &mut tree, file);
    if !faults.is_empty() {
        return (Vec::new(), faults, Vec::new());
    }
    let records: Result<Vec<Record>, _> = match several {
        true => serde_json::from_value::<Several>(tree.to_json()).map(|several| several.exceptions),
        false => serde_json::from_value(tree.to_json()).map(|one| vec![one]),
    };
    let mut complaints = Complaints::new(file, &tree);
    let mut exceptions = Vec::new();
    match records {
        Ok(records) => {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let alone = records.len() == 1;
            for (at, record) in records.into_iter().enumerate() {
                let key = if several { format!("exceptions[{at}].") } else { String::new() };
                let id = if alone { name.clone() } else { format!("{name}#{}", at + 1) };
                exceptions.extend(exception(record, id, &key, today, &mut complaints));
            }
        }
        Err(error) => complaints.fault("", error.to_string(), ""),
    }
    let told = complaints.into_parts();
    (exceptions, told.faults, told.warnings)
}

fn exception(
    record: Record,
    id: String,
    key: &str,
    today: Timestamp,
    complaints: &mut Complaints<'_>,
) -> Option<Exception> {
    for (name, text) in [("reason", &record.reason), ("owner", &record.owner)] {
        if text.trim().is_empty() {
            complaints.fault(&format!("{key}{name}"), "an exception without it is no record", "");
        }
    }
    if record.rules.is_empty() {
        complaints.fault(&format!("{key}rules"), "it bears on no rule", "");
    }
    let owner = same_person(&record.owner);
    if !record.approvers.iter().map(|approver| same_person(approver)).any(|one| !one.is_empty() && one != owner) {
        let mend = "name somebody who agreed, beside the owner";
        complaints.fault(&format!("{key}approvers"), "nobody but the owner approved it", mend);
    }
    if record.effect > Level::Message {
        complaints.fault(&format!("{key}effect"), format!("{} lowers nothing", record.effect), "");
    }
    let expires = record.expires.tomorrow().and_then(|day| day.to_zoned(TimeZone::UTC)).map(|day| day.timestamp());
    let expires = match expires {
        Ok(expires) => expires,
        Err(_) => {
            complaints.fault(&format!("{key}expires"), "the date is out of range", "");
            return None;
        }
    };
    if expires <= today {
        complaints.warn(&format!("{key}expires"), "it has expired and no longer applies", "renew it or take it away");
    }
    let Circumstances { sources, authors, recipients } = record.when;
    let all = [("sources", &sources), ("authors", &authors), ("recipients", &recipients)];
    if all.iter().all(|(_, written)| written.is_none()) {
        let mend = "name `sources`, `authors` or `recipients` under `when`";
        complaints.warn(&format!("{key}rules"), "the exception holds for every sender and every recipient", mend);
    }
    // Whoever empties a list means nobody; read as no list, it would mean everybody.
    for (name, _) in all.iter().filter(|(_, written)| written.as_ref().is_some_and(Vec::is_empty)) {
        let mend = "name somebody, or take the exception away";
        complaints.fault(&format!("{key}when.{name}"), "the list is empty: it would hold for nobody", mend);
    }
    let when = When {
        sources: sources.unwrap_or_default(),
        authors: parties(&authors.unwrap_or_default(), &format!("{key}when.authors"), complaints),
        recipients: parties(&recipients.unwrap_or_default(), &format!("{key}when.recipients"), complaints),
    };
    Some(Exception {
        id,
        rules: record.rules,
        when,
        effect: record.effect,
        reason: record.reason,
        owner: record.owner,
        approvers: record.approvers,
        expires,
    })
}

/// How somebody's name is compared: `Ann` does not approve what `ann` owns.
fn same_person(name: &str) -> String {
    name.trim().to_lowercase()
}

fn parties(written: &[String], key: &str, complaints: &mut Complaints<'_>) -> Vec<Party> {
    let mut parties = Vec::new();
    for (at, text) in written.iter().enumerate() {
        match text.parse() {
            Ok(party) => parties.push(party),
            Err(error) => complaints.fault(&format!("{key}[{at}]"), format!("{text:?}: {error}"), ""),
        }
    }
    parties
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "rules: [phi.a]\nwhen: { recipients: [lab.example] }\neffect: tls\nreason: leased line\n\
                         owner: ann\napprovers: [bob]\nexpires: 2026-12-31\n";

    fn read_at(text: &str, day: &str) -> (Vec<Exception>, Vec<String>, Vec<String>) {
        let now: Timestamp = format!("{day}T12:00:00Z").parse().unwrap();
        let (read, faults, warnings) = read(text, Path::new("rules/exceptions/lab.yaml"), now);
        let told = |faults: Vec<Fault>| faults.iter().map(ToString::to_string).collect();
        (read, told(faults), told(warnings))
    }

    #[test]
    fn a_record_is_read_whole_and_holds_through_its_last_day() {
        let (read, faults, warnings) = read_at(WHOLE, "2026-12-31");
        assert_eq!((read.len(), faults.len(), warnings.len()), (1, 0, 0), "{faults:?} {warnings:?}");
        assert_eq!((read[0].id.as_str(), read[0].effect), ("lab", Level::Tls));
        assert_eq!(read[0].expires, "2027-01-01T00:00:00Z".parse().unwrap());
        let (_, _, warnings) = read_at(WHOLE, "2027-01-01");
        assert!(warnings[0].starts_with("rules/exceptions/lab.yaml:7:10: expires: it has expired"), "{warnings:?}");
    }

    #[test]
    fn what_makes_a_record_worthless_is_a_fault() {
        for (from, to, said) in [
            ("approvers: [bob]", "approvers: [ann]", "nobody but the owner approved it"),
            ("approvers: [bob]", "approvers: []", "nobody but the owner approved it"),
            ("approvers: [bob]", "approvers: [' Ann ']", "nobody but the owner approved it"),
            ("[lab.example]", "[]", "it would hold for nobody"),
            ("[lab.example]", "", "recipients"),
            ("reason: leased line", "reason: ''", "an exception without it is no record"),
            ("expires: 2026-12-31\n", "", "\"expires\" is missing"),
            ("effect: tls", "effect: hold", "hold lowers nothing"),
            ("effect: tls", "effect: none", "\"none\" is none of"),
            ("rules: [phi.a]", "rules: []", "it bears on no rule"),
            ("[lab.example]", "['a@@b']", "\"a@@b\""),
            ("owner:", "onwer:", "did you mean \"owner\"?"),
        ] {
            let (_, faults, _) = read_at(&WHOLE.replace(from, to), "2026-12-01");
            assert!(faults.iter().any(|fault| fault.contains(said)), "{said}: {faults:?}");
        }
    }

    #[test]
    fn what_holds_for_everybody_is_looked_at_twice() {
        for when in ["when: {}\n", ""] {
            let text = WHOLE.replace("when: { recipients: [lab.example] }\n", when);
            let (read, faults, warnings) = read_at(&text, "2026-12-01");
            assert_eq!((read.len(), faults.len()), (1, 0), "{faults:?}");
            assert!(warnings[0].contains("every sender and every recipient"), "{warnings:?}");
        }
    }

    #[test]
    fn several_records_in_a_file_are_numbered() {
        let one = WHOLE.replace('\n', "\n    ");
        let text = format!("exceptions:\n  - {}\n  - {}\n", one.trim_end(), one.trim_end());
        let (read, faults, _) = read_at(&text, "2026-12-01");
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(read.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["lab#1", "lab#2"]);
    }
}
