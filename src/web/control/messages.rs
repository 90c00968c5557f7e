//! Lists of messages, one message's story, and the queue by destination.

use axum::Json;
use axum::extract::{Path, Query as Parameters, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::{AccountView, DecisionView, Decisions, House, MessageView, Problem, StoryView, SummaryView};
use crate::mail::{Domain, QueueId};
use crate::store::{Destination, MessageState, Query};

/// How many messages one answer holds at most; clients page with `after`.
pub const PAGE: usize = 500;

/// `?from=…&state=held,queued&after=…`
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    from: Option<String>,
    to: Option<String>,
    message_id: Option<String>,
    since: Option<Timestamp>,
    state: Option<String>,
    after: Option<QueueId>,
    limit: Option<usize>,
}

impl Filter {
    fn query(self) -> Result<Query, Problem> {
        Ok(Query {
            from: self.from,
            to: self.to,
            message_id: self.message_id,
            since: self.since,
            states: self.state.as_deref().map_or(Ok(Vec::new()), states)?,
            after: self.after,
            limit: Some(self.limit.unwrap_or(PAGE).min(PAGE)),
        })
    }
}

fn states(text: &str) -> Result<Vec<MessageState>, Problem> {
    let one = |name: &str| {
        let found = MessageState::ALL.into_iter().find(|state| state.as_str() == name);
        found.ok_or_else(|| Problem::bad_request(format!("{name:?} is no state of a message")))
    };
    text.split(',').map(one).collect()
}

/// One page, in order of arrival.
pub async fn list(
    State(house): State<House>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<Vec<MessageView>>, Problem> {
    let found = house.store.list(&filter.query()?).await?;
    Ok(Json(found.iter().map(MessageView::from).collect()))
}

/// One page of decisions, in order of arrival. Own mail and what is not decided yet is left out, so a page
/// goes on from the last message that was looked at.
pub async fn decisions(
    State(house): State<House>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<Decisions>, Problem> {
    let found = house.store.list(&filter.query()?).await?;
    let last = found.last().map(|summary| summary.id);
    let foreign = found.into_iter().filter(|summary| !summary.facts.own);
    let decisions = foreign.filter_map(|summary| {
        Some(DecisionView { decision: summary.decision?, author: summary.facts.author, envelope: summary.envelope })
    });
    Ok(Json(Decisions { decisions: decisions.collect(), last }))
}

/// One message by its id, or by its Message-ID where that names one message only.
pub async fn story(State(house): State<House>, Path(name): Path<String>) -> Result<Json<StoryView>, Problem> {
    let id = resolve(&house, &name).await?;
    Ok(Json(StoryView::from(&house.store.show(id).await?)))
}

/// What the account says of a message, whether or not its record is there.
pub async fn account(State(house): State<House>, Path(id): Path<QueueId>) -> Result<Json<AccountView>, Problem> {
    match house.store.events(id).await?.as_slice() {
        [] => Err(Problem::not_found("no such message")),
        events => Ok(Json(AccountView::new(id, events))),
    }
}

/// The id for what a person typed.
pub async fn resolve(house: &House, name: &str) -> Result<QueueId, Problem> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let query = Query { message_id: Some(name.to_owned()), limit: Some(10), ..Query::default() };
    match house.store.list(&query).await?.as_slice() {
        [] => Err(Problem::not_found("no such message")),
        [one] => Ok(one.id),
        several => {
            let ids: Vec<String> = several.iter().map(|summary| summary.id.to_string()).collect();
            Err(Problem::conflict(format!("that Message-ID is borne by several messages: {}", ids.join(" "))))
        }
    }
}

/// Unsettled recipients by destination.
pub async fn summary(State(house): State<House>) -> Result<Json<Vec<SummaryView>>, Problem> {
    let suspended: Vec<Domain> = house.store.suspended().await?.into_iter().map(|(domain, _)| domain).collect();
    let line = |destination: Destination| SummaryView {
        suspended: suspended.contains(&destination.domain),
        destination: destination.domain,
        recipients: destination.recipients,
        deferred: destination.deferred,
        oldest: destination.oldest,
        next_attempt: destination.next_attempt,
        last_reply: destination.last_reply,
    };
    Ok(Json(house.store.destinations().await?.into_iter().map(line).collect()))
}
