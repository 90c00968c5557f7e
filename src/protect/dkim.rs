//! DKIM: signed last, over the bytes that leave (RFC 6376, RFC 8463), and the keys for it.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaPair, KeySize};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256, SigningKey};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{Canonicalization, DkimSigner, Done};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::mail::Domain;

/// Named once more than it occurs, each of these can't be added later without breaking the
/// signature: a second `From` or `Subject` would be what the reader sees (RFC 6376 §8.15).
const SIGNED: &[&str] = &[
    "From",
    "From",
    "To",
    "To",
    "Cc",
    "Cc",
    "Subject",
    "Subject",
    "Date",
    "Date",
    "Reply-To",
    "Reply-To",
    "Message-ID",
    "Message-ID",
    "MIME-Version",
    "MIME-Version",
    "Content-Type",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "Content-Disposition",
    "In-Reply-To",
    "References",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

/// The two algorithms that receivers know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// 2048 bits: every receiver verifies it.
    Rsa,
    Ed25519,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("not a private key in PEM (PKCS #8, or PKCS #1 for RSA)")]
    Pem,
    #[error("neither an RSA key of 1024 bits or more nor an Ed25519 key")]
    Kind,
    #[error("the key could not be made")]
    Generate,
}

/// A domain's key under a selector.
pub struct Signer {
    domain: Domain,
    selector: String,
    key: Key,
}

enum Key {
    Rsa { signer: Box<DkimSigner<RsaKey<Sha256>, Done>>, public: Vec<u8> },
    Ed25519 { signer: Box<DkimSigner<Ed25519Key, Done>>, public: Vec<u8> },
}

/// Makes a private key, as PEM (PKCS #8).
pub fn generate(algorithm: Algorithm) -> Result<Zeroizing<String>, KeyError> {
    let pem = |der: &[u8]| {
        let text = Zeroizing::new(STANDARD.encode(der));
        let mut pem = Zeroizing::new(String::from("-----BEGIN PRIVATE KEY-----\n"));
        for line in text.as_bytes().chunks(64) {
            pem.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
            pem.push('\n');
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        pem
    };
    match algorithm {
        Algorithm::Rsa => {
            let pair = RsaPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generate)?;
            let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Generate)?;
            Ok(pem(der.as_ref()))
        }
        Algorithm::Ed25519 => {
            let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Generate)?;
            let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Generate)?;
            Ok(pem(der.as_ref()))
        }
    }
}

impl Signer {
    /// From a private key in PEM.
    pub fn from_pem(domain: Domain, selector: &str, pem: &str) -> Result<Self, KeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::Pem)?;
        let key = match &der {
            // OpenSSL writes Ed25519 keys without the public half; mail-auth's plain reader refuses those.
            PrivateKeyDer::Pkcs8(pkcs8) => match ed25519(pkcs8, &domain, selector) {
                Some(key) => key,
                None => rsa(der, &domain, selector)?,
            },
            _ => rsa(der, &domain, selector)?,
        };
        Ok(Self { domain, selector: selector.to_owned(), key })
    }

    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    pub fn selector(&self) -> &str {
        &self.selector
    }

    pub fn algorithm(&self) -> Algorithm {
        match self.key {
            Key::Rsa { .. } => Algorithm::Rsa,
            Key::Ed25519 { .. } => Algorithm::Ed25519,
        }
    }

    /// Where the record stands in the DNS.
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// The text of the TXT record (RFC 6376 §3.6.1, RFC 8463 §4).
    pub fn record(&self) -> String {
        let (kind, public) = match &self.key {
            Key::Rsa { public, .. } => ("rsa", public),
            Key::Ed25519 { public, .. } => ("ed25519", public),
        };
        format!("v=DKIM1; k={kind}; p={}", STANDARD.encode(public))
    }

    /// The `DKIM-Signature` field over these bytes, header first.
    pub(super) fn sign(&self, pieces: &[Bytes]) -> Result<String, mail_auth::Error> {
        match &self.key {
            Key::Rsa { signer, .. } => sign(signer, pieces),
            Key::Ed25519 { signer, .. } => sign(signer, pieces),
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[key {} of {}]", self.selector, self.domain)
    }
}

/// The domain among the signers that may sign for an author: the author's own, or the closest
/// above it, which DMARC takes for the same (RFC 7489 §3.1.1, relaxed alignment).
pub(super) fn closest<'a>(signers: &'a [Signer], author: &Domain) -> Option<&'a Domain> {
    let covers = |domain: &Domain| {
        let rest = author.as_str().strip_suffix(domain.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    signers.iter().map(Signer::domain).filter(|domain| covers(domain)).max_by_key(|domain| domain.as_str().len())
}

fn sign<K: SigningKey>(signer: &DkimSigner<K, Done>, pieces: &[Bytes]) -> Result<String, mail_auth::Error> {
    let mut stream = signer.sign_streaming();
    for piece in pieces {
        stream.write(piece);
    }
    Ok(stream.finish()?.to_header())
}

fn signer<K: SigningKey>(key: K, domain: &Domain, selector: &str) -> Box<DkimSigner<K, Done>> {
    let signer = DkimSigner::from_key(key)
        .domain(domain.as_str())
        .selector(selector)
        .headers(SIGNED.iter().copied())
        .header_canonicalization(Canonicalization::Relaxed)
        .body_canonicalization(Canonicalization::Relaxed);
    // Never `body_length`: what is added below the signed part would be shown as ours.
    Box::new(signer)
}

fn ed25519(pkcs8: &PrivatePkcs8KeyDer<'_>, domain: &Domain, selector: &str) -> Option<Key> {
    let key = Ed25519Key::from_pkcs8_maybe_unchecked_der(pkcs8.secret_pkcs8_der()).ok()?;
    let public = key.public_key();
    Some(Key::Ed25519 { signer: signer(key, domain, selector), public })
}

fn rsa(der: PrivateKeyDer<'_>, domain: &Domain, selector: &str) -> Result<Key, KeyError> {
    let pair = match &der {
        PrivateKeyDer::Pkcs8(der) => RsaPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => RsaPair::from_der(der.secret_pkcs1_der()),
        _ => return Err(KeyError::Kind),
    }
    .map_err(|_| KeyError::Kind)?;
    // The record holds the SubjectPublicKeyInfo, which every verifier reads (RFC 6376 §3.6.1).
    let public: aws_lc_rs::encoding::PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| KeyError::Kind)?;
    let key = RsaKey::<Sha256>::from_key_der(der).map_err(|_| KeyError::Kind)?;
    Ok(Key::Rsa { signer: signer(key, domain, selector), public: public.as_ref().to_vec() })
}
