//! What the sender asked for in the header, and what of the header is taken out on the way.
//!
//! A sender can only raise. Words that would lower (`[plain]`, `TLS-Required: No`) are not heard.

use super::{Config, Edit, Level, Method};
use crate::message::Reading;

/// One wish of the sender's.
pub(super) struct Request {
    pub level: Level,
    pub text: String,
}

const PROTECT: &str = "X-Waxseal-Protect";
/// Fields that only we may write begin so.
const OURS: &str = "x-waxseal-";

/// Every wish found in subject and header.
pub(super) fn requests(config: &Config, reading: &Reading) -> Vec<Request> {
    let mut found = Vec::new();
    for tag in tags(config, reading) {
        found.push(Request { level: config.asked, text: format!("tag {tag}") });
    }
    for value in reading.fields(PROTECT) {
        found.push(by_name(config, reading, value.trim()));
    }
    if reading.fields("Sensitivity").any(|value| value.trim().eq_ignore_ascii_case("company-confidential")) {
        found.push(Request { level: config.asked, text: "header Sensitivity: Company-Confidential".to_owned() });
    }
    found
}

/// A level or method by its name. What we don't know or can't do is for a person to decide, and the
/// value itself, being the client's words, is not repeated.
fn by_name(config: &Config, reading: &Reading, name: &str) -> Request {
    let name = name.to_ascii_lowercase();
    let known = |level, name: &str| Request { level, text: format!("header {PROTECT}: {name}") };
    match name.as_str() {
        "auto" => known(config.asked, "auto"),
        "tls-verified" => known(Level::TlsVerified, "tls-verified"),
        "tls-authenticated" => known(Level::TlsAuthenticated, "tls-authenticated"),
        "hold" => known(Level::Hold, "hold"),
        _ => match Method::ALL
            .into_iter()
            .find(|method| *method != Method::Transport && method.as_str() == name && method.reaches().is_some())
        {
            Some(Method::Smime | Method::Openpgp) if is_encrypted_already(reading) => known(config.asked, &name),
            Some(method) => Request { level: Level::Hold, text: format!("header {PROTECT}: {method}, not available") },
            None => Request { level: Level::Hold, text: format!("header {PROTECT}: unknown method") },
        },
    }
}

fn is_encrypted_already(reading: &Reading) -> bool {
    !reading.parts.is_empty() && reading.parts.iter().all(|part| part.encrypted)
}

/// The tags that stand in the subject, as configured.
fn tags<'a>(config: &'a Config, reading: &'a Reading) -> impl Iterator<Item = &'a String> {
    let subjects: Vec<String> = reading.fields("Subject").map(str::to_lowercase).collect();
    config.tags.iter().filter(move |tag| {
        let tag = tag.to_lowercase();
        !tag.is_empty() && subjects.iter().any(|subject| subject.contains(&tag))
    })
}

/// Tags, control fields and forged trace go out, unless a signature that we don't replace covers
/// them. What proves the source goes out whatever it breaks: a secret that left once is none.
pub(super) fn edits(config: &Config, reading: &Reading, source: &str) -> Vec<Edit> {
    let private = config.private_fields.get(source).map_or(&[][..], Vec::as_slice);
    let mut edits = Vec::new();
    if !is_signed_by_others(config, reading, "subject") {
        edits.extend(tags(config, reading).map(|tag| Edit::RemoveTag(tag.clone())));
    }
    for field in &reading.fields {
        let name = field.name.to_ascii_lowercase();
        let forged = match name.as_str() {
            // Only the last hop writes it (RFC 5321 §4.4).
            "return-path" => true,
            // A result in our own name that we didn't write (RFC 8601 §5).
            "authentication-results" => claims_our_name(config, &field.value),
            name => name.starts_with(OURS),
        };
        let is_private = private.iter().any(|private| private.eq_ignore_ascii_case(&name));
        let goes = is_private || (forged && !is_signed_by_others(config, reading, &field.name));
        let edit = Edit::RemoveField(name);
        if goes && !edits.contains(&edit) {
            edits.push(edit);
        }
    }
    edits
}

fn claims_our_name(config: &Config, results: &str) -> bool {
    let server = results.split([';', ' ', '\t']).find(|word| !word.is_empty()).unwrap_or_default();
    config.hostname.as_ref().is_some_and(|ours| ours.as_str().eq_ignore_ascii_case(server))
}

/// Whether a DKIM signature of a domain that we don't sign for covers this field (RFC 6376 §3.5).
fn is_signed_by_others(config: &Config, reading: &Reading, field: &str) -> bool {
    reading.fields("DKIM-Signature").any(|signature| {
        let tag = |name: &str| {
            signature.split(';').find_map(|tag| {
                let (key, value) = tag.split_once('=')?;
                (key.trim() == name).then(|| value.chars().filter(|c| !c.is_whitespace()).collect::<String>())
            })
        };
        let ours = tag("d")
            .is_some_and(|domain| config.signs.iter().any(|signed| signed.as_str().eq_ignore_ascii_case(&domain)));
        let covers = tag("h").is_some_and(|names| names.split(':').any(|name| name.eq_ignore_ascii_case(field)));
        covers && !ours
    })
}
