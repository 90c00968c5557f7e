//! What sessions share, and what each keeps to itself whatever is reloaded.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::auth::Gatekeeper;
use super::body::Held;
use super::network::client_key;
use super::{Config, Intake, Metrics, Refusal, Tls};
use crate::people::People;
use crate::world::Clock;

/// After the order to stop at once: for last replies.
pub const LAST_WORDS: Duration = Duration::from_secs(2);

/// What one session keeps from its start to its end, whatever is reloaded meanwhile.
pub struct Settings {
    pub config: Config,
    pub tls: Tls,
    pub people: Arc<People>,
}

/// What all sessions share.
pub struct Shared {
    settings: ArcSwap<Settings>,
    pub intake: Arc<dyn Intake>,
    pub clock: Arc<dyn Clock>,
    pub metrics: Arc<Metrics>,
    pub gatekeeper: Gatekeeper,
    pub held: Arc<Held>,
    connections: Mutex<Connections>,
}

/// Open connections, altogether and by client.
#[derive(Default)]
struct Connections {
    total: usize,
    by_client: HashMap<u128, usize>,
}

impl Shared {
    pub fn new(settings: Settings, intake: Arc<dyn Intake>, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        let gatekeeper = Gatekeeper::new(&settings.config.limits);
        let settings = ArcSwap::from_pointee(settings);
        let (held, connections) = (Arc::default(), Mutex::default());
        let shared = Self { settings, intake, clock, metrics, gatekeeper, held, connections };
        shared.show();
        shared
    }

    /// What a new session follows.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// New sessions follow these; those under way keep theirs.
    pub fn follow(&self, settings: Settings) {
        self.settings.store(Arc::new(settings));
        self.show();
    }

    fn show(&self) {
        let settings = self.settings.load();
        self.metrics.prepare(&settings.config);
        settings.tls.show(&settings.config, &self.metrics);
    }

    /// A place among the connections, given back when dropped. Without an address it counts only
    /// towards the total.
    pub fn slot(self: &Arc<Self>, ip: Option<IpAddr>, config: &Config) -> Result<Slot, Refusal> {
        let key = ip.map(client_key);
        let mut connections = self.connections();
        if connections.total >= config.limits.connections {
            return Err(Refusal::TooManyConnections);
        }
        if let Some(key) = key {
            let count = connections.by_client.entry(key).or_default();
            if *count >= config.limits.connections_per_client {
                return Err(Refusal::TooManyFromClient);
            }
            *count += 1;
        }
        connections.total += 1;
        self.metrics.sessions.set(connections.total as i64);
        Ok(Slot { shared: self.clone(), key })
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A place among the connections.
pub struct Slot {
    shared: Arc<Shared>,
    key: Option<u128>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut connections = self.shared.connections();
        connections.total -= 1;
        self.shared.metrics.sessions.set(connections.total as i64);
        let Some(key) = self.key else { return };
        if let Some(count) = connections.by_client.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                connections.by_client.remove(&key);
            }
        }
    }
}
