//! How a process starts: with what it needs, without its database, and never with a key it made up.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests call this"
)]

mod support;

use std::fs;

use hanko_server::StartError;
use serde_json::{Value, json};
use support::{Prepared, TestApp};

async fn refusal(prepared: Prepared) -> String {
    match prepared.begin(Default::default()).await {
        Err(StartError::Configuration(reason)) => reason,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it started"),
    }
}

async fn on_postgres(url: &str) -> Prepared {
    let prepared = TestApp::prepare(json!({
        "database": {"postgres": {"urlRef": {"name": "acme-db", "key": "url"}}},
    }))
    .await;
    prepared.secret("acme-db", "url", url);
    prepared
}

#[tokio::test]
async fn it_starts_without_its_database_and_says_what_it_waits_for() {
    let prepared = on_postgres("postgres://nobody:hunter2@127.0.0.1:1/none").await;
    let app = prepared.begin(Default::default()).await.unwrap();
    assert_eq!(app.get("/livez").await.status, 200);
    for (answer, reason) in [
        (app.get("/readyz").await, "a tenant or its database is not ready"),
        (app.get_admin("/health/ready").await, "tenants/acme: "),
    ] {
        assert_eq!(answer.status, 503);
        assert_eq!(answer.json()["ready"], false);
        assert!(answer.json()["reasons"][0].as_str().unwrap().starts_with(reason), "{}", answer.text());
        assert!(!answer.text().contains("hunter2"));
    }
    let busy = app.get("/.well-known/jwks.json").await;
    assert_eq!((busy.status.as_u16(), busy.header("retry-after").as_str()), (503, "2"));
    assert_eq!(app.revision().await["tenants"], json!([]));
    app.may_leave_deliveries().end().await;
}

#[tokio::test]
async fn it_serves_as_soon_as_its_database_answers() {
    let Ok(server) = std::env::var("HANKO_TEST_POSTGRES_URL") else { return };
    let name = format!("start_{}", std::process::id());
    execute(&server, format!("CREATE DATABASE {name}")).await;
    // A forwarder that is not there yet stands for the database that comes back.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let real: url::Url = server.parse().unwrap();
    let mut through = real.clone();
    through.set_host(Some("127.0.0.1")).unwrap();
    through.set_port(Some(address.port())).unwrap();
    through.set_path(&name);
    let app = on_postgres(through.as_str()).await.begin(Default::default()).await.unwrap();
    assert_eq!(app.get("/readyz").await.status, 503);
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let target = format!("{}:{}", real.host_str().unwrap(), real.port().unwrap_or(5432));
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let target = target.clone();
            tokio::spawn(async move {
                let mut far = tokio::net::TcpStream::connect(target).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    app.until_ready().await;
    assert_eq!(app.get("/.well-known/jwks.json").await.status, 200);
    app.end().await;
    execute(&server, format!("DROP DATABASE {name}")).await;
}

async fn execute(server: &str, statement: String) {
    use sqlx::{Connection, Executor};
    let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_restart_finds_its_keys_again() {
    let app = TestApp::start().await;
    let (keys, revision) = (app.get("/.well-known/jwks.json").await.body, app.revision().await);
    let app = app.stop().await.run(Default::default()).await;
    assert_eq!(app.get("/.well-known/jwks.json").await.body, keys);
    assert_eq!(app.revision().await, revision);
    app.end().await;
}

#[tokio::test]
async fn a_missing_master_key_is_not_replaced_once_there_is_data() {
    let prepared = TestApp::start().await.stop().await;
    fs::remove_dir_all(prepared.folder.path().join("secrets")).unwrap();
    let app = prepared.begin(Default::default()).await.unwrap();
    app.until_revision(|now| now["refused"].as_array().is_some_and(|refused| !refused.is_empty())).await;
    let ready = app.get_admin("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("master keys are missing"), "{}", ready.text());
    assert!(!app.secrets().exists());
    app.end().await;
}

#[tokio::test]
async fn projects_that_share_a_new_database_all_get_their_first_key() {
    let Ok(server) = std::env::var("HANKO_TEST_POSTGRES_URL") else { return };
    let name = format!("shared_{}", std::process::id());
    execute(&server, format!("CREATE DATABASE {name}")).await;
    let mut url: url::Url = server.parse().unwrap();
    url.set_path(&name);
    let prepared = on_postgres(url.as_str()).await;
    let spec: Value =
        serde_json::from_slice(&fs::read(prepared.sources().documents.join("project.yaml")).unwrap()).unwrap();
    for n in 0..5 {
        let mut other = spec["spec"].clone();
        other["hosts"] = json!([format!("auth{n}.acme.localhost")]);
        other["publicUrl"] = json!(format!("http://auth{n}.acme.localhost:8000"));
        prepared.write(&format!("other{n}.yaml"), &format!("other{n}"), &other);
    }
    let app = prepared.begin(Default::default()).await.unwrap();
    app.until_revision(|now| now["tenants"].as_array().is_some_and(|tenants| tenants.len() == 6)).await;
    app.end().await;
    execute(&server, format!("DROP DATABASE {name}")).await;
}

#[tokio::test]
async fn a_foreign_master_key_is_told_and_changes_nothing() {
    let prepared = TestApp::start().await.stop().await;
    prepared.secret("acme-keys", "k1", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let app = prepared.begin(Default::default()).await.unwrap();
    app.until_revision(|now| now["refused"].as_array().is_some_and(|refused| !refused.is_empty())).await;
    let reasons = app.get_admin("/readyz").await.text();
    assert!(reasons.contains("does not open"), "{reasons}");
    app.end().await;
}

#[tokio::test]
async fn what_is_missing_at_the_start_is_told_at_once() {
    let named = TestApp::prepare(json!({"keys": {"masterKeyRef": {"name": "my-keys"}}})).await;
    assert!(refusal(named).await.starts_with("tenants/acme: Secret `my-keys` is missing"));
    let smtp =
        TestApp::prepare(json!({"mail": {"smtp": {"tls": "starttls", "credentialsRef": {"name": "smtp"}}}})).await;
    smtp.secret("smtp", "username", "x");
    assert!(refusal(smtp).await.starts_with("tenants/acme: Secret `smtp` has no key `password`"));
    let empty = TestApp::prepare(json!({})).await;
    fs::remove_file(empty.folder.path().join("documents/project.yaml")).unwrap();
    assert!(refusal(empty).await.ends_with("holds no .yaml file"));
    let bad = TestApp::prepare(json!({"origins": ["http://app.acme.example"]})).await;
    bad.write("second.yaml", "beta", &json!({"hosts": ["auth.acme.localhost"]}));
    let reasons = refusal(bad).await;
    assert!(
        reasons.contains("tenants/beta: spec.hosts[0]: ") && reasons.contains("tenants/acme: spec.origins[0]: "),
        "{reasons}"
    );
}
