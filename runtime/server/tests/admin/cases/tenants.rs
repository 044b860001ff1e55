//! Two projects of one process know nothing of each other, whoever's key it is (Q2, Q13).

use reqwest::Method;
use serde_json::{Value, json};

use super::{HASH, NOBODY, id, sound};
use crate::{
    support::{Answer, Prepared, TestApp, send},
    told,
};

const ACME: &str = "auth.acme.localhost";
const OTHER: &str = "auth.other.localhost";

struct Side<'a> {
    app: &'a TestApp,
    host: &'static str,
    key: String,
}

impl Side<'_> {
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = self.app.http.request(method.parse::<Method>().unwrap(), self.app.admin_url(path));
        let request = request.bearer_auth(&self.key).header("host", self.host);
        send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }
}

async fn both() -> TestApp {
    let prepared: Prepared = TestApp::prepare(json!({})).await;
    let own = json!({"hosts": [OTHER], "publicUrl": "http://auth.other.localhost:8000"});
    prepared.write("other.yaml", "other", &own);
    prepared.run(Default::default()).await
}

fn side<'a>(app: &'a TestApp, name: &str, host: &'static str) -> Side<'a> {
    let key = std::fs::read_to_string(app.secrets().join(format!("tenants/{name}-admin-key/key"))).unwrap();
    Side { app, host, key: key.trim().to_owned() }
}

#[tokio::test]
async fn nothing_of_one_is_seen_or_changed_with_the_others_key() {
    let app = both().await;
    let (acme, other) = (side(&app, "acme", ACME), side(&app, "other", OTHER));
    let body = json!({"emails": [{"address": "jane@x.test", "is_primary": true}, {"address": "two@x.test"}], "username": "jane", "password_hash": HASH});
    let user = acme.call("POST", "/users", Some(body.clone())).await.json();
    let (user, email) = (id(&user), id(&user["emails"][1]));
    acme.call("PATCH", &format!("/users/{user}/metadata"), Some(json!({"private_metadata": {"a": 1}}))).await;
    assert_eq!(acme.call("POST", "/sessions", Some(json!({"user_id": user}))).await.status, 200);
    let session = id(&acme.get(&format!("/users/{user}/sessions")).await[0]);
    let before = acme.get(&format!("/users/{user}")).await;

    for (method, path, body) in [
        ("GET", format!("/users/{user}"), None),
        ("DELETE", format!("/users/{user}"), None),
        ("PATCH", format!("/users/{user}"), Some(json!({"name": "x"}))),
        ("GET", format!("/users/{user}/metadata"), None),
        ("PATCH", format!("/users/{user}/metadata"), Some(json!({"public_metadata": {"x": 1}}))),
        ("POST", format!("/users/{user}/emails"), Some(json!({"address": "new@x.test"}))),
        ("GET", format!("/users/{user}/emails/{email}"), None),
        ("DELETE", format!("/users/{user}/emails/{email}"), None),
        ("POST", format!("/users/{user}/emails/{email}/set_primary"), None),
        ("GET", format!("/users/{user}/webauthn_credentials"), None),
        ("GET", format!("/users/{user}/password"), None),
        ("POST", format!("/users/{user}/password"), Some(json!({"password": "x"}))),
        ("PUT", format!("/users/{user}/password"), Some(json!({"password": "x"}))),
        ("DELETE", format!("/users/{user}/password"), None),
        ("GET", format!("/users/{user}/sessions"), None),
        ("DELETE", format!("/users/{user}/sessions/{session}"), None),
        ("GET", format!("/users/{user}/otp"), None),
        ("DELETE", format!("/users/{user}/otp"), None),
        ("POST", "/sessions".into(), Some(json!({"user_id": user}))),
    ] {
        let foreign = other.call(method, &path, body.clone()).await;
        sound(&foreign, &path);
        assert_eq!(told(&foreign).0, 404, "{method} {path}");
        // The words are those for somebody who does not exist.
        let unknown = other
            .call(
                method,
                &path.replace(&user, NOBODY),
                body.map(|body| json!(body.to_string().replace(&user, NOBODY).parse::<Value>().unwrap())),
            )
            .await;
        assert_eq!(foreign.text().replace(&user, NOBODY), unknown.text(), "{method} {path}");
    }
    assert_eq!(other.get(&format!("/users/{user}/emails")).await, json!([]));
    for query in [
        "",
        "?email=jane",
        "?username=jane",
        "?email=nobody&username=jane",
        &format!("?user_id={user}"),
        r#"?private_metadata={"a":1}"#,
    ] {
        let list = other.call("GET", &format!("/users{query}"), None).await;
        assert_eq!((list.text().trim(), list.header("x-total-count").as_str()), ("[]", "0"), "{query}");
    }
    assert_eq!(acme.get(&format!("/users/{user}")).await, before);
    assert_eq!(acme.get(&format!("/users/{user}/sessions")).await.as_array().unwrap().len(), 1);

    // One key at the other's host is no key.
    let crossed = Side { app: &app, host: OTHER, key: acme.key.clone() };
    assert_eq!(crossed.call("GET", "/users", None).await.status, 401);

    // Names, addresses and even ids are each project's own.
    let mut same = body;
    same["id"] = json!(user);
    let twin = other.call("POST", "/users", Some(same)).await;
    assert_eq!(twin.status, 200, "{}", twin.text());
    assert_eq!(other.call("DELETE", &format!("/users/{user}"), None).await.status, 204);
    assert_eq!(acme.get(&format!("/users/{user}")).await, before);
    app.may_leave_deliveries().end().await;
}
