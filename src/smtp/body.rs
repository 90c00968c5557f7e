//! Content while it arrives: in memory while small, sealed piece by piece once it is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::content::{ChunkDecoder, DataDecoder};
use super::session::{Reading, Refused};
use super::{Intake, Limits, LineEndings, Refusal, Sink};
use crate::mail::Content;

/// Pieces of this size go to the spool.
const PIECE: usize = 256 * 1024;
/// What each message may keep in memory when all together hold too much.
const UNDER_PRESSURE: usize = 64 * 1024;

/// How much content all sessions hold in memory.
#[derive(Default)]
pub struct Held(AtomicUsize);

/// Collects the content of one message.
pub struct Body {
    intake: Arc<dyn Intake>,
    held: Arc<Held>,
    reading: Reading,
    memory: Vec<u8>,
    /// What of `memory` stands in `held`.
    counted: usize,
    sink: Option<Box<dyn Sink>>,
    spooled: u64,
    /// The first thing that went wrong. From then on bytes are only counted out, not kept.
    fault: Option<Refused>,
    limits: BodyLimits,
}

#[derive(Clone, Copy)]
struct BodyLimits {
    message: u64,
    own: usize,
    together: usize,
}

impl Body {
    pub fn new(intake: Arc<dyn Intake>, held: Arc<Held>, reading: Reading, limits: &Limits) -> Self {
        let expected = usize::try_from(reading.announced).unwrap_or(usize::MAX).min(limits.content_memory);
        Self {
            intake,
            held,
            reading,
            memory: Vec::with_capacity(expected),
            counted: 0,
            sink: None,
            spooled: 0,
            fault: None,
            limits: BodyLimits {
                message: limits.message_size,
                own: limits.content_memory,
                together: limits.content_memory_total,
            },
        }
    }

    /// Decodes what came by `DATA`; tells how much of it is done with and whether that was the end.
    pub async fn data(&mut self, decoder: &mut DataDecoder, input: &[u8]) -> super::content::Progress {
        let progress = decoder.feed(input, &mut self.memory);
        self.settle(decoder.saw_bare()).await;
        progress
    }

    /// Decodes a piece of a chunk.
    pub async fn chunk(&mut self, decoder: &mut ChunkDecoder, input: &[u8]) {
        decoder.feed(input, &mut self.memory);
        self.settle(decoder.saw_bare()).await;
    }

    /// After the last chunk.
    pub async fn end_chunks(&mut self, decoder: &mut ChunkDecoder, ends_with_line: bool) {
        decoder.finish(&mut self.memory, ends_with_line);
        self.settle(decoder.saw_bare()).await;
    }

    /// Whether what came so far ends with a line's end, or is nothing.
    pub fn ends_with_line(&self) -> bool {
        match (self.memory.as_slice(), self.spooled) {
            ([], spooled) => spooled == 0,
            (memory, _) => memory.ends_with(b"\r\n"),
        }
    }

    /// The whole content, or why it can't be taken.
    pub async fn finish(mut self) -> Result<Content, Refused> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let memory = std::mem::take(&mut self.memory);
        match self.sink.take() {
            None => Ok(Content::Memory(Bytes::from(memory))),
            Some(mut sink) => {
                sink.write(Bytes::from(memory)).await.map_err(Refused::Intake)?;
                sink.finish().await.map_err(Refused::Intake)
            }
        }
    }

    pub fn take_fault(&mut self) -> Option<Refused> {
        self.fault.take()
    }

    /// After each piece: limits first, then room.
    async fn settle(&mut self, bare: bool) {
        if self.fault.is_none() {
            if self.spooled + self.memory.len() as u64 > self.limits.message {
                self.fail(Refused::Ours(Refusal::TooBig));
            } else if bare && self.reading.endings == LineEndings::Refuse {
                self.fail(Refused::Ours(Refusal::BareInContent));
            } else if let Err(reply) = self.spill().await {
                self.fail(Refused::Intake(reply));
            }
        }
        if self.fault.is_some() {
            self.memory.clear();
        }
        self.count();
    }

    fn fail(&mut self, why: Refused) {
        self.fault = Some(why);
        self.sink = None;
        self.memory = Vec::new();
    }

    async fn spill(&mut self) -> Result<(), crate::mail::Reply> {
        if self.sink.is_none() {
            let together = self.held.0.load(Ordering::Relaxed);
            let own =
                if together > self.limits.together { self.limits.own.min(UNDER_PRESSURE) } else { self.limits.own };
            if self.memory.len() <= own {
                return Ok(());
            }
            self.sink = Some(self.intake.spool(self.reading.id).await?);
        }
        // The last two bytes stay, so that it is known how the content ends.
        if self.memory.len() >= PIECE.min(self.limits.own)
            && let Some(sink) = &mut self.sink
        {
            let keep = self.memory.split_off(self.memory.len().saturating_sub(2));
            let piece = std::mem::replace(&mut self.memory, keep);
            self.spooled += piece.len() as u64;
            sink.write(Bytes::from(piece)).await?;
        }
        Ok(())
    }

    fn count(&mut self) {
        let now = self.memory.len();
        match now.checked_sub(self.counted) {
            Some(more) => self.held.0.fetch_add(more, Ordering::Relaxed),
            None => self.held.0.fetch_sub(self.counted - now, Ordering::Relaxed),
        };
        self.counted = now;
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.held.0.fetch_sub(self.counted, Ordering::Relaxed);
    }
}
