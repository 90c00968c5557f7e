//! The real clock, randomness and dialer.

use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use tokio::net::TcpSocket;

use super::{Clock, Dialer, Random, Stream};

/// The system's wall time.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Randomness from the one cryptographic provider.
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // There is no safe way on without randomness: ids and keys would repeat.
        aws_lc_rs::rand::fill(bytes).expect("the system gives randomness");
    }
}

/// Connects over TCP.
pub struct TcpDialer;

#[async_trait]
impl Dialer for TcpDialer {
    async fn connect(&self, to: SocketAddr, from: Option<IpAddr>) -> std::io::Result<Box<dyn Stream>> {
        let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A source address of the other family can't serve this hop; the system then chooses.
        if let Some(from) = from.filter(|from| from.is_ipv4() == to.is_ipv4()) {
            socket.bind(SocketAddr::new(from, 0))?;
        }
        socket.set_nodelay(true)?;
        Ok(Box::new(socket.connect(to).await?))
    }
}

/// The certificates that this system trusts. Unreadable ones are left out: fewer roots can only
/// make less verify.
pub fn system_roots() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}
