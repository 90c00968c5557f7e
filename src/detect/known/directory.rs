//! The organisation's own people: names, addresses, telephone numbers and provider numbers that tell of
//! no patient.

use std::collections::HashSet;

use super::super::headers;
use super::normal::{email, folded, name_words, phone};

/// Staff by what tells who they are. Not secret: it is the address book.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    names: HashSet<(String, String)>,
    others: HashSet<String>,
    people: usize,
}

/// What a column of the directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    Given,
    Family,
    /// Both names in one cell. A manager's name is one as well.
    Name,
    Email,
    Phone,
    /// National Provider Identifier.
    Npi,
}

impl Field {
    /// What a column with this header holds. Departments and job titles tell nobody and are not asked for.
    pub fn of_header(header: &str) -> Option<Self> {
        Some(match headers::normal(header).as_str() {
            "first" | "first name" | "given" | "given name" | "firstname" => Field::Given,
            "last" | "last name" | "family" | "family name" | "surname" | "sn" => Field::Family,
            "name" | "full name" | "display name" | "employee" | "employee name" | "provider" | "provider name"
            | "manager" | "manager name" | "supervisor" | "cn" => Field::Name,
            "email" | "e mail" | "mail" | "email address" | "user principal name" | "manager email" | "address" => {
                Field::Email
            }
            "phone" | "telephone" | "mobile" | "cell" | "fax" | "pager" | "phone number" | "telephone number"
            | "office phone" | "business phone" | "work phone" | "mobile phone" => Field::Phone,
            "npi" | "npi number" | "national provider id" | "national provider identifier" => Field::Npi,
            _ => return None,
        })
    }
}

impl Directory {
    /// Takes in one person. A cell may hold several values, apart by `;` or `|`.
    pub fn add<'c>(&mut self, cells: impl IntoIterator<Item = (Field, &'c str)>) {
        let (mut given, mut family) = (None, Vec::new());
        for (field, value) in cells {
            match field {
                Field::Given => given = name_words(value).into_iter().next(),
                Field::Family => family = name_words(value),
                Field::Name => self.add_name(value),
                Field::Email => self.others.extend(several(value).filter_map(email)),
                Field::Phone => self.others.extend(several(value).filter_map(phone)),
                Field::Npi => self.others.extend(several(value).filter(|npi| npi.len() == 10).map(str::to_owned)),
            }
        }
        if let Some(given) = given {
            self.names.extend(family.into_iter().map(|family| (given.clone(), family)));
        }
        self.people += 1;
    }

    fn add_name(&mut self, value: &str) {
        let (given, family) = match value.split_once(',') {
            Some((family, given)) => (name_words(given), name_words(family)),
            None => {
                let mut words = name_words(value);
                let family = words.pop();
                (words, family.into_iter().collect())
            }
        };
        if let Some(given) = given.into_iter().next() {
            self.names.extend(family.into_iter().map(|family| (given.clone(), family)));
        }
    }

    pub fn len(&self) -> usize {
        self.people
    }

    pub fn is_empty(&self) -> bool {
        self.people == 0
    }

    /// Whether somebody on the staff has this name, address or number.
    pub fn holds(&self, text: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        if text.contains('@') {
            return email(text).is_some_and(|address| self.others.contains(&address));
        }
        if text.bytes().any(|byte| byte.is_ascii_digit()) {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            return self.others.contains(&digits) || phone(text).is_some_and(|phone| self.others.contains(&phone));
        }
        let words = super::words(text);
        let pairs = words.iter().flat_map(|one| words.iter().map(move |other| (one, other)));
        pairs.into_iter().any(|(one, other)| self.names.contains(&(folded(one), folded(other))))
    }
}

fn several(value: &str) -> impl Iterator<Item = &str> {
    value.split([';', '|']).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staff_are_known_by_each_of_their_columns() {
        let mut directory = Directory::default();
        directory.add([
            (Field::Given, "Ada"),
            (Field::Family, "Okafor"),
            (Field::Email, "ada@corp.example; ada.okafor@corp.example"),
            (Field::Phone, "(520) 555-0167"),
            (Field::Npi, "1234567893"),
            (Field::Name, "Brandt, Lena"),
        ]);
        for text in [
            "Ada Okafor",
            "OKAFOR, ADA",
            "ADA@corp.example",
            "520.555.0167",
            "1234567893",
            "Lena Brandt",
            "Ada Q. Okafor",
        ] {
            assert!(directory.holds(text), "{text}");
        }
        for text in ["Ada Brandt", "Okafor", "other@corp.example", "520-555-0168"] {
            assert!(!directory.holds(text), "{text}");
        }
    }
}
