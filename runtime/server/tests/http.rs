//! What is the same for every request (`spec/sessions-and-public-rest.md` §1).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests call this"
)]

mod support;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support::{Answer, ORIGIN, TestApp};

async fn options(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = app.request(Method::OPTIONS, path);
    support::send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

#[tokio::test]
async fn a_request_id_is_kept_when_harmless_and_made_otherwise() {
    let app = TestApp::start().await;
    assert_eq!(app.get_with("/livez", &[("X-Request-ID", "abc-1")]).await.header("x-request-id"), "abc-1");
    for answer in [
        app.get("/livez").await,
        app.get("/nowhere").await,
        app.get_with("/me", &[("X-Request-ID", "a b")]).await,
        app.get_admin("/-/revision").await,
    ] {
        let id = answer.header("x-request-id");
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
    }
    app.end().await;
}

#[tokio::test]
async fn a_preflight_is_answered_for_every_path_and_grants_only_known_origins() {
    let app = TestApp::start().await;
    let asked = ("Access-Control-Request-Headers", "authorization,x-language");
    for (path, allow) in [("/login", "POST"), ("/nowhere", "")] {
        let answer = options(&app, path, &[("Origin", ORIGIN), asked]).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(answer.text(), "");
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        assert_eq!(answer.header("access-control-allow-methods"), "GET,POST,PUT,PATCH,DELETE,OPTIONS");
        assert_eq!(answer.header("access-control-allow-headers"), asked.1);
        assert_eq!(answer.header("access-control-max-age"), "7200");
        assert_eq!(answer.header("allow"), allow);
        assert!(answer.header("vary").starts_with("Origin"));
    }
    for origin in ["https://evil.test", "null"] {
        let answer = options(&app, "/login", &[("Origin", origin), asked]).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{origin}");
        assert!(answer.header("vary").contains("Origin"));
    }
    app.end().await;
}

#[tokio::test]
async fn every_answer_varies_by_origin_and_only_known_origins_may_read_it() {
    let app = TestApp::start().await;
    for path in ["/sessions/validate", "/nowhere", "/me", "/.well-known/jwks.json"] {
        let plain = app.get(path).await;
        let foreign = app.get_with(path, &[("Origin", "https://evil.test")]).await;
        let own = app.get_with(path, &[("Origin", ORIGIN)]).await;
        for answer in [&plain, &foreign, &own] {
            assert_eq!(answer.header("vary"), "Origin", "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
        }
        assert_eq!(plain.header("access-control-allow-origin"), "");
        assert_eq!(foreign.header("access-control-allow-origin"), "");
        assert_eq!(foreign.status, own.status, "a request from elsewhere is executed all the same");
        assert_eq!(own.header("access-control-allow-origin"), ORIGIN);
        assert_eq!(
            own.header("access-control-expose-headers"),
            "Retry-After,X-RateLimit-Limit,X-RateLimit-Remaining,X-RateLimit-Reset,X-Session-Lifetime,X-Session-Retention"
        );
    }
    let admin = support::send(app.http.get(app.admin_url("/-/revision")).header("Origin", ORIGIN)).await;
    assert!(admin.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    app.end().await;
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told_in_json() {
    let app = TestApp::start().await;
    for (method, path, status, message, allow) in [
        (Method::GET, "/nowhere", 404, "Not Found", ""),
        (Method::GET, "/livez/", 404, "Not Found", ""),
        (Method::GET, "/login", 405, "Method Not Allowed", "POST"),
        (Method::PUT, "/logout", 405, "Method Not Allowed", "POST,DELETE"),
        (Method::POST, "/flow/nothing", 404, "Not Found", ""),
    ] {
        let answer = support::send(app.request(method, path)).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.text(), format!("{{\"code\":{status},\"message\":\"{message}\"}}\n"));
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("allow"), allow);
    }
    let head = support::send(app.request(Method::HEAD, "/sessions/validate")).await;
    assert_eq!((head.status.as_u16(), head.text().as_str()), (200, ""));
    app.end().await;
}

#[tokio::test]
async fn health_is_told_on_both_listeners_in_both_spellings() {
    let app = TestApp::start().await;
    for (path, body) in [
        ("/livez", json!({"alive": true})),
        ("/health/alive", json!({"alive": true})),
        ("/readyz", json!({"ready": true})),
        ("/health/ready", json!({"ready": true})),
    ] {
        assert_eq!(app.get(path).await.json(), body);
        assert_eq!(app.get_admin(path).await.json(), body);
    }
    app.end().await;
}

#[tokio::test]
async fn the_key_set_is_published_on_both_paths_and_may_be_cached() {
    let app = TestApp::start().await;
    let set = app.get("/.well-known/jwks.json").await;
    assert_eq!(set.header("cache-control"), "max-age=600");
    let keys = set.json()["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 1);
    let members: Vec<&String> = keys[0].as_object().unwrap().keys().collect();
    assert!(["alg", "e", "kid", "kty", "n", "use"].iter().all(|name| members.iter().any(|member| member == name)));
    assert_eq!(members.len(), 6, "nothing private is published");
    assert_eq!(app.get("/.well-known/jwks").await.body, set.body);
    app.end().await;
}

#[tokio::test]
async fn the_status_page_says_that_the_api_runs() {
    let app = TestApp::start().await;
    let page = app.get("/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains("<title>API Integration Status</title>"));
    app.end().await;
}

#[tokio::test]
async fn nobody_is_no_error_for_validation_and_401_elsewhere() {
    let app = TestApp::start().await;
    for headers in [&[][..], &[("Authorization", "Bearer rubbish")], &[("Cookie", "hanko=rubbish; hanko=")]] {
        let answer = app.get_with("/sessions/validate", headers).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "{\"is_valid\":false}\n"));
        assert_eq!(answer.header("cache-control"), "no-store");
        let refused = app.get_with("/me", headers).await;
        assert_eq!((refused.status.as_u16(), refused.json()), (401, json!({"code": 401, "message": "Unauthorized"})));
        assert_eq!(app.post_with("/logout", headers).await.status, 401);
        assert_eq!(refused.header("www-authenticate") + &refused.header("set-cookie"), "");
    }
    app.end().await;
}

#[tokio::test]
async fn bodies_of_validation_are_checked_as_the_contract_says() {
    let app = TestApp::start().await;
    let required = "code=400, message=session_token is a required field";
    for path in ["/sessions/validate", "/session"] {
        for (kind, body, status, message) in [
            ("application/json", "{}", 400, required),
            ("application/json", "{\"session_token\":\"\"}", 400, required),
            ("application/json", "{\"session_token\":null}", 400, required),
            ("", "", 400, required),
            ("text/plain", "{}", 415, "Unsupported Media Type"),
            ("", "{}", 415, "Unsupported Media Type"),
            ("application/json", "{", 400, "Syntax error: "),
            ("application/json; charset=utf-8", "{\"session_token\":1}", 400, "Unmarshal type error: "),
        ] {
            let mut request = app.request(Method::POST, path).body(body);
            if !kind.is_empty() {
                request = request.header("Content-Type", kind);
            }
            let answer = support::send(request).await;
            let error: Value = answer.json();
            assert_eq!((answer.status.as_u16(), &error["code"]), (status, &json!(status)), "{kind} {body}");
            assert!(error["message"].as_str().unwrap().starts_with(message), "{error}");
        }
        let answer = app.post(path, &json!({"session_token": "rubbish", "more": 1})).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"is_valid": false})));
    }
    app.end().await;
}

#[tokio::test]
async fn a_body_that_is_too_big_is_refused_whether_its_length_is_told_or_not() {
    let app = TestApp::start().await;
    let big = format!("{{\"session_token\":\"{}\"}}", "x".repeat(70_000));
    let told = app.request(Method::POST, "/session").header("Content-Type", "application/json").body(big.clone());
    assert_eq!(support::send(told).await.status, 413);
    let chunked = format!(
        "POST /session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{big}\r\n0\r\n\r\n",
        big.len()
    );
    let answer = app.raw(chunked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let init = support::send(app.request(Method::POST, "/login").body(big)).await;
    assert_eq!(init.status, 200, "the beginning of a flow reads no body at all");
    app.end().await;
}

#[tokio::test]
async fn with_several_projects_only_their_hosts_are_answered() {
    let prepared = TestApp::prepare(json!({})).await;
    prepared.write("second.yaml", "beta", &json!({"hosts": ["auth.beta.localhost"]}));
    let app = prepared.run(Default::default()).await;
    let with_host = async |host: &str, path: &str| app.get_with(path, &[("Host", host)]).await;
    let acme = with_host("AUTH.acme.localhost:8000", "/.well-known/jwks.json").await;
    let beta = with_host("auth.beta.localhost", "/.well-known/jwks.json").await;
    assert_eq!((acme.status.as_u16(), beta.status.as_u16()), (200, 200));
    assert_ne!(acme.body, beta.body, "each tenant has its own keys");
    for path in ["/.well-known/jwks.json", "/sessions/validate", "/me", "/"] {
        let unknown = with_host("evil.test", path).await;
        assert_eq!(unknown.status, 421);
        assert_eq!(unknown.json(), json!({"code": 421, "message": "Misdirected Request"}));
        assert_eq!(unknown.header("set-cookie"), "");
    }
    let flow = support::send(app.request(Method::POST, "/login").header("Host", "evil.test")).await;
    assert_eq!(flow.status, 421);
    assert_eq!(with_host("10.0.0.1:8000", "/readyz").await.status, 200, "probes name no tenant");
    app.end().await;
}

#[tokio::test]
async fn one_project_answers_any_host_and_none_of_them_shows_in_the_answer() {
    let app = TestApp::start().await;
    let flow = support::send(
        app.request(Method::POST, "/flow/login").header("Host", "evil.test").header("X-Forwarded-Host", "evil.test"),
    )
    .await;
    assert_eq!(flow.status, 200);
    assert!(!flow.text().contains("evil.test"));
    assert!(flow.text().contains("\"/flow/login?action="), "a client stays below the prefix it began with");
    app.end().await;
}

#[tokio::test]
async fn metrics_count_by_route_and_never_by_what_a_client_sends() {
    let app = TestApp::start().await;
    app.get("/sessions/validate").await;
    app.get("/a/path/of/my/own").await;
    let page = app.get_admin("/metrics").await.text();
    assert!(page.contains("hanko_sessions_validated_total{valid=\"false\"} 1\n"), "{page}");
    assert!(page.contains("hanko_http_request_duration_seconds_count{route=\"unknown\",status=\"4xx\"} 1\n"), "{page}");
    assert!(page.contains("hanko_tenants{state=\"serving\"} 1\n"));
    assert!(!page.contains("of/my/own"));
    app.end().await;
}
