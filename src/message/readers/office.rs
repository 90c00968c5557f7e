//! Office documents that are ZIPs of XML: Office Open XML (DOCX, XLSX, PPTX) and OpenDocument.
//!
//! Every part is read, whatever its role: headers, footers, comments, notes, hidden slides, properties.

use super::super::extraction::{Extraction, File, within};
use super::super::{GapReason, Shape};
use super::workbook::{self, Workbook};
use super::{archive, xml};

pub(super) fn is_open_xml(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") && memchr::memmem::find(bytes, b"[Content_Types].xml").is_some()
}

pub(super) fn is_open_document(bytes: &[u8]) -> bool {
    let holds = |bytes: &[u8], name: &[u8]| memchr::memmem::find(bytes, name).is_some();
    let is_told = |start| holds(start, b"mimetypeapplication/vnd.oasis.opendocument");
    bytes.starts_with(b"PK\x03\x04")
        // Programs open it also where its kind does not stand first, by the parts that it has.
        && (bytes.get(30..120).is_some_and(is_told)
            || holds(bytes, b"META-INF/manifest.xml") && holds(bytes, b"content.xml"))
}

/// DOCX, PPTX, ODT and the rest: each XML part is prose, each object in it a file of its own.
pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut book = Workbook::default();
    archive::each_zip_entry(file, extraction, &mut |entry, bytes, file, extraction| {
        let origin = within(&file.origin, entry);
        if workbook::is_part(entry) {
            book.part(entry, bytes, file, extraction);
        } else if is_plumbing(entry) || bytes.is_empty() {
            // Nothing of the author's.
        } else if entry.ends_with(".xml") || entry.ends_with(".rels") || entry.ends_with(".vml") {
            match xml::prose(&bytes) {
                Ok(text) => extraction.text(&origin, text, Shape::Prose),
                Err(reason) => extraction.gap(&origin, reason),
            }
        } else {
            extraction.push(file.inner(entry, bytes));
        }
    });
    book.finish(file, extraction);
}

/// Parts without text of the author's: styles, fonts, relations of parts, themes. Masters and settings may have some.
fn is_plumbing(entry: &str) -> bool {
    const NAMES: &[&str] =
        &["[Content_Types].xml", "META-INF/manifest.xml", "settings.xml", "manifest.rdf", "mimetype"];
    const PARTS: &[&str] = &["/styles.xml", "/stylesWithEffects.xml", "/fontTable.xml", "/webSettings.xml"];
    const FOLDERS: &[&str] =
        &["/theme/", "/fonts/", "_rels/.rels", "Fonts/", "/printerSettings/", "docProps/thumbnail", "Thumbnails/"];
    NAMES.contains(&entry)
        || PARTS.iter().any(|part| entry.ends_with(part))
        || FOLDERS.iter().any(|folder| entry.contains(folder))
        || (entry.ends_with(".xml") && entry.contains("/calcChain"))
}

/// A locked Office file is an OLE container with these streams ([MS-OFFCRYPTO] §2.3).
pub(super) fn lock(info: &[u8]) -> GapReason {
    let agile = memchr::memmem::find(info, b"keyBits=\"256\"").is_some();
    if agile { GapReason::Sealed } else { GapReason::Encrypted }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{opened, text_of, zipped};

    #[test]
    fn every_part_of_a_document_is_read_with_its_runs_joined() {
        let types: (&str, &[u8]) = ("[Content_Types].xml", b"<Types/>");
        let document = zipped(&[
            types,
            (
                "word/document.xml",
                b"<w:document xmlns:w='w'><w:body><w:p><w:r><w:t>MRN 12</w:t></w:r><w:r><w:t>345</w:t></w:r></w:p>\
                  <w:tbl><w:tr><w:tc><w:tcPr><w:tcW w:w='9'/></w:tcPr><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:tcPr></w:tcPr><w:p><w:r><w:t>b</w:t></w:r></w:p>\
                  </w:tc></w:tr></w:tbl></w:body></w:document>",
            ),
            ("word/comments.xml", b"<c><w:p><w:t>seen by Roe</w:t></w:p></c>"),
            ("docProps/core.xml", b"<cp><dc:title>Roe &amp; Co</dc:title></cp>"),
            ("word/styles.xml", b"<s><name>Heading</name></s>"),
            ("word/settings.xml", b"<w:s><w:rsid w:val='00A1'/><w:docVar w:name='n' w:val='kept for Roe'/></w:s>"),
            ("customXml/item1.xml", b"<form patient='Jo Roe' style='x y'/>"),
            ("word/field.xml", b"<w:fldSimple w:instr=' QUOTE &quot;of Roe&quot; '/><w:rFonts w:ascii='Times New'/>"),
        ]);
        assert!(!super::super::is_plain_zip(&document));
        let extract = opened("letter.docx", &document);
        assert!(extract.gaps.is_empty(), "{:?}", extract.gaps);
        assert_eq!(text_of(&extract, "word/document.xml"), "MRN 12345\na\tb\n");
        assert_eq!(text_of(&extract, "word/comments.xml").trim(), "seen by Roe");
        assert_eq!(text_of(&extract, "docProps/core.xml").trim(), "Roe & Co");
        assert_eq!(text_of(&extract, "word/settings.xml").trim(), "kept for Roe");
        assert_eq!(text_of(&extract, "customXml/item1.xml").trim(), "Jo Roe");
        assert_eq!(text_of(&extract, "word/field.xml").trim(), "QUOTE \"of Roe\"");
        assert!(!extract.segments.iter().any(|segment| segment.text.contains("Heading")));
    }

    #[test]
    fn notes_comments_and_masters_of_slides_are_read() {
        let part =
            |name: &'static str| (name, b"<a:p><a:r><a:t>Jo </a:t></a:r><a:r><a:t>Roe</a:t></a:r></a:p>".as_slice());
        let parts = [
            "ppt/notesSlides/notesSlide1.xml",
            "ppt/comments/comment1.xml",
            "ppt/slideMasters/slideMaster1.xml",
            "ppt/slideLayouts/slideLayout1.xml",
            "ppt/diagrams/data1.xml",
        ];
        let entries: Vec<_> =
            [("[Content_Types].xml", b"<Types/>".as_slice())].into_iter().chain(parts.map(part)).collect();
        let extract = opened("talk.pptx", &zipped(&entries));
        for part in parts {
            assert_eq!(text_of(&extract, part).trim(), "Jo Roe", "{part}");
        }
    }

    #[test]
    fn entity_bombs_are_not_expanded() {
        let bomb = b"<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><x>&b;</x>";
        let document = zipped(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", bomb)]);
        assert!(!opened("bomb.docx", &document).gaps.is_empty());
    }
}
