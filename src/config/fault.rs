//! What is wrong with a configuration: all of it at once, each with its place and its mend.

use std::fmt;
use std::path::{Path, PathBuf};

use super::tree::{Node, Place, Value};

/// One thing wrong, or one thing to be warned of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub file: PathBuf,
    /// Line and column from 1; line 0 where it is about the file as a whole.
    pub line: u64,
    pub column: u64,
    /// The key, as `sources[0].networks`; empty at the top.
    pub key: String,
    pub message: String,
    /// What to do about it.
    pub mend: Option<String>,
}

impl fmt::Display for Fault {
    /// `waxseal.yaml:12:5: sources[0].netwroks: unknown key; did you mean "networks"?`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        if !self.key.is_empty() {
            write!(f, " {}:", self.key)?;
        }
        write!(f, " {}", self.message)?;
        match &self.mend {
            Some(mend) => write!(f, "; {mend}"),
            None => Ok(()),
        }
    }
}

/// Everything wrong, in the order of the file. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl Fault {
    /// A credential that systemd shows to the service alone: nobody else can say more about it.
    pub fn is_for_the_service_alone(&self) -> bool {
        self.message.contains(super::files::NO_CREDENTIALS)
    }
}

/// All that was gathered, each in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub faults: Vec<Fault>,
    /// The rules that were named, as far as that could be read: they can be looked at all the same.
    pub rules: Vec<PathBuf>,
    pub packs: Option<Vec<String>>,
    /// Files that only a gateway that serves must be able to read.
    pub unreadable: Vec<Fault>,
    pub refusals: Vec<Fault>,
    pub warnings: Vec<Fault>,
    pub weaknesses: Vec<Fault>,
}

impl From<Vec<Fault>> for Box<Told> {
    fn from(faults: Vec<Fault>) -> Self {
        Box::new(Told { faults: sorted(faults), ..Told::default() })
    }
}

/// Gathers faults and warnings about one file while its settings are read.
pub struct Complaints<'a> {
    file: &'a Path,
    tree: &'a Node,
    told: Told,
}

impl<'a> Complaints<'a> {
    pub fn new(file: &'a Path, tree: &'a Node) -> Self {
        Self { file, tree, told: Told::default() }
    }

    /// Whether a list was written and left empty: whoever does that hardly means all.
    pub fn is_empty_list(&self, key: &str) -> bool {
        self.tree.at(key).is_some_and(|node| matches!(&node.value, Value::List(items) if items.is_empty()))
    }

    /// Something wrong at a key.
    pub fn fault(&mut self, key: &str, message: impl Into<String>, mend: impl Into<String>) {
        let fault = self.at(key, message.into(), mend.into());
        self.told.faults.push(fault);
    }

    /// A secret or certificate that can't be read. Who only judges mail by this configuration does
    /// without it.
    pub fn unreadable(&mut self, key: &str, message: impl Into<String>) {
        let fault = self.at(key, message.into(), String::new());
        self.told.unreadable.push(fault);
    }

    /// Something that the gateway can run with and `check` refuses all the same.
    pub fn refuse(&mut self, key: &str, message: impl Into<String>, mend: impl Into<String>) {
        let refusal = self.at(key, message.into(), mend.into());
        self.told.refusals.push(refusal);
    }

    /// Something allowed that should make an administrator look twice.
    pub fn warn(&mut self, key: &str, message: impl Into<String>, mend: impl Into<String>) {
        let warning = self.at(key, message.into(), mend.into());
        self.told.warnings.push(warning);
    }

    /// A warning that is an exception made by configuration: it goes to the audit as well.
    pub fn weak(&mut self, key: &str, message: impl Into<String>) {
        let weakness = self.at(key, message.into(), String::new());
        self.told.warnings.push(weakness.clone());
        self.told.weaknesses.push(weakness);
    }

    pub fn into_parts(self) -> Told {
        Told {
            rules: self.told.rules,
            packs: self.told.packs,
            faults: sorted(self.told.faults),
            unreadable: sorted(self.told.unreadable),
            refusals: sorted(self.told.refusals),
            warnings: sorted(self.told.warnings),
            weaknesses: sorted(self.told.weaknesses),
        }
    }

    fn at(&self, key: &str, message: String, mend: String) -> Fault {
        fault(self.file, self.tree.place_of(key), key, message, (!mend.is_empty()).then_some(mend))
    }
}

/// A fault at a place that is already known.
pub fn fault(file: &Path, place: Place, key: &str, message: impl Into<String>, mend: Option<String>) -> Fault {
    Fault {
        file: file.to_owned(),
        line: place.line,
        column: place.column,
        key: key.to_owned(),
        message: message.into(),
        mend,
    }
}

/// In the order of the file, so that they are mended from top to bottom.
pub fn sorted(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    faults.dedup();
    faults
}

/// The known word that was probably meant, if one is near enough.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let written = written.to_lowercase();
    let near = |word: &&str| distance(&written, word) <= (word.len().max(written.len()) / 3).clamp(1, 3);
    let best = known.into_iter().filter(near).min_by_key(|word| distance(&written, word))?;
    Some(format!("did you mean {best:?}?"))
}

/// Insertions, deletions, substitutions and swaps of neighbours that lead from one word to the other
/// (optimal string alignment).
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows = vec![(0..=to.len()).collect::<Vec<usize>>()];
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut least = (rows[i][j] + usize::from(a != b)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_recognised_and_another_word_is_not() {
        let known = ["networks", "name", "from_domains", "tls"];
        for (written, meant) in [
            ("netwroks", Some("networks")),
            ("network", Some("networks")),
            ("Names", Some("name")),
            ("from-domains", Some("from_domains")),
            ("tsl", Some("tls")),
            ("colour", None),
        ] {
            let answer = meant.map(|meant| format!("did you mean {meant:?}?"));
            assert_eq!(did_you_mean(written, known), answer, "{written}");
        }
    }

    #[test]
    fn a_fault_reads_like_a_compilers() {
        let place = Place { line: 12, column: 5 };
        let known = fault(Path::new("w.yaml"), place, "sources[0].x", "unknown key", Some("leave it out".into()));
        assert_eq!(known.to_string(), "w.yaml:12:5: sources[0].x: unknown key; leave it out");
        let whole = fault(Path::new("w.yaml"), Place::default(), "", "no such file", None);
        assert_eq!(whole.to_string(), "w.yaml: no such file");
    }
}
