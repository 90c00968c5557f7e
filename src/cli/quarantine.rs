//! `quarantine`: mail that waits for a person's judgement.

use std::path::PathBuf;

use axum::http::Method;
use jiff::Timestamp;
use serde_json::json;

use super::control::{Control, encode, path};
use super::exit::{Error, Exit, Result};
use super::output::{Table, bytes};
use super::{Common, find, trace};
use crate::quarantine::{Rechecked, Reviewed};
use crate::store::MessageState;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Held mail, oldest first
    List,
    /// One message's story: masked findings and reasons, never its content
    Show {
        /// Its id or Message-ID
        id: String,
    },
    /// Send it over encrypted transport, never lower: an exception for once, recorded with its reason
    Release {
        /// The message's id or Message-ID
        id: String,
        /// Why, for the account
        #[arg(long)]
        reason: String,
        /// The rules were wrong: counted against them in `rules stats`
        #[arg(long)]
        not_phi: bool,
    },
    /// Send it by the strongest way there is, at the level that policy asks
    Protect(Judged),
    /// Give it back to its author
    Return(Judged),
    /// End it; its author is told
    Reject(Judged),
    /// Decide held mail again under today's rules
    Recheck {
        /// Only mail in which this rule matched
        #[arg(long, value_name = "ID")]
        rule: Option<String>,
        /// Only mail received since: a day, a time, or an age such as 2h or 7d
        #[arg(long, value_name = "TIME", value_parser = find::since)]
        since: Option<Timestamp>,
        /// Show what would happen, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Write the whole message, unmasked; who did, and why, is recorded
    Export {
        /// Its id or Message-ID
        id: String,
        /// Why, for the account
        #[arg(long)]
        reason: String,
        /// Into this file (0600) instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(clap::Args)]
pub struct Judged {
    /// The message's id or Message-ID
    id: String,
    /// Why, for the account
    #[arg(long)]
    reason: Option<String>,
}

pub fn run(common: &Common, command: Command) -> Result {
    match command {
        Command::List => find::run(common, &find::Args::in_states(&[MessageState::Held])),
        Command::Show { id } => trace::show(common, &id),
        Command::Release { id, reason, not_phi } => {
            judge(common, "release", &id, &json!({ "reason": reason, "not_phi": not_phi }))
        }
        Command::Protect(judged) => judge(common, "protect", &judged.id, &json!({ "reason": judged.reason })),
        Command::Return(judged) => judge(common, "return", &judged.id, &json!({ "reason": judged.reason })),
        Command::Reject(judged) => judge(common, "reject", &judged.id, &json!({ "reason": judged.reason })),
        Command::Recheck { rule, since, dry_run } => recheck(common, rule.as_deref(), since, dry_run),
        Command::Export { id, reason, output } => export(common, &id, &reason, output),
    }
}

fn judge(common: &Common, verb: &str, id: &str, judgement: &serde_json::Value) -> Result {
    let place = format!("/v1/quarantine/{}/{verb}", encode(id));
    let reviewed: Reviewed = Control::open(common)?.post(&place, judgement)?;
    common.output().one(&reviewed, |reviewed| {
        let sent = reviewed.level.map(|level| format!(", sent at {level}")).unwrap_or_default();
        format!("{verb}: {} ({} recipients{sent})\n", reviewed.id, reviewed.recipients)
    })?;
    Ok(Exit::Done)
}

fn recheck(common: &Common, rule: Option<&str>, since: Option<Timestamp>, dry_run: bool) -> Result {
    let body = json!({ "rule": rule, "since": since, "dry_run": dry_run });
    let outcomes: Vec<Rechecked> = Control::open(common)?.post("/v1/quarantine/recheck", &body)?;
    common.output().list(&outcomes, |outcomes| {
        if outcomes.is_empty() {
            return "no held mail is meant\n".into();
        }
        let mut table =
            Table::new(&["ID", if dry_run { "WOULD GO" } else { "SENT ON" }, "LEVEL", "STAYS HELD", "TROUBLE"]);
        for outcome in outcomes {
            table.row([
                outcome.id.to_string(),
                outcome.released.to_string(),
                outcome.level.map(|level| level.to_string()).unwrap_or_default(),
                outcome.held.to_string(),
                outcome.trouble.clone().unwrap_or_default(),
            ]);
        }
        table.render()
    })?;
    Ok(Exit::Done)
}

fn export(common: &Common, id: &str, reason: &str, output: Option<PathBuf>) -> Result {
    let place = path(&format!("/v1/quarantine/{}/content", encode(id)), &[("reason", Some(reason.to_owned()))]);
    let content = Control::open(common)?.bytes(Method::GET, &place, &())?;
    let Some(file) = output else {
        bytes(&content)?;
        return Ok(Exit::Done);
    };
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    // What is written here is what the gateway protects: for its owner's eyes only, and never over
    // a file or link that somebody else put there.
    let mut options = std::fs::OpenOptions::new();
    let written = options.write(true).create_new(true).mode(0o600).open(&file);
    written.and_then(|mut target| target.write_all(&content)).map_err(|error| Error::io(file.display(), error))?;
    Ok(Exit::Done)
}
