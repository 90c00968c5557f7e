//! Every plausible reading of a message that readers disagree about.
//!
//! No reader is imitated. The content is cut wherever any reader might cut it, each piece is decoded in
//! every way that any reader might decode it, and all text that comes out is scanned. Reading too much is harmless:
//! only odd mail comes here.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::extraction::{Extraction, File, within};
use super::transfer::{self, Padding};
use super::{GapReason, Shape, charset, embedded, header, html, parameters, text};

/// More pieces than this are an attack on whoever reads them all.
const MAX_PIECES: usize = 2_000;

/// Content larger than this is not read in every way at once: the whole is cut into its pieces only.
const MAX_WHOLE: usize = 8 << 20;

/// Adds what other readings of the content show beyond the segments that are there already. `header` is the part
/// of it about which readers agree that it is the header; `first` is the first segment of this message.
pub(super) fn read(
    content: &[u8],
    header: &[u8],
    origin: &str,
    depth: usize,
    first: usize,
    extraction: &mut Extraction<'_>,
) {
    let seen = extraction.segments[first..].iter().map(|segment| fingerprint(&segment.text)).collect();
    let named = charsets(header);
    let mut reading = Reading { origin, depth, named, count: 0, files: 0, seen, extraction };
    let content = &content[header.len()..];
    let lines = lines(content);
    let cuts: Vec<usize> =
        lines.iter().filter(|line| content[line.start..].starts_with(b"--")).map(|line| line.start).collect();
    if cuts.len() > MAX_PIECES {
        reading.extraction.gap(origin, GapReason::Limit);
    }
    if content.len() <= MAX_WHOLE {
        reading.piece(content);
    }
    let mut start = 0;
    for end in cuts.into_iter().take(MAX_PIECES).chain([content.len()]) {
        if reading.extraction.budget.check().is_err() {
            reading.extraction.gap(origin, GapReason::Timeout);
            return;
        }
        // The delimiter line itself is no part of the piece.
        let piece = &content[start..end];
        let after = if piece.starts_with(b"--") { lines_end(piece) } else { 0 };
        reading.piece(&piece[after..]);
        start = end;
    }
}

/// Lines as the laxest reader ends them: by CRLF, LF or CR.
fn lines(content: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for at in memchr::memchr2_iter(b'\r', b'\n', content) {
        if content[at] == b'\r' && content.get(at + 1) == Some(&b'\n') {
            continue;
        }
        lines.push(start..at + 1);
        start = at + 1;
    }
    if start < content.len() {
        lines.push(start..content.len());
    }
    lines
}

fn lines_end(piece: &[u8]) -> usize {
    let Some(at) = memchr::memchr2(b'\r', b'\n', piece) else { return piece.len() };
    if piece[at] == b'\r' && piece.get(at + 1) == Some(&b'\n') { at + 2 } else { at + 1 }
}

fn fingerprint(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for word in text.split_ascii_whitespace() {
        word.hash(&mut hasher);
    }
    hasher.finish()
}

/// So many signs that begin no code are no slip: links in a page have one or two.
const MANY_FAULTS: usize = 8;

struct Reading<'r, 'a> {
    origin: &'r str,
    depth: usize,
    /// The charsets that the message's own header names.
    named: Vec<String>,
    count: usize,
    files: usize,
    seen: HashSet<u64>,
    extraction: &'r mut Extraction<'a>,
}

impl Reading<'_, '_> {
    /// One stretch between places where someone might cut: with and without a header of its own.
    fn piece(&mut self, piece: &[u8]) {
        if piece.trim_ascii().is_empty() {
            return;
        }
        let labels = [charsets(piece), self.named.clone()].concat();
        self.text_of(piece, &labels);
        for border in borders(piece) {
            self.decoded(&piece[border..], &labels);
        }
        self.decoded(piece, &labels);
    }

    /// A body in every transfer encoding that its bytes allow.
    fn decoded(&mut self, body: &[u8], labels: &[String]) {
        if body.trim_ascii().is_empty() {
            return;
        }
        self.text_of(body, labels);
        if memchr::memchr(b'=', body).is_some() {
            self.bytes(transfer::quoted_printable(body), labels);
            // Of several parts at once, it would only garble what one of them means by `=`.
            let of_one_part = memchr::memmem::find(body, b"\n--").is_none();
            if of_one_part && transfer::faults_of_quoted_printable(body) >= MANY_FAULTS {
                (0..3).for_each(|away| self.bytes(transfer::quoted_printable_without_faults(body, away), labels));
            }
        }
        if has_base64(body) {
            self.bytes(transfer::base64(body, Padding::Skip), labels);
            self.bytes(transfer::base64(body, Padding::Ends), labels);
            self.bytes(transfer::base64(&without_junk(body), Padding::Skip), labels);
            self.bytes(transfer::base64(&only_base64_lines(body), Padding::Skip), labels);
            self.bytes(transfer::base64(up_to_junk(body), Padding::Ends), labels);
            self.bytes(transfer::base64_by_line(body), labels);
            // A stray symbol before the data moves all the others.
            let symbols = without_junk(body);
            for moved in (1..4).filter_map(|shift| symbols.get(shift..)) {
                let sample = transfer::base64(&moved[..moved.len().min(4096)], Padding::Skip);
                if charset::is_mostly_text(&sample) || self.extraction.kinds.is_told_by_bytes(&sample) {
                    self.bytes(transfer::base64(moved, Padding::Skip), labels);
                }
            }
        }
        let kinds = self.extraction.kinds;
        for found in embedded::find(&String::from_utf8_lossy(body), kinds).into_iter().chain(embedded::yencoded(body)) {
            self.file(found.name, found.bytes);
        }
    }

    /// Decoded bytes: text where they are text, a file where they look like one.
    fn bytes(&mut self, bytes: Vec<u8>, labels: &[String]) {
        if self.extraction.kinds.is_told_by_bytes(&bytes) {
            self.file(None, bytes);
        } else if charset::is_mostly_text(&bytes) {
            self.text_of(&bytes, labels);
        }
    }

    fn file(&mut self, name: Option<String>, bytes: Vec<u8>) {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        if bytes.is_empty() || !self.seen.insert(hasher.finish()) {
            return;
        }
        self.files += 1;
        self.extraction.push(File {
            origin: within(self.origin, &format!("body/reading/file[{}]", self.files)),
            name,
            bytes: bytes.into(),
            depth: self.depth + 1,
            ..File::default()
        });
    }

    /// Bytes as text in each charset that is named, as markup if there is any.
    fn text_of(&mut self, bytes: &[u8], labels: &[String]) {
        let plain = charset::decode(bytes, None);
        if memchr::memchr(b'<', bytes).is_some() {
            let page = html::read(&plain);
            self.segment(page.shown);
            self.segment(page.hidden);
            page.files.into_iter().for_each(|linked| self.file(None, linked.bytes));
        }
        let suggested: Vec<&str> = charset::suggested(bytes).collect();
        for label in labels.iter().map(String::as_str).chain(suggested) {
            self.segment(charset::decode(bytes, Some(label)).into_owned());
        }
        for other in charset::repaired(bytes) {
            self.segment(other);
        }
        if memchr::memchr(0, bytes).is_some() {
            // Readers that drop NULs show UTF-16 and UTF-32 without their marks.
            let kept: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
            self.segment(charset::decode(&kept, None).into_owned());
        }
        if memchr::memmem::find(bytes, b"=?").is_some() {
            self.segment(super::words::decode(bytes));
            self.segment(super::words::read_laxly(bytes).unwrap_or_default());
        }
        self.segment(plain.into_owned());
    }

    fn segment(&mut self, found: String) {
        if found.trim().is_empty() || !self.seen.insert(fingerprint(&found)) {
            return;
        }
        self.count += 1;
        let origin = within(self.origin, &format!("body/reading[{}]", self.count));
        self.extraction.text(&origin, text::with_plain_line_ends(found.into()), Shape::Prose);
    }
}

/// Where a body might begin: after each kind of empty line, and after the last line that looks like a field.
fn borders(piece: &[u8]) -> Vec<usize> {
    let mut borders = Vec::new();
    let mut fields_end = 0;
    for line in lines(piece).into_iter().take(header::MAX_FIELDS) {
        let text = piece[line.clone()].trim_ascii();
        if text.is_empty() {
            borders.push(line.end);
            // A second one may be the true one where the first was of an odd kind.
            if borders.len() == 2 {
                break;
            }
        } else if borders.is_empty() && is_field(text, piece[line.start]) {
            fields_end = line.end;
        } else if borders.is_empty() && fields_end > 0 {
            borders.push(fields_end);
        }
    }
    borders.dedup();
    borders
}

fn is_field(line: &[u8], first: u8) -> bool {
    matches!(first, b' ' | b'\t')
        || memchr::memchr(b':', line).is_some_and(|colon| {
            colon > 0
                && line[..colon].iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b' '))
        })
}

/// Every charset that the piece names anywhere.
fn charsets(piece: &[u8]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    let lower = piece[..piece.len().min(64 * 1024)].to_ascii_lowercase();
    for at in memchr::memmem::find_iter(&lower, b"charset").take(8) {
        let value = parameters::parse(&[b"x/y; ", header_line(&lower[at..])].concat());
        labels.extend(value.all("charset").map(str::to_owned));
        labels.extend(charset::named_in(&lower[at..]));
    }
    labels.sort();
    labels.dedup();
    labels.retain(|label| charset::is_known(label));
    labels
}

fn header_line(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr2(b'\r', b'\n', bytes).unwrap_or(bytes.len()).min(200)]
}

/// Whether some stretch could be base64: enough symbols on a line, or many lines of a few.
fn has_base64(body: &[u8]) -> bool {
    let symbols = body.iter().filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')).count();
    symbols >= 12
}

/// Everything outside the alphabet left out, the URL alphabet's signs too.
fn without_junk(body: &[u8]) -> Vec<u8> {
    body.iter().copied().filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')).collect()
}

/// Only the lines that are base64 from end to end, as readers that skip broken lines keep them.
fn only_base64_lines(body: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    for line in lines(body) {
        let line = body[line].trim_ascii();
        if line.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')) {
            kept.extend_from_slice(line);
        }
    }
    kept
}

/// As readers that stop at the first fault see it.
fn up_to_junk(body: &[u8]) -> &[u8] {
    let symbol =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || byte.is_ascii_whitespace();
    &body[..body.iter().position(|byte| !symbol(byte)).unwrap_or(body.len())]
}

#[cfg(test)]
mod tests;
