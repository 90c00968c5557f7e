//! A message's whole way, as clients and next hops see it.

use crate::support::{Authority, Gateway, PHI, Script, Sink, eventually, id_of, message};

/// One route for everything to a sink, with clean mail allowed without TLS.
fn everything_to(sink: &Sink) -> String {
    format!(
        "routes:\n  - {{ domains: ['*'], next_hop: '{}', tls: opportunistic }}\n\
         policy: {{ clean: opportunistic }}\n",
        sink.address
    )
}

#[test]
fn a_clean_message_goes_on_as_it_came() {
    let sink = Sink::plain();
    let gateway = Gateway::start(&everything_to(&sink));
    let sent = message("Lunch", "See you at noon.\r\n.\r\n..dots stay");
    let reply = gateway.client().deliver(&["bob@partner.example"], &sent);
    let id = id_of(&reply);

    let received = sink.wait_for(1).remove(0);
    assert!(received.content.ends_with(&sent), "{}", received.content);
    assert!(received.content.starts_with("Received: from client.example"), "{}", received.content);
    assert!(received.content.contains(&format!("X-Waxseal-Id: {id}\r\n")), "{}", received.content);
    assert_eq!(received.recipients, ["<bob@partner.example>"]);
    eventually("it is delivered", || {
        let found = gateway.json(&["find", "--state", "delivered"]);
        found.iter().any(|line| line["id"] == id.as_str()).then_some(())
    });
}

#[test]
fn phi_never_meets_a_sink_without_tls() {
    let sink = Sink::plain();
    let gateway = Gateway::start(&everything_to(&sink));
    let mut client = gateway.client();
    let id = id_of(&client.deliver(&["bob@partner.example"], &message("Note", PHI)));

    let line = eventually("it is deferred", || {
        let queue = gateway.json(&["queue", "list"]);
        let line = queue.into_iter().find(|line| line["id"] == id.as_str())?;
        (line["recipients"][0]["state"] == "deferred").then_some(line)
    });
    assert_eq!(line["recipients"][0]["level"], "tls-verified");
    assert!(sink.received().is_empty());
    assert!(!sink.commands().iter().any(|line| line.starts_with("MAIL")), "{:?}", sink.commands());
}

#[test]
fn phi_goes_over_tls_that_proves_the_name() {
    let authority = Authority::new("test root");
    let sink = Sink::tls(authority.issue(&["mx.partner.example"]).server());
    let folder = tempfile::tempdir().expect("a folder");
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, &authority.pem).expect("roots");
    let gateway = Gateway::start(&format!(
        "routes:\n  - {{ domains: ['*'], next_hop: '{}', tls: required, tls_name: [mx.partner.example] }}\n\
         delivery: {{ tls_roots: ['{}'] }}\n",
        sink.address,
        roots.display()
    ));
    let id = id_of(&gateway.client().deliver(&["bob@partner.example"], &message("Note", PHI)));

    let received = sink.wait_for(1).remove(0);
    assert!(received.tls);
    let story = eventually("the story ends", || {
        let story = gateway.json(&["trace", &id]).remove(0);
        (story["state"] == "delivered").then_some(story)
    });
    let told = story.to_string();
    assert!(told.contains("phi.identifier-with-health"), "{told}");
    assert!(!told.contains("612-38-7417"), "a trace shows masked findings only: {told}");
}

#[test]
fn a_certificate_from_nobody_is_not_trusted_with_phi() {
    let authority = Authority::new("unknown root");
    let sink = Sink::tls(authority.issue(&["mx.partner.example"]).server());
    let gateway = Gateway::start(&format!(
        "routes:\n  - {{ domains: ['*'], next_hop: '{}', tls: required, tls_name: [mx.partner.example] }}\n",
        sink.address
    ));
    let id = id_of(&gateway.client().deliver(&["bob@partner.example"], &message("Note", PHI)));
    eventually("it is deferred", || {
        let queue = gateway.json(&["queue", "list"]);
        let line = queue.into_iter().find(|line| line["id"] == id.as_str())?;
        (line["recipients"][0]["state"] == "deferred").then_some(())
    });
    assert!(sink.received().is_empty());
}

#[test]
fn each_recipient_ends_by_its_own_reply() {
    let script = Script {
        reply: std::sync::Arc::new(|line| {
            line.contains("nobody@")
                .then(|| "550 5.1.1 no such user".to_owned())
                .or_else(|| line.contains("later@").then(|| "451 4.2.1 try later".to_owned()))
        }),
        ..Script::default()
    };
    let sink = Sink::start(script);
    let gateway = Gateway::start(&everything_to(&sink));
    let to = ["bob@partner.example", "nobody@partner.example", "later@partner.example"];
    let id = id_of(&gateway.client().deliver(&to, &message("Lunch", "At noon?")));
    eventually("all three have ended their first attempt", || {
        let found = gateway.json(&["trace", &id]).remove(0);
        let states: Vec<&str> = found["recipients"].as_array()?.iter().filter_map(|r| r["state"].as_str()).collect();
        (states == ["sent", "failed", "deferred"]).then_some(())
    });
    let report = eventually("the author is told", || {
        sink.received().into_iter().find(|received| received.mail.starts_with("MAIL FROM:<>"))
    });
    assert_eq!(report.recipients, ["<ann@clinic.example>"]);
    assert!(report.content.contains("nobody@partner.example"), "{}", report.content);
    assert!(!report.content.contains("later@partner.example"), "{}", report.content);
}

#[test]
fn what_was_accepted_survives_a_kill() {
    let silent =
        Sink::start(Script { dot: std::sync::Arc::new(|_| "451 4.3.0 not now".to_owned()), ..Script::default() });
    let gateway = Gateway::start(&everything_to(&silent));
    let mut client = gateway.client();
    let ids: Vec<String> = (0..20)
        .map(|n| id_of(&client.deliver(&["bob@partner.example"], &message(&format!("Lunch {n}"), "At noon?"))))
        .collect();
    let folder = gateway.kill();

    let sink = Sink::plain();
    let gateway = Gateway::start_in(folder, &everything_to(&sink));
    sink.wait_for(ids.len());
    let received = sink.received();
    for id in &ids {
        let copies = received.iter().filter(|r| r.content.contains(&format!("X-Waxseal-Id: {id}\r\n"))).count();
        assert_eq!(copies, 1, "{id}");
    }
    drop(gateway);
}
