//! Which hosts take mail for a destination, in which order (RFC 5321 §5.1, RFC 7505).

use std::net::{IpAddr, SocketAddr};

use super::config::Host;
use super::replies::Failure;
use super::session::Hop;
use super::{Deliverer, Destination, Trouble};
use crate::mail::{Domain, EnhancedStatus};
use crate::world::{Exchanger, MailHosts, Random, ResolveError};

/// Hosts tried in one attempt; the rest of a long list has its turn at the next one.
const MAX_HOSTS: usize = 10;
/// Addresses of one host tried in one attempt.
const MAX_ADDRESSES: usize = 4;

/// A host that may take the mail, not yet looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub host: Host,
    pub port: u16,
}

fn passing(status: EnhancedStatus, text: impl Into<String>) -> Failure {
    Failure::Passing(Trouble::of(status, text))
}

fn last(status: EnhancedStatus, text: &str) -> Failure {
    Failure::Final(Trouble::of(status, text))
}

impl Deliverer {
    /// The hosts of a destination, best first.
    pub(super) async fn candidates(&self, destination: &Destination) -> Result<Vec<Candidate>, Failure> {
        match destination {
            Destination::Route(at) => {
                let hops = self.config.routes[*at].next_hops.iter();
                Ok(hops.map(|hop| Candidate { host: hop.host.clone(), port: hop.port }).collect())
            }
            Destination::Exchangers { domain, .. } => {
                let host = |host| Candidate { host, port: self.config.mx_port };
                if domain.is_literal() {
                    let ip = literal(domain).ok_or_else(|| last(EnhancedStatus(5, 1, 2), "not an address"))?;
                    return Ok(vec![host(Host::Address(ip))]);
                }
                match self.resolver.mail_hosts(domain).await {
                    Ok(MailHosts::Exchangers(exchangers)) => {
                        let order = order(exchangers, &self.config.hostname, &*self.random);
                        if order.is_empty() {
                            return Err(last(EnhancedStatus(5, 4, 6), "the best exchanger is this gateway itself"));
                        }
                        Ok(order.into_iter().take(MAX_HOSTS).map(|name| host(Host::Name(name))).collect())
                    }
                    Ok(MailHosts::Implicit) => Ok(vec![host(Host::Name(domain.clone()))]),
                    Ok(MailHosts::NullMx) => Err(last(EnhancedStatus(5, 1, 10), "the domain takes no mail (null MX)")),
                    Err(ResolveError::NoSuchDomain) => Err(last(EnhancedStatus(5, 1, 2), "the domain does not exist")),
                    Err(error @ ResolveError::NoAnswer(_)) => Err(passing(EnhancedStatus(4, 4, 3), error.to_string())),
                }
            }
        }
    }

    /// The addresses of one candidate.
    pub(super) async fn hops(&self, candidate: &Candidate, destination: &Destination) -> Result<Vec<Hop>, Failure> {
        let hop = |ip: IpAddr| Hop {
            route: destination.route(),
            host: candidate.host.clone(),
            addr: SocketAddr::new(ip, candidate.port),
        };
        let name = match &candidate.host {
            Host::Address(ip) => return Ok(vec![hop(*ip)]),
            Host::Name(name) => name,
        };
        match self.resolver.addresses(name).await {
            Ok(found) if !found.is_empty() => Ok(found.into_iter().take(MAX_ADDRESSES).map(hop).collect()),
            Err(error @ ResolveError::NoAnswer(_)) => Err(passing(EnhancedStatus(4, 4, 3), error.to_string())),
            // A domain without exchangers and addresses takes no mail; an exchanger or next hop
            // without addresses is somebody's mistake, which may be mended.
            Ok(_) | Err(ResolveError::NoSuchDomain) => match destination {
                Destination::Exchangers { domain, .. } if domain == name => {
                    Err(last(EnhancedStatus(5, 4, 4), "the domain has neither exchangers nor addresses"))
                }
                _ => Err(passing(EnhancedStatus(4, 4, 4), format!("{name} has no address"))),
            },
        }
    }
}

/// By preference, random among equals; from our own name on, none, or mail would go round
/// (RFC 5321 §5.1).
fn order(mut exchangers: Vec<Exchanger>, ourselves: &Domain, random: &dyn Random) -> Vec<Domain> {
    if let Some(own) = exchangers.iter().find(|exchanger| exchanger.host == *ourselves).map(|own| own.preference) {
        exchangers.retain(|exchanger| exchanger.preference < own);
    }
    let mut drawn: Vec<(u16, [u8; 8], Domain)> = exchangers
        .into_iter()
        .map(|exchanger| {
            let mut lot = [0; 8];
            random.fill(&mut lot);
            (exchanger.preference, lot, exchanger.host)
        })
        .collect();
    drawn.sort();
    let mut hosts: Vec<Domain> = drawn.into_iter().map(|(_, _, host)| host).collect();
    hosts.dedup();
    hosts
}

fn literal(domain: &Domain) -> Option<IpAddr> {
    let inside = domain.as_str().strip_prefix('[')?.strip_suffix(']')?;
    inside.strip_prefix("IPv6:").unwrap_or(inside).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::fake::FakeRandom;

    fn exchangers(lines: &[(u16, &str)]) -> Vec<Exchanger> {
        lines
            .iter()
            .map(|(preference, host)| Exchanger { preference: *preference, host: host.parse().unwrap() })
            .collect()
    }

    #[test]
    fn preference_comes_first_and_equals_take_turns() {
        let us = "gw.example".parse().unwrap();
        let random = FakeRandom::default();
        let mut firsts = std::collections::HashSet::new();
        for _ in 0..50 {
            let hosts = order(exchangers(&[(20, "c.test"), (10, "a.test"), (10, "b.test")]), &us, &random);
            assert_eq!(hosts[2].as_str(), "c.test");
            firsts.insert(hosts[0].clone());
        }
        assert_eq!(firsts.len(), 2);
    }

    #[test]
    fn from_our_own_name_on_none_is_tried() {
        let us = "gw.example".parse().unwrap();
        let random = FakeRandom::default();
        let of = |lines| order(exchangers(lines), &us, &random).len();
        assert_eq!(of(&[(10, "a.test"), (20, "gw.example"), (20, "b.test"), (30, "c.test")]), 1);
        assert_eq!(of(&[(10, "gw.example"), (10, "a.test")]), 0);
    }
}
