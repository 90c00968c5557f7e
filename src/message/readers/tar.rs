//! tar: entry after entry, links and remarks among them.

use super::super::extraction::{Extraction, File, within};
use super::super::{GapReason, Shape};
use super::archive::{MAX_ENTRIES, Meter, remark};

/// By its mark, or, in the form before POSIX, by the checksum of its first header.
pub(super) fn is_tar(bytes: &[u8]) -> bool {
    let Some(header) = bytes.get(..512) else { return false };
    header[257..262] == *b"ustar" || (header[0] != 0 && has_checksum(header))
}

/// Six octal digits: the sum of the header's bytes, with blanks where the sum stands.
fn has_checksum(header: &[u8]) -> bool {
    let stated = std::str::from_utf8(header[148..156].trim_ascii().split(|byte| *byte == 0).next().unwrap_or_default());
    let sum: u32 = header[..148].iter().chain(&header[156..]).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    stated.ok().and_then(|digits| u32::from_str_radix(digits.trim(), 8).ok()) == Some(sum)
}

pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
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
        let (name, mut entry) = entry;
        let origin = within(&file.origin, &name);
        if !entry.header().entry_type().is_file() && !entry.header().entry_type().is_gnu_sparse() {
            if let Ok(Some(target)) = entry.link_name() {
                extraction.text(&within(&origin, "link"), target.to_string_lossy().into_owned(), Shape::Line);
            }
            extraction.text(&within(&origin, "name"), name, Shape::Line);
            continue;
        }
        if let Ok(Some(fields)) = entry.pax_extensions() {
            // `comment` and fields of programs (POSIX pax §"Extended Header").
            let fields =
                fields.flatten().filter(|field| field.key_bytes().len() > 5 && field.value_bytes().contains(&b' '));
            let remarks: Vec<u8> = fields.flat_map(|field| [field.value_bytes(), b"\n"].concat()).collect();
            remark(&origin, &remarks, extraction);
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

    use super::super::tests::{opened, text_of, zipped};

    fn tarred(name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut builder = ::tar::Builder::new(Vec::new());
        let mut header = ::tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append_data(&mut header, name, bytes).expect("memory");
        builder.into_inner().expect("memory")
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
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
    fn the_old_form_is_known_by_its_checksum() {
        let mut bytes = tarred("roe.txt", b"Jo Roe");
        bytes[257..265].fill(0);
        bytes[148..156].fill(b' ');
        let sum: u32 = bytes[..512].iter().map(|byte| u32::from(*byte)).sum();
        bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert_eq!(text_of(&opened("a.tar", &bytes), "roe.txt"), "Jo Roe");
        bytes[0] ^= 1;
        assert!(!super::is_tar(&bytes));
    }

    #[test]
    fn remarks_in_extended_headers_are_read() {
        let mut builder = ::tar::Builder::new(Vec::new());
        builder.append_pax_extensions([("comment", b"for Jo Roe".as_slice())]).expect("memory");
        let mut header = ::tar::Header::new_ustar();
        header.set_size(4);
        header.set_cksum();
        builder.append_data(&mut header, "a.txt", b"soup".as_slice()).expect("memory");
        let extract = opened("a.tar", &builder.into_inner().expect("memory"));
        assert_eq!(text_of(&extract, "a.txt/comment").trim(), "for Jo Roe");
    }
}
