//! From a configuration to what judges, keeps and signs mail.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use jiff::Timestamp;
use tracing::warn;

use crate::config::raw::Backend;
use crate::config::{self, Configuration};
use crate::directory;
use crate::edm::Live;
use crate::intake::Law;
use crate::protect::dkim::Signer;
use crate::smtp::SourceKind;
use crate::store::{self, Embedded, SourceKind as Kept, Store, StoreError};
use crate::telemetry::Telemetry;
use crate::web;
use crate::world::Clock;

/// What the law asks while it judges, and what must be looked after.
pub struct Advisers {
    pub tables: Vec<Arc<Live>>,
    pub staff: Option<Arc<directory::Live>>,
}

/// Compiles the rules and runs their own tests: a ruleset that fails them never judges mail. With it
/// whom it asks.
pub fn make(configuration: &Configuration, now: Timestamp) -> Result<(Law, Advisers)> {
    let ruleset = config::ruleset(configuration)
        .map_err(|faults| anyhow!(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
    let failed: Vec<String> = ruleset
        .run_tests()
        .into_iter()
        .filter(|test| !test.passed)
        .map(|test| format!("{}:{}: {}: {}", test.file, test.line, test.id, test.message))
        .collect();
    if !failed.is_empty() {
        bail!("the rules fail their own tests:\n{}", failed.join("\n"));
    }
    for idle in config::idle_exceptions(configuration, &ruleset) {
        warn!(fault = %idle, "configuration");
    }
    for idle in config::idle_rules(configuration, &ruleset) {
        warn!(fault = %idle, "configuration");
    }
    let config::Acquaintance { known, tables, staff, .. } =
        config::acquaintance(configuration, now).map_err(|fault| anyhow!("{fault}"))?;
    let law = Law {
        ruleset: ruleset.knowing(known),
        policy: configuration.policy.clone(),
        own_domains: configuration.own_domains.clone(),
    };
    Ok((law, Advisers { tables, staff }))
}

/// The choice of backing.
pub fn open_store(
    configuration: &Configuration,
    clock: &Arc<dyn Clock>,
    telemetry: &Telemetry,
) -> Result<Arc<dyn Store>, StoreError> {
    let metrics = store::Metrics::new(&telemetry.registry).expect("the store's metrics are registered once");
    match configuration.settings.store.backend {
        Backend::Embedded => Ok(Embedded::open(configuration.store.clone(), clock.clone(), metrics)?),
        Backend::Cluster => unreachable!("the configuration names only backings that are built"),
    }
}

/// Keeps what will decide, so that each decision can be explained later by its hashes.
pub async fn keep_sources(store: &dyn Store, configuration: &Configuration, law: &Law) -> Result<(), StoreError> {
    store.keep_source(Kept::Ruleset, law.ruleset.hash(), law.ruleset.source()).await?;
    store.keep_source(Kept::Configuration, &configuration.hash, &configuration.redacted).await
}

/// Profiles whose mail is not signed; `None` for mail of no profile.
pub fn unsigned(configuration: &Configuration) -> HashSet<Option<String>> {
    let settings = &configuration.settings;
    let unsigned = settings.profiles.iter().filter(|profile| !profile.signs(&settings.dkim));
    let of_none = (!settings.dkim.sign).then_some(None);
    unsigned.map(|profile| Some(profile.name.clone())).chain(of_none).collect()
}

/// Writes into the account what commands changed while no gateway ran.
pub async fn take_up(store: &dyn Store, data_dir: &Path) {
    let events = web::told::take(data_dir).unwrap_or_else(|error| {
        warn!(%error, "what commands changed while no gateway ran can't be read; it waits for the next start");
        Vec::new()
    });
    if events.is_empty() {
        return;
    }
    match store.append(events).await {
        Ok(()) => {
            if let Err(error) = web::told::taken(data_dir) {
                warn!(%error, "what commands changed while no gateway ran is recorded, and will be once more");
            }
        }
        Err(error) => warn!(%error, "what commands changed while no gateway ran could not be recorded yet"),
    }
}

/// The signing keys that lie in `data_dir/dkim/DOMAIN/SELECTOR.pem`.
pub fn signers(configuration: &Configuration) -> Result<Vec<Signer>> {
    let mut signers = Vec::new();
    for domain in names_in(&configuration.data_dir.join("dkim"))? {
        let folder = configuration.data_dir.join("dkim").join(&domain);
        for file in names_in(&folder)? {
            let Some(selector) = file.strip_suffix(".pem") else { continue };
            let path = folder.join(&file);
            let pem = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let domain = domain.parse().with_context(|| format!("{}: not a domain", folder.display()))?;
            let signer = Signer::from_pem(domain, selector, &pem).with_context(|| path.display().to_string())?;
            signers.push(signer);
        }
    }
    Ok(signers)
}

/// What lies in a folder, by name; nothing if there is no such folder.
fn names_in(folder: &Path) -> Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| folder.display().to_string()),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Copiers and scanners leave out what RFC 5322 §3.6 asks for.
pub fn mended_sources(configuration: &Configuration) -> HashSet<String> {
    let sources = configuration.smtp.sources.iter();
    sources.filter(|source| source.kind == SourceKind::Device).map(|source| source.name.clone()).collect()
}
