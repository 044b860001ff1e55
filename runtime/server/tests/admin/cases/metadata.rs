//! §6: what applications keep about a user.

use serde_json::{Value, json};

use super::{NOBODY, raw, wrapped};
use crate::{
    call,
    crowd::apps,
    get, made, saying,
    support::{Answer, TestApp},
    told,
};

async fn patch(app: &TestApp, user: &str, body: Value) -> Answer {
    call(app, "PATCH", &format!("/users/{user}/metadata"), Some(body)).await
}

/// Status, and the body where there is one.
fn outcome(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), if answer.body.is_empty() { Value::Null } else { answer.json() })
}

async fn shown(app: &TestApp, user: &str) -> (u16, Value) {
    outcome(&get(app, &format!("/users/{user}/metadata")).await)
}

/// The contract's own examples.
#[tokio::test]
async fn the_pinned_examples() {
    let before = json!({"public_metadata": {"a": 1}, "private_metadata": {"s": "x", "arr": [0, 1]}, "unsafe_metadata": {"o": {"k": 1}}});
    for app in apps(json!({})).await {
        for (n, (change, status, expected)) in [
            (
                json!({"private_metadata": {"arr": [9], "n": 1}}),
                200,
                json!({"private_metadata": {"s": "x", "arr": [9], "n": 1}}),
            ),
            (
                json!({"unsafe_metadata": {"o": {"k": 2}, "n": 1}}),
                200,
                json!({"unsafe_metadata": {"o": {"k": 2}, "n": 1}}),
            ),
            (
                json!({"public_metadata": null, "private_metadata": {"s": null}}),
                200,
                json!({"public_metadata": null, "private_metadata": {"arr": [0, 1]}}),
            ),
            (json!({"public_metadata": null, "private_metadata": null, "unsafe_metadata": null}), 204, Value::Null),
            (json!({"unknown_metadata": {"x": 1}}), 200, json!({})),
        ]
        .into_iter()
        .enumerate()
        {
            let user = made(&app, &format!("u{n}@acme.test")).await;
            assert_eq!(outcome(&patch(&app, &user, before.clone()).await), (200, before.clone()));
            let mut after = if status == 204 { Value::Null } else { before.clone() };
            for (member, value) in expected.as_object().into_iter().flatten() {
                after.as_object_mut().unwrap().remove(member);
                if !value.is_null() {
                    after[member] = value.clone();
                }
            }
            assert_eq!(outcome(&patch(&app, &user, change.clone()).await), (status, after.clone()), "{change}");
            assert_eq!(shown(&app, &user).await, (status, after), "{change}");
        }
        app.end().await;
    }
}

/// The table of body shapes, one after the other on one user.
#[tokio::test]
async fn every_shape_of_a_body_has_its_effect() {
    let whole = json!({"public_metadata": {"a": {"b": 1}}, "unsafe_metadata": {"u": true}});
    for app in apps(json!({})).await {
        let user = made(&app, "jane@acme.test").await;
        assert_eq!(outcome(&patch(&app, &user, json!({})).await), (204, Value::Null));
        for (body, status, expected) in [
            (whole.clone(), 200, whole.clone()),
            (json!({}), 200, whole.clone()),
            (json!({"public_metadata": {}}), 200, whole.clone()),
            (json!({"other": null, "public": {"x": 1}}), 200, whole.clone()),
            (json!({"public_metadata": {"a": {"c": null}}}), 200, whole.clone()),
            (
                json!({"public_metadata": {"a": {"b": null}}}),
                200,
                json!({"public_metadata": {"a": {}}, "unsafe_metadata": {"u": true}}),
            ),
            (json!({"public_metadata": {"a": null}}), 200, json!({"unsafe_metadata": {"u": true}})),
            (
                json!({"private_metadata": {"n": {"x": null, "l": [null, {"y": null, "z": 1}]}}}),
                200,
                json!({"private_metadata": {"n": {"l": [null, {"z": 1}]}}, "unsafe_metadata": {"u": true}}),
            ),
            (json!({"unsafe_metadata": null}), 200, json!({"private_metadata": {"n": {"l": [null, {"z": 1}]}}})),
            (Value::Null, 204, Value::Null),
            (json!({}), 204, Value::Null),
            (Value::Null, 204, Value::Null),
        ] {
            assert_eq!(outcome(&patch(&app, &user, body.clone()).await), (status, expected.clone()), "{body}");
            assert_eq!(shown(&app, &user).await, (status, expected), "{body}");
        }
        app.end().await;
    }
}

#[tokio::test]
async fn what_is_no_patch_changes_nothing() {
    let kept = json!({"public_metadata": {"a": 1}});
    let shape = "patch metadata must be null or object";
    for app in apps(json!({})).await {
        let user = made(&app, "jane@acme.test").await;
        patch(&app, &user, kept.clone()).await;
        let path = format!("/users/{user}/metadata");
        for wrong in [json!("x"), json!(5), json!(true), json!([1])] {
            let answer = told(&patch(&app, &user, wrong.clone()).await);
            assert_eq!(answer, wrapped(&format!("{shape}, internal={shape}")), "{wrong}");
            for member in ["public_metadata", "private_metadata", "unsafe_metadata"] {
                let text = format!("{member} must be an object or null");
                // Nothing of a patch counts of which one member is none.
                let answer = patch(&app, &user, json!({member: wrong, "public": {}})).await;
                assert_eq!(told(&answer), wrapped(&format!("{text}, internal={text}")), "{wrong}");
            }
        }
        for (content_type, body, message) in [
            ("application/json", "{", "code=400, message=Syntax error"),
            ("application/json", r#"{"public_metadata": {"a": "\ud800"}}"#, "code=400, message=Syntax error"),
            ("application/json", r#"{"public_metadata": {"a": 1e999}}"#, "code=400, message=Syntax error"),
            ("text/plain", "{}", "code=415, message=Unsupported Media Type"),
            ("", "{}", "code=415, message=Unsupported Media Type"),
        ] {
            let (status, message_told) = told(&raw(&app, "PATCH", &path, content_type, body.into()).await);
            assert!(status == 400 && message_told.starts_with(message), "{body}: {message_told}");
        }
        // Q14: an absent body is `{}`, whatever its type is said to be.
        for content_type in ["", "text/plain", "application/json"] {
            let answer = raw(&app, "PATCH", &path, content_type, Vec::new()).await;
            assert_eq!(outcome(&answer), (200, kept.clone()));
        }
        assert_eq!(shown(&app, &user).await, (200, kept.clone()));
        app.end().await;
    }
}

/// First the id, then the body, then the user.
#[tokio::test]
async fn whose_metadata_is_asked_in_the_contracts_order() {
    for app in apps(json!({})).await {
        let user = made(&app, "jane@acme.test").await;
        for (id, body, expected) in [
            ("x", json!(5), saying(400, "invalid user id")),
            ("", json!({}), saying(400, "invalid user id")),
            (NOBODY, json!({}), saying(404, "user not found")),
            (NOBODY, json!({"public_metadata": {"a": "x".repeat(3_000)}}), saying(404, "user not found")),
        ] {
            assert_eq!(told(&patch(&app, id, body.clone()).await), expected, "{id} {body}");
        }
        assert_eq!(told(&patch(&app, NOBODY, json!(5)).await).0, 400);
        assert_eq!(told(&get(&app, "/users//metadata").await), saying(400, "invalid user id"));
        assert_eq!(told(&get(&app, &format!("/users/{NOBODY}/metadata")).await), saying(404, "user not found"));
        assert_eq!(shown(&app, &user.replace('-', "")).await, (204, Value::Null));
        app.end().await;
    }
}

#[tokio::test]
async fn a_document_that_is_too_long_is_refused_as_a_whole() {
    let text = |length: usize| "ä".repeat(length - r#"{"a":""}"#.len());
    let sentence = |part: &str| format!("{part} metadata must not exceed 3000 characters");
    for app in apps(json!({})).await {
        let user = made(&app, "jane@acme.test").await;
        let before = get(&app, &format!("/users/{user}")).await.json();
        let full = json!({"public_metadata": {"a": text(3_000)}});
        assert_eq!(outcome(&patch(&app, &user, full.clone()).await), (200, full.clone()));
        for (body, parts) in [
            (json!({"public_metadata": {"a": text(3_001)}}), vec!["public"]),
            (json!({"public_metadata": {"b": 1}}), vec!["public"]),
            (json!({"private_metadata": {"a": text(3_001)}, "unsafe_metadata": {"ok": 1}}), vec!["private"]),
            (
                json!({"private_metadata": {"a": text(3_001)}, "unsafe_metadata": {"a": "<".repeat(500)}}),
                vec!["private", "unsafe"],
            ),
        ] {
            let (status, message) = told(&patch(&app, &user, body).await);
            let said = message.strip_prefix("metadata limit exceeded: ").unwrap_or_else(|| panic!("{message}"));
            assert_eq!((status, said.split(", ").count()), (400, parts.len()), "{message}");
            assert!(parts.iter().all(|part| said.contains(&sentence(part))), "{message}");
            assert_eq!(shown(&app, &user).await, (200, full.clone()));
        }
        // §6.3: the user's own time does not move.
        let mut after = get(&app, &format!("/users/{user}")).await.json();
        assert_eq!(after.as_object_mut().unwrap().remove("metadata"), Some(full));
        assert_eq!(after, before);
        app.end().await;
    }
}

/// What JSON may say, a database must be able to keep and to find.
#[tokio::test]
async fn any_text_is_kept_as_it_is() {
    let odd = json!({"public_metadata": {"": "", "a\u{0}b": "\u{0}", "quote\"'\\": "<>&\u{2028}\u{1f600}", "n": [-1, 1.5, true, null]}});
    for app in apps(json!({})).await {
        let user = made(&app, "jane@acme.test").await;
        assert_eq!(outcome(&patch(&app, &user, odd.clone()).await), (200, odd.clone()));
        assert_eq!(shown(&app, &user).await, (200, odd.clone()));
        let other = json!({"public_metadata": {"a\u{0}b": null, "x": 1}});
        assert_eq!(patch(&app, &user, other).await.status, 200);
        let list = get(&app, "/users?public_metadata={\"x\":1}").await;
        assert_eq!((list.status.as_u16(), list.header("x-total-count")), (200, "1".to_owned()), "{}", list.text());
        app.end().await;
    }
}
