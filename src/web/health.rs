//! `/metrics`, `/livez`, `/readyz`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::House;
use crate::people::People;

/// Who may read `/metrics`: counts of held mail and rule matches say much about a hospital.
#[derive(Clone)]
pub enum Access {
    /// The door is on loopback.
    Open,
    /// The door is on a network: only with this token, where one is configured, or one of these people's.
    Token(Option<SecretString>, Arc<People>),
}

pub fn router(house: House, access: Access) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state((house, access))
}

async fn ready(State((house, _)): State<(House, Access)>) -> Response {
    match house.gateway.troubles().as_slice() {
        [] => (StatusCode::OK, "ok\n").into_response(),
        troubles => (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", troubles.join("\n"))).into_response(),
    }
}

async fn metrics(State((house, access)): State<(House, Access)>, headers: HeaderMap) -> Response {
    if !allowed(&access, &headers, house.clock.now()) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], "a token is needed\n")
            .into_response();
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], house.telemetry.render()).into_response()
}

fn allowed(access: &Access, headers: &HeaderMap, now: Timestamp) -> bool {
    let (token, people) = match access {
        Access::Open => return true,
        Access::Token(token, people) => (token, people),
    };
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    given.is_some_and(|given| {
        let is = |token: &SecretString| bool::from(given.as_bytes().ct_eq(token.expose_secret().as_bytes()));
        token.as_ref().is_some_and(is) || people.by_token(given, now).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Person, Role};
    use crate::world::SystemRandom;

    #[test]
    fn metrics_on_a_network_want_the_token_and_only_it() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, header::HeaderValue::from_str(value).unwrap());
            headers
        };
        let folder = tempfile::tempdir().unwrap();
        let users = folder.path().join("users.jsonl");
        let person = Person { name: "prometheus".into(), senders: vec![], role: Role::Submitter, disabled: false };
        let people = People::open(&users).unwrap();
        people.add(person, "correct horse", &SystemRandom).unwrap();
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let minted = people.mint("prometheus", at(1_000), at(0), &SystemRandom).unwrap();
        let bearer = format!("Bearer {}", minted.expose_secret());
        let access = |token: Option<&str>| {
            Access::Token(token.map(|token| token.into()), Arc::new(People::open(&users).unwrap()))
        };
        let token = access(Some("right"));
        assert!(allowed(&token, &with("Bearer right"), at(0)) && allowed(&token, &with(&bearer), at(999)));
        assert!(!allowed(&token, &with(&bearer), at(1_000)), "its time is over");
        for wrong in ["Bearer wrong", "Bearer ", "right", "Basic right", "Bearer correct horse", "Bearer wxseal_"] {
            assert!(!allowed(&token, &with(wrong), at(0)), "{wrong}");
        }
        assert!(!allowed(&token, &HeaderMap::new(), at(0)));
        assert!(!allowed(&access(None), &with("Bearer "), at(0)));
        assert!(allowed(&Access::Open, &HeaderMap::new(), at(0)));
        let kept = std::fs::read_to_string(&users).unwrap();
        assert!(!kept.contains(minted.expose_secret()), "only its hash is kept");
        let open = access(None);
        people.revoke("prometheus").unwrap();
        assert!(!allowed(&open, &with(&bearer), at(0)), "a running gateway sees it at once");
        let again = people.mint("prometheus", at(1_000), at(0), &SystemRandom).unwrap();
        let bearer = format!("Bearer {}", again.expose_secret());
        assert!(allowed(&open, &with(&bearer), at(0)));
        people.disable("prometheus").unwrap();
        assert!(!allowed(&open, &with(&bearer), at(0)));
        assert!(people.mint("prometheus", at(1_000), at(0), &SystemRandom).is_err());
    }
}
