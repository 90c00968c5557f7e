//! Who speaks to us over SMTP, and what the session proved about it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The SMTP client of one session, as known when a transaction ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    pub ip: IpAddr,
    /// What EHLO or HELO said.
    pub helo: String,
    /// Whether it greeted with EHLO (RFC 5321 §2.2.1).
    pub extended: bool,
    /// The listener's name in the configuration.
    pub listener: String,
    /// The signed-in user (RFC 4954), if any.
    pub user: Option<String>,
    pub tls: Option<TlsSession>,
}

/// What is known of an encrypted session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsSession {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    pub cipher: String,
}

impl Client {
    /// The `with` keyword of its `Received` field (RFC 3848, RFC 6531 §4.3).
    pub fn protocol(&self, smtputf8: bool) -> String {
        if !self.extended {
            return "SMTP".to_owned();
        }
        let base = if smtputf8 { "UTF8SMTP" } else { "ESMTP" };
        let secure = if self.tls.is_some() { "S" } else { "" };
        let signed_in = if self.user.is_some() { "A" } else { "" };
        format!("{base}{secure}{signed_in}")
    }
}
