//! What delivery counts.

use prometheus::{IntCounterVec, Opts, Registry};

use super::Proof;
use crate::policy::Basis;

pub struct Metrics {
    /// Sessions that reached what was needed, by TLS version and ground of proof.
    tls_sessions: IntCounterVec,
}

impl Metrics {
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        // The receiving side counts under the same name, so it must say the same of it.
        let opts = Opts::new("waxseal_tls_sessions_total", "TLS sessions by direction, version and basis of trust.")
            .const_label("direction", "out");
        let tls_sessions = IntCounterVec::new(opts, &["version", "basis"])?;
        registry.register(Box::new(tls_sessions.clone()))?;
        for version in ["none", "TLSv1.2", "TLSv1.3"] {
            for basis in Basis::ALL {
                if (version == "none") == (basis == Basis::None) {
                    tls_sessions.with_label_values(&[version, basis.as_str()]);
                }
            }
        }
        Ok(Self { tls_sessions })
    }

    pub fn session(&self, proof: &Proof) {
        let version = if proof.version.is_empty() { "none" } else { &proof.version };
        self.tls_sessions.with_label_values(&[version, proof.basis.as_str()]).inc();
    }
}
