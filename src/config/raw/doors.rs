//! `listeners:` and `sources:`.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::{DomainText, GuidText, NetworkText, PatternText, SocketText};
use crate::mail::{Domain, DomainPattern};

/// An address that SMTP clients connect to.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Its name in logs and on every message that came by it.
    pub name: String,
    /// IP and port: `0.0.0.0:25`, `[::]:587`.
    #[schemars(with = "SocketText")]
    pub bind: SocketAddr,
    /// How it uses TLS.
    #[serde(default)]
    pub tls: ListenerTls,
    /// PEM file with the certificate and its chain. A self-made pair under `data_dir` if absent.
    #[serde(default)]
    pub certificate: Option<String>,
    /// PEM file with the certificate's key; nobody else may be able to read it.
    #[serde(default)]
    pub private_key: Option<String>,
    /// Mechanisms of AUTH, offered only inside TLS. None if absent.
    #[serde(default)]
    pub auth: Vec<Mechanism>,
    /// Networks of load balancers, which must speak the PROXY protocol; nobody else may.
    #[serde(default)]
    #[schemars(with = "Vec<NetworkText>")]
    pub proxy_from: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ListenerTls {
    /// Never.
    None,
    /// Offered by STARTTLS.
    #[default]
    Starttls,
    /// STARTTLS must come before MAIL.
    Required,
    /// TLS from the first byte, as on port 465.
    Implicit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mechanism {
    Plain,
    Login,
}

/// Who may relay. It names at least one proof of its own (`networks`, `auth: required`,
/// `client_certificate`); everything else only narrows it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name in logs, metrics, rules and profiles.
    pub name: String,
    /// What kind of system it is.
    #[serde(rename = "type", default)]
    pub kind: SourceType,
    /// Proof: the client's address is in one of these.
    #[serde(default)]
    #[schemars(with = "Vec<NetworkText>")]
    pub networks: Vec<String>,
    /// Proof: the client has signed in.
    #[serde(default)]
    pub auth: Option<Auth>,
    /// Proof: the client has shown a certificate with one of these names.
    #[serde(default)]
    pub client_certificate: Option<ClientCertificate>,
    /// Narrows: domains that authors may be of (`.example.org`: its subdomains). Required for `m365` and `google`; without it any author may send.
    #[serde(default)]
    #[schemars(with = "Vec<PatternText>")]
    pub from_domains: Vec<DomainPattern>,
    /// Narrows: the message carries this header field (taken out on the way).
    #[serde(default)]
    pub header: Option<HeaderProof>,
    /// What becomes of a bare CR or LF in content. Default: `refuse`; for `device`, and for `m365` in BDAT, `repair`.
    #[serde(default)]
    pub line_endings: Option<LineEndings>,
    /// Narrows: the Microsoft 365 tenants whose mail it may bring.
    #[serde(default)]
    pub microsoft365: Option<Microsoft365>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceType {
    /// A mail server of ours: Postfix, Exchange.
    #[default]
    Mta,
    /// Microsoft 365 by its outbound connector.
    M365,
    /// Google Workspace by its outbound gateway.
    Google,
    /// An application: an EHR, a billing system.
    App,
    /// A copier, a scanner, a monitor: lenient about HELO, spaces, Date and Message-ID.
    Device,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    Required,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// Names that the certificate may bear: hosts or `.suffix`.
    #[schemars(with = "Vec<PatternText>")]
    pub names: Vec<DomainPattern>,
    /// PEM files with the roots that it may chain to. Default: the system's.
    #[serde(default)]
    pub roots: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderProof {
    /// The field's name: `X-Google-Relay`.
    pub name: String,
    /// Its exact value, better as `file:PATH` or `credential:NAME` than here.
    pub value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LineEndings {
    /// Refused after the end of the content.
    Refuse,
    /// Rewritten as CRLF before the scan.
    Repair,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Microsoft365 {
    /// Each with its id and its domains.
    pub tenants: Vec<Tenant>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// The tenant's id, as the Entra admin center shows it.
    #[schemars(with = "GuidText")]
    pub id: String,
    /// The tenant's accepted domains.
    #[schemars(with = "Vec<DomainText>")]
    pub domains: Vec<Domain>,
}
