//! What must be looked at now and then: room on the disk, the log, old records, the account.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender as StopSender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tracing::{error, info};

use super::query;
use super::shared::Shared;
use super::writer::{Job, Request};

/// Between looks.
const TICK: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// The thread that looks. Stopped before the writer, whose channel it holds.
pub struct Upkeep {
    stop: Option<StopSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Upkeep {
    pub fn start(shared: Arc<Shared>, jobs: mpsc::Sender<Job>) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let work = move || {
            let mut hour = Instant::now();
            let mut day = None::<Instant>;
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                shared.look_at_disk();
                // A full channel means that the writer is awake anyway.
                let _ = ask(&jobs, Request::Tick);
                if hour.elapsed() >= HOUR {
                    hour = Instant::now();
                    prune(&shared, &jobs);
                }
                if day.is_none_or(|day| day.elapsed() >= 24 * HOUR) {
                    day = Some(Instant::now());
                    verify(&shared);
                }
            }
        };
        let thread = std::thread::Builder::new().name("store-upkeep".to_owned()).spawn(work)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

    pub fn stop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Puts a request in if there is room for it; nobody waits for its answer.
fn ask(jobs: &mpsc::Sender<Job>, request: Request) -> bool {
    let (answer, _) = oneshot::channel();
    jobs.try_send(Job { request, answer }).is_ok()
}

/// Forgets what is old enough; spread over hours if there is much.
fn prune(shared: &Shared, jobs: &mpsc::Sender<Job>) {
    shared.bodies.discard_forgotten();
    let age = jiff::SignedDuration::try_from(shared.config.records).unwrap_or(jiff::SignedDuration::MAX);
    let Ok(before) = shared.clock.now().checked_sub(age) else { return };
    for _ in 0..40 {
        ask(jobs, Request::Prune(before.as_millisecond()));
    }
}

fn verify(shared: &Shared) {
    match query::verify(&shared.readers, &shared.checkpoints) {
        Ok(Ok(head)) => {
            shared.metrics.audit_valid.set(1);
            info!(records = head.seq, "the audit chain is whole");
        }
        Ok(Err(fault)) => {
            shared.metrics.audit_valid.set(0);
            error!(%fault, "the audit chain is broken");
        }
        Err(_) => error!("the audit chain could not be read"),
    }
}
