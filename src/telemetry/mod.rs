//! What the gateway tells its operators: logs and metrics.
//!
//! Neither ever carries content, a subject or a whole address. Rooms make their metrics from
//! [`Telemetry::registry`], write logs by `tracing`, and know nothing else of this room.

mod json;
mod labels;
mod lines;
mod log;
mod metrics;

use std::sync::Arc;

pub use labels::{Labels, OTHER};
pub use lines::LastWords;
pub use log::{Config, LogFormat, is_level, start_logs};
pub use metrics::GatewayMetrics;

/// The registry that all rooms' metrics stand in, and the gateway's own.
#[derive(Clone)]
pub struct Telemetry {
    pub registry: prometheus::Registry,
    pub metrics: Arc<GatewayMetrics>,
}

impl Telemetry {
    /// A registry with the gateway's own metrics in it.
    pub fn new() -> Self {
        // Rooms register names that already begin with `waxseal_`, so that a reader of the code
        // can search for what stands on a dashboard.
        let registry = prometheus::Registry::new();
        let metrics = Arc::new(GatewayMetrics::new(&registry));
        Self { registry, metrics }
    }

    /// Everything in Prometheus' text format.
    pub fn render(&self) -> String {
        let mut text = String::new();
        prometheus::TextEncoder::new()
            .encode_utf8(&self.registry.gather(), &mut text)
            .expect("metrics that could be registered can be written");
        text
    }

    /// Counts panics and logs where they happened. The message of a panic is left out: it may
    /// quote what was being read, and that is content (`TESTS` T246).
    pub fn watch_panics(&self) {
        let panics = self.metrics.panics.clone();
        std::panic::set_hook(Box::new(move |panic| {
            panics.inc();
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "a bug: a thread panicked; the message it worked on is safe");
        }));
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateways_own_metrics_stand_from_the_start() {
        let text = Telemetry::new().render();
        for name in ["waxseal_build_info{version=", "waxseal_panics_total 0", "waxseal_config_last_reload_successful 0"]
        {
            assert!(text.contains(name), "{name} in\n{text}");
        }
    }
}
