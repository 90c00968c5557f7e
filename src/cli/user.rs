//! `user`: who may sign in, by the users file; a running gateway sees each change at once.

use std::io::{IsTerminal, Read};

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::Common;
use super::control::Control;
use super::exit::{Error, Exit, Result};
use super::find;
use super::output::Table;
use super::settings;
use crate::people::{self, Listed, People, Person, Role, Sender};
use crate::web::Change;
use crate::world::{Clock, SystemClock, SystemRandom};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Add a user; its password comes on standard input
    Add {
        /// What it signs in as
        name: String,
        /// Read the password from standard input (there is no other way: arguments stand in process lists)
        #[arg(long, required = true)]
        password_stdin: bool,
        /// An address, or @DOMAIN for all of a domain, as which it may send; may be repeated
        #[arg(long = "sender", value_name = "ADDRESS|@DOMAIN")]
        senders: Vec<Sender>,
    },
    /// Give a user a new password; who was disabled can sign in again, and tokens given before are void
    Password {
        /// What it signs in as
        name: String,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Every user, without passwords
    List,
    /// Let a user sign in no more; what it did stays in the account
    Disable {
        /// What it signs in as
        name: String,
    },
    /// Take a user's second factor away; SMTP has none, so there is nothing to take from who only sends
    ResetMfa {
        /// What it signs in as
        name: String,
    },
    /// Give a program of a user's a token, shown this once: with it `/metrics` can be read from another machine
    Token {
        /// What it signs in as
        name: String,
        /// How long it holds: 12h, 90d
        #[arg(long, value_name = "AGE", default_value = "90d", value_parser = age)]
        expires: SignedDuration,
        /// Take back every token of the user instead
        #[arg(long, conflicts_with = "expires")]
        revoke: bool,
    },
}

fn age(text: &str) -> std::result::Result<SignedDuration, String> {
    find::age(text).filter(|age| age.is_positive()).ok_or_else(|| "a time such as 12h or 90d is wanted".to_owned())
}

pub fn run(common: &Common, command: Command) -> Result {
    let settings = settings::load(common)?;
    let people = People::open(settings.users.clone()).map_err(trouble)?;
    let give = || settings::give_to_owner_of(&settings.data_dir, &settings.users);
    let tell = |detail| Control::tell(&settings.data_dir, Change::User, detail);
    match command {
        Command::Add { name, senders, .. } => {
            let password = password()?;
            let person = Person { name: name.clone(), senders, role: Role::Submitter, disabled: false };
            people.add(person.clone(), password.expose_secret(), &SystemRandom).map_err(trouble)?;
            give()?;
            tell(json!({ "change": "added", "user": name, "senders": person.senders }))?;
            common.output().one(&person, |person| match person.senders.is_empty() {
                true => format!("{name} can sign in, but send as nobody: give it a --sender\n"),
                false => format!("{name} can sign in\n"),
            })?;
        }
        Command::Password { name, .. } => {
            let password = password()?;
            people.renew(&name, password.expose_secret(), &SystemRandom).map_err(trouble)?;
            give()?;
            tell(json!({ "change": "password renewed", "user": name }))?;
            let answer = json!({ "name": name, "disabled": false, "tokens": [] });
            common.output().one(&answer, |_| format!("{name} can sign in with the new password\n"))?;
        }
        Command::List => common.output().list(&people.list().map_err(trouble)?, table)?,
        Command::Disable { name } => {
            people.disable(&name).map_err(trouble)?;
            give()?;
            tell(json!({ "change": "disabled", "user": name }))?;
            let answer = json!({ "name": name, "disabled": true });
            common.output().one(&answer, |_| format!("{name} can't sign in any more\n"))?;
        }
        Command::ResetMfa { name } => {
            // SMTP knows no second factor, and no page asks for one yet: what is asked for holds already.
            let listed = people.list().map_err(trouble)?;
            if !listed.iter().any(|listed| listed.person.name == name) {
                return Err(trouble(people::Error::Unknown(name)));
            }
            let answer = json!({ "name": name, "mfa": false });
            common.output().one(&answer, |_| format!("{name} has no second factor: nothing asks for one\n"))?;
        }
        Command::Token { name, revoke: true, .. } => {
            people.revoke(&name).map_err(trouble)?;
            give()?;
            tell(json!({ "change": "tokens revoked", "user": name }))?;
            common
                .output()
                .one(&json!({ "name": name, "tokens": [] }), |_| format!("{name} has no token any more\n"))?;
        }
        Command::Token { name, expires, .. } => {
            let now = SystemClock.now();
            let expires = now.checked_add(expires).map_err(|error| Error::Usage(error.to_string()))?;
            let token = people.mint(&name, expires, now, &SystemRandom).map_err(trouble)?;
            give()?;
            tell(json!({ "change": "token given", "user": name, "expires": expires }))?;
            let answer = json!({ "name": name, "token": token.expose_secret(), "expires": expires });
            common.output().one(&answer, |_| format!("{}\n", token.expose_secret()))?;
            eprintln!("waxseal: it opens /metrics until {}, and is shown this once", expires.strftime("%F %R UTC"));
        }
    }
    Ok(Exit::Done)
}

/// Standard input up to its end, without the line end that `echo` adds.
fn password() -> Result<SecretString> {
    if std::io::stdin().is_terminal() {
        eprintln!("password (it will be shown; end with Ctrl-D):");
    }
    let mut bytes = Vec::new();
    std::io::stdin().take(4_096).read_to_end(&mut bytes).map_err(|error| Error::io("reading the password", error))?;
    let mut text = String::from_utf8(bytes).map_err(|_| Error::Input("the password is not UTF-8".to_owned()))?;
    let kept = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(kept);
    Ok(SecretString::from(text))
}

fn table(people: &[Listed]) -> String {
    if people.is_empty() {
        return "no users\n".into();
    }
    let mut table = Table::new(&["NAME", "STATE", "ROLE", "TOKENS", "MAY SEND AS"]);
    for Listed { person, tokens } in people {
        let state = if person.disabled { "disabled" } else { "active" };
        let senders: Vec<String> = person.senders.iter().cloned().map(String::from).collect();
        let role = format!("{:?}", person.role).to_lowercase();
        table.row([person.name.clone(), state.to_owned(), role, tokens.len().to_string(), senders.join(" ")]);
    }
    table.render()
}

fn trouble(error: people::Error) -> Error {
    match error {
        people::Error::Io { path, error } => Error::io(path, error),
        people::Error::Format { .. } | people::Error::NoFile => Error::Configuration(error.to_string()),
        people::Error::Name | people::Error::Password => Error::Input(error.to_string()),
        people::Error::Exists(_) | people::Error::Unknown(_) | people::Error::Disabled(_) => {
            Error::No(error.to_string())
        }
        people::Error::Hash(_) => Error::io("hashing", std::io::Error::other(error)),
    }
}
