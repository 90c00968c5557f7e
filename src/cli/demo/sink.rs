//! A receiving mail server for the demonstration: it plays the internet.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the sink took, by recipient.
#[derive(Clone, Debug)]
pub struct Taken {
    pub recipient: String,
    pub subject: String,
    pub over_tls: bool,
}

/// A sink on a port that the system chose. It ends with the runtime.
pub struct Sink {
    pub address: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
}

/// A certificate for a name, signed by itself, and its key.
pub struct Identity {
    pub certificate: String,
    key: String,
}

impl Identity {
    pub fn new(name: &str) -> Result<Self, rcgen::Error> {
        let made = rcgen::generate_simple_self_signed([name.to_owned()])?;
        Ok(Self { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() })
    }

    fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes()).map_err(io::Error::other)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(io::Error::other)?;
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .map_err(io::Error::other)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl Sink {
    /// Opens a sink; without an identity it offers no TLS.
    pub async fn open(name: &'static str, identity: Option<&Identity>) -> io::Result<Self> {
        let acceptor = identity.map(Identity::acceptor).transpose()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let taken = Arc::new(Mutex::new(Vec::new()));
        let shelf = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(name, stream, acceptor.clone(), Arc::clone(&shelf)));
            }
        });
        Ok(Self { address, taken })
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().expect("no holder of this lock panics").clone()
    }
}

/// One connection. How it ends is for the client to see.
async fn serve(name: &str, stream: TcpStream, acceptor: Option<TlsAcceptor>, shelf: Arc<Mutex<Vec<Taken>>>) {
    let session = async {
        let mut stream = BufReader::new(stream);
        stream.write_all(format!("220 {name} ESMTP\r\n").as_bytes()).await?;
        let wants_tls = converse(name, &mut stream, acceptor.is_some(), false, &shelf).await?;
        match acceptor {
            Some(acceptor) if wants_tls => {
                let mut stream = BufReader::new(acceptor.accept(stream.into_inner()).await?);
                converse(name, &mut stream, false, true, &shelf).await
            }
            _ => Ok(false),
        }
    };
    _ = tokio::time::timeout(Duration::from_secs(60), session).await;
}

/// Answers commands until the client quits (`false`) or starts TLS (`true`).
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    name: &str,
    stream: &mut BufReader<S>,
    offers_tls: bool,
    over_tls: bool,
    shelf: &Mutex<Vec<Taken>>,
) -> io::Result<bool> {
    let mut recipients = Vec::new();
    loop {
        let Some(line) = line(stream).await? else { return Ok(false) };
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" if offers_tls => format!("250-{name}\r\n250-STARTTLS\r\n250 8BITMIME\r\n"),
            "EHLO" => format!("250-{name}\r\n250 8BITMIME\r\n"),
            "STAR" if offers_tls => {
                stream.write_all(b"220 go ahead\r\n").await?;
                return Ok(true);
            }
            "RCPT" => {
                let path = line.split(['<', '>']).nth(1).unwrap_or_default();
                recipients.push(path.to_owned());
                "250 ok\r\n".to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 go ahead\r\n").await?;
                let subject = content(stream).await?;
                let mut shelf = shelf.lock().expect("no holder of this lock panics");
                shelf.extend(recipients.drain(..).map(|recipient| Taken {
                    recipient,
                    subject: subject.clone(),
                    over_tls,
                }));
                "250 taken\r\n".to_owned()
            }
            "MAIL" | "RSET" | "NOOP" => "250 ok\r\n".to_owned(),
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(false);
            }
            _ => "502 not here\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// Reads content up to its end and gives its subject.
async fn content<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<String> {
    let mut subject = String::new();
    loop {
        let Some(line) = line(stream).await? else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        if line == "." {
            return Ok(subject);
        }
        if let Some(text) = line.strip_prefix("Subject: ")
            && subject.is_empty()
        {
            subject = text.to_owned();
        }
    }
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if stream.read_until(b'\n', &mut bytes).await? == 0 {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned()))
}
