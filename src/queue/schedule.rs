//! When to try again, when to climb, when to give up: arithmetic on times that are given.

use std::time::Duration;

use jiff::Timestamp;

/// The retry schedule and the limits of patience. Time and chance are arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Pauses between attempts; the last one repeats.
    pub retry: Vec<Duration>,
    /// How long a rung may fail before the next one is taken.
    pub patience: Duration,
    /// How long a message is tried at all.
    pub expire: Duration,
    /// After how long the author is told of a delay.
    pub delay_notice: Duration,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

impl Default for Schedule {
    fn default() -> Self {
        Self {
            retry: vec![Duration::from_secs(30), 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR],
            patience: 15 * MINUTE,
            expire: 5 * 24 * HOUR,
            delay_notice: HOUR,
        }
    }
}

impl Schedule {
    /// The pause after so many attempts: the schedule's entry, the last one repeating, and up to a
    /// fifth more, so that messages that failed together don't return together.
    ///
    /// `chance` is random, all of `u32` meaning 0 to 1.
    pub fn pause(&self, attempts: u32, chance: u32) -> Duration {
        let at = (attempts.saturating_sub(1) as usize).min(self.retry.len().saturating_sub(1));
        let pause = self.retry.get(at).copied().unwrap_or(MINUTE);
        pause + pause.mul_f64(0.2 * f64::from(chance) / f64::from(u32::MAX))
    }

    /// The longest pause that can come out of [`Self::pause`].
    pub fn longest_pause(&self) -> Duration {
        self.retry.iter().max().copied().unwrap_or(MINUTE).mul_f64(1.2)
    }

    pub fn is_expired(&self, received: Timestamp, now: Timestamp) -> bool {
        elapsed(received, now) >= self.expire
    }

    pub fn is_patience_over(&self, failing_since: Timestamp, now: Timestamp) -> bool {
        elapsed(failing_since, now) >= self.patience
    }

    pub fn is_delay_due(&self, received: Timestamp, now: Timestamp) -> bool {
        elapsed(received, now) >= self.delay_notice
    }

    pub fn expires_at(&self, received: Timestamp) -> Timestamp {
        later(received, self.expire)
    }
}

/// How long ago; nothing if the clock was set back.
pub fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or(Duration::ZERO)
}

/// A moment later; the end of time if it lies beyond.
pub fn later(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule() -> Schedule {
        Schedule { retry: vec![Duration::from_secs(30), Duration::from_secs(120)], ..Schedule::default() }
    }

    #[test]
    fn the_last_entry_of_the_schedule_repeats() {
        for (attempts, seconds) in [(0, 30), (1, 30), (2, 120), (3, 120), (u32::MAX, 120)] {
            assert_eq!(schedule().pause(attempts, 0), Duration::from_secs(seconds), "after {attempts}");
        }
    }

    #[test]
    fn jitter_adds_up_to_a_fifth() {
        assert_eq!(schedule().pause(1, u32::MAX), Duration::from_secs(36));
        assert_eq!(schedule().longest_pause(), Duration::from_secs(144));
    }

    #[test]
    fn a_clock_set_back_neither_expires_nor_panics() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let later = Timestamp::from_second(1_700_864_000).unwrap();
        assert!(!schedule().is_expired(later, now));
        assert!(schedule().is_expired(now, later));
        assert!(schedule().expires_at(Timestamp::MAX) == Timestamp::MAX);
    }
}
