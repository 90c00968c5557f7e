//! `connect --verify`: what the other system will meet when it connects, seen from here.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::mail::Domain;
use crate::smtp::{Listener, TlsMode};
use crate::world::{Dialer, DnsConfig, DnsResolver, Families, Resolver, Stream, TcpDialer, system_roots};

/// How long each step may take.
const STEP: Duration = Duration::from_secs(10);

/// One thing that was tried.
#[derive(Debug, Serialize)]
pub struct Step {
    pub step: String,
    pub good: bool,
    pub detail: String,
}

impl Step {
    fn new(step: impl Into<String>, result: Result<String, String>) -> Self {
        let (good, detail) = match result {
            Ok(detail) => (true, detail),
            Err(detail) => (false, detail),
        };
        Self { step: step.into(), good, detail }
    }
}

/// Resolves the name, connects, greets, and looks at the certificate as a stranger would.
pub async fn verify(hostname: &Domain, listener: &Listener, servers: Vec<SocketAddr>) -> Vec<Step> {
    let resolver = DnsResolver::new(&DnsConfig { servers, families: Families::Both });
    let addresses = match resolver.addresses(hostname).await {
        Ok(addresses) if addresses.is_empty() => Err("it has no address".to_owned()),
        Ok(addresses) => Ok(addresses),
        Err(error) => Err(error.to_string()),
    };
    let said = addresses.as_ref().map(|found| list(found)).map_err(Clone::clone);
    let mut steps = vec![Step::new(format!("the name {hostname} leads somewhere"), said)];
    // A name that leads nowhere yet is no reason not to look at the listener itself.
    let address = addresses.ok().and_then(|found| found.first().copied()).unwrap_or(match listener.bind.ip() {
        ip if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        ip => ip,
    });
    let to = SocketAddr::new(address, listener.bind.port());
    let connected = in_time(TcpDialer.connect(to, None)).await;
    let step = format!("{to} takes connections");
    match connected {
        Err(error) => steps.push(Step::new(step, Err(error))),
        Ok(stream) => {
            steps.push(Step::new(step, Ok("connected".to_owned())));
            talk(hostname, listener.tls, stream, &mut steps).await;
        }
    }
    steps
}

async fn talk(hostname: &Domain, tls: TlsMode, stream: Box<dyn Stream>, steps: &mut Vec<Step>) {
    if tls == TlsMode::Implicit {
        steps.push(Step::new("TLS with a certificate that verifies", handshake(hostname, stream).await));
        return;
    }
    let mut stream = BufReader::new(stream);
    let greeting = in_time(reply(&mut stream)).await;
    let greeted = greeting.and_then(|lines| wanted(lines, "220"));
    let failed = greeted.is_err();
    steps.push(Step::new("it greets", greeted));
    if failed || tls == TlsMode::Off {
        return;
    }
    let offers = match in_time(say(&mut stream, "EHLO verify.invalid")).await {
        Ok(lines) if lines.iter().any(|line| line.get(4..) == Some("STARTTLS")) => Ok("offered".to_owned()),
        Ok(_) => Err("it is not among the extensions; something on the way may take it out".to_owned()),
        Err(error) => Err(error),
    };
    let failed = offers.is_err();
    steps.push(Step::new("STARTTLS is offered", offers));
    if failed {
        return;
    }
    let started = in_time(say(&mut stream, "STARTTLS")).await.and_then(|lines| wanted(lines, "220"));
    let result = match started {
        Ok(_) => handshake(hostname, stream.into_inner()).await,
        Err(error) => Err(error),
    };
    steps.push(Step::new("TLS with a certificate that verifies", result));
}

/// As Exchange Online and Gmail do: public authorities only, and the name must be in it.
async fn handshake(hostname: &Domain, stream: Box<dyn Stream>) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(system_roots());
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(hostname.to_string()).map_err(|error| error.to_string())?;
    let session = in_time(TlsConnector::from(Arc::new(config)).connect(name, stream)).await?;
    let version = session.get_ref().1.protocol_version();
    Ok(version.map(|version| format!("{version:?}")).unwrap_or_default())
}

async fn in_time<T>(step: impl Future<Output = io::Result<T>>) -> Result<T, String> {
    match timeout(STEP, step).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", STEP.as_secs())),
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, command: &str) -> io::Result<Vec<String>> {
    stream.write_all(format!("{command}\r\n").as_bytes()).await?;
    reply(stream).await
}

/// All lines of a reply, of a bounded length.
async fn reply<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    while lines.len() < 64 {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let last = line.as_bytes().get(3) != Some(&b'-');
        lines.push(line.trim_end().to_owned());
        if last {
            break;
        }
    }
    Ok(lines)
}

fn wanted(lines: Vec<String>, code: &str) -> Result<String, String> {
    let last = lines.last().cloned().unwrap_or_default();
    if last.starts_with(code) { Ok(last) } else { Err(last) }
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
