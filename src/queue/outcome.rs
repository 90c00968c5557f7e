//! What an attempt makes of a recipient: a pure function, the heart of "nothing is lost".

use jiff::Timestamp;

use super::schedule::{Schedule, later};
use crate::mail::{AttemptResult, EnhancedStatus, Notify, Trouble};
use crate::policy::Method;
use crate::store::{RecipientRecord, RecipientState};

/// Everything the arithmetic needs beside the record and the result.
#[derive(Clone, Copy, Debug)]
pub struct Circumstance<'a> {
    /// The recipient's rungs, tried in order.
    pub ladder: &'a [Method],
    pub schedule: &'a Schedule,
    pub received: Timestamp,
    pub notify: Notify,
    pub now: Timestamp,
    /// Random: the jitter.
    pub chance: u32,
    /// The next hop offered DSN and was given `NOTIFY`: it will tell of success itself (RFC 3461 §5.2.3).
    pub dsn_passed_on: bool,
}

/// The recipient afterwards, and what its author is to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub record: RecipientRecord,
    pub notice: Option<Notice>,
    /// What the notice says of the trouble.
    pub trouble: Trouble,
}

/// The kinds of delivery status notification that we send (RFC 3464 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    Failed,
    Delayed,
    /// Handed to a hop that won't report success itself.
    Relayed,
    /// It was held for a person, and is not sent.
    Returned,
}

/// What the attempt makes of the recipient. The level asked for plays no part here: no way through
/// this function lowers it.
pub fn outcome(before: &RecipientRecord, result: &AttemptResult, around: Circumstance) -> Outcome {
    let trouble = result.trouble();
    let mut record = RecipientRecord {
        attempts: before.attempts.saturating_add(1),
        last_reply: Some(trouble.to_string()),
        next_attempt: None,
        ..before.clone()
    };
    match result {
        AttemptResult::Sent(_) => {
            record.state = RecipientState::Sent;
            record.failing_since = None;
            let notice = (around.notify.success && !around.dsn_passed_on).then_some(Notice::Relayed);
            Outcome { record, notice, trouble: trouble.clone() }
        }
        AttemptResult::Failed(_) => fail(record, trouble.clone(), around),
        AttemptResult::Deferred(_) | AttemptResult::Weak(_) => defer(record, trouble, around),
    }
}

fn fail(mut record: RecipientRecord, trouble: Trouble, around: Circumstance) -> Outcome {
    record.state = RecipientState::Failed;
    record.next_attempt = None;
    Outcome { record, notice: around.notify.failure.then_some(Notice::Failed), trouble }
}

/// Tries again later, by the next rung if patience with this one is over. Expiry is judged only
/// after an attempt, so that a clock that jumps ahead costs nobody their last try (T024).
fn defer(mut record: RecipientRecord, trouble: &Trouble, around: Circumstance) -> Outcome {
    let Circumstance { schedule, now, .. } = around;
    if schedule.is_expired(record.since(around.received), now) {
        record.expired = true;
        return fail(record, expired(trouble), around);
    }
    let since = *record.failing_since.get_or_insert(now);
    if record.method != Method::Wait && schedule.is_patience_over(since, now) {
        match next_rung(around.ladder, record.method) {
            Some(Method::Hold) => {
                record.method = Method::Hold;
                record.state = RecipientState::Held;
                return Outcome { record, notice: None, trouble: trouble.clone() };
            }
            Some(method) => {
                record.method = method;
                record.failing_since = (method == Method::Wait).then_some(since);
            }
            // The ladder says neither to wait nor to hold: the author gets it back.
            None => return fail(record, trouble.clone(), around),
        }
    }
    record.state = RecipientState::Deferred;
    record.next_attempt = Some(later(now, schedule.pause(record.attempts, around.chance)));
    let notice = delay_notice(&mut record, around);
    Outcome { record, notice, trouble: trouble.clone() }
}

/// One notice of delay, once it is worth telling.
fn delay_notice(record: &mut RecipientRecord, around: Circumstance) -> Option<Notice> {
    if record.delay_notice.is_some()
        || !around.notify.delay
        || !around.schedule.is_delay_due(record.since(around.received), around.now)
    {
        return None;
    }
    record.delay_notice = Some(around.now);
    Some(Notice::Delayed)
}

fn next_rung(ladder: &[Method], current: Method) -> Option<Method> {
    let at = ladder.iter().position(|method| *method == current)?;
    ladder.get(at + 1).copied()
}

/// The last trouble, told as the end of the message's time (RFC 3463 `X.4.7`).
fn expired(last: &Trouble) -> Trouble {
    Trouble { code: last.code, status: EnhancedStatus(5, 4, 7), text: last.text.clone() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::policy::Level;

    const LADDER: &[Method] = &[Method::Transport, Method::Wait];

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn record() -> RecipientRecord {
        RecipientRecord {
            index: 0,
            address: "ann@clinic.example".parse().unwrap(),
            state: RecipientState::Pending,
            level: Level::TlsVerified,
            method: Method::Transport,
            attempts: 0,
            next_attempt: Some(at(0)),
            failing_since: None,
            last_reply: None,
            delay_notice: None,
            expired: false,
            released: None,
        }
    }

    fn trouble(code: u16, status: EnhancedStatus) -> Trouble {
        Trouble { code, status, text: "words".to_owned() }
    }

    fn deferred() -> AttemptResult {
        AttemptResult::Deferred(trouble(451, EnhancedStatus(4, 3, 0)))
    }

    fn after(
        before: &RecipientRecord,
        result: &AttemptResult,
        ladder: &[Method],
        notify: Notify,
        seconds: i64,
    ) -> Outcome {
        let schedule = Schedule::default();
        let around = Circumstance {
            ladder,
            schedule: &schedule,
            received: at(0),
            notify,
            now: at(seconds),
            chance: 0,
            dsn_passed_on: false,
        };
        outcome(before, result, around)
    }

    #[test]
    fn a_4xx_is_tried_again_by_the_schedule() {
        let mut record = record();
        let mut pauses = Vec::new();
        for _ in 0..4 {
            let now = record.next_attempt.unwrap();
            let seconds = now.duration_since(at(0)).as_secs();
            record = after(&record, &deferred(), LADDER, Notify::DEFAULT, seconds).record;
            assert_eq!(record.state, RecipientState::Deferred);
            pauses.push(record.next_attempt.unwrap().duration_since(now).as_secs());
        }
        assert_eq!(pauses, [30, 120, 600, 1800]);
    }

    #[test]
    fn a_5xx_fails_with_one_notice_unless_the_author_wants_none() {
        let failed = AttemptResult::Failed(trouble(550, EnhancedStatus(5, 1, 1)));
        let outcome = after(&record(), &failed, LADDER, Notify::DEFAULT, 1);
        assert_eq!((outcome.record.state, outcome.notice), (RecipientState::Failed, Some(Notice::Failed)));
        assert_eq!(after(&record(), &failed, LADDER, Notify::NEVER, 1).notice, None);
    }

    #[test]
    fn after_patience_the_next_rung_is_taken_at_the_same_level() {
        let weak = AttemptResult::Weak(trouble(0, EnhancedStatus(4, 7, 5)));
        let first = after(&record(), &weak, LADDER, Notify::DEFAULT, 0).record;
        assert_eq!(first.method, Method::Transport);
        let second = after(&first, &weak, LADDER, Notify::DEFAULT, 14 * 60).record;
        assert_eq!(second.method, Method::Transport);
        let third = after(&second, &weak, LADDER, Notify::DEFAULT, 15 * 60).record;
        assert_eq!((third.method, third.state), (Method::Wait, RecipientState::Deferred));
        assert_eq!(third.level, Level::TlsVerified);
        let much_later = after(&third, &weak, LADDER, Notify::DEFAULT, 86_400).record;
        assert_eq!((much_later.method, much_later.state), (Method::Wait, RecipientState::Deferred));
    }

    #[test]
    fn a_ladder_that_ends_in_hold_holds_and_one_that_just_ends_returns() {
        let before = RecipientRecord { failing_since: Some(at(0)), ..record() };
        let held = after(&before, &deferred(), &[Method::Transport, Method::Hold], Notify::DEFAULT, 901);
        assert_eq!((held.record.state, held.notice), (RecipientState::Held, None));
        let returned = after(&before, &deferred(), &[Method::Transport], Notify::DEFAULT, 901);
        assert_eq!((returned.record.state, returned.notice), (RecipientState::Failed, Some(Notice::Failed)));
    }

    #[test]
    fn one_delay_notice_is_sent_after_an_hour() {
        assert_eq!(after(&record(), &deferred(), LADDER, Notify::DEFAULT, 3599).notice, None);
        let told = after(&record(), &deferred(), LADDER, Notify::DEFAULT, 3600);
        assert_eq!(told.notice, Some(Notice::Delayed));
        assert_eq!(after(&told.record, &deferred(), LADDER, Notify::DEFAULT, 9000).notice, None);
        let only_failure = Notify { delay: false, ..Notify::DEFAULT };
        assert_eq!(after(&record(), &deferred(), LADDER, only_failure, 9000).notice, None);
    }

    /// T023.
    #[test]
    fn after_five_days_it_expires_with_status_5_4_7() {
        let outcome = after(&record(), &deferred(), LADDER, Notify::DEFAULT, 5 * 86_400);
        assert_eq!((outcome.record.state, outcome.record.expired), (RecipientState::Failed, true));
        assert_eq!((outcome.notice, outcome.trouble.status), (Some(Notice::Failed), EnhancedStatus(5, 4, 7)));
        assert_eq!(outcome.record.next_attempt, None);
    }

    /// Released on its fourth day, it still has five days to be delivered in.
    #[test]
    fn a_released_message_has_its_time_from_the_release() {
        let day = 86_400;
        let before = record().released(Level::Tls, Method::Transport, at(4 * day));
        let waits = after(&before, &deferred(), LADDER, Notify::DEFAULT, 5 * day).record;
        assert_eq!((waits.state, waits.expired), (RecipientState::Deferred, false));
        assert_eq!(after(&before, &deferred(), LADDER, Notify::DEFAULT, 4 * day + 60).notice, None, "no delay yet");
        assert!(after(&waits, &deferred(), LADDER, Notify::DEFAULT, 9 * day).record.expired);
    }

    #[test]
    fn success_is_told_only_if_asked_and_not_told_by_the_hop() {
        let sent = AttemptResult::Sent(trouble(250, EnhancedStatus(2, 0, 0)));
        let wanted = Notify { success: true, ..Notify::DEFAULT };
        assert_eq!(after(&record(), &sent, LADDER, Notify::DEFAULT, 1).notice, None);
        assert_eq!(after(&record(), &sent, LADDER, wanted, 1).notice, Some(Notice::Relayed));
    }

    proptest::proptest! {
        /// Whatever happens in whatever order: an open recipient always has a next attempt, a
        /// settled one never, its level stays, and at most one delay notice is sent.
        #[test]
        fn an_open_recipient_always_has_a_next_attempt(steps in proptest::collection::vec((0u8..4, 0u32..200_000), 1..40)) {
            let schedule = Schedule { expire: Duration::from_secs(1_000_000), ..Schedule::default() };
            let mut record = record();
            let mut now = 0;
            let mut delays = 0;
            for (kind, pause) in steps {
                now += i64::from(pause);
                let trouble = trouble(451, EnhancedStatus(4, 0, 0));
                let result = match kind {
                    0 => AttemptResult::Sent(trouble),
                    1 => AttemptResult::Failed(trouble),
                    2 => AttemptResult::Weak(trouble),
                    _ => AttemptResult::Deferred(trouble),
                };
                let around = Circumstance {
                    ladder: LADDER, schedule: &schedule, received: at(0), notify: Notify::DEFAULT,
                    now: at(now), chance: pause, dsn_passed_on: false,
                };
                let next = outcome(&record, &result, around);
                delays += usize::from(next.notice == Some(Notice::Delayed));
                record = next.record;
                proptest::prop_assert_eq!(record.state.is_open(), record.next_attempt.is_some());
                proptest::prop_assert_eq!(record.level, Level::TlsVerified);
                proptest::prop_assert!(delays <= 1);
                if let Some(next) = record.next_attempt { proptest::prop_assert!(next > at(now)); }
                if !record.state.is_open() { break; }
            }
        }
    }
}
