//! Any bytes as an attachment. The first byte chooses the name, so that every reader is reached: archives, office
//! documents, PDF, pictures, S/MIME, health interchange, structured text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal::message::{Budget, Document, Documents, InProcess};

const NAMES: [&str; 12] =
    ["a.zip", "a.docx", "a.pdf", "a.doc", "a.csv", "a.json", "a.xml", "a.ics", "a.html", "a.hl7", "a.eml", "winmail.dat"];

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    let name = Some(NAMES[usize::from(*choice) % NAMES.len()]);
    let document = Document { name, declared: "", bytes, depth: 1 };
    let extract = InProcess.open(&document, &Budget::new(16 << 20, 500));
    assert!(!extract.parts.is_empty());
});
