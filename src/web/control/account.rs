//! The account, and how often rules matched.

use axum::Json;
use axum::extract::{Query as Parameters, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{AuditView, EventView, House, Problem, RuleStat};

/// Records in one answer.
const PAGE: usize = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct From {
    from: u64,
}

/// A page of the account, in its order. Clients go on from the last sequence number and one.
pub async fn export(
    State(house): State<House>,
    Parameters(From { from }): Parameters<From>,
) -> Result<Json<Vec<AuditView>>, Problem> {
    let records = house.store.events(from, PAGE).await?;
    let view = records.into_iter().map(|(sequence, event, hash)| AuditView {
        sequence,
        hash,
        message: event.message,
        event: EventView::from(&event),
    });
    Ok(Json(view.collect()))
}

/// Whether the chain holds from its first record to its last.
pub async fn verify(State(house): State<House>) -> Result<Json<Value>, Problem> {
    Ok(Json(match house.store.verify().await? {
        Ok(records) => json!({ "valid": true, "records": records }),
        Err(first_bad) => json!({ "valid": false, "first_bad": first_bad }),
    }))
}

/// Matches by rule since the gateway started, most first, as the metrics count them.
pub async fn rule_stats(State(house): State<House>) -> Json<Vec<RuleStat>> {
    let families = house.telemetry.registry.gather();
    let family = families.iter().find(|family| family.name() == "waxseal_rule_matches_total");
    let mut stats: Vec<RuleStat> = family
        .into_iter()
        .flat_map(|family| family.get_metric())
        .map(|metric| {
            let label = |name: &str| {
                let label = metric.get_label().iter().find(|label| label.name() == name);
                label.map(|label| label.value().to_owned()).unwrap_or_default()
            };
            RuleStat { rule: label("rule"), mode: label("mode"), matches: metric.get_counter().get_value() as u64 }
        })
        .collect();
    stats.sort_by(|a, b| b.matches.cmp(&a.matches).then_with(|| a.rule.cmp(&b.rule)));
    Json(stats)
}
