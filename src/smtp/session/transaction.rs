//! From `MAIL` to the end of content.

use super::{Reading, Refused, Session, Step};
use crate::mail::{Address, EnhancedStatus, Envelope, QueueId, Recipient, Reply};
use crate::smtp::path::{self, ForwardPath, MailArguments, Spacing};
use crate::smtp::shared::Settings;
use crate::smtp::{Refusal, RelayRight, SourceKind, Transfer};

/// One message on its way in.
pub(super) struct Transaction {
    id: QueueId,
    arguments: MailArguments,
    right: Option<RelayRight>,
    recipients: Vec<Recipient>,
    /// The first BDAT chunk has come: only BDAT and RSET may follow (RFC 3030 §2).
    chunks: Chunks,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Chunks {
    None,
    Open,
    /// A chunk was refused; the rest is read and thrown away.
    Failed,
}

impl Session {
    pub(super) fn mail(&mut self, rest: &str) -> Result<Step, Refusal> {
        if self.hello.is_none() || self.transaction.is_some() {
            return Err(Refusal::BadSequence);
        }
        if let Err(reply) = self.shared.intake.ready() {
            self.shared.metrics.not_taken("mail", &reply);
            return Ok(if reply.code == 421 { Step::Close(reply) } else { Step::Reply(reply) });
        }
        let right = self.right();
        let arguments = path::mail(rest, spacing(right.as_ref()))?;
        if arguments.size.is_some_and(|size| size > self.limits().message_size) {
            return Err(Refusal::TooBig);
        }
        if arguments.require_tls && self.tls.is_none() {
            return Err(Refusal::UnknownParameter);
        }
        if let Some(right) = &right
            && let Err(refusal) = right.judge_path(&arguments.path)
        {
            self.shared.metrics.source_failed(&right.source().name, refusal.reason());
            return Err(refusal);
        }
        let id = self.shared.intake.new_id();
        self.transaction = Some(Transaction { id, arguments, right, recipients: Vec::new(), chunks: Chunks::None });
        Ok(Step::Reply(Reply::new(250, EnhancedStatus(2, 1, 0), "Ok")))
    }

    pub(super) fn rcpt(&mut self, rest: &str) -> Result<Step, Refusal> {
        // A stranger is refused before its path is read, so that the answer tells it nothing.
        if self.transaction.as_ref().is_none_or(|transaction| transaction.chunks != Chunks::None) {
            return Err(Refusal::BadSequence);
        }
        if self.transaction.as_ref().is_some_and(|transaction| transaction.right.is_none()) {
            return Err(self.stranger());
        }
        let Settings { config, .. } = &*self.settings;
        let (most, postmaster) = (config.limits.recipients, config.postmaster.clone());
        let fallback = || Address::new("postmaster", config.hostname.clone()).map_err(|_| Refusal::RecipientSyntax);
        let transaction = self.transaction.as_mut().ok_or(Refusal::BadSequence)?;
        let recipient = match path::rcpt(rest, spacing(transaction.right.as_ref()), transaction.arguments.smtputf8)? {
            ForwardPath::Recipient(recipient) => recipient,
            ForwardPath::Postmaster { notify, orcpt } => {
                Recipient { address: postmaster.map_or_else(fallback, Ok)?, notify, orcpt }
            }
        };
        // The same mailbox twice is one recipient (RFC 5321 §4.1.1.3 leaves it to us).
        if !transaction.recipients.iter().any(|known| known.address == recipient.address) {
            if transaction.recipients.len() >= most {
                return Err(Refusal::TooManyRecipients);
            }
            transaction.recipients.push(recipient);
        }
        Ok(Step::Reply(Reply::new(250, EnhancedStatus(2, 1, 5), "Ok")))
    }

    pub(super) fn data(&mut self) -> Result<Step, Refusal> {
        let transaction = self.transaction.as_ref().ok_or(Refusal::BadSequence)?;
        if transaction.chunks != Chunks::None {
            return Err(Refusal::BadSequence);
        }
        self.count_user_message()?;
        self.reading(Transfer::Data).map(Step::ReadData)
    }

    /// The octets of a chunk come whatever we answer, so a refusal is also a step that reads.
    pub(super) fn bdat(&mut self, size: u64, last: bool) -> Step {
        let most = self.limits().message_size;
        let content = match self.transaction.as_ref().map(|transaction| transaction.chunks) {
            Some(Chunks::None) => self.count_user_message().and_then(|()| self.reading(Transfer::Bdat)),
            Some(Chunks::Open) => self.reading(Transfer::Bdat),
            _ if self.wants_tls() => Err(Refusal::TlsFirst),
            Some(Chunks::Failed) | None => Err(Refusal::BadSequence),
        };
        let content = match content {
            // Twice the limit is not read just to stay in step.
            _ if size > most.saturating_mul(2) => {
                self.refuse("data", Refusal::TooBig);
                return Step::Close(Refusal::TooBig.reply());
            }
            Ok(reading) => {
                self.set_chunks(Chunks::Open);
                Ok(reading)
            }
            Err(refusal) => {
                self.set_chunks(Chunks::Failed);
                match self.refuse("data", refusal) {
                    Step::Reply(reply) => Err(reply),
                    close => return close,
                }
            }
        };
        Step::ReadChunk { size, last, content }
    }

    fn set_chunks(&mut self, chunks: Chunks) {
        if let Some(transaction) = &mut self.transaction {
            transaction.chunks = chunks;
        }
    }

    /// Whether the chunks read so far still belong to a message.
    pub fn in_chunks(&self) -> bool {
        self.transaction.as_ref().is_some_and(|transaction| transaction.chunks == Chunks::Open)
    }

    /// A chunk could not be kept; the message is lost, but the session goes on in step.
    pub fn chunk_failed(&mut self, refused: Refused) -> Step {
        self.set_chunks(Chunks::Failed);
        self.refused_content(refused)
    }

    fn reading(&self, transfer: Transfer) -> Result<Reading, Refusal> {
        let transaction = self.transaction.as_ref().ok_or(Refusal::BadSequence)?;
        let right = transaction.right.as_ref().filter(|_| !transaction.recipients.is_empty());
        let right = right.ok_or(Refusal::NoRecipients)?;
        let announced = transaction.arguments.size.unwrap_or(0);
        Ok(Reading { id: transaction.id, endings: right.source().line_endings(transfer), announced })
    }

    fn count_user_message(&self) -> Result<(), Refusal> {
        match &self.login {
            Some(login) => self.shared.gatekeeper.count_message(login.name(), self.limits().user_messages),
            None => Ok(()),
        }
    }

    /// The content is whole: what goes to intake. The session is ready for the next transaction.
    pub fn received(&mut self) -> Option<(Envelope, RelayRight)> {
        let Transaction { id, arguments, right, recipients, .. } = self.transaction.take()?;
        let right = right?;
        let envelope = Envelope {
            id,
            reverse_path: arguments.path,
            recipients,
            body: arguments.body,
            smtputf8: arguments.smtputf8,
            require_tls: arguments.require_tls,
            ret: arguments.ret,
            envid: arguments.envid,
            source: right.source().name.clone(),
            client: self.client(),
            received: self.shared.clock.now(),
        };
        self.idle_commands = 0;
        Some((envelope, right))
    }

    /// The content came to its true end, but can't be taken.
    pub fn refused_content(&mut self, refused: Refused) -> Step {
        match refused {
            Refused::Ours(refusal) => self.refuse("data", refusal),
            Refused::Intake(reply) => {
                self.shared.metrics.not_taken("data", &reply);
                Step::Reply(reply)
            }
        }
    }

    /// Forgets the transaction, after content that was refused.
    pub fn reset(&mut self) {
        self.transaction = None;
    }
}

fn spacing(right: Option<&RelayRight>) -> Spacing {
    match right.map(|right| right.source().kind) {
        Some(SourceKind::Device) => Spacing::Lenient,
        _ => Spacing::Strict,
    }
}
