//! FC-46: many users at once, some of them bad, and the process dies half-way.

use std::{
    collections::{BTreeMap, HashSet},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    ALONE, crowd, memory,
    program::{Database, Program},
    soak,
    support::TestApp,
    tenant::{HASH, Tenant, spec},
};

/// Users who were there before.
const HERE: usize = 10;
/// How much more memory an import may need than logins do: much less than a file of it all.
const GROWTH: u64 = 32 << 20;

fn id(n: usize) -> Uuid {
    Uuid::from_u128(1_000_000 + n as u128)
}

/// The `n`th line, counted from 0: one in a hundred is bad, one wants what somebody has.
fn line(n: usize) -> String {
    let here = (n / 100) % HERE;
    let address = match n % 100 {
        57 if here.is_multiple_of(2) => format!("here{here}@fern.example"),
        57 => format!("HERE{here}@Fern.example"),
        13 if here.is_multiple_of(3) => "nobody".to_owned(),
        _ => format!("u{n}@fern.example"),
    };
    let mut user = json!({
        "user_id": id(n),
        "emails": [{"address": address, "is_primary": true, "is_verified": true}],
        "username": format!("user_{n}"),
        "password": {"password": HASH},
    });
    match (n % 100, here % 3) {
        (13, 1) => user["password"]["password"] = json!("$pbkdf2-sha256$29000$abc$def"),
        (13, 2) => return "{\"user_id\":\n".to_owned(),
        _ => {}
    }
    format!("{user}\n")
}

/// What is told of a line, unless an earlier run has made its user.
fn expected(n: usize) -> &'static str {
    match n % 100 {
        13 => "invalid",
        57 => "conflict",
        _ => "created",
    }
}

/// What is stored of a user who was brought whole.
fn stored(n: usize) -> String {
    format!("u{n}@fern.example user_{n} {HASH}")
}

const STORED: &str = "SELECT emails.address || ' ' || usernames.username || ' ' || passwords.hash FROM users \
    JOIN emails ON emails.tenant_id = users.tenant_id AND emails.id = users.primary_email_id AND emails.user_id = users.id AND emails.verified \
    JOIN usernames ON usernames.tenant_id = users.tenant_id AND usernames.user_id = users.id \
    JOIN passwords ON passwords.tenant_id = users.tenant_id AND passwords.user_id = users.id";

/// Lines of the answer, and the summary where the answer was not cut off. Reads on while `go_on` says so of the lines so far.
async fn import(
    tenant: &Tenant,
    query: &str,
    body: String,
    mut go_on: impl FnMut(usize) -> bool,
) -> (Vec<Value>, Option<Value>) {
    let request = tenant.admin(Method::POST, &format!("/users/import{query}"));
    let mut answer = request.header("Content-Type", "application/x-ndjson").body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let (mut told, mut rest): (Vec<Value>, Vec<u8>) = (Vec::new(), Vec::new());
    while go_on(told.len()) {
        let Some(chunk) = answer.chunk().await.unwrap() else { break };
        rest.extend_from_slice(&chunk);
        let end = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let whole: Vec<u8> = rest.drain(..end).collect();
        told.extend(
            whole
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .map(|line| serde_json::from_slice(line).unwrap()),
        );
    }
    let summary = told.pop_if(|last| last.get("summary").is_some()).map(|mut last| last["summary"].take());
    (told, summary)
}

fn all(_: usize) -> bool {
    true
}

fn count(told: &[Value]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for line in told {
        *counts.entry(line["status"].as_str().unwrap()).or_default() += 1;
    }
    counts
}

/// People sign in until they are told to stop, or the process is gone. How often, and the longest that took.
fn logins(tenant: &Tenant, ids: &[String], stop: &CancellationToken) -> JoinHandle<(usize, Duration)> {
    let (tenant, ids, stop) = (tenant.clone(), ids.to_vec(), stop.clone());
    tokio::spawn(async move {
        let (mut times, mut slowest) = (0, Duration::ZERO);
        for id in ids.iter().cycle().take_while(|_| !stop.is_cancelled()) {
            let Some((answer, took)) = tenant.log_in(id).await else { break };
            assert_eq!(answer.status, 200, "{}", answer.text());
            (times, slowest) = (times + 1, slowest.max(took));
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        (times, slowest)
    })
}

async fn nobody_comes_twice_or_half(url: Option<String>) {
    let _alone = ALONE.lock().await;
    let mut spec = spec();
    if url.is_some() {
        spec["database"] = json!({"postgres": {"urlRef": {"name": "db", "key": "url"}}});
    }
    let prepared = TestApp::prepare(spec).await;
    if let Some(url) = &url {
        prepared.secret("db", "url", url);
    }
    let lines: usize = if soak() { 100_000 } else { 4_000 };
    let file: String = (0..lines).map(line).collect();
    let good = lines - lines / 100 * 2;

    let program = Program::start(&prepared, 0).await;
    let database = url.map_or_else(|| Database::sqlite(&prepared.sources().data), Database::Postgres);
    let tenant = Tenant::of(&program, &prepared);
    let mut here = Vec::new();
    for n in 0..HERE {
        here.push(tenant.join(&format!("here{n}@fern.example")).await);
    }

    let (told, summary) = import(&tenant, "?dry_run=true", file.clone(), all).await;
    let summary = summary.unwrap();
    assert_eq!(
        (&summary["entries"], &summary["created"], &summary["dry_run"]),
        (&json!(lines), &json!(good), &json!(true))
    );
    assert_eq!(count(&told), BTreeMap::from([("created", good), ("invalid", lines / 100), ("conflict", lines / 100)]));
    let (_, summary) = import(&tenant, "?mode=all", (0..1_000).map(line).collect(), all).await;
    let summary = summary.unwrap();
    assert_eq!(
        (&summary["created"], &summary["skipped"], &summary["complete"]),
        (&json!(0), &json!(980), &json!(false))
    );
    assert_eq!(
        (tenant.total().await, database.texts("SELECT CAST(COUNT(*) AS TEXT) FROM users").await),
        (10, vec!["10".to_owned()])
    );

    let stop = CancellationToken::new();
    let people = logins(&tenant, &here, &stop);
    let (first, _) = import(&tenant, "", file.clone(), |told| told < lines / 3).await;
    program.kill();
    let (times, slowest) = people.await.unwrap();
    assert!(times > 0 && slowest < Duration::from_secs(5), "{times} logins, the slowest took {slowest:?}");
    let first: HashSet<String> = first
        .iter()
        .filter(|line| line["status"] == "created")
        .map(|line| line["id"].as_str().unwrap().to_owned())
        .collect();

    let program = Program::start(&prepared, 1).await;
    let tenant = Tenant::of(&program, &prepared);
    let survived = tenant.total().await - 10;
    let whole = database.texts(STORED).await;
    assert_eq!(whole.len() as u64, survived, "half a user is none");
    assert!(survived >= first.len() as u64 && (survived as usize) < good, "{survived} of {good}, {} told", first.len());

    // What logins need is there before the measuring begins.
    for id in &here {
        tenant.log_in(id).await.unwrap();
    }
    let before = memory(tenant.process, "VmRSS");
    let people = logins(&tenant, &here, &stop);
    let began = Instant::now();
    let (told, summary) = import(&tenant, "", file, all).await;
    let took = began.elapsed();
    stop.cancel();
    let (times, slowest) = people.await.unwrap();
    assert!(times > 0 && slowest < Duration::from_secs(5), "{times} logins, the slowest took {slowest:?}");
    let grown = memory(tenant.process, "VmHWM").saturating_sub(before);
    assert!(grown < GROWTH, "memory has grown by {} MiB in {took:?}", grown >> 20);
    for (n, line) in told.iter().enumerate() {
        assert_eq!(line["line"], json!(n + 1));
        let (status, id) = (line["status"].as_str().unwrap(), line["id"].as_str());
        match expected(n) {
            "created" => {
                assert!(status == "exists" || !first.contains(id.unwrap()) && status == "created", "{line}");
                assert_eq!(id, Some(self::id(n).to_string().as_str()));
            }
            other => assert_eq!(status, other, "{line}"),
        }
    }
    let summary = summary.unwrap();
    let expected = json!({
        "entries": lines, "created": good as u64 - survived, "exists": survived, "invalid": lines / 100, "conflict": lines / 100,
        "skipped": 0, "dry_run": false, "complete": true,
    });
    assert_eq!(summary, expected);
    assert_eq!(tenant.total().await, (good + HERE) as u64);
    let mut whole = database.texts(STORED).await;
    whole.sort();
    let mut wanted: Vec<String> = (0..lines).filter(|n| self::expected(*n) == "created").map(stored).collect();
    wanted.sort();
    assert!(whole == wanted, "{} users are there whole, {} should be", whole.len(), wanted.len());
    let (answer, _) = tenant.log_in(&id(0).to_string()).await.unwrap();
    assert_eq!(answer.status, 200, "who was brought can sign in: {}", answer.text());
    program.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_killed_import_is_sent_again_and_nobody_comes_twice_or_half() {
    nobody_comes_twice_or_half(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_on_postgres() {
    if let Some(url) = crowd::postgres().await {
        nobody_comes_twice_or_half(Some(url)).await;
    }
}
