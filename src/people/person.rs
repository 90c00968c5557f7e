//! A person or device that signs in, and what it may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Error;
use crate::mail::{Address, AddressError, Domain};

/// One line of the users file, without its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: String,
    /// As whom it may send; none means that it sends nothing.
    #[serde(default)]
    pub senders: Vec<Sender>,
    #[serde(default)]
    pub role: Role,
    #[serde(default)]
    pub disabled: bool,
}

/// What a login may do beside sending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sends mail, nothing more.
    #[default]
    Submitter,
    /// Judges held mail.
    Reviewer,
    /// Everything.
    Administrator,
}

/// As whom a login may send: one mailbox, or any of a domain (written `@example.org`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Sender {
    Mailbox(Address),
    Domain(Domain),
}

#[derive(Debug, thiserror::Error)]
#[error("a sender is an address or @DOMAIN: {0}")]
pub struct SenderError(#[from] AddressError);

/// Proof that name and password were right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    name: String,
    senders: Vec<Sender>,
    role: Role,
}

impl Login {
    /// Only `people` makes one, after the password was checked.
    pub(super) fn of(person: &Person) -> Self {
        Self { name: person.name.clone(), senders: person.senders.clone(), role: person.role }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether this mailbox is one of its senders.
    pub fn may_send_as(&self, address: &Address) -> bool {
        self.senders.iter().any(|sender| sender.covers(address))
    }
}

impl Sender {
    fn covers(&self, address: &Address) -> bool {
        match self {
            // No system in use tells mailboxes apart by case alone, and people type their own in both.
            Sender::Mailbox(mailbox) => {
                mailbox.domain() == address.domain() && mailbox.local().eq_ignore_ascii_case(address.local())
            }
            Sender::Domain(domain) => domain == address.domain(),
        }
    }
}

/// A name goes into logs, metrics' neighbours and audit records, so it must not be able to forge a line.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let good = (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
    if good { Ok(()) } else { Err(Error::Name) }
}

impl FromStr for Sender {
    type Err = SenderError;

    fn from_str(text: &str) -> Result<Self, SenderError> {
        Ok(match text.strip_prefix('@') {
            Some(domain) => Sender::Domain(domain.parse()?),
            None => Sender::Mailbox(text.parse()?),
        })
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sender::Mailbox(address) => write!(f, "{address}"),
            Sender::Domain(domain) => write!(f, "@{domain}"),
        }
    }
}

/// Like an address, it shows no local part in a log.
impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sender::Mailbox(address) => write!(f, "{address:?}"),
            Sender::Domain(domain) => write!(f, "@{domain}"),
        }
    }
}

impl TryFrom<String> for Sender {
    type Error = SenderError;
    fn try_from(text: String) -> Result<Self, SenderError> {
        text.parse()
    }
}

impl From<Sender> for String {
    fn from(sender: Sender) -> String {
        sender.to_string()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Submitter => "submitter",
            Role::Reviewer => "reviewer",
            Role::Administrator => "administrator",
        })
    }
}
