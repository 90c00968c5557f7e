//! An SMTP server on loopback with an intake that only records, and a client that shows every byte.
#![allow(dead_code)]

#[path = "sample.rs"]
pub mod sample;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use waxseal::mail::{Client, Content, EnhancedStatus, Envelope, QueueId, Reply};
use waxseal::people::{People, Person};
use waxseal::smtp::{
    Config, Event, Intake, Limits, Listener, Mechanism, Metrics, Network, RelayRight, Server, Sink, Source, Tls,
    TlsMode,
};
use waxseal::world::{Clock, SystemClock, SystemRandom};

/// What a test wants of its server; the defaults relay for loopback with STARTTLS offered.
pub struct House {
    pub tls: TlsMode,
    pub auth: Vec<Mechanism>,
    pub proxy_from: Vec<Network>,
    /// Loopback may relay, if none is named.
    pub sources: Vec<Source>,
    pub limits: Limits,
    pub people: Vec<(Person, String)>,
    /// Storage is low.
    pub full: bool,
    /// Nothing can be written.
    pub broken: bool,
    /// How long the commit takes.
    pub commit: std::time::Duration,
}

impl Default for House {
    fn default() -> Self {
        Self {
            tls: TlsMode::Offered,
            auth: Vec::new(),
            proxy_from: Vec::new(),
            sources: Vec::new(),
            limits: Limits::default(),
            people: Vec::new(),
            full: false,
            broken: false,
            commit: std::time::Duration::ZERO,
        }
    }
}

/// A running server.
pub struct Served {
    pub address: SocketAddr,
    pub intake: Arc<Recorder>,
    pub server: Server,
    pub cancel: CancellationToken,
    pub registry: prometheus::Registry,
    pub task: JoinHandle<()>,
    pub folder: tempfile::TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl House {
    pub fn config(&self) -> Config {
        let sources = if self.sources.is_empty() {
            vec![sample::source("office", &["127.0.0.0/8"])]
        } else {
            self.sources.clone()
        };
        Config {
            hostname: "gateway.example".parse().unwrap(),
            postmaster: Some("hostmaster@corp.example".parse().unwrap()),
            listeners: vec![Listener {
                name: "relay".into(),
                bind: "127.0.0.1:0".parse().unwrap(),
                tls: self.tls,
                certificate: None,
                auth: self.auth.clone(),
                proxy_from: self.proxy_from.clone(),
            }],
            sources: sources.into_iter().map(Arc::new).collect(),
            limits: self.limits.clone(),
        }
    }

    pub async fn start(self) -> Served {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(folder.path().join("users.jsonl")).unwrap();
        for (person, password) in &self.people {
            people.add(person.clone(), password, &SystemRandom).unwrap();
        }
        let config = self.config();
        let tls = Tls::load(&config, folder.path(), SystemClock.now()).unwrap();
        let intake =
            Arc::new(Recorder { full: self.full, broken: self.broken, commit: self.commit, ..Recorder::default() });
        let registry = prometheus::Registry::new();
        let metrics = Arc::new(Metrics::new(&registry).unwrap());
        let server = Server::new(config, tls, Arc::new(people), intake.clone(), Arc::new(SystemClock), metrics);
        let bound = server.bind().unwrap();
        let address = bound.addresses().next().unwrap().1;
        let cancel = CancellationToken::new();
        let task = tokio::spawn(bound.serve(cancel.clone()));
        Served { address, intake, server, cancel, registry, task, folder }
    }
}

/// Takes everything and keeps it.
#[derive(Default)]
pub struct Recorder {
    pub taken: Mutex<Vec<(Envelope, Vec<u8>)>>,
    pub events: Mutex<Vec<Event>>,
    ids: std::sync::atomic::AtomicU64,
    full: bool,
    broken: bool,
    commit: std::time::Duration,
    /// For measuring: nothing is kept.
    pub forget: std::sync::atomic::AtomicBool,
}

impl Recorder {
    /// Each message as a transcript shows it: `<from> <to>,… content`, with escapes.
    pub fn described(&self) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        let describe = |(envelope, content): &(Envelope, Vec<u8>)| {
            let recipients: Vec<String> =
                envelope.recipients.iter().map(|recipient| format!("<{}>", recipient.address)).collect();
            format!("{} {} {}", envelope.reverse_path, recipients.join(","), content.escape_ascii())
        };
        taken.iter().map(describe).collect()
    }

    pub fn count(&self) -> usize {
        self.taken.lock().unwrap().len()
    }
}

#[async_trait]
impl Intake for Recorder {
    fn ready(&self) -> Result<(), Reply> {
        match (self.broken, self.full) {
            (true, _) => Err(Reply::new(451, EnhancedStatus(4, 3, 0), "temporary failure")),
            (false, true) => Err(Reply::new(452, EnhancedStatus(4, 3, 1), "storage is low")),
            (false, false) => Ok(()),
        }
    }

    fn new_id(&self) -> QueueId {
        let count = self.ids.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        QueueId::new(count, &[0; 10])
    }

    async fn spool(&self, _id: QueueId) -> Result<Box<dyn Sink>, Reply> {
        Ok(Box::new(Pieces(Vec::new())))
    }

    async fn take(&self, envelope: Envelope, content: Content, right: RelayRight) -> Reply {
        let bytes = match content {
            Content::Memory(bytes) => bytes.to_vec(),
            // The recorder's spool keeps the content in its name.
            Content::Sealed { name, .. } => name.chars().map(|c| c as u8).collect(),
        };
        if let Err(reply) = right.judge(&bytes, &envelope.reverse_path) {
            return reply;
        }
        let id = envelope.id;
        if self.forget.load(std::sync::atomic::Ordering::Relaxed) {
            return Reply::new(250, EnhancedStatus(2, 0, 0), format!("Ok {id}"));
        }
        tokio::time::sleep(self.commit).await;
        self.taken.lock().unwrap().push((envelope, bytes));
        Reply::new(250, EnhancedStatus(2, 0, 0), format!("Ok {id}"))
    }

    fn tell(&self, event: Event, _client: &Client) {
        self.events.lock().unwrap().push(event);
    }
}

struct Pieces(Vec<u8>);

#[async_trait]
impl Sink for Pieces {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Reply> {
        self.0.extend_from_slice(&bytes);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Content, Reply> {
        let size = self.0.len() as u64;
        Ok(Content::Sealed { name: self.0.iter().map(|byte| *byte as char).collect(), size })
    }
}

pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The client's side of a connection.
pub struct Wire {
    stream: Box<dyn Stream>,
    pending: Vec<u8>,
}

impl Wire {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: Box::new(stream), pending: Vec::new() }
    }

    /// A server that has closed already is no fault here: what it said last is what counts.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    /// One line without its CRLF, or `(closed)`.
    pub async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.pending.windows(2).position(|pair| pair == b"\r\n") {
                let line = String::from_utf8_lossy(&self.pending[..end]).into_owned();
                self.pending.drain(..end + 2);
                return line;
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return "(closed)".into(),
                Ok(read) => self.pending.extend_from_slice(&buffer[..read]),
            }
        }
    }

    /// A whole reply: its lines, joined.
    pub async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let line = self.line().await;
            let more = line.as_bytes().get(3) == Some(&b'-');
            reply.push_str(&line);
            if !more {
                return reply;
            }
            reply.push('\n');
        }
    }

    /// Sends a line and gives the reply to it.
    pub async fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes()).await;
        self.reply().await
    }

    /// The TLS handshake, with a client certificate if given. Any server certificate will do.
    pub async fn secure(
        self,
        certificate: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    ) -> std::io::Result<Self> {
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone));
        let config = match certificate {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        assert!(self.pending.is_empty(), "the server sent more before the handshake");
        let name = ServerName::try_from("gateway.example").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, self.stream).await?;
        Ok(Self { stream: Box::new(stream), pending: Vec::new() })
    }
}

#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
