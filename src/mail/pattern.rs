//! Which domains and mailboxes a line of the configuration, or of a rule, means.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Address, AddressError, Domain};

/// `example.org` exactly, `.example.org` its subdomains, `*` every domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DomainPattern {
    Exactly(Domain),
    Below(Domain),
    Any,
}

impl DomainPattern {
    pub fn matches(&self, domain: &Domain) -> bool {
        match self {
            DomainPattern::Exactly(exact) => exact == domain,
            DomainPattern::Below(parent) => {
                domain.as_str().strip_suffix(parent.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            DomainPattern::Any => true,
        }
    }
}

impl FromStr for DomainPattern {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text {
            "*" => Ok(DomainPattern::Any),
            text => match text.strip_prefix('.') {
                Some(parent) => parent.parse().map(DomainPattern::Below),
                None => text.parse().map(DomainPattern::Exactly),
            },
        }
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DomainPattern::Exactly(domain) => write!(f, "{domain}"),
            DomainPattern::Below(parent) => write!(f, ".{parent}"),
            DomainPattern::Any => f.write_str("*"),
        }
    }
}

impl TryFrom<String> for DomainPattern {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<DomainPattern> for String {
    fn from(pattern: DomainPattern) -> String {
        pattern.to_string()
    }
}

/// `ann@example.org` alone, `@example.org` or a [`DomainPattern`] for everybody there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum AddressPattern {
    /// In any case: who writes a rule does not know how a sender will type the address.
    Mailbox(Address),
    Domain(DomainPattern),
}

impl AddressPattern {
    pub fn matches(&self, address: &Address) -> bool {
        match self {
            AddressPattern::Mailbox(this) => {
                this.domain() == address.domain() && this.local().eq_ignore_ascii_case(address.local())
            }
            AddressPattern::Domain(pattern) => pattern.matches(address.domain()),
        }
    }
}

impl FromStr for AddressPattern {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.strip_prefix('@') {
            Some(domain) => domain.parse().map(DomainPattern::Exactly).map(AddressPattern::Domain),
            None if text.contains('@') => text.parse().map(AddressPattern::Mailbox),
            None => text.parse().map(AddressPattern::Domain),
        }
    }
}

impl fmt::Display for AddressPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressPattern::Mailbox(address) => write!(f, "{address}"),
            AddressPattern::Domain(pattern) => write!(f, "{pattern}"),
        }
    }
}

impl TryFrom<String> for AddressPattern {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|error: AddressError| format!("{text:?} is no address and no domain: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_one_domain_its_subdomains_or_all() {
        for (pattern, domain, expected) in [
            ("example.org", "example.org", true),
            ("example.org", "a.example.org", false),
            (".example.org", "a.example.org", true),
            (".example.org", "a.b.EXAMPLE.org", true),
            (".example.org", "example.org", false),
            (".example.org", "badexample.org", false),
            ("*", "anything.test", true),
        ] {
            let matched = pattern.parse::<DomainPattern>().unwrap().matches(&domain.parse().unwrap());
            assert_eq!(matched, expected, "{pattern} against {domain}");
        }
    }

    #[test]
    fn a_pattern_of_addresses_means_one_mailbox_or_everybody_of_a_domain() {
        for (pattern, address, expected) in [
            ("ann@example.org", "Ann@EXAMPLE.org", true),
            ("ann@example.org", "bob@example.org", false),
            ("@example.org", "bob@example.org", true),
            ("@example.org", "bob@a.example.org", false),
            ("example.org", "bob@example.org", true),
            ("example.org", "bob@a.example.org", false),
            (".example.org", "bob@a.example.org", true),
            ("*", "bob@a.example.org", true),
        ] {
            let matched = pattern.parse::<AddressPattern>().unwrap().matches(&address.parse().unwrap());
            assert_eq!(matched, expected, "{pattern} against {address}");
        }
        for wrong in ["", "ann@", "two words", "@.example.org"] {
            assert!(wrong.parse::<AddressPattern>().is_err(), "{wrong}");
        }
    }
}
