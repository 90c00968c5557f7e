//! What a reload may change about notices of held mail, for intake.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::config::Configuration;
use crate::intake::HoldNotices;
use crate::mail::Envelope;
use crate::policy::Decision;
use crate::quarantine;
use crate::store::{Arrival, Facts};
use crate::world::{Clock, Random};

/// The notices of the configuration that runs now.
pub struct Notices {
    current: ArcSwap<quarantine::Notices>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Notices {
    pub fn new(configuration: &Configuration, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let current = ArcSwap::from_pointee(notices(configuration, &clock, &random));
        Self { current, clock, random }
    }

    pub fn reload(&self, configuration: &Configuration) {
        self.current.store(Arc::new(notices(configuration, &self.clock, &self.random)));
    }

    pub fn current(&self) -> Arc<quarantine::Notices> {
        self.current.load_full()
    }
}

fn notices(configuration: &Configuration, clock: &Arc<dyn Clock>, random: &Arc<dyn Random>) -> quarantine::Notices {
    quarantine::Notices::new(configuration.quarantine.clone(), clock.clone(), random.clone())
}

impl HoldNotices for Notices {
    fn notices(&self, envelope: &Envelope, facts: &Facts, decision: &Decision) -> Vec<Arrival> {
        self.current().decided(envelope, facts, decision)
    }

    fn refused(&self, envelope: &Envelope, facts: &Facts, decision: &Decision) -> Vec<Arrival> {
        self.current().refused(envelope, facts, decision)
    }
}
