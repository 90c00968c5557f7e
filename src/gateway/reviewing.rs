//! The quarantine of the configuration that runs now: a reload puts another in its place.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::mail::{Address, Envelope};
use crate::policy::Decision;
use crate::quarantine::Quarantine;
use crate::store::{Arrival, Facts, Leased};
use crate::{dispatch, intake};

/// Where everybody finds the quarantine.
pub struct Current {
    quarantine: ArcSwap<Quarantine>,
    replaced: Notify,
}

impl Current {
    pub fn new(quarantine: Arc<Quarantine>) -> Self {
        Self { quarantine: ArcSwap::new(quarantine), replaced: Notify::new() }
    }

    pub fn load(&self) -> Arc<Quarantine> {
        self.quarantine.load_full()
    }

    pub fn replace(&self, quarantine: Arc<Quarantine>) {
        self.quarantine.store(quarantine);
        self.replaced.notify_one();
    }

    /// Returns what nobody judged in time, and sends the daily list, until `stop`.
    pub async fn keep_up(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let this_one = stop.child_token();
            let running = self.load().run(this_one.clone());
            tokio::pin!(running);
            tokio::select! {
                () = &mut running => return,
                () = self.replaced.notified() => this_one.cancel(),
            }
            running.await;
        }
    }
}

impl intake::HoldNotices for Current {
    fn notices(&self, envelope: &Envelope, facts: &Facts, decision: &Decision) -> Vec<Arrival> {
        self.load().notices().decided(envelope, facts, decision)
    }

    fn refused(&self, envelope: &Envelope, facts: &Facts, decision: &Decision) -> Vec<Arrival> {
        self.load().notices().refused(envelope, facts, decision)
    }

    fn damaged(&self, envelope: &Envelope, decision: &Decision) -> Vec<Arrival> {
        let held: Vec<&Address> = envelope.recipients.iter().map(|recipient| &recipient.address).collect();
        self.load().notices().damaged(envelope, &Facts::default(), decision, &held)
    }
}

impl dispatch::HoldNotices for Current {
    fn held(&self, leased: &Leased, held: &[&Address]) -> Vec<Arrival> {
        self.load().notices().held(&leased.envelope, &leased.facts, &leased.decision, held)
    }

    fn damaged(&self, leased: &Leased, held: &[&Address]) -> Vec<Arrival> {
        self.load().notices().damaged(&leased.envelope, &leased.facts, &leased.decision, held)
    }
}
