//! `audit`: the account of everything that happened.

use serde_json::Value;

use super::Common;
use super::control::Control;
use super::exit::{Exit, Result};
use super::output::{Output, line, plain};
use crate::web::AuditView;

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
        false => format!("the chain is broken at record {}\n", answer["first_bad"]),
    })?;
    Ok(if valid { Exit::Done } else { Exit::No })
}

/// Page after page, so that an account of years never stands in memory.
fn export(common: &Common, control: &Control, mut from: u64) -> Result {
    loop {
        let page: Vec<AuditView> = control.get(&format!("/v1/audit?from={from}"))?;
        let Some(last) = page.last() else { return Ok(Exit::Done) };
        from = last.sequence + 1;
        match common.output() {
            Output::Json => Output::Json.list(&page, |_| String::new())?,
            Output::Text => page.iter().try_for_each(|record| line(&text(record)))?,
        }
    }
}

fn text(record: &AuditView) -> String {
    let event = &record.event;
    let message = record.message.map(|id| format!("  {id}")).unwrap_or_default();
    let detail = serde_json::to_string(&event.detail).expect("a map of JSON values is JSON");
    format!(
        "{:>8}  {}  {:<18} {}{message}  {}",
        record.sequence,
        event.at.strftime("%F %T"),
        event.kind,
        plain(&event.actor),
        plain(&detail)
    )
}
