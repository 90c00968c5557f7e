//! One transaction: envelope, content, and what the peer says to each recipient.

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use mail_send::Error;
use smtp_proto::{EXT_8BIT_MIME, EXT_DSN, EXT_PIPELINING, EXT_REQUIRE_TLS, EXT_SIZE, EXT_SMTP_UTF8, Response};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::config::Deadlines;
use super::content::{Facts, stuffed};
use super::replies::{broken, outcome};
use super::session::{Session, no_promise};
use super::wire::BLOCK;
use super::{AttemptResult, Job, Trouble};
use crate::mail::{Body, EnhancedStatus, Notify, Recipient, Ret, ReversePath};

/// How a transaction went.
pub struct Outcome {
    /// In the order of the recipients; `None` where the session broke first.
    pub results: Vec<Option<AttemptResult>>,
    pub broken: Option<Broken>,
}

pub struct Broken {
    pub trouble: Trouble,
    /// Content was begun: the peer may have taken it (RFC 1047).
    pub begun: bool,
}

const MAIL: EnhancedStatus = EnhancedStatus(5, 1, 0);
const RCPT: EnhancedStatus = EnhancedStatus(5, 1, 0);
const DATA: EnhancedStatus = EnhancedStatus(5, 6, 0);

impl Session {
    /// Why this peer can't take this message for this recipient at all, before anything is said.
    pub fn unsuited(&self, job: &Job, facts: &Facts, recipient: &Recipient) -> Option<AttemptResult> {
        let no = |status, text: &str| Some(AttemptResult::Failed(Trouble::of(status, text)));
        let limit = if self.offers(EXT_SIZE) { self.offers.size } else { 0 };
        if limit > 0 && facts.size > limit {
            return no(EnhancedStatus(5, 3, 4), "the message is larger than the hop takes");
        }
        if facts.eight_bit && !self.offers(EXT_8BIT_MIME) {
            return no(EnhancedStatus(5, 6, 3), "the hop takes no 8-bit content");
        }
        let utf8 = needs_utf8(job, facts) || recipient.address.needs_smtputf8();
        if utf8 && !self.offers(EXT_SMTP_UTF8) {
            return no(EnhancedStatus(5, 6, 7), "the hop takes no internationalised mail");
        }
        if job.envelope.require_tls && !self.offers(EXT_REQUIRE_TLS) {
            return Some(AttemptResult::Failed(no_promise()));
        }
        None
    }

    /// Hands the message over for these recipients, all in one transaction.
    pub async fn transact(&mut self, job: &Job, facts: &Facts, to: &[usize], deadlines: &Deadlines) -> Outcome {
        self.transactions += 1;
        let mut replies = Vec::with_capacity(to.len() + 2);
        let trouble = self.envelope(job, facts, to, deadlines, &mut replies).await.err();
        self.over |= trouble.is_some() || replies.iter().any(|reply| reply.code == 421);
        let mut results = judge_envelope(&replies, to.len());
        let data = replies.get(to.len() + 1);
        if let Some(error) = trouble {
            return Outcome { results, broken: Some(Broken { trouble: broken(&error), begun: false }) };
        }
        let wanted = results.iter().any(Option::is_none);
        match data {
            Some(reply) if reply.code == 354 && wanted => self.content(job, facts, &mut results, deadlines).await,
            // Nobody is left, but the peer waits for content: an empty one ends it.
            Some(reply) if reply.code == 354 => {
                let ended = timeout(deadlines.end_of_data, self.client.cmd(b".\r\n")).await;
                self.over |= !matches!(ended, Ok(Ok(_)));
                Outcome { results, broken: None }
            }
            other => {
                let refused = other.map(|reply| outcome(reply, DATA));
                // A positive reply to DATA that is not 354 is out of step: nothing was handed over.
                let out_of_step = || AttemptResult::Deferred(Trouble::of(EnhancedStatus(4, 5, 0), "no 354 to DATA"));
                let refused = match refused {
                    Some(result @ (AttemptResult::Failed(_) | AttemptResult::Deferred(_))) => result,
                    _ => out_of_step(),
                };
                results.iter_mut().for_each(|result| _ = result.get_or_insert_with(|| refused.clone()));
                self.reset().await;
                Outcome { results, broken: None }
            }
        }
    }

    /// MAIL, RCPT and DATA: in one write where the peer takes pipelining (RFC 2920).
    async fn envelope(
        &mut self,
        job: &Job,
        facts: &Facts,
        to: &[usize],
        deadlines: &Deadlines,
        replies: &mut Vec<Response<String>>,
    ) -> Result<(), Error> {
        let mut lines = Vec::with_capacity(to.len() + 1);
        lines.push(self.mail_line(job, facts, to));
        lines.extend(to.iter().map(|at| self.rcpt_line(&job.envelope.recipients[*at])));
        if self.offers(EXT_PIPELINING) {
            let wire = &mut self.client.stream;
            within(deadlines.command, async {
                for line in &lines {
                    wire.write_all(line.as_bytes()).await?;
                }
                wire.write_all(b"DATA\r\n").await?;
                Ok(wire.flush().await?)
            })
            .await?;
            for _ in 0..lines.len() + 1 {
                replies.push(within(deadlines.command, self.client.read()).await?);
            }
            return Ok(());
        }
        self.client.timeout = deadlines.command;
        for line in lines {
            replies.push(self.client.cmd(line).await?);
            if replies.len() == 1 && replies[0].code / 100 != 2 {
                return Ok(());
            }
        }
        if replies[1..].iter().any(|reply| reply.code / 100 == 2) {
            self.client.timeout = deadlines.data;
            replies.push(self.client.cmd(b"DATA\r\n").await?);
        }
        Ok(())
    }

    async fn content(
        &mut self,
        job: &Job,
        facts: &Facts,
        results: &mut Vec<Option<AttemptResult>>,
        deadlines: &Deadlines,
    ) -> Outcome {
        // A peer that says more than its 354 would have us take that for the answer to the dot.
        let sent = if self.client.stream.is_quiet() {
            self.send_content(&job.pieces, facts, deadlines).await
        } else {
            Err(Error::UnparseableReply)
        };
        let results = std::mem::take(results);
        match sent {
            Ok(reply) => {
                self.over |= reply.code == 421;
                let result = outcome(&reply, DATA);
                let results = results.into_iter().map(|earlier| earlier.or_else(|| Some(result.clone()))).collect();
                Outcome { results, broken: None }
            }
            Err(error) => {
                self.over = true;
                Outcome { results, broken: Some(Broken { trouble: broken(&error), begun: true }) }
            }
        }
    }

    async fn send_content(
        &mut self,
        pieces: &[Bytes],
        facts: &Facts,
        deadlines: &Deadlines,
    ) -> Result<Response<String>, Error> {
        let wire = &mut self.client.stream;
        for slice in stuffed(pieces) {
            for block in slice.chunks(BLOCK) {
                within(deadlines.block, async { Ok(wire.write_all(block).await?) }).await?;
            }
        }
        let end: &[u8] = if facts.ends_in_crlf { b".\r\n" } else { b"\r\n.\r\n" };
        within(deadlines.block, async {
            wire.write_all(end).await?;
            Ok(wire.flush().await?)
        })
        .await?;
        within(deadlines.end_of_data, self.client.read()).await
    }

    /// Clears a transaction that was begun and not ended.
    async fn reset(&mut self) {
        if !self.over {
            self.client.timeout = Duration::from_secs(20);
            let done = self.client.cmd(b"RSET\r\n").await;
            self.over = !done.is_ok_and(|reply| reply.code == 250);
        }
    }

    fn mail_line(&self, job: &Job, facts: &Facts, to: &[usize]) -> String {
        let envelope = &job.envelope;
        let mut line = format!("MAIL FROM:{}", envelope.reverse_path);
        if self.offers(EXT_SIZE) {
            _ = write!(line, " SIZE={}", facts.size);
        }
        if self.offers(EXT_8BIT_MIME) && (facts.eight_bit || envelope.body == Body::EightBitMime) {
            line.push_str(" BODY=8BITMIME");
        }
        let utf8_recipient = to.iter().any(|at| envelope.recipients[*at].address.needs_smtputf8());
        if utf8_recipient || needs_utf8(job, facts) {
            line.push_str(" SMTPUTF8");
        }
        if envelope.require_tls {
            line.push_str(" REQUIRETLS");
        }
        if self.offers(EXT_DSN) {
            match envelope.ret {
                Some(Ret::Full) => line.push_str(" RET=FULL"),
                Some(Ret::Headers) => line.push_str(" RET=HDRS"),
                None => {}
            }
            if let Some(envid) = envelope.envid.as_deref().filter(|text| is_esmtp_value(text)) {
                _ = write!(line, " ENVID={envid}");
            }
        }
        line.push_str("\r\n");
        line
    }

    fn rcpt_line(&self, recipient: &Recipient) -> String {
        let mut line = format!("RCPT TO:<{}>", recipient.address);
        if self.offers(EXT_DSN) {
            if recipient.notify.asked {
                _ = write!(line, " NOTIFY={}", notify_words(recipient.notify));
            }
            if let Some(orcpt) = recipient.orcpt.as_deref().filter(|text| is_esmtp_value(text)) {
                _ = write!(line, " ORCPT={orcpt}");
            }
        }
        line.push_str("\r\n");
        line
    }
}

fn notify_words(notify: Notify) -> String {
    let words = [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
    let asked: Vec<&str> = words.iter().filter(|(asked, _)| *asked).map(|(_, word)| *word).collect();
    if asked.is_empty() { "NEVER".to_owned() } else { asked.join(",") }
}

/// Nothing that could end the parameter or the line (RFC 5321 §4.1.2, `esmtp-value`).
fn is_esmtp_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| (33..=126).contains(&b))
}

/// Whether the message itself, not one recipient's address, needs SMTPUTF8 (RFC 6531).
fn needs_utf8(job: &Job, facts: &Facts) -> bool {
    let reverse_path = match &job.envelope.reverse_path {
        ReversePath::Null => false,
        ReversePath::Address(address) => address.needs_smtputf8(),
    };
    reverse_path || (job.envelope.smtputf8 && facts.eight_bit_header)
}

/// What MAIL and RCPT came to: a refusal, or `None` where the content still decides.
fn judge_envelope(replies: &[Response<String>], recipients: usize) -> Vec<Option<AttemptResult>> {
    match replies.first() {
        None => vec![None; recipients],
        Some(mail) if mail.code / 100 != 2 => vec![Some(outcome(mail, MAIL)); recipients],
        Some(_) => {
            let mut accepted = 0;
            let mut judge = |reply: &Response<String>| match reply.code {
                200..=299 => {
                    accepted += 1;
                    None
                }
                // Older servers say 552 for "too many recipients" (RFC 5321 §4.5.3.1.10).
                552 if accepted > 0 && reply.esc != [5, 2, 2] => {
                    Some(outcome(&Response { code: 452, esc: [4, 5, 3], message: reply.message.clone() }, RCPT))
                }
                _ => Some(outcome(reply, RCPT)),
            };
            let mut results: Vec<_> = replies[1..].iter().take(recipients).map(&mut judge).collect();
            results.resize(recipients, None);
            results
        }
    }
}

async fn within<T>(deadline: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(deadline, work).await.unwrap_or(Err(Error::Timeout))
}
