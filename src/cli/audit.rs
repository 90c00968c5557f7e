//! `audit`: the account of everything that happened. It can be read while the gateway is stopped, too.

use axum::http::Method;

use super::control::Control;
use super::exit::{Error, Exit, Result};
use super::output::{Output, line, plain};
use super::{Common, settings};
use crate::store::{Evidence, StoreError};
use crate::web::{AuditView, VerdictView, kind_name};

/// Records read at once from a store without a gateway.
const PAGE: usize = 1_000;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Check the hash chain from its first record to its last
    Verify,
    /// Print every record, one JSON object a line with --json
    Export {
        /// Start at this sequence number
        #[arg(long, value_name = "N", default_value_t = 0)]
        from: u64,
    },
}

/// Whoever can be asked: the running gateway, or the store of one that is stopped.
enum Account {
    Running(Control),
    Stopped(Box<Evidence>),
}

impl Account {
    fn verify(&self) -> Result<VerdictView> {
        match self {
            Self::Running(control) => control.get("/v1/audit/verify"),
            Self::Stopped(evidence) => evidence.verify().map(VerdictView::from).map_err(unreadable),
        }
    }

    /// Some records from this number on, a line each: the very bytes that were hashed.
    fn page(&self, from: u64) -> Result<String> {
        match self {
            Self::Running(control) => {
                let page = control.bytes(Method::GET, &format!("/v1/audit?from={from}"), &())?;
                Ok(String::from_utf8_lossy(&page).into_owned())
            }
            Self::Stopped(evidence) => {
                let records = evidence.records(from, PAGE).map_err(unreadable)?;
                Ok(records.iter().map(|record| record.to_json_line() + "\n").collect())
            }
        }
    }
}

pub fn run(common: &Common, command: Command) -> Result {
    let configuration = settings::load(common)?;
    let running = Account::Running(Control::at(&configuration.data_dir)?);
    match perform(common, &command, &running) {
        Err(stopped @ Error::Unreachable(_)) => match Evidence::open(&configuration.store).map_err(unreadable)? {
            Some(evidence) => perform(common, &command, &Account::Stopped(Box::new(evidence))),
            None => Err(stopped),
        },
        done => done,
    }
}

fn perform(common: &Common, command: &Command, account: &Account) -> Result {
    match command {
        Command::Verify => verify(common, account),
        Command::Export { from } => export(common, account, *from),
    }
}

fn unreadable(error: StoreError) -> Error {
    match error {
        StoreError::Key(_) | StoreError::TooNew(_) => Error::Configuration(error.to_string()),
        error => Error::io("the store", std::io::Error::other(error.to_string())),
    }
}

fn verify(common: &Common, account: &Account) -> Result {
    let answer = account.verify()?;
    common.output().one(&answer, |answer| match &answer.fault {
        None => format!("the chain of {} records holds\n", answer.records.unwrap_or_default()),
        Some(fault) => format!("the chain is broken: {fault}\n"),
    })?;
    Ok(if answer.valid { Exit::Done } else { Exit::No })
}

/// Page after page, so that an account of years never stands in memory. With `--json` the lines are
/// the bytes as they were hashed: whoever verifies them hashes them again.
fn export(common: &Common, account: &Account, mut from: u64) -> Result {
    loop {
        let mut last = None;
        for written in account.page(from)?.lines() {
            let record: AuditView = serde_json::from_str(written)
                .map_err(|error| Error::Input(format!("record {from} or after it is none: {error}")))?;
            match common.output() {
                Output::Json => line(written)?,
                Output::Text => line(&text(&record))?,
            }
            last = Some(record.seq);
        }
        match last {
            Some(seq) => from = seq + 1,
            None => return Ok(Exit::Done),
        }
    }
}

fn text(record: &AuditView) -> String {
    let event = &record.event;
    let message = event.message.map(|id| format!("  {id}")).unwrap_or_default();
    let detail = serde_json::to_string(&event.detail).expect("a map of JSON values is JSON");
    format!(
        "{:>8}  {}  {:<18} {}{message}  {}",
        record.seq,
        event.at.strftime("%F %T"),
        kind_name(event),
        plain(&event.actor),
        plain(&detail)
    )
}
