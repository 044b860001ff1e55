//! Who may call what, from the description's own list of operations, and what every route does alike.

use hanko_domain::ApiScope;
use hanko_server::Limits;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    DESCRIPTION, call, get, made, saying,
    support::{Answer, Prepared, TestApp, send},
    told,
};

const SOMEBODY: &str = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50";
const NO_KEY: &str = "an API key is required: send the header `Authorization: Bearer <key>`";
const NOT_GOOD: &str = "the API key is not known here or has expired; take the project's present key";

/// Text of a key that a test names.
pub fn key(name: &str) -> String {
    format!("{name:-<40}")
}

/// Prepares the sample project with keys of its own: name, scopes, end.
pub async fn prepare(keys: &[(&str, &[&str], Option<&str>)]) -> Prepared {
    let named = keys.iter().map(|(name, scopes, ends)| {
        let mut own = json!({"name": name, "scopes": scopes, "keyRef": {"name": "own-keys", "key": name}});
        if let Some(ends) = ends {
            own["expiresAt"] = (*ends).into();
        }
        own
    });
    let prepared = TestApp::prepare(json!({"adminApi": {"keys": named.collect::<Vec<_>>()}})).await;
    for (name, ..) in keys {
        prepared.secret("own-keys", name, &format!("{}\n", key(name)));
    }
    prepared
}

/// Operations that need a key: method, path with something in each part, and the part of the API.
fn operations() -> Vec<(String, String, String)> {
    let document: Value = serde_json::from_str(DESCRIPTION).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation.get("security").is_some() {
                let filled: Vec<&str> =
                    path.split('/').map(|part| if part.starts_with('{') { SOMEBODY } else { part }).collect();
                let tag = operation["tags"][0].as_str().unwrap().to_owned();
                all.push((method.to_uppercase(), filled.join("/"), tag));
            }
        }
    }
    all
}

async fn with(app: &TestApp, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = app.http.request(method.parse::<Method>().unwrap(), app.admin_url(path));
    send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

fn refused(answer: &Answer, at: &str) {
    assert_eq!(answer.status, 401, "{at}");
    assert_eq!(answer.header("www-authenticate"), "Bearer", "{at}");
}

#[tokio::test]
async fn no_route_answers_without_a_good_key() {
    let app = prepare(&[("old", &["all"], Some("2025-12-31T23:59:59Z"))]).await.run(Limits::default()).await;
    let (wrong, old) = (format!("Bearer {}", key("unknown")), format!("Bearer {}", key("old")));
    let never = format!("Bearer hk_{}", "A".repeat(43));
    assert!(operations().len() > 20);
    for (method, path, _) in operations() {
        for prefix in ["", "/admin"] {
            let path = format!("{prefix}{path}");
            let at = format!("{method} {path}");
            for (headers, message) in [
                (&[][..], NO_KEY),
                (&[("authorization", "Basic eDp5")], NO_KEY),
                (&[("authorization", wrong.as_str())], NOT_GOOD),
                (&[("authorization", never.as_str())], NOT_GOOD),
                (&[("authorization", old.as_str())], NOT_GOOD),
                (&[("apikey", &key("old"))], NOT_GOOD),
            ] {
                let answer = with(&app, &method, &path, headers).await;
                refused(&answer, &at);
                assert_eq!(told(&answer), saying(401, message), "{at} {headers:?}");
            }
        }
    }
    app.end().await;
}

#[tokio::test]
async fn a_key_may_do_what_its_scopes_say() {
    let scopes: Vec<(&str, [&str; 1])> = ApiScope::ALL.iter().map(|scope| (scope.as_str(), [scope.as_str()])).collect();
    let keys: Vec<_> = scopes.iter().map(|(name, scopes)| (*name, &scopes[..], None)).collect();
    let app = prepare(&keys).await.run(Limits::default()).await;
    for (method, path, tag) in operations() {
        let needed = match tag.as_str() {
            "project" if path == "/health/dependencies" => Some(ApiScope::Read),
            "project" => None,
            "api keys" => Some(ApiScope::All),
            tag => Some(ApiScope::parse(tag).unwrap_or_else(|| panic!("{tag} is no part of the API"))),
        };
        for scope in ApiScope::ALL {
            let at = format!("{method} {path} with {}", scope.as_str());
            let answer = with(&app, &method, &path, &[("apikey", &key(scope.as_str()))]).await;
            if needed.is_none_or(|needed| scope.allows(needed, method == "GET")) {
                assert!(![401, 403].contains(&answer.status.as_u16()), "{at}: {}", answer.status);
            } else {
                let (status, message) = told(&answer);
                assert_eq!(status, 403, "{at}");
                assert!(message.starts_with("the API key may not") && message.contains("`all`"), "{at}: {message}");
            }
        }
    }
    app.may_leave_deliveries().end().await;
}

#[tokio::test]
async fn a_key_ends_on_time() {
    let app = prepare(&[("brief", &["read"], Some("2026-01-01T01:00:00Z"))]).await.run(Limits::default()).await;
    let header = [("authorization", format!("Bearer {}", key("brief")))];
    let header = [("authorization", header[0].1.as_str())];
    assert_eq!(with(&app, "GET", "/openapi.json", &header).await.status, 200);
    app.clock.advance(std::time::Duration::from_secs(3_599));
    assert_eq!(with(&app, "GET", "/openapi.json", &header).await.status, 200);
    app.clock.advance(std::time::Duration::from_secs(1));
    refused(&with(&app, "GET", "/openapi.json", &header).await, "an hour later");
    app.end().await;
}

#[tokio::test]
async fn what_the_platform_asks_needs_no_key() {
    let app = TestApp::start().await;
    for path in ["/", "/livez", "/readyz", "/health/alive", "/health/ready", "/metrics"] {
        for prefix in ["", "/admin"] {
            assert_eq!(app.get_admin(&format!("{prefix}{path}")).await.status, 200, "{prefix}{path}");
        }
    }
    assert_eq!(app.get_admin("/admin").await.status, 200);
    assert_eq!(app.get_admin("/-/revision").await.status, 200);
    assert_eq!(told(&app.get_admin("/admin/-/revision").await), saying(404, "Not Found"));
    app.end().await;
}

#[tokio::test]
async fn a_project_can_open_its_port_to_everybody() {
    let app = TestApp::with(json!({"adminApi": {"authentication": "Disabled"}})).await;
    assert!(!app.secrets().join("tenants/acme-admin-key").exists());
    let answer = with(&app, "GET", &format!("/users/{SOMEBODY}"), &[]).await;
    assert_eq!(told(&answer), saying(404, "user not found"));
    let body = json!({"username": "jane"});
    let made = send(app.http.post(app.admin_url("/users")).json(&body)).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let sql = "SELECT actor_api_key FROM audit_logs WHERE type = 'admin_user_created'";
    assert_eq!(crate::database::texts(&app, sql).await, ["anonymous"]);
    app.end().await;
}

#[tokio::test]
async fn a_key_is_good_for_its_own_project_only() {
    let prepared = TestApp::prepare(json!({})).await;
    let own = json!({"hosts": ["auth.other.localhost"], "publicUrl": "http://auth.other.localhost:8000"});
    prepared.write("other.yaml", "other", &own);
    let app = prepared.run(Limits::default()).await;
    let key_of = |name: &str| {
        std::fs::read_to_string(app.secrets().join(format!("tenants/{name}-admin-key/key"))).unwrap().trim().to_owned()
    };
    for (host, name, status) in [
        ("auth.acme.localhost", "acme", 200),
        ("auth.other.localhost:8001", "other", 200),
        ("auth.acme.localhost", "other", 401),
        ("auth.other.localhost", "acme", 401),
        ("auth.third.localhost", "acme", 421),
    ] {
        let answer = with(&app, "GET", "/openapi.json", &[("host", host), ("apikey", &key_of(name))]).await;
        assert_eq!(answer.status.as_u16(), status, "{host} {name}");
    }
    assert_eq!(app.get_admin("/-/revision").await.status, 200);
    app.end().await;
}

#[tokio::test]
async fn unknown_paths_and_methods_are_not_found_and_nothing_is_answered_across_origins() {
    let app = TestApp::start().await;
    let user = made(&app, "jane@acme.test").await;
    for (method, path) in [
        ("GET", "/nothing".to_owned()),
        ("GET", "/admin/admin/users".to_owned()),
        ("PUT", "/users".to_owned()),
        ("OPTIONS", "/users".to_owned()),
        ("POST", "/metrics".to_owned()),
        ("GET", format!("/users/{user}/")),
        ("GET", format!("/users/{user}/emails/")),
    ] {
        let origin = ("origin", crate::support::ORIGIN);
        let answer = with(&app, method, &path, &[origin, ("apikey", &app.admin_key())]).await;
        assert_eq!(told(&answer), saying(404, "Not Found"), "{method} {path}");
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{method} {path}");
    }
    let head = with(&app, "HEAD", &format!("/users/{user}"), &[("apikey", &app.admin_key())]).await;
    assert_eq!((head.status.as_u16(), head.text().as_str()), (200, ""));
    refused(&with(&app, "HEAD", &format!("/users/{user}"), &[]).await, "HEAD");
    app.end().await;
}

/// §1.8.
#[tokio::test]
async fn an_empty_part_of_a_path_is_a_missing_one() {
    let app = TestApp::start().await;
    for (path, message) in [
        ("/users//emails", "code=400, message=UserId is a required field"),
        ("/admin/users//emails", "code=400, message=UserId is a required field"),
        ("/users//webauthn_credentials", "code=400, message=UserID is a required field"),
        ("/users//metadata", "invalid user id"),
        ("/users/x/emails", "code=400, message=UserId must be a valid uuid"),
        ("/users/x/emails/y", "code=400, message=UserId must be a valid uuid and EmailId must be a valid uuid4"),
    ] {
        let answer = app.admin("GET", path, None).await;
        assert_eq!(told(&answer), saying(400, message), "{path}");
    }
    app.end().await;
}

#[tokio::test]
async fn pretty_answers_are_indented() {
    let app = TestApp::start().await;
    let user = made(&app, "jane@acme.test").await;
    let plain = get(&app, &format!("/users/{user}")).await;
    let pretty = call(&app, "GET", &format!("/users/{user}?pretty"), None).await;
    assert_eq!(plain.json(), pretty.json());
    assert!(pretty.text().starts_with("{\n  \"id\": "), "{}", pretty.text());
    assert!(pretty.text().ends_with("}\n"));
    assert_eq!(pretty.header("content-length"), pretty.body.len().to_string());
    let missing = app.admin("GET", &format!("/users/{SOMEBODY}?x=1&PRETTY=0"), None).await;
    assert_eq!(missing.text(), "{\n  \"code\": 404,\n  \"message\": \"user not found\"\n}\n");
    app.end().await;
}

/// §1.5: media types, names in any case, the first value, nothing at all.
#[tokio::test]
async fn bodies_are_read_as_the_contract_says() {
    let app = TestApp::start().await;
    let user = made(&app, "jane@acme.test").await;
    let emails = format!("/users/{user}/emails");
    let unwrapped = "at least one of [Emails, Username] must be set";
    for (path, content_type, body, status, message) in [
        ("/users", "text/plain", "{}", 415, "Unsupported Media Type"),
        ("/users", "", "{}", 415, "Unsupported Media Type"),
        ("/users", "", "", 400, unwrapped),
        ("/users", "application/json", "null", 400, unwrapped),
        ("/users", "application/json", "{} trailing", 400, unwrapped),
        ("/users", "application/json", "{", 400, "Syntax error: offset=1, error=unexpected end of JSON input"),
        ("/users", "application/json", r#"{"USERNAME":"a b"}"#, 400, "username is invalid"),
        (&emails, "text/plain", "{}", 400, "code=415, message=Unsupported Media Type"),
        (&emails, "", "", 400, "code=400, message=address is a required field"),
        (
            &emails,
            "application/json",
            r#"{"ADDRESS":"x"}"#,
            400,
            "code=400, message=address must be a valid email address",
        ),
        (
            &emails,
            "application/json",
            r#"{"address":"x@acme.test","Address":5}"#,
            400,
            "code=400, message=Unmarshal type error: expected=string, got=number, field=address, offset=37",
        ),
        (
            "/users//emails",
            "application/json",
            "{}",
            400,
            "code=400, message=UserId is a required field and address is a required field",
        ),
        // Q7: what a body says of the path means nothing.
        (
            "/users//emails",
            "application/json",
            r#"{"UserId":"x","address":"x@acme.test"}"#,
            400,
            "code=400, message=UserId is a required field",
        ),
    ] {
        let request = app.http.post(app.admin_url(path)).bearer_auth(app.admin_key()).body(body.to_owned());
        let request = if content_type.is_empty() { request } else { request.header("content-type", content_type) };
        let answer = send(request).await;
        assert_eq!(told(&answer), saying(status, message), "{path} {content_type} {body}");
    }
    let big = format!(r#"{{"username":"{}"}}"#, "x".repeat(70_000));
    let request = app.http.post(app.admin_url("/users")).bearer_auth(app.admin_key());
    let answer = send(request.header("content-type", "application/json").body(big)).await;
    assert_eq!(told(&answer), saying(413, "Payload Too Large"));
    app.end().await;
}
