//! Whether a row is as we wrote it. SQLite has no checksums: a flipped bit in an address would
//! send mail to somebody else, and a moved row would give one message another's decision.

use aws_lc_rs::hmac::{self, HMAC_SHA256};

use super::state;
use crate::keys::BodyKey;
use crate::mail::QueueId;
use crate::store::MessageState;

/// Makes and checks the marks of rows: HMAC-SHA-256 over their id and text, cut to 128 bits.
#[derive(Clone)]
pub struct Integrity {
    key: hmac::Key,
}

/// What a row is marked with.
pub type Mark = [u8; 16];

impl Integrity {
    pub fn new(key: &BodyKey) -> Self {
        Self { key: hmac::Key::new(HMAC_SHA256, key.bytes()) }
    }

    /// The mark of a message's fixed part.
    pub fn message(&self, id: QueueId, envelope: &str, facts: &str, decision: Option<&str>) -> Mark {
        self.mark(1, id, &[envelope, facts, decision.unwrap_or_default()])
    }

    /// The mark of where it stands.
    pub fn standing(&self, id: QueueId, state: MessageState, recipients: &str) -> Mark {
        self.mark(2 + state::number(state) as u8, id, &[recipients])
    }

    /// The mark of a recipient's consent: a row that somebody else wrote must open no mail.
    pub fn waiver(&self, id: &str, address: &str, text: &str) -> Mark {
        self.mark(64, QueueId::from_bytes([0; 16]), &[id, address, text])
    }

    fn mark(&self, kind: u8, id: QueueId, texts: &[&str]) -> Mark {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"waxseal row 1");
        context.update(&[kind]);
        context.update(id.as_bytes());
        for text in texts {
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        }
        context.sign().as_ref()[..16].try_into().expect("an HMAC-SHA-256 is longer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_depends_on_every_part() {
        let integrity = Integrity::new(&BodyKey::generate().unwrap());
        let id = |number| QueueId::new(number, &[0; 10]);
        let mark = integrity.message(id(1), "envelope", "facts", Some("decision"));
        assert_eq!(mark, integrity.message(id(1), "envelope", "facts", Some("decision")));
        for other in [
            integrity.message(id(2), "envelope", "facts", Some("decision")),
            integrity.message(id(1), "envelopf", "acts", Some("decision")),
            integrity.message(id(1), "envelope", "facts", None),
            integrity.standing(id(1), MessageState::Queued, "envelope"),
            integrity.waiver("envelope", "facts", "decision"),
            Integrity::new(&BodyKey::generate().unwrap()).message(id(1), "envelope", "facts", Some("decision")),
        ] {
            assert_ne!(mark, other);
        }
    }
}
