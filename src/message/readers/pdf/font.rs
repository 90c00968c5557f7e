//! Fonts as far as they matter for reading: which letters their codes mean, and how wide those are.
//!
//! Widths tell where one word ends and the next begins: many programs show each word by itself. A font
//! without widths in the file is one of the standard ones (ISO 32000-1 §9.6.2.2), whose widths readers know.

use lopdf::{Dictionary, Document, Encoding, Object};

use super::super::super::charset;
use super::MAX_CONTENT;

/// Widths of a composite font beyond these are not kept.
const MAX_WIDTHS: usize = 65_536;

/// A font of a page.
pub(super) struct Font<'d> {
    encoding: Option<Encoding<'d>>,
    /// Widths in thousandths, in stretches of codes from the first on, by their first.
    widths: Vec<(i64, Vec<f32>)>,
    /// Of codes that no stretch has.
    default: f32,
    two_bytes: bool,
    name: String,
}

impl<'d> Font<'d> {
    pub fn of(dictionary: &'d Dictionary, document: &'d Document) -> Self {
        let name = |dictionary: &Dictionary, key: &[u8]| {
            let name = dictionary.get_deref(key, document).and_then(Object::as_name);
            name.map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default()
        };
        let two_bytes = name(dictionary, b"Subtype") == "Type0";
        let (widths, default) = if two_bytes { composite(dictionary, document) } else { simple(dictionary, document) };
        Self {
            encoding: dictionary.get_font_encoding_with_limit(document, MAX_CONTENT).ok(),
            widths,
            default,
            two_bytes,
            name: name(dictionary, b"BaseFont"),
        }
    }

    pub fn decode(&self, bytes: &[u8]) -> String {
        let decoded = self.encoding.as_ref().and_then(|encoding| Document::decode_text(encoding, bytes).ok());
        decoded.unwrap_or_else(|| charset::decode(bytes, Some("windows-1252")).into_owned())
    }

    /// In units of the font's size.
    pub fn width(&self, bytes: &[u8], text: &str) -> f32 {
        if self.widths.is_empty() {
            return standard_width(&self.name, text);
        }
        let sum: f32 = if self.two_bytes {
            bytes
                .chunks(2)
                .map(|code| self.code_width(code.iter().fold(0, |code, byte| code << 8 | i64::from(*byte))))
                .sum()
        } else {
            bytes.iter().map(|byte| self.code_width(i64::from(*byte))).sum()
        };
        sum / 1000.0
    }

    fn code_width(&self, code: i64) -> f32 {
        let after = self.widths.partition_point(|(first, _)| *first <= code);
        let stretch = after.checked_sub(1).map(|at| &self.widths[at]);
        let width = stretch.and_then(|(first, widths)| widths.get(usize::try_from(code - first).ok()?));
        *width.unwrap_or(&self.default)
    }
}

fn numbers(array: &[Object]) -> Vec<f32> {
    array.iter().take(MAX_WIDTHS).map(|width| width.as_float().unwrap_or(0.0)).collect()
}

/// `/FirstChar 32 /Widths [278 …]`
fn simple(dictionary: &Dictionary, document: &Document) -> (Vec<(i64, Vec<f32>)>, f32) {
    let first = dictionary.get(b"FirstChar").and_then(Object::as_i64).unwrap_or(0);
    let widths = dictionary.get_deref(b"Widths", document).and_then(Object::as_array).map(|array| numbers(array));
    (widths.ok().filter(|widths| !widths.is_empty()).map(|widths| (first, widths)).into_iter().collect(), 500.0)
}

/// `/DW 1000 /W [3 [278 …] 36 39 667]`: codes one by one, or a stretch of one width (§9.7.4.3).
fn composite(dictionary: &Dictionary, document: &Document) -> (Vec<(i64, Vec<f32>)>, f32) {
    let mut widths: Vec<(i64, Vec<f32>)> = Vec::new();
    let descendants = dictionary.get_deref(b"DescendantFonts", document).and_then(Object::as_array);
    let font = descendants.ok().and_then(|fonts| document.dereference(fonts.first()?).ok()?.1.as_dict().ok());
    let Some(font) = font else { return (widths, 1000.0) };
    let default = font.get(b"DW").and_then(Object::as_float).unwrap_or(1000.0);
    let Ok(entries) = font.get_deref(b"W", document).and_then(Object::as_array) else { return (widths, default) };
    let (mut rest, mut kept) = (&entries[..], 0);
    while let [first, second, tail @ ..] = rest
        && let Ok(first) = first.as_i64()
    {
        rest = tail;
        let second = document.dereference(second).map_or(second, |(_, second)| second);
        let stretch = match (second, tail) {
            (Object::Array(array), _) => numbers(array),
            (last, [width, tail @ ..]) => {
                rest = tail;
                let count = usize::try_from(last.as_i64().unwrap_or(first) - first + 1).unwrap_or(0);
                vec![width.as_float().unwrap_or(default); count.min(MAX_WIDTHS)]
            }
            _ => break,
        };
        kept += stretch.len();
        if kept > MAX_WIDTHS {
            break;
        }
        widths.push((first, stretch));
    }
    widths.sort_by_key(|(first, _)| *first);
    (widths, default)
}

/// The width of a text in one of the standard fonts, or in the one most like an unknown font.
pub(super) fn standard_width(name: &str, text: &str) -> f32 {
    let bold = name.contains("Bold");
    let widths = match name {
        _ if ["Courier", "Mono", "Consol"].iter().any(|fixed| name.contains(fixed)) => {
            return text.chars().count() as f32 * 0.6;
        }
        _ if name.contains("Times") || name.contains("Serif") => {
            if bold {
                &TIMES_BOLD
            } else {
                &TIMES
            }
        }
        _ => {
            if bold {
                &HELVETICA_BOLD
            } else {
                &HELVETICA
            }
        }
    };
    let width = |c: char| {
        let at = u32::from(c).checked_sub(32).and_then(|at| widths.get(at as usize));
        f32::from(*at.unwrap_or(&550)) / 1000.0
    };
    text.chars().map(width).sum()
}

/// Letters from the blank to the tilde, by Adobe's metrics of the core fonts.
#[rustfmt::skip]
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// The same.
#[rustfmt::skip]
const HELVETICA_BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];

/// The same; the italic differs by little.
#[rustfmt::skip]
const TIMES: [u16; 95] = [
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278,
    500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 278, 278, 564, 564, 564, 444,
    921, 722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889, 722, 722,
    556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469, 500,
    333, 444, 500, 444, 500, 444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500,
    500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480, 200, 480, 541,
];

/// The same.
#[rustfmt::skip]
const TIMES_BOLD: [u16; 95] = [
    250, 333, 555, 500, 500, 1000, 833, 278, 333, 333, 500, 570, 250, 333, 250, 278,
    500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 333, 333, 570, 570, 570, 500,
    930, 722, 667, 722, 722, 667, 611, 778, 778, 389, 500, 778, 667, 944, 722, 778,
    611, 778, 722, 556, 667, 722, 722, 1000, 722, 722, 667, 333, 278, 333, 581, 500,
    333, 500, 556, 444, 556, 444, 333, 500, 556, 278, 333, 556, 278, 833, 556, 500,
    556, 556, 444, 389, 333, 556, 500, 722, 500, 500, 444, 394, 220, 394, 520,
];

#[cfg(test)]
mod tests {
    use lopdf::dictionary;

    use super::*;

    #[test]
    fn a_composite_font_gives_widths_one_by_one_and_in_stretches() {
        let widths = vec![1.into(), Object::Array(vec![500.into(), 600.into()]), 7.into(), 9.into(), 250.into()];
        let descendant = Object::Dictionary(dictionary! { "W" => widths, "DW" => 900 });
        let font = dictionary! { "Subtype" => "Type0", "DescendantFonts" => vec![descendant] };
        let document = Document::new();
        let font = Font::of(&font, &document);
        for (code, width) in [(1, 0.5), (2, 0.6), (3, 0.9), (7, 0.25), (9, 0.25), (10, 0.9)] {
            assert_eq!(font.width(&[0, code], "x"), width, "{code}");
        }
    }

    #[test]
    fn standard_fonts_are_as_wide_as_readers_draw_them() {
        for (font, width) in [("Times-Roman", 1.805), ("ABCDEF+CourierNew", 2.4)] {
            assert!((standard_width(font, "The ") - width).abs() < 0.001, "{font}");
        }
        assert!(standard_width("Helvetica-Bold", "rif") > standard_width("Helvetica", "rif"));
    }
}
