//! Vehicle identification numbers (49 CFR 565.15: 17 characters, the ninth a check digit).

pub fn is_vin(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let bytes = text.as_bytes();
    if bytes.len() != 17 {
        return false;
    }
    let values: Option<Vec<u32>> = bytes.iter().map(|byte| value(byte.to_ascii_uppercase())).collect();
    let Some(values) = values else { return false };
    let sum: u32 = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    match sum % 11 {
        10 => bytes[8].eq_ignore_ascii_case(&b'X'),
        check => bytes[8].is_ascii_digit() && u32::from(bytes[8] - b'0') == check,
    }
}

/// What a character stands for in the sum; I, O and Q are never used.
fn value(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'H' => Some(u32::from(byte - b'A') + 1),
        b'J'..=b'N' => Some(u32::from(byte - b'J') + 1),
        b'P' => Some(7),
        b'R' => Some(9),
        b'S'..=b'Z' => Some(u32::from(byte - b'S') + 2),
        _ => None,
    }
}
