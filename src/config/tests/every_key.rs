//! Every key that there is: read to its room, and documented.

use super::*;

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
  user_messages: 1000
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
