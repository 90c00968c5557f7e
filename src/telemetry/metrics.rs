//! The metrics that belong to the gateway as a whole (`DESIGN` §8).

use jiff::Timestamp;
use prometheus::{Gauge, IntCounter, IntGaugeVec, Opts, Registry};

/// Metrics of the process itself; every room has a struct like this of its own.
pub struct GatewayMetrics {
    /// Panics that were caught or ended a task. Anything above 0 is a bug to report.
    pub panics: IntCounter,
    /// Recipients whose level an exception lowered: a record that policy applied, or a reviewer's release.
    pub exceptions_used: IntCounter,
    /// 1 if the running configuration is the one in the files, 0 after a reload that failed.
    reload_successful: Gauge,
    /// When configuration, rules and certificates were last loaded with success.
    reload_timestamp: Gauge,
    /// Until when policy only observes; 0 while it enforces.
    observe_until: Gauge,
    /// Always 1; the version stands in the label.
    build_info: IntGaugeVec,
}

impl GatewayMetrics {
    /// Registers them, at 0.
    pub fn new(registry: &Registry) -> Self {
        let gauge = |name, help| Gauge::new(name, help).expect("a well-formed name");
        let metrics = Self {
            panics: IntCounter::new("waxseal_panics_total", "Panics caught; any is a bug").expect("a well-formed name"),
            exceptions_used: IntCounter::new(
                "waxseal_exceptions_used_total",
                "Recipients whose level an exception lowered, by a record or by a reviewer's release",
            )
            .expect("a well-formed name"),
            reload_successful: gauge(
                "waxseal_config_last_reload_successful",
                "Whether the last load of configuration and rules succeeded (1) or the old ones still run (0)",
            ),
            reload_timestamp: gauge(
                "waxseal_config_last_reload_timestamp_seconds",
                "When configuration and rules were last loaded with success",
            ),
            observe_until: gauge(
                "waxseal_observe_until_timestamp_seconds",
                "Until when policy only observes instead of enforcing; 0 while it enforces",
            ),
            build_info: IntGaugeVec::new(Opts::new("waxseal_build_info", "The running version"), &["version"])
                .expect("a well-formed name"),
        };
        let collectors: [Box<dyn prometheus::core::Collector>; 6] = [
            Box::new(metrics.panics.clone()),
            Box::new(metrics.exceptions_used.clone()),
            Box::new(metrics.reload_successful.clone()),
            Box::new(metrics.reload_timestamp.clone()),
            Box::new(metrics.observe_until.clone()),
            Box::new(metrics.build_info.clone()),
        ];
        for collector in collectors {
            registry.register(collector).expect("each metric is registered once");
        }
        metrics.build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        metrics
    }

    /// Configuration, rules and certificates were loaded and now run.
    pub fn reloaded(&self, at: Timestamp) {
        self.reload_successful.set(1.0);
        self.reload_timestamp.set(seconds(at));
    }

    /// A reload failed; what ran before still runs.
    pub fn reload_failed(&self) {
        self.reload_successful.set(0.0);
    }

    /// Until when policy only observes; `None`: it enforces.
    pub fn observing(&self, until: Option<Timestamp>) {
        self.observe_until.set(until.map_or(0.0, seconds));
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1_000.0
}
