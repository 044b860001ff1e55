//! Nothing that was committed is lost, whenever the process dies.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hanko_domain::Random;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    SECRET, claims, crowd, hook,
    mock::{Conduct, Receiver},
    program::{Database, Program},
    support::TestApp,
    until,
};

/// People sign up as fast as they can, until the process dies. Adds the ids of those who were told that they have an account.
fn sign_ups(public: &str, number: &Arc<AtomicU64>, accounts: &Arc<Mutex<HashSet<String>>>) -> JoinSet<()> {
    let mut people = JoinSet::new();
    for _ in 0..4 {
        let (url, number, accounts) = (format!("http://{public}/users"), Arc::clone(number), Arc::clone(accounts));
        people.spawn(async move {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            loop {
                let address = format!("user{}@fern.example", number.fetch_add(1, Ordering::Relaxed));
                let Ok(answer) = client.post(&url).json(&json!({"email": address})).send().await else { return };
                assert_eq!(answer.status(), 200);
                let Ok(account) = answer.json::<serde_json::Value>().await else { return };
                accounts.lock().unwrap().insert(account["id"].as_str().unwrap().to_owned());
            }
        });
    }
    people
}

async fn nothing_is_lost(url: Option<String>) {
    let receiver = Receiver::start(Conduct::Status(204)).await;
    let mut hook = hook("crm", &receiver, &["user", "session"]);
    hook["secretRef"] = json!({"name": "crm", "key": "secret"});
    let mut spec = json!({
        "mail": null,
        "settings": {"rateLimiter": {"enabled": false}, "mfa": {"enabled": false}},
        "webhooks": {"hooks": [hook], "maxAttempts": 20},
        "outbound": {"allowedNetworks": ["127.0.0.0/8"]},
    });
    if url.is_some() {
        spec["database"] = json!({"postgres": {"urlRef": {"name": "db", "key": "url"}}});
    }
    let prepared = TestApp::prepare(spec).await;
    prepared.secret("crm", "secret", SECRET);
    if let Some(url) = &url {
        prepared.secret("db", "url", url);
    }

    let (number, accounts, random) = (Arc::default(), Arc::default(), Random::system());
    let rounds = if std::env::var_os("SOAK").is_some() { 60 } else { 6 };
    for round in 0..rounds {
        let program = Program::start(&prepared, round).await;
        receiver.then([Conduct::Status(500), Conduct::Reset, Conduct::Status(204), Conduct::Silent]);
        let people = sign_ups(&program.public, &number, &accounts);
        let [pause] = random.bytes::<1>();
        tokio::time::sleep(Duration::from_millis(200 + u64::from(pause) * 3)).await;
        program.kill();
        people.join_all().await;
    }

    let database = url.map_or_else(|| Database::sqlite(&prepared.sources().data), Database::Postgres);
    let happened = database.events().await;
    let last = Program::start(&prepared, rounds).await;
    let (mut told, mut looks) = (HashMap::new(), 0);
    until("everything has arrived", async || {
        if looks % 50 == 0 {
            database.hurry().await;
        }
        looks += 1;
        for request in receiver.received() {
            told.insert(request.header("webhook-id").to_owned(), request);
        }
        happened.iter().all(|event| told.contains_key(event))
    })
    .await;
    last.kill();

    assert!(happened.len() > 2 * rounds, "people did come: {}", happened.len());
    assert_eq!(told.keys().filter(|id| !happened.contains(*id)).count(), 0, "nothing is told that did not happen");
    let mut created = HashSet::new();
    let verifiers =
        [SECRET, SECRET.trim_start_matches("whsec_")].map(|secret| standardwebhooks::Webhook::new(secret).unwrap());
    for (id, request) in &told {
        let claims = claims(request);
        assert_eq!(&format!("msg_{}", claims["jti"].as_str().unwrap().replace('-', "")), id);
        if claims["evt"] == "user.create" {
            created.insert(claims["data"]["id"].as_str().unwrap().to_owned());
        }
        let headers = request.headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let headers = http::HeaderMap::from_iter(headers.collect::<Vec<(http::HeaderName, http::HeaderValue)>>());
        for verifier in &verifiers {
            verifier.verify(&request.body, &headers).unwrap();
        }
    }
    let accounts = accounts.lock().unwrap();
    assert!(accounts.iter().all(|account| created.contains(account)), "whoever was told of an account has one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_was_committed_arrives_although_the_process_is_killed_again_and_again() {
    nothing_is_lost(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_on_postgres() {
    if let Some(url) = crowd::postgres().await {
        nothing_is_lost(Some(url)).await;
    }
}
