//! Text in bytes whose format is not read.

use super::super::charset;

/// Runs of readable characters, one byte each or two.
pub(super) fn printable(bytes: &[u8]) -> String {
    let mut out = String::new();
    for run in
        bytes.split(|byte| !matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n' | 0xa0..)).filter(|run| run.len() >= 4)
    {
        out.push_str(&charset::decode(run, Some("windows-1252")));
        out.push('\n');
    }
    let wide: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    for run in wide.split(|unit| !matches!(unit, 0x20..=0x7e | 0xa0..=0x17f)).filter(|run| run.len() >= 4) {
        out.push_str(&String::from_utf16_lossy(run));
        out.push('\n');
    }
    out
}
