//! Kill -9 in the middle: what got a `250` is never lost, and never sent twice without need.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::{Client, Gateway, Script, Sink, eventually, message};

/// How many times the gateway dies. `scripts/soak` asks for many more.
fn rounds() -> usize {
    std::env::var("WAXSEAL_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// Sends one message after the other until the connection breaks; notes the id of every `250`.
fn send_until_it_dies(to: std::net::SocketAddr, ledger: &Mutex<Vec<String>>, enough: &AtomicBool) {
    let mut client = Client::connect_silently(to);
    if !client.reply().starts_with("220") || !client.try_send(b"EHLO client.example\r\n") {
        return;
    }
    client.reply();
    while !enough.load(Ordering::Relaxed) {
        let content = message("Lunch", "See you at noon.");
        let transaction = "MAIL FROM:<ann@clinic.example>\r\nRCPT TO:<bob@partner.example>\r\nDATA\r\n".to_owned();
        if !client.try_send(transaction.as_bytes()) {
            return;
        }
        let replies = [client.reply(), client.reply(), client.reply()];
        if !replies[2].starts_with("354") || !client.try_send(format!("{content}.\r\n").as_bytes()) {
            return;
        }
        match client.reply().strip_prefix("250 2.0.0 Ok ") {
            Some(rest) => ledger.lock().expect("the ledger").push(rest.split(' ').next().expect("an id").to_owned()),
            None => return,
        }
    }
}

/// T003: every id in the ledger comes out, and at most the transactions that were open at the next
/// hop when the gateway died come out twice (RFC 1047).
#[test]
fn nothing_that_got_a_250_is_lost_when_the_gateway_is_killed() {
    // The sink ends as many transactions after their dot without an answer as were open at a kill.
    let sink = Sink::plain();
    let route = format!(
        "routes:\n  - {{ domains: ['*'], next_hop: '{}', tls: opportunistic }}\n\
         policy: {{ clean: opportunistic }}\ndelivery: {{ retry: [1s] }}\n",
        sink.address
    );
    let ledger = Arc::new(Mutex::new(Vec::new()));
    let mut folder = Arc::new(tempfile::tempdir().expect("a folder"));
    for _ in 0..rounds() {
        let gateway = Gateway::start_in(folder, &route);
        let enough = Arc::new(AtomicBool::new(false));
        let to = gateway.listener("relay");
        let before = ledger.lock().expect("the ledger").len();
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let (ledger, enough) = (Arc::clone(&ledger), Arc::clone(&enough));
                std::thread::spawn(move || send_until_it_dies(to, &ledger, &enough))
            })
            .collect();
        eventually("mail flows", || (ledger.lock().expect("the ledger").len() > before + 100).then_some(()));
        folder = gateway.kill();
        enough.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().expect("a client");
        }
    }

    let gateway = Gateway::start_in(folder, &route);
    eventually("the queue is empty", || gateway.json(&["queue", "list"]).is_empty().then_some(()));
    let mut copies: HashMap<String, usize> = HashMap::new();
    for received in sink.received() {
        let id = received.content.lines().find_map(|line| line.strip_prefix("X-Waxseal-Id: ")).expect("an id");
        *copies.entry(id.to_owned()).or_default() += 1;
    }
    let ledger = ledger.lock().expect("the ledger");
    let lost: Vec<&String> = ledger.iter().filter(|id| !copies.contains_key(*id)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), ledger.len());
    let twice = copies.values().filter(|copies| **copies > 1).count();
    assert!(copies.values().all(|copies| *copies <= 1 + rounds()), "{copies:?}");
    // At a kill, at most what was in the sessions with the next hop is unsure.
    assert!(twice <= rounds() * 64, "{twice} came twice");
}

/// T016: the next hop took the message and the gateway died before it could note that.
#[test]
fn a_message_whose_answer_was_lost_is_sent_again_unaltered() {
    let (answered, wait) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(true)));
    let (seen, hold) = (Arc::clone(&answered), Arc::clone(&wait));
    let sink = Sink::start(Script {
        dot: Arc::new(move |_| {
            seen.store(true, Ordering::Relaxed);
            while hold.load(Ordering::Relaxed) {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            "250 2.0.0 taken".to_owned()
        }),
        ..Script::default()
    });
    let route = format!(
        "routes:\n  - {{ domains: ['*'], next_hop: '{}', tls: opportunistic }}\npolicy: {{ clean: opportunistic }}\n",
        sink.address
    );
    let gateway = Gateway::start(&route);
    gateway.client().deliver(&["bob@partner.example"], &message("Lunch", "At noon?"));
    eventually("the next hop has it", || answered.load(Ordering::Relaxed).then_some(()));
    let folder = gateway.kill();
    wait.store(false, Ordering::Relaxed);
    sink.wait_for(1);
    let gateway = Gateway::start_in(folder, &route);
    let received = sink.wait_for(2);
    assert_eq!(received[0].content, received[1].content);
    drop(gateway);
}
