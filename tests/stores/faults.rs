//! A disk that fails: strace makes the kernel answer so (T008, T009, T010). Skipped where there is
//! no strace; `scripts/test` says which tools it wants.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use prometheus::Registry;
use waxseal::mail::QueueId;
use waxseal::store::embedded::{Config, Embedded};
use waxseal::store::{
    Account, Arrivals, Deliveries, Holds, MessageState, Metrics, RecipientState, StoreError, stored_content,
};

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
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    for _ in 0..1500 {
        if store.writable().is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("\nwritable {}", store.writable().is_ok());
    let mut settled = 0;
    for _ in 0..200 {
        let leased = store.lease(at(0), 100, &[]).await.unwrap_or_default();
        for leased in leased {
            while store.settle(settlement(&leased, RecipientState::Sent, None)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            settled += 1;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
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

const SMALL: &str = "WAXSEAL_TEST_SMALL_DISK";

/// Not a test of its own: accepts mail, has somebody else fill the disk, and delivers; half of it
/// before and half after the store is opened anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn child_on_a_small_disk() {
    let Ok(disk) = std::env::var(SMALL) else { return };
    let disk = Path::new(&disk);
    let open = || {
        let config = Config { min_free: 24 << 20, reserve: 8 << 20, ..Config::new(disk.join("var")) };
        Embedded::open(config, InFolder::new().clock, Metrics::new(&Registry::new()).unwrap()).unwrap()
    };
    let mut store = open();
    let mut kept = 0;
    for _ in 0..300 {
        kept += usize::from(store.commit(message(&["roe@there.example"], &vec![1; 40_000])).await.is_ok());
    }
    let filler = disk.join("of-somebody-else");
    fill(&filler);
    // What its log has room for may still be taken.
    let mut refused = None;
    while refused.is_none() {
        refused = store.commit(message(&["roe@there.example"], &vec![1; 1_000_000])).await.err();
    }
    println!("\nkept {kept}, refused {refused:?}");
    for _ in 0..2 {
        println!("\nopen, settled {}", settle(&store, 150).await);
        drop(store);
        store = open();
    }
    std::fs::remove_file(filler).unwrap();
    let mut resumed = false;
    for _ in 0..300 {
        resumed = store.accepting().is_ok();
        if resumed {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("\nresumed {resumed}, kept {}", store.commit(message(&["roe@there.example"], b"x")).await.is_ok());
}

/// Writes to a file until nothing more fits on the disk.
fn fill(path: &Path) {
    let mut file = std::fs::File::create(path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
}

/// Delivers so many messages, and tells how many could be recorded at the first attempt.
async fn settle(store: &Embedded, wanted: usize) -> usize {
    let mut settled = 0;
    for _ in 0..100 {
        let mut leased = store.lease(at(0), (wanted - settled).min(20), &[]).await.unwrap_or_default();
        if leased.is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for leased in leased.drain(..) {
            settled += usize::from(store.settle(settlement(&leased, RecipientState::Sent, None)).await.is_ok());
        }
        if settled >= wanted {
            break;
        }
    }
    settled
}

/// T010, on a real file system that others fill to the last byte.
#[tokio::test]
async fn a_full_disk_stops_new_mail_and_no_delivery() {
    let place = InFolder::new();
    let script = "mount -t tmpfs -o size=64m none \"$0\" && exec \"$@\"";
    let child = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(place.folder.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "faults::child_on_a_small_disk", "--nocapture"])
        .env(SMALL, place.folder.path())
        .output();
    // Skipped where nobody may mount a file system of his own.
    let Ok(output) = child else { return };
    let words = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>();
    if !words.iter().any(|line| line.starts_with("running")) {
        return;
    }
    let told: Vec<&String> = words.iter().filter(|line| line.contains("ed ") && line.contains(',')).collect();
    let expected =
        ["kept 300, refused Some(Full)", "open, settled 150", "open, settled 150", "resumed true, kept true"];
    assert_eq!(told, expected, "{words:?} {}", String::from_utf8_lossy(&output.stderr));
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
