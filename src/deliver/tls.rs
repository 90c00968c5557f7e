//! What a TLS session proves.
//!
//! Every certificate may finish the handshake (its key must still sign it), because `tls` asks for
//! no more; the verdict is taken afterwards, from the chain that the peer showed in this very
//! handshake. Sessions are never resumed: a resumed one shows no certificate.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConnection, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::config::{ClientCertificate, Host, Pin, Route};
use crate::mail::DomainPattern;
use crate::policy::Basis;

/// The roots that we trust, and how handshakes are made.
pub struct Trust {
    provider: Arc<CryptoProvider>,
    roots: RootCertStore,
    /// The configured ones, as they are.
    listed: Vec<CertificateDer<'static>>,
    /// For hops that ask for no certificate of ours.
    plain: Arc<ClientConfig>,
}

/// What the certificate of a hop is held against.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    pub host: &'a Host,
    pub names: &'a [DomainPattern],
    pub pins: &'a [Pin],
}

impl<'a> Expected<'a> {
    pub fn of(host: &'a Host, route: Option<&'a Route>) -> Self {
        match route {
            Some(route) => Self { host, names: &route.tls_names, pins: &route.tls_pins },
            None => Self { host, names: &[], pins: &[] },
        }
    }
}

/// What a certificate proved, in one word and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub basis: Basis,
    pub words: String,
}

impl Verdict {
    fn good(basis: Basis, words: &str) -> Self {
        Self { basis, words: words.to_owned() }
    }

    fn unverified(words: impl Into<String>) -> Self {
        Self { basis: Basis::Unverified, words: words.into() }
    }
}

impl Trust {
    /// The system's roots and `delivery.tls_roots`; those that can't be read are left out.
    pub fn new(system: Vec<CertificateDer<'static>>, listed: Vec<CertificateDer<'static>>) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(system);
        store.add_parsable_certificates(listed.iter().cloned());
        let plain = handshake(&provider, None).expect("a handshake without client certificate is always possible");
        Self { provider, roots: store, listed, plain }
    }

    /// How to shake hands with the hops of a route.
    pub fn handshake(&self, ours: Option<&ClientCertificate>) -> Result<Arc<ClientConfig>, rustls::Error> {
        match ours {
            None => Ok(self.plain.clone()),
            Some(_) => handshake(&self.provider, ours),
        }
    }

    /// The verdict on a finished handshake.
    pub fn judge(&self, connection: &ClientConnection, expected: Expected<'_>, now: UnixTime) -> Verdict {
        match connection.peer_certificates() {
            Some(chain) => self.judge_chain(chain, expected, now),
            None => Verdict::unverified("no certificate"),
        }
    }

    fn judge_chain(&self, chain: &[CertificateDer<'_>], expected: Expected<'_>, now: UnixTime) -> Verdict {
        let Some((own, intermediates)) = chain.split_first() else {
            return Verdict::unverified("no certificate");
        };
        let certificate = match EndEntityCert::try_from(own) {
            Ok(certificate) => certificate,
            Err(error) => return Verdict::unverified(words(&error)),
        };
        // A pin vouches for the key itself, as DANE-EE does (RFC 7671 §5.1): names, dates and
        // issuer add nothing to it, and no other key will do.
        if !expected.pins.is_empty() {
            let key = digest(&SHA256, certificate.subject_public_key_info().as_ref());
            return match expected.pins.iter().any(|pin| pin.0 == key.as_ref()) {
                true => Verdict::good(Basis::Pinned, "the pinned key"),
                false => Verdict::unverified("not the pinned key"),
            };
        }
        let algorithms = self.provider.signature_verification_algorithms.all;
        let usage = KeyUsage::server_auth();
        match certificate.verify_for_usage(algorithms, &self.roots.roots, intermediates, now, usage, None, None) {
            Ok(_) => {}
            // What `openssl req -x509` makes is an authority. A hop that shows the very certificate
            // that the configuration lists is trusted by name all the same; its dates are judged
            // before its role.
            Err(webpki::Error::CaUsedAsEndEntity) if self.listed.contains(own) => {}
            Err(error) => return Verdict::unverified(words(&error)),
        }
        if !expected.names.is_empty() {
            return match expected.names.iter().any(|name| bears(&certificate, name)) {
                true => Verdict::good(Basis::Pinned, "verified, names the route's tls_name"),
                false => Verdict::unverified("does not bear the route's tls_name"),
            };
        }
        match server_name(expected.host).map(|name| certificate.verify_is_valid_for_subject_name(&name)) {
            Some(Ok(())) => Verdict::good(Basis::MxName, "verified, names the host"),
            Some(Err(_)) | None => Verdict::unverified("does not name the host"),
        }
    }
}

/// The name for SNI and verification.
pub fn server_name(host: &Host) -> Option<ServerName<'static>> {
    match host {
        Host::Address(ip) => Some(ServerName::IpAddress((*ip).into())),
        Host::Name(name) => ServerName::try_from(name.as_str().to_owned()).ok(),
    }
}

fn bears(certificate: &EndEntityCert<'_>, name: &DomainPattern) -> bool {
    match name {
        DomainPattern::Exactly(host) => match ServerName::try_from(host.as_str()) {
            Ok(name) => certificate.verify_is_valid_for_subject_name(&name).is_ok(),
            Err(_) => false,
        },
        // `*.mail.example` lies below `mail.example`, as every host does that it stands for.
        DomainPattern::Below(parent) => certificate.valid_dns_names().any(|name| {
            let name = name.to_ascii_lowercase();
            name.strip_suffix(parent.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        }),
        // "Any name" would vouch for nothing.
        DomainPattern::Any => false,
    }
}

/// The verdict in words for `trace` and the audit.
fn words(error: &webpki::Error) -> String {
    use webpki::Error as E;
    match error {
        E::CertExpired { .. } => "expired".to_owned(),
        E::CertNotValidYet { .. } => "not yet valid".to_owned(),
        E::UnknownIssuer => "unknown issuer".to_owned(),
        E::CaUsedAsEndEntity => "self-signed authority".to_owned(),
        E::RequiredEkuNotFoundContext(_) => "not meant for servers".to_owned(),
        E::NameConstraintViolation => "name outside its issuer's constraints".to_owned(),
        other => format!("{other:?}").chars().take(60).collect(),
    }
}

fn handshake(
    provider: &Arc<CryptoProvider>,
    ours: Option<&ClientCertificate>,
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let verifier = Arc::new(JudgedLater(provider.clone()));
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match ours {
        None => builder.with_no_client_auth(),
        Some(ours) => builder.with_client_auth_cert(ours.chain.clone(), ours.key.clone_key())?,
    };
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// Lets a handshake finish that is signed by the certificate's key; `Trust::judge` comes next.
#[derive(Debug)]
struct JudgedLater(Arc<CryptoProvider>);

impl ServerCertVerifier for JudgedLater {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
