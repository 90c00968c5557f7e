//! Log-in: PLAIN and LOGIN (RFC 4954, 4616), and the limits on guessing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::network::client_key;
use super::{Limits, Mechanism, Refusal};
use crate::people::{self, Login, People};

/// An exchange under way: what the next line from the client is.
#[derive(Debug)]
pub enum Exchange {
    Plain,
    LoginName,
    LoginPassword { name: String },
}

/// A name and a password, not yet checked.
#[derive(Debug)]
pub struct Credentials {
    pub name: String,
    pub password: SecretString,
}

/// What follows a line of the exchange.
#[derive(Debug)]
pub enum Next {
    /// Ask with `334`: the prompt in base64.
    Challenge(Exchange, &'static str),
    Check(Credentials),
}

/// After `AUTH`, with its initial response if it had one.
pub fn begin(mechanism: Mechanism, initial: Option<&str>) -> Result<Next, Refusal> {
    let (exchange, prompt) = match mechanism {
        Mechanism::Plain => (Exchange::Plain, ""),
        Mechanism::Login => (Exchange::LoginName, "VXNlcm5hbWU6"),
    };
    match initial {
        None => Ok(Next::Challenge(exchange, prompt)),
        // RFC 4954 §4: `=` is an empty initial response.
        Some("=") => exchange.proceed(b""),
        Some(initial) => exchange.proceed(initial.as_bytes()),
    }
}

impl Exchange {
    /// Takes a response in base64.
    pub fn proceed(self, response: &[u8]) -> Result<Next, Refusal> {
        if response == b"*" {
            return Err(Refusal::AuthCancelled);
        }
        let decoded = zeroize::Zeroizing::new(STANDARD.decode(response).map_err(|_| Refusal::AuthEncoding)?);
        let text = std::str::from_utf8(&decoded).map_err(|_| Refusal::AuthFailed)?;
        match self {
            Exchange::Plain => plain(text).map(Next::Check),
            Exchange::LoginName => {
                Ok(Next::Challenge(Exchange::LoginPassword { name: text.to_owned() }, "UGFzc3dvcmQ6"))
            }
            Exchange::LoginPassword { name } => Ok(Next::Check(Credentials { name, password: text.into() })),
        }
    }
}

/// `authzid NUL authcid NUL password`. Acting for another is not offered.
fn plain(text: &str) -> Result<Credentials, Refusal> {
    let mut parts = text.split('\0');
    let (Some(acting), Some(name), Some(password), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::AuthEncoding);
    };
    if !acting.is_empty() && acting != name {
        return Err(Refusal::AuthFailed);
    }
    Ok(Credentials { name: name.to_owned(), password: password.into() })
}

/// Checks passwords, few at a time, and counts failures. One for the whole server.
pub struct Gatekeeper {
    permits: Arc<Semaphore>,
    failures: Mutex<HashMap<Key, Window>>,
    sent: Mutex<HashMap<String, Window>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Client(u128),
    User(String),
}

/// How often something happened since the window began.
struct Window {
    began: Instant,
    count: u32,
}

/// Why nobody was signed in, for the log; the client gets only [`Failure::refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    pub refusal: Refusal,
    pub reason: &'static str,
}

/// Counters kept at most. Past it only those that still count are kept, so that a flood of names
/// or addresses can't grow us without bound.
const MOST_WINDOWS: usize = 50_000;

impl Gatekeeper {
    pub fn new(limits: &Limits) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(limits.auth_parallel.max(1))),
            failures: Mutex::default(),
            sent: Mutex::default(),
        }
    }

    /// Signs in, or says why not. A client with too many failures is turned away unheard. A name
    /// with too many is not: its owner, elsewhere, must still get in; but a wrong password for it
    /// then ends the session.
    pub async fn sign_in(
        &self,
        people: &Arc<People>,
        credentials: Credentials,
        ip: IpAddr,
        limits: &Limits,
    ) -> Result<Login, Failure> {
        let (client, user) = (Key::Client(client_key(ip)), Key::User(credentials.name.clone()));
        let limited = Failure { refusal: Refusal::AuthLimited, reason: "limited" };
        if self.failed(&client, limits.auth_window) >= limits.auth_failures {
            return Err(limited);
        }
        let busy = Failure { refusal: Refusal::AuthBusy, reason: "busy" };
        // Never wait without end for a turn: guessing in masses must not starve those who wait.
        let turn = tokio::time::timeout(Duration::from_secs(15), self.permits.clone().acquire_owned()).await;
        let permit = turn.ok().and_then(Result::ok).ok_or(busy)?;
        let people = people.clone();
        let checked = tokio::task::spawn_blocking(move || {
            let checked = people.sign_in(&credentials.name, credentials.password.expose_secret());
            drop(permit);
            checked
        });
        match checked.await {
            Ok(Ok(login)) => Ok(login),
            Ok(Err(refusal)) => {
                self.note_failure(client, limits.auth_window);
                let by_user = self.note_failure(user, limits.auth_window);
                let known = refusal != people::Refusal::Unknown;
                let over = by_user > limits.auth_failures;
                let refusal_to_client = if over { Refusal::AuthLimited } else { Refusal::AuthFailed };
                tracing::warn!(%ip, known, reason = refusal.reason(), over, "log-in refused");
                Err(Failure { refusal: refusal_to_client, reason: refusal.reason() })
            }
            Err(_) => Err(busy),
        }
    }

    /// Counts a message of a signed-in user; refused when the hour's share is used up.
    pub fn count_message(&self, user: &str, most: u32) -> Result<(), Refusal> {
        let mut sent = lock(&self.sent);
        make_room(&mut sent, HOUR);
        match bump(&mut sent, user.to_owned(), HOUR) > most {
            true => Err(Refusal::UserRate),
            false => Ok(()),
        }
    }

    fn failed(&self, key: &Key, window: Duration) -> u32 {
        lock(&self.failures).get(key).filter(|found| found.began.elapsed() < window).map_or(0, |found| found.count)
    }

    fn note_failure(&self, key: Key, window: Duration) -> u32 {
        let mut failures = lock(&self.failures);
        make_room(&mut failures, window);
        bump(&mut failures, key, window)
    }
}

const HOUR: Duration = Duration::from_secs(3600);

/// A panic while it was held leaves a counter at worst one off.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn bump<K: std::hash::Hash + Eq>(windows: &mut HashMap<K, Window>, key: K, window: Duration) -> u32 {
    let now = Instant::now();
    let found = windows.entry(key).or_insert(Window { began: now, count: 0 });
    if found.began.elapsed() >= window {
        *found = Window { began: now, count: 0 };
    }
    found.count = found.count.saturating_add(1);
    found.count
}

fn make_room<K: std::hash::Hash + Eq>(windows: &mut HashMap<K, Window>, window: Duration) {
    if windows.len() >= MOST_WINDOWS {
        windows.retain(|_, found| found.began.elapsed() < window);
    }
    if windows.len() >= MOST_WINDOWS {
        windows.retain(|_, found| found.count > 1);
    }
    if windows.len() >= MOST_WINDOWS {
        windows.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> String {
        STANDARD.encode(text)
    }

    #[test]
    fn plain_takes_name_and_password_in_one_response() {
        let Ok(Next::Check(credentials)) = begin(Mechanism::Plain, Some(&encoded("\0ann\0pass word"))) else {
            panic!("refused");
        };
        assert_eq!((credentials.name.as_str(), credentials.password.expose_secret()), ("ann", "pass word"));
    }

    #[test]
    fn login_asks_for_name_then_password() {
        let Ok(Next::Challenge(exchange, prompt)) = begin(Mechanism::Login, None) else { panic!("refused") };
        assert_eq!(STANDARD.decode(prompt).unwrap(), b"Username:");
        let Ok(Next::Challenge(exchange, prompt)) = exchange.proceed(encoded("ann").as_bytes()) else {
            panic!("refused");
        };
        assert_eq!(STANDARD.decode(prompt).unwrap(), b"Password:");
        let Ok(Next::Check(credentials)) = exchange.proceed(encoded("secret").as_bytes()) else { panic!("refused") };
        assert_eq!(credentials.name, "ann");
    }

    /// T087.
    #[test]
    fn faulty_responses_are_refused() {
        for (response, expected) in [
            ("*".to_owned(), Refusal::AuthCancelled),
            ("not base64!".to_owned(), Refusal::AuthEncoding),
            (encoded("ann"), Refusal::AuthEncoding),
            (encoded("\0ann\0a\0b"), Refusal::AuthEncoding),
            (encoded("boss\0ann\0secret"), Refusal::AuthFailed),
            (STANDARD.encode(b"\0\xff\0x"), Refusal::AuthFailed),
        ] {
            assert_eq!(Exchange::Plain.proceed(response.as_bytes()).unwrap_err(), expected, "{response}");
        }
    }

    #[test]
    fn credentials_never_show_their_password() {
        let credentials = Credentials { name: "ann".into(), password: "hunter2".into() };
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }

    async fn attempt(gate: &Gatekeeper, name: &str, ip: &str) -> (Refusal, &'static str) {
        let credentials = Credentials { name: name.into(), password: "wrong".into() };
        let people = Arc::new(People::nobody());
        let failure = gate.sign_in(&people, credentials, ip.parse().unwrap(), &Limits::default()).await.unwrap_err();
        (failure.refusal, failure.reason)
    }

    /// T086: by address, by /64, by name.
    #[tokio::test]
    async fn guessing_is_limited_by_client_and_by_name() {
        let gate = Gatekeeper::new(&Limits::default());
        for _ in 0..5 {
            assert_eq!(attempt(&gate, "ann", "2001:db8::1").await.0, Refusal::AuthFailed);
        }
        assert_eq!(attempt(&gate, "bob", "2001:db8::2").await, (Refusal::AuthLimited, "limited"));
        // Another network still gets its password checked; being wrong for a hunted name ends the session.
        assert_eq!(attempt(&gate, "ann", "192.0.2.1").await, (Refusal::AuthLimited, "unknown-user"));
        assert_eq!(attempt(&gate, "bob", "192.0.2.1").await.0, Refusal::AuthFailed);
    }

    #[test]
    fn a_user_has_a_share_of_messages_an_hour() {
        let gate = Gatekeeper::new(&Limits::default());
        assert!((0..3).all(|_| gate.count_message("ann", 3).is_ok()));
        assert_eq!(gate.count_message("ann", 3), Err(Refusal::UserRate));
        assert_eq!(gate.count_message("bob", 3), Ok(()));
    }
}
