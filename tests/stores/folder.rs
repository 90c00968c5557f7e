//! What lies in `data_dir`: sealed, private, swept, and refused where it must be.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use rusqlite::Connection;
use waxseal::keys::Source;
use waxseal::store::{Account, Arrival, Arrivals, Deliveries, Holds, RecipientState, StoreError, stored_content};

use crate::mail::{InFolder, at, lease_all, message, settlement};

const CANARY: &str = "Canary Roe, SSN 219-09-6781, metastatic carcinoma";

fn files(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn holds(below: &Path, needle: &[u8]) -> Option<PathBuf> {
    let contains = |path: &PathBuf| std::fs::read(path).unwrap().windows(needle.len()).any(|part| part == needle);
    files(below).into_iter().find(contains)
}

/// T240, T243.
#[tokio::test]
async fn no_file_holds_content_or_subject_in_any_encoding() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    let small = format!("Subject: x\r\n\r\n{CANARY}\r\n").into_bytes();
    let large = small.repeat(20_000);
    for content in [&small, &large] {
        let mut arrival = message(&["roe@there.example"], content);
        arrival.facts.subject = Some(CANARY.to_owned());
        store.commit(arrival).await.unwrap();
    }
    let mut spool = store.spool(crate::mail::new_id()).await.unwrap();
    spool.write(Bytes::from(large)).await.unwrap();

    let utf16: Vec<u8> = CANARY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let base64 = BASE64_STANDARD.encode(CANARY);
    for needle in [CANARY.as_bytes(), &base64.as_bytes()[..40], &utf16, &CANARY.as_bytes()[..10]] {
        assert_eq!(holds(&place.dir(), needle), None);
    }
}

/// T240: deleting the wrapped key destroys the content, so no copy of that key may stay.
#[tokio::test]
async fn a_settled_messages_key_is_gone_from_database_and_log() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    for size in [100, 200_000] {
        store.commit(message(&["roe@there.example"], &vec![b'x'; size])).await.unwrap();
    }
    let keys: Vec<Vec<u8>> = {
        let db = Connection::open(place.dir().join("store.db")).unwrap();
        let mut query = db.prepare("SELECT wrapped FROM body_key").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| holds(&place.dir(), key).is_some()));
    for leased in lease_all(&*store, at(0)).await {
        store.settle(settlement(&leased, RecipientState::Sent, None)).await.unwrap();
    }
    drop(store);
    for key in keys {
        assert_eq!(holds(&place.dir(), &key), None);
    }
    assert_eq!(files(&place.dir().join("bodies")), Vec::<PathBuf>::new());
}

/// T269.
#[tokio::test]
async fn every_file_is_private() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    store.commit(message(&["roe@there.example"], &vec![0; 500_000])).await.unwrap();
    assert!(files(&place.dir()).len() >= 5);
    for path in files(&place.dir()) {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

/// T038.
#[tokio::test]
async fn a_second_store_on_one_folder_is_refused() {
    let place = InFolder::new();
    let _first = place.try_open().unwrap();
    assert!(matches!(place.try_open(), Err(StoreError::Locked(_))));
}

/// T244.
#[tokio::test]
async fn a_lost_or_wrong_master_key_is_refused_and_none_is_made_in_its_place() {
    let place = InFolder::new();
    drop(place.try_open().unwrap());
    let (key, kept) = (place.dir().join("master.key"), place.folder.path().join("kept"));
    std::fs::rename(&key, &kept).unwrap();
    let Err(StoreError::Key(why)) = place.try_open() else { panic!("the key is lost") };
    assert!(why.contains("put it back") && !key.exists(), "{why}");
    Source::File(key.clone()).load(waxseal::keys::Absent::Make).unwrap();
    let Err(StoreError::Key(why)) = place.try_open() else { panic!("the key is another") };
    assert!(why.contains("sealed with"), "{why}");
    std::fs::rename(&kept, &key).unwrap();
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let Err(StoreError::Key(why)) = place.try_open() else { panic!("the key is open to others") };
    assert!(why.contains("0644"), "{why}");
}

/// T034.
#[tokio::test]
async fn a_store_written_by_a_newer_program_is_refused() {
    let place = InFolder::new();
    drop(place.try_open().unwrap());
    Connection::open(place.dir().join("store.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(place.try_open(), Err(StoreError::TooNew(99))));
}

/// T242: whenever a rotation is cut short, all is readable, and the next start finishes it.
#[tokio::test]
async fn a_rotation_cut_short_is_finished_at_the_next_start() {
    let place = InFolder::new();
    let arrival = message(&["roe@there.example"], b"content");
    let id = arrival.envelope.id;
    let store = place.try_open().unwrap();
    store.commit(arrival).await.unwrap();
    drop(store);
    // As if killed right after the new key was put before the old one.
    let source = Source::File(place.dir().join("master.key"));
    let before = source.load(waxseal::keys::Absent::Refuse).unwrap();
    source.store(&before.with_new().unwrap()).unwrap();
    let store = place.try_open().unwrap();
    assert_eq!(store.read(id, &stored_content(id, 7)).await.unwrap(), Bytes::from_static(b"content"));
    let after = source.load(waxseal::keys::Absent::Refuse).unwrap();
    assert!(!after.knows(before.current()), "the old key is no longer kept");
    drop(store);
    assert!(place.try_open().is_ok());
}

#[tokio::test]
async fn files_that_no_commit_names_are_swept_at_start() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    store.commit(message(&["roe@there.example"], &vec![0; 200_000])).await.unwrap();
    drop(store);
    let bodies = place.dir().join("bodies");
    for stray in [crate::mail::new_id().to_string(), "0123.part".to_owned(), "else".to_owned()] {
        std::fs::write(bodies.join(stray), b"stray").unwrap();
    }
    drop(place.try_open().unwrap());
    assert_eq!(files(&bodies).len(), 1);
}

#[tokio::test]
async fn a_spool_that_is_dropped_or_discarded_leaves_nothing() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    let mut spool = store.spool(crate::mail::new_id()).await.unwrap();
    spool.write(Bytes::from(vec![1; 600_000])).await.unwrap();
    drop(spool);
    let spool = store.spool(crate::mail::new_id()).await.unwrap();
    let content = spool.finish().await.unwrap();
    store.discard(&content).await;
    assert_eq!(files(&place.dir().join("bodies")), Vec::<PathBuf>::new());
}

/// T247.
#[tokio::test]
async fn the_account_tells_when_its_tail_was_cut_or_a_record_changed() {
    let place = InFolder::new();
    for (statement, fault) in [
        ("UPDATE event SET text = replace(text, 'gateway', 'nobody') WHERE seq = 2", "record 2"),
        ("DELETE FROM event WHERE seq = 3", "record 3"),
    ] {
        let store = place.try_open().unwrap();
        store.append(vec![crate::mail::event(waxseal::audit::EventKind::Started, None); 3]).await.unwrap();
        assert!(store.verify().await.unwrap().is_ok());
        drop(store);
        let path = place.dir().join("store.db");
        let kept = std::fs::read(&path).unwrap();
        Connection::open(&path).unwrap().execute(statement, []).unwrap();
        let found = place.try_open().unwrap().verify().await.unwrap().unwrap_err();
        assert!(found.to_string().starts_with(fault), "{found}");
        std::fs::write(&path, kept).unwrap();
    }
}

/// Rate and start are unchanged with many messages queued; the full count is in the bench.
#[tokio::test]
async fn a_lease_does_not_grow_with_the_queue() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..3000 {
        let store = store.clone();
        let to = format!("roe@d{}.example", number % 30);
        tasks.spawn(async move { store.commit(message(&[&to], b"x")).await.unwrap() });
    }
    tasks.join_all().await;
    drop(store);
    let started = Instant::now();
    let store = place.try_open().unwrap();
    let leased = store.lease(at(0), 100, &[]).await.unwrap();
    assert_eq!(leased.len(), 100);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let domains: std::collections::HashSet<_> =
        leased.iter().map(|leased| leased.due[0].address.domain().clone()).collect();
    assert!(domains.len() >= 25, "all domains have their share: {}", domains.len());
    assert!(store.list(&waxseal::store::Query { limit: Some(5), ..Default::default() }).await.unwrap().len() == 5);
}

/// T037: however many deliveries read at once, few threads and connections do it for them.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_readers_share_a_few_connections() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    let arrival = message(&["roe@there.example"], b"x");
    let id = arrival.envelope.id;
    store.commit(arrival).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let store = store.clone();
        tasks.spawn(async move { store.read(id, &stored_content(id, 1)).await.unwrap() });
    }
    let database = place.dir().join("store.db");
    let open = || {
        let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        descriptors.filter(|one| std::fs::read_link(one.path()).is_ok_and(|file| file == database)).count()
    };
    let mut most = 0;
    while tasks.try_join_next().is_some() || !tasks.is_empty() {
        most = most.max(open());
        tokio::task::yield_now().await;
    }
    assert!((2..=12).contains(&most), "{most} connections");
}

/// T037: what was on lease when the process was killed is found page by page, all of it.
#[tokio::test]
async fn whatever_was_on_lease_is_found_again_however_much_it_is() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..2500 {
        let store = store.clone();
        let to = format!("roe@d{}.example", number % 30);
        tasks.spawn(async move { store.commit(Arrival { leased: true, ..message(&[&to], b"x") }).await.unwrap() });
    }
    tasks.join_all().await;
    assert!(lease_all(&*store, at(0)).await.is_empty());
    drop(store);
    let store = place.try_open().unwrap();
    assert_eq!(store.lease(at(0), 3000, &[]).await.unwrap().len(), 2500);
}
