//! Which way mail for a recipient goes: the first route that matches, else the domain's exchangers.

use std::fmt;

use super::config::{Config, Route};
use crate::mail::Domain;
use crate::policy::Level;

/// What recipients have in common who may share a transaction: the hop that takes them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// The next hops of the route at this place in the configuration.
    Route(usize),
    /// The exchangers of this domain, under the rules of a route if one matches.
    Exchangers { domain: Domain, route: Option<usize> },
}

impl Destination {
    /// The place of the route that rules here.
    pub fn route(&self) -> Option<usize> {
        match self {
            Destination::Route(at) => Some(*at),
            Destination::Exchangers { route, .. } => *route,
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::Route(at) => write!(f, "route {}", at + 1),
            Destination::Exchangers { domain, .. } => domain.fmt(f),
        }
    }
}

impl Config {
    /// Where mail of this level for this domain goes.
    pub fn destination(&self, domain: &Domain, level: Level) -> Destination {
        let matches = |route: &Route| {
            let level = route.levels.is_empty() || route.levels.contains(&level);
            level && route.domains.iter().any(|pattern| pattern.matches(domain))
        };
        match self.routes.iter().position(matches) {
            Some(at) if !self.routes[at].next_hops.is_empty() => Destination::Route(at),
            route => Destination::Exchangers { domain: domain.clone(), route },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(domains: &[&str], levels: &[Level], hop: &str) -> Route {
        Route {
            domains: domains.iter().map(|text| text.parse().unwrap()).collect(),
            next_hops: if hop.is_empty() { Vec::new() } else { vec![hop.parse().unwrap()] },
            levels: levels.to_vec(),
            ..Route::default()
        }
    }

    #[test]
    fn the_first_route_that_matches_domain_and_level_wins() {
        let mut config = Config::new("gw.example".parse().unwrap());
        config.routes = vec![
            route(&["example.org"], &[], "10.0.0.1"),
            route(&[".example.org"], &[], "10.0.0.2"),
            route(&["*"], &[Level::Opportunistic, Level::Tls], "10.0.0.3"),
            route(&["partner.example"], &[], ""),
        ];
        let to = |domain: &str, level| config.destination(&domain.parse().unwrap(), level);
        let mx = |domain: &str, route| Destination::Exchangers { domain: domain.parse().unwrap(), route };
        assert_eq!(to("example.org", Level::TlsVerified), Destination::Route(0));
        assert_eq!(to("a.example.org", Level::TlsVerified), Destination::Route(1));
        assert_eq!(to("xexample.org", Level::TlsVerified), mx("xexample.org", None));
        assert_eq!(to("other.example", Level::Tls), Destination::Route(2));
        assert_eq!(to("other.example", Level::TlsAuthenticated), mx("other.example", None));
        assert_eq!(to("partner.example", Level::TlsVerified), mx("partner.example", Some(3)));
    }
}
