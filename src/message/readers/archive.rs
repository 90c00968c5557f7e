//! Archives and compressed files: ZIP, gzip, bzip2, xz, zstd, tar. Only ever read, never unpacked to a disk.
//!
//! Sizes that an archive states are never trusted: bytes are counted as they come out.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::super::extraction::{Extraction, File, within};
use super::super::{GapReason, Shape};

/// More entries than this in one archive is an attack on whoever lists them.
pub(super) const MAX_ENTRIES: usize = 10_000;

/// However small the archive, this much may come out of it.
const FREE_OUTPUT: u64 = 8 << 20;

/// Counts what comes out of one container.
pub(super) struct Meter {
    left: u64,
}

impl Meter {
    pub fn new(container: usize, extraction: &Extraction<'_>) -> Self {
        Self { left: (container as u64).saturating_mul(extraction.budget.ratio).max(FREE_OUTPUT) }
    }

    /// Everything that the reader gives, or why it was left off. What came before a fault is kept.
    pub fn drain(&mut self, mut from: impl Read, extraction: &Extraction<'_>) -> (Vec<u8>, Option<GapReason>) {
        let mut out = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let count = match from.read(&mut chunk) {
                Ok(0) => return (out, None),
                Ok(count) => count,
                Err(_) => return (out, Some(GapReason::Corrupt)),
            };
            if self.left < count as u64 {
                return (out, Some(GapReason::Limit));
            }
            self.left -= count as u64;
            if let Err(reason) = extraction.budget.spend_bytes(count as u64) {
                return (out, Some(reason));
            }
            out.extend_from_slice(&chunk[..count]);
        }
    }
}

pub(super) fn is_zip(bytes: &[u8]) -> bool {
    let at_start = bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06");
    // Behind something else (self-extracting, polyglot) its end still tells it.
    let tail = &bytes[bytes.len().saturating_sub(66 * 1024)..];
    at_start || memchr::memmem::find_iter(tail, b"PK\x05\x06").any(|at| is_end_record(tail, at))
}

fn is_end_record(tail: &[u8], at: usize) -> bool {
    // Entries, and a comment that ends with the file: chance does not make that.
    let record = &tail[at..];
    record.len() >= 22
        && record[10..12] != [0, 0]
        && usize::from(u16::from_le_bytes([record[20], record[21]])) + 22 == record.len()
}

/// A ZIP that is no document of its own kind.
pub(super) fn is_plain_zip(bytes: &[u8]) -> bool {
    is_zip(bytes) && !super::office::is_open_xml(bytes) && !super::office::is_open_document(bytes)
}

pub(super) fn zip(file: &File<'_>, extraction: &mut Extraction<'_>) {
    each_zip_entry(file, extraction, &mut |entry, bytes, file, extraction| {
        extraction.push(file.inner(entry, bytes));
    });
}

type OnEntry<'f> = dyn FnMut(&str, Vec<u8>, &File<'_>, &mut Extraction<'_>) + 'f;

/// Calls `on_entry` with every entry that could be read; the others become gaps.
pub(super) fn each_zip_entry(file: &File<'_>, extraction: &mut Extraction<'_>, on_entry: &mut OnEntry<'_>) {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(&*file.bytes)) else {
        return extraction.gap(&file.origin, GapReason::Corrupt);
    };
    let mut meter = Meter::new(file.bytes.len(), extraction);
    let mut spans = Vec::new();
    for index in 0..archive.len() {
        if index == MAX_ENTRIES {
            extraction.gap(&file.origin, GapReason::Limit);
            return;
        }
        let Ok(raw) = archive.by_index_raw(index) else {
            extraction.gap(&file.origin, GapReason::Corrupt);
            continue;
        };
        let name = raw.name().map(|name| name.into_owned()).unwrap_or_else(|_| format!("entry {}", index + 1));
        let start = raw.header_start();
        spans.push(start..raw.data_start().unwrap_or(start + 30) + raw.compressed_size());
        let locked = raw.encrypted().then(|| lock(&raw.extra_data().unwrap_or_default()));
        let is_dir = raw.is_dir();
        drop(raw);
        let origin = within(&file.origin, &name);
        if let Some(reason) = locked {
            extraction.text(&within(&origin, "name"), name, Shape::Line);
            extraction.gap(&origin, reason);
            continue;
        }
        if is_dir {
            extraction.text(&within(&origin, "name"), name, Shape::Line);
            continue;
        }
        let Ok(entry) = archive.by_index(index) else {
            extraction.gap(&origin, GapReason::Corrupt);
            continue;
        };
        let (bytes, fault) = meter.drain(entry, extraction);
        on_entry(&name, bytes, file, extraction);
        match fault {
            Some(GapReason::Corrupt) => extraction.gap(&origin, GapReason::Corrupt),
            Some(reason) => return extraction.gap(&origin, reason),
            None => {}
        }
    }
    if has_unlisted_entries(&file.bytes, spans) {
        extraction.gap(&file.origin, GapReason::Ambiguous);
    }
}

/// AES-256 (WinZip's AE-1 and AE-2, strength 3) is a good lock; anything else may not be one.
fn lock(extra: &[u8]) -> GapReason {
    let mut rest = extra;
    while let [id0, id1, len0, len1, after @ ..] = rest {
        let len = usize::from(u16::from_le_bytes([*len0, *len1]));
        if [*id0, *id1] == [0x01, 0x99] {
            return if after.get(4) == Some(&3) { GapReason::Sealed } else { GapReason::Encrypted };
        }
        rest = after.get(len..).unwrap_or_default();
    }
    GapReason::Encrypted
}

/// Local headers outside every listed entry: one program lists the directory, another reads what
/// stands at the start, and they see different files.
fn has_unlisted_entries(bytes: &[u8], mut spans: Vec<std::ops::Range<u64>>) -> bool {
    spans.sort_by_key(|span| span.start);
    let listed = |at: u64| {
        let next = spans.partition_point(|span| span.start <= at);
        spans[..next].last().is_some_and(|span| span.start == at || span.contains(&at))
    };
    memchr::memmem::find_iter(bytes, b"PK\x03\x04").any(|at| !listed(at as u64))
}

/// One compressed file: `open` makes its decoder.
fn single<'b, R: Read + 'b>(file: &'b File<'_>, extraction: &mut Extraction<'_>, endings: &[(&str, &str)], decoder: R) {
    let (bytes, fault) = Meter::new(file.bytes.len(), extraction).drain(decoder, extraction);
    if let Some(reason) = fault {
        extraction.gap(&file.origin, reason);
    }
    if !bytes.is_empty() {
        let name = inner_name(file.name.as_deref().unwrap_or("content"), endings);
        extraction.push(file.inner(&name, bytes));
    }
}

/// `results.csv.gz` holds `results.csv`, `a.tgz` holds `a.tar`.
fn inner_name(name: &str, endings: &[(&str, &str)]) -> String {
    let base = name.rsplit('/').next().unwrap_or(name);
    for (ending, becomes) in endings {
        if let Some(stem) = base.to_ascii_lowercase().strip_suffix(ending) {
            return format!("{}{becomes}", &base[..stem.len()]);
        }
    }
    format!("{base}.content")
}

pub(super) fn gzip(file: &File<'_>, extraction: &mut Extraction<'_>) {
    single(file, extraction, &[(".tgz", ".tar"), (".gz", "")], flate2::read::MultiGzDecoder::new(&*file.bytes));
}

pub(super) fn bzip2(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let decoder = ::bzip2::read::MultiBzDecoder::new(&*file.bytes);
    single(file, extraction, &[(".tbz2", ".tar"), (".tbz", ".tar"), (".bz2", "")], decoder);
}

pub(super) fn xz(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let decoder = lzma_rust2::XzReader::new(&*file.bytes, true);
    single(file, extraction, &[(".txz", ".tar"), (".xz", "")], decoder);
}

pub(super) fn zstd(file: &File<'_>, extraction: &mut Extraction<'_>) {
    match ::zstd::stream::read::Decoder::with_buffer(&*file.bytes) {
        Ok(mut decoder) => {
            // A frame may ask for a window of gigabytes.
            if decoder.window_log_max(27).is_err() {
                return extraction.gap(&file.origin, GapReason::Limit);
            }
            single(file, extraction, &[(".tzst", ".tar"), (".zst", "")], decoder);
        }
        Err(_) => extraction.gap(&file.origin, GapReason::Corrupt),
    }
}

pub(super) fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

pub(super) fn tar(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut archive = ::tar::Archive::new(&*file.bytes);
    let Ok(entries) = archive.entries() else { return extraction.gap(&file.origin, GapReason::Corrupt) };
    let mut meter = Meter::new(file.bytes.len(), extraction);
    for (count, entry) in entries.enumerate() {
        let Ok(entry) = entry.and_then(|entry| Ok((entry.path()?.to_string_lossy().into_owned(), entry))) else {
            return extraction.gap(&file.origin, GapReason::Corrupt);
        };
        if count == MAX_ENTRIES {
            return extraction.gap(&file.origin, GapReason::Limit);
        }
        let (name, entry) = entry;
        let origin = within(&file.origin, &name);
        if !entry.header().entry_type().is_file() && !entry.header().entry_type().is_gnu_sparse() {
            if let Ok(Some(target)) = entry.link_name() {
                extraction.text(&within(&origin, "link"), target.to_string_lossy().into_owned(), Shape::Line);
            }
            extraction.text(&within(&origin, "name"), name, Shape::Line);
            continue;
        }
        let (bytes, fault) = meter.drain(entry, extraction);
        extraction.push(file.inner(&name, bytes));
        if let Some(reason) = fault {
            return extraction.gap(&origin, reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::tests::{opened, zipped};
    use super::*;

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    fn tarred(name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut builder = ::tar::Builder::new(Vec::new());
        let mut header = ::tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append_data(&mut header, name, bytes).expect("memory");
        builder.into_inner().expect("memory")
    }

    #[test]
    fn what_lies_in_archives_is_read_to_the_bottom() {
        let inner = zipped(&[("notes/roe.txt", b"Jo Roe")]);
        let nested = gzipped(&tarred("inner.zip", &inner));
        let extract = opened("all.tgz", &nested);
        assert!(extract.gaps.is_empty(), "{:?}", extract.gaps);
        let found = extract.segments.iter().find(|segment| segment.text == "Jo Roe").expect("the text");
        assert_eq!(found.origin.as_str(), "all.tar/inner.zip/notes/roe.txt");
        assert!(extract.segments.iter().any(|segment| segment.text == "notes/roe.txt"), "names are read");
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let bomb = gzipped(&vec![0; 64 << 20]);
        let extract = opened("zeros.gz", &bomb);
        assert_eq!(extract.gaps[0].reason, GapReason::Limit);
    }

    #[test]
    fn an_entry_that_the_directory_does_not_list_is_ambiguous() {
        let mut hidden = zipped(&[("roe.txt", b"Jo Roe")]);
        let listed = zipped(&[("menu.txt", b"Soup")]);
        hidden.truncate(hidden.len() - 22);
        hidden.extend_from_slice(&listed);
        let reasons: Vec<_> = opened("two.zip", &hidden).gaps.iter().map(|gap| gap.reason).collect();
        assert!(reasons.contains(&GapReason::Ambiguous) || reasons.contains(&GapReason::Corrupt), "{reasons:?}");
    }

    #[test]
    fn locks_are_told_apart() {
        assert_eq!(lock(&[0x01, 0x99, 7, 0, 2, 0, b'A', b'E', 3, 8, 0]), GapReason::Sealed);
        assert_eq!(lock(&[0x01, 0x99, 7, 0, 2, 0, b'A', b'E', 1, 8, 0]), GapReason::Encrypted);
        assert_eq!(lock(&[]), GapReason::Encrypted);
    }

    #[test]
    fn broken_archives_are_gaps() {
        let whole = zipped(&[("a.txt", b"text")]);
        for (name, bytes) in
            [("a.zip", &whole[..whole.len() - 10]), ("a.gz", &gzipped(b"text")[..12]), ("a.zip", b"PK\x03\x04")]
        {
            assert!(!opened(name, bytes).gaps.is_empty(), "{name}");
        }
    }
}
