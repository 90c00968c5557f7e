//! Lines longer than SMTP carries, written anew before we sign.
//!
//! Servers cut them or refuse them (RFC 5321 §4.5.3.1.6), and a cut breaks our signature or a character. Bodies go
//! into quoted-printable and are broken where the decoder joins them again, so every reader sees what came; fields
//! are folded at a blank. What is signed or encrypted end to end stays as it is.

use mail_parser::{MessageParser, MimeHeaders};

use crate::message::{Field, header_fields};

/// The longest line, without its CRLF.
pub const LINE: usize = 998;

/// The longest line of quoted-printable and base64 (RFC 2045 §6.7, §6.8).
const ENCODED_LINE: usize = 76;

/// Containers inside of containers are looked into so many times.
const MAX_DEPTH: usize = 50;

/// Whether any line is too long. Only the last bytes of each stretch are looked at.
pub fn any_too_long(content: &[u8]) -> bool {
    let mut from = 0;
    while content.len() - from > LINE {
        let stretch = &content[from..content.len().min(from + LINE + 2)];
        match memchr::memrchr(b'\n', stretch) {
            Some(at) => from += at + 1,
            None => return true,
        }
    }
    false
}

/// The content with every line short that may be altered.
pub fn shorten(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + content.len() / 16);
    entity(content, 0, &mut out);
    out
}

/// A header and its body: the message itself, a part of it, or a message inside.
fn entity(bytes: &[u8], depth: usize, out: &mut Vec<u8>) {
    let (header, body) = split(bytes);
    if depth > MAX_DEPTH || !any_too_long(bytes) {
        return out.extend_from_slice(bytes);
    }
    match Kind::of(header) {
        Kind::Untouchable => out.extend_from_slice(bytes),
        Kind::Multipart { boundary } => {
            fold(header, out);
            parts(body, &boundary, depth, out);
        }
        Kind::Message => {
            fold(header, out);
            entity(body, depth + 1, out);
        }
        Kind::Plain if any_too_long(body) => {
            fold(&encoded_header(header, depth == 0), out);
            quote(body, out);
        }
        Kind::Quoted => {
            fold(header, out);
            requote(body, out);
        }
        Kind::Base64 => {
            fold(header, out);
            rewrap(body, out);
        }
        Kind::Plain => {
            fold(header, out);
            out.extend_from_slice(body);
        }
    }
}

/// The header with its empty line, and the body.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    if bytes.starts_with(b"\r\n") {
        return bytes.split_at(2);
    }
    let end = memchr::memmem::find(bytes, b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    bytes.split_at(end)
}

/// What may be done to an entity.
enum Kind {
    /// Signed, encrypted, or encoded in a way that we don't know.
    Untouchable,
    Multipart {
        boundary: String,
    },
    Message,
    Plain,
    Quoted,
    Base64,
}

impl Kind {
    fn of(header: &[u8]) -> Self {
        let Some(head) = MessageParser::default().parse_headers(header) else { return Self::Plain };
        let encoding = head.content_transfer_encoding().unwrap_or("7bit").trim().to_ascii_lowercase();
        let is_identity = matches!(encoding.as_str(), "7bit" | "8bit" | "binary");
        let (kind, subtype, boundary) = match head.content_type() {
            Some(content_type) => (
                content_type.ctype().to_ascii_lowercase(),
                content_type.subtype().unwrap_or_default().to_ascii_lowercase(),
                content_type.attribute("boundary").filter(|boundary| !boundary.is_empty()),
            ),
            None => ("text".to_owned(), "plain".to_owned(), None),
        };
        match (kind.as_str(), subtype.as_str()) {
            ("multipart", "signed" | "encrypted") => Self::Untouchable,
            ("multipart", _) => match boundary {
                Some(boundary) if is_identity => Self::Multipart { boundary: boundary.to_owned() },
                _ => Self::Untouchable,
            },
            ("message", "rfc822" | "global") if is_identity => Self::Message,
            ("message", _) => Self::Untouchable,
            ("application", crypto) if crypto.contains("pkcs7") || crypto.starts_with("pgp") => Self::Untouchable,
            _ if is_identity => Self::Plain,
            _ if encoding == "quoted-printable" => Self::Quoted,
            _ if encoding == "base64" => Self::Base64,
            _ => Self::Untouchable,
        }
    }
}

/// Each part for itself; preamble, delimiters and epilogue as they are.
fn parts(body: &[u8], boundary: &str, depth: usize, out: &mut Vec<u8>) {
    let mut part: Option<usize> = None;
    let mut kept_to = 0;
    let mut at = 0;
    while at < body.len() {
        let end = memchr::memchr(b'\n', &body[at..]).map_or(body.len(), |found| at + found + 1);
        if let Some(last) = delimits(&body[at..end], boundary) {
            if let Some(start) = part.take() {
                // The line end before a delimiter belongs to it (RFC 2046 §5.1.1).
                kept_to = at.saturating_sub(2).max(start);
                entity(&body[start..kept_to], depth + 1, out);
            }
            out.extend_from_slice(&body[kept_to..end]);
            kept_to = end;
            if last {
                break;
            }
            part = Some(end);
        }
        at = end;
    }
    match part {
        Some(start) => entity(&body[start..], depth + 1, out),
        None => out.extend_from_slice(&body[kept_to..]),
    }
}

/// Whether a line is a delimiter, and if so, whether it is the last one.
fn delimits(line: &[u8], boundary: &str) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary.as_bytes())?;
    let last = rest.strip_prefix(b"--");
    last.unwrap_or(rest).trim_ascii().is_empty().then_some(last.is_some())
}

/// The header, which ends with its empty line, with the encoding that the body gets; all else in it stays.
fn encoded_header(header: &[u8], is_message: bool) -> Vec<u8> {
    let fields = header_fields(header);
    let is = |field: &&Field, name: &str| field.name.eq_ignore_ascii_case(name);
    let (lines, empty) = header.split_at(header.len() - 2);
    let mut out = Vec::with_capacity(header.len() + 64);
    let mut kept_to = 0;
    for old in fields.iter().filter(|field| is(field, "content-transfer-encoding")) {
        out.extend_from_slice(&lines[kept_to..old.range.start]);
        kept_to = old.range.end;
    }
    out.extend_from_slice(&lines[kept_to..]);
    if is_message && !fields.iter().any(|field| is(&field, "mime-version")) {
        out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    }
    out.extend_from_slice(b"Content-Transfer-Encoding: quoted-printable\r\n");
    out.extend_from_slice(empty);
    out
}

/// Folds long lines before a blank that has words on both sides; one without stays.
fn fold(header: &[u8], out: &mut Vec<u8>) {
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        let mut rest = line;
        while rest.trim_ascii_end().len() > LINE {
            let is_fold = |at: &usize| {
                matches!(rest[*at], b' ' | b'\t')
                    && !rest[..*at].trim_ascii().is_empty()
                    && !rest[*at..].trim_ascii().is_empty()
            };
            let Some(at) = (1..=LINE).rev().find(is_fold) else { break };
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(b"\r\n");
            rest = &rest[at..];
        }
        out.extend_from_slice(rest);
    }
}

/// A line that is being written in quoted-printable.
struct Quoting<'o> {
    out: &'o mut Vec<u8>,
    column: usize,
}

impl Quoting<'_> {
    /// One unit that must stay whole, after a soft line break if the line is full.
    fn unit(&mut self, mut unit: &[u8]) {
        if self.column + unit.len() >= ENCODED_LINE {
            self.out.extend_from_slice(b"=\r\n");
            self.column = 0;
            if unit == b"-" {
                // Here a line begins that none began before: it must not look like a delimiter.
                unit = b"=2D";
            }
        }
        self.out.extend_from_slice(unit);
        self.column += unit.len();
    }

    fn byte(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        self.unit(&[b'=', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }

    fn line_end(&mut self) {
        self.out.extend_from_slice(b"\r\n");
        self.column = 0;
    }
}

/// Writes a body in quoted-printable (RFC 2045 §6.7).
fn quote(body: &[u8], out: &mut Vec<u8>) {
    let mut quoting = Quoting { out, column: 0 };
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\r\n");
        let bytes = text.unwrap_or(line);
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                // A blank at the end of a line is lost on the way.
                b' ' | b'\t' if at + 1 < bytes.len() => quoting.unit(&[*byte]),
                33..=60 | 62..=126 => quoting.unit(&[*byte]),
                _ => quoting.byte(*byte),
            }
        }
        if text.is_some() {
            quoting.line_end();
        }
    }
}

/// Breaks the long lines of a body that is in quoted-printable already, between its units.
fn requote(body: &[u8], out: &mut Vec<u8>) {
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let Some(mut rest) = Some(line).filter(|line| line.trim_ascii_end().len() > LINE) else {
            out.extend_from_slice(line);
            continue;
        };
        let mut quoting = Quoting { out, column: 0 };
        let end = line.trim_ascii_end().len();
        let tail = &line[end..];
        rest = &rest[..end];
        while !rest.is_empty() {
            let is_escape = rest.len() >= 3 && rest[0] == b'=' && rest[1..3].iter().all(u8::is_ascii_hexdigit);
            let (unit, after) = rest.split_at(if is_escape { 3 } else { 1 });
            quoting.unit(unit);
            rest = after;
        }
        out.extend_from_slice(tail);
    }
}

/// Breaks the long lines of a body in base64. One that holds anything else stays: readers differ about it.
fn rewrap(body: &[u8], out: &mut Vec<u8>) {
    let is_symbol = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let symbols = line.trim_ascii_end();
        if symbols.len() <= LINE || !symbols.iter().all(is_symbol) {
            out.extend_from_slice(line);
            continue;
        }
        for (at, chunk) in symbols.chunks(ENCODED_LINE).enumerate() {
            if at > 0 {
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(chunk);
        }
        out.extend_from_slice(&line[symbols.len()..]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(content: &[u8]) -> Vec<Vec<u8>> {
        let message = MessageParser::default().parse(content).expect("a message");
        message.parts.iter().filter(|part| !part.is_multipart()).map(|part| part.contents().to_vec()).collect()
    }

    /// The leaves of the message, and of the messages in it.
    fn inner_texts(content: &[u8]) -> Vec<Vec<u8>> {
        let message = MessageParser::default().parse(content).expect("a message");
        let leaf = |part: &mail_parser::MessagePart<'_>| match part.message() {
            Some(inner) => inner.parts.iter().map(|part| part.contents().to_vec()).collect(),
            None => vec![part.contents().to_vec()],
        };
        message.parts.iter().filter(|part| !part.is_multipart()).flat_map(leaf).collect()
    }

    /// What structure is made of.
    const PIECES: &[&[u8]] = &[
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"--b\r\n",
        b"--b--\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b" ",
        b"=4",
        b"text of some length ",
        &[b'x'; 1_200],
    ];

    fn longest(content: &[u8]) -> usize {
        content.split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end().len()).max().unwrap_or(0)
    }

    #[test]
    fn a_line_is_too_long_past_998_octets() {
        for (length, end, too_long) in [(998, "\r\n", false), (999, "\r\n", true), (998, "", false), (999, "", true)] {
            let content = format!("A: b\r\n\r\nshort\r\n{}{end}", "x".repeat(length));
            assert_eq!(any_too_long(content.as_bytes()), too_long, "{length} {end:?}");
        }
        assert!(!any_too_long("0123456789\r\n".repeat(1_000).as_bytes()));
        assert!(any_too_long(format!("{}\r\nend\r\n", "x".repeat(10_000)).as_bytes()));
    }

    #[test]
    fn long_lines_are_short_and_read_as_before() {
        let long = |text: &str| text.repeat(4_000 / text.len() + 1);
        let words = long("Käse und Brot; ");
        let dashes = long("-- ");
        let numbers = long("TWFu");
        let quoted = long("K=C3=A4se =3D ");
        for content in [
            format!("Subject: a\r\n\r\n{words}\r\n.\r\nend \r\n"),
            format!("Subject: a\r\nContent-Transfer-Encoding: 8bit\r\nTo: b\r\n\r\n{words}"),
            format!("Content-Type: text/html; charset=utf-8\r\n\r\n<p title=\"a=b\">{words}\t\r\n"),
            format!("Content-Transfer-Encoding: base64\r\nContent-Type: application/pdf\r\n\r\n{numbers}\r\n"),
            format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{quoted}=\r\nx\r\n"),
            format!(
                "Content-Type: multipart/mixed; boundary=\"--\"\r\n\r\npreamble\r\n----\r\n\r\n{dashes}\r\n----\r\n\
                 Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\n{words}\r\n------\r\nepilogue\r\n"
            ),
        ] {
            let short = shorten(content.as_bytes());
            assert!(longest(&short) <= LINE, "{}", String::from_utf8_lossy(&short[..200]));
            assert_eq!(texts(&short).len(), texts(content.as_bytes()).len());
            let decoded = |content: &[u8]| texts(content).concat();
            if !content.contains("rfc822") {
                assert_eq!(decoded(&short), decoded(content.as_bytes()));
            }
        }
    }

    #[test]
    fn what_is_no_field_stays_in_the_header() {
        let content = format!(
            "From ann Mon\r\nSubject: a\r\ncontent-transfer-encoding: 7bit\r\nno field\r\n\r\n{}\r\n",
            "x".repeat(1_000)
        );
        let short = String::from_utf8(shorten(content.as_bytes())).unwrap();
        let header = "From ann Mon\r\nSubject: a\r\nno field\r\nMIME-Version: 1.0\r\n\
                      Content-Transfer-Encoding: quoted-printable\r\n\r\n";
        assert!(short.starts_with(header), "{short}");
    }

    #[test]
    fn fields_are_folded_at_blanks() {
        let content = format!("To: {}\r\nX: {}\r\n\r\nhi\r\n", "a@b.example, ".repeat(200), "y".repeat(1_500));
        let short = String::from_utf8(shorten(content.as_bytes())).unwrap();
        assert_eq!(short.replace("\r\n ", " "), content);
        let lines: Vec<usize> = short.lines().map(str::len).filter(|length| *length > LINE).collect();
        assert_eq!(lines, [1_501], "what has no blank stays");
    }

    #[test]
    fn what_is_protected_end_to_end_stays() {
        let long = "x".repeat(2_000);
        for header in [
            "Content-Type: multipart/signed; boundary=b",
            "Content-Type: multipart/encrypted; boundary=b",
            "Content-Type: application/pkcs7-mime",
            "Content-Type: message/delivery-status",
            "Content-Transfer-Encoding: x-uuencode",
        ] {
            let content = format!("{header}\r\n\r\n--b\r\n\r\n{long}\r\n--b--\r\n");
            assert_eq!(shorten(content.as_bytes()), content.as_bytes(), "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_as_before(lines in prop::collection::vec("[ -~äß€\t=]{0,1500}", 1..6)) {
            let content = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n", lines.join("\r\n"));
            let short = shorten(content.as_bytes());
            prop_assert!(longest(&short) <= LINE);
            prop_assert_eq!(texts(&short), texts(content.as_bytes()));
        }

        #[test]
        fn any_parts_read_as_before(parts in prop::collection::vec("[ -~äß]{0,2000}", 1..5), nested in any::<bool>()) {
            let header = if nested { "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n" } else { "X-Part: y\r\n" };
            let parts: String = parts.iter().map(|text| format!("--q=_b\r\n{header}\r\n{text}\r\n")).collect();
            let content = format!("Content-Type: multipart/mixed; boundary=\"q=_b\"\r\n\r\n{parts}--q=_b--\r\n");
            let short = shorten(content.as_bytes());
            prop_assert!(longest(&short) <= LINE);
            prop_assert_eq!(inner_texts(&short), inner_texts(content.as_bytes()));
        }

        #[test]
        fn odd_structure_ends_too(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
            shorten(&pieces.concat());
        }
    }
}
