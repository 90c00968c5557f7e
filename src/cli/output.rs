//! What commands print: JSON lines for programs, aligned tables for people.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::exit::{Error, Result};

/// Whether a command speaks to a program or to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    Json,
    Text,
}

impl Output {
    /// Prints one object as one line of JSON, or what `text` makes of it.
    pub fn one<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) -> Result<()> {
        match self {
            Output::Json => line(&serde_json::to_string(value).expect("our own values are JSON")),
            Output::Text => print(&text(value)),
        }
    }

    /// Prints a list: JSON Lines, or what `text` makes of the whole.
    pub fn list<T: Serialize>(self, values: &[T], text: impl FnOnce(&[T]) -> String) -> Result<()> {
        match self {
            Output::Json => values.iter().try_for_each(|value| self.one(value, |_| String::new())),
            Output::Text => print(&text(values)),
        }
    }
}

/// One line on standard output.
pub fn line(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()))
}

/// Text on standard output, as it is.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Bytes on standard output, as they are.
pub fn bytes(content: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    written(out.write_all(content).and_then(|()| out.flush()))
}

fn written(result: io::Result<()>) -> Result<()> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::OutputClosed,
        _ => Error::io("writing the output", error),
    })
}

/// Text from a mail or a peer, made harmless for a terminal: an escape sequence in a reply or an
/// address must not move the reader's cursor or retitle the window. As many bytes as before, so that
/// offsets can be counted in it.
pub fn plain(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if harmful(c) { stand_in(c) } else { c }).collect())
}

fn stand_in(c: char) -> char {
    match c.len_utf8() {
        1 => '?',
        2 => '\u{b7}',
        _ => '\u{fffd}',
    }
}

/// Columns as wide as their widest cell, two spaces apart; the last one is not padded.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(heads: &[&str]) -> Self {
        Self { rows: vec![heads.iter().map(|head| (*head).to_owned()).collect()] }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| plain(&cell).into_owned()).collect());
    }

    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_aligns_its_columns_and_leaves_no_space_at_the_end() {
        let mut table = Table::new(&["ID", "STATE"]);
        table.row(["long-one".into(), "held".into()]);
        assert_eq!(table.render(), "ID        STATE\nlong-one  held\n");
    }

    #[test]
    fn an_escape_sequence_from_a_peer_never_reaches_the_terminal() {
        assert_eq!(plain("550 \u{1b}[2Jno\r\n"), "550 ?[2Jno??");
        assert_eq!(plain("plain \u{e9}"), "plain \u{e9}");
        let hostile = "a\u{0}b\u{9b}c\u{202e}d";
        assert_eq!(plain(hostile).len(), hostile.len());
    }
}
