//! The doors of the process: an accept loop with limits that a stranger cannot stretch.
//!
//! `axum::serve` installs no timer, so hyper's own time-outs would do nothing; here every wait for a client has an end
//! ([`patience`]), connections are counted in total and per peer ([`seats`]), and draining is part of the loop.

pub mod patience;
pub(crate) mod seats;

use std::{
    convert::Infallible,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use hyper::{
    body::{Body as _, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, warn};

use self::{
    patience::{Patience, Patient, Phase, PhaseSign},
    seats::Seats,
};

/// What a listener grants its clients.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections open at once; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Connections of one address, trusted proxies excepted; further ones are closed at once.
    pub per_peer: usize,
    /// Waiting for clients.
    pub patience: Patience,
    /// Bytes of a request's head; a bigger one is answered 431.
    pub head: usize,
    /// How long requests in flight may take to end when the process drains.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            per_peer: 512,
            patience: Patience::default(),
            head: 32 * 1024,
            drain: Duration::from_secs(25),
        }
    }
}

/// Accepts until `stop`, then lets the requests in flight end. `exempt` tells whose connections are not counted per peer.
pub(crate) async fn serve<H, F>(
    listener: TcpListener,
    limits: Limits,
    exempt: impl Fn(IpAddr) -> bool,
    handler: H,
    stop: CancellationToken,
) where
    H: Fn(SocketAddr, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let seats = Arc::new(Seats::new(limits.connections, limits.per_peer));
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = async { (seats.free().await, listener.accept().await) } => accepted,
        };
        match accepted {
            (place, Ok((stream, peer))) => {
                let Some(seat) = seats.take(place, peer.ip(), exempt(peer.ip())) else {
                    debug!(%peer, "closed: its address holds too many connections");
                    continue;
                };
                let (handler, stop) = (handler.clone(), stop.clone());
                tasks.spawn(async move {
                    connection(stream, peer, limits, handler, stop).await;
                    drop(seat);
                });
            }
            (_, Err(error)) => recover(&error).await,
        }
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(limits.drain, tasks.wait()).await.is_err() {
        warn!(open = tasks.len(), "gave up on requests that did not end in time");
    }
}

/// A failed accept is the client's affair, unless the process is out of descriptors: then others must end first.
async fn recover(error: &io::Error) {
    if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        warn!(%error, "cannot accept a connection");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Nothing is asked any more: at once, or when the last piece of an answer that is still being made has gone.
fn resting_after(response: Response<Body>, phase: PhaseSign) -> Response<Body> {
    if response.body().size_hint().exact().is_some() {
        phase.enter(Phase::Resting);
        return response;
    }
    response.map(|body| Body::new(Streamed { body, phase }))
}

/// An answer that is made while it is sent.
struct Streamed {
    body: Body,
    phase: PhaseSign,
}

impl hyper::body::Body for Streamed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        self.phase.enter(Phase::Resting);
    }
}

async fn connection<H, F>(stream: TcpStream, peer: SocketAddr, limits: Limits, handler: H, stop: CancellationToken)
where
    H: Fn(SocketAddr, Request<Incoming>) -> F,
    F: Future<Output = Response<Body>>,
{
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let (io, phase) = Patient::new(TokioIo::new(stream), limits.patience);
    let service = service_fn(|request| {
        phase.enter(Phase::Answering);
        let answer = handler(peer, request);
        let phase = phase.clone();
        async move { Ok::<_, Infallible>(resting_after(answer.await, phase)) }
    });
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_header_size(limits.head)
        .max_buf_size(2 * limits.head)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%peer, %error, "a connection ended early");
    }
}
