//! The server: binds listeners, accepts within limits, and ends sessions in good order.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::auth::Gatekeeper;
use super::body::Held;
use super::driver::{Driver, Stop};
use super::network::client_key;
use super::session::Session;
use super::visit::Visit;
use super::{Config, Intake, Metrics, Refusal, Tls};
use crate::people::People;
use crate::world::Clock;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// After the order to stop at once: for last replies.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(2);

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

/// The SMTP server. [`Server::bind`] opens its doors, [`Bound::serve`] lets clients in.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

/// A server whose listeners are bound.
pub struct Bound {
    shared: Arc<Shared>,
    doors: Vec<Door>,
}

struct Door {
    name: String,
    socket: TcpListener,
    address: SocketAddr,
}

#[derive(Debug, thiserror::Error)]
#[error("listener {name} on {bind}: {source}")]
pub struct BindError {
    pub name: String,
    pub bind: SocketAddr,
    pub source: io::Error,
}

impl Server {
    pub fn new(
        config: Config,
        tls: Tls,
        people: Arc<People>,
        intake: Arc<dyn Intake>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let gatekeeper = Gatekeeper::new(&config.limits);
        let settings = ArcSwap::from_pointee(Settings { config, tls, people });
        let (held, connections) = (Arc::default(), Mutex::default());
        let server =
            Self { shared: Arc::new(Shared { settings, intake, clock, metrics, gatekeeper, held, connections }) };
        server.shared.show();
        server
    }

    /// New sessions follow these; those under way keep theirs. Addresses to listen on are fixed at
    /// the start: a listener that is gone takes no new sessions, a new one needs a restart.
    pub fn reload(&self, config: Config, tls: Tls, people: Arc<People>) {
        self.shared.settings.store(Arc::new(Settings { config, tls, people }));
        self.shared.show();
    }

    /// Opens every listener, or none.
    pub fn bind(&self) -> Result<Bound, BindError> {
        let settings = self.shared.settings.load_full();
        let doors = settings.config.listeners.iter().map(|listener| {
            let fault = |source| BindError { name: listener.name.clone(), bind: listener.bind, source };
            let socket = listen(listener.bind).map_err(fault)?;
            let address = socket.local_addr().map_err(fault)?;
            Ok(Door { name: listener.name.clone(), socket, address })
        });
        Ok(Bound { doors: doors.collect::<Result<_, _>>()?, shared: self.shared.clone() })
    }
}

impl Server {
    /// One session in the clear over any stream, as the first listener would hold it with a client
    /// at `ip`: for tests and fuzzing, which need no socket.
    pub async fn attend(&self, stream: impl AsyncRead + AsyncWrite + Unpin, ip: IpAddr, cancel: CancellationToken) {
        let stop = Stop { soon: cancel.clone(), now: cancel };
        let session = Session::new(self.shared.clone(), self.shared.settings.load_full(), 0, ip);
        Driver::new(stream, session, self.shared.clone(), stop).greet_and_converse().await;
    }
}

fn listen(bind: SocketAddr) -> io::Result<TcpListener> {
    let socket = if bind.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(bind)?;
    socket.listen(BACKLOG)
}

impl Bound {
    /// Each listener's name and the address that it really has (a test binds port 0).
    pub fn addresses(&self) -> impl Iterator<Item = (&str, SocketAddr)> {
        self.doors.iter().map(|door| (door.name.as_str(), door.address))
    }

    /// Serves until `cancel`; then lets what is under way end, within `limits.drain`.
    pub async fn serve(self, cancel: CancellationToken) {
        let tracker = TaskTracker::new();
        let stop = Stop { soon: cancel.clone(), now: CancellationToken::new() };
        for door in self.doors {
            tracker.spawn(accept(door, self.shared.clone(), tracker.clone(), stop.clone()));
        }
        cancel.cancelled().await;
        tracker.close();
        let drain = self.shared.settings.load().config.limits.drain;
        if timeout(drain, tracker.wait()).await.is_err() {
            stop.now.cancel();
            if timeout(LAST_WORDS, tracker.wait()).await.is_err() {
                tracing::warn!(sessions = tracker.len(), "sessions cut at the end of the drain");
            }
        }
    }
}

async fn accept(door: Door, shared: Arc<Shared>, tracker: TaskTracker, stop: Stop) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.soon.cancelled() => return,
            accepted = door.socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // A peer that is gone already fails here; its session ends at the first read.
                let _ = stream.set_nodelay(true);
                let (shared, stop) = (shared.clone(), stop.clone());
                let settings = shared.settings.load_full();
                let place = settings.config.listeners.iter().position(|listener| listener.name == door.name);
                let Some(place) = place else { continue };
                let visit = Visit { shared, settings, place, stop, peer: peer.ip().to_canonical() };
                if let Some(slots) = visit.admit(&stream) {
                    tracker.spawn(visit.receive(stream, slots));
                }
            }
            // Out of file descriptors, most likely: waiting is all that helps, and must not spin.
            Err(error) => {
                tracing::warn!(listener = %door.name, %error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

impl Shared {
    fn show(&self) {
        let settings = self.settings.load();
        self.metrics.prepare(&settings.config);
        settings.tls.show(&settings.config, &self.metrics);
    }

    /// A place among the connections, given back when dropped. Without an address it counts only
    /// towards the total.
    pub(super) fn slot(self: &Arc<Self>, ip: Option<IpAddr>, config: &Config) -> Result<Slot, Refusal> {
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
pub(super) struct Slot {
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
