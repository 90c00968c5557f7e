//! A text that is a list of topics: the lease, whom we hire, Roe's mammogram. What one item says is not said of whom
//! another names, and what speaks of work in one says nothing about the next.

use std::ops::Range;

use memchr::memchr_iter;

/// Fewer items than these are no list of topics.
const FEWEST: usize = 3;
/// Shorter items are fields, names or errands: of these so many may stand among the topics as there are topics.
const LEAST: usize = 40;
/// Longer ones are chapters, of which one may well go on about whom another names.
const MOST: usize = 1500;

/// Where the items of a list of topics begin; empty where a text is none.
#[derive(Default)]
pub struct Topics {
    begins: Vec<u32>,
    length: usize,
}

impl Topics {
    pub fn of(text: &str) -> Self {
        let marked: Vec<(Mark, u32)> =
            line_starts(text).filter_map(|at| Some((Mark::at(text, at)?, at as u32))).collect();
        let mut tried: Vec<Mark> = Vec::new();
        for (mark, _) in &marked {
            if tried.iter().any(|other| other.is_like(*mark)) {
                continue;
            }
            tried.push(*mark);
            let begins = items(&marked, *mark);
            if are_topics(text, *mark, &begins) {
                return Self { begins, length: text.len() };
            }
        }
        Self::default()
    }

    /// Topics that begin at these places.
    pub fn at(begins: Vec<u32>, length: usize) -> Self {
        Self { begins, length }
    }

    pub fn begins(&self) -> &[u32] {
        &self.begins
    }

    /// The item in which a place lies: none where there are none, and in what introduces them.
    pub fn around(&self, place: u32) -> Option<Range<usize>> {
        let at = self.begins.partition_point(|begin| *begin <= place);
        let begin = self.begins[..at].last()?;
        Some(*begin as usize..self.begins.get(at).map_or(self.length, |next| *next as usize))
    }

    /// What stands above the items, and speaks for all of them.
    pub fn preamble(&self) -> Range<usize> {
        0..self.begins.first().map_or(0, |first| *first as usize)
    }

    /// Whether two places lie in different items.
    pub fn part(&self, one: u32, other: u32) -> bool {
        self.around(one).is_some_and(|topic| self.around(other).is_some_and(|of_other| of_other != topic))
    }
}

/// What begins an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// `1.`, `2)`, `(3)`
    Number(u8),
    /// `-`, `*`, `•`, `–`
    Sign(char),
    /// `Rm 412`, `Bed 3`: who lies there.
    Room,
}

impl Mark {
    /// The mark at a line's start, and a blank behind it.
    fn at(text: &str, at: usize) -> Option<Self> {
        let line = text[at..].trim_start_matches([' ', '\t', '>']);
        let first = line.chars().next()?;
        if matches!(first, '-' | '*' | '•' | '–' | '·' | '▪' | '◦') {
            return line[first.len_utf8()..].starts_with([' ', '\t']).then_some(Self::Sign(first));
        }
        if is_room(line) {
            return Some(Self::Room);
        }
        let number = line.strip_prefix('(').unwrap_or(line);
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        let rest = number[digits..].strip_prefix(['.', ')'])?;
        (digits < 3 && rest.starts_with([' ', '\t'])).then(|| number[..digits].parse().ok().map(Self::Number))?
    }

    fn is_like(self, other: Self) -> bool {
        self == other || matches!((self, other), (Self::Number(_), Self::Number(_)))
    }
}

/// The items that begin with marks of one kind; numbers count up.
fn items(marked: &[(Mark, u32)], like: Mark) -> Vec<u32> {
    let mut due = 1;
    let is_next = |(mark, _): &&(Mark, u32)| match mark {
        Mark::Number(number) if like.is_like(*mark) => {
            *number == due && {
                due += 1;
                true
            }
        }
        mark => *mark == like,
    };
    marked.iter().filter(is_next).map(|(_, at)| *at).collect()
}

/// Whether a line begins with a room's or bed's number.
fn is_room(line: &str) -> bool {
    let word = line.bytes().take_while(u8::is_ascii_alphabetic).count();
    let known = ["rm", "room", "bed", "bay"].iter().any(|room| line[..word].eq_ignore_ascii_case(room));
    known && line[word..].trim_start_matches([' ', '#']).starts_with(|c: char| c.is_ascii_digit())
}

/// Topics are told in sentences, and mostly in more than a few words; of who lies in rooms only words are told. Of the
/// last item nobody knows where it ends.
fn are_topics(text: &str, mark: Mark, begins: &[u32]) -> bool {
    let items = || begins.windows(2).map(|pair| &text.as_bytes()[pair[0] as usize..pair[1] as usize]);
    let told = items().filter(|item| item.len() >= LEAST && has_stop(item)).count();
    begins.len() >= FEWEST
        && items().all(|item| item.len() <= MOST)
        && (mark == Mark::Room || told + 1 >= FEWEST && 2 * told >= begins.len() - 1)
}

/// Whether a sentence ends in an item, behind its mark.
fn has_stop(item: &[u8]) -> bool {
    let ends = |pair: &[u8]| matches!(pair[0], b'.' | b'!' | b'?') && pair[1].is_ascii_whitespace();
    item.windows(2).skip(MOST_MARK).any(ends)
}

/// A mark with quotation marks and blanks before it is no longer.
const MOST_MARK: usize = 12;

fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    std::iter::once(0).chain(memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).filter(|at| *at < text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "Team,\n\n1. The landlord offers three more years for the suite.\n2. Roe's mammogram is on Friday, \
        please drive her.\n- bring water\n3. Carl presents the budget to the board on Monday.\n\nThanks";

    #[test]
    fn items_of_a_list_of_topics_are_apart() {
        let topics = Topics::of(LIST);
        let place = |word: &str| LIST.find(word).expect("it is there") as u32;
        assert!(topics.part(place("landlord"), place("mammogram")) && topics.part(place("mammogram"), place("Carl")));
        assert!(!topics.part(place("mammogram"), place("water")) && !topics.part(place("Team"), place("Carl")));
        let topic = topics.around(place("mammogram")).expect("an item");
        assert!(LIST[topic.clone()].starts_with("2. Roe") && LIST[topic].ends_with("water\n"));
        assert_eq!(&LIST[topics.preamble()], "Team,\n\n");
        assert!(topics.around(0).is_none());
    }

    #[test]
    fn fields_errands_and_letters_are_no_topics() {
        for text in [
            "1. Jane Roe, eight years with adolescents, PhD\n2. Carl Smith, trauma and substance use, MSW\n3. Ann Ortiz, new \
             graduate, speaks two languages",
            "- Name: Roe\n- Born: 1961\n- Problem: asthma\n- Plan: inhaler",
            "Dear Ann,\n\nyour scan is on Friday, please come fasting and bring the form.\n\nYours, Carl",
            "2. The landlord offers three more years for the suite.\n4. Roe's mammogram is on Friday, please drive her.\n\
             9. Carl presents the budget to the board on Monday.",
            "",
        ] {
            assert!(Topics::of(text).begins().is_empty(), "{text}");
        }
        let chapters = format!("1. {0}\n2. {0}\n3. {0}", "word ".repeat(400));
        assert!(Topics::of(&chapters).begins().is_empty());
    }

    #[test]
    fn rooms_are_apart_in_few_words() {
        let rooms = "4 West\n\nRm 412 Roe - chest tube out\n rm #414 Mrs Pell, confused\nRm 417 empty\nNeed someone to restock.";
        let topics = Topics::of(rooms);
        let place = |word: &str| rooms.find(word).expect("it is there") as u32;
        assert!(topics.part(place("Roe"), place("restock")) && topics.part(place("Roe"), place("Pell")));
        assert!(Topics::of("Room for three\nRoom for two\nRoom for one").begins().is_empty());
    }

    #[test]
    fn bullets_and_quoted_numbers_count_alike() {
        let bullets = "* The landlord offers three more years.\n* Roe's mammogram is on Friday, drive her.\n* Carl presents \
            the budget to the board.";
        assert_eq!(Topics::of(bullets).begins().len(), 3);
        let quoted =
            "> (1) The landlord offers three more years.\n> (2) Roe's mammogram is on Friday, drive her.\n>> (3) Carl.";
        let of_word = |word: &str| Topics::of(quoted).around(quoted.find(word).expect("it is there") as u32);
        assert!(of_word("Roe").is_some_and(|topic| quoted[topic].starts_with("> (2)")));
    }
}
