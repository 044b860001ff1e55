//! `email.send`: somebody is told of mails, and may send them instead of a mail server.

use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    claims, hook,
    mock::{Conduct, Receiver},
    support::{Flow, TestApp, merge, passcodes_only},
    until,
};

async fn start(mail: bool, receiver: &Receiver) -> TestApp {
    let mut spec = passcodes_only();
    merge(
        &mut spec,
        json!({
            "webhooks": {"hooks": [hook("mails", receiver, &["email.send"])]},
            "outbound": {"allowedNetworks": ["127.0.0.0/8"]},
        }),
    );
    if !mail {
        spec["mail"] = Value::Null;
    }
    TestApp::with(spec).await
}

/// The mail that the receiver is told of as the `n`th.
async fn told(receiver: &Receiver, n: usize) -> Value {
    until("the mail is told of", async || receiver.received().len() > n).await;
    let claims = claims(&receiver.received()[n]);
    assert_eq!(claims["evt"], "email.send");
    claims["data"].clone()
}

/// Whether anything of a mail is left that could be read with the keys.
async fn is_kept(app: &TestApp) -> bool {
    let folder = app.documents().parent().unwrap().join("data");
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|extension| extension == "db")).unwrap();
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await.unwrap();
    let sql = "SELECT COUNT(*) FROM events WHERE type = 'email.send' AND payload IS NOT NULL";
    let (count,): (i64,) = sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap();
    count > 0
}

#[tokio::test]
async fn whoever_is_told_of_mails_sends_them_where_the_project_has_no_mail_server() {
    let receiver = Receiver::start(Conduct::Status(200)).await;
    let app = start(false, &receiver).await;
    let mut flow = Flow::begin_with(&app, "/registration", &[("X-Language", "de")]).await;
    flow.act("register_client_capabilities", json!({"webauthn_available": false})).await;
    flow.act("register_login_identifier", json!({"email": "jane@x.de"})).await;
    let mail = told(&receiver, 0).await;
    let code = mail["data"]["otp_code"].as_str().unwrap();
    assert_eq!(
        (&mail["type"], &mail["to_email_address"], &mail["delivered_by_hanko"], &mail["language"]),
        (&json!("email_verification"), &json!("jane@x.de"), &json!(false), &json!("de"))
    );
    assert!(mail["subject"].as_str().unwrap().contains(code) || mail["body_plain"].as_str().unwrap().contains(code));
    assert!(mail["body"].as_str().unwrap().contains(code));
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
    until("nothing is left of the mail", async || !is_kept(&app).await).await;
    assert_eq!(app.mailbox.left(), 0);
    app.end().await;
}

#[tokio::test]
async fn whoever_is_told_of_mails_hears_of_those_that_were_sent() {
    let receiver = Receiver::start(Conduct::Status(200)).await;
    let app = start(true, &receiver).await;
    app.sign_up("jane@x.de").await;
    let mail = told(&receiver, 0).await;
    assert_eq!((&mail["delivered_by_hanko"], &mail["data"]["ttl"]), (&json!(true), &json!(300)));
    until("nothing is left of the mail", async || !is_kept(&app).await).await;
    app.end().await;
}

#[tokio::test]
async fn a_code_that_has_expired_is_not_told() {
    let receiver = Receiver::start(Conduct::Status(500)).await;
    let app = start(true, &receiver).await;
    app.sign_up("jane@x.de").await;
    told(&receiver, 0).await;
    app.clock.advance(std::time::Duration::from_secs(301));
    until("nothing is left of the mail", async || !is_kept(&app).await).await;
    assert_eq!(receiver.received().len(), 1);
    app.end().await;
}
