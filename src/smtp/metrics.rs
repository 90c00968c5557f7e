//! What this room counts.

use prometheus::{GaugeVec, IntCounterVec, IntGauge, Opts, Registry};

use super::refuse::{OF_INTAKE, reason_of};
use super::source::CertificateFault;
use super::{Config, Refusal};
use crate::mail::Reply;

/// Where in a session something was refused.
pub const STAGES: &[&str] = &["connect", "proxy", "tls", "auth", "hello", "mail", "rcpt", "data", "command"];

/// Metrics of the SMTP server, all series at 0 from the start.
pub struct Metrics {
    /// `smtp_rejections_total{stage,reason}`: refused commands and connections.
    rejections: IntCounterVec,
    /// `source_auth_failures_total{source,reason}`: a source's proof that failed, and failed log-ins (source `auth`).
    source_failures: IntCounterVec,
    /// `tls_sessions_total{direction="in",version,basis}`; the outward half is `deliver`'s.
    tls_sessions: IntCounterVec,
    /// `smtp_sessions`: sessions open now.
    pub sessions: IntGauge,
    /// `certificate_expiry_timestamp_seconds{name}`: when a listener's certificate ends.
    certificate_expiry: GaugeVec,
}

/// Refusals of content that prove a source wrong.
const CONTENT_PROOFS: &[Refusal] = &[
    Refusal::ForeignSender,
    Refusal::ForeignAuthor,
    Refusal::AmbiguousAuthor,
    Refusal::SenderNotGranted,
    Refusal::Tenant,
    Refusal::SecretHeader,
];

const CERTIFICATE_FAULTS: &[CertificateFault] =
    &[CertificateFault::Absent, CertificateFault::Expired, CertificateFault::Untrusted, CertificateFault::WrongName];

impl Metrics {
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self::build()?;
        registry.register(Box::new(metrics.rejections.clone()))?;
        registry.register(Box::new(metrics.source_failures.clone()))?;
        registry.register(Box::new(metrics.tls_sessions.clone()))?;
        registry.register(Box::new(metrics.sessions.clone()))?;
        registry.register(Box::new(metrics.certificate_expiry.clone()))?;
        Ok(metrics)
    }

    /// For tests and tools without a registry.
    pub fn unregistered() -> Self {
        Self::build().expect("names and labels are constants")
    }

    fn build() -> Result<Self, prometheus::Error> {
        let metrics = Self {
            rejections: IntCounterVec::new(
                Opts::new("waxseal_smtp_rejections_total", "Refused SMTP commands and connections."),
                &["stage", "reason"],
            )?,
            source_failures: IntCounterVec::new(
                Opts::new("waxseal_source_auth_failures_total", "Proofs of a source, or log-ins, that failed."),
                &["source", "reason"],
            )?,
            // Direction is a constant label, since `deliver` registers the other half of this name.
            tls_sessions: IntCounterVec::new(
                Opts::new("waxseal_tls_sessions_total", "TLS sessions by direction, version and basis of trust.")
                    .const_label("direction", "in"),
                &["version", "basis"],
            )?,
            sessions: IntGauge::new("waxseal_smtp_sessions", "SMTP sessions open now.")?,
            certificate_expiry: GaugeVec::new(
                Opts::new("waxseal_certificate_expiry_timestamp_seconds", "When a certificate of ours ends."),
                &["name"],
            )?,
        };
        for (stage, reason) in STAGES.iter().flat_map(|stage| Refusal::ALL.iter().map(move |r| (stage, r.reason()))) {
            metrics.rejections.with_label_values(&[*stage, reason]);
        }
        for (stage, reason) in ["mail", "data"].iter().flat_map(|stage| OF_INTAKE.map(|reason| (stage, reason))) {
            metrics.rejections.with_label_values(&[*stage, reason]);
        }
        for (version, basis) in ["TLSv1.2", "TLSv1.3"]
            .iter()
            .flat_map(|version| ["none", "client-certificate"].map(|basis| (version, basis)))
        {
            metrics.tls_sessions.with_label_values(&[*version, basis]);
        }
        for reason in ["unknown-user", "wrong-password", "disabled", "limited"] {
            metrics.source_failures.with_label_values(&["auth", reason]);
        }
        Ok(metrics)
    }

    /// Puts the series of the configured sources at 0.
    pub(super) fn prepare(&self, config: &Config) {
        let reasons = CONTENT_PROOFS.iter().map(|refusal| refusal.reason());
        let reasons: Vec<_> = reasons.chain(CERTIFICATE_FAULTS.iter().map(|fault| fault.reason())).collect();
        for source in &config.sources {
            for reason in &reasons {
                self.source_failures.with_label_values(&[source.name.as_str(), *reason]);
            }
        }
    }

    pub(super) fn refused(&self, stage: &'static str, refusal: Refusal) {
        self.rejections.with_label_values(&[stage, refusal.reason()]).inc();
    }

    /// Intake would not have the message.
    pub(super) fn not_taken(&self, stage: &'static str, reply: &Reply) {
        self.rejections.with_label_values(&[stage, reason_of(reply)]).inc();
    }

    /// `source` is a configured name or `auth`.
    pub(super) fn source_failed(&self, source: &str, reason: &'static str) {
        self.source_failures.with_label_values(&[source, reason]).inc();
    }

    pub(super) fn tls_session(&self, version: &str, basis: &'static str) {
        self.tls_sessions.with_label_values(&[version, basis]).inc();
    }

    pub(super) fn certificate_ends(&self, name: &str, unix_seconds: i64) {
        self.certificate_expiry.with_label_values(&[name]).set(unix_seconds as f64);
    }
}
