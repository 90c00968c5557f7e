//! The verbs of a reviewer: release, protect, return, reject, export.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Error, Held, Quarantine, reason, said};
use crate::audit::EventKind;
use crate::mail::{EnhancedStatus, QueueId, Trouble};
use crate::people::Reviewer;
use crate::policy::{Config as Policy, Decision, Level, Method, Reason, Verdict};
use crate::queue::Notice;
use crate::queue::dsn::{self, Report, Subject};
use crate::store::{Arrival, RecipientRecord, RecipientState, Settlement};
use crate::world;

/// What a verb did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reviewed {
    pub id: QueueId,
    /// How many recipients it was done to.
    pub recipients: usize,
    /// The level that their delivery is held to now; `None` where nothing is sent.
    pub level: Option<Level>,
}

/// Why held mail may leave by less than policy asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ground {
    /// It is PHI, and must reach them all the same.
    #[default]
    Exception,
    /// It is no PHI: the rules that matched were wrong, and their count of it grows.
    NotPhi,
}

impl Quarantine {
    /// Lets the held recipients have the message by `tls`, never lower: an exception for once, whose
    /// reason is kept.
    pub async fn release(&self, id: QueueId, by: &Reviewer, why: &str, ground: Ground) -> Result<Reviewed, Error> {
        let why = reason(why)?;
        let held = self.held(id).await?;
        // REQUIRETLS is the client's own word, and no reviewer of ours can take it back (RFC 8689 §4.2.1).
        let level = if held.record.summary.envelope.require_tls { Level::TlsAuthenticated } else { Level::Tls };
        let text = format!("released by {}", by.actor());
        let decision = sent_at(&held, level, &text, Some(format!("release by {}", by.actor())));
        let mut detail = json!({ "reason": why, "level": level });
        if ground == Ground::NotPhi {
            detail["not_phi"] = json!(true);
        }
        let matches = held.decision.findings.matches.clone();
        let reviewed = self.send(held, decision, level, EventKind::Released, by, detail).await?;
        self.metrics.released(reviewed.recipients);
        if ground == Ground::NotPhi {
            self.metrics.released_as_not_phi(&matches);
        }
        Ok(reviewed)
    }

    /// Sends to the held recipients at the level that policy asked for: the ladder from its first
    /// rung, nothing lowered.
    pub async fn protect(&self, id: QueueId, by: &Reviewer, why: &str) -> Result<Reviewed, Error> {
        let held = self.held(id).await?;
        let level = held.recipients.iter().map(|recipient| self.asked(&held.decision, recipient)).max();
        let level = level.unwrap_or(self.config.protect);
        if Method::Transport.reaches() < Some(level) {
            return Err(Error::OutOfReach(level));
        }
        let decision = sent_at(&held, level, &format!("protected by {}", by.actor()), None);
        self.send(held, decision, level, EventKind::Protected, by, json!({ "reason": said(why), "level": level })).await
    }

    /// Gives the message back to its sender, who may send it another way.
    pub async fn give_back(&self, id: QueueId, by: &Reviewer, why: &str) -> Result<Reviewed, Error> {
        let detail = json!({ "reason": said(why) });
        self.end(id, EventKind::Returned, by.actor(), detail, Ending::Returned).await
    }

    /// Refuses the message for good.
    pub async fn reject(&self, id: QueueId, by: &Reviewer, why: &str) -> Result<Reviewed, Error> {
        let detail = json!({ "reason": said(why) });
        self.end(id, EventKind::Rejected, by.actor(), detail, Ending::Rejected).await
    }

    /// The whole message as it was accepted, unmasked; who asked for it, and why, is in the audit first.
    pub async fn export(&self, id: QueueId, by: &Reviewer, why: &str) -> Result<Bytes, Error> {
        let why = reason(why)?;
        let held = self.held(id).await?;
        let content = held.record.content.as_ref().ok_or(Error::NotHeld)?;
        let detail = map(json!({ "reason": why, "bytes": content.size() }));
        self.store.append(vec![self.event(EventKind::Exported, by.actor(), id, detail)]).await?;
        Ok(self.store.read(id, content).await?)
    }

    /// What policy asks for this recipient beside a person's judgement. A rung that failed left the
    /// level as it was; a rule that asks for a person leaves what the other reasons ask.
    fn asked(&self, decision: &Decision, recipient: &RecipientRecord) -> Level {
        if recipient.level < Level::Hold {
            return recipient.level;
        }
        let reasons = decision.recipients.get(recipient.index).map_or(&[][..], |decided| &decided.reasons);
        let others = reasons.iter().map(|reason| reason.level).filter(|level| *level < Level::Hold);
        others.max().unwrap_or(self.config.protect).max(self.config.protect)
    }

    async fn send(
        &self,
        held: Held,
        decision: Decision,
        level: Level,
        kind: EventKind,
        by: &Reviewer,
        detail: Value,
    ) -> Result<Reviewed, Error> {
        let id = held.record.summary.id;
        let recipients = due_at(&held.recipients, level, self.clock.now());
        let events = vec![self.event(kind, by.actor(), id, detail_of(detail, &held.recipients))];
        let count = recipients.len();
        let settlement = Settlement { id, recipients, events, own_mail: Vec::new() };
        self.store.change(settlement, Some(decision)).await?;
        self.queue.wake();
        Ok(Reviewed { id, recipients: count, level: Some(level) })
    }

    /// Ends the held recipients' wait without sending, and tells the sender.
    pub(super) async fn end(
        &self,
        id: QueueId,
        kind: EventKind,
        actor: &str,
        detail: Value,
        ending: Ending,
    ) -> Result<Reviewed, Error> {
        let held = self.held(id).await?;
        let failed = |recipient: &RecipientRecord| RecipientRecord {
            state: RecipientState::Failed,
            next_attempt: None,
            last_reply: Some(format!("5.7.1 {}", ending.words())),
            expired: ending == Ending::Expired,
            ..recipient.clone()
        };
        let settlement = Settlement {
            id,
            recipients: held.recipients.iter().map(failed).collect(),
            events: vec![self.event(kind, actor, id, detail_of(detail, &held.recipients))],
            own_mail: self.report(&held, ending).into_iter().collect(),
        };
        self.store.change(settlement, None).await?;
        self.queue.wake();
        Ok(Reviewed { id, recipients: held.recipients.len(), level: None })
    }

    /// The notification to the sender: neutral words, no subject, nothing of the content.
    fn report(&self, held: &Held, ending: Ending) -> Option<Arrival> {
        let summary = &held.record.summary;
        let author = summary.envelope.reverse_path.address()?.clone();
        let trouble = Trouble { code: 550, status: EnhancedStatus(5, 7, 1), text: ending.words().to_owned() };
        let of = |recipient: &RecipientRecord| summary.envelope.recipients.get(recipient.index);
        let reports: Vec<Report> = held
            .recipients
            .iter()
            .filter_map(of)
            .filter(|recipient| recipient.notify.failure)
            .map(|recipient| Report { recipient, trouble: &trouble, host: None, retry_until: None })
            .collect();
        if reports.is_empty() {
            return None;
        }
        let (id, now) = (world::new_id(&*self.clock, &*self.random), self.clock.now());
        let clean = held.decision.verdict == Verdict::Clean;
        let about = Subject { envelope: &summary.envelope, facts: &summary.facts, clean };
        let content = dsn::write(&self.config.own, id, about, Notice::Returned, &reports, now)?;
        Some(self.config.own.arrival(id, &[author], content, &format!("return of {}", summary.id), now))
    }
}

/// Why held mail is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Returned,
    Rejected,
    Expired,
}

impl Ending {
    fn words(self) -> &'static str {
        match self {
            Ending::Returned => "not released after privacy review",
            Ending::Rejected => "refused after privacy review",
            Ending::Expired => "not released in time",
        }
    }
}

/// The decision with the held recipients sent at this level.
fn sent_at(held: &Held, level: Level, text: &str, lowered_by: Option<String>) -> Decision {
    let mut decision = held.decision.clone();
    for recipient in &held.recipients {
        if let Some(decided) = decision.recipients.get_mut(recipient.index) {
            decided.level = level;
            decided.ladder = Policy::AUTO.to_vec();
            decided.reasons.insert(0, Reason { level, text: text.to_owned() });
            decided.lowered_by.extend(lowered_by.clone());
        }
    }
    decision
}

/// The recipients as they begin anew.
pub(super) fn due_at(recipients: &[RecipientRecord], level: Level, now: Timestamp) -> Vec<RecipientRecord> {
    recipients.iter().map(|recipient| recipient.released(level, Method::Transport, now)).collect()
}

pub(super) fn detail_of(detail: Value, recipients: &[RecipientRecord]) -> Map<String, Value> {
    let mut detail = map(detail);
    let addresses: Vec<String> = recipients.iter().map(|recipient| recipient.address.to_string()).collect();
    detail.insert("recipients".to_owned(), json!(addresses));
    detail
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
