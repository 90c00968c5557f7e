//! Where an expression has to be tried, read from the expression itself.

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

/// What every match of an expression must hold.
#[derive(Debug, PartialEq, Eq)]
pub enum Gate {
    /// It begins with a word that holds a digit: tried at the first letter of such words only.
    Number,
    /// It holds a digit, at most so many bytes after its start.
    Digit { before: usize },
    /// It begins with one of these, in any case.
    Start(Vec<String>),
    /// Its author says that it holds, or stands near, one of these.
    Keywords(Vec<String>),
    /// Nothing that could be looked for.
    Open,
}

impl Gate {
    /// Literals tell more than a digit: texts have many numbers, and few passports.
    pub fn of(hir: &Hir, far: usize) -> Self {
        if let Some(literals) = literals(hir) {
            return Self::Start(literals);
        }
        match head(hir) {
            Some(head) if head.in_word && begins_word(hir) => Self::Number,
            Some(head) => Self::Digit { before: head.most.unwrap_or(far).min(far) },
            None => Self::Open,
        }
    }
}

/// Whether every match holds an ASCII digit.
pub fn needs_digit(hir: &Hir) -> bool {
    head(hir).is_some()
}

/// What stands in a match before its first digit.
struct Head {
    /// So many bytes at most; `None`: no bound.
    most: Option<usize>,
    /// Only ASCII letters and digits.
    in_word: bool,
}

/// `None`: a match need not hold an ASCII digit.
fn head(hir: &Hir) -> Option<Head> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(literal) => {
            let most = literal.0.iter().position(u8::is_ascii_digit)?;
            Some(Head { most: Some(most), in_word: literal.0[..most].iter().all(u8::is_ascii_alphanumeric) })
        }
        HirKind::Class(class) => within(class, |c| c.is_ascii_digit()).then_some(Head { most: Some(0), in_word: true }),
        HirKind::Repetition(repetition) if repetition.min > 0 => head(&repetition.sub),
        HirKind::Repetition(_) => None,
        HirKind::Capture(capture) => head(&capture.sub),
        HirKind::Concat(parts) => {
            let mut before = Head { most: Some(0), in_word: true };
            for part in parts {
                if let Some(own) = head(part) {
                    let most = before.most.zip(own.most).map(|(before, own)| before + own);
                    return Some(Head { most, in_word: before.in_word && own.in_word });
                }
                let length = part.properties().maximum_len();
                before.most = before.most.zip(length).map(|(before, length)| before + length);
                before.in_word &= is_in_word(part);
            }
            None
        }
        HirKind::Alternation(branches) => {
            let mut all = Head { most: Some(0), in_word: true };
            for branch in branches {
                let own = head(branch)?;
                all.most = all.most.zip(own.most).map(|(one, other)| one.max(other));
                all.in_word &= own.in_word;
            }
            Some(all)
        }
    }
}

/// Whether all that it matches are ASCII letters and digits.
fn is_in_word(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(u8::is_ascii_alphanumeric),
        HirKind::Class(class) => within(class, |c| c.is_ascii_alphanumeric()),
        HirKind::Repetition(repetition) => is_in_word(&repetition.sub),
        HirKind::Capture(capture) => is_in_word(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(is_in_word),
    }
}

/// Whether every match begins at a word's border.
fn begins_word(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Look(look) => {
            matches!(look, Look::WordAscii | Look::WordUnicode | Look::WordStartAscii | Look::WordStartUnicode)
        }
        HirKind::Capture(capture) => begins_word(&capture.sub),
        HirKind::Concat(parts) => parts.first().is_some_and(begins_word),
        HirKind::Alternation(branches) => branches.iter().all(begins_word),
        _ => false,
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
    let sequence = Extractor::new().limit_total(128).extract(&in_lower_case(hir));
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
    bytes.iter().filter(|byte| !byte.is_ascii_digit()).count() >= 2 && !two_letters
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
        Gate::of(&parser.expect("an expression"), 256)
    }

    #[test]
    fn what_begins_with_a_number_is_tried_at_numbers() {
        for source in [r"\b\d{3}-\d{2}-\d{4}\b", r"\b[A-Z]{0,3}\d[\d-]{3,13}\b", r"(?i)\b(?:\d{5}|[A-V]\d{4})\b"] {
            assert_eq!(gate(source), Gate::Number, "{source}");
        }
    }

    #[test]
    fn what_may_stand_before_the_first_digit_is_counted() {
        assert_eq!(gate(r"[,(] ?\d{1,3}"), Gate::Digit { before: 2 });
        assert_eq!(gate(r"\d-\d"), Gate::Digit { before: 0 });
        assert_eq!(gate(r"(?i)\b(?:\d/\d|(?:jan|feb)[a-z]{0,6}\.? \d)"), Gate::Digit { before: 11 });
        assert_eq!(gate(r"\b[a-z]+ \d"), Gate::Digit { before: 256 });
    }

    #[test]
    fn literals_go_before_digits_and_the_rest_is_tried_everywhere() {
        assert_eq!(gate(r"(?i)passport [a-z]\d+"), Gate::Start(vec!["passport ".to_owned()]));
        assert_eq!(gate(r"(?i)passport(?: no)?"), Gate::Start(vec!["passport".to_owned()]));
        assert_eq!(gate(r"NM1\*|[0-9]{2}h?"), Gate::Digit { before: 2 });
        let Gate::Start(devices) = gate(r"(?i)(?:device|implant|pacemaker|prosthesis) [a-z0-9]+") else {
            panic!("every match begins with one of four words")
        };
        assert_eq!(devices, ["device ", "implant ", "pacemaker ", "prosthesis "]);
        assert_eq!(gate(r"[A-Z]{4}"), Gate::Open);
        assert_eq!(gate(r"a?\d?x"), Gate::Open);
    }
}
