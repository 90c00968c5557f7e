//! Worker processes: this same program, confined, answering requests over a socket until it is replaced.
//!
//! What parses documents that strangers made runs there. A crash, a limit or a time-out costs one
//! answer and one process, never the gateway.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::confine::{self, Limits};

/// A worker is replaced after so many answers, whatever it leaked meanwhile.
const ANSWERS: usize = 300;

/// A longer answer is a fault of the worker.
const MAX_ANSWER: u64 = 1 << 30;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The worker ended: a crash, a forbidden system call, a limit.
    #[error("the worker ended")]
    Ended,
    #[error("the worker took too long")]
    TimedOut,
    /// No worker could be started, or none came free in time.
    #[error("there is no worker")]
    Unavailable,
}

#[derive(Clone, Debug)]
pub struct Config {
    /// This program; its arguments make it a worker.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// How many run at once.
    pub workers: usize,
    /// How long one answer may take.
    pub deadline: Duration,
}

impl Config {
    /// This program as its own worker.
    pub fn this_program() -> io::Result<Self> {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self {
            program: std::env::current_exe()?,
            arguments: vec!["worker".to_owned()],
            workers,
            deadline: Duration::from_secs(30),
        })
    }
}

/// Confined workers, started when first needed.
pub struct Pool {
    config: Config,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Worker>,
    /// Idle or at work.
    running: usize,
}

impl Pool {
    pub fn new(config: Config) -> Self {
        Self { config, state: Mutex::default(), freed: Condvar::new() }
    }

    /// Sends the request, one piece after another, to a worker and waits for its answer.
    pub fn call(&self, request: &[&[u8]]) -> Result<Vec<u8>, Fault> {
        let mut worker = self.hire()?;
        let answer = worker.ask(request, self.config.deadline);
        // A worker that failed or served long enough is let go, and killed by that.
        self.give_back(if answer.is_ok() && worker.answers < ANSWERS { Some(worker) } else { None });
        answer
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hire(&self) -> Result<Worker, Fault> {
        let until = Instant::now() + self.config.deadline;
        let mut state = self.state();
        loop {
            if let Some(worker) = state.idle.pop() {
                return Ok(worker);
            }
            if state.running < self.config.workers {
                state.running += 1;
                drop(state);
                return Worker::start(&self.config).map_err(|_| {
                    self.give_back(None);
                    Fault::Unavailable
                });
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Fault::Unavailable);
            }
            state = self.freed.wait_timeout(state, left).map_or_else(|error| error.into_inner().0, |(state, _)| state);
        }
    }

    fn give_back(&self, worker: Option<Worker>) {
        let mut state = self.state();
        match worker {
            Some(worker) => state.idle.push(worker),
            None => state.running -= 1,
        }
        self.freed.notify_one();
    }
}

/// One process and our end of its socket.
struct Worker {
    process: Child,
    socket: UnixStream,
    answers: usize,
}

impl Worker {
    fn start(config: &Config) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let process = Command::new(&config.program)
            .args(&config.arguments)
            .env_clear()
            // glibc opens a file when it gives memory of a second arena back, and the filter kills for that.
            .env("MALLOC_ARENA_MAX", "1")
            // Our own allocator takes address space ahead, which the worker's limit counts.
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .stdin(Stdio::from(OwnedFd::from(theirs.try_clone()?)))
            .stdout(Stdio::from(OwnedFd::from(theirs)))
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { process, socket: ours, answers: 0 })
    }

    fn ask(&mut self, request: &[&[u8]], deadline: Duration) -> Result<Vec<u8>, Fault> {
        self.answers += 1;
        let until = Instant::now() + deadline;
        self.exchange(request, until).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Fault::TimedOut,
            _ => Fault::Ended,
        })
    }

    fn exchange(&mut self, request: &[&[u8]], until: Instant) -> io::Result<Vec<u8>> {
        let len: usize = request.iter().map(|piece| piece.len()).sum();
        self.write(&(len as u64).to_le_bytes(), until)?;
        for piece in request {
            self.write(piece, until)?;
        }
        let mut len = [0; 8];
        self.read(&mut len, until)?;
        let len = u64::from_le_bytes(len);
        if len > MAX_ANSWER {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut answer = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        while (answer.len() as u64) < len {
            let wanted = chunk.len().min((len - answer.len() as u64) as usize);
            self.read(&mut chunk[..wanted], until)?;
            answer.extend_from_slice(&chunk[..wanted]);
        }
        Ok(answer)
    }

    /// The socket's own time-out is for one call; the deadline is for the whole answer.
    fn left(until: Instant) -> io::Result<Option<Duration>> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }

    fn write(&mut self, mut bytes: &[u8], until: Instant) -> io::Result<()> {
        while !bytes.is_empty() {
            self.socket.set_write_timeout(Self::left(until)?)?;
            let count = self.socket.write(bytes)?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    fn read(&mut self, mut bytes: &mut [u8], until: Instant) -> io::Result<()> {
        while !bytes.is_empty() {
            self.socket.set_read_timeout(Self::left(until)?)?;
            match self.socket.read(bytes)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => bytes = &mut bytes[count..],
            }
        }
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended already; either way no zombie stays.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// What a worker process does: confines itself for good, then answers requests until its socket closes.
///
/// The parsers get a deep stack of their own, since some recurse.
pub fn serve_worker(answer: fn(&[u8]) -> Vec<u8>) -> io::Result<()> {
    let work = move || {
        confine::this_process(&Limits::default())?;
        answer_all(io::stdin().lock(), io::stdout().lock(), answer)
    };
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(work)?;
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a parser panicked")))
}

fn answer_all(mut requests: impl Read, mut answers: impl Write, answer: fn(&[u8]) -> Vec<u8>) -> io::Result<()> {
    loop {
        let mut len = [0; 8];
        match requests.read_exact(&mut len) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            outcome => outcome?,
        }
        let mut request = Vec::new();
        requests.by_ref().take(u64::from_le_bytes(len)).read_to_end(&mut request)?;
        let bytes = answer(&request);
        answers.write_all(&(bytes.len() as u64).to_le_bytes())?;
        answers.write_all(&bytes)?;
        answers.flush()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_answered_one_after_another() {
        let mut requests = Vec::new();
        for request in [&b"abc"[..], b""] {
            requests.extend((request.len() as u64).to_le_bytes());
            requests.extend(request);
        }
        let mut answers = Vec::new();
        answer_all(&requests[..], &mut answers, |request| request.iter().rev().copied().collect()).expect("memory");
        assert_eq!(answers, [&3u64.to_le_bytes()[..], b"cba", &0u64.to_le_bytes()].concat());
    }

    #[test]
    fn a_worker_that_ends_hangs_or_is_missing_is_a_fault() {
        for (program, arguments, fault) in [
            ("/bin/true", vec![], Fault::Ended),
            ("/bin/sleep", vec!["60".to_owned()], Fault::TimedOut),
            ("/nowhere/waxseal", vec![], Fault::Unavailable),
        ] {
            let deadline = Duration::from_millis(200);
            let pool = Pool::new(Config { program: program.into(), arguments, workers: 1, deadline });
            // Twice: the first fault must not use the only place up.
            for _ in 0..2 {
                assert_eq!(pool.call(&[b"request"]), Err(fault), "{program}");
            }
        }
    }

    #[test]
    fn a_pool_answers_through_a_real_process() {
        // `cat` gives the request back, length and all.
        let config =
            Config { program: "/bin/cat".into(), arguments: vec![], workers: 2, deadline: Duration::from_secs(10) };
        let pool = Pool::new(config);
        for _ in 0..3 {
            assert_eq!(pool.call(&[b"one ", b"two"]).expect("an answer"), b"one two");
        }
    }
}
