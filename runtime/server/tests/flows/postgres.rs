//! A whole journey on PostgreSQL.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{PASSWORD, identify, register, support::TestApp};

#[tokio::test]
async fn register_and_sign_in_on_postgres() {
    let Ok(server) = std::env::var("HANKO_TEST_POSTGRES_URL") else {
        assert!(std::env::var_os("HANKO_TEST_REQUIRE_DATABASES").is_none(), "HANKO_TEST_POSTGRES_URL is not set");
        return;
    };
    let name = format!("t{}", hanko_domain::Random::system().uuid_v4().simple());
    let mut connection = PgConnection::connect(&server).await.unwrap();
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let mut url = url::Url::parse(&server).unwrap();
    url.set_path(&name);

    let reference = json!({"name": "db", "key": "url"});
    let prepared = TestApp::prepare(json!({"database": {"postgres": {"urlRef": reference}}})).await;
    prepared.secret("db", "url", url.as_str());
    let app = prepared.run(Default::default()).await;
    register(&app, "jane@x.de").await;
    let mut flow = identify(&app, "jane@x.de").await;
    flow.act("continue_to_password_login", json!({})).await;
    flow.act("password_login", json!({"password": PASSWORD})).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    let me = app.get_with("/me", &[("cookie", &flow.answer.cookie())]).await;
    assert_eq!(me.json()["emails"][0]["address"], "jane@x.de");
    app.end().await;
}
