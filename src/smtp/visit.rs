//! One connection before and around its session: its slot, its PROXY header, its handshake.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::driver::{Driver, Ended, Stop};
use super::proxy::{self, Told};
use super::session::Session;
use super::shared::{LAST_WORDS, Settings, Shared, Slot};
use super::{Event, Refusal, TlsMode, tls};
use crate::mail::Client;

/// A peer that was accepted, with what is in force for it.
pub(super) struct Visit {
    pub shared: Arc<Shared>,
    pub settings: Arc<Settings>,
    pub place: usize,
    pub stop: Stop,
    pub peer: IpAddr,
}

impl Visit {
    /// Takes a slot for the peer, or turns it away. A listed balancer is counted by its clients.
    pub fn admit(&self, stream: &TcpStream) -> Option<Slot> {
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

    pub async fn receive(self, mut stream: TcpStream, mut slot: Slot) {
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
