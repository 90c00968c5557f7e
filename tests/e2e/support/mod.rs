//! What the stories need: the built gateway, an SMTP client that says just what it is told, a
//! sink that answers as it is told, and certificates.

mod certificates;
mod client;
mod gateway;
mod postfix;
mod sink;

pub use certificates::Authority;
pub use client::{Client, id_of};
pub use gateway::Gateway;
pub use postfix::Postfix;
pub use sink::{Script, Sink};

use std::time::{Duration, Instant};

/// Looks again and again until `found` gives something; panics with `what` when it never does.
pub fn eventually<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A small message with these lines as its body.
pub fn message(subject: &str, body: &str) -> String {
    format!(
        "From: Ann <ann@clinic.example>\r\nTo: Bob <bob@partner.example>\r\nSubject: {subject}\r\n\
         Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{}@clinic.example>\r\n\r\n{body}\r\n",
        unique()
    )
}

/// A word that occurs once in a test run.
pub fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("w{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A body that every shipped ruleset must find PHI in. Its name and number stand nowhere in the rules.
pub const PHI: &str = "Patient Zebulon Quartermain, SSN 612-38-7417, was started on metformin for type 2 diabetes.";
