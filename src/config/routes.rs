//! `routes:` and `delivery:` → the settings of `deliver` and `queue`.

use std::net::IpAddr;

use secrecy::SecretString;

use super::fault::Complaints;
use super::files::{self, Base};
use super::raw::{self, Settings};
use crate::deliver::{self, Host, NextHop};
use crate::policy::{Level, Provision};
use crate::queue;
use crate::world::{DnsConfig, Families};

pub fn deliver(settings: &Settings, base: &Base, complaints: &mut Complaints<'_>) -> deliver::Config {
    let raw = &settings.delivery;
    let mut config = deliver::Config::new(settings.hostname.clone());
    config.mx_port = raw.mx_port;
    config.source_address = raw.source_address;
    for (at, path) in raw.tls_roots.iter().enumerate() {
        match files::certificates(&base.path(path)) {
            Ok(roots) => config.tls_roots.extend(roots),
            Err(message) => complaints.unreadable(&format!("delivery.tls_roots[{at}]"), message),
        }
    }
    let routes = settings.routes.iter().enumerate();
    config.routes = routes.map(|(at, raw)| route(raw, &format!("routes[{at}]"), base, complaints)).collect();
    config
}

pub fn queue(settings: &Settings, clean: Level) -> queue::Config {
    let raw = &settings.delivery;
    queue::Config {
        schedule: queue::Schedule {
            retry: raw.retry.iter().map(|pause| pause.0).collect(),
            patience: raw.patience.0,
            expire: raw.expire.0,
            ..queue::Schedule::default()
        },
        bounds: queue::Bounds::default(),
        own: queue::OwnMail { hostname: settings.hostname.clone(), postmaster: settings.postmaster(), level: clean },
    }
}

pub fn dns(settings: &Settings) -> DnsConfig {
    DnsConfig {
        servers: settings.delivery.dns.clone().unwrap_or_default(),
        families: match settings.delivery.ip {
            None => Families::Both,
            Some(raw::IpVersion::V4) => Families::V4,
            Some(raw::IpVersion::V6) => Families::V6,
        },
    }
}

/// What routes promise beyond their session, in the order in which they match.
pub fn provisions(routes: &[deliver::Route]) -> Vec<Provision> {
    let provided = |route: &deliver::Route| Some(Provision { domains: route.domains.clone(), level: route.provides? });
    routes.iter().filter_map(provided).collect()
}

fn route(raw: &raw::Route, key: &str, base: &Base, complaints: &mut Complaints<'_>) -> deliver::Route {
    let route = deliver::Route {
        domains: raw.domains.clone(),
        next_hops: next_hops(raw),
        tls: match raw.tls {
            raw::Floor::None => deliver::Floor::None,
            raw::Floor::Opportunistic => deliver::Floor::Opportunistic,
            raw::Floor::Required => deliver::Floor::Required,
            raw::Floor::Verified => deliver::Floor::Verified,
        },
        tls_names: raw.tls_name.as_ref().map(|names| names.as_slice().to_vec()).unwrap_or_default(),
        tls_pins: raw.tls_pins.iter().map(|pin| pin.parse().expect("its format was checked")).collect(),
        auth: raw.auth.as_ref().map(|auth| login(auth, &format!("{key}.auth.password"), base, complaints)),
        client_certificate: raw
            .client_certificate
            .as_ref()
            .and_then(|pair| client_certificate(pair, &format!("{key}.client_certificate"), base, complaints)),
        provides: raw.provides,
        levels: raw.levels.clone().unwrap_or_default(),
        internal: raw.internal,
    };
    check_route(raw, &route, key, complaints);
    route
}

fn check_route(raw: &raw::Route, route: &deliver::Route, key: &str, complaints: &mut Complaints<'_>) {
    if route.domains.is_empty() {
        complaints.fault(&format!("{key}.domains"), "the route is for no domain", "use [\"*\"] for all");
    }
    if let Some(level) = raw.provides {
        let key = format!("{key}.provides");
        if !matches!(level, Level::Tls | Level::TlsVerified | Level::Message) {
            complaints.fault(&key, format!("{level} is none of tls, tls-verified, message"), "");
        }
        if !leads_to_loopback(route) && raw.tls != raw::Floor::Verified {
            let mend = "only a hop on loopback or one with `tls: verified` can be trusted with it";
            complaints.fault(&key, "nothing proves that the hop is the one that keeps this promise", mend);
        }
    }
    if raw.levels.as_ref().is_some_and(Vec::is_empty) {
        let mend = "name levels, or leave it out for mail of all levels";
        complaints.fault(&format!("{key}.levels"), "the list is empty: no mail would go this way", mend);
    }
    if raw.levels.as_ref().is_some_and(|levels| levels.iter().any(|level| *level >= Level::Hold)) {
        complaints.fault(&format!("{key}.levels"), "mail of level hold or reject goes no way", "");
    }
    if raw.tls == raw::Floor::None && raw.auth.is_some() {
        complaints.fault(&format!("{key}.auth"), "passwords go only inside TLS, and this route bans it", "");
    }
    if raw.tls == raw::Floor::None && !route.tls_pins.is_empty() {
        complaints.fault(&format!("{key}.tls_pins"), "keys are pinned, but this route bans TLS", "");
    }
}

/// Whether every host of the route is on this machine.
pub fn leads_to_loopback(route: &deliver::Route) -> bool {
    let loopback = |hop: &NextHop| match &hop.host {
        Host::Address(ip) => is_loopback(*ip),
        Host::Name(name) => name.as_str() == "localhost",
    };
    !route.next_hops.is_empty() && route.next_hops.iter().all(loopback)
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

fn next_hops(raw: &raw::Route) -> Vec<NextHop> {
    let written = raw.next_hop.as_ref().map(raw::OneOrMany::as_slice).unwrap_or_default();
    written.iter().map(|text| text.parse().expect("its format was checked")).collect()
}

fn login(raw: &raw::Login, key: &str, base: &Base, complaints: &mut Complaints<'_>) -> deliver::Login {
    if let Some(words) = base.exposed(&raw.password) {
        complaints.warn(key, words, "chmod 600");
    }
    let password = base.secret(&raw.password).unwrap_or_else(|message| {
        complaints.unreadable(key, message);
        SecretString::default()
    });
    deliver::Login { user: raw.user.clone(), password }
}

fn client_certificate(
    raw: &raw::ClientPair,
    key: &str,
    base: &Base,
    complaints: &mut Complaints<'_>,
) -> Option<deliver::ClientCertificate> {
    let private_key = base.path(&raw.private_key);
    if let Some(words) = files::exposed(&private_key) {
        complaints.warn(&format!("{key}.private_key"), words, "chmod 600");
    }
    match files::pair(&base.path(&raw.certificate), &private_key) {
        Ok((chain, key)) => Some(deliver::ClientCertificate { chain, key }),
        Err(messages) => {
            messages.into_iter().for_each(|message| complaints.unreadable(key, message));
            None
        }
    }
}
