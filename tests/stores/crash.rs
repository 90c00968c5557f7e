//! Crashes: whatever moment the disk is seen at, every message that was acknowledged by then is there.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use waxseal::mail::QueueId;
use waxseal::store::{Account, Arrival, Arrivals, Deliveries, MessageState, RecipientState, stored_content};

use crate::mail::{InFolder, at, lease_all, message, open_at, settlement};

/// Copies the folder as a power cut would leave it: database and log as they are at this moment.
/// The log last, so that it is never older than the database it belongs to.
fn image(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.join("bodies")).unwrap();
    for folder in [to.to_owned(), to.join("bodies")] {
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o700)).unwrap();
    }
    for name in ["master.key", "store.db", "store.db-wal"] {
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
    for entry in std::fs::read_dir(from.join("bodies")).unwrap() {
        let path = entry.unwrap().path();
        let _ = std::fs::copy(&path, to.join("bodies").join(path.file_name().unwrap()));
    }
}

/// T004: images taken under load hold everything acknowledged before them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_of_the_disk_holds_all_that_was_acknowledged() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    let acknowledged = Arc::new(Mutex::new(Vec::<QueueId>::new()));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let (store, acknowledged) = (store.clone(), acknowledged.clone());
        writers.spawn(async move {
            for number in 0..40 {
                let size = if (writer + number) % 10 == 0 { 150_000 } else { 4000 };
                let arrival = message(&["roe@there.example"], &vec![1; size]);
                let id = arrival.envelope.id;
                store.commit(arrival).await.unwrap();
                acknowledged.lock().unwrap().push(id);
            }
        });
    }
    for round in 0..4 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        let before: HashSet<QueueId> = acknowledged.lock().unwrap().iter().copied().collect();
        let dir = place.folder.path().join(format!("image{round}"));
        image(&place.dir(), &dir);
        let copy = open_at(&dir, place.clock.clone()).unwrap();
        let found: HashSet<QueueId> = lease_all(&*copy, at(0)).await.iter().map(|leased| leased.envelope.id).collect();
        assert!(before.is_subset(&found), "{} of {} are missing", before.difference(&found).count(), before.len());
        for id in &found {
            copy.read(*id, &stored_content(*id, 0)).await.unwrap();
        }
        assert!(copy.verify().await.unwrap().is_ok());
    }
    writers.join_all().await;
}

/// T005: a log with a torn tail opens; what is lost is only its end, whole transactions at a time.
#[tokio::test]
async fn a_torn_log_loses_only_its_tail() {
    let place = InFolder::new();
    let store = place.try_open().unwrap();
    let mut ids = Vec::new();
    for _ in 0..10 {
        let arrival = message(&["roe@there.example"], &[1; 4000]);
        ids.push(arrival.envelope.id);
        store.commit(arrival).await.unwrap();
    }
    for cut in [1_u64, 100, 4096, 20_000, 60_000] {
        let dir = place.folder.path().join(format!("cut{cut}"));
        image(&place.dir(), &dir);
        let log = std::fs::OpenOptions::new().write(true).open(dir.join("store.db-wal")).unwrap();
        let length = log.metadata().unwrap().len();
        log.set_len(length - cut).unwrap();
        let copy = open_at(&dir, place.clock.clone()).unwrap();
        let mut found: Vec<QueueId> = lease_all(&*copy, at(0)).await.iter().map(|leased| leased.envelope.id).collect();
        found.sort_unstable();
        assert_eq!(found, ids[..found.len()], "after {cut} octets were cut");
        for id in &found {
            copy.read(*id, &stored_content(*id, 0)).await.unwrap();
        }
        assert!(copy.verify().await.unwrap().is_ok());
    }
}

const CHILD: &str = "WAXSEAL_TEST_CRASH_DIR";

/// Not a test of its own: the process that the next test kills. Prints each id once it is acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_commits_until_it_is_killed() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let store = open_at(Path::new(&dir), InFolder::new().clock).unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..6_usize {
        let store = store.clone();
        writers.spawn(async move {
            for number in 0.. {
                let size = if number % 7 == 3 { 150_000 } else { 4000 };
                let id = QueueId::new(number, &[writer as u8; 10]);
                let mut arrival =
                    Arrival { leased: number % 2 == 0, ..message(&["roe@there.example"], &vec![1; size]) };
                arrival.envelope.id = id;
                store.commit(arrival).await.unwrap();
                println!("\nkept {id}");
                if number % 3 == 0 {
                    let Ok(leased) = store.lease(at(0), 1, &[]).await else { continue };
                    for leased in leased {
                        let id = leased.envelope.id;
                        println!("\nsettling {id}");
                        store.settle(settlement(&leased, RecipientState::Sent, None)).await.unwrap();
                    }
                }
            }
        });
    }
    writers.join_all().await;
}

/// T002, T003: killed at random moments, again and again, in one folder.
#[tokio::test]
async fn what_a_killed_process_acknowledged_is_there() {
    let place = InFolder::new();
    for round in 0..4_u64 {
        let dir = place.folder.path().join(format!("var{round}"));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child_that_commits_until_it_is_killed", "--nocapture"])
            .env(CHILD, &dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut kept, mut settling) = (HashSet::<QueueId>::new(), HashSet::<QueueId>::new());
        for line in lines {
            let Ok(line) = line else { break };
            if let Some(id) = line.strip_prefix("kept ").and_then(|id| id.parse().ok()) {
                kept.insert(id);
            }
            if let Some(id) = line.strip_prefix("settling ").and_then(|id| id.parse().ok()) {
                settling.insert(id);
            }
            if kept.len() as u64 == 20 + 23 * round {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(kept.len() >= 20, "the child worked");
        let store = open_at(&dir, place.clock.clone()).unwrap();
        let due: HashSet<QueueId> = lease_all(&*store, at(0)).await.iter().map(|leased| leased.envelope.id).collect();
        for id in kept {
            if due.contains(&id) {
                store.read(id, &stored_content(id, 0)).await.unwrap();
            } else {
                let state = waxseal::store::Holds::show(&*store, id).await.unwrap().summary.state;
                assert!(settling.contains(&id) && state == MessageState::Delivered, "{id} is {state}");
            }
        }
        assert!(store.verify().await.unwrap().is_ok());
    }
}
