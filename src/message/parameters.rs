//! `Content-Type` and `Content-Disposition`: a value with parameters (RFC 2045 §5, RFC 2231), and whether readers
//! would agree about it.

use super::{charset, transfer, words};

/// A parsed field value: `text/plain; charset=utf-8`.
#[derive(Default)]
pub(super) struct Parameters {
    /// Before the first `;`, in lower case.
    pub value: String,
    /// Lower-case names; RFC 2231 pieces joined and decoded. The first of a name comes first.
    pairs: Vec<(String, String)>,
    /// A comment, a duplicate, a quoted pair or a split where readers disagree.
    pub odd: bool,
    /// Something stands in it that says nothing to programs: a comment, an unheard-of name, no value.
    pub unusual: bool,
}

/// The parameters that mail programs write.
fn is_usual(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "access-type",
        "boundary",
        "charset",
        "component",
        "creation-date",
        "delsp",
        "differences",
        "filename",
        "format",
        "hp",
        "id",
        "method",
        "micalg",
        "modification-date",
        "name",
        "number",
        "profile",
        "protected-headers",
        "protocol",
        "read-date",
        "report-type",
        "reply-type",
        "size",
        "smime-type",
        "start",
        "start-info",
        "total",
        "type",
        "version",
        "x-apple-part-url",
        "x-mac-creator",
        "x-mac-type",
        "x-unix-mode",
    ];
    NAMES.contains(&name)
}

impl Parameters {
    pub fn first(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The parameters that say how bytes are cut and decoded: readers must not disagree about these.
fn is_structural(name: &str) -> bool {
    matches!(name, "boundary" | "charset")
}

pub(super) fn parse(raw: &[u8]) -> Parameters {
    let text: Vec<u8> = raw.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')).copied().collect();
    let mut scanner = Scanner { text: &text, at: 0, odd: false, leftover: false };
    let mut parsed = Parameters { value: scanner.value(), ..Parameters::default() };
    let mut pieces: Vec<Piece> = Vec::new();
    // One name of each kind at most: a look through all pieces for each would take a square of time.
    let mut structural: Vec<String> = Vec::new();
    while let Some((name, value)) = scanner.pair() {
        let (base, section) = match name.split_once('*') {
            Some((base, section)) => (base.to_owned(), Some(section.to_owned())),
            None => (name, None),
        };
        parsed.unusual |= !is_usual(&base);
        if is_structural(&base) {
            let again = structural.contains(&base);
            scanner.odd |= section.is_some() || again || !value.plain;
            if !again {
                structural.push(base.clone());
            }
        }
        match section {
            None => {
                let value = if is_structural(&base) { lossy(&value.bytes) } else { words::decode(&value.bytes) };
                parsed.pairs.push((base, value));
            }
            Some(section) => pieces.push(Piece::new(base, &section, value.bytes)),
        }
    }
    join(pieces, &mut parsed.pairs);
    parsed.odd = scanner.odd;
    parsed.unusual |= scanner.odd || scanner.leftover || parsed.value.contains('=');
    parsed
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// One `name*1*=…` of a split or encoded parameter (RFC 2231 §3, §4).
struct Piece {
    name: String,
    number: usize,
    encoded: bool,
    bytes: Vec<u8>,
}

impl Piece {
    fn new(name: String, section: &str, bytes: Vec<u8>) -> Self {
        let encoded = section.is_empty() || section.ends_with('*');
        let number = section.trim_end_matches('*').parse().unwrap_or(0);
        Self { name, number, encoded, bytes }
    }
}

fn join(mut pieces: Vec<Piece>, pairs: &mut Vec<(String, String)>) {
    pieces.sort_by(|a, b| a.name.cmp(&b.name).then(a.number.cmp(&b.number)));
    for group in pieces.chunk_by(|a, b| a.name == b.name) {
        let mut label = None;
        let mut bytes = Vec::new();
        for (at, piece) in group.iter().enumerate() {
            let mut payload = piece.bytes.as_slice();
            if at == 0 && piece.encoded {
                let mut marks = payload.splitn(3, |byte| *byte == b'\'');
                if let (Some(charset), Some(_), Some(rest)) = (marks.next(), marks.next(), marks.next()) {
                    label = Some(lossy(charset));
                    payload = rest;
                }
            }
            if piece.encoded { bytes.extend(transfer::percent(payload)) } else { bytes.extend_from_slice(payload) }
        }
        let label = label.filter(|label| !label.is_empty());
        pairs.push((group[0].name.clone(), charset::decode(&bytes, label.as_deref()).into_owned()));
    }
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    odd: bool,
    /// Something between semicolons that is no parameter.
    leftover: bool,
}

struct Value {
    bytes: Vec<u8>,
    /// A clean token or a quoted string without quoted pairs.
    plain: bool,
}

impl Scanner<'_> {
    fn value(&mut self) -> String {
        let value = self.until(b";");
        if value.iter().any(|byte| matches!(byte, b'(' | b'"' | b'\\' | 0..=8 | 10..=31) || *byte >= 127) {
            self.odd = true;
        }
        let value = value.trim_ascii();
        // `text/plain charset=utf-8`: some readers take it, some fall back to text/plain.
        let end = value.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'(' | b','));
        self.odd |= end.is_some();
        lossy(&value[..end.unwrap_or(value.len())]).to_ascii_lowercase()
    }

    fn until(&mut self, stops: &[u8]) -> Vec<u8> {
        let rest = &self.text[self.at..];
        let len = rest.iter().position(|byte| stops.contains(byte)).unwrap_or(rest.len());
        self.at += len;
        rest[..len].to_vec()
    }

    fn pair(&mut self) -> Option<(String, Value)> {
        loop {
            self.skip_separators();
            if self.at >= self.text.len() {
                return None;
            }
            let raw = self.until(b"=;");
            let name = lossy(raw.trim_ascii()).to_ascii_lowercase();
            let named = self.text.get(self.at) == Some(&b'=');
            let proper = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_*.".contains(&byte));
            if !proper || raw.len() != raw.trim_ascii().len() {
                // A comment, blanks around the name, a second value: told only where it could hide a boundary.
                self.odd |= name.contains('(') || name.contains("boundary") || name.contains("charset");
            }
            if !named {
                self.leftover |= !name.is_empty();
                continue;
            }
            self.at += 1;
            return Some((name, self.parameter()));
        }
    }

    fn skip_separators(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b';')) {
            self.at += 1;
        }
    }

    fn parameter(&mut self) -> Value {
        let blanks = self.text[self.at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.at += blanks;
        let mut value = if self.text.get(self.at) == Some(&b'"') { self.quoted() } else { self.token() };
        value.plain &= blanks == 0;
        value
    }

    fn quoted(&mut self) -> Value {
        self.at += 1;
        let mut value = Value { bytes: Vec::new(), plain: true };
        loop {
            match self.text.get(self.at) {
                None => {
                    value.plain = false;
                    return value;
                }
                Some(b'"') => {
                    self.at += 1;
                    let rest = self.until(b";");
                    value.plain &= rest.trim_ascii().is_empty();
                    return value;
                }
                // Windows paths in names have lone backslashes; a quoted pair hides only a quote or a backslash.
                Some(b'\\') => {
                    value.plain = false;
                    match self.text.get(self.at + 1) {
                        Some(byte @ (b'"' | b'\\')) => {
                            value.bytes.push(*byte);
                            self.at += 1;
                        }
                        _ => value.bytes.push(b'\\'),
                    }
                }
                Some(byte) => value.bytes.push(*byte),
            }
            self.at += 1;
        }
    }

    fn token(&mut self) -> Value {
        let bytes = self.until(b";").trim_ascii().to_vec();
        let plain = !bytes.is_empty() && !bytes.iter().any(|byte| b" \t\"\\(),<>@[]".contains(byte));
        Value { bytes, plain }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_parameters_are_read() {
        type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);
        let cases: &[Case] = &[
            (" Text/Plain; charset=utf-8", "text/plain", &[("charset", "utf-8")]),
            ("text/html;charset=\"utf-8\";", "text/html", &[("charset", "utf-8")]),
            ("multipart/mixed;\r\n boundary=\"a;b c\"", "multipart/mixed", &[("boundary", "a;b c")]),
            ("multipart/mixed; boundary=----=_Part_1", "multipart/mixed", &[("boundary", "----=_Part_1")]),
            ("attachment; filename*=utf-8''%e2%82%ac.txt", "attachment", &[("filename", "€.txt")]),
            ("attachment; filename*0*=utf-8''a%20; filename*1=\"b.txt\"", "attachment", &[("filename", "a b.txt")]),
            ("attachment; filename*1=b; filename*0=a", "attachment", &[("filename", "ab")]),
            ("attachment; filename=\"=?utf-8?q?a=C3=A9?=.pdf\"", "attachment", &[("filename", "aé.pdf")]),
            ("attachment; filename=my file.pdf", "attachment", &[("filename", "my file.pdf")]),
        ];
        for (raw, value, pairs) in cases {
            let parsed = parse(raw.as_bytes());
            assert_eq!(parsed.value, *value, "{raw}");
            for (name, expected) in *pairs {
                assert_eq!(parsed.first(name), Some(*expected), "{raw}");
            }
            assert!(!parsed.odd, "{raw}");
        }
    }

    #[test]
    fn what_readers_read_differently_is_odd() {
        for raw in [
            "multipart/mixed; boundary=a; boundary=b",
            "multipart/mixed; boundary*0=a; boundary*1=b",
            "multipart/mixed; boundary*=us-ascii''a",
            "multipart/mixed; boundary=\"a\\b\"",
            "multipart/mixed; boundary=\"a",
            "multipart/mixed; boundary=a b",
            "multipart/mixed; boundary=\"a\"b",
            "multipart/mixed; boundary = a",
            "multipart/mixed; boundary=",
            "multipart/mixed; (comment) boundary=a",
            "multipart/mixed (comment); boundary=a",
            "multipart/mixed boundary=a",
            "text/plain; charset=utf-8; charset=utf-7",
            "\"text/plain\"",
        ] {
            assert!(parse(raw.as_bytes()).odd, "{raw}");
        }
    }
}
