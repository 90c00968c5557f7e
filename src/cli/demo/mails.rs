//! The mail of an ordinary morning at a clinic, made up.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The clinic whose mail system sends through the gateway.
pub const CLINIC: &str = "clinic.example";
/// An insurer whose mail server has a certificate that verifies.
pub const INSURER: &str = "insurer.example";
/// A practice whose mail server offers no TLS.
pub const PRACTICE: &str = "old-practice.example";

/// A mail to be sent, and what a reader should watch for.
pub struct Sample {
    pub title: &'static str,
    pub author: &'static str,
    pub recipients: Vec<String>,
    /// Lines end in CRLF, but for the attack.
    pub content: Vec<u8>,
}

/// Six mails, each with another end.
pub fn samples() -> Vec<Sample> {
    let at = |local: &str, domain: &str| format!("{local}@{domain}");
    vec![
        Sample {
            title: "A newsletter",
            author: "press",
            recipients: vec![at("editor", INSURER)],
            content: text("Our summer party", "The garden opens at five. Bring an umbrella."),
        },
        Sample {
            title: "A prescription, to two recipients",
            author: "dr.gray",
            recipients: vec![at("claims", INSURER), at("desk", PRACTICE)],
            content: text(
                "Follow-up",
                "Patient John Roe, SSN 219-09-6781, DOB 04/12/1961, was started on metformin for type 2 diabetes.",
            ),
        },
        Sample {
            title: "A spreadsheet of patients",
            author: "billing",
            recipients: vec![at("claims", INSURER)],
            content: attached(
                "March",
                "The list is attached.",
                "march.csv",
                "text/csv",
                b"Patient,SSN,DOB,Diagnosis\r\nJane Doe,219-09-6781,02/03/1970,Type 2 diabetes mellitus\r\nRichard Miles,457-55-5462,07/08/1955,Hypertension\r\n",
            ),
        },
        Sample {
            title: "Its author asks for protection",
            author: "legal",
            recipients: vec![at("counsel", INSURER)],
            content: text("[secure] Draft of the contract", "Please find our remarks on page four."),
        },
        Sample {
            title: "An attachment that nobody can read",
            author: "frontdesk",
            recipients: vec![at("archive", INSURER)],
            content: attached("Records", "As agreed.", "records.zip", "application/zip", LOCKED_ZIP),
        },
        Sample {
            title: "A second mail smuggled inside",
            author: "printer",
            recipients: vec![at("editor", INSURER)],
            content: b"From: printer@clinic.example\r\nSubject: scan\r\n\r\nHello.\n.\r\nMAIL FROM:<boss@clinic.example>\r\n"
                .to_vec(),
        },
    ]
}

impl Sample {
    /// The content with the fields that every mail program writes.
    pub fn whole(&self, number: usize) -> Vec<u8> {
        let mut whole = format!(
            "Date: Mon, 16 Nov 2026 08:0{number}:00 -0500\r\nMessage-ID: <demo-{number}@{CLINIC}>\r\nTo: {}\r\n",
            self.recipients.join(", ")
        )
        .into_bytes();
        if !self.content.starts_with(b"From:") {
            whole.extend_from_slice(format!("From: {}@{CLINIC}\r\n", self.author).as_bytes());
        }
        whole.extend_from_slice(&self.content);
        whole
    }
}

fn text(subject: &str, body: &str) -> Vec<u8> {
    format!("Subject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n")
        .into_bytes()
}

fn attached(subject: &str, body: &str, name: &str, kind: &str, bytes: &[u8]) -> Vec<u8> {
    let encoded = STANDARD.encode(bytes);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).expect("base64 is ASCII")).collect();
    format!(
        "Subject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=part\r\n\r\n\
         --part\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n\
         --part\r\nContent-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--part--\r\n",
        lines.join("\r\n")
    )
    .into_bytes()
}

/// A zip with one file, locked by the old cipher (flag bit 0): `patients.txt`, 24 bytes that only
/// its password opens.
const LOCKED_ZIP: &[u8] = b"PK\x03\x04\x14\x00\x01\x00\x00\x00\x00\x60\x70\x5d\x9a\x3c\x51\x7f\
\x18\x00\x00\x00\x0c\x00\x00\x00\x0c\x00\x00\x00patients.txt\
\x8f\x1c\x77\xa0\x3d\xe2\x90\x15\x6b\xc4\xf8\x29\xd1\x52\x0e\x9b\x47\xb3\x66\xec\x04\x7d\xaa\x31\
PK\x01\x02\x14\x00\x14\x00\x01\x00\x00\x00\x00\x60\x70\x5d\x9a\x3c\x51\x7f\x18\x00\x00\x00\x0c\x00\x00\x00\
\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00patients.txt\
PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\x3a\x00\x00\x00\x42\x00\x00\x00\x00\x00";
