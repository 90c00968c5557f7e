//! The key that wraps all others (AES-KWP, RFC 5649).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rand;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Error;

/// Length of a wrapped key: the master's id, and a 256-bit key with the wrap's own 8 octets.
pub const WRAPPED_LEN: usize = ID_LEN + 40;
const ID_LEN: usize = 8;
const KEY_LEN: usize = 32;

/// Names a master key without telling anything of it: the front of its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub [u8; ID_LEN]);

/// A 256-bit key for one thing's content. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct BodyKey([u8; KEY_LEN]);

/// The master key in use, and older ones that may still have wrapped something.
#[derive(Clone)]
pub struct MasterKeys {
    /// The first is in use.
    keys: Vec<Master>,
}

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
struct Master {
    #[zeroize(skip)]
    id: KeyId,
    key: [u8; KEY_LEN],
}

impl BodyKey {
    pub fn generate() -> Result<Self, Error> {
        let mut key = [0; KEY_LEN];
        rand::fill(&mut key).map_err(|_| Error::Random)?;
        Ok(Self(key))
    }

    pub fn bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

impl MasterKeys {
    /// A new master key, alone.
    pub fn generate() -> Result<Self, Error> {
        Ok(Self { keys: vec![Master::new(*BodyKey::generate()?.bytes())] })
    }

    /// From lines of 64 hexadecimal digits, the key in use first.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(Master::parse).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(Error::Malformed) } else { Ok(Self { keys }) }
    }

    /// As [`Self::parse`] reads it.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.keys.len() * (2 * KEY_LEN + 1)));
        for master in &self.keys {
            for byte in &master.key {
                for digit in [byte >> 4, byte & 15] {
                    text.push(char::from_digit(u32::from(digit), 16).expect("four bits are a digit"));
                }
            }
            text.push('\n');
        }
        text
    }

    /// These keys with a new one before them.
    pub fn with_new(&self) -> Result<Self, Error> {
        let mut keys = Self::generate()?.keys;
        keys.extend(self.keys.iter().cloned());
        Ok(Self { keys })
    }

    /// Only the key in use, once nothing is wrapped by the others.
    pub fn current_only(&self) -> Self {
        Self { keys: vec![self.keys[0].clone()] }
    }

    pub fn current(&self) -> KeyId {
        self.keys[0].id
    }

    pub fn knows(&self, id: KeyId) -> bool {
        self.keys.iter().any(|master| master.id == id)
    }

    pub fn wrap(&self, key: &BodyKey) -> Result<Vec<u8>, Error> {
        let master = &self.keys[0];
        let kek = AesKek::new(&AES_256, &master.key).map_err(|_| Error::Unwrap)?;
        let mut wrapped = vec![0; WRAPPED_LEN];
        wrapped[..ID_LEN].copy_from_slice(&master.id.0);
        kek.wrap_with_padding(&key.0, &mut wrapped[ID_LEN..]).map_err(|_| Error::Unwrap)?;
        Ok(wrapped)
    }

    pub fn unwrap(&self, wrapped: &[u8]) -> Result<BodyKey, Error> {
        let (id, sealed) = wrapped.split_at_checked(ID_LEN).ok_or(Error::Unwrap)?;
        let master = self.keys.iter().find(|master| master.id.0 == *id).ok_or(Error::Unwrap)?;
        let kek = AesKek::new(&AES_256, &master.key).map_err(|_| Error::Unwrap)?;
        let mut room = Zeroizing::new([0; KEY_LEN + 8]);
        let key = kek.unwrap_with_padding(sealed, &mut room[..]).map_err(|_| Error::Unwrap)?;
        Ok(BodyKey((&*key).try_into().map_err(|_| Error::Unwrap)?))
    }

    /// Whether this wrapped key awaits being wrapped anew by the key in use.
    pub fn is_old(&self, wrapped: &[u8]) -> bool {
        !wrapped.starts_with(&self.keys[0].id.0)
    }
}

impl Master {
    fn new(key: [u8; KEY_LEN]) -> Self {
        let hash = digest(&SHA256, &key);
        Self { id: KeyId(hash.as_ref()[..ID_LEN].try_into().expect("SHA-256 is longer")), key }
    }

    fn parse(line: &str) -> Result<Self, Error> {
        if line.len() != 2 * KEY_LEN || !line.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Error::Malformed);
        }
        let mut key = [0; KEY_LEN];
        for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&line[at..at + 2], 16).map_err(|_| Error::Malformed)?;
        }
        Ok(Self::new(key))
    }
}

impl fmt::Debug for BodyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} master keys]", self.keys.len())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_comes_back_and_shows_nothing_of_itself() {
        let masters = MasterKeys::generate().unwrap();
        let key = BodyKey::generate().unwrap();
        let wrapped = masters.wrap(&key).unwrap();
        assert_eq!(wrapped.len(), WRAPPED_LEN);
        assert_eq!(masters.unwrap(&wrapped).unwrap().bytes(), key.bytes());
        assert!(!wrapped.windows(8).any(|window| key.bytes().windows(8).any(|part| part == window)));
        assert_eq!(format!("{key:?} {masters:?}"), "[key] [1 master keys]");
    }

    #[test]
    fn a_damaged_or_foreign_wrapped_key_is_refused() {
        let masters = MasterKeys::generate().unwrap();
        let mut wrapped = masters.wrap(&BodyKey::generate().unwrap()).unwrap();
        assert!(MasterKeys::generate().unwrap().unwrap(&wrapped).is_err());
        for at in 0..wrapped.len() {
            wrapped[at] ^= 1;
            assert!(masters.unwrap(&wrapped).is_err(), "octet {at}");
            wrapped[at] ^= 1;
        }
        assert!(masters.unwrap(&wrapped[..20]).is_err() && masters.unwrap(&[]).is_err());
    }

    #[test]
    fn after_rotation_old_keys_open_until_they_are_dropped() {
        let before = MasterKeys::generate().unwrap();
        let key = BodyKey::generate().unwrap();
        let wrapped = before.wrap(&key).unwrap();
        let both = MasterKeys::parse(&before.with_new().unwrap().to_text()).unwrap();
        assert!(both.is_old(&wrapped));
        let again = both.wrap(&both.unwrap(&wrapped).unwrap()).unwrap();
        let after = both.current_only();
        assert_eq!(after.unwrap(&again).unwrap().bytes(), key.bytes());
        assert!(after.unwrap(&wrapped).is_err());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "\n", "abc", &"0".repeat(63), &"g".repeat(64), &"0".repeat(65), &"é".repeat(32)] {
            assert!(matches!(MasterKeys::parse(text), Err(Error::Malformed)), "{text:?}");
        }
    }
}
