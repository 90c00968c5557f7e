//! The hash chain: each record's hash covers the one before it, so that a change shows.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::Event;

/// A SHA-256 value.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

/// An event with its place in the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Counted from 1 without a gap.
    pub seq: u64,
    /// The event exactly as hashed: compact JSON.
    pub text: String,
    pub hash: Hash,
}

/// The end of a chain: its last record's number and hash. Number 0 is the empty chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub seq: u64,
    pub hash: Hash,
}

/// The first bad record of a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("record {0}: its hash does not fit; it was changed, or a record before it was")]
    Changed(u64),
    #[error("record {0}: missing, out of order or put in later")]
    Order(u64),
    #[error("record {0}: missing; a signed checkpoint names it, so the end was cut off")]
    Cut(u64),
    #[error("record {0}: not the one that a signed checkpoint names; the account was replaced")]
    Replaced(u64),
    #[error("the checkpoint's signature is wrong")]
    Checkpoint,
}

impl Head {
    pub const EMPTY: Head = Head { seq: 0, hash: Hash([0; 32]) };

    /// The record that follows, with this text.
    pub fn next(&self, text: String) -> Record {
        let seq = self.seq + 1;
        Record { seq, hash: link(&self.hash, seq, text.as_bytes()), text }
    }
}

impl Record {
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }

    pub fn event(&self) -> Result<Event, serde_json::Error> {
        serde_json::from_str(&self.text)
    }

    /// One line of JSON Lines: `{"seq":…,"hash":"…","event":{…}}`. The event's text is kept byte for byte.
    pub fn to_json_line(&self) -> String {
        format!("{{\"seq\":{},\"hash\":\"{}\",\"event\":{}}}", self.seq, self.hash, self.text)
    }
}

/// Checks records in order, so that a long account needs little memory.
pub struct Verifier {
    head: Head,
    /// Heads that signed checkpoints name, ascending.
    expected: Vec<Head>,
}

impl Verifier {
    /// `checkpoints` are heads known from elsewhere to have stood in this chain.
    pub fn new(mut checkpoints: Vec<Head>) -> Self {
        checkpoints.sort_by_key(|head| head.seq);
        Self { head: Head::EMPTY, expected: checkpoints }
    }

    pub fn check(&mut self, record: &Record) -> Result<(), Fault> {
        if record.seq != self.head.seq + 1 {
            return Err(Fault::Order(self.head.seq + 1));
        }
        if link(&self.head.hash, record.seq, record.text.as_bytes()) != record.hash {
            return Err(Fault::Changed(record.seq));
        }
        self.head = record.head();
        let replaced = |head: &Head| head.seq == record.seq && head.hash != record.hash;
        if self.expected.iter().any(replaced) { Err(Fault::Replaced(record.seq)) } else { Ok(()) }
    }

    /// After the last record: no checkpoint lies beyond it.
    pub fn finish(self) -> Result<Head, Fault> {
        match self.expected.last() {
            Some(last) if last.seq > self.head.seq => Err(Fault::Cut(self.head.seq + 1)),
            _ => Ok(self.head),
        }
    }
}

/// Checks a whole chain.
pub fn verify<'a>(records: impl IntoIterator<Item = &'a Record>, checkpoints: Vec<Head>) -> Result<Head, Fault> {
    let mut verifier = Verifier::new(checkpoints);
    for record in records {
        verifier.check(record)?;
    }
    verifier.finish()
}

/// The number is hashed too, so that records can't be renumbered.
fn link(before: &Hash, seq: u64, text: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&before.0);
    context.update(&seq.to_be_bytes());
    context.update(text);
    Hash(context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes"))
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> String {
        hash.to_string()
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() != 64 || !text.is_ascii() {
            return Err("a hash has 64 hexadecimal digits");
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| "a hash is hexadecimal")?;
        }
        Ok(Hash(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(texts: &[&str]) -> Vec<Record> {
        let mut head = Head::EMPTY;
        let link = |text: &&str| {
            let record = head.next((*text).to_owned());
            head = record.head();
            record
        };
        texts.iter().map(link).collect()
    }

    #[test]
    fn an_untouched_chain_verifies_to_its_head() {
        let records = chain(&["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]);
        assert_eq!(verify(&records, vec![]), Ok(records[2].head()));
        assert_eq!(verify(&records, vec![records[1].head()]), Ok(records[2].head()));
        assert_eq!(verify(&[], vec![]), Ok(Head::EMPTY));
    }

    /// T247: every way to tamper is noticed, and the first bad record is named.
    #[test]
    fn tampering_names_the_first_bad_record() {
        let good = chain(&["one", "two", "three", "four"]);
        let end = good[3].head();

        let mut changed = good.clone();
        changed[1].text = "TWO".to_owned();
        assert_eq!(verify(&changed, vec![]), Err(Fault::Changed(2)));

        let mut deleted = good.clone();
        deleted.remove(1);
        assert_eq!(verify(&deleted, vec![]), Err(Fault::Order(2)));

        let mut inserted = good.clone();
        inserted.insert(2, good[1].clone());
        assert_eq!(verify(&inserted, vec![]), Err(Fault::Order(3)));

        let mut reordered = good.clone();
        reordered.swap(1, 2);
        assert_eq!(verify(&reordered, vec![]), Err(Fault::Order(2)));

        assert_eq!(verify(&good[..2], vec![end]), Err(Fault::Cut(3)));
        assert_eq!(verify(&chain(&["w", "x", "y", "z"]), vec![end]), Err(Fault::Replaced(4)));
    }

    #[test]
    fn a_renumbered_record_does_not_fit() {
        let mut records = chain(&["one", "two"]);
        records.remove(0);
        records[0].seq = 1;
        assert_eq!(verify(&records, vec![]), Err(Fault::Changed(1)));
    }
}
