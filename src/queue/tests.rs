use std::time::Duration;

use prometheus::Registry;
use tokio::time::timeout;

use super::*;
use crate::mail::{AttemptResult, Content, EnhancedStatus, ReversePath, Trouble};
use crate::policy::Level;
use crate::sample;
use crate::store::embedded::{self, Embedded};
use crate::store::{Arrival, MessageState, Query, RecipientState};
use crate::world::fake::{FakeClock, FakeRandom};

struct House {
    queue: Arc<Queue>,
    store: Arc<dyn Store>,
    clock: Arc<FakeClock>,
    registry: Registry,
    _folder: tempfile::TempDir,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn domain(name: &str) -> Domain {
    name.parse().unwrap()
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FakeClock::at(at(0)));
    let config = embedded::Config { min_free: 0, reserve: 0, ..embedded::Config::new(folder.path().join("var")) };
    let registry = Registry::new();
    let metrics = crate::store::Metrics::new(&registry).unwrap();
    let store: Arc<dyn Store> = Embedded::open(config, clock.clone(), metrics).unwrap();
    let config = Config { schedule: Schedule::default(), bounds: Bounds::default(), own: OwnMail::default() };
    let queue = Queue::new(config, store.clone(), clock.clone(), Arc::new(FakeRandom::default()));
    House { queue, store, clock, registry, _folder: folder }
}

fn arrival(number: u64, to: &[&str]) -> Arrival {
    let decided: Vec<(&str, Level)> = to.iter().map(|to| (*to, Level::TlsVerified)).collect();
    let mut arrival = sample::undecided(QueueId::new(number, &[1; 10]), to, b"content", at(0));
    arrival.decided = Some(sample::decided(sample::decision(&decided), RecipientState::Pending));
    arrival
}

impl House {
    /// As intake does it: with a place where there is one.
    async fn take(&self, number: u64, to: &[&str]) {
        self.take_arrival(arrival(number, to)).await;
    }

    async fn take_arrival(&self, mut arrival: Arrival) {
        let decided = arrival.decided.clone().unwrap();
        let domains: Vec<Domain> = arrival.envelope.recipients.iter().map(|to| to.address.domain().clone()).collect();
        let place = self.queue.reserve(&domains);
        arrival.leased = place.is_some();
        let leased = Leased::first(&arrival.envelope, &decided, &arrival.facts, &arrival.content, at(0));
        self.store.commit(arrival).await.unwrap();
        match place {
            Some(place) => place.fill(leased),
            None => self.queue.wake(),
        }
    }

    async fn next(&self) -> Work {
        timeout(Duration::from_secs(20), self.queue.next()).await.expect("there is work")
    }

    async fn nothing_due(&self) {
        assert!(timeout(Duration::from_millis(300), self.queue.next()).await.is_err(), "nothing is due");
    }

    /// Transactions of the store so far.
    fn transactions(&self) -> u64 {
        let families = self.registry.gather();
        let commits = families.iter().find(|family| family.name() == "waxseal_store_commit_seconds").unwrap();
        commits.get_metric()[0].get_histogram().get_sample_count()
    }

    /// Ends the work with this result for every recipient.
    async fn end(&self, work: Work, result: AttemptResult) {
        let tried: Vec<Tried> = work
            .leased
            .due
            .iter()
            .map(|due| Tried { index: due.index, result: result.clone(), host: None, dsn_passed_on: false })
            .collect();
        let settlement = self.queue.conclude(&work.leased, &tried, Vec::new());
        self.queue.settle(work, settlement).await;
    }

    async fn states(&self) -> Vec<(MessageState, bool)> {
        let listed = self.store.list(&Query::default()).await.unwrap();
        let mut states: Vec<_> = listed.iter().map(|summary| (summary.state, summary.facts.own)).collect();
        states.sort_by_key(|(_, own)| *own);
        states
    }
}

fn trouble(code: u16) -> Trouble {
    Trouble { code, status: EnhancedStatus((code / 100) as u8, 0, 0), text: "words".to_owned() }
}

#[tokio::test]
async fn a_message_is_handed_over_once_for_each_domain_and_settled() {
    let house = house();
    house.take(1, &["a@one.example", "b@two.example", "c@one.example"]).await;
    let mut recipients = Vec::new();
    for _ in 0..2 {
        let work = house.next().await;
        assert!(work.leased.due.iter().all(|due| *due.address.domain() == work.domain));
        assert!(matches!(work.leased.content, Content::Memory(_)));
        recipients.push(work.leased.due.len());
        house.end(work, AttemptResult::Sent(trouble(250))).await;
    }
    recipients.sort_unstable();
    assert_eq!(recipients, [1, 2]);
    assert_eq!(house.states().await, [(MessageState::Delivered, false)]);
    house.nothing_due().await;
}

#[tokio::test]
async fn a_deferred_message_comes_back_when_its_pause_is_over() {
    let house = house();
    house.take(1, &["a@one.example"]).await;
    let work = house.next().await;
    house.end(work, AttemptResult::Deferred(trouble(451))).await;
    house.nothing_due().await;
    house.clock.advance(Duration::from_secs(36));
    let work = house.next().await;
    assert_eq!(work.leased.due[0].attempts, 1);
    house.end(work, AttemptResult::Sent(trouble(250))).await;
    assert_eq!(house.states().await, [(MessageState::Delivered, false)]);
}

#[tokio::test]
async fn a_failure_sends_a_notification_from_the_null_reverse_path() {
    let house = house();
    house.take(1, &["a@one.example"]).await;
    let work = house.next().await;
    house.end(work, AttemptResult::Failed(trouble(550))).await;
    let notification = house.next().await;
    assert_eq!(notification.leased.envelope.reverse_path, ReversePath::Null);
    assert_eq!(notification.leased.due[0].address.to_string(), "ann@clinic.example");
    house.end(notification, AttemptResult::Sent(trouble(250))).await;
    assert_eq!(house.states().await, [(MessageState::Returned, false), (MessageState::Delivered, true)]);
    house.nothing_due().await;
}

/// T093: the postmaster is told of it once, and of what even they don't get, nobody.
#[tokio::test]
async fn a_notification_that_nobody_takes_goes_to_the_postmaster_once() {
    let house = house();
    house.take(1, &["a@one.example"]).await;
    for to in ["a@one.example", "ann@clinic.example", "postmaster@localhost"] {
        let work = house.next().await;
        assert_eq!(work.leased.due[0].address.to_string(), to);
        house.end(work, AttemptResult::Failed(trouble(550))).await;
    }
    house.nothing_due().await;
}

/// A source's own notification, which has nobody to be returned to (RFC 5321 §6.1), unless it asked for silence.
#[tokio::test]
async fn mail_with_the_null_reverse_path_that_nobody_takes_is_told_to_the_postmaster() {
    let house = house();
    for (number, told) in [(1, true), (2, false)] {
        let mut bounce = arrival(number, &["a@one.example"]);
        bounce.envelope.reverse_path = ReversePath::Null;
        bounce.envelope.recipients[0].notify.failure = told;
        house.take_arrival(bounce).await;
        let work = house.next().await;
        house.end(work, AttemptResult::Failed(trouble(550))).await;
        if told {
            let work = house.next().await;
            assert_eq!(work.leased.due[0].address.to_string(), "postmaster@localhost");
            house.end(work, AttemptResult::Sent(trouble(250))).await;
        }
        house.nothing_due().await;
    }
}

#[tokio::test]
async fn work_that_is_dropped_unsettled_comes_again() {
    let house = house();
    house.take(1, &["a@one.example"]).await;
    drop(house.next().await);
    let again = house.next().await;
    assert_eq!(again.leased.due[0].attempts, 0);
    house.end(again, AttemptResult::Sent(trouble(250))).await;
}

#[tokio::test]
async fn a_suspended_domain_waits_until_it_is_resumed_or_its_time_is_over() {
    let house = house();
    house.take(1, &["a@one.example"]).await;
    house.queue.suspend(&domain("one.example"), Some(at(60)), Vec::new()).await.unwrap();
    house.take(2, &["b@one.example"]).await;
    house.take(3, &["c@two.example"]).await;
    let work = house.next().await;
    assert_eq!(work.domain, domain("two.example"));
    house.end(work, AttemptResult::Sent(trouble(250))).await;
    house.nothing_due().await;
    house.clock.advance(Duration::from_secs(61));
    for _ in 0..2 {
        let work = house.next().await;
        assert_eq!(work.domain, domain("one.example"));
        house.end(work, AttemptResult::Sent(trouble(250))).await;
    }
    house.take(4, &["d@one.example"]).await;
    assert_eq!(house.next().await.leased.envelope.id, QueueId::new(4, &[1; 10]), "handed over again");
}

#[tokio::test]
async fn a_withdrawn_message_can_be_changed_by_a_person() {
    let house = house();
    house.take(1, &["a@one.example"]).await;
    let id = QueueId::new(1, &[1; 10]);
    assert!(matches!(house.store.delete(id, Vec::new()).await, Err(StoreError::Leased)));
    house.queue.withdraw(id).await;
    house.store.delete(id, Vec::new()).await.unwrap();
    house.nothing_due().await;
}

#[tokio::test]
async fn a_backlog_larger_than_the_list_is_worked_off_whole() {
    let house = house();
    for number in 0..600 {
        let to = format!("a@d{}.example", number % 3);
        house.store.commit(arrival(number, &[&to])).await.unwrap();
    }
    let mut done = std::collections::HashSet::new();
    for _ in 0..600 {
        let mut work = house.next().await;
        assert!(done.insert(work.leased.envelope.id), "once each");
        work.learn(Feedback::Good);
        house.end(work, AttemptResult::Sent(trouble(250))).await;
    }
    house.nothing_due().await;
}

/// Leases that find no place would be given back, each by a transaction, while nothing is delivered.
#[tokio::test]
async fn a_backlog_costs_one_transaction_a_message_to_take_and_one_to_deliver() {
    let house = house();
    const COUNT: u64 = 400;
    for number in 0..COUNT {
        house.take(number, &["one@a.example"]).await;
    }
    for _ in 0..COUNT {
        let work = house.next().await;
        house.end(work, AttemptResult::Sent(trouble(250))).await;
    }
    assert!(house.transactions() <= 2 * COUNT + 10, "{} transactions", house.transactions());
}
