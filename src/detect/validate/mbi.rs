//! Medicare Beneficiary Identifiers (CMS: position by position, letters without S L O I B Z).

pub fn is_mbi(text: &str) -> bool {
    let plain: Vec<u8> =
        text.bytes().filter(|byte| !matches!(byte, b'-' | b' ')).map(|byte| byte.to_ascii_uppercase()).collect();
    const SHAPE: &[u8; 11] = b"CAXNAXNAANN";
    plain.len() == SHAPE.len()
        && plain.iter().zip(SHAPE).all(|(byte, kind)| {
            let letter = byte.is_ascii_uppercase() && !b"SLOIBZ".contains(byte);
            match kind {
                b'C' => (b'1'..=b'9').contains(byte),
                b'A' => letter,
                b'N' => byte.is_ascii_digit(),
                _ => letter || byte.is_ascii_digit(),
            }
        })
}
