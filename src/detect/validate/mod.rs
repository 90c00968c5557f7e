//! Checks beyond shape: check digits, known specimens, plausible dates.
//!
//! A new validator is one file here and one line in [`VALIDATORS`].

mod card;
mod date;
mod dea;
mod mbi;
mod npi;
mod phone;
mod repeated;
mod ssn;
mod vin;

pub use date::parse as calendar_day;

/// Whether a sight's text can be what it looks like.
pub type Validator = fn(&str) -> bool;

/// Every validator by the name that rules use.
pub const VALIDATORS: &[(&str, Validator)] = &[
    ("ssn", ssn::is_ssn),
    ("itin", ssn::is_itin),
    ("luhn", card::is_luhn),
    ("card", card::is_card),
    ("npi", npi::is_npi),
    ("dea", dea::is_dea),
    ("mbi", mbi::is_mbi),
    ("vin", vin::is_vin),
    ("date", date::is_date),
    ("birth-date", date::is_birth_date),
    ("phone", phone::is_phone),
    ("aba", card::is_aba),
    ("not-repeated", repeated::is_not_repeated),
    ("not-sequential", repeated::is_not_sequential),
    ("has-digit", repeated::has_digit),
];

/// The validator of that name.
pub fn named(name: &str) -> Option<Validator> {
    VALIDATORS.iter().find(|(known, _)| *known == name).map(|(_, validator)| *validator)
}

/// The digits alone, as numbers.
fn digits(text: &str) -> Vec<u32> {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| u32::from(byte - b'0')).collect()
}

/// Luhn's check sum (ISO/IEC 7812-1, annex B).
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { *digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests;
