//! Every refusal of this room, with the reply a client gets and the reason that metrics count.

use crate::mail::{EnhancedStatus, Reply};

/// Makes the type and what is said of each from one table: reason, code, enhanced status, text.
macro_rules! refusals {
    ($($name:ident => $reason:literal, $code:literal, $status:expr, $text:literal;)*) => {
        /// Why something was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Refusal {
            $($name,)*
        }

        impl Refusal {
            /// Every one, so that each metric series stands at 0 from the start.
            pub const ALL: &[Refusal] = &[$(Refusal::$name,)*];

            fn words(self) -> (&'static str, u16, (u8, u16, u16), &'static str) {
                match self {
                    $(Refusal::$name => ($reason, $code, $status, $text),)*
                }
            }
        }
    };
}

// The clause that asks for a code stands above it.
refusals! {
    // RFC 3463 §3.8: security or policy status, and it will pass.
    TooManyConnections => "too-many-connections", 421, (4, 7, 0), "too many connections, try again later";
    TooManyFromClient => "too-many-from-client", 421, (4, 7, 0), "too many connections from your address";
    ProxyHeader => "proxy-header", 421, (4, 7, 0), "a PROXY header is required here";
    // RFC 5321 §3.8: 421 before closing.
    ShuttingDown => "shutting-down", 421, (4, 3, 2), "going down for maintenance, try again later";
    NotReady => "not-ready", 421, (4, 3, 2), "can't take mail now, try again later";
    TimedOut => "timed-out", 421, (4, 4, 2), "timed out";
    TooSlow => "too-slow", 421, (4, 4, 2), "too slow";
    // RFC 5321 §4.5.3.1.4 and §4.5.3.1.6.
    LineTooLong => "line-too-long", 500, (5, 5, 2), "line too long";
    // RFC 4954 §4.
    AuthTooLong => "auth-too-long", 500, (5, 5, 6), "authentication exchange line too long";
    // RFC 5321 §4.1.1.1.
    HelloName => "hello-name", 501, (5, 5, 4), "a domain or an address literal is needed";
    // RFC 5321 §2.3.8: CR and LF only together.
    BareLineEnd => "bare-line-end", 500, (5, 5, 2), "bare CR or LF in a command";
    ControlCharacter => "control-character", 500, (5, 5, 2), "control character in a command";
    NotUtf8 => "not-utf8", 501, (5, 5, 2), "not UTF-8";
    UnknownCommand => "unknown-command", 500, (5, 5, 1), "unknown command";
    NotImplemented => "not-implemented", 502, (5, 5, 1), "command not implemented";
    BadSequence => "bad-sequence", 503, (5, 5, 1), "bad sequence of commands";
    BadArgument => "bad-argument", 501, (5, 5, 4), "bad argument";
    // RFC 5321 §4.1.1.11.
    UnknownParameter => "unknown-parameter", 555, (5, 5, 4), "parameter not recognised";
    NotSmtp => "not-smtp", 421, (4, 7, 0), "this is an SMTP server";
    TooManyErrors => "too-many-errors", 421, (4, 7, 0), "too many errors";
    TooManyIdleCommands => "too-many-idle-commands", 421, (4, 7, 0), "too many commands without mail";
    // RFC 3207 §4.
    TlsFirst => "tls-first", 530, (5, 7, 0), "must issue a STARTTLS command first";
    TlsUnavailable => "tls-unavailable", 454, (4, 7, 0), "TLS not available";
    TlsFailed => "tls-failed", 454, (4, 7, 0), "TLS handshake failed";
    BytesBeforeTls => "bytes-before-tls", 421, (4, 7, 0), "bytes after STARTTLS and before the handshake";
    // RFC 4954 §6 and the registered code of RFC 5248.
    AuthNeedsTls => "auth-needs-tls", 538, (5, 7, 11), "encryption required for authentication";
    AuthFailed => "auth-failed", 535, (5, 7, 8), "authentication credentials invalid";
    AuthLimited => "auth-limited", 421, (4, 7, 0), "too many failed log-ins, try again later";
    // RFC 4954 §6.
    AuthBusy => "auth-busy", 454, (4, 7, 0), "temporary authentication failure";
    AuthCancelled => "auth-cancelled", 501, (5, 7, 0), "authentication cancelled";
    AuthEncoding => "auth-encoding", 501, (5, 5, 2), "cannot decode the response";
    AuthMechanism => "auth-mechanism", 504, (5, 5, 4), "authentication mechanism not supported";
    // RFC 3463 §3.2.
    SenderSyntax => "sender-syntax", 501, (5, 1, 7), "bad reverse path";
    RecipientSyntax => "recipient-syntax", 501, (5, 1, 3), "bad forward path";
    // RFC 6531 §3.5.
    NeedsSmtpUtf8 => "needs-smtputf8", 553, (5, 6, 7), "a non-ASCII address needs SMTPUTF8";
    NoSource => "no-source", 550, (5, 7, 1), "[WX-R10] you may not relay here";
    Certificate => "certificate", 550, (5, 7, 1), "[WX-R11] your certificate does not allow relaying here";
    SenderNotGranted => "sender-not-granted", 550, (5, 7, 1), "[WX-R12] you may not send as this author";
    ForeignSender => "foreign-sender", 550, (5, 7, 1), "[WX-R13] this reverse path is not one of yours";
    ForeignAuthor => "foreign-author", 550, (5, 7, 1), "[WX-R14] this author is not one of yours";
    AmbiguousAuthor => "ambiguous-author", 550, (5, 7, 1), "[WX-R15] the author fields are missing or can be read in two ways";
    Tenant => "tenant", 550, (5, 7, 1), "[WX-R16] the message does not come from a known tenant";
    SecretHeader => "secret-header", 550, (5, 7, 1), "[WX-R17] the message does not prove its source";
    UserRate => "user-rate", 450, (4, 7, 1), "too many messages, try again later";
    // RFC 5321 §4.2.3: 452 where there is not enough room now.
    TooManyLarge => "too-many-large", 452, (4, 3, 1), "too many large messages at once, try again later";
    // RFC 1870 §6.
    TooBig => "too-big", 552, (5, 3, 4), "message too big";
    // RFC 5321 §4.5.3.1.10.
    TooManyRecipients => "too-many-recipients", 452, (4, 5, 3), "too many recipients";
    // RFC 5321 §3.3.
    NoRecipients => "no-recipients", 554, (5, 5, 1), "no valid recipients";
    // RFC 5321 §2.3.8; what others read as the end of the data is how mail is smuggled.
    BareInContent => "bare-in-content", 550, (5, 5, 2), "bare CR or LF in the message";
}

impl Refusal {
    /// What the client gets.
    pub fn reply(self) -> Reply {
        let (_, code, (class, subject, detail), text) = self.words();
        Reply::new(code, EnhancedStatus(class, subject, detail), text)
    }

    /// The label of metrics and events.
    pub fn reason(self) -> &'static str {
        self.words().0
    }

    /// Whether the connection ends with it: always and only with 421 (RFC 5321 §3.8), and where
    /// client and server no longer agree on where a command ends.
    pub fn closes(self) -> bool {
        self.reply().code == 421 || self == Refusal::BareLineEnd
    }
}

/// The label for a refusal of intake's own, which comes as a reply: what this room says itself keeps its reason.
pub fn reason_of(reply: &Reply) -> &'static str {
    if let Some(ours) = Refusal::ALL.iter().find(|refusal| refusal.reply() == *reply) {
        return ours.reason();
    }
    match reply.status {
        Some(EnhancedStatus(5, 7, 1)) => POLICY,
        Some(EnhancedStatus(5, 4, 6)) => LOOP,
        Some(EnhancedStatus(4, 3, 1)) => STORAGE_LOW,
        _ => TROUBLE,
    }
}

const POLICY: &str = "policy";
const LOOP: &str = "loop";
const STORAGE_LOW: &str = "storage-low";
const TROUBLE: &str = "trouble";

/// Every label of intake's own.
pub const OF_INTAKE: [&str; 4] = [POLICY, LOOP, STORAGE_LOW, TROUBLE];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_refusal_has_its_own_reason_and_a_matching_class() {
        let reasons: HashSet<_> = Refusal::ALL.iter().map(|refusal| refusal.reason()).collect();
        assert_eq!(reasons.len(), Refusal::ALL.len());
        for refusal in Refusal::ALL {
            let reply = refusal.reply();
            let class = reply.status.expect("a status").0;
            assert_eq!(u16::from(class), reply.code / 100, "{refusal:?}");
        }
    }

    #[test]
    fn each_refusal_of_intake_has_a_reason_of_a_closed_set() {
        let reply = |code, status, text: &'static str| Reply::new(code, status, text);
        for (reply, reason) in [
            (Refusal::Tenant.reply(), "tenant"),
            (reply(550, EnhancedStatus(5, 7, 1), "[WX-RULE] message refused by policy 01a2"), "policy"),
            (reply(554, EnhancedStatus(5, 4, 6), "mail loop"), "loop"),
            (reply(452, EnhancedStatus(4, 3, 1), "storage is low"), "storage-low"),
            (reply(451, EnhancedStatus(4, 3, 0), "temporary failure"), "trouble"),
        ] {
            assert_eq!(reason_of(&reply), reason);
        }
    }
}
