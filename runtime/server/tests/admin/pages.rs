//! The list of users: pages, links, filters (§3, §5.4).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    call, get, made, post, saying,
    support::{Answer, TestApp},
    told,
};

/// Nine users, a minute apart: `u1@acme.test` is the oldest.
async fn nine(app: &TestApp) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 1..=9 {
        ids.push(made(app, &format!("u{number}@acme.test")).await);
        app.clock.advance(Duration::from_secs(60));
    }
    ids
}

/// The numbers of the users of a page.
fn shown(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let digit =
        |user: &Value| user["emails"][0]["address"].as_str().map_or("-".to_owned(), |address| address[1..2].to_owned());
    answer.json().as_array().unwrap().iter().map(digit).collect()
}

/// `Link` without what is the same in all: name and page.
fn links(answer: &Answer) -> String {
    let link = answer.header("link");
    let parts = link.split(',').filter(|part| !part.is_empty()).map(|part| {
        let (at, name) = part.split_once(">; rel=").unwrap();
        let page = at.split(['?', '&']).find_map(|pair| pair.strip_prefix("page=")).unwrap();
        format!("{}={page}", name.trim_matches('"'))
    });
    parts.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn pages_are_those_that_were_asked_for() {
    for app in crate::crowd::apps(json!({})).await {
        nine(&app).await;
        for (query, users, link) in [
            ("", "987654321", "first=1"),
            ("?per_page=4", "9876", "last=3 next=2"),
            ("?per_page=4&page=2", "5432", "first=1 last=3 next=3 prev=1"),
            ("?per_page=4&page=3", "1", "first=1 prev=2"),
            ("?per_page=4&page=4", "", "first=1 last=3 prev=3"),
            ("?per_page=3&page=3", "321", "first=1 prev=2"),
            ("?per_page=9", "987654321", "first=1"),
            ("?per_page=0&page=0", "987654321", "first=1"),
            ("?per_page=&page=", "987654321", "first=1"),
            ("?page=-2&per_page=4", "9876", "first=1 last=3 next=-1"),
            ("?per_page=-4", "987654321", "first=1"),
            ("?per_page=4&sort_direction=asc", "1234", "last=3 next=2"),
            ("?PER_PAGE=4&Page=2", "5432", "first=1 last=3 next=3 prev=1"),
            ("?per_page=99999", "987654321", "first=1"),
            ("?page=9223372036854775807", "", "first=1 last=1 prev=9223372036854775806"),
        ] {
            let answer = get(&app, &format!("/users{query}")).await;
            assert_eq!((shown(&answer).as_str(), links(&answer).as_str()), (users, link), "{query}");
            assert_eq!(answer.header("x-total-count"), "9", "{query}");
        }
        for query in ["page=x", "per_page=1.5", "page=99999999999999999999"] {
            assert_eq!(get(&app, &format!("/users?{query}")).await.status, 400, "{query}");
        }
        app.end().await;
    }
}

#[tokio::test]
async fn links_name_the_address_that_was_asked() {
    let app = TestApp::start().await;
    nine(&app).await;
    let request = app.http.get(app.admin_url("/admin/users?sort_direction=asc&per_page=8&email=acme%2Etest"));
    let request = request
        .bearer_auth(app.admin_key())
        .header("host", "admin.acme.test:8443")
        .header("x-forwarded-proto", "https");
    let answer = crate::support::send(request).await;
    let at = |page| {
        format!("<https://admin.acme.test:8443/admin/users?email=acme.test&page={page}&per_page=8&sort_direction=asc>")
    };
    assert_eq!(answer.header("link"), format!("{}; rel=\"last\",{}; rel=\"next\"", at(2), at(2)));
    app.end().await;
}

#[tokio::test]
async fn filters_narrow_the_list() {
    for app in crate::crowd::apps(json!({})).await {
        let ids = nine(&app).await;
        post(&app, "/users", json!({"username": "uma"})).await;
        let patch = json!({"public_metadata": {"plan": "pro", "tags": ["a"], "of": {"team": 7}}});
        call(&app, "PATCH", &format!("/users/{}/metadata", ids[2]), Some(patch)).await;
        let two = format!("{},{}", ids[0], ids[4].to_uppercase());
        for (query, users) in [
            (format!("user_id={two}"), "51"),
            (format!("user_id={two}&email=U1"), "1"),
            ("email=U3@ACME".into(), "3"),
            ("email=u_@acme".into(), "987654321"),
            ("username=um".into(), "-"),
            ("email=u3@&username=UM".into(), "-3"),
            (r#"public_metadata={"plan":"pro"}"#.into(), "3"),
            (r#"public_metadata={"tags":"a","of":{"team":7}}"#.into(), "3"),
            (r#"public_metadata={"plan":"free"}"#.into(), ""),
            (r#"private_metadata={"plan":"pro"}"#.into(), ""),
            ("created_after=2026-01-01T00:03:00Z&created_before=2026-01-01T00:05:00Z".into(), "54"),
            ("created_before=2026-01-01T01:01:00%2B01:00".into(), "1"),
            ("last_login_after=2026-01-01T00:00:00Z".into(), ""),
            ("email=&username=&user_id=".into(), "-987654321"),
        ] {
            let answer = get(&app, &format!("/users?{query}")).await;
            assert_eq!(shown(&answer), users, "{query}");
            assert_eq!(answer.header("x-total-count"), users.len().to_string(), "{query}");
        }
        for (query, message) in [
            ("user_id=x", "failed to parse user_id as uuid"),
            ("user_id=,", "failed to parse user_id as uuid"),
            ("sort_direction=ASC", "sort_direction must be desc or asc"),
            ("created_after=yesterday", "created_after must be a time as RFC 3339 writes it"),
            ("created_before=", "created_before must be a time as RFC 3339 writes it"),
        ] {
            assert_eq!(told(&get(&app, &format!("/users?{query}")).await), saying(400, message), "{query}");
        }
        for value in ["[1]", "x", "5", r#"{"a":[1]}"#] {
            let (status, message) = told(&get(&app, &format!("/users?public_metadata={value}")).await);
            assert!(
                status == 400 && message.starts_with("public_metadata must be a JSON object"),
                "{value}: {message}"
            );
        }
        app.end().await;
    }
}

#[tokio::test]
async fn a_list_shows_no_more_of_a_user_than_the_contract_says() {
    for app in crate::crowd::apps(json!({})).await {
        let user = made(&app, "jane@acme.test").await;
        post(&app, &format!("/users/{user}/password"), json!({"password": "secret"})).await;
        call(&app, "PATCH", &format!("/users/{user}/metadata"), Some(json!({"public_metadata": {"a": 1}}))).await;
        call(&app, "PATCH", &format!("/users/{user}"), Some(json!({"name": "Jane"}))).await;
        let listed = get(&app, "/users").await.json();
        let mut members: Vec<&String> = listed[0].as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["created_at", "emails", "id", "name", "updated_at"]);
        app.end().await;
    }
}
