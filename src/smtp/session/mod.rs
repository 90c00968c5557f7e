//! The SMTP session: a state machine without a socket. It decides, the driver does.

mod transaction;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use super::auth::{self, Credentials, Exchange, Next};
use super::body::{Reading, Refused};
use super::certificate;
use super::command::{self, Command};
use super::shared::{Settings, Shared};
use super::source::{CertificateFault, Proofs, Selection, select};
use super::{Event, Limits, Listener, Mechanism, Refusal, RelayRight, TlsMode};
use crate::mail::{Client, EnhancedStatus, Reply, TlsSession};
use crate::people::Login;
use transaction::Transaction;

/// What the driver must do next.
#[derive(Debug)]
pub enum Step {
    Reply(Reply),
    /// Reply, then end the connection.
    Close(Reply),
    /// Reply, then the handshake; nothing may have been received behind the command.
    StartTls(Reply),
    /// Check the password off this thread, then call [`Session::signed_in`].
    CheckPassword(Credentials),
    /// Reply `354`, read to the end of data, then call [`Session::received`].
    ReadData(Reading),
    /// Read that many octets. With `reading` they belong to a message; without, they are thrown
    /// away and `reply` answers them.
    ReadChunk {
        size: u64,
        last: bool,
        content: Result<Reading, Reply>,
    },
}

pub struct Session {
    shared: Arc<Shared>,
    settings: Arc<Settings>,
    /// The listener's place in the configuration.
    place: usize,
    ip: IpAddr,
    tls: Option<TlsSession>,
    certificates: Vec<Result<(), CertificateFault>>,
    hello: Option<Hello>,
    login: Option<Login>,
    exchange: Option<Exchange>,
    transaction: Option<Transaction>,
    errors: usize,
    idle_commands: usize,
}

struct Hello {
    name: String,
    extended: bool,
}

impl Session {
    pub fn new(shared: Arc<Shared>, settings: Arc<Settings>, place: usize, ip: IpAddr) -> Self {
        Self {
            shared,
            settings,
            place,
            ip,
            tls: None,
            certificates: Vec::new(),
            hello: None,
            login: None,
            exchange: None,
            transaction: None,
            errors: 0,
            idle_commands: 0,
        }
    }

    /// The first line. A gateway whose store can't be written says so at once; of a full disk it
    /// speaks at MAIL (RFC 5321 §3.1, RFC 3463 X.3.1).
    pub fn greeting(&mut self) -> Step {
        match self.shared.intake.ready() {
            Err(reply) if reply.code == 451 => self.refuse("connect", Refusal::NotReady),
            _ => Step::Reply(Reply::bare(220, format!("{} ESMTP Waxseal", self.settings.config.hostname))),
        }
    }

    /// The handshake is done. Everything said before it is forgotten (RFC 3207 §4.2).
    pub fn secured(&mut self, tls: TlsSession, shown: Option<&[CertificateDer<'_>]>) {
        let Settings { config, tls: ours, .. } = &*self.settings;
        self.certificates = certificate::verdicts(config, ours, shown, self.shared.clock.now());
        let proven = self.certificates.iter().any(Result::is_ok);
        self.shared.metrics.tls_session(&tls.version, if proven { "client-certificate" } else { "none" });
        self.tls = Some(tls);
        self.hello = None;
        self.login = None;
        self.transaction = None;
        self.exchange = None;
    }

    /// Takes one line without its CRLF.
    pub fn line(&mut self, line: &[u8]) -> Step {
        if let Some(exchange) = self.exchange.take() {
            return match exchange.proceed(line) {
                Ok(next) => self.continue_auth(next),
                Err(refusal) => self.refuse("auth", refusal),
            };
        }
        let stage = Command::stage(line);
        command::parse(line)
            .and_then(|command| self.command(command))
            .unwrap_or_else(|refusal| self.refuse(stage, refusal))
    }

    /// A line that can't be taken as one: too long, or without a proper end.
    pub fn broken_line(&mut self, start: &[u8], refusal: Refusal) -> Step {
        let in_exchange = self.exchange.take().is_some();
        let (stage, refusal) = match (refusal, Command::stage(start)) {
            (Refusal::LineTooLong, _) if in_exchange => ("auth", Refusal::AuthTooLong),
            (Refusal::LineTooLong, "auth") => ("auth", Refusal::AuthTooLong),
            (Refusal::LineTooLong, "hello") => ("hello", Refusal::HelloName),
            (refusal, stage) => (stage, refusal),
        };
        self.refuse(stage, refusal)
    }

    /// The longest line that may come now, judged by its start.
    pub fn longest_line(&self, start: &[u8]) -> usize {
        match self.exchange {
            Some(_) => command::LONGEST_AUTH,
            None => command::longest(start),
        }
    }

    fn command(&mut self, command: Command<'_>) -> Result<Step, Refusal> {
        use Command as C;
        self.count_idle(&command)?;
        // RFC 3207 §4: nothing but these before TLS. BDAT is refused with its octets.
        let may_come =
            matches!(command, C::Ehlo(_) | C::Helo(_) | C::StartTls | C::Noop | C::Quit | C::Rset | C::Bdat { .. });
        if self.wants_tls() && !may_come {
            return Err(Refusal::TlsFirst);
        }
        match command {
            C::Ehlo(name) => Ok(Step::Reply(self.greet(name, true))),
            C::Helo(name) => Ok(Step::Reply(self.greet(name, false))),
            C::StartTls => self.start_tls(),
            C::Auth { mechanism, initial } => self.auth(mechanism, initial),
            C::Mail(rest) => self.mail(rest),
            C::Rcpt(rest) => self.rcpt(rest),
            C::Data => self.data(),
            C::Bdat { size, last } => Ok(self.bdat(size, last)),
            C::Rset => {
                self.transaction = None;
                Ok(ok("Ok"))
            }
            C::Noop => Ok(ok("Ok")),
            // RFC 5321 §7.3: known and unknown get one answer.
            C::Vrfy => Ok(Step::Reply(Reply::new(252, EnhancedStatus(2, 0, 0), "send some mail, I'll try my best"))),
            C::Help => Ok(Step::Reply(Reply::new(214, EnhancedStatus(2, 0, 0), "see RFC 5321"))),
            C::Quit => Ok(Step::Close(Reply::new(221, EnhancedStatus(2, 0, 0), "Bye"))),
        }
    }

    fn wants_tls(&self) -> bool {
        self.listener().tls == TlsMode::Required && self.tls.is_none()
    }

    /// Commands that bring no mail are counted, so that a session can't be kept busy for nothing.
    fn count_idle(&mut self, command: &Command<'_>) -> Result<(), Refusal> {
        use Command as C;
        if matches!(command, C::Ehlo(_) | C::Helo(_) | C::Noop | C::Rset | C::Vrfy | C::Help) {
            self.idle_commands += 1;
        }
        if self.idle_commands > self.limits().idle_commands { Err(Refusal::TooManyIdleCommands) } else { Ok(()) }
    }

    fn greet(&mut self, name: &str, extended: bool) -> Reply {
        self.transaction = None;
        self.hello = Some(Hello { name: name.to_owned(), extended });
        let hostname = self.settings.config.hostname.to_string();
        if !extended {
            return Reply::bare(250, hostname);
        }
        let mut lines: Vec<Cow<'static, str>> =
            vec![hostname.into(), "PIPELINING".into(), format!("SIZE {}", self.limits().message_size).into()];
        lines.extend(["CHUNKING", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"].map(Cow::from));
        if self.offers_tls() {
            lines.push("STARTTLS".into());
        }
        if self.tls.is_some() {
            // RFC 8689 §2: offered only inside TLS.
            lines.push("REQUIRETLS".into());
            let names: Vec<_> = self.listener().auth.iter().map(|mechanism| mechanism.name()).collect();
            if !names.is_empty() && self.login.is_none() {
                lines.push(format!("AUTH {}", names.join(" ")).into());
            }
        }
        Reply { code: 250, status: None, lines }
    }

    fn offers_tls(&self) -> bool {
        matches!(self.listener().tls, TlsMode::Offered | TlsMode::Required) && self.tls.is_none()
    }

    fn start_tls(&mut self) -> Result<Step, Refusal> {
        match (self.listener().tls, &self.tls) {
            (TlsMode::Off, _) => Err(Refusal::NotImplemented),
            (_, Some(_)) => Err(Refusal::BadSequence),
            _ if self.hello.is_none() || self.transaction.is_some() => Err(Refusal::BadSequence),
            _ if self.settings.tls.server(self.place).is_none() => Err(Refusal::TlsUnavailable),
            _ => Ok(Step::StartTls(Reply::new(220, EnhancedStatus(2, 0, 0), "Ready to start TLS"))),
        }
    }

    fn auth(&mut self, mechanism: Mechanism, initial: Option<&str>) -> Result<Step, Refusal> {
        let listener = self.listener();
        if listener.auth.is_empty() {
            return Err(Refusal::NotImplemented);
        }
        if self.tls.is_none() {
            return Err(Refusal::AuthNeedsTls);
        }
        // RFC 4954 §4: after EHLO, once, and not within a transaction.
        let greeted = self.hello.as_ref().is_some_and(|hello| hello.extended);
        if !greeted || self.login.is_some() || self.transaction.is_some() {
            return Err(Refusal::BadSequence);
        }
        if !listener.auth.contains(&mechanism) {
            return Err(Refusal::AuthMechanism);
        }
        auth::begin(mechanism, initial).map(|next| self.continue_auth(next))
    }

    fn continue_auth(&mut self, next: Next) -> Step {
        match next {
            Next::Challenge(exchange, prompt) => {
                self.exchange = Some(exchange);
                Step::Reply(Reply::bare(334, prompt))
            }
            Next::Check(credentials) => Step::CheckPassword(credentials),
        }
    }

    /// The password was checked.
    pub fn signed_in(&mut self, name: &str, outcome: Result<Login, auth::Failure>) -> Step {
        match outcome {
            Ok(login) => {
                let event = Event::LoginSucceeded { user: login.name().to_owned() };
                self.login = Some(login);
                self.tell(event);
                Step::Reply(Reply::new(235, EnhancedStatus(2, 7, 0), "Authentication successful"))
            }
            Err(failure) => {
                self.shared.metrics.source_failed("auth", failure.reason);
                self.tell(Event::LoginFailed { user: printable(name), reason: failure.reason });
                self.refuse("auth", failure.refusal)
            }
        }
    }

    /// Intake's answer: a message taken clears the slate.
    pub fn answered(&mut self, reply: Reply) -> Step {
        if reply.is_positive() {
            self.errors = 0;
            return Step::Reply(reply);
        }
        self.shared.metrics.not_taken("data", &reply);
        self.count_error(reply)
    }

    /// Answers, counts and tells a refusal; one too many ends the session.
    pub fn refuse(&mut self, stage: &'static str, refusal: Refusal) -> Step {
        self.shared.metrics.refused(stage, refusal);
        self.tell(Event::Refused { stage, reason: refusal.reason() });
        if refusal.closes() { Step::Close(refusal.reply()) } else { self.count_error(refusal.reply()) }
    }

    fn count_error(&mut self, reply: Reply) -> Step {
        self.errors += 1;
        if self.errors > self.limits().errors {
            return self.refuse("command", Refusal::TooManyErrors);
        }
        if reply.code == 421 { Step::Close(reply) } else { Step::Reply(reply) }
    }

    /// What is proved now.
    fn selection(&self) -> Selection<'_> {
        let proofs = Proofs { ip: self.ip, login: self.login.as_ref(), certificates: &self.certificates };
        select(&self.settings.config.sources, proofs)
    }

    fn right(&self) -> Option<RelayRight> {
        match self.selection() {
            Selection::Proved(source) => {
                Some(RelayRight::new(source.clone(), self.login.clone(), self.shared.metrics.clone()))
            }
            Selection::Certificate(..) | Selection::Nobody => None,
        }
    }

    /// What a client is told that proved no source.
    fn stranger(&self) -> Refusal {
        match self.selection() {
            Selection::Certificate(source, fault) => {
                self.shared.metrics.source_failed(&source.name, fault.reason());
                self.tell(Event::SourceFailed { source: source.name.clone(), reason: fault.reason() });
                Refusal::Certificate
            }
            Selection::Proved(_) | Selection::Nobody => Refusal::NoSource,
        }
    }

    fn tell(&self, event: Event) {
        self.shared.intake.tell(event, &self.client());
    }

    fn client(&self) -> Client {
        Client {
            ip: self.ip,
            helo: self.hello.as_ref().map(|hello| hello.name.clone()).unwrap_or_default(),
            extended: self.hello.as_ref().is_some_and(|hello| hello.extended),
            listener: self.listener().name.clone(),
            user: self.login.as_ref().map(|login| login.name().to_owned()),
            tls: self.tls.clone(),
        }
    }

    pub fn limits(&self) -> &Limits {
        &self.settings.config.limits
    }

    fn listener(&self) -> &Listener {
        &self.settings.config.listeners[self.place]
    }

    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }
}

fn ok(text: &'static str) -> Step {
    Step::Reply(Reply::new(250, EnhancedStatus(2, 0, 0), text))
}

/// A name as typed by a stranger, made harmless for logs and audit.
fn printable(name: &str) -> String {
    name.chars().take(64).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}
