//! Names looked up by hickory-resolver: MX, A, AAAA, TXT, each with a bounded deadline.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Hosts, TokioResolver};

use super::{Exchanger, MailHosts, ResolveError, Resolver};
use crate::mail::Domain;

/// How one lookup, with all its retries, is bounded.
const DEADLINE: Duration = Duration::from_secs(20);
/// A domain with a thousand exchangers is an attack or a mistake; the best of these suffice.
const MAX_EXCHANGERS: usize = 100;
const MAX_ADDRESSES: usize = 32;
/// Aliases followed from one name.
const MAX_ALIASES: usize = 8;

/// Where and how names are looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsConfig {
    /// `delivery.dns`; empty: the system's servers.
    pub servers: Vec<SocketAddr>,
    /// `delivery.ip`: which families are used.
    pub families: Families,
}

/// Which address families delivery uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Families {
    #[default]
    Both,
    V4,
    V6,
}

/// Asks the configured servers, or the system's, and caches by TTL.
pub struct DnsResolver {
    inner: Option<TokioResolver>,
    hosts: Hosts,
    families: Families,
}

impl DnsResolver {
    /// Must be called inside a tokio runtime. A system without name servers gets a resolver that
    /// answers nothing: routes to addresses still work, everything else waits.
    pub fn new(config: &DnsConfig) -> Self {
        let hosts = Hosts::from_system().unwrap_or_default();
        let builder = if config.servers.is_empty() {
            TokioResolver::builder_tokio()
        } else {
            let servers = config.servers.iter().map(|server| name_server(*server)).collect();
            let resolver = ResolverConfig::from_parts(None, Vec::new(), servers);
            Ok(TokioResolver::builder_with_config(resolver, TokioRuntimeProvider::default()))
        };
        let built = builder.and_then(|mut builder| {
            set(builder.options_mut());
            builder.build()
        });
        if let Err(error) = &built {
            tracing::warn!(%error, "no name server can be asked");
        }
        Self { inner: built.ok(), hosts, families: config.families }
    }

    async fn lookup(&self, name: &Domain, kind: RecordType) -> Result<Vec<RData>, ResolveError> {
        let name = fqdn(name)?;
        if let Some(found) = self.hosts.lookup_static_host(&Query::query(name.clone(), kind)) {
            return Ok(found.answers().iter().map(|record| record.data.clone()).collect());
        }
        let Some(inner) = &self.inner else {
            return Err(ResolveError::NoAnswer("no name server is configured".to_owned()));
        };
        match tokio::time::timeout(DEADLINE, inner.lookup(name, kind)).await {
            Err(_) => Err(ResolveError::NoAnswer("time-out".to_owned())),
            Ok(Ok(found)) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
            Ok(Err(error)) => nothing(error),
        }
    }

    /// Makes sure that "no records" is not said of aliases that go round or on and on: hickory gives
    /// up following them with the same answer.
    async fn follow_aliases(&self, name: &Domain) -> Result<(), ResolveError> {
        let mut at = name.clone();
        for _ in 0..MAX_ALIASES {
            let found = self.lookup(&at, RecordType::CNAME).await?;
            let target = found.iter().find_map(|record| match record {
                RData::CNAME(target) => target.0.to_ascii().parse().ok(),
                _ => None,
            });
            match target {
                Some(target) => at = target,
                None => return Ok(()),
            }
        }
        Err(ResolveError::NoAnswer("aliases that do not end".to_owned()))
    }

    async fn lookup_addresses(&self, host: &Domain, kind: RecordType) -> Result<Vec<IpAddr>, ResolveError> {
        let wanted = match (self.families, kind) {
            (Families::V4, RecordType::AAAA) | (Families::V6, RecordType::A) => return Ok(Vec::new()),
            _ => self.lookup(host, kind).await?,
        };
        Ok(wanted.iter().filter_map(RData::ip_addr).collect())
    }
}

fn name_server(at: SocketAddr) -> NameServerConfig {
    let with_port = |mut connection: ConnectionConfig| {
        connection.port = at.port();
        connection
    };
    // UDP first, TCP where an answer is truncated.
    NameServerConfig::new(at.ip(), true, vec![with_port(ConnectionConfig::udp()), with_port(ConnectionConfig::tcp())])
}

fn set(options: &mut ResolverOpts) {
    options.timeout = Duration::from_secs(5);
    options.attempts = 2;
    options.edns0 = true;
    // Fresh enough to follow a moved exchanger, and a wrong "no such domain" heals within minutes.
    options.positive_max_ttl = Some(Duration::from_secs(3600));
    options.negative_max_ttl = Some(Duration::from_secs(300));
}

/// With the final dot, so that no search list is appended.
fn fqdn(name: &Domain) -> Result<Name, ResolveError> {
    let bad = |_| ResolveError::NoAnswer("not a DNS name".to_owned());
    let mut name = Name::from_ascii(name.as_str()).map_err(bad)?;
    name.set_fqdn(true);
    Ok(name)
}

/// Tells "there is none" from "nobody knows": only the first may be concluded from.
fn nothing(error: NetError) -> Result<Vec<RData>, ResolveError> {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => Err(ResolveError::NoSuchDomain),
            ResponseCode::NoError => Ok(Vec::new()),
            code => Err(ResolveError::NoAnswer(code.to_string())),
        },
        error => Err(ResolveError::NoAnswer(error.to_string())),
    }
}

#[async_trait]
impl Resolver for DnsResolver {
    async fn mail_hosts(&self, domain: &Domain) -> Result<MailHosts, ResolveError> {
        let mut exchangers = Vec::new();
        let mut null = false;
        for record in self.lookup(domain, RecordType::MX).await? {
            let RData::MX(mx) = record else { continue };
            if mx.exchange.is_root() {
                null = true;
            } else if let Ok(host) = mx.exchange.to_ascii().parse() {
                exchangers.push(Exchanger { preference: mx.preference, host });
            }
        }
        exchangers.sort_by_key(|exchanger| exchanger.preference);
        exchangers.truncate(MAX_EXCHANGERS);
        // A null MX beside others is a mistake (RFC 7505 §3): the others count.
        Ok(match (exchangers.is_empty(), null) {
            (false, _) => MailHosts::Exchangers(exchangers),
            (true, true) => MailHosts::NullMx,
            (true, false) => {
                self.follow_aliases(domain).await?;
                MailHosts::Implicit
            }
        })
    }

    async fn addresses(&self, host: &Domain) -> Result<Vec<IpAddr>, ResolveError> {
        let (v4, v6) =
            tokio::join!(self.lookup_addresses(host, RecordType::A), self.lookup_addresses(host, RecordType::AAAA));
        match (v4, v6) {
            (Ok(v4), Ok(v6)) if v4.is_empty() && v6.is_empty() => {
                self.follow_aliases(host).await?;
                Ok(Vec::new())
            }
            (Ok(v4), Ok(v6)) => Ok(v6.into_iter().chain(v4).take(MAX_ADDRESSES).collect()),
            // One family's server trouble does not hide the other's addresses …
            (Ok(found), Err(_)) | (Err(_), Ok(found)) if !found.is_empty() => Ok(found),
            // … but "none" needs both to say so.
            (Err(error @ ResolveError::NoAnswer(_)), _) | (_, Err(error)) | (Err(error), _) => Err(error),
        }
    }

    async fn texts(&self, name: &Domain) -> Result<Vec<String>, ResolveError> {
        let records = self.lookup(name, RecordType::TXT).await?;
        let joined = |record: &RData| match record {
            RData::TXT(text) => Some(text.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect()),
            _ => None,
        };
        Ok(records.iter().filter_map(joined).collect())
    }
}

#[cfg(test)]
mod tests;
