//! `listeners:`, `sources:`, `limits:` → the settings of `smtp`.

use std::sync::Arc;

use secrecy::SecretString;

use super::fault::Complaints;
use super::files::{self, Base};
use super::raw::{self, Settings};
use super::units::SecretRef;
use crate::smtp;

pub fn smtp(settings: &Settings, base: &Base, complaints: &mut Complaints<'_>) -> smtp::Config {
    unique(complaints, "listeners", settings.listeners.iter().map(|listener| listener.name.as_str()));
    unique(complaints, "sources", settings.sources.iter().map(|source| source.name.as_str()));
    let with_place = |kind: &'static str| move |at: usize| format!("{kind}[{at}]");
    let listeners = settings.listeners.iter().enumerate();
    let listeners = listeners.map(|(at, raw)| listener(raw, &with_place("listeners")(at), base, complaints)).collect();
    let sources = settings.sources.iter().enumerate();
    let sources =
        sources.map(|(at, raw)| Arc::new(source(raw, &with_place("sources")(at), base, complaints))).collect();
    if settings.listeners.is_empty() {
        complaints.warn("listeners", "there is no listener: no mail can come in", "");
    }
    if settings.sources.is_empty() {
        complaints.warn("sources", "there is no source: nobody may relay", "");
    }
    smtp::Config {
        hostname: settings.hostname.clone(),
        postmaster: settings.postmaster.clone(),
        listeners,
        sources,
        limits: limits(&settings.limits),
    }
}

fn limits(raw: &raw::Limits) -> smtp::Limits {
    let defaults = smtp::Limits::default();
    let memory = usize::try_from(raw.memory()).unwrap_or(usize::MAX);
    smtp::Limits {
        message_size: raw.message_size.0,
        recipients: raw.recipients as usize,
        connections: raw.connections as usize,
        connections_per_client: raw.connections_per_client as usize,
        errors: raw.errors as usize,
        user_messages: raw.user_messages,
        drain: raw.drain.0,
        content_memory_total: defaults.content_memory_total.min(memory / 4),
        // Each holds its pieces, plain and sealed, and what the client sent meanwhile.
        content_spools: (memory >> 20).max(1),
        ..defaults
    }
}

fn listener(raw: &raw::Listener, key: &str, base: &Base, complaints: &mut Complaints<'_>) -> smtp::Listener {
    let certificate = match (&raw.certificate, &raw.private_key) {
        (Some(certificate), Some(private_key)) => {
            let files =
                smtp::CertificateFiles { certificate: base.path(certificate), private_key: base.path(private_key) };
            check_pair(&files, &format!("{key}.certificate"), &format!("{key}.private_key"), complaints);
            Some(files)
        }
        (Some(_), None) => {
            complaints.fault(&format!("{key}.certificate"), "the certificate has no private_key", "add `private_key:`");
            None
        }
        (None, Some(_)) => {
            complaints.fault(&format!("{key}.private_key"), "the key has no certificate", "add `certificate:`");
            None
        }
        (None, None) => None,
    };
    if raw.tls == raw::ListenerTls::None {
        if !raw.auth.is_empty() {
            let mend = "give the listener `tls: starttls`, or leave `auth` out";
            complaints.fault(&format!("{key}.auth"), "passwords go only inside TLS, and this listener has none", mend);
        }
        if !raw.bind.ip().is_loopback() {
            complaints.warn(&format!("{key}.tls"), "mail comes in unencrypted over the network", "use `tls: starttls`");
        }
    }
    smtp::Listener {
        name: raw.name.clone(),
        bind: raw.bind,
        tls: match raw.tls {
            raw::ListenerTls::None => smtp::TlsMode::Off,
            raw::ListenerTls::Starttls => smtp::TlsMode::Offered,
            raw::ListenerTls::Required => smtp::TlsMode::Required,
            raw::ListenerTls::Implicit => smtp::TlsMode::Implicit,
        },
        certificate,
        auth: raw
            .auth
            .iter()
            .map(|mechanism| match mechanism {
                raw::Mechanism::Plain => smtp::Mechanism::Plain,
                raw::Mechanism::Login => smtp::Mechanism::Login,
            })
            .collect(),
        proxy_from: networks(&raw.proxy_from),
    }
}

fn source(raw: &raw::Source, key: &str, base: &Base, complaints: &mut Complaints<'_>) -> smtp::Source {
    let header = raw.header.as_ref().map(|header| smtp::SecretHeader {
        name: header.name.clone(),
        value: header_value(&header.value, &format!("{key}.header.value"), base, complaints),
    });
    let client_certificate = raw.client_certificate.as_ref().map(|wanted| smtp::ClientCertificate {
        names: wanted.names.clone(),
        roots: roots(&wanted.roots, &format!("{key}.client_certificate.roots"), base, complaints),
    });
    let tenants = raw.microsoft365.iter().flat_map(|wanted| &wanted.tenants);
    let source = smtp::Source {
        name: raw.name.clone(),
        kind: match raw.kind {
            raw::SourceType::Mta => smtp::SourceKind::Mta,
            raw::SourceType::M365 => smtp::SourceKind::M365,
            raw::SourceType::Google => smtp::SourceKind::Google,
            raw::SourceType::App => smtp::SourceKind::App,
            raw::SourceType::Device => smtp::SourceKind::Device,
        },
        networks: networks(&raw.networks),
        auth_required: raw.auth.is_some(),
        client_certificate,
        from_domains: raw.from_domains.clone(),
        tenants: tenants.map(|raw| smtp::Tenant { id: raw.id.clone(), domains: raw.domains.clone() }).collect(),
        header,
        line_endings: raw.line_endings.map(|endings| match endings {
            raw::LineEndings::Refuse => smtp::LineEndings::Refuse,
            raw::LineEndings::Repair => smtp::LineEndings::Repair,
        }),
    };
    for fault in source.faults() {
        complaints.fault(key, fault, "");
    }
    let narrow = format!("{key}.from_domains");
    if complaints.is_empty_list(&narrow) {
        let mend = "name the domains of its authors, or leave it out, and any author may send";
        complaints.fault(&narrow, "the list is empty: no author would be let in", mend);
    }
    source
}

/// The secret value of a header field: a reference, or (allowed, but told) the value itself.
fn header_value(raw: &str, key: &str, base: &Base, complaints: &mut Complaints<'_>) -> SecretString {
    if !raw.starts_with("file:") && !raw.starts_with("credential:") {
        complaints.warn(key, "a secret stands in the configuration", "use file:PATH or credential:NAME");
        return raw.into();
    }
    let read = SecretRef::parse(raw).map_err(|wrong| wrong.to_string()).and_then(|secret| {
        if let Some(words) = base.exposed(&secret) {
            complaints.warn(key, words, "chmod 600");
        }
        base.secret(&secret)
    });
    read.unwrap_or_else(|message| {
        complaints.unreadable(key, message);
        SecretString::default()
    })
}

/// PEM files with roots; each must be there and whole.
pub fn roots(raw: &[String], key: &str, base: &Base, complaints: &mut Complaints<'_>) -> Vec<std::path::PathBuf> {
    let paths: Vec<_> = raw.iter().map(|path| base.path(path)).collect();
    for (at, path) in paths.iter().enumerate() {
        if let Err(message) = files::certificates(path) {
            complaints.unreadable(&format!("{key}[{at}]"), message);
        }
    }
    paths
}

fn check_pair(files: &smtp::CertificateFiles, certificate: &str, key: &str, complaints: &mut Complaints<'_>) {
    if let Err(messages) = files::pair(&files.certificate, &files.private_key) {
        for message in messages {
            let about_key = message.contains(&*files.private_key.to_string_lossy());
            complaints.unreadable(if about_key { key } else { certificate }, message);
        }
    }
    if let Some(words) = files::exposed(&files.private_key) {
        complaints.warn(key, words, "chmod 600");
    }
}

fn networks(raw: &[String]) -> Vec<smtp::Network> {
    raw.iter().map(|text| text.parse().expect("its format was checked")).collect()
}

/// Names stand for one thing each.
pub fn unique<'a>(complaints: &mut Complaints<'_>, list: &str, names: impl Iterator<Item = &'a str>) {
    let mut seen: Vec<&str> = Vec::new();
    for (at, name) in names.enumerate() {
        if seen.contains(&name) {
            complaints.fault(
                &format!("{list}[{at}].name"),
                format!("{name:?} is taken already"),
                "give it another name",
            );
        }
        seen.push(name);
    }
}
