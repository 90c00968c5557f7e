//! What header fields say to people: all of them are read but for those that programs write for programs.

use super::super::extraction::{Extraction, within};
use super::super::header::{Head, RawField};
use super::super::{Shape, charset, parameters, text, words};

/// Whether a program wrote this field for programs: where the mail went, signatures, structure. A value that
/// programs do not write is read whatever its field.
fn is_machine_field(name: &str, value: &[u8]) -> bool {
    const NAMES: &[&str] = &[
        "return-path",
        "authentication-results",
        "dkim-signature",
        "domainkey-signature",
        "received-spf",
        "x-originating-ip",
        "thread-index",
        "x-google-smtp-source",
        "x-gm-message-state",
        "x-google-dkim-signature",
    ];
    const PREFIXES: &[&str] = &["arc-", "x-ms-", "x-microsoft-antispam", "x-forefront-", "list-unsubscribe"];
    let value = value.trim_ascii();
    match name {
        "received" | "x-received" => has(value, b"by ") && has(value, b";"),
        // `Mon, 4 May 2026 10:00:00 -0500 (CDT)` is among the longest.
        "date" => value.len() <= 44,
        "mime-version" | "content-language" | "importance" | "x-priority" | "content-transfer-encoding" => {
            value.len() <= 24
        }
        "content-id" | "content-location" | "x-attachment-id" => !value.contains(&b' ') && value.len() <= 120,
        "content-type" | "content-disposition" => !parameters::parse(value).unusual,
        _ => NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)),
    }
}

fn has(value: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(value, wanted).is_some()
}

/// Reads what a field says to people. One that stands there `again` may be the one that is shown.
fn read_field(field: &RawField<'_>, again: bool, origin: &str, extraction: &mut Extraction<'_>) {
    let name = String::from_utf8_lossy(field.name.trim_ascii()).to_ascii_lowercase();
    if is_machine_field(&name, field.value) && !again {
        return;
    }
    let origin = within(origin, &format!("header/{name}"));
    let value = words::decode(field.value);
    if let Some(other) = words::read_laxly(field.value).filter(|other| *other != value) {
        extraction.text(&within(&origin, "reading"), other, Shape::Line);
    }
    extraction.text(&origin, value, Shape::Line);
}

/// The header of a message.
pub(super) fn read_header(head: &Head<'_>, content: &[u8], origin: &str, extraction: &mut Extraction<'_>) {
    for field in &head.fields {
        read_field(field, false, origin, extraction);
    }
    if let Some(cut) = head.cut {
        let rest = charset::decode(&content[cut..head.body], None);
        extraction.text(&within(origin, "header"), text::with_plain_line_ends(rest), Shape::Prose);
    } else if head.odd {
        let all = charset::decode(&content[..head.body], None);
        extraction.text(&within(origin, "header"), text::with_plain_line_ends(all), Shape::Prose);
    }
}

/// What a part's own header says to people.
pub(super) fn read_part_header(head: &Head<'_>, origin: &str, extraction: &mut Extraction<'_>) {
    for (at, field) in head.fields.iter().enumerate() {
        let again = head.fields[..at].iter().any(|other| other.name.eq_ignore_ascii_case(field.name));
        read_field(field, again, origin, extraction);
    }
}
