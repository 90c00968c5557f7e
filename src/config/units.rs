//! Values with a unit, and the other words that a text may have to be.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::mail::{Address, Domain, DomainPattern};

/// A number of bytes: `150MiB`, `64KiB`, `512B`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// A span of time: `30s`, `15m`, `5d`, `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// Where a secret is kept: `file:PATH` or `credential:NAME`. The secret itself never stands here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    File(String),
    /// A systemd credential.
    Credential(String),
    /// A command that prints it (only `keys.master`).
    Command(String),
}

/// What is wrong with a text that should have had a format, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub message: String,
    pub mend: Option<&'static str>,
}

impl From<String> for Wrong {
    fn from(message: String) -> Self {
        Self { message, mend: None }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.mend.map_or(Ok(()), |mend| write!(f, "; {mend}"))
    }
}

impl Size {
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let wants = || Wrong {
            message: format!("{text:?} is no size"),
            mend: Some("a number with a unit such as 64KiB, 150MiB or 2GiB is wanted"),
        };
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wants)?;
        let number: u64 = text[..digits].parse().map_err(|_| wants())?;
        let unit: u64 = match text[digits..].trim_start() {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "TiB" => 1 << 40,
            "kB" | "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            _ => return Err(wants()),
        };
        number.checked_mul(unit).map(Size).ok_or_else(wants)
    }
}

impl Span {
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let wants = || Wrong {
            message: format!("{text:?} is no span of time"),
            mend: Some("a number with a unit such as 30s, 15m, 12h or 5d is wanted"),
        };
        let mut total = Duration::ZERO;
        let mut rest = text;
        if rest.is_empty() {
            return Err(wants());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wants)?;
            let number: u64 = rest[..digits].parse().map_err(|_| wants())?;
            let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
            let seconds = match &rest[digits..unit_end] {
                "ms" => {
                    total = total.checked_add(Duration::from_millis(number)).ok_or_else(wants)?;
                    rest = &rest[unit_end..];
                    continue;
                }
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                "d" => 86_400,
                "w" => 604_800,
                _ => return Err(wants()),
            };
            let span = number.checked_mul(seconds).ok_or_else(wants)?;
            total = total.checked_add(Duration::from_secs(span)).ok_or_else(wants)?;
            rest = &rest[unit_end..];
        }
        Ok(Span(total))
    }
}

impl SecretRef {
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        // The text itself may be a password that somebody wrote here: it is not repeated.
        let wants = || Wrong {
            message: "a secret is never written here".to_owned(),
            mend: Some("file:PATH or credential:NAME is wanted"),
        };
        let (kind, rest) = text.split_once(':').filter(|(_, rest)| !rest.is_empty()).ok_or_else(wants)?;
        match kind {
            "file" => Ok(SecretRef::File(rest.to_owned())),
            "credential" if !rest.contains('/') => Ok(SecretRef::Credential(rest.to_owned())),
            "command" => Ok(SecretRef::Command(rest.to_owned())),
            _ => Err(wants()),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")];
        let (unit, name) =
            units.into_iter().find(|(unit, _)| self.0 >= *unit && self.0.is_multiple_of(*unit)).unwrap_or((1, "B"));
        write!(f, "{}{name}", self.0 / unit)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
        let whole = units.into_iter().find(|(unit, _)| millis >= *unit && millis.is_multiple_of(*unit));
        let (unit, name) = whole.unwrap_or((1, "ms"));
        write!(f, "{}{name}", millis / unit)
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretRef::File(path) => write!(f, "file:{path}"),
            SecretRef::Credential(name) => write!(f, "credential:{name}"),
            SecretRef::Command(command) => write!(f, "command:{command}"),
        }
    }
}

fn from_text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, Wrong>,
) -> Result<T, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, Size::parse)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, Span::parse)
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, SecretRef::parse)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for SecretRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The formats that the schema names: editors ignore most of them, the loader checks them all.
/// Answers what is wrong with the text.
pub fn check_format(format: &str, text: &str) -> Result<(), Wrong> {
    let wrong = |wants: &str| Wrong::from(format!("{text:?} is not {wants}"));
    match format {
        "size" => Size::parse(text).map(drop),
        "time-span" => Span::parse(text).map(drop),
        "secret" => SecretRef::parse(text).map(drop),
        "domain" => text.parse::<Domain>().map(drop).map_err(|error| format!("{text:?}: {error}").into()),
        "domain-pattern" => text
            .parse::<DomainPattern>()
            .map(drop)
            .map_err(|_| wrong("example.org, .example.org (its subdomains) or * (all)")),
        "mailbox" => text.parse::<Address>().map(drop).map_err(|error| format!("{text:?}: {error}").into()),
        "socket" => {
            text.parse::<SocketAddr>().map(drop).map_err(|_| wrong("IP:PORT or [IPv6]:PORT, such as 127.0.0.1:8025"))
        }
        "ip" => text.parse::<IpAddr>().map(drop).map_err(|_| wrong("an IP address")),
        "network" => text.parse::<crate::smtp::Network>().map(drop).map_err(|error| error.to_string().into()),
        "next-hop" => {
            text.parse::<crate::deliver::NextHop>().map(drop).map_err(|error| format!("{text:?}: {error}").into())
        }
        "pin" => text.parse::<crate::deliver::Pin>().map(drop).map_err(|error| error.to_string().into()),
        "day" => text.parse::<jiff::civil::Date>().map(drop).map_err(|_| wrong("a date such as 2026-12-31")),
        "guid" => uuid::Uuid::parse_str(text).map(drop).map_err(|_| wrong("a GUID")),
        // Formats of JSON Schema itself, on plain numbers, need no more than their type.
        _ => Ok(()),
    }
}

/// A text of one of these formats, for `#[schemars(with = "…")]` on a field of another type.
macro_rules! formats {
    ($($(#[$doc:meta])* $name:ident = $format:literal;)*) => {$(
        $(#[$doc])*
        pub struct $name;
        impl JsonSchema for $name {
            fn inline_schema() -> bool { true }
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format })
            }
        }
    )*};
}

formats! {
    DomainText = "domain";
    PatternText = "domain-pattern";
    MailboxText = "mailbox";
    SocketText = "socket";
    IpText = "ip";
    NetworkText = "network";
    NextHopText = "next-hop";
    PinText = "pin";
    DayText = "day";
    GuidText = "guid";
    SizeText = "size";
    SpanText = "time-span";
    SecretText = "secret";
}

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Size".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        SizeText::json_schema(generator)
    }
}

impl JsonSchema for Span {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        SpanText::json_schema(generator)
    }
}

impl JsonSchema for SecretRef {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecretRef".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        SecretText::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_need_a_unit() {
        for (text, bytes) in [("150MiB", Some(150 << 20)), ("64 KiB", Some(65_536)), ("1GB", Some(1_000_000_000))] {
            assert_eq!(Size::parse(text).ok().map(|size| size.0), bytes, "{text}");
        }
        for text in ["", "150", "MiB", "1.5MiB", "-1B", "10mb", "99999999999TiB"] {
            assert!(Size::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn spans_need_a_unit_and_may_be_put_together() {
        for (text, seconds) in [("30s", 30), ("15m", 900), ("5d", 432_000), ("1h30m", 5400), ("2w", 1_209_600)] {
            let span = Span(Duration::from_secs(seconds));
            assert_eq!(Span::parse(text), Ok(span), "{text}");
            assert_eq!(Span::parse(&span.to_string()), Ok(span), "{text} as written back");
        }
        assert_eq!(Span::parse("250ms"), Ok(Span(Duration::from_millis(250))));
        for text in ["", "30", "s", "1 m", "5 days", "1.5h", "-1s", "99999999999999999999d"] {
            assert!(Span::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_secret_written_out_is_refused_without_repeating_it() {
        assert_eq!(SecretRef::parse("credential:master"), Ok(SecretRef::Credential("master".into())));
        for text in ["hunter2", "file:", "plain:hunter2", "credential:../etc/shadow"] {
            let error = SecretRef::parse(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
