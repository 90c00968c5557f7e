//! A picture of a page as a file of its own, so that it can be looked at as any other (ISO 32000-2 §8.9.5).

use lopdf::{Dictionary, Document, Object, Stream};

use super::{jbig2, plain};

/// The stream as JPEG, JPEG 2000, TIFF or PNM (JBIG2 too), as its filter and samples allow; `None` for the rest.
pub fn file_of(image: &Stream, document: &Document) -> Option<Vec<u8>> {
    let width = u32::try_from(number(&image.dict, b"Width", document)?).ok()?;
    let height = u32::try_from(number(&image.dict, b"Height", document)?).ok()?;
    let filters = image.filters().unwrap_or_default();
    match filters.as_slice() {
        [b"DCTDecode" | b"JPXDecode"] => Some(image.content.clone()),
        [b"CCITTFaxDecode"] => fax(image, document, width, height),
        [b"JBIG2Decode"] => jbig2::unpacked(&image.content, shared(image, document).as_deref()),
        [.., b"DCTDecode" | b"JPXDecode" | b"CCITTFaxDecode" | b"JBIG2Decode"] => None,
        _ => samples(image, document, width, height),
    }
}

fn number(dictionary: &Dictionary, key: &[u8], document: &Document) -> Option<i64> {
    dictionary.get_deref(key, document).ok()?.as_i64().ok()
}

fn parameters<'d>(image: &'d Stream, document: &'d Document) -> Option<&'d Dictionary> {
    match image.dict.get_deref(b"DecodeParms", document).ok()? {
        Object::Array(all) => document.dereference(all.first()?).ok()?.1.as_dict().ok(),
        one => one.as_dict().ok(),
    }
}

/// What several scans of a file share.
fn shared(image: &Stream, document: &Document) -> Option<Vec<u8>> {
    plain(parameters(image, document)?.get_deref(b"JBIG2Globals", document).ok()?.as_stream().ok()?)
}

/// A fax's data stay as they are, below a TIFF header that says how they are packed (TIFF 6.0 §11).
fn fax(image: &Stream, document: &Document, width: u32, height: u32) -> Option<Vec<u8>> {
    let parameters = parameters(image, document)?;
    let k = number(parameters, b"K", document).unwrap_or(0);
    let columns = number(parameters, b"Columns", document).map_or(Some(1728), |columns| u32::try_from(columns).ok())?;
    if columns != width {
        return None;
    }
    let size = u32::try_from(image.content.len()).ok()?;
    // Group 4; group 3 in one dimension or two.
    let (compression, options) = if k < 0 { (4, 0) } else { (3, u32::from(k > 0)) };
    let fields: [(u16, u32); 10] = [
        (256, width),
        (257, height),
        (258, 1),
        (259, compression),
        // 0 is white: what is written is what was black on the paper.
        (262, 0),
        (273, 8 + 2 + 10 * 12 + 4),
        (277, 1),
        (278, height),
        (279, size),
        (292, options),
    ];
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    file.extend((fields.len() as u16).to_le_bytes());
    for (tag, value) in fields {
        file.extend(tag.to_le_bytes());
        // Type 4: one unsigned number of 32 bits.
        file.extend([4, 0, 1, 0, 0, 0]);
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file.extend(&image.content);
    Some(file)
}

/// Samples without loss, as PBM, PGM or PPM.
fn samples(image: &Stream, document: &Document, width: u32, height: u32) -> Option<Vec<u8>> {
    let bits = match image.dict.get(b"ImageMask").and_then(Object::as_bool) {
        Ok(true) => 1,
        _ => number(&image.dict, b"BitsPerComponent", document)?,
    };
    let data = plain(image)?;
    let area = usize::try_from(width).ok()?.checked_mul(usize::try_from(height).ok()?)?;
    let head = |kind: &str, most: &str| format!("{kind}\n{width} {height}\n{most}").into_bytes();
    let whole = |len: usize| (data.len() >= len).then(|| &data[..len]);
    match (bits, colours(&image.dict, document)?) {
        (1, Colours::Grey) => {
            let rows = whole(usize::try_from(width.div_ceil(8)).ok()? * height as usize)?;
            // In PBM black is 1.
            Some(head("P4", "").into_iter().chain(rows.iter().map(|byte| !byte)).collect())
        }
        (8, Colours::Grey) => Some([&head("P5", "255\n")[..], whole(area)?].concat()),
        (8, Colours::Rgb) => Some([&head("P6", "255\n")[..], whole(area.checked_mul(3)?)?].concat()),
        (8, Colours::Indexed(palette)) => {
            let mut file = head("P6", "255\n");
            for index in whole(area)? {
                let at = usize::from(*index) * 3;
                file.extend_from_slice(palette.get(at..at + 3)?);
            }
            Some(file)
        }
        _ => None,
    }
}

enum Colours {
    Grey,
    Rgb,
    /// Red, green and blue of each index.
    Indexed(Vec<u8>),
}

fn colours(dictionary: &Dictionary, document: &Document) -> Option<Colours> {
    match dictionary.get_deref(b"ColorSpace", document) {
        Ok(space) => space_of(space, document),
        // A mask has none.
        Err(_) => Some(Colours::Grey),
    }
}

fn space_of(space: &Object, document: &Document) -> Option<Colours> {
    let parts = match space {
        Object::Name(name) => return named(name),
        Object::Array(parts) => parts,
        _ => return None,
    };
    let part = |at: usize| Some(document.dereference(parts.get(at)?).ok()?.1);
    match part(0)?.as_name().ok()? {
        b"ICCBased" => match number(&part(1)?.as_stream().ok()?.dict, b"N", document)? {
            1 => Some(Colours::Grey),
            3 => Some(Colours::Rgb),
            _ => None,
        },
        b"CalGray" => Some(Colours::Grey),
        b"CalRGB" => Some(Colours::Rgb),
        b"Indexed" => match (space_of(part(1)?, document)?, part(3)?) {
            (Colours::Rgb, Object::String(palette, _)) => Some(Colours::Indexed(palette.clone())),
            (Colours::Rgb, Object::Stream(palette)) => Some(Colours::Indexed(plain(palette)?)),
            _ => None,
        },
        name => named(name),
    }
}

fn named(name: &[u8]) -> Option<Colours> {
    match name {
        b"DeviceGray" | b"G" | b"CalGray" => Some(Colours::Grey),
        b"DeviceRGB" | b"RGB" | b"CalRGB" => Some(Colours::Rgb),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lopdf::dictionary;

    use super::*;

    fn image(mut dictionary: Dictionary, content: &[u8]) -> Option<Vec<u8>> {
        dictionary.set("Width", 8);
        dictionary.set("Height", 1);
        file_of(&Stream::new(dictionary, content.to_vec()), &Document::new())
    }

    #[test]
    fn pictures_become_files_that_others_open() {
        let grey = |bits: i64| dictionary! { "BitsPerComponent" => bits, "ColorSpace" => "DeviceGray" };
        for (dictionary, content, file) in [
            (dictionary! { "Filter" => "DCTDecode" }, &b"\xff\xd8"[..], &b"\xff\xd8"[..]),
            (grey(1), &b"\x0f"[..], &b"P4\n8 1\n\xf0"[..]),
            (grey(8), &b"01234567 more"[..], &b"P5\n8 1\n255\n01234567"[..]),
            (
                dictionary! { "BitsPerComponent" => 8, "ColorSpace" => vec![
                    "Indexed".into(), "DeviceRGB".into(), 1.into(), Object::string_literal("abcdef")
                ] },
                &b"\0\x01\0\0\0\0\0\0"[..],
                &b"P6\n8 1\n255\nabcdefabcabcabcabcabcabc"[..],
            ),
        ] {
            assert_eq!(image(dictionary, content).as_deref(), Some(file));
        }
        let fax = dictionary! {
            "Filter" => "CCITTFaxDecode", "DecodeParms" => dictionary! { "K" => -1, "Columns" => 8 }
        };
        let file = image(fax, b"data").expect("a TIFF file");
        assert!(file.starts_with(b"II*\0") && file.ends_with(b"data") && file.len() == 134 + 4);
    }

    #[test]
    fn what_is_cut_short_or_of_another_kind_is_none() {
        let of = |bits: i64, space: &str| dictionary! { "BitsPerComponent" => bits, "ColorSpace" => space };
        for (dictionary, content) in [
            (of(8, "DeviceGray"), &b"short"[..]),
            (of(4, "DeviceGray"), b"0000"),
            (of(8, "DeviceCMYK"), b"00000000000000000000000000000000"),
            (dictionary! { "Filter" => "JBIG2Decode" }, b"data"),
        ] {
            assert_eq!(image(dictionary, content), None);
        }
    }
}
