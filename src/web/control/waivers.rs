//! Recipients' consents to unencrypted mail: entered, taken back, listed. Each change is an event of its own,
//! written in the step that makes it.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query as Parameters, State};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::{House, KeptView, Problem, WaiverView};
use super::{Actor, event};
use crate::audit::{Event, EventKind};
use crate::mail::Address;
use crate::policy::{Party, Revocation, Waiver, WaiverState};

/// How many waivers one answer holds; clients page with `after`.
const PAGE: usize = 1_000;
/// An import of a hundred thousand lines.
pub const BODY_LIMIT: usize = 64 << 20;
/// Longer words are no reference to a document.
const WORDS: usize = 500;
/// It is tomorrow somewhere already when a consent is written down.
const ZONES: SignedDuration = SignedDuration::from_hours(24);

/// A consent to be entered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    address: Address,
    author: Option<Party>,
    /// Now, if not said.
    given: Option<Timestamp>,
    expires: Option<Timestamp>,
    /// Whoever enters it, if not said.
    obtained_by: Option<String>,
    reference: String,
}

/// Why a consent ends.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    reason: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    after: Option<String>,
    address: Option<Address>,
}

/// One page, in the order in which they were entered; all those of one mailbox.
pub async fn list(
    State(house): State<House>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<Vec<WaiverView>>, Problem> {
    let found = match &filter.address {
        Some(address) => house.store.waivers_of(&[address]).await?,
        None => house.store.waivers(filter.after.as_deref(), PAGE).await?,
    };
    Ok(Json(views(&house, found)))
}

/// The same, to be taken elsewhere: who took the list is in the account before its first line is out.
pub async fn export(
    State(house): State<House>,
    actor: Actor,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<Vec<WaiverView>>, Problem> {
    if filter.after.is_none() {
        let exported = event(&house, &actor, EventKind::Exported, None, json!({ "what": "waivers" }));
        house.store.append(vec![exported]).await?;
    }
    list(State(house), Parameters(filter)).await
}

/// Enters all of them or none. What stands there already in the same words is not entered again.
pub async fn add(
    State(house): State<House>,
    actor: Actor,
    Json(consents): Json<Vec<Consent>>,
) -> Result<Json<KeptView>, Problem> {
    let now = house.clock.now();
    let addresses: Vec<&Address> = consents.iter().map(|consent| &consent.address).collect();
    let mut known: HashMap<Address, Vec<Waiver>> = HashMap::new();
    for waiver in house.store.waivers_of(&addresses).await? {
        known.entry(waiver.address.clone()).or_default().push(waiver);
    }
    let mut added: Vec<Waiver> = Vec::new();
    let mut unchanged = 0;
    for (place, consent) in (1..).zip(&consents) {
        consent.check(now).map_err(|why| Problem::bad_request(format!("consent {place}: {why}")))?;
        let of_mailbox = known.entry(consent.address.clone()).or_default();
        if of_mailbox.iter().any(|waiver| waiver.state(now) == WaiverState::Active && consent.is_said_by(waiver)) {
            unchanged += 1;
            continue;
        }
        let waiver = consent.entered(new_id(&house), actor.name(), now);
        of_mailbox.push(waiver.clone());
        added.push(waiver);
    }
    let events = added.iter().map(|waiver| changed(&house, &actor, waiver, "added")).collect();
    house.store.keep_waivers(added.clone(), events).await?;
    Ok(Json(KeptView { added: views(&house, added), unchanged }))
}

/// Ends one consent by its id, or all of a mailbox. Mail that is judged from now on no longer has it.
pub async fn revoke(
    State(house): State<House>,
    actor: Actor,
    Path(which): Path<String>,
    Json(Ending { reason }): Json<Ending>,
) -> Result<Json<Vec<WaiverView>>, Problem> {
    check_words("reason", &reason).map_err(Problem::bad_request)?;
    let now = house.clock.now();
    let meant = match which.parse::<Address>() {
        Ok(address) => house.store.waivers_of(&[&address]).await?,
        Err(_) => house.store.waiver(&which).await?.into_iter().collect(),
    };
    if meant.is_empty() {
        return Err(Problem::not_found(format!("there is no waiver {which}")));
    }
    let revocation = Revocation { at: now, by: actor.name().to_owned(), reason };
    let ends = |waiver: &Waiver| matches!(waiver.state(now), WaiverState::Active | WaiverState::Future);
    let ended: Vec<Waiver> =
        meant.into_iter().filter(ends).map(|waiver| Waiver { revoked: Some(revocation.clone()), ..waiver }).collect();
    if ended.is_empty() {
        return Err(Problem::conflict(format!("no waiver of {which} holds any more")));
    }
    let events = ended.iter().map(|waiver| changed(&house, &actor, waiver, "revoked")).collect();
    house.store.keep_waivers(ended.clone(), events).await?;
    Ok(Json(views(&house, ended)))
}

impl Consent {
    fn check(&self, now: Timestamp) -> Result<(), String> {
        check_words("reference", &self.reference)?;
        if let Some(name) = &self.obtained_by {
            check_words("obtained_by", name)?;
        }
        let given = self.given.unwrap_or(now);
        if given > now + ZONES {
            return Err("it is given in the future".to_owned());
        }
        match self.expires {
            Some(expires) if expires <= now => Err("it has expired already".to_owned()),
            Some(expires) if expires <= given => Err("it expires before it is given".to_owned()),
            _ => Ok(()),
        }
    }

    /// Whether that waiver is this consent.
    fn is_said_by(&self, waiver: &Waiver) -> bool {
        waiver.author == self.author
            && waiver.expires == self.expires
            && waiver.reference == self.reference
            && self.given.is_none_or(|given| given == waiver.given)
            && self.obtained_by.as_ref().is_none_or(|name| *name == waiver.obtained_by)
    }

    fn entered(&self, id: String, by: &str, now: Timestamp) -> Waiver {
        Waiver {
            id,
            address: self.address.clone(),
            author: self.author.clone(),
            given: self.given.unwrap_or(now),
            expires: self.expires,
            obtained_by: self.obtained_by.clone().unwrap_or_else(|| by.to_owned()),
            reference: self.reference.clone(),
            recorded_by: by.to_owned(),
            recorded: now,
            revoked: None,
        }
    }
}

/// Words that somebody will read in two years, on one line.
fn check_words(name: &str, words: &str) -> Result<(), String> {
    if words.trim().is_empty() {
        return Err(format!("{name}: without it, it is no record"));
    }
    if words.len() > WORDS || words.chars().any(char::is_control) {
        return Err(format!("{name}: one line of at most {WORDS} bytes is wanted"));
    }
    Ok(())
}

fn new_id(house: &House) -> String {
    let mut random = [0; 8];
    house.random.fill(&mut random);
    format!("w{:016x}", u64::from_be_bytes(random))
}

fn changed(house: &House, actor: &Actor, waiver: &Waiver, change: &str) -> Event {
    let mut detail = json!({ "change": change, "waiver": waiver.id, "address": waiver.address });
    match &waiver.revoked {
        Some(revoked) => detail["reason"] = json!(revoked.reason),
        None => {
            for (name, value) in [
                ("author", json!(waiver.author)),
                ("given", json!(waiver.given)),
                ("expires", json!(waiver.expires)),
                ("obtained_by", json!(waiver.obtained_by)),
                ("reference", json!(waiver.reference)),
            ] {
                detail[name] = value;
            }
        }
    }
    event(house, actor, EventKind::WaiverChanged, None, detail)
}

fn views(house: &House, waivers: Vec<Waiver>) -> Vec<WaiverView> {
    let now = house.clock.now();
    waivers.into_iter().map(|waiver| WaiverView { state: waiver.state(now), waiver }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn consent() -> Consent {
        Consent {
            address: "jane@home.example".parse().unwrap(),
            author: None,
            given: Some(at(0)),
            expires: None,
            obtained_by: None,
            reference: "form 7".to_owned(),
        }
    }

    #[test]
    fn what_makes_a_consent_worthless_is_refused() {
        let day = 24 * 3600;
        for (consent, said) in [
            (Consent { reference: " ".into(), ..consent() }, "reference: without it"),
            (Consent { reference: "a\nb".into(), ..consent() }, "reference: one line"),
            (Consent { reference: "x".repeat(501), ..consent() }, "reference: one line"),
            (Consent { obtained_by: Some(String::new()), ..consent() }, "obtained_by: without it"),
            (Consent { given: Some(at(2 * day + 1)), ..consent() }, "given in the future"),
            (Consent { expires: Some(at(day)), ..consent() }, "expired already"),
            (Consent { given: Some(at(day + 9)), expires: Some(at(day + 5)), ..consent() }, "before it is given"),
        ] {
            let refused = consent.check(at(day)).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
        assert_eq!(consent().check(at(day)), Ok(()));
    }

    #[test]
    fn a_consent_entered_twice_is_one_and_other_words_are_another() {
        let waiver = consent().entered("w1".into(), "local:ann", at(9));
        assert!(consent().is_said_by(&waiver));
        assert!(Consent { given: None, ..consent() }.is_said_by(&waiver));
        for other in [
            Consent { reference: "form 8".into(), ..consent() },
            Consent { expires: Some(at(99)), ..consent() },
            Consent { author: Some("@clinic.example".parse().unwrap()), ..consent() },
            Consent { given: Some(at(1)), ..consent() },
            Consent { obtained_by: Some("front desk".into()), ..consent() },
        ] {
            assert!(!other.is_said_by(&waiver), "{other:?}");
        }
    }
}
