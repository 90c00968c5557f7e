//! Whole configurations: the shipped one, every key, and what is said about broken ones.

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

/// Every key of the contract, so that none is forgotten and each is documented by the schema.
const EVERY_KEY: &str = r#"
hostname: ${HOST}
data_dir: /var/lib/waxseal
rules: [../rules]
packs: [hipaa, payment-cards]
edm: [patients, { name: members, max_age: 3d }]
directory:
  ldap:
    url: ldaps://dc.example.org:636
    starttls: true
    bind: cn=waxseal,ou=services,dc=example,dc=org
    password: file:relay.secret
    base: ou=staff,dc=example,dc=org
    filter: (&(objectClass=person)(mail=*))
    attributes: { given: [givenName], family: [sn], name: [], email: [mail], phone: [ipPhone], npi: [npi] }
    refresh: 30m
    timeout: 10s
    tls_roots: []
  max_age: 14d
forms: [forms]
domains: [example.org]
postmaster: postmaster@example.org
users: users.jsonl
listeners:
  - name: relay
    bind: "[::1]:2525"
    tls: required
    auth: [plain, login]
    proxy_from: [10.0.0.0/8]
sources:
  - name: tenant
    type: m365
    networks: [192.0.2.0/24]
    from_domains: [example.org]
    microsoft365:
      tenants: [{ id: 6dd1c8f2-31b2-4a3c-9d6e-0f6d4c5a1b2c, domains: [example.org] }]
  - name: workspace
    type: google
    networks: [198.51.100.0/24]
    from_domains: [example.org, .example.org]
    header: { name: X-Relay, value: file:relay.secret }
  - name: people
    type: app
    auth: required
  - name: copier
    type: device
    networks: [10.1.2.3/32]
    line_endings: repair
  - name: exchange
    type: mta
    client_certificate: { names: [mail.example.org] }
routes:
  - domains: [partner.example, .partner.example]
    next_hop: ["mail.partner.example:25", "[2001:db8::1]:2525"]
    tls: verified
    tls_name: [mail.partner.example, .cloud.example]
    tls_pins: ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
    provides: message
    internal: true
    auth: { user: waxseal, password: file:relay.secret }
  - domains: ["*"]
    next_hop: smarthost.example.org
    levels: [opportunistic, tls]
    tls: required
policy:
  clean: tls
  light: tls
  phi: tls-verified
  special: message
  asked: hold
  gap: { encrypted: hold, not-mail: reject, picture: tls-verified }
  ladder: { clean: [transport, wait], phi: [transport, hold] }
  tags: ["[private]"]
  observe_until: 2026-12-21
  all_or_nothing: true
profiles:
  - name: lab
    sources: [exchange]
    domains: [lab.example]
    policy: { phi: tls-authenticated, ladder: auto }
    dkim: { sign: false }
    notify: { sender: false }
    branding: { name: Example Laboratory }
dkim: { sign: true }
delivery:
  tls_roots: []
  dns: ["127.0.0.1:5353"]
  mx_port: 2500
  patience: 10m
  retry: [30s, 2m, 10m]
  expire: 5d
  source_address: 192.0.2.1
  ip: 4
limits:
  message_size: 150MiB
  recipients: 1000
  connections: 1000
  connections_per_client: 250
  errors: 20
  memory: 512MiB
  min_free: 256MiB
  scan_wait: 20s
  scan_timeout: 10m
  drain: 10s
keys: { master: "file:../master.key" }
quarantine: { notify: [privacy@example.org], expire: 14d }
notify: { sender: true }
branding: { name: Example Clinic }
store: { backend: embedded }
retention: { messages: 90d }
http: { bind: "127.0.0.1:8025", metrics: "0.0.0.0:9090", metrics_token: "file:relay.secret" }
telemetry: { log_level: info, log_format: json, log_addresses: false }
"#;

#[test]
fn every_key_is_read_to_its_room() {
    let folder = folder();
    std::fs::write(folder.path().join("config/relay.secret"), "s3cret\n").unwrap();
    std::fs::create_dir(folder.path().join("config/forms")).unwrap();
    std::fs::write(folder.path().join("config/staff.csv"), "name,email\nAda Okafor,ada@example.org\n").unwrap();
    let configuration = read_in(folder.path(), EVERY_KEY).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(configuration.smtp.hostname.as_str(), "gw.variable.example");
    assert_eq!(configuration.smtp.sources.len(), 5);
    assert_eq!(configuration.smtp.limits.recipients, 1000);
    assert_eq!(configuration.deliver.routes[0].next_hops.len(), 2);
    assert_eq!(configuration.deliver.mx_port, 2500);
    assert_eq!(configuration.queue.schedule.retry.len(), 3);
    assert_eq!(configuration.queue.schedule.patience.as_secs(), 600);
    assert_eq!(configuration.queue.own.postmaster.to_string(), "postmaster@example.org");
    assert_eq!(configuration.dns.servers.len(), 1);
    assert_eq!(configuration.store.master, crate::keys::Source::File(folder.path().join("master.key")));
    assert_eq!(configuration.store.records.as_secs(), 90 * 86_400);
    let staff = configuration.directory.expect("one");
    let crate::directory::Place::Server(server) = &staff.place else { panic!("{:?}", staff.place) };
    assert_eq!(server.question.attributes, ["givenName", "sn", "mail", "ipPhone", "npi"]);
    assert_eq!((server.refresh.as_secs(), staff.max_age.as_secs()), (1_800, 14 * 86_400));
    let policy = &configuration.policy;
    assert_eq!((policy.special, policy.asked), (Level::Message, Level::Hold));
    assert_eq!(policy.gap_level(GapReason::NotMail), Level::Reject);
    assert_eq!(policy.gap_level(GapReason::Corrupt), Level::TlsVerified);
    assert_eq!(policy.ladder[&Class::Phi], [Method::Transport, Method::Hold]);
    assert!(policy.observes(now()));
    assert_eq!(policy.provides.len(), 1);
    let author: Address = "a@lab.example".parse().unwrap();
    let (lab, profile) = policy.resolve("office", &[author]);
    assert_eq!((lab.phi, lab.special, lab.ladder.len()), (Level::TlsAuthenticated, Level::Message, 0));
    let voice = &configuration.quarantine.voices[&profile.unwrap().name];
    assert_eq!((voice.tell_sender, voice.name.as_str()), (false, "Example Laboratory"));
    assert_eq!(configuration.quarantine.voice.name, "Example Clinic");
    assert_eq!((lab.hash.clone(), lab.provides.len()), (configuration.hash.clone(), 1));
    let domains: Vec<&str> = configuration.own_domains.iter().map(|domain| domain.as_str()).collect();
    assert_eq!(domains, ["example.org"]);
    let warned: Vec<&str> = configuration.warnings.iter().map(|warning| warning.key.as_str()).collect();
    for key in ["policy.light", "policy.observe_until"] {
        assert!(warned.contains(&key), "{key}: {warned:?}");
    }
}

/// No key of the schema is missing above: a new one must be tried in a file.
#[test]
fn the_file_of_every_key_has_every_key() {
    const ONLY_WITH_FILES: [&str; 8] =
        ["certificate", "private_key", "client_certificate", "roots", "url", "bodies", "admin", "portal"];
    let schema = schema();
    let mut missing = Vec::new();
    let sections = schema["definitions"].as_object().unwrap().values().chain([&schema]);
    for (key, _) in sections.flat_map(|section| section["properties"].as_object().into_iter().flatten()) {
        if !EVERY_KEY.contains(&format!("{key}:")) && !ONLY_WITH_FILES.contains(&key.as_str()) {
            missing.push(key.clone());
        }
    }
    // Other gaps, and the classes of the ladder, differ from those above only in name.
    missing.retain(|key| GapReason::ALL.iter().all(|reason| reason.as_str() != key));
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn all_faults_are_told_at_once_with_line_column_and_mend() {
    let text = "\
hostnam: gw.example.org
hostname: gw..example
data_dir: 7
rules: [../rules]
listeners:
  - name: relay
    bind: 127.0.0.1
    tls: startls
    tls: none
limits: { message_size: 150, scan_wait: 20 seconds, recipients: many }
delivery: { retry: 30s, ip: 5, expire: }
policy: { phi: none, gap: [hold], observe_until: tomorrow }
";
    let told = faults(text);
    let expected = [
        "waxseal.yaml:1:1: hostnam: unknown key; did you mean \"hostname\"?",
        "waxseal.yaml:2:11: hostname: \"gw..example\": the domain is not one (RFC 5321 §4.1.2)",
        "waxseal.yaml:3:11: data_dir: wants text, not a number; put it in quotes",
        "waxseal.yaml:7:11: listeners[0].bind: \"127.0.0.1\" is not IP:PORT or [IPv6]:PORT",
        "waxseal.yaml:8:10: listeners[0].tls: \"startls\" is none of none, starttls, required, implicit; did you mean \"starttls\"?",
        "waxseal.yaml:9:5: listeners[0].tls: the key stands here twice; leave one of them out",
        "waxseal.yaml:10:25: limits.message_size: wants a size such as 150MiB, not a number; add a unit: 150KiB, 150MiB or 150GiB",
        "waxseal.yaml:10:41: limits.scan_wait: \"20 seconds\" is no span of time; a number with a unit such as 30s, 15m, 12h or 5d is wanted",
        "waxseal.yaml:10:65: limits.recipients: wants a number, not text",
        "waxseal.yaml:11:20: delivery.retry: wants a list, not text; put it in brackets: [ … ]",
        "waxseal.yaml:11:29: delivery.ip: 5 is none of 4, 6",
        "waxseal.yaml:11:38: delivery.expire: wants a span of time such as 15m, not nothing; give it a value or leave the key out",
        "waxseal.yaml:12:16: policy.phi: \"none\" is none of opportunistic, tls, tls-verified, tls-authenticated, message, hold, reject",
        "waxseal.yaml:12:27: policy.gap: wants a word or a section, not a list",
        "waxseal.yaml:12:50: policy.observe_until: \"tomorrow\" is not a date such as 2026-12-31",
    ];
    assert_eq!(told, expected, "{told:#?}");
}

#[test]
fn what_is_wrong_between_sections_is_told() {
    for (lines, said) in [
        ("sources: [{ name: a, from_domains: [b.example] }]", "sources[0]: a source needs a proof of its own"),
        (
            "sources: [{ name: a, type: google, networks: [10.0.0.0/8] }]",
            "sources[0]: from_domains is required for m365 and google",
        ),
        (
            "sources: [{ name: a, networks: [10.0.0.0/8] }, { name: a, networks: [10.0.0.0/8] }]",
            "sources[1].name: \"a\" is taken already",
        ),
        ("sources: [{ name: a, networks: [10.0.0.1/8] }]", "sources[0].networks[0]:"),
        (
            "routes: [{ domains: ['*'], next_hop: mx.example, provides: message }]",
            "routes[0].provides: nothing proves that the hop",
        ),
        (
            "routes: [{ domains: ['*'], next_hop: '127.0.0.1:25', provides: hold }]",
            "routes[0].provides: hold is none of tls, tls-verified, message",
        ),
        ("policy: { ladder: { phi: [transport, portal] } }", "policy.ladder.phi[1]: portal is not built yet"),
        ("policy: { observe_until: 2026-12-22 }", "policy.observe_until: 2026-12-22 is more than 30 days ahead"),
        ("http: { bind: '127.0.0.1:2525' }", "http.bind: listeners[0].bind has 127.0.0.1:2525 already"),
        ("keys: { master: hunter2 }", "keys.master: a secret is never written here"),
        ("keys: { master: 'credential:master' }", "keys.master: there are no systemd credentials here"),
        ("rules: [../ruless]", "rules[0]: there is no "),
        ("store: { backend: cluster }", "store.backend: cluster is not built yet"),
        ("hostname: ${MISSING}", "hostname: the variable MISSING is not set"),
        ("profiles: [{ name: p, sources: [ofice] }]", "there is no source \"ofice\"; did you mean \"office\"?"),
        (
            "listeners: [{ name: a, bind: '127.0.0.1:1', certificate: no.crt, private_key: no.key }]",
            "listeners[0].certificate: there is no ",
        ),
        (
            "directory: { file: staff.csv, ldap: { url: 'ldaps://dc', base: 'dc=x' } }",
            "directory: it is either a `file` or",
        ),
        ("directory: { max_age: 3d }", "directory: it is either a `file` or"),
        (
            "directory: { ldap: { url: 'http://dc', base: 'dc=x' } }",
            "directory.ldap.url: this is no LDAP URL; write ldaps://",
        ),
        (
            "directory: { ldap: { url: 'ldap://dc', starttls: false, base: 'dc=x' } }",
            "directory.ldap.starttls: names and",
        ),
        (
            "directory: { ldap: { url: 'ldaps://dc', base: 'dc=x', bind: 'cn=a' } }",
            "directory.ldap.bind: it needs a `password`",
        ),
        (
            "directory: { ldap: { url: 'ldaps://dc', base: 'dc=x', filter: 'person' } }",
            "directory.ldap.filter: this is no LDAP",
        ),
        ("directory: { ldap: { url: 'ldaps://dc', base: 'dc=x', passwort: 'file:x' } }", "unknown key"),
        ("listeners: [{ name: a, bind: '127.0.0.1:1', tls: none, auth: [plain] }]", "listeners[0].auth: passwords go"),
    ] {
        let told = faults(&with(lines));
        assert!(told.iter().any(|fault| fault.contains(said)), "{lines}: {told:#?}");
        assert!(told.iter().all(|fault| !fault.contains("hunter2")), "{told:?}");
    }
}

#[test]
fn metrics_that_the_network_reaches_are_warned_of() {
    let warned = |http: &str| {
        let configuration = good(&with(&format!("http: {http}")));
        configuration.warnings.iter().any(|warning| warning.message.contains("can be reached from the network"))
    };
    assert!(warned("{ bind: '0.0.0.0:8025' }") && warned("{ bind: '127.0.0.1:8025', metrics: '[::]:9090' }"));
    assert!(!warned("{ bind: '127.0.0.1:8025' }"));
}

#[test]
fn check_refuses_clear_mail_on_any_hop_but_loopback() {
    for (routes, refused) in [
        ("[{ domains: ['*'], next_hop: '127.0.0.1:2526' }]", false),
        ("[{ domains: ['*'], next_hop: ['127.0.0.1:2526', mx.example] }]", true),
        ("[{ domains: ['*'], next_hop: mx.example, tls: required }]", false),
        ("[{ domains: [a.example], next_hop: '[::1]:25' }]", true),
        ("[{ domains: ['*'], next_hop: '127.0.0.1:25', levels: [tls] }]", true),
        ("[{ domains: ['*'] }]", true),
        ("[]", true),
    ] {
        let configuration = good(&with(&format!("routes: {routes}")));
        assert_eq!(!configuration.refusals.is_empty(), refused, "{routes}: {:?}", configuration.refusals);
    }
    assert_eq!(good(&with("routes: []\npolicy: { clean: tls }")).refusals, []);
}

#[test]
fn weakness_for_phi_or_gaps_is_warned_of() {
    for (policy, key) in [
        ("{ phi: tls }", "policy.phi"),
        ("{ special: opportunistic }", "policy.special"),
        ("{ gap: tls }", "policy.gap"),
        ("{ gap: { encrypted: opportunistic } }", "policy.gap"),
        ("{ asked: message }", "policy.asked"),
    ] {
        let configuration = good(&with(&format!("policy: {policy}")));
        assert!(configuration.warnings.iter().any(|warning| warning.key == key), "{policy}");
        // A level that nothing reaches is stronger than the default, not weaker.
        assert_eq!(configuration.weaknesses.is_empty(), key == "policy.asked", "{policy}");
    }
    let usual = good(&with("policy: { gap: { picture: tls } }"));
    assert!(usual.warnings.iter().all(|warning| !warning.key.starts_with("policy")), "{:?}", usual.warnings);
}

#[test]
fn a_fault_that_only_follows_from_another_is_not_told() {
    let told = faults(&with("sources: [{ name: a, netwroks: [10.0.0.0/8] }]"));
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].ends_with("unknown key; did you mean \"networks\"?"));
}

#[test]
fn faults_of_different_kinds_are_told_together() {
    let told = faults(&with("sources: [{ name: a }]\nlimits: { errors: 0 }\nkeys: { mastr: x }"));
    for said in ["needs a proof", "0 is out of range: at least 1", "did you mean \"master\"?"] {
        assert!(told.iter().any(|fault| fault.contains(said)), "{said}: {told:#?}");
    }
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
fn a_missing_file_is_a_fault() {
    let Faults(faults) = load(Path::new("no/such.yaml"), now()).unwrap_err();
    assert!(faults[0].to_string().starts_with("no/such.yaml: can't be read:"));
}
