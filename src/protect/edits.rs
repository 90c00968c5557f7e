//! Header edits by byte ranges: fields go, tags go out of the subject, all else stays as it was.

use std::ops::Range;

use base64::Engine;
use bytes::Bytes;

use crate::mail::Domain;
use crate::message::{Field, header_fields};
use crate::policy::Edit;

/// Encoded words hold at most 75 characters (RFC 2047 §2): 45 bytes in base64, with the frame.
const WORD: usize = 45;

/// Gives the content with the edits made, as slices of it and what stands between them.
pub fn apply(content: &Bytes, fields: &[Field], edits: &[Edit], hostname: &Domain, out: &mut Vec<Bytes>) {
    let mut kept_from = 0;
    for field in fields {
        let Some(change) = change(content, field, edits, hostname) else { continue };
        keep(content, kept_from..field.range.start, out);
        if let Some(text) = change {
            out.push(text);
        }
        kept_from = field.range.end;
    }
    keep(content, kept_from..content.len(), out);
}

fn keep(content: &Bytes, range: Range<usize>, out: &mut Vec<Bytes>) {
    if !range.is_empty() {
        out.push(content.slice(range));
    }
}

/// `None`: the field stays. `Some(None)`: it goes. Else what takes its place.
fn change(content: &Bytes, field: &Field, edits: &[Edit], hostname: &Domain) -> Option<Option<Bytes>> {
    let removed = edits.iter().any(|edit| match edit {
        Edit::RemoveField(name) => name.eq_ignore_ascii_case(&field.name) && is_ours_to_remove(field, hostname),
        Edit::RemoveTag(_) => false,
    });
    if removed {
        return Some(None);
    }
    if !field.name.eq_ignore_ascii_case("subject") {
        return None;
    }
    let tags: Vec<&str> = edits
        .iter()
        .filter_map(|edit| match edit {
            Edit::RemoveTag(tag) if !tag.is_empty() => Some(tag.as_str()),
            _ => None,
        })
        .collect();
    untag(&content[field.range.clone()], &field.value, &tags).map(Some)
}

/// Results of other servers stay; only those in our own name are forged (RFC 8601 §5).
fn is_ours_to_remove(field: &Field, hostname: &Domain) -> bool {
    if !field.name.eq_ignore_ascii_case("authentication-results") {
        return true;
    }
    let server = field.value.split([';', ' ', '\t']).find(|word| !word.is_empty()).unwrap_or_default();
    server.eq_ignore_ascii_case(hostname.as_str())
}

/// The subject without the tags, as a whole field; `None` if none of them stands in it.
fn untag(raw: &[u8], decoded: &str, tags: &[&str]) -> Option<Bytes> {
    // Where the tags stand in plain text, the rest keeps its bytes: its encoded words and folds.
    if let Some((name, value)) = std::str::from_utf8(raw).ok().and_then(|raw| raw.split_once(':'))
        && !stands_in_encoded_word(value, tags)
        && let Some(cut) = without(value, tags)
    {
        let field = format!("{name}:{cut}");
        let reads = header_fields(field.as_bytes()).into_iter().next().map(|field| field.value).unwrap_or_default();
        if !tags.iter().any(|tag| find(&reads, tag).is_some()) {
            return Some(Bytes::from(field));
        }
    }
    let cut = without(decoded, tags)?;
    Some(Bytes::from(format!("Subject: {}\r\n", encode(cut.trim()))))
}

/// In the Q encoding a tag can be read as it stands, but cutting there could leave half a word.
fn stands_in_encoded_word(value: &str, tags: &[&str]) -> bool {
    let encoded = |word: &&str| word.contains("=?");
    value.split_ascii_whitespace().filter(encoded).any(|word| tags.iter().any(|tag| find(word, tag).is_some()))
}

/// The text without any of the tags, in any case, and without the white space that set them off.
/// `None` if there were none.
fn without(text: &str, tags: &[&str]) -> Option<String> {
    let mut rest = text.to_owned();
    let mut found = false;
    for tag in tags {
        while let Some(range) = find(&rest, tag) {
            found = true;
            let gap = rest[range.end..].bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
            let before_is_space = rest[..range.start].ends_with([' ', '\t']) || range.start == 0;
            let end = if before_is_space { range.end + gap } else { range.end };
            rest.replace_range(range.start..end, "");
        }
    }
    found.then_some(rest)
}

/// Where the tag stands, in any case. Ends are at characters, as both texts are compared by them.
fn find(text: &str, tag: &str) -> Option<Range<usize>> {
    let same = |a: char, b: char| a == b || a.to_lowercase().eq(b.to_lowercase());
    text.char_indices().find_map(|(start, _)| {
        let mut end = start;
        let mut rest = text[start..].chars();
        for wanted in tag.chars() {
            let c = rest.next()?;
            if !same(c, wanted) {
                return None;
            }
            end += c.len_utf8();
        }
        Some(start..end)
    })
}

/// Unstructured text as a header may hold it: plain, or in folded encoded words.
fn encode(text: &str) -> String {
    let plain = text.len() <= 900 && !text.contains("=?") && text.bytes().all(|b| (32..=126).contains(&b));
    if plain {
        return text.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    let mut chunk = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        if chunk.len() + c.len_utf8() > WORD {
            words.push(word(&std::mem::take(&mut chunk)));
        }
        chunk.push(c);
    }
    words.push(word(&chunk));
    words.join("\r\n ")
}

fn word(chunk: &str) -> String {
    format!("=?utf-8?B?{}?=", base64::engine::general_purpose::STANDARD.encode(chunk))
}
