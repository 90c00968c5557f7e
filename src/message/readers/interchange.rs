//! Messages between health systems: HL7 v2 and X12, as records whose names say what a field is.

use super::super::extraction::{Extraction, File};
use super::super::{Shape, charset, text};
use super::records::Records;

pub(super) fn is_hl7(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let start = start.strip_prefix(b"\x0b").unwrap_or(start);
    [&b"MSH"[..], b"FHS", b"BHS"].iter().any(|name| start.starts_with(name))
        && start.get(3).is_some_and(|byte| byte.is_ascii_punctuation())
        && start.get(4).is_some_and(|byte| byte.is_ascii_punctuation())
}

/// HL7 v2: segments end with CR (in the wild also LF), fields by `|`, components by `^`.
pub(super) fn hl7(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let decoded = text::with_plain_line_ends(charset::decode(&file.bytes, None));
    let separator = decoded.trim_start_matches('\u{b}').chars().nth(3).unwrap_or('|');
    let mut records = Records::default();
    for line in decoded.lines() {
        let line = line.trim_matches(|c: char| c.is_control());
        let mut fields = line.split(separator);
        let Some(segment) = fields.next().filter(|name| name.len() == 3) else {
            records.line("", line);
            continue;
        };
        if segment == "MSH" {
            records.end();
        }
        // MSH-1 is the separator itself.
        let first = if segment == "MSH" { 2 } else { 1 };
        for (at, value) in fields.enumerate() {
            let number = at + first;
            if segment == "MSH" && number < 9 {
                continue;
            }
            hl7_field(segment, number, value, &mut records);
        }
    }
    records.finish(file, extraction);
}

fn hl7_field(segment: &str, number: usize, value: &str, records: &mut Records) {
    let name = hl7_name(segment, number);
    for repetition in value.split('~') {
        let parts: Vec<&str> = repetition.split(['^', '&']).filter(|part| !part.is_empty()).collect();
        let in_hexadecimal = parts.contains(&"Hex");
        let shown: Vec<&str> =
            parts.iter().copied().filter(|part| !is_document(part, in_hexadecimal, records)).collect();
        // A name is given and family to a reader: HL7 writes the family first.
        let shown = match (&shown[..], hl7_is_name(segment, number)) {
            ([family, given, rest @ ..], true) => {
                let middle = rest.first().filter(|middle| middle.len() > 1).map_or("", |middle| *middle);
                format!("{family}, {given} {middle}")
            }
            _ => shown.join(" "),
        };
        let shown = unescape_hl7(&shown);
        match name {
            Some(name) => records.line(&format!("{segment}-{number} {name}"), &shown),
            None => records.line(&format!("{segment}-{number}"), &shown),
        }
    }
}

/// Encapsulated data (HL7 v2.9 §2A.2.23): the component that is a document goes to the files.
fn is_document(part: &str, in_hexadecimal: bool, records: &mut Records) -> bool {
    if part.len() > 16 && in_hexadecimal {
        let bytes = hexadecimal(part);
        let found = bytes.len() * 2 == part.len();
        found.then(|| records.file(bytes));
        return found;
    }
    records.is_file(part)
}

fn hexadecimal(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs.map_while(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// `\T\` and its kin (HL7 v2.9 §2.7).
fn unescape_hl7(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut text = text.to_owned();
    // `\X4A6F\`: bytes in hexadecimal.
    for code in text.clone().split('\\').filter(|code| code.len() > 2 && code.starts_with('X')) {
        text = text.replace(&format!("\\{code}\\"), &charset::decode(&hexadecimal(&code[1..]), None));
    }
    text.replace("\\T\\", "&")
        .replace("\\S\\", "^")
        .replace("\\F\\", "|")
        .replace("\\R\\", "~")
        .replace("\\.br\\", " ")
        .replace("\\E\\", "\\")
}

fn hl7_is_name(segment: &str, number: usize) -> bool {
    matches!((segment, number), ("PID", 5 | 6 | 9) | ("NK1" | "MRG", 2 | 7) | ("GT1", 3) | ("IN1", 16))
}

/// What a field is, in words that a person would use; only those that identify someone or say how they are.
fn hl7_name(segment: &str, number: usize) -> Option<&'static str> {
    Some(match (segment, number) {
        ("PID", 2..=4) => "patient MRN",
        ("PID", 5) => "patient name",
        ("PID", 6) => "mother's maiden name",
        ("PID", 7) => "patient date of birth",
        ("PID", 8) => "sex",
        ("PID", 9) => "patient alias",
        ("PID", 11) => "patient address",
        ("PID", 13 | 14) => "patient phone",
        ("PID", 18) => "patient account number",
        ("PID", 19) => "patient SSN",
        ("PID", 20) => "driver license",
        ("NK1", 2) => "next of kin",
        ("NK1", 4) => "address",
        ("NK1", 5) => "phone",
        ("PV1", 3) => "location",
        ("PV1", 7) => "attending doctor",
        ("PV1", 8) => "referring doctor",
        ("PV1", 19) => "visit number",
        ("PV1", 44) => "admission date",
        ("PV1", 45) => "discharge date",
        ("DG1", 3) => "diagnosis code",
        ("DG1", 4) => "diagnosis",
        ("PR1", 3) => "procedure",
        ("AL1", 3) => "allergy",
        ("OBR", 4) => "test ordered",
        ("OBX", 3) => "observation",
        ("OBX", 5) => "result",
        ("OBX", 6) => "units",
        ("OBX", 7) => "reference range",
        ("RXE" | "RXO" | "RXA" | "RXD", 2 | 5) => "medication",
        ("NTE", 3) => "note",
        ("IN1", 2) => "insurance plan",
        ("IN1", 4) => "payer",
        ("IN1", 16) => "insured name",
        ("IN1", 18) => "insured date of birth",
        ("IN1", 36) => "policy number",
        ("IN1", 49) | ("IN2", 6) => "member id",
        ("GT1", 3) => "guarantor",
        ("SCH", 11) => "appointment",
        _ => return None,
    })
}

pub(super) fn is_x12(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    start.starts_with(b"ISA") && start.len() > 105 && start[3] == start[6] && !start[3].is_ascii_alphanumeric()
}

/// X12: the ISA segment is of fixed width and names the separators.
pub(super) fn x12(file: &File<'_>, extraction: &mut Extraction<'_>) {
    let mut records = Records::default();
    let content = without_binaries(file.bytes.trim_ascii_start(), &mut records);
    let decoded = charset::decode(&content, None);
    let bytes = decoded.as_bytes();
    if bytes.len() < 106 {
        return extraction.text(&file.origin, decoded.into_owned(), Shape::Prose);
    }
    let (element, component, end) = (bytes[3] as char, bytes[104] as char, bytes[105] as char);
    for segment in decoded.split(end) {
        let elements: Vec<&str> = segment.trim().split(element).collect();
        let name = elements[0];
        // A loop of one person or one claim is a record.
        if matches!(name, "ST" | "HL" | "CLM" | "SE") {
            records.end();
        }
        if matches!(name, "ISA" | "GS" | "GE" | "IEA" | "SE" | "ST" | "") {
            continue;
        }
        if name == "BDS" {
            elements.iter().skip(1).for_each(|element| records.line("document", element));
            continue;
        }
        let label = x12_label(name, elements.get(1).copied().unwrap_or_default());
        records.line(&label, &x12_value(name, &elements[1..], component));
    }
    records.finish(file, extraction);
}

/// `BIN*length*bytes`: the bytes may be anything, the separators among it (X12 275).
fn without_binaries(content: &[u8], records: &mut Records) -> Vec<u8> {
    let Some(&element) = content.get(3) else { return content.to_vec() };
    let begin = [b"BIN", &[element][..]].concat();
    let mut kept = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = memchr::memmem::find(rest, &begin) {
        let (before, after) = rest.split_at(at + begin.len());
        kept.extend_from_slice(before);
        rest = after;
        let digits = rest.iter().take(12).take_while(|byte| byte.is_ascii_digit()).count();
        let len = std::str::from_utf8(&rest[..digits]).ok().and_then(|len| len.parse::<usize>().ok());
        let binary = rest.get(digits + 1..).zip(len).and_then(|(data, len)| data.get(..len));
        if let Some(binary) = binary.filter(|_| rest[digits] == element) {
            records.file(binary.to_vec());
            rest = &rest[digits + 1 + binary.len()..];
        }
    }
    kept.extend_from_slice(rest);
    kept
}

fn x12_value(name: &str, elements: &[&str], component: char) -> String {
    match name {
        // NM1*IL*1*ROE*JO*M***MI*W000: family, given, …, id qualifier, id.
        "NM1" => {
            let at = |index: usize| elements.get(index).copied().unwrap_or_default();
            let person = if at(3).is_empty() { at(2).to_owned() } else { format!("{}, {} {}", at(2), at(3), at(4)) };
            format!("{person} {} {}", id_qualifier(at(7)), at(8))
        }
        "HI" => elements.iter().map(|code| code.split(component).nth(1).unwrap_or(code)).collect::<Vec<_>>().join(" "),
        // The first element of these is a qualifier that the label already tells.
        "DMG" | "DTP" | "REF" | "DTM" => elements.iter().skip(1).copied().collect::<Vec<_>>().join(" "),
        _ => elements.join(" ").replace(component, " "),
    }
}

fn id_qualifier(code: &str) -> &'static str {
    match code {
        "MI" => "member id",
        "34" => "SSN",
        "XX" => "NPI",
        "MR" | "EA" => "MRN",
        "FI" | "24" => "tax id",
        _ => "id",
    }
}

fn x12_label(name: &str, qualifier: &str) -> String {
    let words = match (name, qualifier) {
        ("NM1", "IL") => "subscriber",
        ("NM1", "QC") => "patient",
        ("NM1", "74") => "corrected insured",
        ("NM1", "03") => "dependent",
        ("NM1", "85") => "billing provider",
        ("NM1", "82") => "rendering provider",
        ("NM1", "DN") => "referring provider",
        ("NM1", "1P") => "provider",
        ("NM1", "PR") => "payer",
        ("N3", _) => "address",
        ("N4", _) => "city state zip",
        ("DMG", _) => "date of birth",
        ("PER", _) => "contact",
        ("CLM", _) => "claim",
        ("CLP", _) => "claim payment",
        ("HI", _) => "diagnosis code",
        ("SV1" | "SV2" | "SVC", _) => "procedure service",
        ("REF", "SY") => "SSN",
        ("REF", "EA") => "MRN",
        ("REF", "1L" | "18" | "6P") => "policy number",
        ("REF", "IG" | "0F") => "member id",
        ("DTP" | "DTM", "472" | "150" | "232") => "date of service",
        ("DTP", "435") => "admission date",
        ("EB", _) => "benefit",
        ("MSG" | "NTE", _) => "note",
        _ => "",
    };
    if words.is_empty() { name.to_owned() } else { format!("{name} {words}") }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{opened, text_of};

    #[test]
    fn hl7_fields_have_names() {
        let message = "MSH|^~\\&|LAB|H|EHR|H|20260101||ORU^R01|1|P|2.5\rPID|1||998991^^^H^MR||ROE^JO^ANN||19750501|F|||1 Elm St^^Reno^NV||555-0100||||||219-09-6781\rOBX|1|NM|4548-4^HbA1c||9.1|%|4-6\r";
        for line_end in ["\r", "\n", "\r\n"] {
            let text = text_of(&opened("result.hl7", message.replace('\r', line_end).as_bytes()), "");
            for line in [
                "PID-3 patient MRN: 998991 H MR\n",
                "PID-5 patient name: ROE, JO ANN\n",
                "PID-7 patient date of birth: 19750501\n",
                "PID-19 patient SSN: 219-09-6781\n",
                "OBX-3 observation: 4548-4 HbA1c\n",
                "OBX-5 result: 9.1\n",
            ] {
                assert!(text.contains(line), "{line:?} in {text}");
            }
        }
    }

    #[test]
    fn documents_inside_are_opened() {
        let isa = "ISA*00*          *00*          *ZZ*A              *ZZ*B              *260101*1200*^*00501*000000001*0*P*:~";
        let msh = "MSH|^~\\&|L|H|E|H|20260101||MDM^T02|1|P|2.5\r";
        let note = "UGF0aWVudCBKbyBSb2UsIE1STiAxMjM0NQ==";
        for (name, bytes) in [
            ("a.hl7", format!("{msh}OBX|1|ED|R||^TEXT^plain^Base64^{note}||||||F\r")),
            (
                "a.hl7",
                format!("{msh}OBX|1|ED|R||^TEXT^plain^Hex^50617469656E74204A6F20526F652C204D524E203132333435||||||F\r"),
            ),
            ("a.edi", format!("{isa}ST*275*1~BDS*B64*36*{note}~SE*1*1~")),
            ("a.edi", format!("{isa}ST*275*1~BIN*25*Patient Jo Roe, MRN 12345~SE*1*1~")),
        ] {
            assert_eq!(text_of(&opened(name, bytes.as_bytes()), "embedded[1]"), "Patient Jo Roe, MRN 12345", "{bytes}");
        }
        let escaped = format!("{msh}NTE|1||\\X4A6F\\ Roe\r");
        assert!(text_of(&opened("a.hl7", escaped.as_bytes()), "").contains("NTE-3 note: Jo Roe\n"));
    }

    #[test]
    fn x12_segments_have_names() {
        let header = "ISA*00*          *00*          *ZZ*A              *ZZ*B              *260101*1200*^*00501*000000001*0*P*:~";
        let claim = format!(
            "{header}ST*837*1~HL*1**22*0~NM1*IL*1*ROE*JO*M***MI*W123456789~DMG*D8*19750501*F~CLM*A1*100~HI*ABK:E119*ABF:I10~REF*SY*219096781~SE*1*1~"
        );
        let text = text_of(&opened("claim.edi", claim.as_bytes()), "");
        for line in [
            "NM1 subscriber: ROE, JO M member id W123456789\n",
            "DMG date of birth: 19750501 F\n",
            "HI diagnosis code: E119 I10\n",
            "REF SSN: 219096781\n",
        ] {
            assert!(text.contains(line), "{line:?} in {text}");
        }
    }
}
