//! Small things that all plain text needs.

use std::borrow::Cow;

use memchr::memchr;

use super::blocks::places;

/// CRLF and bare CR become LF, so that offsets, lines and patterns have one meaning.
pub(super) fn with_plain_line_ends(text: Cow<'_, str>) -> String {
    if memchr(b'\r', text.as_bytes()).is_none() {
        return text.into_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for end in places(text.as_bytes(), |byte| byte == b'\r') {
        out.push_str(&text[copied..end]);
        copied = end + 1;
        if text.as_bytes().get(copied) != Some(&b'\n') {
            out.push('\n');
        }
    }
    out.push_str(&text[copied..]);
    out
}

/// Lines that a reader joins again (RFC 3676 with `DelSp=yes`): a blank at the end is none of the text's.
pub(super) fn unflowed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open = false;
    for line in text.lines() {
        let line = if open { line.trim_start_matches('>').strip_prefix(' ').unwrap_or(line) } else { line };
        open = line.ends_with(' ') && line != "-- ";
        out.push_str(if open { &line[..line.len() - 1] } else { line });
        if !open {
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flowed_lines_are_joined() {
        for (from, to) in [
            ("219- \r\n09\r\nx", "219-09\nx\n"),
            ("two  \nwords\n-- \nJo", "two words\n-- \nJo\n"),
            ("> quoted  \n> text\nnew", "> quoted text\nnew\n"),
        ] {
            assert_eq!(unflowed(from), to);
        }
    }

    #[test]
    fn line_ends_become_one_kind() {
        for (from, to) in [("a\r\nb\rc\nd", "a\nb\nc\nd"), ("a", "a"), ("\r\n\r\n", "\n\n"), ("a\r", "a\n")] {
            assert_eq!(with_plain_line_ends(Cow::Borrowed(from)), to);
        }
    }
}
