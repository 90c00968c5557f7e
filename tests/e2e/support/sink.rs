//! "The internet": a next hop that answers as its script says and keeps what it was given.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// A next hop on loopback.
pub struct Sink {
    pub address: SocketAddr,
    kept: Arc<Kept>,
    ended: Arc<AtomicBool>,
}

/// One transaction that the sink answered with `250`.
#[derive(Clone, Debug)]
pub struct Received {
    pub tls: bool,
    pub mail: String,
    pub recipients: Vec<String>,
    pub content: String,
}

/// How the sink behaves.
#[derive(Clone)]
pub struct Script {
    /// Offers STARTTLS with this certificate.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// The reply to a command line; `None` for the ordinary one.
    pub reply: Arc<Replies>,
    /// The reply to the final dot.
    pub dot: Arc<dyn Fn(&str) -> String + Send + Sync>,
}

impl Default for Script {
    fn default() -> Script {
        Script { tls: None, reply: Arc::new(|_| None), dot: Arc::new(|_| "250 2.0.0 taken".to_owned()) }
    }
}

type Replies = dyn Fn(&str) -> Option<String> + Send + Sync;

#[derive(Default)]
struct Kept {
    received: Mutex<Vec<Received>>,
    more: Condvar,
    commands: Mutex<Vec<String>>,
}

impl Sink {
    /// Takes everything, without TLS.
    pub fn plain() -> Sink {
        Sink::start(Script::default())
    }

    /// Takes everything, with STARTTLS.
    pub fn tls(config: Arc<rustls::ServerConfig>) -> Sink {
        Sink::start(Script { tls: Some(config), ..Script::default() })
    }

    pub fn start(script: Script) -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        Sink::start_on(listener, script)
    }

    pub fn start_on(listener: TcpListener, script: Script) -> Sink {
        let address = listener.local_addr().expect("its address");
        let kept = Arc::new(Kept::default());
        let ended = Arc::new(AtomicBool::new(false));
        let (keeps, ends) = (Arc::clone(&kept), Arc::clone(&ended));
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                let (keeps, script) = (Arc::clone(&keeps), script.clone());
                std::thread::spawn(move || serve(socket, &script, &keeps));
            }
        });
        Sink { address, kept, ended }
    }

    /// Waits until so many transactions were taken.
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        let received = self.kept.received.lock().expect("what was received");
        let (received, waited) = self
            .kept
            .more
            .wait_timeout_while(received, Duration::from_secs(30), |received| received.len() < count)
            .expect("what was received");
        assert!(!waited.timed_out(), "only {} of {count} messages came", received.len());
        received.clone()
    }

    pub fn received(&self) -> Vec<Received> {
        self.kept.received.lock().expect("what was received").clone()
    }

    /// Every command line that came, over all connections.
    pub fn commands(&self) -> Vec<String> {
        self.kept.commands.lock().expect("the commands").clone()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(socket: TcpStream, script: &Script, kept: &Kept) {
    let _ = socket.set_nodelay(true);
    let mut plain = BufReader::new(socket);
    if talk(&mut plain, script, kept, Encryption::Offered).is_none() {
        return;
    }
    let config = script.tls.clone().expect("STARTTLS was offered");
    let session = rustls::ServerConnection::new(config).expect("a TLS session");
    let mut secure = BufReader::new(rustls::StreamOwned::new(session, plain.into_inner()));
    talk(&mut secure, script, kept, Encryption::On);
}

#[derive(PartialEq)]
enum Encryption {
    Offered,
    On,
}

/// Speaks until the end; `Some` when the client wants TLS now.
fn talk(stream: &mut BufReader<impl Read + Write>, script: &Script, kept: &Kept, encryption: Encryption) -> Option<()> {
    let tls = encryption == Encryption::On;
    let mut mail = String::new();
    let mut recipients: Vec<String> = Vec::new();
    if !tls {
        say(stream, &(script.reply)("").unwrap_or_else(|| "220 sink.example ESMTP".to_owned()))?;
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        kept.commands.lock().expect("the commands").push(line.clone());
        let verb = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
        if let Some(answer) = (script.reply)(&line) {
            if answer.is_empty() {
                return None;
            }
            say(stream, &answer)?;
            continue;
        }
        match verb.as_str() {
            "EHLO" => {
                let starttls = if script.tls.is_some() && !tls { "250-STARTTLS\r\n" } else { "" };
                say(stream, &format!("250-sink.example\r\n{starttls}250-8BITMIME\r\n250-PIPELINING\r\n250 SMTPUTF8"))?;
            }
            "STARTTLS" => {
                say(stream, "220 2.0.0 go ahead")?;
                return Some(());
            }
            "MAIL" => {
                mail = line;
                recipients.clear();
                say(stream, "250 2.1.0 ok")?;
            }
            "RCPT" => {
                recipients.push(line["RCPT TO:".len()..].trim().to_owned());
                say(stream, "250 2.1.5 ok")?;
            }
            "DATA" => {
                say(stream, "354 go ahead")?;
                let content = read_content(stream)?;
                let answer = (script.dot)(&content);
                if answer.is_empty() {
                    return None;
                }
                if answer.starts_with('2') {
                    let mut received = kept.received.lock().expect("what was received");
                    received.push(Received { tls, mail: mail.clone(), recipients: recipients.clone(), content });
                    kept.more.notify_all();
                }
                say(stream, &answer)?;
            }
            "QUIT" => {
                say(stream, "221 2.0.0 bye")?;
                return None;
            }
            _ => say(stream, "250 2.0.0 ok")?,
        }
    }
}

fn say(stream: &mut BufReader<impl Read + Write>, line: &str) -> Option<()> {
    stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).ok()?;
    stream.get_mut().flush().ok()
}

/// Up to CRLF.CRLF, unstuffed.
fn read_content(stream: &mut impl BufRead) -> Option<String> {
    let mut content = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        match line.as_slice() {
            b".\r\n" => return Some(String::from_utf8_lossy(&content).into_owned()),
            [b'.', rest @ ..] => content.extend_from_slice(rest),
            whole => content.extend_from_slice(whole),
        }
    }
}
