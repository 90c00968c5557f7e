//! A recipient's consent to unencrypted mail: what it opens, what it never opens, and what is kept of it.

use serde_json::Value;

use crate::support::{Gateway, PHI, Sink, eventually, id_of, message};

const JANE: &str = "jane@home.example";
/// Health information that 42 CFR Part 2 guards beyond HIPAA.
const SPECIAL: &str = "Patient Zebulon Quartermain, SSN 612-38-7417, takes methadone in our opioid treatment program.";

/// A gateway whose only hop has no TLS, so that what needs any waits.
fn without_tls(sink: &Sink) -> Gateway {
    Gateway::start(&format!(
        "routes: [{{ domains: ['*'], next_hop: '{}', tls: opportunistic }}]\n\
         packs: [hipaa, special]\n",
        sink.address
    ))
}

fn consent(gateway: &Gateway, further: &[&str]) -> String {
    let added = gateway.json(&[&["waiver", "add", JANE, "--reference", "form 7"], further].concat()).remove(0);
    added["added"][0]["id"].as_str().expect("an id").to_owned()
}

fn waits(gateway: &Gateway, id: &str, address: &str) {
    eventually("it waits", || {
        let story = gateway.json(&["trace", id]).remove(0);
        let recipient = story["recipients"].as_array()?.iter().find(|recipient| recipient["address"] == address)?;
        (recipient["state"] == "deferred").then_some(())
    });
}

/// The events of a kind, oldest first.
fn events(gateway: &Gateway, kind: &str) -> Vec<Value> {
    let account = gateway.json(&["audit", "export"]);
    account.into_iter().map(|record| record["event"].clone()).filter(|event| event["kind"] == kind).collect()
}

#[test]
fn consent_opens_the_mail_of_one_mailbox_and_is_told_with_each_use() {
    let sink = Sink::plain();
    let gateway = without_tls(&sink);
    let waiver = consent(&gateway, &[]);
    let id = id_of(&gateway.client().deliver(&[JANE, "bob@partner.example"], &message("Note", PHI)));

    assert_eq!(sink.wait_for(1).remove(0).recipients, [format!("<{JANE}>")]);
    waits(&gateway, &id, "bob@partner.example");
    let story = gateway.json(&["trace", &id]).remove(0);
    let of = |at: usize, name: &str| story["recipients"][at][name].clone();
    assert_eq!((of(0, "level"), of(1, "level")), ("opportunistic".into(), "tls-verified".into()));
    // A list tells that consent opened it, and not that it was clean.
    assert!(of(0, "reason").to_string().contains(&format!("lowered by waiver {waiver}")), "{story}");
    assert_eq!(of(0, "lowered_by"), serde_json::json!([format!("waiver {waiver}")]));
    assert!(of(0, "reasons").to_string().contains(&format!("(asks tls-verified, lowered by waiver {waiver})")));
    let decided = events(&gateway, "decided");
    assert_eq!(decided[0]["detail"]["recipients"][0]["lowered_by"][0], format!("waiver {waiver}"));
    assert_eq!(gateway.metric("waxseal_waivers_used_total"), Some(1.0));
    assert_eq!(gateway.metric("waxseal_phi_unprotected_total"), Some(0.0));
}

/// T178.
#[test]
fn without_consent_no_words_of_a_sender_lower_anything() {
    let sink = Sink::plain();
    let gateway = without_tls(&sink);
    consent(&gateway, &[]);
    for (to, subject, field) in [
        (JANE.replace("home", "h0me"), "Note", ""),
        ("Jane@home.example".to_owned(), "Note", ""),
        ("jane+news@home.example".to_owned(), "Note", ""),
        ("bob@partner.example".to_owned(), "[plain] [unencrypted] [nosecure] Note", ""),
        ("bob@partner.example".to_owned(), "Note", "X-Waxseal-Protect: opportunistic\r\n"),
        ("bob@partner.example".to_owned(), "Note", "X-Waxseal-Waiver: form 7\r\n"),
        ("bob@partner.example".to_owned(), "Note", "TLS-Required: No\r\n"),
    ] {
        let mail = format!("{field}{}", message(subject, PHI));
        let reply = gateway.client().deliver(&[&to], &mail);
        let id = id_of(&reply);
        if reply.ends_with("held for privacy review") {
            continue;
        }
        waits(&gateway, &id, &to);
    }
    assert!(sink.received().is_empty());
}

#[test]
fn consent_opens_no_special_content_and_none_that_its_sender_wants_protected() {
    let sink = Sink::plain();
    let gateway = without_tls(&sink);
    consent(&gateway, &[]);
    let id = id_of(&gateway.client().deliver(&[JANE], &message("[secure] Note", PHI)));
    waits(&gateway, &id, JANE);
    let reply = gateway.client().deliver(&[JANE], &message("Note", SPECIAL));
    let story = gateway.json(&["trace", &id_of(&reply)]).remove(0);
    assert_eq!(story["recipients"][0]["level"], "message", "{story}");
    assert!(sink.received().is_empty());
}

#[test]
fn consent_holds_for_its_author_and_its_time_and_until_it_is_taken_back() {
    let sink = Sink::plain();
    let gateway = without_tls(&sink);
    consent(&gateway, &["--author", "@other.example"]);
    let id = id_of(&gateway.client().deliver(&[JANE], &message("Note", PHI)));
    waits(&gateway, &id, JANE);

    let waiver = consent(&gateway, &["--author", "@clinic.example", "--expires", "2999-12-31"]);
    id_of(&gateway.client().deliver(&[JANE], &message("Note", PHI)));
    sink.wait_for(1);

    assert_eq!(gateway.run(&["waiver", "revoke", &waiver]).status.code(), Some(64), "a reason is wanted");
    gateway.json(&["waiver", "revoke", &waiver, "--reason", "asked by telephone"]);
    let id = id_of(&gateway.client().deliver(&[JANE], &message("Note", PHI)));
    waits(&gateway, &id, JANE);
    assert_eq!(gateway.run(&["waiver", "revoke", &waiver, "--reason", "again"]).status.code(), Some(1));
    assert_eq!(gateway.run(&["waiver", "revoke", "w0", "--reason", "x"]).status.code(), Some(1));
    assert_eq!(sink.received().len(), 1);
}

/// T249: one event for each change and each export, with who and why.
#[test]
fn every_change_of_a_consent_is_one_event() {
    let gateway = without_tls(&Sink::plain());
    let waiver = consent(&gateway, &["--obtained-by", "front desk", "--given", "2026-01-02"]);
    let again = gateway.json(&["waiver", "add", JANE, "--reference", "form 7", "--given", "2026-01-02"]).remove(0);
    assert_eq!((again["added"].as_array().map(Vec::len), again["unchanged"].as_u64()), (Some(0), Some(1)));
    gateway.json(&["waiver", "revoke", JANE, "--reason", "moved away"]);
    gateway.json(&["waiver", "export"]);
    gateway.json(&["waiver", "list", "--all"]);

    let changes = events(&gateway, "waiver-changed");
    assert_eq!(changes.len(), 2, "{changes:?}");
    let (added, revoked) = (&changes[0], &changes[1]);
    assert!(added["actor"].as_str().is_some_and(|actor| actor.starts_with("local:")), "{added}");
    for (name, value) in [
        ("change", "added"),
        ("waiver", &waiver),
        ("address", JANE),
        ("given", "2026-01-02T00:00:00Z"),
        ("obtained_by", "front desk"),
        ("reference", "form 7"),
    ] {
        assert_eq!(added["detail"][name], value, "{added}");
    }
    assert_eq!(revoked["detail"]["change"], "revoked");
    assert_eq!(revoked["detail"]["reason"], "moved away");
    let exported = events(&gateway, "exported");
    assert_eq!((exported.len(), exported[0]["detail"]["what"].as_str()), (1, Some("waivers")));
    assert!(gateway.run(&["audit", "verify"]).status.success());
}

#[test]
fn consents_outlive_the_gateway_and_move_to_another_as_a_table() {
    let sink = Sink::plain();
    let gateway = without_tls(&sink);
    consent(&gateway, &["--author", "@clinic.example", "--expires", "2999-12-31", "--obtained-by", "=1+1"]);
    gateway.json(&["waiver", "add", "gone@home.example", "--reference", "form 8"]);
    gateway.json(&["waiver", "revoke", "gone@home.example", "--reason", "asked"]);
    let gateway = Gateway::start_as_it_stands(gateway.kill());
    let kept = gateway.json(&["waiver", "list"]);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!((&kept[0]["address"], &kept[0]["state"]), (&JANE.into(), &"active".into()));
    id_of(&gateway.client().deliver(&[JANE], &message("Note", PHI)));
    sink.wait_for(1);

    let table = gateway.run(&["waiver", "export"]).stdout;
    assert!(String::from_utf8_lossy(&table).contains(",'=1+1,"), "no spreadsheet computes it");
    let other = without_tls(&Sink::plain());
    let file = other.folder().path().join("consents.csv");
    std::fs::write(&file, &table).expect("the table");
    let file = file.to_str().expect("a path");
    let import = |gateway: &Gateway| gateway.json(&["waiver", "import", file]).remove(0);
    assert_eq!(import(&other), serde_json::json!({ "added": 1, "unchanged": 0, "ended": 1 }));
    assert_eq!(import(&other), serde_json::json!({ "added": 0, "unchanged": 1, "ended": 1 }));
    let moved = other.json(&["waiver", "list"]).remove(0);
    for name in ["address", "author", "given", "expires", "obtained_by", "reference"] {
        assert_eq!(moved[name], kept[0][name], "{name}");
    }

    std::fs::write(file, "address,reference,expires\na@home.example,form 1,\nb@home.example,form 2,2020-01-01\n")
        .expect("the table");
    let refused = other.run(&["waiver", "import", file]);
    assert_eq!(refused.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("has expired already"));
    assert_eq!(other.json(&["waiver", "list", "--all"]).len(), 1, "none of a table with a fault is entered");
}
