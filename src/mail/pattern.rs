//! Which domains a line of the configuration means.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AddressError, Domain};

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
}
