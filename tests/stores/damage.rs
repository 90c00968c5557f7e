//! Damage on the disk: what is hit is refused or held, the rest goes on, nothing goes out altered.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::Connection;
use waxseal::mail::QueueId;
use waxseal::store::embedded::Embedded;
use waxseal::store::{Account, Arrivals, Consents, Deliveries, Holds, MessageState, Query, StoreError, stored_content};

use crate::mail::{InFolder, at, domain, lease_all, message, new_id, open_at};
use crate::sample;

/// T007.
#[tokio::test]
async fn swapped_bodies_and_replayed_keys_are_noticed() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    let mut ids = Vec::new();
    for size in [200_000, 200_000, 100, 100] {
        let arrival = message(&["roe@there.example"], &vec![b'x'; size]);
        ids.push((arrival.envelope.id, size as u64));
        store.commit(arrival).await.unwrap();
    }
    drop(store);
    let file = |number: usize| place.dir().join("bodies").join(ids[number].0.to_string());
    let (first, second) = (std::fs::read(file(0)).unwrap(), std::fs::read(file(1)).unwrap());
    std::fs::write(file(0), second).unwrap();
    std::fs::write(file(1), first).unwrap();
    Connection::open(place.dir().join("store.db"))
        .unwrap()
        .execute_batch(
            "UPDATE body SET sealed = (SELECT sealed FROM body AS other WHERE other.seq = 4) WHERE seq = 3;
             UPDATE body_key SET wrapped = (SELECT wrapped FROM body_key AS other WHERE other.seq = 4) WHERE seq = 3;",
        )
        .unwrap();
    let store = place.try_open().unwrap();
    for (id, size) in &ids[..3] {
        let read = store.read(*id, &stored_content(*id, *size)).await;
        assert!(matches!(read, Err(StoreError::Damaged(_))), "{read:?}");
    }
    assert!(store.read(ids[3].0, &stored_content(ids[3].0, 100)).await.is_ok(), "the others go on");
}

/// T006: also before it was decided.
#[tokio::test]
async fn a_changed_row_of_an_undecided_message_is_held() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    let arrival = sample::undecided(new_id(), &["roe@there.example"], b"x", at(0));
    let id = arrival.envelope.id;
    store.commit(arrival).await.unwrap();
    Connection::open(place.dir().join("store.db"))
        .unwrap()
        .execute("UPDATE message SET envelope = replace(envelope, 'roe@there', 'eve@there')", [])
        .unwrap();
    assert!(store.scanning().await.unwrap().is_empty());
    let listed = store.list(&Query { states: vec![MessageState::Held], ..Query::default() }).await.unwrap();
    assert_eq!(listed.iter().map(|summary| summary.id).collect::<Vec<_>>(), [id]);
    store.delete(id, Vec::new()).await.expect("all that is left to do with it");
}

/// T006: SQLite would hand a changed address out as if it were right.
#[tokio::test]
async fn a_changed_row_is_held_and_never_leased() {
    for change in [
        "UPDATE message SET envelope = replace(envelope, 'roe@there', 'eve@there') WHERE seq = 1",
        "UPDATE message SET decision = replace(decision, 'tls-verified', 'opportunistic') WHERE seq = 1",
        "UPDATE standing SET recipients = replace(recipients, 'roe@there', 'eve@there') WHERE seq = 1",
        "UPDATE message SET facts = x'ff' WHERE seq = 1",
    ] {
        let place = InFolder::new();
        let store = place.try_open().unwrap();
        let (hit, other) = (message(&["roe@there.example"], b"x"), message(&["roe@there.example"], b"y"));
        let (hit_id, other_id) = (hit.envelope.id, other.envelope.id);
        store.commit(hit).await.unwrap();
        store.commit(other).await.unwrap();
        Connection::open(place.dir().join("store.db")).unwrap().execute(change, []).unwrap();
        let leased: Vec<QueueId> = lease_all(&*store, at(0)).await.iter().map(|leased| leased.envelope.id).collect();
        assert_eq!(leased, [other_id], "{change}");
        let held = store.list(&Query { states: vec![MessageState::Held], ..Query::default() }).await.unwrap();
        assert_eq!(held.iter().map(|held| held.id).collect::<Vec<_>>(), [hit_id], "{change}");
        store.delete(hit_id, vec![]).await.unwrap();
        assert!(store.verify().await.unwrap().is_ok());
    }
}

fn files(below: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&file, &target).unwrap();
    }
    for folder in [to.to_owned(), to.join("bodies")] {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    }
}

/// T006: bits flipped all over the folder. Every outcome is a clear refusal or intact mail.
#[tokio::test]
async fn after_any_flipped_bit_mail_is_whole_or_not_sent() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    let mut sent = Vec::new();
    for number in 0..12_usize {
        let content = vec![number as u8; if number % 4 == 0 { 150_000 } else { 3000 }];
        let to = format!("roe{number}@there.example");
        let arrival = message(&[&to], &content);
        sent.push((arrival.envelope.clone(), content));
        store.commit(arrival).await.unwrap();
    }
    drop(store);
    let mut step = 7_usize;
    for file in files(&place.dir()) {
        let length = std::fs::metadata(&file).unwrap().len() as usize;
        if length == 0 || file.ends_with("lock") || file.ends_with("reserve") {
            continue;
        }
        for _ in 0..12 {
            step = step.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let spot = (step >> 20) % length;
            let hurt = tempfile::tempdir().unwrap();
            let dir = hurt.path().join("var");
            copy(&place.dir(), &dir);
            let path = dir.join(file.strip_prefix(place.dir()).unwrap());
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[spot] ^= 1 << (step % 8);
            std::fs::write(&path, bytes).unwrap();
            if let Ok(store) = open_at(&dir, place.clock.clone()) {
                check_whole(&store, &sent).await;
            }
        }
    }
}

/// Whatever is handed out is exactly what was committed.
async fn check_whole(store: &Arc<Embedded>, sent: &[(waxseal::mail::Envelope, Vec<u8>)]) {
    let Ok(leased) = store.lease(at(0), 100, &[]).await else { return };
    for leased in leased {
        let (envelope, content) = sent.iter().find(|(envelope, _)| envelope.id == leased.envelope.id).unwrap();
        assert_eq!(*leased.envelope, *envelope);
        assert_eq!(leased.due[0].address, envelope.recipients[0].address);
        match store.read(envelope.id, &leased.content).await {
            Ok(read) => assert!(read == Bytes::copy_from_slice(content)),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        let _ = store.give_back(envelope.id, &[domain("there.example")]).await;
    }
}

/// Consent lowers what mail must have: only a row that we wrote gives it.
#[tokio::test]
async fn a_waiver_that_somebody_else_wrote_or_changed_does_not_hold() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    let kept = vec![sample::waiver("w1", "jane@home.example"), sample::waiver("w2", "roe@home.example")];
    store.keep_waivers(kept.clone(), Vec::new()).await.unwrap();
    drop(store);
    Connection::open(place.dir().join("store.db"))
        .unwrap()
        .execute_batch(
            "INSERT INTO waiver (id, address, text, mark) SELECT 'w3', address, replace(text, 'w2', 'w3'), mark FROM waiver WHERE id = 'w2';
             UPDATE waiver SET address = 'eve@home.example', text = replace(text, 'jane@', 'eve@') WHERE id = 'w1';",
        )
        .unwrap();
    let store = place.try_open().unwrap();
    let of = ["jane@home.example", "eve@home.example", "roe@home.example"].map(|address| address.parse().unwrap());
    assert_eq!(store.waivers_of(&[&of[0], &of[1], &of[2]]).await.unwrap(), kept[1..]);
    assert_eq!(store.waivers(None, 9).await.unwrap(), kept[1..]);
}
