//! Paths and parameters of `MAIL` and `RCPT` (RFC 5321 §4.1.2, RFC 3461, 6152, 6531, 8689, 1870).

use super::Refusal;
use super::command::announced_size;
use crate::mail::{Address, Body, Notify, Recipient, Ret, ReversePath};

/// What `MAIL FROM:` said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailArguments {
    pub path: ReversePath,
    pub size: Option<u64>,
    pub body: Body,
    pub smtputf8: bool,
    pub require_tls: bool,
    pub ret: Option<Ret>,
    pub envid: Option<String>,
}

/// A forward path: a mailbox, or the postmaster of no domain (RFC 5321 §4.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardPath {
    Recipient(Recipient),
    Postmaster { notify: Notify, orcpt: Option<String> },
}

/// Whether a space may stand before the path, as some devices send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    Strict,
    Lenient,
}

/// Reads what follows `MAIL FROM:`.
pub fn mail(text: &str, spacing: Spacing) -> Result<MailArguments, Refusal> {
    let (path, parameters) = split_path(text, spacing).ok_or(Refusal::SenderSyntax)?;
    let parameters = Parameters::read(parameters)?;
    let smtputf8 = parameters.flag("SMTPUTF8")?;
    let path = match path {
        "" => ReversePath::Null,
        path => ReversePath::Address(address(path, smtputf8, Refusal::SenderSyntax)?),
    };
    // Whatever AUTH= says is taken and not trusted (RFC 4954 §5).
    parameters.value("AUTH")?.map(xtext).transpose()?;
    let body = match parameters.value("BODY")? {
        None => Body::SevenBit,
        Some(body) if body.eq_ignore_ascii_case("7BIT") => Body::SevenBit,
        Some(body) if body.eq_ignore_ascii_case("8BITMIME") => Body::EightBitMime,
        Some(_) => return Err(Refusal::BadArgument),
    };
    let ret = match parameters.value("RET")? {
        None => None,
        Some(ret) if ret.eq_ignore_ascii_case("FULL") => Some(Ret::Full),
        Some(ret) if ret.eq_ignore_ascii_case("HDRS") => Some(Ret::Headers),
        Some(_) => return Err(Refusal::BadArgument),
    };
    let envid = parameters.value("ENVID")?.map(|envid| limited(xtext(envid)?, 100)).transpose()?;
    let size = parameters.value("SIZE")?.map(|size| announced_size(size).ok_or(Refusal::BadArgument)).transpose()?;
    let require_tls = parameters.flag("REQUIRETLS")?;
    parameters.only(&["SMTPUTF8", "AUTH", "BODY", "RET", "ENVID", "SIZE", "REQUIRETLS"])?;
    Ok(MailArguments { path, size, body, smtputf8, require_tls, ret, envid: envid.map(str::to_owned) })
}

/// Reads what follows `RCPT TO:`.
pub fn rcpt(text: &str, spacing: Spacing, smtputf8: bool) -> Result<ForwardPath, Refusal> {
    let (path, parameters) = split_path(text, spacing).ok_or(Refusal::RecipientSyntax)?;
    let parameters = Parameters::read(parameters)?;
    let notify = parameters.value("NOTIFY")?.map_or(Ok(Notify::DEFAULT), notify)?;
    let orcpt = parameters.value("ORCPT")?.map(orcpt).transpose()?.map(str::to_owned);
    parameters.only(&["NOTIFY", "ORCPT"])?;
    if path.eq_ignore_ascii_case("postmaster") {
        return Ok(ForwardPath::Postmaster { notify, orcpt });
    }
    let address = address(path, smtputf8, Refusal::RecipientSyntax)?;
    Ok(ForwardPath::Recipient(Recipient { address, notify, orcpt }))
}

/// What stands between the angle brackets, and what follows them.
fn split_path(text: &str, spacing: Spacing) -> Option<(&str, &str)> {
    let text = if spacing == Spacing::Lenient { text.trim_start() } else { text };
    let inside = text.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    let end = inside.bytes().position(|b| {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' => return !quoted,
            _ => {}
        }
        false
    })?;
    let (path, rest) = (&inside[..end], &inside[end + 1..]);
    // RFC 5321 §4.5.3.1.3: 256 octets with the brackets.
    let apart = rest.is_empty() || rest.starts_with(' ');
    (apart && path.len() <= 254).then_some((path, rest))
}

fn address(path: &str, smtputf8: bool, syntax: Refusal) -> Result<Address, Refusal> {
    if !smtputf8 && !path.is_ascii() {
        return Err(Refusal::NeedsSmtpUtf8);
    }
    without_route(path).and_then(|mailbox| mailbox.parse().ok()).ok_or(syntax)
}

/// A source route is to be recognised and left out (RFC 5321 §4.1.1.3, appendix C).
fn without_route(path: &str) -> Option<&str> {
    if !path.starts_with('@') {
        return Some(path);
    }
    let (route, mailbox) = path.split_once(':')?;
    let hops =
        route.split(',').all(|hop| hop.strip_prefix('@').is_some_and(|hop| hop.parse::<crate::mail::Domain>().is_ok()));
    hops.then_some(mailbox)
}

/// `KEYWORD` or `KEYWORD=value`, each once.
struct Parameters<'a>(Vec<(&'a str, Option<&'a str>)>);

impl<'a> Parameters<'a> {
    fn read(text: &'a str) -> Result<Self, Refusal> {
        let mut found: Vec<(&str, Option<&str>)> = Vec::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let (keyword, value) = match word.split_once('=') {
                Some((keyword, value)) => (keyword, Some(value)),
                None => (word, None),
            };
            let named = keyword.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !keyword.is_empty();
            let valued = value.is_none_or(|value| !value.is_empty() && !value.contains('='));
            let twice = found.iter().any(|(known, _)| known.eq_ignore_ascii_case(keyword));
            if !named || !valued || twice {
                return Err(Refusal::BadArgument);
            }
            found.push((keyword, value));
        }
        Ok(Self(found))
    }

    fn find(&self, keyword: &str) -> Option<Option<&'a str>> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(keyword)).map(|(_, value)| *value)
    }

    /// A keyword that must have a value where it stands.
    fn value(&self, keyword: &str) -> Result<Option<&'a str>, Refusal> {
        self.find(keyword).map(|value| value.ok_or(Refusal::BadArgument)).transpose()
    }

    /// A keyword that must not have one.
    fn flag(&self, keyword: &str) -> Result<bool, Refusal> {
        match self.find(keyword) {
            Some(Some(_)) => Err(Refusal::BadArgument),
            found => Ok(found.is_some()),
        }
    }

    fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let stranger = |keyword: &str| !known.iter().any(|known| known.eq_ignore_ascii_case(keyword));
        if self.0.iter().any(|(keyword, _)| stranger(keyword)) { Err(Refusal::UnknownParameter) } else { Ok(()) }
    }
}

/// RFC 3461 §4.1: `NEVER` alone, or a list of the others.
fn notify(list: &str) -> Result<Notify, Refusal> {
    if list.eq_ignore_ascii_case("NEVER") {
        return Ok(Notify::NEVER);
    }
    let mut notify = Notify { asked: true, ..Notify::NEVER };
    for word in list.split(',') {
        let flag = match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => &mut notify.success,
            "FAILURE" => &mut notify.failure,
            "DELAY" => &mut notify.delay,
            _ => return Err(Refusal::BadArgument),
        };
        if std::mem::replace(flag, true) {
            return Err(Refusal::BadArgument);
        }
    }
    Ok(notify)
}

/// RFC 3461 §4.2: an address type, a semicolon, the address in xtext; with RFC 6533 also UTF-8.
fn orcpt(text: &str) -> Result<&str, Refusal> {
    let (kind, address) = text.split_once(';').ok_or(Refusal::BadArgument)?;
    let atom = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !atom || address.is_empty() {
        return Err(Refusal::BadArgument);
    }
    if !kind.eq_ignore_ascii_case("utf-8") {
        xtext(address)?;
    }
    limited(text, 500)
}

/// RFC 3461 §4: printable ASCII, `+` and `=` as `+XX`. What it stands for must be printable too:
/// it comes back in a DSN, and a CRLF there would be a new field.
fn xtext(text: &str) -> Result<&str, Refusal> {
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, length) = match (first, after) {
            (b'+', [high, low, ..]) => (hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low), 3),
            (b'+', _) | (b'=', _) => (None, 1),
            (other, _) => (Some(*other), 1),
        };
        if !byte.is_some_and(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(Refusal::BadArgument);
        }
        rest = &rest[length..];
    }
    Ok(text)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn limited(text: &str, longest: usize) -> Result<&str, Refusal> {
    if text.len() <= longest { Ok(text) } else { Err(Refusal::BadArgument) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail_path(text: &str) -> Result<String, Refusal> {
        mail(text, Spacing::Strict).map(|arguments| arguments.path.to_string())
    }

    fn rcpt_path(text: &str) -> Result<String, Refusal> {
        match rcpt(text, Spacing::Strict, false)? {
            ForwardPath::Recipient(recipient) => Ok(recipient.address.to_string()),
            ForwardPath::Postmaster { .. } => Ok("postmaster".into()),
        }
    }

    #[test]
    fn paths_are_read_with_quotes_routes_and_literals() {
        for (text, expected) in [
            ("<ann@corp.example>", "ann@corp.example"),
            ("<\"a > b\"@corp.example>", "\"a > b\"@corp.example"),
            ("<@relay.example,@other.example:ann@corp.example>", "ann@corp.example"),
            ("<ann@[192.0.2.1]>", "ann@[192.0.2.1]"),
            ("<Postmaster>", "postmaster"),
        ] {
            assert_eq!(rcpt_path(text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(mail_path("<>").as_deref(), Ok("<>"));
    }

    #[test]
    fn a_path_in_any_other_form_is_refused() {
        let long_local = format!("<{}@corp.example>", "x".repeat(65));
        let long_path = format!("<x@{}example>", "a.".repeat(130));
        for text in ["", "<", "ann@corp.example", "<ann>", " <ann@corp.example>", "<ann@corp.example>SIZE=1"]
            .into_iter()
            .chain(["<a b@corp.example>", "<a@b@c.example>", "<<a@corp.example>>", &long_local, &long_path])
        {
            assert_eq!(rcpt_path(text), Err(Refusal::RecipientSyntax), "{text}");
            assert_eq!(mail_path(text), Err(Refusal::SenderSyntax), "{text}");
        }
        assert_eq!(rcpt_path("<>"), Err(Refusal::RecipientSyntax));
    }

    #[test]
    fn a_device_may_put_a_space_before_its_path() {
        assert!(mail(" <copier@corp.example>", Spacing::Lenient).is_ok());
        assert!(mail(" <copier@corp.example>", Spacing::Strict).is_err());
    }

    #[test]
    fn a_non_ascii_address_needs_smtputf8() {
        assert_eq!(mail_path("<jürgen@corp.example>"), Err(Refusal::NeedsSmtpUtf8));
        assert_eq!(mail_path("<ann@bücher.example>"), Err(Refusal::NeedsSmtpUtf8));
        assert_eq!(mail_path("<jürgen@bücher.example> SMTPUTF8").as_deref(), Ok("<jürgen@xn--bcher-kva.example>"));
        assert_eq!(rcpt_path("<ann@bücher.example>"), Err(Refusal::NeedsSmtpUtf8));
    }

    #[test]
    fn all_parameters_of_mail_are_read() {
        let text = "<a@b.example> SIZE=1000 BODY=8BITMIME SMTPUTF8 REQUIRETLS RET=HDRS ENVID=QQ+2B1 AUTH=<>";
        let read = mail(text, Spacing::Strict).unwrap();
        assert_eq!((read.size, read.body, read.ret), (Some(1000), Body::EightBitMime, Some(Ret::Headers)));
        assert!(read.smtputf8 && read.require_tls);
        assert_eq!(read.envid.as_deref(), Some("QQ+2B1"));
    }

    #[test]
    fn faulty_parameters_are_refused() {
        let long_envid = format!("ENVID={}", "x".repeat(101));
        for (parameters, expected) in [
            ("SIZE", Refusal::BadArgument),
            ("SIZE=", Refusal::BadArgument),
            ("SIZE=+1", Refusal::BadArgument),
            ("SIZE=1 size=2", Refusal::BadArgument),
            ("BODY=BINARYMIME", Refusal::BadArgument),
            ("SMTPUTF8=1", Refusal::BadArgument),
            ("RET=SOME", Refusal::BadArgument),
            ("ENVID=a+0D+0Ab", Refusal::BadArgument),
            ("ENVID=a+2b", Refusal::BadArgument),
            ("ENVID=a+", Refusal::BadArgument),
            (&long_envid, Refusal::BadArgument),
            ("NOTIFY=NEVER", Refusal::UnknownParameter),
            ("XDEBUG", Refusal::UnknownParameter),
            ("BY=1;R", Refusal::UnknownParameter),
        ] {
            assert_eq!(mail_path(&format!("<a@b.example> {parameters}")), Err(expected), "{parameters}");
        }
    }

    #[test]
    fn notify_and_orcpt_are_read_strictly() {
        let read = |parameters: &str| rcpt(&format!("<a@b.example> {parameters}"), Spacing::Strict, false);
        let Ok(ForwardPath::Recipient(recipient)) = read("NOTIFY=success,DELAY ORCPT=rfc822;a+2Bb@c.example") else {
            panic!("refused");
        };
        assert_eq!(recipient.notify, Notify { success: true, failure: false, delay: true, asked: true });
        assert_eq!(recipient.orcpt.as_deref(), Some("rfc822;a+2Bb@c.example"));
        let long = format!("ORCPT=rfc822;{}", "x".repeat(600));
        for faulty in ["NOTIFY=NEVER,FAILURE", "NOTIFY=", "NOTIFY=SUCCESS,SUCCESS", "NOTIFY=ALWAYS", "ORCPT=a@b"]
            .into_iter()
            .chain(["ORCPT=rfc822;", "ORCPT=rfc822;a+0Ab", &long])
        {
            assert_eq!(read(faulty), Err(Refusal::BadArgument), "{faulty}");
        }
    }
}
