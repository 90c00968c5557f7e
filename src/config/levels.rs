//! `policy:` and `profiles:` → the settings of `policy`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::fault::Complaints;
use super::raw::{self, GapSetting, LadderSetting, Settings};
use crate::message::GapReason;
use crate::policy::{Class, Config, Level, Method, Profile};

/// Days that a site may observe before it enforces.
const OBSERVE_DAYS: i64 = 30;

/// The levels as configured, defaults filled in, with the profiles laid over them.
pub fn policy(settings: &Settings, today: Timestamp, complaints: &mut Complaints<'_>) -> Config {
    let mut config = over(&Config::default(), &settings.policy, "policy", today, complaints);
    super::doors::unique(complaints, "profiles", settings.profiles.iter().map(|profile| profile.name.as_str()));
    let profiles: Vec<Profile> = settings
        .profiles
        .iter()
        .enumerate()
        .map(|(at, raw)| {
            let key = format!("profiles[{at}]");
            if raw.sources.is_empty() && raw.domains.is_empty() {
                complaints.fault(&key, "the profile is for nobody", "name its `sources` or `domains`");
            }
            for (place, source) in raw.sources.iter().enumerate() {
                let known = settings.sources.iter().map(|source| source.name.as_str());
                if !known.clone().any(|name| name == source) {
                    let mend = super::fault::did_you_mean(source, known).unwrap_or_default();
                    complaints.fault(
                        &format!("{key}.sources[{place}]"),
                        format!("there is no source {source:?}"),
                        mend,
                    );
                }
            }
            Profile {
                name: raw.name.clone(),
                sources: raw.sources.clone(),
                domains: raw.domains.clone(),
                config: over(&config, &raw.policy, &format!("{key}.policy"), today, complaints),
            }
        })
        .collect();
    config.profiles = profiles;
    config
}

/// The settings of `base` with what is written here in their place.
fn over(base: &Config, raw: &raw::Policy, key: &str, today: Timestamp, complaints: &mut Complaints<'_>) -> Config {
    let clean = raw.clean.unwrap_or(base.clean);
    let phi = raw.phi.unwrap_or(base.phi);
    // Gaps follow `clean` and `phi` where nobody gave them a level of their own.
    let follows = base.gap == Config::default_gaps(base.clean, base.phi);
    let inherited = if follows { Config::default_gaps(clean, phi) } else { base.gap.clone() };
    let config = Config {
        clean,
        light: raw.light.unwrap_or(base.light),
        phi,
        special: raw.special.unwrap_or(base.special),
        asked: raw.asked.unwrap_or(base.asked),
        gap: gaps(raw.gap.as_ref(), inherited),
        ladder: ladder(raw.ladder.as_ref(), &base.ladder, key, complaints),
        tags: raw.tags.clone().unwrap_or_else(|| base.tags.clone()),
        observe_until: raw.observe_until.map_or(base.observe_until, |day| observe_until(day, key, today, complaints)),
        all_or_nothing: raw.all_or_nothing.unwrap_or(base.all_or_nothing),
        ..base.clone()
    };
    warn_of_weakness(&config, raw, key, complaints);
    config
}

fn gaps(raw: Option<&GapSetting>, mut inherited: BTreeMap<GapReason, Level>) -> BTreeMap<GapReason, Level> {
    match raw {
        None => inherited,
        Some(GapSetting::All(level)) => GapReason::ALL.into_iter().map(|reason| (reason, *level)).collect(),
        Some(GapSetting::Each(each)) => {
            for reason in GapReason::ALL {
                if let Some(level) = each.level(reason) {
                    inherited.insert(reason, level);
                }
            }
            inherited
        }
    }
}

impl raw::Gaps {
    fn level(&self, reason: GapReason) -> Option<Level> {
        match reason {
            GapReason::Encrypted => self.encrypted,
            GapReason::Corrupt => self.corrupt,
            GapReason::UnknownType => self.unknown_type,
            GapReason::Limit => self.limit,
            GapReason::Timeout => self.timeout,
            GapReason::Ambiguous => self.ambiguous,
            GapReason::NotMail => self.not_mail,
            GapReason::Sealed => self.sealed,
            GapReason::Picture => self.picture,
            GapReason::Media => self.media,
        }
    }
}

fn ladder(
    raw: Option<&LadderSetting>,
    inherited: &BTreeMap<Class, Vec<Method>>,
    key: &str,
    complaints: &mut Complaints<'_>,
) -> BTreeMap<Class, Vec<Method>> {
    let each = match raw {
        None => return inherited.clone(),
        Some(LadderSetting::Auto(_)) => return BTreeMap::new(),
        Some(LadderSetting::Each(each)) => each,
    };
    let classes = [
        (Class::Clean, "clean", &each.clean),
        (Class::Asked, "asked", &each.asked),
        (Class::Light, "light", &each.light),
        (Class::Gap, "gap", &each.gap),
        (Class::Phi, "phi", &each.phi),
        (Class::Special, "special", &each.special),
    ];
    let mut ladders = inherited.clone();
    for (class, name, rungs) in classes {
        let Some(rungs) = rungs else { continue };
        for (at, rung) in rungs.iter().enumerate().filter(|(_, rung)| !Method::BUILT.contains(rung)) {
            let message = format!("{rung} is not built yet");
            complaints.fault(&format!("{key}.ladder.{name}[{at}]"), message, "leave it out, or use `ladder: auto`");
        }
        ladders.insert(class, rungs.clone());
    }
    ladders
}

/// The end of that day, if it is near enough.
fn observe_until(
    day: jiff::civil::Date,
    key: &str,
    today: Timestamp,
    complaints: &mut Complaints<'_>,
) -> Option<Timestamp> {
    let end = day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let latest = today + jiff::SignedDuration::from_hours(24 * (OBSERVE_DAYS + 1));
    let key = format!("{key}.observe_until");
    if end > latest {
        let message = format!("{day} is more than {OBSERVE_DAYS} days ahead");
        complaints.fault(&key, message, "observing is for a start, not for good");
        return None;
    }
    if today < end {
        complaints.warn(&key, format!("until {day} nothing is protected or held: mail is only observed"), "");
    }
    Some(end)
}

/// PHI or gaps below a verified hop: possible, but an exception made by configuration.
fn warn_of_weakness(config: &Config, raw: &raw::Policy, key: &str, complaints: &mut Complaints<'_>) {
    let mut warn = |name: &str, level: Level| {
        let message = format!("{level} is weaker than tls-verified: an exception made by configuration");
        complaints.weak(&format!("{key}.{name}"), message);
    };
    let kinds = [("light", raw.light), ("phi", raw.phi), ("special", raw.special)];
    for (name, level) in kinds {
        if let Some(level) = level.filter(|level| *level < Level::TlsVerified) {
            warn(name, level);
        }
    }
    if raw.gap.is_some() {
        let shown = [GapReason::Sealed, GapReason::Picture, GapReason::Media];
        let weakest = config.gap.iter().filter(|(reason, _)| !shown.contains(reason)).map(|(_, level)| *level).min();
        if let Some(level) = weakest.filter(|level| *level < Level::TlsVerified) {
            warn("gap", level);
        }
    }
}
