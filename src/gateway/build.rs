//! Each room, made from the configuration and from what all rooms share.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tracing::{error, info};

use super::law;
use super::reviewing::Current;
use crate::config::Configuration;
use crate::deliver::{self, Deliverer, Ports};
use crate::dispatch::{self, Dispatch, Way};
use crate::intake::{self, Intake, Law};
use crate::message::{Apart, Documents};
use crate::people::People;
use crate::quarantine::{self, Quarantine};
use crate::queue::Queue;
use crate::smtp::{self, Server, Tls};
use crate::store::Store;
use crate::telemetry::Telemetry;
use crate::world::ocr::Ocr;
use crate::world::worker;
use crate::world::{Clock, DnsResolver, Random, TcpDialer, system_roots};
use crate::{protect, web};

/// What several rooms are born with.
#[derive(Clone)]
pub struct Base {
    pub store: Arc<dyn Store>,
    pub queue: Arc<Queue>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub telemetry: Telemetry,
}

/// The walk before the `250`.
pub fn intake(
    configuration: &Configuration,
    base: &Base,
    law: &Arc<ArcSwap<Law>>,
    quarantine: &Arc<Current>,
) -> Result<Arc<Intake>> {
    // Documents are opened in confined processes of this same program.
    let workers = worker::Config::this_program().context("finding this program, to start workers")?;
    let ocr = Ocr::find();
    match &ocr {
        Ok(ocr) => info!(program = %ocr.program().display(), languages = ocr.languages(), "pictures are read"),
        Err(missing) => info!(reason = %missing, "pictures are not read"),
    }
    let documents: Arc<dyn Documents> = Arc::new(Apart { workers: worker::Pool::new(workers), ocr: ocr.ok() });
    let limits = &configuration.settings.limits;
    let config = intake::Config {
        hostname: configuration.smtp.hostname.to_string(),
        scan_wait: limits.scan_wait.0,
        scan_timeout: limits.scan_timeout.0,
        memory: limits.memory(),
        ..intake::Config::default()
    };
    let sources = configuration.smtp.sources.iter().map(|source| source.name.as_str());
    let current = law.load();
    let used = base.telemetry.metrics.exceptions_used.clone();
    let metrics = intake::Metrics::new(&base.telemetry.registry, sources, current.ruleset.rule_ids(), used);
    let parts = intake::Parts {
        law: law.clone(),
        store: base.store.clone(),
        queue: base.queue.clone(),
        notices: quarantine.clone(),
        documents,
        clock: base.clock.clone(),
        random: base.random.clone(),
        metrics,
    };
    Ok(Intake::new(config, parts))
}

pub fn smtp_server(configuration: &Configuration, base: &Base, intake: &Arc<Intake>) -> Result<Server> {
    let tls = Tls::load(&configuration.smtp, &configuration.data_dir, base.clock.now())?;
    let people = Arc::new(People::open(&configuration.users)?);
    let metrics = Arc::new(smtp::Metrics::new(&base.telemetry.registry).context("the SMTP server's metrics")?);
    let intake: Arc<dyn smtp::Intake> = Arc::new(intake.clone());
    Ok(Server::new(configuration.smtp.clone(), tls, people, intake, base.clock.clone(), metrics))
}

/// Delivery after the `250`, told of holds by the quarantine.
pub fn dispatch(
    configuration: &Configuration,
    base: &Base,
    quarantine: &Arc<Current>,
    way: Way,
) -> Result<Arc<Dispatch>> {
    let limits = &configuration.settings.limits;
    let config = dispatch::Config { memory: limits.memory() / 2, drain: limits.drain.0, ..dispatch::Config::default() };
    let parts = dispatch::Parts {
        queue: base.queue.clone(),
        store: base.store.clone(),
        notices: quarantine.clone(),
        clock: base.clock.clone(),
        random: base.random.clone(),
        metrics: dispatch::Metrics::new(&base.telemetry.registry).context("dispatch's metrics")?,
    };
    Ok(Dispatch::new(config, way, parts))
}

pub fn reviewing(configuration: &Configuration, base: &Base, marks: &quarantine::Metrics) -> Arc<Quarantine> {
    let Base { store, queue, clock, random, .. } = base.clone();
    Quarantine::new(configuration.quarantine.clone(), store, queue, clock, random, marks.clone())
}

/// How mail is made ready and where it goes.
pub fn way(configuration: &Configuration, base: &Base, metrics: &Arc<deliver::Metrics>) -> Result<Way> {
    let ports = Ports {
        resolver: Arc::new(DnsResolver::new(&configuration.dns)),
        dialer: Arc::new(TcpDialer),
        clock: base.clock.clone(),
        random: base.random.clone(),
        system_roots: system_roots(),
    };
    let deliverer = Deliverer::new(configuration.deliver.clone(), ports, metrics.clone())?;
    let mut protect = protect::Config::new(configuration.smtp.hostname.clone());
    protect.signers = law::signers(configuration)?;
    protect.unsigned = law::unsigned(configuration);
    protect.mended_sources = law::mended_sources(configuration);
    Ok(Way { deliverer, protect })
}

/// Open before anybody is told that the gateway runs: the first command must not find it closed.
pub fn open_control(data_dir: &Path) -> Option<web::ControlDoor> {
    let door = web::ControlDoor::open(data_dir);
    door.inspect_err(|error| error!(%error, "the control socket can't be opened; commands won't reach this gateway"))
        .ok()
}

pub async fn bind_http(config: &web::Config) -> Result<Vec<(TcpListener, web::Config)>> {
    let mut doors = Vec::new();
    for address in config.metrics.or(config.bind).iter().chain(config.metrics.and(config.bind).iter()) {
        let door = TcpListener::bind(address).await.with_context(|| format!("http on {address}"))?;
        doors.push((door, config.clone()));
    }
    Ok(doors)
}
