//! `policy:` and `profiles:`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::units::{DayText, DomainText};
use super::{Branding, Dkim, Notify};
use crate::mail::Domain;
use crate::policy::{Level, Method};

/// How strongly mail is protected. A finding asks for a level; the highest one is required.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// What all mail gets. Default: `tls`.
    pub clean: Option<Level>,
    /// Health information of little weight, such as an appointment. Default: `tls-verified`.
    pub light: Option<Level>,
    /// Protected health information. Default: `tls-verified`.
    pub phi: Option<Level>,
    /// What law guards beyond HIPAA: substance use, mental health, HIV, genetics. Default: `tls-authenticated`.
    pub special: Option<Level>,
    /// What a sender asks for by a tag or header field. Default: `tls-verified`.
    pub asked: Option<Level>,
    /// What could not be read: one level for all reasons, or a level by reason.
    pub gap: Option<GapSetting>,
    /// The methods to try in order, by class of content. Default: `auto`, which is `[transport, wait]`
    /// until more methods are built.
    pub ladder: Option<LadderSetting>,
    /// Subject tags by which a sender asks for protection; taken out on the way. Default: `[secure]` and `[encrypt]`.
    pub tags: Option<Vec<String>>,
    /// Until this day (at most 30 ahead) everything is decided and shown, but sent with the best TLS offered.
    #[schemars(with = "Option<DayText>")]
    pub observe_until: Option<jiff::civil::Date>,
    /// If one recipient is held, all are. Rules may ask for it alone. Default: false.
    pub all_or_nothing: Option<bool>,
}

/// One level for all gaps, or a level by reason.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum GapSetting {
    All(Level),
    Each(Gaps),
}

/// What a gap asks for, by its reason. Reasons that aren't named keep their default.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Gaps {
    /// Locked, and not known to be locked well. Default: as `phi`.
    pub encrypted: Option<Level>,
    /// Damaged. Default: as `phi`.
    pub corrupt: Option<Level>,
    /// A type that we have no reader for. Default: as `phi`.
    pub unknown_type: Option<Level>,
    /// Too deep, too large or too many. Default: as `phi`.
    pub limit: Option<Level>,
    /// Not read within `limits.scan_timeout`. Default: as `phi`.
    pub timeout: Option<Level>,
    /// Mail readers would disagree about what it says. Default: as `phi`.
    pub ambiguous: Option<Level>,
    /// No Internet message. Default: as `phi`.
    pub not_mail: Option<Level>,
    /// Locked with AES-256, and the password is not in the same message. Default: as `clean`.
    pub sealed: Option<Level>,
    /// A picture large enough to show text. Default: as `clean`.
    pub picture: Option<Level>,
    /// Sound and video. Default: as `clean`.
    pub media: Option<Level>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum LadderSetting {
    Auto(LadderWord),
    Each(Ladders),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum LadderWord {
    Auto,
}

/// The methods to try in order, by what the message needs its level for. Classes that aren't named keep `auto`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ladders {
    /// For mail in which nothing was found.
    pub clean: Option<Vec<Method>>,
    /// For mail whose sender asked for more.
    pub asked: Option<Vec<Method>>,
    /// For what rules of sensitivity `light` found.
    pub light: Option<Vec<Method>>,
    /// For what could not be read.
    pub gap: Option<Vec<Method>>,
    /// For what rules of sensitivity `standard` found.
    pub phi: Option<Vec<Method>>,
    /// For what rules of sensitivity `special` found.
    pub special: Option<Vec<Method>>,
}

/// Other settings for some sources or author domains.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Stands in every decision that it took part in.
    pub name: String,
    /// It holds for mail of these sources,
    #[serde(default)]
    pub sources: Vec<String>,
    /// and for mail whose every author is of one of these domains.
    #[serde(default)]
    #[schemars(with = "Vec<DomainText>")]
    pub domains: Vec<Domain>,
    /// Keys given here replace those of `policy:`.
    #[serde(default)]
    pub policy: Policy,
    /// Replaces `dkim:`.
    #[serde(default)]
    pub dkim: Option<Dkim>,
    /// Replaces `notify:`.
    #[serde(default)]
    pub notify: Option<Notify>,
    /// Replaces `branding:`.
    #[serde(default)]
    pub branding: Option<Branding>,
}

impl Profile {
    /// Whether its mail is signed; `all` is `dkim:`.
    pub fn signs(&self, all: &Dkim) -> bool {
        self.dkim.as_ref().unwrap_or(all).sign
    }
}
