//! Plain text and HTML as attachments.

use super::super::extraction::{Extraction, File};
use super::super::{GapReason, Shape, charset, embedded, html, text};

pub(super) fn plain(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let bytes = &*file.bytes;
    let is_text = super::looks_like_text(bytes) || charset::wide_encoding(bytes).is_some();
    if !is_text && !charset::rare::looks_like_ebcdic(bytes) {
        // Its name or its type says text, its bytes do not.
        extraction.gap(&file.origin, GapReason::UnknownType);
    }
    let decoded = charset::decode(&file.bytes, None);
    html::read_as_page_too(&decoded, &file.origin, file.depth, extraction);
    let found = embedded::find(&decoded, extraction.kinds).into_iter().chain(embedded::yencoded(&file.bytes));
    for (at, found) in found.enumerate() {
        let mut inner = file.inner(&format!("embedded[{}]", at + 1), found.bytes);
        inner.name = found.name;
        extraction.push(inner);
    }
    extraction.text(&file.origin, text::with_plain_line_ends(decoded), Shape::Prose);
}

pub(super) fn html(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let decoded = charset::decode(&file.bytes, None);
    html::read_file(&decoded, &file.origin, file.depth, extraction);
}
