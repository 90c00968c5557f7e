//! What a reviewer of rules would ask for: tests, reasons, rules that can match, expressions that cost
//! little and see little in ordinary mail.

use serde::Serialize;

use super::ids::IdSet;
use super::known::Known;
use super::page::{Page, Sight};
use super::raw::{Class, Identifies, Status};
use super::ruleset::{Change, Clause, CompiledRule, Detector, Eye, Ruleset, Weight};
use super::{Mode, TestResult};
use crate::message::{Origin, Segment, Shape, Zone, ZoneSpan};

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Which check it comes from.
    pub check: Check,
    pub severity: Severity,
    /// The detector, rule or exception.
    pub id: String,
    pub file: String,
    /// From 1; 0 for the file as a whole.
    pub line: usize,
    pub column: usize,
    pub message: String,
}

/// The checks, by the names that reports use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    DoesNotCompile,
    TestFails,
    NoMatchTest,
    NoCleanTest,
    NoReason,
    Unreachable,
    Unused,
    Costly,
    TooWide,
    DeprecatedButEnforced,
    Exception,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The rules can't be used, or do not do what they say.
    Error,
    /// Probably not meant so.
    Warning,
    /// Could be better.
    Note,
}

impl Check {
    pub const ALL: [Check; 11] = [
        Check::DoesNotCompile,
        Check::TestFails,
        Check::NoMatchTest,
        Check::NoCleanTest,
        Check::NoReason,
        Check::Unreachable,
        Check::Unused,
        Check::Costly,
        Check::TooWide,
        Check::DeprecatedButEnforced,
        Check::Exception,
    ];

    pub fn severity(self) -> Severity {
        match self {
            Check::DoesNotCompile | Check::TestFails => Severity::Error,
            Check::NoMatchTest | Check::NoCleanTest | Check::Unreachable | Check::TooWide | Check::Exception => {
                Severity::Warning
            }
            Check::NoReason | Check::Unused | Check::Costly | Check::DeprecatedButEnforced => Severity::Note,
        }
    }

    /// The check in a sentence.
    pub fn describe(self) -> &'static str {
        match self {
            Check::DoesNotCompile => "The rules can't be used: a name, a value or an expression is wrong.",
            Check::TestFails => "A test that stands beside a detector or rule fails.",
            Check::NoMatchTest => "Nothing shows that it sees what it should see.",
            Check::NoCleanTest => "Nothing shows that it leaves alone what it should leave alone.",
            Check::NoReason => "The rule does not say which law or policy is behind it (`why`).",
            Check::Unreachable => "The rule can never match: no detector reaches the confidence that it asks for.",
            Check::Unused => "No rule asks for the detector, and nothing is weighed by it.",
            Check::Costly => {
                "The expression has neither a digit nor a literal that every match holds, so it is tried everywhere."
            }
            Check::TooWide => "The detector sees something in ordinary business mail.",
            Check::DeprecatedButEnforced => "The rule is deprecated, yet enforced.",
            Check::Exception => "An exception has expired, or names no active rule.",
        }
    }
}

/// Ordinary mail with ordinary numbers. Whatever is sure of itself in it sees too much.
const ORDINARY: &str = "Hello all, order 8841-220 shipped on 03/14/2025 by freight, tracking 1Z999AA10123456784. \
    Invoice 20250314-7 over $1,284.50 is due in 30 days; please quote PO 4500017732. The meeting moved to room B12 \
    on Tuesday at 10:30, dial 212-555-0142, access code 889 231 004#. Version 2.14.3 of the client runs on 10.1.2.3 \
    and fixes ticket 55120. Our office is at 400 Market Street, Suite 1200. Regards, the logistics team. \
    SKU AB-1029-X, 12 pcs, lot 7781-C, weight 14.5 kg, serial SN-0048-1177-A. See https://example.com/a?id=4471234.";

impl Ruleset {
    /// All remarks that the rules themselves give rise to, in the order of the files.
    pub fn lint(&self) -> Vec<Remark> {
        let used = self.used();
        let sure = self.sure_in_ordinary_mail();
        let mut remarks: Vec<Remark> =
            self.run_tests().into_iter().filter(|result| !result.passed).map(failed).collect();
        for (at, detector) in self.detectors.iter().enumerate() {
            self.lint_detector(at, detector, used[at], sure[at], &mut remarks);
        }
        for rule in &self.rules {
            self.lint_rule(rule, &mut remarks);
        }
        remarks.sort_by(|a, b| (&a.file, a.line, a.check).cmp(&(&b.file, b.line, b.check)));
        remarks
    }

    fn lint_detector(&self, at: usize, detector: &Detector, used: bool, sure: usize, remarks: &mut Vec<Remark>) {
        let mut remark = |check, message: &str| remarks.push(of_detector(detector, check, message));
        let speaks = !matches!(detector.class, Class::Context | Class::General);
        // Tables, fields and recipients are tried by the tests of rules.
        let by_text = !matches!(detector.eye, Eye::Structure | Eye::Audience(_));
        if speaks && by_text && detector.tests.matches.is_empty() && detector.confidence >= 65 {
            remark(Check::NoMatchTest, "has no test `match`");
        }
        if speaks && by_text && detector.tests.no_match.is_empty() {
            remark(Check::NoCleanTest, "has no test `no_match`");
        }
        if !used {
            remark(Check::Unused, "no rule asks for it, and nothing is weighed by it");
        }
        if matches!(detector.eye, Eye::Pattern) && self.is_open(at) {
            remark(
                Check::Costly,
                "its expression is tried everywhere; begin it with `\\b` and a word, or give it `keywords` that stand in every match",
            );
        }
        let tells = matches!(detector.identifies, Identifies::Person | Identifies::Health | Identifies::Payment);
        if speaks && tells && matches!(detector.eye, Eye::Pattern | Eye::Terms { .. }) && sure > 0 {
            let message = format!(
                "is sure {sure} times in a page of ordinary business mail; lower its confidence, and raise it by what stands near"
            );
            remark(Check::TooWide, &message);
        }
    }

    fn lint_rule(&self, rule: &CompiledRule, remarks: &mut Vec<Remark>) {
        let raw = &rule.rule;
        let mut remark = |check: Check, message: &str| {
            remarks.push(Remark {
                check,
                severity: check.severity(),
                id: raw.id.value.clone(),
                file: rule.file.clone(),
                line: raw.id.line,
                column: raw.id.column,
                message: message.to_owned(),
            });
        };
        if !raw.tests.iter().any(|test| test.phi.is_some() || test.matches.is_some()) {
            remark(Check::NoMatchTest, "has no test that matches");
        }
        if !raw.tests.iter().any(|test| test.clean.is_some()) {
            remark(Check::NoCleanTest, "has no test that is clean");
        }
        if raw.why.is_none() {
            remark(Check::NoReason, "says no `why`");
        }
        if raw.status == Status::Deprecated && raw.mode == Mode::Enforce {
            remark(Check::DeprecatedButEnforced, "is deprecated, yet enforced");
        }
        if let Some(why) = self.unreachable(rule) {
            remark(Check::Unreachable, &why);
        }
    }

    /// Why a rule can never match, if so.
    fn unreachable(&self, rule: &CompiledRule) -> Option<String> {
        if rule.rule.when.zones.is_empty() {
            return Some("it counts in no zone".to_owned());
        }
        let mut surest = 100;
        for clause in rule.all.iter().filter(|clause| clause.about_sights) {
            let reached = self.most(clause);
            let wanted = clause.condition.confidence.unwrap_or(75);
            if reached < wanted {
                return Some(format!("a condition asks for confidence {wanted}, and what it names reaches {reached}"));
            }
            surest = surest.min(reached);
        }
        let reached = raised(surest, &rule.raise);
        (reached < rule.rule.threshold)
            .then(|| format!("its threshold is {}, and its score reaches {reached} at most", rule.rule.threshold))
    }

    /// The highest confidence that a clause's detectors can reach.
    fn most(&self, clause: &Clause) -> u8 {
        let reach = |at: u16| {
            let detector = &self.detectors[usize::from(at)];
            let structured = !detector.columns.is_empty() || !detector.fields.is_empty();
            let base = if structured { detector.confidence.max(85) } else { detector.confidence };
            raised(base, &detector.raise)
        };
        clause.detectors.iter().map(reach).max().unwrap_or(0)
    }

    /// Which detectors matter to a rule or to another detector.
    fn used(&self) -> Vec<bool> {
        let mut used = vec![false; self.detectors.len()];
        for rule in &self.rules {
            let clauses = rule.all.iter().chain(&rule.any).chain(&rule.none);
            clauses.flat_map(|clause| clause.detectors.iter()).for_each(|at| used[usize::from(at)] = true);
        }
        let of_rules = self.rules.iter().flat_map(|rule| rule.raise.iter().chain(&rule.lower));
        let of_detectors = self.detectors.iter().flat_map(|detector| detector.raise.iter().chain(&detector.lower));
        let lenders = of_rules.chain(of_detectors).flat_map(|weight| weight.targets.detectors.iter());
        lenders.for_each(|at| used[usize::from(at)] = true);
        used
    }

    fn is_open(&self, at: usize) -> bool {
        let pattern = self.pattern_owners.iter().position(|owner| usize::from(*owner) == at);
        pattern.is_some_and(|pattern| self.patterns.is_open(pattern))
    }

    /// Of each detector, how often it is sure of itself there, with what stands near.
    fn sure_in_ordinary_mail(&self) -> Vec<usize> {
        let zones = vec![ZoneSpan { end: ORDINARY.len(), zone: Zone::New }];
        let origin = Origin::new("body/text[1]");
        let segment = Segment { origin, text: ORDINARY.to_owned(), zones, shape: Shape::Prose, canonical: None };
        let mut pages = [Page::read(self, &segment, false)];
        self.weigh(&mut pages, &Known::default(), &IdSet::below(self.detectors.len()));
        let is_sure = |sight: &&Sight| sight.confidence >= 75;
        (0..self.detectors.len()).map(|at| pages[0].sights_of(at as u16).iter().filter(is_sure).count()).collect()
    }
}

/// A confidence after everything that can raise it.
fn raised(base: u8, raise: &[Weight]) -> u8 {
    raise.iter().fold(base, |confidence, weight| match weight.change {
        Change::To(to) => confidence.max(to),
        Change::By(by) => confidence.saturating_add(by).min(100),
    })
}

fn of_detector(detector: &Detector, check: Check, message: &str) -> Remark {
    Remark {
        check,
        severity: check.severity(),
        id: detector.id.clone(),
        file: detector.file.clone(),
        line: detector.line,
        column: detector.column,
        message: message.to_owned(),
    }
}

fn failed(result: TestResult) -> Remark {
    let TestResult { id, file, line, column, text, message, .. } = result;
    let check = Check::TestFails;
    let text: String = text.trim().chars().take(80).collect();
    Remark { check, severity: check.severity(), id, file, line, column, message: format!("{message}: {text:?}") }
}

#[cfg(test)]
mod tests {
    use super::super::{RuleFile, compile};
    use super::*;

    const RULES: &str = r#"
detectors:
  - { id: wide, title: Wide, identifies: person, class: strong, regex: '\d{4,}', confidence: 90, tests: { match: ["12345"], no_match: ["12"] } }
  - { id: open, title: Open, identifies: person, class: strong, regex: '[a-z]+ly[xq]', confidence: 60 }
  - { id: idle, title: Idle, identifies: health, class: event, terms: [flu], tests: { match: [flu], no_match: [flue] } }
  - { id: failing, title: Failing, identifies: health, class: specific, terms: [gout], tests: { match: [goat], no_match: [x] } }
rules:
  - { id: never, title: Never, when: { all: [{ detector: open, confidence: 75 }] }, why: x, tests: [{ phi: a }, { clean: b }] }
  - { id: bare, title: Bare, status: deprecated, when: { all: [{ detector: [wide, failing] }] } }
"#;

    #[test]
    fn each_check_finds_its_fault() {
        let file = RuleFile { name: "site.yaml".to_owned(), text: RULES.to_owned() };
        let rules = compile(&[file], &[], &|_, _| Err(String::new())).unwrap_or_else(|faults| panic!("{}", faults[0]));
        let remarks = rules.lint();
        let found: Vec<(&str, Check)> = remarks.iter().map(|remark| (remark.id.as_str(), remark.check)).collect();
        for expected in [
            ("wide", Check::TooWide),
            ("open", Check::Costly),
            ("open", Check::NoCleanTest),
            ("idle", Check::Unused),
            ("failing", Check::TestFails),
            ("never", Check::Unreachable),
            ("never", Check::TestFails),
            ("bare", Check::NoMatchTest),
            ("bare", Check::NoCleanTest),
            ("bare", Check::NoReason),
            ("bare", Check::DeprecatedButEnforced),
        ] {
            assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
        }
        assert_eq!(found.len(), 11, "{found:?}");
        assert!(remarks.iter().all(|remark| remark.file == "site.yaml" && remark.line > 0 && remark.column > 1));
    }
}
