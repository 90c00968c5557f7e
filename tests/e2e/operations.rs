//! What an operator sees and does: metrics, health, reload, stop, what lies on the disk.

use crate::support::{Authority, Client, Gateway, PHI, Sink, eventually, id_of, message};

fn relaying_to(sink: &Sink, further: &str) -> Gateway {
    Gateway::start(&format!(
        "routes:\n  - {{ domains: ['*'], next_hop: '{}', tls: opportunistic }}\n\
         policy: {{ clean: opportunistic }}\n{further}",
        sink.address
    ))
}

#[test]
fn the_log_names_the_address_and_the_reason_of_whoever_is_refused() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "limits: { message_size: 1KiB }\n");
    let mut client = gateway.client();
    assert!(client.say("MAIL FROM:<ann@clinic.example> SIZE=2000").starts_with("552 "));
    let answer =
        client.deliver(&["bob@partner.example"], "From: a@clinic.example\r\nFrom: b@clinic.example\r\n\r\nhi\r\n");
    assert!(answer.starts_with("550 5.7.1"), "{answer}");
    for (line, reason) in [("client refused", "\"too-big\""), ("message not accepted", "550")] {
        eventually("it is logged", || {
            let log = gateway.log();
            let line = log.lines().find(|found| found.contains(line))?.to_owned();
            (line.contains("\"client\":\"127.0.0.1\"") && line.contains(reason)).then_some(())
        });
    }
}

#[test]
fn metrics_count_what_happened_and_name_nobody() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "");
    let mut client = gateway.client();
    id_of(&client.deliver(&["bob@partner.example"], &message("Lunch", "At noon?")));
    id_of(&client.deliver(&["bob@partner.example"], &message("Note", PHI)));
    sink.wait_for(1);
    eventually("both are counted", || {
        let received = gateway.metric("waxseal_messages_received_total{source=\"office\"}")?;
        let sent = gateway.metric("waxseal_deliveries_total{method=\"transport\",result=\"sent\"}")?;
        (received == 2.0 && sent == 1.0).then_some(())
    });
    assert_eq!(gateway.metric("waxseal_phi_unprotected_total"), Some(0.0));
    let (_, metrics) = gateway.get("/metrics");
    for private in ["partner.example", "bob@", "Lunch", "612-38-7417"] {
        assert!(!metrics.contains(private), "{private} stands in a metric");
    }
    assert_eq!(gateway.get("/livez").0, 200);
    assert_eq!(gateway.get("/readyz").0, 200);
}

/// T240, T246: content lies on the disk only sealed, and never in a log.
#[test]
fn content_is_nowhere_in_the_data_folder_or_the_log() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "");
    let mut client = gateway.client();
    id_of(&client.deliver(&["bob@partner.example"], &message("Canary-Subject", PHI)));
    let large = format!("{PHI}\r\n").repeat(30_000);
    id_of(&client.deliver(&["bob@partner.example"], &message("Canary-Subject", &large)));
    eventually("both wait", || (gateway.json(&["queue", "list"]).len() == 2).then_some(()));
    eventually("the log tells of both", || (gateway.log().matches("message accepted").count() == 2).then_some(()));
    let log = gateway.log();
    let everything = files_below(&gateway.data_dir());
    assert!(!everything.is_empty());
    for canary in ["612-38-7417", "Quartermain", "Canary-Subject", "NjEyLTM4LTc0MT"] {
        assert!(!log.contains(canary), "{canary} stands in the log");
        for (path, bytes) in &everything {
            let found = memchr::memmem::find(bytes, canary.as_bytes()).is_some();
            assert!(!found, "{canary} stands in {}", path.display());
        }
    }
}

fn files_below(folder: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map_while(Result::ok) {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files_below(&entry.path())),
            Ok(kind) if kind.is_file() => found.push((entry.path(), std::fs::read(entry.path()).unwrap_or_default())),
            _ => {}
        }
    }
    found
}

/// T033: what was accepted before the order to stop is delivered or waits; the exit is clean.
#[test]
fn a_gateway_that_is_told_to_stop_ends_well() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "");
    let mut client = gateway.client();
    id_of(&client.deliver(&["bob@partner.example"], &message("Lunch", "At noon?")));
    assert!(gateway.stop().success());
    sink.wait_for(1);
}

/// T035: a reload of a broken configuration changes nothing; of a good one, what it says.
#[test]
fn a_broken_reload_keeps_what_runs() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "");
    let file = gateway.folder().path().join("waxseal.yaml");
    let good = std::fs::read_to_string(&file).expect("the configuration");
    std::fs::write(&file, format!("{good}\nno_such_key: 1\n")).expect("a broken one");
    gateway.signal("HUP");
    eventually("the reload fails", || (gateway.metric("waxseal_config_last_reload_successful")? == 0.0).then_some(()));
    eventually("the log names the fault", || gateway.log().contains("no_such_key").then_some(()));
    id_of(&gateway.client().deliver(&["bob@partner.example"], &message("Lunch", "At noon?")));
    sink.wait_for(1);

    std::fs::write(&file, good.replace("clean: opportunistic", "clean: opportunistic, phi: hold")).expect("a good one");
    gateway.signal("HUP");
    eventually("the reload succeeds", || {
        (gateway.metric("waxseal_config_last_reload_successful")? == 1.0).then_some(())
    });
    let reply = gateway.client().deliver(&["bob@partner.example"], &message("Note", PHI));
    assert!(reply.ends_with("held for privacy review"), "{reply}");
}

/// A reload said "reloaded" of settings that it left as they were.
#[test]
fn a_reload_names_what_waits_for_a_restart() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "limits: { min_free: 1MiB, errors: 20 }\n");
    let file = gateway.folder().path().join("waxseal.yaml");
    let good = std::fs::read_to_string(&file).expect("the configuration");
    std::fs::write(&file, good.replace("min_free: 1MiB, errors: 20", "min_free: 2MiB, errors: 10")).expect("another");
    gateway.signal("HUP");
    eventually("it is said", || {
        let log = gateway.log();
        let line = log.lines().find(|line| line.contains("changed settings wait for a restart"))?.to_owned();
        (line.contains("limits.min_free") && !line.contains("errors")).then_some(())
    });
}

/// Who writes to whom is often itself PHI: it stands in the log only where the site wants it.
#[test]
fn whole_addresses_are_logged_where_they_are_wanted_and_nowhere_else() {
    for (wanted, further) in [(false, ""), (true, "telemetry: { log_addresses: true }\n")] {
        let sink = Sink::plain();
        let gateway = relaying_to(&sink, further);
        id_of(&gateway.client().deliver(&["bob@partner.example"], &message("Lunch", "At noon?")));
        eventually("the attempt is logged", || gateway.log().contains("delivery attempt").then_some(()));
        let log = gateway.log();
        for address in ["\"to\":\"bob@partner.example\"", "\"from\":\"<ann@clinic.example>\""] {
            assert_eq!(log.contains(address), wanted, "{address}: {log}");
        }
        assert_eq!(log.contains("bob@partner.example"), wanted, "{log}");
    }
}

/// A profile that only observes is as much an exception as the whole site: the account says so from the start.
#[test]
fn a_profile_that_observes_stands_in_the_account_and_in_the_metric() {
    let sink = Sink::plain();
    let day = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(5 * 24)).strftime("%F").to_string();
    let gateway = relaying_to(
        &sink,
        &format!("profiles: [{{ name: branch, domains: [clinic.example], policy: {{ observe_until: {day} }} }}]\n"),
    );
    let events = gateway.json(&["audit", "export"]);
    let found = events.iter().find(|line| line["event"]["kind"] == "observe-started").expect("it is recorded");
    assert_eq!(found["event"]["detail"]["profile"], "branch");
    assert!(gateway.metric("waxseal_observe_until_timestamp_seconds").expect("the metric") > 0.0);
}

#[test]
fn a_second_gateway_on_the_same_folder_is_refused() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "");
    let second = gateway.run(&["serve"]);
    assert!([Some(74), Some(78)].contains(&second.status.code()), "{}", second.status);
    assert!(!second.stderr.is_empty());
}

/// The site's certificate is shown, and `required` refuses mail in the clear.
#[test]
fn a_listener_that_requires_tls_takes_mail_only_inside_it() {
    let sink = Sink::plain();
    let certificate = Authority::new("test root").issue(&["gw.clinic.example"]);
    let folder = tempfile::tempdir().expect("a folder");
    let (pem, key) = (folder.path().join("gw.pem"), folder.path().join("gw.key"));
    std::fs::write(&pem, &certificate.pem).expect("a certificate");
    std::fs::write(&key, &certificate.key_pem).expect("a key");
    let gateway = relaying_to(
        &sink,
        &format!(
            "listeners:\n  - {{ name: relay, bind: '127.0.0.1:0', tls: required, certificate: '{}', private_key: '{}' }}\n",
            pem.display(),
            key.display()
        ),
    );
    let refused = gateway.client().say("MAIL FROM:<ann@clinic.example>");
    assert!(refused.starts_with("530 5.7.0"), "{refused}");
    let mut client = Client::connect_tls(gateway.listener("relay"));
    id_of(&client.deliver(&["bob@partner.example"], &message("Lunch", "At noon?")));
    let received = sink.wait_for(1).remove(0);
    assert!(received.content.contains("with ESMTPS"), "{}", received.content);
}
