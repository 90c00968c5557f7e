//! What a reviewer does with held mail. Every verb takes a reason (`release` and `export` demand one) and
//! the reviewer's authority; `quarantine` writes the account.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query as Parameters, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::{House, Problem};
use super::{Actor, messages};
use crate::people::Reviewer;
use crate::quarantine::{Ground, Rechecked, Reviewed, Run, Selection};

/// Why it is done; kept with it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Judgement {
    reason: Option<String>,
    /// The rules that held it were wrong.
    not_phi: bool,
}

/// Which held messages are decided again.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recheck {
    rule: Option<String>,
    since: Option<Timestamp>,
    dry_run: bool,
}

/// `release`, `protect`, `return` or `reject`.
pub async fn judge(
    State(house): State<House>,
    actor: Actor,
    Path((name, verb)): Path<(String, String)>,
    Json(judgement): Json<Judgement>,
) -> Result<Json<Reviewed>, Problem> {
    let id = messages::resolve(&house, &name).await?;
    let by = Reviewer::from(actor.0);
    let why = judgement.reason.unwrap_or_default();
    let quarantine = house.gateway.quarantine();
    let reviewed = match verb.as_str() {
        "release" => {
            let ground = if judgement.not_phi { Ground::NotPhi } else { Ground::Exception };
            quarantine.release(id, &by, &why, ground).await?
        }
        "protect" => quarantine.protect(id, &by, &why).await?,
        "return" => quarantine.give_back(id, &by, &why).await?,
        "reject" => quarantine.reject(id, &by, &why).await?,
        other => return Err(Problem::not_found(format!("nothing called {other:?} can be done with held mail"))),
    };
    Ok(Json(reviewed))
}

/// Decides held messages again, under the rules of this moment.
pub async fn recheck(
    State(house): State<House>,
    actor: Actor,
    Json(recheck): Json<Recheck>,
) -> Result<Json<Vec<Rechecked>>, Problem> {
    let selection = Selection { rule: recheck.rule, since: recheck.since };
    let run = if recheck.dry_run { Run::Dry } else { Run::Real };
    let by = Reviewer::from(actor.0);
    Ok(Json(house.gateway.quarantine().recheck(&selection, run, &by, house.gateway.examiner()).await?))
}

/// The whole message, unmasked. Who looked, and why, is in the account before the first byte is out.
pub async fn export(
    State(house): State<House>,
    actor: Actor,
    Path(name): Path<String>,
    Parameters(judgement): Parameters<Judgement>,
) -> Result<Response, Problem> {
    let id = messages::resolve(&house, &name).await?;
    let why = judgement.reason.unwrap_or_default();
    let content: Bytes = house.gateway.quarantine().export(id, &Reviewer::from(actor.0), &why).await?;
    Ok(([(header::CONTENT_TYPE, "message/rfc822")], content).into_response())
}
