//! The configuration file as written: one type per section, every key with its documentation.
//!
//! The JSON Schema and the reference in `docs/` are made from these comments. Defaults stand here
//! as far as they are words of the file; those of a room stand in its own `Config`.

mod delivery;
mod doors;
mod known;
mod policy;
mod upkeep;

pub use delivery::{ClientPair, Delivery, Floor, IpVersion, Login, OneOrMany, Route};
pub use doors::{
    Auth, ClientCertificate, HeaderProof, LineEndings, Listener, ListenerTls, Mechanism, Microsoft365, Source,
    SourceType, Tenant,
};
pub use known::{AgedDirectory, AgedIndex, DirectorySetting, IndexSetting, LdapAttributes, LdapSetting};
pub use policy::{GapSetting, Gaps, LadderSetting, LadderWord, Ladders, Policy, Profile};
pub use upkeep::{
    Backend, Branding, Dkim, Http, Keys, Limits, LogFormat, Notify, Quarantine, Retention, Store, Telemetry,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{DomainText, MailboxText};
use crate::mail::{Address, Domain};

/// Waxseal's configuration. Relative paths count from the folder of this file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Our name in greetings, trace fields and notices. It should resolve to our address, and our address to it.
    #[schemars(with = "DomainText")]
    pub hostname: Domain,
    /// Everything that must survive: queue, audit, keys. Made with mode 0700 if absent.
    #[serde(default = "data_dir")]
    pub data_dir: String,
    /// Rule files and folders of them; later ones stand after earlier ones and may change them by id.
    /// A folder `exceptions` in one of them holds exception records.
    pub rules: Vec<String>,
    /// The packs of rules that are active. Without this key: `hipaa`, `payment-cards`, `personal` and the
    /// site's own; `special` and `hipaa-strict` only where they are named.
    #[serde(default)]
    pub packs: Option<Vec<String>>,
    /// Exact-data-match indexes of patients that are active, by the name given to `waxseal edm build`.
    #[serde(default)]
    pub edm: Vec<IndexSetting>,
    /// The organisation's own people: their names, addresses and numbers tell of no patient.
    #[serde(default)]
    pub directory: Option<DirectorySetting>,
    /// The site's blank forms and templates, as files or folders of them, in any format that is read: what a
    /// form prints tells of nobody.
    #[serde(default)]
    pub forms: Vec<String>,
    /// The organisation's own domains, beside those that sources name in `from_domains`: their
    /// addresses are staff, not patients.
    #[serde(default)]
    #[schemars(with = "Vec<DomainText>")]
    pub domains: Vec<Domain>,
    /// Who reads mail to `postmaster` and stands as sender in the header of our notices.
    /// Default: postmaster at `hostname`.
    #[serde(default)]
    #[schemars(with = "Option<MailboxText>")]
    pub postmaster: Option<Address>,
    /// People and SMTP submitters, as `waxseal user` writes them. Default: `users.jsonl` in `data_dir`.
    #[serde(default)]
    pub users: Option<String>,
    /// Where SMTP clients reach us.
    #[serde(default)]
    pub listeners: Vec<Listener>,
    /// Who may relay; nobody else can. The first source in file order whose proofs all hold is taken.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// Where mail goes; the first match wins. With no match: straight to the MX of the recipient's domain.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// How strongly mail is protected.
    #[serde(default)]
    pub policy: Policy,
    /// Other settings for some sources or author domains; the first match wins.
    #[serde(default)]
    pub profiles: Vec<Profile>,
    /// DKIM signing.
    #[serde(default)]
    pub dkim: Dkim,
    /// How mail is sent on.
    #[serde(default)]
    pub delivery: Delivery,
    /// What clients and messages may use up.
    #[serde(default)]
    pub limits: Limits,
    /// Where the master key is.
    #[serde(default)]
    pub keys: Keys,
    /// Mail held for a person.
    #[serde(default)]
    pub quarantine: Quarantine,
    /// What authors are told.
    #[serde(default)]
    pub notify: Notify,
    /// How notices present us.
    #[serde(default)]
    pub branding: Branding,
    /// Where state and content are kept.
    #[serde(default)]
    pub store: Store,
    /// How long things are kept.
    #[serde(default)]
    pub retention: Retention,
    /// Doors for people and monitors: API, pages, `/metrics`, `/livez`, `/readyz`.
    #[serde(default)]
    pub http: Http,
    /// Logs.
    #[serde(default)]
    pub telemetry: Telemetry,
}

/// Where systemd's `StateDirectory=waxseal` lies.
pub fn data_dir() -> String {
    "/var/lib/waxseal".to_owned()
}
