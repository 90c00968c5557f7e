//! Plain text and HTML as attachments.

use super::super::extraction::{Extraction, File};
use super::super::{Shape, charset, embedded, html, text};

pub(super) fn plain(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let decoded = charset::decode(&file.bytes, None);
    html::read_as_page_too(&decoded, &file.origin, extraction);
    for (at, found) in embedded::find(&decoded).into_iter().enumerate() {
        let mut inner = file.inner(&format!("embedded[{}]", at + 1), found.bytes);
        inner.name = found.name;
        extraction.push(inner);
    }
    extraction.text(&file.origin, text::with_plain_line_ends(decoded), Shape::Prose);
}

pub(super) fn html(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let decoded = charset::decode(&file.bytes, None);
    let page = html::read(&decoded);
    extraction.text(&file.origin, page.shown, Shape::Prose);
    extraction.text(&super::super::extraction::within(&file.origin, "hidden"), page.hidden, Shape::Prose);
}
