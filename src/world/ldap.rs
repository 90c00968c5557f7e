//! An LDAP server as the real world has it: one question, answered page by page, under one deadline.

use std::sync::Arc;
use std::time::Duration;

use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};

/// Entries in one page: Active Directory gives no more than a thousand.
const PAGE: i32 = 500;
/// More entries than this are no staff.
const MOST_ENTRIES: usize = 500_000;

/// Where to ask, and for whom.
#[derive(Clone, Debug)]
pub struct Question {
    /// `ldaps://HOST[:PORT]` or `ldap://HOST[:PORT]`.
    pub url: String,
    /// Before anything else is said on an `ldap:` connection.
    pub starttls: bool,
    /// The name to bind as and its password; anonymous without.
    pub bind: Option<(String, SecretString)>,
    pub base: String,
    pub filter: String,
    pub attributes: Vec<String>,
    /// Trusted beside the system's roots.
    pub roots: Vec<CertificateDer<'static>>,
    /// For everything, from the connection to the last page.
    pub timeout: Duration,
}

/// An entry's attributes as text; what is no text is left out.
pub type Entry = Vec<(String, Vec<String>)>;

/// Why there is no answer. No message repeats a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no whole answer within {} s", .0.as_secs())]
    Timeout(Duration),
    #[error("the server refuses the name or the password")]
    Bind,
    #[error("the server has no {0}")]
    Base(String),
    #[error("the filter is no LDAP filter (RFC 4515)")]
    Filter,
    #[error("there are more than {MOST_ENTRIES} entries")]
    TooMany,
    #[error("the server's certificate does not verify, or its TLS: {0}")]
    Tls(String),
    #[error("it can't be asked: {0}")]
    Other(String),
}

/// Whether a text is a filter.
pub fn is_filter(text: &str) -> bool {
    ldap3::parse_filter(text).is_ok()
}

/// Every entry that the filter finds below the base.
pub async fn ask(question: &Question) -> Result<Vec<Entry>, Error> {
    let deadline = question.timeout;
    tokio::time::timeout(deadline, answer(question)).await.unwrap_or(Err(Error::Timeout(deadline)))
}

async fn answer(question: &Question) -> Result<Vec<Entry>, Error> {
    let settings = LdapConnSettings::new()
        .set_config(Arc::new(tls(&question.roots)?))
        .set_starttls(question.starttls && question.url.starts_with("ldap:"));
    let (connection, mut ldap) = LdapConnAsync::with_settings(settings, &question.url).await?;
    // It ends with its last handle, at the latest when the deadline drops us.
    tokio::spawn(async move { _ = connection.drive().await });
    if let Some((name, password)) = &question.bind {
        ldap.simple_bind(name, password.expose_secret()).await?.success()?;
    }
    let adapters: Vec<Box<dyn Adapter<_, _>>> = vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(PAGE))];
    let attributes = question.attributes.clone();
    let mut found = Vec::new();
    let mut stream =
        ldap.streaming_search_with(adapters, &question.base, Scope::Subtree, &question.filter, attributes).await?;
    while let Some(entry) = stream.next().await? {
        if found.len() >= MOST_ENTRIES {
            return Err(Error::TooMany);
        }
        found.push(SearchEntry::construct(entry).attrs.into_iter().collect());
    }
    let result = stream.finish().await;
    match result.rc {
        32 => return Err(Error::Base(question.base.clone())),
        _ => _ = result.success()?,
    }
    _ = ldap.unbind().await;
    Ok(found)
}

fn tls(roots: &[CertificateDer<'static>]) -> Result<ClientConfig, Error> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(super::system_roots());
    store.add_parsable_certificates(roots.iter().cloned());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(|error| Error::Tls(error.to_string()))?.with_root_certificates(store).with_no_client_auth())
}

impl From<LdapError> for Error {
    fn from(error: LdapError) -> Self {
        match error {
            LdapError::FilterParsing => Error::Filter,
            // invalidCredentials, invalidDNSyntax, inappropriateAuthentication, strongerAuthRequired, unwillingToPerform
            LdapError::LdapResult { result } if matches!(result.rc, 34 | 48 | 49) => Error::Bind,
            LdapError::LdapResult { result } => Error::Other(format!("the server answers {}", name_of(result.rc))),
            LdapError::Rustls { source } => Error::Tls(source.to_string()),
            // The TLS library speaks through the socket's errors.
            LdapError::Io { source } if source.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
                Error::Tls(source.to_string())
            }
            other => Error::Other(other.to_string()),
        }
    }
}

/// The words of RFC 4511 §4.1.9 for what servers say most.
fn name_of(code: u32) -> String {
    let name = match code {
        1 => "operationsError (a bind is needed, perhaps)",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        8 => "strongerAuthRequired (TLS is needed, perhaps)",
        10 => "referral",
        11 => "adminLimitExceeded",
        13 => "confidentialityRequired (TLS is needed)",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        _ => return code.to_string(),
    };
    format!("{code} {name}")
}
