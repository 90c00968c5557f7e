//! What an attempt came to: counted, logged, and put into words for the account.

use serde_json::{Map, Value, json};
use tracing::info;

use super::path::asked;
use super::{Dispatch, Way};
use crate::audit::{self, EventKind};
use crate::deliver::{Attempt, AttemptResult, Destination};
use crate::mail::Address;
use crate::policy::Level;
use crate::queue::{Feedback, Tried};
use crate::store::{Leased, RecipientRecord, RecipientState, Settlement};

impl Dispatch {
    /// Counts, logs and records the attempts; the queue says what they make of the recipients.
    pub(super) fn account(&self, way: &Way, leased: &Leased, attempts: Vec<Attempt>) -> Settlement {
        let mut events = Vec::with_capacity(attempts.len());
        let mut tried = Vec::with_capacity(attempts.len());
        for attempt in attempts {
            let Some(due) = leased.due.iter().find(|due| due.index == attempt.index) else { continue };
            self.metrics.count(leased, due, &attempt);
            let trouble = attempt.result.trouble();
            info!(
                id = %leased.envelope.id, recipient = due.index, domain = %attempt.address.domain(),
                to = %attempt.address,
                host = attempt.host.as_deref(), result = attempt.result.as_str(), code = trouble.code,
                status = %trouble.status, asked = %due.level, basis = attempt.proof.as_ref().map(|p| p.basis.as_str()),
                "delivery attempt"
            );
            let mut detail = detail(due, &attempt);
            if let Some(extent) = extent(way, asked(&leased.decision, due), &attempt) {
                detail.insert("extent".to_owned(), json!(extent));
            }
            events.push(self.event(EventKind::Attempted, leased, detail));
            tried.push(Tried {
                index: attempt.index,
                result: attempt.result,
                host: attempt.host,
                dsn_passed_on: attempt.reports,
            });
        }
        let mut settlement = self.queue.conclude(leased, &tried, events);
        let held: Vec<&Address> = settlement.recipients.iter().filter(|r| is_held(r)).map(|r| &r.address).collect();
        if !held.is_empty() {
            let detail = audit::detail_of_hold(&leased.decision, held.iter().copied());
            settlement.events.push(self.event(EventKind::Held, leased, detail));
            settlement.own_mail.extend(self.notices.held(leased, &held));
        }
        settlement
    }
}

fn is_held(record: &RecipientRecord) -> bool {
    record.state == RecipientState::Held
}

/// What the destination as a whole showed: whether more at once is welcome.
pub fn feedback(attempts: &[Attempt]) -> Feedback {
    let answered = |attempt: &Attempt| !matches!(attempt.result.trouble().code, 0 | 421);
    let spoken_to = |attempt: &Attempt| attempt.host.is_some();
    if attempts.iter().any(answered) {
        Feedback::Good
    } else if attempts.iter().any(spoken_to) {
        Feedback::Bad
    } else {
        Feedback::None
    }
}

/// How far the proof goes where mail was handed to a next hop: no further, unless the route says
/// what handing over counts as.
fn extent(way: &Way, level: Level, attempt: &Attempt) -> Option<String> {
    let config = way.deliverer.config();
    let Destination::Route(at) = config.destination(attempt.address.domain(), level) else { return None };
    if !matches!(attempt.result, AttemptResult::Sent(_)) {
        return None;
    }
    let proof = attempt.proof.as_ref()?;
    let reached = match proof.level {
        Level::Opportunistic => "clear",
        Level::Tls => "encrypted",
        _ => "verified",
    };
    Some(match config.routes[at].provides {
        Some(stated) if proof.counts >= stated => format!("{reached} to the next hop; the route states {stated}"),
        _ => format!("{reached} to the next hop; onward unknown"),
    })
}

/// What the audit keeps of an attempt, by the names of `docs/events.md`.
fn detail(due: &RecipientRecord, attempt: &Attempt) -> Map<String, Value> {
    let trouble = attempt.result.trouble();
    let mut detail = Map::with_capacity(12);
    let mut put = |name: &str, value: Value| _ = detail.insert(name.to_owned(), value);
    put("recipient", json!(attempt.address));
    put("method", json!(due.method));
    put("level", json!(due.level));
    put("result", json!(attempt.result.as_str()));
    put("reply", json!(trouble.to_string()));
    if let Some(host) = &attempt.host {
        put("host", json!(host));
    }
    if let Some(proof) = &attempt.proof {
        put("proved", json!(proof.level));
        put("basis", json!(proof.basis));
        if proof.counts != proof.level {
            put("counts_as", json!(proof.counts));
        }
        if !proof.version.is_empty() {
            put("tls", json!(proof.version));
            put("certificate", json!(proof.certificate));
        }
    }
    detail
}
