//! Destinations to which an operator lets nothing go for a while.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::{House, Problem, SuspensionView};
use super::{Actor, event};
use crate::audit::EventKind;
use crate::mail::Domain;

/// How long; without an end, until it is resumed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    until: Option<Timestamp>,
    reason: Option<String>,
}

pub async fn list(State(house): State<House>) -> Result<Json<Vec<SuspensionView>>, Problem> {
    let suspended = house.store.suspended().await?;
    Ok(Json(suspended.into_iter().map(|(domain, until)| SuspensionView { domain, until }).collect()))
}

pub async fn suspend(
    State(house): State<House>,
    actor: Actor,
    Path(domain): Path<String>,
    Json(suspension): Json<Suspension>,
) -> Result<StatusCode, Problem> {
    let domain = parse(&domain)?;
    let detail =
        json!({ "change": "suspended", "domain": domain, "until": suspension.until, "reason": suspension.reason });
    let event = event(&house, &actor, EventKind::QueueChanged, None, detail);
    house.queue.suspend(&domain, suspension.until, vec![event]).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn resume(
    State(house): State<House>,
    actor: Actor,
    Path(domain): Path<String>,
) -> Result<StatusCode, Problem> {
    let domain = parse(&domain)?;
    if !house.store.suspended().await?.iter().any(|(suspended, _)| *suspended == domain) {
        return Err(Problem::not_found(format!("{domain} is not suspended")));
    }
    let detail = json!({ "change": "resumed", "domain": domain });
    let event = event(&house, &actor, EventKind::QueueChanged, None, detail);
    house.queue.resume(&domain, vec![event]).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn parse(domain: &str) -> Result<Domain, Problem> {
    domain.parse().map_err(|error| Problem::bad_request(format!("{domain:?}: {error}")))
}
