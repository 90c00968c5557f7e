//! The right to relay: what a session proved, carried with each message and judged on its content.

use std::sync::Arc;

use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use super::{Metrics, Refusal, Source, SourceKind, Tenant};
use crate::mail::author::{self, Ambiguous};
use crate::mail::{Address, Domain, Reply, ReversePath};
use crate::people::Login;

/// Goes with a message to [`Intake::take`](super::Intake::take). Only a session that proved a
/// source makes one, and `intake` must ask [`RelayRight::judge`] before it accepts anything.
#[derive(Clone)]
pub struct RelayRight {
    source: Arc<Source>,
    login: Option<Login>,
    metrics: Arc<Metrics>,
}

/// Microsoft's name for the tenant's organisation, and its id.
const ORIGINATOR: &str = "X-OriginatorOrg";
const CROSS_TENANT: &str = "X-MS-Exchange-CrossTenant-Id";

impl RelayRight {
    pub(super) fn new(source: Arc<Source>, login: Option<Login>, metrics: Arc<Metrics>) -> Self {
        Self { source, login, metrics }
    }

    /// For tools and tests that bring mail in without a session.
    pub fn unrestricted(source: Source) -> Self {
        Self { source: Arc::new(source), login: None, metrics: Arc::new(Metrics::unregistered()) }
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Before content: whether it may send with this reverse path. A null one is anybody's
    /// (RFC 5321 §4.5.5); then the content still has to name an author of ours.
    pub(super) fn judge_path(&self, path: &ReversePath) -> Result<(), Refusal> {
        let Some(address) = path.address() else { return Ok(()) };
        if self.login.as_ref().is_some_and(|login| !login.may_send_as(address)) {
            return Err(Refusal::SenderNotGranted);
        }
        if !self.source.from_domains.is_empty() && !self.is_ours(address.domain()) {
            return Err(Refusal::ForeignSender);
        }
        Ok(())
    }

    /// After content: the secret header, the tenant, and the authors. `content` needs to be only
    /// the header section; what stands after its empty line is not looked at.
    pub fn judge(&self, content: &[u8], path: &ReversePath) -> Result<(), Reply> {
        self.judge_header(content).and_then(|()| self.judge_authors(content, path)).map_err(|refusal| {
            self.metrics.source_failed(&self.source.name, refusal.reason());
            tracing::warn!(source = %self.source.name, reason = refusal.reason(), "content does not prove its source");
            refusal.reply()
        })
    }

    fn judge_header(&self, content: &[u8]) -> Result<(), Refusal> {
        if let Some(secret) = &self.source.header {
            let found = author::fields(content, &[&secret.name]);
            let expected = secret.value.expose_secret().as_bytes();
            let [field] = found.as_slice() else { return Err(Refusal::SecretHeader) };
            if !bool::from(field.value.trim_ascii().ct_eq(expected)) {
                return Err(Refusal::SecretHeader);
            }
        }
        match self.source.kind {
            SourceKind::M365 => self.tenant(content).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// The one tenant that Microsoft says the message is from. Its addresses and its certificate
    /// are shared by all its customers, so this field is the proof (the EchoSpoofing lesson); two
    /// of them, or none, prove nothing.
    fn tenant(&self, content: &[u8]) -> Result<&Tenant, Refusal> {
        let found = author::fields(content, &[ORIGINATOR, CROSS_TENANT]);
        let only = |name| {
            let mut values = found.iter().filter(|field| field.name == name).map(|field| field.value.trim_ascii());
            match (values.next(), values.next()) {
                (Some(value), None) => Ok(Some(String::from_utf8_lossy(value).into_owned())),
                (None, _) => Ok(None),
                (Some(_), Some(_)) => Err(Refusal::Tenant),
            }
        };
        let organisation: Domain = only(ORIGINATOR)?.and_then(|value| value.parse().ok()).ok_or(Refusal::Tenant)?;
        let id = only(CROSS_TENANT)?;
        let mut tenants = self.source.tenants.iter();
        tenants
            .find(|tenant| {
                tenant.domains.contains(&organisation)
                    && id.as_ref().is_none_or(|id| id.eq_ignore_ascii_case(&tenant.id))
            })
            .ok_or(Refusal::Tenant)
    }

    fn judge_authors(&self, content: &[u8], path: &ReversePath) -> Result<(), Refusal> {
        if author::is_from_repeated(content) {
            return Err(Refusal::AmbiguousAuthor);
        }
        if self.login.is_none() && (self.source.from_domains.is_empty() || self.is_proven_cloud()) {
            // For a proven tenant the envelope was judged at MAIL. Redirects, group expansion,
            // bounces and journal reports carry authors who are not ours.
            return Ok(());
        }
        let authors = author::authors(content).map_err(|Ambiguous| Refusal::AmbiguousAuthor)?;
        if authors.is_empty() {
            // A scanner or copier may leave From out; then its envelope speaks for it.
            let device = self.source.kind == SourceKind::Device && *path != ReversePath::Null;
            return if device { Ok(()) } else { Err(Refusal::AmbiguousAuthor) };
        }
        authors.iter().try_for_each(|author| self.judge_author(author))
    }

    fn judge_author(&self, author: &Address) -> Result<(), Refusal> {
        if self.login.as_ref().is_some_and(|login| !login.may_send_as(author)) {
            return Err(Refusal::SenderNotGranted);
        }
        if !self.source.from_domains.is_empty() && !self.is_ours(author.domain()) {
            return Err(Refusal::ForeignAuthor);
        }
        Ok(())
    }

    /// A cloud source whose content proved our own tenancy: by tenant, or by the secret header.
    fn is_proven_cloud(&self) -> bool {
        match self.source.kind {
            SourceKind::M365 => true,
            SourceKind::Google => self.source.header.is_some(),
            SourceKind::Mta | SourceKind::App | SourceKind::Device => false,
        }
    }

    fn is_ours(&self, domain: &Domain) -> bool {
        self.source.owns(domain) || self.source.tenants.iter().any(|tenant| tenant.domains.contains(domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Person, Role};
    use crate::sample;
    use crate::smtp::SecretHeader;

    fn source(kind: SourceKind) -> Source {
        let from_domains = vec!["corp.example".parse().unwrap()];
        Source { kind, from_domains, ..sample::source("office", &["127.0.0.0/8"]) }
    }

    fn m365() -> Source {
        let tenant = Tenant {
            id: "11111111-2222-3333-4444-555555555555".into(),
            domains: vec!["corp.example".parse().unwrap(), "corp.onmicrosoft.com".parse().unwrap()],
        };
        Source { tenants: vec![tenant], ..source(SourceKind::M365) }
    }

    /// The outcome of MAIL and content together.
    fn judged(source: Source, path: &str, header: &str) -> Option<u16> {
        let right = RelayRight::unrestricted(source);
        let path = match path {
            "" => ReversePath::Null,
            path => ReversePath::Address(path.parse().unwrap()),
        };
        let content = format!("{header}\r\n\r\nX-OriginatorOrg: corp.example\r\n");
        let judged = right.judge_path(&path).map_err(|refusal| refusal.reply());
        judged.and_then(|()| right.judge(content.as_bytes(), &path)).err().map(|reply| reply.code)
    }

    #[test]
    fn from_domains_bind_envelope_and_every_author_field() {
        for (path, header, expected) in [
            ("ann@corp.example", "From: ann@corp.example", None),
            ("", "From: mailer-daemon@corp.example", None),
            ("ann@evil.example", "From: ann@corp.example", Some(550)),
            ("ann@corp.example", "From: ann@evil.example", Some(550)),
            ("ann@corp.example", "From: ann@corp.example\r\nSender: x@evil.example", Some(550)),
            ("ann@corp.example", "From: ann@corp.example\r\nResent-From: x@evil.example", Some(550)),
            ("", "From: ann@evil.example", Some(550)),
            ("ann@corp.example", "Subject: no author", Some(550)),
        ] {
            assert_eq!(judged(source(SourceKind::Mta), path, header), expected, "{path} {header}");
        }
    }

    #[test]
    fn a_device_may_leave_its_author_out() {
        assert_eq!(judged(source(SourceKind::Device), "copier@corp.example", "Subject: scan"), None);
        assert_eq!(judged(source(SourceKind::Device), "", "Subject: scan"), Some(550));
    }

    /// T081: the tenant's field alone proves the tenant.
    #[test]
    fn microsoft_365_mail_needs_exactly_one_field_of_our_tenant() {
        let ours = "X-OriginatorOrg: corp.example\r\nFrom: ann@corp.example";
        for (header, expected) in [
            (ours.to_owned(), None),
            ("x-originatororg:\r\n corp.onmicrosoft.com\r\nFrom: ann@corp.example".to_owned(), None),
            (format!("{ours}\r\nX-MS-Exchange-CrossTenant-id: 11111111-2222-3333-4444-555555555555"), None),
            (format!("{ours}\r\nX-MS-Exchange-CrossTenant-id: 99999999-2222-3333-4444-555555555555"), Some(550)),
            (format!("{ours}\r\nX-OriginatorOrg: corp.example"), Some(550)),
            ("From: ann@corp.example".to_owned(), Some(550)),
            ("X-OriginatorOrg: evil.example\r\nFrom: ann@corp.example".to_owned(), Some(550)),
            ("X-OriginatorOrg: =?utf-8?q?corp.example?=\r\nFrom: ann@corp.example".to_owned(), Some(550)),
            ("X-OriginatorOrg: corp.example, evil.example\r\nFrom: ann@corp.example".to_owned(), Some(550)),
        ] {
            assert_eq!(judged(m365(), "ann@corp.example", &header), expected, "{header}");
        }
    }

    /// T082: redirects, bounces and journal reports of a proven tenant pass.
    #[test]
    fn a_proven_tenant_may_carry_foreign_authors_under_our_envelope() {
        let foreign = "X-OriginatorOrg: corp.example\r\nFrom: someone@else.example";
        assert_eq!(judged(m365(), "ann+srs=else.example@corp.example", foreign), None);
        assert_eq!(judged(m365(), "", foreign), None);
        assert_eq!(judged(m365(), "someone@else.example", foreign), Some(550));
    }

    /// T083: also where any author may send, the one that policy saw must be the one that readers see.
    #[test]
    fn two_from_fields_are_refused_whoever_may_send() {
        let anybody = |kind| Source { from_domains: vec![], ..source(kind) };
        let two = "From: ann@corp.example\r\nfrom : eve@evil.example";
        for kind in [SourceKind::Mta, SourceKind::App, SourceKind::Device] {
            assert_eq!(judged(anybody(kind), "ann@corp.example", two), Some(550), "{kind:?}");
            assert_eq!(judged(anybody(kind), "ann@corp.example", "From: eve@evil.example"), None, "{kind:?}");
        }
        let tenant = format!("X-OriginatorOrg: corp.example\r\n{two}");
        assert_eq!(judged(m365(), "ann@corp.example", &tenant), Some(550));
    }

    #[test]
    fn the_secret_header_must_stand_there_once_and_right() {
        let google = || Source {
            header: Some(SecretHeader { name: "X-Gateway-Key".into(), value: "s3cret".to_owned().into() }),
            ..source(SourceKind::Google)
        };
        for (header, expected) in [
            ("X-Gateway-Key: s3cret\r\nFrom: ann@corp.example", None),
            ("X-Gateway-Key: wrong\r\nFrom: ann@corp.example", Some(550)),
            ("From: ann@corp.example", Some(550)),
            ("X-Gateway-Key: s3cret\r\nX-Gateway-Key: s3cret\r\nFrom: ann@corp.example", Some(550)),
        ] {
            assert_eq!(judged(google(), "ann@corp.example", header), expected, "{header}");
        }
    }

    /// T088.
    #[test]
    fn a_signed_in_user_sends_only_as_its_senders() {
        let person = Person {
            name: "ann".into(),
            senders: vec!["ann@corp.example".parse().unwrap()],
            role: Role::Submitter,
            disabled: false,
        };
        let right = RelayRight {
            login: Some(crate::people::for_test(&person)),
            ..RelayRight::unrestricted(Source { from_domains: vec![], ..source(SourceKind::App) })
        };
        let ann = ReversePath::Address("ann@corp.example".parse().unwrap());
        let bob = ReversePath::Address("bob@corp.example".parse().unwrap());
        assert!(right.judge_path(&ann).is_ok());
        assert_eq!(right.judge_path(&bob), Err(Refusal::SenderNotGranted));
        assert!(right.judge(b"From: ann@corp.example\r\n\r\n", &ann).is_ok());
        assert_eq!(right.judge(b"From: bob@corp.example\r\n\r\n", &ann).unwrap_err().code, 550);
    }
}
