//! Where an expression has to be tried, read from the expression itself.

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::begin::Begins;

/// What every match of an expression must hold.
#[derive(Debug, PartialEq, Eq)]
pub enum Gate {
    /// It holds a digit, at most so many bytes after its start.
    Digit { before: usize },
    /// It begins with one of these, in any case, and where a word or a sign begins.
    Start(Vec<String>),
    /// Its author says that it holds, or stands near, one of these, which begin with a word or a sign.
    Keywords(Vec<String>),
    /// Nothing that could be looked for.
    Open,
}

impl Gate {
    /// Literals tell more than a digit: texts have many numbers, and few passports.
    pub fn of(hir: &Hir, begins: Begins, far: usize) -> Self {
        if let Some(literals) = literals(hir).filter(|all| !begins.mid_word && all.iter().all(|one| holds_token(one))) {
            return Self::Start(literals);
        }
        match head(hir) {
            Some(before) => Self::Digit { before: before.unwrap_or(far).min(far) },
            None => Self::Open,
        }
    }
}

/// Whether a word or a sign begins with this literal, or behind its blanks.
fn holds_token(literal: &str) -> bool {
    literal.trim_start_matches(' ').starts_with(|c: char| !c.is_control() && !c.is_whitespace())
}

/// Whether every match holds an ASCII digit.
pub fn needs_digit(hir: &Hir) -> bool {
    head(hir).is_some()
}

/// How many bytes stand in a match before its first digit at most, if there is a bound; `None`: a
/// match need not hold an ASCII digit.
fn head(hir: &Hir) -> Option<Option<usize>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(literal) => literal.0.iter().position(u8::is_ascii_digit).map(Some),
        HirKind::Class(class) => within(class, |c| c.is_ascii_digit()).then_some(Some(0)),
        HirKind::Repetition(repetition) if repetition.min > 0 => head(&repetition.sub),
        HirKind::Repetition(_) => None,
        HirKind::Capture(capture) => head(&capture.sub),
        HirKind::Concat(parts) => {
            let mut before = Some(0);
            for part in parts {
                let sum = |most: Option<usize>| before.zip(most).map(|(before, most)| before + most);
                if let Some(own) = head(part) {
                    return Some(sum(own));
                }
                before = sum(part.properties().maximum_len());
            }
            None
        }
        HirKind::Alternation(branches) => branches.iter().try_fold(Some(0), |most: Option<usize>, branch| {
            Some(most.zip(head(branch)?).map(|(one, other)| one.max(other)))
        }),
    }
}

/// Whether a class holds nothing else. Ranges of classes are small, or hold what is not ASCII.
fn within(class: &Class, fits: impl Fn(char) -> bool) -> bool {
    let range = |start: u32, end: u32| end < 128 && (start..=end).filter_map(char::from_u32).all(&fits);
    match class {
        Class::Bytes(class) => class.iter().all(|part| range(part.start().into(), part.end().into())),
        Class::Unicode(class) => class.iter().all(|part| range(part.start().into(), part.end().into())),
    }
}

/// Literals that tell something, one of which begins every match, in lower case.
fn literals(hir: &Hir) -> Option<Vec<String>> {
    let sequence = Extractor::new().limit_total(2048).extract(&in_lower_case(hir));
    let mut found: Vec<String> = sequence
        .literals()?
        .iter()
        .map(|literal| std::str::from_utf8(literal.as_bytes()).map(str::to_ascii_lowercase))
        .collect::<Result<_, _>>()
        .ok()?;
    found.sort();
    // Where `passport` stands, `passport no` needs no look of its own.
    found.dedup_by(|longer, shorter| longer.starts_with(shorter.as_str()));
    (!found.is_empty() && found.iter().all(|literal| tells(literal))).then_some(found)
}

/// Texts are full of numbers, of dates and of any two letters: these tell nothing.
fn tells(literal: &str) -> bool {
    let bytes = literal.as_bytes();
    let two_letters = bytes.len() == 2 && bytes.iter().all(u8::is_ascii_alphabetic);
    let hexadecimal = bytes.starts_with(b"0x");
    (bytes.iter().filter(|byte| !byte.is_ascii_digit()).count() >= 2 || hexadecimal) && !two_letters
}

/// An expression that matches at least the same, in lower case. Each letter that `(?i)` doubles
/// would double the number of literals, which has a limit.
fn in_lower_case(hir: &Hir) -> Hir {
    let all = |parts: &[Hir]| parts.iter().map(in_lower_case).collect();
    match hir.kind() {
        HirKind::Literal(literal) => Hir::literal(literal.0.to_ascii_lowercase()),
        HirKind::Class(class) => match only_letter(class) {
            Some(letter) => Hir::literal([letter]),
            None => hir.clone(),
        },
        HirKind::Repetition(repetition) => {
            Hir::repetition(Repetition { sub: Box::new(in_lower_case(&repetition.sub)), ..repetition.clone() })
        }
        HirKind::Capture(capture) => in_lower_case(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(all(parts)),
        HirKind::Alternation(branches) => Hir::alternation(all(branches)),
        HirKind::Empty | HirKind::Look(_) => hir.clone(),
    }
}

/// The one letter, in lower case, that a class holds in either case.
fn only_letter(class: &Class) -> Option<u8> {
    let letters: Vec<u8> = match class {
        Class::Bytes(class) => {
            class.iter().map(|range| (range.start() == range.end()).then_some(range.start())).collect::<Option<_>>()?
        }
        // Without case, `k` and `s` have a third form, which is no ASCII.
        Class::Unicode(_) => return None,
    };
    let (first, rest) = letters.split_first()?;
    let same = first.is_ascii_alphabetic() && rest.iter().all(|other| other.eq_ignore_ascii_case(first));
    same.then(|| first.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(source: &str) -> Gate {
        let parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(source);
        Gate::of(&parser.expect("an expression"), Begins::of(source).expect("compiles"), 256)
    }

    #[test]
    fn what_may_stand_before_the_first_digit_is_counted() {
        for (source, before) in [
            (r"\b\d{3}-\d{2}-\d{4}\b", 0),
            (r"\b[A-Z]{0,3}\d[\d-]{3,13}\b", 3),
            (r"(?i)\b(?:\d{5}|[A-V]\d{4})\b", 1),
            (r"(?i)\b(?:\d/\d|(?:jan|feb)[a-z]{0,6}\.? \d)", 11),
            (r"\b[a-z]+ \d", 256),
            (r"[,(] ?\d{1,3}", 2),
            (r"\d-\d", 0),
        ] {
            assert_eq!(gate(source), Gate::Digit { before }, "{source}");
        }
    }

    #[test]
    fn literals_go_before_digits_and_the_rest_is_tried_everywhere() {
        assert_eq!(gate(r"(?i)\bpassport [a-z]\d+"), Gate::Start(vec!["passport ".to_owned()]));
        assert_eq!(gate(r"(?i)\bpassport(?: no)?"), Gate::Start(vec!["passport".to_owned()]));
        assert_eq!(gate(r"NM1\*|[0-9]{2}h?"), Gate::Digit { before: 2 });
        let Gate::Start(devices) = gate(r"(?i)\b(?:device|implant|pacemaker|prosthesis) [a-z0-9]+") else {
            panic!("every match begins with one of four words")
        };
        assert_eq!(devices, ["device ", "implant ", "pacemaker ", "prosthesis "]);
        assert_eq!(gate(r"(?i)passport [a-z]\d+"), Gate::Digit { before: 10 }, "`mypassport a1` is a match too");
        assert_eq!(gate(r" == [a-z]"), Gate::Start(vec![" == ".to_owned()]));
        assert_eq!(gate(r"[A-Z]{4}"), Gate::Open);
        assert_eq!(gate(r"a?\d?x"), Gate::Open);
    }
}
