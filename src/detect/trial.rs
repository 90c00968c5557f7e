//! The tests that stand beside detectors and rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::Circumstances;
use super::ids::IdSet;
use super::known::{Column, Known, Memory};
use super::page::Page;
use super::raw::{RuleTest, Spot};
use super::ruleset::{CompiledRule, Detector, Ruleset};
use crate::message::{Budget, Field, Origin, Reading, Segment, Shape, Zone, ZoneSpan};

/// How one test came out.
#[derive(Clone, Debug, Serialize)]
pub struct TestResult {
    /// The detector or rule.
    pub id: String,
    pub file: String,
    /// From 1.
    pub line: usize,
    pub column: usize,
    pub text: String,
    pub passed: bool,
    /// What was expected, and what came.
    pub message: String,
}

impl Ruleset {
    /// Runs every test of every detector and rule. Of a pack from which an override took a detector out, tests that
    /// now fail show only what the site wanted, and are left out.
    pub fn run_tests(&self) -> Vec<TestResult> {
        let thinned = |pack: &Option<String>| {
            self.detectors.iter().any(|other| other.disabled && other.pack == *pack) && pack.is_some()
        };
        let kept = |pack: &Option<String>, result: &TestResult| result.passed || !thinned(pack);
        let detectors = self.detectors.iter().enumerate().flat_map(|(at, detector)| {
            let wanted = detector.tests.matches.iter().map(|text| (text, true));
            let unwanted = detector.tests.no_match.iter().map(|text| (text, false));
            let results =
                wanted.chain(unwanted).map(move |(text, wanted)| self.try_detector(at as u16, detector, text, wanted));
            results.filter(move |result| kept(&detector.pack, result))
        });
        let rules = self.rules.iter().flat_map(|rule| {
            let results = rule.rule.tests.iter().map(move |test| self.try_rule(rule, test));
            results.filter(move |result| kept(&rule.pack, result))
        });
        detectors.chain(rules).collect()
    }

    fn try_detector(&self, at: u16, detector: &Detector, text: &Spot<String>, wanted: bool) -> TestResult {
        let segments = [segment("body/text[1]", text, Shape::Prose), segment("body/text[1]", text, Shape::Table)];
        let segments = if detector.columns.is_empty() { &segments[..1] } else { &segments[..] };
        let mut pages: Vec<Page<'_>> = segments.iter().map(|segment| Page::read(self, segment, false)).collect();
        let all = IdSet::below(self.detectors.len());
        let known = people(&detector.tests.known);
        self.see_known(&known, &mut pages).expect("people in memory can be asked");
        self.weigh(&mut pages, &known, &all);
        let best = pages.iter().flat_map(|page| page.sights_of(at)).map(|sight| sight.confidence).max();
        let passed = if wanted { best >= Some(75) } else { best < Some(65) };
        let expected = if wanted { "at least 75" } else { "below 65" };
        let came = best.map_or("nothing".to_owned(), |best| best.to_string());
        let owner = (&detector.file, detector.line, detector.column);
        let (file, line, column) = place(text, owner, detector.changed.as_ref());
        TestResult {
            id: detector.id.clone(),
            file,
            line,
            column,
            text: text.value.clone(),
            passed,
            message: format!("expected {expected}, saw {came}"),
        }
    }

    fn try_rule(&self, rule: &CompiledRule, test: &RuleTest) -> TestResult {
        let wanted = test.phi.as_ref().or(test.matches.as_ref());
        let text = wanted.or(test.clean.as_ref());
        let empty = Spot::default();
        let text = text.unwrap_or(&empty);
        let reading = reading_of(test, text);
        let circumstances = Circumstances {
            recipients: test.to.iter().filter_map(|address| address.parse().ok()).collect(),
            ..Circumstances::default()
        };
        let budget = Budget::new(u64::MAX, u64::MAX);
        let findings = self.scan_knowing(&people(&test.known), &reading, &circumstances, &budget);
        let matched = findings.matches.iter().any(|matched| matched.rule == rule.rule.id.value);
        let owner = (&rule.file, rule.rule.id.line, rule.rule.id.column);
        let (file, line, column) = place(text, owner, rule.changed.as_ref());
        TestResult {
            id: rule.rule.id.value.clone(),
            file,
            line,
            column,
            text: text.value.clone(),
            passed: matched == wanted.is_some(),
            message: format!("expected {}, came {}", said(wanted.is_some()), said(matched)),
        }
    }
}

/// The people whom a test says the site knows.
fn people(rows: &[BTreeMap<Column, String>]) -> Known {
    if rows.is_empty() {
        return Known::default();
    }
    let mut table = Memory::default();
    rows.iter().for_each(|row| table.row(row.iter().map(|(column, value)| (*column, value.as_str()))));
    Known::default().with(Arc::new(table))
}

/// Where a test stands: in the file of what it is about, or with the override that brought it.
fn place(
    text: &Spot<String>,
    (file, line, column): (&String, usize, usize),
    changed: Option<&(String, usize)>,
) -> (String, usize, usize) {
    match changed {
        _ if text.line > 0 => (file.clone(), text.line, text.column),
        Some((file, line)) => (file.clone(), *line, 1),
        None => (file.clone(), line, column),
    }
}

fn said(matched: bool) -> &'static str {
    if matched { "a match" } else { "no match" }
}

/// A message of one text, with its subject and visible recipients.
fn reading_of(test: &RuleTest, text: &str) -> Reading {
    let shape = match (test.table, test.records) {
        (true, _) => Shape::Table,
        (_, true) => Shape::Records,
        _ => Shape::Prose,
    };
    let text = if test.table && !text.contains('\t') { text.replace(',', "\t") } else { text.to_owned() };
    let mut segments = Vec::new();
    let mut fields = Vec::new();
    if let Some(subject) = &test.subject {
        segments.push(segment("header/subject", subject, Shape::Line));
        fields.push(Field { name: "Subject".to_owned(), value: subject.clone(), range: 0..0 });
    }
    if !test.to.is_empty() {
        fields.push(Field { name: "To".to_owned(), value: test.to.join(", "), range: 0..0 });
    }
    let named = test.fields.iter();
    fields.extend(named.map(|(name, value)| Field { name: name.clone(), value: value.clone(), range: 0..0 }));
    let origin = if test.table || test.records { "attachment/1" } else { "body/text[1]" };
    segments.push(segment(origin, &text, shape));
    Reading { size: text.len() as u64, fields, segments, ..Reading::default() }
}

fn segment(origin: &str, text: &str, shape: Shape) -> Segment {
    Segment {
        origin: Origin::new(origin),
        text: text.to_owned(),
        zones: vec![ZoneSpan { end: text.len(), zone: Zone::New }],
        shape,
        canonical: None,
    }
}
