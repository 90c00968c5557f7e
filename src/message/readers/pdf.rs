//! PDF: the text of each page in reading order, form values, annotations, properties, embedded files.
//!
//! lopdf reads the objects; where their text stands on the page is followed here, since the order in
//! the file need not be the order on paper. A page that is only a picture is read as one, or is a gap.

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, Stream};

use super::super::extraction::{Extraction, File, within};
use super::super::{GapReason, Shape, charset};
use super::{archive, xml};

mod image;
mod sheet;

use sheet::Sheet;

const MAX_PAGES: usize = 5_000;

/// What one content stream may come to.
const MAX_CONTENT: usize = 64 << 20;

pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    // Readers look for it in the first kilobyte (ISO 32000-1 annex H.3, note 13).
    memchr::memmem::find(&bytes[..bytes.len().min(1024)], b"%PDF-").is_some()
}

pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let Ok(document) = Document::load_mem(&file.bytes) else {
        if memchr::memmem::find(&file.bytes, b"/Encrypt").is_some() {
            return extraction.gap(&file.origin, GapReason::Encrypted);
        }
        extraction.gap(&file.origin, GapReason::Corrupt);
        return salvage(file, extraction);
    };
    if document.is_encrypted() {
        return extraction.gap(&file.origin, lock(&document));
    }
    if memchr::memmem::rfind(&file.bytes, b"%%EOF").is_none() {
        // Cut on the way: what is missing may be what counts.
        extraction.gap(&file.origin, GapReason::Corrupt);
    }
    pages(&document, file, extraction);
    objects(&document, file, extraction);
}

/// Version 5 of the standard handler is AES-256 (ISO 32000-2 §7.6.4); the rest is weaker.
fn lock(document: &Document) -> GapReason {
    let version = document.get_encrypted().ok().and_then(|lock| lock.get(b"V").ok()?.as_i64().ok());
    if version >= Some(5) { GapReason::Sealed } else { GapReason::Encrypted }
}

fn pages(document: &Document, file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut text = String::new();
    let mut count = 0;
    for page in document.page_iter() {
        count += 1;
        if count > MAX_PAGES {
            extraction.gap(&file.origin, GapReason::Limit);
            break;
        }
        if let Err(reason) = extraction.budget.check() {
            extraction.gap(&file.origin, reason);
            break;
        }
        let mut sheet = Sheet::new(document);
        let resources = page_resources(document, page);
        match document.get_page_content_with_limit(page, MAX_CONTENT) {
            Ok(content) => sheet.draw(&content, &resources),
            Err(_) => extraction.gap(&file.origin, GapReason::Corrupt),
        }
        if sheet.broken {
            extraction.gap(&file.origin, GapReason::Corrupt);
        }
        let shown = sheet.text();
        if is_unreadable(&shown) || (shown.trim().len() < 16 && sheet.pictures > 0) {
            let origin = within(&file.origin, &format!("page[{count}]"));
            let found: Vec<Vec<u8>> = sheet.images.iter().filter_map(|image| image::file_of(image, document)).collect();
            if found.is_empty() || found.len() < sheet.pictures {
                extraction.gap(&origin, GapReason::Picture);
            }
            found.into_iter().for_each(|found| extraction.picture(&origin, found));
        }
        text.push_str(&shown);
        text.push('\n');
    }
    if count == 0 {
        extraction.gap(&file.origin, GapReason::Corrupt);
    }
    extraction.text(&file.origin, text, Shape::Prose);
}

/// Glyph numbers without a map to characters come out as noise.
fn is_unreadable(text: &str) -> bool {
    let noise =
        |c: &char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fffd}');
    text.chars().filter(noise).count() * 4 > text.chars().count().max(1)
}

/// The page's own resources before those it inherits.
fn page_resources(document: &Document, page: lopdf::ObjectId) -> Vec<&Dictionary> {
    let Ok((own, inherited)) = document.get_page_resources(page) else { return Vec::new() };
    own.into_iter().chain(inherited.into_iter().filter_map(|id| document.get_dictionary(id).ok())).collect()
}

fn plain(stream: &Stream) -> Option<Vec<u8>> {
    stream.get_plain_content_with_limit(MAX_CONTENT).ok()
}

/// Everything with text that is on no page: forms, notes, properties, embedded files, also what nothing points to.
fn objects(document: &Document, file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut lines = String::new();
    for object in document.objects.values() {
        let dictionary = match object {
            Object::Dictionary(dictionary) => dictionary,
            Object::Stream(stream) => {
                embedded(stream, file, extraction);
                &stream.dict
            }
            _ => continue,
        };
        told(dictionary, document, &mut lines);
    }
    extraction.text(&within(&file.origin, "fields"), lines, Shape::Records);
}

/// A form field as `name: value`, and every other entry that people read.
fn told(dictionary: &Dictionary, document: &Document, lines: &mut String) {
    const KEYS: &[&[u8]] = &[
        b"Contents",
        b"Title",
        b"Author",
        b"Subject",
        b"Keywords",
        b"URI",
        b"Alt",
        b"ActualText",
        b"TU",
        b"UF",
        b"RC",
    ];
    let string = |key: &[u8]| -> Option<String> {
        let bytes = dictionary.get_deref(key, document).ok()?.as_str().ok()?;
        Some(match bytes {
            [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
            bytes => charset::decode(bytes, None).into_owned(),
        })
    };
    let mut line = |name: &str, value: String| {
        if !value.trim().is_empty() {
            let value: Vec<&str> = value.split_whitespace().collect();
            lines.push_str(&format!("{name}: {}\n", value.join(" ")));
        }
    };
    if let Some(value) = string(b"V") {
        line(&string(b"T").unwrap_or_else(|| "value".to_owned()), value);
    }
    for key in KEYS {
        if let Some(value) = string(key) {
            line(&String::from_utf8_lossy(key), value);
        }
    }
}

fn embedded(stream: &Stream, file: &File<'_>, extraction: &mut Extraction<'_>) {
    let is = |kind: &[u8]| stream.dict.get(b"Type").and_then(Object::as_name).is_ok_and(|name| name == kind);
    if is(b"EmbeddedFile") {
        match plain(stream) {
            Some(bytes) => extraction.push(file.inner("embedded", bytes)),
            None => extraction.gap(&file.origin, GapReason::Corrupt),
        }
        return;
    }
    let metadata = is(b"Metadata").then(|| plain(stream)).flatten().or_else(|| xfa(stream));
    if let Some(Ok(text)) = metadata.map(|content| xml::prose(&content)) {
        extraction.text(&within(&file.origin, "metadata"), text, Shape::Prose);
    }
}

/// The values of an XFA form, which has no type of its own.
fn xfa(stream: &Stream) -> Option<Vec<u8>> {
    let typed = stream.dict.has(b"Type") || stream.dict.has(b"Subtype");
    let content = (!typed).then(|| plain(stream)).flatten()?;
    let start = content.trim_ascii_start();
    (start.starts_with(b"<xfa:") || start.starts_with(b"<xdp:")).then_some(content)
}

/// Of a file too damaged for its objects to be found: the strings of every stream that still inflates.
fn salvage(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut text = String::new();
    let mut meter = archive::Meter::new(file.bytes.len(), extraction);
    for at in memchr::memmem::find_iter(&file.bytes, b"stream").take(10_000) {
        let data = file.bytes[at + 6..].trim_ascii_start();
        let (content, _) = meter.drain(flate2::read::ZlibDecoder::new(data), extraction);
        let Ok(content) = Content::decode(&content) else { continue };
        for Operation { operator, operands } in &content.operations {
            if matches!(operator.as_str(), "Tj" | "TJ" | "'" | "\"") {
                strings(operands, &mut text);
                text.push('\n');
            }
        }
    }
    extraction.text(&file.origin, text, Shape::Prose);
}

fn strings(objects: &[Object], text: &mut String) {
    for object in objects {
        match object {
            Object::String(bytes, _) => text.push_str(&charset::decode(bytes, Some("windows-1252"))),
            Object::Array(pieces) => {
                for piece in pieces {
                    if let Object::String(bytes, _) = piece {
                        text.push_str(&charset::decode(bytes, Some("windows-1252")));
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{opened, text_of};
    use super::*;

    /// A file of one page with this content, and further objects.
    fn pdf(content: &str, objects: &[&str]) -> Vec<u8> {
        let mut all = vec![
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>/XObject<</I 6 0 R>>>>>>".to_owned(),
            format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
            "<</Type/XObject/Subtype/Image/Width 1000/Height 1000/Length 1>>stream\nx\nendstream".to_owned(),
        ];
        all.extend(objects.iter().map(|object| (*object).to_owned()));
        let mut out = "%PDF-1.7\n".to_owned();
        let mut offsets = Vec::new();
        for (at, object) in all.iter().enumerate() {
            offsets.push(out.len());
            out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
        }
        let start = out.len();
        out.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", all.len() + 1));
        for offset in offsets {
            out.push_str(&format!("{offset:010} 00000 n \n"));
        }
        out.push_str(&format!("trailer\n<</Root 1 0 R/Size {}>>\nstartxref\n{start}\n%%EOF\n", all.len() + 1));
        out.into_bytes()
    }

    #[test]
    fn text_is_read_as_it_stands_on_the_page() {
        for (content, text) in [
            ("BT /F1 12 Tf 50 700 Td (Jo Roe) Tj 0 -20 Td (MRN 12345) Tj ET", "Jo Roe\nMRN 12345"),
            // Below in the file, above on the page.
            ("BT /F1 12 Tf 50 600 Td (second) Tj ET BT /F1 12 Tf 50 700 Td (first) Tj ET", "first\nsecond"),
            // Two columns of one row.
            ("BT /F1 12 Tf 300 700 Td (12345) Tj ET BT /F1 12 Tf 50 700 Td (MRN) Tj ET", "MRN\t12345"),
            ("BT /F1 12 Tf 50 700 Td [(Jo) -300 (Ro) 20 (e)] TJ ET", "Jo Roe"),
            ("q 2 0 0 2 0 0 cm BT /F1 12 Tf 14 TL 50 300 Td (a) Tj T* (b) Tj ET Q", "a\nb"),
        ] {
            assert_eq!(text_of(&opened("a.pdf", &pdf(content, &[])), "").trim(), text, "{content}");
        }
    }

    #[test]
    fn forms_notes_and_embedded_files_are_read() {
        let objects = [
            "<</T(Patient)/V(Jo Roe)>>",
            "<</Type/Annot/Contents(call her)>>",
            "<</Type/EmbeddedFile/Length 6>>stream\nAnn Lo\nendstream",
        ];
        let extract = opened("a.pdf", &pdf("BT /F1 12 Tf 50 700 Td (a page of text) Tj ET", &objects));
        assert_eq!(text_of(&extract, "fields"), "Patient: Jo Roe\nContents: call her\n");
        assert_eq!(text_of(&extract, "embedded").trim(), "Ann Lo");
        assert!(extract.gaps.is_empty(), "{:?}", extract.gaps);
    }

    #[test]
    fn a_scanned_page_and_a_broken_file_are_gaps() {
        let scanned = opened("a.pdf", &pdf("q 600 0 0 800 0 0 cm /I Do Q", &[]));
        assert_eq!(scanned.gaps[0].reason, GapReason::Picture);
        let whole = pdf("BT (x) Tj ET", &[]);
        for len in [40, whole.len() / 2, whole.len() - 8] {
            assert!(!opened("a.pdf", &whole[..len]).gaps.is_empty(), "{len} of {} bytes", whole.len());
        }
        assert!(!opened("a.pdf", b"%PDF-1.7\nnothing").gaps.is_empty());
    }
}
