//! §3, §5.4: the list of users page by page, with links that lead through it.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use super::{NOBODY, id, raw};
use crate::{
    crowd::apps,
    get, made, post, saying,
    support::{Answer, TestApp, send},
    told,
};

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json().as_array().unwrap().iter().map(id).collect()
}

/// The address behind a name in `Link`, as it stands there.
fn link(answer: &Answer, name: &str) -> Option<String> {
    let header = answer.header("link");
    let part = header.split(',').find(|part| part.ends_with(&format!("; rel=\"{name}\"")))?;
    Some(part.trim_start_matches('<').split_once('>').unwrap().0.to_owned())
}

/// So many users, three of every moment, newest first.
async fn crowd(app: &TestApp, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    for number in 0..count {
        if number % 3 == 0 {
            app.clock.advance(Duration::from_secs(1));
        }
        let user = post(app, "/users", json!({"username": format!("u{number}")})).await.json();
        all.push((user["created_at"].as_str().unwrap().to_owned(), id(&user)));
    }
    all.sort();
    all.into_iter().rev().map(|(_, id)| id).collect()
}

/// Whoever follows the links sees everybody once, in order, forth and back.
#[tokio::test]
async fn links_lead_through_all_pages() {
    for app in apps(json!({})).await {
        let everybody = crowd(&app, 23).await;
        for prefix in ["", "/admin"] {
            for (query, per_page) in
                [("?per_page=5", 5), ("", 20), ("?per_page=1", 1), ("?per_page=23", 23), ("?per_page=1000", 1_000)]
            {
                let (mut seen, mut at) = (Vec::new(), app.admin_url(&format!("{prefix}/users{query}")));
                let mut last = String::new();
                loop {
                    let page = send(app.http.get(&at).bearer_auth(app.admin_key())).await;
                    assert_eq!(page.header("x-total-count"), "23");
                    assert!(at.contains(&format!("{prefix}/users")), "{at}");
                    seen.extend(ids(&page));
                    last = link(&page, "last").unwrap_or(last);
                    match link(&page, "next") {
                        Some(next) => at = next,
                        None => break,
                    }
                }
                assert_eq!(seen, everybody, "{prefix} {query}");
                let pages = 23_usize.div_ceil(per_page);
                let mut back = Vec::new();
                let mut at = if pages == 1 { at } else { last };
                loop {
                    let page = send(app.http.get(&at).bearer_auth(app.admin_key())).await;
                    back.splice(0..0, ids(&page));
                    match link(&page, "prev") {
                        Some(previous) => at = previous,
                        None => break,
                    }
                }
                assert_eq!(back, everybody, "{prefix} {query}");
            }
        }
        let mut oldest = ids(&get(&app, "/users?sort_direction=asc&per_page=100").await);
        oldest.reverse();
        assert_eq!(oldest, everybody);
        app.end().await;
    }
}

/// §3's table and pinned examples, with users behind them.
#[tokio::test]
async fn every_edge_of_a_page_with_users_behind_it() {
    for app in apps(json!({})).await {
        let everybody = crowd(&app, 12).await;
        let most = i64::MAX;
        for (query, range, links) in [
            ("page=1&per_page=5", 0..5, "last=3 next=2"),
            ("page=2&per_page=5", 5..10, "first=1 last=3 next=3 prev=1"),
            ("page=3&per_page=5", 10..12, "first=1 prev=2"),
            ("page=4&per_page=5", 12..12, "first=1 last=3 prev=3"),
            ("page=999999&per_page=5", 12..12, "first=1 last=3 prev=999998"),
            (&format!("page={most}&per_page=5"), 12..12, &format!("first=1 last=3 prev={}", most - 1)),
            (&format!("page={most}&per_page={most}"), 12..12, &format!("first=1 last=1 prev={}", most - 1)),
            ("page=1&per_page=12", 0..12, "first=1"),
            ("page=2&per_page=12", 12..12, "first=1 last=1 prev=1"),
            ("page=1&per_page=6", 0..6, "last=2 next=2"),
            ("page=2&per_page=6", 6..12, "first=1 prev=1"),
            ("page=0&per_page=0", 0..12, "first=1"),
            ("page=&per_page=", 0..12, "first=1"),
            ("page=-1&per_page=5", 0..5, "first=1 last=3 next=0"),
            ("page=-5&per_page=-5", 0..12, "first=1 last=1 next=-4"),
            ("page=2&per_page=-5", 12..12, "first=1 last=1 prev=1"),
            ("per_page=999999", 0..12, "first=1"),
            ("PAGE=2&Per_Page=5", 5..10, "first=1 last=3 next=3 prev=1"),
            ("page=%2B2&per_page=5", 5..10, "first=1 last=3 next=3 prev=1"),
        ] {
            let answer = get(&app, &format!("/users?{query}")).await;
            assert_eq!(ids(&answer), everybody[range], "{query}");
            assert_eq!(answer.header("x-total-count"), "12", "{query}");
            let header = answer.header("link");
            let told: Vec<String> = header
                .split(',')
                .map(|part| {
                    let (at, name) = part.split_once(">; rel=").unwrap();
                    let page = at.split(['?', '&']).find_map(|pair| pair.strip_prefix("page=")).unwrap();
                    format!("{}={page}", name.trim_matches('"'))
                })
                .collect();
            assert_eq!(told.join(" "), links, "{query}");
        }
        for (query, name) in [
            ("page=x", "page"),
            ("page=1.5", "page"),
            ("per_page=ten", "per_page"),
            ("page=9223372036854775808", "page"),
            ("page=1e3", "page"),
        ] {
            let (status, message) = told(&get(&app, &format!("/users?{query}")).await);
            assert!(status == 400 && message.starts_with(name), "{query}: {message}");
        }
        app.end().await;
    }
}

#[tokio::test]
async fn an_empty_list_is_one_page() {
    for app in apps(json!({})).await {
        for query in ["?per_page=10", "?per_page=10&page=1", "?per_page=10&email=nobody"] {
            let answer = get(&app, &format!("/users{query}")).await;
            assert_eq!((answer.text().trim(), answer.header("x-total-count").as_str()), ("[]", "0"));
            assert_eq!(answer.header("link").matches("rel=").count(), 1, "{}", answer.header("link"));
            assert!(link(&answer, "first").unwrap().contains("page=1&per_page=10"));
        }
        app.end().await;
    }
}

/// FC-50: links lead where the client's `Host` says, as the contract has it. Only whoever holds a key sees them, nobody is sent anywhere by
/// them, and nothing else of the Admin API is made of it. FC-54: no page of another origin reads an answer.
#[tokio::test]
async fn links_follow_the_host_and_the_scheme_of_the_client() {
    for app in apps(json!({})).await {
        made(&app, "jane@acme.test").await;
        for (path, headers, base) in [
            ("/users?per_page=1", &[("host", "h:9")][..], "http://h:9/users"),
            ("/admin/users?per_page=1", &[("host", "h")], "http://h/admin/users"),
            ("/users?per_page=1", &[("host", "h"), ("x-forwarded-proto", "HTTPS")], "HTTPS://h/users"),
            (
                "/users?per_page=1",
                &[("host", "h"), ("x-forwarded-proto", "gopher"), ("x-url-scheme", "wss")],
                "wss://h/users",
            ),
            ("/users?per_page=1", &[("host", "h"), ("x-forwarded-ssl", "on")], "https://h/users"),
            (
                "/users?per_page=1",
                &[("host", "h"), ("x-forwarded-host", "evil.test"), ("forwarded", "host=evil.test")],
                "http://h/users",
            ),
        ] {
            let request = app
                .http
                .get(app.admin_url(path))
                .bearer_auth(app.admin_key())
                .header("origin", "https://app.acme.test");
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            let answer = send(request).await;
            assert_eq!(answer.header("link"), format!("<{base}?page=1&per_page=1>; rel=\"first\""), "{headers:?}");
            let cors = answer.headers.keys().find(|name| name.as_str().starts_with("access-control"));
            assert_eq!(cors, None, "{headers:?}");
        }
        app.end().await;
    }
}

/// §5.4's query, and what no database may choke on.
#[tokio::test]
async fn every_row_of_the_query_table() {
    for app in apps(json!({})).await {
        let jane = id(&post(
            &app,
            "/users",
            json!({"emails": [{"address": "Jane@Acme.test", "is_primary": true}], "username": "jdoe"}),
        )
        .await
        .json());
        let john = made(&app, "john_x@acme.test").await;
        let nobody_listed = NOBODY.to_owned();
        let all = BTreeSet::from([jane.clone(), john.clone()]);
        let one = |user: &String| BTreeSet::from([user.clone()]);
        for (query, found) in [
            (format!("user_id={jane}"), one(&jane)),
            (format!("user_id={{{}}}", jane.to_uppercase()), one(&jane)),
            (format!("user_id=urn:uuid:{jane},{john},{nobody_listed}"), all.clone()),
            (format!("user_id={jane}&user_id={john}"), all.clone()),
            (format!("USER_ID={jane}&Email=ACME"), one(&jane)),
            (format!("user_id={jane}&email=john"), BTreeSet::new()),
            (format!("user_id={jane}&email=john&username=jdoe"), one(&jane)),
            ("email=JANE%40".into(), one(&jane)),
            ("email=j%25n".into(), all.clone()),
            ("email=n_x".into(), one(&john)),
            ("email=%5C".into(), BTreeSet::new()),
            ("email='%20OR%201=1--".into(), BTreeSet::new()),
            ("username=DO".into(), one(&jane)),
            ("username=zzz&email=john".into(), one(&john)),
            ("username=%25".into(), one(&jane)),
            ("unknown=x".into(), all.clone()),
            ("email=%FF".into(), BTreeSet::new()),
            (r#"public_metadata={"a%5Cu0000":"%5Cu0000"}"#.into(), BTreeSet::new()),
        ] {
            let answer = get(&app, &format!("/users?{query}")).await;
            assert_eq!(ids(&answer).into_iter().collect::<BTreeSet<_>>(), found, "{query}");
            assert_eq!(answer.header("x-total-count"), found.len().to_string(), "{query}");
        }
        for wrong in ["x", ",", &format!("{jane},"), &format!("{jane},x")] {
            let answer = get(&app, &format!("/users?user_id={wrong}")).await;
            assert_eq!(told(&answer), saying(400, "failed to parse user_id as uuid"), "{wrong}");
        }
        for at in
            ["/users?email", "/users?username", "/users?public_metadata", "/audit_logs?q", "/audit_logs?actor_email"]
        {
            let name = at.split_once('?').unwrap().1;
            let answer = get(&app, &format!("{at}=a%00")).await;
            assert_eq!(told(&answer), saying(400, &format!("{name} must not contain NUL characters")));
        }
        for wrong in ["ASC", "Desc", "x", "asc,desc"] {
            let answer = get(&app, &format!("/users?sort_direction={wrong}")).await;
            assert_eq!(told(&answer), saying(400, "sort_direction must be desc or asc"), "{wrong}");
        }
        // A body of a list means nothing.
        assert_eq!(
            raw(&app, "GET", "/users", "text/plain", b"nonsense".to_vec()).await.json().as_array().map(Vec::len),
            Some(2)
        );
        app.end().await;
    }
}

/// §5.4: what a list holds of a user, to the member.
#[tokio::test]
async fn a_list_shows_whole_documents() {
    for app in apps(json!({})).await {
        let body = json!({"emails": [{"address": "jane@acme.test", "is_primary": true}], "username": "jane", "password_hash": super::HASH});
        let mut user: Value = post(&app, "/users", body).await.json();
        user.as_object_mut().unwrap().remove("password").unwrap();
        assert_eq!(get(&app, "/users").await.json(), json!([user]));
        app.end().await;
    }
}
