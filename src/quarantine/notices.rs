//! Telling reviewers and authors that mail is held, and authors that a rule on trial matched: ids, masked reasons,
//! counts. Never a subject.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};

use super::{Config, Voice, age};
use crate::detect::Mode;
use crate::mail::{Address, EnhancedStatus, Envelope, Trouble};
use crate::policy::{Decision, Level, Method, RecipientDecision, Verdict};
use crate::queue::Notice;
use crate::queue::dsn::{self, Report, Subject};
use crate::queue::own::text_part;
use crate::store::{Arrival, Facts, RecipientRecord, RecipientState, Summary};
use crate::world::{Clock, Random, new_id};

/// Writes notices; they are committed together with what they tell of.
pub struct Notices {
    config: Config,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    told: Mutex<Told>,
}

/// How many notices reviewers were sent in the hour that began then.
struct Told {
    since: Timestamp,
    count: u32,
}

/// In one hour; what is held beyond stands in the daily list. A misfiring rule must not flood those
/// who shall mend it.
const NOTICES_AN_HOUR: u32 = 60;

impl Notices {
    pub fn new(config: Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let told = Mutex::new(Told { since: clock.now(), count: 0 });
        Self { config, clock, random, told }
    }

    /// For a message that was just decided: nothing if nobody is held and no rule in mode `notify` matched.
    pub fn decided(&self, envelope: &Envelope, facts: &Facts, decision: &Decision) -> Vec<Arrival> {
        let is_held = |recipient: &&RecipientDecision| decision.start(recipient).1 == Method::Hold;
        let held: Vec<&Address> =
            decision.recipients.iter().filter(is_held).map(|recipient| &recipient.address).collect();
        let mut sent = self.held(envelope, facts, decision, &held);
        sent.extend(self.of_trial(envelope, facts, decision));
        sent
    }

    /// For recipients who are held now: to reviewers, and to the author.
    pub fn held(&self, envelope: &Envelope, facts: &Facts, decision: &Decision, held: &[&Address]) -> Vec<Arrival> {
        // Own mail is never held, so a notice can't cause another.
        if held.is_empty() || facts.own {
            return Vec::new();
        }
        let to_reviewers = self.to_reviewers(envelope, decision, held);
        let to_author = self.to_author(envelope, facts, decision, held);
        to_reviewers.into_iter().chain(to_author).collect()
    }

    /// For recipients who are held because what is stored is not what was accepted: to reviewers, and
    /// to the author, who alone still has the message.
    pub fn damaged(&self, envelope: &Envelope, facts: &Facts, decision: &Decision, held: &[&Address]) -> Vec<Arrival> {
        if facts.own {
            return Vec::new();
        }
        let id = envelope.id;
        let to_reviewers = (!self.config.reviewers.is_empty() && self.may_tell()).then(|| {
            let text = format!(
                "The stored content of a message is damaged. It is held for {} of {} recipients and can't be sent.\r\n\r\n\
                 Id:         {id}\r\n\
                 Received:   {}\r\n\
                 Source:     {}\r\n\
                 \r\nWhat to do, once its author has sent it again:\r\n\
                 \x20 waxseal queue delete {id}\r\n",
                held.len(),
                envelope.recipients.len(),
                envelope.received.strftime("%Y-%m-%d %H:%M UTC"),
                envelope.source,
            );
            self.own_mail(&self.config.reviewers, &format!("Held, damaged: {id}"), text, &format!("notice of {id}"))
        });
        let to_author = envelope.reverse_path.address().map(|author| {
            let mut text = format!(
                "Your message could not be sent to the recipients below: its copy at {} is damaged.\r\n\
                 Please send it again.\r\n\r\n",
                printable(&self.voice(decision).name)
            );
            for recipient in held {
                let _ = write!(text, "  <{recipient}>\r\n");
            }
            text.push_str(&which(envelope, facts));
            let why = format!("notice to the author of {id}");
            self.own_mail(std::slice::from_ref(author), "Please send your message again", text, &why)
        });
        to_reviewers.into_iter().chain(to_author).collect()
    }

    /// For a message that policy refuses after its `250`: the report to its author.
    pub fn refused(&self, envelope: &Envelope, facts: &Facts, decision: &Decision) -> Vec<Arrival> {
        let Some(author) = envelope.reverse_path.address() else { return Vec::new() };
        let trouble = Trouble { code: 550, status: EnhancedStatus(5, 7, 1), text: "refused by policy".to_owned() };
        let wanted = envelope.recipients.iter().filter(|recipient| recipient.notify.failure);
        let report = |recipient| Report { recipient, trouble: &trouble, host: None, retry_until: None };
        let reports: Vec<Report> = wanted.map(report).collect();
        if reports.is_empty() {
            return Vec::new();
        }
        let (id, now) = (new_id(&*self.clock, &*self.random), self.clock.now());
        let about = Subject { envelope, facts, clean: decision.verdict == Verdict::Clean };
        let content = dsn::write(&self.config.own, id, about, Notice::Returned, &reports, now);
        let why = format!("return of {}", envelope.id);
        content
            .map(|content| self.config.own.arrival(id, std::slice::from_ref(author), content, &why, now))
            .into_iter()
            .collect()
    }

    fn to_reviewers(&self, envelope: &Envelope, decision: &Decision, held: &[&Address]) -> Option<Arrival> {
        if self.config.reviewers.is_empty() || !self.may_tell() {
            return None;
        }
        let id = envelope.id;
        let text = format!(
            "A message is held for review.\r\n\r\n\
             Id:         {id}\r\n\
             Received:   {}\r\n\
             Source:     {}\r\n\
             Recipients: {} held of {}\r\n\
             Verdict:    {}\r\n\
             Findings:   {}\r\n\
             \r\nWhy:\r\n{}\
             \r\nWhat to do:\r\n\
             \x20 waxseal quarantine show {id}\r\n\
             \x20 waxseal quarantine release|protect|return|reject {id}\r\n",
            envelope.received.strftime("%Y-%m-%d %H:%M UTC"),
            envelope.source,
            held.len(),
            envelope.recipients.len(),
            decision.verdict,
            decision.findings.findings.len(),
            reasons(decision, held),
        );
        Some(self.own_mail(&self.config.reviewers, &format!("Held for review: {id}"), text, &format!("notice of {id}")))
    }

    fn voice(&self, decision: &Decision) -> &Voice {
        decision.profile.as_ref().and_then(|name| self.config.voices.get(name)).unwrap_or(&self.config.voice)
    }

    /// Whoever can be told, and in whose name; nobody at the null reverse path or where the site or profile says no.
    fn author<'a>(&'a self, envelope: &'a Envelope, decision: &Decision) -> Option<(&'a Address, &'a Voice)> {
        let voice = self.voice(decision);
        envelope.reverse_path.address().filter(|_| voice.tell_sender).map(|author| (author, voice))
    }

    /// To the author, that rules in mode `notify` matched: what they ask for is not done yet.
    fn of_trial(&self, envelope: &Envelope, facts: &Facts, decision: &Decision) -> Option<Arrival> {
        let on_trial = || decision.findings.matches.iter().filter(|matched| matched.mode == Mode::Notify);
        if facts.own || on_trial().next().is_none() {
            return None;
        }
        let (author, voice) = self.author(envelope, decision)?;
        let mut text = format!(
            "A rule that is on trial at {} matched your message. The message is handled as if the rule were not there;\r\n\
             once it is in force, such a message is sent protected or waits for a review.\r\n\r\n",
            printable(&voice.name)
        );
        for matched in on_trial() {
            let _ = write!(text, "  rule {}\r\n", printable(&matched.rule));
        }
        text.push_str(&which(envelope, facts));
        text.push_str(
            "\r\nIf it should not match such messages, tell whoever looks after the rules its name and this id.\r\n",
        );
        let why = format!("notice to the author of {}", envelope.id);
        Some(self.own_mail(std::slice::from_ref(author), "A rule on trial matched your message", text, &why))
    }

    fn to_author(&self, envelope: &Envelope, facts: &Facts, decision: &Decision, held: &[&Address]) -> Option<Arrival> {
        let (author, voice) = self.author(envelope, decision)?;
        let mut text = format!(
            "Your message waits for a privacy review at {} before it is sent to the recipients below.\r\n\
             You need not send it again: you will be told if it can't be sent.\r\n\r\n",
            printable(&voice.name)
        );
        for recipient in held {
            let _ = write!(text, "  <{recipient}>\r\n");
        }
        text.push_str(&which(envelope, facts));
        let why = format!("notice to the author of {}", envelope.id);
        Some(self.own_mail(std::slice::from_ref(author), "Your message is held for review", text, &why))
    }

    /// The daily list of what still waits; nothing if nothing does.
    pub(super) fn daily(&self, waiting: &[Summary]) -> Option<Arrival> {
        /// Lines in one mail; the command shows the rest.
        const LINES: usize = 200;
        if self.config.reviewers.is_empty() || waiting.is_empty() {
            return None;
        }
        let now = self.clock.now();
        let mut text = format!("{} messages wait for review, the oldest first.\r\n\r\n", waiting.len());
        for summary in waiting.iter().take(LINES) {
            let is_held = |recipient: &&RecipientRecord| recipient.state == RecipientState::Held;
            let held: Vec<&Address> = summary.recipients.iter().filter(is_held).map(|held| &held.address).collect();
            let why = if summary.recipients.iter().any(RecipientRecord::is_damaged) {
                RecipientRecord::DAMAGED.to_owned()
            } else {
                summary.decision.as_ref().and_then(|decision| main_reason(decision, &held)).unwrap_or_default()
            };
            let waits = age(summary.received, now);
            let _ = write!(text, "{}  {waits:>8}  {} recipients  {why}\r\n", summary.id, held.len());
        }
        if waiting.len() > LINES {
            let _ = write!(text, "and {} more\r\n", waiting.len() - LINES);
        }
        text.push_str("\r\n  waxseal quarantine list\r\n");
        Some(self.own_mail(
            &self.config.reviewers,
            &format!("{} messages wait for review", waiting.len()),
            text,
            "daily list",
        ))
    }

    fn own_mail(&self, to: &[Address], subject: &str, text: String, why: &str) -> Arrival {
        let (id, now) = (new_id(&*self.clock, &*self.random), self.clock.now());
        let content = self.config.own.write(id, to, subject, now, text_part(text));
        self.config.own.arrival(id, to, content, why, now)
    }

    fn may_tell(&self) -> bool {
        let now = self.clock.now();
        let mut told = self.told.lock().expect("no code panics while it holds the count");
        if now.duration_since(told.since) >= SignedDuration::from_hours(1) {
            *told = Told { since: now, count: 0 };
        }
        told.count += 1;
        told.count <= NOTICES_AN_HOUR
    }
}

/// By what an author knows a message again.
fn which(envelope: &Envelope, facts: &Facts) -> String {
    let mut text = format!("\r\nReceived:   {}\r\n", envelope.received.strftime("%Y-%m-%d %H:%M UTC"));
    if let Some(message_id) = &facts.message_id {
        let _ = write!(text, "Message-ID: {}\r\n", printable(message_id));
    }
    let _ = write!(text, "Id:         {}\r\n", envelope.id);
    text
}

/// Each reason once, the strongest first: rule ids and words of ours, never what was found.
fn reasons(decision: &Decision, held: &[&Address]) -> String {
    let mut seen: Vec<(Level, &str)> = Vec::new();
    for recipient in decision.recipients.iter().filter(|recipient| held.contains(&&recipient.address)) {
        for reason in &recipient.reasons {
            if !seen.contains(&(reason.level, &reason.text)) {
                seen.push((reason.level, &reason.text));
            }
        }
    }
    seen.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    seen.iter().take(20).map(|(level, text)| format!("  {level}: {}\r\n", printable(text))).collect()
}

fn main_reason(decision: &Decision, held: &[&Address]) -> Option<String> {
    let reasons = reasons(decision, held);
    reasons.lines().next().map(|line| line.trim().to_owned())
}

/// One line of printable characters: a line break here would forge the next line.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Voice;
    use super::super::tests::{decision, envelope, own};
    use super::*;
    use crate::mail::ReversePath;
    use crate::store::Arrival;
    use crate::world::fake::{FakeClock, FakeRandom};

    fn notices(tell_sender: bool) -> (Notices, Arc<FakeClock>) {
        let clock = Arc::new(FakeClock::at("2026-11-21T12:00:00Z".parse().unwrap()));
        let voice = Voice { tell_sender, name: "Example Clinic".into() };
        let config = Config {
            expire: Duration::from_secs(1),
            protect: Level::TlsVerified,
            own: own(),
            reviewers: vec!["privacy@clinic.example".parse().unwrap()],
            voices: [("lab".to_owned(), Voice { tell_sender: false, ..voice.clone() })].into(),
            voice,
        };
        (Notices::new(config, clock.clone(), Arc::new(FakeRandom::default())), clock)
    }

    fn facts() -> Facts {
        Facts {
            subject: Some("Roe, Jane: HIV result".into()),
            message_id: Some("<m1@clinic.example>".into()),
            ..Facts::default()
        }
    }

    fn text(arrival: &Arrival) -> String {
        match &arrival.content {
            crate::mail::Content::Memory(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            crate::mail::Content::Sealed { .. } => panic!("own mail is in memory"),
        }
    }

    fn recipient_of(arrival: &Arrival) -> String {
        arrival.envelope.recipients[0].address.to_string()
    }

    #[test]
    fn reviewers_and_the_author_are_told_without_a_word_of_the_content() {
        let (notices, _) = notices(true);
        let sent = notices.decided(&envelope(), &facts(), &decision(&[Level::Hold, Level::TlsVerified]));
        assert_eq!(sent.iter().map(recipient_of).collect::<Vec<_>>(), ["privacy@clinic.example", "ann@clinic.example"]);
        for arrival in &sent {
            let text = text(arrival);
            assert!(text.contains(&envelope().id.to_string()), "{text}");
            assert!(text.contains("Auto-Submitted: auto-replied"), "{text}");
            assert!(!text.contains("Roe") && !text.contains("HIV") && !text.contains("6789"), "{text}");
            assert_eq!(arrival.envelope.reverse_path, ReversePath::Null);
        }
        let to_reviewers = text(&sent[0]);
        assert!(to_reviewers.contains("hold: rule phi.bulk") && to_reviewers.contains("1 held of 2"), "{to_reviewers}");
        let to_author = text(&sent[1]);
        assert!(to_author.contains("<one@partner.example>") && to_author.contains("Example Clinic"), "{to_author}");
        assert!(!to_author.contains("two@partner.example"), "only who is held: {to_author}");
    }

    #[test]
    fn nobody_is_told_of_own_mail_or_where_nobody_is_held() {
        let (notices, _) = notices(true);
        assert!(notices.decided(&envelope(), &facts(), &decision(&[Level::Tls, Level::Tls])).is_empty());
        let own = Facts { own: true, ..facts() };
        assert!(notices.decided(&envelope(), &own, &decision(&[Level::Hold, Level::Hold])).is_empty());
    }

    #[test]
    fn the_author_is_not_told_at_the_null_reverse_path_nor_where_the_site_or_profile_says_no() {
        let held = decision(&[Level::Hold, Level::Hold]);
        let told = |sent: Vec<Arrival>| sent.iter().any(|arrival| recipient_of(arrival) == "ann@clinic.example");
        let bounce = Envelope { reverse_path: ReversePath::Null, ..envelope() };
        let lab = Decision { profile: Some("lab".into()), ..held.clone() };
        assert!(told(notices(true).0.decided(&envelope(), &facts(), &held)));
        assert!(!told(notices(true).0.decided(&bounce, &facts(), &held)));
        assert!(!told(notices(false).0.decided(&envelope(), &facts(), &held)));
        assert!(!told(notices(true).0.decided(&envelope(), &facts(), &lab)));
    }

    #[test]
    fn the_author_is_told_of_a_rule_on_trial_and_of_no_other() {
        let told = |mode: Mode, tell_sender: bool| {
            let mut sent_on = decision(&[Level::Tls, Level::Tls]);
            sent_on.findings.matches[0].mode = mode;
            notices(tell_sender).0.decided(&envelope(), &facts(), &sent_on)
        };
        assert!(told(Mode::Shadow, true).is_empty() && told(Mode::Enforce, true).is_empty());
        assert!(told(Mode::Notify, false).is_empty());
        let sent = told(Mode::Notify, true);
        assert_eq!(sent.iter().map(recipient_of).collect::<Vec<_>>(), ["ann@clinic.example"]);
        let text = text(&sent[0]);
        assert!(text.contains("rule phi.bulk") && text.contains(&envelope().id.to_string()), "{text}");
        assert!(!text.contains("Roe") && !text.contains("HIV") && !text.contains("6789"), "{text}");
    }

    #[test]
    fn a_flood_of_held_mail_is_no_flood_of_notices() {
        let (notices, clock) = notices(false);
        let tell = || notices.decided(&envelope(), &facts(), &decision(&[Level::Hold, Level::Hold])).len();
        assert_eq!((0..1000).map(|_| tell()).sum::<usize>(), NOTICES_AN_HOUR as usize);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(tell(), 1);
    }

    #[test]
    fn a_late_refusal_is_reported_in_neutral_words() {
        let (notices, _) = notices(true);
        let sent = notices.refused(&envelope(), &facts(), &decision(&[Level::Reject, Level::Reject]));
        let text = text(&sent[0]);
        assert!(text.contains("Action: failed") && !text.contains("Roe") && !text.contains("phi.bulk"), "{text}");
        let bounce = Envelope { reverse_path: ReversePath::Null, ..envelope() };
        assert!(notices.refused(&bounce, &facts(), &decision(&[Level::Reject])).is_empty());
    }
}
