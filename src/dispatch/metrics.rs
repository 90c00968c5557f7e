//! What dispatch counts.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};
use tracing::warn;

use crate::deliver::{Attempt, AttemptResult};
use crate::policy::{Level, Method, Verdict};
use crate::store::{Leased, RecipientRecord};

/// What dispatch counts; every count is of recipients.
pub struct Metrics {
    /// Attempts by method and result.
    deliveries: IntCounterVec,
    /// Recipients whose mail left, by the method that protected it.
    protections: IntCounterVec,
    /// PHI that left below its level otherwise than by a recorded waiver or exception.
    phi_unprotected: IntCounter,
    /// How long one attempt took, from the first look-up to the last reply.
    pub(super) duration: Histogram,
}

impl Metrics {
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let vec = |name: &str, help: &str, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let metrics = Self {
            deliveries: vec(
                "waxseal_deliveries_total",
                "Delivery attempts, counted in recipients, by method and result.",
                &["method", "result"],
            )?,
            protections: vec(
                "waxseal_protections_total",
                "Recipients whose mail left, by the method that protected it.",
                &["method"],
            )?,
            phi_unprotected: IntCounter::new(
                "waxseal_phi_unprotected_total",
                "Recipients whose PHI left below its level without a recorded waiver or exception. Must stay 0.",
            )?,
            duration: Histogram::with_opts(
                HistogramOpts::new("waxseal_delivery_duration_seconds", "Duration of a delivery attempt.")
                    .buckets(vec![0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0]),
            )?,
        };
        registry.register(Box::new(metrics.deliveries.clone()))?;
        registry.register(Box::new(metrics.protections.clone()))?;
        registry.register(Box::new(metrics.phi_unprotected.clone()))?;
        registry.register(Box::new(metrics.duration.clone()))?;
        for method in Method::ALL {
            metrics.protections.with_label_values(&[method.as_str()]);
            for result in ["sent", "deferred", "failed", "weak"] {
                metrics.deliveries.with_label_values(&[method.as_str(), result]);
            }
        }
        Ok(metrics)
    }

    pub(super) fn count(&self, leased: &Leased, due: &RecipientRecord, attempt: &Attempt) {
        self.deliveries.with_label_values(&[due.method.as_str(), attempt.result.as_str()]).inc();
        if !matches!(attempt.result, AttemptResult::Sent(_)) {
            return;
        }
        // What waited went by transport in the end.
        self.protections.with_label_values(&[Method::Transport.as_str()]).inc();
        if is_unprotected(leased, due, attempt) {
            self.phi_unprotected.inc();
            warn!(id = %leased.envelope.id, recipient = due.index, "PHI left below its level");
        }
    }
}

/// Whether PHI, or what could not be read, left below what it must have. A configuration that asks
/// for less than verified TLS does not excuse it; a recorded waiver or exception does.
fn is_unprotected(leased: &Leased, due: &RecipientRecord, attempt: &Attempt) -> bool {
    let Some(decided) = leased.decision.recipients.get(due.index) else { return true };
    let sensitive = matches!(leased.decision.verdict, Verdict::Phi | Verdict::Unread);
    let proved = attempt.proof.as_ref().map_or(Level::Opportunistic, |proof| proof.counts);
    sensitive && decided.lowered_by.is_empty() && proved < decided.level.clamp(Level::TlsVerified, Level::Message)
}
