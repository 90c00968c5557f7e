//! Message + method → the bytes to send: trace on top, header edited, signed last.
//!
//! Pure. What goes out is a list of slices of what came in, with new header fields between them; a body is
//! written anew only where its lines are too long for SMTP.

pub mod dkim;
mod edits;
mod lines;
mod trace;

use std::collections::HashSet;

use bytes::Bytes;

use crate::mail::{Address, Domain, Envelope, ReversePath};
use crate::message::{GapReason, fields_named, header_fields};
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
        let signers = self.signers_for(outgoing);
        let rewritten = may_shorten(outgoing, content, !signers.is_empty()).then(|| lines::shorten(content).into());
        let content = rewritten.as_ref().unwrap_or(content);
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
            let fields = header_fields(content);
            if mend {
                trace::mend(&mut top, &fields, outgoing.envelope, &self.hostname);
            }
            edits::apply(content, &fields, &outgoing.decision.edits, &self.hostname, &mut body);
        }
        let mut pieces = Vec::with_capacity(body.len() + 2);
        pieces.push(Bytes::from(top));
        pieces.append(&mut body);
        let mut signatures = String::new();
        for signer in signers {
            let sign = |source| Error::Sign { domain: signer.domain().clone(), source };
            signatures.push_str(&signer.sign(&pieces).map_err(sign)?);
        }
        if !signatures.is_empty() {
            pieces.insert(0, Bytes::from(signatures));
        }
        Ok(pieces)
    }

    /// The keys of the author's domain. A bounce of a tenant that only passes through us is not our word
    /// (`DESIGN` §5), and gets no signature.
    fn signers_for(&self, outgoing: Outgoing<'_>) -> Vec<&dkim::Signer> {
        let passes_through = outgoing.envelope.reverse_path == ReversePath::Null && !outgoing.own;
        if passes_through || self.unsigned.contains(&outgoing.decision.profile) {
            return Vec::new();
        }
        let domain = outgoing.author.and_then(|author| dkim::closest(&self.signers, author.domain()));
        self.signers.iter().filter(|signer| Some(signer.domain()) == domain).collect()
    }
}

/// Whether long lines may be broken: not under a signature of others that ours does not replace, and not where
/// readers disagree about what the parts are.
fn may_shorten(outgoing: Outgoing<'_>, content: &Bytes, is_signed_by_us: bool) -> bool {
    let ambiguous = || outgoing.decision.gaps.iter().any(|gap| gap.reason == GapReason::Ambiguous);
    let signed_by_others = || !fields_named(content, &["dkim-signature"]).is_empty();
    lines::any_too_long(content) && !ambiguous() && (is_signed_by_us || !signed_by_others())
}

#[cfg(test)]
mod tests;
