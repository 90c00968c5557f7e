//! `raise` and `lower` → [`Weight`]s, and the labels that some of them are.

use super::Fault;
use super::maker::Maker;
use crate::detect::known::Who;
use crate::detect::pattern::Labels;
use crate::detect::raw;
use crate::detect::raw::{Namesake, Spot, Within};
use crate::detect::ruleset::{Change, Clause, CompiledRule, Detector, Targets, Weight};
use crate::detect::weigh::LIKELY;

impl Maker<'_> {
    pub(super) fn weights(
        &mut self,
        file: &str,
        owner: &Spot<String>,
        weighs: &[raw::Weigh],
    ) -> Result<Vec<Weight>, Fault> {
        weighs.iter().map(|weigh| self.weight(file, owner, weigh)).collect()
    }

    fn weight(&mut self, file: &str, owner: &Spot<String>, weigh: &raw::Weigh) -> Result<Weight, Fault> {
        let with = match &weigh.with {
            Some(beside) => Some(Box::new(self.beside(file, owner, beside)?)),
            None => None,
        };
        let change = match (weigh.to, weigh.by) {
            (Some(to), None) => Change::To(to),
            (None, Some(by)) => Change::By(by),
            _ => {
                let message = format!("{:?}: a `raise` or `lower` says neither `to` nor `by`, or both", owner.value);
                return Err(Fault::at(file, owner, message).mend("give it one of them: a confidence, or a change"));
            }
        };
        let ways = [
            !weigh.near.is_empty(),
            !weigh.inside.is_empty(),
            weigh.sign_off,
            weigh.who.is_some(),
            weigh.namesake.is_some(),
        ];
        if ways.iter().filter(|way| **way).count() != 1 {
            let message = format!("{:?}: a `raise` or `lower` looks at nothing, or at several things", owner.value);
            let mend = "give it one of `near`, `inside`, `sign_off: true`, `who`, `namesake`";
            return Err(Fault::at(file, owner, message).mend(mend));
        }
        let inside = !weigh.inside.is_empty();
        let named = if inside { &weigh.inside } else { &weigh.near };
        let mut targets = Targets::default();
        for name in named.iter() {
            let spot = Spot { value: name.clone(), line: named.line, column: named.column };
            self.add_targets(file, &spot, &mut targets)?;
        }
        let near = inside || weigh.before.is_some() || weigh.after.is_some();
        let number = u16::try_from(self.weights)
            .map_err(|_| Fault::at(file, owner, format!("more than {} `raise` and `lower`", u16::MAX)))?;
        self.weights += 1;
        let weight = Weight {
            number,
            about_page: weigh.subject || !near && matches!(weigh.within, None | Some(Within::Part | Within::Message)),
            targets,
            inside,
            who: weigh.who,
            sign_off: weigh.sign_off,
            namesake: weigh.namesake,
            subject: weigh.subject,
            with,
            below: weigh.below.unwrap_or(u8::MAX),
            before: weigh.before,
            after: weigh.after,
            within: weigh.within,
            count: weigh.count.unwrap_or(1),
            change,
            label: match weigh.who {
                Some(Who::Staff) => "staff".to_owned(),
                Some(Who::Stranger) => "stranger".to_owned(),
                None if weigh.sign_off => "sign-off".to_owned(),
                None if weigh.namesake == Some(Namesake::Sure) => "the same name, sure".to_owned(),
                None if weigh.namesake == Some(Namesake::Nobody) => "the same name, nobody's".to_owned(),
                None if inside => format!("inside {}", named.join(", ")),
                None if weigh.subject => format!("in the subject: {}", named.join(", ")),
                None => named.join(", "),
            },
        };
        if weight.about_page {
            weight.targets.lists.iter().for_each(|list| self.lists.builder.walk(list));
        }
        Ok(weight)
    }

    /// A second condition of a weight: one that changes nothing itself.
    fn beside(&mut self, file: &str, owner: &Spot<String>, beside: &raw::Beside) -> Result<Weight, Fault> {
        let raw::Beside { near, before, after, within, count, subject } = beside.clone();
        let by = Some(0);
        self.weight(
            file,
            owner,
            &raw::Weigh { near, before, after, within, count, subject, by, ..raw::Weigh::default() },
        )
    }

    /// Adds what a name in `near` stands for: a detector, all of a class, a list.
    fn add_targets(&mut self, file: &str, name: &Spot<String>, targets: &mut Targets) -> Result<(), Fault> {
        let class = name.split_once('.').and_then(|(who, what)| Some((word(who)?, word(what)?)));
        if let Some(detector) = self.ids.get(&name.value) {
            targets.detectors.insert(*detector);
        } else if let Some(class) = class {
            let fits = |at: &u16| self.kinds[usize::from(*at)] == class && self.open[usize::from(*at)];
            (0..self.kinds.len() as u16).filter(fits).for_each(|at| targets.detectors.insert(at));
        } else {
            targets.lists.insert(self.lists.id(file, name, None)?);
        }
        Ok(())
    }
}

/// What is less sure than this counts nowhere: not for a rule, not for a neighbour.
pub(super) fn least_confidence(rules: &[CompiledRule]) -> u8 {
    let clauses = rules.iter().flat_map(|rule| rule.all.iter().chain(&rule.any).chain(&rule.none));
    clauses.map(Clause::least).min().map_or(LIKELY, |least| least.min(LIKELY))
}

/// The labels without which nothing that the detector sees can count: it is looked for behind them only.
pub(super) fn labels(detector: &Detector, least: u8) -> Option<Labels> {
    let mut labels = Labels { lists: Vec::new(), before: 0 };
    for weight in &detector.raise {
        labels.before = labels.before.max(weight.before.filter(|_| weight.after.is_none())?);
        if !weight.targets.detectors.is_empty() {
            return None;
        }
        labels.lists.extend(weight.targets.lists.iter());
    }
    (detector.confidence < least && !labels.lists.is_empty()).then_some(labels)
}

/// A value of a raw enum by its YAML word.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}
