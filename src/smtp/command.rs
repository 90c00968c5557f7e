//! Command lines, read strictly: what two servers could read apart is refused.
//!
//! A line is first cut into its verb and the rest. Paths and parameters are read only when the
//! session has settled that the command may stand here, so that a stranger learns nothing from
//! the way its address is judged.

use super::{Mechanism, Refusal};

/// A command with its argument still as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    Ehlo(&'a str),
    Helo(&'a str),
    /// What follows `MAIL `.
    Mail(&'a str),
    /// What follows `RCPT `.
    Rcpt(&'a str),
    Data,
    Bdat {
        size: u64,
        last: bool,
    },
    Auth {
        mechanism: Mechanism,
        initial: Option<&'a str>,
    },
    StartTls,
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
}

impl Command<'_> {
    /// The stage of a refusal, for metrics.
    pub(super) fn stage(line: &[u8]) -> &'static str {
        match line.get(..4).map(|verb| verb.to_ascii_uppercase()).as_deref() {
            Some(b"EHLO" | b"HELO") => "hello",
            Some(b"MAIL") => "mail",
            Some(b"RCPT") => "rcpt",
            Some(b"DATA" | b"BDAT") => "data",
            Some(b"AUTH") => "auth",
            Some(b"STAR") => "tls",
            _ => "command",
        }
    }
}

/// The longest command line without its CRLF. RFC 5321 §4.5.3.1.4 has 512; SIZE, DSN, SMTPUTF8
/// and their like lengthen `MAIL` and `RCPT` (RFC 3461 §4 alone by 500), AUTH has its own (RFC 4954 §4).
pub(super) fn longest(line: &[u8]) -> usize {
    match Command::stage(line) {
        "mail" | "rcpt" => 2046,
        "auth" => LONGEST_AUTH,
        _ => 510,
    }
}

/// The longest line of an AUTH exchange (RFC 4954 §4).
pub(super) const LONGEST_AUTH: usize = 12_286;

/// Reads a line without its CRLF.
pub fn parse(line: &[u8]) -> Result<Command<'_>, Refusal> {
    if line.iter().any(|b| b.is_ascii_control()) {
        return Err(if is_hello(line) { Refusal::HelloName } else { Refusal::ControlCharacter });
    }
    let line = std::str::from_utf8(line).map_err(|_| Refusal::NotUtf8)?;
    let (verb, rest) = match line.split_once(' ') {
        Some((verb, rest)) => (verb, Some(rest)),
        None => (line, None),
    };
    let verb = Verb::of(verb)?;
    let argument = rest.map(str::trim).filter(|rest| !rest.is_empty());
    match verb {
        Verb::Ehlo => hello(argument).map(Command::Ehlo),
        Verb::Helo => hello(argument).map(Command::Helo),
        Verb::Mail => after_keyword(rest, "FROM:").map(Command::Mail),
        Verb::Rcpt => after_keyword(rest, "TO:").map(Command::Rcpt),
        Verb::Bdat => bdat(argument),
        Verb::Auth => auth(argument),
        Verb::Data => bare(argument, Command::Data),
        Verb::StartTls => bare(argument, Command::StartTls),
        Verb::Rset => bare(argument, Command::Rset),
        Verb::Quit => bare(argument, Command::Quit),
        // RFC 5321 §4.1.1.9: NOOP and HELP may have an argument, which is ignored.
        Verb::Noop => Ok(Command::Noop),
        Verb::Help => Ok(Command::Help),
        Verb::Vrfy => argument.map(|_| Command::Vrfy).ok_or(Refusal::BadArgument),
    }
}

enum Verb {
    Ehlo,
    Helo,
    Mail,
    Rcpt,
    Data,
    Bdat,
    Auth,
    StartTls,
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
}

impl Verb {
    fn of(verb: &str) -> Result<Self, Refusal> {
        // The longest verb has eight letters; a longer word needs no copy to be unknown.
        let mut folded = [0; 8];
        let folded = folded.get_mut(..verb.len()).ok_or(Refusal::UnknownCommand)?;
        folded.copy_from_slice(verb.as_bytes());
        folded.make_ascii_uppercase();
        Ok(match &*folded {
            b"EHLO" => Verb::Ehlo,
            b"HELO" => Verb::Helo,
            b"MAIL" => Verb::Mail,
            b"RCPT" => Verb::Rcpt,
            b"DATA" => Verb::Data,
            b"BDAT" => Verb::Bdat,
            b"AUTH" => Verb::Auth,
            b"STARTTLS" => Verb::StartTls,
            b"RSET" => Verb::Rset,
            b"NOOP" => Verb::Noop,
            b"VRFY" => Verb::Vrfy,
            b"HELP" => Verb::Help,
            b"QUIT" => Verb::Quit,
            b"EXPN" | b"ETRN" | b"ATRN" | b"TURN" | b"SEND" | b"SOML" | b"SAML" | b"BURL" | b"XCLIENT"
            | b"XFORWARD" => return Err(Refusal::NotImplemented),
            // A browser or proxy made to talk to us, to have its body read as commands.
            b"GET" | b"HEAD" | b"POST" | b"PUT" | b"DELETE" | b"OPTIONS" | b"CONNECT" | b"TRACE" | b"PATCH"
            | b"HOST:" | b"PRI" => return Err(Refusal::NotSmtp),
            _ => return Err(Refusal::UnknownCommand),
        })
    }
}

fn is_hello(line: &[u8]) -> bool {
    Command::stage(line) == "hello"
}

fn bare<'a>(argument: Option<&str>, command: Command<'a>) -> Result<Command<'a>, Refusal> {
    if argument.is_some() { Err(Refusal::BadArgument) } else { Ok(command) }
}

/// A domain or an address literal, or what devices send for one: it goes into our `Received`
/// field, so it may not hold what could end or forge a part of that.
fn hello(argument: Option<&str>) -> Result<&str, Refusal> {
    let name = argument.ok_or(Refusal::HelloName)?;
    let good = name.len() <= 255
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'[' | b']' | b':' | b'+'));
    if good { Ok(name) } else { Err(Refusal::HelloName) }
}

/// The text after `FROM:` or `TO:`, whose letters may be of either case.
fn after_keyword<'a>(rest: Option<&'a str>, keyword: &str) -> Result<&'a str, Refusal> {
    let rest = rest.ok_or(Refusal::BadArgument)?;
    match rest.get(..keyword.len()) {
        Some(found) if found.eq_ignore_ascii_case(keyword) => Ok(&rest[keyword.len()..]),
        _ => Err(Refusal::BadArgument),
    }
}

/// `BDAT 1024` or `BDAT 1024 LAST` (RFC 3030 §2).
fn bdat<'a>(argument: Option<&str>) -> Result<Command<'a>, Refusal> {
    let argument = argument.ok_or(Refusal::BadArgument)?;
    let (size, last) = match argument.split_once(' ') {
        Some((size, last)) if last.eq_ignore_ascii_case("LAST") => (size, true),
        Some(_) => return Err(Refusal::BadArgument),
        None => (argument, false),
    };
    Ok(Command::Bdat { size: number(size).ok_or(Refusal::BadArgument)?, last })
}

/// Digits only: `u64::from_str` would take a plus sign.
pub(super) fn number(text: &str) -> Option<u64> {
    let digits = (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// A size that the client announces (RFC 1870 §4 has up to 20 digits): what no number of ours holds
/// is larger than anything we take.
pub(super) fn announced_size(text: &str) -> Option<u64> {
    let digits = (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn auth(argument: Option<&str>) -> Result<Command<'_>, Refusal> {
    let argument = argument.ok_or(Refusal::BadArgument)?;
    let (name, initial) = match argument.split_once(' ') {
        Some((name, initial)) => (name, Some(initial)),
        None => (argument, None),
    };
    let mechanism = [("PLAIN", Mechanism::Plain), ("LOGIN", Mechanism::Login)];
    let mechanism = mechanism.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let (_, mechanism) = mechanism.ok_or(Refusal::AuthMechanism)?;
    Ok(Command::Auth { mechanism, initial })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_in_either_case() {
        for (line, expected) in [
            ("EHLO gw.example", Command::Ehlo("gw.example")),
            ("ehlo [IPv6:2001:db8::1]", Command::Ehlo("[IPv6:2001:db8::1]")),
            ("HELO MFP_2.lab", Command::Helo("MFP_2.lab")),
            ("MAIL FROM:<>", Command::Mail("<>")),
            ("mail from:<a@b> SIZE=1", Command::Mail("<a@b> SIZE=1")),
            ("RCPT TO:<a@b>", Command::Rcpt("<a@b>")),
            ("DATA", Command::Data),
            ("DATA ", Command::Data),
            ("BDAT 10", Command::Bdat { size: 10, last: false }),
            ("BDAT 0 last", Command::Bdat { size: 0, last: true }),
            ("AUTH plain", Command::Auth { mechanism: Mechanism::Plain, initial: None }),
            ("AUTH LOGIN YQ==", Command::Auth { mechanism: Mechanism::Login, initial: Some("YQ==") }),
            ("NOOP anything", Command::Noop),
            ("VRFY ann", Command::Vrfy),
        ] {
            assert_eq!(parse(line.as_bytes()), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_is_no_command_is_refused_with_its_reason() {
        for (line, expected) in [
            (&b""[..], Refusal::UnknownCommand),
            (b"FLY", Refusal::UnknownCommand),
            (b"STARTTLSX", Refusal::UnknownCommand),
            (b"GET / HTTP/1.1", Refusal::NotSmtp),
            (b"EXPN staff", Refusal::NotImplemented),
            (b"XCLIENT NAME=x", Refusal::NotImplemented),
            (b"XFORWARD NAME=x", Refusal::NotImplemented),
            (b"EHLO", Refusal::HelloName),
            (b"EHLO a b", Refusal::HelloName),
            (b"EHLO a\x0bb", Refusal::HelloName),
            (b"EHLO a)(b", Refusal::HelloName),
            (b"NOOP \0", Refusal::ControlCharacter),
            (b"NOOP \xff", Refusal::NotUtf8),
            (b"MAIL", Refusal::BadArgument),
            (b"MAIL <a@b>", Refusal::BadArgument),
            (b"RCPT FROM:<a@b>", Refusal::BadArgument),
            (b"DATA now", Refusal::BadArgument),
            (b"STARTTLS x", Refusal::BadArgument),
            (b"BDAT", Refusal::BadArgument),
            (b"BDAT +1", Refusal::BadArgument),
            (b"BDAT -1", Refusal::BadArgument),
            (b"BDAT 1 LAST 2", Refusal::BadArgument),
            (b"BDAT 99999999999999999999", Refusal::BadArgument),
            (b"AUTH XOAUTH2 abc", Refusal::AuthMechanism),
            (b"AUTH", Refusal::BadArgument),
        ] {
            assert_eq!(parse(line), Err(expected), "{}", line.escape_ascii());
        }
    }
}
