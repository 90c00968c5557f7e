//! Message + method → the bytes to send: trace on top, header edited, signed last.
//!
//! Pure. The body is never copied and never altered: what goes out is a list of slices of what
//! came in, with new header fields between them.

pub mod dkim;
mod edits;
mod trace;

use std::collections::HashSet;

use bytes::Bytes;

use crate::mail::{Address, Domain, Envelope, ReversePath};
use crate::policy::{Decision, Verdict};

/// The room's settings.
#[derive(Debug)]
pub struct Config {
    pub hostname: Domain,
    /// Every domain with a key is signed for.
    pub signers: Vec<dkim::Signer>,
    /// Profiles whose mail is not signed all the same; `None` stands for mail of no profile.
    pub unsigned: HashSet<Option<String>>,
    /// Sources, such as copiers, whose mail may lack Date and Message-ID; ours are put in.
    pub mended_sources: HashSet<String>,
}

impl Config {
    pub fn new(hostname: Domain) -> Self {
        Self { hostname, signers: Vec::new(), unsigned: HashSet::new(), mended_sources: HashSet::new() }
    }
}

/// A message on its way out.
#[derive(Clone, Copy)]
pub struct Outgoing<'a> {
    pub envelope: &'a Envelope,
    pub decision: &'a Decision,
    /// The author, as intake read it.
    pub author: Option<&'a Address>,
    /// Our own notification or notice.
    pub own: bool,
    /// The next hop is marked internal: it may see the verdict.
    pub internal: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Sent unsigned, mail from Microsoft 365 that we touched would fail DMARC: it waits instead.
    #[error("signing for {domain} failed")]
    Sign { domain: Domain, source: mail_auth::Error },
}

impl Config {
    /// The message as it leaves for a hop by `transport`.
    pub fn compose(&self, outgoing: Outgoing<'_>, content: &Bytes) -> Result<Vec<Bytes>, Error> {
        let mend = self.mended_sources.contains(&outgoing.envelope.source);
        let mut top = String::with_capacity(512);
        if !outgoing.own {
            trace::received(&mut top, outgoing.envelope, &self.hostname);
        }
        trace::id(&mut top, outgoing.envelope);
        if outgoing.internal && outgoing.decision.verdict != Verdict::Clean {
            trace::verdict(&mut top, outgoing.decision.verdict);
        }
        let mut body = Vec::with_capacity(4);
        if outgoing.decision.edits.is_empty() && !mend {
            body.push(content.clone());
        } else {
            let fields = crate::message::header_fields(content);
            if mend {
                trace::mend(&mut top, &fields, outgoing.envelope, &self.hostname);
            }
            edits::apply(content, &fields, &outgoing.decision.edits, &self.hostname, &mut body);
        }
        let mut pieces = Vec::with_capacity(body.len() + 2);
        pieces.push(Bytes::from(top));
        pieces.append(&mut body);
        let signatures = self.sign(outgoing, &pieces)?;
        if !signatures.is_empty() {
            pieces.insert(0, Bytes::from(signatures));
        }
        Ok(pieces)
    }

    /// The signature fields of the author's domain. A bounce of a tenant that only passes through
    /// us is not our word (`DESIGN` §5), and gets none.
    fn sign(&self, outgoing: Outgoing<'_>, pieces: &[Bytes]) -> Result<String, Error> {
        let mut fields = String::new();
        let passes_through = outgoing.envelope.reverse_path == ReversePath::Null && !outgoing.own;
        if passes_through || self.unsigned.contains(&outgoing.decision.profile) {
            return Ok(fields);
        }
        let Some(author) = outgoing.author else { return Ok(fields) };
        let Some(domain) = dkim::closest(&self.signers, author.domain()) else { return Ok(fields) };
        for signer in self.signers.iter().filter(|signer| signer.domain() == domain) {
            let signature = signer.sign(pieces).map_err(|source| Error::Sign { domain: domain.clone(), source })?;
            fields.push_str(&signature);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests;
