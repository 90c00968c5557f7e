//! Mail of our own: notifications and notices. Null reverse path, never held, never answered.

use jiff::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;

use crate::audit::{Event, EventKind};
use crate::mail::{Address, Body, Client, Content, Domain, Envelope, Notify, QueueId, Recipient, ReversePath};
use crate::policy::{Decision, Level, Method, Reason, RecipientDecision};
use crate::store::{Arrival, Decided, Facts, RecipientRecord, RecipientState};

/// Who our own mail comes from, and how it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnMail {
    pub hostname: Domain,
    pub postmaster: Address,
    /// The level asked of its transport: `policy.clean`.
    pub level: Level,
}

impl Default for OwnMail {
    fn default() -> Self {
        let hostname: Domain = "localhost".parse().expect("a domain");
        let postmaster = Address::new("postmaster", hostname.clone()).expect("an address");
        Self { hostname, postmaster, level: Level::Tls }
    }
}

impl OwnMail {
    /// A message from us with this subject and body. It says nothing that it isn't given.
    pub fn write(&self, id: QueueId, to: &[Address], subject: &str, now: Timestamp, body: MimePart) -> Vec<u8> {
        let addresses: Vec<String> = to.iter().map(|address| format!("<{address}>")).collect();
        MessageBuilder::new()
            .header("From", Raw::new(format!("Waxseal <{}>", self.postmaster)))
            .header("To", Raw::new(addresses.join(", ")))
            .subject(subject)
            .date(Date::new(now.as_second()))
            .message_id(MessageId::new(format!("{id}@{}", self.hostname)))
            // RFC 3834 §5: nobody's vacation programme shall answer.
            .header("Auto-Submitted", Raw::new("auto-replied"))
            .body(body)
            .write_to_vec()
            .expect("writing to memory can't fail")
    }

    /// An arrival of our own, decided beforehand: due at once by transport, else it waits.
    pub fn arrival(&self, id: QueueId, to: &[Address], content: Vec<u8>, why: &str, now: Timestamp) -> Arrival {
        let envelope = self.envelope(id, to, now);
        let decision = self.decision(to, why);
        let size = content.len() as u64;
        let detail = serde_json::Map::from_iter([("own".to_owned(), why.into())]);
        let event = Event { at: now, actor: "gateway".to_owned(), kind: EventKind::Decided, message: Some(id), detail };
        Arrival {
            envelope,
            content: Content::Memory(content.into()),
            decided: Some(Decided {
                decision,
                states: vec![RecipientState::Pending; to.len()],
                events: Vec::new(),
                own_mail: Vec::new(),
                leased: false,
            }),
            facts: Facts {
                author: Some(self.postmaster.clone()),
                message_id: Some(format!("{id}@{}", self.hostname)),
                subject: None,
                date: None,
                size,
                own: true,
            },
            events: vec![event],
            leased: false,
        }
    }

    /// Tells the postmaster that a message can't be read back as it was accepted, and is held.
    pub fn report_damaged(&self, id: QueueId, about: QueueId, now: Timestamp) -> Arrival {
        let to = [self.postmaster.clone()];
        let text = format!(
            "The stored content of message {about} can't be read back as it was accepted.\r\n\
             It is held and will not be sent. Ask its sender to send it again, then delete it:\r\n\
             \r\n    waxseal quarantine show {about}\r\n    waxseal queue delete {about}\r\n",
        );
        let content = self.write(id, &to, "A stored message is damaged", now, text_part(text));
        self.arrival(id, &to, content, &format!("damaged content of {about}"), now)
    }

    /// Tells the postmaster that a notification, ours or another's, did not reach these people.
    pub fn report_undelivered<'a>(
        &self,
        id: QueueId,
        about: QueueId,
        lost: impl Iterator<Item = &'a RecipientRecord>,
        now: Timestamp,
    ) -> Arrival {
        let to = [self.postmaster.clone()];
        let mut text =
            format!("A notification ({about}), which nobody can be told of, could not be delivered to:\r\n\r\n");
        for recipient in lost {
            let reply = recipient.last_reply.as_deref().unwrap_or("no reply");
            text.push_str(&format!("    {}: {}\r\n", recipient.address, printable(reply, 100)));
        }
        text.push_str(&format!("\r\nWhat it was about:\r\n\r\n    waxseal trace {about}\r\n"));
        let content = self.write(id, &to, "A notification could not be delivered", now, text_part(text));
        self.arrival(id, &to, content, &format!("undeliverable notification {about}"), now)
    }

    fn envelope(&self, id: QueueId, to: &[Address], now: Timestamp) -> Envelope {
        let recipient = |address: &Address| Recipient { address: address.clone(), notify: Notify::NEVER, orcpt: None };
        Envelope {
            id,
            reverse_path: ReversePath::Null,
            recipients: to.iter().map(recipient).collect(),
            body: Body::EightBitMime,
            smtputf8: to.iter().any(Address::needs_smtputf8),
            require_tls: false,
            ret: None,
            envid: None,
            source: "waxseal".to_owned(),
            client: Client {
                ip: std::net::Ipv4Addr::LOCALHOST.into(),
                helo: self.hostname.to_string(),
                extended: true,
                listener: "waxseal".to_owned(),
                user: None,
                tls: None,
            },
            received: now,
        }
    }

    fn decision(&self, to: &[Address], why: &str) -> Decision {
        let recipient = |address: &Address| RecipientDecision {
            address: address.clone(),
            level: self.level,
            ladder: vec![Method::Transport, Method::Wait],
            reasons: vec![Reason { level: self.level, text: why.to_owned() }],
            lowered_by: Vec::new(),
        };
        Decision::nothing_found(to.iter().map(recipient).collect())
    }
}

/// A part of plain text, in UTF-8.
pub fn text_part(text: String) -> MimePart<'static> {
    MimePart::new(ContentType::new("text/plain").attribute("charset", "utf-8"), text)
}

/// A multipart of this type with this boundary: mail-builder would make one up from the clock.
pub fn multipart<'a>(
    kind: &'static str,
    boundary: String,
    attributes: &[(&'static str, &'static str)],
    parts: Vec<MimePart<'a>>,
) -> MimePart<'a> {
    let mut kind = ContentType::new(kind).attribute("boundary", boundary);
    for (name, value) in attributes {
        kind = kind.attribute(*name, *value);
    }
    MimePart::new(kind, parts)
}

/// Printable ASCII only, and not too much of it: a line break here would forge a field.
pub(super) fn printable(text: &str, most: usize) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(most).collect()
}
