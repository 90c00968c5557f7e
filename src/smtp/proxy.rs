//! The PROXY protocol, versions 1 and 2: the client's address as a load balancer tells it.
//!
//! It is spoken only by listed peers, and must be: whoever could add such a header could pick the
//! network it relays from. The header is read to its last byte and no further, since TLS may follow.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncRead, AsyncReadExt};

const V2_SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// CRLF included, by the specification.
const V1_LONGEST: usize = 107;
/// Addresses, and more TLVs than any balancer sends.
const V2_LONGEST: usize = 2048;

/// Who the header says the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Client(IpAddr),
    /// `LOCAL` or `UNKNOWN`: the balancer itself, looking whether we live.
    Peer,
}

/// Reads the header that must come first.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Told> {
    let mut start = [0; 6];
    stream.read_exact(&mut start).await?;
    if &start == b"PROXY " {
        return read_v1(stream).await;
    }
    // Whoever speaks SMTP at once sends less than the other header has, and waits for an answer.
    if !V2_SIGNATURE.starts_with(&start) {
        return Err(malformed());
    }
    let mut rest = [0; 10];
    stream.read_exact(&mut rest).await?;
    if rest[..6] != V2_SIGNATURE[6..] {
        return Err(malformed());
    }
    let length = usize::from(u16::from_be_bytes([rest[8], rest[9]]));
    if length > V2_LONGEST {
        return Err(malformed());
    }
    let mut block = vec![0; length];
    stream.read_exact(&mut block).await?;
    parse_v2(rest[6], rest[7], &block).ok_or_else(malformed)
}

/// Byte by byte: a text line has no length in front, and what follows it is not ours to take.
async fn read_v1(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Told> {
    let mut line = Vec::with_capacity(V1_LONGEST);
    while !line.ends_with(b"\r\n") {
        if line.len() >= V1_LONGEST - "PROXY ".len() {
            return Err(malformed());
        }
        line.push(stream.read_u8().await?);
    }
    let text = std::str::from_utf8(&line[..line.len() - 2]).map_err(|_| malformed())?;
    parse_v1(text).ok_or_else(malformed)
}

/// What follows `PROXY `: `TCP4 192.0.2.1 198.51.100.1 56324 25`.
fn parse_v1(text: &str) -> Option<Told> {
    let words: Vec<&str> = text.split(' ').collect();
    match words.as_slice() {
        ["UNKNOWN", ..] => Some(Told::Peer),
        [family, source, target, source_port, target_port] => {
            let source: IpAddr = source.parse().ok()?;
            let target: IpAddr = target.parse().ok()?;
            source_port.parse::<u16>().ok()?;
            target_port.parse::<u16>().ok()?;
            let fits = match *family {
                "TCP4" => source.is_ipv4() && target.is_ipv4(),
                "TCP6" => source.is_ipv6() && target.is_ipv6(),
                _ => false,
            };
            fits.then_some(Told::Client(source))
        }
        _ => None,
    }
}

fn parse_v2(version_command: u8, family: u8, block: &[u8]) -> Option<Told> {
    match (version_command, family) {
        (0x20, _) => Some(Told::Peer),
        (0x21, 0x11) => {
            let source: [u8; 4] = block.get(..12)?[..4].try_into().ok()?;
            Some(Told::Client(Ipv4Addr::from(source).into()))
        }
        (0x21, 0x21) => {
            let source: [u8; 16] = block.get(..36)?[..16].try_into().ok()?;
            Some(Told::Client(Ipv6Addr::from(source).into()))
        }
        _ => None,
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a PROXY header")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was told, and what was left for SMTP.
    async fn told(bytes: &[u8]) -> Option<(Told, Vec<u8>)> {
        let mut stream = bytes;
        let told = read(&mut stream).await.ok()?;
        Some((told, stream.to_vec()))
    }

    #[tokio::test]
    async fn both_versions_are_read_to_their_last_byte() {
        let v4 = Told::Client("192.0.2.7".parse().unwrap());
        let v2 = |command: u8, family: u8, block: &[u8]| {
            [V2_SIGNATURE, &[command, family][..], &(block.len() as u16).to_be_bytes(), block, b"EHLO"].concat()
        };
        let block4 = [192, 0, 2, 7, 10, 0, 0, 1, 1, 2, 0, 25];
        let mut block6 = [0; 36];
        block6[15] = 9;
        for (bytes, expected) in [
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 40000 25\r\nEHLO".to_vec(), v4),
            (b"PROXY TCP6 ::9 ::1 40000 25\r\nEHLO".to_vec(), Told::Client("::9".parse().unwrap())),
            (b"PROXY UNKNOWN\r\nEHLO".to_vec(), Told::Peer),
            (v2(0x21, 0x11, &block4), v4),
            (v2(0x21, 0x21, &block6), Told::Client("::9".parse().unwrap())),
            (v2(0x20, 0, &[]), Told::Peer),
        ] {
            assert_eq!(told(&bytes).await, Some((expected, b"EHLO".to_vec())));
        }
    }

    #[tokio::test]
    async fn anything_else_is_no_header() {
        let long = format!("PROXY TCP4 {} 10.0.0.1 1 25\r\n", "1".repeat(120));
        for bytes in [
            &b"EHLO client.example\r\n"[..],
            b"PROXY TCP4 192.0.2.7 10.0.0.1 40000\r\n",
            b"PROXY TCP4 ::1 10.0.0.1 40000 25\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.1 40000 250000\r\n",
            b"PROXY UDP4 192.0.2.7 10.0.0.1 40000 25\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x04abcd",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
            long.as_bytes(),
        ] {
            assert_eq!(told(bytes).await, None, "{}", bytes.escape_ascii());
        }
    }

    #[tokio::test]
    async fn a_client_that_speaks_smtp_at_once_is_not_waited_for() {
        let (mut ours, mut client) = tokio::io::duplex(64);
        tokio::io::AsyncWriteExt::write_all(&mut client, b"EHLO t\r\n").await.unwrap();
        assert!(read(&mut ours).await.is_err(), "while the client keeps the connection open");
    }
}
