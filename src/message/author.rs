//! Who a message says it is from: one strict reading of the `From` field (RFC 5322 §3.6.2, RFC 5598).
//!
//! Mail readers differ on odd `From` fields, and senders use that to show one author and be judged
//! by another. So either the field has the one meaning that the grammar gives it, or it has none.

use crate::mail::Address;

/// Why a message has no authors that could be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorError {
    #[error("the message has no From field")]
    Missing,
    #[error("the message has more than one From field")]
    Several,
    #[error("the From field can be read in more than one way")]
    Odd,
}

/// The addresses of the only `From` field among `fields`, which are ranges of `content`.
pub fn authors(content: &[u8], fields: &[super::Field]) -> Result<Vec<Address>, AuthorError> {
    let mut from = fields.iter().filter(|field| field.name.eq_ignore_ascii_case("from"));
    let field = from.next().ok_or(AuthorError::Missing)?;
    if from.next().is_some() {
        return Err(AuthorError::Several);
    }
    let raw = content.get(field.range.clone()).ok_or(AuthorError::Odd)?;
    let raw = std::str::from_utf8(raw).map_err(|_| AuthorError::Odd)?;
    // The raw value: an encoded word may decode to anything, and is never part of an address.
    let (_, value) = raw.split_once(':').ok_or(AuthorError::Odd)?;
    mailbox_list(value)
}

/// A token of an address list. Comments and folding white space are gone.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// An atom, or a run of them with dots.
    Word(String),
    Quoted(String),
    /// `[192.0.2.1]`
    Literal(String),
    Special(char),
}

/// Reads `mailbox *("," mailbox)`; groups are read as the mailboxes in them (RFC 6854).
fn mailbox_list(value: &str) -> Result<Vec<Address>, AuthorError> {
    let tokens = tokens(value)?;
    let mut found = Vec::new();
    let mut grouped = false;
    let mut start = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Special(':') if !grouped && names_a_group(&tokens[start..at]) => {
                grouped = true;
                start = at + 1;
            }
            Token::Special(',') if !inside_angle(&tokens[start..at]) => {
                found.extend(mailbox(&tokens[start..at])?);
                start = at + 1;
            }
            Token::Special(';') if grouped => {
                found.extend(mailbox(&tokens[start..at])?);
                grouped = false;
                start = at + 1;
            }
            _ => {}
        }
    }
    if grouped {
        return Err(AuthorError::Odd);
    }
    found.extend(mailbox(&tokens[start..])?);
    if found.is_empty() { Err(AuthorError::Odd) } else { Ok(found) }
}

fn names_a_group(tokens: &[Token]) -> bool {
    !tokens.is_empty() && tokens.iter().all(|token| matches!(token, Token::Word(_) | Token::Quoted(_)))
}

fn inside_angle(tokens: &[Token]) -> bool {
    tokens.contains(&Token::Special('<')) && !tokens.contains(&Token::Special('>'))
}

/// `[phrase] <addr-spec>` or a bare `addr-spec`. Nothing at all is an empty place in a list.
fn mailbox(tokens: &[Token]) -> Result<Option<Address>, AuthorError> {
    if tokens.is_empty() {
        return Ok(None);
    }
    let Some(open) = tokens.iter().position(|token| *token == Token::Special('<')) else {
        return addr_spec(tokens).map(Some);
    };
    let phrase_only = tokens[..open].iter().all(|token| matches!(token, Token::Word(_) | Token::Quoted(_)));
    match &tokens[open + 1..] {
        [spec @ .., Token::Special('>')] if phrase_only => addr_spec(spec).map(Some),
        _ => Err(AuthorError::Odd),
    }
}

fn addr_spec(tokens: &[Token]) -> Result<Address, AuthorError> {
    let text = match tokens {
        [Token::Word(local), Token::Special('@'), Token::Word(domain) | Token::Literal(domain)] => {
            format!("{local}@{domain}")
        }
        [Token::Quoted(local), Token::Special('@'), Token::Word(domain) | Token::Literal(domain)] => {
            let domain = domain.parse().map_err(|_| AuthorError::Odd)?;
            return Address::new(local, domain).map_err(|_| AuthorError::Odd);
        }
        _ => return Err(AuthorError::Odd),
    };
    text.parse().map_err(|_| AuthorError::Odd)
}

fn tokens(value: &str) -> Result<Vec<Token>, AuthorError> {
    let mut found = Vec::new();
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => {}
            '(' => skip_comment(&mut chars)?,
            '"' => found.push(Token::Quoted(until('"', &mut chars)?)),
            '[' => found.push(Token::Literal(format!("[{}]", until(']', &mut chars)?))),
            '<' | '>' | ',' | ':' | ';' | '@' => found.push(Token::Special(c)),
            c if c.is_control() || matches!(c, ')' | ']' | '\\') => return Err(AuthorError::Odd),
            c => {
                let mut word = String::from(c);
                while let Some(next) = chars.next_if(|next| !is_break(*next)) {
                    word.push(next);
                }
                found.push(Token::Word(word));
            }
        }
    }
    Ok(found)
}

/// What ends an atom; a dot doesn't, as `Q. Public` is common though obsolete (RFC 5322 §4.1).
fn is_break(c: char) -> bool {
    c.is_control() || c == ' ' || "()<>[]:;@\\,\"".contains(c)
}

fn until(end: char, chars: &mut impl Iterator<Item = char>) -> Result<String, AuthorError> {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next().ok_or(AuthorError::Odd)?),
            '\r' | '\n' => {}
            '\0' => return Err(AuthorError::Odd),
            c if c == end => return Ok(text),
            c => text.push(c),
        }
    }
    Err(AuthorError::Odd)
}

fn skip_comment(chars: &mut impl Iterator<Item = char>) -> Result<(), AuthorError> {
    let mut depth = 1;
    while let Some(c) = chars.next() {
        match c {
            '\\' => _ = chars.next(),
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Ok(());
        }
    }
    Err(AuthorError::Odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_from_field_has_the_authors_that_the_grammar_gives_it() {
        for (value, expected) in [
            (" ann@clinic.example", "ann@clinic.example"),
            (" Ann <ann@clinic.example>\r\n", "ann@clinic.example"),
            (" \"Roe, Ann\" <ann@clinic.example>", "ann@clinic.example"),
            (" \"bob@evil.example\" <ann@clinic.example>", "ann@clinic.example"),
            (" Ann Q. Roe (bob@evil.example) <ann@clinic.example>", "ann@clinic.example"),
            (" =?utf-8?q?bob=40evil.example=2C?= <ann@clinic.example>", "ann@clinic.example"),
            (" a@x.example,\r\n b@y.example", "a@x.example b@y.example"),
            (" Staff: a@x.example, B <b@y.example>;", "a@x.example b@y.example"),
            (" \"a b\"@x.example", "\"a b\"@x.example"),
        ] {
            let read: Vec<String> = mailbox_list(value).unwrap().iter().map(ToString::to_string).collect();
            assert_eq!(read.join(" "), expected, "{value:?}");
        }
    }

    /// T083: where mail readers disagree about the author, there is none.
    #[test]
    fn a_from_field_with_two_meanings_has_no_author() {
        for value in [
            "",
            " ",
            " Ann",
            " ann@clinic.example <bob@evil.example>",
            " <ann@clinic.example> <bob@evil.example>",
            " <ann@clinic.example> bob@evil.example",
            " <@evil.example:ann@clinic.example>",
            " ann@clinic.example@evil.example",
            " ann@clinic.example\0bob@evil.example",
            " \"ann <ann@clinic.example>",
            " <ann@clinic.example",
            " ann@(clinic.example",
            " Group: ann@clinic.example",
        ] {
            assert_eq!(mailbox_list(value), Err(AuthorError::Odd), "{value:?}");
        }
    }
}
