//! Whole configurations: the shipped one, and what becomes of any. Every key stands in `every_key`, what is said about
//! broken ones in `faults`.

mod every_key;
mod faults;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::*;
use crate::mail::Address;
use crate::message::GapReason;
use crate::policy::{Class, Level, Method};

const SMALLEST: &str = include_str!("../../config/waxseal.yaml");

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// A folder with rules in it, so that a configuration there finds what it names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("rules/exceptions")).unwrap();
    std::fs::create_dir_all(folder.path().join("config")).unwrap();
    folder
}

fn read_in(folder: &Path, text: &str) -> Result<Configuration, Faults> {
    let variable = |name: &str| (name == "HOST").then(|| "gw.variable.example".to_owned());
    read(&folder.join("config/waxseal.yaml"), text, &Surroundings { variable: &variable, now: now() })
}

fn good(text: &str) -> Configuration {
    read_in(folder().path(), text).unwrap_or_else(|faults| panic!("{faults}"))
}

/// What is told, without the folder's name.
fn faults(text: &str) -> Vec<String> {
    let folder = folder();
    let Err(Faults(faults)) = read_in(folder.path(), text) else { return Vec::new() };
    let place = format!("{}/config/", folder.path().display());
    faults.iter().map(|fault| fault.to_string().replace(&place, "")).collect()
}

/// The smallest file, with these lines added or put in place of its own sections.
fn with(lines: &str) -> String {
    let replaced: Vec<&str> = lines.lines().filter_map(|line| line.split_once(':')).map(|(key, _)| key).collect();
    let mut out = String::new();
    let mut skipping = false;
    for line in SMALLEST.lines().filter(|line| !line.starts_with('#')) {
        if !line.starts_with([' ', '-']) && line.contains(':') {
            skipping = replaced.iter().any(|key| line.starts_with(&format!("{key}:")));
        }
        if !skipping {
            out.push_str(line);
            out.push('\n');
        }
    }
    out + lines
}

#[test]
fn the_shipped_file_loads_as_it_stands() {
    let configuration = load(Path::new("config/waxseal.yaml"), now()).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(configuration.data_dir, PathBuf::from("var"));
    assert_eq!(configuration.rules, [PathBuf::from("rules")]);
    assert_eq!(configuration.smtp.listeners[0].bind, "127.0.0.1:2525".parse().unwrap());
    assert_eq!(configuration.policy.clean, Level::Opportunistic);
    assert_eq!(configuration.policy.gap_level(GapReason::Encrypted), Level::TlsVerified);
    assert_eq!(configuration.policy.gap_level(GapReason::Picture), Level::Opportunistic);
    assert_eq!(configuration.refusals, []);
    assert_eq!(configuration.hash.len(), 64);
}

#[test]
fn what_is_kept_of_a_configuration_has_no_secret_and_a_stable_hash() {
    let text = with("sources: [{ name: g, networks: [10.0.0.0/8], header: { name: X-S, value: hunter2 } }]");
    let one = good(&text);
    assert!(one.redacted.contains("[redacted]") && !one.redacted.contains("hunter2"));
    let folder = folder();
    let again = |text: &str| read_in(folder.path(), text).unwrap().hash;
    assert_eq!(again(&text), again(&text));
    assert_ne!(again(&text), again(&text.replace("gw.example.org", "gx.example.org")));
}

#[test]
fn exceptions_beside_the_rules_are_loaded_and_change_the_hash() {
    let folder = folder();
    let before = read_in(folder.path(), SMALLEST).unwrap();
    let record = "rules: [phi.a]\neffect: tls\nreason: r\nowner: ann\napprovers: [bob]\nexpires: 2026-12-31\n";
    std::fs::write(folder.path().join("rules/exceptions/lab.yaml"), record).unwrap();
    let after = read_in(folder.path(), SMALLEST).unwrap();
    assert_eq!(after.policy.exceptions[0].id, "lab");
    assert_ne!(before.hash, after.hash);
    std::fs::write(folder.path().join("rules/exceptions/lab.yaml"), record.replace("[bob]", "[]")).unwrap();
    let faults = read_in(folder.path(), SMALLEST).unwrap_err();
    assert!(faults.to_string().contains("lab.yaml:5:12: approvers: nobody but the owner approved it"), "{faults}");
}

#[test]
fn a_variable_may_stand_for_a_number() {
    let variable = |name: &str| (name == "MAX").then(|| "7".to_owned());
    let folder = folder();
    let text = with("limits: { recipients: \"${MAX}\", errors: \"${ERRORS:-9}\" }");
    let around = Surroundings { variable: &variable, now: now() };
    let configuration = read(&folder.path().join("config/waxseal.yaml"), &text, &around).unwrap();
    assert_eq!((configuration.smtp.limits.recipients, configuration.smtp.limits.errors), (7, 9));
}

/// Sections shown to operators load over the smallest file; only files that they name may be missing.
#[test]
fn every_example_in_the_documents_is_good() {
    let mut examples = 0;
    for file in std::fs::read_dir("docs").unwrap().map(|entry| entry.unwrap().path()) {
        // What stands there is rules, which their own room loads.
        if file.extension().is_none_or(|ending| ending != "md") || file.ends_with("rules.md") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for block in text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            let whole = block.contains("hostname:") && block.contains("rules:");
            let told = faults(&if whole { block.to_owned() } else { with(block) });
            let about_files = |fault: &String| {
                let missing = fault.contains("there is no ") || fault.contains("there are no systemd credentials");
                missing && !fault.contains("there is no source")
            };
            let wrong: Vec<_> = told.iter().filter(|fault| !about_files(fault)).collect();
            assert!(wrong.is_empty(), "{}: {wrong:#?}\n{block}", file.display());
            examples += 1;
        }
    }
    assert!(examples > 5, "only {examples} examples found");
}

#[test]
fn what_is_not_utf_8_is_told_with_its_place() {
    let folder = folder();
    let path = folder.path().join("site.yaml");
    std::fs::write(&path, b"# ok\nname: Vertr\xe4ge\n").unwrap();
    let Faults(faults) = load(&path, now()).unwrap_err();
    assert!(
        faults[0].to_string().ends_with("site.yaml:2:12: this is not UTF-8; save the file as UTF-8"),
        "{}",
        faults[0]
    );
    let faults = compile_rules(&[path], None).map(|_| ()).unwrap_err();
    assert_eq!((faults[0].line, faults[0].column), (2, 12), "{}", faults[0]);
}

#[test]
fn a_missing_file_is_a_fault() {
    let Faults(faults) = load(Path::new("no/such.yaml"), now()).unwrap_err();
    assert!(faults[0].to_string().starts_with("no/such.yaml: can't be read:"));
}

/// A reload says "reloaded" and yet leaves some settings as they were at the start: it must name them.
#[test]
fn only_what_a_reload_leaves_as_it_was_waits_for_a_restart() {
    let started = good(&with("")).settings;
    for (changed, expected) in [
        ("", vec![]),
        ("limits: { min_free: 1GiB, errors: 5 }", vec!["limits.min_free"]),
        ("delivery: { retry: [1m], mx_port: 26 }", vec!["delivery.retry"]),
        ("policy: { clean: opportunistic, phi: message }", vec![]),
        ("quarantine: { expire: 2d }", vec![]),
        ("telemetry: { log_level: debug }", vec!["telemetry"]),
        ("listeners: [{ name: relay, bind: 127.0.0.1:2527, tls: starttls }]", vec!["listeners"]),
        ("listeners: [{ name: relay, bind: 127.0.0.1:2525, tls: required }]", vec![]),
    ] {
        assert_eq!(waits_for_restart(&started, &good(&with(changed)).settings), expected, "{changed}");
    }
}
