//! Registration numbers of the Drug Enforcement Administration.

/// Two letters (the second may be 9) and seven digits, the last a check digit.
pub fn is_dea(text: &str) -> bool {
    let bytes = text.trim().as_bytes();
    if bytes.len() != 9 || !b"ABFGMPR".contains(&bytes[0].to_ascii_uppercase()) {
        return false;
    }
    if !bytes[1].is_ascii_alphabetic() && bytes[1] != b'9' || !bytes[2..].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let digit = |at: usize| u32::from(bytes[at + 1] - b'0');
    let sum = digit(1) + digit(3) + digit(5) + 2 * (digit(2) + digit(4) + digit(6));
    sum % 10 == digit(7)
}
