//! Tokens: what a program shows where a person would type a password. They are random and long, so that a
//! plain hash keeps them, and end by themselves.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::world::Random;

/// How a token begins, so that scanners of source text know one.
const MARK: &str = "wxseal_";

/// What is kept of a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    /// SHA-256, in URL-safe Base64.
    hash: String,
    pub(super) expires: Timestamp,
}

impl Token {
    /// A new one, and what is kept of it. It is told this once.
    pub(super) fn mint(expires: Timestamp, random: &dyn Random) -> (SecretString, Self) {
        let mut bits = zeroize::Zeroizing::new([0; 32]);
        random.fill(&mut *bits);
        let text = format!("{MARK}{}", BASE64_URL_SAFE_NO_PAD.encode(*bits));
        let kept = Self { hash: hash(&text), expires };
        (text.into(), kept)
    }

    /// Whether this is the token, and its time not over.
    pub(super) fn is(&self, given: &str, now: Timestamp) -> bool {
        now < self.expires && bool::from(self.hash.as_bytes().ct_eq(hash(given).as_bytes()))
    }
}

fn hash(token: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}
