//! `/audit_logs`: pages, conditions, and the export.

use serde_json::{Value, json};

use crate::{
    call, database,
    support::{TestApp, merge, passcodes_only},
};

async fn list(app: &TestApp, query: &str) -> (Vec<Value>, String) {
    let answer = call(app, "GET", &format!("/audit_logs{query}"), None).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    (answer.json().as_array().unwrap().clone(), answer.header("x-total-count"))
}

fn kinds(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["type"].as_str().unwrap()).collect()
}

/// Two users who have signed up, a minute apart.
async fn two_users(over: Value) -> TestApp {
    let mut spec = passcodes_only();
    merge(&mut spec, over);
    let app = TestApp::with(spec).await;
    app.sign_up("jane@acme.test").await;
    app.clock.advance(std::time::Duration::from_secs(60));
    app.sign_up("joe@acme.test").await;
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_told_newest_first_with_all_their_members() {
    let app = two_users(json!({})).await;
    let (rows, total) = list(&app, "?type=user_created&type=email_verified").await;
    assert_eq!(total, rows.len().to_string());
    assert!(rows.iter().all(|row| ["user_created", "email_verified"].contains(&row["type"].as_str().unwrap())));
    let times: Vec<&str> = rows.iter().map(|row| row["created_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    let made = rows.iter().find(|row| row["type"] == "user_created").unwrap();
    assert_eq!(made["actor_email"], "j*****@acme.test");
    assert_eq!(made["updated_at"], made["created_at"]);
    assert_eq!(made["meta_source_ip"], "127.0.0.1");
    for member in ["id", "meta_http_request_id", "meta_user_agent", "actor_user_id", "details", "TenantID"] {
        assert!(!made[member].is_null(), "{member}: {made:#}");
    }
    assert!(made.get("error").is_none() && made.get("actor_api_key").is_none());
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_condition_must_hold() {
    let app = two_users(json!({})).await;
    let (all, total) = list(&app, "?per_page=1000").await;
    assert_eq!(total, all.len().to_string());
    let made = all.iter().filter(|row| row["type"] == "user_created").collect::<Vec<_>>();
    let (joe, jane) = (made[0]["actor_user_id"].as_str().unwrap(), made[1]["actor_user_id"].as_str().unwrap());
    for (query, expected) in [
        ("type=user_created".to_owned(), 2),
        ("type=user_created,login_success".to_owned(), 0),
        ("type=nothing_of_the_kind".to_owned(), 0),
        (format!("type=user_created&user_id={jane}"), 1),
        (format!("type=user_created&user_id={{{}}}", joe.to_uppercase()), 1),
        (format!("type=user_created&actor_user_id={}", &jane[..8]), 1),
        ("type=user_created&actor_email=j*".to_owned(), 2),
        ("type=user_created&actor_email=jane".to_owned(), 0),
        ("type=user_created&meta_source_ip=127.0".to_owned(), 2),
        ("type=user_created&meta_source_ip=10.".to_owned(), 0),
        (format!("type=user_created&q={}", &joe[24..]), 1),
        ("type=user_created&q=127.0.0.1".to_owned(), 2),
        ("type=user_created&start_time=2026-01-01T00:00:30Z".to_owned(), 1),
        ("type=user_created&end_time=2026-01-01T00:00:30Z".to_owned(), 1),
        ("TYPE=user_created&Start_Time=2026-01-01T00:01:00Z".to_owned(), 0),
        ("type=user_created&api_key=generated".to_owned(), 0),
    ] {
        let (rows, total) = list(&app, &format!("?{query}")).await;
        assert_eq!((rows.len(), total), (expected, expected.to_string()), "{query}");
    }
    for query in ["start_time=", "start_time=yesterday", "end_time=2026-13-01T00:00:00Z", "user_id=x", "page=x"] {
        let answer = call(&app, "GET", &format!("/audit_logs?{query}"), None).await;
        assert_eq!(answer.status, 400, "{query}");
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_linked_and_a_page_past_the_end_is_empty() {
    let app = two_users(json!({})).await;
    let (all, total) = list(&app, "?per_page=1000").await;
    let count: usize = total.parse().unwrap();
    assert_eq!(count, all.len());
    let answer = call(&app, "GET", "/admin/audit_logs?page=1&per_page=1", None).await;
    assert_eq!(answer.json(), json!(all[..1]));
    let last = count;
    let base = app.admin_url("/admin/audit_logs");
    assert_eq!(
        answer.header("link"),
        format!("<{base}?page={last}&per_page=1>; rel=\"last\",<{base}?page=2&per_page=1>; rel=\"next\"")
    );
    let mut paged = Vec::new();
    for page in 1..=last {
        paged.extend(list(&app, &format!("?page={page}&per_page=1")).await.0);
    }
    assert_eq!(paged, all);
    assert_eq!(list(&app, &format!("?page={}&per_page=1", last + 1)).await.0, Vec::<Value>::new());
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_by_a_key_name_it_and_whom_they_were_about() {
    let app = TestApp::start().await;
    let made = call(&app, "POST", "/users", Some(json!({"username": "ann"}))).await.json();
    let (rows, _) = list(&app, &format!("?user_id={}", made["id"].as_str().unwrap())).await;
    assert_eq!(kinds(&rows), ["admin_user_created"]);
    assert_eq!((&rows[0]["actor_api_key"], &rows[0]["subject_user_id"]), (&json!("generated"), &made["id"]));
    assert_eq!(list(&app, "?api_key=gener").await.0.len(), 1);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_every_entry_once_and_is_an_entry_itself() {
    let app = TestApp::start().await;
    // More than are read at once, several of one moment.
    for n in 0..700 {
        if n % 7 == 0 {
            app.clock.advance(std::time::Duration::from_secs(1));
        }
        let body = json!({"callback": "https://a.test", "events": ["user"]});
        call(&app, "POST", "/webhooks", Some(body)).await;
    }
    let (_, total) = list(&app, "?type=webhook_created").await;
    assert_eq!(total, "700");
    let answer = app.admin("GET", "/audit_logs/export?type=webhook_created", None).await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut ids: Vec<&str> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((lines.len(), ids.len()), (700, 700));
    let first = list(&app, "?type=webhook_created&per_page=1").await.0.remove(0);
    // What stands beside it may have been sealed meanwhile.
    assert_eq!(lines[0]["id"], first["id"]);

    let csv = app.admin("GET", "/audit_logs/export?format=csv&type=webhook_created", None).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"audit_logs.csv\"");
    assert_eq!(csv.text().lines().count(), 701);
    assert!(csv.text().starts_with("id,type,created_at,"));
    let nothing = app.admin("GET", "/audit_logs/export?format=csv&type=none", None).await;
    assert_eq!(nothing.text().lines().count(), 1);
    let nothing = app.admin("GET", "/audit_logs/export?type=none", None).await;
    assert_eq!((nothing.status.as_u16(), nothing.text()), (200, String::new()));
    assert_eq!(app.admin("GET", "/audit_logs/export?format=xml", None).await.status, 400);

    let sql = "SELECT details || ' ' || actor_api_key FROM audit_logs WHERE type = 'audit_exported' ORDER BY id";
    let rows = database::texts(&app, sql).await;
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0], "{\"format\":\"jsonl\"} generated");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_formula_a_stranger_has_sent_is_a_text_in_the_table() {
    let app = TestApp::start().await;
    database::execute(
        &app,
        "INSERT INTO audit_logs (tenant_id, id, type, request_id, user_agent, details, created_at) \
         SELECT id, randomblob(16), 'login_failure', 'r', '=1+1', '{}', 1 FROM tenants",
    )
    .await;
    let csv = app.admin("GET", "/audit_logs/export?format=csv&end_time=2000-01-01T00:00:00Z", None).await;
    assert!(csv.text().contains(",'=1+1,"), "{}", csv.text());
    app.end().await;
}
