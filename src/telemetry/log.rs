//! The form of the logs: JSON in production, lines for a person at a terminal.

use std::fmt::Debug;
use std::io::IsTerminal;

use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{self, Writer};

use super::json::{JsonLines, is_address};
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
    let addresses = config.log_addresses;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(move || lines.clone());
    // An error here means that logs already run, as in a test that starts two gateways.
    _ = match json {
        true => builder.event_format(JsonLines { addresses }).try_init(),
        false => builder
            .fmt_fields(fields_for_eyes(addresses))
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .try_init(),
    };
    last_words
}

/// `name=value` one after the other, addresses only if they are wanted.
fn fields_for_eyes(addresses: bool) -> impl for<'writer> FormatFields<'writer> + 'static {
    let one = move |line: &mut Writer<'_>, field: &Field, value: &dyn Debug| match field.name() {
        _ if is_address(field) && !addresses => Ok(()),
        "message" => write!(line, "{value:?}"),
        name => write!(line, " {}={value:?}", name.trim_start_matches("r#")),
    };
    format::debug_fn(one)
}

/// Whether it says what `log_level` may say: a level, or levels for parts of ours.
pub fn is_level(text: &str) -> bool {
    let known =
        |level: &str| ["off", "error", "warn", "info", "debug", "trace"].contains(&&*level.to_ascii_lowercase());
    text.split(',').all(|directive| match directive.split_once('=') {
        Some((target, level)) => !target.is_empty() && !target.contains(char::is_whitespace) && known(level),
        None => known(directive),
    })
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

    #[test]
    fn lines_for_eyes_leave_addresses_out_as_well() {
        for (addresses, expected) in
            [(false, " tried domain=x.example n=1\n"), (true, " tried to=bob@x.example domain=x.example n=1\n")]
        {
            let log = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
            let writer = log.clone();
            let lines = tracing_subscriber::fmt()
                .fmt_fields(fields_for_eyes(addresses))
                .with_target(false)
                .with_ansi(false)
                .with_writer(move || Shared(writer.clone()));
            tracing::subscriber::with_default(lines.finish(), || {
                tracing::info!(to = %"bob@x.example", domain = %"x.example", n = 1, "tried");
            });
            let text = String::from_utf8(log.lock().unwrap().clone()).unwrap();
            assert!(text.ends_with(expected), "{text}");
        }
    }

    struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Shared {
        fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}
