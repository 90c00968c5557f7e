//! The built program as a user meets it: exit statuses, output, what needs no gateway.

use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
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
        std::fs::DirBuilder::new().mode(0o700).create(folder.path().join("var")).expect("made");
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
        (vec!["find", "--state", "held,lost"], 64),
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
fn a_port_that_somebody_has_is_said_once_and_is_no_fault_of_the_configuration() {
    let site = site_with_rules("enforce");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let file = site.path().join("waxseal.yaml");
    let text = std::fs::read_to_string(&file).expect("the file").replace("127.0.0.1:2525", &address);
    std::fs::write(&file, text).expect("written");
    let output = site.run(&["serve"]);
    assert_eq!(status(&output), 74);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&address) && said.matches("Address already in use").count() == 1, "{said}");
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
    let file = std::fs::read_to_string(site.path().join("var/users.jsonl")).expect("the users file");
    assert!(file.contains("$argon2id$") && !file.contains("correct horse"), "only a hash is kept");

    assert_eq!(status(&site.run(&["user", "disable", "scanner"])), 0);
    assert_eq!(status(&site.run(&["user", "disable", "nobody"])), 1);
    assert!(text(&site.run(&["user", "list"])).contains("disabled"));

    let renew = ["user", "password", "scanner", "--password-stdin"];
    assert_eq!(status(&site.run_with(&renew, "another horse\n")), 0);
    assert!(text(&site.run(&["user", "list"])).contains("active"));
    assert_eq!(status(&site.run_with(&["user", "password", "nobody", "--password-stdin"], "another horse\n")), 1);
    assert!(text(&site.run(&["user", "reset-mfa", "scanner"])).contains("no second factor"));
    assert_eq!(status(&site.run(&["user", "reset-mfa", "nobody"])), 1);
}

/// Run by root beside a gateway with a user of its own, as the pages tell: what a command makes is the gateway's.
#[test]
fn what_root_makes_belongs_to_the_gateways_user() {
    use std::os::unix::fs::{MetadataExt, chown};
    let site = Site::new();
    let nobody = 65_534;
    if chown(site.path().join("var"), Some(nobody), Some(nobody)).is_err() {
        return; // Only root gives files away.
    }
    let add = ["user", "add", "ann", "--password-stdin", "--sender", "ann@corp.example"];
    assert_eq!(status(&site.run_with(&add, "correct horse battery\n")), 0);
    assert_eq!(status(&site.run(&["dkim", "new", "corp.example"])), 0);
    std::fs::write(site.path().join("patients.csv"), "mrn,last_name\n4471902,Quartermain\n").expect("written");
    let built = site.run(&["edm", "build", "patients", "patients.csv"]);
    assert_eq!(status(&built), 0, "{}", String::from_utf8_lossy(&built.stderr));
    let mut folders = vec![site.path().join("var")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
            let about = entry.metadata().expect("its owner");
            if !entry.file_name().to_string_lossy().ends_with(".lock") {
                assert_eq!(about.uid(), nobody, "{}", entry.path().display());
            }
            seen += 1;
            if about.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    assert!(seen > 6, "{seen}");
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
        assert!(!script.contains("worker"), "{shell}: what the program only tells itself is offered to nobody");
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

/// Rules small enough to see through: a code word beside a person's number.
const RULES: &str = r#"
lists:
  code_word: [zebrafish]
detectors:
  - id: case-number
    title: Case number
    identifies: person
    class: strong
    regex: '\bCASE-\d{6}\b'
    confidence: 80
    tests: { match: ["CASE-123456"], no_match: ["CASE-12"] }
  - id: code-word
    title: The code word
    identifies: health
    class: specific
    terms: ["@code_word"]
    confidence: 80
rules:
  - id: test.case-with-code
    title: A case number beside the code word
    mode: shadow
    when:
      all:
        - { identifies: person, class: [strong], confidence: 75 }
        - { identifies: health, class: [specific] }
      within: 300
    why: for this test
    tests:
      - phi: "CASE-123456 and the zebrafish"
      - clean: "CASE-123456 alone"
"#;

const MATCHING: &str =
    "From: ann@clinic.example\nTo: bob@partner.example\nSubject: x\n\nAbout CASE-123456: zebrafish.\n";
const CLEAN: &str = "From: ann@clinic.example\nTo: bob@partner.example\nSubject: lunch\n\nAt noon?\n";

fn site_with_rules(mode: &str) -> Site {
    let site = Site::new();
    let rules = RULES.replace("mode: shadow", &format!("mode: {mode}"));
    std::fs::write(site.path().join("rules/test.yaml"), rules).expect("written");
    site
}

fn lines(output: &Output) -> Vec<serde_json::Value> {
    text(output).lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

#[test]
fn scan_prints_the_contracts_line_for_each_message_in_order() {
    let site = site_with_rules("enforce");
    let mail = site.path().join("mail");
    std::fs::create_dir_all(&mail).expect("made");
    for at in 0..150 {
        let content = if at % 3 == 0 { MATCHING } else { CLEAN };
        std::fs::write(mail.join(format!("{at:03}.eml")), content).expect("written");
    }
    // It needs no data_dir: nothing is made.
    std::fs::remove_dir_all(site.path().join("var")).expect("removed");
    let output = site.run(&["scan", "--json", "mail"]);
    assert_eq!(status(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    let lines = lines(&output);
    assert_eq!(lines.len(), 150);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(line["file"], format!("mail/{at:03}.eml"));
        assert_eq!(line["verdict"], if at % 3 == 0 { "phi" } else { "clean" }, "{line}");
        let keys: Vec<&String> = line.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["file", "verdict", "level", "gaps", "findings", "ms"]);
    }
    let finding = &lines[0]["findings"][0];
    let keys: Vec<&String> = finding.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["rule", "detector", "kind", "origin", "zone", "offset", "length", "masked", "confidence"]);
    assert_eq!((finding["detector"].as_str(), finding["offset"].as_u64()), (Some("case-number"), Some(6)));
    assert!(!text(&output).contains("CASE-123456"), "findings are masked");
    assert!(!site.path().join("var").exists());
}

#[test]
fn scan_reads_standard_input_and_mboxes_and_says_what_is_no_mail() {
    let site = site_with_rules("enforce");
    let from_input = site.run_with(&["scan", "--json", "-"], MATCHING);
    assert_eq!((status(&from_input), lines(&from_input)[0]["verdict"].as_str()), (0, Some("phi")));

    let mbox = format!("From a@b Mon\n{MATCHING}\nFrom a@b Tue\n{CLEAN}");
    std::fs::write(site.path().join("box"), mbox).expect("written");
    let found = lines(&site.run(&["scan", "box", "--json"]));
    assert_eq!(found.iter().map(|line| line["file"].as_str().expect("text")).collect::<Vec<_>>(), ["box#1", "box#2"]);
    assert_eq!(found[1]["verdict"], "clean");

    let no_mail = site.run_with(&["scan", "--json", "-"], "just some words\nwithout any header\n");
    assert_eq!(status(&no_mail), 65);
    assert!(text(&no_mail).contains("\"reason\":\"not-mail\""), "{}", text(&no_mail));

    assert_eq!(status(&site.run(&["scan", "nowhere.eml"])), 74);
    assert_eq!(status(&site.run(&["scan", "--to", "no address", "box"])), 64);
}

#[test]
fn explain_shows_the_exact_text_and_how_confidence_came() {
    let site = site_with_rules("enforce");
    let shown = text(&site.run_with(&["scan", "--explain", "-", "--to", "eve@other.example"], MATCHING));
    for wanted in [
        "| About CASE-123456: zebrafish.",
        "body/text[1] 0..",
        "rule test.case-with-code matched",
        "to eve@other.example",
    ] {
        assert!(shown.contains(wanted), "{wanted} in\n{shown}");
    }
}

#[test]
fn rules_are_listed_tested_compared_and_promoted() {
    let site = site_with_rules("shadow");
    let listed = lines(&site.run(&["rules", "list", "--json"]));
    assert_eq!((listed.len(), listed[0]["id"].as_str()), (1, Some("test.case-with-code")));
    assert_eq!(status(&site.run(&["rules", "test"])), 0);
    assert!(text(&site.run(&["rules", "lint"])).contains("1 rules and 2 detectors compile"));

    std::fs::create_dir_all(site.path().join("new")).expect("made");
    std::fs::write(site.path().join("new/test.yaml"), RULES.replace("mode: shadow", "mode: enforce")).expect("written");
    std::fs::create_dir_all(site.path().join("corpus")).expect("made");
    std::fs::write(site.path().join("corpus/a.eml"), MATCHING).expect("written");
    std::fs::write(site.path().join("corpus/b.eml"), CLEAN).expect("written");
    assert_eq!(status(&site.run(&["rules", "diff", "rules", "new", "--corpus", "nowhere"])), 74);
    let changes = lines(&site.run(&["rules", "diff", "rules", "new", "--corpus", "corpus", "--json"]));
    assert_eq!(changes.len(), 1);
    assert_eq!((&changes[0]["old"]["verdict"], &changes[0]["new"]["verdict"]), (&"clean".into(), &"phi".into()));

    assert_eq!(status(&site.run(&["rules", "promote", "test.case-with-code"])), 0);
    assert_eq!(status(&site.run(&["rules", "promote", "test.case-with-code"])), 0);
    assert_eq!(status(&site.run(&["rules", "promote", "test.case-with-code"])), 1, "it is enforced already");
    let written = std::fs::read_to_string(site.path().join("rules/test.yaml")).expect("the file");
    assert_eq!(written, RULES.replace("mode: shadow", "mode: enforce"), "one word changed, nothing else");
    assert!(text(&site.run(&["rules", "show", "test.case-with-code"])).contains("why: for this test"));
    assert_eq!(status(&site.run(&["rules", "show", "no.such-rule"])), 1);

    // What an override says, no other file can take back.
    let overriding = "overrides: [{ id: test.case-with-code, set: { mode: shadow } }]\n";
    std::fs::write(site.path().join("rules/zz.yaml"), overriding).expect("written");
    let refused = site.run(&["rules", "promote", "test.case-with-code"]);
    assert_eq!(status(&refused), 1);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("rules/zz.yaml:1"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(site.path().join("rules/test.yaml")).expect("the file"), written);
    assert!(text(&site.run(&["rules", "show", "test.case-with-code"])).contains("# changed by an override at"));

    std::fs::write(site.path().join("rules/test.yaml"), RULES.replace("CASE-123456 alone", "CASE-123456 zebrafish"))
        .expect("written");
    assert_eq!(status(&site.run(&["rules", "test"])), 1, "a test that fails is a no");
    std::fs::write(site.path().join("rules/test.yaml"), RULES.replace("regex: '", "regex: '(")).expect("written");
    let output = site.run(&["rules", "test"]);
    assert_eq!(status(&output), 78);
    assert!(String::from_utf8_lossy(&output.stderr).contains("test.yaml:9:"), "the place is named");
    let output = site.run(&["check"]);
    assert_eq!(status(&output), 78, "no gateway starts with them");
    assert!(text(&output).contains("test.yaml:9:"), "{}", text(&output));
}

#[test]
fn check_names_every_fault_at_once_with_its_place_and_mend() {
    let site = site_with_rules("enforce");
    let output = site.run(&["check"]);
    assert_eq!(status(&output), 0, "{}", text(&output));

    let mut perm = std::fs::metadata(site.path().join("var")).expect("there").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut perm, 0o755);
    std::fs::set_permissions(site.path().join("var"), perm).expect("changed");
    let complaints = lines(&site.run(&["check", "--json"]));
    assert!(
        complaints.iter().any(|told| told["message"].as_str().is_some_and(|text| text.contains("others can open it")))
    );
    assert_eq!(status(&site.run(&["check"])), 1);

    let good = std::fs::read_to_string(site.path().join("waxseal.yaml")).expect("the file");
    let bad = good.replace("hostname:", "hostnam:").replace("networks: [127.0.0.0/8]", "networks: [127.0.0.0/99]");
    std::fs::write(site.path().join("waxseal.yaml"), bad).expect("written");
    let output = site.run(&["check", "--json"]);
    assert_eq!(status(&output), 78);
    let told = text(&output);
    assert!(told.contains("hostname") && told.contains("127.0.0.0/99"), "both at once: {told}");
    assert!(lines(&output).iter().all(|told| told["line"].as_u64() > Some(0)), "{told}");

    // A fault in one place hides nothing elsewhere: not what is only doubtful, not the rules, not the folder.
    let rules = RULES.replace("regex: '", "regex: '(");
    std::fs::write(site.path().join("rules/test.yaml"), rules).expect("written");
    let weak = format!("{good}policy: {{ clean: opportunistic, phi: tls }}\nlmits: {{}}\n");
    std::fs::write(site.path().join("waxseal.yaml"), weak).expect("written");
    let output = site.run(&["check"]);
    assert_eq!(status(&output), 78);
    for told in ["lmits: unknown key", "test.yaml:9:", "may leave unencrypted", "tls is weaker than tls-verified"] {
        assert!(text(&output).contains(told), "{told}: {}", text(&output));
    }
}

#[test]
fn check_tells_of_a_data_folder_that_can_not_be_made() {
    let site = site_with_rules("enforce");
    let good = std::fs::read_to_string(site.path().join("waxseal.yaml")).expect("the file");
    for (data_dir, wanted) in [("new/var", 0), ("waxseal.yaml/var", 1)] {
        std::fs::write(
            site.path().join("waxseal.yaml"),
            good.replace("data_dir: var", &format!("data_dir: {data_dir}")),
        )
        .expect("written");
        let output = site.run(&["check"]);
        assert_eq!(status(&output), wanted, "{data_dir}: {}", text(&output));
        assert_eq!(text(&output).contains("can't be made"), wanted == 1, "{data_dir}: {}", text(&output));
    }
}

#[test]
fn check_looks_at_the_key_the_store_the_dns_and_the_exceptions() {
    let site = site_with_rules("enforce");
    let config = site.path().join("waxseal.yaml");
    // No question leaves this machine.
    let good = std::fs::read_to_string(&config).expect("the file") + "delivery: { dns: ['127.0.0.1:1'] }\n";
    let with = |further: &str| std::fs::write(&config, format!("{good}{further}")).expect("written");
    let told =
        || lines(&site.run(&["check", "--json"])).iter().map(|told| told["message"].to_string()).collect::<String>();
    with("");
    assert!(!told().contains("store:"));

    with("keys: { master: 'command:exit 3' }\n");
    assert!(told().contains("exit status: 3"), "{}", told());

    // docs/install.md: a shell sees no credential of the service, and that is no fault.
    with("keys: { master: 'credential:master-key' }\n");
    let output = site.run(&["check"]);
    assert!(status(&output) == 0 && text(&output).contains("no systemd credentials here"), "{output:?}");
    assert_eq!(status(&site.run(&["serve"])), 78);

    with("directory: { ldap: { url: 'ldap://127.0.0.1:1', base: 'dc=x' } }\n");
    let output = site.run(&["check"]);
    let asked = "directory.ldap: ldap://127.0.0.1:1: it can't be asked: ";
    assert!(status(&output) == 0 && text(&output).contains(asked), "{output:?}");
    assert!(text(&output).contains("is the server up"), "{output:?}");

    std::fs::write(site.path().join("var/store.db"), "").expect("written");
    with("");
    assert!(told().contains("master.key"), "a store without its key: {}", told());
    std::fs::remove_file(site.path().join("var/store.db")).expect("gone");

    with("routes: [{ domains: ['*'], next_hop: 'relay.example.net' }]\n");
    assert!(told().contains("relay.example.net can't be looked up"), "{}", told());

    std::fs::create_dir_all(site.path().join("rules/exceptions")).expect("made");
    let record =
        "rules: [test.case-with-cod]\neffect: tls\nreason: line\nowner: a\napprovers: [b]\nexpires: 2099-01-01\n";
    std::fs::write(site.path().join("rules/exceptions/lab.yaml"), record).expect("written");
    let shown = text(&site.run(&["check"]));
    assert!(shown.contains("did you mean \"test.case-with-code\"?"), "{shown}");

    with("packs: [tset]\n");
    let complaints = lines(&site.run(&["check", "--json"]));
    let pack = complaints.iter().find(|told| told["message"].to_string().contains("packs: ")).expect("it is told");
    assert!(
        pack["file"].as_str().is_some_and(|file| file.ends_with("waxseal.yaml")) && pack["line"].as_u64() > Some(0)
    );
    with("");

    // A rule or an exception for a source that is not there bears on nothing, and nothing said so.
    let record = record.replace("test.case-with-cod]", "test.case-with-code]\nwhen: { sources: [offise] }");
    std::fs::write(site.path().join("rules/exceptions/lab.yaml"), record).expect("written");
    let rules = RULES.replace("      all:\n", "      none: [{ source: ofice }]\n      all:\n");
    std::fs::write(site.path().join("rules/test.yaml"), rules).expect("written");
    let (shown, lint) = (text(&site.run(&["check"])), text(&site.run(&["rules", "lint"])));
    for told in
        ["exceptions/lab: the configuration has no source \"offise\"", "the configuration has no source \"ofice\""]
    {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(lint.contains("has no source \"ofice\""), "{lint}");
}

/// Who only looks on may be kept from the gateway's secrets.
#[test]
fn scan_needs_no_secret_that_only_serving_does() {
    let site = site_with_rules("enforce");
    let config = site.path().join("waxseal.yaml");
    let text = std::fs::read_to_string(&config).expect("the file");
    let secrets = "routes:\n  - { domains: ['*'], next_hop: 192.0.2.1, tls: required, auth: { user: u, password: 'file:gone' } }\n";
    let listener = "tls: starttls, certificate: gone.pem, private_key: gone.key }";
    std::fs::write(&config, text.replace("tls: starttls }", listener) + secrets).expect("written");
    let output = site.run_with(&["scan", "--json", "-"], MATCHING);
    assert_eq!(status(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(lines(&output)[0]["verdict"], "phi");
    let check = site.run(&["check"]);
    assert_eq!(status(&check), 78, "and for the gateway they are missing");
    assert!(self::text(&check).contains("gone.pem") && self::text(&check).contains("there is no"));
    assert_eq!(status(&site.run(&["serve"])), 78);
}

#[test]
fn schemas_are_draft_07_and_know_the_keys() {
    let site = Site::new();
    for (kind, key) in [("config", "listeners"), ("rules", "detectors")] {
        let schema: serde_json::Value = serde_json::from_str(&text(&site.run(&["schema", kind]))).expect("JSON");
        assert!(schema["$schema"].as_str().is_some_and(|draft| draft.contains("draft-07")), "{kind}");
        assert!(schema["properties"].get(key).is_some(), "{kind}");
    }
}

#[test]
fn demo_shows_a_mail_whose_two_recipients_end_differently_and_leaves_nothing() {
    let site = site_with_rules("enforce");
    let temporary = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .args(["demo", "--json", "--config"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/config/waxseal.yaml"))
        .current_dir(site.path())
        .env("TMPDIR", temporary.path())
        .output()
        .expect("the program runs");
    assert_eq!(status(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    let rows = lines(&output);
    let became = |mail: &str, recipient: &str| {
        let row = rows.iter().find(|row| row["mail"] == mail && row["recipient"] == recipient);
        row.unwrap_or_else(|| panic!("{mail} to {recipient} in {rows:?}"))["outcome"].as_str().expect("text").to_owned()
    };
    assert_eq!(became("A newsletter", "editor@insurer.example"), "SENT");
    assert_eq!(became("A prescription, to two recipients", "claims@insurer.example"), "SENT");
    assert_eq!(became("A prescription, to two recipients", "desk@old-practice.example"), "WAITS");
    assert_eq!(became("An attachment that nobody can read", "archive@insurer.example"), "HELD");
    assert_eq!(became("A second mail smuggled inside", "editor@insurer.example"), "REFUSED");
    assert!(rows.iter().all(|row| row["why"].as_str().is_some_and(|why| !why.is_empty())));
    assert_eq!(std::fs::read_dir(temporary.path()).expect("the folder").count(), 0, "nothing is left behind");
}

/// `edm build` → `edm: [NAME]` → `scan`: found by the table, and quietened by it.
#[test]
fn a_patient_table_finds_its_patients_and_quietens_strangers() {
    let site = Site::new();
    let rules = std::env::current_dir().expect("the repository").join("rules");
    let settings = |edm: &str| {
        let file = site.path().join("waxseal.yaml");
        let written = std::fs::read_to_string(&file).expect("readable");
        let written = written.replace("rules: [rules]", &format!("rules: [{}]", rules.display()));
        std::fs::write(&file, written + edm).expect("written");
    };
    settings("");
    let verdict = |body: &str| {
        let mail = format!("From: a@corp.example\nTo: b@corp.example\nSubject: x\n\n{body}\n");
        let line: serde_json::Value =
            serde_json::from_str(&text(&site.run_with(&["scan", "--json", "-"], &mail))).expect("JSON");
        line["verdict"].as_str().expect("a verdict").to_owned()
    };
    let (patient, stranger) = ("zanthe quillfeather needs a refill of metformin", "Maria Lopez had asthma as a child.");
    assert_eq!((verdict(patient).as_str(), verdict(stranger).as_str()), ("clean", "phi"));

    let table = "first,last,mrn\nZanthe,Quillfeather,4471234\n";
    let built = site.run_with(&["edm", "build", "patients", "-", "--json"], table);
    assert_eq!(status(&built), 0, "{}", String::from_utf8_lossy(&built.stderr));
    assert!(text(&built).contains("\"rows\":1"));
    settings("edm: [patients]\n");
    assert_eq!((verdict(patient).as_str(), verdict(stranger).as_str()), ("phi", "clean"));

    assert_eq!(status(&site.run(&["edm", "drop", "patients"])), 1, "it is in use");
    assert!(text(&site.run(&["edm", "list"])).contains("patients  yes     1"));
    std::fs::write(site.path().join("var/edm/patients.edm"), b"broken").expect("written");
    assert_eq!(status(&site.run(&["edm", "list"])), 1);
    assert_eq!(status(&site.run_with(&["scan", "-"], "x")), 78, "a broken table is no table");
    for (arguments, wanted) in [
        (vec!["edm", "build", "patients", "-"], 65),
        (vec!["edm", "build", "../x", "-"], 64),
        (vec!["edm", "build", "patients", "nowhere.csv"], 74),
        (vec!["edm", "build", "patients", "-", "--map", "first=colour"], 64),
        (vec!["edm", "drop", "others"], 1),
    ] {
        assert_eq!(status(&site.run_with(&arguments, "colour\nred\n")), wanted, "{arguments:?}");
    }
}

/// docs/rules.md as a security engineer follows it: write, lint, test, shadow, diff, promote.
#[test]
fn a_rule_of_ones_own_goes_from_the_guide_to_enforcement() {
    let site = Site::new();
    let guide = std::fs::read_to_string("docs/rules.md").expect("the guide");
    let example = guide.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the example");
    // As shipped rules do, its rule asks for any number of a person.
    let health = "detectors:\n  - { id: drug, title: Drugs, identifies: health, class: specific, terms: [metformin], \
                  tests: { match: [metformin], no_match: [metal] } }\n  \
                  - { id: chart, title: Chart, identifies: person, class: strong, terms: [chart 44712], \
                  tests: { match: [chart 44712], no_match: [chart] } }\nrules:\n  \
                  - { id: phi.any, title: Any, why: x, when: { all: [{ identifies: person, class: [strong] }, \
                  { identifies: health, class: [specific] }], within: 300 }, \
                  tests: [{ phi: chart 44712 needs metformin }, { clean: chart 44712 }] }\n";
    std::fs::write(site.path().join("rules/a-health.yaml"), health).expect("written");
    let old = site.path().join("old");
    std::fs::create_dir(&old).expect("made");
    std::fs::write(old.join("a-health.yaml"), health).expect("written");
    std::fs::write(site.path().join("rules/hillside.yaml"), example).expect("written");

    let lint = site.run(&["rules", "lint", "--format", "sarif", "--strict"]);
    assert_eq!(status(&lint), 0, "{}", text(&lint));
    let report: serde_json::Value = serde_json::from_str(&text(&lint)).expect("SARIF is JSON");
    assert_eq!(report["version"], "2.1.0");
    let tests = site.run(&["rules", "test", "hillside.yaml", "--format", "junit"]);
    assert_eq!(status(&tests), 0);
    assert!(text(&tests).contains("failures=\"0\"") && text(&tests).contains("classname=\"hillside-member\""));
    assert_eq!(status(&site.run(&["rules", "test", "no-such-rule"])), 1);

    let mails = site.path().join("mails");
    std::fs::create_dir(&mails).expect("made");
    let mail = "From: a@corp.example\r\nTo: b@corp.example\r\nSubject: x\r\n\r\nHillside ID: HPX-4471-229 needs metformin.\r\n";
    std::fs::write(mails.join("one.eml"), mail).expect("written");
    let diff = || text(&site.run(&["rules", "diff", "old", "rules", "--corpus", "mails"]));
    assert!(diff().contains("+site.hillside-with-health") && diff().contains("1 of 1 messages"), "{}", diff());
    let verdict = || text(&site.run(&["scan", "mails"]));
    assert!(verdict().starts_with("clean"), "in shadow nothing is decided: {}", verdict());
    for _ in 0..2 {
        assert_eq!(status(&site.run(&["rules", "promote", "site.hillside-with-health"])), 0);
    }
    assert!(verdict().starts_with("phi"), "{}", verdict());
    assert!(!verdict().contains("phi.any"), "the detector is in shadow still: {}", verdict());
    assert_eq!(status(&site.run(&["rules", "promote", "hillside-member"])), 0);
    assert!(verdict().contains("phi.any"), "{}", verdict());
    assert_eq!(status(&site.run(&["rules", "promote", "hillside-member"])), 1, "it is there already");
    assert!(text(&site.run(&["rules", "show", "hillside-member"])).contains("title: Hillside member number"));

    let page = text(&site.run(&["rules", "show", "site.hillside-with-health", "--page"]));
    for said in
        ["# A Hillside member number", "Contract with Hillside", "`hillside-member`", "needs a refill of metformin"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert_eq!(status(&site.run(&["rules", "docs", "pages"])), 0);
    assert!(site.path().join("pages/site.hillside-with-health.md").exists());

    let record = guide.split("```yaml exception\n").nth(1).and_then(|rest| rest.split("```").next()).expect("it");
    std::fs::create_dir(site.path().join("rules/exceptions")).expect("made");
    std::fs::write(site.path().join("rules/exceptions/hillside.yaml"), record).expect("written");
    let lint = site.run(&["rules", "lint", "--strict"]);
    assert_eq!(status(&lint), 0, "{}", text(&lint));
    std::fs::rename(site.path().join("rules/exceptions"), site.path().join("kept")).expect("moved");

    std::fs::write(site.path().join("rules/broken.yaml"), "rules: [{ id: x, titel: y }]").expect("written");
    let lint = site.run(&["rules", "lint", "--format", "sarif"]);
    assert_eq!(status(&lint), 78);
    let report: serde_json::Value = serde_json::from_str(&text(&lint)).expect("SARIF is JSON");
    let result = &report["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "does-not-compile");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 1);
    assert!(result["message"]["text"].as_str().expect("a text").contains("did you mean \"title\"?"), "{result}");
}

/// A clinic's list of patients tells by its members; the pack for special data asks for the message's own protection.
#[test]
fn audiences_and_special_data_are_seen_in_whole_mails() {
    let site = Site::new();
    let rules = std::env::current_dir().expect("the repository").join("rules");
    let file = site.path().join("waxseal.yaml");
    let written = std::fs::read_to_string(&file).expect("readable");
    let written = written.replace("rules: [rules]", &format!("rules: [{}]", rules.display()));
    std::fs::write(&file, written + "packs: [hipaa, special]\n").expect("written");
    let judged = |to: &str, body: &str| {
        let mail = format!("From: a@corp.example\nTo: {to}\nSubject: News\n\n{body}\n");
        let line: serde_json::Value =
            serde_json::from_str(&text(&site.run_with(&["scan", "--json", "-"], &mail))).expect("JSON");
        let word = |key: &str| line[key].as_str().expect("a word").to_owned();
        (word("verdict"), word("level"))
    };
    let newsletter = judged("Dialysis Patients <list@clinic.example>", "Summer recipes, and the garden is open.");
    assert_eq!(newsletter, ("phi".to_owned(), "tls-verified".to_owned()));
    assert_eq!(judged("Board <board@clinic.example>", "Summer recipes, and the garden is open.").0, "clean");
    assert_eq!(judged("b@other.example", "La paciente María López tiene presión alta.").0, "phi");
    let notes = judged("b@other.example", "Patient Jane Roe, DOB 10/24/1971, was admitted to detox.");
    assert_eq!(notes, ("phi".to_owned(), "message".to_owned()));
}

/// `forms:`: a blank form is clean whatever it lists; filled in, it is not.
#[test]
fn a_known_form_is_clean_blank_and_phi_filled_in() {
    let site = Site::new();
    let rules = std::env::current_dir().expect("the repository").join("rules");
    let file = site.path().join("waxseal.yaml");
    let written = std::fs::read_to_string(&file).expect("readable");
    let written = written.replace("rules: [rules]", &format!("rules: [{}]", rules.display()));
    let form = "Hillside Clinic, 228 Fairmount Blvd. Example of a completed page. Patient John Sample, DOB 01/02/1970, takes \
                metformin for type 2 diabetes and albuterol for asthma. Your name, date of birth and the name of your \
                doctor go here, one word in each box, in capitals: ______________ and sign below the line.";
    let verdict = |body: &str| {
        let mail = format!("From: a@corp.example\nTo: b@other.example\nSubject: the form\n\n{body}\n");
        let line: serde_json::Value =
            serde_json::from_str(&text(&site.run_with(&["scan", "--json", "-"], &mail))).expect("JSON");
        line["verdict"].as_str().expect("a verdict").to_owned()
    };
    std::fs::write(&file, &written).expect("written");
    assert_eq!(verdict(form), "phi", "without its fingerprint nobody can know");
    std::fs::create_dir(site.path().join("forms")).expect("made");
    std::fs::write(site.path().join("forms/intake.txt"), form).expect("written");
    std::fs::write(&file, written + "forms: [forms]\n").expect("written");
    assert_eq!(verdict(form), "clean");
    assert_eq!(
        verdict(&form.replace("______________", "MARIA LOPEZ, DOB 10/24/1971, MRN 4471234, on warfarin")),
        "phi"
    );
}
