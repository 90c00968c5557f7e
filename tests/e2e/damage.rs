//! What can't be read back as it was accepted is held and reported, never sent.

use std::sync::Arc;

use prometheus::Registry;
use waxseal::store::embedded::{Config, Embedded};
use waxseal::store::{Arrivals, Metrics};
use waxseal::world::{Clock, SystemClock};

use crate::sample;
use crate::support::{Gateway, Sink, eventually};

/// T006: an earlier process accepted it and died before it was decided; meanwhile the disk lost a bit.
#[test]
fn an_undecided_message_that_is_damaged_is_held_and_reported_at_the_next_start() {
    let sink = Sink::plain();
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let id = leave_undecided(&folder.path().join("var"));
    let body = folder.path().join("var/bodies").join(&id);
    let mut bytes = std::fs::read(&body).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&body, bytes).unwrap();

    let gateway = Gateway::start_in(
        folder,
        &format!(
            "routes:\n  - {{ domains: ['*'], next_hop: '{}', tls: opportunistic }}\n\
             policy: {{ clean: opportunistic }}\nquarantine: {{ notify: [privacy@clinic.example] }}\n",
            sink.address
        ),
    );
    let held = eventually("it is held", || gateway.json(&["quarantine", "list"]).pop());
    assert_eq!(held["id"], id.as_str());
    // The reviewers, the author, the postmaster.
    let told: Vec<String> = sink.wait_for(3).into_iter().map(|mail| mail.content).collect();
    let to = |whom: &str| told.iter().find(|mail| mail.contains(&format!("To: <{whom}>"))).expect(whom);
    assert!(to("privacy@clinic.example").contains("is damaged"), "{told:?}");
    assert!(to("ann@clinic.example").contains("Please send it again"), "{told:?}");
    assert!(held["recipients"][0]["reason"].as_str().unwrap().contains("damaged"), "{held}");
    assert!(told.iter().any(|mail| mail.contains("To: <postmaster@") && mail.contains("is damaged")), "{told:?}");
    assert!(told.iter().all(|mail| mail.contains(&id) && !mail.contains("never decided")), "{told:?}");
    let story = gateway.run(&["trace", &id]);
    assert!(String::from_utf8_lossy(&story.stdout).contains("damaged"), "{story:?}");
}

/// A large message in a store of its own, committed and not decided; its id.
fn leave_undecided(data_dir: &std::path::Path) -> String {
    let content = [b"From: ann@clinic.example\r\n\r\n".to_vec(), b"never decided\r\n".repeat(40_000)].concat();
    let id = waxseal::mail::QueueId::new(1_700_000_000_000, &[7; 10]);
    let arrival = sample::undecided(id, &["bob@partner.example"], &content, SystemClock.now());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let metrics = Metrics::new(&Registry::new()).unwrap();
        let store = Embedded::open(Config::new(data_dir), Arc::new(SystemClock), metrics).unwrap();
        store.commit(arrival).await.unwrap();
    });
    id.to_string()
}
