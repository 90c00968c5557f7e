//! Calendar dates as Americans and computers write them.

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A day that exists, with its year.
pub fn is_date(text: &str) -> bool {
    parse(text).is_some()
}

/// A day on which somebody alive can have been born. There is no clock here, so the far end is fixed.
pub fn is_birth_date(text: &str) -> bool {
    parse(text).is_some_and(|(year, _, _)| (1900..2100).contains(&year))
}

/// Year, month and day of a day that exists.
pub fn parse(text: &str) -> Option<(u32, u32, u32)> {
    let fields: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|field| !field.is_empty()).collect();
    let number = |text: &str| text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<u32>().ok();
    let (year, month, day) = match fields[..] {
        [one] if one.len() == 8 && one.bytes().all(|byte| byte.is_ascii_digit()) => {
            (number(&one[..4])?, number(&one[4..6])?, number(&one[6..])?)
        }
        [a, b, c] => match (month_named(a), month_named(b)) {
            (Some(month), _) => (year_of(c)?, month, number(b)?),
            (None, Some(month)) => (year_of(c)?, month, number(a)?),
            _ if a.len() == 4 => (number(a)?, number(b)?, number(c)?),
            // Month first; a first field above 12 can only be a day.
            _ if number(a)? > 12 => (year_of(c)?, number(b)?, number(a)?),
            _ => (year_of(c)?, number(a)?, number(b)?),
        },
        _ => return None,
    };
    ((1..=12).contains(&month) && day >= 1 && day <= days(year, month) && (1800..2200).contains(&year))
        .then_some((year, month, day))
}

/// Two digits mean the last hundred years.
fn year_of(text: &str) -> Option<u32> {
    let year: u32 = text.parse().ok()?;
    match text.len() {
        4 => Some(year),
        2 if year <= 30 => Some(2000 + year),
        2 => Some(1900 + year),
        _ => None,
    }
}

fn month_named(text: &str) -> Option<u32> {
    let head = text.get(..3)?.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| *month == head)?;
    (text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(at as u32 + 1)
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
