//! What an operator may do to mail that waits: try it now, stop it, delete it.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::{House, MovedView, Problem};
use super::{Actor, event, messages};
use crate::audit::EventKind;
use crate::mail::{Domain, QueueId};
use crate::store::{MessageState, Query, RecipientRecord, RecipientState, Settlement, StoreError, Summary};

/// Which recipients: of one message, to one destination, or all.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Which {
    id: Option<String>,
    domain: Option<Domain>,
    all: bool,
    reason: Option<String>,
}

impl Which {
    fn names(&self, recipient: &RecipientRecord) -> bool {
        self.domain.as_ref().is_none_or(|domain| recipient.address.domain() == domain)
    }
}

/// Makes waiting and paused recipients due now.
pub async fn retry(
    State(house): State<House>,
    actor: Actor,
    Json(which): Json<Which>,
) -> Result<Json<MovedView>, Problem> {
    let now = house.clock.now();
    let moved = change_each(&house, &actor, &which, "retried", |recipient| {
        let waits = matches!(recipient.state, RecipientState::Deferred | RecipientState::Pending);
        match recipient.state {
            RecipientState::Paused => recipient.state = RecipientState::Pending,
            _ if waits && recipient.next_attempt.is_some_and(|next| next > now) => {}
            _ => return false,
        }
        recipient.next_attempt = Some(now);
        true
    })
    .await?;
    house.queue.wake();
    Ok(Json(moved))
}

/// Keeps waiting recipients from being tried, until they are retried.
pub async fn pause(
    State(house): State<House>,
    actor: Actor,
    Json(which): Json<Which>,
) -> Result<Json<MovedView>, Problem> {
    let moved = change_each(&house, &actor, &which, "paused", |recipient| {
        let waits = matches!(recipient.state, RecipientState::Deferred | RecipientState::Pending);
        if waits {
            recipient.state = RecipientState::Paused;
            recipient.next_attempt = None;
        }
        waits
    })
    .await?;
    Ok(Json(moved))
}

/// Destroys one message. Its author is not told.
pub async fn delete(
    State(house): State<House>,
    actor: Actor,
    Json(which): Json<Which>,
) -> Result<Json<MovedView>, Problem> {
    let name = which.id.as_deref().ok_or_else(|| Problem::bad_request("which message is to be deleted?"))?;
    let id = messages::resolve(&house, name).await?;
    let summary = house.store.show(id).await?.summary;
    let unsettled = |state: RecipientState| state.waits() || state == RecipientState::Held;
    let recipients = summary.recipients.iter().filter(|recipient| unsettled(recipient.state)).count() as u64;
    house.queue.withdraw(id).await;
    let event = event(&house, &actor, EventKind::Deleted, Some(id), json!({ "reason": which.reason }));
    house.store.delete(id, vec![event]).await?;
    Ok(Json(MovedView { messages: 1, recipients, busy: 0 }))
}

/// Changes recipients of every message that is meant; what is being sent just now is left alone.
async fn change_each(
    house: &House,
    actor: &Actor,
    which: &Which,
    change: &str,
    mut alter: impl FnMut(&mut RecipientRecord) -> bool,
) -> Result<MovedView, Problem> {
    let mut moved = MovedView::default();
    if let Some(name) = &which.id {
        let id = messages::resolve(house, name).await?;
        let summary = house.store.show(id).await?.summary;
        change_one(house, actor, which, change, &summary, &mut alter, &mut moved).await?;
        return Ok(moved);
    }
    if which.domain.is_none() && !which.all {
        return Err(Problem::bad_request("which mail? an id, --domain or --all"));
    }
    let mut after: Option<QueueId> = None;
    loop {
        let query =
            Query { states: vec![MessageState::Queued], after, limit: Some(messages::PAGE), ..Query::default() };
        let page = house.store.list(&query).await?;
        for summary in &page {
            change_one(house, actor, which, change, summary, &mut alter, &mut moved).await?;
        }
        match page.last() {
            Some(last) if page.len() == messages::PAGE => after = Some(last.id),
            _ => return Ok(moved),
        }
    }
}

async fn change_one(
    house: &House,
    actor: &Actor,
    which: &Which,
    change: &str,
    summary: &Summary,
    alter: &mut impl FnMut(&mut RecipientRecord) -> bool,
    moved: &mut MovedView,
) -> Result<(), Problem> {
    let mut recipients: Vec<RecipientRecord> =
        summary.recipients.iter().filter(|recipient| which.names(recipient)).cloned().collect();
    recipients.retain_mut(|recipient| alter(recipient));
    if recipients.is_empty() {
        return Ok(());
    }
    // What only waits in memory for its turn goes back to the store first.
    house.queue.withdraw(summary.id).await;
    let count = recipients.len() as u64;
    let detail = json!({ "change": change, "recipients": count, "reason": which.reason });
    let event = event(house, actor, EventKind::QueueChanged, Some(summary.id), detail);
    let settlement = Settlement { id: summary.id, recipients, events: vec![event], own_mail: Vec::new() };
    match house.store.change(settlement, None).await {
        Ok(()) => {
            moved.messages += 1;
            moved.recipients += count;
            Ok(())
        }
        Err(StoreError::Leased) => {
            moved.busy += 1;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
