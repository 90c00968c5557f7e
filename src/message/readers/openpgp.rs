//! OpenPGP (RFC 9580): encrypted data is told from what only looks like it; nothing is decrypted.

use super::super::extraction::{Extraction, File};
use super::super::{GapReason, transfer};

const ARMOR: &[u8] = b"-----BEGIN PGP MESSAGE-----";

pub(super) fn is_message(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(ARMOR)
}

/// Encrypted for someone: no gap, and the part says so. Compressed or literal data anyone can open: a gap.
pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    if is_encrypted(&file.bytes) {
        extraction.mark_encrypted(&file.origin);
    } else {
        extraction.gap(&file.origin, GapReason::UnknownType);
    }
}

/// Whether session keys are followed by encrypted data, to the end.
pub(in super::super) fn is_encrypted(bytes: &[u8]) -> bool {
    let packets = match bytes.trim_ascii_start().starts_with(ARMOR) {
        true => dearmored(bytes.trim_ascii_start()),
        false => bytes.to_vec(),
    };
    let mut rest = packets.as_slice();
    let mut keys = 0;
    while let Some((tag, body, after)) = packet(rest) {
        match tag {
            // Public-key and symmetric-key encrypted session keys; marker.
            1 | 3 if body > 3 => keys += 1,
            10 => {}
            // Symmetrically encrypted data, plain or integrity protected.
            9 | 18 | 20 => return keys > 0 && body > 8,
            _ => return false,
        }
        rest = after;
    }
    false
}

/// The base64 between the armor's empty line and its checksum.
fn dearmored(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).replace('\r', "");
    let body = text.split_once("\n\n").map_or("", |(_, body)| body);
    let end = body.find("\n=").or(body.find("\n-----END")).unwrap_or(body.len());
    transfer::base64(&body.as_bytes()[..end], transfer::Padding::Ends)
}

/// Tag, length of the body, and what follows (RFC 9580 §4.2). A partial length may run to the end.
fn packet(bytes: &[u8]) -> Option<(u8, usize, &[u8])> {
    let (&head, rest) = bytes.split_first()?;
    if head & 0x80 == 0 {
        return None;
    }
    let number = |count: usize| -> Option<usize> {
        Some(rest.get(..count)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    };
    let (tag, len, skip) = if head & 0x40 == 0 {
        let (len, skip) = match head & 3 {
            0 => (number(1)?, 1),
            1 => (number(2)?, 2),
            2 => (number(4)?, 4),
            _ => (rest.len(), 0),
        };
        (head >> 2 & 15, len, skip)
    } else {
        let (len, skip) = match *rest.first()? {
            first @ 0..=191 => (usize::from(first), 1),
            first @ 192..=223 => (((usize::from(first) - 192) << 8) + usize::from(*rest.get(1)?) + 192, 2),
            255 => (number(5)? & 0xffff_ffff, 5),
            _ => (rest.len() - 1, 1),
        };
        (head & 0x3f, len, skip)
    };
    let body = rest.get(skip..)?;
    // Encrypted data that was cut is still encrypted; a cut key packet is no key.
    let present = len.min(body.len());
    Some((tag, present, &body[present..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key packet of the old format and encrypted data of the new one.
    fn sample() -> Vec<u8> {
        let mut bytes = vec![0x84, 12];
        bytes.extend([3; 12]);
        bytes.extend([0xd2, 20]);
        bytes.extend([1; 20]);
        bytes
    }

    #[test]
    fn encrypted_data_is_told_from_the_rest() {
        use base64::Engine;
        let armored = |bytes: &[u8]| {
            let body = base64::engine::general_purpose::STANDARD.encode(bytes);
            format!("-----BEGIN PGP MESSAGE-----\r\nVersion: x\r\n\r\n{body}\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n")
        };
        let literal = [0xcb, 10, b't', 0, 0, 0, 0, 0, b'R', b'o', b'e', 0];
        for (bytes, encrypted) in [
            (sample(), true),
            (armored(&sample()).into_bytes(), true),
            (literal.to_vec(), false),
            (armored(&literal).into_bytes(), false),
            (sample()[14..].to_vec(), false),
            (b"-----BEGIN PGP MESSAGE-----\n\nJo Roe, MRN 12345\n-----END PGP MESSAGE-----\n".to_vec(), false),
            (Vec::new(), false),
        ] {
            assert_eq!(is_encrypted(&bytes), encrypted, "{bytes:?}");
        }
    }
}
