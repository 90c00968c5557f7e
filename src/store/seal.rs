//! Sealed content: AES-256-GCM in the STREAM construction, so that it can be written and read
//! piece by piece, and no piece can be cut off, swapped, or moved to another message.
//!
//! ```text
//! sealed  = prefix(7) segment*          each segment: 64 KiB of content (the last one less) + tag(16)
//! nonce   = prefix(7) counter(4) last(1)
//! ```
//! The message's id is associated data of every segment. Hoang, Reyhanitabar, Rogaway and Vizár,
//! "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance" (2015).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;

use crate::keys::BodyKey;
use crate::mail::QueueId;

/// Octets of content in one segment.
pub const SEGMENT: usize = 64 * 1024;
const PREFIX: usize = 7;
const TAG: usize = 16;

/// What is sealed under a message's key: one can't be put in another's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Body = 1,
    Subject = 2,
}

/// It does not open: damaged, cut, swapped, or the wrong key.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken;

/// Seals one thing, segment by segment.
pub struct Sealer {
    stream: Stream,
    /// Content that does not yet fill a segment.
    pending: Vec<u8>,
}

struct Stream {
    key: LessSafeKey,
    prefix: [u8; PREFIX],
    counter: u32,
    associated: [u8; 17],
}

impl Sealer {
    /// Begins a sealed thing in `out`.
    pub fn new(key: &BodyKey, id: QueueId, purpose: Purpose, out: &mut Vec<u8>) -> Result<Self, Broken> {
        let mut prefix = [0; PREFIX];
        rand::fill(&mut prefix).map_err(|_| Broken)?;
        out.extend_from_slice(&prefix);
        Ok(Self { stream: Stream::new(key, id, purpose, prefix)?, pending: Vec::new() })
    }

    /// Adds content; full segments are sealed to the end of `out`.
    pub fn write(&mut self, mut content: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
        // A full segment waits until more comes, since the last one is sealed differently.
        while self.pending.len() + content.len() > SEGMENT {
            let (now, later) = content.split_at(SEGMENT - self.pending.len());
            self.pending.extend_from_slice(now);
            self.stream.seal(&mut self.pending, false, out)?;
            self.pending.clear();
            content = later;
        }
        self.pending.extend_from_slice(content);
        Ok(())
    }

    /// Seals what is left; nothing can follow.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        self.stream.seal(&mut self.pending, true, out)
    }
}

/// Seals a whole thing at once.
pub fn seal(key: &BodyKey, id: QueueId, purpose: Purpose, content: &[u8]) -> Result<Vec<u8>, Broken> {
    let mut out = Vec::with_capacity(sealed_len(content.len()));
    let mut sealer = Sealer::new(key, id, purpose, &mut out)?;
    sealer.write(content, &mut out)?;
    sealer.finish(&mut out)?;
    Ok(out)
}

/// Opens a whole thing in place, so that a large one is in memory once.
pub fn open(key: &BodyKey, id: QueueId, purpose: Purpose, mut sealed: Vec<u8>) -> Result<Vec<u8>, Broken> {
    let prefix: [u8; PREFIX] = sealed.get(..PREFIX).and_then(|front| front.try_into().ok()).ok_or(Broken)?;
    let mut stream = Stream::new(key, id, purpose, prefix)?;
    let (mut read, mut written) = (PREFIX, 0);
    loop {
        let end = sealed.len().min(read + SEGMENT + TAG);
        let is_last = end == sealed.len();
        let opened = stream.open(&mut sealed[read..end], is_last)?;
        sealed.copy_within(read..read + opened, written);
        written += opened;
        read = end;
        if is_last {
            sealed.truncate(written);
            return Ok(sealed);
        }
    }
}

fn sealed_len(content: usize) -> usize {
    PREFIX + content + TAG * content.div_ceil(SEGMENT).max(1)
}

impl Stream {
    fn new(key: &BodyKey, id: QueueId, purpose: Purpose, prefix: [u8; PREFIX]) -> Result<Self, Broken> {
        let key = UnboundKey::new(&AES_256_GCM, key.bytes()).map_err(|_| Broken)?;
        let mut associated = [purpose as u8; 17];
        associated[..16].copy_from_slice(id.as_bytes());
        Ok(Self { key: LessSafeKey::new(key), prefix, counter: 0, associated })
    }

    fn seal(&mut self, segment: &mut [u8], is_last: bool, out: &mut Vec<u8>) -> Result<(), Broken> {
        let nonce = self.nonce(is_last)?;
        let tag =
            self.key.seal_in_place_separate_tag(nonce, Aad::from(self.associated), segment).map_err(|_| Broken)?;
        out.extend_from_slice(segment);
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Opens a segment in place; gives the length of its content.
    fn open(&mut self, segment: &mut [u8], is_last: bool) -> Result<usize, Broken> {
        let nonce = self.nonce(is_last)?;
        let opened = self.key.open_in_place(nonce, Aad::from(self.associated), segment).map_err(|_| Broken)?;
        Ok(opened.len())
    }

    /// Each nonce is used once: the key is new for each message, the prefix for each thing.
    fn nonce(&mut self, is_last: bool) -> Result<Nonce, Broken> {
        let mut nonce = [0; 12];
        nonce[..PREFIX].copy_from_slice(&self.prefix);
        nonce[PREFIX..11].copy_from_slice(&self.counter.to_be_bytes());
        nonce[11] = u8::from(is_last);
        self.counter = self.counter.checked_add(1).ok_or(Broken)?;
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> QueueId {
        QueueId::new(number, &[0; 10])
    }

    fn key() -> BodyKey {
        BodyKey::generate().unwrap()
    }

    fn content(len: usize) -> Vec<u8> {
        (0..len).map(|at| (at % 251) as u8).collect()
    }

    #[test]
    fn content_of_any_length_comes_back() {
        let key = key();
        for len in [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3 * SEGMENT + 7] {
            let sealed = seal(&key, id(1), Purpose::Body, &content(len)).unwrap();
            assert_eq!(sealed.len(), sealed_len(len), "{len}");
            assert_eq!(open(&key, id(1), Purpose::Body, sealed).unwrap(), content(len), "{len}");
        }
    }

    #[test]
    fn pieces_of_any_size_seal_the_same_content() {
        let key = key();
        for piece in [1000, SEGMENT, 3 * SEGMENT] {
            let mut out = Vec::new();
            let mut sealer = Sealer::new(&key, id(1), Purpose::Body, &mut out).unwrap();
            for piece in content(2 * SEGMENT + 5).chunks(piece) {
                sealer.write(piece, &mut out).unwrap();
            }
            sealer.finish(&mut out).unwrap();
            assert_eq!(open(&key, id(1), Purpose::Body, out).unwrap(), content(2 * SEGMENT + 5));
        }
    }

    /// T241, T007.
    #[test]
    fn whatever_is_changed_cut_or_swapped_does_not_open() {
        let key = key();
        let sealed = seal(&key, id(1), Purpose::Body, &content(3 * SEGMENT)).unwrap();
        let opens = |sealed: &[u8]| open(&key, id(1), Purpose::Body, sealed.to_vec()).is_ok();
        assert!(opens(&sealed));
        for at in (0..sealed.len()).step_by(4999) {
            let mut flipped = sealed.clone();
            flipped[at] ^= 0x10;
            assert!(!opens(&flipped), "bit flipped in octet {at}");
        }
        for len in [0, 3, PREFIX, PREFIX + SEGMENT + TAG, sealed.len() - 1] {
            assert!(!opens(&sealed[..len]), "cut to {len}");
        }
        let segment = SEGMENT + TAG;
        let mut swapped = sealed.clone();
        swapped[PREFIX..PREFIX + segment].copy_from_slice(&sealed[PREFIX + segment..PREFIX + 2 * segment]);
        assert!(!opens(&swapped), "segments swapped");
        assert_eq!(open(&key, id(2), Purpose::Body, sealed.clone()), Err(Broken), "another message's id");
        assert_eq!(open(&key, id(1), Purpose::Subject, sealed.clone()), Err(Broken), "another purpose");
        assert_eq!(open(&self::key(), id(1), Purpose::Body, sealed), Err(Broken), "another key");
    }

    #[test]
    fn the_same_content_never_looks_the_same() {
        let key = key();
        let first = seal(&key, id(1), Purpose::Body, b"content").unwrap();
        assert_ne!(first, seal(&key, id(1), Purpose::Body, b"content").unwrap());
    }
}
