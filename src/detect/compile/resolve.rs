//! Raw detectors and rules → compiled ones: every name looked up, every regex and list built.

use std::collections::HashMap;
use std::hash::Hasher;

use regex::Regex;
use siphasher::sip::SipHasher24;

use super::lists::Lists;
use super::maker::Maker;
use super::read::{Changed, Placed, Source};
use super::weights::{labels, least_confidence};
use super::{Fault, Loader, coherent};
use crate::detect::Mode;
use crate::detect::ids::IdSet;
use crate::detect::known::{KeyKind, Known};
use crate::detect::lexicon::WordSet;
use crate::detect::pattern::{Pattern, Patterns};
use crate::detect::raw;
use crate::detect::raw::Spot;
use crate::detect::ruleset::{Clause, CompiledRule, Detector, Eye, Lookers, Recipients, Ruleset};
use crate::detect::{headers, order, validate};

/// More detectors than this are refused; their numbers are 16 bits wide.
const MOST_DETECTORS: usize = u16::MAX as usize;

pub fn resolve(source: Source, load: Loader<'_>) -> Result<Ruleset, Vec<Fault>> {
    let Source { lists, detectors, rules } = source;
    let mut maker = Maker {
        lists: Lists::new(&lists, load),
        patterns: Vec::new(),
        pattern_owners: Vec::new(),
        word_sets: Vec::new(),
        word_set_names: HashMap::new(),
        ids: detectors.iter().enumerate().map(|(at, placed)| (placed.item.id.value.clone(), at as u16)).collect(),
        kinds: detectors.iter().map(|placed| (placed.item.identifies, placed.item.class)).collect(),
        open: detectors.iter().map(|placed| placed.item.mode != Mode::Shadow).collect(),
        weights: 0,
        faults: Vec::new(),
    };
    if detectors.len() > MOST_DETECTORS {
        let fault = Fault::at("rules", &Spot::<()>::default(), format!("more than {MOST_DETECTORS} detectors"));
        return Err(vec![fault]);
    }
    let mut compiled = Vec::with_capacity(detectors.len());
    // Names first: they mark everyday words in lists that `near` may use as well.
    let (names, others): (Vec<_>, Vec<_>) =
        detectors.into_iter().enumerate().partition(|(_, placed)| placed.item.names.is_some());
    for (at, placed) in names.into_iter().chain(others) {
        let changed = placed.changed.clone();
        match maker.detector(at as u16, placed) {
            Ok(detector) => compiled.push((at, detector)),
            Err(fault) => maker.faults.push(Changed::place(changed.as_ref(), fault)),
        }
    }
    compiled.sort_by_key(|(at, _)| *at);
    let mut ready = Vec::with_capacity(rules.len());
    for placed in rules {
        let changed = placed.changed.clone();
        match maker.rule(placed) {
            Ok(rule) => ready.push(rule),
            Err(fault) => maker.faults.push(Changed::place(changed.as_ref(), fault)),
        }
    }
    if !maker.faults.is_empty() {
        return Err(maker.faults);
    }
    let detectors: Vec<Detector> = compiled.into_iter().map(|(_, detector)| detector).collect();
    let least = least_confidence(&ready);
    let owned = maker.patterns.into_iter().zip(&maker.pattern_owners);
    let placed = owned.map(|(pattern, owner)| match labels(&detectors[usize::from(*owner)], least) {
        Some(labels) => {
            labels.lists.iter().for_each(|list| maker.lists.builder.walk(*list));
            pattern.behind(labels)
        }
        None => pattern,
    });
    let patterns = match Patterns::new(placed.collect()) {
        Ok(patterns) => patterns,
        Err(error) => return Err(vec![Fault::at("rules", &Spot::<()>::default(), error)]),
    };
    Ok(Ruleset {
        watch: order::watch(&ready, &detectors, maker.lists.builder.lists()),
        lookers: Lookers::new(&detectors, maker.lists.builder.lists()),
        lexicon: maker.lists.builder.build(|word| patterns.may_begin_with(word)),
        patterns,
        pattern_owners: maker.pattern_owners,
        word_sets: maker.word_sets,
        headers: headers::Headers::new(detectors.iter().map(|detector| &detector.columns[..])),
        stages: order::stages(&detectors),
        needs: order::needs(&ready, &detectors),
        weights: maker.weights,
        detectors,
        rules: ready,
        known: Known::default(),
        hash: String::new(),
        source: String::new(),
    })
}

impl Maker<'_> {
    fn detector(&mut self, at: u16, placed: Placed<raw::Detector>) -> Result<Detector, Fault> {
        let Placed { file, pack, item, changed, disabled, .. } = placed;
        check_id(&file, &item.id)?;
        let eye = if disabled { Eye::Structure } else { self.eye(at, &file, &item)? };
        coherent::detector(&file, &item)?;
        let mut columns: Vec<String> = Vec::new();
        for term in self.lists.expand(&file, &item.columns, 0)? {
            columns.push(headers::normal(&term));
        }
        let cells = item.cells.as_ref().map(|cells| {
            Regex::new(&format!("^(?:{})$", cells.value)).map_err(|error| {
                Fault::at(
                    &file,
                    cells,
                    format!("`cells` is no regular expression: {}", first_words(&error.to_string())),
                )
            })
        });
        let mut validators = Vec::new();
        for name in &item.validate {
            validators.push(validate::named(name).ok_or_else(|| {
                let known = validate::VALIDATORS.iter().map(|(name, _)| *name);
                Fault::at(&file, name, format!("no validator is named {:?}", name.value)).suggest(name, known)
            })?);
        }
        let listed = match &item.listed {
            Some(path) => Some(WordSet::new(self.lists.file(&file, path)?.terms())),
            None => None,
        };
        if item.mode == Mode::Notify {
            let message = format!("detector {:?}: nobody can be told of a detector", item.id.value);
            return Err(Fault::at(&file, &item.id, message).mend("its mode is `shadow` or `enforce`"));
        }
        let definition = self.definition(&file, &item)?;
        Ok(Detector {
            definition,
            eye,
            columns,
            cells: cells.transpose()?,
            fields: item.fields.iter().map(|field| field.value.clone()).collect(),
            validators,
            listed,
            raise: self.weights(&file, &item.id, &item.raise)?,
            lower: self.weights(&file, &item.id, &item.lower)?,
            tests: item.tests,
            line: item.id.line,
            column: item.id.column,
            changed: changed.map(|changed| (changed.file, changed.line)),
            mode: item.mode,
            disabled,
            id: item.id.value,
            title: item.title,
            file,
            pack,
            identifies: item.identifies,
            class: item.class,
            confidence: item.confidence,
        })
    }

    /// A digest of everything that decides what the detector sees: its keys and all words that they stand for.
    fn definition(&mut self, file: &str, item: &raw::Detector) -> Result<String, Fault> {
        let plain =
            raw::Detector { title: String::new(), tests: Default::default(), mode: Mode::Enforce, ..item.clone() };
        let mut digest = SipHasher24::new();
        digest.write(format!("{plain:?}").as_bytes());
        for path in item.dictionary.iter().chain(&item.listed) {
            self.lists.file(file, path)?.terms().for_each(|term| digest.write(term.as_bytes()));
        }
        for terms in [&item.terms, &item.columns] {
            self.lists.expand(file, terms, 0)?.iter().for_each(|term| digest.write(term.as_bytes()));
        }
        let near = item.raise.iter().chain(&item.lower).flat_map(|weigh| weigh.near.iter().chain(weigh.inside.iter()));
        let names = item
            .names
            .iter()
            .flat_map(|names| [&names.given, &names.family, &names.words].into_iter().chain(&names.titles));
        let lists = near.chain(names.map(|name| &name.value));
        lists.for_each(|name| digest.write_u64(self.lists.digest(name)));
        Ok(format!("{:016x}", digest.finish()))
    }

    /// What a detector looks for; one of the ways, or table and record structure alone.
    fn eye(&mut self, at: u16, file: &str, item: &raw::Detector) -> Result<Eye, Fault> {
        let ways = [
            item.regex.is_some(),
            !item.terms.is_empty(),
            item.dictionary.is_some(),
            item.names.is_some(),
            item.recipients.is_some(),
            item.known.is_some(),
        ];
        let structure = !item.columns.is_empty() || !item.fields.is_empty();
        match ways.iter().filter(|way| **way).count() {
            0 if structure => return Ok(Eye::Structure),
            1 => {}
            _ => {
                let ways = "`regex`, `terms`, `dictionary`, `names`, `recipients`, `known`";
                let message = format!("detector {:?} must look for exactly one thing", item.id.value);
                return Err(
                    Fault::at(file, &item.id, message).mend(format!("give it one of {ways}, or `columns`/`fields`"))
                );
            }
        }
        if let Some(regex) = &item.regex {
            let keywords: Vec<String> = item.keywords.iter().map(|word| word.value.clone()).collect();
            let pattern = Pattern::new(regex, item.unicode, &keywords)
                .map_err(|message| Fault::at(file, regex, format!("detector {:?}: {message}", item.id.value)))?;
            self.patterns.push(pattern);
            self.pattern_owners.push(at);
            return Ok(Eye::Pattern);
        }
        if let Some(path) = &item.dictionary {
            let dictionary = self.lists.file(file, path)?;
            return Ok(Eye::Terms { list: self.lists.own(file, path, dictionary.terms())?, case: item.case });
        }
        if let Some(names) = &item.names {
            return self.names(file, names);
        }
        if let Some(audience) = &item.recipients {
            return self.recipients(file, &item.id, audience);
        }
        if let Some(known) = item.known {
            return Ok(Eye::Known(match known {
                raw::KnownAs::Number => KeyKind::Number,
                raw::KnownAs::Email => KeyKind::Email,
                raw::KnownAs::Name => KeyKind::Name,
                raw::KnownAs::Pair => KeyKind::Pair,
            }));
        }
        let terms = self.lists.expand(file, &item.terms, 0)?;
        let spot = item.terms.first().unwrap_or(&item.id);
        Ok(Eye::Terms { list: self.lists.own(file, spot, terms.iter().map(String::as_str))?, case: item.case })
    }

    fn names(&mut self, file: &str, names: &raw::Names) -> Result<Eye, Fault> {
        let words = match self.word_set_names.get(&names.words.value) {
            Some(at) => *at,
            None => {
                let terms = self.lists.named(file, &names.words)?;
                self.word_sets.push(WordSet::new(terms.iter().map(String::as_str)));
                self.word_set_names.insert(names.words.value.clone(), self.word_sets.len() - 1);
                self.word_sets.len() - 1
            }
        };
        let everyday = Some(&self.word_sets[words]);
        let titles = match &names.titles {
            Some(titles) => Some(self.lists.walked(file, titles, None)?),
            None => None,
        };
        Ok(Eye::Names {
            form: names.form,
            given: self.lists.walked(file, &names.given, everyday)?,
            family: self.lists.walked(file, &names.family, everyday)?,
            titles,
            words,
        })
    }

    fn recipients(&mut self, file: &str, id: &Spot<String>, audience: &raw::Audience) -> Result<Eye, Fault> {
        let mut terms = |list: &Option<Spot<String>>| match list {
            Some(list) => self.lists.named(file, list).map(Some),
            None => Ok(None),
        };
        let padded = |terms: Vec<String>| terms.iter().map(|term| format!(" {} ", headers::normal(term))).collect();
        let domains = terms(&audience.private_domains)?;
        let label = match (terms(&audience.groups)?, terms(&audience.bonds)?) {
            (Some(groups), Some(bonds)) => Some((padded(groups), padded(bonds))),
            (None, None) => None,
            _ => {
                return Err(Fault::at(file, id, "`groups` and `bonds` go together: who they are, and what joins them"));
            }
        };
        let ways = [domains.is_some(), audience.known, label.is_some()];
        if ways.iter().filter(|way| **way).count() != 1 {
            let message = format!("detector {:?}: `recipients` asks for one kind of people", id.value);
            return Err(
                Fault::at(file, id, message).mend("say `private_domains`, `known: true`, or `groups` and `bonds`")
            );
        }
        Ok(Eye::Audience(Recipients {
            domains: domains.unwrap_or_default(),
            at_least: audience.at_least.unwrap_or(1),
            at_most: audience.at_most.unwrap_or(usize::MAX),
            visible: audience.visible,
            known: audience.known,
            label,
        }))
    }

    fn rule(&mut self, placed: Placed<raw::Rule>) -> Result<CompiledRule, Fault> {
        let Placed { file, pack, item, changed, .. } = placed;
        let changed = changed.map(|changed| (changed.file, changed.line));
        check_id(&file, &item.id)?;
        coherent::tests(&file, &item)?;
        if item.when.all.is_empty() && item.when.any.is_empty() {
            return Err(Fault::at(&file, &item.id, format!("rule {:?} has no condition", item.id.value))
                .mend("give `when` an `all` or an `any`"));
        }
        let all = self.clauses(&file, &item.id, &item.when.all)?;
        let any = self.clauses(&file, &item.id, &item.when.any)?;
        let none = self.clauses(&file, &item.id, &item.when.none)?;
        let raise = self.weights(&file, &item.id, &item.raise)?;
        let lower = self.weights(&file, &item.id, &item.lower)?;
        Ok(CompiledRule { rule: item, file, pack, changed, all, any, none, raise, lower })
    }

    fn clauses(&self, file: &str, rule: &Spot<String>, raw: &[raw::Condition]) -> Result<Vec<Clause>, Fault> {
        raw.iter().map(|condition| self.clause(file, rule, condition)).collect()
    }

    fn clause(&self, file: &str, rule: &Spot<String>, condition: &raw::Condition) -> Result<Clause, Fault> {
        if condition.is_empty() {
            let message =
                format!("rule {:?}: a condition asks for nothing, and would hold for every message", rule.value);
            return Err(Fault::at(file, rule, message).mend("take it out, or say what it asks for"));
        }
        let about_sights = condition.is_about_sights();
        let mut named = Vec::new();
        for name in condition.detector.iter() {
            let id = self.ids.get(name).ok_or_else(|| {
                let message = format!("rule {:?}: no detector is named {name:?}", rule.value);
                Fault::at(file, &condition.detector, message).suggest(name, self.ids.keys().map(String::as_str))
            })?;
            named.push(*id);
        }
        let fits = |at: u16| {
            let (identifies, class) = self.kinds[usize::from(at)];
            (self.open[usize::from(at)] || named.contains(&at))
                && condition.identifies.is_none_or(|wanted| wanted == identifies)
                && (condition.class.is_empty() || condition.class.contains(&class))
                && (named.is_empty() || named.contains(&at))
        };
        let detectors: IdSet = (0..self.kinds.len() as u16).filter(|at| about_sights && fits(*at)).collect();
        if about_sights && detectors.is_empty() {
            return Err(Fault::at(
                file,
                rule,
                format!("rule {:?}: no detector fits one of its conditions", rule.value),
            ));
        }
        Ok(Clause { condition: condition.clone(), detectors, about_sights })
    }
}

fn check_id(file: &str, id: &Spot<String>) -> Result<(), Fault> {
    let good =
        !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b));
    good.then_some(()).ok_or_else(|| {
        let fault = Fault::at(file, id, format!("{:?} is no id", id.value));
        fault.mend("ids are lower case letters, digits, hyphens and dots")
    })
}

fn first_words(text: &str) -> &str {
    text.lines().last().unwrap_or(text)
}
