//! Documents opened and pictures read in real, confined processes of the real program.

use std::process::Command;
use std::time::Duration;

use waxseal::message::{self, Apart, Budget, Document, Documents, GapReason};
use waxseal::world::ocr::Ocr;
use waxseal::world::worker::{Config, Pool};

const PROGRAM: &str = env!("CARGO_BIN_EXE_waxseal");

fn apart(workers: usize) -> Apart {
    let workers = Pool::new(Config {
        program: PROGRAM.into(),
        arguments: vec!["worker".to_owned()],
        workers,
        deadline: Duration::from_secs(20),
    });
    Apart { workers, ocr: None }
}

/// With Tesseract, which `scripts/test` installs.
fn with_ocr() -> Apart {
    let ocr = Ocr::of("/usr/bin/tesseract".into(), PROGRAM.into()).expect("tesseract-ocr is installed");
    Apart { ocr: Some(ocr), ..apart(1) }
}

/// A page of 1000 by 420 dots, as a scanner makes it.
const PAGE: &[u8] = include_bytes!("support/pictures/page.png");
/// The same, less than a page: 840 by 353 dots.
const SMALL: &[u8] = include_bytes!("support/pictures/small.png");
/// The same as a fax machine packs it.
const FAX: &[u8] = include_bytes!("support/pictures/page.g4");

fn mail(kind: &str, attachment: &[u8]) -> Vec<u8> {
    let head = format!("Subject: scan\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: binary\r\n\r\n");
    [head.as_bytes(), attachment].concat()
}

/// A PDF of one page that shows one picture.
fn pdf_of_fax() -> Vec<u8> {
    let content = "q 500 0 0 210 50 500 cm /I Do Q";
    let objects: [Vec<u8>; 5] = [
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>".to_vec(),
        format!("<</Length {}>>stream\n{content}\nendstream", content.len()).into_bytes(),
        [
            format!(
                "<</Type/XObject/Subtype/Image/Width 1000/Height 420/BitsPerComponent 1/ColorSpace/DeviceGray\
                 /Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 1000/Rows 420>>/Length {}>>stream\n",
                FAX.len()
            )
            .as_bytes(),
            FAX,
            b"\nendstream",
        ]
        .concat(),
    ];
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", out.len());
        out.extend(format!("{} 0 obj\n", at + 1).as_bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let start = out.len();
    out.extend(table.as_bytes());
    out.extend(format!("trailer\n<</Root 1 0 R/Size 6>>\nstartxref\n{start}\n%%EOF\n").as_bytes());
    out
}

fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file(name, stored).expect("memory");
    writer.write_all(bytes).expect("memory");
    writer.finish().expect("memory").into_inner()
}

#[test]
fn a_worker_opens_documents_one_after_another() {
    let apart = apart(1);
    let budget = Budget::new(1 << 20, 100);
    for text in ["Jo Roe", "Ann Lee"] {
        let bytes = zipped("note.txt", text.as_bytes());
        let document = Document { name: Some("a.zip"), declared: "application/zip", bytes: &bytes, depth: 1 };
        let extract = apart.open(&document, &budget);
        assert!(extract.gaps.is_empty(), "{:?}", extract.gaps);
        assert!(extract.segments.iter().any(|segment| segment.text == text));
    }
    assert!(budget.left().0 < 1 << 20, "what a worker spends is spent here");
}

#[test]
fn what_a_worker_can_not_read_is_a_gap() {
    let document = Document { name: Some("a.zip"), declared: "", bytes: b"PK\x03\x04", depth: 1 };
    let extract = apart(1).open(&document, &Budget::new(1 << 20, 100));
    assert_eq!(extract.gaps[0].reason, GapReason::Corrupt);
    assert_eq!(extract.parts[0].kind, "application/zip");
}

#[test]
fn the_text_of_a_photo_a_fax_and_a_scan_in_an_archive_is_read() {
    let documents = with_ocr();
    for (kind, attachment) in [
        ("image/png; name=scan.png", PAGE.to_vec()),
        ("image/png; name=clip.png", SMALL.to_vec()),
        ("application/pdf; name=fax.pdf", pdf_of_fax()),
        ("application/zip; name=scans.zip", zipped("scan.png", PAGE)),
    ] {
        let reading = message::read(&mail(kind, &attachment), &Budget::new(1 << 20, 100), &documents);
        assert!(reading.gaps.is_empty(), "{kind}: {:?}", reading.gaps);
        let read = reading.segments.iter().find(|segment| segment.origin.as_str().ends_with("/ocr"));
        let text = &read.unwrap_or_else(|| panic!("{kind}: no text was read")).text;
        assert!(text.contains("MRN: 4471234") && text.contains("diabetes"), "{kind}: {text}");
    }
}

#[test]
fn a_picture_that_can_not_be_read_is_a_gap() {
    // A page of 60,000 dots each way, of which the data are missing.
    let mut flood = PAGE.to_vec();
    flood[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    // A TIFF whose directory leads back to itself.
    let mut circle = b"II*\0\x08\0\0\0\0\0\x08\0\0\0".to_vec();
    circle.resize(70_000, 0);
    for (documents, picture) in [(apart(1), PAGE.to_vec()), (with_ocr(), flood), (with_ocr(), circle)] {
        let reading = message::read(&mail("image/png", &picture), &Budget::new(1 << 20, 100), &documents);
        assert_eq!(reading.gaps[0].reason, GapReason::Picture);
    }
    // A banner need not be read.
    let reading = message::read(&mail("image/png", SMALL), &Budget::new(1 << 20, 100), &apart(1));
    assert!(reading.gaps.is_empty(), "{:?}", reading.gaps);
}

#[test]
fn what_reads_pictures_sees_the_system_programs_and_nothing_else() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("reader");
    std::fs::write(&program, "#!/bin/sh\necho it ran\n").expect("a file");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("its mode");
    let ended =
        Command::new(PROGRAM).args(["ocr", "eng", "/usr/share"]).arg(&program).output().expect("the program runs");
    assert!(!ended.status.success() && ended.stdout.is_empty(), "{ended:?}");
}

#[test]
fn a_reading_that_is_stopped_ends_at_once() {
    let documents = with_ocr();
    let budget = Budget::new(1 << 20, 100);
    budget.stop();
    assert_eq!(documents.read_picture(PAGE, &budget), Err(GapReason::Timeout));
}
