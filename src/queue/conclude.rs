//! From the results of one delivery to the settlement that records them and tells the author.

use tracing::error;

use super::dsn::{self, Report, Subject};
use super::outcome::{Circumstance, Notice, Outcome, outcome};
use super::{Queue, Schedule};
use crate::audit::Event;
use crate::mail::{AttemptResult, Envelope, Recipient};
use crate::policy::{Decision, Method, Verdict};
use crate::store::{Arrival, Leased, RecipientRecord, RecipientState, Settlement};
use crate::world;

/// How the attempt for one due recipient ended.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The recipient's place in the envelope.
    pub index: usize,
    pub result: AttemptResult,
    /// The host that was spoken to: `mx1.example.org [192.0.2.1]:25`.
    pub host: Option<String>,
    /// The hop offered DSN and was given `NOTIFY`.
    pub dsn_passed_on: bool,
}

impl Queue {
    /// What these results make of the message: records, and notifications where they are due.
    pub fn conclude(&self, leased: &Leased, tried: &[Tried], events: Vec<Event>) -> Settlement {
        // One chance for all: who was tried together is due together again, in one transaction.
        let mut chance = [0; 4];
        self.random.fill(&mut chance);
        let chance = u32::from_ne_bytes(chance);
        let outcomes: Vec<(&Tried, Outcome)> =
            tried.iter().filter_map(|tried| Some((tried, self.outcome(leased, tried, chance)?))).collect();
        let notices: Vec<Arrival> = [Notice::Failed, Notice::Delayed, Notice::Relayed]
            .into_iter()
            .filter_map(|notice| self.notify(leased, notice, &outcomes))
            .collect();
        let own_mail = notices.into_iter().chain(self.double_bounce(leased, &outcomes)).collect();
        Settlement {
            id: leased.envelope.id,
            recipients: outcomes.into_iter().map(|(_, outcome)| outcome.record).collect(),
            events,
            own_mail,
        }
    }

    fn outcome(&self, leased: &Leased, tried: &Tried, chance: u32) -> Option<Outcome> {
        let before = leased.due.iter().find(|due| due.index == tried.index)?;
        let around = Circumstance {
            ladder: ladder(&leased.decision, before),
            schedule: &self.config.schedule,
            received: leased.envelope.received,
            notify: recipient(&leased.envelope, before)?.notify,
            now: self.clock.now(),
            chance,
            dsn_passed_on: tried.dsn_passed_on,
        };
        Some(outcome(before, &tried.result, around))
    }

    /// One notification for all recipients that share its kind, if anybody is to be told.
    fn notify(&self, leased: &Leased, notice: Notice, outcomes: &[(&Tried, Outcome)]) -> Option<Arrival> {
        let reports: Vec<Report> = outcomes
            .iter()
            .filter(|(_, outcome)| outcome.notice == Some(notice))
            .filter_map(|(tried, outcome)| self.report(&leased.envelope, notice, tried, outcome))
            .collect();
        if reports.is_empty() {
            return None;
        }
        let (id, now) = (world::new_id(&*self.clock, &*self.random), self.clock.now());
        let clean = leased.decision.verdict == Verdict::Clean;
        let about = Subject { envelope: &leased.envelope, facts: &leased.facts, clean };
        let content = dsn::write(&self.config.own, id, about, notice, &reports, now)?;
        let author = leased.envelope.reverse_path.address()?.clone();
        let why = format!("notification for {}", leased.envelope.id);
        Some(self.config.own.arrival(id, &[author], content, &why, now))
    }

    /// Mail of our own, or another's with the null reverse-path, that nobody takes: the postmaster is
    /// told once. What even they can't be told ends here, with an error in the log.
    fn double_bounce(&self, leased: &Leased, outcomes: &[(&Tried, Outcome)]) -> Option<Arrival> {
        let own = &self.config.own;
        let nobody = leased.facts.own || leased.envelope.reverse_path.address().is_none();
        let failed = |(_, outcome): &&(&Tried, Outcome)| {
            let asked = || recipient(&leased.envelope, &outcome.record).is_some_and(|to| to.notify.failure);
            outcome.record.state == RecipientState::Failed && (leased.facts.own || asked())
        };
        let lost: Vec<&(&Tried, Outcome)> = outcomes.iter().filter(failed).collect();
        if !nobody || lost.is_empty() {
            return None;
        }
        error!(id = %leased.envelope.id, recipients = lost.len(), "a notification could not be delivered");
        if lost.iter().any(|(_, outcome)| outcome.record.address == own.postmaster) {
            return None;
        }
        let (id, now) = (world::new_id(&*self.clock, &*self.random), self.clock.now());
        Some(own.report_undelivered(id, leased.envelope.id, lost.iter().map(|(_, outcome)| &outcome.record), now))
    }

    fn report<'a>(
        &self,
        envelope: &'a Envelope,
        notice: Notice,
        tried: &'a Tried,
        outcome: &'a Outcome,
    ) -> Option<Report<'a>> {
        let schedule: &Schedule = &self.config.schedule;
        Some(Report {
            recipient: recipient(envelope, &outcome.record)?,
            trouble: &outcome.trouble,
            host: tried.host.as_deref(),
            retry_until: (notice == Notice::Delayed)
                .then(|| schedule.expires_at(outcome.record.since(envelope.received))),
        })
    }
}

fn recipient<'a>(envelope: &'a Envelope, record: &RecipientRecord) -> Option<&'a Recipient> {
    envelope.recipients.get(record.index)
}

fn ladder<'a>(decision: &'a Decision, record: &RecipientRecord) -> &'a [Method] {
    decision.recipients.get(record.index).map_or(&[], |recipient| &recipient.ladder)
}
