//! `queue`: the mail that waits.

use super::control::Control;
use super::exit::{Exit, Result};
use super::output::Table;
use super::{Common, find, trace};
use crate::web::SummaryView;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Unsettled mail that is not held
    List,
    /// One message's whole story
    Show { id: String },
    /// What waits for each destination, with its last reply and age
    Summary,
}

pub fn run(common: &Common, command: Command) -> Result {
    match command {
        Command::List => find::run(common, &find::Args::in_state("scanning,queued")),
        Command::Show { id } => trace::show(common, &id),
        Command::Summary => summary(common),
    }
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
