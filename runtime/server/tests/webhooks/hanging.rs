//! FC-81: receivers that hang.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::{
    hook,
    mock::{Conduct, Receiver},
    support::{TestApp, send},
    until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hanging_receivers_among_five_delay_neither_logins_nor_the_others() {
    let (silent, endless) = (Receiver::start(Conduct::Silent).await, Receiver::start(Conduct::Endless).await);
    let mut healthy = Vec::new();
    for _ in 0..3 {
        healthy.push(Receiver::start(Conduct::Status(200)).await);
    }
    let mut hooks = vec![hook("silent", &silent, &["user"]), hook("endless", &endless, &["user"])];
    hooks.extend(healthy.iter().enumerate().map(|(n, receiver)| hook(&format!("healthy{n}"), receiver, &["user"])));
    let app = TestApp::with(json!({
        "mail": null,
        "settings": {"rateLimiter": {"enabled": false}, "mfa": {"enabled": false}},
        "webhooks": {"hooks": hooks},
        "outbound": {"allowedNetworks": ["127.0.0.0/8"]},
    }))
    .await;
    let begun = Instant::now();
    let mut slowest = Duration::ZERO;
    for n in 0..60 {
        let began = Instant::now();
        let answer =
            send(app.request(Method::POST, "/users").json(&json!({"email": format!("u{n}@fern.example")}))).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        slowest = slowest.max(began.elapsed());
    }
    until("the others are told", async || healthy.iter().all(|receiver| receiver.received().len() == 60)).await;
    assert!(slowest < Duration::from_secs(3), "a request took {slowest:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "the others waited until the hanging ones were given up");
    assert!(silent.most_open() <= 2 && endless.most_open() <= 2, "{} {}", silent.most_open(), endless.most_open());
    app.end().await;
}
