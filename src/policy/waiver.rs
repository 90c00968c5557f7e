//! A waiver: a recipient's documented consent to unencrypted mail. It is no switch that a sender can
//! find: somebody took the consent, and the record says who, when, and where the document lies.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Party;
use crate::mail::Address;

/// Consent of one mailbox (45 CFR 164.522(b), HHS FAQ 570). What it covers is said in `decide`: a
/// patient's ordinary health information and clean mail; never `special`, cards, gaps or a hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    pub id: String,
    /// Exactly this mailbox: no other case, no plus-tag, no other domain.
    pub address: Address,
    /// Whose mail it was given for; everybody's if nobody is named.
    pub author: Option<Party>,
    /// When the consent was given, after the warning of the risk that the law asks for.
    pub given: Timestamp,
    /// From then on it is as if it were not there.
    pub expires: Option<Timestamp>,
    /// Who took the consent.
    pub obtained_by: String,
    /// Where the document is.
    pub reference: String,
    /// Who entered it here, and when.
    pub recorded_by: String,
    pub recorded: Timestamp,
    /// A waiver that was taken back stays as evidence of the mail that went out by it.
    pub revoked: Option<Revocation>,
}

/// That a consent was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    pub at: Timestamp,
    pub by: String,
    pub reason: String,
}

/// Where a waiver stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WaiverState {
    Active,
    /// Given at a time that is still to come.
    Future,
    Expired,
    Revoked,
}

impl Waiver {
    /// Where it stands at this moment.
    pub fn state(&self, now: Timestamp) -> WaiverState {
        if self.revoked.is_some() {
            WaiverState::Revoked
        } else if self.expires.is_some_and(|expires| expires <= now) {
            WaiverState::Expired
        } else if now < self.given {
            WaiverState::Future
        } else {
            WaiverState::Active
        }
    }

    /// Whether it holds for mail of these authors to this mailbox at this moment. Where it names
    /// an author, it must be the only one, and one that nobody could read otherwise.
    pub fn covers(&self, recipient: &Address, authors: &[Address], now: Timestamp) -> bool {
        let for_these = |party: &Party| !authors.is_empty() && authors.iter().all(|author| party.includes(author));
        &self.address == recipient
            && self.state(now) == WaiverState::Active
            && self.author.as_ref().is_none_or(for_these)
    }
}

impl WaiverState {
    pub fn as_str(self) -> &'static str {
        match self {
            WaiverState::Active => "active",
            WaiverState::Future => "future",
            WaiverState::Expired => "expired",
            WaiverState::Revoked => "revoked",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn waiver() -> Waiver {
        Waiver { given: at(100), expires: Some(at(200)), ..sample::waiver("w1", "jane@home.example") }
    }

    #[test]
    fn a_waiver_holds_for_exactly_its_mailbox_and_its_time() {
        for (to, second, holds) in [
            ("jane@home.example", 100, true),
            ("jane@HOME.example", 199, true),
            ("jane@home.example", 99, false),
            ("jane@home.example", 200, false),
            ("Jane@home.example", 150, false),
            ("jane+x@home.example", 150, false),
            ("jane@sub.home.example", 150, false),
        ] {
            assert_eq!(waiver().covers(&to.parse().unwrap(), &[], at(second)), holds, "{to} at {second}");
        }
    }

    #[test]
    fn a_waiver_for_one_author_holds_for_no_other_and_for_none_in_doubt() {
        let to = "jane@home.example".parse().unwrap();
        for (party, authors, holds) in [
            ("@clinic.example", vec!["ann@clinic.example"], true),
            ("ann@clinic.example", vec!["ann@clinic.example"], true),
            ("ann@clinic.example", vec!["bob@clinic.example"], false),
            ("@clinic.example", vec!["ann@sub.clinic.example"], false),
            ("@clinic.example", vec!["ann@clinic.example", "eve@evil.example"], false),
            ("@clinic.example", vec![], false),
        ] {
            let waiver = Waiver { author: Some(party.parse().unwrap()), ..waiver() };
            let authors: Vec<Address> = authors.iter().map(|author| author.parse().unwrap()).collect();
            assert_eq!(waiver.covers(&to, &authors, at(150)), holds, "{party}: {authors:?}");
        }
    }

    #[test]
    fn what_was_taken_back_holds_no_more_and_says_so_for_ever() {
        let revoked = Revocation { at: at(150), by: "local:ann".into(), reason: "asked by telephone".into() };
        let waiver = Waiver { revoked: Some(revoked), ..waiver() };
        for second in [99, 149, 151, 300] {
            assert_eq!(waiver.state(at(second)), WaiverState::Revoked);
            assert!(!waiver.covers(&waiver.address, &[], at(second)));
        }
    }
}
