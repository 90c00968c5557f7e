//! Social Security numbers and the taxpayer numbers that look like them.

use super::digits;

/// Numbers printed on specimens and in advertisements; the Social Security Administration voided them.
const SPECIMENS: [&str; 4] = ["078051120", "219099999", "123456789", "457555462"];

/// Area, group and serial as the Social Security Administration gives them out (randomised since 2011).
pub fn is_ssn(text: &str) -> bool {
    let digits = digits(text);
    if digits.len() != 9 {
        return false;
    }
    let number = |range: std::ops::Range<usize>| digits[range].iter().fold(0, |sum, digit| sum * 10 + digit);
    let (area, group, serial) = (number(0..3), number(3..5), number(5..9));
    let joined: String = text.chars().filter(char::is_ascii_digit).collect();
    area != 0 && area != 666 && area < 900 && group != 0 && serial != 0 && !SPECIMENS.contains(&joined.as_str())
}

/// Individual taxpayer identification numbers: 9xx, and a group from the ranges of the IRS.
pub fn is_itin(text: &str) -> bool {
    let digits = digits(text);
    if digits.len() != 9 || digits[0] != 9 {
        return false;
    }
    let group = digits[3] * 10 + digits[4];
    matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99)
}
