//! Word's binary files ([MS-DOC]).

use super::super::super::extraction::{Extraction, File};
use super::super::super::{GapReason, Shape, charset};
use super::super::strings::printable;
use super::{Container, stream, u16_at, u32_at};

/// The text in the order of its pieces ([MS-DOC] §2.4.1): body, notes, headers, comments, text boxes.
pub(super) fn read(
    container: &mut Container<'_>,
    file: &File<'_>,
    extraction: &mut Extraction<'_>,
) -> Result<(), GapReason> {
    let document = stream(container, "/WordDocument", extraction);
    let flags = u16_at(&document, 0x0a).ok_or(GapReason::Corrupt)?;
    if flags & 0x0100 != 0 {
        return Err(GapReason::Encrypted);
    }
    let table = stream(container, if flags & 0x0200 != 0 { "/1Table" } else { "/0Table" }, extraction);
    let text = match pieces(&document, &table) {
        Some(text) => text,
        // Word 6 and 95 have another layout; their text stands in one stretch.
        None => printable(&document),
    };
    extraction.text(&file.origin, word_text(&text), Shape::Prose);
    Ok(())
}

fn pieces(document: &[u8], table: &[u8]) -> Option<String> {
    let start = u32_at(document, 0x01a2)?;
    let clx = table.get(start..start.checked_add(u32_at(document, 0x01a6)?)?)?;
    let mut at = 0;
    while *clx.get(at)? == 1 {
        at += 3 + usize::from(u16_at(clx, at + 1)?);
    }
    let len = u32_at(clx, at + 1)?;
    let plc = clx.get(at + 5..(at + 5).checked_add(len)?)?;
    let count = len.checked_sub(4)? / 12;
    let mut text = String::new();
    for piece in 0..count {
        let chars = u32_at(plc, piece * 4 + 4)?.checked_sub(u32_at(plc, piece * 4)?)?;
        let place = u32_at(plc, (count + 1) * 4 + piece * 8 + 2)?;
        if place & 0x4000_0000 != 0 {
            let from = (place & 0x3fff_ffff) / 2;
            text.push_str(&charset::decode(document.get(from..from.checked_add(chars)?)?, Some("windows-1252")));
        } else {
            let bytes = document.get(place..place.checked_add(chars.checked_mul(2)?)?)?;
            text.push_str(&encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0);
        }
    }
    Some(text)
}

/// Word's own marks ([MS-DOC] §2.4.3) as text.
pub(super) fn word_text(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\r' | '\u{b}' | '\u{c}' => Some('\n'),
            '\u{7}' => Some('\t'),
            '\u{1e}' => Some('-'),
            '\t' | '\n' => Some(c),
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::super::GapReason;
    use super::super::super::tests::{opened, text_of};
    use super::super::tests::{container, wide};

    #[test]
    fn old_word_files_are_read_piece_by_piece() {
        let mut document = vec![0u8; 0x0400];
        document.extend(b"MRN 12345\r");
        document.extend(wide("J\u{f6} Roe"));
        document[0x0a..0x0c].copy_from_slice(&0x0200u16.to_le_bytes());
        let mut table = vec![2u8];
        table.extend(28u32.to_le_bytes());
        for cp in [0u32, 10, 16] {
            table.extend(cp.to_le_bytes());
        }
        for place in [0x4000_0800u32, 0x040a] {
            table.extend([0, 0]);
            table.extend(place.to_le_bytes());
            table.extend([0, 0]);
        }
        document[0x01a2..0x01a6].copy_from_slice(&0u32.to_le_bytes());
        document[0x01a6..0x01aa].copy_from_slice(&(table.len() as u32).to_le_bytes());
        let bytes = container(&[("/WordDocument", &document), ("/1Table", &table)]);
        assert_eq!(text_of(&opened("a.doc", &bytes), ""), "MRN 12345\nJ\u{f6} Roe");
        document[0x0b] |= 1;
        let locked = container(&[("/WordDocument", &document), ("/1Table", &table)]);
        assert_eq!(opened("a.doc", &locked).gaps[0].reason, GapReason::Encrypted);
    }
}
