//! What a worker that was taken over can do: nothing. This program is its own workers, each of which tries something.

use std::process::ExitCode;
use std::time::Duration;

use waxseal::world::worker::{Config, Fault, Pool, serve_worker};

/// A name, what a captured worker tries (it gives the request back if it failed), and whether it is still there afterwards.
type Attempt = (&'static str, fn(&[u8]) -> Vec<u8>, Result<(), Fault>);

const ATTEMPTS: &[Attempt] = &[
    ("answer", |request| request.to_vec(), Ok(())),
    ("read-a-file", |request| std::fs::read("/etc/hostname").unwrap_or(request.to_vec()), Ok(())),
    ("write-a-file", |request| std::fs::write("waxseal-was-here", b"x").map_or(request.to_vec(), |()| vec![]), Ok(())),
    (
        "read-what-the-c-library-reads",
        |request| std::fs::read("/proc/sys/vm/overcommit_memory").unwrap_or(request.to_vec()),
        Ok(()),
    ),
    ("list-a-folder", |request| std::fs::read_dir("/").map_or(request.to_vec(), |_| vec![]), Ok(())),
    (
        "delete-a-file",
        |_| format!("{:?}", std::fs::remove_file("/tmp/waxseal-nothing")).into_bytes(),
        Err(Fault::Ended),
    ),
    ("connect", |_| format!("{:?}", std::net::TcpStream::connect("127.0.0.1:25")).into_bytes(), Err(Fault::Ended)),
    ("run-a-program", |_| format!("{:?}", std::process::Command::new("true").spawn()).into_bytes(), Err(Fault::Ended)),
    ("take-all-memory", |_| vec![1; 4 << 30], Err(Fault::Ended)),
    ("panic", |_| panic!("as a parser would"), Err(Fault::Ended)),
    ("overflow-the-stack", |request| deep(request.len() as u64 + (1 << 40)), Err(Fault::Ended)),
    (
        "hang",
        |_| loop {
            std::hint::spin_loop();
        },
        Err(Fault::TimedOut),
    ),
];

/// As a parser without a limit of depth would.
fn deep(left: u64) -> Vec<u8> {
    if left == 0 {
        return Vec::new();
    }
    let mut inner = deep(std::hint::black_box(left - 1));
    inner.push(left as u8);
    inner
}

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    if name == "--list" {
        // As test runners ask for it.
        if !std::env::args().any(|argument| argument == "--ignored") {
            println!("a_captured_worker_can_do_nothing: test");
        }
        return ExitCode::SUCCESS;
    }
    if let Some((_, attempt, _)) = ATTEMPTS.iter().find(|(known, ..)| *known == name) {
        return match serve_worker(*attempt) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let program = std::env::current_exe().expect("this program");
    for (name, _, expected) in ATTEMPTS {
        let deadline = Duration::from_secs(if *expected == Err(Fault::TimedOut) { 1 } else { 20 });
        let arguments = vec![(*name).to_owned()];
        let pool = Pool::new(Config { program: program.clone(), arguments, workers: 1, deadline });
        let outcome = pool.call(&[b"request"]).map(|answer| assert_eq!(answer, b"request"));
        assert_eq!(outcome, *expected, "{name}");
    }
    assert!(!std::path::Path::new("waxseal-was-here").exists());
    ExitCode::SUCCESS
}
