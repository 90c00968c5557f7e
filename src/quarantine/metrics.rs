//! What reviewers tell about the rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use prometheus::{IntCounterVec, Opts, Registry};

use crate::detect::RuleMatch;

/// The room's counters.
#[derive(Clone)]
pub struct Metrics {
    not_phi: IntCounterVec,
    /// The rules with a label of their own.
    known: Arc<BTreeSet<String>>,
}

/// More rules than this share the label `other`: a label's values are kept for good.
const SERIES: usize = 500;

impl Metrics {
    /// Registers them; `rules` are the ids that are in force at start.
    pub fn new<'a>(registry: &Registry, rules: impl Iterator<Item = &'a str>) -> prometheus::Result<Self> {
        let options = Opts::new("waxseal_rule_not_phi_total", "Messages released as no PHI, by rule that had matched");
        let not_phi = IntCounterVec::new(options, &["rule"])?;
        registry.register(Box::new(not_phi.clone()))?;
        let known: BTreeSet<String> = rules.take(SERIES).map(str::to_owned).collect();
        for rule in known.iter().map(String::as_str).chain(["other"]) {
            not_phi.with_label_values(&[rule]);
        }
        Ok(Self { not_phi, known: Arc::new(known) })
    }

    /// Counts the rules that a reviewer says were wrong.
    pub(super) fn released_as_not_phi(&self, matches: &[RuleMatch]) {
        for matched in matches {
            let rule = if self.known.contains(&matched.rule) { matched.rule.as_str() } else { "other" };
            self.not_phi.with_label_values(&[rule]).inc();
        }
    }
}
