//! Quoted history, and the headings that say whose it is: their names and dates are nobody's data.

use std::ops::Range;

use super::{Line, Zone, digits};

/// Marks earlier mail. `quoted` are stretches that the markup says are quotations, apart and ascending.
pub(super) fn mark(lines: &[Line<'_>], quoted: &[Range<usize>], zones: &mut [Zone]) {
    let bare: Vec<&str> = lines.iter().map(|line| without_marks(line.text)).collect();
    // From some heading on everything is earlier mail.
    let mut all = false;
    let mut at = 0;
    while at < lines.len() {
        if let Some(heading) = heading(&bare[at..]) {
            mark_heading(&bare[at..at + heading], &mut zones[at..at + heading]);
            at += heading;
            // What follows unmarked is the earlier mail itself, unless its lines carry marks of their own.
            let next = lines[at..].iter().find(|line| !line.text.is_empty());
            all |= !next.is_some_and(|line| line.text.starts_with('>') || is_inside(line.start, quoted));
            continue;
        }
        if all || lines[at].text.starts_with('>') || is_inside(lines[at].start, quoted) {
            zones[at] = Zone::Quoted;
        }
        at += 1;
    }
}

/// The line as it stood in the earlier mail; GroupWise's `>>> name date >>>` stays as it is.
fn without_marks(line: &str) -> &str {
    if is_groupwise(line) { line } else { line.trim_start_matches(['>', ' ']) }
}

fn is_groupwise(line: &str) -> bool {
    line.starts_with(">>> ") && line.ends_with(" >>>") && line.len() < 120
}

/// A subject may speak of anybody: it is earlier text like any other.
fn mark_heading(lines: &[&str], zones: &mut [Zone]) {
    for (line, zone) in lines.iter().zip(zones) {
        let subject = matches!(label(line), "Subject" | "Asunto" | "Betreff" | "Objet" | "Assunto" | "Oggetto");
        *zone = if subject || says_too_much(line) { Zone::Quoted } else { Zone::Attribution };
    }
}

/// A heading holds names, addresses and a date. Numbers like an identifier's are none of these.
fn says_too_much(line: &str) -> bool {
    digits(line) > 24 || line.len() > 1000
}

fn is_inside(at: usize, ranges: &[Range<usize>]) -> bool {
    ranges[..ranges.partition_point(|range| range.start <= at)].last().is_some_and(|range| range.contains(&at))
}

/// How many lines the introduction of earlier mail takes, if one begins here.
fn heading(lines: &[&str]) -> Option<usize> {
    let first = lines[0];
    match first.as_bytes().first()? {
        b'>' => is_groupwise(first).then_some(1),
        b'-' | b'_' | b'B' => is_divider(first, lines).then(|| 1 + header_block(&lines[1..], true).unwrap_or(0)),
        // How its lines begin in any of the languages: most lines of prose do not.
        b'*' | b'F' | b'D' | b'V' => header_block(lines, false).or_else(|| attribution(lines)),
        b'O' | b'E' | b'L' | b'A' | b'I' => attribution(lines),
        _ => None,
    }
}

/// `On Monday … wrote:`, on up to three lines, and its kin in other languages.
fn attribution(lines: &[&str]) -> Option<usize> {
    const OPENS: &[&str] = &["On ", "El ", "Le ", "Am ", "Il ", "Op ", "Em ", "Den "];
    const ENDS: &[&str] = &[
        "wrote:",
        "writes:",
        "escribi\u{f3}:",
        "a \u{e9}crit :",
        "a \u{e9}crit:",
        "a \u{e9}crit\u{a0}:",
        "schrieb:",
        "schreef:",
        "ha scritto:",
        "escreveu:",
        "skrev:",
    ];
    const INSIDE: &[&str] = &[" schrieb ", " escribi\u{f3} ", " a \u{e9}crit ", " schreef "];
    if !OPENS.iter().any(|open| lines[0].starts_with(open)) {
        return None;
    }
    let last = lines.iter().take(3).position(|line| {
        ENDS.iter().any(|end| line.ends_with(end))
            || (line.ends_with(':') && INSIDE.iter().any(|word| line.contains(word)))
    })?;
    let whole = lines[..=last].concat();
    let speaks = ["patient", "MRN", "SSN", "DOB"].iter().any(|word| whole.contains(word));
    (whole.len() <= 300 && digits(&whole) <= 16 && !speaks).then_some(last + 1)
}

fn is_divider(line: &str, lines: &[&str]) -> bool {
    let word = line.trim_matches(|c| matches!(c, '-' | '_' | ' '));
    match word {
        // Outlook's rule stands before its header block.
        "" => line.len() >= 10 && lines.len() > 1 && header_block(&lines[1..], true).is_some(),
        "Begin forwarded message:" => true,
        _ => {
            const KNOWN: &[&str] = &[
                "Original Message",
                "Forwarded message",
                "Forwarded Message",
                "Mensaje original",
                "Mensaje reenviado",
                "Original Appointment",
                "Urspr\u{fc}ngliche Nachricht",
                "Weitergeleitete Nachricht",
                "Message d'origine",
                "Message original",
                "Message transf\u{e9}r\u{e9}",
                "Reply message",
            ];
            line.starts_with("--") && KNOWN.iter().any(|known| word.starts_with(known))
        }
    }
}

/// What stands before the colon of a header line, without a bold mark.
fn label<'l>(line: &&'l str) -> &'l str {
    line.trim_start_matches('*').split([':', '*']).next().unwrap_or_default().trim_end()
}

/// `From:` with `Sent:` or `Date:` and `To:` or `Subject:` within the next lines: how many lines that takes. Below a
/// rule some programs leave the one or the other out.
fn header_block(lines: &[&str], ruled: bool) -> Option<usize> {
    const FROM: &[&str] = &["From", "De", "Von", "Date", "Da", "Van"];
    const SENT: &[&str] = &[
        "Sent",
        "Date",
        "From",
        "Enviado",
        "Enviado el",
        "Gesendet",
        "Datum",
        "Envoy\u{e9}",
        "Fecha",
        "Inviato",
        "Verzonden",
    ];
    const TO: &[&str] = &["To", "Subject", "Para", "An", "Asunto", "Betreff", "\u{c0}", "Objet", "A", "Aan", "Oggetto"];
    const MORE: &[&str] =
        &["Cc", "CC", "Bcc", "Importance", "Attachments", "Reply-To", "Priority", "Sensitivity", "Assunto"];
    let is = |line: &&str, names: &[&str]| line.contains(':') && names.contains(&label(line));
    if !lines.first().is_some_and(|line| is(line, FROM)) {
        return None;
    }
    let near = &lines[1..lines.len().min(7)];
    let [dated, addressed] = [SENT, TO].map(|names| near.iter().any(|line| is(line, names)));
    if !(dated && addressed || ruled && (dated || addressed)) {
        return None;
    }
    let mut len = 0;
    for (at, line) in lines.iter().enumerate().take(30) {
        // A list of recipients goes on where its line ends open.
        let goes_on = at > 0 && lines[at - 1].ends_with([';', ',']) && !line.is_empty() && digits(line) < 6;
        if !([FROM, SENT, TO, MORE].iter().any(|names| is(line, names)) || goes_on) {
            break;
        }
        len = at + 1;
    }
    Some(len)
}
