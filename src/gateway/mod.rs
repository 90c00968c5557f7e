//! Builds the rooms from the configuration, opens the doors, closes them in order.
//!
//! This is the one place where every room is known: which backing keeps the mail, who is told of
//! what, and what a reload replaces.

mod build;
mod law;
mod reviewing;
mod upkeep;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use crate::audit::{Event, EventKind};
use crate::config::{self, Configuration};
use crate::deliver;
use crate::directory;
use crate::dispatch::Dispatch;
use crate::edm;
use crate::intake::{Intake, Law};
use crate::mail::Envelope;
use crate::people::People;
use crate::policy::Decision;
use crate::quarantine::{self, Examine, Quarantine};
use crate::queue::{self, Queue};
use crate::smtp::{Bound, Server, Tls};
use crate::telemetry::Telemetry;
use crate::web;
use crate::world::{Clock, Random, SystemClock, SystemRandom};
use build::Base;
use reviewing::Current;

/// The gateway with its doors open. [`Gateway::run`] lets clients in.
pub struct Gateway {
    rooms: Arc<Rooms>,
    doors: Doors,
}

/// What a running gateway consists of.
struct Rooms {
    file: PathBuf,
    /// The settings at the start: what a reload can't change is still as they say.
    started: config::raw::Settings,
    base: Base,
    intake: Arc<Intake>,
    server: Server,
    dispatch: Arc<Dispatch>,
    law: Arc<ArcSwap<Law>>,
    /// Whom the law asks.
    advisers: ArcSwap<law::Advisers>,
    quarantine: Arc<Current>,
    delivery: Arc<deliver::Metrics>,
    queue_metrics: queue::Metrics,
    edm_metrics: edm::Metrics,
    directory_metrics: directory::Metrics,
    /// One reload at a time.
    reloading: tokio::sync::Mutex<()>,
}

/// Listeners that are bound and wait for `run`.
struct Doors {
    smtp: Bound,
    http: Vec<(TcpListener, web::Config)>,
    /// Mail goes on without it.
    control: Option<web::ControlDoor>,
}

impl Gateway {
    /// Opens store and doors. Nothing is accepted before [`Gateway::run`].
    pub async fn open(configuration: Configuration, telemetry: Telemetry) -> Result<Gateway> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let (law, advisers) = law::make(&configuration, clock.now())?;
        let store = law::open_store(&configuration, &clock, &telemetry)?;
        law::keep_sources(&*store, &configuration, &law).await.context("keeping what decides")?;
        law::take_up(&*store, &configuration.data_dir).await;
        let law = Arc::new(ArcSwap::from_pointee(law));
        let queue = Queue::new(configuration.queue.clone(), store.clone(), clock.clone(), random.clone());
        queue.open().await.context("reading suspended domains")?;
        let marks = quarantine::Metrics::new(
            &telemetry.registry,
            law.load().ruleset.rule_ids(),
            telemetry.metrics.exceptions_used.clone(),
        )
        .context("the quarantine's metrics")?;
        let base = Base { store, queue, clock, random, telemetry };
        let quarantine = Arc::new(Current::new(build::reviewing(&configuration, &base, &marks)));
        let intake = build::intake(&configuration, &base, &law, &quarantine)?;
        let server = build::smtp_server(&configuration, &base, &intake)?;
        let registry = &base.telemetry.registry;
        let delivery = Arc::new(deliver::Metrics::new(registry).context("delivery's metrics")?);
        let way = build::way(&configuration, &base, &delivery)?;
        let dispatch = build::dispatch(&configuration, &base, &quarantine, way)?;
        let doors = Doors {
            smtp: server.bind()?,
            http: build::bind_http(&configuration.web).await?,
            control: build::open_control(&configuration.data_dir),
        };
        let queue_metrics = queue::Metrics::new(registry).context("the queue's metrics")?;
        let edm_metrics = edm::Metrics::new(registry).context("the patient indexes' metrics")?;
        let directory_metrics = directory::Metrics::new(registry).context("the directory's metrics")?;
        let rooms = Rooms {
            file: configuration.file.clone(),
            started: configuration.settings.clone(),
            base,
            intake,
            server,
            dispatch,
            law,
            advisers: ArcSwap::from_pointee(advisers),
            quarantine,
            delivery,
            queue_metrics,
            edm_metrics,
            directory_metrics,
            reloading: tokio::sync::Mutex::new(()),
        };
        rooms.told(&configuration).await;
        Ok(Gateway { rooms: Arc::new(rooms), doors })
    }

    /// Where it listens: each SMTP listener by its name, and `http`.
    pub fn addresses(&self) -> Vec<(String, SocketAddr)> {
        let smtp = self.doors.smtp.addresses().map(|(name, address)| (name.to_owned(), address));
        let http = self.doors.http.iter().filter_map(|(door, _)| Some(("http".to_owned(), door.local_addr().ok()?)));
        smtp.chain(http).collect()
    }

    /// What reloads it while it runs.
    pub fn handle(&self) -> Arc<dyn web::Gateway> {
        self.rooms.clone()
    }

    /// Takes and sends mail until `stop`; then lets what is under way end.
    pub async fn run(self, stop: CancellationToken) -> Result<()> {
        let Gateway { rooms, doors } = self;
        rooms.record(EventKind::Started, serde_json::Map::new()).await;
        rooms.intake.resume_scanning().await.context("taking up what was still being scanned")?;
        let house = rooms.house();
        let side = TaskTracker::new();
        // Delivery and the doors for people outlive the listeners: what was accepted last still
        // gets its first attempt, and a drain can be watched.
        let (mail_over, closed) = (CancellationToken::new(), CancellationToken::new());
        if let Some(door) = doors.control {
            side.spawn(door.serve(house.clone(), closed.clone()));
        }
        for (name, address) in doors.smtp.addresses() {
            info!(listener = name, %address, "listening");
        }
        for (door, config) in doors.http {
            let (house, closed) = (house.clone(), closed.clone());
            if let Ok(address) = door.local_addr() {
                info!(listener = "http", %address, "listening");
            }
            side.spawn(async move { web::serve(door, &config, house, closed).await });
        }
        side.spawn(upkeep::run(rooms.clone(), closed.clone()));
        side.spawn(upkeep::renew_directory(rooms.clone(), closed.clone()));
        side.spawn(rooms.quarantine.clone().keep_up(closed.clone()));
        let dispatch = tokio::spawn(rooms.dispatch.clone().run(mail_over.clone()));
        doors.smtp.serve(stop).await;
        rooms.intake.finish().await;
        mail_over.cancel();
        dispatch.await.context("delivery")?;
        rooms.record(EventKind::Stopped, serde_json::Map::new()).await;
        closed.cancel();
        side.close();
        side.wait().await;
        Ok(())
    }
}

impl Rooms {
    fn house(self: &Arc<Self>) -> web::House {
        web::House {
            store: self.base.store.clone(),
            queue: self.base.queue.clone(),
            clock: self.base.clock.clone(),
            random: self.base.random.clone(),
            telemetry: self.base.telemetry.clone(),
            gateway: self.clone(),
        }
    }

    /// Loads everything again. Each room takes the new only when all of it stands.
    async fn load_again(&self) -> Result<()> {
        let now = self.base.clock.now();
        let configuration = config::load(&self.file, now)?;
        let (law, advisers) = law::make(&configuration, now)?;
        let tls = Tls::load(&configuration.smtp, &configuration.data_dir, now)?;
        let way = build::way(&configuration, &self.base, &self.delivery)?;
        law::keep_sources(&*self.base.store, &configuration, &law).await?;
        let people = Arc::new(People::open(&configuration.users)?);
        let marks = self.quarantine.load().metrics().clone();
        marks.know(law.ruleset.rule_ids());
        self.intake.metrics().know(law.ruleset.rule_ids());
        self.law.store(Arc::new(law));
        self.advisers.store(Arc::new(advisers));
        let quarantine = build::reviewing(&configuration, &self.base, &marks);
        self.quarantine.replace(quarantine);
        self.server.reload(configuration.smtp.clone(), tls, people);
        self.dispatch.reload(way).await;
        self.told(&configuration).await;
        Ok(())
    }

    /// What metrics, logs and the audit say of a configuration that now runs.
    async fn told(&self, configuration: &Configuration) {
        let metrics = &self.base.telemetry.metrics;
        metrics.reloaded(self.base.clock.now());
        let observed = configuration.policy.observed(self.base.clock.now());
        metrics.observing(observed.iter().map(|(_, until)| *until).max());
        for doubt in configuration.refusals.iter().chain(&configuration.warnings) {
            tracing::warn!(fault = %doubt, "configuration");
        }
        for weakness in configuration.refusals.iter().chain(&configuration.weaknesses) {
            let detail = [("key", &weakness.key), ("message", &weakness.message)];
            let detail = detail.map(|(name, words)| (name.to_owned(), words.as_str().into()));
            self.record(EventKind::WeakConfiguration, serde_json::Map::from_iter(detail)).await;
        }
        for (profile, until) in observed {
            let of = profile.map(|name| ("profile".to_owned(), name.into()));
            let detail = [("until".to_owned(), until.to_string().into())].into_iter().chain(of);
            self.record(EventKind::ObserveStarted, detail.collect()).await;
        }
        let later = config::waits_for_restart(&self.started, &configuration.settings);
        if !later.is_empty() {
            tracing::warn!(keys = later.join(", "), "changed settings wait for a restart");
        }
    }

    async fn record(&self, kind: EventKind, detail: serde_json::Map<String, serde_json::Value>) {
        let event = Event { at: self.base.clock.now(), actor: "gateway".to_owned(), kind, message: None, detail };
        if let Err(error) = self.base.store.append(vec![event]).await {
            error!(%error, ?kind, "an event could not be recorded");
        }
    }
}

#[async_trait]
impl web::Gateway for Rooms {
    fn troubles(&self) -> Vec<String> {
        let storage = self.base.store.accepting().err().map(|error| format!("new mail is not taken: {error}"));
        let delivery = self.base.store.writable().err().map(|error| format!("delivery is paused: {error}"));
        let advisers = self.advisers.load();
        let broken = advisers.tables.iter().filter(|table| table.is_broken());
        let unread = broken.filter_map(|table| table.trouble(self.base.clock.now()));
        storage.into_iter().chain(delivery).chain(unread).collect()
    }

    async fn reload(&self, actor: &str) -> Result<(), String> {
        let _turn = self.reloading.lock().await;
        let result = self.load_again().await;
        let (kind, detail) = match &result {
            Ok(()) => (EventKind::Reloaded, serde_json::Map::new()),
            Err(error) => {
                self.base.telemetry.metrics.reload_failed();
                error!(error = format!("{error:#}"), "reload failed; what ran before still runs");
                let why = ("error".to_owned(), format!("{error:#}").into());
                (EventKind::ReloadFailed, serde_json::Map::from_iter([why]))
            }
        };
        let event = Event { at: self.base.clock.now(), actor: actor.to_owned(), kind, message: None, detail };
        if let Err(error) = self.base.store.append(vec![event]).await {
            error!(%error, "a reload could not be recorded");
        }
        result.map_err(|error| format!("{error:#}"))
    }

    fn quarantine(&self) -> Arc<Quarantine> {
        self.quarantine.load()
    }

    fn examiner(&self) -> &dyn Examine {
        self
    }
}

#[async_trait]
impl Examine for Rooms {
    async fn examine(&self, envelope: &Envelope, content: Bytes) -> Decision {
        self.intake.decide_again(envelope, content).await
    }
}
