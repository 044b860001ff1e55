//! Every route of users with every kind of bad input (§§1.5–1.9): never a broken server, always the envelope, and nobody else is touched.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::{HASH, NOBODY, id, raw, sound};
use crate::{
    call,
    crowd::apps,
    described, get, made, post, saying,
    support::{TestApp, send},
    told,
};

/// A route, with `U` for a user's id and `S` for the id of something of it.
struct Route {
    method: &'static str,
    path: &'static str,
    /// The members of its body, each with something that is fine.
    members: fn() -> Value,
    /// Whether path and body are bound together.
    wrapped: bool,
}

const fn route(method: &'static str, path: &'static str, wrapped: bool, members: fn() -> Value) -> Route {
    Route { method, path, members, wrapped }
}

fn none() -> Value {
    Value::Null
}

const ROUTES: [Route; 22] = [
    route("GET", "/users", false, none),
    route("POST", "/users", false, || {
        json!({"id": NOBODY, "emails": [{"address": "new@acme.test", "is_primary": true, "is_verified": true}], "username": "new",
            "created_at": "2026-01-01T00:00:00Z", "password_hash": HASH})
    }),
    route("GET", "/users/U", false, none),
    route("DELETE", "/users/U", false, none),
    route(
        "PATCH",
        "/users/U",
        false,
        || json!({"username": "new", "name": "New", "given_name": "New", "family_name": "New", "picture": "https://acme.test/p"}),
    ),
    route("GET", "/users/U/metadata", false, none),
    route(
        "PATCH",
        "/users/U/metadata",
        true,
        || json!({"public_metadata": {"a": 1}, "private_metadata": {"a": 1}, "unsafe_metadata": {"a": 1}}),
    ),
    route("GET", "/users/U/emails", true, none),
    route("POST", "/users/U/emails", true, || json!({"address": "new@acme.test", "is_verified": true})),
    route("GET", "/users/U/emails/S", true, none),
    route("DELETE", "/users/U/emails/S", true, none),
    route("POST", "/users/U/emails/S/set_primary", true, none),
    route("GET", "/users/U/webauthn_credentials", true, none),
    route("GET", "/users/U/webauthn_credentials/S", true, none),
    route("DELETE", "/users/U/webauthn_credentials/S", true, none),
    route("GET", "/users/U/password", true, none),
    route("POST", "/users/U/password", true, || json!({"password": "long enough"})),
    route("PUT", "/users/U/password", true, || json!({"password": "long enough"})),
    route("DELETE", "/users/U/password", true, none),
    route("GET", "/users/U/sessions", true, none),
    route("DELETE", "/users/U/sessions/S", true, none),
    route("POST", "/sessions", false, || json!({"user_id": NOBODY, "user_agent": "curl", "ip_address": "192.0.2.1"})),
];

impl Route {
    fn at(&self, user: &str, part: &str) -> String {
        let filled = self.path.split('/').map(|name| match name {
            "U" => user,
            "S" => part,
            name => name,
        });
        filled.collect::<Vec<_>>().join("/")
    }

    fn has_body(&self) -> bool {
        !(self.members)().is_null()
    }
}

/// Bodies that no route wants: media type, and the bytes.
fn bodies(good: &Value) -> Vec<(&'static str, Vec<u8>)> {
    let json = "application/json";
    let mut all: Vec<(&str, Vec<u8>)> = vec![
        ("", Vec::new()),
        (json, Vec::new()),
        ("text/plain", good.to_string().into()),
        ("", good.to_string().into()),
        ("application/x-www-form-urlencoded", b"address=new%40acme.test".to_vec()),
        ("multipart/form-data", b"x".to_vec()),
        ("application/jsonp", good.to_string().into()),
        (json, b" ".to_vec()),
        (json, b"{".to_vec()),
        (json, b"nonsense".to_vec()),
        (json, b"\xff\xfe".to_vec()),
        (json, b"{\"username\":\"\xff\",\"address\":\"\xff\",\"password\":\"\xff\"}".to_vec()),
        (json, br#"{"username":"\ud800","address":"\ud800@acme.test"}"#.to_vec()),
        (json, b"\xef\xbb\xbf{}".to_vec()),
        (json, format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)).into()),
        (json, format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000)).into()),
        (json, format!("{{\"x\":\"{}\"}}", "x".repeat(70_000)).into()),
        (json, b"[]".to_vec()),
        (json, b"5".to_vec()),
        (json, b"1e999".to_vec()),
        (json, b"\"text\"".to_vec()),
        (json, b"true".to_vec()),
    ];
    let long = "x".repeat(20_000);
    let values = [
        json!(null),
        json!(5),
        json!(-1.5e300),
        json!(true),
        json!([]),
        json!({}),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("a\u{0}b"),
        json!("\u{202e}\u{feff}"),
        json!(long),
        json!(["x", 5, null]),
        json!({"address": 5, "a": {"b": "\u{0}"}}),
        json!([{"address": "a\u{0}@acme.test", "is_primary": "yes"}]),
        json!([null, [], 5]),
        json!("9999-99-99T99:99:99Z"),
        json!("9999-12-31T23:59:60Z"),
        json!("0000-01-01T00:00:00Z"),
        json!("%00"),
        json!("a@b@c.test"),
    ];
    for member in good.as_object().into_iter().flatten().map(|(name, _)| name) {
        for value in &values {
            let mut body = good.clone();
            body[member] = value.clone();
            all.push((json, body.to_string().into()));
        }
        let (first, second) = (json!({member: 5}).to_string(), good.to_string());
        // Twice, the second in capitals: the last counts.
        all.push((json, format!("{},{}", &second[..second.len() - 1], &first.to_uppercase()[1..]).into()));
    }
    all
}

/// Nobody's user is named, so that nothing may come of it, whatever the body is.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_body_breaks_a_route_or_touches_somebody() {
    for app in apps(json!({})).await {
        let witness = made(&app, "witness@acme.test").await;
        post(&app, &format!("/users/{witness}/password"), json!({"password": "witness"})).await;
        let before = get(&app, &format!("/users/{witness}")).await.json();
        let mut answered = BTreeSet::new();
        for route in &ROUTES {
            let own = if route.path == "/users" || route.path == "/sessions" {
                NOBODY.to_owned()
            } else {
                made(&app, "own@acme.test").await
            };
            for user in [NOBODY, &own] {
                for (content_type, body) in bodies(&(route.members)()) {
                    let at = format!(
                        "{} {} {content_type} {}",
                        route.method,
                        route.path,
                        String::from_utf8_lossy(&body[..body.len().min(200)])
                    );
                    let absent = body.is_empty();
                    let answer = raw(&app, route.method, &route.at(user, NOBODY), content_type, body).await;
                    sound(&answer, &at);
                    if answered.insert((route.method, route.path, answer.status.as_u16())) {
                        described::check(route.method, &route.at(user, NOBODY), &answer);
                    }
                    if !absent && route.has_body() && content_type != "application/json" {
                        let expected = if route.wrapped { super::wrapped("x").0 } else { 415 };
                        assert_eq!(answer.status.as_u16(), expected, "{at}");
                        assert!(answer.text().contains("Unsupported Media Type"), "{at}");
                    }
                }
            }
            for left in ["own@acme.test", "new@acme.test"] {
                for user in get(&app, &format!("/users?email={left}&username=new")).await.json().as_array().unwrap() {
                    call(&app, "DELETE", &format!("/users/{}", id(user)), None).await;
                }
            }
            call(&app, "DELETE", &format!("/users/{NOBODY}"), None).await;
        }
        assert_eq!(get(&app, &format!("/users/{witness}")).await.json(), before);
        app.may_leave_deliveries().end().await;
    }
}

/// Ids of each check (§1.7), and none.
#[tokio::test]
async fn no_id_breaks_a_route() {
    let ids = [
        "",
        "x",
        "0",
        "-1",
        "%00",
        "%FF",
        "%2F",
        "..",
        "%2E%2E",
        "a%00b",
        "'",
        "%25",
        "{}",
        "%7B%7D",
        "urn:uuid:",
        "null",
        "00000000-0000-0000-0000-000000000000",
        "f2882293f1d64a9d91a2b3b28f6a4c50",
        "F2882293-F1D6-4A9D-91A2-B3B28F6A4C50",
        "f2882293-f1d6-1a9d-91a2-b3b28f6a4c50",
        "%F0%9F%98%80",
        &"x".repeat(5_000),
    ];
    for app in apps(json!({})).await {
        let jane = made(&app, "jane@acme.test").await;
        for route in ROUTES.iter().filter(|route| route.path.contains('U')) {
            let good = (route.members)().to_string();
            for bad in ids {
                let mut paths = vec![route.at(bad, NOBODY)];
                if route.path.contains('S') {
                    paths.extend([route.at(&jane, bad), route.at(bad, bad)]);
                }
                for path in paths {
                    let at = format!("{} {path}", route.method);
                    let answer = raw(&app, route.method, &path, "application/json", good.clone().into()).await;
                    sound(&answer, &at);
                    // Of an unknown user the addresses are an empty list (Q11).
                    let is_list =
                        route.method == "GET" && (route.path.ends_with("/emails") || bad == ".." || bad == "%2E%2E");
                    assert!(
                        is_list || [400, 404].contains(&answer.status.as_u16()),
                        "{at}: {} {}",
                        answer.status,
                        answer.text()
                    );
                }
            }
        }
        assert_eq!(get(&app, &format!("/users/{jane}")).await.status, 200);
        app.end().await;
    }
}

/// §1.8, §1.9.
#[tokio::test]
async fn only_what_is_described_is_found() {
    let app = TestApp::start().await;
    let jane = made(&app, "jane@acme.test").await;
    let paths: BTreeSet<&str> = ROUTES.iter().map(|route| route.path).collect();
    for path in paths {
        let known: Vec<&str> = ROUTES.iter().filter(|route| route.path == path).map(|route| route.method).collect();
        let filled = ROUTES.iter().find(|route| route.path == path).unwrap().at(&jane, NOBODY);
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"] {
            for prefix in ["", "/admin"] {
                let slash = raw(&app, method, &format!("{prefix}{filled}/"), "application/json", b"{}".to_vec()).await;
                assert_eq!(told(&slash), saying(404, "Not Found"), "{method} {filled}/");
                if !known.contains(&method) {
                    let answer =
                        raw(&app, method, &format!("{prefix}{filled}"), "application/json", b"{}".to_vec()).await;
                    assert_eq!(told(&answer), saying(404, "Not Found"), "{method} {filled}");
                }
            }
        }
        let head = send(app.http.request(Method::HEAD, app.admin_url(&filled)).bearer_auth(app.admin_key())).await;
        assert_eq!(head.text(), "", "{filled}");
        let only_written = !known.contains(&"GET");
        assert_eq!(
            head.status == 404,
            only_written || path.contains('S') || path.ends_with("password"),
            "{filled}: {}",
            head.status
        );
    }
    assert_eq!(get(&app, &format!("/users/{jane}")).await.status, 200);
    app.end().await;
}

/// Members that no route knows, names in any case, and the last of several.
#[tokio::test]
async fn members_are_read_as_the_contract_says() {
    for app in apps(json!({})).await {
        for (n, body) in [
            r#"{"USERNAME":"name0","Id":null,"more":{"deep":[1]}}"#,
            r#"{"username":"other","Username":"name1"} trailing"#,
            r#"{"username":5,"username":"name2"}"#,
            r#"{"userName":"name3"}{"username":"other"}"#,
        ]
        .into_iter()
        .enumerate()
        {
            let answer = raw(&app, "POST", "/users", "application/json; charset=utf-8", body.into()).await;
            assert_eq!(answer.status, 200, "{body}: {}", answer.text());
            assert_eq!(answer.json()["username"]["username"], format!("name{n}"), "{body}");
        }
        app.end().await;
    }
}

/// A body that stops in the middle, or is longer than anybody needs, holds nobody up.
#[tokio::test]
async fn a_body_that_is_too_big_is_refused_on_every_route() {
    let app = TestApp::start().await;
    let jane = made(&app, "jane@acme.test").await;
    for route in ROUTES.iter().filter(|route| route.has_body()) {
        let body = json!("x".repeat(70_000)).to_string();
        let answer = raw(&app, route.method, &route.at(&jane, NOBODY), "application/json", body.into()).await;
        assert_eq!(told(&answer), saying(413, "Payload Too Large"), "{} {}", route.method, route.path);
    }
    app.end().await;
}
