//! What tells who somebody is, in the one form in which a table keeps it and a text is asked for it.
//!
//! A row of a table gives keys that say something alone (a record number, an e-mail address, a given
//! with a family name) and keys made of two columns, so that two values found near each other count
//! only if they stand in one row. What says nothing alone (a birth date, a telephone number, one name)
//! is kept as a *part*: it only spares the search for pairs where there are none.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::super::validate::calendar_day;

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

/// What a column of a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Column {
    /// A number that one person alone has: record, Social Security, member, beneficiary.
    Number,
    Email,
    Given,
    Family,
    /// Both names in one cell: `Roe, Jane` or `Jane Roe`.
    #[serde(rename = "name")]
    FullName,
    BirthDate,
    Phone,
    Address,
}

/// Columns by the words of their headers, as `table::normal` writes them.
const HEADERS: &[(Column, &[&str])] = &[
    (
        Column::Number,
        &[
            "mrn",
            "medical record number",
            "medical record",
            "patient id",
            "pat id",
            "patient number",
            "chart",
            "chart no",
            "chart number",
            "enterprise id",
            "empi",
            "ssn",
            "social security number",
            "social security",
            "mbi",
            "medicare id",
            "medicare number",
            "medicare beneficiary identifier",
            "hicn",
            "medicaid id",
            "medicaid number",
            "member id",
            "member",
            "member number",
            "subscriber id",
            "policy number",
            "insurance id",
            "account",
            "account number",
            "acct",
            "acct no",
            "patient account",
            "number",
        ],
    ),
    (Column::Email, &["email", "e mail", "email address", "e mail address", "mail", "patient email", "home email"]),
    (Column::Given, &["first", "first name", "fname", "given", "given name", "pat first name", "patient first name"]),
    (
        Column::Family,
        &["last", "last name", "lname", "family", "family name", "surname", "pat last name", "patient last name"],
    ),
    (Column::FullName, &["name", "full name", "patient", "patient name", "pat name", "member name", "display name"]),
    (Column::BirthDate, &["dob", "date of birth", "birth date", "birthdate", "birth dt", "born", "patient dob"]),
    (
        Column::Phone,
        &[
            "phone",
            "phone number",
            "telephone",
            "home phone",
            "cell",
            "cell phone",
            "mobile",
            "mobile phone",
            "work phone",
            "primary phone",
            "tel",
            "patient phone",
        ],
    ),
    (
        Column::Address,
        &["address", "street", "street address", "addr", "address 1", "address line 1", "addr 1", "home address"],
    ),
];

impl Column {
    pub const ALL: [Column; 8] = [
        Column::Number,
        Column::Email,
        Column::Given,
        Column::Family,
        Column::FullName,
        Column::BirthDate,
        Column::Phone,
        Column::Address,
    ];

    /// The word for it on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Column::Number => "number",
            Column::Email => "email",
            Column::Given => "given",
            Column::Family => "family",
            Column::FullName => "name",
            Column::BirthDate => "birth-date",
            Column::Phone => "phone",
            Column::Address => "address",
        }
    }

    /// What a column with this header holds, if the header is a usual one.
    pub fn of_header(header: &str) -> Option<Self> {
        let header = super::super::table::normal(header);
        HEADERS.iter().find(|(_, words)| words.contains(&header.as_str())).map(|(column, _)| *column)
    }
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

/// Fewer digits than this never tell one person from others.
pub const LEAST_DIGITS: usize = 5;

/// `08-935 312` → `8935312`, `AV 081 284 33` → `AV08128433`.
pub fn number(value: &str) -> Option<String> {
    let plain: String = value.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let plain = if plain.bytes().all(|byte| byte.is_ascii_digit()) { plain.trim_start_matches('0') } else { &plain };
    let digits: Vec<u8> = plain.bytes().filter(u8::is_ascii_digit).collect();
    let filler = digits.windows(2).all(|pair| pair[0] == pair[1]) || "1234567890".as_bytes().starts_with(&digits);
    (digits.len() >= LEAST_DIGITS && plain.len() <= 32 && !filler).then(|| plain.to_owned())
}

/// Lower case, without the part behind a `+`.
pub fn email(value: &str) -> Option<String> {
    let value = value.trim().to_lowercase();
    let (local, domain) = value.rsplit_once('@')?;
    let local = local.split_once('+').map_or(local, |(front, _)| front);
    let fits = !local.is_empty() && domain.contains('.') && !value.contains(char::is_whitespace);
    fits.then(|| format!("{local}@{domain}"))
}

/// Ten digits of a North American number.
pub fn phone(value: &str) -> Option<String> {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix('1').filter(|rest| rest.len() == 10).unwrap_or(&digits);
    (digits.len() == 10 && !digits.starts_with(['0', '1'])).then(|| digits.to_owned())
}

/// `1970-02-08`, `02/08/1970`, `8 Feb 1970` → `19700208`. Times of day behind it are left out.
pub fn birth_date(value: &str) -> Option<String> {
    let day = value.split(['T', ' ']).next().filter(|day| day.len() >= 8);
    let (year, month, day) = day.and_then(calendar_day).or_else(|| calendar_day(value))?;
    (1870..2100).contains(&year).then(|| format!("{year:04}{month:02}{day:02}"))
}

const DIRECTIONS: [&str; 14] =
    ["n", "s", "e", "w", "ne", "nw", "se", "sw", "north", "south", "east", "west", "po", "box"];

/// The house number and the first word of the street: `1988 N Larkspur Dr Apt 4` → `1988 larkspur`.
pub fn address(value: &str) -> Option<String> {
    let mut words = value.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let house = words.next().filter(|house| house.len() <= 6 && house.bytes().all(|byte| byte.is_ascii_digit()))?;
    let street = words.map(folded).find(|word| !is_direction(word))?;
    (street.len() > 2).then(|| format!("{house} {street}"))
}

pub fn is_direction(word: &str) -> bool {
    DIRECTIONS.contains(&word)
}

/// What stands in names beside the names.
const NO_NAMES: [&str; 17] =
    ["jr", "sr", "ii", "iii", "iv", "de", "del", "la", "los", "da", "di", "van", "von", "der", "st", "le", "el"];

pub fn is_particle(word: &str) -> bool {
    NO_NAMES.contains(&word)
}

/// The words of a name that say who: `de la Cruz-Ortiz Jr` → `cruz`, `ortiz`; a name of particles alone is kept.
pub fn name_words(value: &str) -> Vec<String> {
    let all: Vec<String> = value
        .split(|c: char| !c.is_alphabetic() && !is_combining_mark(c))
        .map(folded)
        .filter(|w| w.len() > 1)
        .collect();
    let said: Vec<String> = all.iter().filter(|word| !is_particle(word)).cloned().collect();
    if said.is_empty() { all } else { said }
}

/// Lower case, without accents: `Núñez` → `nunez`.
pub fn folded(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(cells: &[(Column, &str)]) -> Vec<(KeyKind, String)> {
        let mut keys = Vec::new();
        of_row(cells.iter().copied(), |key| keys.push((key.kind, key.text.replace('\0', " "))));
        keys
    }

    #[test]
    fn values_have_one_form_however_they_are_written() {
        assert_eq!(number("08-935 312"), number("8935312"));
        assert_eq!(number("av 081 284 33").as_deref(), Some("AV08128433"));
        assert_eq!(email("Jane.Roe+lab@Gmail.com").as_deref(), Some("jane.roe@gmail.com"));
        assert_eq!(phone("+1 (520) 555-0167"), phone("520.555.0167"));
        for written in ["1970-02-08", "02/08/1970", "2/8/70", "19700208", "8 Feb 1970", "1970-02-08T00:00:00"] {
            assert_eq!(birth_date(written).as_deref(), Some("19700208"), "{written}");
        }
        assert_eq!(address("1988 N. Larkspur Dr Apt 127, Salina KS").as_deref(), Some("1988 larkspur"));
        assert_eq!(name_words("de la Cruz-Núñez Jr."), ["cruz", "nunez"]);
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

    #[test]
    fn usual_headers_are_recognised() {
        for (header, column) in [
            ("MRN", Some(Column::Number)),
            ("Member_ID", Some(Column::Number)),
            ("LastName", Some(Column::Family)),
            ("Date of Birth", Some(Column::BirthDate)),
            ("Cell Phone", Some(Column::Phone)),
            ("favourite colour", None),
        ] {
            assert_eq!(Column::of_header(header), column, "{header}");
        }
    }
}
