//! Webhooks through a whole process: told from what people do, over restarts and beside receivers that hang.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, dead_code, reason = "a test program has no outside")]

#[path = "../flows/crowd.rs"]
mod crowd;
#[path = "../../../notify/src/webhook/mock.rs"]
mod mock;
#[path = "../support/mod.rs"]
mod support;

mod browser {
    /// The page that shared parts of other test programs open.
    pub const PAGE: &str = crate::support::ORIGIN;
}
mod hanging;
mod kill;
mod mails;
mod program;
mod settings;

use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use mock::Received;

/// A secret as its owner writes it.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwWvLaLaSwWvI=";

/// What a token claims. Its signature is checked where keys are known.
fn claims(received: &Received) -> Value {
    let body = received.json();
    let payload = body["token"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}

/// A receiver of the manifest, which may be called although it is on this machine.
fn hook(name: &str, receiver: &mock::Receiver, events: &[&str]) -> Value {
    json!({"name": name, "callback": receiver.url(), "events": events})
}

/// Looks again and again until it is so.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !so().await {
        assert!(started.elapsed() < Duration::from_secs(60), "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
