//! Parse and extract: content → parts → [`Segment`]s of plain text, plus [`Gap`]s for what could not be read.
//!
//! Pure: no I/O, no clock, no async. Works under a [`Budget`] that the caller sets, keeps what it
//! found, and reports a gap when the budget is spent. Odd mail is not an error: whatever can't be
//! read is a gap, and policy decides about it. It never alters a message.

mod apart;
mod blocks;
mod budget;
mod canonical;
mod charset;
mod documents;
mod embedded;
mod every;
mod extraction;
mod header;
mod html;
mod mime;
mod oddity;
mod parameters;
mod readers;
mod segment;
mod text;
mod transfer;
mod words;
mod zones;

pub use apart::{Apart, InProcess, answer};
pub use blocks::{at as block_at, mask, places};
pub use budget::Budget;
use documents::Extent;
pub use documents::{Document, Documents, Extract};
pub use header::{fields_named, header_fields};
pub use segment::{Canonical, Gap, GapReason, Origin, Segment, Shape, Zone, ZoneSpan};

use serde::{Deserialize, Serialize};

use extraction::Extraction;

/// Reads a whole message. It never fails: what can't be read is a gap.
pub fn read(content: &[u8], budget: &Budget, documents: &dyn Documents) -> Reading {
    let mut extraction = Extraction::new(budget, &readers::Table, Some(documents));
    mime::read(content, "", 0, &mut extraction);
    extraction.run();
    let Extract { mut segments, mut gaps, parts, .. } = extraction.into_extract();
    for segment in &mut segments {
        segment.canonical = canonical::of(&segment.text);
    }
    if gaps.iter().any(|gap| gap.reason == GapReason::Sealed) && segments.iter().any(tells_a_password) {
        for gap in gaps.iter_mut().filter(|gap| gap.reason == GapReason::Sealed) {
            gap.reason = GapReason::Encrypted;
        }
    }
    Reading { size: content.len() as u64, fields: header_fields(content), parts, segments, gaps }
}

/// A lock whose key lies beside it is none: the message speaks of a password and may give it.
fn tells_a_password(segment: &Segment) -> bool {
    const WORDS: [&str; 7] = ["password", "passcode", "passphrase", "pass code", "pwd", "contraseña", "passwort"];
    let lower = segment.text.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

/// A message as read: what detection and policy see of it.
#[derive(Clone, Default)]
pub struct Reading {
    /// Octets of the whole message.
    pub size: u64,
    /// The header fields of the message itself, in order.
    pub fields: Vec<Field>,
    pub parts: Vec<Part>,
    pub segments: Vec<Segment>,
    pub gaps: Vec<Gap>,
}

/// A header field of the message itself.
#[derive(Clone)]
pub struct Field {
    pub name: String,
    /// Unfolded, with encoded words decoded (RFC 2047).
    pub value: String,
    /// Where the field, with its folded lines and last CRLF, stands in the content.
    pub range: std::ops::Range<usize>,
}

/// One leaf of the MIME tree, or an entry of an archive.
#[derive(Clone, Serialize, Deserialize)]
pub struct Part {
    pub origin: Origin,
    /// The kind by its bytes where they tell it, else as declared: `application/pdf`.
    pub kind: String,
    pub name: Option<String>,
    pub size: u64,
    /// It really parses as encrypted for its recipient (CMS enveloped data, OpenPGP, Azure RMS):
    /// it counts as `message` protection and is never altered.
    pub encrypted: bool,
    /// Below a `multipart/signed` or an opaque signature: altering it breaks the signature.
    pub signed: bool,
}

impl Reading {
    /// The first field of that name, in any case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value.as_str())
    }

    /// Every field of that name, in order.
    pub fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value.as_str())
    }
}
