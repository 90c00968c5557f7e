//! One leaf of the tree: the text of a body, read as readers show it, or an attachment that waits to be opened.

use std::borrow::Cow;

use super::super::extraction::{Extraction, File, within};
use super::super::header::Head;
use super::super::oddity::Oddity;
use super::super::transfer::{self, Padding};
use super::super::{GapReason, Shape, charset, embedded, html, text, words, zones};
use super::agreement::{self, MimeHead, Transfer};
use super::{Walk, fields};

/// A part that has no parts.
pub(super) struct Leaf<'l> {
    pub head: &'l Head<'l>,
    pub mime: MimeHead,
    /// As it stands in the content.
    pub raw: &'l [u8],
    pub signed: bool,
    /// The header is the part's own, not that of the message.
    pub is_part: bool,
}

impl Leaf<'_> {
    fn bytes(&self) -> Vec<u8> {
        match self.mime.transfer {
            Transfer::Base64 => transfer::base64(self.raw, Padding::Skip),
            Transfer::QuotedPrintable => transfer::quoted_printable(self.raw),
            _ => self.raw.to_vec(),
        }
    }
}

impl Walk<'_> {
    pub(super) fn leaf(&mut self, leaf: Leaf<'_>, extraction: &mut Extraction<'_>) {
        self.oddity = self.oddity.max(agreement::of_body(leaf.mime.transfer, leaf.raw));
        if leaf.is_part {
            fields::read_part_header(leaf.head, self.origin, extraction);
        }
        let kind = leaf.mime.kind.value.clone();
        let is_body = leaf.mime.name().is_none() && leaf.mime.disposition.value != "attachment";
        let label = leaf.mime.kind.first("charset").map(str::to_owned);
        let is_text = kind.is_empty() || kind.starts_with("text") || !kind.contains('/');
        if !is_text {
            let bytes = leaf.bytes();
            return self.attach(&leaf, bytes, extraction);
        }
        if kind.is_empty() && agreement::has_source(leaf.raw) {
            // Parts of which the header has lost its word.
            self.oddity = self.oddity.max(Oddity::Loose);
        }
        let bytes = leaf.bytes();
        self.oddity = self.oddity.max(charset::oddity(&bytes, label.as_deref()));
        if kind == "text/html" {
            self.oddity = self.oddity.max(charset::oddity_of_page(&bytes, label.as_deref()));
        }
        let told = extraction.kinds.is_told_by_bytes(&bytes);
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
        for name in other_names(&leaf.mime) {
            extraction.text(&within(&origin, "name"), name, Shape::Line);
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

/// Every name that some reader would show beside the first, which names the file: that of another parameter, and
/// what is left when a reader undoes one code more.
fn other_names(mime: &MimeHead) -> Vec<String> {
    let first = mime.name();
    let written = mime.disposition.all("filename").chain(mime.kind.all("name"));
    let mut names: Vec<String> = written.filter(|name| Some(*name) != first).map(str::to_owned).collect();
    for name in first.into_iter().chain(mime.kind.all("name")) {
        if name.contains("=?") {
            names.push(words::decode(name.as_bytes()));
        }
        if name.contains('%') {
            names.push(charset::decode(&transfer::percent(name.as_bytes()), None).into_owned());
        }
    }
    names.retain(|name| Some(name.as_str()) != first);
    names.dedup();
    names
}
