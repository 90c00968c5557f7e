//! PDF: the text of each page in reading order, form values, annotations, properties, embedded files.
//!
//! lopdf reads the objects; where their text stands on the page is followed here, since the order in
//! the file need not be the order on paper. A page that is only a picture is read as one, or is a gap.

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, Stream};

use super::super::extraction::{Extraction, File, within};
use super::super::{Extent, GapReason, Shape, charset};
use super::archive;

mod font;
mod image;
mod jbig2;
mod objects;
mod sheet;

use sheet::Sheet;

const MAX_PAGES: usize = 5_000;

/// What one content stream may come to.
const MAX_CONTENT: usize = 64 << 20;

pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    // Readers look for it in the first kilobyte (ISO 32000-1 annex H.3, note 13).
    let head = &bytes[..bytes.len().min(1024)];
    memchr::memchr(b'%', head).is_some_and(|at| memchr::memmem::find(&head[at..], b"%PDF-").is_some())
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
    objects::read(&document, file, extraction);
    behind(file, extraction);
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
        let content = content_of(page, document);
        sheet.draw(content.as_deref().unwrap_or_default(), &resources);
        if sheet.broken || content.is_none() {
            extraction.gap(&file.origin, GapReason::Corrupt);
        }
        let shown = sheet.text();
        let origin = within(&file.origin, &format!("page[{count}]"));
        if is_unreadable(&shown) || (shown.trim().len() < 16 && sheet.pictures > 0) {
            let images: Vec<&Stream> = sheet.images.iter().map(|image| image.stream).collect();
            look_at(&images, sheet.pictures, document, &origin, extraction);
        } else if shown.len() < MIN_LAYER {
            let area = sheet::area_of(document, page);
            let scans: Vec<&Stream> =
                sheet.images.iter().filter(|image| image.shows_most_of(area)).map(|image| image.stream).collect();
            look_at(&scans, scans.len(), document, &origin, extraction);
        }
        text.push_str(&shown);
        text.push('\n');
    }
    if count == 0 {
        extraction.gap(&file.origin, GapReason::Corrupt);
    }
    extraction.text(&file.origin, text, Shape::Prose);
}

/// A scan whose text somebody recognised has a page of it; what was stamped on a scan is less.
const MIN_LAYER: usize = 400;

/// Reads these pictures of a page; a gap if there are more than can be told apart.
fn look_at(images: &[&Stream], drawn: usize, document: &Document, origin: &str, extraction: &mut Extraction<'_>) {
    let found: Vec<Vec<u8>> = images.iter().filter_map(|image| image::file_of(image, document)).collect();
    if found.len() < drawn {
        extraction.gap(origin, GapReason::Picture);
    }
    found.into_iter().for_each(|found| extraction.picture(origin, found, Extent::Page));
}

/// Glyph numbers without a map to characters come out as noise.
fn is_unreadable(text: &str) -> bool {
    let noise =
        |c: &char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fffd}');
    text.chars().filter(noise).count() * 4 > text.chars().count().max(1)
}

/// Nothing, compressed, takes no more.
const NOTHING: usize = 16;

/// The drawing of a page; `None` if any of its streams is not there or can't be undone. (lopdf would give that one as it stands,
/// and a page that draws nothing.)
fn content_of(page: lopdf::ObjectId, document: &Document) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    for id in document.get_page_contents(page) {
        let stream = document.get_object(id).and_then(Object::as_stream).ok()?;
        let plain = stream.get_plain_content_with_limit(MAX_CONTENT.checked_sub(content.len())?).ok()?;
        if plain.is_empty() && stream.content.len() > NOTHING {
            return None;
        }
        content.extend(plain);
        content.push(b'\n');
    }
    Some(content)
}

/// The page's own resources before those it inherits.
fn page_resources(document: &Document, page: lopdf::ObjectId) -> Vec<&Dictionary> {
    let Ok((own, inherited)) = document.get_page_resources(page) else { return Vec::new() };
    own.into_iter().chain(inherited.into_iter().filter_map(|id| document.get_dictionary(id).ok())).collect()
}

fn plain(stream: &Stream) -> Option<Vec<u8>> {
    stream.get_plain_content_with_limit(MAX_CONTENT).ok()
}

/// Text behind the end of the file, which readers of PDF pass over and others show.
fn behind(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let end = memchr::memmem::rfind(&file.bytes, b"%%EOF").map_or(file.bytes.len(), |at| at + 5);
    let behind = file.bytes[end..].trim_ascii();
    if !behind.contains(&0) && behind.iter().any(u8::is_ascii_alphanumeric) {
        extraction.text(&within(&file.origin, "behind"), charset::decode(behind, None).into_owned(), Shape::Prose);
    }
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
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R/F2 7 0 R/F3<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding/WinAnsiEncoding>>>>/XObject<</I 6 0 R>>>>>>".to_owned(),
            format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
            "<</Type/XObject/Subtype/Image/Width 1000/Height 1000/Length 1>>stream\nx\nendstream".to_owned(),
            "<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding>>".to_owned(),
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
            ("BT /F2 10 Tf 50 700 Td (S) Tj 6 0 Td (i) Tj 6 0 Td (l) Tj 6 0 Td (l) Tj ET", "Sill"),
            // Letters that stand apart, and words further apart.
            ("BT /F2 10 Tf 50 700 Td (J) Tj 9 0 Td (o) Tj 18 0 Td (R) Tj 9 0 Td (o) Tj 9 0 Td (e) Tj ET", "Jo Roe"),
            ("BT /F2 10 Tf 50 700 Td [(J) -300 (o) -900 (R) -300 (o) -300 (e)] TJ ET", "Jo Roe"),
            // Every word by itself, in a narrow font whose widths the file leaves out.
            (
                "BT /F3 10 Tf 1 0 0 1 54 740 Tm (The) Tj 1 0 0 1 72.05 740 Tm (mother,) Tj 1 0 0 1 105.38 740 Tm (Jo) Tj ET",
                "The mother, Jo",
            ),
            // Letters drawn together, so that the gap after them is one between words.
            ("BT /F1 12 Tf -1 Tc 50 700 Td (abcdefgh) Tj 48 0 Td (ijk) Tj ET", "abcdefgh ijk"),
            ("q 2 0 0 2 0 0 cm BT /F1 12 Tf 14 TL 50 300 Td (a) Tj T* (b) Tj ET Q", "a\nb"),
        ] {
            assert_eq!(text_of(&opened("a.pdf", &pdf(content, &[])), "").trim(), text, "{content}");
        }
    }

    #[test]
    fn forms_notes_and_embedded_files_are_read() {
        let page = "BT /F1 12 Tf 50 700 Td (a page of text) Tj ET";
        for (object, origin, text) in [
            ("<</T(Patient)/V(Jo Roe)>>", "fields", "Patient: Jo Roe"),
            ("<</T(f1)/TU(Patient name)/V(Jo Roe)/DV(Jo Roe)>>", "fields", "Patient name: Jo Roe"),
            ("<</T(f1)/TU(Patient name)>>", "fields", "TU: Patient name"),
            ("<</Type/Annot/Contents(call her)>>", "fields", "Contents: call her"),
            ("<</Kids[<</Sub<</Contents(deep down)>>>>]>>", "fields", "Contents: deep down"),
            ("<</FT/Ch/Opt[(Jo Roe)(Ann)]>>", "fields", "Opt: Jo Roe"),
            ("<</Producer(x)/PatientNote(of Jo Roe)>>", "fields", "PatientNote: of Jo Roe"),
            ("<</S/JavaScript/JS(show\\(1\\))>>", "fields", "JS: show(1)"),
            ("<</RC(<p>Jo <b>R</b>oe</p>)>>", "fields", "RC: Jo Roe"),
            ("<</DA(/Helv 0 Tf 0 g)/ID(\x01 \x02)/M(D:2026 0101)/V(kept)>>", "fields", "value: kept"),
            ("<</Type/EmbeddedFile/Length 6>>stream\nAnn Lo\nendstream", "embedded", "Ann Lo"),
        ] {
            let extract = opened("a.pdf", &pdf(page, &[object]));
            assert_eq!(text_of(&extract, origin).trim(), text, "{object}");
            assert!(extract.gaps.is_empty(), "{object}: {:?}", extract.gaps);
        }
        let behind = [&pdf(page, &[]), b"\nfor Jo Roe".as_slice()].concat();
        assert_eq!(text_of(&opened("a.pdf", &behind), "behind"), "for Jo Roe");
    }

    #[test]
    fn a_scan_with_a_stamp_is_looked_at_and_a_logo_or_a_recognised_scan_is_not() {
        let stamp = "BT /F1 12 Tf 50 30 Td (FAX 05/04/2026 12:33 page 1 of 3) Tj ET";
        let layer = format!("BT /F1 12 Tf 50 300 Td ({}) Tj ET", "recognised words ".repeat(30));
        for (content, gap) in [
            (format!("q 600 0 0 750 0 50 cm /I Do Q {stamp}"), true),
            (format!("q 60 0 0 75 0 50 cm /I Do Q {stamp}"), false),
            (format!("q 600 0 0 750 0 50 cm /I Do Q {layer}"), false),
        ] {
            let gaps: Vec<_> = opened("a.pdf", &pdf(&content, &[])).gaps.iter().map(|gap| gap.reason).collect();
            assert_eq!(gaps, if gap { vec![GapReason::Picture] } else { vec![] }, "{content}");
        }
    }

    #[test]
    fn a_drawing_that_can_not_be_undone_is_a_gap() {
        let whole = String::from_utf8(pdf("BT /F1 12 Tf 50 700 Td (Jo Roe) Tj ET", &[])).expect("text");
        assert!(opened("a.pdf", whole.as_bytes()).gaps.is_empty());
        let filters = |names: &str| whole.replacen("<</Length", &format!("<</Filter[{names}]/Length"), 1);
        for names in ["/FlateDecode ".repeat(20), "/FlateDecode ".repeat(2), "/Unheard ".to_owned()] {
            let gaps = opened("a.pdf", filters(&names).as_bytes()).gaps;
            assert_eq!(gaps.first().map(|gap| gap.reason), Some(GapReason::Corrupt), "{names}");
        }
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
