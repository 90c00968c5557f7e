//! The same promises, asked of every backing.

use bytes::Bytes;
use waxseal::audit::EventKind;
use waxseal::mail::{Content, QueueId};
use waxseal::policy::{Revocation, Waiver};
use waxseal::store::{
    Arrival, MessageState, Query, RecipientState, Settlement, SourceKind, StoreError, stored_content,
};

use crate::mail::{at, backings, decided, domain, event, lease_all, message, new_id, settlement};
use crate::sample;

fn in_states(states: &[MessageState]) -> Query {
    Query { states: states.to_vec(), ..Query::default() }
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening_and_is_due() {
    for maker in backings() {
        let arrival = message(&["roe@there.example"], b"content");
        let id = arrival.envelope.id;
        maker.open().commit(arrival.clone()).await.unwrap();

        let store = maker.open();
        let leased = lease_all(&*store, at(0)).await;
        assert_eq!(leased.len(), 1);
        assert_eq!(*leased[0].envelope, arrival.envelope);
        assert_eq!(*leased[0].decision, arrival.decided.unwrap().decision);
        assert_eq!(leased[0].due.len(), 1);
        assert_eq!(store.read(id, &leased[0].content).await.unwrap(), Bytes::from_static(b"content"));
    }
}

#[tokio::test]
async fn content_of_any_size_is_read_back_whole() {
    for maker in backings() {
        let store = maker.open();
        for size in [0, 1, 4096, 128 * 1024, 128 * 1024 + 1, 1 << 20] {
            let content: Vec<u8> = (0..size).map(|at| (at % 253) as u8).collect();
            let arrival = message(&["roe@there.example"], &content);
            let id = arrival.envelope.id;
            store.commit(arrival).await.unwrap();
            let read = store.read(id, &stored_content(id, size as u64)).await.unwrap();
            assert!(read == content, "{size} octets");
        }
    }
}

#[tokio::test]
async fn spooled_content_is_read_before_and_after_its_commit() {
    for maker in backings() {
        let store = maker.open();
        let mut arrival = message(&["roe@there.example"], b"");
        let id = arrival.envelope.id;
        let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
        let mut spool = store.spool(id).await.unwrap();
        for piece in content.chunks(70_000) {
            spool.write(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        let spooled = spool.finish().await.unwrap();
        assert_eq!(spooled.size(), content.len() as u64);
        assert!(store.read(id, &spooled).await.unwrap() == content);
        arrival.content = spooled.clone();
        store.commit(arrival).await.unwrap();
        drop(store);
        assert!(maker.open().read(id, &spooled).await.unwrap() == content);
    }
}

#[tokio::test]
async fn a_lease_is_handed_out_once_until_it_is_settled() {
    for maker in backings() {
        let store = maker.open();
        store.commit(message(&["roe@there.example"], b"x")).await.unwrap();
        let leased = lease_all(&*store, at(0)).await;
        assert!(lease_all(&*store, at(0)).await.is_empty());
        store.settle(settlement(&leased[0], RecipientState::Deferred, Some(at(30)))).await.unwrap();
        assert!(lease_all(&*store, at(29)).await.is_empty());
        assert_eq!(store.next_due(&[]).await.unwrap(), Some(at(30)));
        assert_eq!(lease_all(&*store, at(30)).await[0].due[0].attempts, 1);
    }
}

#[tokio::test]
async fn a_message_committed_as_leased_is_not_handed_out_until_it_is_given_back_or_lost() {
    for maker in backings() {
        let store = maker.open();
        let arrival = Arrival { leased: true, ..message(&["roe@there.example", "doe@other.example"], b"x") };
        let id = arrival.envelope.id;
        store.commit(arrival).await.unwrap();
        assert!(lease_all(&*store, at(0)).await.is_empty());
        store.give_back(id, &[domain("there.example")]).await.unwrap();
        assert_eq!(lease_all(&*store, at(0)).await.len(), 1);
        drop(store);
        assert_eq!(lease_all(&*maker.open(), at(0)).await.len(), 2, "leases end with the process");
    }
}

#[tokio::test]
async fn recipients_of_one_domain_are_leased_together_and_of_two_apart() {
    for maker in backings() {
        let store = maker.open();
        store.commit(message(&["a@one.example", "b@two.example", "c@one.example"], b"x")).await.unwrap();
        let mut parts: Vec<usize> = lease_all(&*store, at(0)).await.iter().map(|leased| leased.due.len()).collect();
        parts.sort_unstable();
        assert_eq!(parts, [1, 2]);
    }
}

#[tokio::test]
async fn busy_and_suspended_domains_are_skipped() {
    for maker in backings() {
        let store = maker.open();
        for to in ["a@one.example", "b@two.example", "c@three.example"] {
            store.commit(message(&[to], b"x")).await.unwrap();
        }
        store.suspend(&domain("two.example"), None, vec![event(EventKind::QueueChanged, None)]).await.unwrap();
        let busy = [domain("one.example")];
        let leased = store.lease(at(0), 10, &busy).await.unwrap();
        assert_eq!(leased.len(), 1);
        assert_eq!(leased[0].due[0].address.domain(), &domain("three.example"));
        drop(store);
        let store = maker.open();
        assert_eq!(store.suspended().await.unwrap(), [(domain("two.example"), None)]);
        assert_eq!(lease_all(&*store, at(0)).await.len(), 2);
        store.resume(&domain("two.example"), vec![]).await.unwrap();
        assert_eq!(lease_all(&*store, at(0)).await.len(), 1);
    }
}

#[tokio::test]
async fn a_lease_shares_itself_among_domains() {
    for maker in backings() {
        let store = maker.open();
        for _ in 0..50 {
            store.commit(message(&["a@big.example"], b"x")).await.unwrap();
        }
        store.commit(message(&["b@small.example"], b"x")).await.unwrap();
        let leased = store.lease(at(0), 10, &[]).await.unwrap();
        assert!(leased.iter().any(|leased| leased.due[0].address.domain() == &domain("small.example")));
        assert!(leased.len() <= 10);
    }
}

#[tokio::test]
async fn a_settlement_brings_its_notification_in_the_same_step() {
    for maker in backings() {
        let store = maker.open();
        store.commit(message(&["roe@there.example"], b"x")).await.unwrap();
        let leased = lease_all(&*store, at(0)).await;
        let mut notice = message(&["ann@clinic.example"], b"notice");
        notice.facts.own = true;
        let settled =
            Settlement { own_mail: vec![notice.clone()], ..settlement(&leased[0], RecipientState::Failed, None) };
        store.settle(settled.clone()).await.unwrap();
        // Settled again, since the first answer was lost: nothing is doubled.
        store.settle(settled).await.unwrap();
        let due = lease_all(&*store, at(0)).await;
        assert_eq!(due.iter().map(|leased| leased.envelope.id).collect::<Vec<_>>(), [notice.envelope.id]);
        let state = store.show(leased[0].envelope.id).await.unwrap().summary.state;
        assert_eq!(state, MessageState::Returned);
    }
}

#[tokio::test]
async fn a_message_is_what_its_recipients_make_of_it() {
    for maker in backings() {
        let store = maker.open();
        let arrival = message(&["a@one.example", "b@two.example"], b"x");
        let id = arrival.envelope.id;
        store.commit(arrival).await.unwrap();
        let leased = lease_all(&*store, at(0)).await;
        store.settle(settlement(&leased[0], RecipientState::Sent, None)).await.unwrap();
        assert_eq!(store.show(id).await.unwrap().summary.state, MessageState::Queued);
        assert!(store.read(id, &stored_content(id, 1)).await.is_ok());
        store.settle(settlement(&leased[1], RecipientState::Sent, None)).await.unwrap();
        assert_eq!(store.show(id).await.unwrap().summary.state, MessageState::Delivered);
    }
}

#[tokio::test]
async fn settled_content_is_gone_and_its_record_stays() {
    for maker in backings() {
        let store = maker.open();
        for content in [vec![1; 100], vec![2; 200_000]] {
            let arrival = message(&["roe@there.example"], &content);
            let id = arrival.envelope.id;
            store.commit(arrival).await.unwrap();
            let leased = lease_all(&*store, at(0)).await;
            store.settle(settlement(&leased[0], RecipientState::Sent, None)).await.unwrap();
            let read = store.read(id, &leased[0].content).await;
            assert!(matches!(read, Err(StoreError::Damaged(_))), "{read:?}");
            let record = store.show(id).await.unwrap();
            assert_eq!(record.summary.facts.subject, None);
            assert_eq!(record.events.len(), 2, "the decision and the attempt");
        }
    }
}

#[tokio::test]
async fn a_scanning_message_is_found_decided_once_and_delivered() {
    for maker in backings() {
        let arrival = Arrival { decided: None, ..message(&["roe@there.example"], b"x") };
        let id = arrival.envelope.id;
        maker.open().commit(arrival.clone()).await.unwrap();
        let store = maker.open();
        assert!(lease_all(&*store, at(0)).await.is_empty());
        let scanning = store.scanning().await.unwrap();
        assert_eq!(scanning[0].0, arrival.envelope);
        assert_eq!(store.read(id, &scanning[0].1).await.unwrap(), Bytes::from_static(b"x"));
        let to = [arrival.envelope.recipients[0].address.clone()];
        store.decide(id, decided(&to, RecipientState::Pending)).await.unwrap();
        assert_eq!(lease_all(&*store, at(0)).await.len(), 1);
        let again = store.decide(id, decided(&to, RecipientState::Pending)).await;
        assert!(matches!(again, Err(StoreError::State(MessageState::Queued))), "{again:?}");
    }
}

#[tokio::test]
async fn a_held_message_waits_for_a_person_and_can_be_released() {
    for maker in backings() {
        let store = maker.open();
        let mut arrival = message(&["roe@there.example"], b"x");
        let to = [arrival.envelope.recipients[0].address.clone()];
        arrival.decided = Some(decided(&to, RecipientState::Held));
        let id = arrival.envelope.id;
        store.commit(arrival).await.unwrap();
        assert!(lease_all(&*store, at(0)).await.is_empty());
        let held = store.list(&in_states(&[MessageState::Held])).await.unwrap();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].facts.subject, None, "a list shows no subject");
        assert_eq!(store.show(id).await.unwrap().summary.facts.subject.as_deref(), Some("a subject"));
        let mut released = held[0].recipients.clone();
        released[0].state = RecipientState::Pending;
        released[0].next_attempt = Some(at(0));
        let change = Settlement { id, recipients: released, events: vec![], own_mail: vec![] };
        store.change(change, None).await.unwrap();
        assert_eq!(lease_all(&*store, at(0)).await.len(), 1);
    }
}

#[tokio::test]
async fn a_message_held_for_one_recipient_and_queued_for_another_is_in_both_lists() {
    for maker in backings() {
        let store = maker.open();
        let mut arrival = message(&["a@one.example", "b@two.example"], b"x");
        arrival.decided.as_mut().unwrap().states[0] = RecipientState::Held;
        store.commit(arrival).await.unwrap();
        for states in [MessageState::Held, MessageState::Queued] {
            assert_eq!(store.list(&in_states(&[states])).await.unwrap().len(), 1, "{states}");
        }
        let census = store.census().await.unwrap();
        assert_eq!((census.messages, census.held), (vec![(MessageState::Queued, 1)], 1));
        assert_eq!((census.oldest_queued, census.oldest_held), (Some(at(0)), Some(at(0))));
    }
}

#[tokio::test]
async fn what_is_on_lease_is_not_changed_or_deleted_by_others() {
    for maker in backings() {
        let store = maker.open();
        let arrival = message(&["roe@there.example"], b"x");
        let id = arrival.envelope.id;
        store.commit(arrival).await.unwrap();
        let leased = lease_all(&*store, at(0)).await;
        let change = settlement(&leased[0], RecipientState::Paused, None);
        assert!(matches!(store.change(change.clone(), None).await, Err(StoreError::Leased)));
        assert!(matches!(store.delete(id, vec![]).await, Err(StoreError::Leased)));
        store.give_back(id, &[domain("there.example")]).await.unwrap();
        store.change(change, None).await.unwrap();
        assert!(lease_all(&*store, at(0)).await.is_empty(), "paused");
        store.delete(id, vec![event(EventKind::Deleted, Some(id))]).await.unwrap();
        assert_eq!(store.show(id).await.unwrap().summary.state, MessageState::Deleted);
        assert!(matches!(store.delete(id, vec![]).await, Err(StoreError::State(MessageState::Deleted))));
        assert!(store.read(id, &stored_content(id, 1)).await.is_err());
    }
}

#[tokio::test]
async fn mail_is_found_by_address_message_id_and_time() {
    for maker in backings() {
        let store = maker.open();
        let arrival = message(&["Roe@there.example"], b"x");
        let id = arrival.envelope.id;
        store.commit(arrival).await.unwrap();
        store.commit(message(&["other@there.example"], b"x")).await.unwrap();
        let found = async |query: Query| -> Vec<QueueId> {
            store.list(&query).await.unwrap().iter().map(|summary| summary.id).collect()
        };
        assert_eq!(found(Query { to: Some("roe@".into()), ..Query::default() }).await, [id]);
        assert_eq!(found(Query { to: Some("ROE@There".into()), ..Query::default() }).await, [id], "in any case");
        assert_eq!(
            found(Query { to: Some("<roe@there.example>".into()), ..Query::default() }).await,
            [id],
            "as in a log"
        );
        assert!(found(Query { to: Some("\"roe".into()), ..Query::default() }).await.is_empty());
        assert_eq!(found(Query { message_id: Some(format!("<{id}@clinic.example>")), ..Query::default() }).await, [id]);
        assert_eq!(found(Query { from: Some("ann@clinic.example".into()), ..Query::default() }).await.len(), 2);
        assert_eq!(found(Query { since: Some(at(1)), ..Query::default() }).await.len(), 0);
        assert_eq!(found(Query { limit: Some(1), ..Query::default() }).await.len(), 1);
        assert!(matches!(store.show(crate::mail::new_id()).await, Err(StoreError::NotFound)));
    }
}

#[tokio::test]
async fn lists_stand_in_order_of_arrival_and_page_to_their_end() {
    for maker in backings() {
        let store = maker.open();
        let mut arrived = Vec::new();
        for _ in 0..5 {
            let arrival = message(&["roe@there.example"], b"x");
            arrived.push(arrival.envelope.id);
            store.commit(arrival).await.unwrap();
        }
        let mut paged: Vec<QueueId> = Vec::new();
        for _ in 0..4 {
            let query = Query { after: paged.last().copied(), limit: Some(2), ..Query::default() };
            paged.extend(store.list(&query).await.unwrap().iter().map(|summary| summary.id));
        }
        assert_eq!(paged, arrived);
        let gone = Query { after: Some(crate::mail::new_id()), ..Query::default() };
        assert!(store.list(&gone).await.unwrap().is_empty(), "a page after what isn't there is no first page");
    }
}

#[tokio::test]
async fn a_refusal_leaves_its_record_and_no_content() {
    for maker in backings() {
        let store = maker.open();
        let arrival = message(&["roe@there.example"], b"");
        let id = arrival.envelope.id;
        let mut spool = store.spool(id).await.unwrap();
        spool.write(Bytes::from(vec![1; 2_000_000])).await.unwrap();
        let content = spool.finish().await.unwrap();
        let decision = arrival.decided.unwrap().decision;
        store.record_refusal(&arrival.envelope, &decision, vec![event(EventKind::Refused, Some(id))]).await.unwrap();
        assert!(store.read(id, &content).await.is_err());
        let records = store.records(1, 10).await.unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].event().unwrap().kind, EventKind::Refused);
        let told = store.events(id).await.unwrap();
        assert_eq!(told.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::Refused]);
        assert!(store.events(new_id()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_account_is_one_whole_chain_across_restarts() {
    for maker in backings() {
        for _ in 0..3 {
            let store = maker.open();
            store.append(vec![event(EventKind::Started, None), event(EventKind::Reloaded, None)]).await.unwrap();
            store.commit(message(&["roe@there.example"], b"x")).await.unwrap();
        }
        let store = maker.open();
        assert_eq!(store.verify().await.unwrap().unwrap().seq, 9);
        let records = store.records(4, 2).await.unwrap();
        assert_eq!(records.iter().map(|record| record.seq).collect::<Vec<_>>(), [4, 5]);
    }
}

#[tokio::test]
async fn rulesets_are_kept_by_hash() {
    for maker in backings() {
        let store = maker.open();
        store.keep_source(SourceKind::Ruleset, "abc", "rules").await.unwrap();
        store.keep_source(SourceKind::Ruleset, "abc", "rules").await.unwrap();
        assert_eq!(store.source(SourceKind::Ruleset, "abc").await.unwrap().as_deref(), Some("rules"));
        assert_eq!(store.source(SourceKind::Configuration, "abc").await.unwrap(), None);
        // `trace` shows the first twelve digits; what two hashes begin with tells neither.
        for (hash, text) in [("0123456789abcdef", "first"), ("0123456789ffffff", "second")] {
            store.keep_source(SourceKind::Ruleset, hash, text).await.unwrap();
        }
        for (hash, expected) in
            [("0123456789ab", Some("first")), ("0123456789", None), ("0123456789abcdef", Some("first")), ("ab", None)]
        {
            assert_eq!(store.source(SourceKind::Ruleset, hash).await.unwrap().as_deref(), expected, "{hash}");
        }
    }
}

/// T242.
#[tokio::test]
async fn a_new_master_key_opens_all_that_was_sealed_before() {
    for maker in backings() {
        let store = maker.open();
        let mut ids = Vec::new();
        for size in [10, 300_000] {
            let arrival = message(&["roe@there.example"], &vec![9; size]);
            ids.push((arrival.envelope.id, size));
            store.commit(arrival).await.unwrap();
        }
        store.rotate_master(vec![event(EventKind::KeyChanged, None)]).await.unwrap();
        store.rotate_master(vec![]).await.unwrap();
        let reopened = async |store: std::sync::Arc<dyn waxseal::store::Store>| {
            for (id, size) in &ids {
                let content: Content = stored_content(*id, *size as u64);
                assert!(store.read(*id, &content).await.unwrap() == vec![9; *size]);
            }
            assert!(store.verify().await.unwrap().is_ok());
        };
        reopened(store).await;
        reopened(maker.open()).await;
    }
}

/// T024.
#[tokio::test]
async fn a_clock_set_back_ten_days_stops_no_retry() {
    for maker in backings() {
        let store = maker.open();
        store.commit(message(&["roe@there.example"], b"x")).await.unwrap();
        let leased = lease_all(&*store, at(0)).await;
        store.settle(settlement(&leased[0], RecipientState::Deferred, Some(at(600)))).await.unwrap();
        maker.clock().set(at(-864_000));
        assert_eq!(lease_all(&*store, at(-864_000)).await.len(), 1);
    }
}

#[tokio::test]
async fn commits_that_come_together_are_all_kept() {
    for maker in backings() {
        let store = maker.open();
        let tasks: Vec<_> = (0..300)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.commit(message(&["roe@there.example"], &[5; 4096])).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        drop(store);
        assert_eq!(lease_all(&*maker.open(), at(0)).await.len(), 300);
    }
}

#[tokio::test]
async fn the_same_id_is_committed_once() {
    for maker in backings() {
        let store = maker.open();
        let arrival = message(&["roe@there.example"], b"x");
        store.commit(arrival.clone()).await.unwrap();
        assert!(store.commit(arrival).await.is_err());
        store.commit(message(&["roe@there.example"], b"y")).await.unwrap();
        assert_eq!(lease_all(&*store, at(0)).await.len(), 2);
    }
}

#[tokio::test]
async fn waivers_are_found_by_mailbox_kept_for_good_and_changed_in_place() {
    for maker in backings() {
        let (jane, bob) = ("jane@home.example".parse().unwrap(), "bob@home.example".parse().unwrap());
        let store = maker.open();
        assert_eq!(store.waivers_of(&[&jane]).await.unwrap(), []);
        let waiver = sample::waiver;
        let kept =
            [waiver("w2", "jane@home.example"), waiver("w1", "jane@home.example"), waiver("w3", "roe@home.example")];
        let event = || vec![event(EventKind::WaiverChanged, None)];
        store.keep_waivers(kept.to_vec(), event()).await.unwrap();
        drop(store);

        let store = maker.open();
        assert_eq!(store.waivers_of(&[&bob]).await.unwrap(), []);
        assert_eq!(store.waivers_of(&[&bob, &jane]).await.unwrap(), kept[..2]);
        assert_eq!(store.waivers(None, 2).await.unwrap(), kept[..2]);
        assert_eq!(store.waivers(Some("w1"), 2).await.unwrap(), kept[2..]);
        assert_eq!(store.waivers(Some("w9"), 2).await.unwrap(), []);
        let revoked = Revocation { at: at(5), by: "local:ann".into(), reason: "asked".into() };
        let revoked = Waiver { revoked: Some(revoked), ..kept[0].clone() };
        store.keep_waivers(vec![revoked.clone()], event()).await.unwrap();
        assert_eq!(store.waiver("w2").await.unwrap(), Some(revoked.clone()));
        assert_eq!(store.waiver("w9").await.unwrap(), None);
        assert_eq!(store.waivers(None, 9).await.unwrap(), [revoked, kept[1].clone(), kept[2].clone()]);
        let records = store.records(0, 100).await.unwrap();
        assert_eq!(
            records
                .iter()
                .filter(|record| record.event().is_ok_and(|event| event.kind == EventKind::WaiverChanged))
                .count(),
            2
        );
    }
}
