//! `audit`: the account of everything that happened.

use axum::http::Method;
use serde_json::Value;

use super::Common;
use super::control::Control;
use super::exit::{Error, Exit, Result};
use super::output::{Output, line, plain};
use crate::web::{AuditView, kind_name};

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

pub fn run(common: &Common, command: Command) -> Result {
    let control = Control::open(common)?;
    match command {
        Command::Verify => verify(common, &control),
        Command::Export { from } => export(common, &control, from),
    }
}

fn verify(common: &Common, control: &Control) -> Result {
    let answer: Value = control.get("/v1/audit/verify")?;
    let valid = answer["valid"] == Value::Bool(true);
    common.output().one(&answer, |answer| match valid {
        true => format!("the chain of {} records holds\n", answer["records"]),
        false => format!("the chain is broken: {}\n", answer["fault"].as_str().unwrap_or_default()),
    })?;
    Ok(if valid { Exit::Done } else { Exit::No })
}

/// Page after page, so that an account of years never stands in memory. With `--json` the lines
/// are the gateway's own bytes: whoever verifies them hashes what was hashed.
fn export(common: &Common, control: &Control, mut from: u64) -> Result {
    loop {
        let page = control.bytes(Method::GET, &format!("/v1/audit?from={from}"), &())?;
        let page = String::from_utf8_lossy(&page);
        let mut last = None;
        for written in page.lines() {
            let record: AuditView = serde_json::from_str(written)
                .map_err(|error| Error::Unreachable(format!("the gateway answered no record: {error}")))?;
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
