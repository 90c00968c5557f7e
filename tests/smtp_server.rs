//! The SMTP server from outside: TLS, certificates, limits, deadlines, stopping, reloading.

#[path = "support/smtp.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use support::{House, Served, Wire, sample};
use waxseal::people::{Person, Role};
use waxseal::smtp::{ClientCertificate, Limits, Mechanism, Source, SourceKind, Tenant, Tls, TlsMode};
use waxseal::world::{Clock, SystemClock};

/// A session that greeted and stands before MAIL.
async fn greeted(served: &Served) -> Wire {
    let mut wire = Wire::connect(served.address).await;
    assert!(wire.reply().await.starts_with("220 "));
    assert!(wire.ask("EHLO client.example").await.starts_with("250-"));
    wire
}

/// A session that stands behind `354`.
async fn in_data(served: &Served) -> Wire {
    let mut wire = greeted(served).await;
    assert!(wire.ask("MAIL FROM:<ann@corp.example>").await.starts_with("250 "));
    assert!(wire.ask("RCPT TO:<bob@other.example>").await.starts_with("250 "));
    assert!(wire.ask("DATA").await.starts_with("354 "));
    wire
}

/// T060: on the wire, whole and byte by byte.
#[tokio::test]
async fn no_false_end_of_data_smuggles_a_second_mail() {
    let served = House::default().start().await;
    for trick in [
        "\n.\n",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r",
        "\r.\r\n",
        "\n.\r",
        "\r\n.\r",
        "\r\n\0.\r\n",
        "\r\n.\r\r\n",
        "\r\r\n.\r\r\n",
    ] {
        for bytewise in [false, true] {
            let mut wire = in_data(&served).await;
            let second = "MAIL FROM:<evil@evil.example>\r\nRCPT TO:<bob@other.example>\r\nDATA\r\nsecond\r\n.\r\n";
            let content = format!("first{trick}{second}");
            if bytewise {
                for byte in content.as_bytes() {
                    wire.send(&[*byte]).await;
                    tokio::task::yield_now().await;
                }
            } else {
                wire.send(content.as_bytes()).await;
            }
            let reply = wire.reply().await;
            // NUL is no line end: there the content is odd, but whole.
            let expected = if trick.contains('\0') { "250 2.0.0" } else { "550 5.5.2" };
            assert!(reply.starts_with(expected), "{}: {reply}", trick.escape_debug());
            assert!(wire.ask("NOOP").await.starts_with("250 2.0.0"), "{}", trick.escape_debug());
        }
    }
    let taken = served.intake.described();
    assert!(taken.iter().all(|mail| mail.contains("\\x00") && mail.contains("evil.example")), "{taken:?}");
    assert_eq!(taken.len(), 2);
}

/// T041.
#[tokio::test]
async fn one_client_can_not_take_all_connections() {
    let limits = Limits { connections: 4, connections_per_client: 2, ..Limits::default() };
    let networks = vec!["127.0.0.0/8".parse().unwrap()];
    let served = House { limits, proxy_from: networks, ..House::default() }.start().await;
    let from = |ip: &'static str| async move {
        let mut wire = Wire::connect(served.address).await;
        wire.send(format!("PROXY TCP4 {ip} 127.0.0.1 40000 25\r\n").as_bytes()).await;
        let greeting = wire.reply().await;
        (wire, greeting[..3].to_owned())
    };
    let (first, greeting) = from("192.0.2.1").await;
    assert_eq!(greeting, "220");
    let (_second, greeting) = from("192.0.2.1").await;
    assert_eq!(greeting, "220");
    assert_eq!(from("192.0.2.1").await.1, "421");
    let (_other, greeting) = from("192.0.2.2").await;
    assert_eq!(greeting, "220");
    drop(first);
    // The slot is free once the server has seen the end.
    let deadline = Instant::now() + Duration::from_secs(5);
    while from("192.0.2.1").await.1 != "220" {
        assert!(Instant::now() < deadline, "the slot was not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// T042: a drip of bytes puts no deadline off.
#[tokio::test]
async fn slow_clients_are_cut_by_total_time_and_by_rate() {
    let limits = Limits {
        line: Duration::from_millis(300),
        content_grace: Duration::from_millis(300),
        handshake: Duration::from_millis(300),
        command_idle: Duration::from_secs(20),
        ..Limits::default()
    };
    let served = House { limits, ..House::default() }.start().await;
    let command = async {
        let mut wire = greeted(&served).await;
        drip(&mut wire, b"NOOP xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx").await;
        wire.reply().await
    };
    let data = async {
        let mut wire = in_data(&served).await;
        drip(&mut wire, b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx").await;
        wire.reply().await
    };
    let chunk = async {
        let mut wire = greeted(&served).await;
        wire.send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT 1000\r\n").await;
        assert!(wire.reply().await.starts_with("250 ") && wire.reply().await.starts_with("250 "));
        drip(&mut wire, b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx").await;
        wire.reply().await
    };
    let handshake = async {
        let mut wire = greeted(&served).await;
        assert!(wire.ask("STARTTLS").await.starts_with("220"));
        drip(&mut wire, b"\x16\x03\x01\x02\x00xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx").await;
        wire.reply().await
    };
    let (command, data, chunk, handshake) = tokio::join!(command, data, chunk, handshake);
    assert!(command.starts_with("421 4.4.2"), "{command}");
    assert!(data.starts_with("421 4.4.2"), "{data}");
    assert!(chunk.starts_with("421 4.4.2"), "{chunk}");
    assert_eq!(handshake, "(closed)");
    assert_eq!(served.intake.count(), 0);
}

/// A byte every 20 ms, for more than a second.
async fn drip(wire: &mut Wire, bytes: &[u8]) {
    for byte in bytes {
        wire.send(&[*byte]).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// T033: told to stop, idle sessions end at once and a message under way is finished.
#[tokio::test]
async fn stopping_finishes_a_message_under_way_and_ends_idle_sessions() {
    let mut served = House::default().start().await;
    let mut idle = greeted(&served).await;
    let mut busy = in_data(&served).await;
    busy.send(b"Subject: half\r\n").await;
    served.cancel.cancel();
    assert!(idle.reply().await.starts_with("421 4.3.2"));
    assert_eq!(idle.line().await, "(closed)");
    busy.send(b"\r\nwhole\r\n.\r\n").await;
    assert!(busy.reply().await.starts_with("250 2.0.0 Ok"));
    assert!(busy.reply().await.starts_with("421 4.3.2"));
    drop(busy);
    (&mut served.task).await.unwrap();
    assert_eq!(served.intake.count(), 1);
    assert!(tokio::net::TcpStream::connect(served.address).await.is_err());
}

/// T033: what does not end within the drain is told to come again.
#[tokio::test]
async fn a_message_that_outlasts_the_drain_is_put_off() {
    let limits = Limits { drain: Duration::from_millis(200), ..Limits::default() };
    let mut served = House { limits, ..House::default() }.start().await;
    let mut busy = in_data(&served).await;
    busy.send(b"Subject: half\r\n").await;
    served.cancel.cancel();
    assert!(busy.reply().await.starts_with("421 4.3.2"));
    (&mut served.task).await.unwrap();
    assert_eq!(served.intake.count(), 0);
}

/// T035: sessions under way keep their settings, new ones have the new.
#[tokio::test]
async fn a_reload_changes_new_sessions_only() {
    let served = House::default().start().await;
    let mut old = greeted(&served).await;
    let house = House { sources: vec![sample::source("elsewhere", &["192.0.2.0/24"])], ..House::default() };
    let config = house.config();
    let tls = Tls::load(&config, served.folder.path(), SystemClock.now()).unwrap();
    served.server.reload(config, tls, Arc::new(waxseal::people::People::nobody()));
    let mut new = greeted(&served).await;
    for (wire, expected) in [(&mut old, "250"), (&mut new, "550")] {
        assert!(wire.ask("MAIL FROM:<ann@corp.example>").await.starts_with("250"));
        assert!(wire.ask("RCPT TO:<bob@other.example>").await.starts_with(expected));
    }
}

/// T075, and content of every size that buffers could stumble over.
#[tokio::test]
async fn content_arrives_as_it_was_sent_whatever_its_size() {
    let limits = Limits { content_memory: 100_000, ..Limits::default() };
    let served = House { limits, ..House::default() }.start().await;
    let mut wire = greeted(&served).await;
    for size in [0, 1, 998, 999, 4093, 4094, 4095, 4096, 16_383, 16_384, 65_536, 99_999, 100_001, 300_000, 2_000_000] {
        // Dot lines at every place modulo the buffers.
        let lines = [".".to_owned(), "..x".to_owned(), "y".repeat(61), String::new(), "z".repeat(2000)];
        let mut content = String::new();
        while content.len() < size {
            content.push_str(&lines[content.len() % lines.len()]);
            content.push_str("\r\n");
        }
        let stuffed: String = content
            .split_inclusive("\r\n")
            .map(|line| if line.starts_with('.') { format!(".{line}") } else { line.to_owned() })
            .collect();
        wire.send(b"MAIL FROM:<ann@corp.example>\r\nRCPT TO:<bob@other.example>\r\nDATA\r\n").await;
        for expected in ["250", "250", "354"] {
            assert!(wire.reply().await.starts_with(expected));
        }
        wire.send(stuffed.as_bytes()).await;
        wire.send(b".\r\n").await;
        assert!(wire.reply().await.starts_with("250 2.0.0 Ok"), "{size}");
        let (_, taken) = served.intake.taken.lock().unwrap().pop().unwrap();
        assert!(taken == content.as_bytes(), "content of {size} bytes was changed");
    }
}

/// The pair of a small certificate authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(parameters, key), pem }
    }

    fn issue(
        &self,
        name: &str,
        usage: ExtendedKeyUsagePurpose,
        until: i32,
    ) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        parameters.extended_key_usages = vec![usage];
        parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        (vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
    }
}

/// What `openssl req -x509` makes: its own authority, for this name.
fn alone(name: &str, until: i32) -> (String, (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)) {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
    let certificate = parameters.self_signed(&key).unwrap();
    (certificate.pem(), (vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into())))
}

/// A source for which only a certificate of `authority` with Microsoft's name counts.
fn certified(kind: SourceKind, authority: &std::path::Path) -> Source {
    Source {
        kind,
        networks: Vec::new(),
        client_certificate: Some(ClientCertificate {
            names: vec!["mail.protection.outlook.com".parse().unwrap()],
            roots: vec![authority.to_owned()],
        }),
        from_domains: vec!["corp.example".parse().unwrap()],
        tenants: vec![Tenant { id: String::new(), domains: vec!["corp.example".parse().unwrap()] }],
        ..sample::source("cloud", &["::/0"])
    }
}

/// T089: what is wrong with a certificate is told in a reply, never by a broken handshake.
#[tokio::test]
async fn a_client_certificate_proves_its_source_or_is_refused_in_words() {
    use ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
    const MICROSOFT: &str = "mail.protection.outlook.com";
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    let (ours, theirs) = (Authority::new(), Authority::new());
    // A certificate that signed itself counts where the source lists that very certificate.
    let (listed, unlisted) = (alone(MICROSOFT, 4000), alone(MICROSOFT, 4000));
    let (expired, other) = (alone(MICROSOFT, 2001), alone("mail.evil.example", 4000));
    std::fs::write(&roots, [&*ours.pem, &listed.0, &expired.0, &other.0].concat()).unwrap();
    for (kind, shown, expected) in [
        (SourceKind::Mta, Some(listed.1), "250 2.1.5"),
        (SourceKind::Mta, Some(unlisted.1), "550 5.7.1 [WX-R11]"),
        (SourceKind::Mta, Some(expired.1), "550 5.7.1 [WX-R11]"),
        (SourceKind::Mta, Some(other.1), "550 5.7.1 [WX-R11]"),
        (SourceKind::Mta, Some(ours.issue(MICROSOFT, ClientAuth, 4000)), "250 2.1.5"),
        (SourceKind::M365, Some(ours.issue(MICROSOFT, ServerAuth, 4000)), "250 2.1.5"),
        (SourceKind::Mta, Some(ours.issue(MICROSOFT, ServerAuth, 4000)), "550 5.7.1 [WX-R11]"),
        (SourceKind::Mta, Some(ours.issue("mail.evil.example", ClientAuth, 4000)), "550 5.7.1 [WX-R11]"),
        (SourceKind::Mta, Some(ours.issue(MICROSOFT, ClientAuth, 2001)), "550 5.7.1 [WX-R11]"),
        (SourceKind::Mta, Some(theirs.issue(MICROSOFT, ClientAuth, 4000)), "550 5.7.1 [WX-R11]"),
        (SourceKind::Mta, None, "550 5.7.1 [WX-R10]"),
    ] {
        let house = House { sources: vec![certified(kind, &roots)], ..House::default() };
        let served = house.start().await;
        let mut wire = greeted(&served).await;
        assert!(wire.ask("STARTTLS").await.starts_with("220"));
        let mut wire = wire.secure(shown).await.expect("the handshake never fails for a certificate");
        wire.ask("EHLO client.example").await;
        assert!(wire.ask("MAIL FROM:<ann@corp.example>").await.starts_with("250"));
        let reply = wire.ask("RCPT TO:<bob@other.example>").await;
        assert!(reply.starts_with(expected), "{kind:?}: {reply}, expected {expected}");
    }
}

/// T120: nothing below TLS 1.2, and what the session proved stands in the envelope.
#[tokio::test]
async fn the_envelope_tells_how_the_message_came() {
    let person = Person {
        name: "ann".into(),
        senders: vec!["@corp.example".parse().unwrap()],
        role: Role::Submitter,
        disabled: false,
    };
    let house = House {
        tls: TlsMode::Implicit,
        auth: vec![Mechanism::Plain],
        people: vec![(person, "secret".into())],
        ..House::default()
    };
    let served = house.start().await;
    let mut wire = Wire::connect(served.address).await.secure(None).await.unwrap();
    assert!(wire.reply().await.starts_with("220"));
    wire.ask("EHLO client.example").await;
    assert!(wire.ask("AUTH PLAIN AGFubgBzZWNyZXQ=").await.starts_with("235"));
    for command in ["MAIL FROM:<ann@corp.example> BODY=8BITMIME RET=FULL ENVID=id7", "RCPT TO:<bob@other.example>"] {
        assert!(wire.ask(command).await.starts_with("250"));
    }
    assert!(wire.ask("DATA").await.starts_with("354"));
    assert!(wire.ask("From: ann@corp.example\r\n\r\n.").await.starts_with("250"));
    let taken = served.intake.taken.lock().unwrap();
    let (envelope, _) = &taken[0];
    assert_eq!(envelope.client.tls.as_ref().unwrap().version, "TLSv1.3");
    assert_eq!(envelope.client.user.as_deref(), Some("ann"));
    assert_eq!(envelope.client.protocol(false), "ESMTPSA");
    assert_eq!((envelope.source.as_str(), envelope.envid.as_deref()), ("office", Some("id7")));
    assert_eq!(envelope.client.helo, "client.example");
}

#[tokio::test]
async fn refusals_are_counted_and_every_series_stands_at_0_from_the_start() {
    let served = House { sources: vec![sample::source("lab", &["192.0.2.0/24"])], ..House::default() }.start().await;
    let count = |stage: &str, reason: &str| {
        let families = served.registry.gather();
        let family = families.iter().find(|family| family.name() == "waxseal_smtp_rejections_total").unwrap();
        let wanted = |metric: &&prometheus::proto::Metric| {
            let has = |value: &str| metric.get_label().iter().any(|label| label.value() == value);
            has(stage) && has(reason)
        };
        family.get_metric().iter().find(wanted).map(|metric| metric.get_counter().get_value())
    };
    assert_eq!(count("rcpt", "no-source"), Some(0.0));
    let mut wire = greeted(&served).await;
    wire.ask("MAIL FROM:<ann@corp.example>").await;
    assert!(wire.ask("RCPT TO:<bob@other.example>").await.starts_with("550"));
    assert_eq!(count("rcpt", "no-source"), Some(1.0));
}

/// T074: mutated sessions from a fixed seed. No panic, no hang, and all that is said are replies.
#[tokio::test(start_paused = true)]
async fn mutated_sessions_get_replies_and_nothing_else() {
    let server = House { tls: TlsMode::Off, ..House::default() }.start().await;
    let seeds: [&[u8]; 4] = [
        b"EHLO a.example\r\nMAIL FROM:<a@b.example> SIZE=9\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx\r\n..y\r\n.\r\nQUIT\r\n",
        b"HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<\"q q\"@d.example> NOTIFY=NEVER\r\nBDAT 5\r\nab\r\nzBDAT 2 LAST\r\n\r\nNOOP\r\n",
        b"EHLO [IPv6:::1]\r\nVRFY x\r\nAUTH PLAIN AAAA\r\nSTARTTLS\r\nRSET\r\nHELP\r\nEXPN y\r\nMAIL FROM:<@a,@b:c@d.e>\r\n",
        b"MAIL FROM:<a@b> ENVID=+41 RET=HDRS BODY=8BITMIME SMTPUTF8 REQUIRETLS AUTH=<>\r\nRCPT TO:<x@y> ORCPT=rfc822;z\r\n",
    ];
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    for round in 0..3000 {
        let mut bytes = seeds[round % seeds.len()].to_vec();
        for _ in 0..random.below(6) {
            mutate(&mut bytes, &seeds, &mut random);
        }
        let said = converse(&server, &bytes).await;
        assert!(said.starts_with("220 ") && said.ends_with("\r\n"), "{}: {said}", bytes.escape_ascii());
        for line in said.split_terminator("\r\n") {
            let (code, rest) = line.split_at(3);
            let reply = code.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with([' ', '-']);
            assert!(reply && !rest.contains(['\r', '\n', '\0']), "{}: {line:?}", bytes.escape_ascii());
        }
    }
    for (_, content) in server.intake.taken.lock().unwrap().iter() {
        let pairs = content.windows(2).filter(|pair| pair == b"\r\n").count();
        assert_eq!(content.iter().filter(|b| matches!(b, b'\r' | b'\n')).count(), 2 * pairs);
    }
    assert!(server.intake.count() > 100, "hardly any mutated session brings mail: they are mutated too much");
}

/// Sends all bytes, then the end; gives all that is said.
async fn converse(served: &Served, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let (mut reader, mut writer) = tokio::io::split(ours);
    let session = served.server.attend(theirs, [127, 0, 0, 1].into(), served.cancel.clone());
    let client = async {
        writer.write_all(bytes).await.unwrap();
        writer.shutdown().await.unwrap();
        let mut said = String::new();
        reader.read_to_string(&mut said).await.unwrap();
        said
    };
    tokio::join!(session, client).1
}

/// Numbers that are the same in every run.
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

/// One change: a byte, a piece gone, a piece twice, a piece of another session, or a nasty end of line.
fn mutate(bytes: &mut Vec<u8>, seeds: &[&[u8]], random: &mut Xorshift) {
    let at = random.below(bytes.len());
    let end = (at + random.below(20)).min(bytes.len());
    let piece: Vec<u8> = match random.below(5) {
        0 => vec![random.below(256) as u8],
        1 => Vec::new(),
        2 => bytes[at..end].repeat(2),
        3 => {
            let other = seeds[random.below(seeds.len())];
            let from = random.below(other.len());
            other[from..(from + 30).min(other.len())].to_vec()
        }
        _ => [&b"\r"[..], b"\n", b"\r\n.\r\n", b"\n.\n", b"\0", b"\r\n", b"<", b"\xff"][random.below(8)].to_vec(),
    };
    bytes.splice(at..end, piece);
}
