//! The table of readers: which kinds there are, how each is told, and who reads it.
//!
//! A file is told by its bytes, by its extension and by its declared type; where they disagree it
//! is read in every way that its bytes allow. A new kind is one file beside this one and one line here.

mod archive;
mod calendar;
mod cms;
mod compressed;
mod dicom;
mod interchange;
mod metafile;
mod office;
mod ole;
mod openpgp;
mod pdf;
mod picture;
mod records;
mod rights;
mod rtf;
mod sevenzip;
mod sheet;
mod strings;
mod structured;
mod tar;
mod text;
mod tnef;
mod workbook;
mod xml;

use super::extraction::{Extraction, File, Kinds};
use super::{GapReason, Origin, Part, Shape, mime};

/// Where a reader runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In this process: MIME, plain text, small structured text.
    Here,
    /// In a confined worker: some failures of these parsers abort a process.
    Apart,
}

/// One kind of file.
struct Reader {
    /// The media type that `Part::kind` says.
    kind: &'static str,
    /// What its bytes must look like; nothing can be said by bytes for the text kinds.
    magic: Option<fn(&[u8]) -> bool>,
    extensions: &'static [&'static str],
    types: &'static [&'static str],
    place: Place,
    read: fn(&File<'_>, &mut Extraction<'_>),
}

/// The types of a whole message; the last two are no registered ones, and some readers open them all the same.
const MESSAGES: &[&str] = &["message/rfc822", "message/global", "application/rfc822", "text/rfc822"];

/// Every kind that is read. The first one told by its bytes names the part.
const READERS: &[Reader] = &[
    here("message/rfc822", None, &["eml"], MESSAGES, mime::read_nested),
    here("application/pkcs7-mime", Some(cms::is_cms), &[], &[], cms::read),
    here("application/pgp-encrypted", Some(openpgp::is_message), &[], &[], openpgp::read),
    here("image", Some(picture::is_picture), &[], &[], picture::read),
    here("image/wmf", Some(metafile::is_metafile), &[], &[], metafile::read),
    here("application/dicom", Some(dicom::is_dicom), &[], &[], dicom::read),
    here("application/hl7-v2", Some(interchange::is_hl7), &[], &[], interchange::hl7),
    here("application/edi-x12", Some(interchange::is_x12), &[], &[], interchange::x12),
    apart("application/vnd.openxmlformats-officedocument", office::is_open_xml, office::read),
    apart("application/vnd.oasis.opendocument", office::is_open_document, office::read),
    apart("application/zip", is_plain_zip, archive::zip),
    apart("application/gzip", compressed::is_gzip, compressed::gzip),
    apart("application/x-bzip2", |bytes| bytes.starts_with(b"BZh"), compressed::bzip2),
    apart("application/x-xz", |bytes| bytes.starts_with(b"\xfd7zXZ\0"), compressed::xz),
    apart("application/x-lzma", compressed::is_lzma, compressed::lzma),
    apart("application/zstd", |bytes| bytes.starts_with(b"\x28\xb5\x2f\xfd"), compressed::zstd),
    apart("application/x-tar", tar::is_tar, tar::read),
    apart("application/x-7z-compressed", sevenzip::is_seven_zip, sevenzip::read),
    apart("application/pdf", pdf::is_pdf, pdf::read),
    apart("application/x-ole-storage", ole::is_ole, ole::read),
    apart("application/x-microsoft-rpmsg-message", rights::is_protected_message, rights::read),
    apart("application/rtf", rtf::is_rtf, rtf::read),
    apart("application/ms-tnef", tnef::is_tnef, tnef::read),
    here(
        "text/html",
        None,
        &["html", "htm", "xhtml", "svg"],
        &["text/html", "application/xhtml+xml", "image/svg+xml"],
        text::html,
    ),
    here("text/csv", None, &["csv", "tsv", "tab"], &["text/csv", "text/tab-separated-values"], structured::csv),
    here(
        "application/json",
        None,
        &["json", "ndjson", "jsonl"],
        &["application/json", "application/fhir+json", "text/json"],
        structured::json,
    ),
    here(
        "application/xml",
        None,
        &["xml", "cda", "ccd", "fodt", "fods", "fodp", "fodg"],
        &["application/xml", "text/xml", "application/fhir+xml"],
        xml::data,
    ),
    here("text/calendar", None, &["ics", "ifb"], &["text/calendar"], calendar::read),
    here("text/vcard", None, &["vcf", "vcard"], &["text/vcard", "text/x-vcard", "text/directory"], calendar::read),
    here("text/plain", None, &["txt", "text", "log", "md", "asc"], &["text/plain"], text::plain),
];

/// A kind read in this process.
const fn here(
    kind: &'static str,
    magic: Option<fn(&[u8]) -> bool>,
    extensions: &'static [&'static str],
    types: &'static [&'static str],
    read: fn(&File<'_>, &mut Extraction<'_>),
) -> Reader {
    Reader { kind, magic, extensions, types, place: Place::Here, read }
}

/// A kind read in a worker, and told by its bytes.
const fn apart(kind: &'static str, magic: fn(&[u8]) -> bool, read: fn(&File<'_>, &mut Extraction<'_>)) -> Reader {
    Reader { kind, magic: Some(magic), extensions: &[], types: &[], place: Place::Apart, read }
}

impl Reader {
    fn is_named_by(&self, extension: &str, declared: &str) -> bool {
        (!extension.is_empty() && self.extensions.contains(&extension))
            || (!declared.is_empty() && self.types.contains(&declared))
    }
}

/// A ZIP that is no document of its own kind.
fn is_plain_zip(bytes: &[u8]) -> bool {
    archive::is_zip(bytes) && !office::is_open_xml(bytes) && !office::is_open_document(bytes)
}

/// Every reading that the file allows.
fn readings(file: &File<'_>) -> Vec<&'static Reader> {
    let extension = file.extension();
    READERS
        .iter()
        .filter(|reader| match reader.magic {
            Some(magic) => magic(&file.bytes),
            None => reader.is_named_by(&extension, &file.declared),
        })
        .collect()
}

fn is_told_by_bytes(bytes: &[u8]) -> bool {
    READERS.iter().any(|reader| reader.magic.is_some_and(|magic| magic(bytes)))
}

/// The kinds above, for whoever finds a file.
pub(super) struct Table;

impl Kinds for Table {
    fn is_told_by_bytes(&self, bytes: &[u8]) -> bool {
        is_told_by_bytes(bytes)
    }

    fn part(&self, file: &File<'_>) -> Part {
        let readings = readings(file);
        let told = readings.iter().find(|reader| reader.magic.is_some()).or(readings.first());
        Part {
            origin: Origin::new(file.origin.as_str()),
            kind: told.map_or_else(|| file.declared.clone(), |reader| reader.kind.to_owned()),
            name: file.name.clone(),
            size: file.bytes.len() as u64,
            encrypted: false,
            signed: file.signed,
        }
    }

    /// Apart if any of its readings is.
    fn is_apart(&self, file: &File<'_>) -> bool {
        readings(file).iter().any(|reader| reader.place == Place::Apart)
    }

    fn read(&self, file: &File<'_>, extraction: &mut Extraction<'_>) {
        if let Some(name) = &file.name {
            extraction.text(&super::extraction::within(&file.origin, "name"), name.clone(), Shape::Line);
        }
        if file.bytes.is_empty() {
            return extraction.gap(&file.origin, GapReason::Corrupt);
        }
        let readings = readings(file);
        for reader in &readings {
            (reader.read)(file, extraction);
        }
        if readings.is_empty() {
            unread(file, extraction);
        }
    }
}

/// Whether these bytes are most likely text: no NUL, hardly any control bytes.
fn looks_like_text(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(4096)];
    let odd = sample.iter().filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31)).count();
    memchr::memchr(0, sample).is_none() && odd * 50 <= sample.len()
}

/// What no reader knows: text by its looks, something that holds no text, or a gap.
fn unread(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let declared = file.declared.as_str();
    let extension = file.extension();
    let is_text = looks_like_text(&file.bytes) || super::charset::wide_encoding(&file.bytes).is_some();
    if is_font(&file.bytes) || (is_signature(declared, &extension) && !is_text && is_signature_data(&file.bytes)) {
        return;
    }
    if is_media(&file.bytes) && !is_text {
        return extraction.gap(&file.origin, GapReason::Media);
    }
    if declared.starts_with("message/") {
        // A kind of message that nobody registered is still shown as one by some.
        mime::read_nested(file, extraction);
    }
    if is_text || super::charset::rare::looks_like_ebcdic(&file.bytes) {
        text::plain(file, extraction);
        if KNOWN_BY_MAGIC.contains(&extension.as_str()) {
            extraction.gap(&file.origin, GapReason::Corrupt);
        }
        return;
    }
    let reason = match KNOWN_BY_MAGIC.contains(&extension.as_str()) {
        true => GapReason::Corrupt,
        false => GapReason::UnknownType,
    };
    extraction.gap(&file.origin, reason);
}

/// Extensions whose files must begin with certain bytes; one that does not is broken, or something else.
const KNOWN_BY_MAGIC: &[&str] = &[
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "zip", "gz", "tgz", "bz2", "xz", "7z",
    "msg", "png", "jpg", "jpeg", "gif", "tif", "tiff", "dcm", "p7m",
];

/// A signature beside the signed part, or a key: it tells nothing of anybody else's.
fn is_signature(declared: &str, extension: &str) -> bool {
    matches!(
        declared,
        "application/pkcs7-signature"
            | "application/x-pkcs7-signature"
            | "application/pgp-signature"
            | "application/pgp-keys"
    ) || matches!(extension, "p7s" | "sig")
}

/// A sequence in DER, or an OpenPGP signature packet.
fn is_signature_data(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, ..] | [0x88 | 0x89 | 0xc2, ..]) && bytes.len() < 64 * 1024
}

fn is_font(bytes: &[u8]) -> bool {
    let starts: [&[u8]; 6] = [b"wOFF", b"wOF2", b"OTTO", b"ttcf", b"\0\x01\0\0\0", b"true\0"];
    starts.iter().any(|start| bytes.starts_with(start))
}

/// Sound or film by its bytes; what only says that it is one may be anything.
fn is_media(bytes: &[u8]) -> bool {
    let starts: [&[u8]; 14] = [
        b"ID3",
        b"OggS",
        b"fLaC",
        b"\x1aE\xdf\xa3",
        b"\x30\x26\xb2\x75",
        b"#!AMR",
        b"MThd",
        b".snd",
        b"caff",
        b"FLV\x01",
        b"\0\0\x01\xba",
        b"\0\0\x01\xb3",
        b"#!SILK",
        b".RMF",
    ];
    starts.iter().any(|start| bytes.starts_with(start))
        || (bytes.starts_with(b"FORM") && matches!(bytes.get(8..12), Some(b"AIFF" | b"AIFC")))
        || (bytes.first() == Some(&0x47) && bytes.get(188) == Some(&0x47))
        || bytes.get(4..8) == Some(b"ftyp")
        || (bytes.starts_with(b"RIFF") && matches!(bytes.get(8..12), Some(b"WAVE" | b"AVI ")))
        || (bytes.len() > 2 && bytes[0] == 0xff && matches!(bytes[1], 0xfb | 0xf3 | 0xf2 | 0xf1 | 0xf9))
}

#[cfg(test)]
mod tests {
    use super::super::{Budget, Document, Documents, Extract, InProcess};
    use super::*;

    /// What the readers make of one attachment.
    pub(super) fn opened(name: &str, bytes: &[u8]) -> Extract {
        let document = Document { name: Some(name), declared: "", bytes, depth: 1 };
        InProcess.open(&document, &Budget::new(100 << 20, 100_000))
    }

    pub(super) fn text_of(extract: &Extract, origin: &str) -> String {
        let found = extract.segments.iter().find(|segment| segment.origin.as_str() == origin);
        found.map(|segment| segment.text.clone()).unwrap_or_else(|| panic!("no text from {origin:?}"))
    }

    pub(super) fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
        use std::io::Write;
        let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            let stored =
                ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored);
            writer.start_file(*name, stored).expect("memory");
            writer.write_all(bytes).expect("memory");
        }
        writer.finish().expect("memory").into_inner()
    }

    #[test]
    fn what_holds_no_text_is_no_gap_and_the_unknown_is_one() {
        let cases: &[(&str, &str, &[u8], Option<GapReason>)] = &[
            ("smime.p7s", "application/pkcs7-signature", b"\x30\x01\x00", None),
            ("a.woff", "font/woff", b"wOFF\0\0", None),
            ("a.mp3", "audio/mpeg", b"ID3\x04\0", Some(GapReason::Media)),
            ("a.bin", "application/octet-stream", b"\x01\x02\0\x03", Some(GapReason::UnknownType)),
            ("a.pdf", "application/pdf", b"\x01\x02\0\x03", Some(GapReason::Corrupt)),
            ("a.bin", "application/octet-stream", b"plain after all", None),
            ("empty.txt", "text/plain", b"", Some(GapReason::Corrupt)),
            ("a.txt", "text/plain", b"\x01\x02\0\x03\x04 not text \0\x01", Some(GapReason::UnknownType)),
            ("a.rar", "", b"Rar!\x1a\x07\x01\0", Some(GapReason::UnknownType)),
        ];
        for (name, declared, bytes, gap) in cases {
            let document = Document { name: Some(name), declared, bytes, depth: 1 };
            let extract = InProcess.open(&document, &Budget::new(1 << 20, 100));
            assert_eq!(extract.gaps.first().map(|gap| gap.reason), *gap, "{name}");
        }
    }

    #[test]
    fn a_file_that_is_two_kinds_is_read_as_both() {
        let polyglot = [b"GIF89a\x01\0\x01\0".as_slice(), &zipped(&[("roe.txt", b"Jo Roe")])].concat();
        assert_eq!(text_of(&opened("a.gif", &polyglot), "roe.txt"), "Jo Roe");
        let disguised = zipped(&[("roe.txt", b"Jo Roe")]);
        assert_eq!(text_of(&opened("a.txt", &disguised), "roe.txt"), "Jo Roe");
    }
}
