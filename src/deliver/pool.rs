//! Sessions that wait for more mail.
//!
//! One is handed out only for the very same hop under the same route (so the same names, pins and
//! log-in), and only to mail whose level it reaches: what it proved belongs to it, not to the host.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use tokio::time::Instant;

use super::config::Reuse;
use super::session::{Hop, Need, Session};

pub struct Pool {
    reuse: Reuse,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    by_hop: HashMap<Hop, Vec<(Instant, Session)>>,
    total: usize,
    closed: bool,
}

impl Pool {
    pub fn new(reuse: Reuse) -> Self {
        Self { reuse, waiting: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().expect("no panic while the pool is held")
    }

    /// A session that still lives and reaches the need; the one used last is the likeliest to live.
    pub fn take(&self, hop: &Hop, need: Need) -> Option<Session> {
        let mut waiting = self.lock();
        let mut found = None;
        let mut gone = 0;
        if let Some(sessions) = waiting.by_hop.get_mut(hop) {
            while let Some(at) = sessions.iter().rposition(|(_, session)| session.reaches(need)) {
                let (since, mut session) = sessions.remove(at);
                gone += 1;
                if self.usable(since, &session) && session.client.stream.is_quiet() {
                    found = Some(session);
                    break;
                }
            }
        }
        waiting.total -= gone;
        found
    }

    /// Keeps a session for more mail, or gives it back to be closed.
    pub fn keep(&self, session: Session) -> Option<Session> {
        let now = Instant::now();
        let mut waiting = self.lock();
        let room = waiting.total < self.reuse.total && !waiting.closed;
        if !room || session.over || !self.usable(now, &session) {
            return Some(session);
        }
        let sessions = waiting.by_hop.entry(session.hop.clone()).or_default();
        if sessions.len() >= self.reuse.per_host {
            return Some(session);
        }
        sessions.push((now, session));
        waiting.total += 1;
        None
    }

    /// Takes out what has waited too long.
    pub fn stale(&self) -> Vec<Session> {
        let mut waiting = self.lock();
        let mut stale = Vec::new();
        for sessions in waiting.by_hop.values_mut() {
            stale.extend(
                sessions.extract_if(.., |(since, session)| !self.usable(*since, session)).map(|(_, session)| session),
            );
        }
        waiting.by_hop.retain(|_, sessions| !sessions.is_empty());
        waiting.total -= stale.len();
        stale
    }

    /// Takes out all, and keeps none from now on.
    pub fn close(&self) -> Vec<Session> {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.total = 0;
        waiting.by_hop.drain().flat_map(|(_, sessions)| sessions).map(|(_, session)| session).collect()
    }

    fn usable(&self, since: Instant, session: &Session) -> bool {
        since.elapsed() < self.reuse.idle
            && session.opened.elapsed() < self.reuse.age
            && session.transactions < self.reuse.transactions
    }
}
