//! The labelled mails and notes of `tests/corpus` under the shipped rules: what a change of rules does to each kind.
//!
//! `tests/corpus/misses.txt` records which mails are judged wrongly today. A kind that gets worse fails
//! the test, with a table; what gets better is taken over by `UPDATE_GOLDEN=1 cargo test --test detection`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const MISSES: &str = "tests/corpus/misses.txt";

struct Labelled {
    file: String,
    phi: bool,
    kind: String,
}

fn labels() -> Vec<Labelled> {
    let text = std::fs::read_to_string("tests/corpus/labels.jsonl").expect("the labels");
    let label = |line: &str| {
        let label: Value = serde_json::from_str(line).expect("a label is JSON");
        let word = |key: &str| label[key].as_str().expect("a label says what it is").to_owned();
        Labelled { file: word("file"), phi: word("label") == "phi", kind: word("category") }
    };
    text.lines().map(label).collect()
}

/// The notes of `notes.txt`; what stands for a file is their own text, so that lines may be added anywhere.
fn notes() -> Vec<Labelled> {
    let text = std::fs::read_to_string("tests/corpus/notes.txt").expect("the notes");
    let (mut notes, mut kind) = (Vec::new(), String::new());
    for line in text.lines() {
        match line.split_at_checked(1) {
            Some(("#", title)) => kind = title.strip_prefix("# ").map_or(kind, str::to_owned),
            Some((sign @ ("+" | "-"), note)) => {
                notes.push(Labelled { file: note.to_owned(), phi: sign == "+", kind: kind.clone() });
            }
            _ => {}
        }
    }
    notes
}

/// Each note as a mail of its own, named by its place.
fn write(notes: &[Labelled], folder: &Path) {
    for (place, note) in notes.iter().enumerate() {
        let (subject, text) = note.file.split_once('|').expect("a note is `subject | text`");
        let mail = format!(
            "From: Mollie Thorne <mthorne@cascade.example>\r\nTo: Jim Overton <joverton@fairhaven.example>\r\nSubject: {}\r\n\
             Date: Mon, 1 Jun 2026 10:00:00 +0000\r\nMessage-ID: <{place}@cascade.example>\r\n\r\n{}\r\n",
            subject.trim(),
            text.trim().replace("\\n", "\r\n"),
        );
        std::fs::write(folder.join(format!("{place}.eml")), mail).expect("a mail is written");
    }
}

/// What `scan --json` says of each mail of a folder, by the rest of its path.
fn scanned(folder: &str) -> BTreeMap<String, Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .args(["scan", "--json", "--config", "config/waxseal.yaml", folder])
        .output()
        .expect("the program runs");
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    lines
        .map(|line| {
            let path = line["file"].as_str().expect("a line names its file");
            (path.trim_start_matches(folder).trim_start_matches('/').to_owned(), line)
        })
        .collect()
}

/// Whether a mail came out as its label and kind ask (`tests/corpus/README.md`).
fn is_right(label: &Labelled, line: &Value) -> bool {
    let verdict = line["verdict"].as_str().expect("a line has a verdict");
    match label.kind.as_str() {
        "malformed" => matches!(verdict, "phi" | "unread"),
        "ordinary" => {
            let gaps = line["gaps"].as_array().expect("a line lists its gaps");
            verdict != "phi" && !gaps.iter().any(|gap| gap["reason"] == "ambiguous")
        }
        _ => (verdict == "phi") == label.phi,
    }
}

/// `phi` mails found and missed, clean ones flagged: F1 over whole messages.
fn f1<'a>(labels: &'a [Labelled], wrong: &dyn Fn(&'a Labelled) -> bool) -> f64 {
    let count = |phi: bool, is_wrong: bool| {
        labels.iter().filter(|label| label.phi == phi && wrong(label) == is_wrong).count() as f64
    };
    let (found, missed, flagged) = (count(true, false), count(true, true), count(false, true));
    2.0 * found / (2.0 * found + missed + flagged)
}

#[test]
fn no_kind_of_mail_is_judged_worse_than_recorded() {
    let (mut labels, notes) = (labels(), notes());
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&notes, folder.path());
    let mut lines: BTreeMap<String, Value> =
        scanned("tests/corpus/eml").into_iter().map(|(path, line)| (format!("eml/{path}"), line)).collect();
    let of_notes = scanned(folder.path().to_str().expect("a path of plain text"));
    let placed = notes.iter().enumerate();
    lines.extend(placed.map(|(place, note)| (note.file.clone(), of_notes[&format!("{place}.eml")].clone())));
    labels.extend(notes);
    let verdict = |label: &Labelled| lines[&label.file]["verdict"].as_str().unwrap_or_default();
    let wrong: BTreeSet<&str> =
        labels.iter().filter(|label| !is_right(label, &lines[&label.file])).map(|label| label.file.as_str()).collect();
    let written: String = wrong.iter().map(|file| format!("{file}\n")).collect();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(MISSES, &written).expect("the record is writable");
    }
    let recorded = std::fs::read_to_string(MISSES).expect("the record");
    let recorded: BTreeSet<&str> = recorded.lines().collect();

    let (mut table, mut worse) = (format!("{:<6}{:<24}{:>5}{:>8}{:>8}\n", "", "kind", "mails", "before", "now"), false);
    let mut kinds: BTreeMap<(bool, &str), Vec<&Labelled>> = BTreeMap::new();
    labels.iter().for_each(|label| kinds.entry((label.phi, &label.kind)).or_default().push(label));
    for ((phi, kind), mails) in &kinds {
        let right = |wrong: &BTreeSet<&str>| mails.iter().filter(|mail| !wrong.contains(mail.file.as_str())).count();
        let (before, now) = (right(&recorded), right(&wrong));
        worse |= now < before;
        let mark = if now < before { "  worse" } else { "" };
        let label = if *phi { "phi" } else { "clean" };
        _ = writeln!(table, "{label:<6}{kind:<24}{:>5}{before:>8}{now:>8}{mark}", mails.len());
    }
    let before = f1(&labels, &|label| recorded.contains(label.file.as_str()));
    let now = f1(&labels, &|label| wrong.contains(label.file.as_str()));
    _ = writeln!(table, "F1 {before:.3} before, {now:.3} now");
    for label in &labels {
        let (was, is) = (recorded.contains(label.file.as_str()), wrong.contains(label.file.as_str()));
        if was != is {
            let what = if is { "wrong now" } else { "right now" };
            _ = writeln!(table, "{what}: {} ({}, {})", label.file, label.kind, verdict(label));
        }
    }
    println!("{table}");
    assert!(!worse && now >= before, "\n{table}");
}
