//! A file as text, or where it is none.

use std::path::Path;

/// Why a file is no text. Line and column count from 1; 0 for the file as a whole.
pub struct Unreadable {
    pub line: usize,
    pub column: usize,
    pub message: String,
    pub mend: Option<String>,
}

pub fn read(path: &Path) -> Result<String, Unreadable> {
    let whole = |message: String| Unreadable { line: 0, column: 0, message, mend: None };
    let bytes = std::fs::read(path).map_err(|error| whole(format!("can't be read: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let before = String::from_utf8_lossy(&bytes[..good]);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Unreadable {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            message: "this is not UTF-8".to_owned(),
            mend: Some("save the file as UTF-8".to_owned()),
        }
    })
}
