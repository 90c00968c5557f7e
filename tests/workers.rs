//! Documents opened in real, confined worker processes of the real program.

use std::time::Duration;

use waxseal::message::{Budget, Document, Documents, GapReason};
use waxseal::world::worker::{Config, Pool};

fn pool(workers: usize) -> Pool {
    Pool::new(Config {
        program: env!("CARGO_BIN_EXE_waxseal").into(),
        arguments: vec!["worker".to_owned()],
        workers,
        deadline: Duration::from_secs(20),
    })
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
    let pool = pool(1);
    let budget = Budget::new(1 << 20, 100);
    for text in ["Jo Roe", "Ann Lee"] {
        let bytes = zipped("note.txt", text.as_bytes());
        let document = Document { name: Some("a.zip"), declared: "application/zip", bytes: &bytes, depth: 1 };
        let extract = pool.open(&document, &budget);
        assert!(extract.gaps.is_empty(), "{:?}", extract.gaps);
        assert!(extract.segments.iter().any(|segment| segment.text == text));
    }
    assert!(budget.left().0 < 1 << 20, "what a worker spends is spent here");
}

#[test]
fn what_a_worker_can_not_read_is_a_gap() {
    let document = Document { name: Some("a.zip"), declared: "", bytes: b"PK\x03\x04", depth: 1 };
    let extract = pool(1).open(&document, &Budget::new(1 << 20, 100));
    assert_eq!(extract.gaps[0].reason, GapReason::Corrupt);
    assert_eq!(extract.parts[0].kind, "application/zip");
}
