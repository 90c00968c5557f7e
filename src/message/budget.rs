//! How much work one message may cause.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::GapReason;

/// Bytes and parts that reading may still produce, and a flag by which the caller stops it.
///
/// Rooms that read look at it at each part and at least every 64 KiB; when it is spent they keep
/// what they found and report a gap. It has no clock: who sets the flag watches the time.
#[derive(Debug)]
pub struct Budget {
    stop: AtomicBool,
    bytes: AtomicU64,
    parts: AtomicU64,
    /// How deep containers may nest.
    pub depth: usize,
    /// How many times larger than its container an archive's content may be.
    pub ratio: u64,
}

impl Budget {
    /// Allows so many bytes of extracted text and so many parts.
    pub fn new(bytes: u64, parts: u64) -> Self {
        Self {
            stop: AtomicBool::new(false),
            bytes: AtomicU64::new(bytes),
            parts: AtomicU64::new(parts),
            depth: 16,
            ratio: 200,
        }
    }

    /// Ends the work soon; what is unread becomes gap `timeout`.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether work may go on.
    pub fn check(&self) -> Result<(), GapReason> {
        if self.stop.load(Ordering::Relaxed) { Err(GapReason::Timeout) } else { Ok(()) }
    }

    /// Bytes and parts that are left.
    pub fn left(&self) -> (u64, u64) {
        (self.bytes.load(Ordering::Relaxed), self.parts.load(Ordering::Relaxed))
    }

    /// Takes so many bytes out of the budget.
    pub fn spend_bytes(&self, bytes: u64) -> Result<(), GapReason> {
        self.check()?;
        spend(&self.bytes, bytes)
    }

    /// Takes one part out of the budget.
    pub fn spend_part(&self) -> Result<(), GapReason> {
        self.check()?;
        spend(&self.parts, 1)
    }
}

fn spend(left: &AtomicU64, amount: u64) -> Result<(), GapReason> {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(amount))
        .map(|_| ())
        .map_err(|_| GapReason::Limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_budget_is_a_limit_and_a_stopped_one_a_timeout() {
        let budget = Budget::new(10, 1);
        assert_eq!(budget.spend_bytes(11), Err(GapReason::Limit));
        assert_eq!(budget.spend_bytes(10), Ok(()));
        assert_eq!(budget.spend_part(), Ok(()));
        assert_eq!(budget.spend_part(), Err(GapReason::Limit));
        budget.stop();
        assert_eq!(budget.check(), Err(GapReason::Timeout));
    }
}
