//! Which role each line of a text plays: new text, quoted history, signature, disclaimer, blank form.
//!
//! The roles decide what counts: a footer's "patient information" tells nothing about a patient. So a
//! line leaves zone `New` only on good grounds, and one that holds data never hides in a signature or footer.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::{Zone, ZoneSpan};

/// The zones of a mail's text. `quoted` are stretches that the markup says are quotations.
pub(super) fn of_mail(text: &str, quoted: &[Range<usize>]) -> Vec<ZoneSpan> {
    let lines: Vec<Line<'_>> = lines(text).collect();
    let mut zones = vec![Zone::New; lines.len()];
    mark_quoted(&lines, quoted, &mut zones);
    mark_signatures(&lines, &mut zones);
    mark_disclaimers(text, &lines, &mut zones);
    mark_blank_forms(text, &lines, &mut zones);
    spans(&lines, &zones)
}

/// The zones of an attachment's text: new, or the empty fields of a form.
pub(super) fn of_document(text: &str) -> Vec<ZoneSpan> {
    if !may_have_blanks(text) {
        return vec![ZoneSpan { end: text.len(), zone: Zone::New }];
    }
    let lines: Vec<Line<'_>> = lines(text).collect();
    let mut zones = vec![Zone::New; lines.len()];
    mark_blank_forms(text, &lines, &mut zones);
    spans(&lines, &zones)
}

#[derive(Clone, Copy)]
struct Line<'t> {
    /// Without blanks at both ends.
    text: &'t str,
    start: usize,
    /// After its line end.
    end: usize,
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let len = memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
        let line = Line { text: rest[..len].trim_ascii(), start, end: start + len };
        start += len;
        Some(line)
    })
}

fn spans(lines: &[Line<'_>], zones: &[Zone]) -> Vec<ZoneSpan> {
    let mut spans: Vec<ZoneSpan> = Vec::new();
    for (line, zone) in lines.iter().zip(zones) {
        match spans.last_mut() {
            Some(span) if span.zone == *zone => span.end = line.end,
            _ => spans.push(ZoneSpan { end: line.end, zone: *zone }),
        }
    }
    spans
}

fn mark_quoted(lines: &[Line<'_>], quoted: &[Range<usize>], zones: &mut [Zone]) {
    let mut at = 0;
    while at < lines.len() {
        let line = &lines[at];
        if line.text.starts_with('>') || is_inside(line.start, quoted) {
            zones[at] = Zone::Quoted;
        } else if let Some(head) = history_head(&lines[at..]) {
            zones[at..at + head].fill(Zone::Quoted);
            // What follows unmarked is the earlier mail itself, unless its lines carry marks of their own.
            let marked = lines[at + head..].iter().find(|line| !line.text.is_empty());
            if !marked.is_some_and(|line| line.text.starts_with('>')) {
                zones[at..].fill(Zone::Quoted);
                return;
            }
            at += head;
            continue;
        }
        at += 1;
    }
}

/// Ranges are apart and ascending.
fn is_inside(at: usize, ranges: &[Range<usize>]) -> bool {
    ranges[..ranges.partition_point(|range| range.start <= at)].last().is_some_and(|range| range.contains(&at))
}

/// How many lines the introduction of earlier mail takes, if one begins here.
fn history_head(lines: &[Line<'_>]) -> Option<usize> {
    let first = lines[0].text;
    let byte = *first.as_bytes().first()?;
    match byte {
        b'O' | b'E' | b'L' | b'A' => attribution(lines),
        b'-' | b'_' | b'B' if is_divider(first, lines) => Some(1),
        b'F' | b'D' | b'*' | b'V' if is_header_block(lines) => Some(1),
        _ => None,
    }
}

/// `On Monday … wrote:`, on up to three lines, and its kin in other languages.
fn attribution(lines: &[Line<'_>]) -> Option<usize> {
    let first = lines[0].text;
    let opens = ["On ", "El ", "Le ", "Am "].iter().any(|start| first.starts_with(start));
    if !opens {
        return None;
    }
    lines
        .iter()
        .take(3)
        .position(|line| ["wrote:", "escribió:", "a écrit :", "schrieb:"].iter().any(|end| line.text.ends_with(end)))
        .map(|at| at + 1)
}

fn is_divider(line: &str, lines: &[Line<'_>]) -> bool {
    let word = line.trim_matches(|c| matches!(c, '-' | '_' | ' '));
    match word {
        // Outlook's rule stands before its header block.
        "" => line.len() >= 10 && lines.get(1).is_some_and(|_| is_header_block(&lines[1..])),
        "Begin forwarded message:" => true,
        _ => {
            line.starts_with("--")
                && [
                    "Original Message",
                    "Forwarded message",
                    "Forwarded Message",
                    "Mensaje original",
                    "Original Appointment",
                ]
                .iter()
                .any(|known| word.starts_with(known))
        }
    }
}

/// `From:` with `Sent:` or `Date:` and `To:` or `Subject:` within the next lines.
fn is_header_block(lines: &[Line<'_>]) -> bool {
    let label =
        |line: &Line<'_>| line.text.trim_start_matches('*').split([':', '*']).next().unwrap_or_default().to_owned();
    if !matches!(label(&lines[0]).as_str(), "From" | "De" | "Von" | "Date") {
        return false;
    }
    let near: Vec<String> = lines.iter().skip(1).take(5).map(label).collect();
    let has = |names: &[&str]| near.iter().any(|label| names.contains(&label.as_str()));
    has(&["Sent", "Date", "From", "Enviado", "Gesendet"]) && has(&["To", "Subject", "Para", "An", "Asunto", "Betreff"])
}

const SIGN_OFFS: &[&str] = &[
    "best",
    "best regards",
    "best wishes",
    "kind regards",
    "kindest regards",
    "warm regards",
    "warmly",
    "regards",
    "sincerely",
    "sincerely yours",
    "yours sincerely",
    "yours truly",
    "yours faithfully",
    "respectfully",
    "thanks",
    "thank you",
    "many thanks",
    "thanks again",
    "thanks so much",
    "thank you so much",
    "with thanks",
    "cheers",
    "all the best",
    "take care",
    "cordially",
    "with gratitude",
    "in good health",
    "be well",
    "saludos",
    "atentamente",
    "cordialmente",
    "gracias",
    "un saludo",
    "v/r",
    "vr",
    "rgds",
];

/// No signature is longer; what comes after is text again.
const MAX_SIGNATURE: usize = 14;

fn mark_signatures(lines: &[Line<'_>], zones: &mut [Zone]) {
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].text;
        let dashes = matches!(line, "--" | "—" | "- -") || is_rule_of_signature(line);
        if zones[at] == Zone::New && (dashes || is_sign_off(line)) {
            at = mark_signature(lines, zones, at);
        } else {
            at += 1;
        }
    }
}

fn is_rule_of_signature(line: &str) -> bool {
    line.starts_with("Sent from my ") || line.starts_with("Get Outlook for ")
}

fn is_sign_off(line: &str) -> bool {
    line.len() <= 24 && {
        let bare = line.trim_end_matches([',', '!', '.', ' ', '-']).to_ascii_lowercase();
        SIGN_OFFS.contains(&bare.as_str())
    }
}

/// Marks contact lines from here on; answers where text goes on.
fn mark_signature(lines: &[Line<'_>], zones: &mut [Zone], from: usize) -> usize {
    let mut end = from + 1;
    for at in from + 1..lines.len().min(from + MAX_SIGNATURE) {
        if zones[at] != Zone::New {
            break;
        }
        let line = lines[at].text;
        if line.is_empty() {
            continue;
        }
        if !is_contact_line(line) {
            break;
        }
        end = at + 1;
    }
    zones[from..end].fill(Zone::Signature);
    end
}

/// A name, a title, a number, an address: short, no sentence, and nothing of a patient's.
fn is_contact_line(line: &str) -> bool {
    const DATA: &[&str] = &[
        "patient", "pt ", "pt:", "mrn", "ssn", "dob", "birth", "diagnos", "p.s", "ps:", "ps ", "member", "claim",
        "policy", "rx", " mg", "re:", "result", "chart", "dx", "a1c", "account",
    ];
    let lower = line.to_ascii_lowercase();
    line.len() <= 90
        && line.split_ascii_whitespace().count() <= 11
        && !DATA.iter().any(|word| lower.contains(word))
        && !(line.ends_with(['.', '?', '!']) && line.split_ascii_whitespace().count() > 5)
}

fn mark_disclaimers(text: &str, lines: &[Line<'_>], zones: &mut [Zone]) {
    const SIGNS: [&[u8]; 5] = [b"onfidential", b"ONFIDENTIAL", b"ntended", b"isclaimer", b"ISCLAIMER"];
    if !SIGNS.iter().any(|sign| memmem::find(text.as_bytes(), sign).is_some()) {
        return;
    }
    let mut start = 0;
    while start < lines.len() {
        if lines[start].text.is_empty() {
            start += 1;
            continue;
        }
        let end = lines[start..].iter().position(|line| line.text.is_empty()).map_or(lines.len(), |len| start + len);
        let paragraph = &text[lines[start].start..lines[end - 1].end];
        if is_disclaimer(paragraph) {
            zones[start..end].fill(Zone::Disclaimer);
        }
        start = end;
    }
}

/// Words of law without data: a paragraph with numbers like an identifier's is no mere footer.
fn is_disclaimer(paragraph: &str) -> bool {
    const PHRASES: &[&str] = &[
        "intended recipient",
        "intended only for",
        "intended solely",
        "intended for the",
        "in error",
        "unauthorized",
        "privileged",
        "strictly prohibited",
        "notify the sender",
        "delete this",
        "destroy all copies",
        "do not disseminate",
        "dissemination",
        "confidentiality notice",
        "confidential information",
        "may contain",
        "disclaimer",
        "hipaa",
        "protected health information",
    ];
    // Long prose is no footer, and looking at megabytes of it would cost.
    if paragraph.len() > 4000 || paragraph.bytes().filter(u8::is_ascii_digit).count() >= 9 {
        return false;
    }
    let lower = paragraph.to_ascii_lowercase();
    let confidential = lower.contains("confidential") || lower.contains("disclaimer") || lower.contains("privileged");
    let phrases = PHRASES.iter().filter(|phrase| lower.contains(*phrase)).count();
    phrases >= 3 || (confidential && phrases >= 2)
}

fn may_have_blanks(text: &str) -> bool {
    let bytes = text.as_bytes();
    let signs: [&[u8]; 6] = [b"___", b"[ ]", b"[  ]", b"....", "☐".as_bytes(), "…".as_bytes()];
    signs.iter().any(|sign| memmem::find(bytes, sign).is_some())
}

/// A form with at least three empty fields, and hardly any filled one: from its first to its last.
fn mark_blank_forms(text: &str, lines: &[Line<'_>], zones: &mut [Zone]) {
    if !may_have_blanks(text) {
        return;
    }
    let fields: Vec<Option<Filling>> = lines.iter().map(|line| filling(line.text)).collect();
    let of =
        |wanted: Filling| fields.iter().enumerate().filter(move |(_, field)| **field == Some(wanted)).map(|(at, _)| at);
    let empty = of(Filling::Empty).count();
    if empty < 3 || of(Filling::Filled).count() * 2 > empty {
        return;
    }
    let (Some(first), Some(last)) = (of(Filling::Empty).next(), of(Filling::Empty).next_back()) else { return };
    for at in first..=last {
        // A line that someone filled in is no blank.
        if zones[at] == Zone::New && fields[at] != Some(Filling::Filled) && digits(lines[at].text) < 6 {
            zones[at] = Zone::Blank;
        }
    }
}

fn digits(line: &str) -> usize {
    line.bytes().filter(u8::is_ascii_digit).count()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Filling {
    Empty,
    Filled,
}

/// Whether a line of a form has a field, and whether something stands in it.
fn filling(line: &str) -> Option<Filling> {
    const BLANKS: &[&str] = &["___", "[ ]", "[  ]", "....", "☐", "……"];
    if BLANKS.iter().any(|blank| line.contains(blank)) {
        // `Name: Jo ____`: something was written on the line, if more than labels and blanks is left.
        let value = line.split(':').nth(1).unwrap_or_default();
        let written = value.split(['_', '.', '[', ']', '(', ')', '/', '-', ' ', '☐', '…']);
        let written = written.filter(|word| word.len() > 2).count();
        let filled =
            written > 0 && !value.trim_start().starts_with(['_', '.', '[', '☐', '(', '…']) && digits(value) > 3;
        return Some(if filled { Filling::Filled } else { Filling::Empty });
    }
    let (label, value) = line.split_once(':')?;
    if label.len() > 40 || label.split_ascii_whitespace().count() > 5 {
        return None;
    }
    Some(if value.trim().is_empty() { Filling::Empty } else { Filling::Filled })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line's zone as a letter.
    fn letters(text: &str) -> String {
        let spans = of_mail(text, &[]);
        assert_eq!(spans.last().map_or(0, |span| span.end), text.len(), "spans cover the text");
        let zone_at = |at: usize| spans[spans.partition_point(|span| span.end <= at)].zone;
        lines(text)
            .map(|line| match zone_at(line.start) {
                Zone::New => 'n',
                Zone::Quoted => 'q',
                Zone::Signature => 's',
                Zone::Disclaimer => 'd',
                Zone::Blank => 'b',
            })
            .collect()
    }

    #[test]
    fn every_line_has_its_zone() {
        for (text, zones) in [
            ("", ""),
            ("Hello\nthere", "nn"),
            ("New\n> old\n> older\nnew", "nqqn"),
            ("New\nOn Mon, May 4, Ann Roe wrote:\n> old\nmore", "nqqn"),
            ("New\nOn Mon, May 4,\nAnn <a@x.example> wrote:\n\nold\nold", "nqqqqq"),
            ("New\n-----Original Message-----\nFrom: Ann\nold", "nqqq"),
            ("New\nFrom: Ann\nSent: Monday\nTo: Bo\nSubject: x\n\nold", "nqqqqqq"),
            ("New\n________________________________\nFrom: Ann\nDate: x\nTo: y\nold", "nqqqqq"),
            ("From: the team\nwe thank you", "nn"),
            ("On Monday I wrote\nto you about it all.", "nn"),
            ("New\n-- \nAnn Lee\nClinic", "nsss"),
            ("New\nBest regards,\nAnn Lee, RN\n555-0100\n\nPS: patient Jo Roe, MRN 123456 was seen", "nsssnn"),
            (
                "New\nThanks,\nAnn\n\nThe patient Jo Roe was admitted on Monday with chest pain and was seen by us.",
                "nssnn",
            ),
            ("New\n\nCONFIDENTIALITY NOTICE: may contain privileged\ninformation.\n\nmore", "nnddnn"),
            ("This is confidential: Jo Roe, SSN 219-09-6781, for the intended recipient, privileged", "n"),
            ("Name: ______\nDOB: __/__/____\nMRN: ______\n", "bbb"),
            ("Name: Jo Roe\nDOB: 05/01/1975\nMRN: 123456\nNotes: ______\nSign: ____\nDate: ____\n", "nnnnnn"),
        ] {
            assert_eq!(letters(text), zones, "{text:?}");
        }
    }

    #[test]
    fn stretches_told_by_markup_are_quoted() {
        let spans = of_mail("new\nold\nnew\n", std::slice::from_ref(&(4..8)));
        let zones: Vec<_> = spans.iter().map(|span| (span.end, span.zone)).collect();
        assert_eq!(zones, [(4, Zone::New), (8, Zone::Quoted), (12, Zone::New)]);
    }

    #[test]
    fn a_blank_form_in_an_attachment_is_known() {
        let spans = of_document("Intake form\nName: ____\nDOB: ____\nAllergies: ____\n");
        assert_eq!(spans.last().map(|span| span.zone), Some(Zone::Blank));
    }
}
