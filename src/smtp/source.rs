//! Sources: who may relay, and by which proofs. Nobody else can.

use std::net::IpAddr;
use std::sync::Arc;

use secrecy::SecretString;

use super::Network;
use crate::mail::{Domain, DomainPattern};
use crate::people::Login;

/// A configured sender of mail. It names at least one proof of its own (networks, log-in, client
/// certificate); From domains, tenants and the secret header only narrow what it may send.
#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub kind: SourceKind,
    /// Proof: the client's address. Empty: not asked.
    pub networks: Vec<Network>,
    /// Proof: somebody signed in (`auth: required`).
    pub auth_required: bool,
    /// Proof: a certificate with one of these names.
    pub client_certificate: Option<ClientCertificate>,
    /// Domains it may send as. Empty: any.
    pub from_domains: Vec<DomainPattern>,
    /// For `m365`: the tenants whose mail may pass.
    pub tenants: Vec<Tenant>,
    /// A header field whose value only this source knows (Google's way).
    pub header: Option<SecretHeader>,
    /// As configured; see [`Source::line_endings`].
    pub line_endings: Option<LineEndings>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    Mta,
    M365,
    Google,
    App,
    Device,
}

/// Which certificate proves the source: any of the names, chained to one of the roots.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// Names in the certificate (`subjectAltName`); `.suffix` means any name below it.
    pub names: Vec<DomainPattern>,
    /// PEM files; the system's roots if empty.
    pub roots: Vec<std::path::PathBuf>,
}

/// A Microsoft 365 tenant and the domains it may send as.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its GUID, as `X-MS-Exchange-CrossTenant-Id` shows it.
    pub id: String,
    pub domains: Vec<Domain>,
}

#[derive(Clone, Debug)]
pub struct SecretHeader {
    pub name: String,
    pub value: SecretString,
}

/// What is done about a bare CR or LF in content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEndings {
    /// `550 5.5.2` after the true end.
    Refuse,
    /// Rewritten as CRLF before the scan.
    Repair,
}

/// How content came, since Microsoft 365 sends bare LF in BDAT chunks only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    Data,
    Bdat,
}

/// What a session has proved so far.
#[derive(Clone, Copy)]
pub(super) struct Proofs<'a> {
    pub ip: IpAddr,
    pub login: Option<&'a Login>,
    /// For each source by its place: whether the client's certificate proves it.
    pub certificates: &'a [Result<(), CertificateFault>],
}

/// Why a client certificate proves nothing for a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// None was shown.
    Absent,
    Expired,
    /// It does not chain to a root of the source, or is broken.
    Untrusted,
    /// Trusted, but for other names.
    WrongName,
}

impl CertificateFault {
    pub fn reason(self) -> &'static str {
        match self {
            CertificateFault::Absent => "certificate-absent",
            CertificateFault::Expired => "certificate-expired",
            CertificateFault::Untrusted => "certificate-untrusted",
            CertificateFault::WrongName => "certificate-name",
        }
    }
}

/// The source that a client proved to be, or the nearest miss.
pub(super) enum Selection<'a> {
    Proved(&'a Arc<Source>),
    /// Its network (and log-in) fit, but its certificate did not.
    Certificate(&'a Arc<Source>, CertificateFault),
    Nobody,
}

/// The first source in file order whose proofs all hold.
pub(super) fn select<'a>(sources: &'a [Arc<Source>], proofs: Proofs<'_>) -> Selection<'a> {
    let mut nearest = Selection::Nobody;
    for (place, source) in sources.iter().enumerate() {
        if !source.has_proof() || !source.admits(proofs.ip, proofs.login) {
            continue;
        }
        let certificate = match &source.client_certificate {
            None => Ok(()),
            Some(_) => proofs.certificates.get(place).copied().unwrap_or(Err(CertificateFault::Absent)),
        };
        match certificate {
            Ok(()) => return Selection::Proved(source),
            // Who shows no certificate to a source that takes them from anywhere is a stranger like any other.
            Err(CertificateFault::Absent) if source.networks.is_empty() && !source.auth_required => {}
            Err(fault) => nearest = Selection::Certificate(source, fault),
        }
    }
    nearest
}

impl Source {
    /// A source that proves nothing of its own would let the world relay; `check` refuses it, and so do we.
    fn has_proof(&self) -> bool {
        !self.networks.is_empty() || self.auth_required || self.client_certificate.is_some()
    }

    fn admits(&self, ip: IpAddr, login: Option<&Login>) -> bool {
        (self.networks.is_empty() || self.networks.iter().any(|network| network.contains(ip)))
            && (!self.auth_required || login.is_some())
    }

    pub fn line_endings(&self, transfer: Transfer) -> LineEndings {
        self.line_endings.unwrap_or(match (self.kind, transfer) {
            (SourceKind::Device, _) | (SourceKind::M365, Transfer::Bdat) => LineEndings::Repair,
            _ => LineEndings::Refuse,
        })
    }

    /// Whether this domain is one that it may send as.
    pub(super) fn owns(&self, domain: &Domain) -> bool {
        self.from_domains.iter().any(|pattern| pattern.matches(domain))
    }

    /// Header fields that only prove the source to us and must not leave.
    pub fn private_fields(&self) -> Vec<&str> {
        let tenant = ["X-OriginatorOrg", "X-MS-Exchange-CrossTenant-Id"];
        let tenant = tenant.into_iter().filter(|_| self.kind == SourceKind::M365);
        tenant.chain(self.header.as_ref().map(|header| header.name.as_str())).collect()
    }

    /// What is wrong with it as configured, each in words for the person who wrote it.
    pub fn faults(&self) -> Vec<&'static str> {
        let cloud = matches!(self.kind, SourceKind::M365 | SourceKind::Google);
        let checks = [
            (
                !self.has_proof(),
                "a source needs a proof of its own: networks, auth: required or client_certificate (from_domains, tenants and header only narrow)",
            ),
            (
                cloud && self.from_domains.is_empty(),
                "from_domains is required for m365 and google: their addresses are shared by all their customers",
            ),
            (
                self.kind == SourceKind::M365 && self.tenants.is_empty(),
                "microsoft365.tenants is required for m365: its addresses and certificate are shared by all tenants",
            ),
            (self.kind != SourceKind::M365 && !self.tenants.is_empty(), "microsoft365 goes only with type m365"),
            (self.tenants.iter().any(|tenant| tenant.domains.is_empty()), "a tenant needs its domains"),
            (
                self.client_certificate.as_ref().is_some_and(|wanted| wanted.names.is_empty()),
                "client_certificate needs names: a root alone vouches for everybody it ever certified",
            ),
            (
                self.client_certificate.as_ref().is_some_and(|wanted| wanted.names.contains(&DomainPattern::Any)),
                "client_certificate.names can't be *: a root alone vouches for everybody it ever certified",
            ),
        ];
        checks.into_iter().filter_map(|(wrong, words)| wrong.then_some(words)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::source;

    fn chosen(sources: Vec<Source>, ip: &str, certificates: &[Result<(), CertificateFault>]) -> String {
        let sources: Vec<_> = sources.into_iter().map(Arc::new).collect();
        let proofs = Proofs { ip: ip.parse().unwrap(), login: None, certificates };
        match select(&sources, proofs) {
            Selection::Proved(source) => source.name.clone(),
            Selection::Certificate(source, fault) => format!("{}: {}", source.name, fault.reason()),
            Selection::Nobody => "nobody".into(),
        }
    }

    #[test]
    fn the_first_source_whose_proofs_hold_is_taken() {
        let both = || vec![source("lab", &["10.0.1.0/24"]), source("office", &["10.0.0.0/8"])];
        assert_eq!(chosen(both(), "10.0.1.5", &[]), "lab");
        assert_eq!(chosen(both(), "10.9.9.9", &[]), "office");
        assert_eq!(chosen(both(), "192.0.2.1", &[]), "nobody");
    }

    #[test]
    fn a_source_without_any_proof_admits_nobody() {
        assert_eq!(chosen(vec![source("open", &[])], "192.0.2.1", &[]), "nobody");
        assert!(!source("open", &[]).faults().is_empty());
    }

    #[test]
    fn all_proofs_of_a_source_must_hold() {
        let mut guarded = source("cloud", &["192.0.2.0/24"]);
        guarded.client_certificate = Some(ClientCertificate { names: vec![], roots: vec![] });
        let chosen = |ip, certificate| chosen(vec![guarded.clone()], ip, &[certificate]);
        assert_eq!(chosen("192.0.2.1", Ok(())), "cloud");
        assert_eq!(chosen("192.0.2.1", Err(CertificateFault::Expired)), "cloud: certificate-expired");
        assert_eq!(chosen("192.0.2.1", Err(CertificateFault::Absent)), "cloud: certificate-absent");
        assert_eq!(chosen("198.51.100.1", Ok(())), "nobody");
    }

    /// Each scanner that came by was told of "your certificate", and counted against that source.
    #[test]
    fn a_stranger_without_a_certificate_is_no_near_miss_of_a_source_known_by_it_alone() {
        let mut roaming = source("laptops", &[]);
        roaming.client_certificate = Some(ClientCertificate { names: vec![], roots: vec![] });
        let chosen = |certificate| chosen(vec![roaming.clone()], "192.0.2.1", &[certificate]);
        assert_eq!(chosen(Err(CertificateFault::Absent)), "nobody");
        assert_eq!(chosen(Err(CertificateFault::WrongName)), "laptops: certificate-name");
    }

    #[test]
    fn devices_and_microsofts_chunks_are_repaired_unless_told_otherwise() {
        let kind = |kind| Source { kind, ..source("s", &["::/0"]) };
        assert_eq!(kind(SourceKind::Device).line_endings(Transfer::Data), LineEndings::Repair);
        assert_eq!(kind(SourceKind::M365).line_endings(Transfer::Data), LineEndings::Refuse);
        assert_eq!(kind(SourceKind::M365).line_endings(Transfer::Bdat), LineEndings::Repair);
        assert_eq!(kind(SourceKind::Mta).line_endings(Transfer::Bdat), LineEndings::Refuse);
        let strict = Source { line_endings: Some(LineEndings::Refuse), ..kind(SourceKind::Device) };
        assert_eq!(strict.line_endings(Transfer::Data), LineEndings::Refuse);
    }
}
