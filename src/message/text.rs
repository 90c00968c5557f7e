//! Small things that all plain text needs.

use std::borrow::Cow;

use memchr::memchr;

/// CRLF and bare CR become LF, so that offsets, lines and patterns have one meaning.
pub(super) fn with_plain_line_ends(text: Cow<'_, str>) -> String {
    let Some(first) = memchr(b'\r', text.as_bytes()) else { return text.into_owned() };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(at) = memchr(b'\r', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        out.push('\n');
        rest = &rest[at + 1..];
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_become_one_kind() {
        for (from, to) in [("a\r\nb\rc\nd", "a\nb\nc\nd"), ("a", "a"), ("\r\n\r\n", "\n\n"), ("a\r", "a\n")] {
            assert_eq!(with_plain_line_ends(Cow::Borrowed(from)), to);
        }
    }
}
