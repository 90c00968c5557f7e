//! A next hop that plays a script: what it offers, which certificate it shows, where it fails.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use crate::world::Stream;

/// Closes the connection instead of a reply.
pub const CUT: &str = "CUT";
/// Never answers.
pub const SILENCE: &str = "SILENCE";

/// Before a reply after which the connection is closed.
const LAST: &str = "LAST ";

#[derive(Clone)]
pub struct Sink(Arc<Script>);

#[derive(Default)]
struct Script {
    offers: Vec<&'static str>,
    tls: Option<Arc<ServerConfig>>,
    implicit: bool,
    /// Command prefix, reply, how often it is used.
    replies: Vec<(&'static str, String, AtomicUsize)>,
    seen: Mutex<Vec<String>>,
    mails: Mutex<Vec<Mail>>,
    connections: AtomicUsize,
    /// Closes a connection after so many mails, as if it had waited too long.
    closes_after: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub to: Vec<String>,
    pub content: Vec<u8>,
    pub encrypted: bool,
}

pub struct Builder(Script);

/// A hop with the usual extensions and no TLS.
pub fn sink() -> Builder {
    Builder(Script { offers: vec!["PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "SIZE 1000000"], ..Script::default() })
}

impl Builder {
    pub fn offers(mut self, offers: &[&'static str]) -> Self {
        self.0.offers = offers.to_vec();
        self
    }

    pub fn tls(mut self, config: Arc<ServerConfig>) -> Self {
        self.0.tls = Some(config);
        self
    }

    pub fn implicit_tls(mut self, config: Arc<ServerConfig>) -> Self {
        self.0.implicit = true;
        self.tls(config)
    }

    /// Answers commands that begin so with this, always. `CONNECT`, `HANDSHAKE`, `BODY` and `.`
    /// stand for those moments.
    pub fn on(mut self, command: &'static str, reply: &str) -> Self {
        self.0.replies.push((command, reply.to_owned(), AtomicUsize::new(usize::MAX)));
        self
    }

    /// The same, and closes the connection.
    pub fn last(self, command: &'static str, reply: &str) -> Self {
        self.on(command, &format!("{LAST}{reply}"))
    }

    /// The same as [`Self::on`], for the first such command only.
    pub fn once(mut self, command: &'static str, reply: &str) -> Self {
        self.0.replies.push((command, reply.to_owned(), AtomicUsize::new(1)));
        self
    }

    pub fn closes_after(mut self, mails: usize) -> Self {
        self.0.closes_after = Some(mails);
        self
    }

    pub fn build(self) -> Sink {
        Sink(Arc::new(self.0))
    }
}

impl Sink {
    pub fn mails(&self) -> Vec<Mail> {
        self.0.mails.lock().unwrap().clone()
    }

    /// Every command line, in order.
    pub fn seen(&self) -> Vec<String> {
        self.0.seen.lock().unwrap().clone()
    }

    pub fn saw(&self, prefix: &str) -> bool {
        self.seen().iter().any(|line| line.starts_with(prefix))
    }

    pub fn connections(&self) -> usize {
        self.0.connections.load(Ordering::SeqCst)
    }

    /// Plays the script on a connection, in the background.
    pub fn accept(&self, io: impl Stream + 'static) {
        self.0.connections.fetch_add(1, Ordering::SeqCst);
        let play = Play { script: self.0.clone(), io: Box::new(io), buffer: Vec::new(), encrypted: false };
        tokio::spawn(async move { play.run().await });
    }
}

struct Play {
    script: Arc<Script>,
    io: Box<dyn Stream>,
    buffer: Vec<u8>,
    encrypted: bool,
}

impl Play {
    /// Ends with `None` where the connection does.
    async fn run(mut self) -> Option<()> {
        if self.script.implicit {
            self.encrypt().await?;
        }
        self.say("CONNECT", "220 sink.test ready").await?;
        let (mut to, mut mails, mut begun) = (Vec::new(), 0, false);
        loop {
            let line = self.line().await?;
            self.script.seen.lock().unwrap().push(line.clone());
            match line.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => {
                    let mut offers = vec!["sink.test".to_owned()];
                    offers.extend(self.script.offers.iter().map(|offer| (*offer).to_owned()));
                    if self.script.tls.is_some() && !self.encrypted {
                        offers.push("STARTTLS".to_owned());
                    }
                    let last = offers.len() - 1;
                    let separator = |at| if at == last { ' ' } else { '-' };
                    let lines: Vec<String> =
                        offers.iter().enumerate().map(|(at, offer)| format!("250{}{offer}", separator(at))).collect();
                    self.say("EHLO", &lines.join("\r\n")).await?;
                }
                "STARTTLS" => {
                    let said = self.say(&line, "220 go on").await?;
                    if said.starts_with("220") {
                        self.encrypt().await?;
                    }
                }
                "RCPT" if !begun => _ = self.say("", "503 5.5.1 no MAIL yet").await?,
                "RCPT" => {
                    if self.say(&line, "250 2.1.5 ok").await?.starts_with("250") {
                        to.push(line["RCPT TO:<".len()..].split('>').next().unwrap().to_owned());
                    }
                }
                "DATA" => {
                    let default = if to.is_empty() { "554 5.5.1 no recipients" } else { "354 go on" };
                    if !self.say(&line, default).await?.starts_with("354") {
                        continue;
                    }
                    let content = self.content().await?;
                    let mail = Mail { to: std::mem::take(&mut to), content, encrypted: self.encrypted };
                    if self.reply_to(".").is_none_or(|reply| reply.starts_with('2')) {
                        self.script.mails.lock().unwrap().push(mail);
                    }
                    self.say(".", "250 2.0.0 taken").await?;
                    mails += 1;
                    if self.script.closes_after == Some(mails) {
                        return None;
                    }
                }
                "AUTH" => _ = self.say(&line, "235 2.7.0 welcome").await?,
                "MAIL" | "RSET" | "HELO" => {
                    to.clear();
                    let taken = self.say(&line, "250 2.0.0 ok").await?.starts_with("250");
                    begun = taken && line.starts_with("MAIL");
                }
                "QUIT" => return None,
                _ => _ = self.say(&line, "500 5.5.1 what").await?,
            }
        }
    }

    /// The scripted reply to a command, not yet used up.
    fn reply_to(&self, command: &str) -> Option<String> {
        let due = |left: &AtomicUsize| left.load(Ordering::SeqCst) > 0;
        self.script
            .replies
            .iter()
            .find(|(prefix, _, left)| command.starts_with(prefix) && due(left))
            .map(|found| found.1.clone())
    }

    async fn say(&mut self, command: &str, default: &str) -> Option<String> {
        let scripted = self.reply_to(command);
        if let Some((_, _, left)) = self
            .script
            .replies
            .iter()
            .find(|(prefix, _, left)| command.starts_with(prefix) && left.load(Ordering::SeqCst) > 0)
            && left.load(Ordering::SeqCst) != usize::MAX
        {
            left.fetch_sub(1, Ordering::SeqCst);
        }
        let reply = scripted.unwrap_or_else(|| default.to_owned());
        match reply.as_str() {
            CUT => return None,
            SILENCE => std::future::pending().await,
            _ => {}
        }
        let last = reply.strip_prefix(LAST);
        self.io.write_all(format!("{}\r\n", last.unwrap_or(&reply)).as_bytes()).await.ok()?;
        self.io.flush().await.ok()?;
        last.is_none().then_some(reply)
    }

    async fn encrypt(&mut self) -> Option<()> {
        match self.reply_to("HANDSHAKE").as_deref() {
            Some(CUT) => return None,
            Some(SILENCE) => std::future::pending().await,
            Some(raw) => {
                // Each character is a byte: no handshake of ours could say such a thing.
                let raw: Vec<u8> = raw.chars().map(|c| c as u8).collect();
                self.io.write_all(&raw).await.ok()?;
                self.io.flush().await.ok()?;
                std::future::pending().await
            }
            None => {}
        }
        let acceptor = TlsAcceptor::from(self.script.tls.clone().expect("a script with STARTTLS has a certificate"));
        let clear = std::mem::replace(&mut self.io, Box::new(tokio::io::duplex(1).0));
        self.io = Box::new(acceptor.accept(clear).await.ok()?);
        self.encrypted = true;
        Some(())
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            self.fill().await?;
        }
    }

    /// Up to the lone dot, with stuffed dots taken out again.
    async fn content(&mut self) -> Option<Vec<u8>> {
        if self.reply_to("BODY").is_some() {
            self.fill().await?;
            return None;
        }
        let mut content = Vec::new();
        loop {
            let end = loop {
                match self.buffer.iter().position(|b| *b == b'\n') {
                    Some(end) => break end,
                    None => self.fill().await?,
                }
            };
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            match line.as_slice() {
                b".\r\n" => return Some(content),
                [b'.', rest @ ..] => content.extend_from_slice(rest),
                line => content.extend_from_slice(line),
            }
        }
    }

    async fn fill(&mut self) -> Option<()> {
        let mut space = [0; 4096];
        let n = self.io.read(&mut space).await.ok().filter(|n| *n > 0)?;
        self.buffer.extend_from_slice(&space[..n]);
        Some(())
    }
}
