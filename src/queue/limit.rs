//! How many deliveries to one destination may run at once, learned from how they go.

/// How a delivery went for the destination as a whole, whatever became of its recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback {
    /// The destination took part in a whole session.
    Good,
    /// It could not be reached, hung up, or asked for less (421).
    Bad,
    /// Nothing was learned.
    None,
}

/// A limit that grows by one with each good delivery and is halved by a bad one, so that a slow
/// peer is not drowned and a dead one costs one probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    now: usize,
    max: usize,
}

impl Limit {
    pub fn new(initial: usize, max: usize) -> Self {
        let max = max.max(1);
        Self { now: initial.clamp(1, max), max }
    }

    pub fn allows(&self, active: usize) -> bool {
        active < self.now
    }

    pub fn current(&self) -> usize {
        self.now
    }

    pub fn learn(&mut self, feedback: Feedback) {
        self.now = match feedback {
            Feedback::Good => (self.now + 1).min(self.max),
            Feedback::Bad => (self.now / 2).max(1),
            Feedback::None => self.now,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_by_one_halves_and_stays_within_its_bounds() {
        let mut limit = Limit::new(10, 12);
        let seen: Vec<usize> = [Feedback::Good, Feedback::Good, Feedback::Good, Feedback::Bad, Feedback::None]
            .into_iter()
            .map(|feedback| {
                limit.learn(feedback);
                limit.current()
            })
            .collect();
        assert_eq!(seen, [11, 12, 12, 6, 6]);
        for _ in 0..10 {
            limit.learn(Feedback::Bad);
        }
        assert_eq!(limit.current(), 1);
        assert!(limit.allows(0) && !limit.allows(1));
    }
}
