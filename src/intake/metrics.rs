//! What intake counts (`DESIGN` §8).

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};

use crate::message::GapReason;
use crate::policy::{Decision, Level, Verdict};
use crate::telemetry::{Labels, OTHER};

/// Metrics of what comes in and what is decided about it.
pub struct Metrics {
    /// Messages that were answered `250`, by source.
    pub received: IntCounterVec,
    /// Recipients decided, by verdict, level and whether policy enforces or only observes.
    decisions: IntCounterVec,
    /// From the end of content to the decision.
    pub scan_duration: Histogram,
    /// Things that could not be read, by reason.
    gaps: IntCounterVec,
    /// Rules that matched a message, by id and mode.
    rule_matches: IntCounterVec,
    /// Recipients whose level a waiver lowered.
    waivers_used: IntCounter,
    /// Recipients whose level an exception lowered; reviewers' releases count there too.
    exceptions_used: IntCounter,
    rules: Labels,
}

impl Metrics {
    /// Registers them with every closed series at 0.
    pub fn new<'a>(
        registry: &Registry,
        sources: impl Iterator<Item = &'a str>,
        rules: impl Iterator<Item = &'a str>,
        exceptions_used: IntCounter,
    ) -> Self {
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), labels).expect("a well-formed name");
            registry.register(Box::new(counters.clone())).expect("registered once");
            counters
        };
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help).expect("a well-formed name");
            registry.register(Box::new(counter.clone())).expect("registered once");
            counter
        };
        let buckets = prometheus::exponential_buckets(0.000_05, 4.0, 11).expect("ascending buckets");
        let scan_duration = HistogramOpts::new("waxseal_scan_duration_seconds", "Reading, detecting and deciding");
        let scan_duration = Histogram::with_opts(scan_duration.buckets(buckets)).expect("a well-formed name");
        registry.register(Box::new(scan_duration.clone())).expect("registered once");
        let metrics = Self {
            received: counters("waxseal_messages_received_total", "Messages accepted, by source", &["source"]),
            decisions: counters(
                "waxseal_decisions_total",
                "Recipients decided, by verdict, level and mode (enforce or observe)",
                &["verdict", "level", "mode"],
            ),
            scan_duration,
            gaps: counters("waxseal_scan_gaps_total", "What could not be read, by reason", &["reason"]),
            rule_matches: counters("waxseal_rule_matches_total", "Messages a rule matched", &["rule", "mode"]),
            waivers_used: counter("waxseal_waivers_used_total", "Recipients whose level a waiver lowered"),
            exceptions_used,
            rules: Labels::default(),
        };
        for source in sources {
            metrics.received.with_label_values(&[source]);
        }
        for verdict in Verdict::ALL {
            for level in Level::ALL {
                for mode in ["enforce", "observe"] {
                    metrics.decisions.with_label_values(&[verdict.as_str(), level.as_str(), mode]);
                }
            }
        }
        for reason in GapReason::ALL {
            metrics.gaps.with_label_values(&[reason.as_str()]);
        }
        metrics.know(rules);
        metrics
    }

    /// Gives these rules series of their own, which begin at 0: those of the start, and those that a reload brings.
    pub fn know<'a>(&self, rules: impl Iterator<Item = &'a str>) {
        self.rules.learn(std::iter::once(OTHER).chain(rules), |rule| {
            for mode in ["shadow", "notify", "enforce"] {
                self.rule_matches.with_label_values(&[rule, mode]);
            }
        });
    }

    /// Counts a decision once it is recorded.
    pub fn decided(&self, decision: &Decision) {
        let mode = if decision.observed { "observe" } else { "enforce" };
        for recipient in &decision.recipients {
            self.decisions.with_label_values(&[decision.verdict.as_str(), recipient.level.as_str(), mode]).inc();
            let used = |kind: &str| recipient.lowered_by.iter().any(|record| record.starts_with(kind));
            self.waivers_used.inc_by(used("waiver ").into());
            self.exceptions_used.inc_by(used("exception ").into());
        }
        for gap in &decision.gaps {
            self.gaps.with_label_values(&[gap.reason.as_str()]).inc();
        }
        for matched in &decision.findings.matches {
            self.rule_matches.with_label_values(&[self.rules.of(&matched.rule), matched.mode.as_str()]).inc();
        }
    }
}
