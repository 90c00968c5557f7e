//! How fast messages are read: `cargo bench --bench reading [FOLDER of mails]`. Wall time of one core, attachments in process.

use std::hint::black_box;
use std::time::{Duration, Instant};

use waxseal::message::{Budget, InProcess, read};

const HEADER: &str = "From: Ann Lee <ann@corp.example>\r\nTo: bo@x.example\r\nSubject: Minutes of the meeting\r\n\
    Date: Mon, 1 Jun 2026 10:00:00 +0000\r\nMessage-ID: <1@corp.example>\r\nMIME-Version: 1.0\r\n";
const LINE: &str = "The quick brown fox jumps over the lazy dog while the band plays on in June.\r\n";

fn main() {
    let plain = |lines: usize| format!("{HEADER}Content-Type: text/plain; charset=utf-8\r\n\r\n{}", LINE.repeat(lines));
    let page = "<div style=\"font-size:12px\"><p>The quick <b>brown</b> fox <a href=\"https://x.example/a\">jumps</a>.</p></div>\r\n";
    let parts = format!(
        "{HEADER}Content-Type: multipart/alternative; boundary=\"=_b\"\r\n\r\n--=_b\r\nContent-Type: text/plain\r\n\r\n{}\r\n\
         --=_b\r\nContent-Type: text/html\r\n\r\n<p>{}</p>\r\n--=_b--\r\n",
        LINE.repeat(10),
        LINE.repeat(10)
    );
    let odd = format!("Content-Type: text/plain\r\nContent-Type: text/html\r\n{}", plain(50));
    measure("plain text, 4 KiB", &[plain(50).into_bytes()]);
    measure("plain text, 1 MiB", &[plain(13_000).into_bytes()]);
    measure("page, 4 KiB", &[format!("{HEADER}Content-Type: text/html\r\n\r\n{}", page.repeat(40)).into_bytes()]);
    measure("text and page, 2 KiB", &[parts.into_bytes()]);
    measure("contradictory, 4 KiB", &[odd.into_bytes()]);
    // `cargo bench` adds options of its own.
    for folder in std::env::args().skip(1).filter(|argument| !argument.starts_with('-')) {
        let entries = std::fs::read_dir(&folder).expect("a folder of mails").flatten();
        let mails: Vec<Vec<u8>> = entries.filter_map(|entry| std::fs::read(entry.path()).ok()).collect();
        measure(&folder, &mails);
    }
}

/// Reads all of them again and again for a second.
fn measure(name: &str, mails: &[Vec<u8>]) {
    let bytes: usize = mails.iter().map(Vec::len).sum();
    let start = Instant::now();
    let mut rounds = 0;
    while start.elapsed() < Duration::from_secs(1) && !mails.is_empty() {
        for mail in mails {
            black_box(read(mail, &Budget::new(1 << 30, 100_000), &InProcess));
        }
        rounds += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    let count = (rounds * mails.len()) as f64;
    println!(
        "{name}: {:.1} µs each, {:.0} a second, {:.0} MB/s",
        seconds * 1e6 / count,
        count / seconds,
        (rounds * bytes) as f64 / seconds / 1e6
    );
}
