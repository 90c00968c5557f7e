//! What the account says of a decision: enough to explain it when the message itself is long gone.

use serde_json::{Map, Value, json};

use crate::policy::Decision;

/// The detail of a `decided` or `refused` event: verdict, the hashes of what decided, the rules
/// that matched, gaps, and for each recipient its level and what lowered it. No evidence, not even masked.
pub fn detail_of_decision(source: &str, decision: &Decision) -> Map<String, Value> {
    let rules: Vec<&str> = decision.findings.matches.iter().map(|matched| matched.rule.as_str()).collect();
    let gaps: Vec<String> = decision.gaps.iter().map(|gap| format!("{} in {}", gap.reason, gap.origin)).collect();
    let recipients = decision.recipients.iter().map(|recipient| {
        let mut entry = json!({ "address": recipient.address, "level": recipient.level });
        if !recipient.lowered_by.is_empty() {
            entry["lowered_by"] = json!(recipient.lowered_by);
        }
        entry
    });
    let mut detail = Map::with_capacity(8);
    let mut tell = |name: &str, value: Value| detail.insert(name.to_owned(), value);
    tell("source", source.into());
    tell("verdict", decision.verdict.as_str().into());
    tell("ruleset", decision.ruleset.clone().into());
    tell("config", decision.config.clone().into());
    tell("recipients", recipients.collect());
    if !rules.is_empty() {
        tell("rules", json!(rules));
    }
    if !gaps.is_empty() {
        tell("gaps", json!(gaps));
    }
    if decision.observed {
        tell("observed", true.into());
    }
    if let Some(refusal) = &decision.refusal {
        tell("refusal", refusal.code.clone().into());
    }
    detail
}
