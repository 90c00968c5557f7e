//! The sections that keep the house: limits, keys, quarantine, notices, store, doors for people, logs.

use std::net::SocketAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::{MailboxText, SecretRef, Size, SocketText, Span};
use crate::mail::Address;
use crate::world::memory;

/// What clients and messages may use up.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The largest message, as EHLO's SIZE announces it.
    pub message_size: Size,
    /// Recipients of one message.
    #[schemars(range(min = 1))]
    pub recipients: u32,
    /// SMTP sessions at once.
    #[schemars(range(min = 1))]
    pub connections: u32,
    /// SMTP sessions at once from one address (or one IPv6 /64).
    #[schemars(range(min = 1))]
    pub connections_per_client: u32,
    /// Refused commands after which a session is closed.
    #[schemars(range(min = 1))]
    pub errors: u32,
    /// Messages by one signed-in user in an hour, then `450 4.7.1`: what a stolen password can do before someone looks.
    #[schemars(range(min = 1))]
    pub user_messages: u32,
    /// What messages that are being taken or read may hold in memory together; past it new ones are asked to wait.
    /// Never more than a quarter of what the machine, or the control group of the gateway, has.
    pub memory: Size,
    /// Free space below which no new mail is taken; delivery goes on.
    pub min_free: Size,
    /// How long a client waits for the scan; then the message is kept, answered, and decided afterwards.
    pub scan_wait: Span,
    /// What is unread by then counts as gap `timeout`.
    pub scan_timeout: Span,
    /// How long sessions and attempts get to end when the gateway stops.
    pub drain: Span,
}

impl Limits {
    /// What content may hold in memory here.
    pub fn memory(&self) -> u64 {
        self.memory.0.min(memory::share())
    }
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = |seconds| Span(Duration::from_secs(seconds));
        Self {
            message_size: Size(150 << 20),
            recipients: 1000,
            connections: 1000,
            connections_per_client: 250,
            errors: 20,
            user_messages: 1000,
            memory: Size(512 << 20),
            min_free: Size(256 << 20),
            scan_wait: seconds(20),
            scan_timeout: seconds(600),
            drain: seconds(10),
        }
    }
}

/// DKIM signing. Keys are made by `waxseal dkim new DOMAIN`; every domain with a key is signed for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dkim {
    /// Whether mail is signed.
    pub sign: bool,
}

impl Default for Dkim {
    fn default() -> Self {
        Self { sign: true }
    }
}

/// Where the master key is that wraps the key of every body.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// `file:PATH`, `credential:NAME` or `command:…` that prints it. Default: `master.key` in `data_dir`, made with mode 0600 if absent.
    pub master: Option<SecretRef>,
}

/// Mail held for a person.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Quarantine {
    /// Who is told at once of held mail, and daily of what still waits: ids, masked reasons and counts, no subject.
    #[schemars(with = "Vec<MailboxText>")]
    pub notify: Vec<Address>,
    /// Held mail is returned to its sender after so long; it is never sent.
    pub expire: Span,
}

impl Default for Quarantine {
    fn default() -> Self {
        Self { notify: Vec::new(), expire: Span(Duration::from_secs(14 * 86_400)) }
    }
}

/// What authors are told.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// Tell the sender when a message is held.
    pub sender: bool,
}

impl Default for Notify {
    fn default() -> Self {
        Self { sender: true }
    }
}

/// How notices present us.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Branding {
    /// The organisation's name in notices. Default: the hostname.
    pub name: Option<String>,
}

/// Where state and content are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// `embedded` keeps everything in `data_dir`; `cluster` keeps state in PostgreSQL and bodies in an object store.
    pub backend: Backend,
    /// PostgreSQL, for `cluster`.
    pub url: Option<SecretRef>,
    /// The object store's address, for `cluster`.
    pub bodies: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    #[default]
    Embedded,
    Cluster,
}

/// How long things are kept. Bodies go when their message is settled; the audit is kept for good.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// What `find` and `trace` show of settled messages.
    pub messages: Span,
}

impl Default for Retention {
    fn default() -> Self {
        Self { messages: Span(Duration::from_secs(400 * 86_400)) }
    }
}

/// Doors for people and monitors.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Everything on one address. `admin`, `portal` and `metrics` may replace it.
    #[schemars(with = "Option<SocketText>")]
    pub bind: Option<SocketAddr>,
    /// API and pages for administrators and reviewers.
    #[schemars(with = "Option<SocketText>")]
    pub admin: Option<SocketAddr>,
    /// What recipients open: the only part that may face the internet.
    #[schemars(with = "Option<SocketText>")]
    pub portal: Option<SocketAddr>,
    /// `/metrics`, `/livez`, `/readyz`.
    #[schemars(with = "Option<SocketText>")]
    pub metrics: Option<SocketAddr>,
    /// A bearer token that opens `/metrics` off loopback, beside those of `waxseal user token`.
    pub metrics_token: Option<SecretRef>,
}

/// Logs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// What is logged: `error`, `warn`, `info`, `debug`, or a filter such as `info,waxseal::smtp=debug`.
    pub log_level: String,
    /// `json` for collectors, `text` for eyes, `auto`: JSON unless a person watches.
    pub log_format: LogFormat,
    /// Whether log lines carry whole addresses. Content and subjects are never logged.
    pub log_addresses: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Auto,
    Json,
    Text,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { log_level: "info".to_owned(), log_format: LogFormat::Auto, log_addresses: false }
    }
}
