//! Telephone numbers of the North American Numbering Plan.

use super::digits;

/// Area and exchange begin with 2–9 and are no service codes (`N11`).
pub fn is_phone(text: &str) -> bool {
    let all = digits(text);
    let number = match all[..] {
        [1, ..] if all.len() == 11 => &all[1..],
        _ if all.len() == 10 => &all[..],
        _ => return false,
    };
    let service = |code: &[u32]| code[1] == 1 && code[2] == 1;
    number[0] >= 2 && number[3] >= 2 && !service(&number[..3]) && !service(&number[3..6])
}
