//! Each endpoint with each kind of bad input: the exact status and body, and never another user's or tenant's data.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Person, call, described, inside, join, merge, open, saying,
    support::{Answer, TestApp, send},
    told,
};

const UNKNOWN: &str = "f2882293-f1d6-4a9d-91a2-b3b28f6a4c50";

/// A field of a body.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Uuid,
    Uuid4,
    OptionalUuid,
    /// A text that must not be empty.
    Text,
    Email,
    /// A name that may be left out.
    Name,
    /// An address that is looked at later.
    Address,
    /// An id that is looked at later.
    OptionalId,
}

struct Endpoint {
    method: &'static str,
    path: &'static str,
    fields: &'static [(&'static str, Kind)],
    signed_in: bool,
}

/// Those that read a body field by field. `{own}` is an id of the signed-in user's.
const ENDPOINTS: [Endpoint; 11] = {
    use Kind::{Address, Email, Name, OptionalId, OptionalUuid, Text, Uuid, Uuid4};
    const fn of(
        method: &'static str,
        path: &'static str,
        signed_in: bool,
        fields: &'static [(&'static str, Kind)],
    ) -> Endpoint {
        Endpoint { method, path, fields, signed_in }
    }
    [
        of("POST", "/users", false, &[("email", Email)]),
        of("POST", "/user", false, &[("email", Email)]),
        of("POST", "/token", false, &[("value", Text)]),
        of("PUT", "/password", true, &[("user_id", Uuid), ("password", Text)]),
        of("POST", "/password", true, &[("user_id", Uuid), ("password", Text)]),
        of("POST", "/password/login", false, &[("user_id", Uuid), ("password", Text)]),
        of("POST", "/passcode/login/initialize", false, &[("user_id", Uuid), ("email_id", OptionalUuid)]),
        of("POST", "/passcode/login/finalize", false, &[("id", Uuid4), ("code", Text)]),
        of("POST", "/emails", true, &[("address", Address)]),
        of("POST", "/webauthn/login/initialize", false, &[("user_id", OptionalId)]),
        of("PATCH", "/webauthn/credentials/nobodys", true, &[("name", Name)]),
    ]
};

/// A value that is fine as far as the body goes.
fn good(kind: Kind) -> Value {
    match kind {
        Kind::Uuid | Kind::OptionalUuid | Kind::OptionalId => json!(UNKNOWN),
        Kind::Uuid4 => json!("4bd6a3a1-6a8f-4b3a-9d7e-0f5f1f7a7c11"),
        Kind::Text => json!("something long enough"),
        Kind::Email | Kind::Address => json!("nobody@acme.test"),
        Kind::Name => json!("name"),
    }
}

/// What a value of a field is answered with; `None`: the body is not the reason for whatever comes.
fn complaint(name: &str, kind: Kind, value: Option<&Value>) -> Option<String> {
    let required = matches!(kind, Kind::Uuid | Kind::Uuid4 | Kind::Text | Kind::Email);
    match value {
        None | Some(Value::Null) => required.then(|| format!("{name} is a required field")),
        Some(Value::String(text)) if text.is_empty() => required.then(|| format!("{name} is a required field")),
        Some(Value::String(_)) => match kind {
            Kind::Uuid | Kind::OptionalUuid => Some(format!("{name} must be a valid uuid")),
            Kind::Uuid4 => Some(format!("{name} must be a valid uuid4")),
            Kind::Email => Some(format!("{name} must be a valid email address")),
            Kind::Name => Some(format!("something wrong on {name}; max")),
            Kind::OptionalId => Some("failed to parse UserID as uuid".to_owned()),
            Kind::Address => Some("Bad Request".to_owned()),
            Kind::Text => None,
        },
        Some(_) => None,
    }
}

async fn app() -> TestApp {
    TestApp::with(open(json!({"rateLimiter": {"enabled": false}}))).await
}

async fn ask(app: &TestApp, endpoint: &Endpoint, person: &Person, body: &str, content_type: &str) -> Answer {
    let mut request = app.request(endpoint.method.parse::<Method>().unwrap(), endpoint.path).body(body.to_owned());
    if !content_type.is_empty() {
        request = request.header("Content-Type", content_type);
    }
    if endpoint.signed_in {
        request = request.header("Cookie", &person.cookie);
    }
    let answer = send(request).await;
    described::check(endpoint.method, endpoint.path, &answer);
    answer
}

#[tokio::test]
async fn what_is_wrong_with_a_field_is_said_in_the_contracts_words() {
    let app = app().await;
    let jane = join(&app, "jane@acme.test").await;
    for endpoint in &ENDPOINTS {
        let whole: Value = endpoint.fields.iter().map(|(name, kind)| ((*name).to_owned(), good(*kind))).collect();
        for (name, kind) in endpoint.fields {
            let long = "x".repeat(300);
            let missing = [None, Some(Value::Null), Some(json!(""))];
            let malformed = [json!(long), json!("not one"), json!("nobody@")].map(Some);
            for value in missing.into_iter().chain(malformed) {
                let mut body = whole.clone();
                match &value {
                    Some(value) => body[*name] = value.clone(),
                    None => drop(body.as_object_mut().unwrap().remove(*name)),
                }
                if *kind == Kind::Name && value.as_ref().is_some_and(|value| value != &json!(long)) {
                    continue;
                }
                let Some(expected) = complaint(name, *kind, value.as_ref()) else { continue };
                let answer = ask(&app, endpoint, &jane, &body.to_string(), "application/json").await;
                assert_eq!(told(&answer), saying(400, &expected), "{} {} {body}", endpoint.method, endpoint.path);
            }
            for (wrong, got) in
                [(json!(5), "number"), (json!(true), "bool"), (json!([]), "array"), (json!({}), "object")]
            {
                let mut body = whole.clone();
                body[*name] = wrong;
                let body = body.to_string();
                let expected =
                    format!("Unmarshal type error: expected=string, got={got}, field={name}, offset={}", body.len());
                let answer = ask(&app, endpoint, &jane, &body, "application/json").await;
                assert_eq!(told(&answer), saying(400, &expected), "{} {}", endpoint.method, endpoint.path);
            }
        }
    }
    app.end().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_said_whoever_reads_it() {
    let app = app().await;
    let jane = join(&app, "jane@acme.test").await;
    for endpoint in &ENDPOINTS {
        let at = format!("{} {}", endpoint.method, endpoint.path);
        let whole: Value = endpoint.fields.iter().map(|(name, kind)| ((*name).to_owned(), good(*kind))).collect();
        let text = whole.to_string();
        for content_type in ["", "text/plain", "application/x-www-form-urlencoded", "application/xml"] {
            let answer = ask(&app, endpoint, &jane, &text, content_type).await;
            assert_eq!(told(&answer), saying(415, "Unsupported Media Type"), "{at} {content_type}");
        }
        for (body, begins) in [
            ("{", "Syntax error: offset="),
            ("nonsense", "Syntax error: offset="),
            ("{\"a\":1,}", "Syntax error: offset="),
            ("\"text\"", "Unmarshal type error: expected=object, got=string"),
            ("[]", "Unmarshal type error: expected=object, got=array"),
            ("7", "Unmarshal type error: expected=object, got=number"),
        ] {
            let (status, message) = told(&ask(&app, endpoint, &jane, body, "application/json").await);
            assert!(status == 400 && message.starts_with(begins), "{at} {body}: {status} {message}");
        }
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(ask(&app, endpoint, &jane, &deep, "application/json").await.status, 400, "{at}");
        let huge = json!({"more": "x".repeat(70_000)}).to_string();
        let answer = ask(&app, endpoint, &jane, &huge, "application/json").await;
        assert_eq!(told(&answer), saying(413, "Payload Too Large"), "{at}");

        let mut more = whole.clone();
        merge(&mut more, json!({"unknown": {"deep": [1]}, "user": 5, "tenant_id": UNKNOWN}));
        let (plain, more) = (
            ask(&app, endpoint, &jane, &text, "application/json; charset=utf-8").await,
            ask(&app, endpoint, &jane, &more.to_string(), "application/json").await,
        );
        assert_eq!(plain.status, more.status, "{at}: unknown members are ignored");
        assert!(!plain.status.is_server_error(), "{at}");
    }
    app.end().await;
}

/// Everything that wants a session, and the body it would take.
fn signed_in(person: &Person) -> Vec<(&'static str, String, Option<Value>)> {
    vec![
        ("GET", "/me".into(), None),
        ("DELETE", "/me".into(), None),
        ("DELETE", "/user".into(), None),
        ("POST", "/logout".into(), None),
        ("PUT", "/password".into(), Some(json!({"user_id": person.id, "password": crate::PASSWORD}))),
        ("POST", "/password".into(), Some(json!({"user_id": person.id, "password": crate::PASSWORD}))),
        ("POST", "/webauthn/registration/initialize".into(), None),
        ("POST", "/webauthn/registration/finalize".into(), Some(json!({}))),
        ("GET", "/webauthn/credentials".into(), None),
        ("PATCH", "/webauthn/credentials/x".into(), Some(json!({"name": "x"}))),
        ("DELETE", "/webauthn/credentials/x".into(), None),
        ("GET", "/emails".into(), None),
        ("POST", "/emails".into(), Some(json!({"address": "x@acme.test"}))),
        ("POST", format!("/emails/{}/set_primary", person.email), None),
        ("PUT", format!("/emails/{}/set_primary", person.email), None),
        ("DELETE", format!("/emails/{}", person.email), None),
        ("GET", format!("/users/{}", person.id), None),
    ]
}

#[tokio::test]
async fn whoever_is_not_signed_in_here_is_nobody() {
    let app = app().await;
    let jane = join(&app, "jane@acme.test").await;
    // The same names on another tenant, whose tokens are sound there.
    let other = self::app().await;
    let foreign = join(&other, "jane@acme.test").await;
    let expired = join(&app, "joe@acme.test").await;
    let ended = join(&app, "sam@acme.test").await;
    assert_eq!(call(&app, "POST", "/logout", &ended.cookie, None).await.status, 204);
    let deleted = join(&app, "sue@acme.test").await;
    assert_eq!(call(&app, "DELETE", "/me", &deleted.cookie, None).await.status, 204);
    let token = jane.cookie.strip_prefix("hanko=").unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let unsigned = format!("hanko=eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1]);
    let query = format!("?session_token={token}&hanko={token}");
    for cookie in [
        "",
        "hanko=",
        "hanko=rubbish",
        &unsigned,
        &foreign.cookie,
        &ended.cookie,
        &deleted.cookie,
        &webhook(&app).await,
    ] {
        for (method, path, body) in signed_in(&jane) {
            let answer = call(&app, method, &format!("{path}{query}"), cookie, body).await;
            assert_eq!(told(&answer), saying(401, "Unauthorized"), "{method} {path} with {cookie}");
            assert!(!answer.text().contains("jane@acme.test"));
        }
    }
    app.clock.advance(std::time::Duration::from_secs(3600));
    for (method, path, body) in signed_in(&expired) {
        let answer = call(&app, method, &path, &expired.cookie, body).await;
        assert_eq!(told(&answer), saying(401, "Unauthorized"), "{method} {path}");
    }
    app.end().await;
    other.end().await;
}

/// A sound token of the same key that was made for another purpose: what a webhook carries.
async fn webhook(app: &TestApp) -> String {
    let claims = json!({"sub": "hanko webhooks", "aud": ["x"], "iat": 1_767_225_600, "exp": 1_767_229_200, "data": {}, "evt": "user"});
    format!("hanko={}", inside::sign(app, claims.as_object().unwrap()).await)
}

#[tokio::test]
async fn other_peoples_ids_change_and_show_nothing() {
    let app = app().await;
    let (jane, joe) = (join(&app, "jane@acme.test").await, join(&app, "joe@acme.test").await);
    let before = call(&app, "GET", &format!("/users/{}", jane.id), &jane.cookie, None).await.text();
    for (method, path, body, expected) in [
        ("GET", format!("/users/{}", jane.id), None, saying(403, "Forbidden")),
        (
            "PUT",
            "/password".into(),
            Some(json!({"user_id": jane.id, "password": crate::PASSWORD})),
            saying(403, "Forbidden"),
        ),
        ("POST", format!("/emails/{}/set_primary", jane.email), None, saying(404, "Not Found")),
        ("DELETE", format!("/emails/{}", jane.email), None, saying(404, "Not Found")),
        ("POST", "/emails".into(), Some(json!({"address": "jane@acme.test"})), saying(400, "Bad Request")),
        ("POST", "/passcode/login/initialize".into(), Some(json!({"user_id": jane.id})), saying(403, "Forbidden")),
        (
            "POST",
            "/passcode/login/initialize".into(),
            Some(json!({"user_id": joe.id, "email_id": jane.email})),
            saying(403, "Forbidden"),
        ),
    ] {
        let answer = call(&app, method, &path, &joe.cookie, body).await;
        assert_eq!(told(&answer), expected, "{method} {path}");
        assert!(!answer.text().contains("jane@acme.test"), "{method} {path}");
    }
    assert_eq!(call(&app, "GET", &format!("/users/{}", jane.id), &jane.cookie, None).await.text(), before);
    app.end().await;
}

#[tokio::test]
async fn what_was_deleted_is_gone_everywhere() {
    let app = app().await;
    let (jane, joe) = (join(&app, "jane@acme.test").await, join(&app, "joe@acme.test").await);
    crate::set_password(&app, &jane).await;
    let body = json!({"user_id": jane.id});
    let sent = call(&app, "POST", "/passcode/login/initialize", "", Some(body.clone())).await.json();
    let code = app.mailbox.take("jane@acme.test").await.code();
    assert_eq!(call(&app, "DELETE", "/me", &jane.cookie, None).await.status, 204);
    let password = json!({"user_id": jane.id, "password": crate::PASSWORD});
    for (method, path, cookie, body, expected) in [
        ("POST", "/passcode/login/initialize", "", Some(body.clone()), saying(400, "Bad Request")),
        (
            "POST",
            "/passcode/login/finalize",
            "",
            Some(json!({"id": sent["id"], "code": code})),
            saying(403, "Forbidden"),
        ),
        ("POST", "/password/login", "", Some(password.clone()), saying(401, "Unauthorized")),
        ("PUT", "/password", joe.cookie.as_str(), Some(password), saying(401, "Unauthorized")),
        ("POST", "/webauthn/login/initialize", "", Some(body), saying(400, "user not found")),
        ("POST", "/user", "", Some(json!({"email": "jane@acme.test"})), saying(404, "Not Found")),
    ] {
        assert_eq!(told(&call(&app, method, path, cookie, body).await), expected, "{method} {path}");
    }
    app.end().await;
}

#[tokio::test]
async fn answers_of_authenticators_that_are_none_are_told_so() {
    let app = app().await;
    let jane = join(&app, "jane@acme.test").await;
    let client_data =
        |text: &str| json!({"response": {"clientDataJSON": data_encoding::BASE64URL_NOPAD.encode(text.as_bytes())}});
    for (body, expected) in [
        (json!({}), "the response is no credential"),
        (json!([]), "the response is no credential"),
        (json!({"response": null}), "the response is no credential"),
        (json!({"response": {"clientDataJSON": 5}}), "the response is no credential"),
        (json!({"response": {"clientDataJSON": "*"}}), "clientDataJSON is no base64url"),
        (client_data("{}"), "clientDataJSON has no challenge"),
        (client_data("nonsense"), "clientDataJSON has no challenge"),
    ] {
        for (path, cookie) in
            [("/webauthn/registration/finalize", jane.cookie.as_str()), ("/webauthn/login/finalize", "")]
        {
            let answer = call(&app, "POST", path, cookie, Some(body.clone())).await;
            assert_eq!(told(&answer), saying(400, expected), "{path} {body}");
        }
    }
    app.end().await;
}
