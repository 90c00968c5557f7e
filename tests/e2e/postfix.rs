//! Between two real Postfixes, as at a site: the mail server's smarthost, and a partner's exchanger.

use crate::support::{Authority, Client, Gateway, PHI, Postfix, Sink, eventually, message};

const ROUTE: &str = "tls: verified, tls_name: [mx.partner.example]";

struct Site {
    /// Behind the partner's Postfix.
    mailbox: Sink,
    _partner: Postfix,
    gateway: Gateway,
    office: Postfix,
}

/// The office's Postfix → gateway → the partner's Postfix, which shows a certificate for `name`.
fn site(name: &str, policy: &str) -> Site {
    let authority = Authority::new("test root");
    let certificate = authority.issue(&[name]);
    let mailbox = Sink::plain();
    let chain = format!("{}{}", certificate.key_pem, certificate.pem);
    let tls =
        "smtpd_tls_security_level = may\nsmtpd_tls_chain_files = $FOLDER/chain.pem\nsmtpd_tls_received_header = yes";
    let partner = Postfix::start("mx.partner.example", mailbox.address, &[("chain.pem", &chain)], tls);
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("roots.pem"), &authority.pem).unwrap();
    let gateway = Gateway::start_in(
        folder,
        &format!(
            "routes:\n  - {{ domains: ['*'], next_hop: '{}', {ROUTE} }}\ndelivery: {{ tls_roots: [roots.pem] }}\n{policy}",
            partner.address
        ),
    );
    let office = Postfix::start(
        "mail.clinic.example",
        gateway.listener("relay"),
        &[],
        "smtp_tls_security_level = encrypt\nsmtp_tls_loglevel = 1",
    );
    Site { mailbox, _partner: partner, gateway, office }
}

impl Site {
    fn send(&self, to: &[&str], content: &str) {
        let mut client = Client::connect(self.office.address);
        client.ehlo();
        let answer = client.deliver(to, content);
        assert!(answer.starts_with("250"), "{answer}");
    }
}

#[test]
fn mail_goes_from_postfix_to_postfix_over_tls_at_both_ends() {
    let site = site("mx.partner.example", "");
    site.send(&["bob@partner.example"], &message("Lunch", ".\r\n..At noon?\r\nÄpfel"));
    site.send(&["bob@partner.example", "eve@other.example"], &message("Note", PHI));
    // What the office's Postfix gives its smarthost in one transaction goes on in one.
    let arrived = site.mailbox.wait_for(2);
    eventually("the office's queue is empty", || (site.office.waiting() == 0).then_some(()));
    for mail in &arrived {
        assert!(mail.content.contains("by mx.partner.example (Postfix) with ESMTPS"), "{}", mail.content);
        assert!(mail.content.contains("by gw.clinic.example (Waxseal) with ESMTPS"), "{}", mail.content);
        assert!(mail.content.contains("X-Waxseal-Id: "), "{}", mail.content);
    }
    assert!(arrived.iter().any(|mail| mail.content.ends_with("\r\n.\r\n..At noon?\r\nÄpfel\r\n")), "as it was written");
    let phi = arrived.iter().find(|mail| mail.content.contains(PHI)).expect("the note");
    let mut recipients = phi.recipients.clone();
    recipients.sort();
    assert_eq!(recipients, ["<bob@partner.example>", "<eve@other.example>"]);
    assert!(site.office.log().contains("status=sent (250 2.0.0 Ok "), "{}", site.office.log());
    assert_eq!(site.gateway.metric("waxseal_phi_unprotected_total"), Some(0.0));
}

/// The partner's certificate names another host: the mail waits with us, and its author's server is rid of it.
#[test]
fn a_postfix_that_cannot_prove_its_name_gets_nothing() {
    let site = site("mx.elsewhere.example", "");
    site.send(&["bob@partner.example"], &message("Note", PHI));
    let waiting = eventually("it waits", || {
        let line = site.gateway.json(&["queue", "list"]).pop()?;
        (line["recipients"][0]["state"] == "deferred").then_some(line)
    });
    assert_eq!(waiting["recipients"][0]["level"], "tls-verified");
    eventually("the office's queue is empty", || (site.office.waiting() == 0).then_some(()));
    assert!(site.mailbox.received().is_empty());
}

/// What policy rejects is refused at the dot, so Postfix tells its own user.
#[test]
fn postfix_returns_what_we_reject() {
    let site = site("mx.partner.example", "policy: { phi: reject }\n");
    site.send(&["bob@partner.example"], &message("Note", PHI));
    eventually("Postfix bounces it", || site.office.log().contains("status=bounced").then_some(()));
    assert!(site.office.log().contains("550 5.7.1 [WX-R"), "{}", site.office.log());
}

/// T075 with the peer that it is about: Postfix breaks what is longer than 998 octets, wherever that falls, and a
/// signature breaks with it. What we hand over leaves it nothing to break.
#[test]
fn long_lines_pass_a_postfix_behind_us_whole() {
    let site = site("mx.partner.example", "");
    let line = |length: usize| "word-".repeat(length / 5 + 1)[..length].to_owned();
    let lines = [998, 999, 10_000, 300_000].map(line).join("\r\n");
    let mut client = site.gateway.client();
    let answer = client.deliver(&["bob@partner.example"], &message("Lunch", &lines));
    assert!(answer.starts_with("250"), "{answer}");
    let arrived = &site.mailbox.wait_for(1)[0].content;
    assert!(arrived.lines().all(|line| line.len() <= 998));
    let (header, body) = arrived.split_once("\r\n\r\n").expect("a header and a body");
    assert!(header.contains("by mx.partner.example (Postfix)"), "{header}");
    assert!(header.contains("Content-Transfer-Encoding: quoted-printable"), "{header}");
    assert_eq!(body.replace("=\r\n", "").replace("=2D", "-").trim_end(), lines);
}
