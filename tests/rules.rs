//! The shipped packs compile and pass the tests in their own files.

use std::path::Path;

use waxseal::detect::{RuleFile, Ruleset, compile};

/// All shipped packs, as `serve` would load them.
fn shipped() -> Ruleset {
    let mut files = Vec::new();
    let mut folders = vec![Path::new("rules").to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "yaml") {
                let text = std::fs::read_to_string(&entry).expect("a rule file");
                files.push(RuleFile { name: entry.to_string_lossy().into_owned(), text });
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let load = |file: &str, path: &str| {
        let path = Path::new(file).parent().expect("a folder").join(path);
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    };
    let packs = ["hipaa", "payment-cards"].map(str::to_owned);
    compile(&files, &packs, &load)
        .unwrap_or_else(|faults| panic!("{}", faults.iter().map(|fault| format!("{fault}\n")).collect::<String>()))
}

#[test]
fn the_shipped_packs_pass_their_own_tests() {
    let failed: Vec<String> = shipped()
        .run_tests()
        .into_iter()
        .filter(|result| !result.passed)
        .map(|result| format!("{}:{} {}: {} ({})\n", result.file, result.line, result.id, result.text, result.message))
        .collect();
    assert!(failed.is_empty(), "{}", failed.concat());
}
