//! The room's settings: which class of content asks for which level, and how it may be reached.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Exception, Level, Method};
use crate::detect::Sensitivity;
use crate::mail::{Address, Domain, DomainPattern};
use crate::message::GapReason;

/// How strongly each class of content is protected (`policy:`), with the records that may ask for less.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub clean: Level,
    pub light: Level,
    pub phi: Level,
    pub special: Level,
    /// What a sender's tag asks for.
    pub asked: Level,
    /// Every reason has its level.
    pub gap: BTreeMap<GapReason, Level>,
    /// Classes that aren't named here climb [`Config::AUTO`].
    pub ladder: BTreeMap<Class, Vec<Method>>,
    /// Tags in a subject by which a sender asks for protection, in any case.
    pub tags: Vec<String>,
    /// Until then everything is decided and recorded, and sent with the best TLS offered.
    pub observe_until: Option<Timestamp>,
    /// One recipient held holds all, whatever the rules say.
    pub all_or_nothing: bool,
    pub exceptions: Vec<Exception>,
    /// What handing over to a route counts as beyond its session (`routes[].provides`), first match first.
    pub provides: Vec<Provision>,
    /// Our name: trace fields that claim it in mail from a client are forged.
    pub hostname: Option<Domain>,
    /// Domains that we sign for: a signature of theirs that an edit breaks is replaced.
    pub signs: Vec<Domain>,
    /// Header fields, by source, that only prove it to us: its secret, its tenant. They never leave.
    pub private_fields: BTreeMap<String, Vec<String>>,
    /// Overrides by source or author domain, first match first. A profile has none of its own.
    pub profiles: Vec<Profile>,
    /// Hex SHA-256 of the redacted configuration.
    pub hash: String,
}

/// Settings for some sources or author domains.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub name: String,
    pub sources: Vec<String>,
    pub domains: Vec<Domain>,
    pub config: Config,
}

/// A route's promise about where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provision {
    pub domains: Vec<DomainPattern>,
    pub level: Level,
}

/// Why a message needs its level, as far as ladders differ by it. Ordered: a later one is more delicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Clean,
    Asked,
    Light,
    Gap,
    Phi,
    Special,
}

impl Config {
    /// The ladder of `auto`: the full one without rungs that aren't built.
    pub const AUTO: [Method; 2] = [Method::Transport, Method::Wait];

    /// The settings that hold for mail of this source and these authors, and the profile's name.
    /// Nothing else in the house looks at profiles. A domain counts only if every author is of it,
    /// so that a second author can't borrow a milder profile.
    pub fn resolve(&self, source: &str, authors: &[Address]) -> (&Config, Option<&Profile>) {
        let by_source = |profile: &Profile| profile.sources.iter().any(|name| name == source);
        let by_author = |profile: &Profile| {
            !authors.is_empty() && authors.iter().all(|author| profile.domains.contains(author.domain()))
        };
        match self.profiles.iter().find(|profile| by_source(profile) || by_author(profile)) {
            Some(profile) => (&profile.config, Some(profile)),
            None => (self, None),
        }
    }

    /// What content of this sensitivity asks for, and which ladder it climbs.
    pub fn level(&self, sensitivity: Sensitivity) -> (Class, Level) {
        match sensitivity {
            Sensitivity::Light => (Class::Light, self.light),
            Sensitivity::Standard => (Class::Phi, self.phi),
            Sensitivity::Special => (Class::Special, self.special),
            Sensitivity::Tls => (Class::Phi, Level::Tls),
            Sensitivity::TlsVerified => (Class::Phi, Level::TlsVerified),
            Sensitivity::TlsAuthenticated => (Class::Phi, Level::TlsAuthenticated),
            Sensitivity::Message => (Class::Phi, Level::Message),
            Sensitivity::Hold => (Class::Phi, Level::Hold),
            Sensitivity::Reject => (Class::Phi, Level::Reject),
        }
    }

    /// What this gap asks for. A reason without an entry is as PHI: unread is never clean.
    pub fn gap_level(&self, reason: GapReason) -> Level {
        self.gap.get(&reason).copied().unwrap_or(self.phi)
    }

    pub fn observes(&self, now: Timestamp) -> bool {
        self.observe_until.is_some_and(|until| now < until)
    }

    /// Whose mail is only observed at that time, and until when: of all (`None`), or of a profile that says so itself.
    pub fn observed(&self, now: Timestamp) -> Vec<(Option<&str>, Timestamp)> {
        let all = self.observe_until.map(|until| (None, until));
        let own = self.profiles.iter().filter(|profile| profile.config.observe_until != self.observe_until);
        let of_profiles = own.filter_map(|profile| Some((Some(profile.name.as_str()), profile.config.observe_until?)));
        all.into_iter().chain(of_profiles).filter(|(_, until)| now < *until).collect()
    }

    /// What the gaps ask for when the configuration names none: what can't be read as PHI; what is
    /// locked well, or shows no text, as clean mail (`DESIGN` §3).
    pub fn default_gaps(clean: Level, phi: Level) -> BTreeMap<GapReason, Level> {
        let level = |reason| match reason {
            GapReason::Sealed | GapReason::Picture | GapReason::Media => clean,
            GapReason::Encrypted
            | GapReason::Corrupt
            | GapReason::UnknownType
            | GapReason::Limit
            | GapReason::Timeout
            | GapReason::Ambiguous
            | GapReason::NotMail => phi,
        };
        GapReason::ALL.into_iter().map(|reason| (reason, level(reason))).collect()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            clean: Level::Tls,
            light: Level::TlsVerified,
            phi: Level::TlsVerified,
            special: Level::TlsAuthenticated,
            asked: Level::TlsVerified,
            gap: Config::default_gaps(Level::Tls, Level::TlsVerified),
            ladder: BTreeMap::new(),
            tags: vec!["[secure]".to_owned(), "[encrypt]".to_owned()],
            observe_until: None,
            all_or_nothing: false,
            exceptions: Vec::new(),
            provides: Vec::new(),
            hostname: None,
            signs: Vec::new(),
            private_fields: BTreeMap::new(),
            profiles: Vec::new(),
            hash: String::new(),
        }
    }
}

impl Provision {
    pub fn covers(&self, domain: &Domain) -> bool {
        self.domains.iter().any(|pattern| pattern.matches(domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A profile that observes was neither in the account nor in the metric.
    #[test]
    fn profiles_that_observe_are_named_beside_all() {
        let [now, soon, later] = [100, 200, 300].map(|at| Timestamp::from_second(at).unwrap());
        let with = |all: Option<Timestamp>, own: Option<Timestamp>| {
            let mut branch = profile("branch", &["branch"], &[], Level::TlsVerified);
            branch.config.observe_until = own;
            Config { observe_until: all, profiles: vec![branch], ..Config::default() }
        };
        assert_eq!(with(None, None).observed(now), []);
        assert_eq!(with(None, Some(soon)).observed(now), [(Some("branch"), soon)]);
        // A profile without a day of its own has that of all.
        assert_eq!(with(Some(soon), Some(soon)).observed(now), [(None, soon)]);
        assert_eq!(with(Some(soon), Some(later)).observed(now), [(None, soon), (Some("branch"), later)]);
        assert_eq!(with(Some(soon), Some(later)).observed(soon), [(Some("branch"), later)]);
    }

    fn profile(name: &str, sources: &[&str], domains: &[&str], phi: Level) -> Profile {
        Profile {
            name: name.into(),
            sources: sources.iter().map(|source| source.to_string()).collect(),
            domains: domains.iter().map(|domain| domain.parse().unwrap()).collect(),
            config: Config { phi, ..Config::default() },
        }
    }

    #[test]
    fn a_profile_is_found_by_source_or_by_the_domain_of_every_author() {
        let config = Config {
            profiles: vec![
                profile("ehr", &["ehr"], &[], Level::TlsAuthenticated),
                profile("lab", &[], &["lab.example"], Level::Hold),
            ],
            ..Config::default()
        };
        for (source, authors, expected) in [
            ("ehr", vec!["a@corp.example"], Some("ehr")),
            ("office", vec!["a@lab.example"], Some("lab")),
            ("office", vec!["a@lab.example", "b@corp.example"], None),
            ("office", vec!["a@sub.lab.example"], None),
            ("office", vec![], None),
        ] {
            let authors: Vec<Address> = authors.iter().map(|author| author.parse().unwrap()).collect();
            let (_, found) = config.resolve(source, &authors);
            assert_eq!(found.map(|profile| profile.name.as_str()), expected, "{source} {authors:?}");
        }
    }
}
