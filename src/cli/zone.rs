//! Lines for zone files.

/// A line for a zone file; a text over 255 bytes becomes several strings (RFC 1035 §3.3).
pub fn line(name: &str, record: &str) -> String {
    let strings: Vec<String> = record
        .as_bytes()
        .chunks(255)
        .map(|chunk| format!("\"{}\"", String::from_utf8_lossy(chunk).replace('"', "\\\"")))
        .collect();
    format!("{name}. IN TXT ( {} )\n", strings.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_key_is_split_into_strings_of_255() {
        let line = line("x._domainkey.example.org", &"k".repeat(300));
        assert!(line.contains(&format!("\"{}\" \"{}\"", "k".repeat(255), "k".repeat(45))));
    }
}
