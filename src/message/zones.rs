//! Which role each line of a text plays: new text, quoted history and its headings, signature, disclaimer, blank form.
//!
//! The roles decide what counts: a footer's "patient information" tells nothing about a patient. So a
//! line leaves zone `New` only on good grounds, and one that holds data never hides in a signature or footer.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memchr_iter;

use super::{Zone, ZoneSpan};

mod disclaimer;
mod form;
mod quoted;
mod signature;

pub(super) use signature::Author;

/// The zones of a mail's text. `quoted` are stretches that the markup says are quotations.
pub(super) fn of_mail(text: &str, quoted: &[Range<usize>], author: &Author) -> Vec<ZoneSpan> {
    let lines = lines(text);
    let mut zones = vec![Zone::New; lines.len()];
    quoted::mark(&lines, quoted, &mut zones);
    signature::mark(&lines, author, &mut zones);
    disclaimer::mark(text, &lines, &mut zones);
    form::mark(text, &lines, &mut zones);
    spans(&lines, &zones)
}

/// The zones of an attachment's text: new, or the empty fields of a form.
pub(super) fn of_document(text: &str) -> Vec<ZoneSpan> {
    if !form::may_have_blanks(text) {
        return vec![ZoneSpan { end: text.len(), zone: Zone::New }];
    }
    let lines = lines(text);
    let mut zones = vec![Zone::New; lines.len()];
    form::mark(text, &lines, &mut zones);
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

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::with_capacity(text.len() / 48 + 1);
    let mut start = 0;
    let ends = memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
    for end in ends.chain([text.len()]) {
        if start < end {
            lines.push(Line { text: text[start..end].trim_ascii(), start, end });
        }
        start = end;
    }
    lines
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

/// A search for whether a text holds any of a few words; of this kind it looks at many bytes at once.
fn any_of(words: &[&str]) -> AhoCorasick {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(words)
        .expect("a few words make a small automaton")
}

fn digits(line: &str) -> usize {
    line.bytes().filter(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line's zone as a letter.
    fn letters(text: &str) -> String {
        let spans = of_mail(text, &[], &Author::of("Ann Lee <ann.lee@clinic.example>"));
        assert_eq!(spans.last().map_or(0, |span| span.end), text.len(), "spans cover the text");
        let zone_at = |at: usize| spans[spans.partition_point(|span| span.end <= at)].zone;
        lines(text)
            .iter()
            .map(|line| match zone_at(line.start) {
                Zone::New => 'n',
                Zone::Quoted => 'q',
                Zone::Attribution => 'a',
                Zone::Signature => 's',
                Zone::Disclaimer => 'd',
                Zone::Blank => 'b',
            })
            .collect()
    }

    #[test]
    fn a_disclaimer_takes_no_text_with_it_that_stands_just_above_or_below() {
        let below = "Ms. Roe was found to have gout.\nThanks,\nAnn\nCONFIDENTIALITY NOTICE: This e-mail may contain\n\
                     privileged information and is for the sole use of\nthe intended recipient.";
        assert!(letters(below).starts_with('n') && letters(below).ends_with("ddd"), "{}", letters(below));
        let above = "NOTICE: This message may contain links, do not disseminate.\nMs. Roe was found to have gout.";
        assert_eq!(letters(above), "dn");
    }

    #[test]
    fn every_line_has_its_zone() {
        for (text, zones) in [
            ("", ""),
            ("Hello\nthere", "nn"),
            ("New\n> old\n> older\nnew", "nqqn"),
            ("New\nOn Mon, May 4, Ann Roe wrote:\n> old\nmore", "naqn"),
            ("New\nOn Mon, May 4,\nAnn <a@x.example> wrote:\n\nold\nold", "naaqqq"),
            ("New\n-----Original Message-----\nFrom: Ann\nold", "naqq"),
            ("New\nFrom: Ann\nSent: Monday\nTo: Bo\nSubject: x\n\nold", "naaaqqq"),
            ("New\n________________________________\nFrom: Ann\nDate: x\nTo: y\nold", "naaaaq"),
            (
                "ok\nThanks,\nAnn\n________________________________\nFrom: Portal\nSubject: note\n\nROE, JO, 42 M",
                "nssaaqqq",
            ),
            (
                "ok\nThanks,\nAnn\n________________________________\nFrom: Bo\nSent: Monday\n\nROE, JO 10/23/1978",
                "nssaaaqq",
            ),
            ("From: the team\nwe thank you", "nn"),
            ("On Monday I wrote\nto you about it all.", "nn"),
            ("New\n-- \nAnn Lee\nClinic", "nsss"),
            ("No more leave.\nBo Roe\nNurse Manager, Infusion", "nss"),
            ("No more leave.\n\nBo, Media Relations", "nns"),
            ("No more leave.\n\nBo Lee\nIntegration Analyst", "nnss"),
            ("Home today:\n\nBo Lee\nChest Pain", "nnnn"),
            ("For surgery:\nBo Roe\nFern Poe", "nnn"),
            ("New\nBest regards,\nAnn Lee, RN\n555-0100\n\nPS: patient Jo Roe, MRN 123456 was seen", "nsssnn"),
            (
                "New\nThanks,\nAnn\n\nThe patient Jo Roe was admitted on Monday with chest pain and was seen by us.",
                "nssnn",
            ),
            ("New\n\nCONFIDENTIALITY NOTICE: may contain privileged\ninformation.\n\nmore", "nnddnn"),
            ("This is confidential: Jo Roe, SSN 219-09-6781, for the intended recipient, privileged", "n"),
            ("ok\n> On Mon K wrote:\n>> old", "naq"),
            ("ok\n>>> Bo Roe 05/31/25 17:32 >>>\nold", "naq"),
            ("ok\nAm 04.05.2026 um 10:00 schrieb Bo Roe <b@x.example>:\n> alt", "naq"),
            ("ok\nLe lun. 4 mai 2026, Bo Roe a \u{e9}crit :\n> vieux", "naq"),
            ("ok\nVon: Bo\nGesendet: Montag\nAn: Ann\nBetreff: x\nalt", "naaaqq"),
            ("ok\nFrom: Bo\nSent: Monday\nTo: Ann; Cy;\n Di\nCc: Ed\nSubject: MRN 1234567\nold", "naaaaaqq"),
            ("ok\nOn Monday patient Jo Roe, MRN 1234567, SSN 219-09-6781, wrote:\n> old", "nnq"),
            ("Done.\n\nAnn Lee, RN\nNurse Manager\nClinic\n555-0100", "nnssss"),
            ("Done.\n\nANN LEE | CLINIC OF THE NORTH\nwww.clinic.example", "nnss"),
            ("Done.\n\nAnn\n\n> old", "nnsnq"),
            ("Done.\nAnn Lee was there.", "nn"),
            ("Ann Lee\nis here", "nn"),
            ("Done.\n\nAnn Lee\nPatient: Jo Roe\nMRN 1234567", "nnsnn"),
            (
                "Regards,\n\nAnn Lee, Account Executive\nDept of Surgery\nHealthcare: North\nT 555-0100 F 555-0101",
                "ssssss",
            ),
            (
                "x\n\nIMPORTANT WARNING: this transmission may include diagnosis and treatment information.\nIf you are not the addressee, call 555-123-4567.",
                "nndd",
            ),
            ("x\n\nIf you are a patient of ours, use the portal for appointment or prescription refill.", "nnd"),
            ("x\n\nNOTICE: Alcohol and drug treatment records are protected by 42 CFR Part 2.", "nnd"),
            ("x\n\nPlease do not send medical questions by email.", "nnd"),
            ("x\n\nPlease consider the environment before printing this email.", "nnd"),
            ("Drug treatment is protected by 42 CFR Part 2 and may not be redisclosed without consent.", "d"),
            ("ok\nThanks,\nAnn\n\nImpression: gout\nMeds: none", "nssnnn"),
            ("Notice: Jo Roe's drug treatment records were sent, MRN 1234567.", "n"),
            ("If you are a patient of ours, Jo Roe, SSN 219-09-6781, call.", "n"),
            ("Name: ______\nDOB: __/__/____\nMRN: ______\n", "bbb"),
            ("Name ........ ______\nDOB .........\nMRN ........ Date ........\n", "bbb"),
            ("Name ........ Jo Roe\nExam ........ dull\nPlan ........ recheck\n", "nnn"),
            ("Name: Jo Roe\nDOB: 05/01/1975\nMRN: 123456\nNotes: ______\nSign: ____\nDate: ____\n", "nnnnnn"),
        ] {
            assert_eq!(letters(text), zones, "{text:?}");
        }
    }

    #[test]
    fn stretches_told_by_markup_are_quoted() {
        let spans = of_mail("new\nold\nnew\n", std::slice::from_ref(&(4..8)), &Author::default());
        let zones: Vec<_> = spans.iter().map(|span| (span.end, span.zone)).collect();
        assert_eq!(zones, [(4, Zone::New), (8, Zone::Quoted), (12, Zone::New)]);
    }

    #[test]
    fn a_blank_form_in_an_attachment_is_known() {
        let spans = of_document("Intake form\nName: ____\nDOB: ____\nAllergies: ____\n");
        assert_eq!(spans.last().map(|span| span.zone), Some(Zone::Blank));
    }
}
