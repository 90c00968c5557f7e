//! What the site knows: its patients by exact data match, its staff by a directory.
//!
//! The tables themselves lie elsewhere (`edm`), behind [`Index`]; here is what they are asked and what
//! follows from the answers. Patients that a table knows are seen (`look`); a name that a current
//! table of all patients lacks is a stranger's, and one that the directory has is a colleague's, unless
//! a table has it too.

mod column;
mod directory;
mod forms;
mod key;
mod look;
mod memory;
mod normal;

use std::sync::Arc;

use arc_swap::ArcSwap;
pub use column::Column;
pub use directory::{Directory, Field};
pub use forms::Forms;
pub use key::{Key, KeyKind, of_row};
pub use memory::Memory;

use key::{Tag, joined, write_part};
pub(super) use look::{Layout, look};
use normal::{address, email, folded, is_particle};

/// A table of people, asked by key.
pub trait Index: Send + Sync {
    /// Cheap, sometimes wrong with `true`, never with `false`.
    fn may_hold(&self, key: &Key<'_>) -> bool;
    fn holds(&self, key: &Key<'_>) -> Result<bool, Unreadable>;
    /// Whether it is new enough that who is missing in it is no patient.
    fn is_current(&self) -> bool;
}

/// The table could not be asked. What it would have said is missing, and the message counts as not wholly read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// Everything that is known; by default nothing.
#[derive(Clone, Default)]
pub struct Known {
    pub tables: Vec<Arc<dyn Index>>,
    /// Exchanged while scans ask it, when the site's directory is renewed.
    pub directory: Arc<ArcSwap<Directory>>,
    pub forms: Forms,
}

/// Who a name belongs to, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// In the site's directory, and no patient.
    Staff,
    /// In no table, though every table is current.
    Stranger,
}

impl Known {
    /// The same with one more table.
    pub fn with(mut self, table: Arc<dyn Index>) -> Self {
        self.tables.push(table);
        self
    }

    fn may_hold(&self, key: &Key<'_>) -> bool {
        self.tables.iter().any(|table| table.may_hold(key))
    }

    fn holds(&self, key: &Key<'_>) -> Result<bool, Unreadable> {
        for table in &self.tables {
            if table.may_hold(key) && table.holds(key)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a patient has this address.
    pub fn holds_email(&self, address: &str) -> Result<bool, Unreadable> {
        match email(address) {
            Some(text) if !self.tables.is_empty() => self.holds(&Key { kind: KeyKind::Email, text: &text }),
            _ => Ok(false),
        }
    }

    /// Whether the text of a name, an address or a number belongs to such a person. Where a table can't be
    /// asked, nobody is a stranger and nobody only staff.
    pub fn is(&self, who: Who, text: &str) -> bool {
        match who {
            Who::Staff => self.directory.load().holds(text) && self.is_patient(text) == Ok(false),
            Who::Stranger => {
                !self.tables.is_empty()
                    && self.tables.iter().all(|table| table.is_current())
                    && self.is_patient(text) == Ok(false)
            }
        }
    }

    /// Whether a table may mean this person: by both names, by one where only one is given, by the house.
    fn is_patient(&self, text: &str) -> Result<bool, Unreadable> {
        if text.contains('@') {
            return self.holds_email(text);
        }
        let words = words(text);
        let mut buffer = String::new();
        if let Some(house) = address(text) {
            write_part(&mut buffer, Tag::Address, &house);
            return self.holds(&Key { kind: KeyKind::Part, text: &buffer });
        }
        // `Roe-Núñez` is one name, though a table keeps each of its words.
        if text.split_whitespace().count() == 1 {
            for word in &words {
                for tag in [Tag::Given, Tag::Family] {
                    write_part(&mut buffer, tag, word);
                    if self.holds(&Key { kind: KeyKind::Part, text: &buffer })? {
                        return Ok(true);
                    }
                }
            }
            return Ok(false);
        }
        for (at, one) in words.iter().enumerate() {
            for (other_at, other) in words.iter().enumerate() {
                if at != other_at && self.holds(&joined(&mut buffer, (Tag::Given, one), (Tag::Family, other)))? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// The words of a name as found in a text, without initials, titles' points and particles.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphabetic()).map(folded);
    words.filter(|word| word.chars().count() > 1 && !is_particle(word)).take(6).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let mut table = Memory::default();
        table.row([(Column::Given, "Jane"), (Column::Family, "Roe-Núñez"), (Column::Email, "jane@home.example")]);
        table.row([(Column::Given, "Omar"), (Column::Family, "Haddad"), (Column::Address, "12 Elm St")]);
        let mut directory = Directory::default();
        directory.add([(Field::Given, "Omar"), (Field::Family, "Haddad")]);
        directory.add([(Field::Name, "Okafor, Ada"), (Field::Email, "ada@corp.example")]);
        Known { directory: Arc::new(ArcSwap::from_pointee(directory)), ..Known::default() }.with(Arc::new(table))
    }

    #[test]
    fn a_name_that_no_current_table_has_is_a_strangers() {
        let known = known();
        for (text, stranger) in [
            ("Jane Roe", false),
            ("NUNEZ, JANE Q", false),
            ("Roe", false),
            ("Roe-Núñez", false),
            ("Okafor-Brandt", true),
            ("Jane Haddad", true),
            ("Kowalski", true),
            ("jane@home.example", false),
            ("12 N Elm Street", false),
            ("13 N Elm Street", true),
        ] {
            assert_eq!(known.is(Who::Stranger, text), stranger, "{text}");
        }
        assert!(!Known::default().is(Who::Stranger, "Jane Haddad"), "without a table nobody is a stranger");
    }

    #[test]
    fn staff_who_are_patients_too_count_as_patients() {
        let known = known();
        assert!(known.is(Who::Staff, "Ada Okafor") && known.is(Who::Staff, "ada@corp.example"));
        assert!(!known.is(Who::Staff, "Omar Haddad"));
    }

    /// A table that can't be asked must not quieten anything.
    #[test]
    fn a_table_that_fails_makes_no_strangers_and_no_staff() {
        struct Broken;
        impl Index for Broken {
            fn may_hold(&self, _: &Key<'_>) -> bool {
                true
            }
            fn holds(&self, _: &Key<'_>) -> Result<bool, Unreadable> {
                Err(Unreadable)
            }
            fn is_current(&self) -> bool {
                true
            }
        }
        let known = known().with(Arc::new(Broken));
        assert!(!known.is(Who::Stranger, "Zed Unknown") && !known.is(Who::Staff, "Ada Okafor"));
    }
}
