//! YAML → raw files of the active packs, with overrides applied.

use std::collections::BTreeMap;

use serde_json::Value;

use super::words::{fault_of, in_plain_words};
use super::{Fault, MOST_RULE_TEXT, RuleFile};
use crate::detect::raw::{Case, Detector, DetectorTests, File, Override, Rule, Spot};

/// Everything active, with the file each thing came from.
#[derive(Default)]
pub struct Source {
    pub lists: BTreeMap<String, (String, Vec<Spot<String>>)>,
    pub detectors: Vec<Placed<Detector>>,
    pub rules: Vec<Placed<Rule>>,
}

pub struct Placed<T> {
    pub file: String,
    pub pack: Option<String>,
    pub item: T,
    /// Where an override last changed it: what it says now stands there as well.
    pub changed: Option<Changed>,
    /// Taken out by an override. A detector's name still means it: rules that look for it, or near it, find nothing.
    pub disabled: bool,
    /// As plain values, for overrides.
    value: Value,
}

impl Placed<Detector> {
    /// It looks for nothing any more.
    fn disable(&mut self) {
        self.disabled = true;
        self.item = Detector {
            regex: None,
            unicode: false,
            keywords: Vec::new(),
            terms: Vec::new(),
            dictionary: None,
            case: Case::Any,
            names: None,
            columns: Vec::new(),
            cells: None,
            fields: Vec::new(),
            recipients: None,
            known: None,
            validate: Vec::new(),
            listed: None,
            raise: Vec::new(),
            lower: Vec::new(),
            tests: DetectorTests::default(),
            ..self.item.clone()
        };
    }
}

/// The file and place of an override.
#[derive(Clone)]
pub struct Changed {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

impl Changed {
    /// A fault in what an override brought stands in the override; values that came that way have no line.
    pub fn place(change: Option<&Self>, fault: Fault) -> Fault {
        match change {
            Some(Self { file, line, column }) if fault.line == 0 => {
                Fault { file: file.clone(), line: *line, column: *column, ..fault }
            }
            _ => fault,
        }
    }
}

/// What has an id in its file.
trait Named {
    fn id(&mut self) -> &mut Spot<String>;
}

impl Named for Detector {
    fn id(&mut self) -> &mut Spot<String> {
        &mut self.id
    }
}

impl Named for Rule {
    fn id(&mut self) -> &mut Spot<String> {
        &mut self.id
    }
}

pub fn read(files: &[RuleFile], packs: &[String]) -> Result<Source, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut source = Source::default();
    let mut known_packs = Vec::new();
    for file in files {
        match parse(file) {
            Err(fault) => faults.push(fault),
            Ok((raw, value)) => {
                let pack = raw.pack.as_ref().map(|pack| pack.value.clone());
                known_packs.extend(pack.clone());
                if pack.as_ref().is_none_or(|pack| packs.contains(pack)) {
                    add(&mut source, file, raw, &value, pack, &mut faults);
                }
            }
        }
    }
    for pack in packs.iter().filter(|pack| !known_packs.contains(pack)) {
        let fault = Fault::at("packs", &Spot::<()>::default(), format!("no rule file belongs to pack {pack:?}"));
        faults.push(fault.suggest(pack, known_packs.iter().map(String::as_str)));
    }
    if faults.is_empty() { Ok(source) } else { Err(faults) }
}

fn parse(file: &RuleFile) -> Result<(File, Value), Fault> {
    let whole = Spot::<()>::default();
    if file.text.len() > MOST_RULE_TEXT {
        let message = format!("a rule file may have {MOST_RULE_TEXT} bytes, this one has {}", file.text.len());
        return Err(Fault::at(&file.name, &whole, message).mend("put long word lists into files of their own"));
    }
    let fault = |error: serde_yaml::Error| fault_of(&file.name, &file.text, &error);
    let raw = serde_yaml::from_str(&file.text).map_err(fault)?;
    let value = serde_yaml::from_str(&file.text).map_err(fault)?;
    Ok((raw, value))
}

fn add(source: &mut Source, file: &RuleFile, raw: File, value: &Value, pack: Option<String>, faults: &mut Vec<Fault>) {
    let values = |kind: &str| value[kind].as_array().cloned().unwrap_or_default().into_iter();
    for (name, terms) in raw.lists {
        if let Some((other, _)) = source.lists.get(&name) {
            let spot = terms.first().map_or(Spot::default(), |term| Spot { value: (), line: term.line, column: 1 });
            let message = format!("list {name:?} stands in {other} already");
            faults.push(Fault::at(&file.name, &spot, message).mend("give it another name"));
        }
        source.lists.insert(name, (file.name.clone(), terms));
    }
    for (item, value) in raw.detectors.into_iter().zip(values("detectors")) {
        let twin = source.detectors.iter().find(|other| !other.disabled && *other.item.id == *item.id);
        faults.extend(twin.map(|other| duplicate(file, &item.id, &other.file)));
        let placed =
            Placed { file: file.name.clone(), pack: pack.clone(), item, changed: None, disabled: false, value };
        source.detectors.push(placed);
    }
    for (item, value) in raw.rules.into_iter().zip(values("rules")) {
        let twin = source.rules.iter().find(|other| *other.item.id == *item.id);
        faults.extend(twin.map(|other| duplicate(file, &item.id, &other.file)));
        // An override would not know which of them it means.
        let namesake = source.detectors.iter().find(|other| *other.item.id == *item.id);
        faults.extend(namesake.map(|other| duplicate(file, &item.id, &other.file)));
        let placed =
            Placed { file: file.name.clone(), pack: pack.clone(), item, changed: None, disabled: false, value };
        source.rules.push(placed);
    }
    for change in &raw.overrides {
        if let Err(fault) = alter(source, file, change) {
            faults.push(fault);
        }
    }
}

fn duplicate(file: &RuleFile, id: &Spot<String>, other: &str) -> Fault {
    Fault::at(&file.name, id, format!("id {:?} stands in {other} already", id.value))
        .mend("give it another id, or change the other by `overrides`")
}

/// Applies one override to the detector or rule it names.
fn alter(source: &mut Source, file: &RuleFile, change: &Override) -> Result<(), Fault> {
    let id = change.id.value.as_str();
    let kinds =
        usize::from(!change.set.is_empty()) + usize::from(!change.append.is_empty()) + usize::from(change.disable);
    if kinds != 1 {
        return Err(Fault::at(&file.name, &change.id, "an override says one of `set`, `append`, `disable: true`"));
    }
    let in_detectors = source.detectors.iter().position(|placed| !placed.disabled && *placed.item.id == id);
    let in_rules = source.rules.iter().position(|placed| *placed.item.id == id);
    match (in_detectors, in_rules) {
        (Some(at), _) if change.disable => source.detectors[at].disable(),
        (_, Some(at)) if change.disable => _ = source.rules.remove(at),
        (Some(at), _) => rewrite(&mut source.detectors[at], file, change)?,
        (_, Some(at)) => rewrite(&mut source.rules[at], file, change)?,
        (None, None) => {
            let known = source.detectors.iter().map(|placed| placed.item.id.as_str());
            let known = known.chain(source.rules.iter().map(|placed| placed.item.id.as_str()));
            let fault = Fault::at(&file.name, &change.id, format!("no detector or rule before here has id {id:?}"));
            return Err(fault.suggest(id, known));
        }
    }
    Ok(())
}

fn rewrite<T: serde::de::DeserializeOwned + Named>(
    placed: &mut Placed<T>,
    file: &RuleFile,
    change: &Override,
) -> Result<(), Fault> {
    let fault = |message: String| in_plain_words(Fault::at(&file.name, &change.id, message));
    let mut value = placed.value.clone();
    for (key, new) in &change.set {
        *slot(&mut value, key) = new.clone();
    }
    for (key, more) in &change.append {
        let slot = slot(&mut value, key);
        let old = std::mem::take(slot);
        let mut grown = as_list(old);
        grown.extend(as_list(more.clone()));
        *slot = Value::Array(grown);
    }
    let mut item: T = serde_json::from_value(value.clone()).map_err(|error| fault(error.to_string()))?;
    // It still stands where it stood.
    if item.id().value == placed.item.id().value {
        item.id().clone_from(placed.item.id());
    }
    placed.item = item;
    placed.changed = Some(Changed { file: file.name.clone(), line: change.id.line, column: change.id.column });
    placed.value = value;
    Ok(())
}

/// The key itself, or the one inside `when` that belongs there.
fn slot<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    let inside = matches!(key, "zones" | "within" | "all" | "any" | "none") && value.get("when").is_some();
    if inside { &mut value["when"][key] } else { &mut value[key] }
}

fn as_list(value: Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values,
        one => vec![one],
    }
}
