//! Pictures: one large enough to show a page of text is read, or is a gap; a logo is neither. Text in their metadata is read.

use super::super::extraction::{Extraction, File, within};
use super::super::{Extent, GapReason, Shape};

mod metadata;

/// The least that each of them measures, in pixels: width, height, area.
const PAGE: (u32, u32, u64) = (480, 360, 400_000);
const SMALL: (u32, u32, u64) = (300, 160, 150_000);

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
    if let Some(extent) = extent(&file.bytes) {
        extraction.picture(&file.origin, file.bytes.to_vec(), extent);
    }
}

/// `None` for a logo, an icon, a line.
fn extent(bytes: &[u8]) -> Option<Extent> {
    let Some((width, height)) = size(bytes) else {
        return (bytes.len() >= MIN_BYTES).then_some(Extent::Page);
    };
    let is = |(least_width, least_height, least_area): (u32, u32, u64)| {
        width >= least_width && height >= least_height && u64::from(width) * u64::from(height) >= least_area
    };
    if is(PAGE) { Some(Extent::Page) } else { is(SMALL).then_some(Extent::Small) }
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
        use Extent::{Page, Small};
        for (bytes, extent) in [
            (png(200, 60), None),
            (png(600, 90), None),
            (png(320, 240), None),
            (png(640, 480), Some(Small)),
            (png(1400, 300), Some(Small)),
            (jpeg(500, 700), Some(Small)),
            (png(1240, 1754), Some(Page)),
            (png(1280, 720), Some(Page)),
            (jpeg(100, 100), None),
            // An icon says little of the picture in it.
            ([&b"\0\0\x01\0\x01\0"[..], &[7; 4000]].concat(), None),
            ([&b"\0\0\x01\0\x01\0"[..], &[7; 90_000]].concat(), Some(Page)),
            (jpeg(2480, 3508), Some(Page)),
            (b"GIF89a\x01\0\x01\0".to_vec(), None),
            ([&b"II*\0"[..], &[0; 70 * 1024]].concat(), Some(Page)),
        ] {
            let extract = opened("a.png", &bytes);
            assert!(extract.gaps.is_empty());
            assert_eq!(extract.pictures.first().map(|picture| picture.extent), extent);
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
