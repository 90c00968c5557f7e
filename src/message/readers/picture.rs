//! Pictures: one large enough to show a page of text is read, or is a gap; a logo is neither. Text in their metadata is read.

use super::super::extraction::{Extraction, File, within};
use super::super::{GapReason, Shape};

mod metadata;

/// From here on a picture may be a photo of a page, a screenshot, a fax.
const MIN_WIDTH: u32 = 480;
const MIN_HEIGHT: u32 = 360;
const MIN_AREA: u64 = 400_000;

/// Of a picture whose size can't be told, the bytes say whether it may be a page.
const MIN_BYTES: usize = 60 * 1024;

pub(super) fn is_picture(bytes: &[u8]) -> bool {
    let starts: [&[u8]; 7] =
        [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"\0\0\x01\0"];
    starts.iter().any(|start| bytes.starts_with(start))
        || (bytes.starts_with(b"BM") && bytes.len() > 26 && bytes[6..10] == [0; 4])
        || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"))
        || (bytes.get(4..8) == Some(b"ftyp")
            && bytes.get(8..12).is_some_and(|brand| {
                [b"heic", b"heix", b"mif1", b"avif"].contains(&brand.first_chunk().unwrap_or(b"    "))
            }))
        || bytes.starts_with(b"\0\0\0\x0cjP  ")
}

pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let (metadata, is_flood) = metadata::of(&file.bytes);
    extraction.text(&within(&file.origin, "metadata"), metadata, Shape::Records);
    if is_flood {
        extraction.gap(&file.origin, GapReason::Limit);
    }
    if may_show_text(&file.bytes) {
        extraction.picture(&file.origin, file.bytes.to_vec());
    }
}

fn may_show_text(bytes: &[u8]) -> bool {
    match size(bytes) {
        Some((width, height)) => {
            width >= MIN_WIDTH && height >= MIN_HEIGHT && u64::from(width) * u64::from(height) >= MIN_AREA
        }
        None => bytes.len() >= MIN_BYTES,
    }
}

/// Width and height in pixels.
fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let big = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..at + 4)?.first_chunk()?));
    let little = |at: usize| Some(u32::from(u16::from_le_bytes(*bytes.get(at..at + 2)?.first_chunk()?)));
    if bytes.starts_with(b"\x89PNG") {
        Some((big(16)?, big(20)?))
    } else if bytes.starts_with(b"GIF8") {
        Some((little(6)?, little(8)?))
    } else if bytes.starts_with(b"\xff\xd8") {
        jpeg_size(bytes)
    } else if bytes.starts_with(b"BM") {
        Some((little(18)?, little(22)?))
    } else if bytes.get(12..16) == Some(b"VP8 ") {
        Some((little(26)? & 0x3fff, little(28)? & 0x3fff))
    } else if bytes.get(12..16) == Some(b"VP8L") {
        let bits = u32::from_le_bytes(*bytes.get(21..25)?.first_chunk()?);
        Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
    } else {
        None
    }
}

/// Segments up to the first frame header (ITU T.81 §B.2.2).
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let marker = *bytes.get(at + 1)?;
        if bytes[at] != 0xff {
            return None;
        }
        let word = |at: usize| Some(u32::from(u16::from_be_bytes(*bytes.get(at..at + 2)?.first_chunk()?)));
        match marker {
            0xff => at += 1,
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => return Some((word(at + 7)?, word(at + 5)?)),
            0xd0..=0xd9 | 0x01 => at += 2,
            _ => at += 2 + word(at + 2)? as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::opened;
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = b"\xff\xd8\xff\xfe\0\x08Jo Roe\xff\xc0\0\x11\x08".to_vec();
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes
    }

    #[test]
    fn a_page_is_looked_at_and_a_logo_is_not() {
        for (bytes, may_show_text) in [
            (png(200, 60), false),
            (png(600, 90), false),
            (png(1240, 1754), true),
            (png(1280, 720), true),
            (jpeg(100, 100), false),
            // An icon says little of the picture in it.
            ([&b"\0\0\x01\0\x01\0"[..], &[7; 4000]].concat(), false),
            ([&b"\0\0\x01\0\x01\0"[..], &[7; 90_000]].concat(), true),
            (jpeg(2480, 3508), true),
            (b"GIF89a\x01\0\x01\0".to_vec(), false),
            ([&b"II*\0"[..], &[0; 70 * 1024]].concat(), true),
        ] {
            let extract = opened("a.png", &bytes);
            assert_eq!((extract.gaps.len(), extract.pictures.len()), (0, usize::from(may_show_text)));
        }
    }

    #[test]
    fn broken_pictures_end() {
        for bytes in
            [&b"\xff\xd8\xff\xff\xff\xff"[..], b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXt", b"\xff\xd8\xff\xe0\0\0"]
        {
            metadata::of(bytes);
            size(bytes);
        }
    }
}
