//! iCalendar and vCard: lines of a name, parameters and a value (RFC 5545 §3.1, RFC 6350 §3.3, vCard 2.1).

use std::borrow::Cow;

use super::super::extraction::{Extraction, File};
use super::super::{charset, embedded, html, text, transfer};
use super::records::Records;

pub(super) fn read(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let decoded = text::with_plain_line_ends(charset::decode(&file.bytes, None));
    let unfolded = decoded.replace("\n ", "").replace("\n\t", "");
    let mut records = Records::default();
    let mut lines = unfolded.lines();
    while let Some(line) = lines.next() {
        let mut line = Cow::Borrowed(line);
        // vCard 2.1 folds by soft line breaks too.
        let is_coded = line.to_ascii_uppercase().contains("QUOTED-PRINTABLE");
        while is_coded && line.ends_with('=') {
            let Some(next) = lines.next() else { break };
            line.to_mut().pop();
            line.to_mut().push_str(next);
        }
        match Line::of(&line) {
            Some(line) => line.tell(&mut records),
            None => records.line("", &line),
        }
    }
    records.finish(file, extraction);
}

/// `NAME;PARAMETER=VALUE:VALUE`.
struct Line<'l> {
    name: &'l str,
    parameters: &'l str,
    value: &'l str,
}

impl<'l> Line<'l> {
    fn of(line: &'l str) -> Option<Self> {
        let (head, value) = line.split_at(colon(line)?);
        let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
        Some(Self { name, parameters, value: &value[1..] })
    }

    fn tell(&self, records: &mut Records) {
        for parameter in self.parameters.split(';') {
            let (name, value) = parameter.split_once('=').unwrap_or(("", parameter));
            let value = value.trim_matches('"');
            if name.eq_ignore_ascii_case("cn") || value.contains(' ') {
                records.line(self.name, value);
            } else if value.contains("data:") {
                data_link(value, records);
            }
        }
        match self.name.to_ascii_uppercase().as_str() {
            "BEGIN" | "VERSION" | "PRODID" | "CALSCALE" => {}
            "END" => records.end(),
            _ if self.value.starts_with("data:") => data_link(self.value, records),
            // Pictures and keys that nobody knows are noise, not words.
            "PHOTO" | "LOGO" | "SOUND" | "KEY" if self.is_in_base64() && !self.value.contains(' ') => {
                let bytes = transfer::base64(self.value.as_bytes(), transfer::Padding::Skip);
                if embedded::is_meant(&bytes, &super::Table) {
                    records.file(bytes);
                }
            }
            _ if self.is_in_base64() => {
                records.file(transfer::base64(self.value.as_bytes(), transfer::Padding::Skip));
            }
            _ => records.line(self.name, &self.plain()),
        }
    }

    /// `ENCODING=BASE64`, or `b` in vCard.
    fn is_in_base64(&self) -> bool {
        let parameters = self.parameters.to_ascii_uppercase();
        parameters.split(';').any(|parameter| matches!(parameter, "ENCODING=BASE64" | "ENCODING=B" | "BASE64"))
    }

    fn plain(&self) -> String {
        let value = match self.parameters.to_ascii_uppercase().contains("QUOTED-PRINTABLE") {
            true => charset::decode(&transfer::quoted_printable(self.value.as_bytes()), None).into_owned(),
            false => self.value.to_owned(),
        };
        value.replace("\\n", " ").replace("\\N", " ").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
    }
}

/// Where the value begins: a colon inside quotes is the parameter's.
fn colon(line: &str) -> Option<usize> {
    let mut quoted = false;
    line.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b':' && !quoted
    })
}

/// What a `data:` link holds (RFC 2397).
fn data_link(link: &str, records: &mut Records) {
    let escaped = link.replace('\'', "&#39;");
    html::read(&format!("<a href='{escaped}'>")).files.into_iter().for_each(|file| records.file(file.bytes));
}

#[cfg(test)]
mod tests {
    use super::super::tests::{opened, text_of};

    #[test]
    fn calendars_and_cards_are_unfolded() {
        let invite = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Visit of J\r\n o Roe\\, MRN 12\r\nATTENDEE;CN=\"Ann Lee\":mailto:a@x.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let text = text_of(&opened("a.ics", invite.as_bytes()), "");
        assert_eq!(text, "SUMMARY: Visit of Jo Roe, MRN 12\nATTENDEE: Ann Lee\nATTENDEE: mailto:a@x.example\n");
        let card = "BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE:J=C3=B6 Roe\nEND:VCARD\n";
        assert_eq!(text_of(&opened("a.vcf", card.as_bytes()), ""), "FN: J\u{f6} Roe\n");
    }

    #[test]
    fn whatever_a_parameter_or_a_code_holds_is_read() {
        let calendar = |line: &str| format!("BEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\n");
        for (line, origin, text) in [
            (
                "ATTENDEE;X-NOTE=\"for Jo: Roe\":mailto:a@x.example",
                "",
                "ATTENDEE: for Jo: Roe\nATTENDEE: mailto:a@x.example",
            ),
            ("X-ALT-DESC;FMTTYPE=text/html:<p>Jo <b>R</b>oe</p>", "", "X-ALT-DESC: Jo Roe"),
            ("attach;encoding=base64;value=binary:Sm8gUm9l", "embedded[1]", "Jo Roe"),
            ("NOTE;ENCODING=b:Sm8gUm9l", "embedded[1]", "Jo Roe"),
            ("DESCRIPTION;ALTREP=\"data:text/plain,Jo%20Roe\":x", "embedded[1]", "Jo Roe"),
            ("KEY:Jo Roe", "", "KEY: Jo Roe"),
            ("NOTE;QUOTED-PRINTABLE:Jo=20=\r\nRo=\r\ne", "", "NOTE: Jo Roe"),
            ("PHOTO;ENCODING=b;TYPE=JPEG:UGF0aWVudCBKbyBSb2U=", "embedded[1]", "Patient Jo Roe"),
        ] {
            assert_eq!(text_of(&opened("a.ics", calendar(line).as_bytes()), origin).trim(), text, "{line}");
        }
    }
}
