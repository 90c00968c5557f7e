//! 7z archives, read like all others: as a stream, counted, never unpacked.

use std::io::Cursor;

use sevenz_rust2::{Archive, BlockDecoder, Error, Password};

use super::super::extraction::{Extraction, File, within};
use super::super::{GapReason, Shape};
use super::archive::{MAX_ENTRIES, Meter};

pub(super) fn is_seven_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"7z\xbc\xaf\x27\x1c")
}

pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut source = Cursor::new(&*file.bytes);
    let password = Password::empty();
    let archive = match Archive::read(&mut source, &password) {
        Ok(archive) => archive,
        Err(error) => return extraction.gap(&file.origin, reason(&error)),
    };
    for entry in archive.files.iter().take(MAX_ENTRIES) {
        extraction.text(&within(&file.origin, &entry.name), entry.name.clone(), Shape::Line);
    }
    if archive.files.len() > MAX_ENTRIES {
        return extraction.gap(&file.origin, GapReason::Limit);
    }
    let mut meter = Meter::new(file.bytes.len(), extraction);
    for block in 0..archive.blocks.len() {
        let mut spent = None;
        let decoder = BlockDecoder::new(1, block, &archive, &password, &mut source);
        let outcome = decoder.for_each_entries(&mut |entry, content| {
            let (bytes, fault) = meter.drain(content, extraction);
            extraction.push(file.inner(&entry.name, bytes));
            spent = fault;
            Ok(fault.is_none())
        });
        let fault = spent.or(outcome.err().map(|error| reason(&error)));
        if let Some(fault) = fault {
            extraction.gap(&file.origin, fault);
        }
        if matches!(fault, Some(GapReason::Limit | GapReason::Timeout)) {
            return;
        }
    }
}

/// 7z knows one lock only, AES-256 with a key stretched half a million times.
fn reason(error: &Error) -> GapReason {
    match error {
        Error::UnsupportedCompressionMethod(method) if method.contains("AES") => GapReason::Sealed,
        Error::PasswordRequired | Error::MaybeBadPassword(_) => GapReason::Sealed,
        Error::MaxMemLimited { .. } => GapReason::Limit,
        Error::UnsupportedCompressionMethod(_) | Error::Unsupported(_) => GapReason::UnknownType,
        _ => GapReason::Corrupt,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{opened, text_of};
    use super::*;

    // Made by 7-Zip 16.02 of one file, `roe.txt`.
    const PLAIN: &[u8] = include_bytes!("fixtures/plain.7z");
    const LOCKED: &[u8] = include_bytes!("fixtures/locked.7z");
    const LOCKED_NAMES: &[u8] = include_bytes!("fixtures/locked-names.7z");
    const ZEROS: &[u8] = include_bytes!("fixtures/zeros.7z");
    /// `7z a -m0=PPMd`, which it takes for text.
    const PPMD: &[u8] = include_bytes!("fixtures/ppmd.7z");

    #[test]
    fn entries_are_read_with_their_names() {
        let extract = opened("a.7z", PLAIN);
        assert_eq!(extract.gaps, []);
        assert!(extract.segments.iter().any(|segment| segment.text == "roe.txt"));
        assert!(extract.segments.iter().any(|segment| segment.text == "Jo Roe"));
    }

    #[test]
    fn text_packed_by_ppmd_is_read() {
        let extract = opened("a.7z", PPMD);
        assert_eq!(extract.gaps, []);
        assert!(extract.segments.iter().any(|segment| segment.text == "Patient Jo Roe, MRN 4471902"));
    }

    #[test]
    fn a_locked_archive_is_sealed_and_its_names_are_read() {
        let extract = opened("a.7z", LOCKED);
        assert_eq!(extract.gaps[0].reason, GapReason::Sealed);
        assert_eq!(text_of(&extract, "roe.txt"), "roe.txt");
        assert_eq!(opened("a.7z", LOCKED_NAMES).gaps[0].reason, GapReason::Sealed);
    }

    #[test]
    fn bombs_and_broken_archives_are_gaps() {
        assert_eq!(opened("a.7z", ZEROS).gaps[0].reason, GapReason::Limit);
        for len in [6, 32, PLAIN.len() - 10] {
            assert!(!opened("a.7z", &PLAIN[..len]).gaps.is_empty(), "{len}");
        }
        for whole in [PLAIN, PPMD] {
            for at in 0..whole.len() {
                let mut broken = whole.to_vec();
                broken[at] ^= 0x55;
                opened("a.7z", &broken);
            }
        }
    }
}
