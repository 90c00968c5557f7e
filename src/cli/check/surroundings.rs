//! What a gateway needs around it: its master key and store, and the DNS.

use std::time::Duration;

use futures_util::future::join_all;

use super::{Complaint, Severity, about};
use crate::config::Configuration;
use crate::deliver::{Host, Route};
use crate::directory::Place;
use crate::mail::{Domain, DomainPattern};
use crate::store::Embedded;
use crate::world::ocr::{Missing, Ocr};
use crate::world::{DnsResolver, ResolveError, Resolver};

/// How long the DNS is waited for, all questions together.
const PATIENCE: Duration = Duration::from_secs(5);

/// The master key opens the store, and the store is one that this program can open.
pub fn store(configuration: &Configuration, complaints: &mut Vec<Complaint>) {
    if let Err(error) = Embedded::look(&configuration.store) {
        let mend = "docs/install.md says how keys, credentials and the store belong together";
        complaints.push(about(Severity::Fault, &configuration.data_dir, format!("store: {error}"), Some(mend.into())));
    }
}

/// Without the program that reads them, or what confines it, pictures of text go unread.
pub fn pictures(configuration: &Configuration, complaints: &mut Vec<Complaint>) {
    if let Err(missing) = Ocr::find() {
        let message = format!("pictures of text are not read: {missing} (a page-sized one is gap `picture`)");
        let mend = match missing {
            Missing::Program | Missing::Languages => {
                "install tesseract-ocr, and tesseract-ocr-spa for Spanish, or leave it so"
            }
            Missing::Landlock => "run Linux 5.13 or later with `landlock` among its `lsm=`, or leave it so",
        };
        complaints.push(about(Severity::Warning, &configuration.file, message, Some(mend.into())));
    }
}

/// Whether the server with the staff answers as the gateway asks it. A gateway whose last answer is fresh
/// does without for a while, so it is a warning.
pub fn directory(configuration: &Configuration, complaints: &mut Vec<Complaint>) {
    let Some(Place::Server(server)) = configuration.directory.as_ref().map(|source| &source.place) else { return };
    // A secret that only the service can read is told of elsewhere.
    if configuration.unreadable.iter().any(|fault| fault.key.starts_with("directory.")) {
        return;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    if let Err(error) = runtime.block_on(server.ask()) {
        let message = format!("directory.ldap: {}: {error}", server.question.url);
        complaints.push(about(Severity::Warning, &configuration.file, message, Some(error.mend().to_owned())));
    }
}

/// Names that mail can't go out without. Where all mail stays on this machine, nothing is asked.
pub fn dns(configuration: &Configuration, complaints: &mut Vec<Complaint>) {
    let routes = &configuration.deliver.routes;
    let direct = !routes.iter().any(|route| is_for_all(route) && !route.next_hops.is_empty());
    let mut names: Vec<(&Domain, &str)> = routes
        .iter()
        .flat_map(|route| &route.next_hops)
        .filter_map(|hop| match &hop.host {
            Host::Name(name) => Some((name, "a next hop: mail for it waits")),
            Host::Address(_) => None,
        })
        .collect();
    if direct {
        names.push((&configuration.smtp.hostname, "our own name: receivers look up what greets them"));
    }
    names.sort_unstable();
    names.dedup();
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let answers = runtime.block_on(async {
        let resolver = DnsResolver::new(&configuration.dns);
        join_all(names.iter().map(|(name, _)| async { tokio::time::timeout(PATIENCE, resolver.addresses(name)).await }))
            .await
    });
    for ((name, why), answer) in names.into_iter().zip(answers) {
        let trouble = match answer {
            Ok(Ok(addresses)) if !addresses.is_empty() => continue,
            Ok(Ok(_) | Err(ResolveError::NoSuchDomain)) => "has no address in the DNS".to_owned(),
            Ok(Err(error)) => format!("can't be looked up: {error}"),
            Err(_) => format!("can't be looked up: no answer within {} s", PATIENCE.as_secs()),
        };
        let message = format!("{name} {trouble} ({why})");
        let mend = "mend the name or the DNS; `delivery.dns` names other servers";
        complaints.push(about(Severity::Warning, &configuration.file, message, Some(mend.into())));
    }
}

fn is_for_all(route: &Route) -> bool {
    route.levels.is_empty() && route.domains.contains(&DomainPattern::Any)
}
