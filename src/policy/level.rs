//! Levels of protection, and the methods that reach them (`DESIGN` §3).

use std::fmt;

use serde::{Deserialize, Serialize};

/// How strongly mail must be protected. Ordered: a later variant is stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// TLS where offered, clear otherwise.
    Opportunistic,
    /// Encrypted transport; the certificate need not verify.
    Tls,
    /// TLS ≥ 1.2 and a certificate that chains to a trusted root and names the host.
    TlsVerified,
    /// The same, and that name is vouched for.
    TlsAuthenticated,
    /// The message itself is protected.
    Message,
    /// A person decides.
    Hold,
    /// Refused at SMTP time.
    Reject,
}

impl Level {
    pub const ALL: [Level; 7] = [
        Level::Opportunistic,
        Level::Tls,
        Level::TlsVerified,
        Level::TlsAuthenticated,
        Level::Message,
        Level::Hold,
        Level::Reject,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Level::Opportunistic => "opportunistic",
            Level::Tls => "tls",
            Level::TlsVerified => "tls-verified",
            Level::TlsAuthenticated => "tls-authenticated",
            Level::Message => "message",
            Level::Hold => "hold",
            Level::Reject => "reject",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A rung of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    Transport,
    Smime,
    Openpgp,
    Pdf,
    Portal,
    /// Stay deferred until the hop is mended or the message expires.
    Wait,
    Hold,
}

impl Method {
    pub const ALL: [Method; 7] =
        [Method::Transport, Method::Smime, Method::Openpgp, Method::Pdf, Method::Portal, Method::Wait, Method::Hold];

    pub fn as_str(self) -> &'static str {
        match self {
            Method::Transport => "transport",
            Method::Smime => "smime",
            Method::Openpgp => "openpgp",
            Method::Pdf => "pdf",
            Method::Portal => "portal",
            Method::Wait => "wait",
            Method::Hold => "hold",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// On what ground a session's level was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    Dane,
    MtaSts,
    /// A pin or a `tls_name` of the route.
    Pinned,
    /// The MX host's name, not itself vouched for.
    MxName,
    /// Encrypted, certificate not verified.
    Unverified,
    /// Clear.
    None,
}

impl Basis {
    pub const ALL: [Basis; 6] =
        [Basis::Dane, Basis::MtaSts, Basis::Pinned, Basis::MxName, Basis::Unverified, Basis::None];

    pub fn as_str(self) -> &'static str {
        match self {
            Basis::Dane => "dane",
            Basis::MtaSts => "mta-sts",
            Basis::Pinned => "pinned",
            Basis::MxName => "mx-name",
            Basis::Unverified => "unverified",
            Basis::None => "none",
        }
    }

    /// The highest level that a session on this ground reaches.
    pub fn level(self) -> Level {
        match self {
            Basis::Dane | Basis::MtaSts | Basis::Pinned => Level::TlsAuthenticated,
            Basis::MxName => Level::TlsVerified,
            Basis::Unverified => Level::Tls,
            Basis::None => Level::Opportunistic,
        }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
