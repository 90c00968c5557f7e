//! What each level asks of a hop, by route and by MX, and that nothing weaker gets the mail.

use std::sync::Arc;

use rustls::ServerConfig;

use super::certificates::{self, self_signed};
use super::sink::{CUT, SILENCE};
use super::*;
use crate::policy::Basis;

const MX1: &str = "192.0.2.1:25";
const MX2: &str = "192.0.2.2:25";

/// By the exchangers of the domain, and by a route that names the first of them.
fn both_ways(authority: &Authority, sink: &Sink) -> [Lab; 2] {
    let by_mx = Lab::new().trusts(authority).hop(MX1, sink).start();
    let by_route = Lab::new().trusts(authority).hop(MX1, sink).route(next_hop("mx1.example.org")).start();
    [by_mx, by_route]
}

/// T100: a hop without TLS, or whose TLS breaks, gets no plaintext; once mended, it gets the mail.
#[tokio::test(start_paused = true)]
async fn without_tls_nothing_is_said_but_the_greeting() {
    let authority = Authority::new();
    let good = authority.server(&["mx1.example.org"]);
    let faults: [(&str, &dyn Fn() -> Sink); 7] = [
        ("stripped", &|| sink().build()),
        ("454", &|| sink().tls(good.clone()).on("STARTTLS", "454 4.7.0 later").build()),
        ("502", &|| sink().tls(good.clone()).on("STARTTLS", "502 5.5.1 no").build()),
        ("closes on STARTTLS", &|| sink().tls(good.clone()).on("STARTTLS", CUT).build()),
        ("resets in handshake", &|| sink().tls(good.clone()).on("HANDSHAKE", CUT).build()),
        ("silent in handshake", &|| sink().tls(good.clone()).on("HANDSHAKE", SILENCE).build()),
        ("injects after STARTTLS", &|| sink().tls(good.clone()).on("STARTTLS", "220 go on\r\n250 x").build()),
    ];
    for (name, fault) in faults {
        for level in [Level::Tls, Level::TlsVerified, Level::TlsAuthenticated] {
            let bad = fault();
            for lab in both_ways(&authority, &bad) {
                let attempt = lab.one(level).await;
                assert_eq!(word(&attempt), "weak 4.7.5", "{name} at {level}");
                assert!(!bad.saw("MAIL") && bad.mails().is_empty(), "{name} at {level}");
                let mended = sink().tls(good.clone()).build();
                let lab = lab.hop(MX1, &mended);
                let expected = if level == Level::TlsAuthenticated { "weak 4.7.5" } else { "sent" };
                assert_eq!(word(&lab.one(level).await), expected, "{name} mended, at {level}");
            }
        }
    }
}

fn bad_certificates(authority: &Authority) -> Vec<(&'static str, Arc<ServerConfig>)> {
    let with = |names: &[&str], change: fn(&mut rcgen::CertificateParams)| authority.server_with(names, change);
    vec![
        ("expired", with(&["mx1.example.org"], certificates::expired)),
        ("not yet valid", with(&["mx1.example.org"], certificates::not_yet_valid)),
        ("self-signed", self_signed(&["mx1.example.org"]).0),
        ("unknown CA", Authority::new().server(&["mx1.example.org"])),
        ("wrong name", authority.server(&["mail.example.org"])),
        ("the domain, not the host", authority.server(&["example.org"])),
        ("CN only", with(&[], certificates::common_name_only)),
        ("wildcard of two labels", authority.server(&["*.org"])),
        ("wildcard below", authority.server(&["*.mx1.example.org"])),
        ("IP", authority.server(&["192.0.2.1"])),
        ("for clients only", with(&["mx1.example.org"], certificates::for_clients_only)),
    ]
}

/// T101: a certificate that doesn't verify serves `tls` and no more.
#[tokio::test(start_paused = true)]
async fn a_bad_certificate_is_not_verified() {
    let authority = Authority::new();
    for (name, certificate) in bad_certificates(&authority) {
        let sink = sink().tls(certificate).build();
        for lab in both_ways(&authority, &sink) {
            let attempt = lab.one(Level::TlsVerified).await;
            assert_eq!(word(&attempt), "weak 4.7.5", "{name}");
            let proof = attempt.proof.expect("a session was had");
            assert_eq!((proof.level, proof.basis), (Level::Tls, Basis::Unverified), "{name}");
            assert!(!sink.saw("MAIL"), "{name}");
        }
        for lab in both_ways(&authority, &sink) {
            assert_eq!(word(&lab.one(Level::Tls).await), "sent", "{name} is enough for tls");
        }
        assert!(sink.mails().iter().all(|mail| mail.encrypted));
    }
    let constrained = Authority::constrained();
    let sink = sink().tls(constrained.server(&["mx1.example.org"])).build();
    for lab in both_ways(&constrained, &sink) {
        assert_eq!(word(&lab.one(Level::TlsVerified).await), "weak 4.7.5", "name constraint");
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_certificate_is_verified_by_the_hosts_name() {
    let authority = Authority::new();
    for names in [&["mx1.example.org"][..], &["*.example.org"], &["other.test", "mx1.example.org"]] {
        let sink = sink().tls(authority.server(names)).build();
        for lab in both_ways(&authority, &sink) {
            let attempt = lab.one(Level::TlsVerified).await;
            assert_eq!(word(&attempt), "sent");
            let proof = attempt.proof.unwrap();
            assert_eq!((proof.basis, proof.version.as_str()), (Basis::MxName, "TLSv1.3"));
            assert_eq!(word(&lab.one(Level::TlsAuthenticated).await), "weak 4.7.5", "an MX name is not vouched for");
        }
    }
}

/// T103: where the verified exchanger is down, the unverified one is no way out.
#[tokio::test(start_paused = true)]
async fn a_lower_preference_never_lowers_the_level() {
    let authority = Authority::new();
    let second = sink().tls(self_signed(&["mx2.example.org"]).0).build();
    let lab = Lab::new().trusts(&authority).hop(MX2, &second).start();
    assert_eq!(word(&lab.one(Level::TlsVerified).await), "weak 4.7.5");
    assert!(second.connections() > 0 && !second.saw("MAIL"));

    let clear = sink().build();
    let lab = Lab::new().trusts(&authority).hop(MX2, &clear).start();
    assert_eq!(word(&lab.one(Level::Tls).await), "weak 4.7.5");
    assert!(!clear.saw("MAIL"));
}

#[tokio::test(start_paused = true)]
async fn a_verified_second_exchanger_serves_where_the_first_is_weak() {
    let authority = Authority::new();
    let (first, second) = (sink().build(), sink().tls(authority.server(&["mx2.example.org"])).build());
    let lab = Lab::new().trusts(&authority).hop(MX1, &first).hop(MX2, &second).start();
    assert_eq!(word(&lab.one(Level::TlsVerified).await), "sent");
    assert!(!first.saw("MAIL"));
}

/// T109: a pinned hop has this key and no other, whoever vouches for the other.
#[tokio::test(start_paused = true)]
async fn a_pinned_hop_is_spoken_to_with_its_key_only() {
    let authority = Authority::new();
    let (own, pin) = self_signed(&["anything.test"]);
    let pinned = |tls| Route { tls_pins: vec![pin.parse().unwrap()], tls, ..next_hop("mx1.example.org") };

    let right = sink().tls(own).build();
    let lab = Lab::new().hop(MX1, &right).route(pinned(Floor::Opportunistic)).start();
    let attempt = lab.one(Level::TlsAuthenticated).await;
    assert_eq!(word(&attempt), "sent");
    assert_eq!(attempt.proof.unwrap().basis, Basis::Pinned);

    for stranger in [sink().tls(authority.server(&["mx1.example.org"])).build(), sink().build()] {
        for level in [Level::Opportunistic, Level::Tls, Level::TlsVerified] {
            let lab = Lab::new().trusts(&authority).hop(MX1, &stranger).route(pinned(Floor::Verified)).start();
            assert_eq!(word(&lab.one(level).await), "weak 4.7.5", "{level}");
        }
        assert!(!stranger.saw("MAIL"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_tls_name_replaces_the_hosts_name_and_is_vouched_for() {
    let authority = Authority::new();
    let named = |names: &[&str], hop: &str| Route {
        tls_names: names.iter().map(|name| name.parse().unwrap()).collect(),
        ..next_hop(hop)
    };
    for (names, certificate, expected) in [
        (&["partner.test"][..], &["partner.test"][..], "sent"),
        (&["a.test", "partner.test"], &["partner.test"], "sent"),
        (&[".mail.test"], &["eu1.mail.test"], "sent"),
        (&[".mail.test"], &["*.mail.test"], "sent"),
        (&[".mail.test"], &["mail.test"], "weak 4.7.5"),
        (&[".mail.test"], &["evilmail.test"], "weak 4.7.5"),
        (&["partner.test"], &["mx1.example.org"], "weak 4.7.5"),
        (&["*"], &["mx1.example.org"], "weak 4.7.5"),
    ] {
        for hop in ["mx1.example.org", "192.0.2.1"] {
            let sink = sink().tls(authority.server(certificate)).build();
            let lab = Lab::new().trusts(&authority).hop(MX1, &sink).route(named(names, hop)).start();
            assert_eq!(word(&lab.one(Level::TlsAuthenticated).await), expected, "{names:?} against {certificate:?}");
        }
    }
    let expired = sink().tls(authority.server_with(&["partner.test"], certificates::expired)).build();
    let lab = Lab::new().trusts(&authority).hop(MX1, &expired).route(named(&["partner.test"], "192.0.2.1")).start();
    assert_eq!(word(&lab.one(Level::TlsVerified).await), "weak 4.7.5");
}

#[tokio::test(start_paused = true)]
async fn the_routes_floor_holds_for_all_mail() {
    let authority = Authority::new();
    let floors = [(Floor::Required, [false, true, true]), (Floor::Verified, [false, false, true])];
    for (floor, expected) in floors {
        let clear = sink().build();
        let unverified = sink().tls(self_signed(&["x.test"]).0).build();
        let verified = sink().tls(authority.server(&["mx1.example.org"])).build();
        for (hop, expected) in [clear, unverified, verified].iter().zip(expected) {
            let route = Route { tls: floor, ..next_hop("mx1.example.org") };
            let lab = Lab::new().trusts(&authority).hop(MX1, hop).route(route).start();
            assert_eq!(word(&lab.one(Level::Opportunistic).await) == "sent", expected, "{floor:?}");
        }
    }
}

/// `tls: none` is a ban: STARTTLS is not tried, and only opportunistic mail goes.
#[tokio::test(start_paused = true)]
async fn a_route_without_tls_carries_only_opportunistic_mail() {
    let authority = Authority::new();
    let hop = sink().tls(authority.server(&["mx1.example.org"])).build();
    let route = || Route { tls: Floor::None, ..next_hop("mx1.example.org") };
    let lab = Lab::new().trusts(&authority).hop(MX1, &hop).route(route()).start();
    assert_eq!(word(&lab.one(Level::TlsVerified).await), "weak 4.7.5");
    assert_eq!(hop.connections(), 0);
    assert_eq!(word(&lab.one(Level::Opportunistic).await), "sent");
    assert!(!hop.saw("STARTTLS"));
}

#[tokio::test(start_paused = true)]
async fn opportunistic_mail_takes_tls_where_it_works_and_goes_clear_where_not() {
    let certificate = self_signed(&["x.test"]).0;
    let works = sink().tls(certificate.clone()).build();
    let lab = Lab::new().hop(MX1, &works).start();
    assert_eq!(word(&lab.one(Level::Opportunistic).await), "sent");
    assert!(works.mails()[0].encrypted);
    for moment in ["STARTTLS", "HANDSHAKE"] {
        let breaks = sink().tls(certificate.clone()).on(moment, CUT).build();
        let lab = Lab::new().hop(MX1, &breaks).start();
        let attempt = lab.one(Level::Opportunistic).await;
        assert_eq!(word(&attempt), "sent", "{moment}");
        assert_eq!(attempt.proof.unwrap().basis, Basis::None);
        assert!(!breaks.mails()[0].encrypted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_loopback_hop_counts_as_what_its_route_states() {
    let provides = |hop: &str, level| Route { provides: Some(level), ..next_hop(hop) };
    let near = sink().build();
    let lab = Lab::new().hop("127.0.0.1:25", &near).route(provides("127.0.0.1", Level::TlsVerified)).start();
    let attempt = lab.one(Level::TlsVerified).await;
    assert_eq!(word(&attempt), "sent");
    let proof = attempt.proof.unwrap();
    assert_eq!((proof.level, proof.counts), (Level::Opportunistic, Level::TlsVerified));
    assert_eq!(word(&lab.one(Level::Message).await), "weak 4.7.5");

    let far = sink().build();
    let lab = Lab::new().hop(MX1, &far).route(provides("192.0.2.1", Level::Message)).start();
    assert_eq!(word(&lab.one(Level::TlsVerified).await), "weak 4.7.5", "anybody may stand between");
}

#[tokio::test(start_paused = true)]
async fn port_465_speaks_tls_from_the_first_byte() {
    let authority = Authority::new();
    let hop = sink().implicit_tls(authority.server(&["mx1.example.org"])).build();
    let lab = Lab::new().trusts(&authority).hop("192.0.2.1:465", &hop).route(next_hop("mx1.example.org:465")).start();
    assert_eq!(word(&lab.one(Level::TlsVerified).await), "sent");
    assert!(!hop.saw("STARTTLS") && hop.mails()[0].encrypted);
}

/// RFC 8689 (T110): an authenticated hop that promises REQUIRETLS itself, or none.
#[tokio::test(start_paused = true)]
async fn requiretls_asks_for_a_hop_that_promises_it() {
    let authority = Authority::new();
    let named = || Route { tls_names: vec!["mx1.example.org".parse().unwrap()], ..next_hop("mx1.example.org") };
    let required = |lab: &Lab| {
        let envelope = Envelope { require_tls: true, ..envelope(&["a@example.org"]) };
        lab.job(envelope, Level::Opportunistic, b"a: b\r\n\r\n")
    };
    let plain = sink().tls(authority.server(&["mx1.example.org"])).build();
    let lab = Lab::new().trusts(&authority).hop(MX1, &plain).route(named()).start();
    assert_eq!(words(&lab.deliverer().deliver(&required(&lab)).await), ["failed 5.7.30"]);
    assert!(!plain.saw("MAIL"));

    // Nor does it wait for a hop that may promise it some day (RFC 8689 §4.2.1).
    for no_promise in [sink().build(), sink().tls(authority.server(&["mx1.example.org"])).build()] {
        let lab = Lab::new().trusts(&authority).hop(MX1, &no_promise).route(next_hop("mx1.example.org")).start();
        assert_eq!(words(&lab.deliverer().deliver(&required(&lab)).await), ["failed 5.7.30"]);
    }

    let promises = sink().offers(&["REQUIRETLS"]).tls(authority.server(&["mx1.example.org"])).build();
    let lab = Lab::new().trusts(&authority).hop(MX1, &promises).route(named()).start();
    assert_eq!(words(&lab.deliverer().deliver(&required(&lab)).await), ["sent"]);
    assert!(promises.saw("MAIL FROM:<ann@corp.example> REQUIRETLS"));

    let by_mx = Lab::new().trusts(&authority).hop(MX1, &promises).start();
    let attempt = by_mx.deliverer().deliver(&required(&by_mx)).await.remove(0);
    assert_eq!(word(&attempt), "weak 4.7.5");
    let why = &attempt.result.trouble().text;
    assert!(why.ends_with("for a name that nobody vouches for"), "{why}");
}

/// The log-in is a secret too: it is told inside TLS only.
#[tokio::test(start_paused = true)]
async fn a_log_in_is_given_inside_tls_only() {
    let login = || Login { user: "gw".to_owned(), password: "secret".to_owned().into() };
    let route = || Route { auth: Some(login()), ..next_hop("mx1.example.org") };
    let clear = sink().offers(&["AUTH PLAIN LOGIN"]).build();
    let lab = Lab::new().hop(MX1, &clear).route(route()).start();
    assert_eq!(word(&lab.one(Level::Opportunistic).await), "weak 4.7.5");
    assert!(!clear.saw("AUTH") && !clear.saw("MAIL"));

    let hop = || sink().offers(&["AUTH PLAIN LOGIN"]).tls(self_signed(&["x.test"]).0);
    let encrypted = hop().build();
    let lab = Lab::new().hop(MX1, &encrypted).route(route()).start();
    assert_eq!(word(&lab.one(Level::Opportunistic).await), "sent");
    assert!(encrypted.saw("AUTH PLAIN AGd3AHNlY3JldA=="));

    let asks = sink()
        .offers(&["AUTH LOGIN"])
        .tls(self_signed(&["x.test"]).0)
        .on("AUTH LOGIN", "334 VXNlcm5hbWU6")
        .on("Z3c=", "334 UGFzc3dvcmQ6")
        .on("c2VjcmV0", "235 2.7.0 welcome")
        .build();
    let lab = Lab::new().hop(MX1, &asks).route(route()).start();
    assert_eq!(word(&lab.one(Level::Opportunistic).await), "sent");
    assert!(asks.saw("c2VjcmV0"));

    let refuses = hop().on("AUTH", "535 5.7.8 no").build();
    let lab = Lab::new().hop(MX1, &refuses).route(route()).start();
    assert_eq!(word(&lab.one(Level::Opportunistic).await), "deferred 4.7.8");
    assert!(!refuses.saw("MAIL"));
}

/// T104: what a waiting session proved serves the same hop, route and need; nothing else.
#[tokio::test(start_paused = true)]
async fn a_session_is_reused_for_what_it_proved_only() {
    let authority = Authority::new();
    let unverified = sink().tls(self_signed(&["x.test"]).0).build();
    let lab = Lab::new().trusts(&authority).hop(MX1, &unverified).start();
    for _ in 0..3 {
        assert_eq!(word(&lab.one(Level::Tls).await), "sent");
    }
    assert_eq!(unverified.connections(), 1);
    assert_eq!(word(&lab.one(Level::TlsVerified).await), "weak 4.7.5");
    assert_eq!(unverified.mails().len(), 3);

    let verified = sink().tls(authority.server(&["mx1.example.org"])).build();
    let named = Route {
        domains: vec!["partner.test".parse().unwrap()],
        tls_names: vec!["partner.test".parse().unwrap()],
        ..next_hop("mx1.example.org")
    };
    let lab = Lab::new().trusts(&authority).hop(MX1, &verified).route(named).start();
    assert_eq!(word(&lab.one(Level::TlsVerified).await), "sent");
    assert_eq!(words(&lab.deliver(Level::TlsVerified, &["a@partner.test"]).await), ["weak 4.7.5"]);
    assert_eq!(verified.connections(), 2, "the same address under another route's names");
}

/// T104: TLS that ends in the middle of a transaction is a lost connection, and the next try is
/// held to the level anew.
#[tokio::test(start_paused = true)]
async fn a_session_that_ends_after_mail_is_checked_anew() {
    let authority = Authority::new();
    let good = authority.server(&["mx1.example.org"]);
    for moment in ["MAIL", "RCPT", "DATA", "."] {
        let breaks = sink().tls(good.clone()).on(moment, CUT).build();
        let lab = Lab::new().trusts(&authority).hop(MX1, &breaks).start();
        assert_eq!(word(&lab.one(Level::TlsVerified).await), "deferred 4.4.2", "{moment}");
        let impostor = sink().tls(self_signed(&["mx1.example.org"]).0).build();
        let lab = lab.hop(MX1, &impostor);
        assert_eq!(word(&lab.one(Level::TlsVerified).await), "weak 4.7.5", "{moment}");
        assert!(!impostor.saw("MAIL"));
    }
}

/// The certificate that `openssl req -x509` makes, listed in `delivery.tls_roots`: it is trusted for
/// its names and dates, where it is listed.
#[tokio::test(start_paused = true)]
async fn a_listed_certificate_is_trusted_itself() {
    for (names, years, listed, expected) in [
        (&["mx1.example.org"][..], (2020, 2040), true, "sent"),
        (&["mx1.example.org"], (2020, 2040), false, "weak 4.7.5"),
        (&["other.test"], (2020, 2040), true, "weak 4.7.5"),
        (&["mx1.example.org"], (2020, 2021), true, "weak 4.7.5"),
        (&["mx1.example.org"], (2030, 2040), true, "weak 4.7.5"),
    ] {
        let (server, certificate) = Authority::itself(names, years);
        let hop = sink().tls(server).build();
        let mut lab = Lab::new().hop(MX1, &hop);
        if listed {
            lab.config.tls_roots.push(certificate);
        }
        assert_eq!(word(&lab.start().one(Level::TlsVerified).await), expected, "{names:?} {years:?} {listed}");
    }
}
