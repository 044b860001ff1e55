//! Two processes on one PostgreSQL: what was asked for at one is answered at the other, and counts once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    call,
    crowd::{on_postgres, postgres},
    join, me, merge, open,
    passcodes::futures_join,
    post, set_password,
    support::TestApp,
    told,
};

/// How often each status came, of requests that both processes get at once.
async fn crowd(apps: [&TestApp; 2], path: &str, body: &Value) -> BTreeMap<(u16, String), usize> {
    let answers = futures_join((0..12).map(|n| post(apps[n % 2], path, body.clone()))).await;
    let mut seen = BTreeMap::new();
    for answer in answers {
        let what = if answer.status == 200 { (200, String::new()) } else { told(&answer) };
        *seen.entry(what).or_default() += 1;
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_one_database_are_one() {
    let Some(url) = postgres().await else { return };
    let mut spec = open(json!({"rateLimiter": {"enabled": false}}));
    merge(&mut spec, json!({"tenantId": hanko_domain::Random::system().uuid_v4()}));
    let (one, other) = (on_postgres(spec.clone(), &url).await, on_postgres(spec, &url).await);
    // Each process mails what it finds first.
    let newest = async || {
        for _ in 0..500 {
            for app in [&one, &other] {
                if app.mailbox.left() > 0 {
                    return app.mailbox.take("jane@x.de").await.code();
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("no mail");
    };
    let new = post(&one, "/users", json!({"email": "jane@x.de"})).await.json();
    let pair = json!({"user_id": new["id"], "email_id": new["email_id"]});
    let sent = post(&other, "/passcode/login/initialize", pair).await.json();
    let shown = json!({"id": sent["id"], "code": newest().await});
    let answer = post(&one, "/passcode/login/finalize", shown).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cookie = answer.cookie();
    assert_eq!(me(&other, &cookie).await["id"], new["id"]);
    let password = json!({"user_id": new["id"], "password": crate::PASSWORD});
    assert_eq!(call(&other, "PUT", "/password", &cookie, Some(password.clone())).await.status, 201);
    assert_eq!(post(&one, "/password/login", password).await.status, 200);

    let sent = post(&one, "/passcode/login/initialize", json!({"user_id": new["id"]})).await.json();
    let code = newest().await;
    let wrong = json!({"id": sent["id"], "code": if code == "000000" { "111111" } else { "000000" }});
    let seen = crowd([&one, &other], "/passcode/login/finalize", &wrong).await;
    let expected = [
        ((401, "Unauthorized".to_owned()), 2),
        ((401, "passcode not found".to_owned()), 9),
        ((410, "max attempts reached".to_owned()), 1),
    ];
    assert_eq!(seen, BTreeMap::from(expected), "three of a crowd count");

    let sent = post(&one, "/passcode/login/initialize", json!({"user_id": new["id"]})).await.json();
    let right = json!({"id": sent["id"], "code": newest().await});
    let seen = crowd([&one, &other], "/passcode/login/finalize", &right).await;
    let expected = [((200, String::new()), 1), ((401, "passcode not found".to_owned()), 11)];
    assert_eq!(seen, BTreeMap::from(expected), "one of a crowd signs in");

    assert_eq!(call(&one, "DELETE", "/me", &cookie, None).await.status, 204);
    assert_eq!(call(&other, "GET", "/me", &cookie, None).await.status, 401);
    one.may_leave_deliveries().end().await;
    other.may_leave_deliveries().end().await;
}

#[tokio::test]
async fn a_person_joins_and_sets_a_password_on_postgres() {
    let Some(url) = postgres().await else { return };
    let app = on_postgres(open(json!({})), &url).await;
    let jane = join(&app, "jane@x.de").await;
    set_password(&app, &jane).await;
    let found = post(&app, "/user", json!({"email": "jane@x.de"})).await.json();
    assert_eq!(found["id"], json!(jane.id));
    app.end().await;
}
