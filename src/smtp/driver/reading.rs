//! Reading content: `DATA` to its end, `BDAT` by its count, each at no less than its pace.

use std::time::Duration;

use bytes::Buf;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::{Broken, Driver, Ended};
use crate::mail::{Content, EnhancedStatus, Reply};
use crate::smtp::body::{Body, Reading, Refused};
use crate::smtp::content::{ChunkDecoder, DataDecoder};
use crate::smtp::{Limits, Refusal};

/// While content comes, larger reads save system calls.
const CONTENT_READ: usize = 64 * 1024;
/// Past twice the size limit and this, content without an end is cut.
const CUT_SLACK: u64 = 1 << 20;

/// Chunks of one message under way.
pub(super) struct ChunksUnderWay {
    body: Body,
    decoder: ChunkDecoder,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    pub(super) async fn data(&mut self, reading: Reading) -> Result<Option<Ended>, Broken> {
        self.say(&Reply::bare(354, "End data with <CR><LF>.<CR><LF>"));
        self.flush().await?;
        let mut body = self.body(reading);
        let mut decoder = DataDecoder::new(reading.endings);
        let mut pace = Pace::new(self.limits());
        loop {
            let progress = body.data(&mut decoder, &self.input).await;
            self.input.advance(progress.consumed);
            if progress.ended {
                break;
            }
            pace.received += self.read_content(&pace).await? as u64;
            // Content far past the limit is not read to its end just to stay in step.
            if pace.received > self.limits().message_size.saturating_mul(2).saturating_add(CUT_SLACK) {
                return Err(Broken::Refused("data", Refusal::TooBig));
            }
        }
        let content = body.finish().await;
        self.hand_over(content).await
    }

    pub(super) async fn chunk(
        &mut self,
        size: u64,
        last: bool,
        content: Result<Reading, Reply>,
    ) -> Result<Option<Ended>, Broken> {
        let reading = match content {
            Ok(reading) => reading,
            Err(reply) => {
                self.read_chunk(size, None).await?;
                if last {
                    self.session.reset();
                }
                self.say(&reply);
                return Ok(None);
            }
        };
        let mut chunks = self.chunks.take().unwrap_or_else(|| ChunksUnderWay {
            body: self.body(reading),
            decoder: ChunkDecoder::new(reading.endings),
        });
        self.read_chunk(size, Some(&mut chunks)).await?;
        if last {
            let ends = chunks.body.ends_with_line();
            chunks.body.end_chunks(&mut chunks.decoder, ends).await;
            let content = chunks.body.finish().await;
            return self.hand_over(content).await;
        }
        if let Some(fault) = chunks.body.take_fault() {
            let step = self.session.chunk_failed(fault);
            return self.answer(step);
        }
        self.chunks = Some(chunks);
        self.say(&Reply::new(250, EnhancedStatus(2, 0, 0), format!("{size} octets received")));
        Ok(None)
    }

    /// Reads the octets of a chunk, into the message or into nothing.
    async fn read_chunk(&mut self, size: u64, mut chunks: Option<&mut ChunksUnderWay>) -> Result<(), Broken> {
        let mut left = size;
        let mut pace = Pace::new(self.limits());
        while left > 0 {
            if self.input.is_empty() {
                self.flush().await?;
                pace.received += self.read_content(&pace).await? as u64;
            }
            let piece = self.input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if let Some(ChunksUnderWay { body, decoder }) = &mut chunks {
                body.chunk(decoder, &self.input[..piece]).await;
            }
            self.input.advance(piece);
            left -= piece as u64;
        }
        Ok(())
    }

    /// Gives whole content to intake, or says why it can't be.
    async fn hand_over(&mut self, content: Result<Content, Refused>) -> Result<Option<Ended>, Broken> {
        let step = match content {
            Err(refused) => {
                self.session.reset();
                self.session.refused_content(refused)
            }
            Ok(content) => match self.session.received() {
                Some((envelope, right)) => {
                    let reply = self.shared.intake.take(envelope, content, right).await;
                    self.session.answered(reply)
                }
                None => self.session.refuse("data", Refusal::BadSequence),
            },
        };
        self.answer(step)
    }

    fn body(&self, reading: Reading) -> Body {
        Body::new(self.shared.intake.clone(), self.shared.held.clone(), reading, self.limits())
    }

    async fn read_content(&mut self, pace: &Pace) -> Result<usize, Broken> {
        let (deadline, refusal) = pace.deadline(self.limits());
        let stop = self.stop.now.clone();
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(Broken::Refused("command", Refusal::ShuttingDown)),
            read = self.read(deadline, CONTENT_READ) => match read {
                Err(Broken::Refused(_, Refusal::TimedOut)) => Err(Broken::Refused("data", refusal)),
                read => read,
            },
        }
    }
}

/// How fast content comes. Each byte buys its share of time, so a drip runs out of it however
/// regular it is.
struct Pace {
    began: Instant,
    received: u64,
    rate: u64,
}

impl Pace {
    fn new(limits: &Limits) -> Self {
        Self { began: Instant::now(), received: 0, rate: limits.content_rate.max(1) }
    }

    /// Until when the next bytes must come, and what it is called if they don't.
    fn deadline(&self, limits: &Limits) -> (Instant, Refusal) {
        let earned = Duration::from_millis(self.received.saturating_mul(1000) / self.rate);
        let slow = self.began + limits.content_grace + earned.min(limits.content_total);
        let idle = (Instant::now() + limits.content_idle).min(self.began + limits.content_total);
        if slow < idle { (slow, Refusal::TooSlow) } else { (idle, Refusal::TimedOut) }
    }
}
