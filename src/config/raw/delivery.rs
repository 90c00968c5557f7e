//! `routes:` and `delivery:`.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::{IpText, NextHopText, PatternText, PinText, SecretRef, SocketText, Span};
use crate::mail::DomainPattern;
use crate::policy::Level;

/// Where mail for some domains goes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// `example.org` exactly, `.example.org` its subdomains, `*` all.
    #[schemars(with = "Vec<PatternText>")]
    pub domains: Vec<DomainPattern>,
    /// Hosts, tried in order: `HOST`, `HOST:PORT`, `[IPv6]:PORT`. Without it: the MX of the recipient's domain.
    #[serde(default)]
    #[schemars(with = "Option<OneOrMany<NextHopText>>")]
    pub next_hop: Option<OneOrMany<String>>,
    /// The floor for all mail by this hop.
    #[serde(default)]
    pub tls: Floor,
    /// Only mail of these levels goes this way; the rest goes on to the next match.
    #[serde(default)]
    pub levels: Option<Vec<Level>>,
    /// What handing over to this hop counts as: `tls`, `tls-verified` or `message`. Only with a loopback hop or `tls: verified`.
    #[serde(default)]
    pub provides: Option<Level>,
    /// The hop is ours: verdict header fields may be shown to it.
    #[serde(default)]
    pub internal: bool,
    /// Names that the hop's certificate may bear instead of the host's own: hosts or `.suffix`.
    #[serde(default)]
    #[schemars(with = "Option<OneOrMany<PatternText>>")]
    pub tls_name: Option<OneOrMany<DomainPattern>>,
    /// SHA-256 of the public keys that the hop may have, in hexadecimal or base64.
    #[serde(default)]
    #[schemars(with = "Vec<PinText>")]
    pub tls_pins: Vec<String>,
    /// The log-in at a smarthost, given only inside TLS.
    #[serde(default)]
    pub auth: Option<Login>,
    /// What we show a hop that asks who we are.
    #[serde(default)]
    pub client_certificate: Option<ClientPair>,
}

/// One value, or a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    pub fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::One(one) => std::slice::from_ref(one),
            OneOrMany::Many(many) => many,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Floor {
    /// A ban: STARTTLS is never tried, so only mail that needs no TLS goes by it.
    None,
    /// TLS where offered.
    #[default]
    Opportunistic,
    /// TLS, whatever the certificate.
    Required,
    /// TLS with a certificate that chains to a trusted root and names the hop.
    Verified,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The name to log in with.
    pub user: String,
    /// `file:PATH` or `credential:NAME`.
    pub password: SecretRef,
}

/// A certificate and its key.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientPair {
    /// PEM file with the certificate and its chain.
    pub certificate: String,
    /// PEM file with its key.
    pub private_key: String,
}

/// How mail is sent on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// PEM files with roots that are trusted beside the system's.
    pub tls_roots: Vec<String>,
    /// Name servers, as `IP:PORT`. Without it: those of the system.
    #[schemars(with = "Option<Vec<SocketText>>")]
    pub dns: Option<Vec<SocketAddr>>,
    /// The port of mail exchangers.
    #[schemars(range(min = 1))]
    pub mx_port: u16,
    /// How long a rung of the ladder that doesn't reach the level is tried again before the next one is taken.
    pub patience: Span,
    /// The pauses between attempts; the last repeats, and each gets some jitter.
    #[schemars(length(min = 1))]
    pub retry: Vec<Span>,
    /// What can't be delivered for so long is returned to its sender.
    pub expire: Span,
    /// The local address that connections come from.
    #[schemars(with = "Option<IpText>")]
    pub source_address: Option<IpAddr>,
    /// Only addresses of this version are tried. Without it: both.
    pub ip: Option<IpVersion>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum IpVersion {
    V4,
    V6,
}

impl JsonSchema for IpVersion {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "IpVersion".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "enum": [4, 6] })
    }
}

impl TryFrom<u8> for IpVersion {
    type Error = String;
    fn try_from(version: u8) -> Result<Self, String> {
        match version {
            4 => Ok(IpVersion::V4),
            6 => Ok(IpVersion::V6),
            other => Err(format!("{other} is neither 4 nor 6")),
        }
    }
}

impl From<IpVersion> for u8 {
    fn from(version: IpVersion) -> u8 {
        match version {
            IpVersion::V4 => 4,
            IpVersion::V6 => 6,
        }
    }
}

impl Default for Delivery {
    fn default() -> Self {
        let seconds = |seconds| Span(Duration::from_secs(seconds));
        Self {
            tls_roots: Vec::new(),
            dns: None,
            mx_port: 25,
            patience: seconds(15 * 60),
            retry: [30, 120, 600, 1800, 3600, 4 * 3600].map(seconds).to_vec(),
            expire: seconds(5 * 86_400),
            source_address: None,
            ip: None,
        }
    }
}
