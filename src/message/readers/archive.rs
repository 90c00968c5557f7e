//! ZIP archives, and what all containers share. They are only ever read, never unpacked to a disk.
//!
//! Sizes that an archive states are never trusted: bytes are counted as they come out.

use std::io::{Cursor, Read};
use std::ops::Range;

use zip::ZipArchive;

use super::super::extraction::{Extraction, File, within};
use super::super::{GapReason, Shape, charset};

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
    // Most of what is asked about is short, and noise.
    let may_end = || memchr::memchr(b'P', tail).is_some();
    at_start || may_end() && memchr::memmem::find_iter(tail, b"PK\x05\x06").any(|at| is_end_record(tail, at))
}

fn is_end_record(tail: &[u8], at: usize) -> bool {
    // Entries, and a comment that ends with the file: chance does not make that.
    let record = &tail[at..];
    record.len() >= 22
        && record[10..12] != [0, 0]
        && usize::from(u16::from_le_bytes([record[20], record[21]])) + 22 == record.len()
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
    remark(&file.origin, archive.comment(), extraction);
    remark(&file.origin, behind_zip(&file.bytes), extraction);
    let spans = spans(&mut archive);
    if spans.windows(2).any(|pair| pair[0].end > pair[1].start) {
        // The same bytes come out again and again: a bomb (Fifield), and no archiver's work.
        return extraction.gap(&file.origin, GapReason::Limit);
    }
    let mut meter = Meter::new(file.bytes.len(), extraction);
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
        let locked = raw.encrypted().then(|| lock(&raw.extra_data().unwrap_or_default()));
        let is_dir = raw.is_dir();
        let comment = raw.comment().to_owned();
        drop(raw);
        let origin = within(&file.origin, &name);
        remark(&origin, comment.as_bytes(), extraction);
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
    if has_unlisted_entries(&file.bytes, &spans) {
        extraction.gap(&file.origin, GapReason::Ambiguous);
    }
}

/// What somebody wrote beside the files themselves.
pub(super) fn remark(origin: &str, bytes: &[u8], extraction: &mut Extraction<'_>) {
    if bytes.iter().any(u8::is_ascii_alphanumeric) {
        extraction.text(&within(origin, "comment"), charset::decode(bytes, None).into_owned(), Shape::Prose);
    }
}

/// Text after the end record and its comment.
fn behind_zip(bytes: &[u8]) -> &[u8] {
    let tail = &bytes[bytes.len().saturating_sub(66 * 1024)..];
    let behind = || {
        let record = &tail[memchr::memmem::rfind(tail, b"PK\x05\x06")?..];
        let comment = u16::from_le_bytes(*record.get(20..)?.first_chunk()?);
        record.get(22 + usize::from(comment)..)
    };
    behind().filter(|behind| !behind.contains(&0)).unwrap_or_default()
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

/// Where the entries stand, each with its own header, in order.
fn spans(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Vec<Range<u64>> {
    let mut spans: Vec<_> = (0..archive.len().min(MAX_ENTRIES))
        .filter_map(|index| {
            let raw = archive.by_index_raw(index).ok()?;
            let start = raw.header_start();
            Some(start..raw.data_start().unwrap_or(start + 30) + raw.compressed_size())
        })
        .collect();
    spans.sort_by_key(|span| span.start);
    spans
}

/// Local headers outside every listed entry: one program lists the directory, another reads what
/// stands at the start, and they see different files.
fn has_unlisted_entries(bytes: &[u8], spans: &[Range<u64>]) -> bool {
    let listed = |at: u64| {
        let next = spans.partition_point(|span| span.start <= at);
        spans[..next].last().is_some_and(|span| span.start == at || span.contains(&at))
    };
    memchr::memmem::find_iter(bytes, b"PK\x03\x04").any(|at| !listed(at as u64))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::tests::{opened, text_of, zipped};
    use super::*;

    #[test]
    fn remarks_beside_the_files_are_read() {
        let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
        writer.set_comment("for Jo Roe").expect("short");
        writer.start_file("a.txt", ::zip::write::SimpleFileOptions::default()).expect("memory");
        writer.write_all(b"soup").expect("memory");
        let mut whole = writer.finish().expect("memory").into_inner();
        assert_eq!(text_of(&opened("a.zip", &whole), "comment"), "for Jo Roe");
        whole = [&zipped(&[("a.txt", b"soup")]), b"\r\nof Jo Roe".as_slice()].concat();
        assert_eq!(text_of(&opened("a.zip", &whole), "comment").trim(), "of Jo Roe");
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
    fn text_packed_by_ppmd_is_read() {
        // `7z a -tzip -mm=PPMd`.
        let extract = opened("a.zip", include_bytes!("fixtures/ppmd.zip"));
        assert_eq!(extract.gaps, []);
        assert!(extract.segments.iter().any(|segment| segment.text == "Patient Jo Roe, MRN 4471902"));
    }

    #[test]
    fn entries_that_share_bytes_are_a_bomb() {
        let whole = zipped(&[("a.txt", b"Jo Roe"), ("b.txt", b"Jo Roe")]);
        assert!(opened("a.zip", &whole).gaps.is_empty());
        // The second entry of the directory points to the first one's bytes.
        let second = memchr::memmem::rfind(&whole, b"PK\x01\x02").expect("a directory");
        let mut shared = whole;
        shared[second + 42..second + 46].fill(0);
        assert_eq!(opened("a.zip", &shared).gaps[0].reason, GapReason::Limit);
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
        for bytes in [&whole[..whole.len() - 10], b"PK\x03\x04"] {
            assert!(!opened("a.zip", bytes).gaps.is_empty());
        }
    }
}
