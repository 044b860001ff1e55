//! What users may write themselves (§6.11).

use serde_json::{Value, json};

use crate::{
    at_home, audit, cookie, database, events_since, fine, modern, open, outcome, refused,
    support::{Flow, TestApp},
    unlimited, user,
};

/// What is stored, as text.
async fn stored(app: &TestApp) -> Option<String> {
    let texts = database::texts(app, "SELECT coalesce(unsafe_metadata, 'NULL') FROM user_metadata").await;
    texts.into_iter().next().filter(|text| text != "NULL")
}

async fn patch(flow: &mut Flow<'_>, value: Value) {
    flow.act("patch_metadata", json!({"patch_metadata": value})).await;
}

fn shown(flow: &Flow<'_>) -> Option<Value> {
    user(flow).get("metadata").cloned()
}

#[tokio::test]
async fn item_18_a_patch_is_merged() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let (known, rows) = (database::events(&app).await.len(), audit::rows(&app).await.len());
    let cases = [
        // Stored before, patch, stored afterwards; the worked examples come first.
        (None, json!({"a": 1}), Some(json!({"a": 1}))),
        (Some(json!({"a": 1, "b": {"c": 2, "d": 3}})), json!({"b": {"c": null}}), Some(json!({"a": 1, "b": {"d": 3}}))),
        (Some(json!({"a": 1})), json!({"a": null}), Some(json!({}))),
        (Some(json!({"a": 1})), json!({}), Some(json!({"a": 1}))),
        (Some(json!({"a": 1})), json!("null"), None),
        (Some(json!({"a": [1, 2]})), json!({"a": [3]}), Some(json!({"a": [3]}))),
        // Q9.
        (Some(json!({"a": 1})), json!(null), None),
        (Some(json!({"a": 1})), json!("{\"b\": 2}"), Some(json!({"a": 1, "b": 2}))),
        (Some(json!({"a": 1})), json!({"a": {"b": null, "c": 1}}), Some(json!({"a": {"c": 1}}))),
        (Some(json!({"a": {"b": 1}})), json!({"a": "text"}), Some(json!({"a": "text"}))),
        (None, json!({"a": {"b": {"c": {}}}}), Some(json!({"a": {"b": {"c": {}}}}))),
        (None, json!({"<&>": "</script>", "\u{1f98a}": "ä"}), Some(json!({"<&>": "</script>", "\u{1f98a}": "ä"}))),
    ];
    for (before, change, after) in cases {
        patch(&mut flow, json!(null)).await;
        if let Some(before) = &before {
            patch(&mut flow, before.clone()).await;
        }
        patch(&mut flow, change.clone()).await;
        assert_eq!(outcome(&flow), fine("profile_init"), "{before:?} {change}");
        let now = stored(&app).await.map(|text| serde_json::from_str::<Value>(&text).unwrap());
        assert_eq!(now, after, "{before:?} {change}");
        let expected = after.filter(|value| *value != json!({})).map(|value| json!({"unsafe_metadata": value}));
        assert_eq!(shown(&flow), expected, "{before:?} {change}");
        assert_eq!(shown(&open(&app, &cookie(&flow), modern()).await), expected);
    }
    assert_eq!(events_since(&app, known).await, [], "no webhook");
    assert_eq!(audit::rows(&app).await.len(), rows, "no entry");
    app.end().await;
}

#[tokio::test]
async fn item_18_what_is_no_patch_changes_nothing() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    patch(&mut flow, json!({"a": 1})).await;
    let mut tried: Vec<Option<Value>> = vec![None];
    for value in [
        json!(""),
        json!([]),
        json!([{"a": 2}]),
        json!(1),
        json!(true),
        json!("text"),
        json!(" null"),
        json!(" {\"a\":2}"),
        json!("{\"a\":2} "),
        json!("{\"a\":2"),
        json!("{a}"),
        json!("[1]"),
        json!("NULL"),
    ] {
        tried.push(Some(value));
    }
    for value in tried {
        let inputs = value.as_ref().map_or(json!({}), |value| json!({"patch_metadata": value}));
        flow.act("patch_metadata", inputs).await;
        assert_eq!(outcome(&flow), refused(400, "profile_init", "form_data_invalid_error"), "{value:?}");
        assert_eq!(
            flow.document()["actions"]["patch_metadata"]["inputs"]["patch_metadata"]["error"],
            json!({
                "code": "invalid_metadata_error", "message": "The metadata is invalid.",
                "cause": "patch metadata must be an object or null",
            }),
            "{value:?}"
        );
        assert_eq!(shown(&flow), Some(json!({"unsafe_metadata": {"a": 1}})), "{value:?}");
    }
    app.end().await;
}

#[tokio::test]
async fn item_18_three_thousand_characters_are_the_most() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    // `{"a":""}` is eight characters; each of these is four bytes.
    patch(&mut flow, json!({"a": "\u{1f98a}".repeat(2_992)})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    let before = stored(&app).await.unwrap();
    assert_eq!(before.chars().count(), 3_000);
    for too_much in [json!({"a": "x".repeat(2_993)}), json!({"b": 1})] {
        patch(&mut flow, too_much).await;
        assert_eq!(outcome(&flow), refused(400, "profile_init", "form_data_invalid_error"));
        assert_eq!(
            flow.document()["actions"]["patch_metadata"]["inputs"]["patch_metadata"]["error"],
            json!({
                "code": "invalid_metadata_error", "message": "The metadata is invalid.",
                "cause": "metadata must not exceed character limit (3000)",
            })
        );
        assert_eq!(stored(&app).await.as_ref(), Some(&before), "unchanged");
    }
    app.end().await;
}

#[tokio::test]
async fn a_patch_keeps_the_order_of_members_and_reaches_nothing_else() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    patch(&mut flow, json!("{\"z\":1,\"a\":{\"y\":1,\"b\":2},\"m\":3}")).await;
    patch(&mut flow, json!({"a": {"b": 5}, "k": 6})).await;
    assert_eq!(stored(&app).await.as_deref(), Some("{\"z\":1,\"a\":{\"y\":1,\"b\":5},\"m\":3,\"k\":6}"));
    database::execute(&app, "UPDATE user_metadata SET public_metadata = '{\"p\":1}', private_metadata = '{\"q\":2}'")
        .await;
    patch(&mut flow, json!({"public_metadata": {"p": 9}, "private_metadata": {"q": 9}, "p": null})).await;
    let others = database::texts(&app, "SELECT public_metadata || private_metadata FROM user_metadata").await;
    assert_eq!(others, ["{\"p\":1}{\"q\":2}"]);
    let metadata = shown(&flow).unwrap();
    assert_eq!(metadata["public_metadata"], json!({"p": 1}));
    assert_eq!(metadata.get("private_metadata"), None);
    patch(&mut flow, json!(null)).await;
    assert_eq!(shown(&flow), Some(json!({"public_metadata": {"p": 1}})));
    assert_eq!(database::texts(&app, "SELECT private_metadata FROM user_metadata").await, ["{\"q\":2}"]);
    app.end().await;
}

#[tokio::test]
async fn the_projects_schema_holds_for_what_users_write() {
    let schema = json!({"properties": {"theme": {"enum": ["light", "dark"]}}, "additionalProperties": false});
    let app = TestApp::with(unlimited(json!({"metadata": {"schemas": {"unsafe": schema}}}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    patch(&mut flow, json!({"theme": "dark"})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    for (wrong, cause) in [
        (json!({"theme": "pink"}), " at /theme: value is not one of \"light\" or \"dark\""),
        (json!({"x": 1}), ": Additional properties are not allowed ('x' was unexpected)"),
    ] {
        patch(&mut flow, wrong).await;
        assert_eq!(outcome(&flow), refused(400, "profile_init", "form_data_invalid_error"));
        assert_eq!(
            flow.document()["actions"]["patch_metadata"]["inputs"]["patch_metadata"]["error"],
            json!({
                "code": "invalid_metadata_error", "message": "The metadata is invalid.",
                "cause": format!("unsafe metadata does not match the schema of the project{cause}"),
            })
        );
        assert_eq!(stored(&app).await.as_deref(), Some("{\"theme\":\"dark\"}"), "unchanged");
    }
    patch(&mut flow, json!(null)).await;
    assert_eq!((outcome(&flow), shown(&flow)), (fine("profile_init"), None), "no document is needed");
    app.end().await;
}

#[tokio::test]
async fn a_patch_is_no_change_of_the_account() {
    let app = TestApp::with(unlimited(json!({}))).await;
    let mut flow = at_home(&app, "jane@x.de").await;
    let before = user(&flow)["updated_at"].clone();
    app.clock.advance(std::time::Duration::from_secs(5));
    patch(&mut flow, json!({"a": 1})).await;
    assert_eq!(outcome(&flow), fine("profile_init"));
    assert_eq!(
        (user(&flow)["updated_at"].clone(), user(&open(&app, &cookie(&flow), modern()).await)["updated_at"].clone()),
        (before.clone(), before)
    );
    app.end().await;
}
