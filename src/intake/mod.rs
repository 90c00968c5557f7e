//! The walk before the `250`: parse → extract → detect → decide → commit.
//!
//! What comes in is an envelope and its content; what goes out is a reply. Behind a `250` the
//! message, its decision and its account are on stable storage. Our own trouble is a `451`; it
//! never lets mail pass unread.

mod examine;
mod metrics;
mod refuse;
mod scanning;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use jiff::fmt::rfc2822;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

pub use examine::{Examination, Judge, Law, examine, examine_safely};
pub use metrics::Metrics;

use crate::audit::{self, EventKind};
use crate::mail::{Client, Content, Envelope, QueueId, Reply, author};
use crate::message::{self, Budget, Documents};
use crate::policy::{Decision, Method, RecipientDecision};
use crate::queue::Queue;
use crate::smtp::{self, RelayRight};
use crate::store::{Arrival, Decided, Facts, Leased, RecipientState, Spool, Store, StoreError};
use crate::world::{Clock, Random, new_id};

/// What bounds the examination of one message and of all together (`limits:`).
#[derive(Clone, Debug)]
pub struct Config {
    pub hostname: String,
    /// How long the client waits for a decision; then the message is committed as `scanning`.
    pub scan_wait: Duration,
    /// When reading ends at the latest; what is unread then is gap `timeout`.
    pub scan_timeout: Duration,
    /// Bytes of content that may be in memory at once beyond what sessions hold.
    pub memory: u64,
    /// Bytes of text that one message may yield.
    pub text: u64,
    /// Parts that one message may have.
    pub parts: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hostname: "localhost".to_owned(),
            scan_wait: Duration::from_secs(20),
            scan_timeout: Duration::from_secs(600),
            memory: 512 << 20,
            text: 1 << 30,
            parts: 10_000,
        }
    }
}

/// Content up to here is examined in place: it takes less time than handing it over.
const IN_PLACE: u64 = 64 * 1024;

/// What is looked at before the message is read.
const ADMITTING: [&str; 4] = ["received", "message-id", "subject", "date"];

/// RFC 5321 §6.3: so many `Received` fields are a loop.
const MOST_HOPS: usize = 50;

/// Mail that the gateway itself sends because mail is held. `quarantine` writes it.
pub trait HoldNotices: Send + Sync {
    /// The notices that this decision causes, to be committed together with it.
    fn notices(&self, envelope: &Envelope, facts: &Facts, decision: &Decision) -> Vec<Arrival>;
    /// The report to the author of a message that is refused after its `250`.
    fn refused(&self, envelope: &Envelope, facts: &Facts, decision: &Decision) -> Vec<Arrival>;
    /// For a message that is held because what is stored is not what was accepted.
    fn damaged(&self, envelope: &Envelope, decision: &Decision) -> Vec<Arrival>;
}

/// Takes mail from the SMTP server.
pub struct Intake {
    config: Config,
    law: Arc<ArcSwap<Law>>,
    store: Arc<dyn Store>,
    queue: Arc<Queue>,
    notices: Arc<dyn HoldNotices>,
    documents: Arc<dyn Documents>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    metrics: Metrics,
    /// In KiB: what may be read back from the store at once.
    memory: Arc<Semaphore>,
    /// Examinations on the blocking pool at once.
    examiners: Arc<Semaphore>,
    background: TaskTracker,
}

/// The rooms and helpers that intake is born with.
pub struct Parts {
    pub law: Arc<ArcSwap<Law>>,
    pub store: Arc<dyn Store>,
    pub queue: Arc<Queue>,
    pub notices: Arc<dyn HoldNotices>,
    pub documents: Arc<dyn Documents>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub metrics: Metrics,
}

/// A message on its way to the store.
struct Arriving {
    envelope: Envelope,
    content: Content,
    facts: Facts,
}

impl Intake {
    pub fn new(config: Config, parts: Parts) -> Arc<Self> {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let Parts { law, store, queue, notices, documents, clock, random, metrics } = parts;
        Arc::new(Self {
            memory: Arc::new(Semaphore::new(kib(config.memory) as usize)),
            examiners: Arc::new(Semaphore::new(processors)),
            background: TaskTracker::new(),
            config,
            law,
            store,
            queue,
            notices,
            documents,
            clock,
            random,
            metrics,
        })
    }

    /// Waits until what is examined after its `250` has been decided, or leaves it to the next start.
    pub async fn finish(&self) {
        self.background.close();
        self.background.wait().await;
    }

    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn budget(&self) -> Arc<Budget> {
        Arc::new(Budget::new(self.config.text, self.config.parts))
    }

    /// Judges what the header alone can tell: the source's further proofs, and loops.
    fn admit(&self, envelope: &Envelope, content: &[u8], right: &RelayRight) -> Result<Facts, Reply> {
        right.judge(content, &envelope.reverse_path)?;
        let fields = message::fields_named(content, &ADMITTING);
        if is_loop(&fields, &self.config.hostname) {
            return Err(refuse::LOOP.reply());
        }
        Ok(facts(content, &fields))
    }

    /// The whole walk; every way out of it is a reply.
    async fn walk(self: &Arc<Self>, envelope: Envelope, content: Content, right: RelayRight) -> Result<Reply, Reply> {
        let bytes = match &content {
            Content::Memory(bytes) => bytes.clone(),
            Content::Sealed { .. } => match self.read_back(envelope.id, &content).await {
                Ok(Some(bytes)) => bytes,
                // Our own trouble never lets mail pass, and its source is not proved yet.
                unread => {
                    self.store.discard(&content).await;
                    return Err(unread.map_or_else(|error| refuse::store(&error), |_| refuse::OVERLOAD.reply()));
                }
            },
        };
        let facts = match self.admit(&envelope, &bytes, &right) {
            Ok(facts) => facts,
            Err(reply) => {
                self.store.discard(&content).await;
                return Err(reply);
            }
        };
        let arriving = Arriving { envelope, content, facts };
        let started = std::time::Instant::now();
        let decision = match self.examine_now(&arriving.envelope, bytes).await {
            scanning::Examined::Done(decision) => *decision,
            scanning::Examined::Later(examination) => return self.commit_scanning(arriving, examination).await,
        };
        self.metrics.scan_duration.observe(started.elapsed().as_secs_f64());
        self.settle_decision(arriving, decision).await
    }

    /// Records a refusal, or commits the message and hands it to the queue.
    async fn settle_decision(&self, arriving: Arriving, decision: Decision) -> Result<Reply, Reply> {
        let Arriving { envelope, content, facts } = arriving;
        let id = envelope.id;
        if let Some(refusal) = &decision.refusal {
            let reply = refuse::by_policy(id, refusal);
            let events = vec![self.event(EventKind::Refused, id, &envelope, &decision)];
            self.store.record_refusal(&envelope, &decision, events).await.map_err(|error| refuse::store(&error))?;
            self.metrics.decided(&decision);
            info!(
                %id, source = envelope.source, from = %envelope.reverse_path, verdict = %decision.verdict,
                "message refused"
            );
            return Err(reply);
        }
        let held = is_all_held(&decision);
        let own_mail = self.notices.notices(&envelope, &facts, &decision);
        let open = decision.recipients.iter().filter(|recipient| first_state(&decision, recipient).is_open());
        let place = self.queue.reserve(open.map(|recipient| recipient.address.domain()));
        let decided = Decided {
            states: decision.recipients.iter().map(|recipient| first_state(&decision, recipient)).collect(),
            events: self.decided_and_held(&envelope, &decision),
            decision,
            own_mail,
            leased: place.is_some(),
        };
        let leased = Leased::first(&envelope, &decided, &facts, &content, self.clock.now());
        let (source, from, decision) =
            (envelope.source.clone(), envelope.reverse_path.clone(), Arc::clone(&leased.decision));
        let arrival =
            Arrival { envelope, content, facts, events: Vec::new(), leased: place.is_some(), decided: Some(decided) };
        self.store.commit(arrival).await.map_err(|error| {
            error!(%id, %error, "message not committed");
            refuse::store(&error)
        })?;
        match place {
            Some(place) => place.fill(leased),
            None => self.queue.wake(),
        }
        self.metrics.received.with_label_values(&[&source]).inc();
        self.metrics.decided(&decision);
        info!(%id, source, %from, verdict = %decision.verdict, recipients = decision.recipients.len(), "message accepted");
        Ok(refuse::accepted(id, held))
    }

    /// The account of a decision, and of whom it leaves to a person.
    fn decided_and_held(&self, envelope: &Envelope, decision: &Decision) -> Vec<audit::Event> {
        let decided = self.event(EventKind::Decided, envelope.id, envelope, decision);
        let is_held = |recipient: &&RecipientDecision| first_state(decision, recipient) == RecipientState::Held;
        let mut held = decision.recipients.iter().filter(is_held).map(|recipient| &recipient.address).peekable();
        let of_held = held.peek().is_some().then(|| audit::Event {
            kind: EventKind::Held,
            detail: audit::detail_of_hold(decision, held),
            ..decided.clone()
        });
        [Some(decided), of_held].into_iter().flatten().collect()
    }

    fn event(&self, kind: EventKind, id: QueueId, envelope: &Envelope, decision: &Decision) -> audit::Event {
        audit::Event {
            at: self.clock.now(),
            actor: "gateway".to_owned(),
            kind,
            message: Some(id),
            detail: audit::detail_of_decision(&envelope.source, decision),
        }
    }
}

/// Where a recipient begins: waiting for delivery, or for a person.
fn first_state(decision: &Decision, recipient: &RecipientDecision) -> RecipientState {
    match decision.start(recipient) {
        (_, Method::Hold) => RecipientState::Held,
        _ => RecipientState::Pending,
    }
}

fn is_all_held(decision: &Decision) -> bool {
    decision.recipients.iter().all(|recipient| first_state(decision, recipient) == RecipientState::Held)
}

/// What is kept for finding the message again.
fn facts(content: &[u8], fields: &[message::Field]) -> Facts {
    let value = |name: &str| {
        let mut named = fields.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
        named.next().map(|field| field.value.trim().to_owned())
    };
    Facts {
        author: author::authors(content).ok().and_then(|authors| authors.into_iter().next()),
        message_id: value("message-id"),
        subject: value("subject"),
        // Written anew: a comment in it could say anything.
        date: value("date").and_then(|date| rfc2822::to_string(&rfc2822::parse(&date).ok()?).ok()),
        size: content.len() as u64,
        own: false,
    }
}

/// RFC 5321 §6.3: too many hops, or we have seen it twice already.
fn is_loop(fields: &[message::Field], hostname: &str) -> bool {
    let received = || fields.iter().filter(|field| field.name.eq_ignore_ascii_case("received"));
    received().count() > MOST_HOPS || received().filter(|field| is_by(&field.value, hostname)).count() >= 2
}

/// Whether a Received field names this host behind `by` (RFC 5321 §4.4); a comment or the date may follow at once.
fn is_by(received: &str, hostname: &str) -> bool {
    let mut words = received.split_ascii_whitespace();
    let is_end = |rest: &str| rest.is_empty() || rest.starts_with([';', '(']);
    words.any(|word| word.eq_ignore_ascii_case("by"))
        && words.next().is_some_and(|name| {
            let named = name.get(..hostname.len()).is_some_and(|front| front.eq_ignore_ascii_case(hostname));
            named && is_end(&name[hostname.len()..])
        })
}

/// Whole KiB, at least one, at most what a semaphore can count.
fn kib(bytes: u64) -> u32 {
    (bytes / 1024).clamp(1, u32::MAX.into()) as u32
}

#[async_trait]
impl smtp::Intake for Arc<Intake> {
    fn ready(&self) -> Result<(), Reply> {
        self.store.accepting().map_err(|error| refuse::store(&error))
    }

    fn new_id(&self) -> QueueId {
        new_id(&*self.clock, &*self.random)
    }

    async fn spool(&self, id: QueueId) -> Result<Box<dyn smtp::Sink>, Reply> {
        let spool = self.store.spool(id).await.map_err(|error| refuse::store(&error))?;
        Ok(Box::new(Spooling(spool)))
    }

    async fn take(&self, envelope: Envelope, content: Content, right: RelayRight) -> Reply {
        let (id, source, client) = (envelope.id, envelope.source.clone(), envelope.client.ip);
        match self.walk(envelope, content, right).await {
            Ok(reply) => reply,
            Err(reply) => {
                warn!(%id, %client, source, code = reply.code, "message not accepted");
                reply
            }
        }
    }

    fn tell(&self, event: smtp::Event, client: &Client) {
        let (ip, listener) = (client.ip, client.listener.as_str());
        match &event {
            smtp::Event::Refused { stage, reason } => info!(client = %ip, listener, stage, reason, "client refused"),
            smtp::Event::SourceFailed { source, reason } => {
                warn!(client = %ip, listener, source, reason, "certificate does not prove its source");
            }
            smtp::Event::LoginSucceeded { .. } | smtp::Event::LoginFailed { .. } => {}
        }
        let Some(event) = scanning::login_event(event, client, self.clock.now()) else { return };
        let store = Arc::clone(&self.store);
        self.background.spawn(async move {
            if let Err(error) = store.append(vec![event]).await {
                error!(%error, "a log-in could not be recorded");
            }
        });
    }
}

/// The store's spool as the SMTP server sees it.
struct Spooling(Box<dyn Spool>);

#[async_trait]
impl smtp::Sink for Spooling {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Reply> {
        self.0.write(bytes).await.map_err(|error: StoreError| refuse::store(&error))
    }

    async fn finish(self: Box<Self>) -> Result<Content, Reply> {
        self.0.finish().await.map_err(|error: StoreError| refuse::store(&error))
    }
}

#[cfg(test)]
mod tests;
