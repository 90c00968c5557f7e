//! The form of the logs: JSON in production, lines for a person at a terminal.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::json::JsonLines;
use super::lines::{LastWords, Lines};

/// `telemetry:` in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,waxseal::smtp=debug`.
    pub log_level: String,
    pub log_format: LogFormat,
    /// Whole addresses in logs. Off by default: who writes to whom is often itself PHI.
    pub log_addresses: bool,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// JSON, unless a person watches.
    Auto,
    Json,
    Text,
}

impl Default for Config {
    fn default() -> Self {
        Self { log_level: "info".into(), log_format: LogFormat::Auto, log_addresses: false }
    }
}

/// Sends logs to standard error. Only the first call in a process has an effect.
///
/// Crates below ours stay at `warn`: at `debug` some of them print the bytes on the wire, and
/// those are content.
///
/// Keep what it gives until the end: dropped, it waits for the last lines to be written.
#[must_use]
pub fn start_logs(config: &Config) -> LastWords {
    let filter = filter(&config.log_level);
    let json = match config.log_format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let (lines, last_words) = Lines::to_standard_error();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(move || lines.clone());
    // An error here means that logs already run, as in a test that starts two gateways.
    _ = match json {
        true => builder.event_format(JsonLines).try_init(),
        false => builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
    last_words
}

/// The site's level for our own crate only; everything below it never says more than `warn`.
fn filter(level: &str) -> EnvFilter {
    let own =
        level.split(',').filter(|directive| !directive.is_empty()).map(|directive| match directive.split_once('=') {
            Some((target, level)) if target.starts_with("waxseal") => format!("{target}={level}"),
            Some(_) => String::new(),
            None => format!("waxseal={directive}"),
        });
    let own: Vec<String> = own.filter(|directive| !directive.is_empty()).collect();
    EnvFilter::try_new(format!("warn,{}", own.join(","))).unwrap_or_else(|_| EnvFilter::new("warn,waxseal=info"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_crate_ever_says_more_than_warnings() {
        for (asked, used) in [
            ("info", "waxseal=info,warn"),
            ("trace", "waxseal=trace,warn"),
            ("info,waxseal::smtp=debug", "waxseal::smtp=debug,waxseal=info,warn"),
            ("info,rustls=trace,hyper=debug", "waxseal=info,warn"),
            ("no such level", "waxseal=info,warn"),
        ] {
            assert_eq!(filter(asked).to_string(), used, "{asked}");
        }
    }
}
