//! Many at once, on SQLite and on PostgreSQL: nothing is lost, nothing is given twice, and counts stay exact.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::{NOBODY, id, sound};
use crate::{
    call,
    crowd::apps,
    get, made, post,
    support::{Answer, TestApp, send},
    told,
};

/// How many come at once.
const CROWD: usize = 10;
/// How often each race is run.
const ROUNDS: usize = 3;

type Asked = (&'static str, String, Option<Value>);
type Body<'a> = Box<dyn Fn(usize) -> Value + 'a>;

/// Sends all at once. Nobody is told of a broken server.
async fn at_once(app: &TestApp, calls: impl IntoIterator<Item = Asked>) -> Vec<Answer> {
    let key = app.admin_key();
    let send_one = |(method, path, body): Asked| {
        let request = app.http.request(method.parse::<Method>().unwrap(), app.admin_url(&path)).bearer_auth(&key);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        tokio::spawn(async move {
            let answer = send(request).await;
            sound(&answer, &format!("{method} {path}"));
            answer
        })
    };
    let sent: Vec<_> = calls.into_iter().map(send_one).collect();
    let mut answers = Vec::new();
    for answer in sent {
        answers.push(answer.await.unwrap());
    }
    answers
}

/// How often each status came, with the words of errors.
fn outcomes(answers: &[Answer]) -> BTreeMap<(u16, String), usize> {
    let mut all = BTreeMap::new();
    for answer in answers {
        let status = answer.status.as_u16();
        let words = if status < 400 { String::new() } else { told(answer).1 };
        *all.entry((status, words)).or_default() += 1;
    }
    all
}

fn expected<const N: usize>(all: [(u16, &str, usize); N]) -> BTreeMap<(u16, String), usize> {
    all.into_iter().map(|(status, words, count)| ((status, words.to_owned()), count)).collect()
}

/// What is listed, filtered and counted is the same.
async fn is_counted(app: &TestApp, expected: usize) {
    for query in ["?per_page=1000", "?per_page=1000&created_after=2000-01-01T00:00:00Z", "?per_page=1"] {
        let list = get(app, &format!("/users{query}")).await;
        assert_eq!(list.header("x-total-count"), expected.to_string(), "{query}");
        assert!(query.ends_with("=1") || list.json().as_array().unwrap().len() == expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_of_one_document_lose_nothing() {
    for app in apps(json!({})).await {
        for writers in [2, CROWD, CROWD] {
            let user = made(&app, "jane@acme.test").await;
            let path = format!("/users/{user}/metadata");
            let patch = |n: usize| json!({"public_metadata": {format!("k{n}"): n, "of": {format!("k{n}"): n}}, "private_metadata": {format!("k{n}"): n}});
            let answers = at_once(&app, (0..writers).map(|n| ("PATCH", path.clone(), Some(patch(n))))).await;
            assert!(answers.iter().all(|answer| answer.status == 200));
            let stored = get(&app, &path).await.json();
            let count = |pointer: &str| stored.pointer(pointer).unwrap().as_object().unwrap().len();
            assert_eq!(
                (count("/public_metadata"), count("/public_metadata/of"), count("/private_metadata")),
                (writers + 1, writers, writers)
            );
            call(&app, "DELETE", &format!("/users/{user}"), None).await;
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_a_crowd_gets_an_id_an_address_and_a_username() {
    for app in apps(json!({})).await {
        for round in 0..ROUNDS {
            let main = |address: String| json!([{"address": address, "is_primary": true, "is_verified": true}]);
            let own = format!("00000000-0000-4000-8000-00000000000{round}");
            let bodies: [(&str, Body<'_>); 3] = [
                ("user with id", Box::new(|n| json!({"id": own, "username": format!("i{round}_{n}")}))),
                (
                    "email",
                    Box::new(
                        |n| json!({"emails": main(format!("jane{round}@acme.test")), "username": format!("e{round}_{n}")}),
                    ),
                ),
                (
                    "username",
                    Box::new(
                        |n| json!({"username": format!("n{round}"), "emails": main(format!("n{round}{n}@acme.test"))}),
                    ),
                ),
            ];
            for (what, body) in bodies {
                let answers = at_once(&app, (0..CROWD).map(|n| ("POST", "/users".to_owned(), Some(body(n))))).await;
                let made = answers.iter().filter(|answer| answer.status == 200).count();
                assert_eq!(made, 1, "{what}");
                for answer in answers.iter().filter(|answer| answer.status != 200) {
                    let (status, message) = told(answer);
                    assert!(
                        status == 409 && message.starts_with(&format!("failed to create {what} '")),
                        "{what}: {status} {message}"
                    );
                    assert!(message.ends_with("already exists"), "{message}");
                }
            }
            is_counted(&app, 3 * (round + 1)).await;
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_user_of_many_gets_an_address_or_a_name() {
    for app in apps(json!({})).await {
        let mut users = Vec::new();
        for n in 0..CROWD {
            users.push(made(&app, &format!("u{n}@acme.test")).await);
        }
        for round in 0..ROUNDS {
            let body = json!({"address": format!("new{round}@acme.test"), "is_verified": round % 2 == 0});
            let answers =
                at_once(&app, users.iter().map(|user| ("POST", format!("/users/{user}/emails"), Some(body.clone()))))
                    .await;
            assert_eq!(outcomes(&answers), expected([(201, "", 1), (400, "Bad Request", CROWD - 1)]));
            let body = json!({"username": format!("name{round}")});
            let answers =
                at_once(&app, users.iter().map(|user| ("PATCH", format!("/users/{user}"), Some(body.clone())))).await;
            assert_eq!(outcomes(&answers), expected([(200, "", 1), (409, "username already exists", CROWD - 1)]));
        }
        is_counted(&app, CROWD).await;
        app.end().await;
    }
}

/// The limit holds, and one address is the main one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn addresses_of_one_user_stop_at_the_limit() {
    for app in apps(json!({"email": {"limit": 4}})).await {
        for round in 0..ROUNDS {
            let user = id(&post(&app, "/users", json!({"username": format!("jane{round}")})).await.json());
            let path = format!("/users/{user}/emails");
            let address = |n: usize| Some(json!({"address": format!("a{n}r{round}@acme.test")}));
            let answers = at_once(&app, (0..CROWD).map(|n| ("POST", path.clone(), address(n)))).await;
            assert_eq!(outcomes(&answers), expected([(201, "", 4), (409, "Conflict", CROWD - 4)]));
            let listed = get(&app, &path).await.json();
            let listed = listed.as_array().unwrap();
            assert_eq!((listed.len(), listed.iter().filter(|email| email["is_primary"] == true).count()), (4, 1));
            let said =
                answers.iter().filter(|answer| answer.status == 201 && answer.json()["is_primary"] == true).count();
            assert_eq!(said, 1);
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_is_deleted_meanwhile_is_gone_whatever_else_is_asked() {
    for app in apps(json!({})).await {
        for round in 0..ROUNDS {
            let user = made(&app, &format!("jane{round}@acme.test")).await;
            let at = |part: &str| format!("/users/{user}{part}");
            let mut calls: Vec<Asked> = Vec::new();
            for n in 0..3 {
                calls.push(("PATCH", at(""), Some(json!({"username": format!("r{round}n{n}"), "name": "x"}))));
                calls.push(("POST", at("/emails"), Some(json!({"address": format!("r{round}n{n}@acme.test")}))));
                calls.push(("DELETE", at(""), None));
                calls.push(("PATCH", at("/metadata"), Some(json!({"public_metadata": {"a": n}}))));
                calls.push(("POST", "/sessions".to_owned(), Some(json!({"user_id": user}))));
                calls.push(("POST", at("/password"), Some(json!({"hash": super::HASH}))));
            }
            let answers = at_once(&app, calls.clone()).await;
            let deleted = answers.iter().zip(&calls).filter(|(_, call)| call.0 == "DELETE");
            assert_eq!(deleted.filter(|(answer, _)| answer.status == 204).count(), 1);
            for (answer, call) in answers.iter().zip(&calls) {
                assert!([200, 201, 204, 404, 409].contains(&answer.status.as_u16()), "{call:?}: {}", answer.text());
            }
            assert_eq!(get(&app, &at("")).await.status, 404);
            assert_eq!(get(&app, &at("/emails")).await.json(), json!([]));
            // Whatever it had or was given is free.
            let again = post(&app, "/users", json!({"username": format!("r{round}n0"), "emails": [{"address": format!("r{round}n1@acme.test"), "is_primary": true}]})).await;
            assert_eq!(again.status, 200, "{}", again.text());
            is_counted(&app, round + 1).await;
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_is_made_the_main_one_or_deleted() {
    for app in apps(json!({})).await {
        for round in 0..ROUNDS * 2 {
            let user = made(&app, &format!("jane{round}@acme.test")).await;
            let body = json!({"address": format!("two{round}@acme.test")});
            let email = id(&post(&app, &format!("/users/{user}/emails"), body).await.json());
            let path = format!("/users/{user}/emails/{email}");
            let calls = (0..6).map(|n| {
                if n % 2 == 0 { ("DELETE", path.clone(), None) } else { ("POST", format!("{path}/set_primary"), None) }
            });
            let answers = at_once(&app, calls).await;
            let (deletes, moves): (Vec<_>, Vec<_>) = answers.iter().enumerate().partition(|(n, _)| n % 2 == 0);
            let (gone, moved) =
                (deletes.iter().any(|(_, a)| a.status == 204), moves.iter().any(|(_, a)| a.status == 204));
            assert!(gone != moved, "either: {:?}", outcomes(&answers));
            let listed = get(&app, &format!("/users/{user}/emails")).await.json();
            let listed = listed.as_array().unwrap();
            assert_eq!(listed.len(), if gone { 1 } else { 2 });
            assert_eq!(listed.iter().filter(|email| email["is_primary"] == true).count(), 1);
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_password_is_made_and_removed_by_one_of_a_crowd() {
    for app in apps(json!({})).await {
        for round in 0..ROUNDS {
            let user = made(&app, &format!("jane{round}@acme.test")).await;
            let path = format!("/users/{user}/password");
            for (method, body, outcome) in [
                ("POST", Some(json!({"hash": super::HASH})), expected([(200, "", 1), (409, "Conflict", CROWD - 1)])),
                ("PUT", Some(json!({"hash": super::HASH})), expected([(200, "", CROWD)])),
                ("DELETE", None, expected([(204, "", 1), (404, "Not Found", CROWD - 1)])),
            ] {
                let answers = at_once(&app, (0..CROWD).map(|_| (method, path.clone(), body.clone()))).await;
                assert_eq!(outcomes(&answers), outcome, "{method}");
            }
        }
        app.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_never_exceed_the_limit_and_end_once() {
    for app in apps(json!({"session": {"limit": 3}})).await {
        for round in 0..ROUNDS {
            let user = made(&app, &format!("jane{round}@acme.test")).await;
            let body = Some(json!({"user_id": user}));
            let answers = at_once(&app, (0..CROWD).map(|_| ("POST", "/sessions".to_owned(), body.clone()))).await;
            assert_eq!(outcomes(&answers), expected([(200, "", CROWD)]));
            let path = format!("/users/{user}/sessions");
            let listed = get(&app, &path).await.json();
            assert_eq!(listed.as_array().unwrap().len(), 3);
            let one = format!("{path}/{}", id(&listed[0]));
            let answers = at_once(&app, (0..CROWD).map(|_| ("DELETE", one.clone(), None))).await;
            assert_eq!(outcomes(&answers), expected([(204, "", 1), (404, "Not Found", CROWD - 1)]));
            assert_eq!(get(&app, &path).await.json().as_array().unwrap().len(), 2);
        }
        let rows = get(&app, "/audit_logs?type=admin_session_revoked").await;
        assert_eq!(rows.header("x-total-count"), ROUNDS.to_string(), "one row for each that ended");
        app.end().await;
    }
}

/// Readers see a user as a whole or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_sees_half_a_user() {
    for app in apps(json!({})).await {
        let body = json!({"id": NOBODY, "username": "jane", "emails": [
            {"address": "one@acme.test", "is_primary": true, "is_verified": true}, {"address": "two@acme.test", "is_verified": true}]});
        for _ in 0..ROUNDS * 2 {
            let mut calls: Vec<Asked> = Vec::new();
            for _ in 0..4 {
                calls.push(("POST", "/users".to_owned(), Some(body.clone())));
                calls.extend(
                    ["/users", "/users?email=one", "/users?username=jane"].map(|path| ("GET", path.to_owned(), None)),
                );
                calls.push(("GET", format!("/users/{NOBODY}"), None));
                calls.push(("DELETE", format!("/users/{NOBODY}"), None));
            }
            let answers = at_once(&app, calls).await;
            for user in answers.iter().filter(|answer| answer.status == 200).flat_map(|answer| match answer.json() {
                Value::Array(all) => all,
                one => vec![one],
            }) {
                let emails = user["emails"].as_array().unwrap_or_else(|| panic!("half a user: {user}"));
                let main: Vec<_> = emails.iter().filter(|email| email["is_primary"] == true).collect();
                assert!(
                    emails.len() == 2 && main.len() == 1 && main[0]["address"] == "one@acme.test",
                    "half a user: {user}"
                );
                assert_eq!(user["username"]["username"], "jane", "half a user: {user}");
            }
            let there = usize::from(get(&app, &format!("/users/{NOBODY}")).await.status == 200);
            is_counted(&app, there).await;
        }
        app.end().await;
    }
}
