//! The pure part of the walk: content in, decision out. `scan` runs exactly this.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;

use crate::detect::{Circumstances, Ruleset};
use crate::mail::author::{self, Ambiguous};
use crate::mail::{Address, Domain, Envelope};
use crate::message::{self, Budget, Documents, Gap, GapReason, Origin, Reading};
use crate::policy::{self, Decision, Waiver};

/// Everything that judges a message; replaced as one at a reload.
pub struct Law {
    pub ruleset: Ruleset,
    pub policy: policy::Config,
    /// The organisation's own domains: addresses in them are staff, not patients.
    pub own_domains: Vec<Domain>,
}

/// Who judges one message: the law, and what is known of its recipients at this moment.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    pub law: &'a Law,
    /// At least those of the recipients.
    pub waivers: &'a [Waiver],
    pub now: Timestamp,
}

/// A message as read and judged.
pub struct Examination {
    pub reading: Reading,
    /// Empty where the `From` field has no one meaning.
    pub authors: Vec<Address>,
    pub decision: Decision,
}

/// parse → extract → detect → decide.
pub fn examine(
    content: &[u8],
    envelope: &Envelope,
    judge: Judge<'_>,
    documents: &dyn Documents,
    budget: &Budget,
) -> Examination {
    let reading = message::read(content, budget, documents);
    // Where mail readers would disagree about the authors, no rule or exception that asks for one applies.
    let authors = author::authors(content).unwrap_or_else(|Ambiguous| Vec::new());
    decide(reading, authors, envelope, judge, budget)
}

/// The same, for a message of which one knows how to crash us: a panic on the way is a fault of
/// ours and no reason to let the message pass, to lose it, or to end the process (`TESTS` T039).
pub fn examine_safely(
    content: &[u8],
    envelope: &Envelope,
    judge: Judge<'_>,
    documents: &dyn Documents,
    budget: &Budget,
) -> Examination {
    let walk = AssertUnwindSafe(|| examine(content, envelope, judge, documents, budget));
    catch_unwind(walk).unwrap_or_else(|_| held_unread(envelope, judge.law, judge.now, "it could not be examined"))
}

fn decide(
    mut reading: Reading,
    authors: Vec<Address>,
    envelope: &Envelope,
    Judge { law, waivers, now }: Judge<'_>,
    budget: &Budget,
) -> Examination {
    let circumstances = Circumstances {
        source: envelope.source.clone(),
        authors: authors.clone(),
        recipients: envelope.recipients.iter().map(|recipient| recipient.address.clone()).collect(),
        own_domains: law.own_domains.clone(),
    };
    let findings = law.ruleset.scan(&reading, &circumstances, budget);
    if findings.unsearched {
        // What a table of patients would have said is missing, as if a part could not be read.
        reading.gaps.push(Gap { origin: Origin::new("known"), reason: GapReason::Corrupt });
    }
    let context = policy::Context { now, authors: &authors, waivers, ruleset: law.ruleset.hash() };
    let decision = policy::decide(&law.policy, findings, &reading, envelope, &context);
    Examination { reading, authors, decision }
}

/// What is decided about a message that we could not examine for a fault of our own.
pub(super) fn held_unread(envelope: &Envelope, law: &Law, now: Timestamp, why: &str) -> Examination {
    let gap = Gap { origin: Origin::new("message"), reason: GapReason::Corrupt };
    let reading = Reading { gaps: vec![gap], ..Reading::default() };
    let context = policy::Context { now, authors: &[], waivers: &[], ruleset: law.ruleset.hash() };
    let mut decision = policy::decide(&law.policy, Default::default(), &reading, envelope, &context);
    policy::hold_all(&mut decision, why);
    Examination { reading, authors: Vec::new(), decision }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{self, RuleFile};
    use crate::message::{Document, Extract};
    use crate::policy::{Level, Verdict};
    use crate::sample;

    /// A reader of documents that some document knows how to crash.
    struct Crashes;

    impl Documents for Crashes {
        fn open(&self, _: &Document<'_>, _: &Budget) -> Extract {
            panic!("a poisoned document")
        }
    }

    const RULES: &str = "pack: test\nlists:\n  word: [zebrafish]\ndetectors:\n  - { id: word, title: Word, identifies: health, \
                         class: specific, terms: ['@word'] }\nrules: []\n";

    /// T039.
    #[test]
    fn a_message_that_crashes_its_reader_is_held() {
        let files = [RuleFile { name: "test.yaml".to_owned(), text: RULES.to_owned() }];
        let ruleset = detect::compile(&files, &["test".to_owned()], &|_, _| Err("no word lists here".to_owned()));
        let ruleset = ruleset.unwrap_or_else(|faults| panic!("{faults:?}"));
        let law = Law { ruleset, policy: policy::Config::default(), own_domains: Vec::new() };
        let now = Timestamp::UNIX_EPOCH;
        let envelope = sample::envelope(crate::mail::QueueId::new(1, &[0; 10]), &["bob@there.example"], now);
        let content = b"From: ann@clinic.example\r\nContent-Type: application/pdf\r\n\
                        Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjcKJQ==\r\n";
        let budget = Budget::new(1 << 20, 100);
        let examined = examine_safely(content, &envelope, Judge { law: &law, waivers: &[], now }, &Crashes, &budget);
        assert_eq!((examined.decision.verdict, examined.decision.recipients[0].level), (Verdict::Unread, Level::Hold));
    }
}
