//! What the API shows: the same shapes for `--json`, and read back by the commands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::audit::{Event, EventKind, Fault, Hash, Head};
use crate::detect::{Finding, Mode};
use crate::mail::{Address, Domain, Envelope, QueueId, Recipient, ReversePath};
use crate::message::Gap;
use crate::policy::{Decision, Level, Method, Verdict, Waiver, WaiverState};
use crate::store::{MessageState, RecipientRecord, RecipientState, Record, Summary};

/// What was decided about a message, for judging it again (`rules diff --stored`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionView {
    pub envelope: Envelope,
    pub author: Option<Address>,
    pub decision: Decision,
}

/// A page of decisions, and the last message that was looked at for it: `None` once there are no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decisions {
    pub decisions: Vec<DecisionView>,
    pub last: Option<QueueId>,
}

/// A line of `queue list`, `quarantine list` and `find`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageView {
    pub id: QueueId,
    pub state: MessageState,
    pub received: Timestamp,
    pub reverse_path: ReversePath,
    pub recipients: Vec<RecipientView>,
}

/// One recipient of a message, and why it stands where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecipientView {
    pub address: Address,
    pub state: RecipientState,
    /// Nothing while the message is still being read.
    pub level: Option<Level>,
    pub method: Option<Method>,
    pub reason: Option<String>,
    pub next_attempt: Option<Timestamp>,
}

/// One message's whole story (`trace`, `queue show`, `quarantine show`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoryView {
    pub id: QueueId,
    pub state: MessageState,
    pub received: Timestamp,
    pub reverse_path: ReversePath,
    pub author: Option<Address>,
    pub message_id: Option<String>,
    pub size: u64,
    pub source: String,
    /// The client's address, and what it said in EHLO.
    pub client: String,
    pub user: Option<String>,
    /// `TLSv1.3`, or nothing where the mail came in clear.
    pub received_tls: Option<String>,
    pub verdict: Option<Verdict>,
    /// Decided and recorded, but sent with the best TLS offered.
    pub observed: bool,
    pub ruleset: Option<String>,
    pub config: Option<String>,
    pub profile: Option<String>,
    pub rules: Vec<String>,
    /// Of these, those in mode `shadow` or `notify`: they decided nothing.
    pub on_trial: Vec<String>,
    /// Masked.
    pub findings: Vec<Finding>,
    pub gaps: Vec<Gap>,
    pub recipients: Vec<RecipientStory>,
    pub events: Vec<EventView>,
}

/// One recipient in a story: what was asked, which methods there were, what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecipientStory {
    #[serde(flatten)]
    pub now: RecipientView,
    pub attempts: u32,
    pub last_reply: Option<String>,
    pub ladder: Vec<Method>,
    pub reasons: Vec<String>,
    pub lowered_by: Vec<String>,
}

/// What the account alone tells of a message: it was refused, or its record is past `retention.messages`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountView {
    pub id: QueueId,
    /// `refused`, where policy refused it before its `250`.
    pub state: Option<String>,
    pub events: Vec<EventView>,
}

/// Something that happened to a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventView {
    pub at: Timestamp,
    pub actor: String,
    pub kind: String,
    pub detail: Map<String, Value>,
}

/// A record of the account with its place in the chain (a line of `audit export`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditView {
    pub seq: u64,
    pub hash: String,
    pub event: Event,
}

/// Whether the account is as it was written (`audit verify`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerdictView {
    pub valid: bool,
    /// How many records hold, and the hash of the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<Hash>,
    /// The first thing that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

impl From<Result<Head, Fault>> for VerdictView {
    fn from(found: Result<Head, Fault>) -> Self {
        match found {
            Ok(head) => Self { valid: true, records: Some(head.seq), head: Some(head.hash), fault: None },
            Err(fault) => Self { valid: false, records: None, head: None, fault: Some(fault.to_string()) },
        }
    }
}

/// What waits for one destination (`queue summary`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SummaryView {
    pub destination: Domain,
    pub recipients: u64,
    pub deferred: u64,
    pub oldest: Timestamp,
    pub next_attempt: Option<Timestamp>,
    pub last_reply: Option<String>,
    pub suspended: bool,
}

/// What a queue command moved; `busy` messages were being sent and stayed as they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedView {
    pub messages: u64,
    pub recipients: u64,
    pub busy: u64,
}

/// A destination to which nothing is sent (`suspend`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuspensionView {
    pub domain: Domain,
    pub until: Option<Timestamp>,
}

/// A recipient's consent, and where it stands now (`waiver list`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverView {
    pub state: WaiverState,
    #[serde(flatten)]
    pub waiver: Waiver,
}

/// What came of consents that were to be entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptView {
    pub added: Vec<WaiverView>,
    /// So many stood there already.
    pub unchanged: u64,
}

/// How often a rule matched since the gateway started (`rules stats`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleStat {
    pub rule: String,
    pub mode: String,
    pub matches: u64,
    /// How many of them a reviewer released as no PHI.
    pub not_phi: u64,
}

impl From<&Summary> for MessageView {
    fn from(summary: &Summary) -> Self {
        Self {
            id: summary.id,
            state: summary.state,
            received: summary.received,
            reverse_path: summary.envelope.reverse_path.clone(),
            recipients: recipient_stories(summary).into_iter().map(|story| story.now).collect(),
        }
    }
}

/// Every recipient. Until a message is decided its envelope alone knows them, and they wait all the same.
fn recipient_stories(summary: &Summary) -> Vec<RecipientStory> {
    if !summary.recipients.is_empty() {
        return summary.recipients.iter().map(|recipient| recipient_story(summary, recipient)).collect();
    }
    let deleted = summary.state == MessageState::Deleted;
    let (state, reason) =
        if deleted { (RecipientState::Failed, "deleted") } else { (RecipientState::Pending, UNDECIDED) };
    let undecided = |recipient: &Recipient| RecipientStory {
        now: RecipientView {
            address: recipient.address.clone(),
            state,
            level: None,
            method: None,
            reason: Some(reason.to_owned()),
            next_attempt: None,
        },
        attempts: 0,
        last_reply: None,
        ladder: Vec::new(),
        reasons: Vec::new(),
        lowered_by: Vec::new(),
    };
    summary.envelope.recipients.iter().map(undecided).collect()
}

const UNDECIDED: &str = "not decided yet";

fn recipient_view(summary: &Summary, recipient: &RecipientRecord) -> RecipientView {
    RecipientView {
        address: recipient.address.clone(),
        state: if is_dropped(summary, recipient) { RecipientState::Failed } else { recipient.state },
        level: Some(recipient.level),
        method: Some(recipient.method),
        reason: reason(summary, recipient),
        next_attempt: recipient.next_attempt.filter(|_| !is_dropped(summary, recipient)),
    }
}

/// The message was deleted before this recipient had it: what was to come will not.
fn is_dropped(summary: &Summary, recipient: &RecipientRecord) -> bool {
    summary.state == MessageState::Deleted && (recipient.state.waits() || recipient.state == RecipientState::Held)
}

/// The last reply where an attempt went wrong, else why this level was asked for.
fn reason(summary: &Summary, recipient: &RecipientRecord) -> Option<String> {
    if is_dropped(summary, recipient) {
        return Some("deleted".to_owned());
    }
    let troubled = matches!(recipient.state, RecipientState::Deferred | RecipientState::Failed);
    if (troubled || recipient.is_damaged()) && recipient.last_reply.is_some() {
        return recipient.last_reply.clone();
    }
    let decided = summary.decision.as_ref()?.recipients.get(recipient.index)?;
    let strongest = decided.reasons.iter().map(|reason| reason.level).max()?;
    let first = decided.reasons.iter().find(|reason| reason.level == strongest)?;
    Some(first.text.clone())
}

impl From<&Record> for StoryView {
    fn from(record: &Record) -> Self {
        let Record { summary, events, .. } = record;
        let decision = summary.decision.as_ref();
        let matches = || decision.into_iter().flat_map(|decision| &decision.findings.matches);
        let client = &summary.envelope.client;
        Self {
            id: summary.id,
            state: summary.state,
            received: summary.received,
            reverse_path: summary.envelope.reverse_path.clone(),
            author: summary.facts.author.clone(),
            message_id: summary.facts.message_id.clone(),
            size: summary.facts.size,
            source: summary.envelope.source.clone(),
            client: format!("{} ({})", client.ip, client.helo),
            user: client.user.clone(),
            received_tls: client.tls.as_ref().map(|tls| tls.version.clone()),
            verdict: decision.map(|decision| decision.verdict),
            observed: decision.is_some_and(|decision| decision.observed),
            ruleset: decision.map(|decision| decision.ruleset.clone()),
            config: decision.map(|decision| decision.config.clone()),
            profile: decision.and_then(|decision| decision.profile.clone()),
            rules: matches().map(|matched| matched.rule.clone()).collect(),
            on_trial: matches()
                .filter(|matched| matched.mode != Mode::Enforce)
                .map(|matched| matched.rule.clone())
                .collect(),
            findings: decision.map(|decision| decision.findings.findings.clone()).unwrap_or_default(),
            gaps: decision.map(|decision| decision.gaps.clone()).unwrap_or_default(),
            recipients: recipient_stories(summary),
            events: events.iter().map(EventView::from).collect(),
        }
    }
}

fn recipient_story(summary: &Summary, recipient: &RecipientRecord) -> RecipientStory {
    let decided = summary.decision.as_ref().and_then(|decision| decision.recipients.get(recipient.index));
    RecipientStory {
        now: recipient_view(summary, recipient),
        attempts: recipient.attempts,
        last_reply: recipient.last_reply.clone(),
        ladder: decided.map(|decided| decided.ladder.clone()).unwrap_or_default(),
        reasons: decided
            .map(|decided| decided.reasons.iter().map(|reason| format!("{}: {}", reason.level, reason.text)).collect())
            .unwrap_or_default(),
        lowered_by: decided.map(|decided| decided.lowered_by.clone()).unwrap_or_default(),
    }
}

impl AccountView {
    pub fn new(id: QueueId, events: &[Event]) -> Self {
        let refused = events.iter().any(|event| event.kind == EventKind::Refused);
        Self { id, state: refused.then(|| "refused".to_owned()), events: events.iter().map(EventView::from).collect() }
    }
}

impl From<&Event> for EventView {
    fn from(event: &Event) -> Self {
        Self { at: event.at, actor: event.actor.clone(), kind: kind_name(event), detail: event.detail.clone() }
    }
}

/// The name that stands in the record.
pub fn kind_name(event: &Event) -> String {
    match serde_json::to_value(event.kind) {
        Ok(Value::String(name)) => name,
        _ => unreachable!("a kind is written as its name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::store::Facts;

    /// Mail that was still being read had no recipients, and stood in no table.
    #[test]
    fn mail_that_is_still_being_read_shows_whom_it_goes_to() {
        let (id, received) = (QueueId::new(1, &[1; 10]), Timestamp::UNIX_EPOCH);
        let envelope = sample::envelope(id, &["bob@partner.example", "dave@plan.example"], received);
        let facts = Facts::default();
        let state = MessageState::Scanning;
        let summary = Summary { id, state, received, envelope, facts, recipients: Vec::new(), decision: None };
        let view = serde_json::to_value(MessageView::from(&summary)).unwrap();
        assert_eq!(view["recipients"].as_array().unwrap().len(), 2);
        assert_eq!(
            view["recipients"][1],
            serde_json::json!({
                "address": "dave@plan.example", "state": "pending", "level": null, "method": null,
                "reason": "not decided yet", "next_attempt": null,
            })
        );
    }
}
