//! What reviewers tell about the rules.

use std::sync::Arc;

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use crate::detect::RuleMatch;
use crate::telemetry::{Labels, OTHER};

/// The room's counters.
#[derive(Clone)]
pub struct Metrics {
    not_phi: IntCounterVec,
    /// A release is an exception for once.
    exceptions_used: IntCounter,
    /// The rules with a label of their own.
    known: Arc<Labels>,
}

impl Metrics {
    /// Registers them; `rules` are the ids that are in force at start.
    pub fn new<'a>(
        registry: &Registry,
        rules: impl Iterator<Item = &'a str>,
        exceptions_used: IntCounter,
    ) -> prometheus::Result<Self> {
        let options = Opts::new("waxseal_rule_not_phi_total", "Messages released as no PHI, by rule that had matched");
        let not_phi = IntCounterVec::new(options, &["rule"])?;
        registry.register(Box::new(not_phi.clone()))?;
        let metrics = Self { not_phi, exceptions_used, known: Arc::default() };
        metrics.know(rules);
        Ok(metrics)
    }

    /// Gives these rules series of their own, which begin at 0: those of the start, and those that a reload brings.
    pub fn know<'a>(&self, rules: impl Iterator<Item = &'a str>) {
        self.known.learn(std::iter::once(OTHER).chain(rules), |rule| {
            self.not_phi.with_label_values(&[rule]);
        });
    }

    /// Counts recipients who get a message by less than policy asks.
    pub(super) fn released(&self, recipients: usize) {
        self.exceptions_used.inc_by(recipients as u64);
    }

    /// Counts the rules that a reviewer says were wrong.
    pub(super) fn released_as_not_phi(&self, matches: &[RuleMatch]) {
        for matched in matches {
            self.not_phi.with_label_values(&[self.known.of(&matched.rule)]).inc();
        }
    }
}
