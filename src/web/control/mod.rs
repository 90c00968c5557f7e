//! The API on the control socket, for commands run on the same host.
//!
//! The socket is 0600 in a folder that is 0700, so only the gateway's own user and root come in;
//! the kernel tells us which of them it is, and that name stands in the audit record.

mod account;
mod messages;
mod quarantine;
mod queue;
mod suspensions;
pub mod told;
mod waivers;

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{get, post};
use tokio::net::{UnixListener, UnixStream};

use super::{House, Problem};
use crate::audit::{Event, EventKind};
use crate::mail::QueueId;
use crate::people::Administrator;

/// The control socket's name in `data_dir`.
pub const SOCKET: &str = "control.sock";

/// Who speaks at the other end of the control socket, with the authority that comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(pub Administrator);

impl Actor {
    /// Asks the kernel, which the peer can't deceive. Nobody but root and our own user gets past.
    pub fn of(stream: &UnixStream, own_uid: u32) -> io::Result<Option<Self>> {
        let uid = stream.peer_cred()?.uid();
        Ok(Administrator::at_control_socket(uid, &name_of(uid), own_uid).map(Self))
    }

    /// As the audit names them.
    pub fn name(&self) -> &str {
        self.0.actor()
    }
}

/// The user that this process runs as: the peer of a socket whose both ends are ours.
pub fn own_uid() -> io::Result<u32> {
    let (one, _other) = UnixStream::pair()?;
    Ok(one.peer_cred()?.uid())
}

/// Who a user of this machine is, as the audit names them.
fn name_of(uid: u32) -> String {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    user_name(&users, uid).unwrap_or_else(|| format!("uid {uid}"))
}

/// The name of a user in the text of `/etc/passwd`.
fn user_name(users: &str, uid: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let actor = parts.extensions.get::<Actor>().cloned();
        actor.ok_or_else(|| Problem::new(StatusCode::FORBIDDEN, "who asks is not known"))
    }
}

/// Opens the socket for this user alone.
pub fn bind(data_dir: &Path) -> io::Result<UnixListener> {
    let path = data_dir.join(SOCKET);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

pub fn router(house: House) -> Router {
    Router::new()
        .route("/v1/messages", get(messages::list))
        .route("/v1/messages/{id}", get(messages::story))
        .route("/v1/messages/{id}/events", get(messages::account))
        .route("/v1/decisions", get(messages::decisions))
        .route("/v1/queue/summary", get(messages::summary))
        .route("/v1/queue/retry", post(queue::retry))
        .route("/v1/queue/pause", post(queue::pause))
        .route("/v1/queue/delete", post(queue::delete))
        .route("/v1/quarantine/recheck", post(quarantine::recheck))
        .route("/v1/quarantine/{id}/content", get(quarantine::export))
        .route("/v1/quarantine/{id}/{verb}", post(quarantine::judge))
        .route("/v1/suspensions", get(suspensions::list))
        .route("/v1/suspensions/{domain}", post(suspensions::suspend).delete(suspensions::resume))
        .route("/v1/waivers", get(waivers::list).post(waivers::add).layer(DefaultBodyLimit::max(waivers::BODY_LIMIT)))
        .route("/v1/waivers/export", get(waivers::export))
        .route("/v1/waivers/{which}/revoke", post(waivers::revoke))
        .route("/v1/audit", get(account::export))
        .route("/v1/audit/verify", get(account::verify))
        .route("/v1/audit/told", post(told::told))
        .route("/v1/rules/stats", get(account::rule_stats))
        .route("/v1/rules/sources/{hash}", get(account::rule_source))
        .route("/v1/reload", post(reload))
        .fallback(|| async { Problem::not_found("there is no such thing on the control socket") })
        .with_state(house)
}

async fn reload(State(house): State<House>, actor: Actor) -> Result<StatusCode, Problem> {
    house.gateway.reload(actor.name()).await.map_err(Problem::conflict)?;
    Ok(StatusCode::NO_CONTENT)
}

/// An event of this moment, by this actor.
fn event(house: &House, actor: &Actor, kind: EventKind, message: Option<QueueId>, detail: serde_json::Value) -> Event {
    let detail = match detail {
        serde_json::Value::Object(detail) => detail,
        _ => serde_json::Map::new(),
    };
    Event { at: house.clock.now(), actor: actor.name().to_owned(), kind, message, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_named_as_the_system_names_it() {
        let users = "root:x:0:0:root:/root:/bin/sh\nwaxseal:x:998:998::/var/lib/waxseal:/usr/sbin/nologin\n";
        assert_eq!(user_name(users, 998).as_deref(), Some("waxseal"));
        assert_eq!(user_name(users, 0).as_deref(), Some("root"));
        assert_eq!(user_name(users, 1000), None);
    }
}
