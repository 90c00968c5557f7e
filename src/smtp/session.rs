//! The SMTP session: a state machine without a socket. It decides, the driver does.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use super::auth::{self, Credentials, Exchange, Next};
use super::certificate;
use super::command::{self, Command};
use super::path::{self, ForwardPath, MailArguments, Spacing};
use super::server::{Settings, Shared};
use super::source::{CertificateFault, Proofs, Selection, select};
use super::{Event, Limits, LineEndings, Listener, Refusal, RelayRight, SourceKind, TlsMode, Transfer};
use crate::mail::{Address, Client, EnhancedStatus, Envelope, QueueId, Recipient, Reply, TlsSession};
use crate::people::Login;

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

/// How content is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub id: QueueId,
    pub endings: LineEndings,
    /// What SIZE announced, so that memory is taken once.
    pub announced: u64,
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

/// From `MAIL` to the end of content.
struct Transaction {
    id: QueueId,
    arguments: MailArguments,
    right: Option<RelayRight>,
    recipients: Vec<Recipient>,
    /// The first BDAT chunk has come: only BDAT and RSET may follow (RFC 3030 §2).
    chunks: Chunks,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Chunks {
    None,
    Open,
    /// A chunk was refused; the rest is read and thrown away.
    Failed,
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

    /// The first line. A gateway that can't take mail for long says so at once.
    pub fn greeting(&self) -> Step {
        match self.shared.intake.ready() {
            Err(reply) if reply.code == 421 => Step::Close(reply),
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
        if self.listener().tls == TlsMode::Required && self.tls.is_none() {
            // RFC 3207 §4: nothing but these before TLS.
            if !matches!(command, C::Ehlo(_) | C::Helo(_) | C::StartTls | C::Noop | C::Quit | C::Rset | C::Bdat { .. })
            {
                return Err(Refusal::TlsFirst);
            }
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

    fn auth(&mut self, mechanism: super::Mechanism, initial: Option<&str>) -> Result<Step, Refusal> {
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

    fn mail(&mut self, rest: &str) -> Result<Step, Refusal> {
        if self.hello.is_none() || self.transaction.is_some() {
            return Err(Refusal::BadSequence);
        }
        if let Err(reply) = self.shared.intake.ready() {
            return Ok(if reply.code == 421 { Step::Close(reply) } else { Step::Reply(reply) });
        }
        let right = self.right();
        let arguments = path::mail(rest, spacing(right.as_ref()))?;
        if arguments.size.is_some_and(|size| size > self.limits().message_size) {
            return Err(Refusal::TooBig);
        }
        if arguments.require_tls && self.tls.is_none() {
            return Err(Refusal::UnknownParameter);
        }
        if let Some(right) = &right
            && let Err(refusal) = right.judge_path(&arguments.path)
        {
            self.shared.metrics.source_failed(&right.source().name, refusal.reason());
            return Err(refusal);
        }
        let id = self.shared.intake.new_id();
        self.transaction = Some(Transaction { id, arguments, right, recipients: Vec::new(), chunks: Chunks::None });
        Ok(Step::Reply(Reply::new(250, EnhancedStatus(2, 1, 0), "Ok")))
    }

    fn rcpt(&mut self, rest: &str) -> Result<Step, Refusal> {
        // A stranger is refused before its path is read, so that the answer tells it nothing.
        if self.transaction.as_ref().is_none_or(|transaction| transaction.chunks != Chunks::None) {
            return Err(Refusal::BadSequence);
        }
        if self.transaction.as_ref().is_some_and(|transaction| transaction.right.is_none()) {
            return Err(self.stranger());
        }
        let Settings { config, .. } = &*self.settings;
        let (most, postmaster) = (config.limits.recipients, config.postmaster.clone());
        let fallback = || Address::new("postmaster", config.hostname.clone()).map_err(|_| Refusal::RecipientSyntax);
        let transaction = self.transaction.as_mut().ok_or(Refusal::BadSequence)?;
        let recipient = match path::rcpt(rest, spacing(transaction.right.as_ref()), transaction.arguments.smtputf8)? {
            ForwardPath::Recipient(recipient) => recipient,
            ForwardPath::Postmaster { notify, orcpt } => {
                Recipient { address: postmaster.map_or_else(fallback, Ok)?, notify, orcpt }
            }
        };
        // The same mailbox twice is one recipient (RFC 5321 §4.1.1.3 leaves it to us).
        if !transaction.recipients.iter().any(|known| known.address == recipient.address) {
            if transaction.recipients.len() >= most {
                return Err(Refusal::TooManyRecipients);
            }
            transaction.recipients.push(recipient);
        }
        Ok(Step::Reply(Reply::new(250, EnhancedStatus(2, 1, 5), "Ok")))
    }

    fn data(&mut self) -> Result<Step, Refusal> {
        let transaction = self.transaction.as_ref().ok_or(Refusal::BadSequence)?;
        if transaction.chunks != Chunks::None {
            return Err(Refusal::BadSequence);
        }
        self.count_user_message()?;
        self.reading(Transfer::Data).map(Step::ReadData)
    }

    /// The octets of a chunk come whatever we answer, so a refusal is also a step that reads.
    fn bdat(&mut self, size: u64, last: bool) -> Step {
        let most = self.limits().message_size;
        let content = match self.transaction.as_ref().map(|transaction| transaction.chunks) {
            Some(Chunks::None) => self.count_user_message().and_then(|()| self.reading(Transfer::Bdat)),
            Some(Chunks::Open) => self.reading(Transfer::Bdat),
            Some(Chunks::Failed) | None => Err(Refusal::BadSequence),
        };
        let content = match content {
            // Twice the limit is not read just to stay in step.
            _ if size > most.saturating_mul(2) => {
                self.refuse("data", Refusal::TooBig);
                return Step::Close(Refusal::TooBig.reply());
            }
            Ok(reading) => {
                self.set_chunks(Chunks::Open);
                Ok(reading)
            }
            Err(refusal) => {
                self.set_chunks(Chunks::Failed);
                match self.refuse("data", refusal) {
                    Step::Reply(reply) => Err(reply),
                    close => return close,
                }
            }
        };
        Step::ReadChunk { size, last, content }
    }

    fn set_chunks(&mut self, chunks: Chunks) {
        if let Some(transaction) = &mut self.transaction {
            transaction.chunks = chunks;
        }
    }

    /// Whether the chunks read so far still belong to a message.
    pub fn in_chunks(&self) -> bool {
        self.transaction.as_ref().is_some_and(|transaction| transaction.chunks == Chunks::Open)
    }

    /// A chunk could not be kept; the message is lost, but the session goes on in step.
    pub fn chunk_failed(&mut self, refused: Refused) -> Step {
        self.set_chunks(Chunks::Failed);
        self.refused_content(refused)
    }

    fn reading(&self, transfer: Transfer) -> Result<Reading, Refusal> {
        let transaction = self.transaction.as_ref().ok_or(Refusal::BadSequence)?;
        let right = transaction.right.as_ref().filter(|_| !transaction.recipients.is_empty());
        let right = right.ok_or(Refusal::NoRecipients)?;
        let announced = transaction.arguments.size.unwrap_or(0);
        Ok(Reading { id: transaction.id, endings: right.source().line_endings(transfer), announced })
    }

    fn count_user_message(&self) -> Result<(), Refusal> {
        match &self.login {
            Some(login) => self.shared.gatekeeper.count_message(login.name(), self.limits().user_messages),
            None => Ok(()),
        }
    }

    /// The content is whole: what goes to intake. The session is ready for the next transaction.
    pub fn received(&mut self) -> Option<(Envelope, RelayRight)> {
        let Transaction { id, arguments, right, recipients, .. } = self.transaction.take()?;
        let right = right?;
        let envelope = Envelope {
            id,
            reverse_path: arguments.path,
            recipients,
            body: arguments.body,
            smtputf8: arguments.smtputf8,
            require_tls: arguments.require_tls,
            ret: arguments.ret,
            envid: arguments.envid,
            source: right.source().name.clone(),
            client: self.client(),
            received: self.shared.clock.now(),
        };
        self.idle_commands = 0;
        Some((envelope, right))
    }

    /// The content came to its true end, but can't be taken.
    pub fn refused_content(&mut self, refused: Refused) -> Step {
        match refused {
            Refused::Ours(refusal) => self.refuse("data", refusal),
            Refused::Intake(reply) => Step::Reply(reply),
        }
    }

    /// Forgets the transaction, after content that was refused.
    pub fn reset(&mut self) {
        self.transaction = None;
    }

    /// Intake's answer: a message taken clears the slate.
    pub fn answered(&mut self, reply: Reply) -> Step {
        if reply.is_positive() {
            self.errors = 0;
            return Step::Reply(reply);
        }
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

/// Why content was not taken.
#[derive(Debug)]
pub enum Refused {
    Ours(Refusal),
    /// The spool's own answer.
    Intake(Reply),
}

fn ok(text: &'static str) -> Step {
    Step::Reply(Reply::new(250, EnhancedStatus(2, 0, 0), text))
}

fn spacing(right: Option<&RelayRight>) -> Spacing {
    match right.map(|right| right.source().kind) {
        Some(SourceKind::Device) => Spacing::Lenient,
        _ => Spacing::Strict,
    }
}

/// A name as typed by a stranger, made harmless for logs and audit.
fn printable(name: &str) -> String {
    name.chars().take(64).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}
