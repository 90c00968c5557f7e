//! Signatures: who writes, and how to reach them. Their names and numbers are no patient's.

use super::{Line, Zone, digits};

/// Whom the header names as the author; lower case.
#[derive(Default)]
pub(in super::super) struct Author {
    /// The words of the display name, without titles and initials.
    name: Vec<String>,
}

impl Author {
    /// Of a decoded `From:` value: `Ann B. Lee, RN <ann@clinic.example>`, `Lee, Ann <…>`.
    pub fn of(from: &str) -> Self {
        let shown = from.split(['<', '(']).next().unwrap_or_default().trim().trim_matches('"').to_lowercase();
        let turned = match shown.split_once(',') {
            Some((family, given)) if words(given).len() < 3 && !is_credential(given) => format!("{given} {family}"),
            Some((name, _)) => name.to_owned(),
            None => shown,
        };
        Self { name: words(&turned) }
    }

    /// The line is the author's name, whole or only given, with or without a title or an organisation behind it.
    fn signs(&self, line: &str) -> bool {
        let Some(given) = self.name.first() else { return false };
        if line.len() > 90 {
            return false;
        }
        let first = line.split([',', '|', '(', '\u{2013}', '\u{2022}']).next().unwrap_or_default();
        // A sentence signs nothing, and most lines are of sentences.
        if first.split_ascii_whitespace().nth(self.name.len() + MOST_CREDENTIALS).is_some() {
            return false;
        }
        let found = words(&first.trim_start_matches(['-', '~', ' ']).to_lowercase());
        let others = found.iter().filter(|word| !self.name.contains(word));
        let whole = self.name.len() > 1
            && self.name.iter().all(|word| found.contains(word))
            && others.into_iter().all(|word| is_credential(word));
        whole || (found.len() == 1 && found[0] == *given && line.len() <= given.len() + 2)
    }
}

/// Titles and initials beside a name are fewer.
const MOST_CREDENTIALS: usize = 4;

fn is_credential(text: &str) -> bool {
    words(text).iter().all(|word| {
        matches!(word.as_str(), "md" | "do" | "rn" | "np" | "pa" | "phd" | "dds" | "lpn" | "msw" | "jr" | "sr")
    })
}

/// Words of more than one letter.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '\''));
    words.filter(|word| word.chars().count() > 1).map(str::to_lowercase).collect()
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

pub(super) fn mark(lines: &[Line<'_>], author: &Author, zones: &mut [Zone]) {
    // A name above all text is a heading, not a signature.
    let first = lines.iter().position(|line| !line.text.is_empty()).unwrap_or(0);
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].text;
        let begins = matches!(line, "--" | "\u{2014}" | "- -")
            || is_rule_of_signature(line)
            || is_sign_off(line)
            || (at > first && stands_alone(lines, at) && author.signs(line));
        if zones[at] == Zone::New && begins {
            at = mark_one(lines, zones, at);
        } else {
            at += 1;
        }
    }
    mark_last(lines, zones);
}

/// The last line of what is new, where it tells whom to call: `Trainer: Ann Roe, 555-0158`, or who writes: `Ann, Media
/// Relations`; and the name alone on the line above.
fn mark_last(lines: &[Line<'_>], zones: &mut [Zone]) {
    let mut is_last = true;
    for at in (1..lines.len()).rev() {
        let line = lines[at].text;
        if zones[at] != Zone::New {
            is_last = true;
        } else if !line.is_empty() {
            if is_last && tells_a_post(line) {
                if lines[at - 1].text.is_empty() {
                    zones[at] = Zone::Signature;
                } else if at > 1 && is_name(lines[at - 1].text) && stands_alone(lines, at - 1) {
                    zones[at - 1..=at].fill(Zone::Signature);
                }
            } else if is_last && at > 1 && is_post(line) && is_name(lines[at - 1].text) && stands_alone(lines, at - 1) {
                zones[at - 1..=at].fill(Zone::Signature);
            }
            is_last = false;
        }
    }
}

/// A post beside a telephone number or a name, and no sentence.
fn tells_a_post(line: &str) -> bool {
    let is_short = line.contains(',') && digits(line) == 0 && line.split_ascii_whitespace().count() <= MOST_WORDS;
    is_contact_line(line)
        && !line.ends_with(['.', '?', '!'])
        && (is_short || line.as_bytes().windows(8).any(is_local_number))
        && words(line).iter().any(|word| POSTS.contains(&word.as_str()))
}

/// What somebody is, in a line of its own: `Integration Analyst`.
fn is_post(line: &str) -> bool {
    const PERSONS: &[&str] = &[
        "accountant",
        "administrator",
        "adviser",
        "advisor",
        "analyst",
        "architect",
        "assistant",
        "associate",
        "buyer",
        "consultant",
        "coordinator",
        "developer",
        "director",
        "educator",
        "engineer",
        "executive",
        "librarian",
        "manager",
        "officer",
        "planner",
        "president",
        "recruiter",
        "representative",
        "specialist",
        "supervisor",
        "technician",
        "trainer",
    ];
    is_name(line)
        && line.split_ascii_whitespace().count() > 1
        && words(line).last().is_some_and(|word| PERSONS.contains(&word.as_str()))
}

/// Words with capitals, and nothing else.
fn is_name(line: &str) -> bool {
    let has_capital = |word: &str| word.starts_with(char::is_uppercase);
    (1..=MOST_WORDS).contains(&line.split_ascii_whitespace().count())
        && line.split_ascii_whitespace().all(has_capital)
        && digits(line) == 0
        && !line.ends_with([':', '.', '?', '!'])
        && !is_data(line)
}

/// A name and a post have no more.
const MOST_WORDS: usize = 6;

/// `555-0158`
fn is_local_number(eight: &[u8]) -> bool {
    let (exchange, rest) = eight.split_at(3);
    matches!(rest[0], b'-' | b'.' | b' ') && exchange.iter().chain(&rest[1..]).all(u8::is_ascii_digit)
}

/// What somebody does, or where, who is called about other things than his or her own health.
const POSTS: &[&str] = &[
    "accounting",
    "accounts",
    "activities",
    "administrator",
    "admissions",
    "agent",
    "analyst",
    "billing",
    "broker",
    "center",
    "charge",
    "chief",
    "clerk",
    "communications",
    "compliance",
    "coordinator",
    "ctr",
    "desk",
    "dietary",
    "director",
    "education",
    "engineering",
    "facilities",
    "finance",
    "him",
    "housekeeping",
    "hr",
    "imaging",
    "infusion",
    "intake",
    "laboratory",
    "lead",
    "maintenance",
    "manager",
    "marketing",
    "media",
    "mgr",
    "nursing",
    "nutrition",
    "office",
    "payroll",
    "planning",
    "procurement",
    "purchasing",
    "quality",
    "radiology",
    "recruiter",
    "registrar",
    "registry",
    "relations",
    "rep",
    "research",
    "sales",
    "scheduling",
    "security",
    "services",
    "supervisor",
    "supply",
    "team",
    "technician",
    "trainer",
    "transport",
    "volunteer",
];

/// After an empty line, or after a line that ends a sentence.
fn stands_alone(lines: &[Line<'_>], at: usize) -> bool {
    let before = lines[at - 1].text;
    before.is_empty() || before.ends_with(['.', '!', '?', ',', '>', ')'])
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
fn mark_one(lines: &[Line<'_>], zones: &mut [Zone], from: usize) -> usize {
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
    line.len() <= 90
        && line.split_ascii_whitespace().count() <= 11
        && !is_data(line)
        && !(line.ends_with(['.', '?', '!']) && line.split_ascii_whitespace().count() > 5)
}

/// Words that stand before a patient's data; in a title without numbers they only say what somebody works on.
fn is_data(line: &str) -> bool {
    const ALWAYS: &[&str] = &[
        "mrn",
        "ssn",
        "dob",
        "birth",
        "born",
        "mg",
        "dx",
        "rx",
        "a1c",
        "diagnosed",
        "diagnosis",
        "ps",
        "icd",
        "pt",
        "impression",
        "assessment",
        "allergies",
        "meds",
        "hx",
        "vitals",
    ];
    const UNLESS_TITLE: &[&str] =
        &["patient", "member", "claim", "claims", "policy", "result", "results", "chart", "account"];
    const TITLES: &[&str] = &[
        "manager",
        "director",
        "executive",
        "representative",
        "specialist",
        "coordinator",
        "analyst",
        "adjuster",
        "services",
        "department",
        "supervisor",
        "assistant",
        "officer",
        "nurse",
        "liaison",
        "navigator",
        "advocate",
        "access",
        "relations",
        "experience",
        "administrator",
        "president",
        "team",
        "office",
        "care",
    ];
    let lower = line.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    let is_title = has(TITLES) && digits(line) < 6 && !line.contains(':');
    has(ALWAYS) || lower.starts_with("re:") || lower.starts_with("p.s") || (has(UNLESS_TITLE) && !is_title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_may_tell_a_post() {
        for (line, is_so) in [
            ("Rehab mgr, Ann Roe, 555-0118", true),
            ("Mrs. Roe, Imaging 555-0115", true),
            ("Ann, Media Relations", true),
            ("Ann Roe, infusion tomorrow at noon with her sister", false),
            ("Ann Roe, 555-0118", false),
            ("Ann Roe, left knee, 555-0118", false),
            ("The billing office can be reached at 555-0118.", false),
            ("MRN 5550-0118, admissions desk 555-0118", false),
        ] {
            assert_eq!(tells_a_post(line), is_so, "{line}");
        }
    }

    #[test]
    fn the_author_is_known_by_the_name_in_the_header() {
        for (from, line, signs) in [
            ("Ann B. Lee <a@x.example>", "Ann Lee", true),
            ("\"Lee, Ann\" <a@x.example>", "Ann Lee, RN", true),
            ("Ann Lee, MD <a@x.example>", "Ann B. Lee", true),
            ("Ann Lee <a@x.example>", "ANN LEE | CLINIC", true),
            ("Ann Lee <a@x.example>", "Ann", true),
            ("Ann Lee <a@x.example>", "-Ann", true),
            ("Ann Lee <a@x.example>", "Ann Lee RN", true),
            ("Ann Lee <a@x.example>", "Ann Roe", false),
            ("Ann Lee <a@x.example>", "Ann Lee was seen by us on Monday", false),
            ("a@x.example", "a", false),
            ("", "", false),
        ] {
            assert_eq!(Author::of(from).signs(line), signs, "{from} {line}");
        }
    }
}
