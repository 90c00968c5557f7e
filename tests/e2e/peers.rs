//! Real programs of other people as peers.

use std::process::{Command, Stdio};

use crate::support::{Gateway, PHI, Sink};

fn relaying_to(sink: &Sink) -> Gateway {
    Gateway::start(&format!(
        "routes:\n  - {{ domains: ['*'], next_hop: '{}', tls: opportunistic }}\npolicy: {{ clean: opportunistic }}\n",
        sink.address
    ))
}

fn swaks(gateway: &Gateway, further: &[&str]) -> (bool, String) {
    let output = Command::new("swaks")
        .args(["--server", &gateway.listener("relay").to_string()])
        .args(["--from", "ann@clinic.example", "--to", "bob@partner.example", "--helo", "client.example"])
        .args(further)
        .stdin(Stdio::null())
        .output()
        .expect("swaks is installed (scripts/test does it)");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn swaks_delivers_in_the_clear_and_over_starttls() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink);
    for further in
        [&["--body", "At noon?"][..], &["--body", "At noon?", "--tls"], &["--body", "At noon?", "--pipeline"]]
    {
        let (well, transcript) = swaks(&gateway, further);
        assert!(well, "{transcript}");
        assert!(transcript.contains("250 2.0.0 Ok "), "{transcript}");
    }
    sink.wait_for(3);
}

#[test]
fn openssl_reaches_the_session_through_starttls() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink);
    let address = gateway.listener("relay").to_string();
    let mut openssl = Command::new("openssl")
        .args(["s_client", "-starttls", "smtp", "-quiet", "-crlf", "-ign_eof", "-connect", &address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl is installed");
    {
        use std::io::Write;
        let mut stdin = openssl.stdin.take().expect("its input");
        stdin.write_all(b"EHLO client.example\nNOOP\nQUIT\n").expect("commands");
    }
    let output = openssl.wait_with_output().expect("its output");
    let transcript = String::from_utf8_lossy(&output.stdout);
    assert!(transcript.contains("250-PIPELINING"), "{transcript}");
    assert!(!transcript.contains("STARTTLS"), "inside TLS it is offered no more: {transcript}");
    assert!(transcript.contains("221 2.0.0"), "{transcript}");
}

/// T120: as a scanner would ask, one old way after the other; and one good way, to know that it can.
#[test]
fn openssl_gets_nothing_below_tls_1_2_with_aead() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink);
    let address = gateway.listener("relay").to_string();
    let shakes_hands = |ways: &[&str]| {
        let output = Command::new("openssl")
            .args(["s_client", "-starttls", "smtp", "-brief", "-connect", &address])
            .args(ways)
            .stdin(Stdio::null())
            .output()
            .expect("openssl is installed");
        String::from_utf8_lossy(&output.stderr).contains("CONNECTION ESTABLISHED")
    };
    for version in ["-tls1", "-tls1_1"] {
        assert!(!shakes_hands(&[version, "-cipher", "DEFAULT@SECLEVEL=0"]), "{version}");
    }
    for cipher in ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384", "NULL", "3DES"] {
        assert!(!shakes_hands(&["-tls1_2", "-cipher", &format!("{cipher}:@SECLEVEL=0")]), "{cipher}");
    }
    for good in [&["-tls1_3"][..], &["-tls1_2"], &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"]] {
        assert!(shakes_hands(good), "{good:?}");
    }
}

#[test]
fn swaks_is_told_when_its_message_is_held() {
    let sink = Sink::plain();
    let gateway = Gateway::start(&format!(
        "routes:\n  - {{ domains: ['*'], next_hop: '{}', tls: opportunistic }}\n\
         policy: {{ clean: opportunistic, phi: hold }}\n",
        sink.address
    ));
    let (well, transcript) = swaks(&gateway, &["--body", PHI]);
    assert!(well, "{transcript}");
    assert!(transcript.contains("held for privacy review"), "{transcript}");
    let held = gateway.json(&["quarantine", "list"]);
    assert_eq!(held.len(), 1);
    assert_eq!(held[0]["state"], "held");
}
