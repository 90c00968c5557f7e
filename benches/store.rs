//! How fast the embedded store commits and settles: `cargo bench --bench store -- [BACKLOG]`.
//!
//! Callers commit 4 KiB messages, each handed on and settled as sent, as the gateway does with mail
//! that is delivered at once. With a backlog, so many messages wait in the store meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use prometheus::Registry;
use tokio::sync::mpsc;
use waxseal::store::embedded::{Config, Embedded};
use waxseal::store::{
    Arrival, Arrivals, Deliveries, Holds, Leased, Metrics, Query, RecipientRecord, RecipientState, Settlement,
};
use waxseal::world::Clock;

#[path = "../tests/stores/mail.rs"]
#[allow(dead_code)]
mod mail;
#[path = "../tests/support/sample.rs"]
mod sample;

struct Now;
impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

const TIME: Duration = Duration::from_secs(5);
const SIZE: usize = 4096;

fn main() {
    let backlog: usize = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(0);
    let folder = tempfile::tempdir_in(std::env::var("BENCH_DIR").unwrap_or_else(|_| "target".to_owned()));
    let folder = folder.expect("a folder on a real disk");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = open(folder.path());
        for callers in [1, 10, 50, 200] {
            commit_and_settle(&store, callers).await;
        }
        if backlog > 0 {
            fill(&store, backlog).await;
            drop(store);
            let started = Instant::now();
            let store = open(folder.path());
            println!("opened with {backlog} waiting in {:.2} s", started.elapsed().as_secs_f64());
            commit_and_settle(&store, 50).await;
            find(&store).await;
            lease_and_settle(&store).await;
        }
    });
}

/// What somebody who was not sent to asks of all that is kept.
async fn find(store: &Arc<Embedded>) {
    let started = Instant::now();
    let query = Query { to: Some("nobody@there.example".to_owned()), ..Query::default() };
    let found = store.list(&query).await.expect("a list").len();
    println!("found {found} by address in {:.2} s", started.elapsed().as_secs_f64());
}

fn open(folder: &Path) -> Arc<Embedded> {
    let config = Config { min_free: 0, ..Config::new(folder.join("var")) };
    Embedded::open(config, Arc::new(Now), Metrics::new(&Registry::new()).expect("metrics")).expect("a store")
}

async fn commit_and_settle(store: &Arc<Embedded>, callers: usize) {
    let (started, cpu) = (Instant::now(), cpu_seconds());
    let (committed, mut to_settle) = mpsc::channel::<Leased>(1000);
    let settler = {
        let store = store.clone();
        tokio::spawn(async move {
            let mut settled = tokio::task::JoinSet::new();
            while let Some(leased) = to_settle.recv().await {
                let store = store.clone();
                settled.spawn(async move {
                    let settlement = mail::settlement(&leased, RecipientState::Sent, None);
                    store.settle(settlement).await.expect("settled");
                });
                while settled.len() > 500 {
                    settled.join_next().await;
                }
            }
            settled.join_all().await.len()
        })
    };
    let callers_running: Vec<_> = (0..callers)
        .map(|_| {
            let (store, committed) = (store.clone(), committed.clone());
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while started.elapsed() < TIME {
                    let arrival = Arrival { leased: true, ..mail::message(&["roe@there.example"], &[7; SIZE]) };
                    let decided = arrival.decided.as_ref().expect("decided");
                    let leased = Leased {
                        envelope: Arc::new(arrival.envelope.clone()),
                        decision: Arc::new(decided.decision.clone()),
                        facts: arrival.facts.clone(),
                        due: decided.first_records(Timestamp::now()),
                        content: arrival.content.clone(),
                    };
                    let asked = Instant::now();
                    store.commit(arrival).await.expect("committed");
                    waits.push(asked.elapsed());
                    committed.send(leased).await.expect("the settler lives");
                }
                waits
            })
        })
        .collect();
    drop(committed);
    let mut waits = Vec::new();
    for caller in callers_running {
        waits.extend(caller.await.expect("a caller"));
    }
    settler.await.expect("the settler");
    let (elapsed, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    waits.sort_unstable();
    let at = |percent: usize| waits[(waits.len() * percent / 100).min(waits.len() - 1)].as_secs_f64() * 1000.0;
    println!(
        "{callers:4} callers: {:8.0} committed and settled a second, {:.3} CPU s per 1,000, \
         commit p50 {:.1} ms, p99 {:.1} ms",
        waits.len() as f64 / elapsed,
        cpu * 1000.0 / waits.len() as f64,
        at(50),
        at(99),
    );
}

async fn fill(store: &Arc<Embedded>, backlog: usize) {
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..backlog {
        let to = format!("roe@d{}.example", number % 500);
        let store = store.clone();
        tasks.spawn(async move { store.commit(mail::message(&[&to], &[7; SIZE])).await.expect("committed") });
        while tasks.len() > 400 {
            tasks.join_next().await;
        }
    }
    tasks.join_all().await;
    println!("{backlog} queued in {:.1} s", started.elapsed().as_secs_f64());
}

async fn lease_and_settle(store: &Arc<Embedded>) {
    let (started, cpu) = (Instant::now(), cpu_seconds());
    let mut count = 0;
    let mut lease_time = Duration::ZERO;
    while started.elapsed() < TIME {
        let asked = Instant::now();
        let leased = store.lease(Timestamp::now(), 200, &[]).await.expect("leased");
        lease_time += asked.elapsed();
        if leased.is_empty() {
            break;
        }
        count += leased.len();
        let mut settled = tokio::task::JoinSet::new();
        for leased in leased {
            let store = store.clone();
            settled.spawn(async move {
                store.read(leased.envelope.id, &leased.content).await.expect("read");
                let record: &RecipientRecord = &leased.due[0];
                let recipients =
                    vec![RecipientRecord { state: RecipientState::Sent, next_attempt: None, ..record.clone() }];
                let id = leased.envelope.id;
                store
                    .settle(Settlement { id, recipients, events: Vec::new(), own_mail: Vec::new() })
                    .await
                    .expect("settled");
            });
        }
        settled.join_all().await;
    }
    println!(
        "leased, read and settled: {:.0} a second, {:.3} CPU s per 1,000, {:.1} ms for each lease of 200",
        count as f64 / started.elapsed().as_secs_f64(),
        (cpu_seconds() - cpu) * 1000.0 / count as f64,
        lease_time.as_secs_f64() * 200_000.0 / count as f64,
    );
}

/// CPU time of this process, from the kernel's account in hundredths of a second.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit(')').next().expect("fields");
    let fields: Vec<f64> = after_name.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // Fields 14 and 15 of the line; the state is no number.
    (fields[10] + fields[11]) / 100.0
}
