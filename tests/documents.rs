//! The operators' pages held against the code: what they name exists, and what exists is named.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn files(below: &str, kind: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path.to_string_lossy(), kind));
        } else if path.extension().is_some_and(|extension| extension == kind) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The message of every log line in a source file: the last string in an `info!`, `warn!` or `error!`.
fn log_messages(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests").next().expect("the front");
    let mut found = Vec::new();
    for macro_name in ["info!(", "warn!(", "error!("] {
        for (at, _) in code.match_indices(macro_name) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            found.extend(last_string(&code[at + macro_name.len()..]));
        }
    }
    found
}

/// The last string literal before the parenthesis closes.
fn last_string(call: &str) -> Option<String> {
    let (mut depth, mut last, mut chars) = (1, None, call.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let mut escaped = false;
                let end = chars.find(|(_, c)| {
                    let ends = *c == '"' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    ends
                })?;
                last = Some(call[at + 1..end.0].to_owned());
            }
            '(' => depth += 1,
            ')' if depth == 1 => return last,
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[test]
fn every_log_line_is_documented() {
    let page = std::fs::read_to_string("docs/events.md").expect("the page");
    let mut missing = BTreeSet::new();
    let mut seen = 0;
    for path in files("src", "rs").iter().filter(|path| !path.ends_with("tests.rs")) {
        let source = std::fs::read_to_string(path).expect("a source");
        for message in log_messages(&source) {
            seen += 1;
            if !page.contains(&format!("| {message} |")) {
                missing.insert(format!("{}: {message}", path.display()));
            }
        }
    }
    assert!(seen > 30, "the search itself works: {seen}");
    assert!(missing.is_empty(), "not in docs/events.md:\n{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

/// A field named like one that every line has would stand there twice.
#[test]
fn no_log_line_names_a_field_of_its_own_like_one_of_all_lines() {
    let page = std::fs::read_to_string("docs/events.md").expect("the page");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let events = rows.filter(|(level, _)| ["error", "warn", "info", "debug"].contains(level));
    let mut seen = 0;
    for (_, event) in events {
        let fields = event.split(" | ").nth(1).expect("fields").split(", ");
        let twice: Vec<&str> =
            fields.filter(|field| ["timestamp", "level", "target", "message"].contains(field)).collect();
        assert!(twice.is_empty(), "{event}: {twice:?}");
        seen += 1;
    }
    assert!(seen > 30, "the search itself works: {seen}");
}

#[test]
fn every_kind_of_audit_record_is_documented() {
    let page = std::fs::read_to_string("docs/events.md").expect("the page");
    let source = std::fs::read_to_string("src/audit/mod.rs").expect("a source");
    let kinds = source.split("pub enum EventKind {").nth(1).and_then(|rest| rest.split('}').next()).expect("the kinds");
    let names = kinds.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    for variant in names {
        let mut name = String::new();
        for c in variant.trim_end_matches(',').chars() {
            if c.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(c.to_ascii_lowercase());
        }
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

/// Relative links in the README, SECURITY and docs/.
#[test]
fn no_link_leads_nowhere() {
    let mut broken = Vec::new();
    let pages = ["README.md", "SECURITY.md", "CHANGELOG.md"].into_iter().map(PathBuf::from).chain(files("docs", "md"));
    for page in pages {
        let text = std::fs::read_to_string(&page).expect("a page");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            if target.contains("://") {
                continue;
            }
            let place = page.parent().unwrap_or(Path::new("")).join(target);
            let there = if target.is_empty() { page.clone() } else { place };
            let good = there.exists() && (anchor.is_empty() || anchors(&there).contains(anchor));
            if !good {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The anchors that a renderer makes of a page's headings.
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(page).unwrap_or_default();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            words
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'))
                .collect::<String>()
                .replace(' ', "-")
        })
        .collect()
}

#[test]
fn every_alert_has_its_chapter_in_the_runbook() {
    let rules = std::fs::read_to_string("config/prometheus/waxseal.rules.yaml").expect("the rules");
    let chapters = anchors(Path::new("docs/runbook.md"));
    let alerts = rules.matches("- alert:").count();
    let named: Vec<&str> = rules.split("docs/runbook.md#").skip(1).filter_map(|rest| rest.lines().next()).collect();
    assert_eq!(named.len(), alerts, "each alert names its chapter");
    for chapter in named {
        assert!(chapters.contains(chapter), "{chapter}");
    }
}

/// The table for auditors names only tests that are there.
#[test]
fn every_test_that_the_fault_list_names_is_there() {
    let source: String = ["src", "tests"]
        .iter()
        .flat_map(|below| files(below, "rs"))
        .map(|path| std::fs::read_to_string(path).expect("a source file"))
        .collect();
    let page = std::fs::read_to_string("docs/faults.md").expect("the page");
    let mut seen = 0;
    for name in page.split('`').skip(1).step_by(2) {
        let there = match name.strip_prefix("sessions/") {
            Some("…") => true,
            Some(transcript) => Path::new("tests/sessions").join(transcript).is_file(),
            None if name.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_') || !name.contains('_') => continue,
            None if name == "WAXSEAL_LARGE" => continue,
            None => source.contains(&format!("fn {name}(")),
        };
        seen += 1;
        assert!(there, "{name} is no test");
    }
    assert!(seen > 70, "{seen}");
}
