//! Staff as an LDAP server tells of them.

use std::time::Duration;

use super::Cells;
use crate::detect::known::Field;
use crate::world::ldap::{self, Entry, Question};

/// A server, and how its entries are understood.
#[derive(Clone, Debug)]
pub struct Server {
    pub question: Question,
    pub attributes: Attributes,
    /// How often it is asked.
    pub refresh: Duration,
}

/// Which attributes hold what, by their names in any case.
pub type Attributes = Vec<(Field, String)>;

/// What most servers call things: inetOrgPerson (RFC 2798) and Active Directory.
const USUAL: &[(Field, &[&str])] = &[
    (Field::Given, &["givenName"]),
    (Field::Family, &["sn"]),
    (Field::Name, &["displayName", "cn"]),
    (Field::Email, &["mail", "proxyAddresses", "userPrincipalName"]),
    (Field::Phone, &["telephoneNumber", "mobile", "facsimileTelephoneNumber", "pager"]),
];

/// The attributes of a kind that are asked for where the site names none.
pub fn usual(field: Field) -> impl Iterator<Item = &'static str> {
    let found = USUAL.iter().find(|(known, _)| *known == field);
    found.into_iter().flat_map(|(_, names)| names.iter().copied())
}

impl Server {
    /// Everybody it has, as far as something tells who they are.
    pub async fn ask(&self) -> Result<Vec<Cells>, Error> {
        let entries = ldap::ask(&self.question).await?;
        let people: Vec<Cells> =
            entries.iter().map(|entry| self.cells(entry)).filter(|cells| !cells.is_empty()).collect();
        if people.is_empty() { Err(Error::Nobody { entries: entries.len() }) } else { Ok(people) }
    }

    fn cells(&self, entry: &Entry) -> Cells {
        let mut cells = Cells::new();
        for (name, values) in entry {
            let fields = self.attributes.iter().filter(|(_, attribute)| attribute.eq_ignore_ascii_case(name));
            for (field, _) in fields {
                cells.extend(values.iter().filter_map(|value| Some((*field, cell(*field, value)?))));
            }
        }
        cells
    }

    /// What tells this question from another: an answer to another one is not this site's staff.
    pub fn fingerprint(&self) -> String {
        let Question { url, base, filter, .. } = &self.question;
        format!("{url} {base} {filter} {:?}", self.attributes)
    }
}

/// A value as a directory takes it. Exchange writes an address as `smtp:ada@corp.example`, and other
/// things that are none (`X500:`, `SIP:`) beside it.
fn cell(field: Field, value: &str) -> Option<String> {
    let value = value.trim();
    let address = match (field, value.split_once(':')) {
        (Field::Email, Some((kind, address))) if kind.eq_ignore_ascii_case("smtp") => address,
        (Field::Email, Some(_)) => return None,
        _ => value,
    };
    (!address.is_empty()).then(|| address.to_owned())
}

/// Why there are no staff.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Ldap(#[from] ldap::Error),
    #[error("none of {entries} entries has a name, an address or a number in the attributes that are asked for")]
    Nobody { entries: usize },
}

impl Error {
    /// What to do about it.
    pub fn mend(&self) -> &'static str {
        match self {
            Error::Nobody { entries: 0 } => "the filter finds nobody below the base: try both with ldapsearch",
            Error::Nobody { .. } => "`directory.ldap.attributes` names those of your server",
            Error::Ldap(ldap::Error::Bind) => {
                "look at `directory.ldap.bind` (a full DN, or user@domain for Active Directory) and its password"
            }
            Error::Ldap(ldap::Error::Base(_)) => "mend `directory.ldap.base`",
            Error::Ldap(ldap::Error::Filter) => "mend `directory.ldap.filter`, for instance (objectClass=person)",
            Error::Ldap(ldap::Error::TooMany) => "narrow `directory.ldap.base` or `filter` to the staff",
            Error::Ldap(ldap::Error::Tls(_)) => {
                "`directory.ldap.tls_roots` names your own certificate authority; the URL's host must stand in the certificate"
            }
            Error::Ldap(ldap::Error::Timeout(_)) => {
                "is the port open from here? `directory.ldap.timeout` gives more time"
            }
            Error::Ldap(ldap::Error::Other(_)) => "is the server up, and its port open from here?",
        }
    }
}
