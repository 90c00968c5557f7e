//! A log event as one line of JSON, written straight into the line: name after name, no values in
//! between. Two lines are written for each message, and this form costs a third of the general one.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent};
use tracing_subscriber::registry::LookupSpan;

/// `{"timestamp":…,"level":…,"message":…,…,"target":…}`, the event's own fields in its order.
pub struct JsonLines {
    /// Whether fields that hold whole addresses are written (`telemetry.log_addresses`).
    pub addresses: bool,
}

/// Whether a field of ours holds a whole address: every event that has one calls it so.
pub fn is_address(field: &Field) -> bool {
    matches!(field.name(), "from" | "to")
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> tracing_subscriber::fmt::FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        line.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut line)?;
        let about = event.metadata();
        line.write_str("\",\"level\":\"")?;
        line.write_str(about.level().as_str())?;
        line.write_char('"')?;
        let mut fields = Fields { line: &mut line, addresses: self.addresses, failed: false };
        event.record(&mut fields);
        if fields.failed {
            return Err(fmt::Error);
        }
        line.write_str(",\"target\":\"")?;
        Escaped(&mut line).write_str(about.target())?;
        line.write_str("\"}\n")
    }
}

/// Writes fields as they are visited; a visitor can't return what went wrong.
struct Fields<'a, 'b> {
    line: &'a mut Writer<'b>,
    addresses: bool,
    failed: bool,
}

impl Fields<'_, '_> {
    fn field(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if is_address(field) && !self.addresses {
            return;
        }
        let write = || {
            self.line.write_str(",\"")?;
            Escaped(self.line).write_str(field.name().trim_start_matches("r#"))?;
            self.line.write_str("\":")?;
            value(self.line)
        };
        self.failed |= write().is_err();
    }

    fn text(&mut self, field: &Field, text: fmt::Arguments<'_>) {
        self.field(field, |line| {
            line.write_char('"')?;
            Escaped(line).write_fmt(text)?;
            line.write_char('"')
        });
    }
}

impl Visit for Fields<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field, |line| write!(line, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, |line| write!(line, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, |line| write!(line, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no infinity and no "not a number".
        match value.is_finite() {
            true => self.field(field, |line| write!(line, "{value}")),
            false => self.field(field, |line| line.write_str("null")),
        }
    }
}

/// Text inside a JSON string (RFC 8259 §7).
struct Escaped<'a, W>(&'a mut W);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut written = 0;
        for (at, byte) in text.bytes().enumerate() {
            if !matches!(byte, b'"' | b'\\' | 0..=0x1f) {
                continue;
            }
            self.0.write_str(&text[written..at])?;
            written = at + 1;
            match byte {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                b'\n' => self.0.write_str("\\n")?,
                b'\r' => self.0.write_str("\\r")?,
                b'\t' => self.0.write_str("\\t")?,
                _ => write!(self.0, "\\u{byte:04x}")?,
            }
        }
        self.0.write_str(&text[written..])
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Strangers choose some of what is logged: whatever a field holds, a line stays one line.
    #[test]
    fn a_line_is_one_json_object_whatever_its_fields_hold() {
        let log = Log::default();
        let writer = log.clone();
        let logs = tracing_subscriber::fmt()
            .event_format(JsonLines { addresses: false })
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(logs, || {
            let absent: Option<u8> = None;
            let helo = "a\"b\\c\r\n\u{1}ü";
            tracing::info!(%helo, code = 250, minus = -1, share = 0.5, odd = f64::NAN, held = true, absent, "message {}", 1);
            tracing::warn!(r#type = ?Some("x\"y"), "plain");
        });
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut first = lines[0].clone();
        let timestamp = first.as_object_mut().unwrap().shift_remove("timestamp").unwrap();
        assert!(timestamp.as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{timestamp}");
        let expected = json!({
            "level": "INFO", "message": "message 1", "helo": "a\"b\\c\r\n\u{1}ü", "code": 250, "minus": -1, "share": 0.5,
            "odd": null, "held": true, "target": "waxseal::telemetry::json::tests",
        });
        assert_eq!(first, expected);
        assert_eq!(
            (&lines[1]["type"], &lines[1]["level"], lines.len()),
            (&json!("Some(\"x\\\"y\")"), &json!("WARN"), 2)
        );
    }

    #[test]
    fn whole_addresses_are_written_only_where_they_are_wanted() {
        for addresses in [false, true] {
            let log = Log::default();
            let writer = log.clone();
            let logs = tracing_subscriber::fmt()
                .event_format(JsonLines { addresses })
                .with_writer(move || writer.clone())
                .finish();
            tracing::subscriber::with_default(logs, || {
                tracing::info!(from = %"<ann@clinic.example>", to = %"bob@x.example", domain = %"x.example", "tried");
            });
            let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
            let line: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(line.get("to").is_some(), addresses, "{line}");
            assert_eq!(line.get("from").is_some(), addresses, "{line}");
            assert_eq!(line["domain"], "x.example");
        }
    }
}
