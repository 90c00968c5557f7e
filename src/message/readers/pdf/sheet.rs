//! One page's drawing followed as far as its text goes: where each run of letters stands on the paper.

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, Stream};

use super::super::super::charset;
use super::font::{Font, standard_width};
use super::plain;

/// How deep drawings may be drawn inside drawings, and how many in all.
const MAX_FORMS: usize = 2_000;
const MAX_FORM_DEPTH: usize = 12;

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

/// A picture as it stands on the page.
pub(super) struct Image<'d> {
    pub stream: &'d Stream,
    /// In square points.
    area: f32,
}

impl Image<'_> {
    /// Whether it may be a scan of a page of that area: most of the paper, and fine enough to be read.
    pub fn shows_most_of(&self, page: f32) -> bool {
        const MIN_PIXELS: i64 = 400_000;
        let number = |key: &[u8]| self.stream.dict.get(key).and_then(Object::as_i64).unwrap_or(0);
        self.area * 2.0 > page && number(b"Width").saturating_mul(number(b"Height")) >= MIN_PIXELS
    }
}

/// How far letters stand apart that are placed one by one: so far is no blank between words.
struct Apart {
    usual: f32,
}

impl Apart {
    /// Fewer letters tell no pitch.
    const LETTERS: usize = 4;

    /// In a string of letters with gaps between them, in thousandths of the size.
    fn in_string(pieces: &[Object]) -> Self {
        let strings = || pieces.iter().filter_map(|piece| piece.as_str().ok());
        let is_spaced = strings().count() >= Self::LETTERS && strings().all(|string| string.len() <= 2);
        let gaps = pieces.iter().filter_map(|piece| piece.as_float().ok()).map(|gap| -gap);
        if is_spaced { Self::of(gaps.collect()) } else { Self { usual: 0.0 } }
    }

    /// In a line of runs, most of which are a letter, in points.
    fn in_line(line: &[Run]) -> Self {
        let is_letter = |run: &Run| run.text.chars().nth(1).is_none();
        let letters = line.iter().filter(|run| is_letter(run)).count();
        if letters < Self::LETTERS || letters * 4 < line.len() * 3 {
            return Self { usual: 0.0 };
        }
        let pairs = line.windows(2).filter(|pair| pair.iter().all(is_letter));
        Self::of(pairs.map(|pair| pair[1].x - pair[0].end).collect())
    }

    /// The lower middle: in words of two letters every other gap is a blank.
    fn of(mut gaps: Vec<f32>) -> Self {
        gaps.sort_by(f32::total_cmp);
        Self { usual: gaps.get(gaps.len() * 2 / 5).copied().unwrap_or(0.0).max(0.0) }
    }
}

/// The area of a page in square points; that of a letter if it does not say.
pub(super) fn area_of(document: &Document, page: lopdf::ObjectId) -> f32 {
    let mut node = document.get_dictionary(page).ok();
    for _ in 0..MAX_FORM_DEPTH {
        let Some(dictionary) = node else { break };
        let sides: Vec<f32> = match dictionary.get_deref(b"MediaBox", document).and_then(Object::as_array) {
            Ok(sides) => sides.iter().filter_map(|side| side.as_float().ok()).collect(),
            Err(_) => Vec::new(),
        };
        if let [left, bottom, right, top] = sides[..] {
            return ((right - left) * (top - bottom)).abs();
        }
        node = dictionary.get_deref(b"Parent", document).and_then(Object::as_dict).ok();
    }
    612.0 * 792.0
}

/// What one page shows.
pub(super) struct Sheet<'d> {
    document: &'d Document,
    runs: Vec<Run>,
    pub pictures: usize,
    /// Those of them that are objects of their own.
    pub images: Vec<Image<'d>>,
    forms: usize,
    /// Some drawing could not be followed.
    pub broken: bool,
}

/// What `q` keeps and `Q` gives back, as far as text is concerned.
#[derive(Clone)]
struct Graphics {
    matrix: Matrix,
    font: Option<Vec<u8>>,
    size: f32,
    leading: f32,
    /// What is added to each letter (`Tc`) and each blank (`Tw`).
    letter_gap: f32,
    word_gap: f32,
}

impl Graphics {
    /// How far a text moves on when it is shown, given its font's widths.
    fn advance(&self, width: f32, text: &str) -> f32 {
        let blanks = text.bytes().filter(|byte| *byte == b' ').count();
        width * self.size + text.chars().count() as f32 * self.letter_gap + blanks as f32 * self.word_gap
    }
}

impl<'d> Sheet<'d> {
    pub fn new(document: &'d Document) -> Self {
        Self { document, runs: Vec::new(), pictures: 0, images: Vec::new(), forms: 0, broken: false }
    }

    pub fn draw(&mut self, content: &[u8], resources: &[&'d Dictionary]) {
        self.draw_inner(content, resources, Matrix::IDENTITY, 0);
    }

    fn draw_inner(&mut self, content: &[u8], resources: &[&'d Dictionary], matrix: Matrix, depth: usize) {
        let Ok(content) = Content::decode(content) else {
            self.broken = true;
            return;
        };
        let fonts = self.fonts(resources);
        let mut graphics = Graphics { matrix, font: None, size: 1.0, leading: 0.0, letter_gap: 0.0, word_gap: 0.0 };
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
                "Tc" => graphics.letter_gap = number(0),
                "Tw" => graphics.word_gap = number(0),
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
                    if operator == "\"" {
                        (graphics.word_gap, graphics.letter_gap) = (number(0), number(1));
                    }
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
        let apart = Apart::in_string(pieces);
        for piece in pieces {
            match piece {
                Object::String(bytes, _) => {
                    let decoded = match font {
                        Some(font) => font.decode(bytes),
                        None => charset::decode(bytes, Some("windows-1252")).into_owned(),
                    };
                    let width = font.map_or_else(|| standard_width("", &decoded), |font| font.width(bytes, &decoded));
                    text = text.moved(graphics.advance(width, &decoded), 0.0);
                    shown.push_str(&decoded);
                }
                gap => {
                    let gap = gap.as_float().unwrap_or(0.0);
                    // A fifth of the size is a blank between words; less is kerning.
                    if gap < -180.0 - apart.usual && !shown.ends_with(' ') {
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
            Ok(b"Image") => {
                self.pictures += 1;
                let [a, b, c, d, ..] = matrix.0;
                self.images.push(Image { stream, area: (a * d - b * c).abs() });
            }
            Ok(b"Form") if depth < MAX_FORM_DEPTH && self.forms < MAX_FORMS => {
                self.forms += 1;
                let own =
                    stream.dict.get(b"Matrix").and_then(Object::as_array).ok().and_then(|array| Matrix::of(array));
                let matrix = own.unwrap_or(Matrix::IDENTITY).then(matrix);
                let inner = stream.dict.get_deref(b"Resources", self.document).and_then(Object::as_dict);
                let resources: Vec<&Dictionary> =
                    inner.ok().into_iter().chain(resources.iter().copied()).take(8).collect();
                match plain(stream) {
                    Some(content) => self.draw_inner(&content, &resources, matrix, depth + 1),
                    None => self.broken = true,
                }
            }
            // Deeper than anybody draws: what it shows is not known.
            Ok(b"Form") => self.broken = true,
            _ => {}
        }
    }

    /// Lines from the top down, runs from left to right.
    pub fn text(&mut self) -> String {
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
            let apart = Apart::in_line(&line);
            let mut end = f32::INFINITY;
            for run in line {
                let gap = run.x - end - apart.usual;
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
