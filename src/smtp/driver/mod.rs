//! The loop between a socket and a session: reads lines, writes replies, keeps deadlines.
//!
//! Commands that came together are answered together: one write for all that one read brought
//! (RFC 2920). A peer is never waited for without a deadline, and the deadline for a line or for
//! content is not put off by single bytes.

mod reading;

use std::fmt::Write;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use memchr::memchr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::session::{Session, Step};
use super::shared::Shared;
use super::{Limits, Refusal};
use crate::mail::Reply;
use reading::ChunksUnderWay;

/// One read asks for this much; commands and small messages fit.
const READ: usize = 16 * 1024;
/// Replies gathered before they are written in any case.
const MOST_UNWRITTEN: usize = 16 * 1024;
/// Octets of an overlong line that are read over before the session ends instead.
const MOST_SKIPPED: usize = 2 << 20;

/// How long a refused peer may go on sending before we close, and how much. Closing with unread
/// bytes resets the connection, and the peer might never see the reply.
const LINGER: Duration = Duration::from_secs(1);
const MOST_LINGERED: usize = 1 << 20;

/// The two orders to stop.
#[derive(Clone)]
pub struct Stop {
    /// Take no more mail; what is under way may end.
    pub soon: CancellationToken,
    /// The time for that is over.
    pub now: CancellationToken,
}

/// How a conversation ended, if not by a fault.
pub enum Ended {
    Closed,
    /// `220` was said; the handshake is next.
    StartTls,
}

/// Why a conversation broke off.
#[derive(Debug)]
pub enum Broken {
    /// The peer is gone.
    Gone,
    /// We end it at this stage, saying why.
    Refused(&'static str, Refusal),
}

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Broken::Gone
    }
}

pub struct Driver<S> {
    stream: S,
    pub session: Session,
    shared: Arc<Shared>,
    stop: Stop,
    input: BytesMut,
    output: String,
    chunks: Option<ChunksUnderWay>,
    /// When the line now being received must be whole.
    line_deadline: Option<Instant>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    pub fn new(stream: S, session: Session, shared: Arc<Shared>, stop: Stop) -> Self {
        Self {
            stream,
            session,
            shared,
            stop,
            input: BytesMut::with_capacity(READ),
            output: String::new(),
            chunks: None,
            line_deadline: None,
        }
    }

    /// The stream and the session, to go on inside TLS.
    pub fn into_parts(self) -> (S, Session) {
        (self.stream, self.session)
    }

    /// Greets, then converses to the end.
    pub async fn greet_and_converse(&mut self) -> Ended {
        match self.session.greeting() {
            Step::Close(reply) => {
                self.say(&reply);
                let _ = self.flush().await;
                Ended::Closed
            }
            Step::Reply(reply) => {
                self.say(&reply);
                self.converse().await
            }
            _ => Ended::Closed,
        }
    }

    /// Takes commands until the session ends or turns to TLS.
    pub async fn converse(&mut self) -> Ended {
        let outcome = self.commands().await;
        if let Err(Broken::Refused(stage, refusal)) = outcome
            && let Step::Close(reply) | Step::Reply(reply) = self.session.refuse(stage, refusal)
        {
            self.say(&reply);
        }
        // Whatever was answered is still written, if the peer takes it.
        let flushed = self.flush().await.is_ok();
        if let Ok(Ended::StartTls) = outcome {
            return Ended::StartTls;
        }
        if flushed && !matches!(outcome, Err(Broken::Gone)) {
            let _ = timeout(LINGER, self.linger()).await;
        }
        Ended::Closed
    }

    /// Says that we are done, then reads over what the peer still sends.
    async fn linger(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        let mut read_over = 0;
        while read_over < MOST_LINGERED {
            self.input.clear();
            match self.stream.read_buf(&mut self.input).await? {
                0 => break,
                read => read_over += read,
            }
        }
        Ok(())
    }

    async fn commands(&mut self) -> Result<Ended, Broken> {
        loop {
            let Some(step) = self.next_step().await? else {
                self.flush().await?;
                self.await_command().await?;
                continue;
            };
            if let Some(ended) = self.perform(step).await? {
                return Ok(ended);
            }
            if !self.session.in_chunks() {
                self.chunks = None;
            }
            if self.output.len() > MOST_UNWRITTEN {
                self.flush().await?;
            }
        }
    }

    /// What the session makes of the next line, if a whole one is here.
    async fn next_step(&mut self) -> Result<Option<Step>, Broken> {
        // A TLS hello: no command begins so, and whether a line's end is among its bytes is chance.
        if self.input.starts_with(&[0x16, 0x03]) {
            return Err(Broken::Refused("command", Refusal::NotSmtp));
        }
        let Some(end) = memchr(b'\n', &self.input) else {
            let start = &self.input[..self.input.len().min(16)];
            if self.input.len() > self.session.longest_line(start) + 1 {
                return self.skip_line().await.map(Some);
            }
            return Ok(None);
        };
        self.line_deadline = None;
        let line = &self.input[..end];
        let step = match line.strip_suffix(b"\r") {
            Some(line) if memchr(b'\r', line).is_some() => self.session.broken_line(line, Refusal::BareLineEnd),
            None => self.session.broken_line(line, Refusal::BareLineEnd),
            Some(line) if line.len() > self.session.longest_line(line) => {
                self.session.broken_line(line, Refusal::LineTooLong)
            }
            Some(line) => self.session.line(line),
        };
        self.input.advance(end + 1);
        Ok(Some(step))
    }

    /// Reads over the rest of a line that is too long (RFC 5321 §4.5.3.1: refuse, stay in step).
    async fn skip_line(&mut self) -> Result<Step, Broken> {
        let start = self.input[..self.input.len().min(16)].to_vec();
        let deadline = Instant::now() + self.limits().line;
        let mut skipped = 0;
        loop {
            if let Some(end) = memchr(b'\n', &self.input) {
                self.input.advance(end + 1);
                self.line_deadline = None;
                return Ok(self.session.broken_line(&start, Refusal::LineTooLong));
            }
            skipped += self.input.len();
            if skipped > MOST_SKIPPED {
                return Err(Broken::Refused("command", Refusal::TooManyErrors));
            }
            self.input.clear();
            self.read(deadline, READ).await?;
        }
    }

    /// Does what the session decided. `Some` ends the conversation.
    async fn perform(&mut self, step: Step) -> Result<Option<Ended>, Broken> {
        match step {
            Step::Reply(reply) => self.say(&reply),
            Step::Close(reply) => {
                self.say(&reply);
                return Ok(Some(Ended::Closed));
            }
            Step::StartTls(reply) => {
                // Bytes that came in the clear would be run as if they came inside TLS (CVE-2011-0411).
                if !self.input.is_empty() {
                    return Err(Broken::Refused("tls", Refusal::BytesBeforeTls));
                }
                self.say(&reply);
                return Ok(Some(Ended::StartTls));
            }
            Step::CheckPassword(credentials) => {
                let name = credentials.name.clone();
                let settings = self.session.settings().clone();
                let (limits, ip) = (&settings.config.limits, self.session.ip());
                let outcome = self.shared.gatekeeper.sign_in(&settings.people, credentials, ip, limits).await;
                let step = self.session.signed_in(&name, outcome);
                return self.answer(step);
            }
            Step::ReadData(reading) => return self.data(reading).await,
            Step::ReadChunk { size, last, content } => return self.chunk(size, last, content).await,
        }
        Ok(None)
    }

    /// Says a step that can only be an answer.
    fn answer(&mut self, step: Step) -> Result<Option<Ended>, Broken> {
        match step {
            Step::Close(reply) => {
                self.say(&reply);
                Ok(Some(Ended::Closed))
            }
            Step::Reply(reply) => {
                self.say(&reply);
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn limits(&self) -> &Limits {
        self.session.limits()
    }

    fn say(&mut self, reply: &Reply) {
        write!(self.output, "{reply}").expect("a String takes everything");
    }

    /// Writes all replies gathered so far, in one system call where the socket takes them.
    async fn flush(&mut self) -> Result<(), Broken> {
        if self.output.is_empty() {
            return Ok(());
        }
        let deadline = Instant::now() + self.limits().reply;
        let written = timeout_at(deadline, async {
            self.stream.write_all(self.output.as_bytes()).await?;
            self.stream.flush().await
        });
        let written = written.await.map_err(|_| Broken::Gone)?;
        self.output.clear();
        Ok(written?)
    }

    /// Waits for more of a command. Between commands the peer may be silent for long; once a line
    /// has begun it must end soon.
    async fn await_command(&mut self) -> Result<(), Broken> {
        let now = Instant::now();
        let deadline = if self.input.is_empty() {
            now + self.limits().command_idle
        } else {
            let line = self.limits().line;
            *self.line_deadline.get_or_insert(now + line)
        };
        let stop = self.stop.soon.clone();
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(Broken::Refused("command", Refusal::ShuttingDown)),
            read = self.read(deadline, READ) => read.map(drop),
        }
    }

    async fn read(&mut self, deadline: Instant, most: usize) -> Result<usize, Broken> {
        if self.input.capacity() - self.input.len() < most / 4 {
            self.input.reserve(most);
        }
        match timeout_at(deadline, self.stream.read_buf(&mut self.input)).await {
            Err(_) => Err(Broken::Refused("command", Refusal::TimedOut)),
            Ok(Ok(0)) => Err(Broken::Gone),
            Ok(read) => Ok(read?),
        }
    }
}
