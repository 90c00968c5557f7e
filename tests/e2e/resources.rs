//! Too little of something: disk, files, memory, a reader of the log. Mail waits, none is lost, the
//! gateway lives.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Client, Gateway, Sink, eventually, id_of, message};

fn relaying_to(sink: &Sink) -> String {
    format!(
        "routes:\n  - {{ domains: ['*'], next_hop: '{}', tls: opportunistic }}\npolicy: {{ clean: opportunistic }}\n",
        sink.address
    )
}

/// A message of this many bytes that is no mail to read much in.
fn large(bytes: usize) -> String {
    message("Lunch", &"0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklm\r\n".repeat(bytes / 64))
}

/// T001: what SQLite, the file and the folder need is flushed before the client reads `250`.
#[test]
fn the_250_is_written_after_the_flush() {
    let sink = Sink::plain();
    let trace = tempfile::NamedTempFile::new().unwrap();
    let path = trace.path().to_str().unwrap();
    let calls = "trace=fsync,fdatasync,write,writev,sendto,sendmsg";
    let wrapper = ["strace", "-D", "-f", "-qq", "-s", "60", "-o", path, "-e", calls];
    let gateway = Gateway::start_under(&wrapper, &relaying_to(&sink));
    let mut client = gateway.client();
    for (content, flushes) in [(message("Lunch", "At noon?"), 1), (large(2 << 20), 3)] {
        let before = std::fs::read_to_string(path).unwrap().lines().count();
        let id = id_of(&client.deliver(&["bob@partner.example"], &content));
        let lines = eventually("the reply is in the trace", || {
            let trace = std::fs::read_to_string(path).unwrap();
            let lines: Vec<String> = trace.lines().skip(before).map(str::to_owned).collect();
            let at = lines.iter().position(|line| line.contains(&format!("250 2.0.0 Ok {id}")))?;
            Some(lines[..at].to_vec())
        });
        let flushed = lines.iter().filter(|line| line.contains("sync(") || line.contains("sync resumed")).count();
        assert!(flushed >= flushes, "{flushed} of {flushes}: {lines:#?}");
    }
}

/// T011: a file that may grow no more is a full disk, and no reason to die of SIGXFSZ.
#[test]
fn a_file_size_limit_is_a_full_disk() {
    let sink = Sink::plain();
    let gateway = Gateway::start_under(&["prlimit", "--fsize=1048576:"], &relaying_to(&sink));
    let mut client = gateway.client();
    let mut refused = None;
    for _ in 0..60 {
        match client.deliver(&["bob@partner.example"], &large(60_000)) {
            taken if taken.starts_with("250") => {}
            answer => {
                refused = Some(answer);
                break;
            }
        }
    }
    let refused = refused.or_else(|| Some(client.deliver(&["bob@partner.example"], &large(2 << 20))));
    assert!(refused.as_deref().is_some_and(|reply| reply.starts_with("45")), "{refused:?}");
    let lifted = Command::new("prlimit").args(["--fsize=unlimited:", "--pid", &gateway.pid().to_string()]).status();
    assert!(lifted.unwrap().success());
    eventually("it takes mail again", || {
        // Until the store is open again the greeting is a 421.
        let mut client = Client::connect_silently(gateway.listener("relay"));
        let greeted = client.reply().starts_with("220") && client.ehlo().starts_with("250");
        (greeted && client.say("MAIL FROM:<ann@clinic.example>").starts_with("250")).then_some(())
    });
    id_of(&gateway.client().deliver(&["bob@partner.example"], &message("Lunch", "At noon?")));
}

/// T012: without file descriptors sessions live on, nothing spins, and all is well when they are back.
#[test]
fn without_file_descriptors_it_waits_and_does_not_spin() {
    let sink = Sink::plain();
    let gateway = Gateway::start_under(&["prlimit", "--nofile=64"], &relaying_to(&sink));
    let mut client = gateway.client();
    let crowd: Vec<Client> = (0..100).map(|_| Client::connect_silently(gateway.listener("relay"))).collect();
    assert!(client.say("NOOP").starts_with("250"), "the session lives");
    let (before, begun) = (cpu_seconds(gateway.pid()), Instant::now());
    std::thread::sleep(Duration::from_secs(2));
    let busy = (cpu_seconds(gateway.pid()) - before) / begun.elapsed().as_secs_f64();
    assert!(busy < 0.2, "{busy} of a processor");
    drop(crowd);
    eventually("mail goes again", || {
        let answer = gateway.client().deliver(&["bob@partner.example"], &message("Lunch", "At noon?"));
        answer.starts_with("250").then_some(())
    });
    sink.wait_for(1);
}

/// T013: many large mails at once stay within `limits.memory` and a little more; `scripts/soak` sends 200.
#[test]
fn large_mails_at_once_do_not_fill_the_memory() {
    let count = std::env::var("WAXSEAL_LARGE").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let sink = Sink::plain();
    let further = format!("{}limits: {{ memory: 16MiB }}\n", relaying_to(&sink));
    // As in the unit: large pieces go back to the system when they are freed.
    let gateway = Gateway::start_under(&["env", "MIMALLOC_PURGE_DELAY=0", "MIMALLOC_ARENA_RESERVE=0"], &further);
    let content = large(25 << 20);
    std::thread::scope(|scope| {
        let send = || {
            let answer = gateway.client().deliver(&["bob@partner.example"], &content);
            assert!(["250", "421", "451", "452"].iter().any(|code| answer.starts_with(code)), "{answer}");
            answer.starts_with("250")
        };
        let senders: Vec<_> = (0..count).map(|_| scope.spawn(send)).collect();
        let taken = senders.into_iter().filter_map(|sender| sender.join().ok().filter(|taken| *taken)).count();
        assert!(taken > 0);
    });
    let peak = peak_kib(gateway.pid()) / 1024;
    assert!(peak < 256, "{peak} MiB at the most");
    id_of(&gateway.client().deliver(&["bob@partner.example"], &message("Lunch", "At noon?")));
}

/// T014: a slow disk makes the `250` late, never early, and the wait is shared.
#[test]
fn a_slow_disk_is_waited_for_together() {
    let sink = Sink::plain();
    let delay = "inject=fsync,fdatasync:delay_enter=300000";
    let gateway =
        Gateway::start_under(&["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", delay], &relaying_to(&sink));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let mut client = gateway.client();
                let asked = Instant::now();
                id_of(&client.deliver(&["bob@partner.example"], &message("Lunch", "At noon?")));
                assert!(asked.elapsed() >= Duration::from_millis(300), "after {:?}", asked.elapsed());
            });
        }
    });
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "20 flushes one after the other take longer: {:?}",
        begun.elapsed()
    );
}

/// T015: mail goes on when nobody reads the log. (The account is in the transaction of the `250`: T010.)
#[test]
fn a_log_that_nobody_reads_blocks_no_mail() {
    let sink = Sink::plain();
    let gateway = Gateway::start(&relaying_to(&sink));
    gateway.turn_deaf();
    let mut client = gateway.client();
    // Some lines each: far more than the pipe holds.
    for _ in 0..500 {
        id_of(&client.deliver(&["bob@partner.example"], &message("Lunch", "At noon?")));
    }
    sink.wait_for(500);
}

/// Processor time used so far.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // Fields 14 and 15 of the line, in hundredths of a second.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// The most memory it had, in KiB.
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
