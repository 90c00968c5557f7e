//! Payment cards and bank routing numbers.

use super::{digits, luhn};

pub fn is_luhn(text: &str) -> bool {
    let digits = digits(text);
    digits.len() > 1 && luhn(&digits)
}

/// A brand's prefix with one of its lengths, and Luhn's check sum.
pub fn is_card(text: &str) -> bool {
    let digits = digits(text);
    let prefix = |length: usize| digits.iter().take(length).fold(0, |sum, digit| sum * 10 + digit);
    let brand = match digits.len() {
        13 => digits[0] == 4,
        14 => matches!(prefix(2), 36 | 38 | 39) || matches!(prefix(3), 300..=305),
        15 => matches!(prefix(2), 34 | 37),
        16 => {
            digits[0] == 4
                || matches!(prefix(2), 51..=55 | 65)
                || matches!(prefix(4), 2221..=2720 | 3528..=3589 | 6011)
                || matches!(prefix(3), 644..=649)
        }
        19 => digits[0] == 4 || prefix(4) == 6011,
        _ => false,
    };
    brand && luhn(&digits)
}

/// The check sum of an ABA routing number, in the Federal Reserve's ranges.
pub fn is_aba(text: &str) -> bool {
    let digits = digits(text);
    if digits.len() != 9 {
        return false;
    }
    let district = digits[0] * 10 + digits[1];
    let sum: u32 = digits.iter().zip([3, 7, 1].iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    matches!(district, 1..=12 | 21..=32 | 61..=72 | 80) && sum.is_multiple_of(10)
}
