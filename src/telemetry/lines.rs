//! Standard error behind a bounded list: whoever logs never waits for whoever reads (`TESTS` T015).

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tracing::warn;

/// Lines that may wait for the reader; more are lost, and counted.
const WAITING: usize = 4096;
/// Bytes in one write.
const BLOCK: usize = 64 * 1024;
/// How long lines may wait for others before they are written: waking the thread for each would
/// cost more than writing it.
const GATHER: Duration = Duration::from_millis(2);
/// How long the end of the process waits for the last lines.
const LAST_WORDS: Duration = Duration::from_secs(1);

enum Word {
    Line(Vec<u8>),
    /// Answered when all before it is written.
    Flush(SyncSender<()>),
}

/// Takes lines from any thread, and never blocks.
#[derive(Clone)]
pub struct Lines {
    sender: SyncSender<Word>,
    lost: Arc<AtomicU64>,
}

/// Dropped at the end of the process, it sees the last lines out.
pub struct LastWords(Option<SyncSender<Word>>);

impl Lines {
    pub fn to_standard_error() -> (Self, LastWords) {
        let (sender, receiver) = sync_channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        let spawned = std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_out(&receiver, &counted, &mut io::stderr()));
        let last = LastWords(spawned.is_ok().then(|| sender.clone()));
        (Self { sender, lost }, last)
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.sender.try_send(Word::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LastWords {
    fn drop(&mut self) {
        let (done, heard) = sync_channel(1);
        if self.0.take().is_some_and(|sender| sender.try_send(Word::Flush(done)).is_ok()) {
            let _ = heard.recv_timeout(LAST_WORDS);
        }
    }
}

/// Writes what waits, many lines at a time, until every sender is gone.
fn write_out(words: &Receiver<Word>, lost: &AtomicU64, out: &mut dyn Write) {
    let mut block = Vec::with_capacity(BLOCK);
    while let Ok(first) = words.recv() {
        std::thread::sleep(GATHER);
        let mut asked = Vec::new();
        let mut next = Some(first);
        while let Some(word) = next {
            match word {
                Word::Line(line) => block.extend_from_slice(&line),
                Word::Flush(done) => asked.push(done),
            }
            next = if block.len() < BLOCK { words.try_recv().ok() } else { None };
        }
        // A pipe that is closed is no reason to stop: mail goes on.
        let _ = out.write_all(&block).and_then(|()| out.flush());
        block.clear();
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            warn!(lines = lost, "log lines were lost: nobody read them in time");
        }
        asked.iter().for_each(|done| _ = done.try_send(()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_reads_is_lost_and_counted_and_nobody_waits() {
        let (sender, receiver) = sync_channel(2);
        let lost = Arc::new(AtomicU64::new(0));
        let mut lines = Lines { sender, lost: lost.clone() };
        for line in ["a\n", "b\n", "c\n", "d\n"] {
            lines.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(lost.load(Ordering::Relaxed), 2);
        drop(lines);
        let mut out = Vec::new();
        write_out(&receiver, &lost, &mut out);
        assert_eq!((out.as_slice(), lost.load(Ordering::Relaxed)), (&b"a\nb\n"[..], 0));
    }
}
