//! Deciding held mail again under today's rules.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;

use super::review::detail_of;
use super::{Error, Held, Quarantine};
use crate::audit::EventKind;
use crate::mail::{Envelope, QueueId};
use crate::people::Reviewer;
use crate::policy::{Decision, Level, Method, RecipientDecision};
use crate::store::{RecipientRecord, RecipientState, Settlement, Summary};

/// The walk that decides a message: `intake` has it.
#[async_trait]
pub trait Examine: Send + Sync {
    /// The decision under the rules and settings of this moment.
    async fn examine(&self, envelope: &Envelope, content: Bytes) -> Decision;
}

/// Which held messages to decide again; nothing given means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only messages in which this rule matched.
    pub rule: Option<String>,
    /// Only messages that arrived since then.
    pub since: Option<Timestamp>,
}

/// What deciding again made of a message.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rechecked {
    pub id: QueueId,
    /// Recipients who are sent to now (or would be), and the highest level among them.
    pub released: usize,
    pub level: Option<Level>,
    /// Recipients who stay held.
    pub held: usize,
    /// It could not be read or changed; it stays as it was.
    pub trouble: Option<String>,
}

/// Whether anything is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    Dry,
    Real,
}

impl Selection {
    fn takes(&self, summary: &Summary) -> bool {
        let matched = |rule: &String| {
            let matches = summary.decision.as_ref().map(|decision| &decision.findings.matches);
            matches.is_some_and(|matches| matches.iter().any(|matched| matched.rule == *rule))
        };
        self.rule.as_ref().is_none_or(matched) && self.since.is_none_or(|since| summary.received >= since)
    }
}

impl Quarantine {
    /// Decides the selected messages again. What policy would send today is sent at the level that it
    /// asks today; the rest stays held. One message that can't be read doesn't stop the others.
    pub async fn recheck(
        &self,
        selection: &Selection,
        run: Run,
        by: &Reviewer,
        examine: &dyn Examine,
    ) -> Result<Vec<Rechecked>, Error> {
        let mut outcomes = Vec::new();
        for summary in self.all().await?.iter().filter(|summary| selection.takes(summary)) {
            let outcome = match self.recheck_one(summary.id, run, by, examine).await {
                Ok(outcome) => outcome,
                // Somebody judged it in the meantime.
                Err(Error::NotHeld) => continue,
                Err(error) => Rechecked {
                    id: summary.id,
                    released: 0,
                    level: None,
                    held: summary.recipients.iter().filter(|one| one.state == RecipientState::Held).count(),
                    trouble: Some(error.to_string()),
                },
            };
            outcomes.push(outcome);
        }
        if run == Run::Real {
            self.queue.wake();
        }
        Ok(outcomes)
    }

    async fn recheck_one(
        &self,
        id: QueueId,
        run: Run,
        by: &Reviewer,
        examine: &dyn Examine,
    ) -> Result<Rechecked, Error> {
        let held = self.held(id).await?;
        let content = held.record.content.as_ref().ok_or(Error::NotHeld)?;
        let content = self.store.read(id, content).await?;
        let today = examine.examine(&held.record.summary.envelope, content).await;
        let recipients = rechecked(&held, &today, self.clock.now());
        let released: Vec<&RecipientRecord> =
            recipients.iter().filter(|recipient| recipient.state != RecipientState::Held).collect();
        let outcome = Rechecked {
            id,
            released: released.len(),
            level: released.iter().map(|recipient| recipient.level).max(),
            held: recipients.len() - released.len(),
            trouble: None,
        };
        if run == Run::Real {
            let detail = json!({
                "verdict": today.verdict,
                "ruleset": today.ruleset,
                "config": today.config,
                "released": outcome.released,
                "level": outcome.level,
            });
            let events = vec![self.event(EventKind::Rechecked, by.actor(), id, detail_of(detail, &held.recipients))];
            let decision = merged(&held, today);
            let settlement = Settlement { id, recipients, events, own_mail: Vec::new() };
            self.store.change(settlement, Some(decision)).await?;
        }
        Ok(outcome)
    }
}

/// The held recipients as today's decision puts them.
fn rechecked(held: &Held, today: &Decision, now: Timestamp) -> Vec<RecipientRecord> {
    let anew = |recipient: &RecipientRecord| {
        let start = today.recipients.get(recipient.index).map(|decided| today.start(decided));
        match start {
            Some((level, method)) if method != Method::Hold && level < Level::Hold => {
                recipient.released(level, method, now)
            }
            _ => recipient.clone(),
        }
    };
    held.recipients.iter().map(anew).collect()
}

/// Today's decision for those it is about; who has the message already keeps the decision that sent it.
fn merged(held: &Held, today: Decision) -> Decision {
    let is_held = |index: usize| held.recipients.iter().any(|recipient| recipient.index == index);
    let choose = |(index, before): (usize, &RecipientDecision)| match today.recipients.get(index) {
        Some(decided) if is_held(index) => decided.clone(),
        _ => before.clone(),
    };
    let recipients = held.decision.recipients.iter().enumerate().map(choose).collect();
    // A refusal came too late for SMTP: the message was taken, and stays held.
    Decision { recipients, refusal: None, ..today }
}
