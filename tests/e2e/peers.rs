//! Real programs of other people as peers.

use std::process::{Command, Stdio};

use crate::support::{Gateway, PHI, Sink, id_of, message};

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
    // The best cipher is ours to choose, whatever a client puts first.
    let chosen = |ways: &[&str]| {
        let output = Command::new("openssl")
            .args(["s_client", "-starttls", "smtp", "-brief", "-connect", &address, "-tls1_2", "-cipher"])
            .args(ways)
            .stdin(Stdio::null())
            .output()
            .expect("openssl is installed");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        told.lines().find(|line| line.starts_with("Ciphersuite")).expect("a cipher").to_owned()
    };
    let (strong, weak) = ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256");
    assert_eq!(chosen(&[&format!("{strong}:{weak}")]), chosen(&[&format!("{weak}:{strong}")]));
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

/// A next hop by aiosmtpd: prints a line for each message it takes.
const AIOSMTPD: &str = "\
import sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

class Hop:
    async def handle_DATA(self, server, session, envelope):
        print(envelope.mail_from, len(envelope.rcpt_tos), envelope.content.count(b'\\nDATA'), flush=True)
        return '250 2.0.0 taken'

class Door(Controller):
    def factory(self):
        return SMTP(self.handler, enable_SMTPUTF8=True)

door = Door(Hop(), hostname='127.0.0.1', port=int(sys.argv[1]))
door.start()
print('ready', flush=True)
time.sleep(600)
";

/// T061: a second mail hidden in the first does not come out as a second one, whatever ends a line for the hop.
#[test]
fn aiosmtpd_counts_as_many_messages_as_we_took() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|door| door.local_addr()).expect("a port").port();
    let mut hop = Command::new("/usr/bin/python3")
        .args(["-c", AIOSMTPD, &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python runs");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(hop.stdout.take().expect("its words")));
    let mut next = || lines.next().and_then(Result::ok).unwrap_or_default();
    assert_eq!(next(), "ready", "aiosmtpd is installed (scripts/test does it)");
    let gateway = Gateway::start(&format!(
        "routes:\n  - {{ domains: ['*'], next_hop: '127.0.0.1:{port}', tls: opportunistic }}\npolicy: {{ clean: opportunistic }}\n"
    ));
    let second = "MAIL FROM:<eve@evil.example>\r\nRCPT TO:<bob@partner.example>\r\nDATA\r\nSubject: second\r\n";
    let mut client = gateway.client();
    let mut taken = 0;
    for end in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n\0.\r\n", "\r\n..\r\n", "\r\n .\r\n"] {
        let answer = client.deliver(&["bob@partner.example"], &message("Lunch", &format!("first{end}{second}")));
        taken += usize::from(answer.starts_with("250"));
        assert!(answer.starts_with("250") || answer.starts_with("550 5.5.2"), "{answer}");
    }
    let everybody: Vec<String> = (0..150).map(|n| format!("r{n}@partner.example")).collect();
    let everybody: Vec<&str> = everybody.iter().map(String::as_str).collect();
    id_of(&client.deliver(&everybody, &message("Lunch", "At noon?")));
    let came: Vec<String> = (0..taken + 2).map(|_| next()).collect();
    hop.kill().expect("its end");
    hop.wait().expect("its end");
    assert!(taken >= 2, "the harmless ones were taken: {came:?}");
    // Each with the words of the second mail inside it; those for many came in two transactions.
    assert_eq!(came.iter().filter(|line| *line == "ann@clinic.example 1 1").count(), taken, "{came:?}");
    assert_eq!(came.iter().filter(|line| line.ends_with("00 0") || line.ends_with("50 0")).count(), 2, "{came:?}");
    assert!(next().is_empty(), "and nothing more");
}
