//! Passwords, kept only as argon2id hashes (m=19 MiB, t=2, p=1).

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use unicode_normalization::UnicodeNormalization;

use super::Error;
use crate::world::Random;

/// 19 MiB: two log-ins a core at once fit in any gateway, and a guess costs tens of milliseconds.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A password's hash in PHC form: `$argon2id$v=19$m=19456,t=2,p=1$…`.
#[derive(Clone)]
pub(super) struct Hash(String);

impl Hash {
    pub(super) fn of(password: &str, random: &dyn Random) -> Result<Self, Error> {
        if password.is_empty() || password.len() > 512 || password.chars().any(char::is_control) {
            return Err(Error::Password);
        }
        let mut salt = [0; 16];
        random.fill(&mut salt);
        Self::salted(password, &salt)
    }

    /// A hash that no password is meant to match; its work is what counts.
    pub(super) fn decoy() -> Self {
        Self::salted("decoy", b"waxseal-decoy-00").expect("the parameters are constants within argon2's bounds")
    }

    fn salted(password: &str, salt: &[u8]) -> Result<Self, Error> {
        hasher()
            .hash_password_with_salt(normal(password).as_bytes(), salt)
            .map(|hash: PasswordHash| Self(hash.to_string()))
            .map_err(|error| Error::Hash(error.to_string()))
    }

    /// From the users file.
    pub(super) fn parse(text: String) -> Result<Self, String> {
        match PasswordHash::new(&text) {
            Ok(hash) if hash.algorithm.as_str() == "argon2id" => Ok(Self(text)),
            Ok(hash) => Err(format!("the hash is {}, not argon2id", hash.algorithm.as_str())),
            Err(_) => Err("the hash is not in PHC form ($argon2id$…)".to_owned()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn matches(&self, password: &str) -> bool {
        let parsed = PasswordHash::new(&self.0).expect("checked by `parse` or made by `salted`");
        hasher().verify_password(normal(password).as_bytes(), &parsed).is_ok()
    }
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("constants within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// One form for a password typed on different keyboards (what RFC 8265 asks for, in the main).
fn normal(password: &str) -> zeroize::Zeroizing<String> {
    zeroize::Zeroizing::new(password.nfkc().collect())
}
