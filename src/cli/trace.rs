//! `trace`: one message's whole story, per recipient.

use std::fmt::Write;

use super::Common;
use super::control::{Control, encode};
use super::exit::{Error, Exit, Result};
use super::findings::distinct;
use super::output::plain;
use crate::mail::QueueId;
use crate::web::{AccountView, EventView, StoryView};

#[derive(clap::Args)]
pub struct Args {
    /// The id after `Ok` in our reply (also X-Waxseal-Id), or the Message-ID
    id: String,
}

pub fn run(common: &Common, args: &Args) -> Result {
    show(common, &args.id)
}

/// Prints the story of a message.
pub fn show(common: &Common, id: &str) -> Result {
    let control = Control::open(common)?;
    let story: StoryView = match control.get(&format!("/v1/messages/{}", encode(id))) {
        Ok(story) => story,
        Err(Error::No(why)) => return account(common, &control, id, why),
        Err(error) => return Err(error),
    };
    common.output().one(&story, text)?;
    Ok(Exit::Done)
}

/// What was refused, or is past `retention.messages`, has no record any more; the account is kept for good.
fn account(common: &Common, control: &Control, id: &str, why: String) -> Result {
    let Ok(id) = id.parse::<QueueId>() else { return Err(Error::No(why)) };
    let account: AccountView = control.get(&format!("/v1/messages/{id}/events"))?;
    common.output().one(&account, |account| {
        let state = account.state.as_deref().unwrap_or("kept in the account only");
        let lines: String = account.events.iter().map(|event| format!("  {}\n", line(event))).collect();
        format!("message    {id}  {state}\n\nwhat happened\n{lines}")
    })?;
    Ok(Exit::Done)
}

/// The story for a reader. Writing to a string can't fail, so the results are dropped.
fn text(story: &StoryView) -> String {
    let mut out = String::new();
    let none = || "-".to_owned();
    _ = writeln!(out, "message    {}  {}", story.id, story.state);
    _ = writeln!(out, "received   {} from {} as source {}", story.received, plain(&story.client), story.source);
    _ = writeln!(
        out,
        "           over {}{}, {} bytes",
        story.received_tls.as_deref().unwrap_or("a clear connection"),
        story.user.as_deref().map(|user| format!(", signed in as {}", plain(user))).unwrap_or_default(),
        story.size
    );
    _ = writeln!(out, "from       {}", story.reverse_path);
    _ = writeln!(out, "author     {}", story.author.as_ref().map_or_else(none, ToString::to_string));
    _ = writeln!(out, "Message-ID {}", story.message_id.as_deref().map_or_else(none, |id| plain(id).into_owned()));
    let verdict = story.verdict.map_or("still scanning", |verdict| verdict.as_str());
    _ = writeln!(out, "verdict    {verdict}{}", if story.observed { " (observed only: not enforced)" } else { "" });
    for rule in &story.rules {
        let trial = if story.on_trial.contains(rule) { " (on trial: it decided nothing)" } else { "" };
        _ = writeln!(out, "  rule     {rule}{trial}");
    }
    for (finding, _) in distinct(&story.findings) {
        _ = writeln!(
            out,
            "  found    {} in {} at {} ({}): {}  confidence {}",
            finding.detector,
            plain(finding.origin.as_str()),
            finding.offset,
            finding.zone.as_str(),
            plain(&finding.masked),
            finding.confidence
        );
    }
    for gap in &story.gaps {
        _ = writeln!(out, "  unread   {} ({})", plain(gap.origin.as_str()), gap.reason);
    }
    if let (Some(ruleset), Some(config)) = (&story.ruleset, &story.config) {
        _ = writeln!(out, "decided by ruleset {} and configuration {}", short(ruleset), short(config));
    }
    for recipient in &story.recipients {
        let now = &recipient.now;
        _ = writeln!(out, "\nto {}  {}", now.address, now.state);
        let ladder: Vec<&str> = recipient.ladder.iter().map(|method| method.as_str()).collect();
        match (now.level, now.method) {
            (Some(level), Some(method)) => {
                _ = writeln!(out, "  asks     {level} by {} (now {method})", ladder.join(", then "));
            }
            _ => _ = writeln!(out, "  {}", now.reason.as_deref().unwrap_or_default()),
        }
        for reason in &recipient.reasons {
            _ = writeln!(out, "  because  {}", plain(reason));
        }
        for lowered in &recipient.lowered_by {
            _ = writeln!(out, "  lowered  by {}", plain(lowered));
        }
        if let Some(reply) = &recipient.last_reply {
            _ = writeln!(out, "  last     {}", plain(reply));
        }
        if let Some(next) = now.next_attempt {
            _ = writeln!(out, "  next     {next} (after {} attempts)", recipient.attempts);
        }
    }
    if !story.events.is_empty() {
        _ = writeln!(out, "\nwhat happened");
    }
    for event in &story.events {
        _ = writeln!(out, "  {}", line(event));
    }
    out
}

/// `2026-11-21 08:00:00.123  attempted  by gateway  host=mx.example.org …`.
fn line(event: &EventView) -> String {
    let mut line = format!("{}  {:<10} by {}", event.at.strftime("%F %T%.3f"), event.kind, plain(&event.actor));
    for (name, value) in &event.detail {
        let value = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Null => continue,
            other => other.to_string(),
        };
        _ = write!(line, "  {name}={}", plain(&value));
    }
    line
}

/// Enough of a hash to tell two apart; `--json` has it whole.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
