//! OLE2 containers ([MS-CFB]): old Word, Excel and PowerPoint files, Outlook messages, locked Office documents.

use std::io::{Cursor, Read};

use cfb::CompoundFile;

use super::super::extraction::{Extraction, File, within};
use super::super::{GapReason, Shape, charset, html, text};
use super::{office, rtf, sheet};

type Container<'b> = CompoundFile<Cursor<&'b [u8]>>;

/// More streams than this are an attack.
const MAX_STREAMS: usize = 20_000;

pub(super) fn is_ole(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

/// Protected for certain people by Azure Rights Management (MS-OFFCRYPTO §2.2, MS-OXORMMS §2.2.3).
pub(super) fn is_protected<F>(container: &CompoundFile<F>) -> bool {
    let is_stream = |path: &str| container.is_stream(path);
    is_stream("/\u{9}DRMContent")
        || (is_stream("/EncryptedPackage")
            && container.is_storage("/\u{6}DataSpaces/TransformInfo/DRMEncryptedTransform"))
}

pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let Ok(mut container) = CompoundFile::open(Cursor::new(&*file.bytes)) else {
        return extraction.gap(&file.origin, GapReason::Corrupt);
    };
    let paths: Vec<String> = container
        .walk()
        .filter(cfb::Entry::is_stream)
        .take(MAX_STREAMS)
        .map(|entry| entry.path().to_string_lossy().into_owned())
        .collect();
    if paths.len() == MAX_STREAMS {
        extraction.gap(&file.origin, GapReason::Limit);
    }
    let has = |name: &str| paths.iter().any(|path| path == name);
    if is_protected(&container) {
        return extraction.mark_encrypted(&file.origin);
    }
    if has("/EncryptedPackage") {
        let info = stream(&mut container, "/EncryptionInfo", extraction);
        return extraction.gap(&file.origin, office::lock(&info));
    }
    for path in &paths {
        if path.ends_with("SummaryInformation") {
            let bytes = stream(&mut container, path, extraction);
            extraction.text(&within(&file.origin, "properties"), printable(&bytes), Shape::Prose);
        }
    }
    let outcome = if has("/WordDocument") {
        word(&mut container, file, extraction)
    } else if has("/Workbook") || has("/Book") {
        workbook(&mut container, file, extraction)
    } else if has("/PowerPoint Document") {
        slides(&mut container, file, extraction)
    } else if paths.iter().any(|path| path.contains("__substg1.0_")) {
        outlook(&mut container, &paths, file, extraction);
        Ok(())
    } else {
        Err(GapReason::UnknownType)
    };
    if let Err(reason) = outcome {
        extraction.gap(&file.origin, reason);
    }
    objects(&mut container, &paths, file, extraction);
}

/// A stream's bytes; empty if it can't be read.
fn stream(container: &mut Container<'_>, path: &str, extraction: &Extraction<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(stream) = container.open_stream(path) {
        let len = stream.len();
        if extraction.budget.spend_bytes(len).is_ok() {
            // What came before a fault is kept.
            let _ = stream.take(len).read_to_end(&mut bytes);
        }
    }
    bytes
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..at + 2)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(*bytes.get(at..at + 4)?.first_chunk()?) as usize)
}

/// The text in the order of its pieces ([MS-DOC] §2.4.1): body, notes, headers, comments, text boxes.
fn word(container: &mut Container<'_>, file: &File<'_>, extraction: &mut Extraction<'_>) -> Result<(), GapReason> {
    let document = stream(container, "/WordDocument", extraction);
    let flags = u16_at(&document, 0x0a).ok_or(GapReason::Corrupt)?;
    if flags & 0x0100 != 0 {
        return Err(GapReason::Encrypted);
    }
    let table = stream(container, if flags & 0x0200 != 0 { "/1Table" } else { "/0Table" }, extraction);
    let text = match pieces(&document, &table) {
        Some(text) => text,
        // Word 6 and 95 have another layout; their text stands in one stretch.
        None => printable(&document),
    };
    extraction.text(&file.origin, word_text(&text), Shape::Prose);
    Ok(())
}

fn pieces(document: &[u8], table: &[u8]) -> Option<String> {
    let start = u32_at(document, 0x01a2)?;
    let clx = table.get(start..start.checked_add(u32_at(document, 0x01a6)?)?)?;
    let mut at = 0;
    while *clx.get(at)? == 1 {
        at += 3 + usize::from(u16_at(clx, at + 1)?);
    }
    let len = u32_at(clx, at + 1)?;
    let plc = clx.get(at + 5..(at + 5).checked_add(len)?)?;
    let count = len.checked_sub(4)? / 12;
    let mut text = String::new();
    for piece in 0..count {
        let chars = u32_at(plc, piece * 4 + 4)?.checked_sub(u32_at(plc, piece * 4)?)?;
        let place = u32_at(plc, (count + 1) * 4 + piece * 8 + 2)?;
        if place & 0x4000_0000 != 0 {
            let from = (place & 0x3fff_ffff) / 2;
            text.push_str(&charset::decode(document.get(from..from.checked_add(chars)?)?, Some("windows-1252")));
        } else {
            let bytes = document.get(place..place.checked_add(chars.checked_mul(2)?)?)?;
            text.push_str(&encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0);
        }
    }
    Some(text)
}

/// Word's own marks ([MS-DOC] §2.4.3) as text.
fn word_text(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\r' | '\u{b}' | '\u{c}' => Some('\n'),
            '\u{7}' => Some('\t'),
            '\u{1e}' => Some('-'),
            '\t' | '\n' => Some(c),
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

fn workbook(container: &mut Container<'_>, file: &File<'_>, extraction: &mut Extraction<'_>) -> Result<(), GapReason> {
    let path = if container.exists("/Workbook") { "/Workbook" } else { "/Book" };
    let book = stream(container, path, extraction);
    if has_record(&book, 0x002f) {
        return Err(GapReason::Encrypted);
    }
    sheet::other(file, extraction)
}

/// Whether one of the first BIFF records is of this kind ([MS-XLS] §2.1.4).
fn has_record(book: &[u8], wanted: u16) -> bool {
    let mut at = 0;
    for _ in 0..64 {
        let (Some(kind), Some(len)) = (u16_at(book, at), u16_at(book, at + 2)) else { return false };
        if kind == wanted {
            return true;
        }
        at += 4 + usize::from(len);
    }
    false
}

/// Text atoms wherever they nest ([MS-PPT] §2.9): slides, notes, masters.
fn slides(container: &mut Container<'_>, file: &File<'_>, extraction: &mut Extraction<'_>) -> Result<(), GapReason> {
    if container.exists("/EncryptedSummary") {
        return Err(GapReason::Encrypted);
    }
    let bytes = stream(container, "/PowerPoint Document", extraction);
    let mut text = String::new();
    let mut at = 0;
    while let (Some(version), Some(kind), Some(len)) =
        (u16_at(&bytes, at), u16_at(&bytes, at + 2), u32_at(&bytes, at + 4))
    {
        at += 8;
        // A container's records follow at once; they are walked as if they lay flat.
        if version & 0x000f == 0x000f {
            continue;
        }
        let Some(atom) = bytes.get(at..at.saturating_add(len)) else { return Err(GapReason::Corrupt) };
        match kind {
            0x0fa0 | 0x0fba => text.push_str(&encoding_rs::UTF_16LE.decode_without_bom_handling(atom).0),
            0x0fa8 => text.push_str(&charset::decode(atom, Some("windows-1252"))),
            _ => {
                at += len;
                continue;
            }
        }
        text.push('\n');
        at += len;
    }
    extraction.text(&file.origin, word_text(&text), Shape::Prose);
    Ok(())
}

/// Outlook's message files ([MS-OXMSG]): every text property, the body in each of its forms, the attachments.
fn outlook(container: &mut Container<'_>, paths: &[String], file: &File<'_>, extraction: &mut Extraction<'_>) {
    for path in paths {
        let Some((storage, property)) = path.rsplit_once("/__substg1.0_") else { continue };
        let bytes = stream(container, path, extraction);
        let origin = within(&file.origin, &format!("{}{property}", storage_name(storage)));
        match (property.get(..4).unwrap_or_default(), property.get(4..8).unwrap_or_default()) {
            ("3701", "0102") => {
                let mut name = attachment_name(container, storage, extraction);
                if name.is_empty() {
                    name = format!("{}data", storage_name(storage));
                }
                extraction.push(file.inner(&name, bytes));
            }
            ("1013", "0102") => html::read_file(&charset::decode(&bytes, None), &origin, file.depth, extraction),
            ("1009", "0102") => match rtf::uncompressed(&bytes) {
                Some(rtf) => extraction.text(&origin, rtf::text(&rtf), Shape::Prose),
                None => extraction.gap(&origin, GapReason::Corrupt),
            },
            (_, "001F") => {
                let decoded = encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes).0;
                extraction.text(&origin, text::with_plain_line_ends(decoded), Shape::Prose);
            }
            (_, "001E") => {
                extraction.text(&origin, text::with_plain_line_ends(charset::decode(&bytes, None)), Shape::Prose)
            }
            _ => {}
        }
    }
}

/// `attach 0 ` for a storage `/__attach_version1.0_#00000000`.
fn storage_name(storage: &str) -> String {
    let last = storage.rsplit('/').next().unwrap_or_default();
    let number = |prefix: &str| last.strip_prefix(prefix).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    if let Some(number) = number("__attach_version1.0_#") {
        format!("attach[{}]/", number + 1)
    } else if let Some(number) = number("__recip_version1.0_#") {
        format!("recipient[{}]/", number + 1)
    } else {
        String::new()
    }
}

fn attachment_name(container: &mut Container<'_>, storage: &str, extraction: &Extraction<'_>) -> String {
    for property in ["3707001F", "3704001F"] {
        let bytes = stream(container, &format!("{storage}/__substg1.0_{property}"), extraction);
        if !bytes.is_empty() {
            return encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes).0.into_owned();
        }
    }
    String::new()
}

/// Files embedded in the document: packages, and what only its bytes tell.
fn objects(container: &mut Container<'_>, paths: &[String], file: &File<'_>, extraction: &mut Extraction<'_>) {
    for path in paths {
        let name = path.rsplit('/').next().unwrap_or_default();
        let embedded = matches!(name, "\u{1}Ole10Native" | "Package" | "CONTENTS" | "Contents");
        if embedded {
            let bytes = stream(container, path, extraction);
            // Ole10Native has names before the file itself: where it begins is told by the bytes.
            let start = (0..bytes.len().min(1024)).find(|at| super::is_told_by_bytes(&bytes[*at..])).unwrap_or(0);
            extraction.push(file.inner(name.trim_start_matches('\u{1}'), bytes[start..].to_vec()));
        }
    }
}

/// Runs of readable characters, one byte each or two.
pub(super) fn printable(bytes: &[u8]) -> String {
    let mut out = String::new();
    for run in
        bytes.split(|byte| !matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n' | 0xa0..)).filter(|run| run.len() >= 4)
    {
        out.push_str(&charset::decode(run, Some("windows-1252")));
        out.push('\n');
    }
    let wide: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    for run in wide.split(|unit| !matches!(unit, 0x20..=0x7e | 0xa0..=0x17f)).filter(|run| run.len() >= 4) {
        out.push_str(&String::from_utf16_lossy(run));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::tests::{opened, text_of};
    use super::*;

    fn container(streams: &[(&str, &[u8])]) -> Vec<u8> {
        let mut file = CompoundFile::create(Cursor::new(Vec::new())).expect("memory");
        for (path, bytes) in streams {
            if let Some((storage, _)) = path.rsplit_once('/').filter(|(storage, _)| !storage.is_empty()) {
                file.create_storage_all(storage).expect("memory");
            }
            file.create_stream(path).expect("memory").write_all(bytes).expect("memory");
        }
        file.flush().expect("memory");
        file.into_inner().into_inner()
    }

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn old_word_files_are_read_piece_by_piece() {
        let mut document = vec![0u8; 0x0400];
        document.extend(b"MRN 12345\r");
        document.extend(wide("J\u{f6} Roe"));
        document[0x0a..0x0c].copy_from_slice(&0x0200u16.to_le_bytes());
        let mut table = vec![2u8];
        table.extend(28u32.to_le_bytes());
        for cp in [0u32, 10, 16] {
            table.extend(cp.to_le_bytes());
        }
        for place in [0x4000_0800u32, 0x040a] {
            table.extend([0, 0]);
            table.extend(place.to_le_bytes());
            table.extend([0, 0]);
        }
        document[0x01a2..0x01a6].copy_from_slice(&0u32.to_le_bytes());
        document[0x01a6..0x01aa].copy_from_slice(&(table.len() as u32).to_le_bytes());
        let bytes = container(&[("/WordDocument", &document), ("/1Table", &table)]);
        assert_eq!(text_of(&opened("a.doc", &bytes), ""), "MRN 12345\nJ\u{f6} Roe");
        document[0x0b] |= 1;
        let locked = container(&[("/WordDocument", &document), ("/1Table", &table)]);
        assert_eq!(opened("a.doc", &locked).gaps[0].reason, GapReason::Encrypted);
    }

    #[test]
    fn outlook_messages_are_read_with_their_attachments() {
        let bytes = container(&[
            ("/__substg1.0_0037001F", &wide("Results for Jo Roe")),
            ("/__attach_version1.0_#00000000/__substg1.0_37010102", b"MRN,Name\n12,Roe\n"),
            ("/__attach_version1.0_#00000000/__substg1.0_3707001F", &wide("list.csv")),
        ]);
        let extract = opened("a.msg", &bytes);
        assert_eq!(text_of(&extract, "0037001F"), "Results for Jo Roe");
        assert_eq!(text_of(&extract, "list.csv"), "MRN\tName\n12\tRoe\n");
    }

    #[test]
    fn slides_are_walked_flat() {
        let mut records = vec![0x0f, 0, 0xe8, 0x03, 14, 0, 0, 0];
        records.extend([0, 0, 0xa8, 0x0f, 6, 0, 0, 0]);
        records.extend(b"Jo Roe");
        let bytes = container(&[("/PowerPoint Document", &records)]);
        assert_eq!(text_of(&opened("a.ppt", &bytes), ""), "Jo Roe\n");
    }

    #[test]
    fn locked_documents_are_told_by_their_lock() {
        for (info, reason) in
            [(&b"<keyData keyBits=\"256\"/>"[..], GapReason::Sealed), (b"\x03\0\x02\0", GapReason::Encrypted)]
        {
            let bytes = container(&[("/EncryptedPackage", b"x"), ("/EncryptionInfo", info)]);
            assert_eq!(opened("a.docx", &bytes).gaps[0].reason, reason);
        }
    }

    #[test]
    fn broken_containers_are_gaps() {
        let whole = container(&[("/Workbook", &[9; 600])]);
        for bytes in [&whole[..600], &whole] {
            assert!(!opened("a.xls", bytes).gaps.is_empty());
        }
    }
}
