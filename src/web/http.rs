//! The HTTP server under both doors: bounded connections, bounded waiting, safe headers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use super::control::Actor;

/// No request here carries more than a few names and a reason.
const BODY_LIMIT: usize = 64 * 1024;
/// How long a client may take to send its request header; a slower one holds a place for nothing.
const HEADER_WAIT: Duration = Duration::from_secs(10);
/// How long an answer may take: `audit verify` and `recheck` read the whole store.
const ANSWER_WAIT: Duration = Duration::from_secs(300);
/// Connections at a time per door; more wait in the listen queue.
const CONNECTIONS: usize = 64;

/// What every response carries. All answers are for programs or one reader: nothing is cached,
/// framed, sniffed or run.
const SAFE_HEADERS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// The limits and headers that every door has.
pub fn harden(router: Router) -> Router {
    let mut router = router
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, ANSWER_WAIT))
        .layer(CatchPanicLayer::new());
    for (name, value) in SAFE_HEADERS {
        router = router.layer(SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value)));
    }
    router
}

/// Serves TCP clients until `stop`.
pub async fn serve_tcp(listener: TcpListener, router: Router, stop: CancellationToken) {
    let router = harden(router);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Some(place) = next_place(&places, &stop).await else { return };
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => _ = tokio::spawn(answer(stream, router.clone(), None, stop.clone(), place)),
            Err(error) => pause_after(error).await,
        }
    }
}

/// Serves clients of the control socket until `stop`; each request knows who sent it.
pub async fn serve_unix(listener: UnixListener, own_uid: u32, router: Router, stop: CancellationToken) {
    let router = harden(router);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Some(place) = next_place(&places, &stop).await else { return };
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => match Actor::of(&stream, own_uid) {
                Ok(Some(actor)) => _ = tokio::spawn(answer(stream, router.clone(), Some(actor), stop.clone(), place)),
                // The file's mode keeps strangers out; whoever got past it all the same gets nothing.
                Ok(None) => tracing::warn!("a stranger was turned away at the control socket"),
                Err(error) => tracing::warn!(%error, "a peer of the control socket has no user"),
            },
            Err(error) => pause_after(error).await,
        }
    }
}

async fn next_place(places: &Arc<Semaphore>, stop: &CancellationToken) -> Option<tokio::sync::OwnedSemaphorePermit> {
    tokio::select! {
        () = stop.cancelled() => None,
        place = Arc::clone(places).acquire_owned() => place.ok(),
    }
}

/// Accepting fails when file descriptors run out: a moment's pause keeps that from spinning.
async fn pause_after(error: std::io::Error) {
    tracing::warn!(%error, "accepting an HTTP connection");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

async fn answer<S>(
    stream: S,
    router: Router,
    actor: Option<Actor>,
    stop: CancellationToken,
    _place: tokio::sync::OwnedSemaphorePermit,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        let actor = actor.clone();
        async move {
            let mut request: Request = request.map(axum::body::Body::new);
            if let Some(actor) = actor {
                request.extensions_mut().insert(actor);
            }
            Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {}))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_WAIT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // How a single HTTP connection ended is of no interest: the client saw it.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            _ = tokio::time::timeout(Duration::from_secs(2), connection).await;
        }
    }
}
