//! One address cannot take the service from everybody else (`spec/decisions.md` 24).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests call this"
)]

mod support;

use std::time::Duration;

use hanko_domain::Random;
use reqwest::Method;
use serde_json::{Value, json};
use support::{Answer, ORIGIN, TestApp, merge, send, write_secret};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A project behind a proxy whose clients may send two requests a minute.
fn two_a_minute() -> Value {
    json!({
        "clientIp": {"extractor": "xForwardedFor", "trustedProxies": ["127.0.0.0/8"]},
        "settings": {"rateLimiter": {"floodLimits": {"tokens": 2, "interval": "1m"}}},
    })
}

/// The same, with a server that counts for several processes. Its URL stands in the Secret `redis`.
fn counted_together() -> Value {
    let mut spec = two_a_minute();
    let redis = json!({"urlRef": {"name": "redis", "key": "url"}});
    // Every test counts for a tenant of its own.
    let own = json!({"tenantId": Random::system().uuid_v4(), "settings": {"rateLimiter": {"redis": redis}}});
    merge(&mut spec, own);
    spec
}

async fn post(app: &TestApp, path: &str, client: &str) -> Answer {
    app.post_with(path, &[("X-Forwarded-For", client)]).await
}

/// The status of a login that begins.
async fn login(app: &TestApp, client: &str) -> u16 {
    post(app, "/login", client).await.status.as_u16()
}

async fn metric(app: &TestApp, name: &str) -> u64 {
    let page = app.get_admin("/metrics").await.text();
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {name} in {page}")).parse().unwrap()
}

/// Waits until the process's one tenant is counted so.
async fn until_counted(app: &TestApp, counter: &str) {
    for _ in 0..1_000 {
        if metric(app, &format!("hanko_flood_counters{{counter=\"{counter}\"}}")).await == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never counted {counter}");
}

#[tokio::test]
async fn a_client_that_sends_too_much_is_told_when_to_come_back() {
    let app = TestApp::with(two_a_minute()).await;
    assert_eq!(login(&app, "192.0.2.1").await, 200);
    app.clock.advance(Duration::from_secs(20));
    assert_eq!(post(&app, "/logout", "192.0.2.1").await.status, 401, "counts, whatever becomes of it");

    let refused = post(&app, "/login", "192.0.2.1").await;
    assert_eq!(refused.status, 429);
    let short = json!({
        "name": "error", "status": 429, "csrf_token": "", "actions": {}, "links": null,
        "error": {"code": "rate_limit_exceeded", "message": "The rate limit has been exceeded."},
    });
    assert_eq!(refused.json(), short);
    assert_eq!(post(&app, "/flow/registration", "192.0.2.1").await.json(), short);
    for (header, value) in
        [("retry-after", "40"), ("x-ratelimit-limit", "2"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "40")]
    {
        assert_eq!(refused.header(header), value, "{header}");
    }

    let headers = [("X-Forwarded-For", "192.0.2.1"), ("Origin", ORIGIN)];
    let refused = app.post_with("/logout", &headers).await;
    assert_eq!(refused.json(), json!({"code": 429, "message": "Too Many Requests"}));
    assert_eq!(refused.header("retry-after"), "40");
    assert_eq!(refused.header("access-control-allow-origin"), ORIGIN, "a page may read why");
    assert_ne!(refused.header("x-request-id"), "");
    assert_eq!(metric(&app, "hanko_floods_refused_total").await, 3);

    app.clock.advance(Duration::from_secs(40));
    assert_eq!(login(&app, "192.0.2.1").await, 200, "a new window");
    app.end().await;
}

#[tokio::test]
async fn what_changes_nothing_is_free() {
    let app = TestApp::with(two_a_minute()).await;
    let client = [("X-Forwarded-For", "192.0.2.1")];
    for _ in 0..3 {
        login(&app, "192.0.2.1").await;
    }
    assert_eq!(login(&app, "192.0.2.1").await, 429);
    for (path, status) in [("/livez", 200), ("/.well-known/jwks.json", 200), ("/me", 401), ("/login", 405)] {
        assert_eq!(app.get_with(path, &client).await.status, status, "{path}");
    }
    let preflight =
        client.iter().fold(app.request(Method::OPTIONS, "/login"), |all, (name, value)| all.header(*name, *value));
    assert_eq!(send(preflight).await.status, 204);
    for path in ["/sessions/validate", "/session"] {
        let asked = app.request(Method::POST, path).header("X-Forwarded-For", "192.0.2.1");
        let answer = send(asked.json(&json!({"session_token": "x"}))).await;
        assert_eq!(answer.json()["is_valid"], false, "a back end asks for all of its users");
    }
    app.end().await;
}

#[tokio::test]
async fn every_client_and_every_tenant_has_a_window_of_its_own() {
    let app = TestApp::with(two_a_minute()).await;
    let mut other = app.spec("project.yaml");
    merge(&mut other, json!({"hosts": ["other.acme.localhost"], "publicUrl": "http://other.acme.localhost:8000"}));
    app.write("other.yaml", "other", &other);
    app.until_revision(|now| now["tenants"].as_array().unwrap().len() == 2).await;
    let login = async |host, client| {
        app.post_with("/login", &[("Host", host), ("X-Forwarded-For", client)]).await.status.as_u16()
    };
    for expected in [200, 200, 429] {
        assert_eq!(login("auth.acme.localhost", "192.0.2.1").await, expected);
    }
    assert_eq!(login("auth.acme.localhost", "192.0.2.2").await, 200);
    assert_eq!(login("other.acme.localhost", "192.0.2.1").await, 200);
    // A client owns a whole /64, so that is what counts.
    for (client, expected) in
        [("2001:db8::1", 200), ("2001:db8::2", 200), ("2001:db8::3", 429), ("2001:db8:0:1::1", 200)]
    {
        assert_eq!(login("auth.acme.localhost", client).await, expected, "{client}");
    }
    app.end().await;
}

#[tokio::test]
async fn a_reload_keeps_what_was_counted_and_a_limit_that_is_off_refuses_nobody() {
    let app = TestApp::with(two_a_minute()).await;
    for expected in [200, 200, 429] {
        assert_eq!(login(&app, "192.0.2.1").await, expected);
    }
    let reload = async |over: Value| {
        let before = app.revision().await["tenants"][0]["documentRevision"].clone();
        let mut spec = app.spec("project.yaml");
        merge(&mut spec, json!({"settings": {"rateLimiter": over}}));
        app.write("project.yaml", "acme", &spec);
        app.until_revision(|now| now["tenants"][0]["documentRevision"] != before).await;
    };
    reload(json!({"floodLimits": {"tokens": 4}})).await;
    for expected in [200, 429] {
        assert_eq!(login(&app, "192.0.2.1").await, expected);
    }
    reload(json!({"enabled": false})).await;
    for _ in 0..5 {
        assert_eq!(login(&app, "192.0.2.1").await, 200);
    }
    app.end().await;
}

/// The server of `HANKO_TEST_REDIS_URL`. With `HANKO_TEST_REQUIRE_DATABASES` a missing one is a failure.
fn redis() -> Option<url::Url> {
    let url = std::env::var("HANKO_TEST_REDIS_URL").ok();
    let wanted = std::env::var_os("HANKO_TEST_REQUIRE_DATABASES").is_some();
    assert!(url.is_some() || !wanted, "HANKO_TEST_REDIS_URL is not set");
    url.map(|url| url.parse().unwrap())
}

async fn counting_at(spec: &Value, url: &str) -> TestApp {
    let prepared = TestApp::prepare(spec.clone()).await;
    prepared.secret("redis", "url", url);
    prepared.run(Default::default()).await
}

#[tokio::test]
async fn two_processes_count_together() {
    let Some(server) = redis() else { return };
    let spec = counted_together();
    let (one, other) = (counting_at(&spec, server.as_str()).await, counting_at(&spec, server.as_str()).await);
    until_counted(&one, "shared").await;
    until_counted(&other, "shared").await;
    assert_eq!(login(&one, "192.0.2.1").await, 200);
    assert_eq!(login(&other, "192.0.2.1").await, 200);
    for app in [&one, &other] {
        let refused = post(app, "/login", "192.0.2.1").await;
        assert_eq!(refused.status, 429);
        let seconds: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert_eq!(login(app, "192.0.2.2").await, 200);
    }
    one.end().await;
    other.end().await;
}

/// What stands between the process and the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    Open,
    /// Every connection ends.
    Cut,
    /// Connections stay and nothing passes.
    Stalled,
}

/// A way to a server that can be cut.
async fn way_to(server: &url::Url) -> (url::Url, watch::Sender<Way>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut through = server.clone();
    through.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    let (set, way) = watch::channel(Way::Open);
    let target = (server.host_str().unwrap().to_owned(), server.port().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let (target, mut way) = (target.clone(), way.clone());
            tokio::spawn(async move {
                let mut server = TcpStream::connect(target).await.unwrap();
                tokio::select! {
                    biased;
                    _ = way.wait_for(|way| *way != Way::Open) => {}
                    _ = copy_bidirectional(&mut client, &mut server) => {}
                }
                let _ = way.wait_for(|way| *way != Way::Stalled).await;
            });
        }
    });
    (through, set)
}

#[tokio::test]
async fn while_the_shared_server_is_away_each_process_counts_by_itself() {
    let Some(server) = redis() else { return };
    let (through, way) = way_to(&server).await;
    let app = counting_at(&counted_together(), through.as_str()).await;
    until_counted(&app, "shared").await;
    assert_eq!(login(&app, "192.0.2.1").await, 200);
    for gone in [Way::Cut, Way::Stalled] {
        way.send(gone).unwrap();
        let client = format!("192.0.2.{}", gone as u8 + 10);
        for expected in [200, 200, 429] {
            assert_eq!(login(&app, &client).await, expected, "{gone:?}: nobody waits, and the limit holds");
        }
        until_counted(&app, "alone").await;
        way.send(Way::Open).unwrap();
        until_counted(&app, "shared").await;
    }
    assert_eq!(login(&app, "192.0.2.1").await, 200, "the second of the window that began before");
    assert_eq!(login(&app, "192.0.2.1").await, 429);
    app.end().await;
}

#[tokio::test]
async fn another_url_in_the_secret_is_followed_and_a_wrong_one_is_never_shown() {
    let Some(server) = redis() else { return };
    let app = counting_at(&counted_together(), "redis://:hunter2@127.0.0.1:1/0").await;
    until_counted(&app, "alone").await;
    assert_eq!(login(&app, "192.0.2.1").await, 200, "no login waits for the server");
    write_secret(&app.secrets(), "redis", "url", server.as_str());
    until_counted(&app, "shared").await;

    write_secret(&app.secrets(), "redis", "url", "http://:hunter2@127.0.0.1/0");
    let refused = app.until_revision(|now| !now["refused"].as_array().unwrap().is_empty()).await;
    let reason = refused["refused"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("redis://") && !reason.contains("hunter2"), "{reason}");
    until_counted(&app, "shared").await;
    app.end().await;
}
