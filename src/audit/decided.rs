//! What the account says of a decision: enough to explain it when the message itself is long gone.

use serde_json::{Map, Value, json};

use crate::mail::Address;
use crate::policy::Decision;

/// So many findings of a refused message are kept.
const MOST_FINDINGS: usize = 50;

/// The detail of a `held` event: who waits for a person, and why; rule ids and words of ours, never what was found.
pub fn detail_of_hold<'a>(decision: &Decision, held: impl Iterator<Item = &'a Address>) -> Map<String, Value> {
    let held: Vec<&Address> = held.collect();
    let mut why: Vec<&str> = Vec::new();
    for recipient in decision.recipients.iter().filter(|recipient| held.contains(&&recipient.address)) {
        for reason in &recipient.reasons {
            if !why.contains(&reason.text.as_str()) {
                why.push(&reason.text);
            }
        }
    }
    Map::from_iter([("recipients".to_owned(), json!(held)), ("why".to_owned(), json!(why))])
}

/// The detail of a `decided` or `refused` event: verdict, the hashes of what decided, the rules
/// that matched, gaps, and for each recipient its level and what lowered it. Evidence, masked, only of what was refused: everything
/// else has a record of its own.
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
        // Nothing else is kept of a refused message, so where it was seen stands here; masked, as everywhere.
        let findings = &decision.findings.findings;
        tell("findings", json!(&findings[..findings.len().min(MOST_FINDINGS)]));
    }
    detail
}
