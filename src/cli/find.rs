//! `find`: search all mail, also delivered.

use jiff::Timestamp;

use super::Common;
use super::control::{Control, path};
use super::exit::{Exit, Result};
use super::output::Table;
use crate::mail::QueueId;
use crate::store::MessageState;
use crate::web::MessageView;
use crate::world::{Clock, SystemClock};

/// How many messages the gateway gives in one answer.
const PAGE: usize = 500;

#[derive(clap::Args, Default)]
pub struct Args {
    /// The reverse path or author has this text
    #[arg(long, value_name = "TEXT")]
    from: Option<String>,
    /// A recipient has this text
    #[arg(long, value_name = "TEXT")]
    to: Option<String>,
    /// This Message-ID, with or without brackets
    #[arg(long, value_name = "ID")]
    message_id: Option<String>,
    /// Received since: 2026-11-21, 2026-11-21T08:00Z, or an age such as 2h or 7d
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,
    /// scanning, queued, held, delivered, returned, expired or deleted; several with commas
    #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = state)]
    state: Vec<MessageState>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl Args {
    /// Every message in these states.
    pub fn in_states(states: &[MessageState]) -> Self {
        Self { state: states.to_vec(), ..Self::default() }
    }

    /// The states as the gateway takes them.
    fn states(&self) -> Option<String> {
        let names: Vec<&str> = self.state.iter().map(|state| state.as_str()).collect();
        (!names.is_empty()).then(|| names.join(","))
    }
}

fn state(text: &str) -> std::result::Result<MessageState, String> {
    let found = MessageState::ALL.into_iter().find(|state| state.as_str() == text);
    found.ok_or_else(|| format!("one of {} is wanted", MessageState::ALL.map(MessageState::as_str).join(", ")))
}

pub fn run(common: &Common, args: &Args) -> Result {
    let found = search(&Control::open(common)?, args)?;
    common.output().list(&found, table)?;
    Ok(Exit::Done)
}

/// All pages of an answer, in order of arrival.
pub fn search(control: &Control, args: &Args) -> Result<Vec<MessageView>> {
    let most = args.limit.unwrap_or(usize::MAX);
    let mut found: Vec<MessageView> = Vec::new();
    let mut after: Option<QueueId> = None;
    while found.len() < most {
        let limit = PAGE.min(most - found.len());
        let request = path(
            "/v1/messages",
            &[
                ("from", args.from.clone()),
                ("to", args.to.clone()),
                ("message_id", args.message_id.clone()),
                ("since", args.since.map(|since| since.to_string())),
                ("state", args.states()),
                ("after", after.map(|id| id.to_string())),
                ("limit", Some(limit.to_string())),
            ],
        );
        let page: Vec<MessageView> = control.get(&request)?;
        let full = page.len() == limit;
        after = page.last().map(|last| last.id);
        found.extend(page);
        if !full {
            break;
        }
    }
    Ok(found)
}

/// One line a recipient: where it stands, and why.
pub fn table(messages: &[MessageView]) -> String {
    if messages.is_empty() {
        return "no messages\n".into();
    }
    let mut table = Table::new(&["ID", "RECEIVED", "FROM", "TO", "STATE", "LEVEL", "WHY"]);
    for message in messages {
        // A damaged record knows no recipients; that the message is there must show all the same.
        if message.recipients.is_empty() {
            let (received, state) = (message.received.strftime("%F %T").to_string(), message.state.to_string());
            table.row([message.id.to_string(), received, "-".into(), "-".into(), state, "-".into(), String::new()]);
        }
        for recipient in &message.recipients {
            table.row([
                message.id.to_string(),
                message.received.strftime("%F %T").to_string(),
                message.reverse_path.to_string(),
                recipient.address.to_string(),
                recipient.state.to_string(),
                recipient.level.map_or_else(|| "-".to_owned(), |level| level.to_string()),
                recipient.reason.clone().unwrap_or_default(),
            ]);
        }
    }
    table.render()
}

/// A moment: a timestamp, a day in UTC, or an age.
pub fn since(text: &str) -> std::result::Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(day) = text.parse::<jiff::civil::Date>() {
        let start = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
        return Ok(start.timestamp());
    }
    let age: jiff::SignedDuration =
        age(text).ok_or("a day (2026-11-21), a time (2026-11-21T08:00Z) or an age (30m, 2h, 7d) is wanted")?;
    SystemClock.now().checked_sub(age).map_err(|error| error.to_string())
}

/// `30s`, `15m`, `2h`, `7d`; at most a hundred years.
pub fn age(text: &str) -> Option<jiff::SignedDuration> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let count: i64 = text[..at].parse().ok()?;
    let unit = match &text[at..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    const LONGEST: i64 = 36_525 * 86_400;
    count.checked_mul(unit).filter(|seconds| *seconds <= LONGEST).map(jiff::SignedDuration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_without_recipients_stands_in_the_table_all_the_same() {
        let message = MessageView {
            id: QueueId::new(1, &[1; 10]),
            state: MessageState::Held,
            received: Timestamp::UNIX_EPOCH,
            reverse_path: crate::mail::ReversePath::Null,
            recipients: Vec::new(),
        };
        let line = table(std::slice::from_ref(&message)).lines().nth(1).map(str::to_owned).unwrap_or_default();
        assert!(line.starts_with(&message.id.to_string()) && line.contains("held"), "{line}");
    }

    #[test]
    fn a_moment_is_a_time_a_day_or_an_age() {
        assert_eq!(since("2026-11-21").unwrap().to_string(), "2026-11-21T00:00:00Z");
        assert_eq!(since("2026-11-21T08:00Z").unwrap().to_string(), "2026-11-21T08:00:00Z");
        assert!(since("2h").unwrap() < Timestamp::now());
        for wrong in ["", "yesterday", "2w", "h", "99999999999d", "99999999999999999999d"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }
}
