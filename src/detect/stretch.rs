//! Where sentences and paragraphs end: what `within: sentence` means, found once a text.

use crate::message::places;

/// A text divided into sentences or paragraphs. Longer ones are cut: every sight looks around
/// itself, and a text without stops must not make that a square.
pub struct Stretches {
    /// The offsets of the bytes that end one, in order.
    ends: Vec<u32>,
    most: usize,
    length: usize,
}

impl Stretches {
    pub fn sentences(text: &str) -> Self {
        let ends = ends(text.as_bytes(), |byte| matches!(byte, b'.' | b'!' | b'?' | b'\n'), ends_sentence);
        Self::of_sentences(ends, text.len())
    }

    pub fn paragraphs(text: &str) -> Self {
        let ends = ends(text.as_bytes(), |byte| byte == b'\n', ends_paragraph);
        Self::of_paragraphs(ends, text.len())
    }

    /// Sentences that end at these places.
    pub fn of_sentences(ends: Vec<u32>, length: usize) -> Self {
        Self { ends, most: 400, length }
    }

    /// Paragraphs that end at these places.
    pub fn of_paragraphs(ends: Vec<u32>, length: usize) -> Self {
        Self { ends, most: 600, length }
    }

    /// The first that ends between two places.
    pub fn first_end(&self, low: u32, high: u32) -> Option<u32> {
        let next = self.ends.partition_point(|at| *at < low);
        self.ends.get(next).copied().filter(|at| *at < high)
    }

    /// Where the one begins and ends in which a place lies.
    pub fn around(&self, start: usize, end: usize) -> (usize, usize) {
        let (near, far) = (start.saturating_sub(self.most), (end + self.most).min(self.length));
        let before = self.ends.partition_point(|at| (*at as usize) < start);
        let low = self.ends[..before].last().map_or(near, |at| near.max(*at as usize + 1));
        let after = before + self.ends[before..].partition_point(|at| (*at as usize) < end);
        (low, self.ends.get(after).map_or(far, |at| far.min(*at as usize)))
    }

    /// Whether none ends between two places.
    pub fn join(&self, low: usize, high: usize) -> bool {
        let next = self.ends.partition_point(|at| (*at as usize) < low);
        high - low < self.most && self.ends.get(next).is_none_or(|at| *at as usize >= high)
    }
}

/// The places of bytes that may end a stretch, and do.
fn ends(text: &[u8], may_end: impl Fn(u8) -> bool, ends: impl Fn(&[u8], usize) -> bool) -> Vec<u32> {
    let mut found = Vec::with_capacity(text.len() / 64);
    found.extend(places(text, may_end).filter(|at| ends(text, *at)).map(|at| at as u32));
    found
}

/// Whether a paragraph ends with this byte: a line's end before an empty line or a list's mark, or
/// after a whole sentence. Lines that a mail program has broken go on.
fn ends_paragraph(bytes: &[u8], at: usize) -> bool {
    let before = || bytes[..at].iter().rev().find(|byte| !matches!(byte, b' ' | b'\r'));
    ends_sentence(bytes, at) || before().is_none_or(|byte| matches!(byte, b'.' | b'!' | b'?'))
}

/// Whether a sentence ends with this byte: a stop before white space and a capital, or an empty line.
/// A stop after one or two letters (`Dr.`, `Pt.`, `M.`) is an abbreviation.
fn ends_sentence(bytes: &[u8], at: usize) -> bool {
    match bytes[at] {
        b'!' | b'?' => bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace),
        b'.' => {
            let word = bytes[..at].iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
            bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace) && (word == 0 || word > 3)
        }
        b'\n' => {
            let next = bytes[at + 1..].iter().find(|byte| !matches!(byte, b' ' | b'\r' | b'>'));
            next.is_none_or(|byte| matches!(byte, b'\n' | b'-' | b'*'))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_and_wrapped_lines_do_not_end_a_sentence() {
        let text = "Seen by Dr. Roe for\na cough. Was better! Left\n\nNext";
        let sentences = Stretches::sentences(text);
        let end = text.find(". Was").unwrap();
        assert_eq!(sentences.around(8, 11), (0, end));
        assert_eq!(sentences.around(end + 3, end + 6), (end + 1, text.find('!').unwrap()));
        assert!(sentences.join(0, end) && !sentences.join(0, end + 1));
        assert!(!sentences.join(text.find("Left").unwrap(), text.len()));
    }

    #[test]
    fn a_paragraph_ends_with_a_whole_sentence_or_an_empty_line() {
        let text = "Seen today. Was\nbetter.\nLeft\n\nNext";
        let paragraphs = Stretches::paragraphs(text);
        assert_eq!(paragraphs.around(2, 3), (0, text.find("\nLeft").unwrap()));
    }

    #[test]
    fn a_text_without_stops_is_cut() {
        let sentences = Stretches::sentences(&"word ".repeat(1000));
        assert_eq!(sentences.around(2000, 2004), (1600, 2404));
        assert!(!sentences.join(0, 400));
    }
}
