//! Client certificates: asked for, never required by the handshake, judged per source afterwards.
//!
//! A bad certificate must end in `550 5.7.1` that a person can read, not in a broken handshake.

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::source::CertificateFault;
use super::tls::Roots;
use super::{ClientCertificate, Config, SourceKind, Tls};
use crate::mail::{Domain, DomainPattern};

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
            .verify_for_usage(webpki::ALL_VERIFICATION_ALGS, roots.anchors(), intermediates, now, usage, None, None)
            .map(drop)
    };
    let mut verified = chains(KeyUsage::client_auth());
    // Microsoft shows its server certificate also as a client.
    if verified.is_err() && kind == SourceKind::M365 {
        verified = chains(KeyUsage::server_auth());
    }
    match verified {
        Ok(()) => {}
        // What `openssl req -x509` makes is an authority. Whoever shows the very certificate that the source lists
        // is known by it all the same; its dates are judged before its role.
        Err(webpki::Error::CaUsedAsEndEntity) if roots.list(leaf) => {}
        Err(webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }) => {
            return Err(CertificateFault::Expired);
        }
        Err(_) => return Err(CertificateFault::Untrusted),
    }
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
