//! Placeholders: `111-11-1111`, `123456789`.

use super::digits;

/// Not one digit over and over.
pub fn is_not_repeated(text: &str) -> bool {
    let digits = digits(text);
    digits.len() < 2 || digits.iter().any(|digit| *digit != digits[0])
}

/// Not simply counting up or down.
pub fn is_not_sequential(text: &str) -> bool {
    let digits = digits(text);
    let counts = |step: i64| {
        digits.len() > 3
            && digits.windows(2).all(|pair| (i64::from(pair[0]) + step).rem_euclid(10) == i64::from(pair[1]))
    };
    !counts(1) && !counts(-1)
}

pub fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}
