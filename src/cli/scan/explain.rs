//! `--explain`: the exact text that was read, and how every sight came to its confidence.

use std::fmt::Write;

use super::super::output::plain;
use super::report::Bench;
use crate::detect::{Circumstances, Term};
use crate::intake::Examination;
use crate::message::{Reading, Segment};

/// Everything there is to say about one message. Writing to a string can't fail.
pub fn text(examined: &Examination, bench: &Bench<'_>) -> String {
    let circumstances = Circumstances {
        source: String::new(),
        authors: examined.authors.clone(),
        recipients: examined.decision.recipients.iter().map(|recipient| recipient.address.clone()).collect(),
        own_domains: bench.law.own_domains.clone(),
    };
    let explanation = bench.law.ruleset.explain(&examined.reading, &circumstances, &bench.budget());
    let mut out = String::new();
    for segment in &examined.reading.segments {
        segment_text(&mut out, segment);
    }
    parts(&mut out, &examined.reading);
    if !explanation.sights.is_empty() {
        out.push_str("  sights\n");
    }
    for sight in &explanation.sights {
        _ = writeln!(
            out,
            "    {} in {} at {}..{} ({}): {}  {}{} = {}",
            sight.detector,
            plain(sight.origin.as_str()),
            sight.offset,
            sight.offset + sight.length,
            sight.zone.as_str(),
            plain(&sight.masked),
            sight.base,
            terms(&sight.terms),
            sight.confidence
        );
    }
    for matched in &explanation.findings.matches {
        _ = writeln!(
            out,
            "  rule {} matched, confidence {}, {} distinct ({})",
            matched.rule,
            matched.confidence,
            matched.count,
            matched.mode.as_str()
        );
    }
    for miss in &explanation.near_misses {
        _ = writeln!(
            out,
            "  rule {} nearly matched: {} of {}{}",
            miss.rule,
            miss.score,
            miss.threshold,
            terms(&miss.terms)
        );
    }
    for recipient in &examined.decision.recipients {
        _ = writeln!(out, "  to {}: {}", recipient.address, recipient.level);
        for reason in &recipient.reasons {
            _ = writeln!(out, "    {} because of {}", reason.level, plain(&reason.text));
        }
    }
    out.push('\n');
    out
}

/// The text zone by zone, so that offsets can be counted in it.
fn segment_text(out: &mut String, segment: &Segment) {
    let mut from = 0;
    for span in &segment.zones {
        let text = segment.text.get(from..span.end).unwrap_or_default();
        _ = writeln!(out, "  --- {} {}..{} {}", plain(segment.origin.as_str()), from, span.end, span.zone.as_str());
        for line in text.lines() {
            _ = writeln!(out, "  | {}", shown(line));
        }
        from = span.end;
    }
    if let Some(canonical) = &segment.canonical {
        _ = writeln!(out, "  --- {} as matched, evasions undone", plain(segment.origin.as_str()));
        for line in canonical.text.lines() {
            _ = writeln!(out, "  | {}", shown(line));
        }
    }
}

/// A line as it was read; tabs, which part the cells of tables, do no harm.
fn shown(line: &str) -> String {
    line.split('\t').map(plain).collect::<Vec<_>>().join("\t")
}

fn parts(out: &mut String, reading: &Reading) {
    for part in &reading.parts {
        let name = part.name.as_deref().map(|name| format!(" {:?}", plain(name))).unwrap_or_default();
        let encrypted = if part.encrypted { ", encrypted for its recipient" } else { "" };
        let signed = if part.signed { ", signed" } else { "" };
        _ = writeln!(
            out,
            "  part {}{name}: {}, {} bytes{encrypted}{signed}",
            plain(part.origin.as_str()),
            part.kind,
            part.size
        );
    }
}

/// `, 40 to 95 near ssn_label`.
fn terms(terms: &[Term]) -> String {
    terms.iter().map(|term| format!(", {} to {} near {}", term.from, term.to, plain(&term.near))).collect()
}
