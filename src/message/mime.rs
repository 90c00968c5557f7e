//! The MIME tree: mail-parser cuts it, this walks it flat and says what each part is.

use std::borrow::Cow;
use std::ops::Range;

use mail_parser::{HeaderName, Message, MessageParser, PartType};

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
/// depth.
const MAX_CONTAINERS: usize = 400;

/// mail-parser joins the pieces of a parameter (RFC 2231 §3) by copying all of them for each: more bytes
/// copied than this are an attack.
const MAX_COPIED: usize = 256 << 20;

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
    let has_tree = is_container(&mime.kind.value);
    let is_attack = || count_containers(content) > MAX_CONTAINERS || copied_in_joining(content) > MAX_COPIED;
    if head.cut.is_some() || has_tree && is_attack() {
        extraction.gap(body_of(origin), GapReason::Limit);
        walk.oddity = walk.oddity.max(Oddity::Loose);
    } else if has_tree {
        walk.tree(extraction);
    } else {
        // The one leaf needs no tree.
        let raw = &content[head.body..];
        walk.leaf(Leaf { head: &head, mime, raw, signed: false, is_part: false }, extraction);
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
    let found: Vec<_> = texts.flat_map(|segment| embedded::find(&segment.text, extraction.kinds)).collect();
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

/// Drops messages inside messages one by one: each dropping the next would overflow the stack, however odd the
/// words by which they were told.
fn dismantle(message: Message<'_>) {
    let mut waiting = vec![message];
    while let Some(message) = waiting.pop() {
        let nested = message.parts.into_iter().filter_map(|part| match part.body {
            PartType::Message(nested) => Some(nested),
            _ => None,
        });
        waiting.extend(nested);
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

/// An upper bound of the bytes that are copied to join pieces such as `name*1*=…`. Those of one header stand
/// together: no empty line is between them.
fn copied_in_joining(content: &[u8]) -> usize {
    let is_piece = |at: &usize| {
        let after = &content[at + 1..];
        let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits > 0 && after[digits..].strip_prefix(b"*").unwrap_or(&after[digits..]).starts_with(b"=")
    };
    let ends_header = |between: &[u8]| {
        memchr::memmem::find(between, b"\n\r\n").is_some() || memchr::memmem::find(between, b"\n\n").is_some()
    };
    let (mut copied, mut pieces, mut first, mut last) = (0_usize, 0_usize, 0, 0);
    for at in memchr::memchr_iter(b'*', content).filter(is_piece) {
        if pieces == 0 || ends_header(&content[last..at]) {
            (pieces, first) = (0, at);
        }
        pieces += 1;
        copied = copied.saturating_add(at - first);
        last = at;
    }
    copied
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
        // It is told the types alone: what it decoded it would parse too, and that as deep as it goes.
        let parser = MessageParser::new().header_content_type(HeaderName::ContentType).default_header_ignore();
        let Some(message) = parser.parse(self.content) else {
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
            match part.body {
                PartType::Multipart(parts) => {
                    let boundary = mime.kind.first("boundary").unwrap_or_default().to_owned();
                    let range = start..start + raw.len();
                    regions.push(Region { range, kind: mime.kind.value, boundary, parts: parts.len() });
                    continue;
                }
                PartType::Message(nested) => dismantle(nested),
                _ => {}
            }
            // A multipart in which no part begins comes as a leaf: the cuts below tell that it is odd.
            if mime.kind.value.starts_with("multipart") {
                self.oddity = Oddity::Contradictory;
            }
            let is_part = part.offset_header > 0;
            self.leaf(Leaf { head: &head, mime, raw, signed, is_part }, extraction);
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
                    if agreement::has_part_header(margin) {
                        self.oddity = self.oddity.max(Oddity::Loose);
                    }
                    let text = text::with_plain_line_ends(charset::decode(margin, None));
                    extraction.text(&within(self.origin, &format!("body/{name}")), text, Shape::Prose);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
