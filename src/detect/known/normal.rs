//! The one form of a value, however it is written: a table keeps it so, and a text is asked for it so.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::super::validate::calendar_day;

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
}
