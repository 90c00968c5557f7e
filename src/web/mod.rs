//! Doors for people and programs: metrics and health over HTTP, and the control socket.
//!
//! Requests come in over TCP (`http.bind`) or over the Unix socket in `data_dir`; the same router
//! would serve pages later. It changes mail only through the rooms that own it, and every change
//! made through the control socket is recorded with the peer's system user as its actor.

mod control;
mod health;
mod http;
mod problem;
mod view;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;

use crate::people::People;
use crate::quarantine::{Examine, Quarantine};
use crate::queue::Queue;
use crate::store::Store;
use crate::telemetry::Telemetry;
use crate::world::{Clock, Random};

pub use control::SOCKET;
pub use control::told::{self, Change, Told};
pub use problem::Problem;
pub use view::{
    AccountView, AuditView, DecisionView, Decisions, EventView, KeptView, MessageView, MovedView, RecipientStory,
    RecipientView, RuleStat, StoryView, SummaryView, SuspensionView, VerdictView, WaiverView, kind_name,
};

/// `http:` in the configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Metrics, health, and later the API and pages.
    pub bind: Option<SocketAddr>,
    /// Metrics and health only; replaces `bind` for them.
    pub metrics: Option<SocketAddr>,
    /// What `/metrics` asks for (`Authorization: Bearer …`) where it isn't on loopback.
    pub metrics_token: Option<SecretString>,
    /// Whose tokens open it as well.
    pub users: Option<PathBuf>,
}

/// What the doors ask of the gateway behind them. `gateway.rs` implements it.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Why mail can't be taken or sent just now; empty when all is well. Words for an operator.
    fn troubles(&self) -> Vec<String>;
    /// Loads configuration, rules and certificates again. The words say what stood in the way;
    /// what ran before then still runs.
    async fn reload(&self, actor: &str) -> Result<(), String>;
    /// The quarantine as it is configured now.
    fn quarantine(&self) -> Arc<Quarantine>;
    /// What decides held mail again.
    fn examiner(&self) -> &dyn Examine;
}

/// Everything behind the doors.
#[derive(Clone)]
pub struct House {
    pub store: Arc<dyn Store>,
    pub queue: Arc<Queue>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub telemetry: Telemetry,
    pub gateway: Arc<dyn Gateway>,
}

/// Answers `/metrics`, `/livez` and `/readyz` until `stop`.
pub async fn serve(listener: TcpListener, config: &Config, house: House, stop: CancellationToken) {
    let guarded = listener.local_addr().is_ok_and(|address| !address.ip().is_loopback());
    let token = config.metrics_token.clone();
    let people = config.users.as_ref().map_or_else(People::nobody, |users| {
        People::open(users).unwrap_or_else(|error| {
            tracing::error!(%error, "the users file can't be read; no token of theirs opens /metrics");
            People::nobody()
        })
    });
    let access = if guarded { health::Access::Token(token, Arc::new(people)) } else { health::Access::Open };
    http::serve_tcp(listener, health::router(house, access), stop).await;
}

/// The control socket in `data_dir`, open to commands; they wait until it is served.
pub struct ControlDoor {
    listener: UnixListener,
    own_uid: u32,
    socket: PathBuf,
}

impl ControlDoor {
    /// The socket is made 0600, and one left by a gateway that died is replaced: whoever calls this
    /// owns the folder's lock.
    pub fn open(data_dir: &Path) -> std::io::Result<Self> {
        let listener = control::bind(data_dir)?;
        Ok(Self { listener, own_uid: control::own_uid()?, socket: data_dir.join(SOCKET) })
    }

    /// Answers commands until `stop`.
    pub async fn serve(self, house: House, stop: CancellationToken) {
        http::serve_unix(self.listener, self.own_uid, control::router(house), stop).await;
        _ = std::fs::remove_file(self.socket);
    }
}
