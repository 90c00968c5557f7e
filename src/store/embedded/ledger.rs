//! Who has what on lease, and when each domain is due next. In memory: one process owns the
//! store, and its leases die with it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::mail::{Domain, QueueId};

/// Times are milliseconds since 1970, as in the tables.
#[derive(Default)]
pub struct Ledger {
    leased: HashMap<QueueId, Vec<Domain>>,
    /// Messages that the transaction under way changes: not to be handed out before it ends.
    changing: HashSet<QueueId>,
    /// For each domain, no later than its first due row that nobody has leased.
    heads: HashMap<Domain, i64>,
    order: BTreeSet<(i64, Domain)>,
    suspended: HashMap<Domain, Option<Timestamp>>,
}

impl Ledger {
    pub fn is_leased(&self, id: QueueId, domain: &Domain) -> bool {
        self.leased.get(&id).is_some_and(|domains| domains.contains(domain))
    }

    /// Whether nobody may take it now: on lease, or being changed.
    pub fn is_taken(&self, id: QueueId, domain: &Domain) -> bool {
        self.changing.contains(&id) || self.is_leased(id, domain)
    }

    pub fn lease(&mut self, id: QueueId, domain: Domain) {
        let domains = self.leased.entry(id).or_default();
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }

    pub fn release(&mut self, id: QueueId, domain: &Domain) {
        if let Some(domains) = self.leased.get_mut(&id) {
            domains.retain(|leased| leased != domain);
            if domains.is_empty() {
                self.leased.remove(&id);
            }
        }
    }

    pub fn forget(&mut self, id: QueueId) {
        self.leased.remove(&id);
    }

    /// Keeps a message from being leased while it is changed; refused if it is on lease.
    pub fn begin_change(&mut self, id: QueueId) -> bool {
        let free = !self.leased.contains_key(&id);
        if free {
            self.changing.insert(id);
        }
        free
    }

    pub fn end_changes(&mut self) {
        self.changing.clear();
    }

    /// A row of this domain is due then.
    pub fn due(&mut self, domain: &Domain, due: i64) {
        if self.heads.get(domain).is_none_or(|head| due < *head) {
            self.set_head(domain, Some(due));
        }
    }

    /// What a look into the table found to be the domain's first free row.
    pub fn set_head(&mut self, domain: &Domain, head: Option<i64>) {
        let before = match head {
            Some(due) => self.heads.insert(domain.clone(), due),
            None => self.heads.remove(domain),
        };
        if let Some(before) = before {
            self.order.remove(&(before, domain.clone()));
        }
        if let Some(due) = head {
            self.order.insert((due, domain.clone()));
        }
    }

    pub fn clear_heads(&mut self) {
        self.heads.clear();
        self.order.clear();
    }

    /// Domains with something due, the longest waiting first. What lies further ahead than any
    /// retry could put it was written before the clock was set back: it is due too (T024).
    pub fn due_domains(&self, now: i64, horizon: Duration, busy: &[Domain], limit: usize) -> Vec<Domain> {
        let late = self.order.iter().take_while(|(due, _)| *due <= now);
        let astray = self.order.iter().rev().take_while(|(due, _)| is_astray(*due, now, horizon));
        late.chain(astray)
            .map(|(_, domain)| domain)
            .filter(|domain| !busy.contains(domain) && !self.is_suspended(domain, now))
            .take(limit)
            .cloned()
            .collect()
    }

    /// When something is due next, these and suspended domains aside.
    pub fn next_due(&self, now: i64, busy: &[Domain]) -> Option<i64> {
        self.order
            .iter()
            .find(|(_, domain)| !busy.contains(domain) && !self.is_suspended(domain, now))
            .map(|(due, _)| *due)
    }

    pub fn suspend(&mut self, domain: Domain, until: Option<Timestamp>) {
        self.suspended.insert(domain, until);
    }

    pub fn resume(&mut self, domain: &Domain) {
        self.suspended.remove(domain);
    }

    pub fn suspended(&self) -> Vec<(Domain, Option<Timestamp>)> {
        self.suspended.iter().map(|(domain, until)| (domain.clone(), *until)).collect()
    }

    fn is_suspended(&self, domain: &Domain, now: i64) -> bool {
        self.suspended.get(domain).is_some_and(|until| until.is_none_or(|until| until.as_millisecond() > now))
    }
}

/// Whether a due time lies further ahead than any retry could put it.
pub fn is_astray(due: i64, now: i64, horizon: Duration) -> bool {
    due.saturating_sub(now) > i64::try_from(horizon.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn domain(name: &str) -> Domain {
        name.parse().unwrap()
    }

    #[test]
    fn the_longest_waiting_domain_comes_first_and_busy_ones_are_left_out() {
        let mut ledger = Ledger::default();
        for (name, due) in [("b.example", 20), ("a.example", 10), ("c.example", 30), ("later.example", 1000)] {
            ledger.due(&domain(name), due);
        }
        ledger.suspend(domain("c.example"), None);
        let busy = [domain("a.example")];
        assert_eq!(ledger.due_domains(100, HOUR, &[], 9), [domain("a.example"), domain("b.example")]);
        assert_eq!(ledger.due_domains(100, HOUR, &busy, 9), [domain("b.example")]);
        assert_eq!(ledger.next_due(100, &busy), Some(20));
        ledger.set_head(&domain("b.example"), None);
        assert_eq!(ledger.next_due(100, &busy), Some(1000));
    }

    #[test]
    fn a_suspension_ends_by_itself() {
        let mut ledger = Ledger::default();
        ledger.due(&domain("a.example"), 1);
        ledger.suspend(domain("a.example"), Some(Timestamp::from_millisecond(500).unwrap()));
        assert!(ledger.due_domains(499, HOUR, &[], 9).is_empty());
        assert_eq!(ledger.due_domains(500, HOUR, &[], 9), [domain("a.example")]);
    }

    /// T024.
    #[test]
    fn what_was_due_before_the_clock_was_set_back_is_due_now() {
        let mut ledger = Ledger::default();
        let ten_days = 10 * 86_400_000;
        ledger.due(&domain("a.example"), ten_days);
        ledger.due(&domain("b.example"), 1000);
        assert_eq!(ledger.due_domains(0, HOUR, &[], 9), [domain("a.example")]);
    }

    #[test]
    fn a_message_on_lease_cannot_be_changed_nor_one_being_changed_leased() {
        let mut ledger = Ledger::default();
        let (id, domain) = (QueueId::new(1, &[0; 10]), domain("a.example"));
        assert!(ledger.begin_change(id));
        assert!(ledger.is_taken(id, &domain));
        ledger.end_changes();
        ledger.lease(id, domain.clone());
        assert!(!ledger.begin_change(id));
        ledger.release(id, &domain);
        assert!(!ledger.is_taken(id, &domain));
    }
}
