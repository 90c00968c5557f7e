//! An exception: a record by which some rules ask for less. It names who answers for it, ends by
//! itself, and is written into every decision that it lowers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Level;
use crate::mail::{Address, Domain};

/// Less protection for some rules in some circumstances (`rules/exceptions/*.yaml`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// Its file's name without the ending, and its place in it: stands in `lowered_by`.
    pub id: String,
    /// Ids of rules, `gap.REASON`, or `policy.clean`.
    pub rules: Vec<String>,
    pub when: When,
    /// These rules ask for at most this.
    pub effect: Level,
    pub reason: String,
    pub owner: String,
    pub approvers: Vec<String>,
    /// From then on it is as if it were not there.
    pub expires: Timestamp,
}

/// Circumstances that must all hold; an empty list asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct When {
    pub sources: Vec<String>,
    /// Every author must be among them.
    pub authors: Vec<Party>,
    /// Judged for each recipient alone.
    pub recipients: Vec<Party>,
}

/// A mailbox, or every mailbox of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Party {
    Address(Address),
    Domain(Domain),
}

impl Party {
    pub(super) fn includes(&self, address: &Address) -> bool {
        match self {
            Party::Address(this) => this == address,
            Party::Domain(domain) => domain == address.domain(),
        }
    }
}

impl std::str::FromStr for Party {
    type Err = crate::mail::AddressError;

    /// `ann@corp.example`, or `@corp.example` or `corp.example` for the whole domain.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix('@') {
            Some(domain) => domain.parse().map(Party::Domain),
            None if text.contains('@') => text.parse().map(Party::Address),
            None => text.parse().map(Party::Domain),
        }
    }
}

impl Exception {
    /// Whether it bears on what this rule asks for this recipient.
    pub(super) fn applies(
        &self,
        rule: &str,
        now: Timestamp,
        source: &str,
        authors: &[Address],
        recipient: &Address,
    ) -> bool {
        now < self.expires
            && self.rules.iter().any(|named| named == rule)
            && (self.when.sources.is_empty() || self.when.sources.iter().any(|named| named == source))
            && (self.when.authors.is_empty()
                || (!authors.is_empty()
                    && authors.iter().all(|author| self.when.authors.iter().any(|party| party.includes(author)))))
            && (self.when.recipients.is_empty() || self.when.recipients.iter().any(|party| party.includes(recipient)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn an_exception_applies_only_where_all_its_circumstances_hold() {
        let exception = Exception {
            id: "e1".into(),
            rules: vec!["phi.a".into()],
            when: When {
                sources: vec!["ehr".into()],
                authors: vec!["@clinic.example".parse().unwrap()],
                recipients: vec!["lab@partner.example".parse().unwrap()],
            },
            effect: Level::Tls,
            reason: "r".into(),
            owner: "o".into(),
            approvers: vec!["p".into()],
            expires: Timestamp::from_second(200).unwrap(),
        };
        let applies = |rule: &str, second, source: &str, authors: &[&str], to: &str| {
            let authors: Vec<Address> = authors.iter().map(|author| address(author)).collect();
            exception.applies(rule, Timestamp::from_second(second).unwrap(), source, &authors, &address(to))
        };
        assert!(applies("phi.a", 199, "ehr", &["a@clinic.example"], "lab@partner.example"));
        assert!(!applies("phi.b", 199, "ehr", &["a@clinic.example"], "lab@partner.example"));
        assert!(!applies("phi.a", 200, "ehr", &["a@clinic.example"], "lab@partner.example"));
        assert!(!applies("phi.a", 199, "office", &["a@clinic.example"], "lab@partner.example"));
        assert!(!applies("phi.a", 199, "ehr", &["a@clinic.example", "b@evil.example"], "lab@partner.example"));
        assert!(!applies("phi.a", 199, "ehr", &[], "lab@partner.example"));
        assert!(!applies("phi.a", 199, "ehr", &["a@clinic.example"], "other@partner.example"));
    }
}
