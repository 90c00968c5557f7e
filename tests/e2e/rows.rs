//! Rows of the fault list that want the whole way, from the client to the next hop.

use std::time::{Duration, Instant};

use crate::support::{Client, Gateway, PHI, Sink, eventually, id_of, message};

fn relaying_to(sink: &Sink, further: &str) -> Gateway {
    Gateway::start(&format!(
        "routes:\n  - {{ domains: ['*'], next_hop: '{}', tls: opportunistic }}\n\
         policy: {{ clean: opportunistic }}\n{further}",
        sink.address
    ))
}

/// T017: a client that is gone before it reads its `250` leaves one message or none.
#[test]
fn a_client_that_does_not_wait_for_its_250_leaves_at_most_one_message() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "");
    for _ in 0..10 {
        let mut client = gateway.client();
        for line in ["MAIL FROM:<ann@clinic.example>", "RCPT TO:<bob@partner.example>", "DATA"] {
            client.say(line);
        }
        client.send(format!("{}.\r\n", message("Lunch", "At noon?")).as_bytes());
        drop(client);
    }
    eventually("all that was taken is delivered", || gateway.json(&["queue", "list"]).is_empty().then_some(()));
    let ids: Vec<String> = gateway.json(&["find"]).iter().map(|mail| mail["id"].to_string()).collect();
    assert!(ids.len() <= 10);
    assert_eq!(sink.wait_for(ids.len()).len(), ids.len());
}

/// T040: what takes longer than the client should wait is answered, decided afterwards, and delivered.
#[test]
fn a_long_scan_is_answered_and_decided_afterwards() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "limits: { scan_wait: 1ms }\n");
    let text = "Nothing that matters stands here at all.\r\n".repeat(20_000);
    let id = id_of(&gateway.client().deliver(&["bob@partner.example"], &message("Lunch", &text)));
    eventually("it is answered before it is decided", || {
        gateway.log().contains("message accepted, still scanning").then_some(())
    });
    sink.wait_for(1);
    eventually("it is decided and delivered", || {
        let story = gateway.run(&["trace", &id]);
        String::from_utf8_lossy(&story.stdout).contains("clean").then_some(())
    });
}

/// T040: what is unread when the time is over is a gap, and waits for a hop that protects it.
#[test]
fn what_is_unread_at_the_end_of_its_time_counts_as_phi() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "limits: { scan_wait: 1ms, scan_timeout: 2ms }\n");
    let text = "Nothing that matters stands here at all.\r\n".repeat(100_000);
    let id = id_of(&gateway.client().deliver(&["bob@partner.example"], &message("Lunch", &text)));
    eventually("it waits", || {
        let waiting = gateway.json(&["queue", "list"]).pop()?;
        (waiting["id"] == id.as_str() && waiting["recipients"][0]["level"] == "tls-verified").then_some(())
    });
    let story = gateway.run(&["trace", &id]);
    assert!(String::from_utf8_lossy(&story.stdout).contains("timeout"), "{story:?}");
}

/// T084: what only we may say is taken out, and no header talks PHI down.
#[test]
fn forged_headers_neither_leave_nor_lower() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "notify: { sender: false }\n");
    let forged = "Authentication-Results: gw.clinic.example; dkim=pass\r\nX-Waxseal-Id: 1\r\nX-Waxseal-Verdict: clean\r\n\
                  X-Waxseal-Protect: none\r\nReturn-Path: <eve@evil.example>\r\nTLS-Required: No\r\n";
    let mut client = gateway.client();
    id_of(&client.deliver(&["bob@partner.example"], &format!("{forged}{}", message("Lunch", "At noon?"))));
    let held_or_sent = eventually("clean mail ends", || gateway.json(&["find"]).pop());
    // An unknown method asked for by name ends in hold, whatever the mail says.
    assert_eq!(held_or_sent["state"], "held");
    let harmless = forged.replace("X-Waxseal-Protect: none\r\n", "");
    id_of(&client.deliver(&["bob@partner.example"], &format!("{harmless}{}", message("Lunch", "At noon?"))));
    let arrived = &sink.wait_for(1)[0].content;
    for gone in ["dkim=pass", "X-Waxseal-Id: 1\r\n", "Verdict: clean", "eve@evil"] {
        assert!(!arrived.contains(gone), "{gone} in {arrived}");
    }
    // T111: and PHI stays PHI.
    id_of(&client.deliver(&["bob@partner.example"], &format!("{harmless}{}", message("Note", PHI))));
    eventually("PHI waits for a hop that protects it", || {
        let waiting = gateway.json(&["queue", "list"]).pop()?;
        (waiting["recipients"][0]["level"] == "tls-verified").then_some(())
    });
    assert_eq!(sink.wait_for(1).len(), 1);
}

/// T091.
#[test]
fn a_loop_is_refused() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "");
    let mut client = gateway.client();
    let hop =
        |by: &str| format!("Received: from a.example by {by} with ESMTP id 1; Sat, 21 Nov 2026 10:00:00 +0000\r\n");
    for (trace, wanted) in [
        (hop("b.example").repeat(51), "554 5.4.6"),
        (hop("gw.clinic.example").repeat(2), "554 5.4.6"),
        ("Received: from a.example by GW.clinic.example; Sat, 21 Nov 2026 10:00:00 +0000\r\n".repeat(2), "554 5.4.6"),
        (hop("gw.clinic.example.org").repeat(2), "250 2.0.0"),
        (hop("gw.clinic.example") + &hop("b.example").repeat(20), "250 2.0.0"),
    ] {
        let answer = client.deliver(&["bob@partner.example"], &format!("{trace}{}", message("Lunch", "At noon?")));
        assert!(answer.starts_with(wanted), "{answer}");
    }
}

/// T092: a message that policy rejects is refused at the dot, so that a forged sender gets nothing.
#[test]
fn a_reject_is_a_5xx_and_no_backscatter() {
    let sink = Sink::plain();
    let gateway = Gateway::start(&format!(
        "routes:\n  - {{ domains: ['*'], next_hop: '{}', tls: opportunistic }}\n\
         policy: {{ clean: opportunistic, phi: reject }}\n",
        sink.address
    ));
    let answer =
        gateway.client().deliver_from("victim@elsewhere.example", &["bob@partner.example"], &message("Note", PHI));
    assert!(answer.starts_with("550 5.7.1 [WX-R"), "{answer}");
    // The id in the reply leads to the decision, which is all that is kept.
    let id = answer.trim_end().rsplit(' ').next().unwrap();
    let trace = String::from_utf8(gateway.run(&["trace", id]).stdout).expect("text");
    for told in ["refused", "refusal=WX-RULE", "us-ssn", "bob@partner.example"] {
        assert!(trace.contains(told), "{told}: {trace}");
    }
    assert!(!trace.contains("612-38-7417"), "masked: {trace}");
    assert_eq!(gateway.metric("waxseal_smtp_rejections_total{reason=\"policy\",stage=\"data\"}"), Some(1.0));
    id_of(&gateway.client().deliver(&["bob@partner.example"], &message("Lunch", "At noon?")));
    let arrived = sink.wait_for(1);
    assert_eq!((arrived.len(), arrived[0].recipients.as_slice()), (1, &["<bob@partner.example>".to_owned()][..]));
}

/// T095: headers made to cost: each ends soon, refused, held or waiting, and the gateway lives.
#[test]
fn hostile_headers_end_soon_and_never_as_clean() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "limits: { message_size: 16MiB }\n");
    let body = format!("\r\n{PHI}\r\n");
    for (name, header) in [
        ("a million", "a: b\r\n".repeat(1_000_000)),
        ("one of 10 MB", format!("Subject: {}\r\n", "x ".repeat(5 << 20))),
        ("folded 10 MB", format!("Subject: x\r\n{}", " folded line of a field\r\n".repeat(400_000))),
        ("__proto__", "__proto__: x\r\nconstructor: y\r\n".to_owned()),
        ("no name", ": x\r\n:\r\nA : b\r\n".to_owned()),
    ] {
        let begun = Instant::now();
        let mut client = Client::connect(gateway.listener("relay"));
        client.ehlo();
        let answer = client.deliver(&["bob@partner.example"], &format!("From: ann@clinic.example\r\n{header}{body}"));
        assert!(["250", "550", "552", "554", "500"].iter().any(|code| answer.starts_with(code)), "{name}: {answer}");
        assert!(begun.elapsed() < Duration::from_secs(40), "{name}: {:?}", begun.elapsed());
    }
    id_of(&gateway.client().deliver(&["bob@partner.example"], &message("Lunch", "At noon?")));
    let arrived = sink.wait_for(1);
    assert_eq!(arrived.len(), 1, "PHI waits: {:?}", arrived[0].mail);
}

/// T075: what SMTP carries comes out as it went in; longer lines are broken where every reader joins them again.
#[test]
fn lines_of_any_length_arrive_whole_and_none_too_long() {
    let sink = Sink::plain();
    let gateway = relaying_to(&sink, "");
    let line = |length: usize| "word-".repeat(length / 5 + 1)[..length].to_owned();
    let mut client = gateway.client();
    id_of(&client.deliver(&["bob@partner.example"], &message("Lunch", &line(998))));
    assert!(sink.wait_for(1)[0].content.ends_with(&format!("\r\n\r\n{}\r\n", line(998))));
    let lines = [999, 10_000, 1_500_000].map(line).join("\r\n");
    id_of(&client.deliver(&["bob@partner.example"], &message("Dinner", &lines)));
    let arrived = &sink.wait_for(2)[1].content;
    assert!(arrived.lines().all(|line| line.len() <= 998));
    let (header, body) = arrived.split_once("\r\n\r\n").expect("a header and a body");
    assert!(header.contains("Content-Transfer-Encoding: quoted-printable"), "{header}");
    assert_eq!(body.replace("=\r\n", "").replace("=2D", "-").trim_end(), lines);
}

/// T035: reloads one after the other while mail flows: none of it is lost or goes unread, and nothing is left open.
#[test]
fn reloads_under_load_lose_nothing_let_nothing_through_and_leak_nothing() {
    let sink = Sink::plain();
    let gateway = Gateway::start(&format!(
        "routes:\n  - {{ domains: ['*'], next_hop: '{}', tls: opportunistic }}\n\
         policy: {{ clean: opportunistic, phi: hold }}\n",
        sink.address
    ));
    let open_files = || std::fs::read_dir(format!("/proc/{}/fd", gateway.pid())).expect("its files").count();
    let send = |clean: usize| {
        let mut client = gateway.client();
        for _ in 0..clean {
            id_of(&client.deliver(&["bob@partner.example"], &message("Lunch", "At noon?")));
            let held = client.deliver(&["bob@partner.example"], &message("Note", PHI));
            assert!(held.ends_with("held for privacy review"), "{held}");
        }
    };
    send(1);
    let before = open_files();
    let loaded = || gateway.metric("waxseal_config_last_reload_timestamp_seconds").expect("a time");
    let first = loaded();
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..4).map(|_| scope.spawn(|| send(20))).collect();
        for _ in 0..100 {
            gateway.signal("HUP");
            std::thread::sleep(Duration::from_millis(10));
        }
        senders.into_iter().for_each(|sender| sender.join().expect("a sender"));
    });
    // As many again tell the author of a hold.
    let came = sink.wait_for(2 * 81);
    assert_eq!(came.iter().filter(|mail| mail.content.contains("At noon?")).count(), 81);
    assert!(!came.iter().any(|mail| mail.content.contains("Quartermain")), "no PHI among them");
    eventually("it was reloaded, with success", || {
        let good = gateway.metric("waxseal_config_last_reload_successful") == Some(1.0);
        (good && loaded() > first).then_some(())
    });
    eventually("what reloads opened is closed", || (open_files() <= before + 4).then_some(()));
}
