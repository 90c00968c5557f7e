//! Disclaimers: paragraphs of law and warning that stand under every mail of a house and speak of nobody.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Line, Zone, digits};

pub(super) fn mark(text: &str, lines: &[Line<'_>], zones: &mut [Zone]) {
    if !SIGNS.is_match(text) {
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
            let (first, last) = speaking(&lines[start..end]);
            zones[start + first..=start + last].fill(Zone::Disclaimer);
        }
        start = end;
    }
}

/// From the line that begins to speak of the law to the last one: HTML often leaves no empty line between a text,
/// its signature and what stands below.
fn speaking(lines: &[Line<'_>]) -> (usize, usize) {
    let speaks = |line: &Line<'_>| {
        let lower = line.text.trim().to_ascii_lowercase();
        WARNINGS.iter().any(|start| lower.starts_with(start))
            || PHRASES.iter().chain(STANDING).any(|phrase| lower.contains(phrase))
    };
    let (Some(first), Some(mut last)) = (lines.iter().position(speaks), lines.iter().rposition(speaks)) else {
        return (0, lines.len() - 1);
    };
    // A sentence that was broken into lines ends further on.
    while last + 1 < lines.len() && !lines[last].text.trim_end().ends_with(['.', '!', '?', ':']) {
        last += 1;
    }
    (first, last)
}

/// Of these every disclaimer holds one; few other mails do.
static SIGNS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    super::any_of(&[
        "onfidential",
        "ONFIDENTIAL",
        "ntended",
        "isclaimer",
        "ISCLAIMER",
        "WARNING",
        "NOTICE",
        "Notice",
        "patient of ours",
        "medical questions",
        "use email for",
        "use e-mail for",
        "before printing",
        "portal",
        "42 CFR",
    ])
});

/// Words of law without data: a paragraph with numbers like an identifier's is no mere footer.
fn is_disclaimer(paragraph: &str) -> bool {
    // Long prose is no footer, and looking at megabytes of it would cost.
    if paragraph.len() > 4000 || digits_of_data(paragraph) >= 9 {
        return false;
    }
    let lower = paragraph.to_ascii_lowercase();
    let count = |phrases: &[&str]| phrases.iter().filter(|phrase| lower.contains(*phrase)).count();
    if digits(paragraph) < 9 && count(STANDING) > 0 {
        return true;
    }
    let warns = WARNINGS.iter().any(|start| lower.starts_with(start));
    let confidential = lower.contains("confidential") || lower.contains("disclaimer") || lower.contains("privileged");
    let phrases = count(PHRASES);
    phrases >= 3 || (confidential && phrases >= 2) || (warns && phrases >= 1)
}

/// Digits without those of telephone numbers, which a notice gives for whom it reached in error, and of laws.
fn digits_of_data(paragraph: &str) -> usize {
    let words = paragraph.split([' ', '\n', ',', ';']).map(|word| word.trim_end_matches('.')).filter(|word| {
        let dashed = word.matches(['-', '.', ')']).count() == 2 && digits(word) == 10;
        let area = word.starts_with('(') && word.ends_with(')') && digits(word) == 3;
        let local = word.len() == 8 && digits(word) == 7;
        !(dashed || area || local)
    });
    words.map(digits).sum()
}

/// How a warning begins.
const WARNINGS: &[&str] = &[
    "confidential",
    "important",
    "notice",
    "disclaimer",
    "warning",
    "caution",
    "privileged",
    "legal",
    "this e-mail",
    "this email",
    "this message",
    "this transmission",
    "this communication",
    "the information",
    "privacy",
    "aviso",
    "email disclaimer",
];

/// Phrases of which one alone says what the paragraph is, as no person writes them about another.
const STANDING: &[&str] = &[
    "if you are a patient of ours",
    "if you are one of our patients",
    "do not send medical questions",
    "do not use email for",
    "do not use e-mail for",
    "consider the environment before printing",
    "information may be protected by federal confidentiality rules",
    "prohibit you from making any further disclosure",
    "prohibits you from making any further disclosure",
    "may not be redisclosed without",
];

const PHRASES: &[&str] = &[
    "intended recipient",
    "intended only for",
    "intended solely",
    "intended for the",
    "not the addressee",
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
    "is confidential",
    "may contain",
    "may include",
    "disclaimer",
    "hipaa",
    "protected health information",
    "42 cfr part 2",
    "alcohol and drug treatment records",
    "protected by federal",
    "this transmission",
    "any attachments",
    "sole use of",
    "addressee",
    "re-disclosure",
    "patient portal",
];
