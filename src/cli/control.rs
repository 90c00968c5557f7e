//! The commands' side of the control socket: small requests to the running gateway.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::UnixStream;

use super::Common;
use super::exit::{Error, Result};
use super::settings;
use crate::web::{Change, Problem, SOCKET, Told, told};
use crate::world::{Clock, SystemClock};

/// Longer than the gateway itself takes for an answer, so that its own words win.
const WAIT: Duration = Duration::from_secs(310);

/// A running gateway, by the socket in its `data_dir`.
pub struct Control {
    socket: PathBuf,
    runtime: tokio::runtime::Runtime,
}

impl Control {
    /// The gateway of this configuration. Whether it runs shows with the first request.
    pub fn open(common: &Common) -> Result<Self> {
        Self::at(&settings::data_dir(common)?)
    }

    /// The gateway that owns this folder.
    pub fn at(data_dir: &Path) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::io("starting", error))?;
        Ok(Self { socket: data_dir.join(SOCKET), runtime })
    }

    /// Asks for a value.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        read(&self.send(Method::GET, path, Body::empty())?)
    }

    /// Asks for bytes.
    pub fn bytes(&self, method: Method, path: &str, body: &impl Serialize) -> Result<Bytes> {
        self.send(method, path, body_of(body))
    }

    /// Asks for a deed, and takes its result.
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        read(&self.send(Method::POST, path, body_of(body))?)
    }

    /// Asks for a deed without a result.
    pub fn act(&self, method: Method, path: &str, body: &impl Serialize) -> Result<()> {
        self.send(method, path, body_of(body)).map(drop)
    }

    /// Tells the account of a change that a command made without the gateway. Where none runs, the next one is told.
    pub fn tell(data_dir: &Path, kind: Change, detail: Value) -> Result<()> {
        let Value::Object(detail) = detail else { unreachable!("a detail has names") };
        let change = Told { kind, detail };
        match Self::at(data_dir)?.act(Method::POST, "/v1/audit/told", &change) {
            Err(Error::Unreachable(_)) => {}
            other => return other,
        }
        let left = told::leave(data_dir, change, SystemClock.now());
        match left.map_err(|error| Error::io(data_dir.display(), error))? {
            Some(left) => settings::give_to_owner_of(data_dir, &left),
            None => Ok(()),
        }
    }

    fn send(&self, method: Method, path: &str, body: Body) -> Result<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "waxseal")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|error| Error::Usage(error.to_string()))?;
        self.runtime.block_on(async {
            match tokio::time::timeout(WAIT, self.exchange(request)).await {
                Ok(answer) => answer,
                Err(_) => Err(Error::Unreachable("the gateway does not answer on its control socket".into())),
            }
        })
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Bytes> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.unreachable(error))?;
        let lost = |error: hyper::Error| Error::Unreachable(format!("the gateway broke off: {error}"));
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
        tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(lost)?;
        let status = response.status();
        let bytes = response.into_body().collect().await.map_err(lost)?.to_bytes();
        if status.is_success() { Ok(bytes) } else { Err(refused(status.as_u16(), &bytes)) }
    }

    fn unreachable(&self, error: std::io::Error) -> Error {
        let place = self.socket.display();
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                Error::NotPermitted(format!("{place}: only the gateway's own user and root may use the control socket"))
            }
            _ => Error::Unreachable(format!("no gateway runs here ({place}: {error})")),
        }
    }
}

fn body_of(body: &impl Serialize) -> Body {
    Body::from(serde_json::to_vec(body).expect("our own requests are JSON"))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::Unreachable(format!("the gateway answered something else (is it another version?): {error}"))
    })
}

/// The gateway's refusal as an exit status.
fn refused(status: u16, bytes: &[u8]) -> Error {
    let detail = match serde_json::from_slice::<Problem>(bytes) {
        Ok(problem) => problem.detail,
        Err(_) => format!("the gateway answered {status}"),
    };
    match status {
        404 | 409 | 410 => Error::No(detail),
        400 | 413 | 415 | 422 => Error::Input(detail),
        401 | 403 => Error::NotPermitted(detail),
        _ => Error::io("the gateway", std::io::Error::other(detail)),
    }
}

/// A path with its parameters, encoded; parameters without a value are left out.
pub fn path(base: &str, parameters: &[(&str, Option<String>)]) -> String {
    let given = parameters.iter().filter_map(|(name, value)| Some(format!("{name}={}", encode(value.as_deref()?))));
    let query = given.collect::<Vec<_>>().join("&");
    if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") }
}

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
pub fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte as char),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use axum::http::Uri;

    use super::*;

    #[test]
    fn whatever_a_person_types_stays_one_parameter() {
        let parameters =
            [("from", Some("a&b=c@d.example".to_owned())), ("to", None), ("state", Some("held".to_owned()))];
        assert_eq!(path("/v1/messages", &parameters), "/v1/messages?from=a%26b%3Dc%40d.example&state=held");
        assert!(path("/v1/x", &parameters).parse::<Uri>().is_ok());
        assert_eq!(path("/v1/x", &[]), "/v1/x");
    }

    #[test]
    fn refusals_become_exit_statuses() {
        let problem = br#"{"status":404,"title":"Not Found","detail":"no such message"}"#;
        assert!(matches!(refused(404, problem), Error::No(words) if words == "no such message"));
        assert_eq!(refused(409, b"").status(), 1);
        assert_eq!(refused(400, b"").status(), 65);
        assert_eq!(refused(403, b"").status(), 77);
        assert_eq!(refused(503, b"").status(), 74);
    }
}
