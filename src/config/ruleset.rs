//! Rule files from disk, compiled.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use schemars::generate::SchemaSettings;
use serde::Deserialize;

use super::tree::{self, Place};
use super::{Configuration, fault, records, text};
use crate::detect::{self, Fault, RuleFile, Ruleset};
use crate::message::GapReason;

/// The rules that this configuration makes active.
pub fn ruleset(configuration: &Configuration) -> Result<Ruleset, Vec<Fault>> {
    let compiled = compile_rules(&configuration.rules, configuration.settings.packs.as_deref());
    compiled.map_err(|faults| faults.into_iter().map(|fault| in_configuration(configuration, fault)).collect())
}

/// A pack that is not there is named by the configuration, not by a rule file.
fn in_configuration(configuration: &Configuration, fault: Fault) -> Fault {
    if fault.file != "packs" {
        return fault;
    }
    let read = text::read(&configuration.file).ok().and_then(|text| tree::read(&text).ok());
    let Place { line, column } = read.map(|tree| tree.place_of("packs")).unwrap_or_default();
    let file = configuration.file.display().to_string();
    Fault { file, line: line as usize, column: column as usize, message: format!("packs: {}", fault.message), ..fault }
}

/// Loads and compiles the rules of these files and folders, in their order. Without a list of
/// packs, all that the files belong to are active, but for optional ones.
pub fn compile_rules(places: &[PathBuf], packs: Option<&[String]>) -> Result<Ruleset, Vec<Fault>> {
    let mut files = Vec::new();
    let mut faults = Vec::new();
    for path in places.iter().flat_map(|place| rule_files(place)) {
        let name = path.display().to_string();
        match text::read(&path) {
            Ok(text) => files.push(RuleFile { name, text }),
            Err(text::Unreadable { line, column, message, mend }) => {
                faults.push(Fault { file: name, line, column, message, mend });
            }
        }
    }
    if files.is_empty() && faults.is_empty() {
        let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        let message = "there is no rule file here".to_owned();
        faults.push(Fault { file: places.join(", "), line: 0, column: 0, message, mend: None });
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let usual = || files.iter().filter_map(|file| usual_pack_of(&file.text)).collect::<BTreeSet<_>>();
    let packs = packs.map_or_else(|| usual().into_iter().collect(), <[String]>::to_vec);
    detect::compile(&files, &packs, &word_list)
}

/// Exceptions that bear on nothing: a rule was renamed or taken away, or its id was mistyped.
pub fn idle_exceptions(configuration: &Configuration, ruleset: &Ruleset) -> Vec<fault::Fault> {
    let rules = ruleset.rule_ids();
    let gaps: Vec<String> = GapReason::ALL.iter().map(|reason| format!("gap.{reason}")).collect();
    let known: BTreeSet<&str> = rules.chain(gaps.iter().map(String::as_str)).chain(["policy.clean"]).collect();
    let mut idle = Vec::new();
    for exception in &configuration.policy.exceptions {
        let (file, place) = records::place_of(&configuration.rules, &exception.id)
            .unwrap_or_else(|| (configuration.file.clone(), Place::default()));
        for id in exception.rules.iter().filter(|id| !known.contains(id.as_str())) {
            let key = format!("exceptions/{}", exception.id);
            let message = format!("no active rule is called {id:?}, so it lowers nothing there");
            let mend = fault::did_you_mean(id, known.iter().copied());
            idle.push(fault::fault(&file, place, &key, message, mend));
        }
        for source in &exception.when.sources {
            if let Some((message, mend)) = no_source(configuration, source) {
                let key = format!("exceptions/{}", exception.id);
                idle.push(fault::fault(&file, place, &key, message, mend));
            }
        }
    }
    idle
}

/// Rules that ask for a source that the configuration has not: they match nothing, and protect nothing.
pub fn idle_rules(configuration: &Configuration, ruleset: &Ruleset) -> Vec<Fault> {
    let mut idle = Vec::new();
    for compiled in ruleset.rules() {
        let (id, when) = (&compiled.rule.id, &compiled.rule.when);
        let conditions = when.all.iter().chain(&when.any).chain(&when.none);
        for source in conditions.flat_map(|condition| condition.source.iter()) {
            if let Some((message, mend)) = no_source(configuration, source) {
                let message = format!("rule {:?}: {message}", id.value);
                idle.push(Fault { file: compiled.file.clone(), line: id.line, column: id.column, message, mend });
            }
        }
    }
    idle
}

fn no_source(configuration: &Configuration, named: &str) -> Option<(String, Option<String>)> {
    let known = || configuration.settings.sources.iter().map(|source| source.name.as_str());
    let unknown = !known().any(|name| name == named);
    unknown.then(|| (format!("the configuration has no source {named:?}"), fault::did_you_mean(named, known())))
}

/// Every YAML file at or below a place, in order of name. A folder `exceptions` holds records of
/// another kind, and a hidden name is an editor's.
fn rule_files(place: &Path) -> Vec<PathBuf> {
    if !place.is_dir() {
        return vec![place.to_owned()];
    }
    let Ok(entries) = std::fs::read_dir(place) else { return vec![place.to_owned()] };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let wanted = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let yaml = path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml");
        !name.starts_with('.') && name != "exceptions" && (yaml || path.is_dir())
    };
    paths.into_iter().filter(wanted).flat_map(|path| rule_files(&path)).collect()
}

/// A word list that a rule file names: the path counts from that file's folder.
fn word_list(file: &str, written: &str) -> Result<String, String> {
    let path = Path::new(file).parent().unwrap_or(Path::new("")).join(written);
    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The pack that a file says it belongs to, unless it is optional. A file that is no YAML is told of when
/// it is compiled.
fn usual_pack_of(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Head {
        pack: Option<String>,
        #[serde(default)]
        optional: bool,
    }
    let head: Head = serde_yaml::from_str(text).ok()?;
    head.pack.filter(|_| !head.optional)
}

/// The JSON Schema of rule files, as `config/rules.schema.json` has it.
pub fn rules_schema() -> serde_json::Value {
    super::schema::plain(SchemaSettings::draft07().into_generator().into_root_schema_for::<detect::raw::File>())
}
