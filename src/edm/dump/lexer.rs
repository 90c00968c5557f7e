//! The words of an SQL dump, one at a time from a stream.

use std::io::{BufRead, ErrorKind};

use super::super::Error;

/// A value longer than this tells nobody's name or number: it is left out, not kept.
const LONGEST_VALUE: usize = 16 * 1024;
/// A word or a quoted name.
const LONGEST_NAME: usize = 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A keyword, a name or a number without quotes.
    Word(String),
    /// A quoted name.
    Name(String),
    /// A string, its quotes and escapes undone.
    Text(Vec<u8>),
    Open,
    Close,
    Comma,
    Dot,
    /// `;`
    End,
    /// Any other sign.
    Sign,
}

pub struct Lexer<R> {
    read: R,
    line: u64,
    /// MySQL's: a backslash in a string escapes, and `#` begins a comment.
    mysql: bool,
    line_begins: bool,
    given_back: Option<Token>,
}

impl<R: BufRead> Lexer<R> {
    pub fn new(read: R) -> Self {
        Self { read, line: 1, mysql: false, line_begins: true, given_back: None }
    }

    pub fn line(&self) -> u64 {
        self.line
    }

    /// Puts a token back, to be the next.
    pub fn give_back(&mut self, token: Token) {
        self.given_back = Some(token);
    }

    /// The next token; comments, and `psql`'s own commands, are passed over.
    pub fn token(&mut self) -> Result<Option<Token>, Error> {
        if let Some(token) = self.given_back.take() {
            return Ok(Some(token));
        }
        loop {
            let begins = self.line_begins;
            let Some(byte) = self.take()? else { return Ok(None) };
            let token = match byte {
                _ if byte.is_ascii_whitespace() => continue,
                b'-' if self.peek()? == Some(b'-') => {
                    self.comment()?;
                    continue;
                }
                b'#' if self.mysql => {
                    self.end_line()?;
                    continue;
                }
                b'\\' if begins => {
                    self.end_line()?;
                    continue;
                }
                b'/' if self.peek()? == Some(b'*') => {
                    self.block_comment()?;
                    continue;
                }
                b'\'' => Token::Text(self.quoted(b'\'', LONGEST_VALUE)?),
                b'"' => Token::Name(self.name(b'"')?),
                b'`' => {
                    self.mysql = true;
                    Token::Name(self.name(b'`')?)
                }
                b'[' => Token::Name(self.name(b']')?),
                b'$' => self.dollar()?,
                b'(' => Token::Open,
                b')' => Token::Close,
                b',' => Token::Comma,
                b'.' if !self.peek()?.is_some_and(|next| next.is_ascii_digit()) => Token::Dot,
                b';' => Token::End,
                byte if is_of_word(byte) => self.word(byte)?,
                _ => Token::Sign,
            };
            return Ok(Some(token));
        }
    }

    /// Reads over the rest of a statement: to its `;`, or to the `GO` on a line of its own.
    pub fn skip_statement(&mut self) -> Result<(), Error> {
        loop {
            match self.token()? {
                None | Some(Token::End) => return Ok(()),
                Some(Token::Word(word)) if word.eq_ignore_ascii_case("GO") => return Ok(()),
                Some(_) => {}
            }
        }
    }

    /// Reads over a trigger or routine: statements may stand between its BEGIN and END.
    pub fn skip_body(&mut self) -> Result<(), Error> {
        let mut open = 0_usize;
        while let Some(token) = self.token()? {
            match token {
                Token::End if open == 0 => return Ok(()),
                Token::Word(word) => match word.to_ascii_uppercase().as_str() {
                    "BEGIN" | "CASE" => open += 1,
                    "END" => match self.token()? {
                        // `END IF` ends no block; `END CASE` ends one, as `END` alone does.
                        Some(Token::Word(word)) if is_of_loops(&word) => {}
                        Some(Token::Word(word)) if word.eq_ignore_ascii_case("CASE") => open = open.saturating_sub(1),
                        next => {
                            open = open.saturating_sub(1);
                            self.given_back = next;
                        }
                    },
                    "GO" => return Ok(()),
                    _ => {}
                },
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads to the end of the line.
    pub fn end_line(&mut self) -> Result<(), Error> {
        while self.take()?.is_some_and(|byte| byte != b'\n') {}
        Ok(())
    }

    /// A line of a `COPY` block: cells apart by tabs, `\N` for nothing. `false` at `\.` or the end.
    pub fn copied_row(&mut self, cells: &mut Vec<Vec<u8>>) -> Result<bool, Error> {
        let (mut cell, mut null, mut any) = (Vec::new(), false, false);
        loop {
            let byte = self.take()?;
            match byte {
                None if !any => return Ok(false),
                None | Some(b'\n' | b'\t') => {
                    if null || cell.len() > LONGEST_VALUE {
                        cell.clear();
                    }
                    cells.push(std::mem::take(&mut cell));
                    null = false;
                    if byte != Some(b'\t') {
                        return Ok(true);
                    }
                }
                Some(b'\r') if self.peek()? == Some(b'\n') => {}
                Some(b'\\') => match self.take()? {
                    Some(b'.') if !any => {
                        self.end_line()?;
                        return Ok(false);
                    }
                    Some(b'N') if cell.is_empty() => null = true,
                    Some(byte) => keep(&mut cell, unescaped(byte), LONGEST_VALUE),
                    None => {}
                },
                Some(byte) => keep(&mut cell, byte, LONGEST_VALUE),
            }
            any = true;
        }
    }

    /// The rest of a string or name up to its closing quote, which stands twice where it is meant itself. One
    /// that is too long comes out empty.
    fn quoted(&mut self, close: u8, most: usize) -> Result<Vec<u8>, Error> {
        let begun = self.line;
        let mut text = Vec::new();
        while let Some(byte) = self.take()? {
            let escapes = byte == b'\\' && self.mysql && matches!(close, b'\'' | b'"');
            if escapes {
                let Some(escaped) = self.take()? else { break };
                keep(&mut text, unescaped(escaped), most);
            } else if byte != close {
                keep(&mut text, byte, most);
            } else if self.peek()? == Some(close) {
                self.take()?;
                keep(&mut text, byte, most);
            } else {
                if text.len() > most {
                    text.clear();
                }
                return Ok(text);
            }
        }
        Err(Error::Row { line: begun, what: "a quotation mark is not closed".to_owned() })
    }

    fn name(&mut self, close: u8) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.quoted(close, LONGEST_NAME)?).into_owned())
    }

    fn word(&mut self, first: u8) -> Result<Token, Error> {
        let mut word = vec![first];
        while let Some(byte) = self.peek()?.filter(|byte| is_of_word(*byte) || matches!(byte, b'.' | b'#' | b'$')) {
            self.take()?;
            keep(&mut word, byte, LONGEST_NAME);
        }
        // E'…' is PostgreSQL's string with escapes; N'…', B'…', X'…' and the like are as they stand.
        if matches!(word.as_slice(), b"E" | b"e") && self.peek()? == Some(b'\'') {
            self.take()?;
            let standard = std::mem::replace(&mut self.mysql, true);
            let text = self.quoted(b'\'', LONGEST_VALUE);
            self.mysql = standard;
            return Ok(Token::Text(text?));
        }
        // A name before a quoted one: `public."Patients"`.
        if word.last() == Some(&b'.') {
            return self.token().map(|token| token.unwrap_or(Token::End));
        }
        Ok(Token::Word(String::from_utf8_lossy(&word).into_owned()))
    }

    /// `$tag$ … $tag$` around a routine's text; a lone `$` is a sign.
    fn dollar(&mut self) -> Result<Token, Error> {
        let mut tag = vec![b'$'];
        while let Some(byte) = self.peek()?.filter(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            self.take()?;
            keep(&mut tag, byte, LONGEST_NAME);
        }
        if self.peek()? != Some(b'$') {
            return Ok(Token::Sign);
        }
        self.take()?;
        tag.push(b'$');
        let mut last: Vec<u8> = Vec::with_capacity(tag.len());
        while let Some(byte) = self.take()? {
            if last.len() == tag.len() {
                last.remove(0);
            }
            last.push(byte);
            if last == tag {
                break;
            }
        }
        Ok(Token::Text(Vec::new()))
    }

    /// `-- …`, whose first line tells who wrote the dump.
    fn comment(&mut self) -> Result<(), Error> {
        let mut text = Vec::new();
        while let Some(byte) = self.take()?.filter(|byte| *byte != b'\n') {
            keep(&mut text, byte, 64);
        }
        let text = String::from_utf8_lossy(&text);
        self.mysql |= text.contains("MySQL dump") || text.contains("MariaDB dump");
        Ok(())
    }

    /// `/* … */`; `/*!40101 … */` is MySQL's, too.
    fn block_comment(&mut self) -> Result<(), Error> {
        self.take()?;
        self.mysql |= self.peek()? == Some(b'!');
        let mut last = 0;
        while let Some(byte) = self.take()? {
            if (last, byte) == (b'*', b'/') {
                return Ok(());
            }
            last = byte;
        }
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<u8>, Error> {
        Ok(filled(&mut self.read)?.first().copied())
    }

    fn take(&mut self) -> Result<Option<u8>, Error> {
        let byte = filled(&mut self.read)?.first().copied();
        if let Some(byte) = byte {
            self.read.consume(1);
            self.line += u64::from(byte == b'\n');
            self.line_begins = byte == b'\n';
        }
        Ok(byte)
    }
}

fn filled(read: &mut impl BufRead) -> Result<&[u8], Error> {
    // The borrow checker does not let a filled buffer be given out of a loop, so interruptions are waited out first.
    while let Err(error) = read.fill_buf() {
        if error.kind() != ErrorKind::Interrupted {
            return Err(Error::Table(error.to_string()));
        }
    }
    read.fill_buf().map_err(|error| Error::Table(error.to_string()))
}

/// What an `END` may stand before without ending the routine's block.
fn is_of_loops(word: &str) -> bool {
    ["IF", "LOOP", "WHILE", "REPEAT", "FOR"].contains(&word.to_ascii_uppercase().as_str())
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'@') || byte >= 0x80
}

/// One octet past the limit is kept, so that it shows that there were more.
fn keep(text: &mut Vec<u8>, byte: u8, most: usize) {
    if text.len() <= most {
        text.push(byte);
    }
}

fn unescaped(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'v' => 11,
        b'0' => 0,
        other => other,
    }
}
