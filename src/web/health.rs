//! `/metrics`, `/livez`, `/readyz`.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::House;

/// Who may read `/metrics`: counts of held mail and rule matches say much about a hospital.
#[derive(Clone)]
pub enum Access {
    /// The door is on loopback.
    Open,
    /// The door is on a network: only with this token, and never where none is configured.
    Token(Option<SecretString>),
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
    if !allowed(&access, &headers) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], "a token is needed\n")
            .into_response();
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], house.telemetry.render()).into_response()
}

fn allowed(access: &Access, headers: &HeaderMap) -> bool {
    let token = match access {
        Access::Open => return true,
        Access::Token(None) => return false,
        Access::Token(Some(token)) => token.expose_secret().as_bytes(),
    };
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    given.is_some_and(|given| bool::from(given.ct_eq(token)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_on_a_network_want_the_token_and_only_it() {
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, header::HeaderValue::from_static(value));
            headers
        };
        let token = Access::Token(Some("right".into()));
        assert!(allowed(&token, &with("Bearer right")));
        for wrong in ["Bearer wrong", "Bearer ", "right", "Basic right"] {
            assert!(!allowed(&token, &with(wrong)), "{wrong}");
        }
        assert!(!allowed(&token, &HeaderMap::new()));
        assert!(!allowed(&Access::Token(None), &with("Bearer ")));
        assert!(allowed(&Access::Open, &HeaderMap::new()));
    }
}
