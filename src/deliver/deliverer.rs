//! The walk over hosts: a session that reaches the level, transactions, the next host.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::CertificateDer;
use tokio::time::Instant;

use super::config::Config;
use super::content::Facts;
use super::metrics::Metrics;
use super::pool::Pool;
use super::replies::Failure;
use super::session::{Hop, Need, Session, Unopened};
use super::tls::Trust;
use super::{Attempt, AttemptResult, Job, Proof, Trouble};
use crate::mail::EnhancedStatus;
use crate::policy::Level;
use crate::world::{Clock, Dialer, Random, Resolver};

/// Every server takes at least so many recipients (RFC 5321 §4.5.3.1.8).
const RECIPIENTS_AT_ONCE: usize = 100;
/// After this long no further host is begun; the rest has its turn at the next attempt.
const WALK: Duration = Duration::from_secs(120);

/// Content is read over in place up to this size, above on the blocking pool.
const IN_PLACE: usize = 1 << 20;

/// The world as delivery needs it.
pub struct Ports {
    pub resolver: Arc<dyn Resolver>,
    pub dialer: Arc<dyn Dialer>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// The certificates that the system trusts.
    pub system_roots: Vec<CertificateDer<'static>>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Counted from 1, as in the configuration.
    #[error("routes[{0}]: its client certificate can't be used")]
    ClientCertificate(usize, #[source] rustls::Error),
}

/// Hands messages to their next hops.
pub struct Deliverer {
    pub(super) config: Arc<Config>,
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) dialer: Arc<dyn Dialer>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) trust: Trust,
    pub(super) handshake: Arc<ClientConfig>,
    pub(super) route_handshakes: Vec<Arc<ClientConfig>>,
    pub(super) metrics: Arc<Metrics>,
    pool: Pool,
}

impl Deliverer {
    pub fn new(config: impl Into<Arc<Config>>, ports: Ports, metrics: Arc<Metrics>) -> Result<Self, Error> {
        let config = config.into();
        let trust = Trust::new(ports.system_roots, config.tls_roots.clone());
        let handshake = trust.handshake(None).expect("a handshake without client certificate is always possible");
        let of_route = |(at, route): (usize, &super::Route)| {
            trust.handshake(route.client_certificate.as_ref()).map_err(|error| Error::ClientCertificate(at + 1, error))
        };
        let route_handshakes = config.routes.iter().enumerate().map(of_route).collect::<Result<_, _>>()?;
        Ok(Self {
            pool: Pool::new(config.reuse),
            config,
            resolver: ports.resolver,
            dialer: ports.dialer,
            clock: ports.clock,
            random: ports.random,
            trust,
            handshake,
            route_handshakes,
            metrics,
        })
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Tries each recipient of the job once; one attempt for each, in the order of the job.
    pub async fn deliver(&self, job: &Job) -> Vec<Attempt> {
        let facts = facts(job).await;
        let route = job.destination.route().map(|at| &self.config.routes[at]);
        // RFC 8689 §4.2: the hop must be authenticated, whatever else was asked.
        let required = if job.envelope.require_tls { Level::TlsAuthenticated } else { Level::Opportunistic };
        let need = Need::of(job.level.max(required), job.envelope.require_tls, route);
        let mut walk = Walk {
            deliverer: self,
            job,
            facts,
            need,
            open: job.recipients.iter().copied().collect(),
            done: Vec::new(),
            stopped: None,
        };
        // Intake lets no such content in; sent on, it could be two messages to the hop.
        if !facts.well_ended {
            let trouble = Trouble::of(EnhancedStatus(5, 6, 0), "the content has a bare CR or LF");
            return walk.finish(Failure::Final(trouble));
        }
        let failure = walk.hosts().await;
        walk.finish(failure)
    }

    /// Closes sessions that waited too long. To be called every second or so.
    pub async fn sweep(&self) {
        quit_all(self.pool.stale()).await;
    }

    /// Closes all waiting sessions; none is kept from now on.
    pub async fn close(&self) {
        quit_all(self.pool.close()).await;
    }
}

/// Reading over a large message takes milliseconds that other sessions would wait for.
async fn facts(job: &Job) -> Facts {
    if job.size() <= IN_PLACE {
        return Facts::of(&job.pieces);
    }
    let pieces = job.pieces.clone();
    tokio::task::spawn_blocking(move || Facts::of(&pieces)).await.expect("reading over bytes does not panic")
}

async fn quit_all(sessions: Vec<Session>) {
    futures_util::future::join_all(sessions.into_iter().map(Session::quit)).await;
}

/// One job on its way from host to host.
struct Walk<'a> {
    deliverer: &'a Deliverer,
    job: &'a Job,
    facts: Facts,
    need: Need,
    /// Recipients without a result yet.
    open: VecDeque<usize>,
    done: Vec<Attempt>,
    /// What was proved by the session that failed us, and with whom.
    stopped: Option<(Option<Proof>, String)>,
}

impl Walk<'_> {
    /// Goes from host to host until no recipient is open. Lower-preference hosts are held to the
    /// same level. Gives what stands against those that stay open.
    async fn hosts(&mut self) -> Failure {
        let begun = Instant::now();
        let mut failure = None;
        let candidates = match self.deliverer.candidates(&self.job.destination).await {
            Ok(candidates) => candidates,
            Err(failure) => return failure,
        };
        for candidate in candidates {
            let hops = match self.deliverer.hops(&candidate, &self.job.destination).await {
                Ok(hops) => hops,
                Err(unresolved) => {
                    failure = Some(unresolved.or(failure));
                    continue;
                }
            };
            for hop in hops {
                match self.by(&hop).await {
                    Ok(()) => {}
                    Err(unopened) => {
                        let weak = matches!(unopened.failure, Failure::Weak(_));
                        if self.stopped.is_none() || weak {
                            self.stopped = Some((unopened.proof, hop.to_string()));
                        }
                        failure = Some(unopened.failure.or(failure));
                    }
                }
                if self.open.is_empty() || begun.elapsed() > WALK {
                    return failure.unwrap_or_else(no_host);
                }
            }
        }
        failure.unwrap_or_else(no_host)
    }

    /// Hands the message to one hop, for all that are open.
    async fn by(&mut self, hop: &Hop) -> Result<(), Unopened> {
        let deliverer = self.deliverer;
        let mut waiting = deliverer.pool.take(hop, self.need);
        let mut reused = waiting.is_some();
        let mut session = match waiting.take() {
            Some(session) => session,
            None => deliverer.open(hop, self.need).await?,
        };
        while !self.open.is_empty() {
            match self.transaction(&mut session, reused).await {
                ControlFlow::Continue(()) => {}
                // It died while it waited, before it took anything: no attempt was made.
                ControlFlow::Break(_) if reused => {
                    reused = false;
                    session = deliverer.open(hop, self.need).await?;
                }
                ControlFlow::Break(trouble) => {
                    return Err(Unopened { failure: Failure::Passing(trouble), proof: Some(session.proof) });
                }
            }
            if session.over && !self.open.is_empty() {
                reused = false;
                session = deliverer.open(hop, self.need).await?;
            }
        }
        if let Some(session) = deliverer.pool.keep(session) {
            session.quit().await;
        }
        Ok(())
    }

    /// One transaction. Breaks where the session broke before any content went out.
    async fn transaction(&mut self, session: &mut Session, reused: bool) -> ControlFlow<Trouble> {
        // Opening and the pool see to it; this line is where promise 1 would be broken.
        if !session.reaches(self.need) {
            return ControlFlow::Break(Trouble::of(EnhancedStatus(4, 7, 5), "the session does not reach the level"));
        }
        if self.set_unsuited_aside(session) {
            return ControlFlow::Continue(());
        }
        let batch: Vec<usize> = self.open.iter().copied().take(RECIPIENTS_AT_ONCE).collect();
        let outcome = session.transact(self.job, &self.facts, &batch, &self.deliverer.config.deadlines).await;
        let at_the_door =
            outcome.results.iter().all(|result| result.as_ref().is_some_and(|result| result.trouble().code == 421));
        let fresh_trouble = match outcome.broken {
            Some(broken) if !broken.begun => {
                self.settle_heard(&batch, outcome.results, session);
                if self.open.is_empty() {
                    return ControlFlow::Continue(());
                }
                return ControlFlow::Break(broken.trouble);
            }
            Some(broken) => Some(broken.trouble),
            None if reused && at_the_door => {
                return ControlFlow::Break(Trouble::of(EnhancedStatus(4, 4, 2), "closed while it waited"));
            }
            None => None,
        };
        self.open.drain(..batch.len());
        let progress = outcome.results.iter().any(|result| matches!(result, Some(AttemptResult::Sent(_))));
        for (index, result) in batch.into_iter().zip(outcome.results) {
            match result {
                // "Too many recipients" beside some that were taken: the next transaction has room
                // (RFC 5321 §4.5.3.1.10).
                Some(AttemptResult::Deferred(trouble)) if progress && trouble.code == 452 => self.open.push_back(index),
                Some(result) => self.settle(index, result, session),
                None => {
                    let trouble =
                        fresh_trouble.clone().unwrap_or_else(|| Trouble::of(EnhancedStatus(4, 5, 0), "no reply"));
                    self.settle(index, AttemptResult::Deferred(trouble), session);
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Settles whom a peer answered before it closed the connection. 421 says no more than that it closes.
    fn settle_heard(&mut self, batch: &[usize], results: Vec<Option<AttemptResult>>, session: &Session) {
        for (index, result) in batch.iter().zip(results) {
            if let Some(result) = result.filter(|result| result.trouble().code != 421) {
                self.open.retain(|open| open != index);
                self.settle(*index, result, session);
            }
        }
    }

    /// Settles recipients that this peer can't serve at all. True if none is left.
    fn set_unsuited_aside(&mut self, session: &Session) -> bool {
        for index in std::mem::take(&mut self.open) {
            match session.unsuited(self.job, &self.facts, &self.job.envelope.recipients[index]) {
                Some(result) => self.settle(index, result, session),
                None => self.open.push_back(index),
            }
        }
        self.open.is_empty()
    }

    fn settle(&mut self, index: usize, result: AttemptResult, session: &Session) {
        self.done.push(Attempt {
            index,
            address: self.job.envelope.recipients[index].address.clone(),
            result,
            proof: Some(session.proof.clone()),
            host: Some(session.hop.to_string()),
            reports: session.offers(smtp_proto::EXT_DSN),
        });
    }

    /// Every recipient gets its attempt: those still open, this failure.
    fn finish(mut self, failure: Failure) -> Vec<Attempt> {
        let result = failure.into_result();
        let (proof, host) = match self.stopped {
            Some((proof, host)) => (proof, Some(host)),
            None => (None, None),
        };
        for index in self.open {
            self.done.push(Attempt {
                index,
                address: self.job.envelope.recipients[index].address.clone(),
                result: result.clone(),
                proof: proof.clone(),
                host: host.clone(),
                reports: false,
            });
        }
        self.done.sort_by_key(|attempt| attempt.index);
        self.done
    }
}

fn no_host() -> Failure {
    Failure::Passing(Trouble::of(EnhancedStatus(4, 4, 4), "no host to hand the mail to"))
}
