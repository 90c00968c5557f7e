//! Reading a configuration: text → tree → settings → what each room is given.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;

use super::fault::{Complaints, Fault, Faults, Told, fault, sorted};
use super::files::Base;
use super::raw::{self, Settings};
use super::tree::{self, Node, Place, Value};
use super::units::SecretRef;
use super::{checks, doors, expand, known, levels, records, routes, schema, shape, text, traps};
use crate::mail::{Address, Domain, DomainPattern};
use crate::policy::Level;
use crate::world::DnsConfig;
use crate::{deliver, directory, edm, keys, policy, quarantine, queue, smtp, store, telemetry, web};

/// A checked configuration: what each room is given, and what is kept of it.
#[derive(Debug)]
pub struct Configuration {
    pub file: PathBuf,
    /// As written, with variables expanded and defaults filled in.
    pub settings: Settings,
    pub data_dir: PathBuf,
    pub rules: Vec<PathBuf>,
    pub users: PathBuf,
    /// Patient indexes in use.
    pub edm: Vec<edm::Wanted>,
    pub directory: Option<directory::Source>,
    /// Files and folders of blank forms.
    pub forms: Vec<PathBuf>,
    /// The organisation's own domains: their addresses are staff.
    pub own_domains: Vec<Domain>,
    pub smtp: smtp::Config,
    pub deliver: Arc<deliver::Config>,
    pub dns: DnsConfig,
    pub store: store::embedded::Config,
    pub policy: policy::Config,
    pub queue: queue::Config,
    pub quarantine: quarantine::Config,
    pub telemetry: telemetry::Config,
    pub web: web::Config,
    /// Secrets and certificates that can't be read: with any of them it can't be served.
    pub unreadable: Vec<Fault>,
    /// What `check` refuses although the gateway can run with it; the gateway writes each to the audit.
    pub refusals: Vec<Fault>,
    /// What an administrator should look at.
    pub warnings: Vec<Fault>,
    /// Those of them that ask for less than the defaults for PHI or gaps: the gateway writes each to the audit.
    pub weaknesses: Vec<Fault>,
    /// The whole of it as JSON without secrets, kept under [`Configuration::hash`] with every decision.
    pub redacted: String,
    /// Hex SHA-256 of `redacted`.
    pub hash: String,
}

/// What a configuration takes from around it.
pub struct Surroundings<'a> {
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    pub now: Timestamp,
}

/// Reads and checks the file. Everything wrong with it is told at once.
pub fn load(path: &Path, now: Timestamp) -> Result<Configuration, Faults> {
    load_to_look(path, now).and_then(servable)
}

/// The same for who serves nothing: secrets and certificates of the gateway may be out of its reach.
pub fn load_to_look(path: &Path, now: Timestamp) -> Result<Configuration, Faults> {
    look(path, now).map_err(|told| Faults(told.faults))
}

/// The same for `check`, which also tells what is only doubtful in a file that can't be used.
pub fn look(path: &Path, now: Timestamp) -> Result<Configuration, Box<Told>> {
    let variable = |name: &str| std::env::var(name).ok();
    match text::read(path) {
        Ok(text) => read_to_look(path, &text, &Surroundings { variable: &variable, now }),
        Err(text::Unreadable { line, column, message, mend }) => {
            let place = Place { line: line as u64, column: column as u64 };
            Err(vec![fault(path, place, "", message, mend)].into())
        }
    }
}

/// [`load`] for text that is already in memory; relative paths count from the folder of `path`.
pub fn read(path: &Path, text: &str, around: &Surroundings<'_>) -> Result<Configuration, Faults> {
    read_to_look(path, text, around).map_err(|told| Faults(told.faults)).and_then(servable)
}

/// Where a gateway keeps what it keeps, also by a file that it could not be started with: whoever must look after one
/// that runs needs no more of it.
pub fn data_dir(path: &Path) -> Option<PathBuf> {
    let mut tree = tree::read(&text::read(path).ok()?).ok()?;
    let faults = expand::expand(&mut tree, &|name| std::env::var(name).ok(), path);
    let written = match tree.at("data_dir").map(|node| &node.value) {
        Some(Value::Text(written)) => written.clone(),
        Some(_) => return None,
        None => raw::data_dir(),
    };
    let base = Base { folder: path.parent().unwrap_or(Path::new("")).to_owned(), credentials: None };
    faults.iter().all(|fault| fault.key != "data_dir").then(|| base.path(&written))
}

fn servable(configuration: Configuration) -> Result<Configuration, Faults> {
    if configuration.unreadable.is_empty() { Ok(configuration) } else { Err(Faults(configuration.unreadable)) }
}

fn read_to_look(path: &Path, text: &str, around: &Surroundings<'_>) -> Result<Configuration, Box<Told>> {
    let mut tree = tree::read(text).map_err(|error| vec![fault(path, error.place, "", error.message, None)])?;
    let mut faults = expand::expand(&mut tree, around.variable, path);
    faults.extend(shape::check(&schema(), &mut tree, path));
    let settings = match serde_json::from_value::<Settings>(tree.to_json()) {
        Ok(settings) => settings,
        // What is told about it is enough.
        Err(_) if !faults.is_empty() => return Err(faults.into()),
        Err(error) => return Err(vec![fault(path, Place::default(), "", error.to_string(), None)].into()),
    };
    let mut told = match build(path, settings, &tree, around) {
        Ok(configuration) if faults.is_empty() => return Ok(configuration),
        Ok(Configuration { unreadable, refusals, warnings, rules, settings, .. }) => {
            Box::new(Told { unreadable, refusals, warnings, rules, packs: settings.packs, ..Told::default() })
        }
        Err(mut more) => {
            // A section that lost a value to one fault would only be blamed again for lacking it.
            let sections = faults.iter().map(|fault| section(&fault.key).to_owned());
            let damaged: Vec<String> = sections.filter(|section| !section.is_empty()).collect();
            let blamed = |fault: &Fault| damaged.iter().any(|section| fault.key.starts_with(section.as_str()));
            faults.extend(std::mem::take(&mut more.faults).into_iter().filter(|fault| !blamed(fault)));
            more
        }
    };
    // What stands in for a value at fault is nobody's: nothing more is said of it.
    let stands_in = |doubt: &Fault| faults.iter().any(|fault| fault.key == doubt.key);
    let Told { unreadable, refusals, warnings, .. } = &mut *told;
    for doubts in [&mut *unreadable, refusals, warnings] {
        doubts.retain(|doubt| !stands_in(doubt));
    }
    faults.append(unreadable);
    told.faults = sorted(faults);
    Err(told)
}

/// The outermost list item or section that a key lies in: `sources[0]` of `sources[0].header.name`.
fn section(key: &str) -> &str {
    key.split('.').next().unwrap_or_default()
}

fn build(path: &Path, settings: Settings, tree: &Node, around: &Surroundings<'_>) -> Result<Configuration, Box<Told>> {
    let base = Base {
        folder: path.parent().unwrap_or(Path::new("")).to_owned(),
        credentials: (around.variable)("CREDENTIALS_DIRECTORY").map(PathBuf::from),
    };
    let mut complaints = Complaints::new(path, tree);
    known::check(&settings, &base, &mut complaints);
    let directory = known::directory(&settings, &base, &mut complaints);
    let rules: Vec<PathBuf> = settings.rules.iter().map(|written| base.path(written)).collect();
    for (at, path) in rules.iter().enumerate().filter(|(_, path)| !path.exists()) {
        complaints.fault(&format!("rules[{at}]"), format!("there is no {}", path.display()), "");
    }
    let smtp = doors::smtp(&settings, &base, &mut complaints);
    let deliver = routes::deliver(&settings, &base, &mut complaints);
    let mut policy = levels::policy(&settings, around.now, &mut complaints);
    let (exceptions, record_faults, record_warnings) = records::load(&rules, around.now);
    let web = web(&settings, &base, &mut complaints);
    policy.provides = routes::provisions(&deliver.routes);
    policy.hostname = Some(settings.hostname.clone());
    policy.exceptions = exceptions;
    let keyed = signed_domains(&base.path(&settings.data_dir));
    policy.signs = if settings.dkim.sign { keyed.clone() } else { Vec::new() };
    policy.private_fields = smtp.sources.iter().map(|source| private_fields(source)).collect();
    checks::check(&settings, &deliver, &policy, &base, &mut complaints);
    traps::check(&settings, &policy, &mut complaints);
    let mut told = complaints.into_parts();
    told.faults.extend(record_faults);
    told.warnings.extend(record_warnings);
    if !told.faults.is_empty() {
        told.faults.append(&mut told.unreadable);
        return Err(Box::new(Told { rules, packs: settings.packs, ..told }));
    }
    let redacted = redacted(&settings, &policy.exceptions);
    let hash = hex_sha256(&redacted);
    everywhere(&mut policy, &hash);
    for (profile, raw) in policy.profiles.iter_mut().zip(&settings.profiles) {
        profile.config.signs = if raw.signs(&settings.dkim) { keyed.clone() } else { Vec::new() };
    }
    let data_dir = base.path(&settings.data_dir);
    let queue = routes::queue(&settings, policy.clean);
    let users = settings.users.as_ref().map_or_else(|| data_dir.join("users.jsonl"), |path| base.path(path));
    Ok(Configuration {
        file: path.to_owned(),
        web: web::Config { users: Some(users.clone()), ..web },
        users,
        edm: known::indexes(&settings),
        directory,
        forms: settings.forms.iter().map(|written| base.path(written)).collect(),
        own_domains: own_domains(&settings),
        dns: routes::dns(&settings),
        store: embedded_store(&settings, &data_dir, &base, queue.schedule.longest_pause()),
        quarantine: quarantine(&settings, policy.phi, &queue.own),
        queue,
        telemetry: telemetry(&settings.telemetry),
        data_dir,
        rules,
        smtp,
        deliver: Arc::new(deliver),
        policy,
        unreadable: told.unreadable,
        refusals: told.refusals,
        warnings: told.warnings,
        weaknesses: told.weaknesses,
        redacted,
        hash,
        settings,
    })
}

/// What decisions need to know of the whole house, in every profile too.
fn everywhere(policy: &mut policy::Config, hash: &str) {
    policy.hash = hash.to_owned();
    let of_all = policy.clone();
    for profile in &mut policy.profiles {
        profile.config.hash.clone_from(&of_all.hash);
        profile.config.hostname.clone_from(&of_all.hostname);
        profile.config.provides.clone_from(&of_all.provides);
        profile.config.exceptions.clone_from(&of_all.exceptions);
        profile.config.private_fields.clone_from(&of_all.private_fields);
    }
}

/// Domains that have a key where `waxseal dkim` keeps them.
fn signed_domains(data_dir: &Path) -> Vec<Domain> {
    let entries = std::fs::read_dir(data_dir.join("dkim")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn private_fields(source: &smtp::Source) -> (String, Vec<String>) {
    (source.name.clone(), source.private_fields().into_iter().map(str::to_owned).collect())
}

fn own_domains(settings: &Settings) -> Vec<Domain> {
    let exact = |pattern: &DomainPattern| match pattern {
        DomainPattern::Exactly(domain) => Some(domain.clone()),
        DomainPattern::Below(_) | DomainPattern::Any => None,
    };
    let of_sources = settings.sources.iter().flat_map(|source| source.from_domains.iter().filter_map(exact));
    let tenants = settings.sources.iter().filter_map(|source| source.microsoft365.as_ref());
    let of_tenants = tenants.flat_map(|wanted| wanted.tenants.iter().flat_map(|tenant| tenant.domains.clone()));
    let mut domains: Vec<Domain> = settings.domains.iter().cloned().chain(of_sources).chain(of_tenants).collect();
    domains.sort();
    domains.dedup();
    domains
}

fn web(settings: &Settings, base: &Base, complaints: &mut Complaints<'_>) -> web::Config {
    let raw = &settings.http;
    let metrics_token = raw.metrics_token.as_ref().and_then(|secret| {
        if let Some(words) = base.exposed(secret) {
            complaints.warn("http.metrics_token", words, "chmod 600");
        }
        base.secret(secret).map_err(|message| complaints.unreadable("http.metrics_token", message)).ok()
    });
    for (key, given) in [("http.admin", raw.admin), ("http.portal", raw.portal)] {
        if given.is_some() {
            complaints.warn(key, "these pages are not built yet: nothing listens there", "leave it out until they are");
        }
    }
    web::Config { bind: raw.bind, metrics: raw.metrics, metrics_token, users: None }
}

/// The embedded store, which is the only one that is built.
fn embedded_store(
    settings: &Settings,
    data_dir: &Path,
    base: &Base,
    longest_pause: Duration,
) -> store::embedded::Config {
    let mut config = store::embedded::Config::new(data_dir);
    config.min_free = settings.limits.min_free.0;
    config.reserve = config.min_free.clamp(8 << 20, 32 << 20);
    config.records = settings.retention.messages.0;
    config.horizon = longest_pause;
    if let Some(master) = &settings.keys.master {
        config.master = match (master, base.secret_path(master)) {
            (SecretRef::File(_), Ok(path)) => keys::Source::File(path),
            (SecretRef::Command(command), _) => keys::Source::Command(command.clone()),
            (SecretRef::Credential(name), path) => keys::Source::Credential(path.unwrap_or_else(|_| name.into())),
            (SecretRef::File(path), Err(_)) => keys::Source::File(path.into()),
        };
    }
    config
}

fn quarantine(settings: &Settings, protect: Level, own: &queue::OwnMail) -> quarantine::Config {
    let voice = |notify: &raw::Notify, branding: &raw::Branding| quarantine::Voice {
        tell_sender: notify.sender,
        name: branding.name.clone().unwrap_or_else(|| settings.hostname.to_string()),
    };
    let of_profile = |profile: &raw::Profile| {
        let notify = profile.notify.as_ref().unwrap_or(&settings.notify);
        let branding = profile.branding.as_ref().unwrap_or(&settings.branding);
        (profile.name.clone(), voice(notify, branding))
    };
    quarantine::Config {
        expire: settings.quarantine.expire.0,
        protect,
        own: own.clone(),
        reviewers: settings.quarantine.notify.clone(),
        voice: voice(&settings.notify, &settings.branding),
        voices: settings.profiles.iter().map(of_profile).collect(),
    }
}

fn telemetry(raw: &raw::Telemetry) -> telemetry::Config {
    telemetry::Config {
        log_level: raw.log_level.clone(),
        log_format: match raw.log_format {
            raw::LogFormat::Auto => telemetry::LogFormat::Auto,
            raw::LogFormat::Json => telemetry::LogFormat::Json,
            raw::LogFormat::Text => telemetry::LogFormat::Text,
        },
        log_addresses: raw.log_addresses,
    }
}

/// Settings and exceptions as JSON, with a secret that was written out taken away. References to
/// secrets stay: they say where, not what.
fn redacted(settings: &Settings, exceptions: &[policy::Exception]) -> String {
    let mut settings = settings.clone();
    for header in settings.sources.iter_mut().filter_map(|source| source.header.as_mut()) {
        if !header.value.starts_with("file:") && !header.value.starts_with("credential:") {
            header.value = "[redacted]".to_owned();
        }
    }
    let whole = serde_json::json!({ "settings": settings, "exceptions": exceptions });
    serde_json::to_string_pretty(&whole).expect("plain values can be written")
}

fn hex_sha256(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Settings {
    /// Who stands behind our notices, and reads mail to `postmaster`.
    pub fn postmaster(&self) -> Address {
        let usual = || Address::new("postmaster", self.hostname.clone()).expect("a local part that fits");
        self.postmaster.clone().unwrap_or_else(usual)
    }
}
