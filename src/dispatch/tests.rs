//! The room's stories: what becomes of mail behind hops of every kind.

mod desk;

use jiff::Timestamp;
use prometheus::Registry;

use super::*;
use crate::deliver::tests::certificates::Authority;
use crate::deliver::tests::sink::{SILENCE, Sink, sink};
use crate::deliver::{self, Ports};
use crate::mail::{Address, QueueId, ReversePath};
use crate::policy::{Decision, Level, Verdict};
use crate::queue;
use crate::sample;
use crate::store::embedded::{self, Embedded};
use crate::store::{self, MessageState, RecipientState, Record};
use crate::world::fake::{FakeClock, FakeDialer, FakeRandom, FakeResolver};
use desk::{Desk, address, message};

fn attempts(record: &Record) -> Vec<&Event> {
    record.events.iter().filter(|event| event.kind == EventKind::Attempted).collect()
}

#[tokio::test]
async fn mail_is_sent_settled_and_accounted_for() {
    let authority = Authority::new();
    let desk = Desk::open(&authority).await;
    let hop = sink().tls(authority.server(&["mx.lab.test"])).build();
    desk.hop("lab", &hop);
    let id = desk.take(message(&[("a@lab.test", Level::TlsVerified)], Verdict::Phi)).await;
    let record = desk.delivered(id).await;
    let mails = hop.mails();
    assert_eq!((mails.len(), mails[0].encrypted), (1, true));
    let text = String::from_utf8(mails[0].content.clone()).unwrap();
    assert!(text.starts_with("Received: from client ([192.0.2.1])\r\n") && text.ends_with("\r\n\r\nhello\r\n"));
    assert!(text.contains(&format!("X-Waxseal-Id: {id}\r\n")));
    let attempts = attempts(&record);
    assert_eq!(attempts.len(), 1);
    for (name, value) in [
        ("recipient", "a@lab.test"),
        ("level", "tls-verified"),
        ("result", "sent"),
        ("proved", "tls-verified"),
        ("basis", "mx-name"),
        ("tls", "TLSv1.3"),
        ("host", "mx.lab.test [192.0.2.2]:25"),
    ] {
        assert_eq!(attempts[0].detail[name], value, "{name}");
    }
    assert_eq!(desk.count("waxseal_deliveries_total", &[("method", "transport"), ("result", "sent")]), 1);
    assert_eq!(desk.count("waxseal_phi_unprotected_total", &[]), 0);
}

/// Promise 1: PHI waits for a hop that reaches its level, through every rung, and then goes.
#[tokio::test]
async fn what_the_hop_cannot_protect_waits_until_it_can() {
    let authority = Authority::new();
    let desk = Desk::open(&authority).await;
    let clear = sink().build();
    desk.hop("lab", &clear);
    let id = desk.take(message(&[("a@lab.test", Level::TlsVerified)], Verdict::Phi)).await;
    let record = desk.deferred(id, 1).await;
    assert_eq!(record.summary.recipients[0].last_reply.as_deref(), Some("4.7.5 TLS is not offered"));
    for attempt in 2..=4 {
        desk.pass(30);
        desk.deferred(id, attempt).await;
    }
    let record = desk.store.show(id).await.unwrap();
    assert_eq!(record.summary.recipients[0].method, Method::Wait, "patience is over");
    assert!(!clear.saw("MAIL"));

    desk.hop("lab", &sink().tls(authority.server(&["mx.lab.test"])).build());
    desk.pass(60);
    desk.delivered(id).await;
    assert_eq!(desk.count("waxseal_phi_unprotected_total", &[]), 0);
}

/// T112: each recipient is held to its own level.
#[tokio::test]
async fn recipients_of_one_message_end_differently() {
    let authority = Authority::new();
    let desk = Desk::open(&authority).await;
    let clear = sink().build();
    desk.hop("lab", &clear);
    desk.hop("clinic", &clear);
    let to =
        [("a@lab.test", Level::Opportunistic), ("b@lab.test", Level::Tls), ("c@clinic.test", Level::Opportunistic)];
    let id = desk.take(message(&to, Verdict::Clean)).await;
    let record =
        desk.until(id, |record| record.summary.recipients.iter().all(|due| due.state != RecipientState::Pending)).await;
    let states: Vec<RecipientState> = record.summary.recipients.iter().map(|due| due.state).collect();
    assert_eq!(states, [RecipientState::Sent, RecipientState::Deferred, RecipientState::Sent]);
    let sent: Vec<Vec<String>> = clear.mails().into_iter().map(|mail| mail.to).collect();
    assert!(sent.contains(&vec!["a@lab.test".to_owned()]) && sent.contains(&vec!["c@clinic.test".to_owned()]));
    assert_eq!(sent.len(), 2);
}

/// Domains behind one next hop: its recipients share a transaction, at first and when they are
/// tried again; who goes another way has one of its own.
#[tokio::test]
async fn recipients_behind_one_next_hop_share_a_transaction() {
    let authority = Authority::new();
    let smarthost = deliver::Route {
        domains: vec!["lab.test".parse().unwrap(), "clinic.test".parse().unwrap()],
        next_hops: vec![format!("{}:25", address("lab")).parse().unwrap()],
        ..deliver::Route::default()
    };
    let desk = Desk::open_with(&authority, vec![smarthost]).await;
    let busy = sink().on("DATA", "451 4.3.0 later\r\n").build();
    desk.hop("lab", &busy);
    let alone = sink().build();
    desk.hop("slow", &alone);
    let level = Level::Opportunistic;
    let to = [("a@lab.test", level), ("b@clinic.test", level), ("c@slow.test", level), ("d@lab.test", level)];
    let id = desk.take(message(&to, Verdict::Clean)).await;
    desk.deferred(id, 1).await;
    desk.until(id, |record| record.summary.recipients[2].state == RecipientState::Sent).await;
    assert_eq!(busy.seen().iter().filter(|line| line.starts_with("MAIL")).count(), 1);

    let hop = sink().build();
    desk.hop("lab", &hop);
    desk.pass(1);
    let record = desk.delivered(id).await;
    let sent: Vec<Vec<String>> = hop.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(sent, [["a@lab.test", "b@clinic.test", "d@lab.test"]]);
    assert_eq!(alone.mails().len(), 1);
    assert_eq!(attempts(&record).len(), 7);
}

/// Promise 3, where one message goes both ways: what is made ready once for several hops is not what an internal one sees.
#[tokio::test]
async fn only_the_internal_hop_of_a_message_sees_its_verdict() {
    let authority = Authority::new();
    let inside = deliver::Route {
        domains: vec!["clinic.test".parse().unwrap()],
        next_hops: vec![format!("{}:25", address("clinic")).parse().unwrap()],
        internal: true,
        ..deliver::Route::default()
    };
    let desk = Desk::open_with(&authority, vec![inside]).await;
    let hops = ["lab", "clinic", "slow"].map(|domain| {
        let hop = sink().build();
        desk.hop(domain, &hop);
        hop
    });
    let level = Level::Opportunistic;
    let to = [("a@lab.test", level), ("b@clinic.test", level), ("c@slow.test", level)];
    let id = desk.take(message(&to, Verdict::Sensitive)).await;
    desk.delivered(id).await;
    let sees = hops.map(|hop| contains(&hop.mails()[0].content, "X-Waxseal-Verdict: sensitive\r\n"));
    assert_eq!(sees, [false, true, false]);
}

/// T022: a hop that greylists gets the mail once, and is asked ever more rarely.
#[tokio::test]
async fn greylisting_is_sat_out_with_growing_pauses() {
    let authority = Authority::new();
    let desk = Desk::open(&authority).await;
    let later = "451 4.7.1 greylisted, come back later";
    let grey = sink().once("RCPT", later).once("RCPT", later).once("RCPT", later).build();
    desk.hop("lab", &grey);
    let id = desk.take(message(&[("a@lab.test", Level::Opportunistic)], Verdict::Clean)).await;
    let mut pauses = Vec::new();
    for attempt in 1..=3 {
        let record = desk.deferred(id, attempt).await;
        let pause = record.summary.recipients[0].next_attempt.unwrap().duration_since(desk.clock.now());
        pauses.push(pause);
        desk.pass(u64::try_from(pause.as_secs()).unwrap() / 60 + 1);
    }
    assert!(pauses.is_sorted_by(|a, b| a < b), "{pauses:?}");
    desk.delivered(id).await;
    assert_eq!(grey.mails().len(), 1);
}

/// `observe_until`: the best TLS offered, whatever was decided; and it is counted.
#[tokio::test]
async fn an_observed_decision_does_not_hold_mail_back() {
    let authority = Authority::new();
    let desk = Desk::open(&authority).await;
    let clear = sink().build();
    desk.hop("lab", &clear);
    let mut arrival = message(&[("a@lab.test", Level::TlsVerified)], Verdict::Phi);
    arrival.decided.as_mut().unwrap().decision.observed = true;
    let id = desk.take(arrival).await;
    desk.delivered(id).await;
    assert_eq!(desk.count("waxseal_phi_unprotected_total", &[]), 1);
}

/// T113: a rung that can't be taken is not a way to send weaker: the next rung's turn comes.
#[tokio::test]
async fn a_method_that_is_not_there_sends_nothing() {
    let authority = Authority::new();
    let desk = Desk::open(&authority).await;
    let hop = sink().tls(authority.server(&["mx.lab.test"])).build();
    desk.hop("lab", &hop);
    let mut arrival = message(&[("a@lab.test", Level::Message)], Verdict::Phi);
    arrival.decided.as_mut().unwrap().decision.recipients[0].ladder = vec![Method::Portal, Method::Hold];
    let id = desk.take(arrival).await;
    desk.deferred(id, 1).await;
    desk.pass(30);
    desk.until(id, |record| record.summary.state == MessageState::Held).await;
    assert!(hop.mails().is_empty());
    assert_eq!(*desk.told.0.lock().unwrap(), [(id, "a@lab.test".to_owned())], "whoever must act learns at once");
}

/// A stored message that is not as it was accepted is held and reported, never sent.
#[tokio::test]
async fn damaged_content_is_held_and_reported() {
    let authority = Authority::new();
    let desk = Desk::open(&authority).await;
    let mut arrival = message(&[("a@lab.test", Level::Tls)], Verdict::Clean);
    let large = [b"From: ann@clinic.test\r\n\r\n".to_vec(), b"0123456789abcdef\r\n".repeat(40_000)].concat();
    arrival.content = Content::Memory(large.into());
    let id = desk.take(arrival).await;
    desk.deferred(id, 1).await;
    damage_files(&desk.folder.path().join("var"));
    let (hop, postmaster) = (sink().tls(authority.server(&["mx.lab.test"])).build(), sink().build());
    desk.hop("lab", &hop);
    desk.hop("clinic", &postmaster);
    desk.pass(30);
    let record = desk.until(id, |record| record.summary.state == MessageState::Held).await;
    for kind in [EventKind::Damaged, EventKind::Held] {
        assert!(record.events.iter().any(|event| event.kind == kind), "{kind:?}");
    }
    assert!(record.summary.recipients[0].is_damaged());
    assert_eq!(*desk.told.0.lock().unwrap(), [(id, "a@lab.test".to_owned())]);
    let waiting = async {
        while postmaster.mails().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the postmaster is told");
    assert!(String::from_utf8_lossy(&postmaster.mails()[0].content).contains(&id.to_string()));
    assert!(hop.mails().is_empty());
}

/// Changes a byte in the middle of each large body.
fn damage_files(below: &std::path::Path) {
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            damage_files(&path);
        } else if path.components().any(|part| part.as_os_str() == "bodies") {
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }
    }
}

/// T043: a peer that never answers costs other domains nothing.
#[tokio::test]
async fn a_slow_domain_stalls_no_other() {
    let authority = Authority::new();
    let desk = Desk::open(&authority).await;
    desk.hop("slow", &sink().on("MAIL", SILENCE).build());
    let quick = sink().build();
    desk.hop("lab", &quick);
    for _ in 0..100 {
        desk.take(message(&[("a@slow.test", Level::Opportunistic)], Verdict::Clean)).await;
    }
    let id = desk.take(message(&[("a@lab.test", Level::Opportunistic)], Verdict::Clean)).await;
    desk.delivered(id).await;
    desk.stop.cancel();
}

#[tokio::test]
async fn stopping_waits_for_what_is_under_way() {
    let authority = Authority::new();
    let desk = Desk::open(&authority).await;
    let hop = sink().build();
    desk.hop("lab", &hop);
    let mut ids = Vec::new();
    for _ in 0..50 {
        ids.push(desk.take(message(&[("a@lab.test", Level::Opportunistic)], Verdict::Clean)).await);
    }
    desk.delivered(ids[0]).await;
    desk.stop.cancel();
    desk.running.await.unwrap();
    for id in ids {
        let record = desk.store.show(id).await.unwrap();
        let sent = hop.mails().iter().filter(|mail| contains(&mail.content, &id.to_string())).count();
        assert_eq!(sent, usize::from(record.summary.state == MessageState::Delivered), "sent and settled, or neither");
    }
}

fn contains(content: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(content).contains(text)
}
