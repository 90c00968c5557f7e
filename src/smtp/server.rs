//! The server: binds listeners, accepts within limits, and ends sessions in good order.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::auth::Gatekeeper;
use super::body::Held;
use super::driver::{Driver, Ended, Stop};
use super::network::client_key;
use super::proxy::{self, Told};
use super::session::Session;
use super::{Config, Event, Intake, Metrics, Refusal, Tls, TlsMode, tls};
use crate::mail::Client;
use crate::people::People;
use crate::world::Clock;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// After the order to stop at once: for last replies.
const LAST_WORDS: Duration = Duration::from_secs(2);

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

/// One connection before and around its session.
struct Visit {
    shared: Arc<Shared>,
    settings: Arc<Settings>,
    place: usize,
    stop: Stop,
    peer: IpAddr,
}

impl Visit {
    /// Takes a slot for the peer, or turns it away. A listed balancer is counted by its clients.
    fn admit(&self, stream: &TcpStream) -> Option<Slot> {
        let key = if self.speaks_proxy() { None } else { Some(self.peer) };
        match self.shared.slot(key, &self.settings.config) {
            Ok(slot) => Some(slot),
            Err(refusal) => {
                self.refuse("connect", refusal, self.peer);
                // Inside TLS nobody could read it. Best effort: a flood is not waited for.
                if self.mode() != TlsMode::Implicit {
                    let _ = stream.try_write(refusal.reply().to_string().as_bytes());
                }
                None
            }
        }
    }

    async fn receive(self, mut stream: TcpStream, mut slot: Slot) {
        let mut ip = self.peer;
        if self.speaks_proxy() {
            let header = timeout(self.settings.config.limits.handshake, proxy::read(&mut stream)).await;
            match header {
                Ok(Ok(Told::Client(client))) => ip = client.to_canonical(),
                Ok(Ok(Told::Peer)) => {}
                Ok(Err(_)) | Err(_) => return self.turn_away(stream, "proxy", Refusal::ProxyHeader, ip).await,
            }
            match self.shared.slot(Some(ip), &self.settings.config) {
                Ok(own) => slot = own,
                Err(refusal) => return self.turn_away(stream, "connect", refusal, ip).await,
            }
        }
        let _slot = slot;
        let session = Session::new(self.shared.clone(), self.settings.clone(), self.place, ip);
        match self.mode() {
            TlsMode::Implicit => self.secure(stream, session, Greeting::Due).await,
            TlsMode::Off | TlsMode::Offered | TlsMode::Required => {
                let mut driver = Driver::new(stream, session, self.shared.clone(), self.stop.clone());
                if let Ended::StartTls = driver.greet_and_converse().await {
                    let (stream, session) = driver.into_parts();
                    self.secure(stream, session, Greeting::Done).await;
                }
            }
        }
    }

    /// The handshake, and the session inside it.
    async fn secure(&self, stream: TcpStream, mut session: Session, greeting: Greeting) {
        let Some(config) = self.settings.tls.server(self.place) else { return };
        let handshake = TlsAcceptor::from(config).accept(stream);
        let stream = match timeout(self.settings.config.limits.handshake, handshake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::info!(client = %session.ip(), %error, "TLS handshake failed");
                return self.refuse("tls", Refusal::TlsFailed, session.ip());
            }
            Err(_) => return self.refuse("tls", Refusal::TimedOut, session.ip()),
        };
        let connection = stream.get_ref().1;
        session.secured(tls::session(connection), connection.peer_certificates());
        let mut driver = Driver::new(stream, session, self.shared.clone(), self.stop.clone());
        match greeting {
            Greeting::Due => driver.greet_and_converse().await,
            Greeting::Done => driver.converse().await,
        };
    }

    async fn turn_away(&self, mut stream: TcpStream, stage: &'static str, refusal: Refusal, ip: IpAddr) {
        self.refuse(stage, refusal, ip);
        if self.mode() != TlsMode::Implicit {
            let reply = refusal.reply().to_string();
            let _ = timeout(LAST_WORDS, stream.write_all(reply.as_bytes())).await;
        }
    }

    fn refuse(&self, stage: &'static str, refusal: Refusal, ip: IpAddr) {
        self.shared.metrics.refused(stage, refusal);
        let listener = self.settings.config.listeners[self.place].name.clone();
        let client = Client { ip, helo: String::new(), extended: false, listener, user: None, tls: None };
        self.shared.intake.tell(Event::Refused { stage, reason: refusal.reason() }, &client);
    }

    fn speaks_proxy(&self) -> bool {
        self.settings.config.listeners[self.place].proxy_from.iter().any(|network| network.contains(self.peer))
    }

    fn mode(&self) -> TlsMode {
        self.settings.config.listeners[self.place].tls
    }
}

/// Whether `220` was said before the handshake.
enum Greeting {
    Due,
    Done,
}

impl Shared {
    fn show(&self) {
        let settings = self.settings.load();
        self.metrics.prepare(&settings.config);
        settings.tls.show(&settings.config, &self.metrics);
    }

    /// A place among the connections, given back when dropped. Without an address it counts only
    /// towards the total.
    fn slot(self: &Arc<Self>, ip: Option<IpAddr>, config: &Config) -> Result<Slot, Refusal> {
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
struct Slot {
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
