//! What a reload can't change: such a setting must not look as if it held.

use serde_json::Value;

use super::raw::{Listener, Settings};

/// Each as `section.key`, or a whole section.
const FIXED: &[&str] = &[
    "data_dir",
    "keys",
    "store",
    "retention",
    "http",
    "telemetry",
    "delivery.retry",
    "delivery.patience",
    "delivery.expire",
    "limits.memory",
    "limits.min_free",
    "limits.scan_wait",
    "limits.scan_timeout",
];

/// The keys whose new values are not followed before the next start.
pub fn waits_for_restart(started: &Settings, now: &Settings) -> Vec<&'static str> {
    let value = |settings: &Settings| serde_json::to_value(settings).expect("plain values can be written");
    let (before, after) = (value(started), value(now));
    let mut keys: Vec<&'static str> =
        FIXED.iter().copied().filter(|key| under(&before, key) != under(&after, key)).collect();
    if doors(started) != doors(now) {
        keys.push("listeners");
    }
    keys
}

fn under<'a>(settings: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(settings, |value, name| value.get(name))
}

/// A listener keeps its address; how it uses TLS and whom it lets sign in is followed.
fn doors(settings: &Settings) -> Vec<(&str, std::net::SocketAddr)> {
    settings.listeners.iter().map(|Listener { name, bind, .. }| (name.as_str(), *bind)).collect()
}
