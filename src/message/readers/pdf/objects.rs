//! What a PDF tells on no page: forms, notes, properties, names, scripts and embedded files, also what nothing points to.

use std::collections::BTreeSet;

use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use super::super::super::extraction::{Extraction, File, within};
use super::super::super::{GapReason, Shape, charset, html};
use super::super::xml;
use super::plain;

/// More is no form, and no notes.
const MAX_TEXT: usize = 16 << 20;

pub(super) fn read(document: &Document, file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut lines = Lines::default();
    let attached = attached(document);
    for (id, object) in &document.objects {
        if let Object::Stream(stream) = object {
            embedded(stream, attached.contains(id), file, extraction);
        }
        lines.tell(object, document);
        if lines.0.len() > MAX_TEXT {
            // One long string may be named by every object.
            extraction.gap(&file.origin, GapReason::Limit);
            break;
        }
    }
    extraction.text(&within(&file.origin, "fields"), lines.0, Shape::Records);
}

/// `name: value` a line.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// The object, and whatever stands inside of it.
    fn tell(&mut self, object: &Object, document: &Document) {
        let mut waiting = vec![object];
        while let Some(object) = waiting.pop() {
            match object {
                Object::Dictionary(dictionary) | Object::Stream(Stream { dict: dictionary, .. }) => {
                    self.entries(dictionary, document);
                    waiting.extend(dictionary.iter().map(|(_, value)| value).filter(|value| is_container(value)));
                }
                Object::Array(items) => waiting.extend(items.iter().filter(|item| is_container(item))),
                _ => {}
            }
        }
    }

    /// A form field as `label: value`, and every other entry that people read or that is a sentence.
    fn entries(&mut self, dictionary: &Dictionary, document: &Document) {
        let entry = |key: &[u8]| dictionary.get_deref(key, document).ok().and_then(string);
        let filled = entry(b"V");
        // What the field is called where people see it, or else in the file.
        let label = entry(b"TU").or_else(|| entry(b"T"));
        for (key, value) in dictionary {
            match document.dereference(value).map(|(_, value)| value) {
                Ok(Object::Array(items)) => {
                    items
                        .iter()
                        .filter_map(string)
                        .filter(|text| is_sentence(text))
                        .for_each(|text| self.line(key, &text));
                }
                Ok(Object::Stream(script)) if key == b"JS" => {
                    self.line(
                        key,
                        &plain(script).map(|script| charset::decode(&script, None).into_owned()).unwrap_or_default(),
                    );
                }
                Ok(value) => {
                    let Some(text) = string(value) else { continue };
                    if key == b"V" {
                        self.line(label.as_deref().unwrap_or("value").as_bytes(), &text);
                    } else if filled.is_some() && (key == b"TU" || key == b"DV" && filled.as_ref() == Some(&text)) {
                        // Said with the value.
                    } else if is_told(key) || (is_sentence(&text) && !is_plumbing(key)) {
                        self.line(key, &text);
                    }
                }
                Err(_) => {}
            }
        }
    }

    fn line(&mut self, name: &[u8], value: &str) {
        if self.0.len() > MAX_TEXT {
            return;
        }
        let shown = if value.contains("</") { html::read(value).shown } else { value.to_owned() };
        let words: Vec<&str> = shown.split_whitespace().collect();
        if !words.is_empty() {
            self.0.push_str(&format!("{}: {}\n", String::from_utf8_lossy(name), words.join(" ")));
        }
    }
}

fn is_container(object: &Object) -> bool {
    matches!(object, Object::Dictionary(_) | Object::Array(_))
}

/// In UTF-16 behind its mark, or in one byte a letter (ISO 32000-2 §7.9.2.2).
fn string(object: &Object) -> Option<String> {
    Some(match object.as_str().ok()? {
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        bytes => charset::decode(bytes, None).into_owned(),
    })
}

/// Entries whose text people read, be it one word.
fn is_told(key: &[u8]) -> bool {
    const KEYS: &[&[u8]] = &[
        b"ActualText",
        b"Alt",
        b"Author",
        b"Contents",
        b"DV",
        b"JS",
        b"Keywords",
        b"RC",
        b"Subject",
        b"TU",
        b"Title",
        b"UF",
        b"URI",
    ];
    KEYS.contains(&key)
}

/// Fonts, colours and keys.
fn is_plumbing(key: &[u8]) -> bool {
    const KEYS: &[&[u8]] = &[b"DA", b"DS", b"FontFamily", b"ID", b"O", b"OE", b"Ordering", b"Registry", b"U", b"UE"];
    KEYS.contains(&key)
}

/// Words, not the bytes of a key or a date.
fn is_sentence(text: &str) -> bool {
    text.trim().contains(' ')
        && text.contains(|c: char| c.is_alphanumeric())
        && !text.starts_with("D:")
        && !text.contains(|c: char| c.is_control() && !c.is_whitespace())
}

fn embedded(stream: &Stream, is_attached: bool, file: &File<'_>, extraction: &mut Extraction<'_>) {
    let is = |kind: &[u8]| stream.dict.get(b"Type").and_then(Object::as_name).is_ok_and(|name| name == kind);
    if is_attached || is(b"EmbeddedFile") {
        match plain(stream) {
            Some(bytes) => extraction.push(file.inner("embedded", bytes)),
            None => extraction.gap(&file.origin, GapReason::Corrupt),
        }
        return;
    }
    let metadata = is(b"Metadata").then(|| plain(stream)).flatten().or_else(|| xfa(stream));
    if let Some(Ok(text)) = metadata.map(|content| xml::prose(&content)) {
        extraction.text(&within(&file.origin, "metadata"), text, Shape::Prose);
    }
}

/// The streams that file specifications name, in notes and elsewhere (ISO 32000-2 §7.11.3); their type may be left out.
fn attached(document: &Document) -> BTreeSet<ObjectId> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&Object> = document.objects.values().collect();
    while let Some(object) = waiting.pop() {
        match object {
            Object::Dictionary(dictionary) | Object::Stream(Stream { dict: dictionary, .. }) => {
                let files = dictionary.get_deref(b"EF", document).and_then(Object::as_dict).into_iter().flatten();
                found.extend(files.filter_map(|(_, value)| value.as_reference().ok()));
                waiting.extend(dictionary.iter().map(|(_, value)| value).filter(|value| is_container(value)));
            }
            Object::Array(items) => waiting.extend(items.iter().filter(|item| is_container(item))),
            _ => {}
        }
    }
    found
}

/// The values of an XFA form, which has no type of its own.
fn xfa(stream: &Stream) -> Option<Vec<u8>> {
    let typed = stream.dict.has(b"Type") || stream.dict.has(b"Subtype");
    let content = (!typed).then(|| plain(stream)).flatten()?;
    let start = content.trim_ascii_start();
    (start.starts_with(b"<xfa:") || start.starts_with(b"<xdp:")).then_some(content)
}
