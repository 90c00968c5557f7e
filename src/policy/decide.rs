//! The decision itself: what everything seen asks for, what records lower, and the highest of it.

use jiff::Timestamp;

use super::ladder::ladder;
use super::request::{edits, requests};
use super::{Class, Config, Decision, Level, Reason, RecipientDecision, Refusal, Verdict, Waiver};
use crate::detect::{Findings, Kind, Mode, Sensitivity};
use crate::mail::{Address, Envelope};
use crate::message::{Gap, Reading};

/// What is known beside the message and its envelope.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub now: Timestamp,
    /// Every address of the `From:` field.
    pub authors: &'a [Address],
    /// At least those of the recipients.
    pub waivers: &'a [Waiver],
    /// Hex SHA-256 of the ruleset that made the findings.
    pub ruleset: &'a str,
}

/// One thing that asks for a level.
struct Ask {
    /// How an exception names it; empty where none can.
    id: String,
    class: Class,
    level: Level,
    text: String,
    /// Whether the recipient's consent to unencrypted mail covers it.
    waivable: bool,
}

/// Settles what is asked for each recipient. More findings, gaps or wishes never lower a level;
/// only a dated record does, and it stands in `lowered_by`.
pub fn decide(
    config: &Config,
    findings: Findings,
    reading: &Reading,
    envelope: &Envelope,
    context: &Context<'_>,
) -> Decision {
    let (config, profile) = config.resolve(&envelope.source, context.authors);
    let asks = asks(config, &findings, reading, envelope);
    let observed = config.observes(context.now) && !envelope.require_tls;
    let all_or_nothing =
        config.all_or_nothing || findings.matches.iter().any(|m| m.mode == Mode::Enforce && m.all_or_nothing);
    let mut recipients: Vec<RecipientDecision> = envelope
        .recipients
        .iter()
        .map(|recipient| for_recipient(config, &asks, envelope, &recipient.address, context))
        .collect();
    if reading.fields("TLS-Required").any(|value| value.trim().eq_ignore_ascii_case("no")) {
        // RFC 8689 §5 lets a sender waive TLS; a sender can't waive what policy asks for.
        let ignored = Reason { level: Level::Opportunistic, text: "header TLS-Required: No ignored".to_owned() };
        recipients.iter_mut().for_each(|recipient| recipient.reasons.push(ignored.clone()));
    }
    if all_or_nothing {
        hold_together(&mut recipients);
    }
    if observed {
        // The level stays what it would have been; what is done about it is to send.
        recipients.iter_mut().for_each(|recipient| recipient.ladder = Config::AUTO.to_vec());
    }
    let refused = recipients.iter().any(|recipient| recipient.level == Level::Reject);
    Decision {
        verdict: verdict(config, &findings, reading),
        refusal: (refused && !observed).then(|| refusal(&asks)),
        gaps: reading.gaps.clone(),
        findings,
        recipients,
        all_or_nothing,
        edits: edits(config, reading, &envelope.source),
        ruleset: context.ruleset.to_owned(),
        config: config.hash.clone(),
        profile: profile.map(|profile| profile.name.clone()),
        observed,
    }
}

/// Everything that asks. `policy.clean` always does, and last: what a rule asked for, lowered to
/// the level of clean mail, is told before it.
fn asks(config: &Config, findings: &Findings, reading: &Reading, envelope: &Envelope) -> Vec<Ask> {
    let mut asks = Vec::new();
    for rule in findings.matches.iter().filter(|rule| rule.mode == Mode::Enforce) {
        let (class, level) = config.level(rule.sensitivity);
        // Consent covers a patient's ordinary PHI; not cards, nor what law guards beyond HIPAA: such rules
        // are special or, as those of the pack `special`, name their level themselves.
        let ordinary = matches!(rule.sensitivity, Sensitivity::Light | Sensitivity::Standard);
        let waivable = rule.kind == Kind::Phi && ordinary;
        asks.push(Ask { id: rule.rule.clone(), class, level, text: format!("rule {}", rule.rule), waivable });
    }
    for gap in unprotected_gaps(reading) {
        let level = config.gap_level(gap.reason);
        let text = format!("gap {} in {}", gap.reason, gap.origin);
        asks.push(Ask { id: format!("gap.{}", gap.reason), class: Class::Gap, level, text, waivable: false });
    }
    for request in requests(config, reading) {
        let (level, text) = (request.level, request.text);
        asks.push(Ask { id: String::new(), class: Class::Asked, level, text, waivable: false });
    }
    if envelope.require_tls {
        // RFC 8689 §4.2.1: the server's identity must be vouched for.
        let level = Level::TlsAuthenticated;
        asks.push(Ask { id: String::new(), class: Class::Asked, level, text: "REQUIRETLS".into(), waivable: false });
    }
    let clean = "policy.clean".to_owned();
    asks.push(Ask { id: clean.clone(), class: Class::Clean, level: config.clean, text: clean, waivable: true });
    asks
}

/// A part that is encrypted for its recipient is protected as it stands; that we can't read it
/// asks for nothing more.
fn unprotected_gaps(reading: &Reading) -> impl Iterator<Item = &Gap> {
    reading.gaps.iter().filter(|gap| !reading.parts.iter().any(|part| part.encrypted && part.origin == gap.origin))
}

fn for_recipient(
    config: &Config,
    asks: &[Ask],
    envelope: &Envelope,
    address: &Address,
    context: &Context<'_>,
) -> RecipientDecision {
    let waiver = context.waivers.iter().find(|waiver| waiver.covers(address, context.authors, context.now));
    let mut level = Level::Opportunistic;
    let mut class = Class::Clean;
    let mut reasons = Vec::new();
    let mut lowered_by: Vec<String> = Vec::new();
    for ask in asks {
        let mut asked = ask.level;
        let mut text = ask.text.clone();
        let mut lower = |to: Level, record: String| {
            if to < asked {
                text = format!("{text} (asks {asked}, lowered by {record})");
                asked = to;
                if !lowered_by.contains(&record) {
                    lowered_by.push(record);
                }
            }
        };
        let exceptions = config
            .exceptions
            .iter()
            .filter(|exception| exception.applies(&ask.id, context.now, &envelope.source, context.authors, address));
        exceptions.for_each(|exception| lower(exception.effect, format!("exception {}", exception.id)));
        // Consent to plain mail is no consent to skip the person who must judge.
        if let Some(waiver) = waiver.filter(|_| ask.waivable && ask.level < Level::Hold) {
            lower(Level::Opportunistic, format!("waiver {}", waiver.id));
        }
        level = level.max(asked);
        // A picture's gap asks for no more than clean mail, and so climbs its ladder.
        if asked > config.clean {
            class = class.max(ask.class);
        }
        reasons.push(Reason { level: asked, text });
    }
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.level));
    let ladder = ladder(config, class, level, address);
    if level < Level::Hold && !ladder.iter().any(|rung| rung.reaches().is_some()) {
        reasons.push(Reason { level, text: format!("no method of the ladder reaches {level} for this recipient") });
    }
    RecipientDecision { address: address.clone(), level, ladder, reasons, lowered_by }
}

/// One recipient held holds all.
fn hold_together(recipients: &mut [RecipientDecision]) {
    if !recipients.iter().any(|recipient| recipient.level == Level::Hold) {
        return;
    }
    for recipient in recipients.iter_mut().filter(|recipient| recipient.level < Level::Hold) {
        recipient.level = Level::Hold;
        recipient.ladder = vec![super::Method::Hold];
        recipient.reasons.insert(0, Reason { level: Level::Hold, text: "all or nothing".to_owned() });
    }
}

/// Holds every recipient, for a reason that no configuration foresees: a fault of ours.
pub fn hold_all(decision: &mut Decision, why: &str) {
    decision.observed = false;
    decision.refusal = None;
    for recipient in &mut decision.recipients {
        recipient.level = Level::Hold;
        recipient.ladder = vec![super::Method::Hold];
        recipient.reasons.insert(0, Reason { level: Level::Hold, text: why.to_owned() });
    }
}

fn verdict(config: &Config, findings: &Findings, reading: &Reading) -> Verdict {
    let enforced = |kind: fn(Kind) -> bool| findings.matches.iter().any(|m| m.mode == Mode::Enforce && kind(m.kind));
    if enforced(|kind| kind == Kind::Phi) {
        Verdict::Phi
    } else if unprotected_gaps(reading).any(|gap| config.gap_level(gap.reason) > config.clean) {
        Verdict::Unread
    } else if enforced(|kind| kind != Kind::Phi) {
        Verdict::Sensitive
    } else {
        Verdict::Clean
    }
}

/// Neutral words: the client's log may be read by anybody.
fn refusal(asks: &[Ask]) -> Refusal {
    let by_gap = asks.iter().filter(|ask| ask.level == Level::Reject).all(|ask| ask.class == Class::Gap);
    let (code, text) = match by_gap {
        true => ("WX-READ", "message refused: part of it can't be read"),
        false => ("WX-RULE", "message refused by policy"),
    };
    Refusal { code: code.to_owned(), text: text.to_owned() }
}
