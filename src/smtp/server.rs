//! The server: binds listeners, accepts within limits, and ends sessions in good order.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::driver::{Driver, Stop};
use super::session::Session;
use super::shared::{LAST_WORDS, Settings, Shared};
use super::visit::Visit;
use super::{Config, Intake, Metrics, Tls};
use crate::people::People;
use crate::world::Clock;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
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
#[error("listener {name} can't open {bind}")]
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
        Self { shared: Arc::new(Shared::new(Settings { config, tls, people }, intake, clock, metrics)) }
    }

    /// New sessions follow these; those under way keep theirs. Addresses to listen on are fixed at
    /// the start: a listener that is gone takes no new sessions, a new one needs a restart.
    pub fn reload(&self, config: Config, tls: Tls, people: Arc<People>) {
        self.shared.follow(Settings { config, tls, people });
    }

    /// Opens every listener, or none.
    pub fn bind(&self) -> Result<Bound, BindError> {
        let settings = self.shared.settings();
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
        let session = Session::new(self.shared.clone(), self.shared.settings(), 0, ip);
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
        let drain = self.shared.settings().config.limits.drain;
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
                let settings = shared.settings();
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
