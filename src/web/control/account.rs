//! The account, and how often rules matched.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query as Parameters, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus::proto::Metric;
use serde::Deserialize;

use super::super::{House, Problem, RuleStat, VerdictView};
use crate::store::SourceKind;

/// Records in one answer.
const PAGE: usize = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct From {
    from: u64,
}

/// A page of the account as JSON Lines, each record's event byte for byte as it was hashed, so
/// that an export can be verified without us. Clients go on from the last `seq` and one.
pub async fn export(
    State(house): State<House>,
    Parameters(From { from }): Parameters<From>,
) -> Result<Response, Problem> {
    let records = house.store.records(from, PAGE).await?;
    let lines: String = records.iter().map(|record| record.to_json_line() + "\n").collect();
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response())
}

/// Whether the chain holds from its first record to its last.
pub async fn verify(State(house): State<House>) -> Result<Json<VerdictView>, Problem> {
    Ok(Json(VerdictView::from(house.store.verify().await?)))
}

/// A ruleset as it decided once, by the hash that stands in the decision.
pub async fn rule_source(State(house): State<House>, Path(hash): Path<String>) -> Result<Json<String>, Problem> {
    let source = house.store.source(SourceKind::Ruleset, &hash).await?;
    source.map(Json).ok_or_else(|| Problem::not_found(format!("no ruleset {hash} was ever in force here")))
}

/// Matches by rule since the gateway started, most first, and how many of them were none, as the
/// metrics count them. What reviewers say stands with the mode that held the message.
pub async fn rule_stats(State(house): State<House>) -> Json<Vec<RuleStat>> {
    let families = house.telemetry.registry.gather();
    let series = |name: &'static str| {
        let family = families.iter().find(move |family| family.name() == name);
        family.into_iter().flat_map(|family| family.get_metric())
    };
    let label = |metric: &Metric, name: &str| {
        let label = metric.get_label().iter().find(|label| label.name() == name);
        label.map(|label| label.value().to_owned()).unwrap_or_default()
    };
    let count = |metric: &Metric| metric.get_counter().get_value() as u64;
    let marks: HashMap<String, u64> =
        series("waxseal_rule_not_phi_total").map(|metric| (label(metric, "rule"), count(metric))).collect();
    let mut stats: Vec<RuleStat> = series("waxseal_rule_matches_total")
        .map(|metric| {
            let (rule, mode) = (label(metric, "rule"), label(metric, "mode"));
            let not_phi = if mode == "enforce" { marks.get(&rule).copied().unwrap_or(0) } else { 0 };
            RuleStat { rule, mode, matches: count(metric), not_phi }
        })
        .collect();
    stats.sort_by(|a, b| b.matches.cmp(&a.matches).then_with(|| a.rule.cmp(&b.rule)));
    Json(stats)
}
