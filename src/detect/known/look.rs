//! Patients that a table knows, found in a text.
//!
//! The text is cut into words once. Most words end at the filter in memory; what passes is put together
//! to names, numbers and pairs, and only those are looked up.

use std::ops::Range;

use super::key::{Key, KeyKind, Tag, joined, tells, write_part};
use super::normal::{LEAST_DIGITS, birth_date, email, folded, is_direction, is_particle, number, phone};
use super::{Known, Unreadable};

/// A known patient's key in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub kind: KeyKind,
    pub span: Range<usize>,
}

/// How a text hangs together, for two columns of one row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Within [`PAIR_DISTANCE`] bytes.
    Flowing,
    /// In the same line.
    Rows,
}

/// Two columns of one row count within so many bytes.
const PAIR_DISTANCE: usize = 300;
/// Parts on each side of a date, number or address that are tried with it.
const NEIGHBOURS: usize = 24;
/// A number may be written in so many groups.
const GROUPS: usize = 5;
/// More hits in one text say nothing more.
const MOST_HITS: usize = 5_000;

/// A run of letters and digits.
struct Word<'t> {
    text: &'t str,
    start: usize,
    end: usize,
    digits: bool,
    given: bool,
    family: bool,
    /// In small letters, and more likely the word than the name.
    everyday: bool,
}

/// A value that says something beside another one of its row.
struct Part {
    tag: Tag,
    value: String,
    span: Range<usize>,
}

/// Calls back for each key of a known patient. `everyday` says whether a word in small letters is more
/// likely the word than a name.
pub fn look(
    known: &Known,
    text: &str,
    layout: Layout,
    everyday: &dyn Fn(&str) -> bool,
) -> Result<Vec<Hit>, Unreadable> {
    let mut search = Search { known, text, buffer: String::new(), hits: Vec::new(), parts: Vec::new() };
    let words = search.words(everyday);
    search.names(&words)?;
    search.numbers(&words)?;
    search.emails()?;
    search.pairs(layout)?;
    search.hits.sort_by_key(|hit| (hit.span.start, hit.span.end));
    search.hits.dedup();
    Ok(search.hits)
}

struct Search<'s> {
    known: &'s Known,
    text: &'s str,
    buffer: String,
    hits: Vec<Hit>,
    parts: Vec<Part>,
}

impl<'s> Search<'s> {
    /// All words, those that may be names marked, and noted as parts.
    fn words(&mut self, everyday: &dyn Fn(&str) -> bool) -> Vec<Word<'s>> {
        let mut words = Vec::with_capacity(self.text.len() / 6);
        let mut at = 0;
        for run in self.text.split(|c: char| !c.is_alphanumeric()) {
            let start = at;
            at += run.len();
            let digits = run.bytes().any(|byte| byte.is_ascii_digit());
            if !run.is_empty() {
                let mut word = Word { text: run, start, end: at, digits, given: false, family: false, everyday: false };
                if !digits && (2..=40).contains(&run.len()) {
                    self.mark(&mut word, everyday);
                }
                words.push(word);
            }
            at += self.text[at..].chars().next().map_or(0, char::len_utf8);
        }
        words
    }

    /// Whether a word may be a name; a likely one is a part as well.
    fn mark(&mut self, word: &mut Word<'_>, everyday: &dyn Fn(&str) -> bool) {
        let name = folded(word.text);
        word.given = self.may_be_part(Tag::Given, &name);
        word.family = self.may_be_part(Tag::Family, &name);
        if !(word.given || word.family) {
            return;
        }
        word.everyday = !word.text.starts_with(char::is_uppercase) && everyday(word.text);
        for (tag, is) in [(Tag::Given, word.given), (Tag::Family, word.family)] {
            if is && !word.everyday {
                self.parts.push(Part { tag, value: name.clone(), span: word.start..word.end });
            }
        }
    }

    fn may_be_part(&mut self, tag: Tag, value: &str) -> bool {
        write_part(&mut self.buffer, tag, value);
        self.known.may_hold(&Key { kind: KeyKind::Part, text: &self.buffer })
    }

    fn hit(&mut self, kind: KeyKind, span: Range<usize>) {
        if self.hits.len() < MOST_HITS {
            self.hits.push(Hit { kind, span });
        }
    }

    /// `Jane Roe`, `ROE, JANE`, `Jane Q. Roe`, `Jane de la Cruz`, `Jane Ann Roe`, `Roe\tJane`.
    fn names(&mut self, words: &[Word<'_>]) -> Result<(), Unreadable> {
        for (at, first) in words.iter().enumerate() {
            if !(first.given || first.family) {
                continue;
            }
            let mut between = 0;
            for pair in words[at..].windows(2) {
                let (before, second) = (&pair[0], &pair[1]);
                if !is_joint(&self.text[before.end..second.start]) {
                    break;
                }
                for (given, family) in [(first, second), (second, first)] {
                    if given.given && family.family && !(given.everyday && family.everyday) {
                        let (one, other) = (folded(given.text), folded(family.text));
                        let key = joined(&mut self.buffer, (Tag::Given, &one), (Tag::Family, &other));
                        if self.known.holds(&key)? {
                            self.hit(KeyKind::Name, first.start..second.end);
                        }
                    }
                }
                // An initial and particles may stand between, and one more name.
                let small = second.text.len() == 1 || is_particle(&folded(second.text));
                between += if small { 0 } else { 2 };
                if between > 2 || second.digits || !small && !second.text.starts_with(char::is_uppercase) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Numbers that one person alone has, telephone numbers, birth dates and house numbers.
    fn numbers(&mut self, words: &[Word<'_>]) -> Result<(), Unreadable> {
        for (at, word) in words.iter().enumerate() {
            if !word.digits {
                continue;
            }
            // `AV 081 284 33`: a short word in capitals may belong to the number.
            let head = at.checked_sub(1).map(|before| &words[before]).filter(|head| {
                let close = matches!(&self.text[head.end..word.start], " " | "-");
                close && !head.digits && head.text.len() <= 4 && head.text.bytes().all(|b| b.is_ascii_uppercase())
            });
            let mut day = None;
            for (more, last) in words[at..].iter().take(GROUPS).enumerate() {
                if more > 0 && !is_number_joint(&self.text[words[at + more - 1].end..last.start]) {
                    break;
                }
                let span = word.start..last.end;
                let written = &self.text[span.clone()];
                if day.is_none() && (more == 0 || more == 2) && written.len() >= 6 {
                    day = birth_date(written).map(|value| Part { tag: Tag::Birth, value, span: span.clone() });
                }
                // What is written as a date or as a decimal is not a number.
                let decimal = more == 1 && &self.text[word.end..last.start] == ".";
                if last.digits && !decimal && !(day.is_some() && more == 2) {
                    self.number(span.clone(), head.map(|head| head.start))?;
                    if let Some(value) = phone(written).filter(|_| written.len() < 20) {
                        self.part(Tag::Phone, value, span);
                    }
                } else if !last.digits {
                    break;
                }
            }
            let day = day.or_else(|| self.day_with_month(words, at));
            if let Some(Part { tag, value, span }) = day {
                self.part(tag, value, span);
            }
            self.house(words, at);
        }
        Ok(())
    }

    /// `8 Feb 1970`, `Feb 8, 1970`: the month's word beside a number.
    fn day_with_month(&self, words: &[Word<'_>], at: usize) -> Option<Part> {
        let before = at.checked_sub(1).filter(|before| !words[*before].digits);
        let next = words.get(at + 1).map(|next| next.digits);
        let (first, last) = match next {
            Some(true) if words[at].text.len() <= 4 => (before?, at + 1),
            Some(false) => (at, at + 2),
            _ => return None,
        };
        let span = words[first].start..words.get(last)?.end;
        let value = Some(&self.text[span.clone()]).filter(|text| text.len() <= 20).and_then(birth_date)?;
        Some(Part { tag: Tag::Birth, value, span })
    }

    fn number(&mut self, span: Range<usize>, head: Option<usize>) -> Result<(), Unreadable> {
        for start in std::iter::once(span.start).chain(head) {
            let written = &self.text[start..span.end];
            if written.len() < LEAST_DIGITS {
                continue;
            }
            if let Some(text) = number(written)
                && self.known.holds(&Key { kind: KeyKind::Number, text: &text })?
            {
                self.hit(KeyKind::Number, start..span.end);
            }
        }
        Ok(())
    }

    fn part(&mut self, tag: Tag, value: String, span: Range<usize>) {
        if self.may_be_part(tag, &value) {
            self.parts.push(Part { tag, value, span });
        }
    }

    /// `1988 N Larkspur`.
    fn house(&mut self, words: &[Word<'_>], at: usize) {
        let house = &words[at];
        if house.text.len() > 6 || !house.text.bytes().all(|byte| byte.is_ascii_digit()) {
            return;
        }
        let mut street = words[at + 1..].iter().take(2);
        let street = street.find(|word| !is_direction(&folded(word.text)));
        if let Some(street) = street.filter(|street| street.text.len() > 2 && street.start - house.end <= 8) {
            self.part(Tag::Address, format!("{} {}", house.text, folded(street.text)), house.start..street.end);
        }
    }

    fn emails(&mut self) -> Result<(), Unreadable> {
        let belongs = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'');
        for (at, _) in self.text.match_indices('@') {
            let local = self.text[..at]
                .rfind(|c| !belongs(c))
                .map_or(0, |before| before + self.text[before..].chars().next().map_or(1, char::len_utf8));
            let end = self.text[at + 1..].find(|c| !belongs(c)).map_or(self.text.len(), |length| at + 1 + length);
            let span = local.max(at.saturating_sub(64))..end.min(at + 256);
            let Some(written) = self.text.get(span.clone()) else { continue };
            if let Some(text) = email(written.trim_end_matches(['.', '-', '\'']))
                && self.known.holds(&Key { kind: KeyKind::Email, text: &text })?
            {
                self.hit(KeyKind::Email, span);
            }
        }
        Ok(())
    }

    /// Two columns of one row: a date, telephone number or address with whatever else stands near.
    fn pairs(&mut self, layout: Layout) -> Result<(), Unreadable> {
        let mut parts = std::mem::take(&mut self.parts);
        parts.sort_by_key(|part| part.span.start);
        for (at, part) in parts.iter().enumerate() {
            if matches!(part.tag, Tag::Given | Tag::Family) {
                continue;
            }
            for other in &parts[at.saturating_sub(NEIGHBOURS)..(at + NEIGHBOURS).min(parts.len())] {
                if !tells(other.tag, part.tag) || !self.are_together(layout, &part.span, &other.span) {
                    continue;
                }
                let key = joined(&mut self.buffer, (part.tag, &part.value), (other.tag, &other.value));
                if self.known.holds(&key)? {
                    let span = part.span.start.min(other.span.start)..part.span.end.max(other.span.end);
                    self.hit(KeyKind::Pair, span);
                }
            }
        }
        Ok(())
    }

    fn are_together(&self, layout: Layout, one: &Range<usize>, other: &Range<usize>) -> bool {
        let (low, high) = (one.end.min(other.end), one.start.max(other.start));
        if low > high {
            return false;
        }
        match layout {
            Layout::Flowing => high - low <= PAIR_DISTANCE,
            Layout::Rows => high - low <= 4 * PAIR_DISTANCE && !self.text[low..high].contains('\n'),
        }
    }
}

/// What may stand between the words of one name.
fn is_joint(between: &str) -> bool {
    between.len() <= 3
        && between.chars().all(|c| matches!(c, ' ' | '\t' | '\n' | ',' | '.' | '^' | '_' | '-' | '\'' | '’' | '\u{a0}'))
}

/// What may stand between the groups of one number.
fn is_number_joint(between: &str) -> bool {
    between.len() <= 2 && between.chars().all(|c| matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '_'))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Column, Memory};
    use super::*;

    fn seen(text: &str, layout: Layout) -> Vec<(KeyKind, String)> {
        let mut table = Memory::default();
        for (first, last, dob, mrn, phone, mail, address) in [
            (
                "Lisa",
                "Youngblood",
                "1970-02-08",
                "MR412671",
                "6025550186",
                "lisa.y@verizon.example",
                "1988 Larkspur Dr",
            ),
            ("Carlos", "de la Cruz", "1981-12-30", "08935312", "206 555-0107", "", "12 N Elm St"),
            ("Will", "Grant", "1950-01-02", "AV 081 284 33", "", "", ""),
        ] {
            table.row([
                (Column::Given, first),
                (Column::Family, last),
                (Column::BirthDate, dob),
                (Column::Number, mrn),
                (Column::Phone, phone),
                (Column::Email, mail),
                (Column::Address, address),
            ]);
        }
        let known = Known::default().with(Arc::new(table));
        let everyday = |word: &str| matches!(word, "will" | "grant");
        let hits = look(&known, text, layout, &everyday).expect("memory can be read");
        hits.into_iter().map(|hit| (hit.kind, text[hit.span].to_owned())).collect()
    }

    #[test]
    fn a_patient_is_found_in_every_usual_writing() {
        use KeyKind::{Email, Name, Number};
        for (text, kind, found) in [
            ("about Lisa Youngblood today", Name, "Lisa Youngblood"),
            ("YOUNGBLOOD, LISA M", Name, "YOUNGBLOOD, LISA"),
            ("Lisa M. Youngblood", Name, "Lisa M. Youngblood"),
            ("lisa youngblood called", Name, "lisa youngblood"),
            ("Carlos de la Cruz", Name, "Carlos de la Cruz"),
            ("Lisa Ann Youngblood", Name, "Lisa Ann Youngblood"),
            ("chart 8935312 pulled", Number, "8935312"),
            ("0893-5312", Number, "0893-5312"),
            ("id AV 081 284 33.", Number, "AV 081 284 33"),
            ("mr412671", Number, "mr412671"),
            ("<lisa.y@Verizon.example>", Email, "lisa.y@Verizon.example"),
        ] {
            assert_eq!(seen(text, Layout::Flowing), [(kind, found.to_owned())], "{text}");
        }
    }

    /// Two values count together only if one row has both.
    #[test]
    fn pairs_count_only_within_one_row_and_one_distance() {
        for text in [
            "Youngblood, born 02/08/1970",
            "Ms. Youngblood (602) 555-0186",
            "Youngblood at 1988 N Larkspur",
            "8 Feb 1970, phone 602.555.0186",
            "born February 8, 1970: Lisa",
        ] {
            let kinds: Vec<KeyKind> = seen(text, Layout::Flowing).into_iter().map(|(kind, _)| kind).collect();
            assert!(kinds.contains(&KeyKind::Pair), "{text}: {kinds:?}");
        }
        for text in [
            "Youngblood, born 12/30/1981",
            "born 02/08/1970",
            "Lisa (602) 555-0186, $4126.71",
            "call 602-555-0186",
            &format!("Youngblood {} 02/08/1970", "x ".repeat(200)),
        ] {
            assert_eq!(seen(text, Layout::Flowing), [], "{text}");
        }
    }

    #[test]
    fn rows_of_a_table_are_apart() {
        assert_eq!(seen("Youngblood\t1970-02-08", Layout::Rows)[0].0, KeyKind::Pair);
        assert_eq!(seen("Youngblood\tx\nSmith\t1970-02-08", Layout::Rows), []);
        assert_eq!(seen("Youngblood\tLisa\t4711", Layout::Rows)[0].0, KeyKind::Name);
    }

    #[test]
    fn everyday_words_in_small_letters_are_no_names() {
        assert_eq!(seen("we will grant access", Layout::Flowing), []);
        assert_eq!(seen("Will Grant", Layout::Flowing).len(), 1);
        assert_eq!(seen("Lisa met Mr. Cruz", Layout::Flowing), [], "two patients are not one");
    }
}
