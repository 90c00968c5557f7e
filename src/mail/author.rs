//! One strict reading of who a message says it is from.
//!
//! Mail programs differ on odd From fields, and that difference is how a forged author passes a
//! gateway ("Composition Kills"). So what can be read in two ways is not read at all here.

use memchr::memchr;

use super::Address;

/// The fields that name an author to some reader (RFC 5322 §3.6.2, §3.6.6).
pub const AUTHOR_FIELDS: &[&str] = &["From", "Sender", "Resent-From", "Resent-Sender"];

/// The message can be read as from more than one author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ambiguous;

/// A header field as it stands, unfolded.
pub struct Field<'a> {
    /// As it was asked for.
    pub name: &'a str,
    /// What follows the colon, its folded lines joined.
    pub value: Vec<u8>,
}

/// The header fields of those names, in order, until the first empty line. Lines that are no
/// field are passed over: a reader that does the same must not see a From that we did not.
pub fn fields<'a>(content: &[u8], wanted: &[&'a str]) -> Vec<Field<'a>> {
    let mut found: Vec<Field<'a>> = Vec::new();
    let mut rest = content;
    let mut open = false;
    while let Some(line) = next_line(&mut rest).filter(|line| !line.is_empty()) {
        if matches!(line[0], b' ' | b'\t') {
            if let Some(field) = found.last_mut().filter(|_| open) {
                field.value.extend_from_slice(line);
            }
            continue;
        }
        // A space before the colon is obsolete syntax (RFC 5322 §4.5) that many readers accept.
        let colon = memchr(b':', line);
        let name = colon.map(|colon| line[..colon].trim_ascii_end());
        let known = name.and_then(|name| wanted.iter().find(|wanted| wanted.as_bytes().eq_ignore_ascii_case(name)));
        open = known.is_some();
        if let (Some(name), Some(colon)) = (known, colon) {
            found.push(Field { name, value: line[colon + 1..].to_vec() });
        }
    }
    found
}

/// A line without its CRLF; `None` at the end of the content.
fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if rest.is_empty() {
        return None;
    }
    let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
    let (line, after) = rest.split_at(end);
    *rest = after;
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

/// Every author that the message names. One From with at least one mailbox, at most one Sender;
/// resent fields may repeat (RFC 5322 §3.6.6).
pub fn authors(content: &[u8]) -> Result<Vec<Address>, Ambiguous> {
    let fields = fields(content, AUTHOR_FIELDS);
    let count = |name| fields.iter().filter(|field| field.name == name).count();
    if count("From") > 1 || count("Sender") > 1 {
        return Err(Ambiguous);
    }
    let mut authors = Vec::new();
    for field in &fields {
        let mailboxes = mailboxes(&field.value)?;
        if field.name.ends_with("Sender") && mailboxes.len() != 1 {
            return Err(Ambiguous);
        }
        authors.extend(mailboxes);
    }
    Ok(authors)
}

/// Whether the message has more than one From field. Each reader shows another one of them, whoever sent it.
pub fn is_from_repeated(content: &[u8]) -> bool {
    fields(content, &["From"]).len() > 1
}

/// A mailbox-list (RFC 5322 §3.4) in its strict form: no groups, no routes, no comments, and no
/// second address outside the angle brackets.
fn mailboxes(value: &[u8]) -> Result<Vec<Address>, Ambiguous> {
    let text = std::str::from_utf8(value).map_err(|_| Ambiguous)?;
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Ambiguous);
    }
    split_list(text)?.into_iter().map(mailbox).collect()
}

/// At commas outside quoted strings.
fn split_list(text: &str) -> Result<Vec<&str>, Ambiguous> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if quoted {
        return Err(Ambiguous);
    }
    parts.push(&text[start..]);
    Ok(parts)
}

/// `local@domain`, `<local@domain>` or `phrase <local@domain>`.
fn mailbox(text: &str) -> Result<Address, Ambiguous> {
    let text = text.trim();
    let Some(inside) = text.strip_suffix('>') else {
        return text.parse().map_err(|_| Ambiguous);
    };
    let open = inside.rfind('<').ok_or(Ambiguous)?;
    let (phrase, address) = (inside[..open].trim(), inside[open + 1..].trim());
    if !is_phrase(phrase) && !phrase.eq_ignore_ascii_case(address) {
        return Err(Ambiguous);
    }
    address.parse().map_err(|_| Ambiguous)
}

/// Words and quoted strings, with the dots and UTF-8 that everybody sends. None of the characters
/// with which a lenient reader would begin another address; apostrophes and slashes are harmless.
fn is_phrase(phrase: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for c in phrase.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' | '>' | '@' | ',' | ';' | ':' | '\\' if !quoted => return false,
            _ => {}
        }
    }
    !quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Result<Vec<String>, Ambiguous> {
        authors(format!("{header}\r\n\r\nFrom: not@header.example\r\n").as_bytes())
            .map(|authors| authors.iter().map(Address::to_string).collect())
    }

    #[test]
    fn ordinary_author_fields_are_read() {
        for (header, expected) in [
            ("From: ann@corp.example", vec!["ann@corp.example"]),
            ("From: Ann Lee <ann@corp.example>", vec!["ann@corp.example"]),
            ("FROM: \"Lee, Ann\" <ann@corp.example>", vec!["ann@corp.example"]),
            ("From: Dr. Ann (Lab) Lee\r\n <ann@corp.example>", vec!["ann@corp.example"]),
            (
                "From: =?utf-8?q?Ann?= <ann@corp.example>, bob@corp.example",
                vec!["ann@corp.example", "bob@corp.example"],
            ),
            ("From: ann@corp.example <ann@corp.example>", vec!["ann@corp.example"]),
            ("From: a@b.example\r\nSender: c@d.example", vec!["a@b.example", "c@d.example"]),
            ("Subject: x\r\n From: folded@not.a.field", vec![]),
        ] {
            assert_eq!(read(header).unwrap(), expected, "{header}");
        }
    }

    #[test]
    fn what_two_readers_could_read_apart_is_ambiguous() {
        for header in [
            "From: a@corp.example\r\nFrom: b@evil.example",
            "From: a@corp.example\r\nFrom : b@evil.example",
            "From: a@corp.example\r\nnot a field\r\nFrom: b@evil.example",
            "From: a@corp.example\0, b@evil.example",
            "From: b@evil.example <a@corp.example>",
            "From: <b@evil.example> <a@corp.example>",
            "From: <@corp.example:b@evil.example>",
            "From: group: b@evil.example;",
            "From: (a@corp.example) b@evil.example (x",
            "From: \"a@corp.example <b@evil.example>",
            "From: =?utf-8?q?a=40corp.example?=",
            "From: a@corp.example,",
            "From:",
            "From: a@corp.example\r\nSender: a@corp.example, b@evil.example",
        ] {
            assert_eq!(read(header), Err(Ambiguous), "{header}");
        }
    }
}
