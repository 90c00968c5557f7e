//! A disk that fails: strace makes the kernel answer so (T008, T009, T010). Skipped where there is
//! no strace; `scripts/test` says which tools it wants.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};

use waxseal::mail::QueueId;
use waxseal::store::{Account, Arrivals, Deliveries, Holds, MessageState, RecipientState, StoreError, stored_content};

use crate::mail::{InFolder, at, lease_all, message, open_at, settlement};

const CHILD: &str = "WAXSEAL_TEST_FAULT_DIR";

/// Not a test of its own: commits one message after the other and tells what became of each,
/// then delivers, as often as it takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn child_on_a_failing_disk() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let store = open_at(Path::new(&dir), InFolder::new().clock).unwrap();
    for number in 0..60_u64 {
        let mut arrival = message(&["roe@there.example"], &vec![1; if number % 10 == 3 { 150_000 } else { 4000 }]);
        arrival.envelope.id = QueueId::new(number + 1, &[3; 10]);
        match store.commit(arrival).await {
            Ok(()) => println!("\nkept {}", QueueId::new(number + 1, &[3; 10])),
            Err(StoreError::Full) => println!("\nfull"),
            Err(error) => println!("\nfailed {error}"),
        }
        println!("\nwritable {}", store.writable().is_ok());
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    for _ in 0..1500 {
        if store.writable().is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    println!("\nwritable {}", store.writable().is_ok());
    let mut settled = 0;
    for _ in 0..200 {
        let leased = store.lease(at(0), 100, &[]).await.unwrap_or_default();
        for leased in leased {
            while store.settle(settlement(&leased, RecipientState::Sent, None)).await.is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            settled += 1;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    println!("\nsettled {settled}");
}

/// The child's words, with these system calls failing. `None` without strace.
fn run(dir: &Path, inject: &str) -> Option<Vec<String>> {
    let child = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", inject])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "faults::child_on_a_failing_disk", "--nocapture"])
        .env(CHILD, dir)
        .stderr(Stdio::null())
        .output();
    let output = child.ok()?;
    let words = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>();
    words.iter().any(|line| line.starts_with("writable")).then_some(words)
}

fn count(words: &[String], front: &str) -> usize {
    words.iter().filter(|line| line.starts_with(front)).count()
}

/// Every acknowledged message is there, delivered or due, and the account is whole.
async fn check_kept(place: &InFolder, dir: &Path, words: &[String]) {
    let store = open_at(dir, place.clock.clone()).unwrap();
    let due: HashSet<QueueId> = lease_all(&*store, at(0)).await.iter().map(|leased| leased.envelope.id).collect();
    for id in words.iter().filter_map(|line| line.strip_prefix("kept ")?.parse().ok()) {
        if due.contains(&id) {
            store.read(id, &stored_content(id, 0)).await.unwrap();
        } else {
            assert_eq!(store.show(id).await.unwrap().summary.state, MessageState::Delivered);
        }
    }
    assert!(store.verify().await.unwrap().is_ok());
}

/// T008.
#[tokio::test]
async fn after_one_failed_flush_only_that_message_is_refused_and_nothing_is_lost() {
    let place = InFolder::new();
    for when in [20, 27, 34] {
        let dir = place.folder.path().join(format!("var{when}"));
        let Some(words) = run(&dir, &format!("inject=fsync,fdatasync:error=EIO:when={when}")) else { return };
        assert!((1..=3).contains(&count(&words, "failed")), "{words:?}");
        assert!(count(&words, "kept") >= 50, "it goes on: {words:?}");
        assert!(words.iter().any(|line| line.starts_with("settled")), "{words:?}");
        check_kept(&place, &dir, &words).await;
    }
}

/// T009.
#[tokio::test]
async fn while_every_flush_fails_nothing_is_promised_and_then_it_recovers() {
    let place = InFolder::new();
    let dir = place.dir();
    let Some(words) = run(&dir, "inject=fsync,fdatasync:error=EIO:when=20..26") else { return };
    assert!(count(&words, "failed") >= 3, "{words:?}");
    assert!(count(&words, "writable false") >= 1, "delivery pauses: {words:?}");
    assert_eq!(words.iter().rfind(|line| line.starts_with("writable")).unwrap(), "writable true");
    check_kept(&place, &dir, &words).await;
}

/// T010.
#[tokio::test]
async fn on_a_full_disk_mail_is_refused_as_full_and_deliveries_are_recorded() {
    let place = InFolder::new();
    let dir = place.dir();
    let Some(words) = run(&dir, "inject=pwrite64:error=ENOSPC:when=120..125") else { return };
    assert!(count(&words, "full") >= 1, "{words:?}");
    let kept = count(&words, "kept");
    let settled = words.iter().find_map(|line| line.strip_prefix("settled ")).unwrap();
    assert!(settled.parse::<usize>().unwrap() >= kept, "{words:?}");
    check_kept(&place, &dir, &words).await;
}

/// T011: over quota, or turned read-only. Mail is refused for now, nothing is lost, and it recovers.
#[tokio::test]
async fn a_quota_and_a_disk_turned_read_only_refuse_mail_for_now() {
    let place = InFolder::new();
    for error in ["EDQUOT", "EROFS"] {
        let dir = place.folder.path().join(error);
        let Some(words) = run(&dir, &format!("inject=pwrite64:error={error}:when=120..125")) else { return };
        assert!(count(&words, "full") + count(&words, "failed") >= 1, "{error}: {words:?}");
        assert_eq!(words.iter().rfind(|line| line.starts_with("writable")).unwrap(), "writable true", "{error}");
        check_kept(&place, &dir, &words).await;
    }
}
