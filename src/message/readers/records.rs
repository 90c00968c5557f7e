//! Data that is no prose, written as `name: value` lines with an empty line between records. Documents that stand
//! among the values, in base64 or as markup, are read as what they are.

use super::super::extraction::{Extraction, File};
use super::super::transfer::{self, Padding};
use super::super::{Shape, embedded, html};

/// Longer names of fields are text.
const MOST_NAME: usize = 80;

/// Collects lines, and the files that are found among the values.
#[derive(Default)]
pub(super) struct Records {
    out: String,
    files: Vec<Vec<u8>>,
}

impl Records {
    /// One field; an empty value is no field.
    pub fn line(&mut self, name: &str, value: &str) {
        if self.is_file(value) {
            return;
        }
        if value.contains("</") {
            let page = html::read(value);
            self.words(name, &page.shown);
            return self.words(name, &page.hidden);
        }
        self.words(name, value);
    }

    /// What fields are called that a sender names. A name that is too long for one is text: it is told once, where
    /// it stands, and its beginning names what may be a hundred thousand fields.
    pub fn name<'n>(&mut self, name: &'n str) -> &'n str {
        if name.len() <= MOST_NAME {
            return name;
        }
        self.line("", name);
        &name[..name.floor_char_boundary(MOST_NAME)]
    }

    /// A line break in a value would make two fields.
    fn words(&mut self, name: &str, value: &str) {
        let mut words = value.split_ascii_whitespace();
        let Some(first) = words.next() else { return };
        if !name.is_empty() {
            self.out.push_str(&spaced(name));
            self.out.push_str(": ");
        }
        self.out.push_str(first);
        for word in words {
            self.out.push(' ');
            self.out.push_str(word);
        }
        self.out.push('\n');
    }

    /// Whether the value is nothing but a document in base64, which is kept.
    pub fn is_file(&mut self, value: &str) -> bool {
        let file = file_in_base64(value);
        let found = file.is_some();
        self.files.extend(file);
        found
    }

    /// Bytes that the format itself gives as a file.
    pub fn file(&mut self, bytes: Vec<u8>) {
        self.files.push(bytes);
    }

    /// What follows is another record.
    pub fn end(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// Hands over the lines as the text of this file; the files in it wait to be read.
    pub fn finish(mut self, file: &File<'_>, extraction: &mut Extraction<'_>) {
        for (at, bytes) in std::mem::take(&mut self.files).into_iter().enumerate() {
            let mut inner = file.inner(&format!("embedded[{}]", at + 1), bytes);
            inner.name = None;
            extraction.push(inner);
        }
        extraction.text(&file.origin, self.text(), Shape::Records);
    }

    pub fn text(mut self) -> String {
        while self.out.ends_with("\n\n") {
            self.out.pop();
        }
        self.out
    }
}

/// Shorter values are words and numbers.
const MIN_BASE64: usize = 24;

/// The document that a value is, where it is nothing but base64: FHIR attachments, HL7's encapsulated data, X12's
/// binary segments, pictures of cards.
fn file_in_base64(value: &str) -> Option<Vec<u8>> {
    let symbol = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    let is_base64 = value.len() >= MIN_BASE64 && value.bytes().all(|byte| symbol(byte) || byte.is_ascii_whitespace());
    // Words of prose are of the alphabet too.
    let is_prose = value.split_ascii_whitespace().any(|word| word.len() < MIN_BASE64)
        && value.split_ascii_whitespace().count() > 1
        && !value.contains('\n');
    if !is_base64 || is_prose {
        return None;
    }
    let bytes = transfer::base64(value.as_bytes(), Padding::Skip);
    embedded::is_meant(&bytes, &super::Table).then_some(bytes)
}

/// `birthDate` and `birth_date` as words, so that rules see `birth Date`.
pub(super) fn spaced(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for c in name.chars() {
        let c = if matches!(c, '_' | '\n') { ' ' } else { c };
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            out.push(' ');
        }
        out.push(c);
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_files_are_no_lines() {
        for (value, file) in [
            ("UGF0aWVudCBKbyBSb2UsIE1STiAxMjM0NQ==", Some("Patient Jo Roe, MRN 12345")),
            ("UGF0aWVudCBKbyBS\nb2UsIE1STiAxMjM0NQ==", Some("Patient Jo Roe, MRN 12345")),
            ("U2hvcnQ=", None),
            ("AuthenticationServiceProviderFactory", None),
            ("these are the words of a sentence", None),
            ("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", None),
        ] {
            assert_eq!(file_in_base64(value).as_deref(), file.map(str::as_bytes), "{value}");
        }
    }

    #[test]
    fn markup_in_a_value_is_read_as_shown() {
        let mut records = Records::default();
        records.line("div", "<div>Jo <b>R</b>oe</div>");
        assert_eq!(records.text(), "div: Jo Roe\n");
    }
}
