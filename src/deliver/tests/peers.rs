//! What hops say and do, and what becomes of each recipient.

use proptest::prelude::*;

use super::sink::{CUT, Mail, SILENCE};
use super::*;
use crate::mail::Ret;
use crate::world::{MailHosts, ResolveError};

const HOP: &str = "192.0.2.1:25";

/// A lab whose only hop is this one.
fn at(sink: &Sink) -> Lab {
    Lab::new().hop(HOP, sink).route(next_hop("192.0.2.1")).start()
}

async fn once(sink: &Sink) -> Attempt {
    at(sink).one(Level::Opportunistic).await
}

/// T018: wherever the connection is cut, the recipient is tried again.
#[tokio::test(start_paused = true)]
async fn a_cut_connection_defers() {
    for moment in ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY", "."] {
        for offers in [&["PIPELINING"][..], &[]] {
            let sink = sink().offers(offers).on(moment, CUT).build();
            assert_eq!(word(&once(&sink).await), "deferred 4.4.2", "cut at {moment}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_hop_defers_when_the_deadline_is_over() {
    for moment in ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let sink = sink().on(moment, SILENCE).build();
        assert_eq!(word(&once(&sink).await), "deferred 4.4.2", "silent at {moment}");
    }
}

/// T019: 4xx and 421 are tried again, 5xx are not.
#[tokio::test(start_paused = true)]
async fn replies_decide_at_every_stage() {
    for moment in ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        for offers in [&["PIPELINING"][..], &[]] {
            for (reply, expected) in [
                ("451 4.3.2 busy", "deferred 4.3.2"),
                ("421 4.7.0 go away", "deferred 4.7.0"),
                ("554 5.7.1 never", "failed 5.7.1"),
            ] {
                let mut script = sink().offers(offers).on(moment, reply);
                if moment == "EHLO" {
                    script = script.on("HELO", reply);
                }
                let sink = script.build();
                assert_eq!(word(&once(&sink).await), expected, "{reply} at {moment}");
                assert!(sink.mails().is_empty());
            }
        }
    }
}

/// T067: what is no SMTP is not taken for consent.
/// A refusal is one, even where the peer hangs up right after it; 421 says no more than that.
#[tokio::test(start_paused = true)]
async fn a_reply_before_the_connection_is_closed_is_heard() {
    for offers in [&["PIPELINING"][..], &[]] {
        for moment in ["EHLO", "MAIL", "RCPT"] {
            let refused = sink().offers(offers).last(moment, "550 5.7.1 never").build();
            assert_eq!(word(&once(&refused).await), "failed 5.7.1", "{moment}");
        }
        let closing = sink().offers(offers).last("MAIL", "421 4.3.2 later").build();
        assert!(word(&once(&closing).await).starts_with("deferred"));
        let of_two = sink().offers(offers).last("RCPT TO:<b", "550 5.1.1 unknown").build();
        let results = at(&of_two).deliver(Level::Opportunistic, &["a@example.org", "b@example.org"]).await;
        assert_eq!(words(&results), ["deferred 4.4.2", "failed 5.1.1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn nonsense_defers() {
    let endless = vec!["250-more"; 5000].join("\r\n");
    let huge = format!("250 {}", "x".repeat(10_000_000));
    for (moment, reply) in [
        ("CONNECT", "220 a\r\n220 b"),
        ("CONNECT", "SSH-2.0-OpenSSH"),
        ("EHLO", &endless),
        ("MAIL", "999 what"),
        ("RCPT", "250 a\0b"),
        ("RCPT", &huge),
        ("DATA", "354 go on\r\n250 taken"),
        ("DATA", "250 taken"),
        (".", "354 more"),
        (".", "250-yes\r\n550 no"),
    ] {
        let sink = sink().on(moment, reply).build();
        let attempt = once(&sink).await;
        assert_eq!(word(&attempt), "deferred 4.5.0", "{} at {moment}", &reply[..reply.len().min(20)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_knows_only_helo_is_served() {
    let sink = sink().on("EHLO", "502 5.5.1 what").build();
    assert_eq!(word(&once(&sink).await), "sent");
    assert!(sink.saw("HELO gw.example") && sink.saw("MAIL FROM:<ann@corp.example>"));
}

/// T020: each recipient has its own reply, pipelined or not.
#[tokio::test(start_paused = true)]
async fn recipients_are_judged_one_by_one() {
    for offers in [&["PIPELINING"][..], &[]] {
        let sink = sink()
            .offers(offers)
            .on("RCPT TO:<b@", "550 5.1.1 no such user")
            .on("RCPT TO:<c@", "450 4.2.0 greylisted")
            .build();
        let to = ["a@example.org", "b@example.org", "c@example.org", "d@example.org"];
        let attempts = at(&sink).deliver(Level::Opportunistic, &to).await;
        assert_eq!(words(&attempts), ["sent", "failed 5.1.1", "deferred 4.2.0", "sent"]);
        assert_eq!(sink.mails().len(), 1);
        assert_eq!(sink.mails()[0].to, ["a@example.org", "d@example.org"]);
    }
}

#[tokio::test(start_paused = true)]
async fn too_many_recipients_get_another_transaction() {
    let sink = sink().once("RCPT TO:<b@", "452 4.5.3 too many").build();
    let attempts = at(&sink).deliver(Level::Opportunistic, &["a@example.org", "b@example.org"]).await;
    assert_eq!(words(&attempts), ["sent", "sent"]);
    let to: Vec<_> = sink.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [["a@example.org"], ["b@example.org"]]);
    assert_eq!(sink.connections(), 1);

    let sink = super::sink().on("RCPT", "452 4.5.3 too many").build();
    let attempts = at(&sink).deliver(Level::Opportunistic, &["a@example.org", "b@example.org"]).await;
    assert_eq!(words(&attempts), ["deferred 4.5.3", "deferred 4.5.3"], "no progress, no loop");
}

#[tokio::test(start_paused = true)]
async fn many_recipients_go_in_transactions_of_a_hundred() {
    let sink = sink().build();
    let to: Vec<String> = (0..250).map(|n| format!("u{n}@example.org")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let attempts = at(&sink).deliver(Level::Opportunistic, &to).await;
    assert!(words(&attempts).iter().all(|word| word == "sent") && attempts.len() == 250);
    let sizes: Vec<usize> = sink.mails().iter().map(|mail| mail.to.len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_accepted_no_content_goes_out() {
    let strict = sink().on("RCPT", "550 5.1.1 no").build();
    let odd = sink().on("RCPT", "550 5.1.1 no").on("DATA", "354 go on").build();
    for sink in [strict, odd] {
        let lab = at(&sink);
        assert_eq!(word(&lab.one(Level::Opportunistic).await), "failed 5.1.1");
        assert!(sink.mails().iter().all(|mail| mail.content.is_empty() && mail.to.is_empty()));
        assert_eq!(word(&lab.one(Level::Opportunistic).await), "failed 5.1.1");
        assert_eq!(sink.connections(), 1, "the session is in step and serves again");
    }
}

#[tokio::test(start_paused = true)]
async fn content_arrives_byte_for_byte() {
    for content in [
        &b"Subject: x\r\n\r\nhello\r\n"[..],
        b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\nb.\r\n",
        b".starts: with a dot\r\n\r\n",
        b"A: b\r\n\r\n\r\n\r\n",
        &[b"Subject: long\r\n\r\n".to_vec(), b".0123456789\r\n".repeat(40_000)].concat(),
    ] {
        let sink = sink().build();
        let lab = at(&sink);
        let attempts =
            lab.deliverer().deliver(&lab.job(envelope(&["a@example.org"]), Level::Opportunistic, content)).await;
        assert_eq!(words(&attempts), ["sent"]);
        let expected = Mail { to: vec!["a@example.org".to_owned()], content: content.to_vec(), encrypted: false };
        assert!(sink.mails() == [expected], "{} bytes", content.len());
    }
}

/// T061: what one server takes for the end of the mail and another does not is never sent.
#[tokio::test(start_paused = true)]
async fn bare_line_ends_are_never_sent() {
    for content in [&b"a: b\r\n\r\n\n.\r\nMAIL FROM:<>\r\n"[..], b"a: b\r\n\r\nx\r.\r\n", b"a: b\n\nc\n"] {
        let sink = sink().build();
        let lab = at(&sink);
        let job = lab.job(envelope(&["a@example.org"]), Level::Opportunistic, content);
        assert_eq!(words(&lab.deliverer().deliver(&job).await), ["failed 5.6.0"]);
        assert_eq!(sink.connections(), 0);
    }
}

/// T021, T076, T077: what the hop can't take is returned or goes to those it can serve, on a fresh
/// session and on a reused one.
#[tokio::test(start_paused = true)]
async fn what_the_hop_cannot_take_is_said_before_mail() {
    let bare = sink().offers(&[]).build();
    let lab = at(&bare);
    let eight_bit = || lab.job(envelope(&["a@example.org"]), Level::Opportunistic, "a: b\r\n\r\nä\r\n".as_bytes());
    assert_eq!(words(&lab.deliverer().deliver(&eight_bit()).await), ["failed 5.6.3"]);
    let mixed = ["ä@example.org", "a@example.org"];
    assert_eq!(words(&lab.deliver(Level::Opportunistic, &mixed).await), ["failed 5.6.7", "sent"]);
    assert_eq!(words(&lab.deliverer().deliver(&eight_bit()).await), ["failed 5.6.3"]);
    assert_eq!(words(&lab.deliver(Level::Opportunistic, &mixed).await), ["failed 5.6.7", "sent"]);
    assert_eq!(bare.mails().len(), 2);

    let small = sink().offers(&["SIZE 20"]).build();
    let lab = at(&small);
    let job = lab.job(envelope(&["a@example.org"]), Level::Opportunistic, &[b'x'; 30]);
    assert_eq!(words(&lab.deliverer().deliver(&job).await), ["failed 5.3.4"]);
}

#[tokio::test(start_paused = true)]
async fn parameters_are_passed_on_where_they_are_offered() {
    let asked = || {
        let mut envelope = envelope(&["a@example.org"]);
        envelope.recipients[0].notify = Notify { success: true, failure: true, delay: false, asked: true };
        envelope.recipients[0].orcpt = Some("rfc822;a@example.org".to_owned());
        envelope.ret = Some(Ret::Headers);
        envelope.envid = Some("QQ314159".to_owned());
        envelope.body = Body::EightBitMime;
        envelope
    };
    let offers = sink().build();
    let lab = at(&offers);
    let attempts = lab.deliverer().deliver(&lab.job(asked(), Level::Opportunistic, b"a: b\r\n\r\n")).await;
    assert!(attempts[0].reports);
    assert!(offers.saw("MAIL FROM:<ann@corp.example> SIZE=8 BODY=8BITMIME RET=HDRS ENVID=QQ314159"));
    assert!(offers.saw("RCPT TO:<a@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a@example.org"));

    let plain = sink().offers(&["8BITMIME"]).build();
    let lab = at(&plain);
    let attempts = lab.deliverer().deliver(&lab.job(asked(), Level::Opportunistic, b"a: b\r\n\r\n")).await;
    assert!(!attempts[0].reports);
    let seen = plain.seen();
    assert!(seen.contains(&"MAIL FROM:<ann@corp.example> BODY=8BITMIME".to_owned()));
    assert!(seen.contains(&"RCPT TO:<a@example.org>".to_owned()));
}

/// A parameter is the client's text: what could begin another one, or another line, stays here.
#[tokio::test(start_paused = true)]
async fn parameters_cannot_smuggle() {
    let sink = sink().build();
    let lab = at(&sink);
    let mut envelope = envelope(&["a@example.org"]);
    envelope.envid = Some("x\r\nRCPT TO:<evil@example.org>".to_owned());
    envelope.recipients[0].orcpt = Some("rfc822;a NOTIFY=NEVER".to_owned());
    lab.deliverer().deliver(&lab.job(envelope, Level::Opportunistic, b"a: b\r\n\r\n")).await;
    assert!(!sink.saw("RCPT TO:<evil") && sink.seen().contains(&"RCPT TO:<a@example.org>".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_session_serves_many_messages() {
    let sink = sink().build();
    let lab = at(&sink);
    for _ in 0..5 {
        assert_eq!(word(&lab.one(Level::Opportunistic).await), "sent");
    }
    assert_eq!((sink.connections(), sink.mails().len()), (1, 5));
    tokio::time::advance(std::time::Duration::from_secs(6)).await;
    lab.deliverer().sweep().await;
    assert_eq!(word(&lab.one(Level::Opportunistic).await), "sent");
    assert_eq!(sink.connections(), 2);
}

/// A session that died while it waited costs no attempt.
#[tokio::test(start_paused = true)]
async fn a_dead_waiting_session_is_replaced_at_once() {
    let closing = sink().closes_after(1).build();
    let lab = at(&closing);
    for _ in 0..3 {
        assert_eq!(word(&lab.one(Level::Opportunistic).await), "sent");
        tokio::task::yield_now().await;
    }
    assert_eq!((closing.connections(), closing.mails().len()), (3, 3));

    for reply in ["421 4.4.2 idle too long", CUT] {
        let sink = sink().on("MAIL FROM:<second@", reply).build();
        let lab = at(&sink);
        lab.one(Level::Opportunistic).await;
        let mut envelope = envelope(&["a@example.org"]);
        envelope.reverse_path = crate::mail::ReversePath::Address("second@corp.example".parse().unwrap());
        let job = lab.job(envelope, Level::Opportunistic, b"a: b\r\n\r\n");
        let attempts = lab.deliverer().deliver(&job).await;
        assert!(matches!(attempts[0].result, AttemptResult::Deferred(_)), "a fresh one that does the same counts");
        assert_eq!(sink.connections(), 2);
    }
}

/// A connection lost after the dot may have delivered: it is not tried elsewhere at once.
#[tokio::test(start_paused = true)]
async fn after_the_dot_no_other_host_is_tried() {
    let (first, second) = (sink().on(".", CUT).build(), sink().build());
    let lab = Lab::new().hop(HOP, &first).hop("192.0.2.2:25", &second).start();
    assert_eq!(word(&lab.one(Level::Opportunistic).await), "deferred 4.4.2");
    assert_eq!(second.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_next_host_takes_what_the_first_could_not() {
    for moment in ["CONNECT", "EHLO", "MAIL"] {
        let (first, second) = (sink().on(moment, CUT).build(), sink().build());
        let lab = Lab::new().hop(HOP, &first).hop("192.0.2.2:25", &second).start();
        let attempt = lab.one(Level::Opportunistic).await;
        assert_eq!((word(&attempt).as_str(), second.mails().len()), ("sent", 1), "{moment}");
        assert_eq!(attempt.host.as_deref(), Some("mx2.example.org [192.0.2.2]:25"));
    }
}

/// T026, and T025: nothing is concluded from a DNS that doesn't answer.
#[tokio::test(start_paused = true)]
async fn what_the_dns_says_decides() {
    let broken = || ResolveError::NoAnswer("SERVFAIL".to_owned());
    let thousand: Vec<String> = (0..1000).map(|n| format!("10 mx{n}.many.test")).collect();
    let thousand: Vec<&str> = thousand.iter().map(String::as_str).collect();
    let resolver = FakeResolver::default()
        .answer("null.test", Ok(MailHosts::NullMx))
        .answer("servfail.test", Err(broken()))
        .answer("nothing.test", Ok(MailHosts::Implicit))
        .address_answer("nothing.test", Ok(Vec::new()))
        .address("implicit.test", &["192.0.2.1"])
        .mx("self.test", &["10 gw.example", "20 mx1.example.org"])
        .mx("dangling.test", &["10 nowhere.test"])
        .mx("halfbroken.test", &["10 broken.test"])
        .address_answer("broken.test", Err(broken()))
        .mx("many.test", &thousand)
        .mx("second.test", &["10 nowhere.test", "20 mx1.example.org"])
        .address("mx1.example.org", &["192.0.2.1"]);
    let sink = sink().build();
    let mut lab = Lab::new().hop(HOP, &sink);
    lab.resolver = resolver;
    let lab = lab.start();
    for (domain, expected) in [
        ("missing.test", "failed 5.1.2"),
        ("null.test", "failed 5.1.10"),
        ("servfail.test", "deferred 4.4.3"),
        ("nothing.test", "failed 5.4.4"),
        ("self.test", "failed 5.4.6"),
        ("dangling.test", "deferred 4.4.4"),
        ("halfbroken.test", "deferred 4.4.3"),
        ("many.test", "deferred 4.4.4"),
        ("implicit.test", "sent"),
        ("second.test", "sent"),
        ("[192.0.2.1]", "sent"),
        ("[192.0.2.99]", "deferred 4.4.1"),
    ] {
        let attempts = lab.deliver(Level::Opportunistic, &[&format!("a@{domain}")]).await;
        assert_eq!(words(&attempts), [expected], "{domain}");
    }
}

/// Replies as a hop might say them, in order or not, or no reply at all.
fn reply() -> impl Strategy<Value = String> {
    prop_oneof![
        "[2-5][0-9]{2}[ -][ -~]{0,40}",
        "[2-5][0-9]{2}-[ -~]{0,10}\r\n[2-5][0-9]{2} [ -~]{0,10}",
        "(250 2\\.[0-9]\\.[0-9] ok|354 go on|220 ready|421 4\\.7\\.0 bye|452 4\\.5\\.3 full)",
        "\\PC{0,60}",
        Just(CUT.to_owned()),
        Just(SILENCE.to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Nothing is lost: whatever a hop says, each recipient gets exactly one result, and `sent` only
    /// where the hop took the mail.
    #[test]
    fn whatever_a_hop_says_each_recipient_gets_one_result(
        replies in prop::collection::vec((prop::sample::select(vec!["CONNECT", "EHLO", "MAIL", "RCPT TO:<a", "RCPT", "DATA", "."]), reply()), 0..4),
        pipelining in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut script = sink().offers(if pipelining { &["PIPELINING"] } else { &[] });
            for (command, said) in &replies {
                script = script.on(command, said);
            }
            let sink = script.build();
            let to = ["a@example.org", "b@example.org", "c@example.org"];
            let attempts = at(&sink).deliver(Level::Opportunistic, &to).await;
            let told: Vec<String> = attempts.iter().map(|attempt| attempt.address.to_string()).collect();
            assert_eq!(told, to);
            for attempt in attempts {
                if matches!(attempt.result, AttemptResult::Sent(_)) {
                    assert!(sink.mails().iter().any(|mail| !mail.content.is_empty()), "{replies:?}");
                }
            }
        });
    }
}
