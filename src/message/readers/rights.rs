//! Azure Rights Management (`message.rpmsg`, MS-OXORMMS §2.2.3): told from what only looks like it; nothing is decrypted.

use std::io::{Cursor, Read};

use super::super::GapReason;
use super::super::extraction::{Extraction, File};
use super::{archive, ole};

const MAGIC: &[u8] = b"\x76\xe8\x04\x60\xc4\x11\xe3\x86";

/// Each block begins with this, its size, and its compressed size.
const BLOCK: &[u8] = b"\xa0\x0f\0\0";

pub(super) fn is_protected_message(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Protected for its recipients: no gap, and the part says so. What does not parse as that is locked by nobody knows what.
pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let container = unpacked(&file.bytes[MAGIC.len()..], extraction);
    let is_protected = cfb::CompoundFile::open(Cursor::new(&container)).is_ok_and(|found| ole::is_protected(&found));
    match is_protected {
        true => extraction.mark_encrypted(&file.origin),
        false => extraction.gap(&file.origin, GapReason::Encrypted),
    }
}

fn unpacked(blocks: &[u8], extraction: &Extraction<'_>) -> Vec<u8> {
    let mut meter = archive::Meter::new(blocks.len(), extraction);
    let mut container = Vec::new();
    let mut rest = blocks;
    while let Some(block) = rest.strip_prefix(BLOCK) {
        let Some(size) = block.get(4..8).and_then(|size| size.first_chunk()) else { break };
        let size = u32::from_le_bytes(*size) as usize;
        let Some((data, after)) = block[8..].split_at_checked(size) else { break };
        let (bytes, fault) = meter.drain(flate2::read::ZlibDecoder::new(data).take(1 << 20), extraction);
        container.extend(bytes);
        if fault.is_some() {
            break;
        }
        rest = after;
    }
    container
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::tests::opened;
    use super::*;

    fn rpmsg(container: &[u8]) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        for block in container.chunks(4000) {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(block).expect("memory");
            let data = encoder.finish().expect("memory");
            out.extend(BLOCK);
            out.extend((block.len() as u32).to_le_bytes());
            out.extend((data.len() as u32).to_le_bytes());
            out.extend(data);
        }
        out
    }

    #[test]
    fn protected_mail_is_known_and_what_only_says_so_is_a_gap() {
        let container = |name: &str| {
            let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).expect("memory");
            file.create_stream(name).expect("memory").write_all(b"sealed").expect("memory");
            file.into_inner().into_inner()
        };
        let protected = opened("message.rpmsg", &rpmsg(&container("/\u{9}DRMContent")));
        assert!(protected.gaps.is_empty() && protected.parts[0].encrypted);
        for other in [rpmsg(&container("/Contents")), rpmsg(b"Jo Roe"), MAGIC.to_vec(), [MAGIC, BLOCK].concat()] {
            let extract = opened("message.rpmsg", &other);
            assert_eq!(extract.gaps[0].reason, GapReason::Encrypted);
            assert!(!extract.parts[0].encrypted);
        }
    }
}
