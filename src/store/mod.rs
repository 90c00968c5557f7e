//! One [`Store`] trait, two backings: what must survive a crash.
//!
//! Only this room touches databases and buckets. All content at rest is sealed with a key of its
//! own, wrapped by the master key.

pub mod embedded;
mod message;
mod metrics;
mod seal;
mod state;

pub use embedded::{Embedded, Evidence};
pub use message::{Arrival, Decided, Destination, Facts, Leased, RecipientRecord, stored_content};
pub use metrics::Metrics;
pub use state::{MessageState, RecipientState};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::{Event, Fault, Head, Record as AuditRecord};
use crate::mail::{Address, Content, Envelope, QueueId};
use crate::policy::{Decision, Waiver};

/// Everything a backing promises. Split by the room that uses each part.
pub trait Store: Arrivals + Deliveries + Holds + Consents + Account + Send + Sync {}
impl<T: Arrivals + Deliveries + Holds + Consents + Account + Send + Sync> Store for T {}

#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Below `limits.min_free`, or the disk said so itself.
    #[error("storage is low")]
    Full,
    /// The backing can't be written; it is reopened before anything is promised again.
    #[error("storage failed: {0}")]
    Failed(String),
    /// The item can't be read back whole: damaged, swapped, or its key is gone.
    #[error("{0} is damaged")]
    Damaged(String),
    #[error("no such message")]
    NotFound,
    /// The message is not in a state in which this can be done.
    #[error("the message is {0}")]
    State(MessageState),
    /// A delivery of it is under way.
    #[error("the message is being delivered right now")]
    Leased,
    #[error("the store was written by a newer waxseal (format {0})")]
    TooNew(u32),
    /// Another process owns `data_dir`.
    #[error("{0}")]
    Locked(String),
    /// `data_dir` or a file in it belongs to somebody else, or others can read it.
    #[error("{0}")]
    Unsafe(String),
    /// The master key is missing, or not the one that sealed this store.
    #[error("{0}")]
    Key(String),
}

/// Takes content while it arrives, sealing it piece by piece. Dropped without `finish`, nothing stays.
#[async_trait]
pub trait Spool: Send {
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError>;
    /// Everything written is sealed and on stable storage.
    async fn finish(self: Box<Self>) -> Result<Content, StoreError>;
}

/// What intake asks of the store.
#[async_trait]
pub trait Arrivals {
    /// Whether there is room for new mail (`limits.min_free`) and the store can be written.
    fn accepting(&self) -> Result<(), StoreError>;
    async fn spool(&self, id: QueueId) -> Result<Box<dyn Spool>, StoreError>;
    /// Envelope, content, decision and events as one. When this returns `Ok`, they survive a power cut.
    async fn commit(&self, arrival: Arrival) -> Result<(), StoreError>;
    /// A refused transaction: its events are kept, its spooled content is dropped.
    async fn record_refusal(
        &self,
        envelope: &Envelope,
        decision: &Decision,
        events: Vec<Event>,
    ) -> Result<(), StoreError>;
    /// Drops spooled content that will not be committed.
    async fn discard(&self, content: &Content);
    /// Decides a message that was committed as `scanning`.
    async fn decide(&self, id: QueueId, outcome: Decided) -> Result<(), StoreError>;
    /// Messages still `scanning`, for instance after a crash.
    async fn scanning(&self) -> Result<Vec<(Envelope, Content)>, StoreError>;
}

/// What the queue and dispatch ask of the store.
#[async_trait]
pub trait Deliveries {
    /// Hands out due recipients, oldest due first, skipping `busy` and suspended domains.
    async fn lease(
        &self,
        now: Timestamp,
        limit: usize,
        busy: &[crate::mail::Domain],
    ) -> Result<Vec<Leased>, StoreError>;
    /// Gives recipients of these domains back unchanged; `lease` may hand them out again.
    async fn give_back(&self, id: QueueId, domains: &[crate::mail::Domain]) -> Result<(), StoreError>;
    /// When the next recipient that nobody has leased is due, `busy` and suspended domains aside;
    /// already past if one waits now.
    async fn next_due(&self, busy: &[crate::mail::Domain]) -> Result<Option<Timestamp>, StoreError>;
    /// Whether settlements can be recorded now; if not, nothing may be sent.
    fn writable(&self) -> Result<(), StoreError>;
    /// Records how attempts ended, with their events and the mail they cause, and frees the lease:
    /// one transaction.
    async fn settle(&self, settlement: Settlement) -> Result<(), StoreError>;
    /// Opens sealed content whole. `Damaged` if a bit of it is not as it was.
    async fn read(&self, id: QueueId, content: &Content) -> Result<Bytes, StoreError>;
}

/// How an attempt ended, for the recipients that took part.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub id: QueueId,
    pub recipients: Vec<RecipientRecord>,
    pub events: Vec<Event>,
    pub own_mail: Vec<Arrival>,
}

/// What people who review held mail, and the queue commands, ask of the store.
#[async_trait]
pub trait Holds {
    async fn list(&self, query: &Query) -> Result<Vec<Summary>, StoreError>;
    /// What waits, by destination, in order of their names.
    async fn destinations(&self) -> Result<Vec<Destination>, StoreError>;
    async fn show(&self, id: QueueId) -> Result<Record, StoreError>;
    /// Changes recipients of a message that is not leased (release, retry, pause …) with its event.
    async fn change(&self, settlement: Settlement, decision: Option<Decision>) -> Result<(), StoreError>;
    /// Deletes the content by destroying its key; the record stays.
    async fn delete(&self, id: QueueId, events: Vec<Event>) -> Result<(), StoreError>;
    async fn suspend(
        &self,
        domain: &crate::mail::Domain,
        until: Option<Timestamp>,
        events: Vec<Event>,
    ) -> Result<(), StoreError>;
    async fn resume(&self, domain: &crate::mail::Domain, events: Vec<Event>) -> Result<(), StoreError>;
    async fn suspended(&self) -> Result<Vec<(crate::mail::Domain, Option<Timestamp>)>, StoreError>;
}

/// Which messages to list. Empty fields match everything.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Query {
    pub from: Option<String>,
    pub to: Option<String>,
    pub message_id: Option<String>,
    pub since: Option<Timestamp>,
    /// `Held` finds every message with a held recipient, also one that is still queued for others.
    pub states: Vec<MessageState>,
    /// Only messages that arrived after this one: the last id of the page before. Lists stand in
    /// order of arrival, so a reader pages through any number of them.
    pub after: Option<QueueId>,
    pub limit: Option<usize>,
}

/// A line of `queue list`, `quarantine list`, `find`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Summary {
    pub id: QueueId,
    pub state: MessageState,
    pub received: Timestamp,
    pub envelope: Envelope,
    pub facts: Facts,
    pub recipients: Vec<RecipientRecord>,
    pub decision: Option<Decision>,
}

/// Everything kept about one message, without its content.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    pub summary: Summary,
    pub events: Vec<Event>,
    #[serde(skip)]
    pub content: Option<Content>,
}

/// Recipients' consents to unencrypted mail. None is ever deleted: whoever sent mail by one must be
/// able to show it.
#[async_trait]
pub trait Consents {
    /// Every waiver of these mailboxes, whether or not it holds just now. Asked for each message.
    async fn waivers_of(&self, mailboxes: &[&Address]) -> Result<Vec<Waiver>, StoreError>;
    async fn waiver(&self, id: &str) -> Result<Option<Waiver>, StoreError>;
    /// Waivers in the order in which they were first kept, after the one with this id.
    async fn waivers(&self, after: Option<&str>, limit: usize) -> Result<Vec<Waiver>, StoreError>;
    /// Keeps these, in place of those with the same id, with their events: one step.
    async fn keep_waivers(&self, waivers: Vec<Waiver>, events: Vec<Event>) -> Result<(), StoreError>;
}

/// The account, and what decided.
#[async_trait]
pub trait Account {
    async fn append(&self, events: Vec<Event>) -> Result<(), StoreError>;
    /// Checks the chain from its first record to its last, and that it reaches the last signed
    /// checkpoint.
    async fn verify(&self) -> Result<Result<Head, Fault>, StoreError>;
    /// Records in order, from a sequence number on.
    async fn records(&self, from: u64, limit: usize) -> Result<Vec<AuditRecord>, StoreError>;
    /// What the account says of one message, in order: also of one that was refused, or whose record is gone.
    async fn events(&self, id: QueueId) -> Result<Vec<Event>, StoreError>;
    /// Keeps a ruleset or redacted configuration under its hash.
    async fn keep_source(&self, kind: SourceKind, hash: &str, text: &str) -> Result<(), StoreError>;
    /// By its whole hash, or by eight and more of its first digits.
    async fn source(&self, kind: SourceKind, hash: &str) -> Result<Option<String>, StoreError>;
    /// Makes a new master key and wraps every key with it; bodies stay as they are.
    async fn rotate_master(&self, events: Vec<Event>) -> Result<(), StoreError>;
    /// Counts for the metrics.
    async fn census(&self) -> Result<Census, StoreError>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    Ruleset,
    Configuration,
}

/// How much stands where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Messages that are not settled, by state.
    pub messages: Vec<(MessageState, u64)>,
    /// Messages with a held recipient.
    pub held: u64,
    pub oldest_queued: Option<Timestamp>,
    pub oldest_held: Option<Timestamp>,
    pub free_bytes: u64,
}
