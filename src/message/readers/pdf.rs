//! PDF: the text of each page in reading order, form values, annotations, properties, embedded files.
//!
//! lopdf reads the objects; where their text stands on the page is followed here, since the order in
//! the file need not be the order on paper. A page that is only a picture is a gap.

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Encoding, Object, Stream};

use super::super::extraction::{Extraction, File, within};
use super::super::{GapReason, Shape, charset};
use super::{archive, xml};

const MAX_PAGES: usize = 5_000;

/// What one content stream may come to.
const MAX_CONTENT: usize = 64 << 20;

/// How deep drawings may be drawn inside drawings, and how many in all.
const MAX_FORMS: usize = 2_000;
const MAX_FORM_DEPTH: usize = 12;

pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    // Readers look for it in the first kilobyte (ISO 32000-1 annex H.3, note 13).
    memchr::memmem::find(&bytes[..bytes.len().min(1024)], b"%PDF-").is_some()
}

pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let Ok(document) = Document::load_mem(&file.bytes) else {
        if memchr::memmem::find(&file.bytes, b"/Encrypt").is_some() {
            return extraction.gap(&file.origin, GapReason::Encrypted);
        }
        extraction.gap(&file.origin, GapReason::Corrupt);
        return salvage(file, extraction);
    };
    if document.is_encrypted() {
        return extraction.gap(&file.origin, lock(&document));
    }
    pages(&document, file, extraction);
    objects(&document, file, extraction);
}

/// Version 5 of the standard handler is AES-256 (ISO 32000-2 §7.6.4); the rest is weaker.
fn lock(document: &Document) -> GapReason {
    let version = document.get_encrypted().ok().and_then(|lock| lock.get(b"V").ok()?.as_i64().ok());
    if version >= Some(5) { GapReason::Sealed } else { GapReason::Encrypted }
}

fn pages(document: &Document, file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut text = String::new();
    let mut count = 0;
    for page in document.page_iter() {
        count += 1;
        if count > MAX_PAGES {
            extraction.gap(&file.origin, GapReason::Limit);
            break;
        }
        if let Err(reason) = extraction.budget.check() {
            extraction.gap(&file.origin, reason);
            break;
        }
        let mut sheet = Sheet { document, runs: Vec::new(), pictures: 0, forms: 0 };
        let resources = page_resources(document, page);
        match document.get_page_content_with_limit(page, MAX_CONTENT) {
            Ok(content) => sheet.draw(&content, &resources, Matrix::IDENTITY, 0),
            Err(_) => extraction.gap(&file.origin, GapReason::Corrupt),
        }
        let shown = sheet.text();
        if is_unreadable(&shown) || (shown.trim().len() < 16 && sheet.pictures > 0) {
            extraction.gap(&within(&file.origin, &format!("page[{count}]")), GapReason::Picture);
        }
        text.push_str(&shown);
        text.push('\n');
    }
    if count == 0 {
        extraction.gap(&file.origin, GapReason::Corrupt);
    }
    extraction.text(&file.origin, text, Shape::Prose);
}

/// Glyph numbers without a map to characters come out as noise.
fn is_unreadable(text: &str) -> bool {
    let noise =
        |c: &char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fffd}');
    text.chars().filter(noise).count() * 4 > text.chars().count().max(1)
}

/// The page's own resources before those it inherits.
fn page_resources(document: &Document, page: lopdf::ObjectId) -> Vec<&Dictionary> {
    let Ok((own, inherited)) = document.get_page_resources(page) else { return Vec::new() };
    own.into_iter().chain(inherited.into_iter().filter_map(|id| document.get_dictionary(id).ok())).collect()
}

/// A PDF matrix `[a b c d e f]` (ISO 32000-1 §8.3.3).
#[derive(Clone, Copy)]
struct Matrix([f32; 6]);

impl Matrix {
    const IDENTITY: Matrix = Matrix([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    fn then(self, after: Matrix) -> Matrix {
        let ([a, b, c, d, e, f], [g, h, i, j, k, l]) = (self.0, after.0);
        Matrix([a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l])
    }

    fn of(operands: &[Object]) -> Option<Matrix> {
        let mut numbers = [0.0; 6];
        for (number, operand) in numbers.iter_mut().zip(operands.get(..6)?) {
            *number = operand.as_float().ok()?;
        }
        Some(Matrix(numbers))
    }

    fn moved(self, x: f32, y: f32) -> Matrix {
        Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(self)
    }
}

/// Text as one operator showed it.
struct Run {
    x: f32,
    y: f32,
    end: f32,
    size: f32,
    text: String,
}

struct Sheet<'d> {
    document: &'d Document,
    runs: Vec<Run>,
    pictures: usize,
    forms: usize,
}

/// A font as far as it matters for reading.
struct Font<'d> {
    encoding: Option<Encoding<'d>>,
    /// Widths of codes from the first on, in thousandths.
    widths: Vec<f32>,
    first: i64,
    two_bytes: bool,
}

impl<'d> Font<'d> {
    fn of(dictionary: &'d Dictionary, document: &'d Document) -> Self {
        let numbers = |key: &[u8]| -> Vec<f32> {
            let array = dictionary.get_deref(key, document).and_then(Object::as_array);
            array.map(|array| array.iter().map(|width| width.as_float().unwrap_or(0.0)).collect()).unwrap_or_default()
        };
        Self {
            encoding: dictionary.get_font_encoding_with_limit(document, MAX_CONTENT).ok(),
            widths: numbers(b"Widths"),
            first: dictionary.get(b"FirstChar").and_then(Object::as_i64).unwrap_or(0),
            two_bytes: dictionary.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Type0"),
        }
    }

    fn decode(&self, bytes: &[u8]) -> String {
        let decoded = self.encoding.as_ref().and_then(|encoding| Document::decode_text(encoding, bytes).ok());
        decoded.unwrap_or_else(|| charset::decode(bytes, Some("windows-1252")).into_owned())
    }

    /// In units of the font's size.
    fn width(&self, bytes: &[u8], text: &str) -> f32 {
        if self.two_bytes || self.widths.is_empty() {
            return text.chars().map(typical_width).sum();
        }
        let width = |byte: &u8| {
            let at = usize::try_from(i64::from(*byte) - self.first).ok();
            at.and_then(|at| self.widths.get(at)).map_or(0.5, |width| width / 1000.0)
        };
        bytes.iter().map(width).sum()
    }
}

/// Of Helvetica, more or less.
fn typical_width(c: char) -> f32 {
    match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'I' | ' ' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '(' | ')' | '/' | '-' => {
            0.28
        }
        'm' | 'w' | 'M' | 'W' => 0.83,
        'A'..='Z' => 0.68,
        _ => 0.54,
    }
}

/// What `q` keeps and `Q` gives back, as far as text is concerned.
#[derive(Clone)]
struct Graphics {
    matrix: Matrix,
    font: Option<Vec<u8>>,
    size: f32,
    leading: f32,
}

impl<'d> Sheet<'d> {
    fn draw(&mut self, content: &[u8], resources: &[&'d Dictionary], matrix: Matrix, depth: usize) {
        let Ok(content) = Content::decode(content) else { return };
        let fonts = self.fonts(resources);
        let mut graphics = Graphics { matrix, font: None, size: 1.0, leading: 0.0 };
        let mut kept: Vec<Graphics> = Vec::new();
        let (mut line, mut text) = (Matrix::IDENTITY, Matrix::IDENTITY);
        for Operation { operator, operands } in &content.operations {
            let number = |at: usize| operands.get(at).and_then(|operand| operand.as_float().ok()).unwrap_or(0.0);
            let font = graphics
                .font
                .as_ref()
                .and_then(|name| fonts.iter().find(|(known, _)| known == name))
                .map(|(_, font)| font);
            match operator.as_str() {
                "q" if kept.len() < 1000 => kept.push(graphics.clone()),
                "Q" => graphics = kept.pop().unwrap_or(graphics),
                "cm" => {
                    if let Some(change) = Matrix::of(operands) {
                        graphics.matrix = change.then(graphics.matrix);
                    }
                }
                "BT" => (line, text) = (Matrix::IDENTITY, Matrix::IDENTITY),
                "Tf" => {
                    graphics.font = operands.first().and_then(|name| name.as_name().ok()).map(<[u8]>::to_vec);
                    graphics.size = number(1);
                }
                "TL" => graphics.leading = number(0),
                "Td" | "TD" => {
                    if operator == "TD" {
                        graphics.leading = -number(1);
                    }
                    line = line.moved(number(0), number(1));
                    text = line;
                }
                "Tm" => {
                    if let Some(matrix) = Matrix::of(operands) {
                        (line, text) = (matrix, matrix);
                    }
                }
                "T*" | "'" | "\"" => {
                    line = line.moved(0.0, -graphics.leading);
                    text = line;
                    if let Some(shown) = operands.last().filter(|_| operator != "T*") {
                        text = self.show(std::slice::from_ref(shown), font, &graphics, text);
                    }
                }
                "Tj" => text = self.show(operands, font, &graphics, text),
                "TJ" => {
                    if let Some(Object::Array(pieces)) = operands.first() {
                        text = self.show(pieces, font, &graphics, text);
                    }
                }
                "Do" => {
                    if let Some(name) = operands.first().and_then(|name| name.as_name().ok()) {
                        self.external(name, resources, graphics.matrix, depth);
                    }
                }
                "BI" => self.pictures += 1,
                _ => {}
            }
        }
    }

    fn fonts(&self, resources: &[&'d Dictionary]) -> Vec<(Vec<u8>, Font<'d>)> {
        let mut fonts: Vec<(Vec<u8>, Font<'d>)> = Vec::new();
        for resource in resources {
            let Ok(named) = resource.get_deref(b"Font", self.document).and_then(Object::as_dict) else { continue };
            for (name, font) in named.iter().take(500) {
                let Ok((_, Object::Dictionary(font))) = self.document.dereference(font) else { continue };
                if !fonts.iter().any(|(known, _)| known == name) {
                    fonts.push((name.clone(), Font::of(font, self.document)));
                }
            }
        }
        fonts
    }

    /// Shows strings and the gaps between them; answers where the next text stands.
    fn show(&mut self, pieces: &[Object], font: Option<&Font<'d>>, graphics: &Graphics, mut text: Matrix) -> Matrix {
        let start = text.then(graphics.matrix);
        let mut shown = String::new();
        for piece in pieces {
            match piece {
                Object::String(bytes, _) => {
                    let decoded = match font {
                        Some(font) => font.decode(bytes),
                        None => charset::decode(bytes, Some("windows-1252")).into_owned(),
                    };
                    let width = font
                        .map_or_else(|| decoded.chars().map(typical_width).sum(), |font| font.width(bytes, &decoded));
                    text = text.moved(width * graphics.size, 0.0);
                    shown.push_str(&decoded);
                }
                gap => {
                    let gap = gap.as_float().unwrap_or(0.0);
                    // A fifth of the size is a blank between words; less is kerning.
                    if gap < -180.0 && !shown.ends_with(' ') {
                        shown.push(' ');
                    }
                    text = text.moved(-gap / 1000.0 * graphics.size, 0.0);
                }
            }
        }
        let end = text.then(graphics.matrix);
        let size = graphics.size.abs() * (start.0[0].hypot(start.0[1])).max(start.0[2].hypot(start.0[3])).max(0.01);
        if !shown.is_empty() {
            self.runs.push(Run { x: start.0[4], y: start.0[5], end: end.0[4], size, text: shown });
        }
        text
    }

    /// A picture is counted, a form drawn.
    fn external(&mut self, name: &[u8], resources: &[&'d Dictionary], matrix: Matrix, depth: usize) {
        let found = resources.iter().find_map(|resource| {
            let named = resource.get_deref(b"XObject", self.document).and_then(Object::as_dict).ok()?;
            named.get_deref(name, self.document).ok()?.as_stream().ok()
        });
        let Some(stream) = found else { return };
        match stream.dict.get(b"Subtype").and_then(Object::as_name) {
            Ok(b"Image") => self.pictures += 1,
            Ok(b"Form") if depth < MAX_FORM_DEPTH && self.forms < MAX_FORMS => {
                self.forms += 1;
                let own =
                    stream.dict.get(b"Matrix").and_then(Object::as_array).ok().and_then(|array| Matrix::of(array));
                let matrix = own.unwrap_or(Matrix::IDENTITY).then(matrix);
                let inner = stream.dict.get_deref(b"Resources", self.document).and_then(Object::as_dict);
                let resources: Vec<&Dictionary> =
                    inner.ok().into_iter().chain(resources.iter().copied()).take(8).collect();
                if let Some(content) = plain(stream) {
                    self.draw(&content, &resources, matrix, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// Lines from the top down, runs from left to right.
    fn text(&mut self) -> String {
        self.runs.retain(|run| run.x.is_finite() && run.y.is_finite());
        // Runs of one line may differ by a little in height; sort by whole lines first.
        self.runs.sort_by(|a, b| b.y.total_cmp(&a.y));
        let mut out = String::new();
        let mut rest = std::mem::take(&mut self.runs).into_iter().peekable();
        while let Some(first) = rest.next() {
            let (y, reach) = (first.y, first.size * 0.4);
            let mut line = vec![first];
            while let Some(run) = rest.next_if(|run| y - run.y <= reach) {
                line.push(run);
            }
            line.sort_by(|a, b| a.x.total_cmp(&b.x));
            let mut end = f32::INFINITY;
            for run in line {
                let gap = run.x - end;
                if gap > run.size * 1.5 {
                    out.push('\t');
                } else if gap > run.size * 0.15 && !out.ends_with([' ', '\n']) {
                    out.push(' ');
                }
                out.push_str(&run.text);
                end = run.end;
            }
            out.push('\n');
        }
        out
    }
}

fn plain(stream: &Stream) -> Option<Vec<u8>> {
    stream.get_plain_content_with_limit(MAX_CONTENT).ok()
}

/// Everything with text that is on no page: forms, notes, properties, embedded files, also what nothing points to.
fn objects(document: &Document, file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut lines = String::new();
    for object in document.objects.values() {
        let dictionary = match object {
            Object::Dictionary(dictionary) => dictionary,
            Object::Stream(stream) => {
                embedded(stream, file, extraction);
                &stream.dict
            }
            _ => continue,
        };
        told(dictionary, document, &mut lines);
    }
    extraction.text(&within(&file.origin, "fields"), lines, Shape::Records);
}

/// A form field as `name: value`, and every other entry that people read.
fn told(dictionary: &Dictionary, document: &Document, lines: &mut String) {
    const KEYS: &[&[u8]] = &[
        b"Contents",
        b"Title",
        b"Author",
        b"Subject",
        b"Keywords",
        b"URI",
        b"Alt",
        b"ActualText",
        b"TU",
        b"UF",
        b"RC",
    ];
    let string = |key: &[u8]| -> Option<String> {
        let bytes = dictionary.get_deref(key, document).ok()?.as_str().ok()?;
        Some(match bytes {
            [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
            bytes => charset::decode(bytes, None).into_owned(),
        })
    };
    let mut line = |name: &str, value: String| {
        if !value.trim().is_empty() {
            let value: Vec<&str> = value.split_whitespace().collect();
            lines.push_str(&format!("{name}: {}\n", value.join(" ")));
        }
    };
    if let Some(value) = string(b"V") {
        line(&string(b"T").unwrap_or_else(|| "value".to_owned()), value);
    }
    for key in KEYS {
        if let Some(value) = string(key) {
            line(&String::from_utf8_lossy(key), value);
        }
    }
}

fn embedded(stream: &Stream, file: &File<'_>, extraction: &mut Extraction<'_>) {
    let is = |kind: &[u8]| stream.dict.get(b"Type").and_then(Object::as_name).is_ok_and(|name| name == kind);
    if is(b"EmbeddedFile") {
        match plain(stream) {
            Some(bytes) => extraction.push(file.inner("embedded", bytes)),
            None => extraction.gap(&file.origin, GapReason::Corrupt),
        }
        return;
    }
    let metadata = is(b"Metadata").then(|| plain(stream)).flatten().or_else(|| xfa(stream));
    if let Some(Ok(text)) = metadata.map(|content| xml::prose(&content)) {
        extraction.text(&within(&file.origin, "metadata"), text, Shape::Prose);
    }
}

/// The values of an XFA form, which has no type of its own.
fn xfa(stream: &Stream) -> Option<Vec<u8>> {
    let typed = stream.dict.has(b"Type") || stream.dict.has(b"Subtype");
    let content = (!typed).then(|| plain(stream)).flatten()?;
    let start = content.trim_ascii_start();
    (start.starts_with(b"<xfa:") || start.starts_with(b"<xdp:")).then_some(content)
}

/// Of a file too damaged for its objects to be found: the strings of every stream that still inflates.
fn salvage(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut text = String::new();
    let mut meter = archive::Meter::new(file.bytes.len(), extraction);
    for at in memchr::memmem::find_iter(&file.bytes, b"stream").take(10_000) {
        let data = file.bytes[at + 6..].trim_ascii_start();
        let (content, _) = meter.drain(flate2::read::ZlibDecoder::new(data), extraction);
        let Ok(content) = Content::decode(&content) else { continue };
        for Operation { operator, operands } in &content.operations {
            if matches!(operator.as_str(), "Tj" | "TJ" | "'" | "\"") {
                strings(operands, &mut text);
                text.push('\n');
            }
        }
    }
    extraction.text(&file.origin, text, Shape::Prose);
}

fn strings(objects: &[Object], text: &mut String) {
    for object in objects {
        match object {
            Object::String(bytes, _) => text.push_str(&charset::decode(bytes, Some("windows-1252"))),
            Object::Array(pieces) => {
                for piece in pieces {
                    if let Object::String(bytes, _) = piece {
                        text.push_str(&charset::decode(bytes, Some("windows-1252")));
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{opened, text_of};
    use super::*;

    /// A file of one page with this content, and further objects.
    fn pdf(content: &str, objects: &[&str]) -> Vec<u8> {
        let mut all = vec![
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>/XObject<</I 6 0 R>>>>>>".to_owned(),
            format!("<</Length {}>>stream\n{content}\nendstream", content.len()),
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
            "<</Type/XObject/Subtype/Image/Width 1000/Height 1000/Length 1>>stream\nx\nendstream".to_owned(),
        ];
        all.extend(objects.iter().map(|object| (*object).to_owned()));
        let mut out = "%PDF-1.7\n".to_owned();
        let mut offsets = Vec::new();
        for (at, object) in all.iter().enumerate() {
            offsets.push(out.len());
            out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
        }
        let start = out.len();
        out.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", all.len() + 1));
        for offset in offsets {
            out.push_str(&format!("{offset:010} 00000 n \n"));
        }
        out.push_str(&format!("trailer\n<</Root 1 0 R/Size {}>>\nstartxref\n{start}\n%%EOF\n", all.len() + 1));
        out.into_bytes()
    }

    #[test]
    fn text_is_read_as_it_stands_on_the_page() {
        for (content, text) in [
            ("BT /F1 12 Tf 50 700 Td (Jo Roe) Tj 0 -20 Td (MRN 12345) Tj ET", "Jo Roe\nMRN 12345"),
            // Below in the file, above on the page.
            ("BT /F1 12 Tf 50 600 Td (second) Tj ET BT /F1 12 Tf 50 700 Td (first) Tj ET", "first\nsecond"),
            // Two columns of one row.
            ("BT /F1 12 Tf 300 700 Td (12345) Tj ET BT /F1 12 Tf 50 700 Td (MRN) Tj ET", "MRN\t12345"),
            ("BT /F1 12 Tf 50 700 Td [(Jo) -300 (Ro) 20 (e)] TJ ET", "Jo Roe"),
            ("q 2 0 0 2 0 0 cm BT /F1 12 Tf 14 TL 50 300 Td (a) Tj T* (b) Tj ET Q", "a\nb"),
        ] {
            assert_eq!(text_of(&opened("a.pdf", &pdf(content, &[])), "").trim(), text, "{content}");
        }
    }

    #[test]
    fn forms_notes_and_embedded_files_are_read() {
        let objects = [
            "<</T(Patient)/V(Jo Roe)>>",
            "<</Type/Annot/Contents(call her)>>",
            "<</Type/EmbeddedFile/Length 6>>stream\nAnn Lo\nendstream",
        ];
        let extract = opened("a.pdf", &pdf("BT /F1 12 Tf 50 700 Td (a page of text) Tj ET", &objects));
        assert_eq!(text_of(&extract, "fields"), "Patient: Jo Roe\nContents: call her\n");
        assert_eq!(text_of(&extract, "embedded").trim(), "Ann Lo");
        assert!(extract.gaps.is_empty(), "{:?}", extract.gaps);
    }

    #[test]
    fn a_scanned_page_and_a_broken_file_are_gaps() {
        let scanned = opened("a.pdf", &pdf("q 600 0 0 800 0 0 cm /I Do Q", &[]));
        assert_eq!(scanned.gaps[0].reason, GapReason::Picture);
        let whole = pdf("BT (x) Tj ET", &[]);
        assert!(!opened("a.pdf", &whole[..40]).gaps.is_empty());
        assert!(!opened("a.pdf", b"%PDF-1.7\nnothing").gaps.is_empty());
    }
}
