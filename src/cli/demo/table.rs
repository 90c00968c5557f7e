//! What became of each recipient, and why, for a reader who has never seen a gateway.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::super::output::{Table, plain};
use super::{Internet, Submitted};
use crate::store::RecipientState;
use crate::web::{RecipientStory, StoryView};

/// One recipient of one mail.
#[derive(Debug, Serialize)]
pub struct Row {
    pub mail: &'static str,
    pub recipient: String,
    /// What was seen in the mail.
    pub found: String,
    /// The level asked for.
    pub level: String,
    pub outcome: String,
    pub why: String,
}

pub fn rows(sent: &Submitted, story: Option<&StoryView>) -> Vec<Row> {
    let Some(story) = story else {
        let refused = |recipient: &String| Row {
            mail: sent.sample.title,
            recipient: recipient.clone(),
            found: "-".into(),
            level: "-".into(),
            outcome: "REFUSED".into(),
            why: format!("the sender was told: {}", sent.reply),
        };
        return sent.sample.recipients.iter().map(refused).collect();
    };
    let found = found(story);
    let row = |recipient: &RecipientStory| Row {
        mail: sent.sample.title,
        recipient: recipient.now.address.to_string(),
        found: found.clone(),
        level: asked(recipient),
        outcome: outcome(recipient.now.state).into(),
        why: why(story, recipient),
    };
    story.recipients.iter().map(row).collect()
}

fn asked(recipient: &RecipientStory) -> String {
    recipient.now.level.map_or_else(|| "-".to_owned(), |level| level.to_string())
}

fn outcome(state: RecipientState) -> &'static str {
    match state {
        RecipientState::Sent => "SENT",
        RecipientState::Deferred | RecipientState::Pending => "WAITS",
        RecipientState::Held => "HELD",
        RecipientState::Failed => "RETURNED",
        RecipientState::Pickup | RecipientState::Read => "PICKUP",
        RecipientState::Paused => "PAUSED",
    }
}

/// The verdict, and what it rests on: kinds of findings, never their text.
fn found(story: &StoryView) -> String {
    let verdict = story.verdict.map_or("-", |verdict| verdict.as_str());
    let kinds: BTreeSet<&str> = story.findings.iter().map(|finding| finding.detector.as_str()).collect();
    let gaps: BTreeSet<&str> = story.gaps.iter().map(|gap| gap.reason.as_str()).collect();
    let all: Vec<&str> = kinds.into_iter().chain(gaps).collect();
    match all.len() {
        0 => verdict.to_owned(),
        1..=3 => format!("{verdict}: {}", all.join(", ")),
        more => format!("{verdict}: {} and {} more", all[..2].join(", "), more - 2),
    }
}

fn why(story: &StoryView, recipient: &RecipientStory) -> String {
    let address = recipient.now.address.to_string();
    let attempt = story.events.iter().rev().find(|event| {
        event.kind == "attempted" && event.detail.get("recipient").and_then(|value| value.as_str()) == Some(&address)
    });
    let detail = |name: &str| {
        let value = attempt.and_then(|event| event.detail.get(name)?.as_str());
        value.unwrap_or_default().to_owned()
    };
    let reason = recipient.now.reason.clone().unwrap_or_default();
    match recipient.now.state {
        RecipientState::Sent => match detail("tls").as_str() {
            "" => "in clear: nothing asked for more".to_owned(),
            version => format!("over {version}; certificate: {}", detail("certificate")),
        },
        RecipientState::Deferred | RecipientState::Pending => {
            format!("it needs {}, and: {}", asked(recipient), detail("reply"))
        }
        RecipientState::Held => format!("a person must judge it: {reason}"),
        _ => reason,
    }
}

/// The table with what a stranger needs to read it.
pub fn text(rows: &[Row], internet: &Internet, rules: &[PathBuf]) -> String {
    let mut out = String::new();
    let places: Vec<String> = rules.iter().map(|path| path.display().to_string()).collect();
    _ = writeln!(
        out,
        "A clinic sent six mails through a Waxseal gateway on this machine (rules: {}).\n\
         insurer.example has a mail server whose certificate verifies; old-practice.example offers no TLS.\n",
        places.join(", ")
    );
    let mut table = Table::new(&["MAIL", "RECIPIENT", "NEEDS", "BECAME"]);
    let mut last = "";
    for row in rows {
        let mail = if row.mail == last { "" } else { row.mail };
        last = row.mail;
        table.row([mail.to_owned(), row.recipient.clone(), row.level.clone(), row.outcome.clone()]);
    }
    out.push_str(&table.render());
    _ = writeln!(out, "\nWhy");
    let mut last = "";
    for row in rows {
        if row.mail != last {
            _ = writeln!(out, "  {}  [found {}]", row.mail, plain(&row.found));
            last = row.mail;
        }
        _ = writeln!(out, "    {:<8} {}: {}", row.outcome, row.recipient, plain(&row.why));
    }
    _ = writeln!(out, "\nArrived, by the account of the two receiving servers");
    for taken in internet.arrived() {
        let how = if taken.over_tls { "over TLS" } else { "in clear" };
        _ = writeln!(out, "    {:<24} {how}  {:?}", taken.recipient, plain(&taken.subject));
    }
    _ = writeln!(
        out,
        "\nWhat waits is tried again until their server is mended; what is held waits for `waxseal quarantine`.\n\
         Everything ran on loopback in a temporary folder that is gone now. Next: waxseal connect --help"
    );
    out
}
