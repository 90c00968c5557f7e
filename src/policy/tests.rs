//! The room's tests: decisions in tables. What must hold for every message there could be stands in `properties`.

use jiff::Timestamp;

use super::*;
use crate::detect::{Findings, Kind, Mode, RuleMatch, Sensitivity};
use crate::mail::{Address, Envelope, QueueId};
use crate::message::{Field, Gap, GapReason, Origin, Part, Reading};
use crate::sample;

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn envelope(recipients: &[&str]) -> Envelope {
    sample::envelope(QueueId::from_bytes([7; 16]), recipients, at(0))
}

fn matched(rule: &str, kind: Kind, mode: Mode, sensitivity: Sensitivity) -> RuleMatch {
    RuleMatch {
        rule: rule.into(),
        kind,
        mode,
        sensitivity,
        all_or_nothing: false,
        topic: None,
        confidence: 90,
        count: 1,
    }
}

fn phi() -> RuleMatch {
    matched("phi.a", Kind::Phi, Mode::Enforce, Sensitivity::Standard)
}

fn gap(reason: GapReason) -> Gap {
    Gap { origin: Origin::new("attachment/1"), reason }
}

fn field(name: &str, value: &str) -> Field {
    Field { name: name.into(), value: value.into(), range: 0..0 }
}

/// A message and what surrounds it; each test says only what matters to it.
struct Case {
    config: Config,
    matches: Vec<RuleMatch>,
    reading: Reading,
    envelope: Envelope,
    waivers: Vec<Waiver>,
}

impl Case {
    fn new() -> Self {
        Self {
            config: Config::default(),
            matches: Vec::new(),
            reading: Reading::default(),
            envelope: envelope(&["bob@partner.example"]),
            waivers: Vec::new(),
        }
    }

    fn rules(matches: &[RuleMatch]) -> Self {
        Self { matches: matches.to_vec(), ..Self::new() }
    }

    fn header(fields: &[(&str, &str)]) -> Self {
        let mut case = Self::new();
        case.reading.fields = fields.iter().map(|(name, value)| field(name, value)).collect();
        case
    }

    fn decide(&self) -> Decision {
        let findings = Findings { findings: Vec::new(), matches: self.matches.clone(), ..Findings::default() };
        let authors = [address("ann@clinic.example")];
        let context = Context { now: at(1000), authors: &authors, waivers: &self.waivers, ruleset: "r" };
        decide(&self.config, findings, &self.reading, &self.envelope, &context)
    }

    fn level(&self) -> Level {
        self.decide().recipients[0].level
    }
}

#[test]
fn each_sensitivity_asks_for_its_level_and_the_highest_wins() {
    use Sensitivity::*;
    for (asked, level) in [
        (vec![], Level::Tls),
        (vec![Light], Level::TlsVerified),
        (vec![Standard], Level::TlsVerified),
        (vec![Special, Light], Level::TlsAuthenticated),
        (vec![Tls], Level::Tls),
        (vec![Message, Special], Level::Message),
        (vec![Hold, Standard], Level::Hold),
    ] {
        let matches: Vec<RuleMatch> =
            asked.iter().map(|asked| matched("phi.a", Kind::Phi, Mode::Enforce, *asked)).collect();
        assert_eq!(Case::rules(&matches).level(), level, "{asked:?}");
    }
}

#[test]
fn rules_that_only_watch_never_raise() {
    for mode in [Mode::Shadow, Mode::Notify] {
        let case = Case::rules(&[matched("phi.a", Kind::Phi, mode, Sensitivity::Reject)]);
        let decision = case.decide();
        assert_eq!((decision.recipients[0].level, decision.verdict), (Level::Tls, Verdict::Clean), "{mode:?}");
        assert_eq!(decision.refusal, None);
    }
}

#[test]
fn the_verdict_says_the_gravest_thing_seen() {
    let card = matched("pci.card", Kind::Payment, Mode::Enforce, Sensitivity::Standard);
    for (matches, gaps, verdict) in [
        (vec![], vec![], Verdict::Clean),
        (vec![], vec![gap(GapReason::Picture)], Verdict::Clean),
        (vec![card.clone()], vec![], Verdict::Sensitive),
        (vec![card], vec![gap(GapReason::Encrypted)], Verdict::Unread),
        (vec![phi()], vec![gap(GapReason::Encrypted)], Verdict::Phi),
    ] {
        let mut case = Case::rules(&matches);
        case.reading.gaps = gaps;
        assert_eq!(case.decide().verdict, verdict, "{matches:?}");
    }
}

#[test]
fn a_part_encrypted_for_its_recipient_is_no_gap_but_its_neighbour_is() {
    let mut case = Case::new();
    let part = |origin: &str| Part {
        origin: Origin::new(origin),
        kind: "application/pkcs7-mime".into(),
        name: None,
        size: 1,
        encrypted: true,
        signed: false,
    };
    case.reading.parts = vec![part("attachment/1")];
    case.reading.gaps = vec![gap(GapReason::Encrypted)];
    assert_eq!(case.level(), Level::Tls);
    case.reading.gaps.push(Gap { origin: Origin::new("attachment/2"), reason: GapReason::Encrypted });
    assert_eq!(case.level(), Level::TlsVerified);
}

#[test]
fn a_sender_raises_by_tag_header_or_sensitivity() {
    for (name, value, level) in [
        ("Subject", "[SECURE] results", Level::TlsVerified),
        ("Subject", "results [encrypt]", Level::TlsVerified),
        ("X-Waxseal-Protect", "auto", Level::TlsVerified),
        ("X-Waxseal-Protect", "tls-authenticated", Level::TlsAuthenticated),
        ("X-Waxseal-Protect", " Hold ", Level::Hold),
        ("X-Waxseal-Protect", "smime", Level::Hold),
        ("X-Waxseal-Protect", "portal", Level::Hold),
        ("X-Waxseal-Protect", "none", Level::Hold),
        ("X-Waxseal-Protect", "wait", Level::Hold),
        ("X-Waxseal-Protect", "transport", Level::Hold),
        ("X-Waxseal-Protect", "", Level::Hold),
        ("Sensitivity", "company-confidential", Level::TlsVerified),
        ("Sensitivity", "private", Level::Tls),
    ] {
        assert_eq!(Case::header(&[(name, value)]).level(), level, "{name}: {value}");
    }
}

#[test]
fn words_that_would_lower_are_not_heard() {
    for (name, value) in [
        ("Subject", "[plain] no encryption"),
        ("Subject", "[unsecure]"),
        ("Subject", "[s\u{435}cure]"),
        ("X-Waxseal-Level", "opportunistic"),
        ("X-Waxseal-Verdict", "clean"),
        ("TLS-Required", "No"),
    ] {
        let mut case = Case::header(&[(name, value)]);
        case.matches = vec![phi()];
        assert_eq!(case.level(), Level::TlsVerified, "{name}: {value}");
    }
    let reasons = Case::header(&[("TLS-Required", "No")]).decide().recipients.remove(0).reasons;
    assert!(reasons.iter().any(|reason| reason.text == "header TLS-Required: No ignored"));
}

#[test]
fn requiretls_asks_for_an_authenticated_hop_even_while_observing() {
    let mut case = Case::new();
    case.config.observe_until = Some(at(2000));
    case.envelope.require_tls = true;
    let decision = case.decide();
    assert_eq!(decision.recipients[0].level, Level::TlsAuthenticated);
    assert!(!decision.observed);
}

#[test]
fn a_rejecting_rule_refuses_the_transaction_in_neutral_words() {
    let mut case = Case::rules(&[matched("phi.a", Kind::Phi, Mode::Enforce, Sensitivity::Reject)]);
    assert_eq!(case.decide().refusal.unwrap().code, "WX-RULE");
    case.matches.clear();
    case.config.gap.insert(GapReason::NotMail, Level::Reject);
    case.reading.gaps = vec![gap(GapReason::NotMail)];
    assert_eq!(case.decide().refusal.unwrap().code, "WX-READ");
}

#[test]
fn while_observing_everything_is_decided_and_nothing_stopped() {
    let mut case = Case::rules(&[matched("phi.a", Kind::Phi, Mode::Enforce, Sensitivity::Reject)]);
    case.config.observe_until = Some(at(1001));
    let decision = case.decide();
    assert_eq!((decision.recipients[0].level, decision.observed), (Level::Reject, true));
    assert_eq!(decision.refusal, None);
    assert_eq!(decision.start(&decision.recipients[0]), (Level::Opportunistic, Method::Transport));
    assert_eq!(decision.recipients[0].ladder, Config::AUTO);
    case.config.observe_until = Some(at(1000));
    assert!(case.decide().refusal.is_some(), "it ends by itself in enforcement");
}

fn waiver(to: &str) -> Waiver {
    sample::waiver("w1", to)
}

#[test]
fn a_waiver_lowers_its_own_recipient_alone_and_is_recorded() {
    let mut case = Case::rules(&[phi()]);
    case.envelope = envelope(&["jane@home.example", "bob@partner.example"]);
    case.waivers = vec![waiver("jane@home.example")];
    let decision = case.decide();
    assert_eq!(decision.recipients[0].level, Level::Opportunistic);
    assert_eq!(decision.recipients[0].lowered_by, ["waiver w1"]);
    assert_eq!(decision.recipients[1].level, Level::TlsVerified);
    assert!(decision.recipients[1].lowered_by.is_empty());
}

#[test]
fn a_waiver_covers_neither_cards_nor_special_content_nor_a_hold_nor_what_the_sender_asked() {
    for (rule, level) in [
        (matched("pci.card", Kind::Payment, Mode::Enforce, Sensitivity::Standard), Level::TlsVerified),
        (matched("phi.sud", Kind::Phi, Mode::Enforce, Sensitivity::Special), Level::TlsAuthenticated),
        (matched("phi.bulk", Kind::Phi, Mode::Enforce, Sensitivity::Hold), Level::Hold),
        (matched("special.hiv", Kind::Phi, Mode::Enforce, Sensitivity::Message), Level::Message),
        (matched("phi.never", Kind::Phi, Mode::Enforce, Sensitivity::Reject), Level::Reject),
    ] {
        let mut case = Case::rules(std::slice::from_ref(&rule));
        case.waivers = vec![waiver("bob@partner.example")];
        assert_eq!(case.level(), level, "{}", rule.rule);
    }
    let mut case = Case::header(&[("Subject", "[secure]")]);
    case.waivers = vec![waiver("bob@partner.example")];
    assert_eq!(case.level(), Level::TlsVerified);
    let mut case = Case::new();
    case.reading.gaps = vec![gap(GapReason::Encrypted)];
    case.waivers = vec![waiver("bob@partner.example")];
    assert_eq!(case.level(), Level::TlsVerified, "what nobody could read");
    let mut case = Case::rules(&[phi()]);
    case.envelope.require_tls = true;
    case.waivers = vec![waiver("bob@partner.example")];
    assert_eq!(case.level(), Level::TlsAuthenticated, "REQUIRETLS");
}

#[test]
fn an_exception_lowers_only_what_it_names_and_never_after_its_end() {
    let exception = |rules: &[&str], expires| Exception {
        id: "partners#1".into(),
        rules: rules.iter().map(|rule| rule.to_string()).collect(),
        when: When::default(),
        effect: Level::Tls,
        reason: "leased line".into(),
        owner: "ann".into(),
        approvers: vec!["bob".into()],
        expires: at(expires),
    };
    for (rules, expires, level) in [
        (vec!["phi.a"], 1001, Level::Tls),
        (vec!["phi.a"], 1000, Level::TlsVerified),
        (vec!["phi.b"], 1001, Level::TlsVerified),
        (vec!["policy.clean"], 1001, Level::TlsVerified),
    ] {
        let mut case = Case::rules(&[phi()]);
        case.config.exceptions = vec![exception(&rules, expires)];
        assert_eq!(case.level(), level, "{rules:?} until {expires}");
    }
    let mut case = Case::new();
    case.reading.gaps = vec![gap(GapReason::Encrypted)];
    case.config.exceptions = vec![exception(&["gap.encrypted"], 1001)];
    assert_eq!(case.level(), Level::Tls);
    assert_eq!(case.decide().recipients[0].lowered_by, ["exception partners#1"]);
}

#[test]
fn all_or_nothing_holds_everybody_with_the_one_who_is_held() {
    let mut case = Case::rules(&[matched("phi.a", Kind::Phi, Mode::Enforce, Sensitivity::Hold)]);
    case.envelope = envelope(&["jane@home.example", "bob@partner.example"]);
    let mut release = Exception {
        id: "e".into(),
        rules: vec!["phi.a".into()],
        when: When { recipients: vec!["jane@home.example".parse().unwrap()], ..When::default() },
        effect: Level::Tls,
        reason: "r".into(),
        owner: "o".into(),
        approvers: vec!["p".into()],
        expires: at(2000),
    };
    case.config.exceptions = vec![release.clone()];
    let levels = |case: &Case| case.decide().recipients.iter().map(|to| to.level).collect::<Vec<_>>();
    assert_eq!(levels(&case), [Level::Tls, Level::Hold]);
    case.matches[0].all_or_nothing = true;
    assert_eq!(levels(&case), [Level::Hold, Level::Hold]);
    release.when = When::default();
    case.config.exceptions = vec![release];
    assert_eq!(levels(&case), [Level::Tls, Level::Tls], "nobody held, nothing to share");
}

#[test]
fn tags_control_fields_and_forged_trace_are_taken_out() {
    let mut case = Case::header(&[
        ("Subject", "[Secure] results"),
        ("X-Waxseal-Protect", "auto"),
        ("X-WAXSEAL-Id", "1"),
        ("Return-Path", "<x@y.example>"),
        ("Authentication-Results", "gw.example.org; dkim=pass"),
        ("Received", "from a by b"),
    ]);
    case.config.hostname = Some("gw.example.org".parse().unwrap());
    let remove = |name: &str| Edit::RemoveField(name.to_owned());
    assert_eq!(
        case.decide().edits,
        [
            Edit::RemoveTag("[secure]".into()),
            remove("x-waxseal-protect"),
            remove("x-waxseal-id"),
            remove("return-path"),
            remove("authentication-results")
        ]
    );
    case.reading.fields[4].value = "other.example; dkim=pass".into();
    assert!(!case.decide().edits.contains(&remove("authentication-results")));
}

#[test]
fn what_proves_a_source_never_leaves_whatever_it_breaks() {
    let signature = "v=1; a=rsa-sha256; d=clinic.example; h=from:x-relay; bh=x; b=y";
    let mut case = Case::header(&[("DKIM-Signature", signature), ("X-Relay", "hunter2")]);
    case.config.private_fields = [("office".to_owned(), vec!["X-RELAY".to_owned()])].into();
    assert_eq!(case.decide().edits, [Edit::RemoveField("x-relay".into())]);
    case.envelope.source = "other".into();
    assert_eq!(case.decide().edits, []);
}

#[test]
fn an_edit_that_would_break_a_signature_we_dont_replace_is_left_out() {
    let signature = "v=1; a=rsa-sha256; d=clinic.example; h=From:Subject : To; bh=x; b=y";
    let mut case = Case::header(&[("DKIM-Signature", signature), ("Subject", "[secure] x"), ("Return-Path", "<>")]);
    let removed_path = Edit::RemoveField("return-path".into());
    assert_eq!(case.decide().edits, std::slice::from_ref(&removed_path));
    case.config.signs = vec!["clinic.example".parse().unwrap()];
    assert_eq!(case.decide().edits, [Edit::RemoveTag("[secure]".into()), removed_path]);
}

mod properties;
