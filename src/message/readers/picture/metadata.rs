//! Text that a picture carries beside its pixels: comments, EXIF, IPTC, XMP, and what was put behind its end.

use std::io::Read;

use memchr::memmem;

/// What a picture holds beyond this is no comment.
const MAX_TEXT: usize = 1 << 20;

/// One `name: value` a line; and whether there was more than anybody writes.
pub(super) fn of(bytes: &[u8]) -> (String, bool) {
    let mut told = Told { text: String::new(), left: MAX_TEXT };
    let end = match bytes {
        [0x89, b'P', b'N', b'G', ..] => png(bytes, &mut told),
        [0xff, 0xd8, ..] => jpeg(bytes, &mut told),
        [b'G', b'I', b'F', b'8', ..] => gif(bytes, &mut told),
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => {
            tiff(bytes, &mut told);
            None
        }
        _ => None,
    };
    if let Some(start) = memmem::find(bytes, b"<x:xmpmeta") {
        let packet = &bytes[start..];
        let end = memmem::find(packet, b"</x:xmpmeta>").unwrap_or(packet.len().min(256 * 1024));
        told.line("xmp", &super::super::super::html::read(&String::from_utf8_lossy(&packet[..end])).shown);
    }
    if let Some(behind) = end.and_then(|end| bytes.get(end..)).filter(|behind| is_text(behind)) {
        told.line("behind", &String::from_utf8_lossy(behind));
    }
    (told.text, told.left == 0)
}

struct Told {
    text: String,
    /// How much may still be looked at: a picture may name one stretch of bytes ten thousand times.
    left: usize,
}

impl Told {
    fn line(&mut self, name: &str, value: &str) {
        self.left = self.left.saturating_sub(value.len());
        if self.left == 0 {
            return;
        }
        let words = value.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let value: Vec<&str> = words.collect();
        if !value.is_empty() {
            self.text.push_str(&format!("{name}: {}\n", value.join(" ")));
        }
    }
}

/// Readable from its first byte to its last; cameras and programs put data of their own there too.
fn is_text(bytes: &[u8]) -> bool {
    bytes.len() >= 8
        && bytes.iter().all(|byte| *byte >= 0x80 || matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t' | 0))
        && std::str::from_utf8(bytes).is_ok()
}

/// Chunks (PNG §11.3.3); answers where the picture ends.
fn png(bytes: &[u8], told: &mut Told) -> Option<usize> {
    let mut at = 8;
    while told.left > 0 {
        let head = bytes.get(at..at + 8)?;
        let len = u32::from_be_bytes(*head.first_chunk()?) as usize;
        let chunk = bytes.get(at + 8..(at + 8).checked_add(len)?)?;
        match &head[4..8] {
            b"tEXt" => told.line("comment", &String::from_utf8_lossy(chunk)),
            b"zTXt" => told.line("comment", &inflated(after_nuls(chunk, 1).and_then(|rest| rest.get(1..)), told.left)),
            b"iTXt" => told.line("comment", &international(chunk, told.left)),
            b"eXIf" => tiff(chunk, told),
            b"IEND" => return Some(at + 12),
            _ => {}
        }
        at += 12 + len;
    }
    None
}

/// Keyword, NUL, whether it is compressed and how, language, NUL, keyword in it, NUL, text.
fn international(chunk: &[u8], most: usize) -> String {
    let compressed = after_nuls(chunk, 1).is_some_and(|rest| rest.first() == Some(&1));
    match compressed {
        true => {
            let text = after_nuls(chunk, 1).and_then(|rest| after_nuls(rest.get(2..)?, 2));
            inflated(text, most)
        }
        false => String::from_utf8_lossy(chunk).into_owned(),
    }
}

fn after_nuls(bytes: &[u8], count: usize) -> Option<&[u8]> {
    let at = memchr::memchr_iter(0, bytes).nth(count - 1)?;
    Some(&bytes[at + 1..])
}

fn inflated(packed: Option<&[u8]>, most: usize) -> String {
    let mut text = Vec::new();
    // What came before a fault is kept.
    let _ = flate2::read::ZlibDecoder::new(packed.unwrap_or_default()).take(most as u64).read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Segments up to the first scan (ITU T.81 §B.1.1); answers where the picture ends.
fn jpeg(bytes: &[u8], told: &mut Told) -> Option<usize> {
    let mut at = 2;
    loop {
        let [0xff, marker, high, low] = *bytes.get(at..at + 4).and_then(|head| head.first_chunk())? else {
            return memmem::rfind(bytes, b"\xff\xd9").map(|end| end + 2);
        };
        let len = usize::from(u16::from_be_bytes([high, low])).max(2);
        let segment = bytes.get(at + 4..at + 2 + len).unwrap_or_default();
        match marker {
            0xfe => told.line("comment", &String::from_utf8_lossy(segment)),
            0xe1 if segment.starts_with(b"Exif\0\0") => tiff(&segment[6..], told),
            0xed => printable(segment, told),
            0xd9 => return Some(at + 2),
            0xda => return memmem::rfind(bytes, b"\xff\xd9").map(|end| end + 2),
            _ => {}
        }
        at += 2 + len;
    }
}

/// IPTC fields among Photoshop's own.
fn printable(segment: &[u8], told: &mut Told) {
    for run in segment.split(|byte| !matches!(byte, b' '..=b'~' | 0x80..)).filter(|run| run.len() >= 6) {
        told.line("iptc", &String::from_utf8_lossy(run));
    }
}

/// Comments, and text that is drawn (GIF89a §24, §25); answers where the picture ends.
fn gif(bytes: &[u8], told: &mut Told) -> Option<usize> {
    let table = |flags: u8| if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0 };
    let mut at = 13 + table(*bytes.get(10)?);
    loop {
        match *bytes.get(at)? {
            0x21 => {
                let label = *bytes.get(at + 1)?;
                let (text, end) = blocks(bytes, at + 2)?;
                if matches!(label, 0xfe | 0x01) {
                    told.line("comment", &String::from_utf8_lossy(&text));
                }
                at = end;
            }
            0x2c => at = blocks(bytes, at + 11 + table(*bytes.get(at + 9)?))?.1,
            0x3b => return Some(at + 1),
            _ => return None,
        }
    }
}

/// Data in blocks of up to 255 bytes, and where they end.
fn blocks(bytes: &[u8], start: usize) -> Option<(Vec<u8>, usize)> {
    let (mut data, mut at) = (Vec::new(), start);
    loop {
        let len = usize::from(*bytes.get(at)?);
        if len == 0 {
            return Some((data, at + 1));
        }
        data.extend_from_slice(bytes.get(at + 1..at + 1 + len)?);
        at += 1 + len;
    }
}

/// More directories or fields than these are no camera's.
const MAX_DIRECTORIES: usize = 16;
const MAX_FIELDS: usize = 200;

/// The texts of a TIFF file's directories, which EXIF is made of too (TIFF 6.0 §2, EXIF §4.6).
fn tiff(bytes: &[u8], told: &mut Told) {
    let order = Order { little: bytes.first() == Some(&b'I'), bytes };
    let mut waiting: Vec<usize> = order.long(4).into_iter().collect();
    for _ in 0..MAX_DIRECTORIES {
        let Some(directory) = waiting.pop() else { return };
        let Some(count) = order.short(directory) else { continue };
        for field in 0..count.min(MAX_FIELDS) {
            order.field(directory + 2 + 12 * field, told, &mut waiting);
        }
        waiting.extend(order.long(directory + 2 + 12 * count).filter(|next| *next > directory));
    }
}

struct Order<'b> {
    little: bool,
    bytes: &'b [u8],
}

impl Order<'_> {
    fn short(&self, at: usize) -> Option<usize> {
        let two = *self.bytes.get(at..)?.first_chunk()?;
        Some(usize::from(if self.little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) }))
    }

    fn long(&self, at: usize) -> Option<usize> {
        let four = *self.bytes.get(at..)?.first_chunk()?;
        Some((if self.little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) }) as usize)
    }

    fn field(&self, at: usize, told: &mut Told, waiting: &mut Vec<usize>) -> Option<()> {
        const EXIF: usize = 0x8769;
        const USER_COMMENT: usize = 0x9286;
        let (tag, kind, count) = (self.short(at)?, self.short(at + 2)?, self.long(at + 4)?);
        if tag == EXIF {
            waiting.push(self.long(at + 8)?);
            return None;
        }
        let start = if count <= 4 { at + 8 } else { self.long(at + 8)? };
        let value = self.bytes.get(start..start.checked_add(count.min(told.left))?)?;
        match (tag, kind) {
            // Windows writes title, comment, author, keywords and subject in UTF-16.
            (0x9c9b..=0x9c9f, _) => told.line("exif", &encoding_rs::UTF_16LE.decode_without_bom_handling(value).0),
            // Eight bytes name the charset.
            (USER_COMMENT, _) => told.line("exif", &String::from_utf8_lossy(value.get(8..)?)),
            (_, 2) => told.line("exif", &String::from_utf8_lossy(value)),
            _ => {}
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::of;

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).expect("memory");
        encoder.finish().expect("memory")
    }

    fn png(kind: &[u8; 4], data: &[u8], behind: &[u8]) -> Vec<u8> {
        let chunk = |kind: &[u8], data: &[u8]| [&(data.len() as u32).to_be_bytes()[..], kind, data, &[0; 4]].concat();
        [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(kind, data), &chunk(b"IEND", b""), behind].concat()
    }

    fn jpeg(marker: u8, data: &[u8], behind: &[u8]) -> Vec<u8> {
        let len = (data.len() as u16 + 2).to_be_bytes();
        [&[0xff, 0xd8, 0xff, marker], &len[..], data, b"\xff\xd9", behind].concat()
    }

    /// A directory of one field whose value lies behind it.
    fn tiff(tag: u16, kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = b"II*\0\x08\0\0\0\x01\0".to_vec();
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend((value.len() as u32).to_le_bytes());
        bytes.extend([26, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(value);
        bytes
    }

    #[test]
    fn texts_beside_the_pixels_are_read() {
        let wide: Vec<u8> = "Jo Roe".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let in_exif = |tiff: Vec<u8>| [b"Exif\0\0".as_slice(), &tiff].concat();
        let gif = [b"GIF89a\x01\0\x01\0\0\0\0!\xfe\x06Jo Roe\0;".as_slice()].concat();
        for (name, bytes) in [
            ("tEXt", png(b"tEXt", b"Comment\0Jo Roe", b"")),
            ("zTXt", png(b"zTXt", &[b"Comment\0\0".as_slice(), &zlib(b"Jo Roe")].concat(), b"")),
            ("iTXt", png(b"iTXt", b"Comment\0\0\0\0\0Jo Roe", b"")),
            ("packed iTXt", png(b"iTXt", &[b"Comment\0\x01\0en\0\0".as_slice(), &zlib(b"Jo Roe")].concat(), b"")),
            ("eXIf", png(b"eXIf", &tiff(0x010e, 2, b"Jo Roe\0"), b"")),
            ("behind PNG", png(b"tEXt", b"", b"for Jo Roe")),
            ("COM", jpeg(0xfe, b"Jo Roe", b"")),
            ("behind JPEG", jpeg(0xfe, b"", b"for Jo Roe")),
            ("description", jpeg(0xe1, &in_exif(tiff(0x010e, 2, b"Jo Roe\0")), b"")),
            ("Windows comment", jpeg(0xe1, &in_exif(tiff(0x9c9c, 1, &wide)), b"")),
            ("user comment", jpeg(0xe1, &in_exif(tiff(0x9286, 7, b"ASCII\0\0\0Jo Roe")), b"")),
            ("IPTC", jpeg(0xed, b"Photoshop 3.0\08BIM\x1c\x02\x78\0\x06Jo Roe", b"")),
            ("TIFF", tiff(0x010e, 2, b"Jo Roe\0")),
            ("GIF", gif),
        ] {
            assert!(of(&bytes).0.contains("Jo Roe"), "{name}: {:?}", of(&bytes));
        }
    }

    #[test]
    fn more_than_anybody_writes_is_told_and_left_off() {
        let bomb: Vec<u8> = [b"Comment\0\0".as_slice(), &zlib(&vec![b' '; 4 << 20])].concat();
        let flood = png(b"zTXt", &bomb, b"");
        assert!(of(&flood).1);
        assert!(!of(&png(b"tEXt", b"Comment\0Jo Roe", b"")).1);
    }

    #[test]
    fn broken_and_circular_pictures_end() {
        let mut circle = tiff(0x8769, 4, b"");
        circle[18..22].copy_from_slice(&8u32.to_le_bytes());
        for bytes in [
            circle,
            tiff(1, 2, b"x")[..20].to_vec(),
            b"GIF89a".to_vec(),
            b"GIF89a\x01\0\x01\0\x80\0\0!\xfe\xff".to_vec(),
        ] {
            of(&bytes);
        }
    }
}
