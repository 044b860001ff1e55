//! A journey on PostgreSQL.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{call, join, me, open, passcodes::futures_join, post, set_password, support::TestApp};

#[tokio::test]
async fn sign_up_and_in_on_postgres_one_code_for_one() {
    let Ok(server) = std::env::var("HANKO_TEST_POSTGRES_URL") else {
        assert!(std::env::var_os("HANKO_TEST_REQUIRE_DATABASES").is_none(), "HANKO_TEST_POSTGRES_URL is not set");
        return;
    };
    let name = format!("t{}", hanko_domain::Random::system().uuid_v4().simple());
    let mut connection = PgConnection::connect(&server).await.unwrap();
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let mut url = url::Url::parse(&server).unwrap();
    url.set_path(&name);

    let mut spec = open(json!({}));
    spec["database"] = json!({"postgres": {"urlRef": {"name": "db", "key": "url"}}});
    let prepared = TestApp::prepare(spec).await;
    prepared.secret("db", "url", url.as_str());
    let app = prepared.run(Default::default()).await;
    let jane = join(&app, "jane@x.de").await;
    set_password(&app, &jane).await;
    let body = json!({"user_id": jane.id, "password": crate::PASSWORD});
    assert_eq!(me(&app, &post(&app, "/password/login", body).await.cookie()).await["id"], json!(jane.id));
    let sent = post(&app, "/passcode/login/initialize", json!({"user_id": jane.id})).await.json();
    let shown = json!({"id": sent["id"], "code": app.mailbox.take("jane@x.de").await.code()});
    let answers = futures_join((0..8).map(|_| post(&app, "/passcode/login/finalize", shown.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(call(&app, "DELETE", "/me", &jane.cookie, None).await.status, 204);
    app.end().await;
}
