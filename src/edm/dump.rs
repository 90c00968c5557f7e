//! Rows out of an SQL dump, as it streams by: `COPY … FROM stdin` blocks of PostgreSQL, and `INSERT` statements as
//! `pg_dump`, `mysqldump`, SQLite, SQL Server and Oracle write them. Nothing is executed, and never more than a
//! row is held: what is no row is read over.

mod lexer;

use std::collections::HashMap;
use std::io::BufRead;

use super::Error;
use lexer::{Lexer, Token};

/// Columns that one table may have; more is no table anybody made.
const MOST_COLUMNS: usize = 4096;

/// Rows that stand together, of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Without its schema.
    pub table: String,
    pub columns: Vec<String>,
}

/// How the rows of the present block are written.
enum Form {
    Copy,
    /// The opening parenthesis of the next row was read.
    Insert,
}

pub struct Dump<R> {
    lexer: Lexer<R>,
    /// Columns of tables whose `CREATE TABLE` was seen, for rows that don't name theirs.
    made: HashMap<String, Vec<String>>,
    /// Whose rows come next, and how many cells each has.
    open: Option<(Form, usize)>,
}

/// Whether this is how a dump begins, and not a table's header row.
pub fn is_dump(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines().map(str::trim);
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default().to_ascii_lowercase();
    let mut words = line.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match first {
        "insert" | "replace" => ["into", "ignore"].contains(&second) || second.starts_with('['),
        "create" => ["table", "database", "schema", "temporary", "unlogged"].contains(&second),
        "set" | "use" | "copy" | "drop" | "lock" | "start" | "pragma" => line.ends_with(';') || second.starts_with('['),
        "rem" => second == "inserting",
        "begin;" | "begin" => second.is_empty() || second.starts_with("transaction"),
        _ => ["--", "/*", "\\restrict", "\\connect"].iter().any(|start| first.starts_with(start)),
    }
}

impl<R: BufRead> Dump<R> {
    pub fn new(read: R) -> Self {
        Self { lexer: Lexer::new(read), made: HashMap::new(), open: None }
    }

    /// Goes to the next rows of any table; rows of the present block that were not asked for are read over.
    pub fn next_block(&mut self) -> Result<Option<Block>, Error> {
        self.pass_over()?;
        while let Some(token) = self.lexer.token()? {
            let Token::Word(word) = token else { continue };
            let block = match word.to_ascii_uppercase().as_str() {
                "COPY" => self.copy()?,
                "INSERT" | "REPLACE" => self.insert()?,
                "CREATE" => {
                    self.create()?;
                    None
                }
                "GO" => None,
                // What Oracle's tools say to themselves.
                "REM" | "PROMPT" => {
                    self.lexer.end_line()?;
                    None
                }
                _ => {
                    self.lexer.skip_statement()?;
                    None
                }
            };
            if block.is_some() {
                return Ok(block);
            }
        }
        Ok(None)
    }

    /// Reads over what is left of the present block.
    pub fn pass_over(&mut self) -> Result<(), Error> {
        let mut over = Vec::new();
        while self.next_row(&mut over)? {}
        Ok(())
    }

    /// The cells of the next row of the block; `false` after its last.
    pub fn next_row(&mut self, cells: &mut Vec<Vec<u8>>) -> Result<bool, Error> {
        let Some((form, width)) = self.open.take() else { return Ok(false) };
        cells.clear();
        let more = match form {
            Form::Copy => self.lexer.copied_row(cells)?,
            Form::Insert => {
                self.inserted_row(cells)?;
                true
            }
        };
        if !more {
            return Ok(false);
        }
        if cells.len() != width {
            return Err(self.fault(format!("the row has {} values, its table {width} columns", cells.len())));
        }
        let goes_on = match form {
            Form::Copy => true,
            Form::Insert => self.another_row()?,
        };
        if goes_on {
            self.open = Some((form, width));
        }
        Ok(true)
    }

    /// After `COPY`: `schema.table (a, b) FROM stdin;` and the end of that line.
    fn copy(&mut self) -> Result<Option<Block>, Error> {
        let Some((table, after)) = self.table_name(None)? else { return Ok(None) };
        let (columns, mut next) = match after {
            Some(Token::Open) => (Some(self.names()?), self.lexer.token()?),
            other => (None, other),
        };
        let mut words = Vec::new();
        while let Some(token) = next {
            match token {
                Token::End => break,
                Token::Word(word) => words.push(word.to_ascii_uppercase()),
                _ => {}
            }
            next = self.lexer.token()?;
        }
        if !words.starts_with(&["FROM".to_owned(), "STDIN".to_owned()]) {
            return Ok(None);
        }
        if words.iter().any(|word| word == "CSV" || word == "BINARY") {
            let what = format!("the rows of {table} are copied in another format than text: dump without that option");
            return Err(self.fault(what));
        }
        self.lexer.end_line()?;
        self.begin(table, columns, Form::Copy).map(Some)
    }

    /// After `INSERT`: `[IGNORE] INTO schema.table (a, b) VALUES (`. From a query, or of defaults: no rows.
    fn insert(&mut self) -> Result<Option<Block>, Error> {
        let mut first = self.lexer.token()?;
        while let Some(Token::Word(word)) = &first
            && ["INTO", "IGNORE", "DELAYED", "LOW_PRIORITY", "HIGH_PRIORITY", "OR", "REPLACE"]
                .contains(&word.to_ascii_uppercase().as_str())
        {
            first = self.lexer.token()?;
        }
        let Some((table, after)) = self.table_name(first)? else { return Ok(None) };
        let (columns, mut next) = match after {
            Some(Token::Open) => (Some(self.names()?), self.lexer.token()?),
            other => (None, other),
        };
        let mut last = String::new();
        loop {
            match next {
                None | Some(Token::End) => return Ok(None),
                Some(Token::Open) if last.starts_with("VALUE") => {
                    return self.begin(table, columns, Form::Insert).map(Some);
                }
                Some(Token::Word(word)) if word == "GO" => return Ok(None),
                Some(Token::Word(word)) => last = word.to_ascii_uppercase(),
                Some(_) => last.clear(),
            }
            next = self.lexer.token()?;
        }
    }

    fn begin(&mut self, table: String, columns: Option<Vec<String>>, form: Form) -> Result<Block, Error> {
        let known = || self.made.get(&table.to_lowercase()).cloned();
        let Some(columns) = columns.or_else(known) else {
            return Err(self.fault(format!(
                "the rows of {table} don't name their columns, and no CREATE TABLE above does: dump it with the schema"
            )));
        };
        self.open = Some((form, columns.len()));
        Ok(Block { table, columns })
    }

    /// The cells up to the closing parenthesis.
    fn inserted_row(&mut self, cells: &mut Vec<Vec<u8>>) -> Result<(), Error> {
        let mut cell = Cell::default();
        let mut depth = 0;
        loop {
            match self.lexer.token()? {
                None | Some(Token::End) => return Err(self.fault("the row has no end".to_owned())),
                Some(Token::Comma) if depth == 0 => cells.push(std::mem::take(&mut cell).value()),
                Some(Token::Close) if depth == 0 => {
                    cells.push(cell.value());
                    return Ok(());
                }
                Some(Token::Open) => depth += 1,
                Some(Token::Close) => depth -= 1,
                Some(Token::Text(text)) => cell.text = cell.text.or(Some(text)),
                // MySQL, and SQL Server where it is told so, take double quotes for those of a string.
                Some(Token::Name(name)) => cell.text = cell.text.or(Some(name.into_bytes())),
                Some(Token::Word(word)) => cell.word = cell.word.or(Some(word)),
                Some(_) => {}
            }
            if cells.len() > MOST_COLUMNS {
                return Err(self.fault("the row has too many values".to_owned()));
            }
        }
    }

    /// After a row: whether another one follows in the same statement, whose parenthesis is then read.
    fn another_row(&mut self) -> Result<bool, Error> {
        match self.lexer.token()? {
            Some(Token::Comma) => match self.lexer.token()? {
                Some(Token::Open) => Ok(true),
                _ => Err(self.fault("after a comma another row is expected".to_owned())),
            },
            None | Some(Token::End) => Ok(false),
            // SQL Server ends statements with lines: this is the next one already.
            Some(Token::Word(word)) if ["GO", "INSERT"].contains(&word.to_ascii_uppercase().as_str()) => {
                self.lexer.give_back(Token::Word(word));
                Ok(false)
            }
            Some(_) => self.lexer.skip_statement().map(|()| false),
        }
    }

    /// After `CREATE`: the columns of a table are noted, everything else is read over.
    fn create(&mut self) -> Result<(), Error> {
        loop {
            match self.lexer.token()? {
                None | Some(Token::End) => return Ok(()),
                Some(Token::Word(word)) => match word.to_ascii_uppercase().as_str() {
                    "TABLE" => break,
                    "TRIGGER" | "FUNCTION" | "PROCEDURE" => return self.lexer.skip_body(),
                    "INDEX" | "VIEW" | "TYPE" | "DATABASE" | "SCHEMA" | "SEQUENCE" | "EXTENSION" => {
                        return self.lexer.skip_statement();
                    }
                    _ => {}
                },
                Some(_) => {}
            }
        }
        let mut first = self.lexer.token()?;
        while let Some(Token::Word(word)) = &first
            && ["IF", "NOT", "EXISTS"].contains(&word.to_ascii_uppercase().as_str())
        {
            first = self.lexer.token()?;
        }
        let Some((table, after)) = self.table_name(first)? else { return Ok(()) };
        match after {
            Some(Token::Open) => {
                let columns = self.declared()?;
                self.made.insert(table.to_lowercase(), columns);
                self.lexer.skip_statement()
            }
            Some(Token::End) | None => Ok(()),
            Some(_) => self.lexer.skip_statement(),
        }
    }

    /// The columns of a `CREATE TABLE`, whose parenthesis was read: the first word of each item, if the item is
    /// no key or condition of the table's.
    fn declared(&mut self) -> Result<Vec<String>, Error> {
        const NO_COLUMN: [&str; 13] = [
            "PRIMARY",
            "KEY",
            "UNIQUE",
            "CONSTRAINT",
            "INDEX",
            "FOREIGN",
            "CHECK",
            "FULLTEXT",
            "SPATIAL",
            "EXCLUDE",
            "LIKE",
            "PERIOD",
            "SUPPLEMENTAL",
        ];
        let (mut columns, mut depth, mut begins) = (Vec::new(), 0, true);
        while let Some(token) = self.lexer.token()? {
            match token {
                Token::Open => depth += 1,
                Token::Close if depth == 0 => return Ok(columns),
                Token::Close => depth -= 1,
                Token::Comma if depth == 0 => {
                    begins = true;
                    continue;
                }
                Token::Word(word) if begins && !NO_COLUMN.contains(&word.to_ascii_uppercase().as_str()) => {
                    columns.push(word);
                }
                Token::Name(name) if begins => columns.push(name),
                Token::End => break,
                _ => {}
            }
            begins = false;
            if columns.len() > MOST_COLUMNS {
                break;
            }
        }
        Err(self.fault("the table's columns have no end".to_owned()))
    }

    /// `schema.table`, from this token on if one was read: the last name of it, and the token after it.
    fn table_name(&mut self, first: Option<Token>) -> Result<Option<(String, Option<Token>)>, Error> {
        let mut token = match first {
            Some(token) => Some(token),
            None => self.lexer.token()?,
        };
        loop {
            let name = match token {
                Some(Token::Name(name)) => name,
                Some(Token::Word(word)) => word.rsplit('.').next().unwrap_or_default().to_owned(),
                _ => return Ok(None),
            };
            match self.lexer.token()? {
                Some(Token::Dot) => token = self.lexer.token()?,
                after => return Ok(Some((name, after))),
            }
        }
    }

    /// Names up to the closing parenthesis.
    fn names(&mut self) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        while let Some(token) = self.lexer.token()? {
            match token {
                Token::Close => return Ok(names),
                Token::Word(name) | Token::Name(name) if names.len() < MOST_COLUMNS => names.push(name),
                Token::Comma => {}
                _ => break,
            }
        }
        Err(self.fault("the list of columns has no end".to_owned()))
    }

    fn fault(&self, what: String) -> Error {
        Error::Row { line: self.lexer.line(), what }
    }
}

/// One value as it is gathered: `N'x'`, `DATE '1970-02-08'` and `CAST('x' AS Date)` are their text.
#[derive(Default)]
struct Cell {
    text: Option<Vec<u8>>,
    word: Option<String>,
}

impl Cell {
    fn value(self) -> Vec<u8> {
        match (self.text, self.word) {
            (Some(text), _) => text,
            (None, Some(word)) if !word.eq_ignore_ascii_case("NULL") => word.into_bytes(),
            (None, _) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
