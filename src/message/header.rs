//! The header section: raw fields with their byte ranges, unfolded and decoded (RFC 5322 §2.2, RFC 2047).

use std::ops::Range;

use memchr::memchr;

use super::{Field, words};

/// A header with more fields than this is no mail anybody wrote; the rest is scanned as text.
pub(super) const MAX_FIELDS: usize = 10_000;

/// One field as it stands in the content.
pub(super) struct RawField<'a> {
    pub name: &'a [u8],
    /// After the colon, folded lines included, without the last line end.
    pub value: &'a [u8],
    pub range: Range<usize>,
}

/// A header section as scanned.
pub(super) struct Head<'a> {
    pub fields: Vec<RawField<'a>>,
    /// Where the body begins: after the empty line, or the end.
    pub body: usize,
    /// Lines that are no field, bare CRs, NULs, a missing empty line: readers disagree about them.
    pub odd: bool,
    /// There were more fields than [`MAX_FIELDS`]; they end here.
    pub cut: Option<usize>,
}

impl<'a> Head<'a> {
    /// Whether any field has a name that a header may have (RFC 5322 §2.2): in a file that is no mail, a
    /// colon somewhere in a line makes none.
    pub fn is_of_mail(&self) -> bool {
        let is_name = |name: &[u8]| !name.is_empty() && name.iter().all(|byte| matches!(byte, 33..=126));
        self.fields.iter().any(|field| is_name(field.name.trim_ascii_end()))
    }

    /// The raw values of all fields of that lower-case name.
    pub fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.fields
            .iter()
            .filter(move |field| field.name.trim_ascii_end().eq_ignore_ascii_case(name.as_bytes()))
            .map(|field| field.value)
    }
}

/// Reads fields up to the first empty line. Tolerant: a bare LF ends a line too.
pub(super) fn scan(content: &[u8]) -> Head<'_> {
    let mut head = Head { fields: Vec::with_capacity(24), body: content.len(), odd: false, cut: None };
    let mut at = 0;
    while at < content.len() {
        let end = memchr(b'\n', &content[at..]).map_or(content.len(), |found| at + found + 1);
        let line = line_without_end(&content[at..end]);
        if line.is_empty() {
            head.body = end;
            return head;
        }
        if memchr(b'\r', line).is_some() || memchr(0, line).is_some() {
            head.odd = true;
        }
        if line[0] == b' ' || line[0] == b'\t' {
            // A line of white space alone ends the header for some readers, folds for others.
            head.odd |= line.trim_ascii().is_empty();
            match head.fields.last_mut() {
                Some(field) => {
                    field.range.end = end;
                    let start = field.range.start + field.name.len() + 1;
                    field.value = &content[start..at + line.len()];
                }
                None => head.odd = true,
            }
        } else if let Some(colon) = memchr(b':', line).filter(|colon| *colon > 0) {
            if head.fields.len() == MAX_FIELDS {
                head.cut = Some(at);
                head.body = body_after(content, at);
                return head;
            }
            let name = &line[..colon];
            head.odd |= !name.iter().all(|byte| matches!(byte, 33..=126));
            head.fields.push(RawField { name, value: &line[colon + 1..], range: at..end });
        } else {
            // The separator line of an mbox, or something that no header has.
            head.odd |= !(at == 0 && line.starts_with(b"From "));
        }
        at = end;
    }
    // The empty line is missing: some readers show this as a body.
    head.odd |= content.last() != Some(&b'\n');
    head
}

fn body_after(content: &[u8], from: usize) -> usize {
    let crlf = memchr::memmem::find(&content[from..], b"\r\n\r\n").map(|found| from + found + 4);
    let lf = memchr::memmem::find(&content[from..], b"\n\n").map(|found| from + found + 2);
    crlf.into_iter().chain(lf).min().unwrap_or(content.len())
}

pub(super) fn line_without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The fields of these names alone, decoded: for what is asked of every message before it is read.
pub fn fields_named(content: &[u8], names: &[&str]) -> Vec<Field> {
    let head = scan(content);
    let wanted = |raw: &&RawField<'_>| {
        let name = raw.name.trim_ascii();
        names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    head.fields.iter().filter(wanted).map(field).collect()
}

/// The header fields alone, decoded.
pub fn header_fields(content: &[u8]) -> Vec<Field> {
    scan(content).fields.iter().map(field).collect()
}

pub(super) fn field(raw: &RawField<'_>) -> Field {
    Field {
        name: String::from_utf8_lossy(raw.name.trim_ascii()).into_owned(),
        value: words::decode(raw.value),
        range: raw.range.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_names_values_and_ranges() {
        let content = b"Subject: a\r\n b\r\nX-Empty:\r\nTo: =?utf-8?q?J=C3=B6rg?= <j@x.example>\r\n\r\nBody: no\r\n";
        let fields = header_fields(content);
        let seen: Vec<_> = fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
        assert_eq!(seen, [("Subject", "a b"), ("X-Empty", ""), ("To", "Jörg <j@x.example>")]);
        assert_eq!(&content[fields[0].range.clone()], b"Subject: a\r\n b\r\n");
        assert_eq!(&content[scan(content).body..], b"Body: no\r\n");
    }

    #[test]
    fn fields_are_found_by_name_in_any_case() {
        let content =
            b"A: 1\r\nsubject : x\r\nReceived: by a\r\nRECEIVED: by b\r\nReceived-SPF: no\r\n\r\nSubject: no\r\n";
        let found = fields_named(content, &["received", "subject"]);
        let values: Vec<&str> = found.iter().map(|field| field.value.as_str()).collect();
        assert_eq!(values, ["x", "by a", "by b"]);
    }

    #[test]
    fn odd_headers_are_noticed_and_ordinary_ones_are_not() {
        for (content, odd) in [
            ("A: b\r\n\r\n", false),
            ("A: b\n\n", false),
            ("From ann Mon\nA: b\n\n", false),
            ("A: b\r\n", false),
            ("A: b", true),
            ("A: b\r\n \r\nC: d\r\n\r\n", true),
            (" A: b\r\n\r\n", true),
            ("A : b\r\n\r\n", true),
            ("A: b\rC: d\r\n\r\n", true),
            ("A: b\r\nno field\r\n\r\n", true),
            ("A: b\0\r\n\r\n", true),
        ] {
            assert_eq!(scan(content.as_bytes()).odd, odd, "{content:?}");
        }
    }

    #[test]
    fn a_million_fields_stop_at_the_limit() {
        let mut content = "X: y\r\n".repeat(1_000_000);
        content.push_str("\r\nbody");
        let head = scan(content.as_bytes());
        assert_eq!((head.fields.len(), head.cut), (MAX_FIELDS, Some(MAX_FIELDS * 6)));
        assert_eq!(&content[head.body..], "body");
    }
}
