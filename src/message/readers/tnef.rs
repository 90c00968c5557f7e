//! TNEF, Outlook's `winmail.dat` ([MS-OXTNEF]): its attributes are read, its attachments opened.

use super::super::extraction::{Extraction, File, within};
use super::super::{GapReason, Shape, charset, html, text};
use super::rtf;

const SUBJECT: u16 = 0x8004;
const BODY: u16 = 0x800c;
const ATTACH_DATA: u16 = 0x800f;
const ATTACH_TITLE: u16 = 0x8010;
const ATTACH_BEGIN: u16 = 0x9002;
const MESSAGE_PROPERTIES: u16 = 0x9003;
const ATTACH_PROPERTIES: u16 = 0x9005;

pub(super) fn is_tnef(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x78\x9f\x3e\x22")
}

pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut rest = file.bytes.get(6..).unwrap_or_default();
    let mut title = String::new();
    let mut count = 0;
    while let Some((id, data, after)) = attribute(rest) {
        rest = after;
        match id {
            ATTACH_BEGIN => title.clear(),
            ATTACH_TITLE => title = shown(data),
            ATTACH_DATA => {
                count += 1;
                let name = if title.is_empty() { format!("attach[{count}]") } else { title.clone() };
                extraction.push(file.inner(&name, data.to_vec()));
            }
            SUBJECT => extraction.text(&within(&file.origin, "subject"), shown(data), Shape::Line),
            BODY => extraction.text(&within(&file.origin, "body"), shown(data), Shape::Prose),
            MESSAGE_PROPERTIES | ATTACH_PROPERTIES if properties(data, file, extraction).is_none() => {
                extraction.gap(&file.origin, GapReason::Corrupt);
            }
            _ => {}
        }
    }
    // A checksum or two may be missing at the end, but not an attribute's half.
    if rest.len() > 16 {
        extraction.gap(&file.origin, GapReason::Corrupt);
    }
}

fn shown(data: &[u8]) -> String {
    let bare: Vec<u8> = data.iter().copied().filter(|byte| *byte != 0).collect();
    text::with_plain_line_ends(charset::decode(&bare, None).into_owned().into())
}

/// Level, id, type, length, data, checksum.
fn attribute(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let id = u16::from_le_bytes(*bytes.get(1..3)?.first_chunk()?);
    let len = u32::from_le_bytes(*bytes.get(5..9)?.first_chunk()?) as usize;
    let data = bytes.get(9..9usize.checked_add(len)?)?;
    Some((id, data, bytes.get(9 + len + 2..).unwrap_or_default()))
}

struct Cursor<'b>(&'b [u8]);

impl<'b> Cursor<'b> {
    fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<usize> {
        Some(u32::from_le_bytes(*self.take(4)?.first_chunk()?) as usize)
    }
}

/// MAPI properties: every text, the bodies, and what is embedded.
fn properties(data: &[u8], file: &File<'_>, extraction: &mut Extraction<'_>) -> Option<()> {
    let mut cursor = Cursor(data);
    for _ in 0..cursor.number()? {
        let tag = cursor.number()?;
        let (kind, id) = (tag & 0xffff, tag >> 16);
        if id >= 0x8000 {
            skip_name(&mut cursor)?;
        }
        let many = kind & 0x1000 != 0;
        match kind & 0x0fff {
            0x02 | 0x0b | 0x03 | 0x04 | 0x0a if !many => _ = cursor.take(4)?,
            0x05 | 0x06 | 0x07 | 0x14 | 0x40 if !many => _ = cursor.take(8)?,
            0x48 if !many => _ = cursor.take(16)?,
            0x1e | 0x1f | 0x0d | 0x102 => {
                for _ in 0..cursor.number()? {
                    let len = cursor.number()?;
                    let value = cursor.take(len)?;
                    cursor.take((4 - len % 4) % 4)?;
                    property(id, kind & 0x0fff, value, file, extraction);
                }
            }
            other => {
                let width = match other {
                    0x02 | 0x0b | 0x03 | 0x04 => 4,
                    0x05 | 0x06 | 0x07 | 0x14 | 0x40 => 8,
                    0x48 => 16,
                    _ => return None,
                };
                for _ in 0..cursor.number()? {
                    cursor.take(width)?;
                }
            }
        }
    }
    Some(())
}

/// A named property has a GUID, and a number or a name.
fn skip_name(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.take(16)?;
    if cursor.number()? == 0 {
        cursor.take(4)?;
    } else {
        let len = cursor.number()?;
        cursor.take(len)?;
        cursor.take((4 - len % 4) % 4)?;
    }
    Some(())
}

fn property(id: usize, kind: usize, value: &[u8], file: &File<'_>, extraction: &mut Extraction<'_>) {
    let origin = within(&file.origin, &format!("{id:04X}"));
    match (id, kind) {
        (0x1009, 0x102) => match rtf::uncompressed(value) {
            Some(rtf) => extraction.text(&origin, rtf::text(&rtf), Shape::Prose),
            None => extraction.gap(&origin, GapReason::Corrupt),
        },
        (0x1013, _) => html::read_file(&charset::decode(value, None), &origin, file.depth, extraction),
        // An embedded object begins with its interface's GUID.
        (0x3701, 0x0d) => extraction.push(file.inner("embedded", value.get(16..).unwrap_or_default().to_vec())),
        (_, 0x1f) => {
            let decoded = encoding_rs::UTF_16LE.decode_without_bom_handling(value).0;
            extraction.text(&origin, decoded.trim_end_matches('\0').to_owned(), Shape::Prose);
        }
        (_, 0x1e) => extraction.text(&origin, shown(value), Shape::Prose),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{opened, text_of};
    use super::*;

    fn tnef(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = b"\x78\x9f\x3e\x22\x01\0".to_vec();
        for (id, data) in attributes {
            bytes.push(2);
            bytes.extend(id.to_le_bytes());
            bytes.extend([6, 0]);
            bytes.extend((data.len() as u32).to_le_bytes());
            bytes.extend_from_slice(data);
            bytes.extend([0, 0]);
        }
        bytes
    }

    #[test]
    fn attachments_and_texts_are_read() {
        let name: Vec<u8> = "Jo Roe\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut properties = 1u32.to_le_bytes().to_vec();
        properties.extend([0x1f, 0, 0x37, 0]);
        properties.extend(1u32.to_le_bytes());
        properties.extend((name.len() as u32).to_le_bytes());
        properties.extend(&name);
        properties.extend([0, 0]);
        let bytes = tnef(&[
            (SUBJECT, b"Results\0"),
            (MESSAGE_PROPERTIES, &properties),
            (ATTACH_BEGIN, &[]),
            (ATTACH_TITLE, b"list.csv\0"),
            (ATTACH_DATA, b"MRN,Name\n12,Roe\n"),
        ]);
        let extract = opened("winmail.dat", &bytes);
        assert!(extract.gaps.is_empty(), "{:?}", extract.gaps);
        assert_eq!(text_of(&extract, "subject"), "Results");
        assert_eq!(text_of(&extract, "0037"), "Jo Roe");
        assert_eq!(text_of(&extract, "list.csv"), "MRN\tName\n12\tRoe\n");
        assert!(!opened("winmail.dat", &bytes[..bytes.len() - 10]).gaps.is_empty());
    }
}
