//! TLS for the listeners: certificates, the self-made pair, and what a client's certificate proves.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, TrustAnchor};
use x509_cert::der::Decode;

use super::any_client::AnyClient;
use super::{CertificateFiles, Config, Metrics, TlsMode};
use crate::mail::{Domain, TlsSession};
use crate::world;

/// The TLS side of a [`Config`]: made as a whole, and swapped as a whole on reload.
#[derive(Clone)]
pub struct Tls {
    /// By place in `config.listeners`; `None` where TLS is off.
    listeners: Vec<Option<Identity>>,
    /// By place in `config.sources`.
    pub(super) roots: Vec<Option<Roots>>,
}

#[derive(Clone)]
struct Identity {
    server: Arc<ServerConfig>,
    expires: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path}: no certificate or key in PEM form: {reason}")]
    Pem { path: PathBuf, reason: String },
    #[error("{path}: {source}")]
    Pair { path: PathBuf, source: rustls::Error },
    #[error("making a certificate: {0}")]
    SelfMade(#[from] rcgen::Error),
}

impl Tls {
    /// Reads every certificate that the configuration names. `folder` keeps the self-made pair of
    /// listeners that name none.
    pub fn load(config: &Config, folder: &Path, now: Timestamp) -> Result<Self, TlsError> {
        let ask_client = config.sources.iter().any(|source| source.client_certificate.is_some());
        let mut listeners = Vec::with_capacity(config.listeners.len());
        for listener in &config.listeners {
            listeners.push(match (listener.tls, &listener.certificate) {
                (TlsMode::Off, _) => None,
                (_, Some(files)) => Some(identity(files, ask_client)?),
                (_, None) => Some(identity(&self_made(folder, &config.hostname, now)?, ask_client)?),
            });
        }
        let mut roots = Vec::with_capacity(config.sources.len());
        for source in &config.sources {
            let wanted = source.client_certificate.as_ref();
            roots.push(wanted.map(|wanted| Roots::load(&wanted.roots)).transpose()?);
        }
        Ok(Self { listeners, roots })
    }

    /// For a gateway whose listeners all have TLS off.
    pub fn none() -> Self {
        Self { listeners: Vec::new(), roots: Vec::new() }
    }

    pub(super) fn server(&self, place: usize) -> Option<Arc<ServerConfig>> {
        self.listeners.get(place)?.as_ref().map(|identity| identity.server.clone())
    }

    /// When each listener's certificate ends.
    pub fn expiries<'a>(&'a self, config: &'a Config) -> impl Iterator<Item = (&'a str, Timestamp)> {
        let pairs = config.listeners.iter().zip(&self.listeners);
        pairs.filter_map(|(listener, identity)| Some((listener.name.as_str(), identity.as_ref()?.expires)))
    }

    pub(super) fn show(&self, config: &Config, metrics: &Metrics) {
        for (name, expires) in self.expiries(config) {
            metrics.certificate_ends(name, expires.as_second());
        }
    }
}

fn identity(files: &CertificateFiles, ask_client: bool) -> Result<Identity, TlsError> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.private_key)
        .map_err(|error| TlsError::Pem { path: files.private_key.clone(), reason: error.to_string() })?;
    let leaf = chain.first().ok_or_else(|| TlsError::Pem {
        path: files.certificate.clone(),
        reason: "the file has no certificate".to_owned(),
    })?;
    let expires = ends(leaf).ok_or_else(|| TlsError::Pem {
        path: files.certificate.clone(),
        reason: "the certificate can't be read".to_owned(),
    })?;
    let server = server_config(chain, key, ask_client)
        .map_err(|source| TlsError::Pair { path: files.certificate.clone(), source })?;
    Ok(Identity { server: Arc::new(server), expires })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fault =
        |error: rustls::pki_types::pem::Error| TlsError::Pem { path: path.to_owned(), reason: error.to_string() };
    CertificateDer::pem_file_iter(path).map_err(fault)?.collect::<Result<_, _>>().map_err(fault)
}

/// TLS 1.2 and 1.3, with the provider's suites, which are all AEAD. A key that does not belong to
/// the certificate is an error here, before anything running is replaced.
fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    ask_client: bool,
) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    // Asked for only where a source wants one: some old devices stumble over the question.
    let builder = if ask_client {
        builder.with_client_cert_verifier(Arc::new(AnyClient::new(&provider)))
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_single_cert(chain, key)?;
    // Ours is the better choice: the order of an old client may put its weakest first.
    config.ignore_client_order = true;
    // A client that comes back pays no key exchange with our certificate again.
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
    Ok(config)
}

/// When a certificate ends.
fn ends(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let parsed = x509_cert::Certificate::from_der(certificate).ok()?;
    let seconds = parsed.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

/// A pair of our own making, kept under `folder` so that a peer that pins it keeps it. Made anew
/// for another hostname, or when its end is near.
pub fn self_made(folder: &Path, hostname: &Domain, now: Timestamp) -> Result<CertificateFiles, TlsError> {
    let files = CertificateFiles {
        certificate: folder.join(format!("{hostname}.crt")),
        private_key: folder.join(format!("{hostname}.key")),
    };
    let soon = now.saturating_add(jiff::SignedDuration::from_hours(30 * 24)).unwrap_or(now);
    let usable =
        certificates(&files.certificate).ok().and_then(|chain| ends(chain.first()?)).is_some_and(|end| end > soon);
    if usable && files.private_key.exists() {
        return Ok(files);
    }
    let year = i32::from(now.to_zoned(jiff::tz::TimeZone::UTC).year());
    let key = rcgen::KeyPair::generate()?;
    let names = if hostname.is_literal() { Vec::new() } else { vec![hostname.to_string()] };
    let mut parameters = rcgen::CertificateParams::new(names)?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, hostname.as_str());
    parameters.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(year + 10, 1, 1);
    parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = parameters.self_signed(&key)?;
    fs::create_dir_all(folder).map_err(|source| TlsError::Io { path: folder.to_owned(), source })?;
    write(&files.private_key, key.serialize_pem().as_bytes(), 0o600)?;
    write(&files.certificate, certificate.pem().as_bytes(), 0o644)?;
    Ok(files)
}

/// Whole or not at all.
fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), TlsError> {
    let fresh = path.with_extension("new");
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    })();
    written.map_err(|source| TlsError::Io { path: path.to_owned(), source })
}

/// What the envelope keeps of a session's TLS.
pub(super) fn session(connection: &rustls::ServerConnection) -> TlsSession {
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => "TLSv1.2",
    };
    let cipher = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or("unknown");
    TlsSession { version: version.to_owned(), cipher: cipher.to_owned() }
}

/// The roots that vouch for a source's certificates.
#[derive(Clone)]
pub(super) struct Roots {
    anchors: Arc<[TrustAnchor<'static>]>,
    /// The certificates that the configuration itself names.
    listed: Arc<[CertificateDer<'static>]>,
}

impl Roots {
    /// From those files, or the system's where none is named.
    pub(super) fn load(files: &[PathBuf]) -> Result<Self, TlsError> {
        let mut all = Vec::new();
        for file in files {
            all.extend(certificates(file)?);
        }
        let listed = all.clone().into();
        if files.is_empty() {
            all = world::system_roots();
        }
        Ok(Self { anchors: all.iter().filter_map(anchor).collect(), listed })
    }

    /// Whether it is itself one of those that the configuration names.
    pub(super) fn list(&self, certificate: &CertificateDer<'_>) -> bool {
        self.listed.contains(certificate)
    }

    pub(super) fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.anchors
    }
}

/// A trust anchor that outlives its certificate.
fn anchor(certificate: &CertificateDer<'_>) -> Option<TrustAnchor<'static>> {
    webpki::anchor_from_trusted_cert(certificate).ok().map(|anchor| anchor.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_self_made_pair_is_kept_until_its_end_is_near() {
        let folder = tempfile::tempdir().unwrap();
        let hostname: Domain = "gw.example.org".parse().unwrap();
        let make = |now| {
            let files = self_made(&folder.path().join("tls"), &hostname, at(now)).unwrap();
            assert_eq!(fs::metadata(&files.private_key).unwrap().permissions().mode() & 0o777, 0o600);
            fs::read(&files.certificate).unwrap()
        };
        let first = make("2026-11-21T00:00:00Z");
        assert_eq!(make("2027-11-21T00:00:00Z"), first);
        assert_ne!(make("2035-12-20T00:00:00Z"), first);
    }

    #[test]
    fn a_key_of_another_certificate_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let pair = |host: &str| self_made(folder.path(), &host.parse().unwrap(), at("2026-11-21T00:00:00Z")).unwrap();
        let (one, two) = (pair("one.example"), pair("two.example"));
        let mixed = CertificateFiles { certificate: one.certificate, private_key: two.private_key };
        let error = identity(&mixed, false).err().expect("an error").to_string();
        assert!(error.contains("one.example.crt"), "{error}");
    }
}
