//! Scans packed by JBIG2 (ITU-T T.88; in PDF, ISO 32000-2 §7.4.7), as PBM.

use hayro_jbig2::{DecodeSettings, Decoder, Globals, Page};

/// A page of 1200 dots an inch has 130 million.
const MAX_PIXELS: u64 = 200_000_000;

/// `globals` are what several pages share.
pub(super) fn unpacked(data: &[u8], globals: Option<&[u8]>) -> Option<Vec<u8>> {
    // A scan that is only partly what it should be would be read only in part.
    let settings = DecodeSettings { strict: true };
    let globals = match globals {
        Some(shared) => Some(Globals::new(shared, &settings).ok()?),
        None => None,
    };
    let page = Page::new_embedded(data, globals.as_ref(), &settings).ok()?;
    if u64::from(page.width()) * u64::from(page.height()) > MAX_PIXELS {
        return None;
    }
    let mut rows = Rows { file: format!("P4\n{} {}\n", page.width(), page.height()).into_bytes(), byte: 0, bits: 0 };
    page.decode(&mut rows).ok()?;
    Some(rows.file)
}

/// Eight pixels a byte, black is 1; a row begins with a byte of its own.
struct Rows {
    file: Vec<u8>,
    byte: u8,
    bits: u8,
}

impl Decoder for Rows {
    fn push_pixel(&mut self, black: bool) {
        self.byte = self.byte << 1 | u8::from(black);
        self.bits += 1;
        if self.bits == 8 {
            self.next_line();
        }
    }

    fn push_pixel_chunk(&mut self, black: bool, chunk_count: u32) {
        self.file.extend(std::iter::repeat_n(if black { 0xff } else { 0 }, chunk_count as usize));
    }

    fn next_line(&mut self) {
        if self.bits > 0 {
            self.file.push(self.byte << (8 - self.bits));
            (self.byte, self.bits) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of eight pixels and one region coded as a fax is: four black ones, four white ones.
    fn page(width: u32) -> Vec<u8> {
        let mut data = b"\0\0\0\0\x30\0\x01\0\0\0\x13".to_vec();
        data.extend(width.to_be_bytes());
        data.extend(b"\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0");
        data.extend(b"\0\0\0\x01\x26\0\x01\0\0\0\x17\0\0\0\x08\0\0\0\x01\0\0\0\0\0\0\0\0\0");
        // MMR: across, no white and four black ones, then to the end of the row.
        data.extend(b"\x01\x26\xaf\x00\x10\x01");
        data
    }

    #[test]
    fn a_scan_becomes_a_file_that_others_open() {
        assert_eq!(unpacked(&page(8), None).as_deref(), Some(b"P4\n8 1\n\xf0".as_slice()));
    }

    #[test]
    fn what_is_broken_or_too_large_is_none() {
        for data in [&page(u32::MAX), &page(8)[..20], b"JBIG2"] {
            assert_eq!(unpacked(data, None), None);
        }
        assert_eq!(unpacked(&page(8), Some(b"\0\0")), None);
    }
}
