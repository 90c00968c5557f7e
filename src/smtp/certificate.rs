//! Client certificates: asked for, never required by the handshake, judged per source afterwards.
//!
//! A bad certificate must end in `550 5.7.1` that a person can read, not in a broken handshake. So
//! the handshake proves only that the client holds the key of what it shows.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, TrustAnchor, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use webpki::{EndEntityCert, KeyUsage, RawPublicKeyEntity};
use x509_cert::der::{Decode, Encode};

use super::source::CertificateFault;
use super::tls::{self, TlsError};
use super::{ClientCertificate, Config, SourceKind, Tls};
use crate::mail::{Domain, DomainPattern};
use crate::world;

/// Takes any certificate whose key the client can use.
#[derive(Debug)]
pub(super) struct AnyClient {
    algorithms: WebPkiSupportedAlgorithms,
}

impl AnyClient {
    pub(super) fn new(provider: &CryptoProvider) -> Self {
        Self { algorithms: provider.signature_verification_algorithms }
    }
}

impl ClientCertVerifier for AnyClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    // The signature is checked with the bare public key: webpki would refuse to read certificates
    // of version 1 and other old ones, and the handshake would break on them.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let spki = public_key(certificate)?;
        let key = RawPublicKeyEntity::try_from(&spki).map_err(|_| bad_signature())?;
        let candidates = self.algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signed.scheme);
        let mut candidates = candidates.flat_map(|(_, algorithms)| algorithms.iter());
        match candidates.any(|algorithm| key.verify_signature(*algorithm, message, signed.signature()).is_ok()) {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => Err(bad_signature()),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature_with_raw_key(message, &public_key(certificate)?, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn public_key(certificate: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
    let encoding = || Error::InvalidCertificate(rustls::CertificateError::BadEncoding);
    let parsed = x509_cert::Certificate::from_der(certificate).map_err(|_| encoding())?;
    let spki = parsed.tbs_certificate().subject_public_key_info().to_der().map_err(|_| encoding())?;
    Ok(SubjectPublicKeyInfoDer::from(spki))
}

fn bad_signature() -> Error {
    Error::InvalidCertificate(rustls::CertificateError::BadSignature)
}

/// The roots that vouch for a source's certificates.
#[derive(Clone)]
pub(super) struct Roots(Arc<[TrustAnchor<'static>]>);

impl Roots {
    /// From those files, or the system's where none is named.
    pub(super) fn load(files: &[PathBuf]) -> Result<Self, TlsError> {
        let mut certificates = Vec::new();
        for file in files {
            certificates.extend(tls::certificates(file)?);
        }
        if files.is_empty() {
            certificates = world::system_roots();
        }
        Ok(Self(certificates.iter().filter_map(tls::anchor).collect()))
    }
}

/// What the shown chain proves for each source, by its place in the configuration.
pub(super) fn verdicts(
    config: &Config,
    tls: &Tls,
    shown: Option<&[CertificateDer<'_>]>,
    now: Timestamp,
) -> Vec<Result<(), CertificateFault>> {
    let sources = config.sources.iter().enumerate();
    let verdicts = sources.map(|(place, source)| {
        let wanted = source.client_certificate.as_ref().ok_or(CertificateFault::Absent)?;
        let roots = tls.roots.get(place).and_then(Option::as_ref).ok_or(CertificateFault::Untrusted)?;
        let (leaf, intermediates) = shown.and_then(<[_]>::split_first).ok_or(CertificateFault::Absent)?;
        verify(wanted, source.kind, roots, leaf, intermediates, now)
    });
    verdicts.collect()
}

fn verify(
    wanted: &ClientCertificate,
    kind: SourceKind,
    roots: &Roots,
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    now: Timestamp,
) -> Result<(), CertificateFault> {
    let entity = EndEntityCert::try_from(leaf).map_err(|_| CertificateFault::Untrusted)?;
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now.as_second().max(0) as u64));
    let chains = |usage: KeyUsage| {
        entity
            .verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &roots.0, intermediates, now, usage, None, None)
            .map(drop)
    };
    let mut verified = chains(KeyUsage::client_auth());
    // Microsoft shows its server certificate also as a client.
    if verified.is_err() && kind == SourceKind::M365 {
        verified = chains(KeyUsage::server_auth());
    }
    verified.map_err(|error| match error {
        webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => CertificateFault::Expired,
        _ => CertificateFault::Untrusted,
    })?;
    let named = entity.valid_dns_names().any(|name| wanted.names.iter().any(|pattern| names(name, pattern)));
    if named { Ok(()) } else { Err(CertificateFault::WrongName) }
}

/// Whether a name in a certificate is one that the pattern means. `*.example.org` in a
/// certificate stands for one label, so it proves `.example.org` and each name right below it.
fn names(presented: &str, pattern: &DomainPattern) -> bool {
    let wildcard = presented.strip_prefix("*.");
    let Ok(domain) = wildcard.unwrap_or(presented).parse::<Domain>() else { return false };
    match (wildcard, pattern) {
        (None, pattern) => pattern.matches(&domain),
        (Some(_), DomainPattern::Exactly(exact)) => {
            exact.as_str().split_once('.').is_some_and(|(_, parent)| parent == domain.as_str())
        }
        (Some(_), DomainPattern::Below(parent)) => *parent == domain || pattern.matches(&domain),
        (Some(_), DomainPattern::Any) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_certificates_match_as_configured() {
        for (presented, pattern, expected) in [
            ("mail.protection.outlook.com", "mail.protection.outlook.com", true),
            ("MAIL.protection.outlook.com", "mail.protection.outlook.com", true),
            ("*.mail.protection.outlook.com", "corp.mail.protection.outlook.com", true),
            ("*.mail.protection.outlook.com", "a.b.mail.protection.outlook.com", false),
            ("*.mail.protection.outlook.com", ".mail.protection.outlook.com", true),
            ("*.mail.protection.outlook.com", "mail.protection.outlook.com", false),
            ("mail.evil.example", "mail.protection.outlook.com", false),
            ("eviloutlook.com", ".outlook.com", false),
        ] {
            assert_eq!(names(presented, &pattern.parse().unwrap()), expected, "{presented} for {pattern}");
        }
    }
}
