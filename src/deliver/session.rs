//! A session with a hop, from the first SYN to what it proved.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mail_send::{Credentials, SmtpClient};
use rustls_pki_types::{ServerName, UnixTime};
use secrecy::ExposeSecret;
use smtp_proto::{EXT_REQUIRE_TLS, EXT_START_TLS, EhloResponse};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::config::{Floor, Host, Route};
use super::replies::{Failure, broken, io_trouble};
use super::tls::{Expected, server_name};
use super::wire::Wire;
use super::{Deliverer, Proof, Trouble};
use crate::mail::EnhancedStatus;
use crate::policy::{Basis, Level};
use crate::world::Stream;

/// Submission with TLS from the first byte (RFC 8314 §3.3).
const IMPLICIT_TLS_PORT: u16 = 465;

/// One address of a host that may take the mail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hop {
    /// The place of the route whose rules hold.
    pub route: Option<usize>,
    pub host: Host,
    pub addr: SocketAddr,
}

impl std::fmt::Display for Hop {
    /// `mx1.example.org [192.0.2.1]:25`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]:{}", self.host, self.addr.ip(), self.addr.port())
    }
}

/// What a session must reach before `MAIL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// By its own proof: the route's floor, its pins, a log-in.
    pub session: Level,
    /// By proof, or by what handing over to the hop counts as.
    pub mail: Level,
    /// The hop must offer REQUIRETLS itself (RFC 8689 §4.2.1).
    pub promise: bool,
}

impl Need {
    pub fn of(mail: Level, promise: bool, route: Option<&Route>) -> Self {
        let Some(route) = route else { return Self { session: Level::Opportunistic, mail, promise } };
        let pinned = if route.tls_pins.is_empty() { Level::Opportunistic } else { Level::TlsAuthenticated };
        let secret = if route.auth.is_none() { Level::Opportunistic } else { Level::Tls };
        Self { session: route.tls.level().max(pinned).max(secret), mail, promise }
    }
}

/// A session that may carry transactions.
pub struct Session {
    pub(super) client: SmtpClient<Wire>,
    pub(super) offers: EhloResponse<String>,
    pub hop: Hop,
    pub proof: Proof,
    pub opened: Instant,
    pub transactions: u32,
    /// The peer said 421, or a reply is missing: no further transaction.
    pub(super) over: bool,
}

impl Session {
    /// Whether mail that needs this may be handed over.
    pub fn reaches(&self, need: Need) -> bool {
        self.proof.level >= need.session && self.proof.counts >= need.mail
    }

    pub fn offers(&self, extension: u32) -> bool {
        self.offers.has_capability(extension)
    }

    /// Says good-bye without waiting for the answer.
    pub async fn quit(mut self) {
        use tokio::io::AsyncWriteExt;
        let wire = &mut self.client.stream;
        let farewell = async {
            wire.write_all(b"QUIT\r\n").await?;
            wire.flush().await
        };
        // It is closed either way, and nothing depends on the peer having heard it.
        let _ = timeout(Duration::from_secs(1), farewell).await;
    }
}

/// Why opening failed, and what the session had proved by then.
pub struct Unopened {
    pub failure: Failure,
    pub proof: Option<Proof>,
}

/// The same inside this file, where trouble with TLS is still apart.
enum Stop {
    /// TLS was offered but did not come about.
    Tls(Trouble),
    Failed(Unopened),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Stop::Failed(Unopened { failure, proof: None })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tls {
    AsOffered,
    Never,
}

const NO_TLS: EnhancedStatus = EnhancedStatus(4, 7, 5);

pub fn no_promise() -> Trouble {
    Trouble::of(EnhancedStatus(5, 7, 30), "the hop does not promise REQUIRETLS")
}

fn weak(text: impl Into<String>) -> Failure {
    Failure::Weak(Trouble::of(NO_TLS, text))
}

impl Deliverer {
    /// A session with this hop that reaches what is needed.
    pub(super) async fn open(&self, hop: &Hop, need: Need) -> Result<Session, Unopened> {
        let route = hop.route.map(|at| &self.config.routes[at]);
        let banned = route.is_some_and(|route| route.tls == Floor::None);
        let clear_counts = counts(route, hop, Level::Opportunistic);
        let may_be_clear = need.session <= Level::Opportunistic && need.mail <= clear_counts;
        if banned && !may_be_clear {
            return Err(Unopened { failure: weak("the route bans STARTTLS"), proof: None });
        }
        let tls = if banned { Tls::Never } else { Tls::AsOffered };
        let opened = match self.try_open(hop, need, tls).await {
            // "TLS where offered, clear otherwise": only for mail that may go in the clear, and
            // only this once; the next attempt tries TLS again.
            Err(Stop::Tls(_)) if may_be_clear && hop.addr.port() != IMPLICIT_TLS_PORT => {
                self.try_open(hop, need, Tls::Never).await
            }
            opened => opened,
        };
        opened.map_err(|stop| match stop {
            Stop::Tls(trouble) => Unopened { failure: Failure::Weak(trouble), proof: None },
            Stop::Failed(unopened) => unopened,
        })
    }

    async fn try_open(&self, hop: &Hop, need: Need, tls: Tls) -> Result<Session, Stop> {
        let route = hop.route.map(|at| &self.config.routes[at]);
        let implicit = hop.addr.port() == IMPLICIT_TLS_PORT;
        let stream = self.connect(hop).await?;
        let (wire, mut proof) = if implicit && tls == Tls::AsOffered {
            self.encrypt(stream, hop).await?
        } else {
            (Wire::new(stream), clear())
        };
        let mut client = SmtpClient { stream: wire, timeout: self.config.deadlines.command };
        self.hear_greeting(&mut client).await?;
        let mut offers = self.greet(&mut client).await?;
        if proof.basis == Basis::None && tls == Tls::AsOffered && offers.has_capability(EXT_START_TLS) {
            let stream = start_tls(client).await?;
            let (wire, proved) = self.encrypt(stream, hop).await?;
            proof = proved;
            client = SmtpClient { stream: wire, timeout: self.config.deadlines.command };
            // What was offered in the clear is forgotten (RFC 3207 §4.2).
            offers =
                self.greet(&mut client).await.map_err(|failure| Unopened { failure, proof: Some(proof.clone()) })?;
        }
        proof.counts = counts(route, hop, proof.level);
        let session =
            Session { client, offers, hop: hop.clone(), proof, opened: Instant::now(), transactions: 0, over: false };
        if let Some(failure) = session.falls_short(need) {
            let proof = Some(session.proof.clone());
            session.quit().await;
            return Err(Unopened { failure, proof }.into());
        }
        self.metrics.session(&session.proof);
        self.log_in(session, route).await
    }

    async fn connect(&self, hop: &Hop) -> Result<Box<dyn Stream>, Failure> {
        let unreachable = |text: String| Failure::Passing(Trouble::of(EnhancedStatus(4, 4, 1), text));
        let connecting = self.dialer.connect(hop.addr, self.config.source_address);
        match timeout(self.config.deadlines.connect, connecting).await {
            Err(_) => Err(unreachable("connecting: time-out".to_owned())),
            Ok(Err(error)) => Err(unreachable(format!("connecting: {}", error.kind()))),
            Ok(Ok(stream)) => Ok(stream),
        }
    }

    async fn hear_greeting(&self, client: &mut SmtpClient<Wire>) -> Result<(), Failure> {
        let heard = timeout(self.config.deadlines.greeting, client.read()).await;
        match heard.unwrap_or(Err(mail_send::Error::Timeout)) {
            Ok(reply) if reply.code == 220 => Ok(()),
            Ok(reply) => Err(Failure::refused(&reply, EnhancedStatus(4, 3, 2))),
            Err(error) => Err(Failure::Passing(broken(&error))),
        }
    }

    /// EHLO, or HELO for a server that knows no better (RFC 5321 §3.2).
    async fn greet(&self, client: &mut SmtpClient<Wire>) -> Result<EhloResponse<String>, Failure> {
        let name = self.config.hostname.as_str();
        match client.ehlo(name).await {
            Ok(offers) => Ok(offers),
            Err(mail_send::Error::UnexpectedReply(refusal)) if refusal.code / 100 == 5 => {
                // Who closes after a refusal has said all that he will say.
                let reply = match client.cmd(format!("HELO {name}\r\n")).await {
                    Err(mail_send::Error::Io(_)) => refusal,
                    reply => reply.map_err(|error| Failure::Passing(broken(&error)))?,
                };
                match reply.code {
                    250 => Ok(EhloResponse::default()),
                    _ => Err(Failure::refused(&reply, EnhancedStatus(4, 5, 0))),
                }
            }
            Err(mail_send::Error::UnexpectedReply(reply)) => Err(Failure::refused(&reply, EnhancedStatus(4, 5, 0))),
            Err(error) => Err(Failure::Passing(broken(&error))),
        }
    }

    async fn encrypt(&self, stream: Box<dyn Stream>, hop: &Hop) -> Result<(Wire, Proof), Stop> {
        let route = hop.route.map(|at| &self.config.routes[at]);
        let handshake = hop.route.map_or(&self.handshake, |at| &self.route_handshakes[at]);
        // A host whose name can't stand in SNI is spoken to without it; its name then proves nothing.
        let name = server_name(&hop.host).unwrap_or(ServerName::IpAddress(hop.addr.ip().into()));
        let shaking = TlsConnector::from(Arc::clone(handshake)).connect(name, stream);
        let stream = match timeout(self.config.deadlines.tls, shaking).await {
            Err(_) => return Err(Stop::Tls(Trouble::of(NO_TLS, "TLS handshake: time-out"))),
            Ok(Err(error)) => return Err(Stop::Tls(Trouble::of(NO_TLS, handshake_words(&error)))),
            Ok(Ok(stream)) => stream,
        };
        let connection = stream.get_ref().1;
        let verdict = self.trust.judge(connection, Expected::of(&hop.host, route), self.unix_time());
        let version = match connection.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
            _ => "TLSv1.2",
        };
        let proof = Proof {
            level: verdict.basis.level(),
            counts: verdict.basis.level(),
            basis: verdict.basis,
            version: version.to_owned(),
            certificate: verdict.words,
        };
        Ok((Wire::new(Box::new(stream)), proof))
    }

    /// Certificates are judged by our wall clock.
    fn unix_time(&self) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(self.clock.now().as_second().max(0) as u64))
    }

    async fn log_in(&self, mut session: Session, route: Option<&Route>) -> Result<Session, Stop> {
        let Some(login) = route.and_then(|route| route.auth.as_ref()) else { return Ok(session) };
        let credentials = Credentials::Plain { username: login.user.as_str(), secret: login.password.expose_secret() };
        match session.client.authenticate(&credentials, &session.offers).await {
            Ok(_) => Ok(session),
            // A refused log-in is our configuration's fault, not the mail's: it waits.
            Err(error) => {
                let words = match &error {
                    mail_send::Error::UnsupportedAuthMechanism => {
                        Trouble::of(EnhancedStatus(4, 7, 4), "the hop offers no log-in that we know")
                    }
                    error => Trouble { status: EnhancedStatus(4, 7, 8), ..broken(error) },
                };
                let proof = Some(session.proof.clone());
                session.quit().await;
                Err(Unopened { failure: Failure::Passing(words), proof }.into())
            }
        }
    }
}

impl From<Unopened> for Stop {
    fn from(unopened: Unopened) -> Self {
        Stop::Failed(unopened)
    }
}

impl Session {
    /// Why mail with this need can't be handed over here.
    fn falls_short(&self, need: Need) -> Option<Failure> {
        if need.promise && !self.offers(EXT_REQUIRE_TLS) {
            return Some(Failure::Final(no_promise()));
        }
        let shortfall = || match self.proof.basis {
            Basis::None => "TLS is not offered".to_owned(),
            Basis::MxName => format!("certificate: {}, for a name that nobody vouches for", self.proof.certificate),
            _ => format!("certificate: {}", self.proof.certificate),
        };
        (!self.reaches(need)).then(|| weak(shortfall()))
    }
}

async fn start_tls(mut client: SmtpClient<Wire>) -> Result<Box<dyn Stream>, Stop> {
    let tls = |trouble| Stop::Tls(Trouble { status: NO_TLS, ..trouble });
    let reply = client.cmd(b"STARTTLS\r\n").await.map_err(|error| tls(broken(&error)))?;
    if reply.code != 220 {
        return Err(tls(super::replies::trouble(&reply, NO_TLS)));
    }
    let injected = || tls(Trouble::of(NO_TLS, "bytes after the reply to STARTTLS"));
    client.stream.into_stream().ok_or_else(injected)
}

fn clear() -> Proof {
    let level = Level::Opportunistic;
    Proof { level, counts: level, basis: Basis::None, version: String::new(), certificate: String::new() }
}

/// What handing over counts as: the session's proof, or what the route states of its hop. The
/// statement holds only where nobody can stand between: on loopback, or with a verified session.
fn counts(route: Option<&Route>, hop: &Hop, proved: Level) -> Level {
    let near = hop.addr.ip().is_loopback();
    match route {
        Some(Route { provides: Some(stated), tls, .. })
            if near || (*tls == Floor::Verified && proved >= Level::TlsVerified) =>
        {
            proved.max(*stated)
        }
        _ => proved,
    }
}

fn handshake_words(error: &std::io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error) => format!("TLS handshake: {error}").chars().take(120).collect(),
        None => format!("TLS handshake: {}", io_trouble(error).text),
    }
}
