//! S/MIME (RFC 5652, RFC 8551): what really parses as enveloped data is encrypted; what is only signed is opened.

use super::super::GapReason;
use super::super::extraction::{Extraction, File};

const SIGNED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const ENVELOPED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
const AUTH_ENVELOPED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17];
const COMPRESSED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x09];

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const EXPLICIT_0: u8 = 0xa0;

/// Deeper values are no CMS that anybody writes.
const MAX_DEPTH: usize = 24;

pub(super) fn is_cms(bytes: &[u8]) -> bool {
    content_type(bytes).is_some()
}

pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let Some((kind, inner)) = content_type(&file.bytes) else {
        return extraction.gap(&file.origin, GapReason::Corrupt);
    };
    match kind {
        ENVELOPED | AUTH_ENVELOPED if is_enveloped(inner) => extraction.mark_encrypted(&file.origin),
        SIGNED => match signed_content(inner) {
            // A detached signature has none.
            Some(content) if content.is_empty() => {}
            Some(content) => push_message(file, content, extraction),
            None => extraction.gap(&file.origin, GapReason::Corrupt),
        },
        COMPRESSED => match compressed_content(inner) {
            Some(content) => {
                let decoder = flate2::read::ZlibDecoder::new(&*content);
                let (bytes, fault) = super::archive::Meter::new(content.len(), extraction).drain(decoder, extraction);
                push_message(file, bytes, extraction);
                if let Some(reason) = fault {
                    extraction.gap(&file.origin, reason);
                }
            }
            None => extraction.gap(&file.origin, GapReason::Corrupt),
        },
        _ => extraction.gap(&file.origin, GapReason::Corrupt),
    }
}

fn push_message(file: &File<'_>, content: Vec<u8>, extraction: &mut Extraction<'_>) {
    let mut inner = file.inner("signed", content);
    inner.declared = "message/rfc822".to_owned();
    inner.name = None;
    inner.signed = true;
    extraction.push(inner);
}

/// The content type and content of a ContentInfo, if this is one.
fn content_type(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (info, _) = value(bytes, SEQUENCE)?;
    let (kind, rest) = value(info, OID)?;
    let known = [SIGNED, ENVELOPED, AUTH_ENVELOPED, COMPRESSED].into_iter().find(|known| *known == kind)?;
    let (explicit, _) = value(rest, EXPLICIT_0)?;
    let (content, _) = value(explicit, SEQUENCE)?;
    Some((known, content))
}

/// Version, recipients (at least one), and encrypted content with its algorithm (RFC 5652 §6.1, RFC 5083 §2.1).
fn is_enveloped(content: &[u8]) -> bool {
    let parsed = || {
        let (_, rest) = value(content, INTEGER)?;
        // originatorInfo is optional.
        let rest = value(rest, EXPLICIT_0).map_or(rest, |(_, rest)| rest);
        let (recipients, rest) = value(rest, SET)?;
        let (first, _, _) = any(recipients, 0)?;
        let (encrypted, _) = value(rest, SEQUENCE)?;
        let (_, rest) = value(encrypted, OID)?;
        let (_, rest) = value(rest, SEQUENCE)?;
        // [0] IMPLICIT OCTET STRING, primitive or constructed.
        let (tag, payload, _) = any(rest, 0)?;
        Some(first != 0 && matches!(tag, 0x80 | 0xa0) && !payload.is_empty())
    };
    parsed() == Some(true)
}

/// The encapsulated content of SignedData; empty where the signature is detached (RFC 5652 §5.1).
fn signed_content(content: &[u8]) -> Option<Vec<u8>> {
    let (_, rest) = value(content, INTEGER)?;
    let (_, rest) = value(rest, SET)?;
    let (encapsulated, _) = value(rest, SEQUENCE)?;
    octets_of(encapsulated)
}

fn compressed_content(content: &[u8]) -> Option<Vec<u8>> {
    let (_, rest) = value(content, INTEGER)?;
    let (_, rest) = value(rest, SEQUENCE)?;
    let (encapsulated, _) = value(rest, SEQUENCE)?;
    octets_of(encapsulated)
}

fn octets_of(encapsulated: &[u8]) -> Option<Vec<u8>> {
    let (_, rest) = value(encapsulated, OID)?;
    match value(rest, EXPLICIT_0) {
        None => Some(Vec::new()),
        Some((explicit, _)) => {
            let (tag, payload, _) = any(explicit, 0)?;
            match tag {
                OCTETS => Some(payload.to_vec()),
                // Constructed: the pieces one after another.
                0x24 => {
                    let mut joined = Vec::with_capacity(payload.len());
                    let mut rest = payload;
                    while let Some((piece, after)) = value(rest, OCTETS) {
                        joined.extend_from_slice(piece);
                        rest = after;
                    }
                    Some(joined)
                }
                _ => None,
            }
        }
    }
}

/// The content of a value with this tag, and what follows it.
fn value(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = any(bytes, 0)?;
    (found == tag).then_some((content, rest))
}

/// One BER value: tag, content, rest. Streaming writers leave lengths indefinite (X.690 §8.1.3.6).
fn any(bytes: &[u8], depth: usize) -> Option<(u8, &[u8], &[u8])> {
    if depth > MAX_DEPTH {
        return None;
    }
    let (&tag, rest) = bytes.split_first()?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    match first {
        0x80 => {
            // Ends with two zero bytes after whole values.
            let mut at = rest;
            loop {
                if let [0, 0, after @ ..] = at {
                    return Some((tag, &rest[..rest.len() - at.len()], after));
                }
                (_, _, at) = any(at, depth + 1)?;
            }
        }
        0..=0x7f => split(tag, rest, usize::from(first)),
        _ => {
            let count = usize::from(first & 0x7f);
            let digits = rest.get(..count).filter(|_| count <= 8)?;
            let len = digits.iter().fold(0u64, |len, digit| len << 8 | u64::from(*digit));
            split(tag, &rest[count..], usize::try_from(len).ok()?)
        }
    }
}

fn split(tag: u8, rest: &[u8], len: usize) -> Option<(u8, &[u8], &[u8])> {
    Some((tag, rest.get(..len)?, &rest[len..]))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{opened, text_of};
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        match content.len() {
            len @ 0..=0x7f => out.push(len as u8),
            len => out.extend([0x82, (len >> 8) as u8, len as u8]),
        }
        out.extend_from_slice(content);
        out
    }

    fn info(kind: &[u8], content: &[u8]) -> Vec<u8> {
        let explicit = der(EXPLICIT_0, &der(SEQUENCE, content));
        der(SEQUENCE, &[der(OID, kind), explicit].concat())
    }

    fn enveloped(recipients: &[u8]) -> Vec<u8> {
        let encrypted = [der(OID, &SIGNED[..8]), der(SEQUENCE, &der(OID, &[1])), der(0x80, b"secret")].concat();
        info(ENVELOPED, &[der(INTEGER, &[0]), der(SET, recipients), der(SEQUENCE, &encrypted)].concat())
    }

    #[test]
    fn only_what_parses_as_enveloped_counts_as_encrypted() {
        let good = opened("smime.p7m", &enveloped(&der(SEQUENCE, &[])));
        assert!(good.gaps.is_empty() && good.parts[0].encrypted);
        for bytes in [enveloped(&[]), info(ENVELOPED, b"Jo Roe, MRN 12345"), b"Jo Roe".to_vec()] {
            let extract = opened("smime.p7m", &bytes);
            assert!(!extract.gaps.is_empty() && !extract.parts[0].encrypted);
        }
    }

    #[test]
    fn signed_content_is_opened() {
        let mail = b"Content-Type: text/plain\r\n\r\nJo Roe\r\n";
        for octets in [der(OCTETS, mail), der(0x24, &[der(OCTETS, &mail[..9]), der(OCTETS, &mail[9..])].concat())] {
            let encapsulated = der(SEQUENCE, &[der(OID, &SIGNED[..8]), der(EXPLICIT_0, &octets)].concat());
            let signed = info(SIGNED, &[der(INTEGER, &[1]), der(SET, &[]), encapsulated].concat());
            assert_eq!(text_of(&opened("smime.p7m", &signed), "signed/body/text[1]"), "Jo Roe\n");
        }
    }

    #[test]
    fn indefinite_lengths_are_followed_but_not_for_ever() {
        let (tag, content, rest) = any(&[0x30, 0x80, 0x02, 0x01, 0x07, 0, 0, 9], 0).expect("a value");
        assert_eq!((tag, content, rest), (0x30, &[2, 1, 7][..], &[9][..]));
        assert!(any(&[0x30, 0x80].repeat(100_000), 0).is_none());
    }
}
