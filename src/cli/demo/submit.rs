//! The clinic's mail system: hands mail to the gateway over SMTP, as any would.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Sends one mail and gives the last reply: that of the content, or the first refusal.
pub async fn submit(to: SocketAddr, from: &str, recipients: &[String], content: &[u8]) -> io::Result<String> {
    let mut stream = BufReader::new(TcpStream::connect(to).await?);
    reply(&mut stream).await?;
    let mut commands = vec!["EHLO mail.clinic.example".to_owned(), format!("MAIL FROM:<{from}>")];
    commands.extend(recipients.iter().map(|recipient| format!("RCPT TO:<{recipient}>")));
    commands.push("DATA".to_owned());
    for command in commands {
        stream.write_all(format!("{command}\r\n").as_bytes()).await?;
        let answer = reply(&mut stream).await?;
        if !answer.starts_with(['2', '3']) {
            return Ok(answer);
        }
    }
    stream.write_all(&stuffed(content)).await?;
    stream.write_all(b".\r\n").await?;
    let answer = reply(&mut stream).await?;
    stream.write_all(b"QUIT\r\n").await?;
    Ok(answer)
}

/// A dot at the start of a line is doubled (RFC 5321 §4.5.2).
fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 16);
    let mut line_starts = true;
    for (at, &byte) in content.iter().enumerate() {
        if line_starts && byte == b'.' {
            out.push(b'.');
        }
        out.push(byte);
        line_starts = byte == b'\n' && at > 0 && content[at - 1] == b'\r';
    }
    out
}

/// The last line of a reply.
async fn reply(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(line.trim_end().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dots_after_crlf_are_doubled() {
        assert_eq!(stuffed(b".a\r\n..\r\nb\n.\r\n"), b"..a\r\n...\r\nb\n.\r\n");
    }
}
