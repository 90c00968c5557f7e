//! The room's tests: verbs on a real store in a folder of their own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use prometheus::{IntCounter, Registry};

use super::*;
use crate::detect::{Finding, Findings, Kind, Mode, RuleMatch, Sensitivity};
use crate::mail::{Content, Envelope, Notify, QueueId, ReversePath};
use crate::message::{Origin, Zone};
use crate::people::{Administrator, Reviewer};
use crate::policy::{Decision, Level, Method, Reason, RecipientDecision, Verdict};
use crate::queue::{self, OwnMail, Queue};
use crate::sample;
use crate::store::{self, Arrival, Decided, Facts, MessageState, Query, RecipientRecord, RecipientState, Store};
use crate::world::Random;
use crate::world::fake::{FakeClock, FakeRandom};

pub(super) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(super) fn own() -> OwnMail {
    OwnMail {
        hostname: "gw.clinic.example".parse().unwrap(),
        postmaster: "postmaster@clinic.example".parse().unwrap(),
        level: Level::Tls,
    }
}

const TO: [&str; 2] = ["one@partner.example", "two@partner.example"];

pub(super) fn envelope() -> Envelope {
    sample::envelope(QueueId::new(now().as_millisecond() as u64, &[7; 10]), &TO, now())
}

/// Two recipients at these levels; who is held, is by rule `phi.bulk`.
pub(super) fn decision(levels: &[Level]) -> Decision {
    let recipient = |(to, level): (&&str, &Level)| RecipientDecision {
        address: to.parse().unwrap(),
        level: *level,
        ladder: if *level >= Level::Hold { vec![Method::Hold] } else { vec![Method::Transport, Method::Wait] },
        reasons: vec![
            Reason { level: *level, text: "rule phi.bulk".into() },
            Reason { level: Level::TlsVerified, text: "rule phi.identifier-with-health".into() },
        ],
        lowered_by: Vec::new(),
    };
    let matched = RuleMatch {
        rule: "phi.bulk".into(),
        kind: Kind::Phi,
        mode: Mode::Enforce,
        sensitivity: Sensitivity::Hold,
        all_or_nothing: false,
        topic: None,
        confidence: 90,
        count: 12,
    };
    let finding = Finding {
        rule: "phi.bulk".into(),
        detector: "us-ssn".into(),
        kind: Kind::Phi,
        origin: Origin::new("body/text[1]"),
        zone: Zone::New,
        offset: 3,
        length: 11,
        masked: "***-**-6789".into(),
        confidence: 95,
    };
    Decision {
        verdict: Verdict::Phi,
        findings: Findings { findings: vec![finding], matches: vec![matched], ..Findings::default() },
        recipients: TO.iter().zip(levels).map(recipient).collect(),
        ruleset: "old".into(),
        config: "c".into(),
        ..sample::decision(&[])
    }
}

/// A quarantine on an embedded store of its own, with the message of [`envelope`] held in it.
struct Room {
    quarantine: Arc<Quarantine>,
    store: Arc<dyn Store>,
    clock: Arc<FakeClock>,
    registry: Registry,
    _folder: tempfile::TempDir,
}

const CONTENT: &[u8] = b"Subject: Roe, Jane\r\n\r\nSSN 219-09-6781\r\n";

fn exceptions_used(registry: &Registry) -> IntCounter {
    let counter = IntCounter::new("waxseal_exceptions_used_total", "uses").unwrap();
    registry.register(Box::new(counter.clone())).unwrap();
    counter
}

impl Room {
    async fn with(envelope: Envelope, decision: Decision) -> Room {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::at(now()));
        let random: Arc<dyn Random> = Arc::new(FakeRandom::default());
        let metrics = store::Metrics::new(&prometheus::Registry::new()).unwrap();
        let settings = store::embedded::Config::new(folder.path().join("var"));
        let store: Arc<dyn Store> = store::Embedded::open(settings, clock.clone(), metrics).unwrap();
        let queue_config = queue::Config { schedule: Default::default(), bounds: Default::default(), own: own() };
        let queue = Queue::new(queue_config, store.clone(), clock.clone(), random.clone());
        let config = Config {
            expire: Duration::from_secs(14 * 86_400),
            protect: Level::TlsVerified,
            own: own(),
            reviewers: vec!["privacy@clinic.example".parse().unwrap()],
            voice: Voice { tell_sender: true, name: "Example Clinic".into() },
            voices: BTreeMap::new(),
        };
        store.commit(held(envelope, decision)).await.unwrap();
        let registry = Registry::new();
        let metrics = Metrics::new(&registry, ["phi.bulk"].into_iter(), exceptions_used(&registry)).unwrap();
        let quarantine = Quarantine::new(config, store.clone(), queue, clock.clone(), random, metrics);
        Room { quarantine, store, clock, registry, _folder: folder }
    }

    async fn holding(levels: &[Level]) -> Room {
        Room::with(envelope(), decision(levels)).await
    }

    async fn recipients(&self) -> Vec<RecipientRecord> {
        self.store.show(envelope().id).await.unwrap().summary.recipients
    }

    async fn decision(&self) -> Decision {
        self.store.show(envelope().id).await.unwrap().summary.decision.unwrap()
    }

    /// The kinds of the message's events, in order.
    async fn events(&self) -> Vec<(EventKind, String)> {
        let events = self.store.show(envelope().id).await.unwrap().events;
        events.into_iter().map(|event| (event.kind, event.actor)).collect()
    }

    /// Who was sent mail of ours.
    async fn own_mail(&self) -> Vec<String> {
        let all = self.store.list(&Query::default()).await.unwrap();
        let own = all.into_iter().filter(|summary| summary.facts.own);
        let mut to: Vec<String> = own.map(|summary| summary.envelope.recipients[0].address.to_string()).collect();
        to.sort();
        to
    }
}

fn held(envelope: Envelope, decision: Decision) -> Arrival {
    let states = decision.recipients.iter().map(|recipient| match decision.start(recipient).1 {
        Method::Hold => RecipientState::Held,
        _ => RecipientState::Pending,
    });
    let facts = Facts { subject: Some("Roe, Jane".into()), size: CONTENT.len() as u64, ..Facts::default() };
    Arrival {
        envelope,
        content: Content::Memory(CONTENT.into()),
        facts,
        events: Vec::new(),
        leased: false,
        decided: Some(Decided {
            states: states.collect(),
            decision,
            events: Vec::new(),
            own_mail: Vec::new(),
            leased: false,
        }),
    }
}

fn reviewer() -> Reviewer {
    Administrator::at_control_socket(0, "rita", 0).expect("root may").into()
}

const BOTH: [Level; 2] = [Level::Hold, Level::Hold];
const ONE: [Level; 2] = [Level::Hold, Level::TlsVerified];

#[tokio::test]
async fn release_lowers_this_message_to_tls_and_keeps_who_and_why() {
    let room = Room::holding(&ONE).await;
    let done =
        room.quarantine.release(envelope().id, &reviewer(), "recipient phoned", Ground::Exception).await.unwrap();
    assert_eq!((done.recipients, done.level), (1, Some(Level::Tls)));
    let recipients = room.recipients().await;
    assert_eq!((recipients[0].state, recipients[0].level), (RecipientState::Pending, Level::Tls));
    assert_eq!(recipients[1].level, Level::TlsVerified, "who is not held keeps their level");
    let decision = room.decision().await;
    assert_eq!(decision.recipients[0].lowered_by, ["release by local:rita"]);
    assert_eq!(decision.recipients[0].ladder, [Method::Transport, Method::Wait]);
    assert_eq!(room.events().await, [(EventKind::Released, "local:rita".to_owned())]);
    let used = room.registry.gather().into_iter().find(|family| family.name() == "waxseal_exceptions_used_total");
    assert_eq!(used.unwrap().get_metric()[0].get_counter().get_value(), 1.0);
    let again = room.quarantine.release(envelope().id, &reviewer(), "again", Ground::Exception).await;
    assert!(matches!(again, Err(Error::NotHeld)), "it is for once");
}

#[tokio::test]
async fn what_is_released_as_no_phi_counts_against_the_rules_that_held_it() {
    let room = Room::holding(&BOTH).await;
    room.quarantine.release(envelope().id, &reviewer(), "a test patient", Ground::NotPhi).await.unwrap();
    let counted = |rule: &str| {
        let families = room.registry.gather();
        let of_rules = families.iter().filter(|family| family.name() == "waxseal_rule_not_phi_total");
        of_rules
            .flat_map(|family| family.get_metric())
            .filter(|metric| metric.get_label()[0].value() == rule)
            .map(|metric| metric.get_counter().get_value())
            .sum()
    };
    assert_eq!((counted("phi.bulk"), counted("other")), (1.0, 0.0));
}

#[tokio::test]
async fn release_takes_back_nothing_that_the_client_asked_by_requiretls() {
    let asked = Envelope { require_tls: true, ..envelope() };
    let room = Room::with(asked, decision(&BOTH)).await;
    let done = room.quarantine.release(envelope().id, &reviewer(), "reason", Ground::Exception).await.unwrap();
    assert_eq!(done.level, Some(Level::TlsAuthenticated));
}

#[tokio::test]
async fn a_verb_that_wants_a_reason_does_nothing_without() {
    let room = Room::holding(&BOTH).await;
    let (id, by) = (envelope().id, reviewer());
    assert!(matches!(room.quarantine.release(id, &by, " ", Ground::Exception).await, Err(Error::NoReason)));
    assert!(matches!(room.quarantine.export(id, &by, "\t").await, Err(Error::NoReason)));
    assert_eq!(room.events().await, []);
    assert_eq!(room.recipients().await[0].state, RecipientState::Held);
}

#[tokio::test]
async fn protect_sends_at_what_policy_asks_beside_the_hold() {
    let room = Room::holding(&BOTH).await;
    let done = room.quarantine.protect(envelope().id, &reviewer(), "").await.unwrap();
    assert_eq!(done.level, Some(Level::TlsVerified));
    assert!(room.decision().await.recipients[0].lowered_by.is_empty());
    assert_eq!(room.recipients().await[1].method, Method::Transport);
}

#[tokio::test]
async fn protect_says_so_when_no_method_reaches_the_level() {
    let mut asked = decision(&BOTH);
    asked.recipients[0].reasons[1].level = Level::Message;
    let room = Room::with(envelope(), asked).await;
    let answer = room.quarantine.protect(envelope().id, &reviewer(), "").await;
    assert!(matches!(answer, Err(Error::OutOfReach(Level::Message))));
    assert_eq!(room.recipients().await[0].state, RecipientState::Held);
}

#[tokio::test]
async fn return_and_reject_end_the_wait_and_tell_the_sender() {
    for reject in [false, true] {
        let room = Room::holding(&BOTH).await;
        let (id, by) = (envelope().id, reviewer());
        let kind = match reject {
            false => room.quarantine.give_back(id, &by, "use the portal").await.map(|_| EventKind::Returned).unwrap(),
            true => room.quarantine.reject(id, &by, "forbidden").await.map(|_| EventKind::Rejected).unwrap(),
        };
        assert!(room.recipients().await.iter().all(|recipient| recipient.state == RecipientState::Failed));
        assert_eq!(room.own_mail().await, ["ann@clinic.example"]);
        assert_eq!(room.events().await, [(kind, "local:rita".to_owned())]);
    }
}

#[tokio::test]
async fn nobody_is_told_at_the_null_reverse_path_nor_who_asked_not_to_be() {
    let mut silent = envelope();
    silent.recipients.iter_mut().for_each(|recipient| recipient.notify = Notify::NEVER);
    for envelope in [Envelope { reverse_path: ReversePath::Null, ..envelope() }, silent] {
        let id = envelope.id;
        let room = Room::with(envelope, decision(&BOTH)).await;
        room.quarantine.give_back(id, &reviewer(), "reason").await.unwrap();
        assert_eq!(room.own_mail().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_nobody_judges_in_time_is_returned_and_never_sent() {
    let room = Room::holding(&BOTH).await;
    room.clock.advance(Duration::from_secs(14 * 86_400 - 1));
    assert_eq!(room.quarantine.expire().await.unwrap(), 0);
    room.clock.advance(Duration::from_secs(1));
    assert_eq!(room.quarantine.expire().await.unwrap(), 1);
    let record = room.store.show(envelope().id).await.unwrap();
    assert_eq!(record.summary.state, MessageState::Expired);
    assert_eq!(room.events().await, [(EventKind::Expired, "gateway".to_owned())]);
    assert_eq!(room.own_mail().await, ["ann@clinic.example"]);
    assert_eq!(room.quarantine.expire().await.unwrap(), 0, "once");
}

#[tokio::test]
async fn lists_and_stories_show_no_subject_and_an_export_is_accounted_for_first() {
    let room = Room::holding(&ONE).await;
    let listed = room.quarantine.list(None, 10).await.unwrap();
    assert_eq!(listed.len(), 1, "also while other recipients are queued");
    assert_eq!(listed[0].facts.subject, None);
    assert_eq!(room.quarantine.show(envelope().id).await.unwrap().summary.facts.subject, None);
    let content = room.quarantine.export(envelope().id, &reviewer(), "subpoena 12").await.unwrap();
    assert_eq!(content, CONTENT);
    assert_eq!(room.events().await, [(EventKind::Exported, "local:rita".to_owned())]);
}

#[tokio::test]
async fn reviewers_get_a_list_of_what_waits_and_nothing_when_nothing_does() {
    let room = Room::holding(&BOTH).await;
    room.quarantine.send_list().await.unwrap();
    assert_eq!(room.own_mail().await, ["privacy@clinic.example"]);
    room.quarantine.reject(envelope().id, &reviewer(), "reason").await.unwrap();
    room.quarantine.send_list().await.unwrap();
    assert_eq!(room.own_mail().await, ["ann@clinic.example", "privacy@clinic.example"], "only the sender's report");
}

/// Rules under which everything is decided alike.
struct Today(Decision);

#[async_trait]
impl Examine for Today {
    async fn examine(&self, _: &Envelope, content: Bytes) -> Decision {
        assert_eq!(content, CONTENT);
        self.0.clone()
    }
}

#[tokio::test]
async fn recheck_sends_what_todays_rules_let_go_at_the_level_they_ask() {
    let room = Room::holding(&BOTH).await;
    let today = Today(Decision { ruleset: "new".into(), ..decision(&ONE) });
    let all = Selection::default();
    let dry = room.quarantine.recheck(&all, Run::Dry, &reviewer(), &today).await.unwrap();
    assert_eq!((dry[0].released, dry[0].held, dry[0].level), (1, 1, Some(Level::TlsVerified)));
    assert_eq!(room.decision().await.ruleset, "old", "a dry run changes nothing");
    assert_eq!(room.events().await, []);
    let real = room.quarantine.recheck(&all, Run::Real, &reviewer(), &today).await.unwrap();
    assert_eq!(real, dry);
    let recipients = room.recipients().await;
    assert_eq!((recipients[0].state, recipients[1].state), (RecipientState::Held, RecipientState::Pending));
    assert_eq!(recipients[1].level, Level::TlsVerified);
    assert_eq!(room.decision().await.ruleset, "new");
    assert_eq!(room.events().await, [(EventKind::Rechecked, "local:rita".to_owned())]);
}

#[tokio::test]
async fn recheck_keeps_the_decision_of_those_who_were_not_held() {
    let room = Room::holding(&ONE).await;
    let today = Today(decision(&[Level::Tls, Level::Hold]));
    room.quarantine.recheck(&Selection::default(), Run::Real, &reviewer(), &today).await.unwrap();
    let recipients = room.recipients().await;
    assert_eq!((recipients[0].level, recipients[1].level), (Level::Tls, Level::TlsVerified));
    assert_eq!(room.decision().await.recipients[1].level, Level::TlsVerified);
}

#[tokio::test]
async fn recheck_takes_only_what_was_selected() {
    let room = Room::holding(&BOTH).await;
    let today = Today(decision(&[Level::Tls, Level::Tls]));
    let later = now() + jiff::SignedDuration::from_secs(1);
    for (rule, since, taken) in
        [(Some("phi.other"), None, 0), (None, Some(later), 0), (Some("phi.bulk"), Some(now()), 1)]
    {
        let selection = Selection { rule: rule.map(str::to_owned), since };
        let outcome = room.quarantine.recheck(&selection, Run::Dry, &reviewer(), &today).await.unwrap();
        assert_eq!(outcome.len(), taken, "{selection:?}");
    }
}
