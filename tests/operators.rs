//! A running gateway as its operators meet it: metrics, health, and every command on its socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const RULES: &str = r#"
detectors:
  - id: case-number
    title: Case number
    identifies: person
    class: strong
    regex: '\bCASE-\d{6}\b'
    confidence: 80
rules:
  - id: test.case
    title: A case number
    when: { all: [{ identifies: person, class: [strong], confidence: 75 }] }
    why: for this test
    tests: [{ phi: "CASE-123456" }, { clean: "CASE" }]
"#;

/// A gateway in a folder of its own; its next hop is a port that nobody listens on.
struct Running {
    folder: tempfile::TempDir,
    child: Child,
    relay: SocketAddr,
    http: SocketAddr,
}

impl Running {
    fn start() -> Self {
        Self::start_with("", |_| ())
    }

    /// With more in its configuration, made ready in its folder.
    fn start_with(more: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port");
        let text = format!(
            "hostname: gw.example.org\ndata_dir: var\nrules: [rules]\n\
             listeners: [{{ name: relay, bind: \"127.0.0.1:0\", tls: starttls }}]\n\
             sources: [{{ name: office, type: mta, networks: [127.0.0.0/8] }}]\n\
             routes: [{{ domains: [\"*\"], next_hop: \"{closed}\", tls: opportunistic }}]\n\
             policy: {{ clean: opportunistic }}\n\
             notify: {{ sender: false }}\n\
             http: {{ bind: \"127.0.0.1:0\" }}\n{more}"
        );
        std::fs::write(folder.path().join("waxseal.yaml"), text).expect("written");
        std::fs::create_dir(folder.path().join("rules")).expect("made");
        std::fs::write(folder.path().join("rules/test.yaml"), RULES).expect("written");
        prepare(folder.path());
        let mut child = Command::new(env!("CARGO_BIN_EXE_waxseal"))
            .args(["serve", "--config"])
            .arg(folder.path().join("waxseal.yaml"))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the gateway starts");
        let mut log = BufReader::new(child.stderr.take().expect("piped"));
        let (mut relay, mut http) = (None, None);
        while relay.is_none() || http.is_none() {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).expect("a log"), 0, "the gateway ended before it listened");
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            let address = event["address"].as_str().and_then(|text| text.parse().ok());
            match event["listener"].as_str() {
                Some("relay") => relay = address,
                Some("http") => http = address,
                _ => {}
            }
        }
        // The rest of the log is read away, so that the gateway never waits for us.
        std::thread::spawn(move || log.read_to_end(&mut Vec::new()));
        let running = Self { folder, child, relay: relay.expect("an address"), http: http.expect("an address") };
        running.until("the control socket stands", || running.path().join("var/control.sock").exists());
        running
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < Duration::from_secs(20), "in time: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_waxseal"))
            .args(arguments)
            .arg("--config")
            .arg(self.path().join("waxseal.yaml"))
            .stdin(Stdio::null())
            .output()
            .expect("the command runs")
    }

    /// The JSON lines of a command that must succeed.
    fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let mut all = arguments.to_vec();
        all.push("--json");
        let output = self.run(&all);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
    }

    fn reload(&self) {
        let pid = rustix::process::Pid::from_raw(self.child.id() as i32).expect("a process");
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).expect("sent");
        self.until("it is reloaded", || {
            self.json(&["audit", "export"]).iter().any(|record| record["event"]["kind"] == "reloaded")
        });
    }

    /// Sends a mail and gives the id after `Ok`.
    fn send(&self, to: &str, extra: &str) -> String {
        let content = format!(
            "From: ann@clinic.example\r\nTo: {to}\r\nSubject: canary-subject\r\nMessage-ID: <{to}>\r\n{extra}\r\ncanary-body\r\n.\r\n"
        );
        let mut stream = BufReader::new(TcpStream::connect(self.relay).expect("a connection"));
        stream.get_ref().set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        let mut reply = String::new();
        stream.read_line(&mut reply).expect("a greeting");
        for command in ["HELO test", "MAIL FROM:<ann@clinic.example>", &format!("RCPT TO:<{to}>"), "DATA", &content] {
            let line = if command == content { content.clone() } else { format!("{command}\r\n") };
            stream.get_mut().write_all(line.as_bytes()).expect("sent");
            reply.clear();
            stream.read_line(&mut reply).expect("a reply");
            assert!(reply.starts_with(['2', '3']), "{command}: {reply}");
        }
        reply.strip_prefix("250 2.0.0 Ok ").expect("an id").split_whitespace().next().expect("an id").to_owned()
    }

    /// The whole answer to a request, header and body.
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.http).expect("a connection");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn wait_for_state(&self, id: &str, state: &str) {
        self.until(state, || self.json(&["trace", id])[0]["recipients"][0]["state"] == state);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Every metric that a file's expressions name, without the suffixes of a histogram's series.
fn metrics_named_in(path: &str) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("a file");
    let mut names: Vec<String> = text
        .match_indices("waxseal_")
        .map(|(at, _)| text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn every_metric_on_the_dashboard_and_in_the_alerts_is_served() {
    let gateway = Running::start_with("edm: [patients]\ndirectory: staff.csv\n", |folder| {
        std::fs::write(folder.join("staff.csv"), "name,email\nAda Okafor,ada@clinic.example\n").expect("written");
        std::fs::write(folder.join("patients.csv"), "mrn,first,last\n4471229,Jane,Roe\n").expect("written");
        let build = Command::new(env!("CARGO_BIN_EXE_waxseal"))
            .args(["edm", "build", "patients"])
            .arg(folder.join("patients.csv"))
            .arg("--config")
            .arg(folder.join("waxseal.yaml"))
            .output();
        assert!(build.expect("the command runs").status.success());
    });
    // The first look at indexes and staff comes right after the start.
    let metrics = || gateway.get("/metrics");
    gateway.until("both are shown", || {
        ["waxseal_edm_m", "waxseal_directory_m"].iter().all(|name| metrics().contains(name))
    });
    let metrics = metrics();
    assert!(metrics.starts_with("HTTP/1.1 200"), "{metrics}");
    for file in ["config/grafana/waxseal.json", "config/prometheus/waxseal.rules.yaml"] {
        let named = metrics_named_in(file);
        assert!(named.len() > 10, "{file}: {named:?}");
        for name in named {
            // Labelled series that depend on the site stand only once there is one.
            let known = metrics.contains(&format!("\n{name}{{")) || metrics.contains(&format!("\n{name} "));
            assert!(known, "{file} names {name}, which /metrics has not");
        }
    }
    if let Ok(mut promtool) =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
    {
        let body = metrics.split("\r\n\r\n").nth(1).expect("a body");
        promtool.stdin.take().expect("piped").write_all(body.as_bytes()).expect("written");
        let output = promtool.wait_with_output().expect("promtool ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn every_answer_over_http_is_safe_for_a_browser_and_names_no_software() {
    let gateway = Running::start();
    for (path, status) in [("/livez", "200"), ("/readyz", "200"), ("/metrics", "200"), ("/nothing", "404")] {
        let answer = gateway.get(path).to_lowercase();
        let header = answer.split("\r\n\r\n").next().expect("a header");
        assert!(header.starts_with(&format!("http/1.1 {status}")), "{path}: {header}");
        for wanted in [
            "x-content-type-options: nosniff",
            "cache-control: no-store",
            "content-security-policy: default-src 'none'",
        ] {
            assert!(header.contains(wanted), "{path} lacks {wanted}: {header}");
        }
        assert!(!header.contains("\nserver:"), "{path}: {header}");
    }
    // The control API is not reachable over TCP.
    assert!(gateway.get("/v1/messages").starts_with("HTTP/1.1 404"));
}

#[test]
fn waiting_mail_is_listed_traced_paused_retried_and_deleted() {
    let gateway = Running::start();
    let id = gateway.send("bob@partner.example", "");
    gateway.wait_for_state(&id, "deferred");

    let listed = gateway.json(&["queue", "list"]);
    assert_eq!(listed.len(), 1);
    let keys: Vec<&String> = listed[0].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["id", "state", "received", "reverse_path", "recipients"]);
    let keys: Vec<&String> = listed[0]["recipients"][0].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["address", "state", "level", "method", "reason", "next_attempt"]);
    assert_eq!((listed[0]["id"].as_str(), listed[0]["state"].as_str()), (Some(id.as_str()), Some("queued")));
    assert_eq!(listed[0]["reverse_path"], "ann@clinic.example");

    let story = gateway.json(&["trace", "bob@partner.example"]);
    assert_eq!(story[0]["id"], id.as_str(), "also by Message-ID");
    let kinds: Vec<&str> =
        story[0]["events"].as_array().expect("events").iter().filter_map(|event| event["kind"].as_str()).collect();
    assert!(kinds.contains(&"decided") && kinds.contains(&"attempted"), "{kinds:?}");
    assert_eq!(gateway.run(&["trace", "00000000000000000000000000000000"]).status.code(), Some(1));

    assert_eq!(gateway.json(&["find", "--to", "partner.example"]).len(), 1);
    assert_eq!(gateway.json(&["find", "--to", "nobody.example"]).len(), 0);
    assert_eq!(gateway.json(&["find", "--state", "delivered"]).len(), 0);
    assert_eq!(gateway.run(&["find", "--state", "no-such-state"]).status.code(), Some(64));

    let summary = gateway.json(&["queue", "summary"]);
    assert_eq!(
        (summary[0]["destination"].as_str(), summary[0]["deferred"].as_u64()),
        (Some("partner.example"), Some(1))
    );

    assert_eq!(gateway.json(&["queue", "pause", &id])[0]["messages"], 1);
    gateway.wait_for_state(&id, "paused");
    assert_eq!(gateway.json(&["queue", "retry", &id])[0]["messages"], 1);
    gateway.wait_for_state(&id, "deferred");

    assert_eq!(gateway.json(&["queue", "delete", &id])[0]["recipients"], 1);
    assert_eq!(gateway.json(&["queue", "list"]).len(), 0);
    let deleted = &gateway.json(&["find"])[0];
    assert_eq!(deleted["state"], "deleted");
    assert_eq!(deleted["recipients"][0]["state"], "failed", "nobody may think that it is still tried: {deleted}");
}

#[test]
fn a_suspended_destination_is_listed_and_resumed_and_the_account_names_who_did() {
    let gateway = Running::start();
    gateway.json(&["suspend", "--domain", "slow.example", "--for", "2h", "--reason", "they asked"]);
    assert_eq!(gateway.json(&["suspend"])[0]["domain"], "slow.example");
    gateway.json(&["resume", "--domain", "slow.example"]);
    assert_eq!(gateway.run(&["resume", "--domain", "slow.example"]).status.code(), Some(1), "it is not suspended");

    let verified = &gateway.json(&["audit", "verify"])[0];
    assert_eq!(verified["valid"], true);
    let records = gateway.json(&["audit", "export"]);
    let changed: Vec<&Value> = records.iter().filter(|record| record["event"]["kind"] == "queue-changed").collect();
    assert_eq!(changed.len(), 2);
    assert!(changed[0]["event"]["actor"].as_str().is_some_and(|actor| actor.starts_with("local:")));
    assert_eq!(changed[0]["event"]["detail"]["reason"], "they asked");
    let seqs: Vec<u64> = records.iter().filter_map(|record| record["seq"].as_u64()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "every record once, in order");
}

/// T247: whoever changes the account stops the gateway first.
#[test]
fn the_account_of_a_stopped_gateway_is_read_and_verified_from_its_folder() {
    let mut gateway = Running::start();
    gateway.send("a@p.example", "X-Waxseal-Protect: hold\r\n");
    let told = gateway.json(&["audit", "export"]);
    gateway.child.kill().expect("killed");
    gateway.child.wait().expect("gone");

    assert_eq!(gateway.json(&["audit", "verify"])[0]["valid"], true);
    let kept = gateway.json(&["audit", "export"]);
    assert!(kept.starts_with(&told) && !told.is_empty(), "{kept:?}");
    let database = gateway.path().join("var/store.db");
    let db = rusqlite::Connection::open(database).expect("the store");
    db.execute("UPDATE event SET text = replace(text, 'office', 'others') WHERE seq = 2", []).expect("changed");
    drop(db);
    let verified = gateway.run(&["audit", "verify", "--json"]);
    assert_eq!(verified.status.code(), Some(1));
    let verdict: Value = serde_json::from_slice(&verified.stdout).expect("JSON");
    assert!(verdict["valid"] == false && verdict["fault"].to_string().contains('2'), "{verdict}");
}

#[test]
fn held_mail_is_judged_by_a_person_with_a_reason() {
    let gateway = Running::start();
    let held: Vec<String> = ["a@p.example", "b@p.example", "c@p.example"]
        .iter()
        .map(|to| gateway.send(to, "X-Waxseal-Protect: hold\r\n"))
        .collect();
    assert_eq!(gateway.json(&["quarantine", "list"]).len(), 3);
    assert_eq!(gateway.json(&["queue", "list"]).len(), 0, "held mail is not in the queue's list");
    let shown = gateway.json(&["quarantine", "show", &held[0]])[0].to_string();
    assert!(!shown.contains("canary"), "neither subject nor content: {shown}");

    assert_eq!(gateway.run(&["quarantine", "release", &held[0]]).status.code(), Some(64), "a reason is wanted");
    assert_eq!(gateway.run(&["quarantine", "release", &held[0], "--reason", " "]).status.code(), Some(65));
    assert_eq!(gateway.json(&["quarantine", "release", &held[0], "--reason", "phoned"])[0]["level"], "tls");
    assert_eq!(gateway.run(&["quarantine", "release", &held[0], "--reason", "again"]).status.code(), Some(1));

    let dry = gateway.json(&["quarantine", "recheck", "--dry-run"]);
    assert_eq!((dry.len(), dry[0]["held"].as_u64()), (2, Some(1)));

    let file = gateway.path().join("out.eml");
    let export =
        ["quarantine", "export", &held[1], "--reason", "court order", "--output", file.to_str().expect("a path")];
    assert_eq!(gateway.run(&export).status.code(), Some(0));
    assert!(std::fs::read_to_string(&file).expect("the mail").contains("canary-body"));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(gateway.run(&export).status.code(), Some(74), "no file is written over");

    gateway.json(&["quarantine", "return", &held[1], "--reason", "wrong address"]);
    gateway.json(&["quarantine", "reject", &held[2], "--reason", "not allowed"]);
    assert_eq!(gateway.json(&["quarantine", "list"]).len(), 0);

    let account = gateway.run(&["audit", "export", "--json"]);
    let account = String::from_utf8(account.stdout).expect("UTF-8");
    for kind in ["released", "exported", "returned", "rejected"] {
        assert!(account.contains(&format!("\"kind\":\"{kind}\"")), "{kind}");
    }
    assert!(!account.contains("canary"), "the account has no content");
}

#[test]
fn connect_verify_names_what_the_other_system_will_stumble_over() {
    let gateway = Running::start();
    // The listener's port is the system's choice, so the file is told of it before it is verified.
    let file = gateway.path().join("waxseal.yaml");
    let text = std::fs::read_to_string(&file).expect("the file");
    let told = text.replacen("127.0.0.1:0", &gateway.relay.to_string(), 1) + "delivery: { dns: [\"127.0.0.1:1\"] }\n";
    std::fs::write(&file, told).expect("written");
    let output = gateway.run(&["connect", "postfix", "--verify", "--json"]);
    assert_eq!(output.status.code(), Some(1), "a certificate made by itself verifies nowhere");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let steps: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let good = |part: &str| steps.iter().find(|step| step["step"].as_str().is_some_and(|name| name.contains(part)));
    assert_eq!(good("greets").expect("a step")["good"], true, "{text}");
    assert_eq!(good("STARTTLS").expect("a step")["good"], true, "{text}");
    assert_eq!(good("certificate").expect("a step")["good"], false, "{text}");
}

#[test]
fn what_commands_change_beside_the_gateway_stands_in_its_account() {
    // What is changed before a start is told to the gateway that starts.
    let gateway = Running::start_with("", |folder| {
        std::fs::DirBuilder::new().mode(0o700).create(folder.join("var")).expect("made");
        let dkim = Command::new(env!("CARGO_BIN_EXE_waxseal"))
            .args(["dkim", "new", "lab.example", "--config"])
            .arg(folder.join("waxseal.yaml"))
            .output()
            .expect("the command runs");
        assert!(dkim.status.success(), "{dkim:?}");
    });
    let records = gateway.json(&["audit", "export"]);
    let early = records.iter().position(|record| record["event"]["kind"] == "key-changed").expect("it was left");
    let started = records.iter().position(|record| record["event"]["kind"] == "started").expect("it started");
    assert!(early < started && !gateway.path().join("var/told.jsonl").exists(), "{records:?}");
    let mut add = Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .args(["user", "add", "scanner", "--password-stdin", "--config"])
        .arg(gateway.path().join("waxseal.yaml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the command starts");
    add.stdin.take().expect("piped").write_all(b"canary-password").expect("written");
    assert!(add.wait().expect("ended").success());
    assert_eq!(gateway.run(&["dkim", "new", "clinic.example"]).status.code(), Some(0));
    assert_eq!(gateway.run(&["rules", "promote", "test.case", "--to", "shadow"]).status.code(), Some(0));
    let records = gateway.json(&["audit", "export"]);
    for kind in ["user-changed", "key-changed", "rule-changed"] {
        let record = records.iter().find(|record| record["event"]["kind"] == kind).unwrap_or_else(|| panic!("{kind}"));
        assert!(record["event"]["actor"].as_str().is_some_and(|actor| actor.starts_with("local:")), "{record}");
    }
    let text = format!("{records:?}");
    assert!(!text.contains("canary-password") && !text.contains("argon2"), "no password, no hash");
}

#[test]
fn rule_counts_and_old_rulesets_are_asked_of_the_gateway() {
    let gateway = Running::start();
    let id = gateway.send("d@p.example", "X-Note: CASE-123456\r\n");
    let hash = gateway.json(&["trace", &id])[0]["ruleset"].as_str().expect("a hash").to_owned();
    let source = gateway.json(&["rules", "show", "--hash", &hash]);
    assert!(source[0]["text"].as_str().is_some_and(|text| text.contains("id: test.case")));
    assert_eq!(gateway.run(&["rules", "show", "--hash", "00"]).status.code(), Some(1));
    // A rule that a reload brings counts under its own name.
    let site = RULES.replace("test.case", "site.room").replace("CASE", "ROOM").replace("case-number", "room-number");
    std::fs::write(gateway.path().join("rules/site.yaml"), site).expect("written");
    gateway.reload();
    gateway.send("d@p.example", "X-Note: ROOM-123456\r\n");
    let stats = gateway.json(&["rules", "stats"]);
    let of_site = stats.iter().find(|stat| stat["rule"] == "site.room" && stat["mode"] == "enforce");
    assert_eq!(of_site.map(|stat| &stat["matches"]), Some(&Value::from(1)), "{stats:?}");
}

/// A security engineer asks which of last week's mail would have ended differently; the mail itself is gone.
#[test]
fn other_rules_judge_what_is_kept_of_decided_mail() {
    let gateway = Running::start();
    let first = gateway.send("d@p.example", "X-Note: CASE-123456\r\n");
    let second = gateway.send("e@p.example", "X-Note: nothing\r\n");
    let change = |from: &str, to: &str| {
        let folder = gateway.path().join("new");
        std::fs::create_dir_all(&folder).expect("made");
        std::fs::write(folder.join("test.yaml"), RULES.replace(from, to)).expect("written");
        let (old, new) = (gateway.path().join("rules"), folder);
        let (old, new) = (old.to_str().expect("UTF-8").to_owned(), new.to_str().expect("UTF-8").to_owned());
        gateway.json(&["rules", "diff", &old, &new, "--stored", "--since", "1h"])
    };
    assert_eq!(change("for this test", "for no other"), Vec::<Value>::new());
    for (from, to) in [
        ("title: A case number", "title: A case number\n    threshold: 90"),
        ("title: A case number", "title: A case number\n    mode: shadow"),
        ("class: [strong], confidence: 75", "class: [strong], confidence: 85"),
        ("class: [strong], confidence: 75", "detector: case-number, count: 2"),
    ] {
        // The file's own tests are not run: a rule that is tried need not be finished.
        let changes = change(from, to);
        assert_eq!(changes.len(), 1, "{to}: {changes:?}");
        assert_eq!((&changes[0]["id"], &changes[0]["old"]["verdict"]), (&first.as_str().into(), &"phi".into()), "{to}");
        assert_eq!((&changes[0]["new"]["verdict"], &changes[0]["doubts"]), (&"clean".into(), &Value::Null), "{to}");
    }
    let changes = change("confidence: 80", "confidence: 60");
    assert!(changes.is_empty(), "what a detector saw is taken as it was: {changes:?}");
    let changes = change("title: A case number", "title: A case number\n    sensitivity: hold");
    assert_eq!((changes.len(), &changes[0]["new"]["level"]), (1, &"hold".into()), "{changes:?}");
    let new = gateway.path().join("new");
    let by_the_configuration = gateway.json(&["rules", "diff", "-", new.to_str().expect("UTF-8"), "--stored"]);
    assert_eq!(by_the_configuration, changes, "- stands for the rules in force");
    let text = format!("{changes:?}");
    assert!(!text.contains(&second) && !text.contains("123456") && !text.contains("canary"), "{text}");
}
