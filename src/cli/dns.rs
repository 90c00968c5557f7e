//! `dns`: what must stand in the DNS for mail to arrive, and whether it does.

use futures_util::future::join_all;
use serde::Serialize;

use super::Common;
use super::dkim::{self, Key, State};
use super::exit::{Error, Exit, Result};
use super::settings;
use super::zone;
use crate::config::Configuration;
use crate::config::raw::IpVersion;
use crate::mail::Domain;
use crate::world::{DnsConfig, DnsResolver, Families, ResolveError, Resolver};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Print the records that must stand in the DNS of a domain that sends through this gateway
    Records {
        /// The domain after the @ of the authors
        domain: Domain,
    },
    /// Ask the DNS whether they do
    Check {
        /// The domain after the @ of the authors
        domain: Domain,
    },
}

/// A record that is wanted, and whether it is there.
#[derive(Debug, Serialize)]
struct Wanted {
    name: String,
    kind: &'static str,
    record: String,
    why: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Found>,
}

/// What the DNS said.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "answer", content = "detail")]
enum Found {
    Good,
    /// Nothing of the kind stands there.
    Missing,
    /// Something else stands there.
    Differs(String),
    /// The DNS did not answer: nothing may be concluded.
    Unknown(String),
}

pub fn run(common: &Common, command: Command) -> Result {
    let configuration = settings::load(common)?;
    let hostname = &configuration.smtp.hostname;
    match command {
        Command::Records { domain } => {
            let keys = dkim::keys(&configuration.data_dir, Some(&domain))?;
            let mut records = wanted(hostname, &domain, &keys);
            records.extend(keys.iter().filter(|key| key.state == State::Retired).map(|key| Wanted {
                name: key.name.clone(),
                kind: "TXT",
                record: key.record.clone(),
                why: "DKIM: a key that signed; keep it for a week, while mail that it signed is under way",
                found: None,
            }));
            common.output().list(&records, |wanted| text(wanted, &keys))?;
            Ok(Exit::Done)
        }
        Command::Check { domain } => {
            let keys = dkim::keys(&configuration.data_dir, Some(&domain))?;
            let checked = check(&configuration, wanted(hostname, &domain, &keys))?;
            let good = checked.iter().all(|wanted| wanted.found == Some(Found::Good));
            common.output().list(&checked, verdicts)?;
            Ok(if good { Exit::Done } else { Exit::No })
        }
    }
}

fn wanted(hostname: &Domain, domain: &Domain, keys: &[Key]) -> Vec<Wanted> {
    let record = |name: String, kind, record: String, why| Wanted { name, kind, record, why, found: None };
    let mut wanted = vec![
        record(
            hostname.to_string(),
            "A",
            "(this machine's address)".into(),
            "receivers look up the name that the gateway greets with; its address must lead back to it (PTR)",
        ),
        record(
            domain.to_string(),
            "TXT",
            format!("v=spf1 a:{hostname} ~all"),
            "SPF: merge `a:…` into the record that is there; a domain has only one",
        ),
        record(
            format!("_dmarc.{domain}"),
            "TXT",
            "v=DMARC1; p=none".into(),
            "DMARC: begin with p=none, and raise it when reports are clean",
        ),
    ];
    let signing = keys.iter().filter(|key| key.state != State::Retired);
    wanted.extend(signing.map(|key| record(key.name.clone(), "TXT", key.record.clone(), "DKIM: the key that signs")));
    wanted
}

fn check(configuration: &Configuration, mut wanted: Vec<Wanted>) -> Result<Vec<Wanted>> {
    let families = match configuration.settings.delivery.ip {
        None => Families::Both,
        Some(IpVersion::V4) => Families::V4,
        Some(IpVersion::V6) => Families::V6,
    };
    let servers = configuration.settings.delivery.dns.clone().unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::io("starting", error))?;
    runtime.block_on(async {
        let resolver = DnsResolver::new(&DnsConfig { servers, families });
        // All at once: a server that does not answer costs its time-out once.
        let answers = join_all(wanted.iter().map(|wanted| ask(&resolver, wanted))).await;
        for (wanted, answer) in wanted.iter_mut().zip(answers) {
            wanted.found = Some(answer);
        }
    });
    Ok(wanted)
}

async fn ask(resolver: &dyn Resolver, wanted: &Wanted) -> Found {
    let name: Domain = match wanted.name.parse() {
        Ok(name) => name,
        Err(error) => return Found::Unknown(format!("{error}")),
    };
    if wanted.kind == "A" {
        return match resolver.addresses(&name).await {
            Ok(addresses) if addresses.is_empty() => Found::Missing,
            Ok(_) => Found::Good,
            Err(ResolveError::NoSuchDomain) => Found::Missing,
            Err(error) => Found::Unknown(error.to_string()),
        };
    }
    match resolver.texts(&name).await {
        Ok(texts) => compare(&wanted.record, &texts),
        Err(ResolveError::NoSuchDomain) => Found::Missing,
        Err(error) => Found::Unknown(error.to_string()),
    }
}

/// Compares by what the record is for: SPF must name us, DMARC must be there, a key must be ours.
fn compare(wanted: &str, texts: &[String]) -> Found {
    let tag = wanted.split([';', ' ']).next().unwrap_or_default();
    let of_kind: Vec<&String> = texts.iter().filter(|text| text.starts_with(tag)).collect();
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    match (tag, of_kind.as_slice()) {
        (_, []) => Found::Missing,
        ("v=spf1", [one]) => {
            let ours = wanted.split(' ').nth(1).unwrap_or_default();
            if one.split(' ').any(|term| term.trim_start_matches('+') == ours) {
                Found::Good
            } else {
                Found::Differs((*one).clone())
            }
        }
        ("v=spf1", several) => Found::Differs(format!("{} SPF records; receivers take none of them", several.len())),
        ("v=DMARC1", _) => Found::Good,
        (_, found) => match found.iter().find(|text| bare(text) != bare(wanted)) {
            None => Found::Good,
            Some(other) => Found::Differs((*other).clone()),
        },
    }
}

fn text(wanted: &[Wanted], keys: &[Key]) -> String {
    let mut text = String::new();
    for wanted in wanted {
        text.push_str(&format!("; {}\n", wanted.why));
        match wanted.kind {
            "TXT" => text.push_str(&zone::line(&wanted.name, &wanted.record)),
            kind => text.push_str(&format!("{}. IN {kind} {}\n", wanted.name, wanted.record)),
        }
        text.push('\n');
    }
    if keys.is_empty() {
        text.push_str("; no DKIM key yet: waxseal dkim new DOMAIN\n");
    }
    text
}

fn verdicts(checked: &[Wanted]) -> String {
    let mut text = String::new();
    for wanted in checked {
        let answer = match wanted.found.as_ref().unwrap_or(&Found::Missing) {
            Found::Good => "good".to_owned(),
            Found::Missing => format!("MISSING: {}", wanted.record),
            Found::Differs(other) => format!("DIFFERS: there is {other:?}, wanted is {:?}", wanted.record),
            Found::Unknown(why) => format!("UNKNOWN: {why}"),
        };
        text.push_str(&format!("{} {}: {answer}\n", wanted.name, wanted.kind));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_compared_by_what_they_are_for() {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let spf = "v=spf1 a:gw.example.org ~all";
        for (wanted, there, found) in [
            (spf, texts(&["v=spf1 include:spf.example a:gw.example.org -all", "other"]), Found::Good),
            (spf, texts(&["other"]), Found::Missing),
            (spf, texts(&["v=spf1 -all"]), Found::Differs("v=spf1 -all".into())),
            (
                spf,
                texts(&["v=spf1 a:gw.example.org", "v=spf1 -all"]),
                Found::Differs("2 SPF records; receivers take none of them".into()),
            ),
            ("v=DMARC1; p=none", texts(&["v=DMARC1;p=reject"]), Found::Good),
            ("v=DKIM1; k=rsa; p=AB", texts(&["v=DKIM1;k=rsa; p=AB"]), Found::Good),
            ("v=DKIM1; k=rsa; p=AB", texts(&["v=DKIM1; k=rsa; p=CD"]), Found::Differs("v=DKIM1; k=rsa; p=CD".into())),
        ] {
            assert_eq!(compare(wanted, &there), found, "{wanted} {there:?}");
        }
    }
}
