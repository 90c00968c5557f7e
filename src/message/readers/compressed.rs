//! Single compressed files: gzip, bzip2, xz, LZMA, zstd.

use std::io::Read;

use super::super::GapReason;
use super::super::extraction::{Extraction, File};
use super::archive::{Meter, remark};

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

pub(super) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b\x08")
}

/// Its header has room for a name, a comment and fields of programs (RFC 1952 §2.3).
pub(super) fn gzip(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut first = flate2::read::GzDecoder::new(&*file.bytes);
    // The header is read with the first byte.
    let _ = first.read(&mut [0]);
    if let Some(header) = first.header() {
        let fields = [header.filename(), header.comment(), header.extra()].into_iter().flatten();
        fields.for_each(|field| remark(&file.origin, field, extraction));
    }
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

/// The form before xz, without a magic number: properties, the size of the dictionary, the size or all ones.
pub(super) fn is_lzma(bytes: &[u8]) -> bool {
    let Some([0x5d, dictionary @ .., size_low, size_high]) = bytes.first_chunk::<7>() else { return false };
    let dictionary = u32::from_le_bytes(*dictionary);
    let sizes =
        bytes.get(7..13).map(|rest| (rest.iter().all(|byte| *byte == 0xff), rest[2..].iter().all(|byte| *byte == 0)));
    let unknown = sizes.is_some_and(|(ones, _)| ones && (*size_low, *size_high) == (0xff, 0xff));
    let known = sizes.is_some_and(|(_, small)| small);
    dictionary >= 4096 && (dictionary.is_power_of_two() || (dictionary / 3).is_power_of_two()) && (unknown || known)
}

/// What its dictionary may take, in KiB.
const MAX_DICTIONARY: u32 = 128 * 1024;

pub(super) fn lzma(file: &File<'_>, extraction: &mut Extraction<'_>) {
    match lzma_rust2::LzmaReader::new_mem_limit(&*file.bytes, MAX_DICTIONARY, None) {
        Ok(decoder) => single(file, extraction, &[(".tlz", ".tar"), (".lzma", "")], decoder),
        Err(_) => extraction.gap(&file.origin, GapReason::Corrupt),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::tests::{opened, text_of};
    use super::*;

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let bomb = gzipped(&vec![0; 64 << 20]);
        let extract = opened("zeros.gz", &bomb);
        assert_eq!(extract.gaps[0].reason, GapReason::Limit);
    }

    #[test]
    fn a_header_may_hold_remarks() {
        let mut encoder = flate2::GzBuilder::new()
            .filename("Jo Roe.txt")
            .comment("for Jo Roe")
            .write(Vec::new(), flate2::Compression::default());
        encoder.write_all(b"soup").expect("memory");
        let extract = opened("a.gz", &encoder.finish().expect("memory"));
        for remark in ["Jo Roe.txt", "for Jo Roe"] {
            assert!(extract.segments.iter().any(|segment| segment.text == remark), "{remark}");
        }
    }

    #[test]
    fn lzma_is_told_by_its_header_and_read() {
        // Made by `xz --format=lzma`.
        let packed = b"\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x28\x18\x4a\x86\xab\x04\x6b\x8f\x43\x54\xdb\xa4\x88\x02\x73\x4d\x6a\xa0\x9d\xff\xf4\x1b\x00\x00";
        assert_eq!(text_of(&opened("a.lzma", packed), "a"), "Patient Jo Roe");
        assert!(!is_lzma(b"]\0\0 is no header at all"));
    }

    #[test]
    fn broken_files_are_gaps() {
        assert!(!opened("a.gz", &gzipped(b"text")[..12]).gaps.is_empty());
    }
}
