//! `waiver`: recipients' consent to unencrypted mail, as records that say who took it, when, and where it lies.

mod table;

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Common;
use super::control::{Control, encode, path};
use super::exit::{Error, Exit, Result};
use super::output::{self, Output, Table};
use crate::mail::Address;
use crate::policy::{Party, WaiverState};
use crate::web::{KeptView, WaiverView};

#[derive(clap::Subcommand)]
pub enum Command {
    /// The consents that hold
    List {
        /// Those of this mailbox only
        #[arg(long, value_name = "ADDRESS")]
        address: Option<Address>,
        /// Also those that have expired or were taken back
        #[arg(long)]
        all: bool,
    },
    /// Enter a recipient's consent; mail that is judged from now on has it
    Add {
        /// Exactly this mailbox
        address: Address,
        /// Where the signed document lies
        #[arg(long, value_name = "TEXT")]
        reference: String,
        /// Only for mail of this author, or of all of a domain
        #[arg(long, value_name = "ADDRESS|@DOMAIN")]
        author: Option<Party>,
        /// When it was given [default: now]
        #[arg(long, value_name = "DATE", value_parser = table::beginning)]
        given: Option<Timestamp>,
        /// The last day on which it holds [default: until it is taken back]
        #[arg(long, value_name = "DATE", value_parser = table::end)]
        expires: Option<Timestamp>,
        /// Who took it [default: you]
        #[arg(long, value_name = "NAME")]
        obtained_by: Option<String>,
    },
    /// Take a consent back; its record stays
    Revoke {
        /// A waiver's id, or an address: then all of that mailbox
        #[arg(value_name = "ID|ADDRESS")]
        which: String,
        /// Why, for the account
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Enter consents from CSV with a header row, all or none: address and reference, and if known author, given,
    /// expires, obtained_by; what `export` wrote is understood
    Import {
        /// The table; - for standard input
        #[arg(value_name = "FILE.csv")]
        file: PathBuf,
    },
    /// Print every record as CSV; that it was taken is recorded
    Export,
}

pub fn run(common: &Common, command: Command) -> Result {
    let control = Control::open(common)?;
    match command {
        Command::List { address, all } => list(common, &control, address.as_ref(), all),
        Command::Add { address, reference, author, given, expires, obtained_by } => {
            let consent = json!({
                "address": address, "author": author, "given": given, "expires": expires,
                "obtained_by": obtained_by, "reference": reference,
            });
            let kept: KeptView = control.post("/v1/waivers", &[consent])?;
            common.output().one(&kept, |kept| match kept.added.first() {
                Some(added) => format!("{}: {address} consents to unencrypted mail\n", added.waiver.id),
                None => format!("that consent of {address} stands there already\n"),
            })?;
            Ok(Exit::Done)
        }
        Command::Revoke { which, reason } => {
            let place = format!("/v1/waivers/{}/revoke", encode(&which));
            let ended: Vec<WaiverView> = control.post(&place, &json!({ "reason": reason }))?;
            common.output().list(&ended, |ended| {
                let line = |one: &WaiverView| format!("{}: {} consents no more\n", one.waiver.id, one.waiver.address);
                ended.iter().map(line).collect()
            })?;
            Ok(Exit::Done)
        }
        Command::Import { file } => {
            let table::Import { consents, ended } = table::read(open(&file)?)?;
            let kept: KeptView = control.post("/v1/waivers", &consents)?;
            let done = json!({ "added": kept.added.len(), "unchanged": kept.unchanged, "ended": ended });
            common.output().one(&done, |_| {
                let (added, unchanged) = (kept.added.len(), kept.unchanged);
                format!("{added} entered, {unchanged} stood there already, {ended} left out because they had ended\n")
            })?;
            Ok(Exit::Done)
        }
        Command::Export => export(common, &control),
    }
}

fn open(file: &PathBuf) -> Result<Box<dyn Read>> {
    Ok(match file.as_os_str() == "-" {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(file).map_err(|error| Error::io(file.display(), error))?),
    })
}

fn list(common: &Common, control: &Control, address: Option<&Address>, all: bool) -> Result {
    let mut found: Vec<WaiverView> = Vec::new();
    match address {
        Some(address) => found = control.get(&path("/v1/waivers", &[("address", Some(address.to_string()))]))?,
        None => each_page(control, "/v1/waivers", |page| {
            found.extend(page);
            Ok(())
        })?,
    }
    found.retain(|one| all || matches!(one.state, WaiverState::Active | WaiverState::Future));
    common.output().list(&found, |found| {
        if found.is_empty() {
            return "no waivers\n".into();
        }
        let mut table =
            Table::new(&["ID", "STATE", "RECIPIENT", "AUTHOR", "GIVEN", "EXPIRES", "OBTAINED BY", "REFERENCE"]);
        for WaiverView { state, waiver } in found {
            let day = |at: Timestamp| at.strftime("%F").to_string();
            table.row([
                waiver.id.clone(),
                state.as_str().to_owned(),
                waiver.address.to_string(),
                waiver.author.as_ref().map_or_else(|| "any".to_owned(), table::party),
                day(waiver.given),
                waiver.expires.map_or_else(|| "-".to_owned(), |end| day(last_moment(end))),
                waiver.obtained_by.clone(),
                waiver.reference.clone(),
            ]);
        }
        table.render()
    })?;
    Ok(Exit::Done)
}

/// A waiver that holds until midnight holds through the day before.
fn last_moment(end: Timestamp) -> Timestamp {
    end.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(end)
}

/// With `--json`, the same lines as `list --all --json`.
fn export(common: &Common, control: &Control) -> Result {
    if common.output() == Output::Text {
        output::line(&table::HEADER.join(","))?;
    }
    each_page(control, "/v1/waivers/export", |page| {
        common.output().list(&page, |page| page.iter().map(table::line).collect())
    })?;
    Ok(Exit::Done)
}

fn each_page(control: &Control, place: &str, mut see: impl FnMut(Vec<WaiverView>) -> Result<()>) -> Result<()> {
    let mut after: Option<String> = None;
    loop {
        let page: Vec<WaiverView> = control.get(&path(place, &[("after", after)]))?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.waiver.id.clone());
        see(page)?;
    }
}
