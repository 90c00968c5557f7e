//! An envelope to test with. Tests change what matters to them.

use jiff::Timestamp;

use super::{Address, Body, Client, Envelope, Notify, QueueId, Recipient, ReversePath};

/// From `ann@clinic.example` by source `office`.
///
/// # Panics
/// If one of `to` is no address.
pub fn envelope(id: QueueId, to: &[&str], received: Timestamp) -> Envelope {
    let recipient = |to: &&str| Recipient { address: address(to), notify: Notify::DEFAULT, orcpt: None };
    Envelope {
        id,
        reverse_path: ReversePath::Address(address("ann@clinic.example")),
        recipients: to.iter().map(recipient).collect(),
        body: Body::EightBitMime,
        smtputf8: false,
        require_tls: false,
        ret: None,
        envid: None,
        source: "office".to_owned(),
        client: Client {
            ip: [192, 0, 2, 1].into(),
            helo: "client".to_owned(),
            extended: true,
            listener: "relay".to_owned(),
            user: None,
            tls: None,
        },
        received,
    }
}

fn address(text: &str) -> Address {
    text.parse().expect("a test names real addresses")
}
