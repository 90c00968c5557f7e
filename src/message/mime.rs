//! The MIME tree: mail-parser cuts it, this walks it flat and says what each part is.

use std::borrow::Cow;
use std::ops::Range;

use mail_parser::{Encoding, MessageParser, PartType};

use super::extraction::{Extraction, File, within};
use super::header;
use super::oddity::Oddity;
use super::zones::Author;
use super::{GapReason, Shape, charset, embedded, every, text, words};

mod agreement;
mod fields;
mod leaf;

use agreement::MimeHead;
use leaf::Leaf;

/// More containers than this in one message are an attack: mail-parser's own tree has no limit of
/// depth, and dropping a deep one overflows the stack, which aborts the process.
const MAX_CONTAINERS: usize = 400;

/// A message inside the message.
pub(super) fn read_nested(file: &File<'_>, extraction: &mut Extraction<'_>) {
    read(&file.bytes, &file.origin, file.depth, extraction);
}

/// Reads header and body; attachments are left waiting.
pub(super) fn read(content: &[u8], origin: &str, depth: usize, extraction: &mut Extraction<'_>) {
    let first = extraction.segments.len();
    let head = header::scan(content);
    fields::read_header(&head, content, origin, extraction);
    if !head.is_of_mail() {
        extraction.gap(body_of(origin), GapReason::NotMail);
    }
    let mime = MimeHead::of(&head);
    let author = head.values("from").next().map(words::decode).map(|from| Author::of(&from)).unwrap_or_default();
    let mut walk = Walk { content, origin, depth, author, texts: 0, htmls: 0, attachments: 0, oddity: mime.oddity };
    if head.cut.is_some() || count_containers(content) > MAX_CONTAINERS {
        extraction.gap(body_of(origin), GapReason::Limit);
        walk.oddity = walk.oddity.max(Oddity::Loose);
    } else if is_container(&mime.kind.value) {
        walk.tree(extraction);
    } else {
        // The one leaf needs no tree.
        let raw = &content[head.body..];
        walk.leaf(Leaf { head: &head, mime, raw, decoded: None, signed: false, is_part: false }, extraction);
    }
    if walk.oddity > Oddity::Ordinary {
        let header = if head.odd { &[] } else { &content[..head.body] };
        every::read(content, header, origin, depth, first, extraction);
    }
    if walk.oddity == Oddity::Contradictory {
        extraction.gap(body_of(origin), GapReason::Ambiguous);
    }
    find_embedded(first, origin, depth, extraction);
}

fn is_container(kind: &str) -> bool {
    kind.starts_with("multipart") || matches!(kind, "message/rfc822" | "message/global")
}

/// Where gaps of the message as a whole are told.
fn body_of(origin: &str) -> &str {
    if origin.is_empty() { "body" } else { origin }
}

/// Files inside the texts that were found from segment `first` on.
fn find_embedded(first: usize, origin: &str, depth: usize, extraction: &mut Extraction<'_>) {
    let texts = extraction.segments[first..].iter().filter(|segment| segment.shape == Shape::Prose);
    let found: Vec<_> = texts.flat_map(|segment| embedded::find(&segment.text)).collect();
    for (at, file) in found.into_iter().enumerate() {
        extraction.push(File {
            origin: within(origin, &format!("body/embedded[{}]", at + 1)),
            name: file.name,
            bytes: Cow::Owned(file.bytes),
            depth: depth + 1,
            ..File::default()
        });
    }
}

/// An upper bound of how many messages and multiparts nest or follow each other.
fn count_containers(content: &[u8]) -> usize {
    // `/` and `y` are rarer than most letters.
    let ends = |at: usize, word: &[u8]| {
        at.checked_sub(word.len()).is_some_and(|from| content[from..at].eq_ignore_ascii_case(word))
    };
    let messages = memchr::memchr_iter(b'/', content).filter(|at| ends(*at, b"message")).count();
    let boundaries = memchr::memchr2_iter(b'y', b'Y', content).filter(|at| ends(*at, b"boundar")).count();
    messages.max(boundaries)
}

struct Walk<'a> {
    content: &'a [u8],
    origin: &'a str,
    depth: usize,
    author: Author,
    texts: usize,
    htmls: usize,
    attachments: usize,
    oddity: Oddity,
}

/// A multipart and where its body stands.
struct Region {
    range: Range<usize>,
    kind: String,
    boundary: String,
    /// How many parts mail-parser found in it.
    parts: usize,
}

impl Walk<'_> {
    fn tree(&mut self, extraction: &mut Extraction<'_>) {
        let Some(message) = MessageParser::new().with_mime_headers().parse(self.content) else {
            self.oddity = Oddity::Contradictory;
            return;
        };
        let content = self.content;
        let mut regions: Vec<Region> = Vec::new();
        for part in message.parts {
            let start = part.offset_body as usize;
            let head = header::scan(content.get(part.offset_header as usize..start).unwrap_or_default());
            let raw = content.get(start..part.offset_end as usize).unwrap_or_default();
            let mut mime = MimeHead::of(&head);
            self.oddity = self.oddity.max(mime.oddity);
            let mut around = regions.iter().filter(|region| region.range.contains(&start));
            let signed = around.clone().any(|region| region.kind == "multipart/signed");
            if mime.kind.value.is_empty() && around.next_back().is_some_and(|inner| inner.kind == "multipart/digest") {
                // RFC 2046 §5.1.5: what says nothing of itself is a message here.
                mime.kind.value = "message/rfc822".to_owned();
            }
            let decoded = match part.body {
                PartType::Multipart(parts) => {
                    let boundary = mime.kind.first("boundary").unwrap_or_default().to_owned();
                    let range = start..start + raw.len();
                    regions.push(Region { range, kind: mime.kind.value, boundary, parts: parts.len() });
                    continue;
                }
                PartType::Message(nested) if part.encoding != Encoding::None => {
                    // RFC 2046 §5.2.1 forbids to encode it; not every reader decodes.
                    self.oddity = self.oddity.max(Oddity::Loose);
                    Some(nested.raw_message.into_owned())
                }
                PartType::Binary(Cow::Owned(bytes)) | PartType::InlineBinary(Cow::Owned(bytes)) => Some(bytes),
                _ => None,
            };
            // A multipart in which no part begins comes as a leaf: the cuts below tell that it is odd.
            if mime.kind.value.starts_with("multipart") {
                self.oddity = Oddity::Contradictory;
            }
            let is_part = part.offset_header > 0;
            self.leaf(Leaf { head: &head, mime, raw, decoded, signed, is_part }, extraction);
        }
        self.margins(&regions, extraction);
    }

    /// Preambles and epilogues, which some readers show; and whether the delimiters are clear.
    fn margins(&mut self, regions: &[Region], extraction: &mut Extraction<'_>) {
        let boundaries: Vec<String> = regions.iter().map(|region| region.boundary.clone()).collect();
        for region in regions {
            let body = self.content.get(region.range.clone()).unwrap_or_default();
            let cut = agreement::cut(body, &region.boundary, &boundaries);
            self.oddity = self.oddity.max(cut.oddity);
            if cut.parts != region.parts {
                // A part without an empty line, or lines that only some take for delimiters.
                self.oddity = Oddity::Contradictory;
            }
            let margins = [("preamble", &body[..cut.preamble_end]), ("epilogue", &body[cut.epilogue_start..])];
            for (name, margin) in margins {
                if !margin.trim_ascii().is_empty() {
                    let text = text::with_plain_line_ends(charset::decode(margin, None));
                    extraction.text(&within(self.origin, &format!("body/{name}")), text, Shape::Prose);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
