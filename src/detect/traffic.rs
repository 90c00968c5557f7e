//! What kind of mail a message is, by its header.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::Reading;

/// Told by the header alone; the first of these that fits, from the last to the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Traffic {
    /// A person's mail, as far as the header tells.
    Person,
    /// A mailing list's or a mass mailing (RFC 2919, RFC 2369, `Precedence: list` or `bulk`).
    List,
    /// A program's own or its answer (RFC 3834: `Auto-Submitted` other than `no`).
    Automatic,
    /// A delivery or disposition notification (RFC 6522: `multipart/report`).
    Report,
}

impl Traffic {
    pub fn of(reading: &Reading) -> Self {
        let any = |name: &str, fits: &dyn Fn(&str) -> bool| {
            reading.fields(name).any(|value| fits(value.trim().to_ascii_lowercase().as_str()))
        };
        let is_there = |names: &[&str]| names.iter().any(|name| reading.fields(name).next().is_some());
        if any("Content-Type", &|value| value.starts_with("multipart/report")) {
            Traffic::Report
        } else if any("Auto-Submitted", &|value| value.split([';', ' ']).next() != Some("no")) {
            Traffic::Automatic
        } else if is_there(&["List-Id", "List-Post", "List-Unsubscribe"])
            || any("Precedence", &|value| matches!(value, "list" | "bulk"))
        {
            Traffic::List
        } else {
            Traffic::Person
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Field;

    #[test]
    fn the_header_tells_what_kind_of_mail_it_is() {
        for (fields, traffic) in [
            (&[][..], Traffic::Person),
            (&[("Auto-Submitted", "no")][..], Traffic::Person),
            (&[("Precedence", "Bulk")][..], Traffic::List),
            (&[("list-unsubscribe", "<mailto:u@x.example>")][..], Traffic::List),
            (&[("Auto-Submitted", "auto-generated"), ("List-Id", "<l.x.example>")][..], Traffic::Automatic),
            (&[("Content-Type", "multipart/report; report-type=delivery-status")][..], Traffic::Report),
        ] {
            let field =
                |(name, value): &(&str, &str)| Field { name: (*name).into(), value: (*value).into(), range: 0..0 };
            let reading = Reading { fields: fields.iter().map(field).collect(), ..Reading::default() };
            assert_eq!(Traffic::of(&reading), traffic, "{fields:?}");
        }
    }
}
