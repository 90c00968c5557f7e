//! Replies and troubles as results: code, enhanced status, bounded and printable words.

use std::io;

use smtp_proto::Response;

use super::{AttemptResult, Trouble};
use crate::mail::EnhancedStatus;

/// How much of a peer's text is kept.
const MAX_TEXT: usize = 200;

/// Why a session could not be had, or broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another host, or another time, may do.
    Passing(Trouble),
    /// The host says no to us for good.
    Final(Trouble),
    /// The session can't reach the level.
    Weak(Trouble),
}

impl Failure {
    pub fn into_result(self) -> AttemptResult {
        match self {
            Failure::Passing(trouble) => AttemptResult::Deferred(trouble),
            Failure::Final(trouble) => AttemptResult::Failed(trouble),
            Failure::Weak(trouble) => AttemptResult::Weak(trouble),
        }
    }

    /// From a refusing reply of the session itself.
    pub fn refused(reply: &Response<String>, fallback: EnhancedStatus) -> Self {
        let trouble = trouble(reply, fallback);
        match reply.code / 100 {
            5 => Failure::Final(trouble),
            4 => Failure::Passing(trouble),
            // Out of step: a yes where nothing, or something else, was asked.
            _ => Failure::Passing(Trouble { status: EnhancedStatus(4, 5, 0), ..trouble }),
        }
    }

    /// The worse of two hosts' failures: what a retry would have to overcome, and never "for good"
    /// while another host may still take it.
    pub fn or(self, earlier: Option<Failure>) -> Failure {
        match (earlier, self) {
            (Some(weak @ Failure::Weak(_)), _) => weak,
            (_, weak @ Failure::Weak(_)) => weak,
            (Some(passing @ Failure::Passing(_)), _) => passing,
            (_, failure) => failure,
        }
    }
}

/// The client's error in our words: what kind of trouble it is, never what was said in the session.
pub fn broken(error: &mail_send::Error) -> Trouble {
    use mail_send::Error as E;
    let of = |status, text: &str| Trouble::of(status, text);
    match error {
        E::Timeout => of(EnhancedStatus(4, 4, 2), "time-out"),
        E::Io(error) => io_trouble(error),
        E::UnexpectedReply(reply) | E::AuthenticationFailed(reply) => trouble(reply, EnhancedStatus(4, 5, 0)),
        _ => of(EnhancedStatus(4, 5, 0), "an unintelligible reply"),
    }
}

pub fn io_trouble(error: &io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::InvalidData => Trouble::of(EnhancedStatus(4, 5, 0), error.to_string()),
        io::ErrorKind::TimedOut => Trouble::of(EnhancedStatus(4, 4, 2), "time-out"),
        kind => Trouble::of(EnhancedStatus(4, 4, 2), format!("connection lost: {kind}")),
    }
}

/// A reply as it is recorded. The peer's enhanced status is kept where its class fits the code.
pub fn trouble(reply: &Response<String>, fallback: EnhancedStatus) -> Trouble {
    let [class, subject, detail] = reply.esc;
    let status = match u16::from(class) == reply.code / 100 {
        true => EnhancedStatus(class, subject.into(), detail.into()),
        false if reply.code / 100 == 2 => EnhancedStatus(2, 0, 0),
        false => EnhancedStatus((reply.code / 100) as u8, fallback.1, fallback.2),
    };
    Trouble { code: reply.code, status, text: printable(&reply.message) }
}

/// What a reply to a command of a transaction means for its recipient.
pub fn outcome(reply: &Response<String>, fallback: EnhancedStatus) -> AttemptResult {
    let trouble = trouble(reply, fallback);
    match reply.code / 100 {
        2 => AttemptResult::Sent(trouble),
        5 => AttemptResult::Failed(trouble),
        4 => AttemptResult::Deferred(trouble),
        _ => AttemptResult::Deferred(Trouble { status: EnhancedStatus(4, 5, 0), ..trouble }),
    }
}

/// One line without control characters, cut at a character.
fn printable(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().map(clean).take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, esc: [u8; 3], text: &str) -> Response<String> {
        Response { code, esc, message: text.to_owned() }
    }

    #[test]
    fn a_status_of_another_class_than_the_code_is_not_believed() {
        let fallback = EnhancedStatus(0, 1, 1);
        assert_eq!(trouble(&reply(550, [5, 7, 1], "no"), fallback).status, EnhancedStatus(5, 7, 1));
        assert_eq!(trouble(&reply(550, [2, 0, 0], "no"), fallback).status, EnhancedStatus(5, 1, 1));
        assert_eq!(trouble(&reply(450, [0, 0, 0], "no"), fallback).status, EnhancedStatus(4, 1, 1));
        assert_eq!(trouble(&reply(250, [0, 0, 0], "ok"), fallback).status, EnhancedStatus(2, 0, 0));
    }

    #[test]
    fn kept_text_is_one_bounded_line() {
        let kept = printable(&format!("a\r\nb\x1b[31m{}", "x".repeat(900)));
        assert!(kept.starts_with("a  b [31m") && kept.chars().count() == MAX_TEXT);
    }

    #[test]
    fn while_one_host_may_take_it_nothing_is_final() {
        let of = |n: u16| Trouble { code: n, status: EnhancedStatus(4, 0, 0), text: String::new() };
        let (weak, passing, last) = (Failure::Weak(of(1)), Failure::Passing(of(2)), Failure::Final(of(3)));
        assert_eq!(last.clone().or(Some(passing.clone())), passing);
        assert_eq!(passing.clone().or(Some(last.clone())), passing);
        assert_eq!(last.clone().or(Some(weak.clone())), weak);
        assert_eq!(weak.clone().or(Some(passing)), weak);
        assert_eq!(last.clone().or(None), last);
    }
}
