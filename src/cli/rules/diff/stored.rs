//! Both rulesets over what the gateway kept of the messages it decided: which of last week's mail would
//! end differently, long after the mail itself is gone.

use jiff::Timestamp;

use super::super::super::Common;
use super::super::super::control::{Control, path};
use super::super::super::exit::{Exit, Result};
use super::{Changes, Name, Outcome};
use crate::detect::{Circumstances, Findings};
use crate::intake::Law;
use crate::mail::QueueId;
use crate::message::{Field, Gap, Reading};
use crate::policy::{self, Decision};
use crate::web::{DecisionView, Decisions};
use crate::world::{Clock, SystemClock};

pub fn run(common: &Common, old: &Law, new: &Law, since: Option<Timestamp>) -> Result {
    for limit in new.ruleset.limits_of_outlines(&old.ruleset) {
        eprintln!("waxseal: {limit}");
    }
    let control = Control::open(common)?;
    let now = SystemClock.now();
    let mut changes = Changes::new(common);
    let mut after: Option<QueueId> = None;
    loop {
        let request = path(
            "/v1/decisions",
            &[("since", since.map(|since| since.to_string())), ("after", after.map(|id| id.to_string()))],
        );
        let Decisions { decisions, last } = control.get(&request)?;
        for kept in &decisions {
            let (before, today) = (decided(old, kept, now), decided(new, kept, now));
            let doubts = || doubts(kept, &before, &today, old, new);
            let name = Name::Id(kept.envelope.id.to_string());
            changes.see(name, Outcome::from(&before), Outcome::from(&today), doubts)?;
        }
        if last.is_none() {
            changes.sum_up()?;
            return Ok(Exit::Done);
        }
        after = last;
    }
}

/// What would have been decided, by what is kept.
fn decided(law: &Law, kept: &DecisionView, now: Timestamp) -> Decision {
    let DecisionView { envelope, author, decision } = kept;
    let authors: Vec<_> = author.iter().cloned().collect();
    let circumstances = Circumstances {
        source: envelope.source.clone(),
        authors: authors.clone(),
        recipients: envelope.recipients.iter().map(|recipient| recipient.address.clone()).collect(),
        own_domains: law.own_domains.clone(),
    };
    let reading = Reading { fields: wishes(decision), gaps: open_gaps(decision), ..Reading::default() };
    let matches = law.ruleset.judge_outline(&decision.findings.outline, &reading, &circumstances);
    let context = policy::Context { now, authors: &authors, waivers: &[], ruleset: law.ruleset.hash() };
    policy::decide(&law.policy, Findings { matches, ..Findings::default() }, &reading, envelope, &context)
}

/// What the first recipient's reasons say; of what asks for all alike, each recipient's say the same.
fn reasons(decision: &Decision) -> impl Iterator<Item = &str> {
    let reasons = decision.recipients.first().map_or(&[][..], |recipient| &recipient.reasons);
    // An exception's work stands behind what was asked.
    reasons.iter().filter_map(|reason| reason.text.split(" (asks ").next())
}

/// The header fields by which the sender asked for more, as far as the reasons tell them.
fn wishes(decision: &Decision) -> Vec<Field> {
    let field = |name: &str, value: &str| Field { name: name.to_owned(), value: value.to_owned(), range: 0..0 };
    let wish = |text: &str| match text.strip_prefix("tag ") {
        Some(tag) => Some(field("Subject", tag)),
        None => {
            let (name, value) = text.strip_prefix("header ")?.split_once(": ")?;
            Some(field(name, value.split(',').next().unwrap_or(value)))
        }
    };
    reasons(decision).filter_map(wish).collect()
}

/// The gaps that asked for something: not those of parts that are protected as they are.
fn open_gaps(decision: &Decision) -> Vec<Gap> {
    let asked = |gap: &&Gap| reasons(decision).any(|text| text == format!("gap {} in {}", gap.reason, gap.origin));
    decision.gaps.iter().filter(asked).cloned().collect()
}

/// Why the message itself may come out otherwise than what is kept of it.
fn doubts(kept: &DecisionView, before: &Decision, today: &Decision, old: &Law, new: &Law) -> Vec<String> {
    let outline = &kept.decision.findings.outline;
    let mut doubts = new.ruleset.doubts(outline);
    let rules = |decision: &Decision| -> Vec<String> {
        let matches = decision.findings.matches.iter();
        matches.map(|matched| matched.rule.clone()).filter(|rule| old.ruleset.judges_outlines(rule)).collect()
    };
    let by_old = kept.decision.ruleset == before.ruleset;
    if by_old && before.ruleset != today.ruleset && rules(&kept.decision) != rules(before) {
        doubts.push("by what is kept, the rules of then come out otherwise than they did".to_owned());
    }
    doubts
}
