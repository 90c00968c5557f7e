//! Content while it arrives: in memory while small, sealed piece by piece once it is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::content::{ChunkDecoder, DataDecoder};
use super::{Intake, Limits, LineEndings, Refusal, Sink};
use crate::mail::{Content, QueueId, Reply};

/// Pieces of this size go to the spool: what each of many large messages holds in memory while it comes.
const PIECE: usize = 64 * 1024;
/// What each message may keep in memory when all together hold too much.
const UNDER_PRESSURE: usize = 64 * 1024;

/// What all sessions hold of content: bytes in memory, and how many messages are on their way to the disk.
#[derive(Default)]
pub struct Held {
    bytes: AtomicUsize,
    spools: AtomicUsize,
}

/// A place among the messages on their way to the disk. It is given back when dropped, also by a session that
/// ends while its spool is being opened.
struct SpoolPlace(Arc<Held>);

impl SpoolPlace {
    fn among(held: &Arc<Held>, most: usize) -> Option<Self> {
        let before = held.spools.fetch_add(1, Ordering::Relaxed);
        let place = Self(held.clone());
        (before < most).then_some(place)
    }
}

impl Drop for SpoolPlace {
    fn drop(&mut self) {
        self.0.spools.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How content is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub id: QueueId,
    pub endings: LineEndings,
    /// What SIZE announced, so that memory is taken once.
    pub announced: u64,
}

/// Why content was not taken.
#[derive(Debug)]
pub enum Refused {
    Ours(Refusal),
    /// The spool's own answer.
    Intake(Reply),
}

/// Collects the content of one message.
pub struct Body {
    intake: Arc<dyn Intake>,
    held: Arc<Held>,
    reading: Reading,
    memory: Vec<u8>,
    /// What of `memory` stands in `held`.
    counted: usize,
    sink: Option<(Box<dyn Sink>, SpoolPlace)>,
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
    spools: usize,
}

impl Body {
    pub fn new(intake: Arc<dyn Intake>, held: Arc<Held>, reading: Reading, limits: &Limits) -> Self {
        let expected = usize::try_from(reading.announced).unwrap_or(usize::MAX);
        // What is announced as too large for memory is not gathered there first.
        let own = if expected > limits.content_memory { PIECE } else { limits.content_memory };
        Self {
            intake,
            held,
            reading,
            memory: Vec::with_capacity(expected.min(own)),
            counted: 0,
            sink: None,
            spooled: 0,
            fault: None,
            limits: BodyLimits {
                message: limits.message_size,
                own: own.min(limits.content_memory),
                together: limits.content_memory_total,
                spools: limits.content_spools,
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
        let Some((mut sink, _place)) = self.sink.take() else { return Ok(Content::Memory(Bytes::from(memory))) };
        sink.write(Bytes::from(memory)).await.map_err(Refused::Intake)?;
        sink.finish().await.map_err(Refused::Intake)
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
            } else if let Err(why) = self.spill().await {
                self.fail(why);
            }
        }
        if self.fault.is_some() {
            self.memory = Vec::new();
        }
        self.count();
    }

    fn fail(&mut self, why: Refused) {
        self.fault = Some(why);
        self.sink = None;
        self.memory = Vec::new();
    }

    async fn spill(&mut self) -> Result<(), Refused> {
        if self.sink.is_none() {
            let together = self.held.bytes.load(Ordering::Relaxed);
            let own =
                if together > self.limits.together { self.limits.own.min(UNDER_PRESSURE) } else { self.limits.own };
            if self.memory.len() <= own {
                return Ok(());
            }
            self.open().await?;
        }
        // The last two bytes stay, so that it is known how the content ends.
        if self.memory.len() >= PIECE.min(self.limits.own)
            && let Some((sink, _)) = &mut self.sink
        {
            let end = self.memory.len().saturating_sub(2);
            let mut next = Vec::with_capacity(PIECE);
            next.extend_from_slice(&self.memory[end..]);
            let mut piece = std::mem::replace(&mut self.memory, next);
            piece.truncate(end);
            self.spooled += piece.len() as u64;
            sink.write(Bytes::from(piece)).await.map_err(Refused::Intake)?;
        }
        Ok(())
    }

    /// Goes on to the disk, if not too many others do: each takes memory until it is whole.
    async fn open(&mut self) -> Result<(), Refused> {
        let place = SpoolPlace::among(&self.held, self.limits.spools).ok_or(Refused::Ours(Refusal::TooManyLarge))?;
        let sink = self.intake.spool(self.reading.id).await.map_err(Refused::Intake)?;
        self.sink = Some((sink, place));
        Ok(())
    }

    fn count(&mut self) {
        let now = self.memory.capacity();
        match now.checked_sub(self.counted) {
            Some(more) => self.held.bytes.fetch_add(more, Ordering::Relaxed),
            None => self.held.bytes.fetch_sub(self.counted - now, Ordering::Relaxed),
        };
        self.counted = now;
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.held.bytes.fetch_sub(self.counted, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_among_the_spools_is_given_back() {
        let held = Arc::new(Held::default());
        let first = SpoolPlace::among(&held, 1).expect("there is one");
        assert!(SpoolPlace::among(&held, 1).is_none());
        drop(first);
        assert!(SpoolPlace::among(&held, 1).is_some(), "a refusal takes none");
    }
}
