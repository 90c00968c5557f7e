//! `queue`: the mail that waits.

use serde_json::{Value, json};

use super::control::Control;
use super::exit::{Exit, Result};
use super::output::Table;
use super::{Common, find, trace};
use crate::mail::Domain;
use crate::store::MessageState;
use crate::web::{MovedView, SummaryView};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Unsettled mail that is not held
    List,
    /// One message's whole story
    Show {
        /// Its id or Message-ID
        id: String,
    },
    /// What waits for each destination, with its last reply and age
    Summary,
    /// Try waiting or paused mail now
    Retry(Which),
    /// Keep waiting mail from being tried, until it is retried
    Pause(Which),
    /// Destroy a message; its author is not told
    Delete {
        /// Its id or Message-ID
        id: String,
        /// Why, for the account
        #[arg(long)]
        reason: Option<String>,
    },
}

/// Which mail is meant.
#[derive(clap::Args)]
#[group(id = "which", required = true, multiple = false)]
pub struct Which {
    /// One message, by its id or Message-ID
    id: Option<String>,
    /// All recipients of a domain
    #[arg(long)]
    domain: Option<Domain>,
    /// Everything that waits
    #[arg(long)]
    all: bool,
}

pub fn run(common: &Common, command: Command) -> Result {
    match command {
        Command::List => find::run(common, &find::Args::in_states(&[MessageState::Scanning, MessageState::Queued])),
        Command::Show { id } => trace::show(common, &id),
        Command::Summary => summary(common),
        Command::Retry(which) => change(common, "retry", &body(&which)),
        Command::Pause(which) => change(common, "pause", &body(&which)),
        Command::Delete { id, reason } => change(common, "delete", &json!({ "id": id, "reason": reason })),
    }
}

fn body(which: &Which) -> Value {
    json!({ "id": which.id, "domain": which.domain, "all": which.all })
}

/// Asks for the change; that nothing was there to change is an answer, and it is no.
fn change(common: &Common, verb: &str, body: &Value) -> Result {
    let moved: MovedView = Control::open(common)?.post(&format!("/v1/queue/{verb}"), body)?;
    common.output().one(&moved, |moved| {
        let busy = match moved.busy {
            0 => String::new(),
            busy => format!("; {busy} being sent just now were left alone"),
        };
        format!("{verb}: {} messages, {} recipients{busy}\n", moved.messages, moved.recipients)
    })?;
    Ok(if moved.messages == 0 { Exit::No } else { Exit::Done })
}

fn summary(common: &Common) -> Result {
    let lines: Vec<SummaryView> = Control::open(common)?.get("/v1/queue/summary")?;
    common.output().list(&lines, |lines| {
        if lines.is_empty() {
            return "the queue is empty\n".into();
        }
        let mut table = Table::new(&["DESTINATION", "RECIPIENTS", "DEFERRED", "OLDEST", "NEXT ATTEMPT", "LAST REPLY"]);
        for line in lines {
            let next = line.next_attempt.map(|next| next.strftime("%F %T").to_string());
            table.row([
                line.destination.to_string(),
                line.recipients.to_string(),
                line.deferred.to_string(),
                line.oldest.strftime("%F %T").to_string(),
                if line.suspended { "suspended".into() } else { next.unwrap_or_else(|| "now".into()) },
                line.last_reply.clone().unwrap_or_default(),
            ]);
        }
        table.render()
    })?;
    Ok(Exit::Done)
}
