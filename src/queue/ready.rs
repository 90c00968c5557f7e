//! The bounded list of work in memory: a lane for each domain, lanes take turns.
//!
//! A state machine without clock or task, so that its fairness can be tested exactly.

use std::collections::{HashMap, HashSet, VecDeque};

use super::limit::{Feedback, Limit};
use crate::mail::{Domain, QueueId};

/// How much may wait, and how fast one destination is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Items waiting, each a message for one domain.
    pub items: usize,
    /// Bytes of content that waiting items keep in memory.
    pub bytes: u64,
    /// Deliveries at once to one domain: at first, and at most.
    pub initial: usize,
    pub max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { items: 2000, bytes: 48 << 20, initial: 10, max: 50 }
    }
}

/// Waiting items of type `T`, by domain.
pub struct Ready<T> {
    bounds: Bounds,
    /// Items waiting or promised a place.
    taken: usize,
    bytes: u64,
    lanes: HashMap<Domain, Lane<T>>,
    /// Lanes that have work and may start it, each listed once.
    turns: VecDeque<Domain>,
    suspended: HashSet<Domain>,
}

struct Lane<T> {
    waiting: VecDeque<Entry<T>>,
    active: usize,
    limit: Limit,
    listed: bool,
}

impl<T> Lane<T> {
    /// Soon nothing waits.
    fn is_low(&self) -> bool {
        self.waiting.len() <= self.limit.current() / 2
    }
}

struct Entry<T> {
    id: QueueId,
    bytes: u64,
    item: T,
}

/// Idle lanes are forgotten when there are more: what they learned is worth little.
const LANES_KEPT: usize = 4096;

impl<T> Ready<T> {
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, taken: 0, bytes: 0, lanes: HashMap::new(), turns: VecDeque::new(), suspended: HashSet::new() }
    }

    /// Promises a place in each domain's lane, or none if one is crowded or suspended.
    pub fn reserve<'a>(&mut self, domains: impl Iterator<Item = &'a Domain> + Clone) -> bool {
        let count = domains.clone().count();
        let open = |domain| !self.suspended.contains(domain) && !self.is_crowded(domain);
        let granted = self.taken + count <= self.bounds.items && domains.clone().all(open);
        if granted {
            self.taken += count;
        }
        granted
    }

    /// Gives promised places back unused.
    pub fn cancel(&mut self, count: usize) {
        self.taken -= count;
    }

    /// How many items could still be promised a place.
    pub fn room(&self) -> usize {
        self.bounds.items.saturating_sub(self.taken)
    }

    /// Whether so much content may stay in memory while it waits.
    pub fn has_memory(&self, bytes: u64) -> bool {
        self.bytes.saturating_add(bytes) <= self.bounds.bytes
    }

    /// Takes in what was leased, however much its domain has waiting: to give it back would cost
    /// more than its place. Gives the item back if there is none, or its domain was suspended.
    pub fn admit(&mut self, domain: Domain, id: QueueId, bytes: u64, item: T) -> Result<(), T> {
        if self.room() == 0 {
            return Err(item);
        }
        self.taken += 1;
        self.push(domain, id, bytes, item)
    }

    /// Fills a promised place; gives the item back if its domain was suspended meanwhile.
    pub fn push(&mut self, domain: Domain, id: QueueId, bytes: u64, item: T) -> Result<(), T> {
        if self.suspended.contains(&domain) {
            self.taken -= 1;
            return Err(item);
        }
        self.forget_idle();
        self.bytes += bytes;
        self.lane(&domain).waiting.push_back(Entry { id, bytes, item });
        self.list(&domain);
        Ok(())
    }

    /// The next item, lanes taking turns. It counts as active until [`Self::finished`].
    pub fn pop(&mut self) -> Option<(Domain, T)> {
        let domain = self.turns.pop_front()?;
        let lane = self.lanes.get_mut(&domain).expect("a listed lane exists");
        lane.listed = false;
        let entry = lane.waiting.pop_front().expect("a listed lane has work");
        lane.active += 1;
        self.taken -= 1;
        self.bytes -= entry.bytes;
        self.list(&domain);
        Some((domain, entry.item))
    }

    /// An active item is done; says whether its lane has run low and wants more.
    pub fn finished(&mut self, domain: &Domain, feedback: Feedback) -> bool {
        let Some(lane) = self.lanes.get_mut(domain) else { return false };
        lane.active = lane.active.saturating_sub(1);
        lane.limit.learn(feedback);
        let low = lane.is_low();
        self.list(domain);
        low
    }

    /// Domains that need no more yet: what they have will last a while, and each lease is a look at
    /// the store.
    pub fn supplied(&self) -> Vec<Domain> {
        self.lanes.iter().filter(|(_, lane)| !lane.is_low()).map(|(domain, _)| domain.clone()).collect()
    }

    /// Stops a domain and gives back what waited for it.
    pub fn suspend(&mut self, domain: Domain) -> Vec<T> {
        let items = self.take_from(&domain, |_| true);
        self.suspended.insert(domain);
        items
    }

    pub fn resume(&mut self, domain: &Domain) {
        self.suspended.remove(domain);
    }

    /// Takes a message's waiting items out.
    pub fn withdraw(&mut self, id: QueueId) -> Vec<T> {
        let domains: Vec<Domain> = self.lanes.keys().cloned().collect();
        domains.iter().flat_map(|domain| self.take_from(domain, |entry| entry.id == id)).collect()
    }

    /// Takes a message's waiting item out of one lane, to go along with what another lane started.
    pub fn take_along(&mut self, id: QueueId, domain: &Domain, wanted: impl Fn(&T) -> bool) -> Option<T> {
        self.take_from(domain, |entry| entry.id == id && wanted(&entry.item)).pop()
    }

    fn take_from(&mut self, domain: &Domain, wanted: impl Fn(&Entry<T>) -> bool) -> Vec<T> {
        let Some(lane) = self.lanes.get_mut(domain) else { return Vec::new() };
        let (out, stay): (VecDeque<_>, VecDeque<_>) = lane.waiting.drain(..).partition(|entry| wanted(entry));
        lane.waiting = stay;
        if lane.waiting.is_empty() && lane.listed {
            lane.listed = false;
            self.turns.retain(|listed| listed != domain);
        }
        self.taken -= out.len();
        self.bytes -= out.iter().map(|entry| entry.bytes).sum::<u64>();
        out.into_iter().map(|entry| entry.item).collect()
    }

    /// One destination may have two rounds of its deliveries waiting, and never more than half of all places.
    fn is_crowded(&self, domain: &Domain) -> bool {
        self.lanes.get(domain).is_some_and(|lane| {
            let share = (lane.limit.current() * 4).max(32).min(self.bounds.items.div_ceil(2));
            lane.waiting.len() >= share
        })
    }

    fn lane(&mut self, domain: &Domain) -> &mut Lane<T> {
        let limit = Limit::new(self.bounds.initial, self.bounds.max);
        self.lanes.entry(domain.clone()).or_insert_with(|| Lane {
            waiting: VecDeque::new(),
            active: 0,
            limit,
            listed: false,
        })
    }

    fn list(&mut self, domain: &Domain) {
        let Some(lane) = self.lanes.get_mut(domain) else { return };
        if !lane.listed && !lane.waiting.is_empty() && lane.limit.allows(lane.active) {
            lane.listed = true;
            self.turns.push_back(domain.clone());
        }
    }

    fn forget_idle(&mut self) {
        if self.lanes.len() >= LANES_KEPT {
            self.lanes.retain(|_, lane| lane.active > 0 || !lane.waiting.is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(name: &str) -> Domain {
        name.parse().unwrap()
    }

    fn id(number: u64) -> QueueId {
        QueueId::new(number, &[0; 10])
    }

    fn ready(items: usize) -> Ready<u64> {
        Ready::new(Bounds { items, bytes: 100, initial: 2, max: 3 })
    }

    fn add(ready: &mut Ready<u64>, name: &str, number: u64) -> bool {
        let domain = domain(name);
        ready.reserve([&domain].into_iter()) && ready.push(domain, id(number), 1, number).is_ok()
    }

    #[test]
    fn domains_take_turns_however_much_one_has_waiting() {
        let mut ready = ready(100);
        for number in 0..10 {
            assert!(add(&mut ready, "big.example", number));
        }
        add(&mut ready, "small.example", 100);
        let order: Vec<u64> = std::iter::from_fn(|| ready.pop()).map(|(_, item)| item).collect();
        assert_eq!(order, [0, 100, 1], "and no more than two at once go to one domain");
    }

    #[test]
    fn a_finished_delivery_lets_the_next_one_start() {
        let mut ready = ready(100);
        for number in 0..4 {
            add(&mut ready, "a.example", number);
        }
        assert!(ready.pop().is_some() && ready.pop().is_some() && ready.pop().is_none());
        ready.finished(&domain("a.example"), Feedback::None);
        assert_eq!(ready.pop().map(|(_, item)| item), Some(2));
        assert!(ready.pop().is_none());
    }

    #[test]
    fn a_crowded_domain_gets_no_more_places_but_others_do() {
        let mut ready = ready(20);
        let taken = (0..20).filter(|number| add(&mut ready, "big.example", *number)).count();
        assert_eq!(taken, 10);
        assert_eq!(ready.supplied(), [domain("big.example")]);
        assert!(add(&mut ready, "small.example", 99));
    }

    #[test]
    fn what_was_leased_is_taken_in_while_there_is_any_place() {
        let mut ready = ready(20);
        let one = domain("big.example");
        let taken = (0..30).filter(|number| ready.admit(one.clone(), id(*number), 1, *number).is_ok()).count();
        assert_eq!((taken, ready.room()), (20, 0));
        while ready.pop().is_some() {
            ready.finished(&one, Feedback::None);
        }
        assert!(ready.supplied().is_empty() && ready.room() == 20);
    }

    #[test]
    fn a_suspended_domain_gives_its_work_back_and_takes_none() {
        let mut ready = ready(20);
        add(&mut ready, "a.example", 1);
        add(&mut ready, "b.example", 2);
        assert_eq!(ready.suspend(domain("a.example")), [1]);
        assert!(!add(&mut ready, "a.example", 3));
        assert_eq!(ready.pop().map(|(_, item)| item), Some(2));
        assert!(ready.pop().is_none());
        ready.resume(&domain("a.example"));
        assert!(add(&mut ready, "a.example", 4));
        assert_eq!(ready.room(), 19);
    }

    #[test]
    fn a_withdrawn_message_leaves_every_lane() {
        let mut ready = ready(20);
        for name in ["a.example", "b.example"] {
            add(&mut ready, name, 1);
            add(&mut ready, name, 2);
        }
        assert_eq!(ready.withdraw(id(1)), [1, 1]);
        assert_eq!(std::iter::from_fn(|| ready.pop()).map(|(_, item)| item).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn an_item_that_goes_along_frees_its_place_and_its_lanes_turn() {
        let mut ready = ready(20);
        for (name, number) in [("a.example", 1), ("b.example", 1), ("b.example", 2)] {
            add(&mut ready, name, number);
        }
        assert_eq!(ready.pop().map(|(_, item)| item), Some(1));
        assert_eq!(ready.take_along(id(1), &domain("b.example"), |_| false), None, "it goes another way");
        assert_eq!(ready.take_along(id(1), &domain("b.example"), |_| true), Some(1));
        assert_eq!(ready.take_along(id(1), &domain("c.example"), |_| true), None);
        assert_eq!(ready.room(), 19);
        assert_eq!(std::iter::from_fn(|| ready.pop()).map(|(_, item)| item).collect::<Vec<_>>(), [2]);
    }

    proptest::proptest! {
        /// Any order of events: nothing is lost or doubled, places are counted right, and no
        /// domain has more deliveries at once than its limit's maximum.
        #[test]
        fn whatever_goes_in_comes_out_once(steps in proptest::collection::vec((0u8..5, 0usize..4), 1..200)) {
            let mut ready = ready(30);
            let mut inside = HashSet::new();
            let mut active: Vec<Domain> = Vec::new();
            for (number, (kind, which)) in steps.into_iter().enumerate() {
                let domain = domain(&format!("d{which}.example"));
                match kind {
                    0 | 1 => if add(&mut ready, domain.as_str(), number as u64) { inside.insert(number as u64); },
                    2 => if let Some((domain, item)) = ready.pop() {
                        proptest::prop_assert!(inside.remove(&item));
                        active.push(domain);
                    },
                    3 => if let Some(domain) = active.pop() {
                        ready.finished(&domain, if which == 0 { Feedback::Bad } else { Feedback::Good });
                    },
                    _ => {
                        for item in ready.suspend(domain.clone()) { proptest::prop_assert!(inside.remove(&item)); }
                        ready.resume(&domain);
                    }
                }
                proptest::prop_assert_eq!(ready.room(), 30 - inside.len());
                for which in 0..4 {
                    let name = format!("d{which}.example");
                    proptest::prop_assert!(active.iter().filter(|domain| domain.as_str() == name).count() <= 3);
                }
            }
            while !inside.is_empty() {
                while let Some((domain, item)) = ready.pop() {
                    proptest::prop_assert!(inside.remove(&item));
                    active.push(domain);
                }
                for domain in active.drain(..) { ready.finished(&domain, Feedback::None); }
            }
        }
    }
}
