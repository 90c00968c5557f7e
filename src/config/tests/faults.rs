//! What is said about broken and doubtful configurations: all of it, each with its place and mend.

use super::*;

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
        "waxseal.yaml:7:11: listeners[0].bind: \"127.0.0.1\" is not IP:PORT or [IPv6]:PORT, such as 127.0.0.1:8025",
        "waxseal.yaml:8:10: listeners[0].tls: \"startls\" is none of none, starttls, required, implicit; did you mean \"starttls\"?",
        "waxseal.yaml:9:5: listeners[0].tls: the key stands here twice; leave one of them out",
        "waxseal.yaml:10:25: limits.message_size: wants a size such as 150MiB, not a number; add a unit: 150KiB, 150MiB or 150GiB",
        "waxseal.yaml:10:41: limits.scan_wait: \"20 seconds\" is no span of time; a number with a unit such as 30s, 15m, 12h or 5d is wanted",
        "waxseal.yaml:10:65: limits.recipients: wants a whole number, not text",
        "waxseal.yaml:11:20: delivery.retry: wants a list, not text; put it in brackets: [ … ]",
        "waxseal.yaml:11:29: delivery.ip: 5 is none of 4, 6",
        "waxseal.yaml:11:38: delivery.expire: wants a span of time such as 15m, not nothing; give it a value or leave the key out",
        "waxseal.yaml:12:16: policy.phi: \"none\" is none of opportunistic, tls, tls-verified, tls-authenticated, message, hold, reject",
        "waxseal.yaml:12:27: policy.gap: wants a word or a section, not a list",
        "waxseal.yaml:12:50: policy.observe_until: \"tomorrow\" is not a date such as 2026-12-31",
    ];
    assert_eq!(told, expected, "{told:#?}");
}

/// Nobody mends ten faults only to be told of ten others.
#[test]
fn a_value_that_is_needed_and_wrong_hides_no_other_fault() {
    let missing = faults("rules: [../nothere]\n");
    assert!(missing.len() > 1 && missing.iter().any(|fault| fault.contains("there is no")), "{missing:#?}");
    let told = faults(
        "hostname: gw..example\nrules: [../rules, ../nothere]\nlisteners: [{ name: a, bind: '25' }, { name: a, bind: '127.0.0.1:25' }]\n\
         sources: [{ name: m365, type: m365, networks: [10.0.0.0/8] }]\n",
    );
    for said in ["hostname:", "rules[1]: there is no", "listeners[0].bind:", "sources[0]: from_domains is required"] {
        assert!(told.iter().any(|fault| fault.contains(said)), "{said} is not in {told:#?}");
    }
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
        ("policy: { tags: ['[secure]', ' '] }", "policy.tags[1]: an empty tag"),
        ("telemetry: { log_level: verbose }", "telemetry.log_level: \"verbose\" is no level"),
        ("telemetry: { log_level: 'info,waxseal::smtp=loud' }", "is no level and no filter"),
        ("routes: [{ domains: ['*'], next_hop: [] }]", "routes[0].next_hop: the list is empty"),
        ("delivery: { retry: [30s, 0s] }", "delivery.retry[1]: it is no time"),
        ("delivery: { expire: 0s }", "delivery.expire: it is no time"),
        ("quarantine: { expire: 0s }", "quarantine.expire: it is no time"),
        ("limits: { scan_wait: 0s, scan_timeout: 0s }", "limits.scan_timeout: it is no time"),
        ("limits: { message_size: 0B }", "limits.message_size: no mail is that small"),
        ("limits: { memory: 0B }", "limits.memory: no mail is that small"),
        (
            "sources: [{ name: a, networks: [10.0.0.0/8], from_domains: [] }]",
            "sources[0].from_domains: the list is empty",
        ),
        ("routes: [{ domains: ['*'], next_hop: mx.example, levels: [] }]", "routes[0].levels: the list is empty"),
        (
            "sources: [{ name: a, networks: [10.0.0.0/8], header: { name: 'X Foo:', value: 'file:s' } }]",
            "sources[0].header.name: \"X Foo:\" is no name",
        ),
        ("delivery: { ip: 4, source_address: '::1' }", "delivery.source_address: no mail could go out"),
        ("limits: { recipients: 1.5 }", "limits.recipients: wants a whole number, not one with a fraction"),
        ("---\nhostname: b.example", "a second document begins here"),
    ] {
        let told = faults(&with(lines));
        assert!(told.iter().any(|fault| fault.contains(said)), "{lines}: {told:#?}");
        assert!(told.iter().all(|fault| !fault.contains("hunter2")), "{told:?}");
    }
}

/// What stands in for a value at fault is nobody's.
#[test]
fn of_a_value_at_fault_nothing_more_is_told() {
    let text = with("routes: [{ domains: ['*'], next_hop: mx.example, auth: { user: x, password: hunter2 } }]");
    let folder = folder();
    let path = folder.path().join("config/waxseal.yaml");
    std::fs::write(&path, text).unwrap();
    let told = look(&path, now()).map(|_| ()).unwrap_err();
    let of_password = |faults: &[Fault]| faults.iter().filter(|fault| fault.key.ends_with("password")).count();
    assert_eq!((of_password(&told.faults), of_password(&told.warnings)), (1, 0), "{told:?}");
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

/// Whatever a stranger can bring as well as we is no proof, well formed as it may be.
#[test]
fn check_refuses_proofs_that_the_whole_world_or_cloud_can_bring() {
    let tenants = "microsoft365: { tenants: [{ id: 11111111-2222-3333-4444-555555555555, domains: [a.example] }] }";
    for (source, refused) in [
        ("networks: [0.0.0.0/0]".to_owned(), true),
        ("networks: [10.0.0.0/8, '::/0']".to_owned(), true),
        ("networks: ['::/0'], auth: required".to_owned(), false),
        ("networks: [10.0.0.0/8]".to_owned(), false),
        ("type: google, networks: [10.0.0.0/8], from_domains: [a.example]".to_owned(), true),
        (
            "type: google, networks: [10.0.0.0/8], from_domains: [a.example], header: { name: X-Ours, value: x }"
                .to_owned(),
            false,
        ),
        (
            "type: google, networks: [10.0.0.0/8], from_domains: ['*'], header: { name: X-Ours, value: x }".to_owned(),
            true,
        ),
        (format!("type: m365, networks: [10.0.0.0/8], from_domains: [a.example], {tenants}"), false),
        (format!("type: m365, networks: [10.0.0.0/8], from_domains: ['*'], {tenants}"), true),
        (
            format!(
                "type: m365, client_certificate: {{ names: [mail.protection.outlook.com] }}, from_domains: [a.example], {tenants}"
            ),
            false,
        ),
        ("client_certificate: { names: [mail.protection.outlook.com] }".to_owned(), true),
        ("client_certificate: { names: [.outlook.com] }".to_owned(), true),
        ("client_certificate: { names: [ehr.clinic.example] }".to_owned(), false),
    ] {
        let configuration = good(&with(&format!("sources: [{{ name: a, {source} }}]")));
        assert_eq!(!configuration.refusals.is_empty(), refused, "{source}: {:?}", configuration.refusals);
    }
}

#[test]
fn a_route_that_bans_tls_is_told_where_clean_mail_asks_for_it() {
    let warned = |lines: &str| {
        let warnings = good(&with(lines)).warnings;
        warnings.iter().any(|warning| warning.message.contains("this route bans TLS"))
    };
    let route = "routes: [{ domains: ['*'], next_hop: 127.0.0.1, tls: none }]";
    assert!(warned(&format!("{route}\npolicy: {{ clean: tls }}")));
    assert!(!warned(&format!("{route}\npolicy: {{ clean: opportunistic }}")));
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
