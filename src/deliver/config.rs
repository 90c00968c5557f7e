//! What delivery is told: routes, TLS floors, limits.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;

use crate::mail::{Domain, DomainPattern};
use crate::policy::Level;

/// `routes:` and the delivery keys of the configuration.
#[derive(Debug)]
pub struct Config {
    /// What we say in EHLO, and how we know ourselves among exchangers.
    pub hostname: Domain,
    /// The first match wins; with no match, mail goes straight to the exchangers of its domain.
    pub routes: Vec<Route>,
    /// `delivery.tls_roots`: trusted beside the system's.
    pub tls_roots: Vec<CertificateDer<'static>>,
    /// `delivery.mx_port`.
    pub mx_port: u16,
    /// `delivery.source_address`.
    pub source_address: Option<IpAddr>,
    pub deadlines: Deadlines,
    pub reuse: Reuse,
}

/// Where mail for some domains goes, and what is asked of the hop.
#[derive(Debug, Default)]
pub struct Route {
    pub domains: Vec<DomainPattern>,
    /// Tried in order; empty: the exchangers of the domain.
    pub next_hops: Vec<NextHop>,
    /// The floor for all mail by this hop.
    pub tls: Floor,
    /// Names that the hop's certificate may bear, instead of the host's own: hosts or `.suffix`.
    pub tls_names: Vec<DomainPattern>,
    /// SHA-256 of the public keys that the hop may have. With any, no other key is spoken to.
    pub tls_pins: Vec<Pin>,
    pub auth: Option<Login>,
    pub client_certificate: Option<ClientCertificate>,
    /// What handing over to this hop counts as (only with a loopback hop or `tls: verified`).
    pub provides: Option<Level>,
    /// Only mail of these levels goes by it; empty: all.
    pub levels: Vec<Level>,
    /// Verdict headers may be shown to it.
    pub internal: bool,
}

/// `routes[].tls`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Floor {
    /// A ban: STARTTLS is never tried.
    None,
    #[default]
    Opportunistic,
    Required,
    Verified,
}

impl Floor {
    /// The least level of a session with such a hop.
    pub fn level(self) -> Level {
        match self {
            Floor::None | Floor::Opportunistic => Level::Opportunistic,
            Floor::Required => Level::Tls,
            Floor::Verified => Level::TlsVerified,
        }
    }
}

/// The log-in at a smarthost (RFC 4954), given only inside TLS.
#[derive(Clone, Debug)]
pub struct Login {
    pub user: String,
    pub password: SecretString,
}

/// What we show a hop that asks who we are.
#[derive(Debug)]
pub struct ClientCertificate {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

/// How long each step of a session may take (RFC 5321 §4.5.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    pub connect: Duration,
    pub greeting: Duration,
    pub tls: Duration,
    /// EHLO, MAIL, RCPT, AUTH.
    pub command: Duration,
    pub data: Duration,
    /// One block of content.
    pub block: Duration,
    /// The reply to the final dot.
    pub end_of_data: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        Self {
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            tls: minutes(1),
            command: minutes(5),
            data: minutes(2),
            block: minutes(3),
            end_of_data: minutes(10),
        }
    }
}

/// How connections are reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reuse {
    /// A connection waits this long for more mail.
    pub idle: Duration,
    /// After this long it is closed, so that certificates and names are looked at anew.
    pub age: Duration,
    pub transactions: u32,
    /// Waiting connections, all hosts together.
    pub total: usize,
    /// Waiting connections to one host.
    pub per_host: usize,
}

impl Default for Reuse {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(5),
            age: Duration::from_secs(300),
            transactions: 1000,
            total: 500,
            per_host: 50,
        }
    }
}

impl Config {
    /// The documented defaults: no routes, port 25.
    pub fn new(hostname: Domain) -> Self {
        Self {
            hostname,
            routes: Vec::new(),
            tls_roots: Vec::new(),
            mx_port: 25,
            source_address: None,
            deadlines: Deadlines::default(),
            reuse: Reuse::default(),
        }
    }
}

/// A setting that can't be read; `config` adds the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("HOST, HOST:PORT or [IPv6]:PORT is expected")]
    NextHop,
    #[error("the SHA-256 of a public key is expected, as 64 hexadecimal digits or in base64")]
    Pin,
}

/// A host and port that mail is handed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NextHop {
    pub host: Host,
    pub port: u16,
}

/// A name to look up, or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    Name(Domain),
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => name.fmt(f),
            Host::Address(ip) => ip.fmt(f),
        }
    }
}

impl FromStr for NextHop {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let (host, port) = match text.parse::<IpAddr>() {
            Ok(_) => (text, None),
            Err(_) => match text.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let port = port.map_or(Ok(25), |port| port.parse().map_err(|_| ConfigError::NextHop))?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = match bare.parse::<IpAddr>() {
            Ok(ip) => Host::Address(ip),
            Err(_) => Host::Name(host.parse().map_err(|_| ConfigError::NextHop)?),
        };
        if port == 0 {
            return Err(ConfigError::NextHop);
        }
        Ok(Self { host, port })
    }
}

/// SHA-256 of a certificate's SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pin(pub [u8; 32]);

impl FromStr for Pin {
    type Err = ConfigError;

    /// Hexadecimal (colons allowed) or base64, with or without `sha256:` or `sha256//` in front.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        use base64::Engine;
        let text = text.trim();
        let text = text.strip_prefix("sha256:").or_else(|| text.strip_prefix("sha256//")).unwrap_or(text);
        let hex: String = text.chars().filter(|c| *c != ':').collect();
        let bytes = if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            (0..32).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16)).collect::<Result<Vec<u8>, _>>().ok()
        } else {
            base64::engine::general_purpose::STANDARD.decode(text).ok()
        };
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(ConfigError::Pin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_hops_are_names_or_addresses_with_a_port() {
        let ip = |text: &str| Host::Address(text.parse().unwrap());
        let name = |text: &str| Host::Name(text.parse().unwrap());
        for (text, host, port) in [
            ("127.0.0.1:2526", ip("127.0.0.1"), 2526),
            ("127.0.0.1", ip("127.0.0.1"), 25),
            ("[::1]:465", ip("::1"), 465),
            ("::1", ip("::1"), 25),
            ("mail.example.org", name("mail.example.org"), 25),
            ("Mail.example.org:587", name("mail.example.org"), 587),
            ("[192.0.2.1]:25", ip("192.0.2.1"), 25),
        ] {
            assert_eq!(text.parse::<NextHop>(), Ok(NextHop { host, port }), "{text}");
        }
        for text in ["", ":25", "host:0", "host:99999", "host:x", "[::1", "a b:25"] {
            assert!(text.parse::<NextHop>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn pins_are_read_in_the_forms_that_tools_print() {
        let pin = Pin([0xab; 32]);
        let hex = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        let base64 = "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=";
        for text in [&hex, &colons, base64, &format!("sha256:{hex}"), &format!("sha256//{base64}")] {
            assert_eq!(text.parse(), Ok(pin), "{text}");
        }
        assert_eq!("abcd".parse::<Pin>(), Err(ConfigError::Pin));
    }
}
