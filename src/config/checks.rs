//! What holds between sections: each right alone, and wrong or doubtful together.

use std::net::SocketAddr;

use super::fault::Complaints;
use super::files::{self, Base};
use super::raw::{Backend, Settings};
use super::routes::leads_to_loopback;
use super::units::SecretRef;
use crate::deliver::{self, Floor};
use crate::mail::DomainPattern;
use crate::policy::{self, Class, Level, Method};

/// Everything that needs more than one section to be seen.
pub fn check(
    settings: &Settings,
    deliver: &deliver::Config,
    policy: &policy::Config,
    base: &Base,
    complaints: &mut Complaints<'_>,
) {
    unbuilt(settings, complaints);
    master_key(settings, base, complaints);
    clear_mail(deliver, policy, complaints);
    unreachable_routes(deliver, complaints);
    unmet_levels(policy, complaints);
    doors(settings, complaints);
    if settings.limits.scan_wait.0 > settings.limits.scan_timeout.0 {
        complaints.fault("limits.scan_wait", "it is longer than limits.scan_timeout", "");
    }
    if settings.quarantine.notify.is_empty() {
        complaints.warn("quarantine", "nobody is told of held mail", "name reviewers in `quarantine.notify`");
    }
}

fn unbuilt(settings: &Settings, complaints: &mut Complaints<'_>) {
    if settings.store.backend == Backend::Cluster {
        complaints.fault("store.backend", "cluster is not built yet", "use embedded");
    }
    if settings.store.backend == Backend::Embedded {
        for (key, given) in
            [("store.url", settings.store.url.is_some()), ("store.bodies", settings.store.bodies.is_some())]
        {
            if given {
                complaints.fault(key, "it goes only with `backend: cluster`", "leave it out");
            }
        }
    }
}

/// Who can read the master key can read all mail.
fn master_key(settings: &Settings, base: &Base, complaints: &mut Complaints<'_>) {
    let Some(master) = settings.keys.master.as_ref().filter(|master| !matches!(master, SecretRef::Command(_))) else {
        return;
    };
    match base.secret_path(master) {
        Ok(path) => {
            if let Some(words) = files::exposed(&path) {
                complaints.fault("keys.master", words, "chmod 600");
            }
        }
        Err(message) => complaints.unreadable("keys.master", message),
    }
}

/// Mail in clear over the network is for `check` to refuse, unless no hop leads there.
fn clear_mail(deliver: &deliver::Config, policy: &policy::Config, complaints: &mut Complaints<'_>) {
    let everywhere = std::iter::once(("policy".to_owned(), policy));
    let profiles = policy.profiles.iter().enumerate();
    let everywhere =
        everywhere.chain(profiles.map(|(at, profile)| (format!("profiles[{at}].policy"), &profile.config)));
    for (key, policy) in everywhere {
        if policy.clean == Level::Opportunistic && !stays_here(deliver) {
            let message = "clean mail may leave unencrypted, over hops that are not on loopback";
            complaints.refuse(&format!("{key}.clean"), message, "use `clean: tls`, or a route floor of `required`");
        }
    }
}

/// Whether each hop that mail of the lowest level can take is on loopback, or asks for TLS by itself.
fn stays_here(deliver: &deliver::Config) -> bool {
    for route in deliver.routes.iter() {
        if !route.levels.is_empty() && !route.levels.contains(&Level::Opportunistic) {
            continue;
        }
        if !leads_to_loopback(route) && !matches!(route.tls, Floor::Required | Floor::Verified) {
            return false;
        }
        if route.domains.contains(&DomainPattern::Any) {
            return true;
        }
    }
    // What no route takes goes to the exchangers of its domain.
    false
}

fn unreachable_routes(deliver: &deliver::Config, complaints: &mut Complaints<'_>) {
    let takes_all = |route: &deliver::Route| route.domains.contains(&DomainPattern::Any) && route.levels.is_empty();
    if let Some(last) = deliver.routes.iter().position(takes_all) {
        for at in last + 1..deliver.routes.len() {
            let message = format!("no mail comes this far: routes[{last}] takes all");
            complaints.warn(&format!("routes[{at}]"), message, "put it further up");
        }
    }
}

/// Levels that no built method reaches end in the quarantine: right, but seldom meant.
fn unmet_levels(policy: &policy::Config, complaints: &mut Complaints<'_>) {
    let kinds = [
        ("clean", Class::Clean, policy.clean),
        ("light", Class::Light, policy.light),
        ("phi", Class::Phi, policy.phi),
        ("special", Class::Special, policy.special),
        ("asked", Class::Asked, policy.asked),
    ];
    for (name, class, level) in kinds {
        let rungs = policy.ladder.get(&class).map_or(&policy::Config::AUTO[..], Vec::as_slice);
        let provided = policy.provides.iter().any(|route| route.level >= level);
        let reached = rungs.iter().any(|rung| Method::BUILT.contains(rung) && rung.reaches() >= Some(level));
        if level < Level::Hold && !reached && !provided {
            complaints.warn(
                &format!("policy.{name}"),
                format!("no method of the ladder reaches {level}: it is held"),
                "",
            );
        }
    }
}

/// Doors for people: what faces the network asks for a token.
fn doors(settings: &Settings, complaints: &mut Complaints<'_>) {
    let http = &settings.http;
    let metrics = match (http.metrics, http.bind) {
        (Some(address), _) => Some(("http.metrics", address)),
        (None, Some(address)) => Some(("http.bind", address)),
        (None, None) => None,
    };
    let open = |address: SocketAddr| !address.ip().to_canonical().is_loopback();
    if let Some((key, address)) = metrics.filter(|(_, address)| open(*address) && http.metrics_token.is_none()) {
        let message = format!("{address} can be reached from the network, and /metrics wants a token there");
        complaints.warn(key, message, "give one by `waxseal user token`, or set `http.metrics_token`");
    }
    let mut bound: Vec<(String, SocketAddr)> = Vec::new();
    let listeners = settings.listeners.iter().enumerate();
    let all = listeners.map(|(at, listener)| (format!("listeners[{at}].bind"), listener.bind)).chain(
        [
            ("http.bind", http.bind),
            ("http.admin", http.admin),
            ("http.portal", http.portal),
            ("http.metrics", http.metrics),
        ]
        .into_iter()
        .filter_map(|(key, address)| Some((key.to_owned(), address?))),
    );
    for (key, address) in all {
        match bound.iter().find(|(_, taken)| *taken == address && address.port() != 0) {
            Some((other, _)) => complaints.fault(&key, format!("{other} has {address} already"), ""),
            None => bound.push((key, address)),
        }
    }
}
