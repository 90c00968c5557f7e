//! Settings that are well formed and do what nobody means: a door open to the world, a time of nothing.

use std::time::Duration;

use super::fault::Complaints;
use super::raw::{Floor, IpVersion, Settings, Source, SourceType};
use crate::mail::{Domain, DomainPattern};
use crate::policy::{self, Level};
use crate::telemetry;

/// What Exchange Online shows as its certificate, whichever of its customers sends.
const MICROSOFT: &str = "mail.protection.outlook.com";

pub fn check(settings: &Settings, policy: &policy::Config, complaints: &mut Complaints<'_>) {
    for (at, source) in settings.sources.iter().enumerate() {
        proofs(source, &format!("sources[{at}]"), complaints);
        secret_field(source, &format!("sources[{at}].header.name"), complaints);
    }
    way_out(settings, complaints);
    routes(settings, policy, complaints);
    nothing(settings, complaints);
    let tags = settings.policy.tags.iter().flatten().enumerate();
    for (at, _) in tags.filter(|(_, tag)| tag.trim().is_empty()) {
        complaints.fault(&format!("policy.tags[{at}]"), "an empty tag stands in every subject", "leave it out");
    }
    let level = &settings.telemetry.log_level;
    if !telemetry::is_level(level) {
        let message = format!("{level:?} is no level and no filter");
        complaints.fault(
            "telemetry.log_level",
            message,
            "error, warn, info or debug is wanted, or waxseal::smtp=debug",
        );
    }
}

/// A field that no message can have would let nobody in (RFC 5322 §2.2).
fn secret_field(source: &Source, key: &str, complaints: &mut Complaints<'_>) {
    let Some(header) = &source.header else { return };
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    if header.name.is_empty() || !header.name.bytes().all(fits) {
        let message = format!("{:?} is no name of a header field", header.name);
        complaints.fault(key, message, "letters, digits and hyphens are wanted, such as X-Relay-Key");
    }
}

/// An address of the one kind, where only the other is used.
fn way_out(settings: &Settings, complaints: &mut Complaints<'_>) {
    let delivery = &settings.delivery;
    let contradicts = match (delivery.ip, delivery.source_address) {
        (Some(IpVersion::V4), Some(address)) => address.is_ipv6(),
        (Some(IpVersion::V6), Some(address)) => address.is_ipv4(),
        _ => false,
    };
    if contradicts {
        let message = "no mail could go out: `delivery.ip` wants addresses of the other kind";
        complaints.fault("delivery.source_address", message, "change one of them");
    }
    if settings.hostname.as_str().parse::<std::net::Ipv4Addr>().is_ok() {
        let message = "this is an address, and receivers look up a name";
        complaints.warn("hostname", message, "name the host, such as gw.example.org");
    }
}

/// A proof that the whole world, or every customer of the same cloud, can bring is none.
fn proofs(source: &Source, key: &str, complaints: &mut Complaints<'_>) {
    let named = source.auth.is_some() || source.client_certificate.is_some();
    if let Some(at) = source.networks.iter().position(|network| network.ends_with("/0")).filter(|_| !named) {
        let mend = "name the networks of the systems that send, or ask for a log-in or certificate as well";
        complaints.refuse(&format!("{key}.networks[{at}]"), "everybody may relay: this is the whole internet", mend);
    }
    if source.kind == SourceType::Google && source.header.is_none() && !named {
        let message = "every other Google Workspace sends from the same addresses, so they prove nothing";
        complaints.refuse(key, message, "give it the `header` that only yours adds: see docs/google.md");
    }
    let cloud = matches!(source.kind, SourceType::Google | SourceType::M365);
    if let Some(at) = source.from_domains.iter().position(|domain| *domain == DomainPattern::Any).filter(|_| cloud) {
        let message = "mail of every domain would be taken for yours";
        complaints.refuse(&format!("{key}.from_domains[{at}]"), message, "name your own domains");
    }
    let Some(certificate) = &source.client_certificate else { return };
    let microsoft: Domain = MICROSOFT.parse().expect("a domain");
    let shared = certificate.names.iter().any(|name| name.matches(&microsoft));
    if shared && source.kind != SourceType::M365 {
        let message = "every customer of Microsoft 365 comes with this certificate";
        let mend = "use `type: m365`, which asks for your tenant as well";
        complaints.refuse(&format!("{key}.client_certificate.names"), message, mend);
    }
}

fn routes(settings: &Settings, policy: &policy::Config, complaints: &mut Complaints<'_>) {
    for (at, route) in settings.routes.iter().enumerate() {
        if route.next_hop.as_ref().is_some_and(|hops| hops.as_slice().is_empty()) {
            let mend = "name a host, or leave the key out: then mail goes to the MX of its domain";
            complaints.fault(&format!("routes[{at}].next_hop"), "the list is empty", mend);
        }
        if route.tls == Floor::None && route.provides.is_none() && policy.clean > Level::Opportunistic {
            let message =
                format!("clean mail asks for {}, and this route bans TLS: it waits, and is returned", policy.clean);
            complaints.warn(&format!("routes[{at}].tls"), message, "use `tls: opportunistic`");
        }
    }
}

/// Times and sizes that must be more than nothing.
fn nothing(settings: &Settings, complaints: &mut Complaints<'_>) {
    let retry = settings.delivery.retry.iter().enumerate();
    let retry = retry.map(|(at, pause)| (format!("delivery.retry[{at}]"), pause.0));
    let spans = [
        ("delivery.expire", settings.delivery.expire.0),
        ("limits.scan_timeout", settings.limits.scan_timeout.0),
        ("quarantine.expire", settings.quarantine.expire.0),
    ];
    let spans = spans.map(|(key, span)| (key.to_owned(), span));
    for (key, _) in retry.chain(spans).filter(|(_, span)| *span == Duration::ZERO) {
        complaints.fault(&key, "it is no time at all", "more than 0 is wanted");
    }
    for (key, size) in
        [("limits.message_size", settings.limits.message_size.0), ("limits.memory", settings.limits.memory.0)]
    {
        if size < 1024 {
            complaints.fault(key, "no mail is that small: at least 1KiB is wanted", "");
        }
    }
}
