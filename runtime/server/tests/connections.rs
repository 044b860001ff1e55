//! Hostile and slow clients, and the end of the process (FC-85, FC-87).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests call this"
)]

mod support;

use std::{net::SocketAddr, time::Duration};

use hanko_server::{Limits, Patience};
use serde_json::json;
use support::TestApp;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

/// Shorter than any test machine's hiccup is long would be flaky; this is a twentieth of the real ones.
const PATIENCE: Patience =
    Patience { head: Duration::from_millis(500), idle: Duration::from_secs(3), write: Duration::from_secs(1) };

async fn app(limits: Limits) -> TestApp {
    TestApp::prepare(json!({})).await.run(limits).await
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Whether the server ends the connection within this time.
async fn ends(stream: &mut TcpStream, within: Duration) -> bool {
    let mut rest = Vec::new();
    timeout(within, stream.read_to_end(&mut rest)).await.is_ok()
}

async fn answered(stream: &mut TcpStream) -> String {
    let mut answer = vec![0; 4096];
    let read = timeout(Duration::from_secs(5), stream.read(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[tokio::test]
async fn half_sent_heads_are_given_up_and_new_clients_are_served() {
    let app = app(Limits { connections: 60, per_peer: 60, patience: PATIENCE, ..Limits::default() }).await;
    for address in [app.server().public_address(), app.server().admin_address()] {
        // More than may be open at once: every seat is taken by a client that never finishes.
        let mut slow = Vec::new();
        for _ in 0..80 {
            let mut stream = connect(address).await;
            stream.write_all(b"GET /livez HTTP/1.1\r\nHost: ").await.unwrap();
            slow.push(stream);
        }
        let begun = Instant::now();
        let mut client = connect(address).await;
        client.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let answer = answered(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        for stream in &mut slow {
            assert!(ends(stream, Duration::from_secs(4)).await, "a half-sent head holds its connection");
        }
    }
    app.end().await;
}

#[tokio::test]
async fn a_head_that_trickles_in_is_given_up_like_one_that_stops() {
    let app = app(Limits { patience: PATIENCE, ..Limits::default() }).await;
    let mut stream = connect(app.server().public_address()).await;
    let begun = Instant::now();
    for byte in b"GET /livez HTTP/1.1\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".iter().cycle() {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(begun.elapsed() < Duration::from_secs(5), "one byte at a time keeps a connection open");
    }
    app.end().await;
}

#[tokio::test]
async fn an_idle_connection_outlives_the_limit_for_heads_but_not_its_own() {
    let app = app(Limits { patience: PATIENCE, ..Limits::default() }).await;
    let mut stream = connect(app.server().public_address()).await;
    for _ in 0..2 {
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert!(answered(&mut stream).await.starts_with("HTTP/1.1 200"));
        assert!(!ends(&mut stream, 3 * PATIENCE.head).await, "a proxy's idle connection was closed");
    }
    assert!(ends(&mut stream, 2 * PATIENCE.idle).await);
    app.end().await;
}

#[tokio::test]
async fn a_client_that_takes_no_answers_is_given_up() {
    let app = app(Limits { patience: PATIENCE, ..Limits::default() }).await;
    let mut stream = connect(app.server().public_address()).await;
    let asking =
        async { while stream.write_all(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n").await.is_ok() {} };
    timeout(Duration::from_secs(20), asking).await.expect("the server waits for ever for its answers to be read");
    app.end().await;
}

#[tokio::test]
async fn one_address_cannot_take_every_connection() {
    let app = app(Limits { connections: 100, per_peer: 3, ..Limits::default() }).await;
    let address = app.server().public_address();
    let mut held = Vec::new();
    // The client that waited for readiness holds one or two, until its idle connections are dropped.
    for _ in 0..3 {
        held.push(connect(address).await);
    }
    let mut one_more = connect(address).await;
    assert!(ends(&mut one_more, Duration::from_secs(5)).await, "a fourth connection of one address is closed");
    drop(held);
    app.http.get(app.url("/livez")).send().await.unwrap();
    app.end().await;
}

#[tokio::test]
async fn an_oversized_head_is_answered_431() {
    let app = app(Limits::default()).await;
    let many: String = (0..2_000).map(|i| format!("X-{i}: y\r\n")).collect();
    for head in
        [format!("Cookie: hanko={}\r\n", "x".repeat(64 * 1024)), many, format!("Cookie: {}\r\n", "y".repeat(1 << 20))]
    {
        let answer = app.raw(format!("GET /me HTTP/1.1\r\nHost: x\r\n{head}\r\n").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    let fits =
        app.raw(format!("GET /me HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n", "z".repeat(16 * 1024)).as_bytes()).await;
    assert!(fits.starts_with("HTTP/1.1 401"), "{fits}");
    app.end().await;
}

#[tokio::test]
async fn draining_lets_a_request_in_flight_end_and_accepts_no_other() {
    let app = app(Limits::default()).await;
    let address = app.server().public_address();
    // Its head is there, its body is on the way: the handler waits for it.
    let mut in_flight = connect(address).await;
    in_flight
        .write_all(b"POST /session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{\"session_token\":")
        .await
        .unwrap();
    let mut idle = connect(address).await;
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    answered(&mut idle).await;

    let draining = tokio::spawn(app.end());
    assert!(ends(&mut idle, Duration::from_secs(5)).await, "an idle connection is closed at once");
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(5), refused).await.expect("no new connection is accepted");
    assert!(!draining.is_finished());
    in_flight.write_all(b"\"rubbish\"}").await.unwrap();
    let answer = answered(&mut in_flight).await;
    assert!(answer.ends_with("{\"is_valid\":false}\n"), "{answer}");
    timeout(Duration::from_secs(5), draining).await.unwrap().unwrap();
}
