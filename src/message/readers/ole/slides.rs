//! PowerPoint's binary files ([MS-PPT]).

use super::super::super::extraction::{Extraction, File};
use super::super::super::{GapReason, Shape, charset};
use super::word::word_text;
use super::{Container, stream, u16_at, u32_at};

/// Text atoms wherever they nest ([MS-PPT] §2.9): slides, notes, masters.
pub(super) fn read(
    container: &mut Container<'_>,
    file: &File<'_>,
    extraction: &mut Extraction<'_>,
) -> Result<(), GapReason> {
    if container.exists("/EncryptedSummary") {
        return Err(GapReason::Encrypted);
    }
    let bytes = stream(container, "/PowerPoint Document", extraction);
    let mut text = String::new();
    let mut at = 0;
    while let (Some(version), Some(kind), Some(len)) =
        (u16_at(&bytes, at), u16_at(&bytes, at + 2), u32_at(&bytes, at + 4))
    {
        at += 8;
        // A container's records follow at once; they are walked as if they lay flat.
        if version & 0x000f == 0x000f {
            continue;
        }
        let Some(atom) = bytes.get(at..at.saturating_add(len)) else { return Err(GapReason::Corrupt) };
        match kind {
            0x0fa0 | 0x0fba => text.push_str(&encoding_rs::UTF_16LE.decode_without_bom_handling(atom).0),
            0x0fa8 => text.push_str(&charset::decode(atom, Some("windows-1252"))),
            _ => {
                at += len;
                continue;
            }
        }
        text.push('\n');
        at += len;
    }
    extraction.text(&file.origin, word_text(&text), Shape::Prose);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{opened, text_of};
    use super::super::tests::container;

    #[test]
    fn slides_are_walked_flat() {
        let mut records = vec![0x0f, 0, 0xe8, 0x03, 14, 0, 0, 0];
        records.extend([0, 0, 0xa8, 0x0f, 6, 0, 0, 0]);
        records.extend(b"Jo Roe");
        let bytes = container(&[("/PowerPoint Document", &records)]);
        assert_eq!(text_of(&opened("a.ppt", &bytes), ""), "Jo Roe\n");
    }
}
