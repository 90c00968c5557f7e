//! OLE2 containers ([MS-CFB]): old Word, Excel and PowerPoint files, Outlook messages, locked Office documents.

use std::io::{Cursor, Read};

use cfb::CompoundFile;

use super::super::extraction::{Extraction, File, within};
use super::super::{GapReason, Shape};
use super::strings::printable;
use super::{office, sheet};

mod outlook;
mod slides;
mod word;

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
        word::read(&mut container, file, extraction)
    } else if has("/Workbook") || has("/Book") {
        workbook(&mut container, file, extraction)
    } else if has("/PowerPoint Document") {
        slides::read(&mut container, file, extraction)
    } else if paths.iter().any(|path| path.contains("__substg1.0_")) {
        outlook::read(&mut container, &paths, file, extraction);
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::tests::opened;
    use super::*;

    pub(super) fn container(streams: &[(&str, &[u8])]) -> Vec<u8> {
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

    pub(super) fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
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
