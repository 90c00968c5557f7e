//! The built program as a user meets it: exit statuses, output, what needs no gateway.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    /// A folder with a small configuration and no gateway.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "hostname: gw.example.org\ndata_dir: var\nrules: [rules]\nlisteners:\n  \
                    - { name: relay, bind: 127.0.0.1:2525, tls: starttls }\n\
                    sources:\n  - { name: office, type: mta, networks: [127.0.0.0/8] }\n";
        std::fs::write(folder.path().join("waxseal.yaml"), text).expect("written");
        std::fs::create_dir_all(folder.path().join("rules")).expect("made");
        std::fs::create_dir_all(folder.path().join("var")).expect("made");
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_waxseal"))
            .args(arguments)
            .args(["--config", "waxseal.yaml"])
            .current_dir(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // A command that reads no input may be gone already.
        _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        child.wait_with_output().expect("the program ends")
    }
}

fn status(output: &Output) -> i32 {
    output.status.code().expect("an exit status")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn help_and_version_are_answers_and_a_wrong_command_line_is_64() {
    let site = Site::new();
    for (arguments, wanted) in [
        (vec!["--help"], 0),
        (vec!["--version"], 0),
        (vec!["queue", "--help"], 0),
        (vec![], 64),
        (vec!["no-such-command"], 64),
        (vec!["trace"], 64),
        (vec!["queue", "retry"], 64),
        (vec!["queue", "retry", "--all", "--domain", "x.example"], 64),
        (vec!["find", "--since", "last tuesday"], 64),
        (vec!["suspend", "--domain", "not a domain"], 64),
    ] {
        let output = site.run(&arguments);
        assert_eq!(status(&output), wanted, "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout.is_empty(), wanted != 0, "{arguments:?}: answers go to standard output only");
    }
}

#[test]
fn commands_for_a_running_gateway_say_69_when_there_is_none() {
    let site = Site::new();
    for arguments in [
        vec!["queue", "list"],
        vec!["queue", "summary"],
        vec!["queue", "retry", "--all"],
        vec!["find", "--json"],
        vec!["trace", "0123"],
        vec!["suspend", "--domain", "x.example"],
        vec!["resume", "--domain", "x.example"],
        vec!["audit", "verify"],
        vec!["audit", "export", "--json"],
    ] {
        let output = site.run(&arguments);
        assert_eq!(status(&output), 69, "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("no gateway runs here"), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn without_a_configuration_the_status_is_78() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .args(["queue", "list"])
        .current_dir(folder.path())
        .output()
        .expect("the program runs");
    // A machine with an installed gateway has /etc/waxseal/waxseal.yaml.
    if !Path::new("/etc/waxseal/waxseal.yaml").exists() {
        assert_eq!(status(&output), 78);
    }
}

#[test]
fn a_user_is_added_listed_and_disabled_without_a_gateway() {
    let site = Site::new();
    let add =
        ["user", "add", "scanner", "--password-stdin", "--sender", "scan@clinic.example", "--sender", "@lab.example"];
    assert_eq!(status(&site.run_with(&add, "correct horse battery\n")), 0);
    assert_eq!(status(&site.run_with(&add, "correct horse battery\n")), 1, "the name is taken");
    assert_eq!(status(&site.run_with(&["user", "add", "empty", "--password-stdin"], "\n")), 65);

    let listed: serde_json::Value =
        serde_json::from_str(text(&site.run(&["user", "list", "--json"])).trim()).expect("JSON");
    assert_eq!(listed["name"], "scanner");
    assert_eq!(listed["senders"], serde_json::json!(["scan@clinic.example", "@lab.example"]));
    assert_eq!(listed["disabled"], false);
    let file = std::fs::read_to_string(site.path().join("var/users")).expect("the users file");
    assert!(file.contains("$argon2id$") && !file.contains("correct horse"), "only a hash is kept");

    assert_eq!(status(&site.run(&["user", "disable", "scanner"])), 0);
    assert_eq!(status(&site.run(&["user", "disable", "nobody"])), 1);
    assert!(text(&site.run(&["user", "list"])).contains("disabled"));
}

#[test]
fn connect_prints_this_gateways_name_and_port() {
    let site = Site::new();
    for system in ["m365", "google", "exchange", "postfix", "device"] {
        let output = site.run(&["connect", system]);
        assert_eq!(status(&output), 0, "{system}");
        assert!(text(&output).contains("gw.example.org"), "{system}");
    }
    let answer: serde_json::Value =
        serde_json::from_str(text(&site.run(&["connect", "--json", "postfix"])).trim()).expect("JSON");
    assert_eq!(answer["port"], 2525);
    assert!(answer["steps"].as_str().expect("text").contains("relayhost = [gw.example.org]:2525"));
    assert!(text(&site.run(&["connect", "m365"])).starts_with("FIRST: Exchange Online reaches port 25 only"));
    assert_eq!(status(&site.run(&["connect", "lotus-notes"])), 64);
}

#[test]
fn completions_and_man_pages_know_every_command() {
    let site = Site::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = text(&site.run(&["completions", shell]));
        assert!(script.contains("suspend") && script.contains("waxseal"), "{shell}");
    }
    assert_eq!(status(&site.run(&["man", "man"])), 0);
    for page in ["waxseal.1", "waxseal-queue.1", "waxseal-queue-summary.1", "waxseal-trace.1"] {
        let roff = std::fs::read_to_string(site.path().join("man").join(page)).expect(page);
        assert!(roff.contains(".TH"), "{page}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_trouble() {
    let site = Site::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .args(["completions", "zsh"])
        .current_dir(site.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(status(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
}
