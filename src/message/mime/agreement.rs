//! What makes readers disagree about a message, told from what ordinary mail has.
//!
//! Nine mail readers given one contradictory message show nine texts. Here is decided, cheaply, whether a
//! message is of the ordinary kind about which they agree; if not, it is read in every way (`every.rs`), and
//! where even that can't be said to cover what some reader shows, it is a gap.

use memchr::memmem;

use super::super::header::{self, Head};
use super::super::oddity::Oddity;
use super::super::parameters::{self, Parameters};
use super::super::transfer;

/// The transfer encoding that a header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    Identity,
    Base64,
    QuotedPrintable,
    /// Only some readers know it: uuencode, yEnc, a misspelling.
    Unknown,
}

/// The MIME fields of one part's header, and whether readers agree about them.
pub(super) struct MimeHead {
    pub kind: Parameters,
    pub disposition: Parameters,
    pub transfer: Transfer,
    pub oddity: Oddity,
}

impl MimeHead {
    pub fn of(head: &Head<'_>) -> Self {
        let mut oddity = if head.odd { Oddity::Contradictory } else { Oddity::Ordinary };
        let mut only = |name: &str| {
            let mut values = head.values(name);
            let first = values.next();
            if values.any(|other| Some(other) != first) {
                oddity = Oddity::Contradictory;
            }
            first
        };
        let kind = only("content-type").map(parameters::parse);
        let transfer = only("content-transfer-encoding").map(transfer_of);
        if transfer.is_none()
            && head.fields.iter().any(|field| is_about_mime(field.name) && names_an_encoding(field.value))
        {
            // Told by another name, or in the fold of another field.
            oddity = oddity.max(Oddity::Loose);
        }
        let disposition = head.values("content-disposition").next().map(parameters::parse).unwrap_or_default();
        let kind_oddity = kind.as_ref().map_or(Oddity::Ordinary, of_kind);
        let (transfer, transfer_oddity) = transfer.unwrap_or((Transfer::Identity, Oddity::Ordinary));
        let kind = kind.unwrap_or_default();
        let container = kind.value.starts_with("multipart/");
        let encoded = matches!(transfer, Transfer::Base64 | Transfer::QuotedPrintable);
        if container && encoded {
            // RFC 2045 §6.4 forbids it; some readers decode before they split.
            oddity = Oddity::Contradictory;
        }
        if encoded && matches!(kind.value.as_str(), "message/rfc822" | "message/global") {
            // RFC 2046 §5.2.1 forbids it; not every reader decodes.
            oddity = oddity.max(Oddity::Loose);
        }
        oddity = oddity.max(kind_oddity).max(transfer_oddity);
        Self { kind, disposition, transfer, oddity }
    }

    pub fn name(&self) -> Option<&str> {
        self.disposition.first("filename").or(self.kind.first("name")).filter(|name| !name.trim().is_empty())
    }
}

fn of_kind(kind: &Parameters) -> Oddity {
    let well_formed = kind.value.split_once('/').is_some_and(|(kind, subtype)| {
        let token = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-+._!#$&^".contains(&byte))
        };
        token(kind) && token(subtype)
    });
    let multipart = kind.value.starts_with("multipart");
    match kind.first("boundary") {
        _ if kind.odd => Oddity::Contradictory,
        Some(boundary) if multipart && !is_sane_boundary(boundary) => Oddity::Contradictory,
        None if multipart => Oddity::Contradictory,
        // Some readers cut by a boundary whatever the type.
        Some(_) if !multipart => Oddity::Loose,
        _ if !well_formed => Oddity::Loose,
        _ => Oddity::Ordinary,
    }
}

/// RFC 2046 §5.1.1: 1 to 70 of these characters, the last no blank.
fn is_sane_boundary(boundary: &str) -> bool {
    (1..=70).contains(&boundary.len())
        && !boundary.ends_with(' ')
        && boundary
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? !#$%&*;<>@[]^`{|}~".contains(&byte))
}

fn transfer_of(value: &[u8]) -> (Transfer, Oddity) {
    match value.trim_ascii().to_ascii_lowercase().as_slice() {
        b"7bit" | b"8bit" | b"binary" => (Transfer::Identity, Oddity::Ordinary),
        b"base64" => (Transfer::Base64, Oddity::Ordinary),
        b"quoted-printable" => (Transfer::QuotedPrintable, Oddity::Ordinary),
        b"" | b"7-bit" | b"8-bit" | b"none" | b"utf-8" | b"utf8" => (Transfer::Identity, Oddity::Loose),
        value => {
            let guess = match () {
                () if memmem::find(value, b"base64").is_some() => Transfer::Base64,
                () if memmem::find(value, b"quoted").is_some() => Transfer::QuotedPrintable,
                () => Transfer::Unknown,
            };
            (guess, Oddity::Contradictory)
        }
    }
}

/// Whether readers agree what a leaf's bytes decode to.
pub(super) fn of_body(transfer: Transfer, body: &[u8]) -> Oddity {
    match transfer {
        Transfer::Identity if begins_like_a_header(body) || is_all_code(body) => Oddity::Loose,
        Transfer::Identity => Oddity::Ordinary,
        Transfer::Unknown => Oddity::Contradictory,
        Transfer::QuotedPrintable if transfer::is_strict_quoted_printable(body) => Oddity::Ordinary,
        Transfer::QuotedPrintable => Oddity::Loose,
        Transfer::Base64 if transfer::is_strict_base64(body) => Oddity::Ordinary,
        Transfer::Base64 if is_base64_but_for_its_end(body) || has_footer_behind_base64(body) => Oddity::Loose,
        Transfer::Base64 => Oddity::Contradictory,
    }
}

fn is_about_mime(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    memmem::find(&lower, b"content").is_some() || memmem::find(&lower, b"encoding").is_some()
}

fn names_an_encoding(value: &[u8]) -> bool {
    let is_word =
        |at: usize, word: &[u8]| value[at..].get(..word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word));
    memchr::memchr2_iter(b'b', b'B', value).any(|at| is_word(at, b"base64"))
        || memchr::memchr2_iter(b'q', b'Q', value).any(|at| is_word(at, b"quoted-printable"))
}

/// Whether the header of a part stands in what is outside of all parts: a message that was cut, or a part that
/// no delimiter begins.
pub(super) fn has_part_header(margin: &[u8]) -> bool {
    fields_of_parts(margin).next().is_some()
}

/// Whether a delimiter and the header of a part stand in a text.
pub(super) fn has_source(text: &[u8]) -> bool {
    fields_of_parts(text).any(|at| {
        let before = header::line_without_end(&text[..at]);
        before[memchr::memrchr(b'\n', before).map_or(0, |end| end + 1)..].starts_with(b"--")
    })
}

/// Where lines begin like a field of a part's header.
fn fields_of_parts(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    const FIELD: &[u8] = b"content-";
    let begins_a_field = |at: &usize| {
        let start = &text[*at..];
        (*at == 0 || text[at - 1] == b'\n')
            && start.get(..FIELD.len()).is_some_and(|found| found.eq_ignore_ascii_case(FIELD))
            && memchr::memchr(b':', &start[..start.len().min(40)]).is_some()
    };
    memmem::find_iter(text, b"ontent-").filter_map(|at| at.checked_sub(1)).filter(begins_a_field)
}

/// Whether a body that says it is plain is written in code throughout: base64 on every line, or a code for most signs.
fn is_all_code(body: &[u8]) -> bool {
    const SAMPLE: usize = 512;
    let sample = &body[..body.len().min(SAMPLE)];
    let codes = memchr::memchr_iter(b'=', sample)
        .filter(|at| sample.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
        .count();
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\r' | b'\n');
    let symbols = body.trim_ascii();
    codes >= 8 && codes * 6 > sample.len() || symbols.len() >= 40 && symbols.iter().all(is_base64)
}

/// An empty line too many: some readers still take what follows it for the header.
fn begins_like_a_header(body: &[u8]) -> bool {
    const NAMES: [&[u8]; 2] = [b"content-", b"mime-version:"];
    let start = body.trim_ascii_start();
    NAMES.iter().any(|name| start.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)))
}

/// Cut short or unpadded, as from a broken transfer: every reader shows the same but for the last bytes.
fn is_base64_but_for_its_end(body: &[u8]) -> bool {
    let data = body.trim_ascii_end();
    let data = data.strip_suffix(b"==").or_else(|| data.strip_suffix(b"=")).unwrap_or(data);
    data.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'\r' | b'\n' | b' ' | b'\t'))
}

/// Whole base64 and then plain words, as gateways and mailing lists put them below a body without looking at its encoding.
fn has_footer_behind_base64(body: &[u8]) -> bool {
    /// A longer word may be base64 again.
    const LONGEST_WORD: usize = 40;
    let lines = || body.split_inclusive(|byte| *byte == b'\n');
    let is_code = |line: &&[u8]| {
        let line = line.trim_ascii();
        let data = line.strip_suffix(b"==").or_else(|| line.strip_suffix(b"=")).unwrap_or(line);
        !data.is_empty() && data.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
    };
    let end = lines().take_while(is_code).map(<[u8]>::len).sum();
    let (code, footer) = body.split_at(end);
    let is_word = |word: &[u8]| word.len() < LONGEST_WORD || memmem::find(word, b"://").is_some();
    !code.is_empty()
        && transfer::is_strict_base64(code)
        && memchr::memchr(b' ', footer.trim_ascii()).is_some()
        && footer.split(u8::is_ascii_whitespace).all(is_word)
}

/// How one boundary cuts a multipart body.
pub(super) struct Cut {
    /// Where the first delimiter line begins.
    pub preamble_end: usize,
    /// After the line that ends it; the end of the body if there is none.
    pub epilogue_start: usize,
    pub parts: usize,
    pub oddity: Oddity,
}

/// Looks at every place where `--boundary` stands. `others` are the boundaries of the other multiparts.
pub(super) fn cut(body: &[u8], boundary: &str, others: &[String]) -> Cut {
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let mut cut = Cut { preamble_end: body.len(), epilogue_start: body.len(), parts: 0, oddity: Oddity::Ordinary };
    let mut closed = false;
    for at in memmem::find_iter(body, &delimiter) {
        let end = memchr::memchr(b'\n', &body[at..]).map_or(body.len(), |found| at + found + 1);
        let rest = header::line_without_end(&body[at + delimiter.len()..end]).trim_ascii_end();
        let at_line_start = at == 0 || body[at - 1] == b'\n';
        let found = match rest {
            _ if !at_line_start => Oddity::Loose,
            b"" if closed => Oddity::Contradictory,
            b"" => {
                cut.preamble_end = cut.preamble_end.min(at);
                cut.parts += 1;
                Oddity::Ordinary
            }
            b"--" if closed => Oddity::Loose,
            b"--" => {
                closed = true;
                cut.preamble_end = cut.preamble_end.min(at);
                cut.epilogue_start = end;
                Oddity::Ordinary
            }
            // The delimiter of a boundary that this one begins.
            _ if others.iter().any(|other| is_delimiter_of(&body[at..end], other)) => Oddity::Loose,
            _ => Oddity::Contradictory,
        };
        cut.oddity = cut.oddity.max(found);
    }
    if cut.parts == 0 {
        // No part begins: some readers then guess at a boundary.
        cut.oddity = Oddity::Contradictory;
    } else if !closed {
        cut.oddity = cut.oddity.max(Oddity::Loose);
    }
    cut
}

fn is_delimiter_of(line: &[u8], boundary: &str) -> bool {
    header::line_without_end(line)
        .strip_prefix(b"--")
        .and_then(|line| line.strip_prefix(boundary.as_bytes()))
        .is_some_and(|rest| matches!(rest.trim_ascii_end(), b"" | b"--"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Oddity {
        let text = format!("{text}\r\n\r\n");
        MimeHead::of(&header::scan(text.as_bytes())).oddity
    }

    #[test]
    fn headers_that_readers_agree_about_are_ordinary() {
        for text in [
            "Subject: x",
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit",
            "Content-Type: text/plain; charset=\"us-ascii\"; format=flowed; delsp=yes;",
            "Content-Type: multipart/mixed; boundary=\"----=_Part_1_2.3\"",
            "Content-Type: multipart/mixed;\r\n\tboundary=\"_004_AB12namprd03prodoutlookcom_\"",
            "Content-Type: multipart/signed; boundary=x; micalg=sha-256; protocol=\"application/pkcs7-signature\"",
            "Content-Type: application/pdf; name=\"a (1).pdf\"\r\nContent-Transfer-Encoding: BASE64",
            "Content-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable ",
            "Content-Type: application/vnd.openxmlformats-officedocument.wordprocessingml.document; name=a.docx",
        ] {
            assert_eq!(head(text), Oddity::Ordinary, "{text}");
        }
    }

    #[test]
    fn a_boundary_of_what_has_no_parts_is_odd() {
        assert_eq!(head("Content-Type: mpart/mixed; boundary=a"), Oddity::Loose);
        assert_eq!(head("Content-Type: text/plain; boundary=a"), Oddity::Loose);
    }

    #[test]
    fn contradictory_headers_are_told() {
        for text in [
            "Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=a",
            "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit",
            "Content-Transfer-Encoding: base64 ;x",
            "Content-Transfer-Encoding: =?utf-8?q?base64?=",
            "Content-Transfer-Encoding: (c) base64",
            "Content-Transfer-Encoding: x-uuencode",
            "Content-Type : text/plain",
            "Content-Type: multipart/mixed",
            "Content-Type: multipart/mixed; boundary=\"a \"",
            "Content-Type: multipart/mixed; boundary=\"\"",
            "Content-Type: multipart/mixed; boundary=a; boundary=b",
            "Content-Type: multipart/mixed; boundary=a\r\nContent-Transfer-Encoding: base64",
        ] {
            assert_eq!(head(text), Oddity::Contradictory, "{text}");
        }
        let long = format!("Content-Type: multipart/mixed; boundary={}", "a".repeat(2048));
        assert_eq!(head(&long), Oddity::Contradictory);
    }

    #[test]
    fn delimiters_are_counted_and_odd_ones_told() {
        for (body, parts, oddity) in [
            ("--a\r\n\r\nx\r\n--a--\r\n", 1, Oddity::Ordinary),
            ("pre\r\n--a\r\n\r\nx\r\n--a\r\n\r\ny\r\n--a--\r\npost", 2, Oddity::Ordinary),
            ("--a \r\n\r\nx\r\n--a--", 1, Oddity::Ordinary),
            ("--a\r\n\r\nx\r\n", 1, Oddity::Loose),
            ("--a\r\n\r\nsee --a here\r\n--a--\r\n", 1, Oddity::Loose),
            ("--a\r\n--ab\r\n\r\nx\r\n--ab--\r\n--a--\r\n", 1, Oddity::Loose),
            ("--a\r\n\r\nx\r\n--axe\r\n\r\n--a--\r\n", 1, Oddity::Contradictory),
            ("--a\r\n\r\nx\r\n--a--\r\n--a\r\n\r\ny\r\n--a--\r\n", 1, Oddity::Contradictory),
            ("nothing\r\n", 0, Oddity::Contradictory),
        ] {
            let found = cut(body.as_bytes(), "a", &["ab".to_owned()]);
            assert_eq!((found.parts, found.oddity), (parts, oddity), "{body:?}");
        }
    }

    #[test]
    fn bodies_are_judged_by_their_encoding() {
        for (transfer, body, oddity) in [
            (Transfer::Base64, "aGVsbG8=\r\n", Oddity::Ordinary),
            (Transfer::Base64, "aGVsbG8", Oddity::Loose),
            (Transfer::Base64, "aGVs\r\n\r\nbG8=", Oddity::Ordinary),
            (Transfer::Base64, "aGVsbG8=\r\n\r\n____\r\nlist of all\r\nhttps://list.example/ann\r\n", Oddity::Loose),
            (Transfer::Base64, "aGVsbG8=\r\nSent by the gateway\r\n", Oddity::Loose),
            (Transfer::Base64, "aGVsbG8\r\nSent by the gateway.\r\n", Oddity::Contradictory),
            (Transfer::Base64, "aGVs#bG8=", Oddity::Contradictory),
            (Transfer::Base64, "aGk=aGVs", Oddity::Contradictory),
            (Transfer::Base64, "Jo Roe, MRN 123", Oddity::Contradictory),
            (Transfer::QuotedPrintable, "a=20b", Oddity::Ordinary),
            (Transfer::QuotedPrintable, "a=b", Oddity::Loose),
            (Transfer::Identity, "a", Oddity::Ordinary),
            (Transfer::Identity, "\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=", Oddity::Loose),
        ] {
            assert_eq!(of_body(transfer, body.as_bytes()), oddity, "{body}");
        }
    }
}
