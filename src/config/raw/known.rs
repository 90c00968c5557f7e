//! What the site knows of its people: `edm:` and `directory:`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::{SecretRef, Span};

/// An index by its name, or with the age from which it counts as out of date.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum IndexSetting {
    Name(String),
    Aged(AgedIndex),
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgedIndex {
    /// As given to `waxseal edm build`.
    pub name: String,
    /// An older index is out of date: `check` and the log say so, and names that it lacks weigh as much as
    /// without it. Default: `7d`.
    #[serde(default)]
    pub max_age: Option<Span>,
}

/// The directory's file, or more about it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum DirectorySetting {
    File(String),
    Aged(Box<AgedDirectory>),
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgedDirectory {
    /// CSV with a header row: first name, last name or name; e-mail; phone; manager; NPI. Other columns are left
    /// out. Either this or `ldap`.
    #[serde(default)]
    pub file: Option<String>,
    /// Ask an LDAP server instead.
    #[serde(default)]
    pub ldap: Option<LdapSetting>,
    /// An older directory is out of date: `check`, the log and an alert say so. Default: `30d` for a file, `3d`
    /// for a server's.
    #[serde(default)]
    pub max_age: Option<Span>,
}

/// Where the staff stand in LDAP. The last answer is kept in `data_dir`, for a start without the server.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapSetting {
    /// `ldaps://HOST[:PORT]`, or `ldap://HOST[:PORT]` with STARTTLS. The host must stand in the server's certificate.
    pub url: String,
    /// `false` only for a server on this machine: names and password would cross the network in clear.
    #[serde(default = "yes")]
    pub starttls: bool,
    /// Whom to sign in as: a DN, or `user@domain` for Active Directory. Anonymous if absent.
    #[serde(default)]
    pub bind: Option<String>,
    /// `file:PATH` or `credential:NAME`.
    #[serde(default)]
    #[schemars(with = "Option<SecretRef>")]
    pub password: Option<SecretRef>,
    /// Where the staff stand: `ou=staff,dc=clinic,dc=example`. Everything below is looked at.
    pub base: String,
    /// Who counts (RFC 4515).
    #[serde(default = "persons")]
    pub filter: String,
    /// Which attributes hold what, where they are not the usual ones of RFC 2798 or Active Directory.
    #[serde(default)]
    pub attributes: LdapAttributes,
    /// How often the server is asked.
    #[serde(default = "hourly")]
    pub refresh: Span,
    /// How long the server may take for its whole answer.
    #[serde(default = "half_a_minute")]
    pub timeout: Span,
    /// PEM files with roots, trusted beside the system's: your own certificate authority.
    #[serde(default)]
    pub tls_roots: Vec<String>,
}

/// Names of attributes, in any case. What is not named is looked for in the usual ones.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapAttributes {
    /// Default: `givenName`.
    #[serde(default)]
    pub given: Option<Vec<String>>,
    /// Default: `sn`.
    #[serde(default)]
    pub family: Option<Vec<String>>,
    /// Both names in one value. Default: `displayName` and `cn`.
    #[serde(default)]
    pub name: Option<Vec<String>>,
    /// Default: `mail`, `proxyAddresses` and `userPrincipalName`.
    #[serde(default)]
    pub email: Option<Vec<String>>,
    /// Default: `telephoneNumber`, `mobile`, `facsimileTelephoneNumber` and `pager`.
    #[serde(default)]
    pub phone: Option<Vec<String>>,
    /// National Provider Identifiers. Default: none.
    #[serde(default)]
    pub npi: Option<Vec<String>>,
}

fn yes() -> bool {
    true
}

fn persons() -> String {
    "(objectClass=person)".to_owned()
}

fn hourly() -> Span {
    Span(Duration::from_secs(3_600))
}

fn half_a_minute() -> Span {
    Span(Duration::from_secs(30))
}
