//! What the store tells of itself.

use prometheus::{Histogram, HistogramOpts, IntGauge, Registry};

/// The store's metrics.
#[derive(Clone)]
pub struct Metrics {
    /// Time of a transaction, shared by all requests in it, its flush to the disk included.
    pub commit: Histogram,
    /// Bytes free for the store.
    pub free: IntGauge,
    /// 1 while the account's hash chain is whole, as last verified.
    pub audit_valid: IntGauge,
}

impl Metrics {
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let commit = HistogramOpts::new("waxseal_store_commit_seconds", "Time of a store transaction with its flush")
            .buckets(vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0]);
        let metrics = Self {
            commit: Histogram::with_opts(commit)?,
            free: IntGauge::new("waxseal_store_free_bytes", "Bytes free for the store")?,
            audit_valid: IntGauge::new(
                "waxseal_audit_chain_valid",
                "1 while the audit hash chain is whole, as last verified",
            )?,
        };
        metrics.audit_valid.set(1);
        registry.register(Box::new(metrics.commit.clone()))?;
        registry.register(Box::new(metrics.free.clone()))?;
        registry.register(Box::new(metrics.audit_valid.clone()))?;
        Ok(metrics)
    }
}
