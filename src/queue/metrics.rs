//! How much waits, and how long: gauges that a census of the store sets.

use jiff::Timestamp;
use prometheus::{IntGauge, IntGaugeVec, Opts, Registry};

use crate::store::{Census, MessageState};

/// The queue's gauges.
#[derive(Clone)]
pub struct Metrics {
    /// Messages in each state.
    pub messages: IntGaugeVec,
    /// Age of the oldest message that is still to be delivered; 0 if there is none.
    pub oldest: IntGauge,
    /// Messages held for a person.
    pub held: IntGauge,
    /// Age of the oldest message held; 0 if there is none.
    pub oldest_held: IntGauge,
}

impl Metrics {
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self {
            messages: IntGaugeVec::new(
                Opts::new("waxseal_queue_messages", "Messages by state that are not settled yet"),
                &["state"],
            )?,
            oldest: IntGauge::new("waxseal_queue_oldest_seconds", "Age of the oldest message still to be delivered")?,
            held: IntGauge::new("waxseal_quarantine_messages", "Messages held for a person")?,
            oldest_held: IntGauge::new("waxseal_quarantine_oldest_seconds", "Age of the oldest message held")?,
        };
        for state in UNSETTLED {
            metrics.messages.with_label_values(&[state.as_str()]).set(0);
        }
        registry.register(Box::new(metrics.messages.clone()))?;
        registry.register(Box::new(metrics.oldest.clone()))?;
        registry.register(Box::new(metrics.held.clone()))?;
        registry.register(Box::new(metrics.oldest_held.clone()))?;
        Ok(metrics)
    }

    /// Shows what a census found.
    pub fn show(&self, census: &Census, now: Timestamp) {
        let age = |since: Option<Timestamp>| since.map_or(0, |since| now.duration_since(since).as_secs().max(0));
        for state in UNSETTLED {
            let count = census.messages.iter().find(|(counted, _)| *counted == state).map_or(0, |(_, count)| *count);
            self.messages.with_label_values(&[state.as_str()]).set(count as i64);
        }
        self.oldest.set(age(census.oldest_queued));
        self.held.set(census.held as i64);
        self.oldest_held.set(age(census.oldest_held));
    }
}

/// What is settled no longer stands in the queue; counting it would grow with all mail ever sent.
const UNSETTLED: [MessageState; 3] = [MessageState::Scanning, MessageState::Queued, MessageState::Held];
