//! National Provider Identifiers: Luhn over `80840` and the number (45 CFR 162.406).

use super::{digits, luhn};

pub fn is_npi(text: &str) -> bool {
    let number = digits(text);
    let with_prefix = || [8, 0, 8, 4, 0].into_iter().chain(number.iter().copied()).collect::<Vec<u32>>();
    number.len() == 10 && matches!(number[0], 1 | 2) && luhn(&with_prefix())
}
