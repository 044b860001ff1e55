//! `/webhooks`: receivers of events, and what became of deliveries to them.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    call, database,
    support::{Answer, TestApp, send},
};

const UNKNOWN: &str = "7d3c6f0e-4b52-4b43-9b0f-0d3f3c1a2b11";

fn wrapped(message: &str) -> Value {
    json!({"code": 400, "message": format!("code=400, message={message}")})
}

fn refused(answer: &Answer, status: u16, message: &str) {
    assert_eq!((answer.status.as_u16(), answer.json()), (status, json!({"code": status, "message": message})));
}

/// Until `is` right, what the deliveries of a receiver are.
async fn deliveries(app: &TestApp, id: &str, is: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let mut found = Vec::new();
    for _ in 0..1_000 {
        let answer = call(app, "GET", &format!("/webhooks/{id}/deliveries"), None).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        found = answer.json().as_array().unwrap().clone();
        if is(&found) {
            return found;
        }
        // A receiver that fails is left alone for a while, by the clock.
        app.clock.advance(std::time::Duration::from_millis(200));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the deliveries do not come to the expected state: {found:#?}");
}

async fn make_user(app: &TestApp, username: &str) {
    let made = call(app, "POST", "/users", Some(json!({"username": username}))).await;
    assert_eq!(made.status, 200, "{}", made.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_is_made_changed_and_removed_and_its_secret_is_told_once() {
    let app = TestApp::start().await;
    let empty = call(&app, "GET", "/webhooks", None).await.json();
    assert_eq!(empty, json!({"database": [], "config": null}));

    let body = json!({"callback": "https://hooks.acme.test/in", "events": ["user", "session.create", "user"]});
    let made = call(&app, "POST", "/webhooks", Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert!(secret.starts_with("whsec_"));
    assert_eq!((&made["enabled"], &made["failures"]), (&json!(true), &json!(0)));
    assert_eq!(made["expires_at"], "2026-01-31T00:00:00Z");
    let names = |view: &Value| -> Vec<String> {
        view["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect()
    };
    let mut told = names(&made);
    told.sort_unstable();
    assert_eq!(told, ["session.create", "user"]);
    assert!(!database::holds(&app, secret.trim_start_matches("whsec_")), "the secret lies open");

    let path = format!("/webhooks/{id}");
    let read = call(&app, "GET", &path, None).await.json();
    assert_eq!(read["callback"], "https://hooks.acme.test/in");
    assert!(read.get("secret").is_none());
    let listed = call(&app, "GET", "/admin/webhooks", None).await.json();
    assert_eq!(listed["database"], json!([read]));

    let body =
        json!({"callback": "https://hooks.acme.test/new", "events": ["user.login"], "enabled": false, "id": UNKNOWN});
    let changed = call(&app, "PUT", &path, Some(body)).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let changed = changed.json();
    assert_eq!((&changed["id"], &changed["enabled"]), (&json!(id), &json!(false)));
    assert_eq!(names(&changed), ["user.login"]);

    let rotated = call(&app, "POST", &format!("{path}/rotate_secret"), None).await;
    assert_eq!(rotated.status, 200, "{}", rotated.text());
    assert_eq!(rotated.json()["previous_until"], "2026-01-02T00:00:00Z");
    assert_ne!(rotated.json()["secret"], secret);

    let removed = call(&app, "DELETE", &path, None).await;
    assert_eq!((removed.status.as_u16(), removed.text()), (204, String::new()));
    let message = format!("unable to find webhook with id: {id}");
    for (method, path, body) in [
        ("GET", path.clone(), None),
        ("DELETE", path.clone(), None),
        ("PUT", path.clone(), Some(json!({"callback": "https://a.test", "events": ["user"], "enabled": true}))),
        ("POST", format!("{path}/rotate_secret"), None),
        ("GET", format!("{path}/deliveries"), None),
        ("POST", format!("{path}/deliveries/replay"), None),
        ("POST", format!("{path}/deliveries/{UNKNOWN}/replay"), None),
    ] {
        refused(&call(&app, method, &path, body).await, 404, &message);
    }

    let sql =
        "SELECT type || ' ' || actor_api_key || ' ' || details FROM audit_logs WHERE type LIKE 'webhook%' ORDER BY id";
    let rows = database::texts(&app, sql).await;
    let kinds: Vec<&str> = rows.iter().map(|row| row.split(' ').next().unwrap()).collect();
    assert_eq!(kinds, ["webhook_created", "webhook_updated", "webhook_secret_rotated", "webhook_deleted"]);
    assert!(rows.iter().all(|row| row.contains(" generated ") && row.contains(id)), "{rows:?}");
    assert!(!rows.iter().any(|row| row.contains("/in")), "a callback's path may be a secret: {rows:?}");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_receiver_is_refused_in_the_words_of_the_contract() {
    let app = TestApp::start().await;
    for (body, message) in [
        (json!({}), "callback is a required field and events is a required field"),
        (json!({"callback": "", "events": ["user"]}), "callback is a required field"),
        (json!({"callback": "lorem", "events": ["user"]}), "callback must be a valid URL"),
        (json!({"callback": "ftp://a.test", "events": ["user"]}), "callback must be a valid URL"),
        (json!({"callback": "https://u:p@a.test", "events": ["user"]}), "callback must be a valid URL"),
        (json!({"callback": "https://a.test", "events": null}), "events is a required field"),
        (json!({"callback": "https://a.test", "events": []}), "length of events must be greater or equal to 1"),
        (json!({"callback": "https://a.test", "events": ["cat"]}), "cat in events[0] is not a valid webhook event"),
    ] {
        let answer = call(&app, "POST", "/webhooks", Some(body.clone())).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (400, wrapped(message)), "{body}");
    }
    let body = json!({"callback": "https://a.test", "events": ["user"]});
    let answer = call(&app, "PUT", &format!("/webhooks/{UNKNOWN}"), Some(body)).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (400, wrapped("enabled is a required field")));
    for id in ["x", "7d3c6f0e-4b52-1b43-9b0f-0d3f3c1a2b11", "7D3C6F0E-4b52-4b43-9b0f-0d3f3c1a2b11"] {
        for method in ["GET", "DELETE"] {
            let answer = call(&app, method, &format!("/webhooks/{id}"), None).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (400, wrapped("ID must be a valid uuid4")), "{id}");
        }
    }
    refused(
        &call(&app, "GET", &format!("/webhooks/{UNKNOWN}"), None).await,
        404,
        &format!("unable to find webhook with id: {UNKNOWN}"),
    );
    assert_eq!(call(&app, "GET", "/webhooks", None).await.json()["database"], json!([]));
    app.end().await;
}

/// Nobody listens there, and nobody may be called there; but that is known only when the name is looked up.
const NOWHERE: &str = "http://localhost:9/";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_listed_by_page_state_and_event_and_goes_out_again() {
    let app = TestApp::with(json!({"webhooks": {"maxAttempts": 1}})).await.may_leave_deliveries();
    let body = json!({"callback": NOWHERE, "events": ["user.create"]});
    let made = call(&app, "POST", "/webhooks", Some(body)).await.json();
    let id = made["id"].as_str().unwrap();
    for name in ["a", "b", "c"] {
        make_user(&app, name).await;
    }
    let dead = |found: &[Value]| found.len() == 3 && found.iter().all(|delivery| delivery["state"] == "dead");
    let found = deliveries(&app, id, dead).await;
    assert_eq!(found[0]["event"], "user.create");
    assert_eq!(found[0]["attempts"], 1);
    assert!(found[0]["last_error"].is_string() && found[0]["finished_at"].is_string(), "{:#}", found[0]);

    let path = format!("/webhooks/{id}/deliveries");
    let page = call(&app, "GET", &format!("{path}?per_page=2"), None).await;
    let link = page.header("link");
    assert_eq!(page.json(), json!(found[..2]));
    let next = link.strip_prefix('<').unwrap().split_once(">; rel=\"next\"").unwrap().0;
    let last = call(&app, "GET", next, None).await;
    assert_eq!((last.json(), last.header("link")), (json!(found[2..]), String::new()));

    let event = found[1]["event_id"].as_str().unwrap();
    for (query, count) in [
        ("?state=dead".to_owned(), 3),
        ("?state=done".to_owned(), 0),
        (format!("?event={event}"), 1),
        (format!("?event=msg_{}", event.replace('-', "")), 1),
        (format!("?event={event}&state=pending"), 0),
    ] {
        let answer = call(&app, "GET", &format!("{path}{query}"), None).await;
        assert_eq!(answer.json().as_array().unwrap().len(), count, "{query}");
    }
    for query in ["?state=lost", "?event=x", "?before=x", &format!("?before={UNKNOWN}")] {
        assert_eq!(call(&app, "GET", &format!("{path}{query}"), None).await.status, 400, "{query}");
    }

    // Disabled, so that what goes out again is seen to wait.
    let body = json!({"callback": NOWHERE, "events": ["user.create"], "enabled": false});
    assert_eq!(call(&app, "PUT", &format!("/webhooks/{id}"), Some(body)).await.status, 200);
    let one = found[1]["id"].as_str().unwrap();
    let replay = format!("{path}/{one}/replay");
    assert_eq!(call(&app, "POST", &replay, None).await.status, 202);
    refused(
        &call(&app, "POST", &replay, None).await,
        409,
        "the delivery is under way, or what it told is of no use any more",
    );
    let unknown = call(&app, "POST", &format!("{path}/{UNKNOWN}/replay"), None).await;
    refused(&unknown, 404, &format!("unable to find delivery with id: {UNKNOWN}"));
    let all = format!("{path}/replay");
    let range = |body: Value| call(&app, "POST", &all, Some(body));
    let none = range(json!({"from": "2026-01-02T00:00:00Z"})).await;
    assert_eq!((none.status.as_u16(), none.json()), (202, json!({"replayed": 0})));
    let rest = range(json!({"from": "2026-01-01T00:00:00Z", "state": "dead"})).await;
    assert_eq!(rest.json(), json!({"replayed": 2}));
    assert_eq!(range(json!({"state": "done"})).await.json(), wrapped("state must be dead"));
    let waiting = deliveries(&app, id, |found| found.iter().all(|delivery| delivery["state"] == "pending")).await;
    assert_eq!(waiting[0]["attempts"], 0);

    let sql = "SELECT details FROM audit_logs WHERE type = 'webhook_replayed' ORDER BY id";
    let rows = database::texts(&app, sql).await;
    assert!(rows.len() == 2 && rows[0].contains(one) && rows[1].contains("\"count\":2"), "{rows:?}");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_of_the_manifest_are_listed_and_their_deliveries_go_out_again() {
    let hook = json!({"name": "crm", "callback": NOWHERE, "events": ["user.create"]});
    let app = TestApp::with(json!({"webhooks": {"maxAttempts": 1, "hooks": [hook]}})).await.may_leave_deliveries();
    let listed = call(&app, "GET", "/webhooks", None).await.json();
    let own = &listed["config"][0];
    assert_eq!(
        (&own["name"], &own["callback"], &own["events"]),
        (&json!("crm"), &json!(NOWHERE), &json!(["user.create"]))
    );
    let id = own["id"].as_str().unwrap();
    assert_eq!(id.parse::<Uuid>().unwrap().get_version_num(), 5);
    make_user(&app, "a").await;
    let found = deliveries(&app, id, |found| found.len() == 1 && found[0]["state"] == "dead").await;
    let replay = format!("/webhooks/{id}/deliveries/{}/replay", found[0]["id"].as_str().unwrap());
    assert_eq!(call(&app, "POST", &replay, None).await.status, 202);
    // It is changed where it comes from.
    assert_eq!(call(&app, "DELETE", &format!("/webhooks/{id}"), None).await.status, 400);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_of_one_receiver_is_not_found_below_another() {
    let app = TestApp::with(json!({"webhooks": {"maxAttempts": 1}})).await.may_leave_deliveries();
    let mut ids = Vec::new();
    for event in ["user.create", "session"] {
        let body = json!({"callback": NOWHERE, "events": [event]});
        ids.push(call(&app, "POST", "/webhooks", Some(body)).await.json()["id"].as_str().unwrap().to_owned());
    }
    make_user(&app, "a").await;
    let found = deliveries(&app, &ids[0], |found| found.len() == 1 && found[0]["state"] == "dead").await;
    let path = format!("/webhooks/{}/deliveries/{}/replay", ids[1], found[0]["id"].as_str().unwrap());
    assert_eq!(call(&app, "POST", &path, None).await.status, 404);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_out_of_reach_is_refused_when_it_is_written() {
    let app = TestApp::start().await;
    for callback in ["http://127.0.0.1:9/", "http://169.254.169.254/", "http://[::1]/"] {
        let answer = call(&app, "POST", "/webhooks", Some(json!({"callback": callback, "events": ["user"]}))).await;
        assert_eq!(answer.status, 400, "{callback}");
    }
    assert_eq!(call(&app, "GET", "/webhooks", None).await.json()["database"], json!([]));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_another_type_is_refused_within_a_400() {
    let app = TestApp::start().await;
    let request =
        app.http.post(app.admin_url("/webhooks")).bearer_auth(app.admin_key()).header("Content-Type", "text/plain");
    let answer = send(request.body("{}")).await;
    let message = "code=415, message=Unsupported Media Type";
    assert_eq!(answer.json(), json!({"code": 400, "message": message}));
    app.end().await;
}
