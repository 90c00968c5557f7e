//! What tells who somebody is, in the one form in which a table keeps it and a text is asked for it.
//!
//! A row of a table gives keys that say something alone (a record number, an e-mail address, a given
//! with a family name) and keys made of two columns, so that two values found near each other count
//! only if they stand in one row. What says nothing alone (a birth date, a telephone number, one name)
//! is kept as a *part*: it only spares the search for pairs where there are none.

use super::column::Column;
use super::normal::{address, birth_date, email, name_words, number, phone};

/// What kind of thing a key is. Its number stands in the low bits of what a table keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum KeyKind {
    /// A number that one person alone has: record, Social Security, member, beneficiary.
    Number = 0,
    Email = 1,
    /// Given and family name of one row.
    Name = 2,
    /// Two other columns of one row.
    Pair = 3,
    /// One column that says nothing alone.
    Part = 4,
}

/// One thing to look for, in its normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key<'a> {
    pub kind: KeyKind,
    pub text: &'a str,
}

/// The keys of one row. Values that say too little (numbers under five digits, fillers such as
/// `999999999`, names of one letter) give none.
pub fn of_row<'c>(cells: impl Iterator<Item = (Column, &'c str)>, mut found: impl FnMut(Key<'_>)) {
    let mut row = Row::default();
    for (column, value) in cells {
        row.take(column, value.trim());
    }
    row.keys(&mut found);
}

/// The values of a row in normal form.
#[derive(Default)]
struct Row {
    numbers: Vec<String>,
    emails: Vec<String>,
    given: Vec<String>,
    family: Vec<String>,
    birth: Vec<String>,
    phones: Vec<String>,
    addresses: Vec<String>,
}

impl Row {
    fn take(&mut self, column: Column, value: &str) {
        match column {
            Column::Number => self.numbers.extend(number(value)),
            Column::Email => self.emails.extend(email(value)),
            Column::Given => self.given.extend(name_words(value).into_iter().next()),
            Column::Family => self.family.extend(name_words(value)),
            Column::FullName => match value.split_once(',') {
                Some((family, given)) => {
                    self.family.extend(name_words(family));
                    self.given.extend(name_words(given).into_iter().next());
                }
                None => {
                    let mut words = name_words(value);
                    self.family.extend(if words.len() > 1 { words.pop() } else { None });
                    self.given.extend(words.into_iter().next());
                }
            },
            Column::BirthDate => self.birth.extend(birth_date(value)),
            Column::Phone => self.phones.extend(phone(value)),
            Column::Address => self.addresses.extend(address(value)),
        }
    }

    fn keys(&self, found: &mut impl FnMut(Key<'_>)) {
        let mut each = |kind, texts: &[String]| texts.iter().for_each(|text| found(Key { kind, text }));
        each(KeyKind::Number, &self.numbers);
        each(KeyKind::Email, &self.emails);
        let columns = [
            (Tag::Given, &self.given),
            (Tag::Family, &self.family),
            (Tag::Birth, &self.birth),
            (Tag::Phone, &self.phones),
            (Tag::Address, &self.addresses),
        ];
        let mut text = String::new();
        for (at, (tag, values)) in columns.iter().enumerate() {
            for value in values.iter() {
                write_part(&mut text, *tag, value);
                found(Key { kind: KeyKind::Part, text: &text });
                for (other_tag, others) in columns[at + 1..].iter().filter(|(other, _)| tells(*tag, *other)) {
                    for other in others.iter() {
                        found(joined(&mut text, (*tag, value), (*other_tag, other)));
                    }
                }
            }
        }
    }
}

/// Which column a part comes from, in the order in which pairs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tag {
    Given,
    Family,
    Birth,
    Phone,
    Address,
}

impl Tag {
    fn letter(self) -> char {
        match self {
            Tag::Given => 'g',
            Tag::Family => 'f',
            Tag::Birth => 'b',
            Tag::Phone => 'p',
            Tag::Address => 'a',
        }
    }
}

/// Whether two columns of one row tell who somebody is. A given name does so only with a family name or a
/// birth date: there is a Maria behind every switchboard.
pub fn tells(one: Tag, other: Tag) -> bool {
    let with = |tag| if one == tag { Some(other) } else { (other == tag).then_some(one) };
    one != other && with(Tag::Given).is_none_or(|other| matches!(other, Tag::Family | Tag::Birth))
}

/// Writes a part's key text into a buffer.
pub fn write_part(buffer: &mut String, tag: Tag, value: &str) {
    buffer.clear();
    buffer.push(tag.letter());
    buffer.push(':');
    buffer.push_str(value);
}

/// The key of two values that must stand in one row, in either order.
pub fn joined<'b>(buffer: &'b mut String, one: (Tag, &str), other: (Tag, &str)) -> Key<'b> {
    let (first, second) = if one.0 <= other.0 { (one, other) } else { (other, one) };
    write_part(buffer, first.0, first.1);
    buffer.push('\0');
    buffer.push(second.0.letter());
    buffer.push(':');
    buffer.push_str(second.1);
    let kind = if (first.0, second.0) == (Tag::Given, Tag::Family) { KeyKind::Name } else { KeyKind::Pair };
    Key { kind, text: buffer }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(cells: &[(Column, &str)]) -> Vec<(KeyKind, String)> {
        let mut keys = Vec::new();
        of_row(cells.iter().copied(), |key| keys.push((key.kind, key.text.replace('\0', " "))));
        keys
    }

    /// DETECTION item 8: what fires on its own would flag half of all mail.
    #[test]
    fn what_says_too_little_is_no_key() {
        for short in ["1234", "AB12", "999999999", "123456789", "00000", ""] {
            assert_eq!(number(short), None, "{short}");
        }
        let alone: Vec<KeyKind> =
            keys(&[(Column::BirthDate, "1970-02-08")]).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(alone, [KeyKind::Part]);
        assert!(keys(&[(Column::Phone, "5550186")]).is_empty());
    }

    #[test]
    fn a_row_gives_its_pairs_and_never_those_of_another() {
        let row = keys(&[(Column::FullName, "Roe, Jane Ann"), (Column::BirthDate, "1970-02-08")]);
        let said: Vec<&str> = row.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(said, ["g:jane", "g:jane f:roe", "g:jane b:19700208", "f:roe", "f:roe b:19700208", "b:19700208"]);
        assert_eq!(row[1].0, KeyKind::Name);
        assert_eq!(row[2].0, KeyKind::Pair);
    }
}
