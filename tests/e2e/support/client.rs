//! An SMTP client that says just what it is told and hands back what it hears.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// One connection to a listener.
pub struct Client {
    stream: BufReader<Box<dyn Wire>>,
}

trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

impl Client {
    /// Connects and reads the greeting.
    pub fn connect(to: SocketAddr) -> Client {
        let mut client = Client::connect_silently(to);
        let greeting = client.reply();
        assert!(greeting.starts_with("220 "), "{greeting}");
        client
    }

    /// Connects and reads nothing.
    pub fn connect_silently(to: SocketAddr) -> Client {
        let socket = TcpStream::connect(to).expect("a connection");
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a deadline");
        socket.set_nodelay(true).expect("no delay");
        Client { stream: BufReader::new(Box::new(socket)) }
    }

    /// Connects, says EHLO, STARTTLS, and EHLO again inside TLS, trusting anybody.
    pub fn connect_tls(to: SocketAddr) -> Client {
        let socket = TcpStream::connect(to).expect("a connection");
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a deadline");
        let mut plain = BufReader::new(socket);
        for say in ["", "EHLO client.example\r\n", "STARTTLS\r\n"] {
            plain.get_mut().write_all(say.as_bytes()).expect("a command");
            let answer = read_reply(&mut plain);
            assert!(answer.starts_with('2'), "{answer}");
        }
        let config = super::certificates::trust_anybody();
        let name = rustls::pki_types::ServerName::try_from("gw.clinic.example").expect("a name");
        let session = rustls::ClientConnection::new(Arc::new(config), name).expect("a TLS session");
        let stream = rustls::StreamOwned::new(session, plain.into_inner());
        let mut client = Client { stream: BufReader::new(Box::new(stream)) };
        client.ehlo();
        client
    }

    pub fn ehlo(&mut self) -> String {
        let answer = self.say("EHLO client.example");
        assert!(answer.starts_with("250"), "{answer}");
        answer
    }

    /// Sends a line and reads the reply.
    pub fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        self.reply()
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).expect("the gateway reads");
    }

    /// Sends bytes; whether the connection still took them.
    pub fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.get_mut().write_all(bytes).is_ok()
    }

    /// One whole reply, its lines joined by a line feed. Empty at the end of the connection.
    pub fn reply(&mut self) -> String {
        read_reply(&mut self.stream)
    }

    /// MAIL, RCPT for each, DATA, content; the reply to the final dot.
    pub fn deliver(&mut self, to: &[&str], content: &str) -> String {
        self.deliver_from("ann@clinic.example", to, content)
    }

    pub fn deliver_from(&mut self, from: &str, to: &[&str], content: &str) -> String {
        let answer = self.say(&format!("MAIL FROM:<{from}>"));
        assert!(answer.starts_with("250"), "{answer}");
        for recipient in to {
            let answer = self.say(&format!("RCPT TO:<{recipient}>"));
            assert!(answer.starts_with("250"), "{answer}");
        }
        let answer = self.say("DATA");
        assert!(answer.starts_with("354"), "{answer}");
        let stuffed = content.replace("\r\n.", "\r\n..");
        self.send(stuffed.as_bytes());
        if !stuffed.ends_with("\r\n") {
            self.send(b"\r\n");
        }
        self.say(".")
    }
}

/// The id in `250 2.0.0 Ok <id> …`.
pub fn id_of(reply: &str) -> String {
    let id = reply.strip_prefix("250 2.0.0 Ok ").unwrap_or_else(|| panic!("not accepted: {reply}"));
    id.split(' ').next().expect("an id").to_owned()
}

fn read_reply(stream: &mut impl BufRead) -> String {
    let mut lines: Vec<String> = Vec::new();
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line) {
            Ok(0) | Err(_) => return lines.join("\n"),
            Ok(_) => {}
        }
        let last = line.as_bytes().get(3) != Some(&b'-');
        lines.push(line.trim_end().to_owned());
        if last {
            return lines.join("\n");
        }
    }
}
