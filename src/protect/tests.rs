use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::Instant;

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt};

use super::dkim::{Algorithm, Signer, generate};
use super::*;
use crate::mail::{Body, Client, QueueId, TlsSession};
use crate::message::{Gap, GapReason, Origin};
use crate::policy::Edit;
use crate::sample;

fn envelope(to: &[&str]) -> Envelope {
    let sample = sample::envelope(QueueId::new(1, &[1; 10]), to, "2026-06-01T08:30:00Z".parse().unwrap());
    Envelope {
        reverse_path: ReversePath::Address("ann@corp.example".parse().unwrap()),
        body: Body::SevenBit,
        client: Client {
            ip: "10.0.0.1".parse().unwrap(),
            helo: "pc.corp.example".to_owned(),
            tls: Some(TlsSession { version: "TLSv1.3".to_owned(), cipher: "TLS13_AES_256_GCM_SHA384".to_owned() }),
            ..sample.client
        },
        ..sample
    }
}

fn decision(edits: Vec<Edit>) -> Decision {
    Decision { verdict: Verdict::Phi, edits, ..sample::decision(&[]) }
}

fn config() -> Config {
    Config::new("gw.example".parse().unwrap())
}

fn compose(config: &Config, envelope: &Envelope, edits: Vec<Edit>, content: &str) -> String {
    let author: Address = "ann@corp.example".parse().unwrap();
    let decision = decision(edits);
    let outgoing = Outgoing { envelope, decision: &decision, author: Some(&author), own: false, internal: false };
    let pieces = config.compose(outgoing, &Bytes::copy_from_slice(content.as_bytes())).unwrap();
    String::from_utf8(pieces.concat()).unwrap()
}

/// What follows our own two fields.
fn after_trace(composed: &str) -> &str {
    let id = composed.find("X-Waxseal-Id: ").unwrap();
    &composed[id + composed[id..].find("\r\n").unwrap() + 2..]
}

fn edited(edits: Vec<Edit>, content: &str) -> String {
    after_trace(&compose(&config(), &envelope(&["b@x.example"]), edits, content)).to_owned()
}

#[test]
fn the_trace_stands_on_top_and_the_rest_is_untouched() {
    let content = "Subject: x\r\n\r\n.body\r\n";
    assert_eq!(
        compose(&config(), &envelope(&["b@x.example"]), Vec::new(), content),
        "Received: from pc.corp.example ([10.0.0.1])\r\n\
         \t(using TLSv1.3 with cipher TLS13_AES_256_GCM_SHA384)\r\n\
         \tby gw.example (Waxseal) with ESMTPS id 00000000000171018101010101010101\r\n\
         \tfor <b@x.example>;\r\n\
         \tMon, 01 Jun 2026 08:30:00 +0000\r\n\
         X-Waxseal-Id: 00000000000171018101010101010101\r\n\
         Subject: x\r\n\r\n.body\r\n"
    );
}

#[test]
fn with_several_recipients_none_is_named() {
    let composed = compose(&config(), &envelope(&["b@x.example", "c@x.example"]), Vec::new(), "A: b\r\n\r\n");
    assert!(!composed.contains("b@x.example") && !composed.contains("c@x.example"));
}

#[test]
fn what_the_client_called_itself_cannot_forge_the_trace() {
    let mut envelope = envelope(&["b@x.example"]);
    for helo in ["evil) by other.example (x", "a\r\nX-Evil: yes", "", "ü.example"] {
        envelope.client.helo = helo.to_owned();
        let composed = compose(&config(), &envelope, Vec::new(), "A: b\r\n\r\n");
        assert!(composed.starts_with("Received: from unknown ([10.0.0.1])\r\n"), "{helo:?}");
    }
}

/// Promise 3: that a message contains PHI reaches internal hops only.
#[test]
fn the_verdict_is_for_internal_hops() {
    let (envelope, decision) = (envelope(&["b@x.example"]), decision(Vec::new()));
    let composed = |internal| {
        let outgoing = Outgoing { envelope: &envelope, decision: &decision, author: None, own: false, internal };
        String::from_utf8(config().compose(outgoing, &Bytes::from_static(b"A: b\r\n\r\n")).unwrap().concat()).unwrap()
    };
    assert!(composed(true).contains("X-Waxseal-Verdict: phi\r\n"));
    assert!(!composed(false).to_lowercase().contains("phi"));
}

#[test]
fn fields_go_whole_and_the_others_keep_their_bytes() {
    let content = "Subject:  odd   \r\n\tfolded\r\nX-Waxseal-Protect: portal\r\n more\r\nto: B <b@x.example>\r\n\
                   x-WAXSEAL-protect: hold\r\n\r\nX-Waxseal-Protect: body\r\n";
    let edits = vec![Edit::RemoveField("x-waxseal-protect".to_owned())];
    let expected = "Subject:  odd   \r\n\tfolded\r\nto: B <b@x.example>\r\n\r\nX-Waxseal-Protect: body\r\n";
    assert_eq!(edited(edits, content), expected);
}

/// T075: a hop that cuts a long line would break our signature, and a character.
#[test]
fn long_lines_are_broken_unless_that_breaks_what_others_signed() {
    let long = "Käse ".repeat(500);
    let lines = |content: &str, gaps: Vec<Gap>| {
        let (envelope, decision) = (envelope(&["b@x.example"]), Decision { gaps, ..decision(Vec::new()) });
        let author: Address = "ann@other.example".parse().unwrap();
        let outgoing =
            Outgoing { envelope: &envelope, decision: &decision, author: Some(&author), own: false, internal: false };
        let pieces = config().compose(outgoing, &Bytes::copy_from_slice(content.as_bytes())).unwrap().concat();
        String::from_utf8(pieces).unwrap().lines().map(str::len).max().unwrap()
    };
    let plain = format!("Subject: x\r\n\r\n{long}\r\n");
    assert!(lines(&plain, Vec::new()) <= 998);
    assert!(lines(&format!("DKIM-Signature: v=1\r\n{plain}"), Vec::new()) > 998);
    let ambiguous = Gap { origin: Origin::new("body"), reason: GapReason::Ambiguous };
    assert!(lines(&plain, vec![ambiguous]) > 998);
}

#[test]
fn only_results_in_our_own_name_are_forged() {
    let content =
        "Authentication-Results: gw.example; dkim=pass\r\nAuthentication-Results: other.example; spf=pass\r\n\r\n";
    let edits = vec![Edit::RemoveField("authentication-results".to_owned())];
    assert_eq!(edited(edits, content), "Authentication-Results: other.example; spf=pass\r\n\r\n");
}

#[test]
fn tags_go_out_of_the_subject() {
    for (subject, expected) in [
        ("Subject: [secure] Results", "Subject: Results"),
        ("Subject: Results [SECURE]", "Subject: Results "),
        ("Subject: Your [Secure] results", "Subject: Your results"),
        ("Subject: Re: [secure] [secure] x", "Subject: Re: x"),
        ("Subject: no tag", "Subject: no tag"),
        ("Subject: long one\r\n [secure] folded", "Subject: long one\r\n folded"),
        ("Subject: [secure] =?utf-8?q?J=C3=B6rg?=", "Subject: =?utf-8?q?J=C3=B6rg?="),
        ("Subject: =?utf-8?B?W3NlY3VyZV0gUmVzdWx0cw==?=", "Subject: Results"),
        ("Subject: =?utf-8?q?[secure]_J=C3=B6rg?=", "Subject: =?utf-8?B?SsO2cmc=?="),
    ] {
        let content = format!("{subject}\r\nTo: [secure] <b@x.example>\r\n\r\n[secure]\r\n");
        let expected = format!("{expected}\r\nTo: [secure] <b@x.example>\r\n\r\n[secure]\r\n");
        assert_eq!(edited(vec![Edit::RemoveTag("[secure]".to_owned())], &content), expected, "{subject}");
    }
}

#[test]
fn a_long_subject_is_encoded_in_words_of_75_characters() {
    let words = "ärztliche Befunde ".repeat(20);
    let content = format!("Subject: =?utf-8?q?[secure]?= {words}\r\n\r\n");
    let encoded = edited(vec![Edit::RemoveTag("[secure]".to_owned())], &content);
    for line in encoded.trim_end().lines() {
        assert!(line.trim_start_matches("Subject:").trim().len() <= 75, "{line}");
    }
    let read = crate::message::header_fields(encoded.as_bytes());
    assert_eq!(read[0].value.trim(), words.trim());
}

#[test]
fn a_device_gets_the_fields_that_it_forgot() {
    let mut config = config();
    config.mended_sources.insert("office".to_owned());
    let composed = compose(&config, &envelope(&["b@x.example"]), Vec::new(), "From: c@corp.example\r\n\r\n");
    assert_eq!(
        after_trace(&composed),
        "Date: Mon, 01 Jun 2026 08:30:00 +0000\r\nMessage-ID: <00000000000171018101010101010101@gw.example>\r\n\
         From: c@corp.example\r\n\r\n"
    );
    let whole = "date: x\r\nMESSAGE-ID: <1@a>\r\n\r\n";
    assert_eq!(after_trace(&compose(&config, &envelope(&["b@x.example"]), Vec::new(), whole)), whole);
}

/// The DNS as a verifier sees it: only these records.
struct Records(Mutex<HashMap<Box<str>, Txt>>);

impl ResolverCache<Box<str>, Txt> for Records {
    fn get<Q: Hash + Eq + ?Sized>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
    {
        self.0.lock().unwrap().get(name).cloned()
    }
    fn remove<Q: Hash + Eq + ?Sized>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
    {
        self.0.lock().unwrap().remove(name)
    }
    fn insert(&self, name: Box<str>, value: Txt, _: Instant) {
        self.0.lock().unwrap().insert(name, value);
    }
}

/// How many signatures a verifier finds, and whether all hold.
async fn verified(signers: &[Signer], message: &str) -> (usize, bool) {
    let records = Records(Mutex::default());
    for signer in signers {
        let key = DomainKey::parse(signer.record().as_bytes()).expect("a record that a verifier reads");
        records.insert(format!("{}.", signer.record_name()).into(), Txt::from(key), Instant::now());
    }
    let parsed = AuthenticatedMessage::parse(message.as_bytes()).unwrap();
    let verifier = MessageAuthenticator::new_system_conf().unwrap();
    let results = verifier.verify_dkim(Parameters::new(&parsed).with_txt_cache(&records)).await;
    (results.len(), results.iter().all(|result| *result.result() == DkimResult::Pass))
}

fn signing() -> Config {
    let signer = |algorithm, selector| {
        Signer::from_pem("corp.example".parse().unwrap(), selector, &generate(algorithm).unwrap()).unwrap()
    };
    let signers = vec![signer(Algorithm::Rsa, "r1"), signer(Algorithm::Ed25519, "e1")];
    assert_eq!((signers[0].algorithm(), signers[1].algorithm()), (Algorithm::Rsa, Algorithm::Ed25519));
    Config { signers, ..config() }
}

const MAIL: &str = "From: Ann <ann@corp.example>\r\nTo: b@x.example\r\nSubject: [secure] x\r\n\
    Date: Mon, 01 Jun 2026 08:30:00 +0000\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n\r\nhello  \r\n\r\nyou\r\n\r\n\r\n";

/// T140: both signatures hold over what leaves, edits included, in whatever pieces it leaves.
#[tokio::test]
async fn what_leaves_is_signed_with_both_keys() {
    let config = signing();
    let edits = vec![Edit::RemoveTag("[secure]".to_owned())];
    let composed = compose(&config, &envelope(&["b@x.example"]), edits, MAIL);
    assert!(composed.contains("Subject: x\r\n"));
    assert_eq!(verified(&config.signers, &composed).await, (2, true));
    let signatures = &composed[..composed.find("Received:").unwrap()].to_lowercase();
    assert!(!signatures.contains("l=") || !signatures.split(';').any(|tag| tag.trim().starts_with("l=")));
    assert!(signatures.contains("c=relaxed/relaxed"));
}

/// T140: a field put in later breaks the signature, also one that the message did not have.
#[tokio::test]
async fn fields_cannot_be_added_later() {
    let config = signing();
    let composed = compose(&config, &envelope(&["b@x.example"]), Vec::new(), MAIL);
    for added in [
        "From: CEO <ceo@corp.example>",
        "Subject: y",
        "To: c@x.example",
        "Date: now",
        "Cc: d@x.example",
        "Reply-To: evil@x.example",
        "Content-Type: text/html",
        "MIME-Version: 1.0",
    ] {
        let (found, all) = verified(&config.signers, &format!("{added}\r\n{composed}")).await;
        assert!(found == 2 && !all, "{added}");
    }
    let (_, all) = verified(&config.signers, &composed.replace("hello", "hallo")).await;
    assert!(!all);
    let (_, all) = verified(&config.signers, &format!("{composed}added below\r\n")).await;
    assert!(!all);
}

#[test]
fn a_subdomain_is_signed_for_by_the_closest_domain_above() {
    let signer =
        |domain: &str| Signer::from_pem(domain.parse().unwrap(), "s", &generate(Algorithm::Ed25519).unwrap()).unwrap();
    let signers = [signer("corp.example"), signer("lab.corp.example")];
    let closest = |author: &str| dkim::closest(&signers, &author.parse().unwrap()).map(|domain| domain.to_string());
    assert_eq!(closest("corp.example").as_deref(), Some("corp.example"));
    assert_eq!(closest("a.lab.corp.example").as_deref(), Some("lab.corp.example"));
    assert_eq!(closest("hr.corp.example").as_deref(), Some("corp.example"));
    assert_eq!(closest("evilcorp.example"), None);
}

/// A tenant's bounce passes, but it is not our word; our own notification is.
#[test]
fn a_null_reverse_path_is_signed_only_for_our_own_mail() {
    let config = signing();
    let mut envelope = envelope(&["b@x.example"]);
    envelope.reverse_path = ReversePath::Null;
    let (author, decision) = ("ann@corp.example".parse().unwrap(), decision(Vec::new()));
    for own in [false, true] {
        let outgoing =
            Outgoing { envelope: &envelope, decision: &decision, author: Some(&author), own, internal: false };
        let composed = config.compose(outgoing, &Bytes::from_static(MAIL.as_bytes())).unwrap().concat();
        assert_eq!(composed.starts_with(b"DKIM-Signature:"), own);
    }
}

/// `profiles[].dkim`: mail of a tenant whose own platform signs goes out as it came.
#[test]
fn a_profile_may_leave_its_mail_unsigned() {
    let config = Config { unsigned: [Some("lab".to_owned())].into(), ..signing() };
    let envelope = envelope(&["b@x.example"]);
    let author = "ann@corp.example".parse().unwrap();
    for (profile, signed) in [(None, true), (Some("lab"), false), (Some("ward"), true)] {
        let decision = Decision { profile: profile.map(str::to_owned), ..decision(Vec::new()) };
        let outgoing =
            Outgoing { envelope: &envelope, decision: &decision, author: Some(&author), own: false, internal: false };
        let composed = config.compose(outgoing, &Bytes::from_static(MAIL.as_bytes())).unwrap().concat();
        assert_eq!(composed.starts_with(b"DKIM-Signature:"), signed, "{profile:?}");
    }
}

#[test]
fn what_is_no_key_is_refused_without_showing_it() {
    let read = |pem: &str| Signer::from_pem("corp.example".parse().unwrap(), "s", pem).map(drop);
    assert!(matches!(read("hello"), Err(dkim::KeyError::Pem)));
    let pem = generate(Algorithm::Ed25519).unwrap();
    let damaged: String =
        pem.lines().map(|line| if line.starts_with('-') { format!("{line}\n") } else { "AAAA\n".into() }).collect();
    assert!(matches!(read(&damaged), Err(dkim::KeyError::Kind)));
    let signer = Signer::from_pem("corp.example".parse().unwrap(), "s", &pem).unwrap();
    assert_eq!(format!("{signer:?}"), "[key s of corp.example]");
}
