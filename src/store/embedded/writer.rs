//! The one thread that writes. It takes all requests that wait, writes them in one transaction,
//! commits once and answers all: many sessions share one flush of the disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use super::consent::WaiverRow;
use super::fold::{Fold, Step};
use super::record::{NewEvent, NewMessage, SealedBody};
use super::schema;
use super::shared::Shared;
use super::transaction::{Change, Decision, Effect, Transaction};
use super::trouble::Trouble;
use crate::audit::{Hash, Head};
use crate::keys::MasterKeys;
use crate::mail::{Domain, QueueId};
use crate::store::StoreError;

/// What is asked of the writer.
pub enum Request {
    Commit(Box<NewMessage>),
    Append(Vec<NewEvent>),
    Decide(Box<Decision>),
    Change(Box<Change>),
    Delete(QueueId, Vec<NewEvent>),
    GiveBack(QueueId, Vec<Domain>),
    Suspend(Domain, Option<i64>, Vec<NewEvent>),
    Resume(Domain, Vec<NewEvent>),
    KeepSource(i64, String, String),
    KeepWaivers(Vec<WaiverRow>, Vec<NewEvent>),
    /// Wraps every key that an older master key wrapped anew.
    Rewrap(MasterKeys, Vec<NewEvent>),
    /// A message that can't be read back waits for a person.
    HoldDamaged(QueueId, Timestamp),
    /// Deletes settled records received before then, some at a time.
    Prune(i64),
    /// Nothing to write: time for the log to be folded in.
    Tick,
}

impl Request {
    /// About how much it adds to the log.
    fn weight(&self) -> usize {
        match self {
            Request::Commit(new) => match &new.body {
                SealedBody::Table(sealed) => 3 * PAGE + sealed.len(),
                SealedBody::File => 3 * PAGE,
            },
            Request::Prune(_) | Request::Rewrap(..) => MUCH,
            Request::KeepWaivers(waivers, _) => (2 + waivers.len()) * PAGE,
            Request::Tick => 0,
            _ => 2 * PAGE,
        }
    }
}

/// A request and where its answer goes.
pub struct Job {
    pub request: Request,
    pub answer: oneshot::Sender<Result<(), StoreError>>,
}

/// Requests in one transaction at most: past some hundred the flush costs nothing any more.
const BATCH: usize = 256;
/// How long the writer waits for more, where several ask at a time: a commit costs much the same
/// for two requests as for twenty, and the pages that all share are written once.
const GATHER: Duration = Duration::from_micros(500);
/// While so many more keep coming it waits again: of few sessions none should wait for the others.
const GATHER_WORTH: usize = 4;
/// But no longer than this.
const GATHER_MOST: Duration = Duration::from_millis(3);
const PAGE: usize = 4096;
/// What may touch so many pages that the log is folded afterwards.
const MUCH: usize = 16 << 20;
/// While room is short the log is folded when it is this long, or this old: it must not take what
/// little is left.
const SHORT_LOG: usize = 256 << 10;
const FOLD_SHORT: Duration = Duration::from_secs(1);
/// How long a deleted key may stay in the log.
const SHRED_WITHIN: Duration = Duration::from_secs(20);
/// Between attempts to open a store that failed.
const REOPEN_PAUSE: Duration = Duration::from_millis(500);
const NOTE_EVERY: Duration = Duration::from_secs(30);
/// Records pruned in one transaction.
const PRUNE: usize = 500;

pub struct Writer {
    path: PathBuf,
    shared: Arc<Shared>,
    jobs: mpsc::Receiver<Job>,
    /// `None` after a failure, until it can be opened again. A handle that failed is never used
    /// again: what the system's cache holds after a failed flush need not be on the disk.
    db: Option<Connection>,
    tried: Option<Instant>,
    head: Head,
    shredded: Option<Instant>,
    fold: Fold,
    /// About how much was written to the log since it was folded in.
    logged: usize,
    folded: Instant,
    /// When the account's head was last noted.
    noted: Instant,
}

impl Writer {
    pub fn new(path: PathBuf, shared: Arc<Shared>, jobs: mpsc::Receiver<Job>) -> Result<Self, Trouble> {
        let mut writer = Self {
            fold: Fold::new(path.clone()),
            path,
            shared,
            jobs,
            db: None,
            tried: None,
            head: Head::EMPTY,
            shredded: Some(Instant::now()),
            logged: 0,
            folded: Instant::now(),
            noted: Instant::now(),
        };
        writer.open()?;
        Ok(writer)
    }

    /// Opens the database, recovers what its log holds, and proves that it can be written.
    fn open(&mut self) -> Result<(), Trouble> {
        let db = Connection::open(&self.path)?;
        schema::prepare_writer(&db)?;
        self.head = head(&db)?;
        db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('opened', ?)", [self.head.seq.to_be_bytes()])?;
        let mut found = 0;
        self.transact(&db, |transaction| {
            found = transaction.list_lost()?;
            Ok(())
        })?;
        if found > 0 {
            info!(messages = found, "open messages found that nobody delivers; they are due now");
        }
        self.shared.load_due(&db)?;
        self.db = Some(db);
        self.logged = self.log_length();
        self.shared.healthy.store(true, Ordering::Release);
        Ok(())
    }

    /// Serves until every sender is gone.
    pub fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut several = false;
        while self.jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
            // Who asks alone is answered at once.
            if several {
                self.gather(&mut batch);
            }
            several = batch.len() > 1;
            self.serve(std::mem::take(&mut batch));
            self.fold_log();
            self.note_head();
        }
        self.close();
    }

    /// Adds what comes while it waits, until little more does.
    fn gather(&mut self, batch: &mut Vec<Job>) {
        let began = Instant::now();
        let mut more = GATHER_WORTH;
        while more >= GATHER_WORTH && batch.len() < BATCH && began.elapsed() < GATHER_MOST {
            let before = batch.len();
            std::thread::sleep(GATHER);
            while batch.len() < BATCH
                && let Ok(job) = self.jobs.try_recv()
            {
                batch.push(job);
            }
            more = batch.len() - before;
        }
    }

    fn serve(&mut self, jobs: Vec<Job>) {
        if self.db.is_none() && !self.reopen() {
            return answer_all(jobs, &self.shared.not_open());
        }
        let jobs = if self.shared.is_full() { refuse_new_mail(jobs) } else { jobs };
        let started = Instant::now();
        match self.write(&jobs) {
            Ok(answers) => {
                self.shared.metrics.commit.observe(started.elapsed().as_secs_f64());
                let abandoned: Vec<Job> =
                    jobs.into_iter().zip(answers).filter_map(|(job, answer)| deliver(job, answer)).collect();
                if !abandoned.is_empty() {
                    self.serve(abandoned);
                }
            }
            Err(trouble) => {
                let again = self.fail(jobs, trouble);
                if !again.is_empty() {
                    self.serve(again);
                }
            }
        }
    }

    /// One transaction for all; each gets its own answer. An error means that nothing was written.
    fn write(&mut self, jobs: &[Job]) -> Result<Vec<Result<(), StoreError>>, Trouble> {
        let db = self.db.take().ok_or_else(|| StoreError::Failed("not open".to_owned()))?;
        let mut answers = Vec::with_capacity(jobs.len());
        let keys = self.shared.keys.load_full();
        self.transact(&db, |transaction| {
            for job in jobs {
                match apply(transaction, &job.request, &keys) {
                    Ok(()) => answers.push(Ok(())),
                    Err(Trouble::Answer(error)) => answers.push(Err(error)),
                    Err(trouble) => return Err(trouble),
                }
            }
            Ok(())
        })?;
        self.db = Some(db);
        let weight = jobs.iter().map(|job| job.request.weight()).sum::<usize>();
        self.logged += weight;
        self.shared.spend(weight);
        Ok(answers)
    }

    /// Runs the work in a transaction; only when its commit has returned do its effects show.
    fn transact(
        &mut self,
        db: &Connection,
        work: impl FnOnce(&mut Transaction) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut transaction = Transaction {
            db,
            head: self.head,
            effects: Vec::new(),
            unneeded: Vec::new(),
            ledger: &self.shared.ledger,
            integrity: &self.shared.integrity,
        };
        let done = work(&mut transaction)
            .and_then(|()| transaction.drop_bodies())
            .and_then(|()| Ok(db.prepare_cached("COMMIT")?.execute([])?));
        let (head, effects) = (transaction.head, transaction.effects);
        if done.is_ok() {
            self.head = head;
            if effects.iter().any(|effect| matches!(effect, Effect::Shredded)) {
                self.shredded.get_or_insert_with(Instant::now);
            }
        }
        self.shared.conclude(done.is_ok().then_some(effects));
        done.map(|_| ())
    }

    /// Answers after a failed transaction and opens the store anew. On a full disk the reserve is
    /// given up: what only new mail need not wait for is returned, to be tried once more.
    fn fail(&mut self, jobs: Vec<Job>, trouble: Trouble) -> Vec<Job> {
        let full = trouble.is_full();
        let reason = StoreError::from(trouble);
        // No connection may outlive a failure.
        self.fold.end();
        self.shared.healthy.store(false, Ordering::Release);
        self.shared.readers.clear();
        self.db = None;
        error!(%reason, requests = jobs.len(), "a transaction failed; the store is reopened");
        if !full {
            answer_all(jobs, &reason);
            self.reopen();
            return Vec::new();
        }
        let freed = self.shared.make_room();
        let jobs = refuse_new_mail(jobs);
        if freed {
            self.tried = None;
        }
        if self.reopen() && freed {
            return jobs;
        }
        answer_all(jobs, &StoreError::Full);
        Vec::new()
    }

    fn reopen(&mut self) -> bool {
        if self.db.is_some() {
            return true;
        }
        if self.shared.healthy.load(Ordering::Acquire) {
            self.shared.healthy.store(false, Ordering::Release);
        } else if self.tried.is_some_and(|tried| tried.elapsed() < REOPEN_PAUSE) {
            return false;
        }
        self.tried = Some(Instant::now());
        match self.open() {
            Ok(()) => {
                info!("the store is open again");
                true
            }
            Err(trouble) => {
                if trouble.is_full() {
                    self.shared.make_room();
                }
                warn!(reason = %StoreError::from(trouble), "the store can't be opened");
                false
            }
        }
    }

    /// Has the log folded into the database when it is long, or when deleted keys have stood in it
    /// long enough: they go when it is cut.
    fn fold_log(&mut self) {
        if self.db.is_none() {
            return;
        }
        if self.shared.is_full() {
            return self.fold_short();
        }
        let cut = self.shredded.is_some_and(|since| since.elapsed() >= SHRED_WITHIN);
        let most = if self.shared.is_short() { SHORT_LOG } else { self.shared.config.log_size() };
        if !(cut || self.logged >= most || self.fold.is_under_way()) {
            return;
        }
        match self.fold.step(self.logged) {
            Step::UnderWay => {}
            Step::LittleLeft => self.finish_fold(cut),
            Step::Failed(trouble) => {
                self.fail(Vec::new(), trouble);
            }
        }
    }

    /// On a full disk: the log is short, so it is folded at once, and it is not cut, so that nobody
    /// else takes its room.
    fn fold_short(&mut self) {
        self.fold.end();
        if self.logged >= SHORT_LOG || self.logged > 0 && self.folded.elapsed() >= FOLD_SHORT {
            self.finish_fold(false);
        }
        let room = self.log_length().saturating_sub(self.logged);
        self.shared.log_room.store(room as u64, Ordering::Release);
    }

    /// Folds in what came while most of the log was folded; between transactions, nothing more comes.
    fn finish_fold(&mut self, cut: bool) {
        let Some(db) = &self.db else { return };
        let pragma = if cut { "PRAGMA wal_checkpoint(TRUNCATE)" } else { "PRAGMA wal_checkpoint(PASSIVE)" };
        // Whether a reader was in the way, the pages in the log, and those of them folded in.
        let done =
            db.query_row(pragma, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)? == row.get::<_, i64>(2)?)));
        self.folded = Instant::now();
        match done {
            Ok((busy, whole)) => {
                if whole || !self.shared.is_full() {
                    self.logged = 0;
                }
                // A reader may still use the log: then it is cut next time.
                if cut && busy == 0 {
                    self.shredded = None;
                }
            }
            Err(error) => {
                self.fail(Vec::new(), error.into());
            }
        }
    }

    /// Bytes that the log takes on the disk. Once folded it is written from its beginning, so that
    /// it needs no more room.
    fn log_length(&self) -> usize {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        std::fs::metadata(log).map_or(0, |about| about.len() as usize)
    }

    /// Now and then, and at the end, the account's head is noted where it can be copied elsewhere.
    fn note_head(&mut self) {
        if self.noted.elapsed() >= NOTE_EVERY {
            self.noted = Instant::now();
            self.shared.write_checkpoint(self.head);
        }
    }

    /// A clean end leaves no log behind.
    fn close(&mut self) {
        self.fold.end();
        if let Some(db) = self.db.take() {
            let _ = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
        self.shared.write_checkpoint(self.head);
    }
}

fn apply(transaction: &mut Transaction, request: &Request, keys: &MasterKeys) -> Result<(), Trouble> {
    match request {
        Request::Commit(new) => transaction.insert(new),
        Request::Append(events) => transaction.append(events),
        Request::Decide(decision) => transaction.decide(decision),
        Request::Change(change) => transaction.change(change),
        Request::Delete(id, events) => transaction.delete(*id, events),
        Request::GiveBack(id, domains) => transaction.give_back(*id, domains),
        Request::Suspend(domain, until, events) => transaction.suspend(domain, *until, events),
        Request::Resume(domain, events) => transaction.resume(domain, events),
        Request::KeepSource(kind, hash, text) => transaction.keep_source(*kind, hash, text),
        Request::KeepWaivers(waivers, events) => transaction.keep_waivers(waivers, events),
        Request::Rewrap(new, events) => transaction.rewrap(keys, new, events),
        Request::Prune(before) => transaction.prune(*before, PRUNE),
        Request::HoldDamaged(id, now) => transaction.hold_damaged(*id, *now),
        Request::Tick => Ok(()),
    }
}

/// Gives an answer. Who committed a message for immediate delivery and is gone before the answer
/// will never deliver it: then the lease goes back.
fn deliver(job: Job, answer: Result<(), StoreError>) -> Option<Job> {
    let committed = answer.is_ok();
    if job.answer.send(answer).is_ok() {
        return None;
    }
    let (id, standing) = match &job.request {
        Request::Commit(new) if new.leased => (new.id, &new.standing),
        Request::Decide(decision) if decision.leased => (decision.id, &decision.standing),
        _ => return None,
    };
    let domains = standing.open.iter().map(|(domain, _)| domain.clone()).collect();
    committed.then(|| Job { request: Request::GiveBack(id, domains), answer: oneshot::channel().0 })
}

/// What is left of a full disk is for deliveries, not for new mail.
fn refuse_new_mail(jobs: Vec<Job>) -> Vec<Job> {
    let (new, others): (Vec<Job>, Vec<Job>) =
        jobs.into_iter().partition(|job| matches!(job.request, Request::Commit(_)));
    answer_all(new, &StoreError::Full);
    others
}

fn answer_all(jobs: Vec<Job>, error: &StoreError) {
    for job in jobs {
        let _ = job.answer.send(Err(error.clone()));
    }
}

/// The end of the account as stored.
fn head(db: &Connection) -> Result<Head, Trouble> {
    let last = db
        .query_row("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok(Head { seq: row.get::<_, i64>(0)? as u64, hash: Hash(row.get(1)?) })
        })
        .optional()?;
    Ok(last.unwrap_or(Head::EMPTY))
}
