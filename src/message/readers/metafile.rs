//! Windows metafiles (WMF, EMF): drawings whose letters stand in them as text, as Office keeps previews of objects.

use super::super::extraction::{Extraction, File};
use super::super::{GapReason, Shape};
use super::strings::printable;

/// A larger one may be made of pixels.
const MAX_DRAWING: usize = 256 * 1024;

pub(super) fn is_metafile(bytes: &[u8]) -> bool {
    let enhanced = bytes.starts_with(b"\x01\0\0\0") && bytes.get(40..44) == Some(b" EMF");
    enhanced || bytes.starts_with(b"\xd7\xcd\xc6\x9a") || bytes.starts_with(b"\x01\0\x09\0\0\x03")
}

pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    extraction.text(&file.origin, printable(&file.bytes), Shape::Prose);
    if file.bytes.len() > MAX_DRAWING {
        extraction.gap(&file.origin, GapReason::Picture);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{opened, text_of};

    #[test]
    fn letters_of_a_drawing_are_read() {
        let wide: Vec<u8> = "Jo Roe".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let enhanced = [b"\x01\0\0\0\x6c\0\0\0".as_slice(), &[0; 32], b" EMF", &[0; 20], &wide].concat();
        let old = [b"\xd7\xcd\xc6\x9a".as_slice(), &[0; 18], b"Jo Roe"].concat();
        for bytes in [enhanced, old] {
            assert!(text_of(&opened("image1.emf", &bytes), "").contains("Jo Roe"));
        }
    }
}
