//! Mailboxes and domains, parsed once at the door (RFC 5321 §4.1.2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A mailbox: `local@domain`. The local part keeps its case and loses its quotes; the domain is
/// an A-label in lower case, so that `Bücher.example` and `xn--bcher-kva.example` are one domain.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    local: String,
    domain: Domain,
}

/// A domain as an A-label in lower case, or an address literal such as `[192.0.2.1]`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

/// Where failure is reported. `MAIL FROM:<>` is a case of its own (RFC 5321 §4.5.5).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ReversePath {
    Null,
    Address(Address),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("an address needs a local part, an @ and a domain")]
    Shape,
    #[error("the local part is longer than 64 octets (RFC 5321 §4.5.3.1.1)")]
    LocalTooLong,
    #[error("the domain is longer than 255 octets (RFC 5321 §4.5.3.1.2)")]
    DomainTooLong,
    #[error("the local part has a character that a mailbox can't have")]
    Local,
    #[error("the domain is not one (RFC 5321 §4.1.2)")]
    Domain,
}

impl Address {
    /// From an unquoted local part and a domain that are already known to be apart.
    pub fn new(local: &str, domain: Domain) -> Result<Self, AddressError> {
        if local.is_empty() {
            return Err(AddressError::Shape);
        }
        if local.len() > 64 {
            return Err(AddressError::LocalTooLong);
        }
        if local.chars().any(char::is_control) {
            return Err(AddressError::Local);
        }
        Ok(Self { local: local.to_owned(), domain })
    }

    /// The local part without quotes.
    pub fn local(&self) -> &str {
        &self.local
    }

    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Whether sending it needs SMTPUTF8 (RFC 6531): only the local part can, as the domain is an A-label.
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }
}

/// Characters of an atom (RFC 5322 §3.2.3, widened by RFC 6532).
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

fn is_dot_string(local: &str) -> bool {
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

impl fmt::Display for Address {
    /// As it stands in an SMTP path, without the angle brackets: quoted where the local part needs it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_dot_string(&self.local) {
            return write!(f, "{}@{}", self.local, self.domain);
        }
        f.write_str("\"")?;
        for c in self.local.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        write!(f, "\"@{}", self.domain)
    }
}

/// Debug output may reach a log, and a log never has a whole address (`DESIGN` §8).
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[redacted]@{}", self.domain)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    /// Reads `local@domain` or `"quoted local"@domain`, without angle brackets or source route.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (local, domain) = match text.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let (local, domain) = text.split_once('@').ok_or(AddressError::Shape)?;
                if !local.is_empty() && !is_dot_string(local) {
                    return Err(AddressError::Local);
                }
                (local.to_owned(), domain)
            }
        };
        Address::new(&local, domain.parse()?)
    }
}

/// Takes what follows the opening quote; gives the unquoted local part and the domain.
fn unquote(quoted: &str) -> Result<(String, &str), AddressError> {
    let mut local = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => local.push(chars.next().ok_or(AddressError::Local)?.1),
            '"' => {
                let domain = quoted[at + 1..].strip_prefix('@').ok_or(AddressError::Shape)?;
                return Ok((local, domain));
            }
            c => local.push(c),
        }
    }
    Err(AddressError::Local)
}

impl Domain {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an address literal, such as `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
    pub fn is_literal(&self) -> bool {
        self.0.starts_with('[')
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Domain {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.len() > 255 {
            return Err(AddressError::DomainTooLong);
        }
        if let Some(literal) = text.strip_prefix('[') {
            return literal_domain(literal.strip_suffix(']').ok_or(AddressError::Domain)?);
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        let ascii = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii(text).map_err(|_| AddressError::Domain)?
        };
        let good_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if ascii.len() > 255 || !ascii.split('.').all(good_label) {
            return Err(AddressError::Domain);
        }
        Ok(Self(ascii))
    }
}

/// `192.0.2.1` or `IPv6:2001:db8::1`, written back in one form.
fn literal_domain(inside: &str) -> Result<Domain, AddressError> {
    let tag = inside.get(..5).filter(|tag| tag.eq_ignore_ascii_case("ipv6:"));
    let text = match tag {
        Some(_) => {
            let ip: std::net::Ipv6Addr = inside[5..].parse().map_err(|_| AddressError::Domain)?;
            format!("[IPv6:{ip}]")
        }
        None => {
            let ip: std::net::Ipv4Addr = inside.parse().map_err(|_| AddressError::Domain)?;
            format!("[{ip}]")
        }
    };
    Ok(Domain(text))
}

impl TryFrom<String> for Domain {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> String {
        domain.0
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl ReversePath {
    pub fn address(&self) -> Option<&Address> {
        match self {
            ReversePath::Null => None,
            ReversePath::Address(address) => Some(address),
        }
    }
}

impl fmt::Display for ReversePath {
    /// With the angle brackets: `<>` or `<local@domain>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReversePath::Null => f.write_str("<>"),
            ReversePath::Address(address) => write!(f, "<{address}>"),
        }
    }
}

impl Serialize for ReversePath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ReversePath::Null => serializer.serialize_str(""),
            ReversePath::Address(address) => serializer.collect_str(address),
        }
    }
}

impl<'de> Deserialize<'de> for ReversePath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "" => Ok(ReversePath::Null),
            text => text.parse().map(ReversePath::Address).map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_their_local_part_and_fold_their_domain() {
        for (written, read) in [
            ("Ann@Corp.Example", "Ann@corp.example"),
            ("\"a b\"@c.example", "\"a b\"@c.example"),
            ("\"plain\"@c.example", "plain@c.example"),
            ("a@bücher.example", "a@xn--bcher-kva.example"),
            ("a@[192.0.2.1]", "a@[192.0.2.1]"),
            ("a@[ipv6:2001:DB8::1]", "a@[IPv6:2001:db8::1]"),
        ] {
            assert_eq!(written.parse::<Address>().unwrap().to_string(), read);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@-b", "a@b..c", "\"a@b", "a@[1.2.3]", "a\r@b"] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn debug_output_never_shows_the_local_part() {
        let address: Address = "jane.roe@clinic.example".parse().unwrap();
        assert_eq!(format!("{address:?}"), "[redacted]@clinic.example");
    }
}
