//! Networks in CIDR form, for sources and for peers that may speak PROXY.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// `192.0.2.0/24`, `2001:db8::/32`, or one address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// IPv4 as IPv4-mapped IPv6, so that one comparison serves both.
    base: u128,
    bits: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    #[error("{0:?} is not an address or a network such as 192.0.2.0/24")]
    Shape(String),
    #[error("{0:?} has bits set beyond its prefix; the network is {1}")]
    HostBits(String, Network),
}

impl Network {
    /// Every address there is.
    pub fn contains(&self, ip: IpAddr) -> bool {
        (number(ip) ^ self.base) & mask(self.bits) == 0
    }

    /// Whether it holds nothing but addresses of this machine.
    pub fn is_loopback(&self) -> bool {
        let loopback4 = Network { base: number(IpAddr::from([127, 0, 0, 0])), bits: 96 + 8 };
        let loopback6 = Network { base: 1, bits: 128 };
        [loopback4, loopback6]
            .iter()
            .any(|wide| self.bits >= wide.bits && (self.base ^ wide.base) & mask(wide.bits) == 0)
    }
}

/// The network that one client is counted by: its address, or for IPv6 its /64, since any host
/// there can take any address of it.
pub(super) fn client_key(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(_) => number(ip),
        IpAddr::V6(_) => number(ip) & mask(64),
    }
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

fn mask(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let shape = || NetworkError::Shape(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| shape())?)),
            None => (text, None),
        };
        let ip: IpAddr = address.parse().map_err(|_| shape())?;
        let (width, lead) = if ip.is_ipv4() { (32, 96) } else { (128, 0) };
        let prefix = prefix.unwrap_or(width);
        if prefix > width {
            return Err(shape());
        }
        let bits = lead + prefix;
        let network = Network { base: number(ip) & mask(bits), bits };
        // `10.1.2.3/8` is nearly always a slip, and would let in far more than one host.
        if network.base != number(ip) {
            return Err(NetworkError::HostBits(text.to_owned(), network));
        }
        Ok(network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ip = Ipv6Addr::from_bits(self.base);
        match ip.to_ipv4_mapped() {
            Some(ip) if self.bits >= 96 => write!(f, "{ip}/{}", self.bits - 96),
            _ => write!(f, "{ip}/{}", self.bits),
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        for (network, ip, inside) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", true),
            // A dual-stack socket shows an IPv4 client in mapped form.
            ("127.0.0.0/8", "::ffff:127.0.0.1", true),
        ] {
            assert_eq!(network.parse::<Network>().unwrap().contains(ip.parse().unwrap()), inside, "{network} {ip}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_its_mend() {
        for text in ["", "10.0.0.0/33", "10.0.0/8", "a/8", "10.0.0.0/-1", "::/129"] {
            assert!(matches!(text.parse::<Network>(), Err(NetworkError::Shape(_))), "{text}");
        }
        let error = "10.1.2.3/8".parse::<Network>().unwrap_err().to_string();
        assert!(error.ends_with("the network is 10.0.0.0/8"), "{error}");
    }

    #[test]
    fn loopback_is_known() {
        for (network, loopback) in
            [("127.0.0.0/8", true), ("127.0.0.1", true), ("::1", true), ("0.0.0.0/0", false), ("::/0", false)]
        {
            assert_eq!(network.parse::<Network>().unwrap().is_loopback(), loopback, "{network}");
        }
    }

    #[test]
    fn an_ipv6_client_is_counted_by_its_64() {
        let key = |ip: &str| client_key(ip.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
    }
}
