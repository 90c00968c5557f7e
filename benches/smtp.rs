//! How many transactions a second the SMTP server takes by itself, with an intake that only counts:
//! `cargo bench --bench smtp -- [connections] [bytes] [seconds]`.

#[path = "../tests/support/smtp.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use support::{House, Wire};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let number = |at: usize, default| numbers.get(at).copied().unwrap_or(default);
    let (connections, bytes, seconds) = (number(0, 50), number(1, 4096), number(2, 5));
    let served = House::default().start().await;
    served.intake.forget.store(true, Ordering::Relaxed);
    let content: Arc<[u8]> =
        format!("{}.\r\n", format!("{}\r\n", "x".repeat(76)).repeat(bytes as usize / 78 + 1)).into_bytes().into();
    let done = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + Duration::from_secs(seconds);
    let began = Instant::now();
    let clients: Vec<_> = (0..connections)
        .map(|_| {
            let (content, done, address) = (content.clone(), done.clone(), served.address);
            tokio::spawn(async move {
                let mut wire = Wire::connect(address).await;
                wire.reply().await;
                wire.ask("EHLO client.example").await;
                while Instant::now() < end {
                    wire.ask("MAIL FROM:<ann@corp.example>").await;
                    wire.ask("RCPT TO:<bob@other.example>").await;
                    wire.ask("DATA").await;
                    wire.send(&content).await;
                    assert!(wire.reply().await.starts_with("250 "));
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("no client fails");
    }
    let rate = done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    println!("{connections} connections, {bytes} bytes: {rate:.0} transactions a second (client included)");
}
