//! T046: mixed load and faults for as long as one likes: nothing is lost, and memory and descriptors stay level.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::{Client, Gateway, PHI, Script, Sink, eventually, id_of, message, unique};

/// How long the load goes on; `scripts/soak` sets more.
const SECONDS: u64 = 15;

/// Every mail that was sent says which it is.
fn token(content: &str) -> Option<String> {
    content.lines().find_map(|line| line.strip_prefix("Token: ")).map(str::to_owned)
}

/// A next hop that now and then says "not now", or goes away at the worst moment.
fn moody(taken: &Arc<Mutex<HashSet<String>>>) -> Script {
    let (mails, dots) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let taken = Arc::clone(taken);
    Script {
        reply: Arc::new(move |line| {
            let refuse = line.starts_with("MAIL") && mails.fetch_add(1, Ordering::Relaxed) % 13 == 12;
            refuse.then(|| "421 4.7.0 busy".to_owned())
        }),
        dot: Arc::new(move |content| match dots.fetch_add(1, Ordering::Relaxed) {
            count if count % 11 == 10 => "451 4.3.0 not now".to_owned(),
            count if count % 17 == 16 => String::new(),
            _ => {
                taken.lock().expect("the tokens").extend(token(content));
                "250 2.0.0 taken".to_owned()
            }
        }),
        ..Script::default()
    }
}

/// One sender's round: small mail, mail to be held, a table, something large, and clients that misbehave.
fn round(gateway: &Gateway, number: usize, sent: &Mutex<Vec<String>>) {
    let mut client = gateway.client();
    let mut send = |body: &str| {
        let token = unique();
        let mail = message("Lunch", &format!("Token: {token}\r\n\r\n{body}"));
        id_of(&client.deliver(&["bob@partner.example", "ann@lab.example"], &mail));
        sent.lock().expect("the ledger").push(token);
    };
    send("At noon?");
    send(&"See you on the terrace at noon, bring the plans.\r\n".repeat(400));
    if number.is_multiple_of(10) {
        send(&"0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklm\r\n".repeat(20_000));
    }
    let held = client.deliver(&["bob@partner.example"], &message("Note", PHI));
    assert!(held.ends_with("held for privacy review"), "{held}");
    let table = "Content-Type: text/csv; name=list.csv\r\nContent-Transfer-Encoding: base64\r\n\r\n\
                 SXRlbSxQcmljZQpQYXBlciw0ClBlbnMsMgo=\r\n";
    let mail =
        format!("From: ann@clinic.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{table}--b--\r\n");
    id_of(&client.deliver(&["bob@partner.example"], &mail));
    let mut careless = Client::connect(gateway.listener("relay"));
    careless.send(b"EHLO x\r\nMAIL FROM:<ann@clinic.example>\r\nRCPT TO:<bob@partner.example>\r\nDATA\r\nhalf a m");
    let mut confused = Client::connect(gateway.listener("relay"));
    assert!(!confused.say("GET / HTTP/1.1").starts_with('2'));
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    kib: u64,
    descriptors: u64,
}

fn look(pid: u32) -> Sample {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("its memory");
    let kib = line.trim().trim_end_matches(" kB").parse().expect("a number");
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("its files").count() as u64;
    Sample { kib, descriptors }
}

/// The middle one of a part of the samples.
fn middle(samples: &[Sample], of: impl Fn(&Sample) -> u64) -> u64 {
    let mut values: Vec<u64> = samples.iter().map(of).collect();
    values.sort_unstable();
    values[values.len() / 2]
}

#[test]
fn mixed_load_and_faults_lose_nothing_and_leave_nothing_behind() {
    let seconds = std::env::var("WAXSEAL_SOAK").ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let taken = Arc::new(Mutex::new(HashSet::new()));
    let sink = Sink::start(moody(&taken));
    let gateway = Gateway::start(&format!(
        "routes: [{{ domains: ['*'], next_hop: '{}', tls: opportunistic }}]\n\
         policy: {{ clean: opportunistic, phi: hold }}\nnotify: {{ sender: false }}\ndelivery: {{ retry: [1s] }}\n\
         limits: {{ memory: 32MiB }}\n",
        sink.address
    ));
    let sent = Mutex::new(Vec::new());
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut samples = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope
                .spawn(|| (0..).take_while(|_| Instant::now() < end).for_each(|number| round(&gateway, number, &sent)));
        }
        while Instant::now() < end {
            std::thread::sleep(Duration::from_millis(250));
            samples.push(look(gateway.pid()));
            if samples.len().is_multiple_of(40) {
                gateway.signal("HUP");
            }
        }
    });
    let sent = sent.into_inner().expect("the ledger");
    eventually("all that was accepted arrives", || {
        let taken = taken.lock().expect("the tokens");
        sent.iter().all(|token| taken.contains(token)).then_some(())
    });
    let held = gateway.json(&["quarantine", "list"]).len();
    // The first third is warming up.
    let third = samples.len() / 3;
    let (early, late) = (&samples[third..2 * third], &samples[2 * third..]);
    let kib = |part: &[Sample]| middle(part, |sample| sample.kib);
    let descriptors = |part: &[Sample]| middle(part, |sample| sample.descriptors);
    let figures = format!(
        "{seconds} s, {} mails and {held} held, {} → {} MiB, {} → {} descriptors",
        sent.len(),
        kib(early) / 1024,
        kib(late) / 1024,
        descriptors(early),
        descriptors(late)
    );
    println!("{figures}");
    if let Some(file) = std::env::var_os("WAXSEAL_SOAK_FIGURES") {
        std::fs::write(file, &figures).expect("the figures are kept");
    }
    // In a few seconds the allocator is still finding its size.
    let slack = if seconds < 600 { 96 } else { 12 };
    assert!(kib(late) < kib(early) + kib(early) / 20 + slack * 1024, "{figures}");
    assert!(descriptors(late) <= descriptors(early) + 10, "{figures}");
}
