//! The table of readers: which kinds there are, how each is told, and who reads it.
//!
//! A file is told by its bytes, by its extension and by its declared type; where they disagree it
//! is read in every way that its bytes allow. A new kind is one file beside this one and one line here.

mod text;

use super::extraction::{Extraction, File};
use super::{GapReason, Origin, Part, Shape, mime};

/// Where a reader runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In this process: MIME, plain text, small structured text.
    Here,
    /// In a confined worker: some failures of these parsers abort a process.
    Apart,
}

/// One kind of file.
pub(super) struct Reader {
    /// The media type that `Part::kind` says.
    kind: &'static str,
    /// What its bytes must look like; nothing can be said by bytes for the text kinds.
    magic: Option<fn(&[u8]) -> bool>,
    extensions: &'static [&'static str],
    types: &'static [&'static str],
    place: Place,
    read: fn(&File<'_>, &mut Extraction<'_>),
}

/// Every kind that is read. The first one told by its bytes names the part.
const READERS: &[Reader] = &[
    Reader {
        kind: "message/rfc822",
        magic: None,
        extensions: &["eml"],
        types: &["message/rfc822", "message/global"],
        place: Place::Here,
        read: mime::read_nested,
    },
    Reader {
        kind: "text/html",
        magic: None,
        extensions: &["html", "htm", "xhtml"],
        types: &["text/html", "application/xhtml+xml"],
        place: Place::Here,
        read: text::html,
    },
    Reader {
        kind: "text/plain",
        magic: None,
        extensions: &["txt", "text", "log", "md"],
        types: &["text/plain"],
        place: Place::Here,
        read: text::plain,
    },
];

impl Reader {
    fn is_named_by(&self, extension: &str, declared: &str) -> bool {
        (!extension.is_empty() && self.extensions.contains(&extension))
            || (!declared.is_empty() && self.types.contains(&declared))
    }
}

/// Every reading that the file allows.
fn readings(file: &File<'_>) -> Vec<&'static Reader> {
    let extension = file.extension();
    READERS
        .iter()
        .filter(|reader| match reader.magic {
            Some(magic) => magic(&file.bytes),
            None => reader.is_named_by(&extension, &file.declared),
        })
        .collect()
}

/// Apart if any of its readings is.
pub(super) fn place(file: &File<'_>) -> Place {
    match readings(file).iter().any(|reader| reader.place == Place::Apart) {
        true => Place::Apart,
        false => Place::Here,
    }
}

/// The account of the file, its kind by its bytes where they tell it.
pub(super) fn part(file: &File<'_>) -> Part {
    let readings = readings(file);
    let told = readings.iter().find(|reader| reader.magic.is_some()).or(readings.first());
    Part {
        origin: Origin::new(file.origin.as_str()),
        kind: told.map_or_else(|| file.declared.clone(), |reader| reader.kind.to_owned()),
        name: file.name.clone(),
        size: file.bytes.len() as u64,
        encrypted: false,
        signed: file.signed,
    }
}

/// Reads the file in every way that its bytes allow; what allows none is a gap, or is known to hold no text.
pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    if let Some(name) = &file.name {
        extraction.text(&super::extraction::within(&file.origin, "name"), name.clone(), Shape::Line);
    }
    if file.bytes.is_empty() {
        return extraction.gap(&file.origin, GapReason::Corrupt);
    }
    let readings = readings(file);
    for reader in &readings {
        (reader.read)(file, extraction);
    }
    if readings.is_empty() {
        unread(file, extraction);
    }
}

fn unread(file: &File<'_>, extraction: &mut Extraction<'_>) {
    match file.declared.split('/').next() {
        Some("text") => text::plain(file, extraction),
        _ => extraction.gap(&file.origin, GapReason::UnknownType),
    }
}
