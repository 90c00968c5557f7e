//! Sights → matches: which rules' conditions hold, how close together, how sure.

use std::collections::BTreeSet;

use super::page::Sight;
use super::raw::{Condition, Identifies, Within};
use super::ruleset::{Clause, CompiledRule};
use super::traffic::Traffic;
use super::weigh::{Scene, Term};
use super::{Circumstances, Finding, RuleMatch, mask};
use crate::mail::{Address, AddressPattern};
use crate::message::{Reading, Shape, Zone};

/// Sights above this are not all told: a spreadsheet of a million rows is one finding a column.
const MOST_FINDINGS: usize = 50;
/// A subject and this much of the body count as one sentence.
const AFTER_SUBJECT: usize = 160;
/// So sure is a name only beside a number, a birth date or a word for a patient.
const SURELY_WHOM: u8 = 86;
/// A row longer than this is none.
const MOST_ROW: usize = 4000;
/// So many sights on each side of an anchor are tried.
const NEIGHBOURS: usize = 24;
/// After so many anchors a rule's distinct count is "very many".
const MOST_ANCHORS: usize = 5_000;

/// A sight with its page.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    pub page: usize,
    pub sight: &'a Sight,
}

/// What the conditions look at.
pub struct Case<'a> {
    pub scene: Scene<'a>,
    pub reading: &'a Reading,
    pub circumstances: &'a Circumstances,
}

/// How a rule fared, for matches and near misses alike.
pub struct Outcome {
    pub score: u8,
    pub terms: Vec<Term>,
    pub count: usize,
    pub findings: Vec<Finding>,
}

impl<'a> Case<'a> {
    /// The rule's match, if it reaches its threshold.
    pub fn judge(&self, rule: &CompiledRule) -> Option<(RuleMatch, Vec<Finding>)> {
        let outcome = self.outcome(rule)?;
        let raw = &rule.rule;
        (outcome.score >= raw.threshold).then(|| {
            let matched = RuleMatch {
                rule: raw.id.value.clone(),
                kind: raw.kind,
                mode: raw.mode,
                sensitivity: raw.sensitivity,
                all_or_nothing: raw.all_or_nothing,
                topic: raw.topic.map(|topic| topic.as_str().to_owned()),
                confidence: outcome.score,
                count: outcome.count,
            };
            (matched, outcome.findings)
        })
    }

    /// The best score that the rule's conditions reach; `None` if they do not hold.
    pub fn outcome(&self, rule: &CompiledRule) -> Option<Outcome> {
        if rule.none.iter().any(|clause| self.holds(rule, clause)) {
            return None;
        }
        let (about_sights, about_message): (Vec<&Clause>, Vec<&Clause>) =
            rule.all.iter().partition(|clause| clause.about_sights);
        if !about_message.iter().all(|clause| self.facts_hold(&clause.condition)) {
            return None;
        }
        let mut extra = Vec::new();
        if !rule.any.is_empty() {
            extra = rule.any.iter().flat_map(|clause| self.candidates(rule, clause)).collect();
            let by_facts = rule.any.iter().any(|clause| !clause.about_sights && self.facts_hold(&clause.condition));
            if extra.is_empty() && !by_facts {
                return None;
            }
        }
        let mut groups = Vec::with_capacity(about_sights.len());
        for clause in &about_sights {
            let candidates = self.candidates(rule, clause);
            if candidates.is_empty() || !self.are_enough(clause, &candidates) {
                return None;
            }
            groups.push(candidates);
        }
        match groups.split_first() {
            None => Some(self.score_of(rule, &extra)),
            Some((anchors, others)) => self.combine(rule, anchors, others),
        }
    }

    /// Rules about the message alone are as sure as what they saw, or wholly.
    fn score_of(&self, rule: &CompiledRule, extra: &[Seen<'a>]) -> Outcome {
        let score = extra.iter().map(|seen| seen.sight.confidence).max().unwrap_or(100);
        let findings = extra.iter().take(MOST_FINDINGS).map(|seen| self.finding(rule, *seen)).collect();
        Outcome { score, terms: Vec::new(), count: extra.len(), findings }
    }

    /// Anchors are the first condition's sights; each takes the nearest sight of every other one.
    fn combine(&self, rule: &CompiledRule, anchors: &[Seen<'a>], others: &[Vec<Seen<'a>>]) -> Option<Outcome> {
        let within = rule.rule.when.within;
        let weights = (&rule.raise[..], &rule.lower[..]);
        // The best score, whose it is, and from where it was weighed.
        let mut best: Option<(u8, Seen<'a>, u8)> = None;
        let mut values: BTreeSet<&str> = BTreeSet::new();
        let mut in_columns = 0;
        let mut involved: Vec<Seen<'a>> = Vec::new();
        for anchor in anchors.iter().take(MOST_ANCHORS) {
            let Some(company) =
                others.iter().map(|group| self.nearest(*anchor, group, within)).collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            let base = company.iter().map(|seen| seen.sight.confidence).fold(anchor.sight.confidence, u8::min);
            let score = self.scene.weigh(anchor.page, anchor.sight, base, weights, None);
            if score >= rule.rule.threshold {
                values.insert(self.scene.pages[anchor.page].value(anchor.sight));
                in_columns = in_columns.max(anchor.sight.count);
                if involved.len() < MOST_FINDINGS {
                    involved.push(*anchor);
                    involved.extend(company);
                }
            }
            if best.is_none_or(|(best, ..)| score > best) {
                best = Some((score, *anchor, base));
            }
        }
        let (score, anchor, base) = best?;
        let mut terms = Vec::new();
        self.scene.weigh(anchor.page, anchor.sight, base, weights, Some(&mut terms));
        involved.sort_by_key(|seen| (seen.page, seen.sight.start, seen.sight.detector));
        involved.dedup_by_key(|seen| (seen.page, seen.sight.start, seen.sight.detector));
        let findings = involved.into_iter().map(|seen| self.finding(rule, seen)).collect();
        Some(Outcome { score, terms, count: values.len().max(in_columns as usize), findings })
    }

    /// The surest sight of a group (sorted by page and start) that is close enough, the closest of
    /// equals. A few neighbours on each side are enough: whoever is farther is not closer.
    fn nearest(&self, anchor: Seen<'a>, group: &[Seen<'a>], within: Within) -> Option<Seen<'a>> {
        let at = group.partition_point(|seen| (seen.page, seen.sight.start) < (anchor.page, anchor.sight.start));
        let around = &group[at.saturating_sub(NEIGHBOURS)..(at + NEIGHBOURS).min(group.len())];
        // Other parts count for some rules: their first sights speak for them.
        let ends = &group[..group.len().min(NEIGHBOURS)];
        around
            .iter()
            .chain(ends)
            .filter(|seen| self.are_close(anchor, **seen, within))
            .max_by_key(|seen| (seen.sight.confidence, std::cmp::Reverse(gap(anchor, **seen))))
            .copied()
    }

    fn are_close(&self, a: Seen<'_>, b: Seen<'_>, within: Within) -> bool {
        if a.page != b.page {
            return self.are_parts_close(a, b, within);
        }
        let (low, high) = (a.sight.end.min(b.sight.end) as usize, a.sight.start.max(b.sight.start) as usize);
        if high < low {
            return false;
        }
        let page = &self.scene.pages[a.page];
        let is_known = |seen: Seen<'_>| self.is_surely_whom(seen);
        if within != Within::Message
            && page.topics().part(a.sight.start, b.sight.start)
            && !(is_known(a) || is_known(b))
        {
            return false;
        }
        let between = &page.text.as_bytes()[low..high];
        let (one, other) = (a.sight.column, b.sight.column);
        let same_table = one && other || page.segment.shape == Shape::Table && (one || other);
        match within {
            Within::Characters(most) => same_table || between.len() <= most,
            Within::Line | Within::Row if between.len() > MOST_ROW && !same_table => false,
            Within::Line => !between.contains(&b'\n'),
            Within::Row if same_table => true,
            Within::Row if page.segment.shape == Shape::Records => !between.windows(2).any(|pair| pair == b"\n\n"),
            Within::Row => !between.contains(&b'\n'),
            Within::Sentence => same_table || page.sentences().join(low, high),
            Within::Phrase => !between.contains(&b'\n') && page.sentences().join(low, high),
            Within::Paragraph => same_table || page.paragraphs().join(low, high),
            Within::Part | Within::Message => true,
        }
    }

    /// Whether a sight names somebody by what only patients have. Of him or her other topics may speak, too.
    fn is_surely_whom(&self, seen: Seen<'_>) -> bool {
        let detector = &self.scene.rules.detectors[usize::from(seen.sight.detector)];
        detector.identifies == Identifies::Person && seen.sight.confidence >= SURELY_WHOM
    }

    /// Parts of one message: everything for `message`; the subject reads as if it stood just above the body, and
    /// the header and footer of a document as if they stood above its text.
    fn are_parts_close(&self, a: Seen<'_>, b: Seen<'_>, within: Within) -> bool {
        let standings = self.scene.standings();
        let (one, other) = (standings[a.page], standings[b.page]);
        let below = match (one.is_above(other), other.is_above(one)) {
            (true, _) => b,
            (_, true) => a,
            _ => {
                let origin = |seen: Seen<'_>| &self.scene.pages[seen.page].segment.origin;
                return within == Within::Message && origin(a) != origin(b);
            }
        };
        match within {
            Within::Message | Within::Part => true,
            Within::Characters(most) => (below.sight.start as usize) <= most,
            Within::Sentence | Within::Paragraph => (below.sight.start as usize) <= AFTER_SUBJECT,
            Within::Line | Within::Row | Within::Phrase => false,
        }
    }

    /// The sights that a condition accepts.
    fn candidates(&self, rule: &CompiledRule, clause: &Clause) -> Vec<Seen<'a>> {
        let condition = &clause.condition;
        let zones: &[Zone] = &rule.rule.when.zones;
        let least = clause.least();
        let mut found = Vec::new();
        for (at, page) in self.scene.pages.iter().enumerate() {
            let origin = page.segment.origin.as_str();
            if page.sights.is_empty()
                || !(condition.origin.is_empty()
                    || condition.origin.iter().any(|head| origin.starts_with(head.as_str())))
            {
                continue;
            }
            for detector in clause.detectors.shared(page.seen()) {
                let sights = page.sights_of(detector).iter();
                let fit = sights.filter(|sight| sight.confidence >= least && zones.contains(&sight.zone));
                found.extend(fit.map(|sight| Seen { page: at, sight }));
            }
        }
        found.sort_by_key(|seen| (seen.page, seen.sight.start));
        found
    }

    fn are_enough(&self, clause: &Clause, candidates: &[Seen<'a>]) -> bool {
        let wanted = clause.condition.count.unwrap_or(1);
        if wanted <= 1 {
            return true;
        }
        let in_column = candidates.iter().map(|seen| seen.sight.count).max().unwrap_or(0);
        let values: BTreeSet<String> =
            candidates.iter().map(|seen| self.scene.pages[seen.page].value(seen.sight).to_lowercase()).collect();
        values.len().max(in_column as usize) >= wanted
    }

    fn holds(&self, rule: &CompiledRule, clause: &Clause) -> bool {
        if clause.about_sights {
            let candidates = self.candidates(rule, clause);
            return !candidates.is_empty()
                && self.are_enough(clause, &candidates)
                && self.facts_hold(&clause.condition);
        }
        self.facts_hold(&clause.condition)
    }

    /// The keys of a condition that are about the message and not its text.
    fn facts_hold(&self, condition: &Condition) -> bool {
        let known = self.circumstances;
        let addresses = |wanted: &[AddressPattern], addresses: &[Address]| {
            wanted.is_empty() || addresses.iter().any(|address| wanted.iter().any(|one| one.matches(address)))
        };
        (condition.source.is_empty() || condition.source.contains(&known.source))
            && addresses(&condition.author, &known.authors)
            && addresses(&condition.recipient, &known.recipients)
            && condition.recipients.is_none_or(|least| known.recipients.len() >= least)
            && condition.header.as_ref().is_none_or(|header| {
                let contains = header.contains.as_deref().unwrap_or_default().to_lowercase();
                self.reading.fields(&header.name).any(|value| value.to_lowercase().contains(&contains))
            })
            && condition.attachment.as_ref().is_none_or(|attachment| {
                let name = attachment.name.as_deref().map(str::to_lowercase);
                self.reading.parts.iter().any(|part| {
                    part.origin.as_str().starts_with("attachment")
                        && attachment.kind.as_ref().is_none_or(|kind| part.kind.starts_with(kind.as_str()))
                        && part.size >= attachment.at_least.unwrap_or(0)
                        && name.as_ref().is_none_or(|wanted| {
                            part.name.as_ref().is_some_and(|name| name.to_lowercase().contains(wanted.as_str()))
                        })
                })
            })
            && (condition.traffic.is_empty() || condition.traffic.contains(&Traffic::of(self.reading)))
            && condition.size.as_ref().is_none_or(|size| {
                let octets = self.reading.size;
                size.at_least.is_none_or(|least| octets >= least) && size.at_most.is_none_or(|most| octets <= most)
            })
            && (condition.gap.is_empty() || self.reading.gaps.iter().any(|gap| condition.gap.contains(&gap.reason)))
    }

    fn finding(&self, rule: &CompiledRule, seen: Seen<'_>) -> Finding {
        let page = &self.scene.pages[seen.page];
        let start = page.original(seen.sight.start);
        let end = page.original(seen.sight.end).max(start);
        Finding {
            rule: rule.rule.id.value.clone(),
            detector: self.scene.rules.detectors[usize::from(seen.sight.detector)].id.clone(),
            kind: rule.rule.kind,
            origin: page.segment.origin.clone(),
            zone: seen.sight.zone,
            offset: start,
            length: end - start,
            masked: mask::masked(page.value(seen.sight)),
            confidence: seen.sight.confidence,
        }
    }
}

fn gap(a: Seen<'_>, b: Seen<'_>) -> u32 {
    a.sight.start.max(b.sight.start).saturating_sub(a.sight.end.min(b.sight.end))
}
