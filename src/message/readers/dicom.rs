//! DICOM (PS3.10): the tags that say who and what, every sentence, and documents; the picture itself is a gap.

use super::super::extraction::{Extraction, File};
use super::super::{GapReason, charset};
use super::records::Records;

/// Sequences nest; this many elements in all are read.
const MAX_ELEMENTS: usize = 20_000;

/// No text of a tag is longer.
const MAX_TEXT: usize = 1 << 20;

pub(super) fn is_dicom(bytes: &[u8]) -> bool {
    bytes.get(128..132) == Some(b"DICM")
}

pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut records = Records::default();
    let mut elements = Elements { rest: &file.bytes[132..], implicit: false, begun: false };
    let mut has_picture = false;
    let mut whole = false;
    for _ in 0..MAX_ELEMENTS {
        let Some(element) = elements.next() else {
            whole = elements.rest.is_empty();
            break;
        };
        match (element.group, element.element) {
            (0x7fe0, 0x0010) => {
                (has_picture, whole) = (true, true);
                break;
            }
            // The transfer syntax: without explicit types, big endian or deflated.
            (0x0002, 0x0010) => match element.value.trim_ascii_end().strip_suffix(b"\0").unwrap_or(element.value) {
                b"1.2.840.10008.1.2" => elements.implicit = true,
                b"1.2.840.10008.1.2.2" | b"1.2.840.10008.1.2.1.99" => {
                    return extraction.gap(&file.origin, GapReason::UnknownType);
                }
                _ => {}
            },
            (0x0002, _) => {}
            // A report in PDF or C-CDA (PS3.3 §C.24.2).
            (0x0042, 0x0011) => records.file(element.value.to_vec()),
            place if element.value.len() <= MAX_TEXT => {
                // A name is `family^given`.
                let value = charset::decode(element.value, None).replace(['^', '\0'], " ");
                match name(place) {
                    Some(name) => records.line(name, &value),
                    None if is_sentence(&value) => records.line("note", &value),
                    None => {}
                }
            }
            _ => {}
        }
    }
    records.finish(file, extraction);
    if has_picture {
        extraction.gap(&file.origin, GapReason::Picture);
    } else if !whole {
        extraction.gap(&file.origin, GapReason::Corrupt);
    }
}

/// Words, as makers' own tags may hold them too; not numbers, codes or tables.
fn is_sentence(value: &str) -> bool {
    value.trim().contains(' ')
        && value.contains(|c: char| c.is_alphabetic())
        && !value.contains(|c: char| c.is_control())
}

struct Element<'b> {
    group: u16,
    element: u16,
    value: &'b [u8],
}

/// Data elements, those of sequences as if they lay flat (PS3.5 §7.1).
struct Elements<'b> {
    rest: &'b [u8],
    /// The elements after group 2 carry no type.
    implicit: bool,
    /// Group 2 is behind us.
    begun: bool,
}

impl<'b> Elements<'b> {
    fn next(&mut self) -> Option<Element<'b>> {
        let word = |at: usize| Some(u16::from_le_bytes(*self.rest.get(at..at + 2)?.first_chunk()?));
        let long = |at: usize| Some(u32::from_le_bytes(*self.rest.get(at..at + 4)?.first_chunk()?));
        let (group, element) = (word(0)?, word(2)?);
        self.begun |= group > 2;
        let (head, len, nests): (usize, u32, bool) = if group == 0xfffe {
            // An item and the ends of items and sequences.
            (8, long(4)?, true)
        } else if self.implicit && self.begun {
            let len = long(4)?;
            (8, len, len == u32::MAX)
        } else {
            match self.rest.get(4..6)? {
                b"SQ" => (12, long(8)?, true),
                b"OB" | b"OW" | b"OF" | b"OD" | b"OL" | b"OV" | b"UN" | b"UC" | b"UR" | b"UT" | b"SV" | b"UV" => {
                    (12, long(8)?, false)
                }
                _ => (8, u32::from(word(6)?), false),
            }
        };
        let len = if nests || len == u32::MAX { 0 } else { len as usize };
        let value = self.rest.get(head..head.checked_add(len)?);
        // Pixels that are cut off still say that there were some.
        let value = if group == 0x7fe0 { value.unwrap_or_default() } else { value? };
        self.rest = self.rest.get(head + len..).unwrap_or_default();
        Some(Element { group, element, value })
    }
}

/// The tags that identify someone or say how they are (PS3.6).
fn name(place: (u16, u16)) -> Option<&'static str> {
    Some(match place {
        (0x0010, 0x0010) => "patient name",
        (0x0010, 0x0020) => "patient MRN",
        (0x0010, 0x0030) => "patient date of birth",
        (0x0010, 0x0040) => "sex",
        (0x0010, 0x1000) => "other patient id",
        (0x0010, 0x1001) => "other patient name",
        (0x0010, 0x1010) => "age",
        (0x0010, 0x1040) => "patient address",
        (0x0010, 0x2154) => "patient phone",
        (0x0010, 0x2000) => "medical alerts",
        (0x0010, 0x2110) => "allergies",
        (0x0010, 0x21b0) => "patient history",
        (0x0010, 0x4000) => "patient comments",
        (0x0008, 0x0020) => "date of study",
        (0x0008, 0x0050) => "accession number",
        (0x0008, 0x0080) => "institution",
        (0x0008, 0x0090) => "referring physician",
        (0x0008, 0x1030) => "study description",
        (0x0008, 0x103e) => "series description",
        (0x0008, 0x1080) => "admitting diagnosis",
        (0x0018, 0x0015) => "body part",
        (0x0020, 0x4000) => "image comments",
        (0x0032, 0x1060) => "requested procedure",
        (0x0040, 0x0254) => "procedure description",
        (0x0040, 0xa160) => "text",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{opened, text_of};
    use super::*;

    fn dicom(elements: &[(u16, u16, &[u8; 2], &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes.extend(b"DICM");
        for (group, element, kind, value) in elements {
            bytes.extend(group.to_le_bytes());
            bytes.extend(element.to_le_bytes());
            bytes.extend(*kind);
            if matches!(*kind, b"OB" | b"OW" | b"SQ") {
                bytes.extend([0, 0]);
                bytes.extend((value.len() as u32).to_le_bytes());
            } else {
                bytes.extend((value.len() as u16).to_le_bytes());
            }
            bytes.extend_from_slice(value);
        }
        bytes
    }

    #[test]
    fn the_header_is_read_and_the_picture_is_a_gap() {
        let bytes = dicom(&[
            (0x0002, 0x0010, b"UI", b"1.2.840.10008.1.2.1\0"),
            (0x0010, 0x0010, b"PN", b"ROE^JO"),
            (0x0010, 0x0020, b"LO", b"998991"),
            (0x7fe0, 0x0010, b"OW", &[0; 8]),
        ]);
        let extract = opened("a.dcm", &bytes);
        assert_eq!(text_of(&extract, ""), "patient name: ROE JO\npatient MRN: 998991\n");
        assert_eq!(extract.gaps[0].reason, GapReason::Picture);
        assert_eq!(opened("a.dcm", &bytes[..bytes.len() - 26]).gaps[0].reason, GapReason::Corrupt);
    }

    #[test]
    fn sentences_of_any_tag_and_documents_are_read() {
        let bytes = dicom(&[
            (0x0002, 0x0010, b"UI", b"1.2.840.10008.1.2.1\0"),
            (0x0009, 0x1001, b"LO", b"seen with Roe "),
            (0x0028, 0x0010, b"US", b"\x20\x41"),
            (0x0042, 0x0011, b"OB", b"Report of Jo Roe"),
        ]);
        let extract = opened("a.dcm", &bytes);
        assert!(extract.gaps.is_empty(), "{:?}", extract.gaps);
        assert_eq!(text_of(&extract, ""), "note: seen with Roe\n");
        assert_eq!(text_of(&extract, "embedded[1]"), "Report of Jo Roe");
    }
}
