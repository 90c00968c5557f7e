//! Messages out of files: single mails, mboxes, Maildirs, folders, standard input.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// One message to scan, with line ends as on the wire.
pub struct Input {
    /// The path as it was reached; `FILE#N` in an mbox, counted from 1.
    pub name: String,
    pub content: Vec<u8>,
}

/// What could not be opened or read.
pub struct Unreadable {
    pub name: String,
    pub error: io::Error,
}

/// Every message below the given paths, in order, read one at a time.
pub struct Inputs {
    waiting: VecDeque<PathBuf>,
    mbox: Option<Mbox>,
}

impl Inputs {
    pub fn new(paths: &[PathBuf]) -> Self {
        Self { waiting: paths.iter().cloned().collect(), mbox: None }
    }
}

impl Iterator for Inputs {
    type Item = Result<Input, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(mbox) = &mut self.mbox {
                match mbox.next() {
                    Some(message) => return Some(message),
                    None => self.mbox = None,
                }
            }
            let path = self.waiting.pop_front()?;
            let name = path.display().to_string();
            match self.open(&path, &name) {
                Ok(Some(input)) => return Some(Ok(input)),
                Ok(None) => {}
                Err(error) => return Some(Err(Unreadable { name, error })),
            }
        }
    }
}

impl Inputs {
    /// A single mail is given back; a folder or mbox is remembered for the next turns.
    fn open(&mut self, path: &Path, name: &str) -> io::Result<Option<Input>> {
        let reader: Box<dyn Read> = if name == "-" {
            Box::new(io::stdin())
        } else if path.is_dir() {
            for entry in folder(path)?.into_iter().rev() {
                self.waiting.push_front(entry);
            }
            return Ok(None);
        } else {
            Box::new(File::open(path)?)
        };
        let mut reader = BufReader::new(reader);
        if is_mbox(&mut reader)? {
            self.mbox = Some(Mbox { name: name.to_owned(), reader, count: 0, ended: false });
            return Ok(None);
        }
        let mut content = Vec::new();
        reader.read_to_end(&mut content)?;
        Ok(Some(Input { name: name.to_owned(), content: wire(content) }))
    }
}

/// The mails of a folder: all files of a Maildir, else every `*.eml` and every folder below.
fn folder(path: &Path) -> io::Result<Vec<PathBuf>> {
    let maildir = path.join("cur").is_dir() && path.join("new").is_dir();
    let inside_maildir = path.file_name().is_some_and(|name| name == "cur" || name == "new")
        && path.parent().is_some_and(|above| above.join("cur").is_dir() && above.join("new").is_dir());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        let wanted = match path.is_dir() {
            // A Maildir's tmp holds what is still being written.
            true => !(maildir && path.file_name().is_some_and(|name| name == "tmp")),
            false => inside_maildir || path.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("eml")),
        };
        if wanted {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// An mbox begins with a `From ` line; a mail's first line has a colon (RFC 4155 appendix A).
fn is_mbox(reader: &mut impl BufRead) -> io::Result<bool> {
    Ok(reader.fill_buf()?.starts_with(b"From "))
}

/// An mbox read one message at a time, so that its size does not matter.
struct Mbox {
    name: String,
    reader: BufReader<Box<dyn Read>>,
    count: usize,
    ended: bool,
}

impl Mbox {
    fn next(&mut self) -> Option<Result<Input, Unreadable>> {
        if self.ended {
            return None;
        }
        let mut content = Vec::new();
        let mut line = Vec::new();
        // A `From ` line parts messages only after an empty line.
        let mut empty_before = true;
        loop {
            line.clear();
            match self.reader.read_until(b'\n', &mut line) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(_) => {}
                Err(error) => {
                    self.ended = true;
                    return Some(Err(Unreadable { name: self.name.clone(), error }));
                }
            }
            let parts = line.starts_with(b"From ") && empty_before;
            empty_before = matches!(line.as_slice(), b"\n" | b"\r\n");
            match (parts, self.count) {
                (true, 0) => self.count = 1,
                (true, _) => break,
                (false, _) => content.extend_from_slice(unquoted(&line)),
            }
        }
        let name = format!("{}#{}", self.name, self.count);
        self.count += 1;
        // The empty line before the next `From ` belongs to the mbox, not to the mail.
        let mail = content.strip_suffix(b"\n").map(|rest| rest.strip_suffix(b"\r").unwrap_or(rest));
        let ends_empty = mail.is_some_and(|rest| rest.ends_with(b"\n"));
        let content = if ends_empty { mail.unwrap_or_default().to_vec() } else { content };
        Some(Ok(Input { name, content: wire(content) }))
    }
}

/// `>From ` in an mbox was `From ` in the mail.
fn unquoted(line: &[u8]) -> &[u8] {
    let quotes = line.iter().take_while(|byte| **byte == b'>').count();
    if quotes > 0 && line[quotes..].starts_with(b"From ") { &line[1..] } else { line }
}

/// Files keep mail with bare LF; on the wire a line ends with CRLF (RFC 5321 §2.3.8).
fn wire(content: Vec<u8>) -> Vec<u8> {
    let bare = |at: usize| at == 0 || content[at - 1] != b'\r';
    let count = memchr::memchr_iter(b'\n', &content).filter(|at| bare(*at)).count();
    if count == 0 {
        return content;
    }
    let mut wired = Vec::with_capacity(content.len() + count);
    let mut from = 0;
    for at in memchr::memchr_iter(b'\n', &content).filter(|at| bare(*at)) {
        wired.extend_from_slice(&content[from..at]);
        wired.extend_from_slice(b"\r\n");
        from = at + 1;
    }
    wired.extend_from_slice(&content[from..]);
    wired
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> Vec<(String, String)> {
        let below = |name: &str| name.replace(&path.display().to_string(), "");
        Inputs::new(&[path.to_owned()])
            .map(|input| input.unwrap_or_else(|unreadable| panic!("{}: {}", unreadable.name, unreadable.error)))
            .map(|input| (below(&input.name), String::from_utf8(input.content).unwrap()))
            .collect()
    }

    #[test]
    fn bare_line_feeds_are_read_as_crlf_and_nothing_else_changes() {
        for (file, wired) in
            [("a\nb\r\nc", "a\r\nb\r\nc"), ("\n\n", "\r\n\r\n"), ("a\rb", "a\rb"), ("", ""), ("\r\n", "\r\n")]
        {
            assert_eq!(wire(file.into()), wired.as_bytes(), "{file:?}");
        }
    }

    #[test]
    fn an_mbox_is_read_message_by_message() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in.mbox");
        let text = "From a@b Mon\nSubject: one\n\nFrom within\n>From quoted\n>>From twice\n\nFrom c@d Tue\nSubject: two\n\nend\n";
        // `From within` follows the empty line that ends the header: mbox writers quote that, and this
        // one, which does not, would be cut by every reader.
        std::fs::write(&path, text.replace("From within", "x From within")).unwrap();
        let found = read(&path);
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0],
            ("#1".into(), "Subject: one\r\n\r\nx From within\r\nFrom quoted\r\n>From twice\r\n".into())
        );
        assert_eq!(found[1], ("#2".into(), "Subject: two\r\n\r\nend\r\n".into()));
    }

    #[test]
    fn folders_give_every_eml_and_maildirs_every_file_but_unfinished_ones() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("b/two.eml", "2"),
            ("a.EML", "1"),
            ("note.txt", "no"),
            ("mail/cur/1:2,S", "3"),
            ("mail/new/2", "4"),
            ("mail/tmp/3", "unfinished"),
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let texts: Vec<String> = read(folder.path()).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["1", "2", "3", "4"]);
        assert_eq!(read(&folder.path().join("mail")).len(), 2);
    }

    #[test]
    fn a_missing_file_is_named_and_the_rest_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("there.eml");
        std::fs::write(&there, "x").unwrap();
        let all: Vec<_> = Inputs::new(&[folder.path().join("gone.eml"), there]).collect();
        assert!(all[0].as_ref().is_err_and(|unreadable| unreadable.name.ends_with("gone.eml")));
        assert!(all[1].is_ok());
    }
}
