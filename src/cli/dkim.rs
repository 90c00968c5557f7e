//! `dkim`: the keys that sign what leaves, one or more a domain, in `data_dir/dkim`.
//!
//! A key signs as soon as the gateway is reloaded, so its record should stand in the DNS before.
//! `rotate` therefore works in two steps: it makes the next key, and with `--activate` puts it in
//! the place of the one in use, whose record stays valid for mail that is still under way.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use super::Common;
use super::control::Control;
use super::exit::{Error, Exit, Result};
use super::output::Table;
use super::settings;
use crate::mail::Domain;
use crate::protect::dkim::{Algorithm, Signer, generate};
use crate::web::Change;
use crate::world::{Clock, SystemClock};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Make a domain's first keys (RSA 2048 and Ed25519) and print their DNS records
    New {
        /// The domain after the @ of the authors
        domain: Domain,
        /// Only this one
        #[arg(long, value_enum)]
        algorithm: Option<Kind>,
        /// The selector, instead of one made of this month
        #[arg(long, requires = "algorithm", value_parser = selector)]
        selector: Option<String>,
    },
    /// Make the next keys; with --activate let them sign in the place of the present ones
    Rotate {
        /// The domain after the @ of the authors
        domain: Domain,
        /// Let the next keys sign from now on; the present ones retire
        #[arg(long)]
        activate: bool,
    },
    /// Every key, its state and its DNS record
    Show {
        /// Of this domain only
        domain: Option<Domain>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Rsa,
    Ed25519,
}

impl Kind {
    const ALL: [Kind; 2] = [Kind::Rsa, Kind::Ed25519];

    fn algorithm(self) -> Algorithm {
        match self {
            Kind::Rsa => Algorithm::Rsa,
            Kind::Ed25519 => Algorithm::Ed25519,
        }
    }
}

/// Where a key stands in its life; the file's ending says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Next,
    Signing,
    /// Signs no more; its record must stay until the mail that it signed has arrived.
    Retired,
}

impl State {
    const ALL: [State; 3] = [State::Signing, State::Next, State::Retired];

    fn ending(self) -> &'static str {
        match self {
            State::Signing => ".pem",
            State::Next => ".pem.next",
            State::Retired => ".pem.retired",
        }
    }
}

/// A key as commands show it: never its private half.
#[derive(Clone, Debug, Serialize)]
pub struct Key {
    pub domain: Domain,
    pub selector: String,
    pub state: State,
    pub algorithm: &'static str,
    /// Where its record stands in the DNS, and what stands there.
    pub name: String,
    pub record: String,
    #[serde(skip)]
    path: PathBuf,
}

pub fn run(common: &Common, command: Command) -> Result {
    let data_dir = settings::load(common)?.data_dir;
    let keys = match &command {
        Command::New { domain, algorithm, selector } => new(&data_dir, domain, *algorithm, selector.as_deref())?,
        Command::Rotate { domain, activate: false } => make_next(&data_dir, domain)?,
        Command::Rotate { domain, activate: true } => activate(&data_dir, domain)?,
        Command::Show { domain } => keys(&data_dir, domain.as_ref())?,
    };
    if !matches!(command, Command::Show { .. }) {
        let selectors: Vec<String> = keys.iter().map(|key| format!("{} {:?}", key.name, key.state)).collect();
        Control::tell(&data_dir, Change::Key, json!({ "dkim": selectors }))?;
    }
    let hint = match command {
        Command::New { .. } => "\nPut these into the DNS, then: waxseal dns check DOMAIN && systemctl reload waxseal\n",
        Command::Rotate { activate: false, .. } => {
            "\nPut the next keys' records into the DNS, wait until `waxseal dns check` sees them, then rotate --activate\n"
        }
        Command::Rotate { .. } => {
            "\nNow: systemctl reload waxseal. Keep retired records in the DNS for a week, then delete their files\n"
        }
        Command::Show { .. } => "",
    };
    common.output().list(&keys, |keys| format!("{}{hint}", text(keys)))?;
    Ok(Exit::Done)
}

/// All keys of all domains, or of one.
pub fn keys(data_dir: &Path, wanted: Option<&Domain>) -> Result<Vec<Key>> {
    let root = data_dir.join("dkim");
    let mut found = Vec::new();
    for name in names(&root)? {
        let Ok(domain) = name.parse::<Domain>() else { continue };
        if wanted.is_some_and(|wanted| *wanted != domain) {
            continue;
        }
        for file in names(&root.join(&name))? {
            let path = root.join(&name).join(&file);
            for state in State::ALL {
                if let Some(selector) = file.strip_suffix(state.ending()) {
                    found.push(read(&domain, selector, state, path.clone())?);
                }
            }
        }
    }
    Ok(found)
}

fn read(domain: &Domain, selector: &str, state: State, path: PathBuf) -> Result<Key> {
    let pem = fs::read_to_string(&path).map_err(|error| Error::io(path.display(), error))?;
    let signer = Signer::from_pem(domain.clone(), selector, &pem)
        .map_err(|error| Error::Configuration(format!("{}: {error}", path.display())))?;
    Ok(Key {
        domain: domain.clone(),
        selector: selector.to_owned(),
        state,
        algorithm: match signer.algorithm() {
            Algorithm::Rsa => "rsa",
            Algorithm::Ed25519 => "ed25519",
        },
        name: signer.record_name(),
        record: signer.record(),
        path,
    })
}

/// The names in a folder, in order; none if it does not exist.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io(folder.display(), error)),
    };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

fn new(data_dir: &Path, domain: &Domain, only: Option<Kind>, selector: Option<&str>) -> Result<Vec<Key>> {
    let present = keys(data_dir, Some(domain))?;
    let kinds = Kind::ALL.into_iter().filter(|kind| only.is_none_or(|only| only == *kind));
    let mut made = Vec::new();
    for kind in kinds {
        let algorithm = if kind == Kind::Rsa { "rsa" } else { "ed25519" };
        if selector.is_none() && present.iter().any(|key| key.state == State::Signing && key.algorithm == algorithm) {
            return Err(Error::No(format!(
                "{domain} has a signing {algorithm} key already; see `waxseal dkim rotate`"
            )));
        }
        let selector = selector.map_or_else(|| free_selector(&present, kind), str::to_owned);
        made.push(make(data_dir, domain, &selector, kind, State::Signing)?);
    }
    Ok(made)
}

fn make_next(data_dir: &Path, domain: &Domain) -> Result<Vec<Key>> {
    let present = keys(data_dir, Some(domain))?;
    if present.iter().any(|key| key.state == State::Next) {
        return Err(Error::No(format!(
            "{domain} has its next keys already; `waxseal dkim rotate {domain} --activate`"
        )));
    }
    let signing: Vec<&Key> = present.iter().filter(|key| key.state == State::Signing).collect();
    if signing.is_empty() {
        return Err(Error::No(format!("{domain} has no keys yet; `waxseal dkim new {domain}`")));
    }
    let mut made = Vec::new();
    for key in signing {
        let kind = if key.algorithm == "rsa" { Kind::Rsa } else { Kind::Ed25519 };
        made.push(make(data_dir, domain, &free_selector(&present, kind), kind, State::Next)?);
    }
    Ok(made)
}

/// The next keys come into force before the old ones go: in between both sign, which is harmless.
fn activate(data_dir: &Path, domain: &Domain) -> Result<Vec<Key>> {
    let present = keys(data_dir, Some(domain))?;
    let (next, rest): (Vec<&Key>, Vec<&Key>) = present.iter().partition(|key| key.state == State::Next);
    if next.is_empty() {
        return Err(Error::No(format!("{domain} has no next keys; `waxseal dkim rotate {domain}` makes them")));
    }
    for key in next {
        put(key, State::Signing)?;
    }
    for key in rest.into_iter().filter(|key| key.state == State::Signing) {
        put(key, State::Retired)?;
    }
    keys(data_dir, Some(domain))
}

fn put(key: &Key, state: State) -> Result<()> {
    let to = key.path.with_file_name(format!("{}{}", key.selector, state.ending()));
    fs::rename(&key.path, &to).map_err(|error| Error::io(to.display(), error))
}

/// A new private key in a file of its own, for its owner's eyes only.
fn make(data_dir: &Path, domain: &Domain, selector: &str, kind: Kind, state: State) -> Result<Key> {
    let folder = data_dir.join("dkim").join(domain.as_str());
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(|error| Error::io(folder.display(), error))?;
    let path = folder.join(format!("{selector}{}", state.ending()));
    let pem = generate(kind.algorithm()).map_err(|error| Error::io("the key", io::Error::other(error)))?;
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).and_then(|mut file| {
        file.write_all(pem.as_bytes())?;
        file.sync_all()
    });
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Error::No(format!("{} exists already", path.display())));
        }
        result => result.map_err(|error| Error::io(path.display(), error))?,
    }
    for made in [&data_dir.join("dkim"), &folder, &path] {
        settings::give_to_owner_of(data_dir, made)?;
    }
    read(domain, selector, state, path)
}

/// `wx2611r`, and `wx2611rb` … where that is taken.
fn free_selector(present: &[Key], kind: Kind) -> String {
    let month = SystemClock.now().strftime("%y%m").to_string();
    let letter = if kind == Kind::Rsa { 'r' } else { 'e' };
    let base = format!("wx{month}{letter}");
    let taken = |selector: &str| present.iter().any(|key| key.selector == selector);
    let more = ('b'..='z').map(|letter| format!("{base}{letter}"));
    std::iter::once(base.clone()).chain(more).find(|selector| !taken(selector)).unwrap_or(base)
}

/// A selector is one or more DNS labels (RFC 6376 §3.1).
fn selector(text: &str) -> std::result::Result<String, String> {
    let good = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if text.split('.').all(good) { Ok(text.to_owned()) } else { Err("letters, digits, hyphens and dots".into()) }
}

fn text(keys: &[Key]) -> String {
    if keys.is_empty() {
        return "no keys; `waxseal dkim new DOMAIN` makes them\n".into();
    }
    let mut table = Table::new(&["DOMAIN", "SELECTOR", "KEY", "STATE"]);
    for key in keys {
        let state = format!("{:?}", key.state).to_lowercase();
        table.row([key.domain.to_string(), key.selector.clone(), key.algorithm.to_owned(), state]);
    }
    let records: Vec<String> = keys.iter().map(|key| super::zone::line(&key.name, &key.record)).collect();
    format!("{}\n{}", table.render(), records.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(keys: &[Key]) -> Vec<(&'static str, State)> {
        let mut states: Vec<_> = keys.iter().map(|key| (key.algorithm, key.state)).collect();
        states.sort_by_key(|(algorithm, state)| (*algorithm, *state as u8));
        states
    }

    #[test]
    fn keys_are_made_rotated_and_retired_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let domain: Domain = "example.org".parse().unwrap();
        let made = new(folder.path(), &domain, None, None).unwrap();
        assert_eq!(states(&made), [("ed25519", State::Signing), ("rsa", State::Signing)]);
        assert!(made.iter().all(|key| key.record.starts_with("v=DKIM1; k=")));
        for key in &made {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&key.path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(matches!(new(folder.path(), &domain, None, None), Err(Error::No(_))));
        assert!(matches!(activate(folder.path(), &domain), Err(Error::No(_))));

        let next = make_next(folder.path(), &domain).unwrap();
        assert!(next.iter().all(|key| key.state == State::Next));
        assert!(next.iter().all(|key| made.iter().all(|old| old.selector != key.selector)));
        let all = activate(folder.path(), &domain).unwrap();
        assert_eq!(
            states(&all),
            [
                ("ed25519", State::Signing),
                ("ed25519", State::Retired),
                ("rsa", State::Signing),
                ("rsa", State::Retired)
            ]
        );
        let signing: Vec<&Key> = all.iter().filter(|key| key.state == State::Signing).collect();
        assert!(signing.iter().all(|key| next.iter().any(|made| made.selector == key.selector)));
    }

    #[test]
    fn a_selector_is_a_name_in_the_dns() {
        assert!(selector("wx2611r").is_ok() && selector("a.b-c").is_ok());
        for wrong in ["", "a..b", "../etc", "a/b", "a b"] {
            assert!(selector(wrong).is_err(), "{wrong}");
        }
    }
}
