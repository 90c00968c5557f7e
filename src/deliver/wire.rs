//! The byte stream below the SMTP client: replies come out line by line, checked; commands go out
//! in one write.
//!
//! `mail_send::SmtpClient` drops what follows a reply in its buffer and has no limit on the number
//! of lines. Here each read gives at most one line, so that nothing is dropped unseen: bytes that
//! nobody asked for can be told (`is_quiet`), before a TLS handshake or the final dot.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use memchr::memchr;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::world::Stream;

/// RFC 5321 §4.5.3.1.5 allows 512 octets; some servers write more.
const MAX_LINE: usize = 2048;
/// Lines of one reply. Real `EHLO` replies have about twenty.
const MAX_LINES: usize = 100;
const MAX_REPLY: usize = 16 * 1024;
/// Written at once; content is cut into blocks of this size.
pub const BLOCK: usize = 64 * 1024;

pub struct Wire {
    stream: Box<dyn Stream>,
    inbox: Vec<u8>,
    /// How many bytes at the front of the inbox are a checked line that may be handed out.
    checked: usize,
    reply: ReplyShape,
    outbox: Vec<u8>,
    /// How much of the outbox is written already.
    written: usize,
}

/// What has been seen of the reply that is coming in.
#[derive(Default)]
struct ReplyShape {
    code: [u8; 3],
    lines: usize,
    bytes: usize,
}

impl Wire {
    pub fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, inbox: Vec::new(), checked: 0, reply: ReplyShape::default(), outbox: Vec::new(), written: 0 }
    }

    /// The stream itself, to put TLS on it. `None` if the peer has already said more than it was
    /// asked: such bytes came in the clear and must never count inside TLS (STARTTLS injection).
    pub fn into_stream(mut self) -> Option<Box<dyn Stream>> {
        self.is_quiet().then_some(self.stream)
    }

    /// Whether the peer is connected and has said nothing more than it was asked. Doesn't wait.
    pub fn is_quiet(&mut self) -> bool {
        if !self.inbox.is_empty() {
            return false;
        }
        self.poll_fill(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut space = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut space))?;
        match space.filled() {
            [] => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            bytes => {
                self.inbox.extend_from_slice(bytes);
                Poll::Ready(Ok(()))
            }
        }
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.outbox.len() {
            let rest = &self.outbox[self.written..];
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => self.written += n,
            }
        }
        self.outbox.clear();
        // A waiting connection keeps no whole block, but room for ordinary mail.
        self.outbox.shrink_to(16 * 1024);
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}

impl ReplyShape {
    /// Takes the next line of a reply, with its line end.
    fn check(&mut self, line: &[u8]) -> io::Result<()> {
        let bad = |what| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        let [
            class @ b'2'..=b'5',
            tens @ b'0'..=b'9',
            ones @ b'0'..=b'9',
            separator @ (b' ' | b'-' | b'\r' | b'\n'),
            ..,
        ] = *line
        else {
            return bad("not an SMTP reply");
        };
        let code = [class, tens, ones];
        if self.lines > 0 && self.code != code {
            return bad("a reply with two codes");
        }
        if line.contains(&0) {
            return bad("a NUL in a reply");
        }
        self.code = code;
        self.lines += 1;
        self.bytes += line.len();
        if self.lines > MAX_LINES || self.bytes > MAX_REPLY || line.len() > MAX_LINE {
            return bad("a reply that is too long");
        }
        if separator != b'-' {
            *self = Self::default();
        }
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        while wire.checked == 0 {
            if let Some(end) = memchr(b'\n', &wire.inbox) {
                wire.reply.check(&wire.inbox[..=end])?;
                wire.checked = end + 1;
            } else if wire.inbox.len() > MAX_LINE {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a reply line that is too long")));
            } else {
                ready!(wire.poll_fill(cx))?;
            }
        }
        let n = wire.checked.min(buf.remaining());
        buf.put_slice(&wire.inbox[..n]);
        wire.inbox.drain(..n);
        wire.checked -= n;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    /// Collects until a block is full; `flush` sends.
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        if wire.outbox.len() >= BLOCK {
            ready!(wire.poll_drain(cx))?;
        }
        let n = bytes.len().min(BLOCK);
        wire.outbox.extend_from_slice(&bytes[..n]);
        Poll::Ready(Ok(n))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        ready!(wire.poll_drain(cx))?;
        Pin::new(&mut wire.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        ready!(wire.poll_drain(cx))?;
        Pin::new(&mut wire.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn read(said: &[u8]) -> io::Result<Vec<u8>> {
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        theirs.write_all(said).await.unwrap();
        let mut wire = Wire::new(Box::new(ours));
        let mut line = vec![0; 4096];
        let n = wire.read(&mut line).await?;
        line.truncate(n);
        Ok(line)
    }

    #[tokio::test]
    async fn one_read_gives_one_line() {
        assert_eq!(read(b"250-one\r\n250 two\r\n220 more\r\n").await.unwrap(), b"250-one\r\n");
    }

    /// T067: what is no reply is refused, whatever its shape.
    #[tokio::test]
    async fn what_is_no_reply_is_an_error() {
        let long = [&b"250 "[..], &[b'x'; 5000], b"\r\n"].concat();
        for said in [&b"999 what\r\n"[..], b"hello\r\n", b"250 a\0b\r\n", b"\r\n", b"25\r\n", b"250x\r\n", &long] {
            assert!(read(said).await.is_err(), "{:?}", said.escape_ascii().to_string());
        }
    }

    #[tokio::test]
    async fn an_endless_reply_ends() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        tokio::spawn(async move { while theirs.write_all(b"250-\r\n").await.is_ok() {} });
        let mut wire = Wire::new(Box::new(ours));
        let mut line = [0; 64];
        let error = loop {
            if let Err(error) = wire.read(&mut line).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn a_reply_keeps_its_code() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        theirs.write_all(b"250-yes\r\n550 no\r\n").await.unwrap();
        let mut wire = Wire::new(Box::new(ours));
        let mut line = [0; 64];
        assert!(wire.read(&mut line).await.unwrap() > 0);
        assert!(wire.read(&mut line).await.is_err());
    }

    #[tokio::test]
    async fn bytes_before_tls_are_not_taken_into_it() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        theirs.write_all(b"220 ready\r\n250-injected\r\n").await.unwrap();
        let mut wire = Wire::new(Box::new(ours));
        let mut line = [0; 64];
        assert!(wire.read(&mut line).await.unwrap() > 0);
        assert!(wire.into_stream().is_none());
    }
}
