//! `serve`: the gateway in the foreground, under systemd or at a terminal.

use std::os::unix::process::CommandExt;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::exit::{Error, Exit, Result};
use super::{Common, settings};
use crate::gateway::Gateway;
use crate::store::StoreError;
use crate::telemetry::{self, Telemetry};
use crate::web;
use crate::world::memory;

/// Where content may take less than this, freed memory is wanted back at once.
const SCARCE: u64 = 256 << 20;
/// How the allocator is told so. It costs some speed.
const THRIFT: [(&str, &str); 2] = [("MIMALLOC_PURGE_DELAY", "0"), ("MIMALLOC_ARENA_RESERVE", "0")];

/// Runs until SIGTERM or SIGINT.
pub fn run(common: &Common) -> Result {
    if memory::share() < SCARCE {
        start_thriftily();
    }
    let configuration = settings::load_to_serve(common)?;
    let _last_words = telemetry::start_logs(&configuration.telemetry);
    let telemetry = Telemetry::new();
    telemetry.watch_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::io("starting the runtime", source))?;
    runtime.block_on(async {
        let signals = Signals::new().map_err(|source| Error::io("listening for signals", source))?;
        let gateway = Gateway::open(configuration, telemetry).await.map_err(|error| classify(&error))?;
        let stop = CancellationToken::new();
        tokio::spawn(signals.follow(gateway.handle(), stop.clone()));
        tokio::spawn(feed_the_watchdog());
        told(&[NotifyState::Ready]);
        gateway.run(stop).await.map_err(|error| classify(&error))?;
        info!("stopped");
        Ok(Exit::Done)
    })
}

/// Starts this program anew in its own place, with an allocator that keeps nothing: that takes its options
/// from the environment alone, and before the first line of ours runs. Returns where it was told already.
fn start_thriftily() {
    if THRIFT.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        // Comes back only if it failed, and then we run as we are.
        _ = std::process::Command::new(program).args(std::env::args_os().skip(1)).envs(THRIFT).exec();
    }
}

/// The exit status tells the service manager whether a restart may help.
fn classify(error: &anyhow::Error) -> Error {
    let words = format!("{error:#}");
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::TooNew(_) | StoreError::Key(_) | StoreError::Unsafe(_)) => Error::Configuration(words),
        Some(_) => Error::io("the store", std::io::Error::other(words)),
        None => match error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>()) {
            Some(cause) => Error::io("starting", std::io::Error::new(cause.kind(), words)),
            None => Error::Configuration(words),
        },
    }
}

/// The signals that a gateway follows.
struct Signals {
    reload: Signal,
    terminate: Signal,
    interrupt: Signal,
    /// Listened to so that it does not kill: a file that may grow no more is a full disk (`TESTS` T011).
    _file_too_large: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            reload: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _file_too_large: signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
        })
    }

    async fn follow(mut self, gateway: Arc<dyn web::Gateway>, stop: CancellationToken) {
        loop {
            tokio::select! {
                _ = self.reload.recv() => reload(&*gateway).await,
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
            }
        }
        info!("stopping: sessions and deliveries under way get their time to end");
        told(&[NotifyState::Stopping]);
        stop.cancel();
    }
}

async fn reload(gateway: &dyn web::Gateway) {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => told(&[NotifyState::Reloading, now]),
        Err(_) => told(&[NotifyState::Reloading]),
    }
    // Its success and its failure are logged and recorded where they happen.
    if gateway.reload("SIGHUP").await.is_ok() {
        info!("reloaded");
    }
    told(&[NotifyState::Ready]);
}

/// Twice in the interval that systemd asks for; nothing without one.
async fn feed_the_watchdog() {
    let Some(interval) = sd_notify::watchdog_enabled() else { return };
    let mut pace = tokio::time::interval((interval / 2).max(Duration::from_millis(100)));
    loop {
        pace.tick().await;
        told(&[NotifyState::Watchdog]);
    }
}

/// Tells systemd, if it is there.
fn told(states: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(states) {
        error!(%error, "systemd can't be told");
    }
}
