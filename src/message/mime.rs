//! The MIME tree: mail-parser reads it, this walks it flat and says what each part is.

use std::borrow::Cow;

use mail_parser::{Encoding, MessageParser, MessagePart, PartType};

use super::extraction::{Extraction, File, within};
use super::header::{self, Head};
use super::parameters::{self, Parameters};
use super::{GapReason, Shape, charset, html, text, words, zones};

/// More containers than this in one message are an attack: mail-parser's own tree has no limit of
/// depth, and dropping a deep one overflows the stack, which aborts the process.
const MAX_CONTAINERS: usize = 400;

/// A message inside the message.
pub(super) fn read_nested(file: &File<'_>, extraction: &mut Extraction<'_>) {
    read(&file.bytes, &file.origin, file.depth, extraction);
}

/// Reads header and body; attachments are left waiting.
pub(super) fn read(content: &[u8], origin: &str, depth: usize, extraction: &mut Extraction<'_>) {
    let head = header::scan(content);
    read_header(&head, content, origin, extraction);
    if count_containers(content) > MAX_CONTAINERS {
        extraction.gap(origin, GapReason::Limit);
        return;
    }
    let parser = MessageParser::new().with_mime_headers();
    let Some(message) = parser.parse(content) else {
        extraction.gap(origin, GapReason::NotMail);
        return;
    };
    let mut walk = Walk { content, origin, depth, texts: 0, htmls: 0, attachments: 0 };
    for part in message.parts {
        walk.part(part, extraction);
    }
}

fn count_containers(content: &[u8]) -> usize {
    let count = |needle: &[u8]| {
        let (first, rest) = (needle[0], &needle[1..]);
        memchr::memchr2_iter(first, first.to_ascii_uppercase(), content)
            .filter(|at| content.get(at + 1..at + 1 + rest.len()).is_some_and(|found| found.eq_ignore_ascii_case(rest)))
            .count()
    };
    count(b"message/").max(count(b"boundary="))
}

/// Fields that programs write for programs: where the mail went, signatures, structure.
fn is_machine_field(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "received",
        "date",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
        "content-language",
        "return-path",
        "authentication-results",
        "dkim-signature",
        "domainkey-signature",
        "received-spf",
        "x-received",
        "x-originating-ip",
        "x-mailer",
        "user-agent",
        "x-priority",
        "importance",
        "thread-index",
        "x-google-smtp-source",
        "x-gm-message-state",
        "x-google-dkim-signature",
    ];
    const PREFIXES: &[&str] = &["arc-", "x-ms-", "x-microsoft-antispam", "x-forefront-", "list-unsubscribe"];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn read_header(head: &Head<'_>, content: &[u8], origin: &str, extraction: &mut Extraction<'_>) {
    for field in &head.fields {
        let name = String::from_utf8_lossy(field.name.trim_ascii()).to_ascii_lowercase();
        if !is_machine_field(&name) {
            extraction.text(&within(origin, &format!("header/{name}")), words::decode(field.value), Shape::Line);
        }
    }
    if let Some(cut) = head.cut {
        let origin = within(origin, "header");
        let rest = String::from_utf8_lossy(&content[cut..head.body]);
        extraction.text(&origin, text::with_plain_line_ends(rest), Shape::Prose);
        extraction.gap(&origin, GapReason::Limit);
    }
}

struct Walk<'a> {
    content: &'a [u8],
    origin: &'a str,
    depth: usize,
    texts: usize,
    htmls: usize,
    attachments: usize,
}

impl Walk<'_> {
    fn part(&mut self, part: MessagePart<'_>, extraction: &mut Extraction<'_>) {
        let raw = |from: u32, to: u32| self.content.get(from as usize..to as usize).unwrap_or_default();
        let head = header::scan(raw(part.offset_header, part.offset_body));
        let body = raw(part.offset_body, part.offset_end);
        let kind = head.values("content-type").next().map(parameters::parse).unwrap_or_default();
        let disposition = head.values("content-disposition").next().map(parameters::parse).unwrap_or_default();
        let name = disposition.first("filename").or(kind.first("name")).map(str::to_owned);
        if let Some(description) = head.values("content-description").next().filter(|_| part.offset_header > 0) {
            let origin = within(self.origin, "header/content-description");
            extraction.text(&origin, words::decode(description), Shape::Line);
        }
        let is_body = name.is_none() && disposition.value != "attachment";
        match part.body {
            PartType::Multipart(_) => {}
            PartType::Text(text) if is_body && matches!(kind.value.as_str(), "" | "text/plain") => {
                self.body_text(decoded(text, body, part.encoding, &kind), extraction);
            }
            PartType::Html(text) if is_body => self.body_html(&decoded(text, body, part.encoding, &kind), extraction),
            PartType::Text(text) | PartType::Html(text) => {
                let text = decoded(text, body, part.encoding, &kind).into_owned();
                self.attach(name, kind.value, text.into_bytes(), &head, extraction);
            }
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                self.attach(name, kind.value, bytes.into_owned(), &head, extraction);
            }
            PartType::Message(nested) => {
                let bytes = match part.encoding {
                    Encoding::None => body.to_vec(),
                    _ => nested.raw_message.to_vec(),
                };
                self.attach(name, "message/rfc822".to_owned(), bytes, &head, extraction);
            }
        }
    }

    fn body_text(&mut self, text: Cow<'_, str>, extraction: &mut Extraction<'_>) {
        self.texts += 1;
        let text = text::with_plain_line_ends(text);
        let zones = zones::of_mail(&text, &[]);
        extraction.segment(&within(self.origin, &format!("body/text[{}]", self.texts)), text, zones, Shape::Prose);
    }

    fn body_html(&mut self, text: &str, extraction: &mut Extraction<'_>) {
        self.htmls += 1;
        let page = html::read(text);
        let origin = within(self.origin, &format!("body/html[{}]", self.htmls));
        let zones = zones::of_mail(&page.shown, &page.quoted);
        extraction.segment(&origin, page.shown, zones, Shape::Prose);
        extraction.text(&within(&origin, "hidden"), page.hidden, Shape::Prose);
    }

    fn attach(
        &mut self,
        name: Option<String>,
        declared: String,
        bytes: Vec<u8>,
        head: &Head<'_>,
        extraction: &mut Extraction<'_>,
    ) {
        self.attachments += 1;
        extraction.push(File {
            origin: within(self.origin, &format!("attachment/{}", self.attachments)),
            name,
            declared,
            bytes: Cow::Owned(bytes),
            depth: self.depth + 1,
            signed: false,
            inline: head.values("content-id").next().is_some(),
        });
    }
}

/// mail-parser's text, or our own reading where its charset was missing, unknown or wrong.
fn decoded<'a>(text: Cow<'a, str>, raw: &[u8], encoding: Encoding, kind: &Parameters) -> Cow<'a, str> {
    let known = kind.first("charset").is_some_and(charset::is_known);
    if (known || text.is_ascii()) && !text.contains('\u{fffd}') {
        return text;
    }
    let bytes = match encoding {
        Encoding::None => Cow::Borrowed(raw),
        Encoding::Base64 => Cow::Owned(super::transfer::base64(raw, super::transfer::Padding::Skip)),
        Encoding::QuotedPrintable => Cow::Owned(super::transfer::quoted_printable(raw)),
    };
    Cow::Owned(charset::decode(&bytes, kind.first("charset")).into_owned())
}
