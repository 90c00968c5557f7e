//! `edm:` and `directory:`: what the site knows of its people, opened and read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use super::Configuration;
use super::fault::{Complaints, Fault, fault};
use super::files::{self, Base};
use super::raw::{AgedDirectory, DirectorySetting, IndexSetting, LdapAttributes, LdapSetting, Settings};
use super::tree::Place;
use crate::detect::known::{Field, Known};
use crate::directory;
use crate::edm::{Folder, Live, Wanted};
use crate::message::{Budget, Document, Documents, InProcess};
use crate::world::ldap::{self, Question};

/// Octets of text that a form may have.
const MOST_FORM: u64 = 64 << 20;
const INDEX_AGE: Duration = Duration::from_secs(7 * 86_400);
const FILE_AGE: Duration = Duration::from_secs(30 * 86_400);
const ANSWER_AGE: Duration = Duration::from_secs(3 * 86_400);

/// Everybody who is known.
pub struct Acquaintance {
    pub known: Known,
    /// The indexes in it, to be looked after while the gateway runs.
    pub tables: Vec<Arc<Live>>,
    /// The directory in it, likewise.
    pub staff: Option<Arc<directory::Live>>,
    /// What is out of date.
    pub warnings: Vec<Fault>,
}

pub(super) fn indexes(settings: &Settings) -> Vec<Wanted> {
    let wanted = |setting: &IndexSetting| match setting {
        IndexSetting::Name(name) => Wanted { name: name.clone(), max_age: INDEX_AGE },
        IndexSetting::Aged(index) => {
            Wanted { name: index.name.clone(), max_age: index.max_age.map_or(INDEX_AGE, |span| span.0) }
        }
    };
    settings.edm.iter().map(wanted).collect()
}

/// Where the directory is, with everything that is wrong about it.
pub(super) fn directory(
    settings: &Settings,
    base: &Base,
    complaints: &mut Complaints<'_>,
) -> Option<directory::Source> {
    let aged = match settings.directory.as_ref()? {
        DirectorySetting::File(file) => &AgedDirectory { file: Some(file.clone()), ldap: None, max_age: None },
        DirectorySetting::Aged(aged) => aged,
    };
    let (place, usual_age) = match (&aged.file, &aged.ldap) {
        (Some(file), None) => {
            let path = base.path(file);
            if !path.exists() {
                complaints.fault("directory", format!("there is no {}", path.display()), "");
            }
            (directory::Place::File(path), FILE_AGE)
        }
        (None, Some(ldap)) => (directory::Place::Server(Box::new(server(ldap, base, complaints))), ANSWER_AGE),
        _ => {
            complaints.fault("directory", "it is either a `file` or asked by `ldap`", "give one of the two");
            return None;
        }
    };
    Some(directory::Source { place, max_age: aged.max_age.map_or(usual_age, |span| span.0) })
}

fn server(raw: &LdapSetting, base: &Base, complaints: &mut Complaints<'_>) -> directory::Server {
    let key = |name: &str| format!("directory.ldap.{name}");
    match (host_of(&raw.url), raw.url.starts_with("ldaps:")) {
        (None, _) => complaints.fault(
            &key("url"),
            "this is no LDAP URL",
            "write ldaps://HOST or ldap://HOST, with :PORT at most",
        ),
        (Some(host), false) if !raw.starttls && !is_loopback(host) => {
            complaints.fault(
                &key("starttls"),
                "names and the password would cross the network in clear",
                "leave it out, or write ldaps://",
            );
        }
        _ => {}
    }
    if !ldap::is_filter(&raw.filter) {
        complaints.fault(
            &key("filter"),
            "this is no LDAP filter (RFC 4515)",
            "for instance (&(objectClass=person)(mail=*))",
        );
    }
    let bind = match (&raw.bind, &raw.password) {
        (Some(name), Some(password)) => {
            if let Some(words) = base.exposed(password) {
                complaints.warn(&key("password"), words, "chmod 600");
            }
            let password = base.secret(password).unwrap_or_else(|message| {
                complaints.unreadable(&key("password"), message);
                SecretString::default()
            });
            Some((name.clone(), password))
        }
        (None, None) => None,
        // A bind without a password is anonymous to most servers (RFC 4513 §5.1.2), and nobody means that.
        (Some(_), None) => {
            complaints.fault(&key("bind"), "it needs a `password`", "password: file:PATH or credential:NAME");
            None
        }
        (None, Some(_)) => {
            complaints.fault(&key("password"), "it belongs to no `bind`", "bind: a DN or user@domain");
            None
        }
    };
    let mut roots = Vec::new();
    for (at, path) in raw.tls_roots.iter().enumerate() {
        match files::certificates(&base.path(path)) {
            Ok(found) => roots.extend(found),
            Err(message) => complaints.unreadable(&format!("{}[{at}]", key("tls_roots")), message),
        }
    }
    let attributes = attributes(&raw.attributes);
    let question = Question {
        url: raw.url.clone(),
        starttls: raw.starttls,
        bind,
        base: raw.base.clone(),
        filter: raw.filter.clone(),
        attributes: attributes.iter().map(|(_, name)| name.clone()).collect(),
        roots,
        timeout: raw.timeout.0,
    };
    directory::Server { question, attributes, refresh: raw.refresh.0 }
}

fn attributes(raw: &LdapAttributes) -> directory::Attributes {
    let LdapAttributes { given, family, name, email, phone, npi } = raw;
    let kinds = [
        (Field::Given, given),
        (Field::Family, family),
        (Field::Name, name),
        (Field::Email, email),
        (Field::Phone, phone),
        (Field::Npi, npi),
    ];
    let named = kinds.into_iter().flat_map(|(field, names)| -> Vec<(Field, String)> {
        match names {
            Some(names) => names.iter().map(|name| (field, name.clone())).collect(),
            None => directory::usual(field).map(|name| (field, name.to_owned())).collect(),
        }
    });
    named.collect()
}

/// The host of `ldap://HOST[:PORT][/]`.
fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("ldaps://").or(url.strip_prefix("ldap://"))?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let host = match rest.strip_prefix('[') {
        Some(literal) => literal.split_once(']')?.0,
        None => match rest.split_once(':') {
            Some((host, port)) => port.parse::<u16>().ok().map(|_| host)?,
            None => rest,
        },
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-:_".contains(c);
    (!host.is_empty() && host.chars().all(fits)).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What can be told without opening anything. Whether an index is there is asked when mail is judged:
/// `waxseal edm build`, which makes it, reads the same configuration.
pub(super) fn check(settings: &Settings, base: &Base, complaints: &mut Complaints<'_>) {
    for (at, path) in settings.forms.iter().map(|written| base.path(written)).enumerate() {
        if !path.exists() {
            complaints.fault(&format!("forms[{at}]"), format!("there is no {}", path.display()), "");
        }
    }
}

/// Opens the indexes and reads the directory.
pub fn acquaintance(configuration: &Configuration, now: Timestamp) -> Result<Acquaintance, Fault> {
    let told = |key: &str, message: String, mend: Option<String>| {
        fault(&configuration.file, Place::default(), key, message, mend)
    };
    let mut known = Known::default();
    let (mut tables, mut warnings) = (Vec::new(), Vec::new());
    if !configuration.edm.is_empty() {
        let folder = Folder::open(&configuration.data_dir, &configuration.store.master)
            .map_err(|error| told("edm", error.to_string(), None))?;
        for wanted in &configuration.edm {
            let live =
                Live::open(&folder, wanted.clone(), now).map_err(|error| told("edm", error.to_string(), None))?;
            let mend = || Some("build it again: `waxseal edm build`".to_owned());
            warnings.extend(live.trouble(now).map(|trouble| told("edm", trouble, mend())));
            let live = Arc::new(live);
            known = known.with(live.clone());
            tables.push(live);
        }
    }
    let mut staff = None;
    if let Some(source) = &configuration.directory {
        let path = match &source.place {
            directory::Place::File(path) => path,
            directory::Place::Server(_) => &configuration.file,
        };
        let failed = |message: String| fault(path, Place::default(), "", message, None);
        let live = directory::Live::open(source.clone(), &configuration.data_dir).map_err(failed)?;
        known.directory = live.people();
        // One that was never asked for says nothing yet: `check` asks its server itself.
        let old = live.trouble(now).filter(|_| live.as_of().is_some());
        warnings.extend(old.map(|(trouble, mend)| told("directory", trouble, Some(mend))));
        staff = Some(Arc::new(live));
    }
    for path in configuration.forms.iter().flat_map(|path| files_of(path)) {
        let read = form(&path).map_err(|message| fault(&path, Place::default(), "", message, None))?;
        if !known.forms.add(&read) {
            let message = "this form has too little text to be told from other texts, and is left out";
            warnings.push(fault(&path, Place::default(), "", message, None));
        }
    }
    Ok(Acquaintance { known, tables, staff, warnings })
}

/// The file itself, or every file at or below a folder, in order of name.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")));
    paths.sort();
    paths.iter().flat_map(|path| files_of(path)).collect()
}

/// A form's text. It is the site's own file, so it is opened in this process.
fn form(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let document = Document { name: name.as_deref(), declared: "", bytes: &bytes, depth: 0 };
    let extract = InProcess.open(&document, &Budget::new(MOST_FORM, 1_000));
    match extract.gaps.first() {
        Some(gap) => Err(format!("the form can't be read: {}", gap.reason)),
        None => {
            let texts = extract.segments.iter().map(|segment| segment.text.as_str());
            Ok(texts.collect::<Vec<_>>().join("\n"))
        }
    }
}
