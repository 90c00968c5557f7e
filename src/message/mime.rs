//! The MIME tree: mail-parser cuts it, this walks it flat, says what each part is, and reads the bodies.

use std::borrow::Cow;
use std::ops::Range;

use mail_parser::{Encoding, MessageParser, PartType};

use super::extraction::{Extraction, File, within};
use super::header::{self, Head, RawField};
use super::oddity::{self, MimeHead, Oddity, Transfer};
use super::transfer::{self, Padding};
use super::zones::Author;
use super::{GapReason, Shape, charset, embedded, every, html, parameters, readers, text, words, zones};

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
    read_header(&head, content, origin, extraction);
    if head.fields.is_empty() {
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
    let followed_by = |at: usize, rest: &[u8]| {
        content.get(at + 1..at + 1 + rest.len()).is_some_and(|found| found.eq_ignore_ascii_case(rest))
    };
    // `/` and `=` are rarer than letters.
    let messages = memchr::memchr_iter(b'/', content)
        .filter(|at| *at >= 7 && content[at - 7..*at].eq_ignore_ascii_case(b"message"))
        .count();
    let boundaries = memchr::memchr2_iter(b'b', b'B', content).filter(|at| followed_by(*at, b"oundary")).count();
    messages.max(boundaries)
}

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

fn read_header(head: &Head<'_>, content: &[u8], origin: &str, extraction: &mut Extraction<'_>) {
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

/// A part that has no parts.
struct Leaf<'l> {
    head: &'l Head<'l>,
    mime: MimeHead,
    /// As it stands in the content.
    raw: &'l [u8],
    /// As mail-parser decoded its transfer encoding, where it did.
    decoded: Option<Vec<u8>>,
    signed: bool,
    /// The header is the part's own, not that of the message.
    is_part: bool,
}

impl Leaf<'_> {
    fn bytes(&mut self) -> Cow<'_, [u8]> {
        match (self.decoded.take(), self.mime.transfer) {
            (Some(decoded), _) => Cow::Owned(decoded),
            (None, Transfer::Base64) => Cow::Owned(transfer::base64(self.raw, Padding::Skip)),
            (None, Transfer::QuotedPrintable) => Cow::Owned(transfer::quoted_printable(self.raw)),
            (None, _) => Cow::Borrowed(self.raw),
        }
    }
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
            let mime = MimeHead::of(&head);
            self.oddity = self.oddity.max(mime.oddity);
            let signed =
                regions.iter().any(|region| region.kind == "multipart/signed" && region.range.contains(&start));
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
            let cut = oddity::cut(body, &region.boundary, &boundaries);
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

    fn leaf(&mut self, mut leaf: Leaf<'_>, extraction: &mut Extraction<'_>) {
        self.oddity = self.oddity.max(oddity::of_body(leaf.mime.transfer, leaf.raw));
        if leaf.is_part {
            self.part_header(leaf.head, extraction);
        }
        let kind = leaf.mime.kind.value.clone();
        let is_body = leaf.mime.name().is_none() && leaf.mime.disposition.value != "attachment";
        let label = leaf.mime.kind.first("charset").map(str::to_owned);
        let is_text = kind.is_empty() || kind.starts_with("text") || !kind.contains('/');
        if !is_text {
            let bytes = leaf.bytes().into_owned();
            return self.attach(&leaf, bytes, extraction);
        }
        let bytes = leaf.bytes().into_owned();
        self.oddity = self.oddity.max(charset::oddity(&bytes, label.as_deref()));
        if kind == "text/html" {
            self.oddity = self.oddity.max(charset::oddity_of_page(&bytes, label.as_deref()));
        }
        let told = readers::is_told_by_bytes(&bytes);
        let decoded = charset::decode(&bytes, label.as_deref());
        let reads_as_body =
            is_body && matches!(kind.as_str(), "" | "text" | "text/plain" | "text/html" | "text/enriched");
        match (reads_as_body, kind.as_str()) {
            (true, "text/html" | "text/enriched") => self.body_html(&decoded, extraction),
            (true, _) => {
                self.yencoded(&bytes, extraction);
                let flows = leaf.mime.kind.first("delsp").is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes"));
                self.body_text(if flows { text::unflowed(&decoded).into() } else { decoded }, extraction);
            }
            // Text goes on as UTF-8, whatever it came in; what only says that it is text, as it is.
            (false, _) if !told => {
                let decoded = decoded.into_owned().into_bytes();
                return self.attach(&leaf, decoded, extraction);
            }
            (false, _) => {}
        }
        if told {
            self.attach(&leaf, bytes, extraction);
        }
    }

    /// What a part's own header says to people.
    fn part_header(&self, head: &Head<'_>, extraction: &mut Extraction<'_>) {
        for (at, field) in head.fields.iter().enumerate() {
            let again = head.fields[..at].iter().any(|other| other.name.eq_ignore_ascii_case(field.name));
            read_field(field, again, self.origin, extraction);
        }
    }

    fn body_text(&mut self, text: Cow<'_, str>, extraction: &mut Extraction<'_>) {
        self.texts += 1;
        let origin = within(self.origin, &format!("body/text[{}]", self.texts));
        html::read_as_page_too(&text, &origin, self.depth, extraction);
        let text = text::with_plain_line_ends(text);
        let zones = zones::of_mail(&text, &[], &self.author);
        extraction.segment(&origin, text, zones, Shape::Prose);
    }

    fn body_html(&mut self, source: &str, extraction: &mut Extraction<'_>) {
        self.htmls += 1;
        let mut page = html::read(source);
        let origin = within(self.origin, &format!("body/html[{}]", self.htmls));
        let zones = zones::of_mail(&page.shown, &page.quoted, &self.author);
        extraction.segment(&origin, std::mem::take(&mut page.shown), zones, Shape::Prose);
        page.push_rest(&origin, self.depth, extraction);
    }

    fn yencoded(&self, body: &[u8], extraction: &mut Extraction<'_>) {
        for (at, file) in embedded::yencoded(body).into_iter().enumerate() {
            extraction.push(File {
                origin: within(self.origin, &format!("body/yenc[{}]", at + 1)),
                name: file.name,
                bytes: file.bytes.into(),
                depth: self.depth + 1,
                ..File::default()
            });
        }
    }

    fn attach(&mut self, leaf: &Leaf<'_>, bytes: Vec<u8>, extraction: &mut Extraction<'_>) {
        self.attachments += 1;
        let origin = within(self.origin, &format!("attachment/{}", self.attachments));
        // Each name that some reader would show; the first names the file.
        let names = leaf.mime.disposition.all("filename").chain(leaf.mime.kind.all("name"));
        for name in names.filter(|name| Some(*name) != leaf.mime.name()) {
            extraction.text(&within(&origin, "name"), name.to_owned(), Shape::Line);
        }
        if let Some(name) = leaf.mime.name().filter(|name| name.contains("=?")) {
            // Encoded twice: some readers undo both.
            extraction.text(&within(&origin, "name"), words::decode(name.as_bytes()), Shape::Line);
        }
        if matches!(leaf.mime.kind.value.as_str(), "message/partial" | "message/external-body") {
            // The rest of it is elsewhere (RFC 2046 §5.2.2, §5.2.3).
            extraction.gap(&origin, GapReason::UnknownType);
        }
        extraction.push(File {
            origin,
            name: leaf.mime.name().map(str::to_owned),
            declared: leaf.mime.kind.value.clone(),
            bytes: Cow::Owned(bytes),
            depth: self.depth + 1,
            signed: leaf.signed,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Budget, GapReason, InProcess, Reading, Zone, read};

    fn reading(content: &str) -> Reading {
        read(content.replace('\n', "\r\n").as_bytes(), &Budget::new(50 << 20, 200_000), &InProcess)
    }

    /// Origins with their texts.
    fn texts(content: &str) -> Vec<(String, String)> {
        let texts = reading(content).segments.into_iter();
        texts.map(|segment| (segment.origin.as_str().to_owned(), segment.text)).collect()
    }

    fn has(content: &str, origin: &str, text: &str) {
        let texts = texts(content);
        let found = texts.iter().any(|(at, found)| at == origin && found.trim() == text);
        assert!(found, "{origin}: {text:?} is not among {texts:?}");
    }

    const MIXED: &str = "From: Ann Lee <a@x.example>\nSubject: =?utf-8?q?Results_for_J=C3=B6?=\nComments: for Jo\n\
        Content-Type: multipart/mixed; boundary=b\n\nThis is a multi-part message.\n--b\nContent-Type: multipart/alternative; boundary=c\n\n\
        --c\n\nHello Jo\n--c\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<p>Hello=20<b>J</b>o</p>\n--c--\n\
        --b\nContent-Type: text/csv; name*=utf-8''r%C3%B6e.csv\nContent-Disposition: attachment\nContent-Description: Jo's list\n\nMRN,Name\n12,Roe\n\
        --b\nContent-Type: message/rfc822\n\nSubject: inner\n\nold text\n--b--\nlast words\n";

    #[test]
    fn every_part_has_its_origin() {
        for (origin, text) in [
            ("header/subject", "Results for Jö"),
            ("header/from", "Ann Lee <a@x.example>"),
            ("header/comments", "for Jo"),
            ("header/content-description", "Jo's list"),
            ("body/text[1]", "Hello Jo"),
            ("body/html[1]", "Hello Jo"),
            ("body/preamble", "This is a multi-part message."),
            ("body/epilogue", "last words"),
            ("attachment/1", "MRN\tName\n12\tRoe"),
            ("attachment/1/name", "röe.csv"),
            ("attachment/2/header/subject", "inner"),
            ("attachment/2/body/text[1]", "old text"),
        ] {
            has(MIXED, origin, text);
        }
        assert!(reading(MIXED).gaps.is_empty(), "{:?}", reading(MIXED).gaps);
        let kinds: Vec<String> = reading(MIXED).parts.into_iter().map(|part| part.kind).collect();
        assert_eq!(kinds, ["text/csv", "message/rfc822"]);
    }

    #[test]
    fn what_can_not_be_read_is_a_gap() {
        let mail = |kind: &str, body: &str| format!("Subject: x\nContent-Type: {kind}\n\n{body}\n");
        for (content, reason) in [
            (mail("message/partial; id=1; number=1", "Subject: y\n\nz"), GapReason::UnknownType),
            (mail("message/external-body; access-type=url", "Content-Type: text/plain\n\n"), GapReason::UnknownType),
            (mail("application/pdf", "%PNG\u{0}"), GapReason::UnknownType),
            ("no header at all".to_owned(), GapReason::NotMail),
            ("".to_owned(), GapReason::NotMail),
        ] {
            let gaps = reading(&content).gaps;
            assert!(gaps.iter().any(|gap| gap.reason == reason), "{content:?}: {gaps:?}");
        }
    }

    #[test]
    fn signed_parts_are_known() {
        let content = "Content-Type: multipart/signed; boundary=b; protocol=\"application/pgp-signature\"\n\n--b\n\
            Content-Type: text/csv\n\na,b\n--b\nContent-Type: application/pgp-signature; name=s.asc\n\n\
            -----BEGIN PGP SIGNATURE-----\n--b--\n";
        let reading = reading(content);
        assert!(reading.gaps.is_empty(), "{:?}", reading.gaps);
        assert!(reading.parts.iter().all(|part| part.signed));
    }

    #[test]
    fn zones_follow_markup_and_lines() {
        let content = "Subject: x\n\nnew words\n\nOn Monday, Ann wrote:\n> old words\n";
        let segment = reading(content).segments.into_iter().find(|segment| segment.origin.as_str() == "body/text[1]");
        let segment = segment.expect("the text");
        assert_eq!(segment.zone_at(segment.text.find("new").expect("new")), Zone::New);
        assert_eq!(segment.zone_at(segment.text.find("old").expect("old")), Zone::Quoted);
    }

    #[test]
    fn bombs_end_soon_and_as_gaps() {
        let nested = |kind: &str, times: usize| {
            (0..times).map(|at| kind.replace('#', &at.to_string())).collect::<String>() + "\n\nSSN 219-09-6781\n"
        };
        let message = "Content-Type: message/rfc822\n\n";
        let multipart = "Content-Type: multipart/mixed; boundary=b#\n\n--b#\n";
        for content in [
            nested(message, 40_000),
            nested(message, 50),
            nested(multipart, 10_000),
            nested(multipart, 300),
            format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(100_000)),
            "X: y\n".repeat(1_000_000),
            format!("To: {}\n\nx", "group:a@x.example,b;".repeat(100_000)),
        ] {
            let reading = reading(&content);
            let seen = reading.segments.iter().any(|segment| segment.text.contains("219-09-6781"));
            assert!(!reading.gaps.is_empty() || seen || content.starts_with("To:"), "{}", &content[..40]);
        }
    }
}
