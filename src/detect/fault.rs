//! What is wrong with a rule file, where, and how to mend it.

use std::fmt;

use super::raw::Spot;

/// A fault in a rule file. Line and column count from 1; 0 means the whole file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
    pub mend: Option<String>,
}

impl Fault {
    pub fn at<T>(file: &str, spot: &Spot<T>, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: spot.line, column: spot.column, message: message.into(), mend: None }
    }

    pub fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    /// "did you mean", if one of the known names is close.
    pub fn suggest<'a>(self, given: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(given, known) {
            Some(name) => self.mend(format!("did you mean {name:?}?")),
            None => self,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message)?,
            line => write!(f, "{}:{line}:{}: {}", self.file, self.column, self.message)?,
        }
        self.mend.as_ref().map_or(Ok(()), |mend| write!(f, " ({mend})"))
    }
}

/// The known name with the fewest changes, if they are few.
fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (distance(given, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein's.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (other, y) in b.iter().enumerate() {
            let cost = diagonal + usize::from(x != *y);
            diagonal = row[other + 1];
            row[other + 1] = cost.min(diagonal + 1).min(row[other] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_a_whole_file_names_no_line() {
        let mut fault = Fault { file: "a.yaml".into(), line: 0, column: 0, message: "gone".into(), mend: None };
        assert_eq!(fault.to_string(), "a.yaml: gone");
        (fault.line, fault.column) = (3, 7);
        assert_eq!(fault.mend("put it back").to_string(), "a.yaml:3:7: gone (put it back)");
    }

    #[test]
    fn a_close_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("us-sssn", ["us-ssn", "us-npi"]), Some("us-ssn"));
        assert_eq!(nearest("whatever", ["us-ssn"]), None);
    }
}
