//! The site key: what makes a hash of ours useless to anybody else.

use std::hash::Hasher;
use std::path::Path;

use aws_lc_rs::hmac;
use siphasher::sip::SipHasher24;
use zeroize::Zeroizing;

use super::{Error, at};
use crate::detect::known::Key;
use crate::keys::{Absent, BodyKey, Source, beside};

/// Hashes keys, and vouches for files. Kept in `site.key`, wrapped by the master key.
#[derive(Clone)]
pub struct SiteKey {
    hashes: hmac::Key,
    seals: hmac::Key,
    quick: Zeroizing<[u8; 16]>,
}

/// A key as hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hashed {
    /// HMAC-SHA-256, cut to 61 bits; the kind of the key in the low three.
    pub exact: u64,
    /// SipHash-2-4, for the filter: every word of a mail is hashed by it.
    pub quick: u64,
}

/// How much of a hash says what kind of key it is of.
const KIND_BITS: u64 = 0b111;

impl SiteKey {
    /// Reads the key, wraps it anew where the master key has changed, or makes one if absent.
    pub fn open(path: &Path, data_dir: &Path, master: &Source) -> Result<Self, Error> {
        let kept = beside::read(path).map_err(at(path))?;
        // A master key is made only where nothing is sealed yet, as the store does it.
        let sealed = kept.is_some() || data_dir.join("store.db").exists();
        let masters = master.load(if sealed { Absent::Refuse } else { Absent::Make })?;
        let key = match kept {
            Some(wrapped) => {
                let key = masters.unwrap(&wrapped)?;
                if masters.is_old(&wrapped) {
                    beside::write(path, &masters.wrap(&key)?).map_err(at(path))?;
                }
                key
            }
            None => {
                let key = BodyKey::generate()?;
                beside::write(path, &masters.wrap(&key)?).map_err(at(path))?;
                key
            }
        };
        Ok(Self::new(&key))
    }

    fn new(key: &BodyKey) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, key.bytes());
        let derived = |purpose: &[u8]| hmac::sign(&root, purpose);
        let mut quick = Zeroizing::new([0; 16]);
        quick.copy_from_slice(&derived(b"filter").as_ref()[..16]);
        Self {
            hashes: hmac::Key::new(hmac::HMAC_SHA256, derived(b"hashes").as_ref()),
            seals: hmac::Key::new(hmac::HMAC_SHA256, derived(b"seals").as_ref()),
            quick,
        }
    }

    /// Both hashes, for building.
    pub fn hashed(&self, key: &Key<'_>) -> Hashed {
        Hashed { exact: self.exact(key), quick: self.quick(key) }
    }

    pub fn exact(&self, key: &Key<'_>) -> u64 {
        let tag = hmac::sign(&self.hashes, key.text.as_bytes());
        let front: [u8; 8] = tag.as_ref()[..8].try_into().expect("SHA-256 is longer");
        u64::from_le_bytes(front) & !KIND_BITS | key.kind as u64
    }

    pub fn quick(&self, key: &Key<'_>) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.quick);
        hasher.write_u8(key.kind as u8);
        hasher.write(key.text.as_bytes());
        hasher.finish()
    }

    /// What vouches for a stretch of a file, with its place.
    pub fn seal(&self, place: u64, bytes: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.seals);
        context.update(&place.to_le_bytes());
        context.update(bytes);
        context.sign().as_ref().try_into().expect("HMAC-SHA-256 has 32 octets")
    }
}

/// The kind of key that a hash is of.
pub fn kind_of(exact: u64) -> u8 {
    (exact & KIND_BITS) as u8
}
