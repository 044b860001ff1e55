//! Look-ups go through an index on every database, however big a table grows.

mod outbox;

use std::time::Duration;

use hanko_domain::{
    Category, DeliveryId, EventId, EventKind, FlowId, OtpSecretId, PasswordId, Random, Secret, SessionId, UserId,
    Username, UsernameId,
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::{
    NOW,
    databases::{Database, migrated},
    new_user, passkey,
    schema::columns,
    tenant, token, user,
};
use crate::{
    TenantStore,
    built::Bound,
    connect::Pool,
    flows::FlowRow,
    listing::{Page, Range, UserQuery, pages::Scan},
    metadata::Metadata,
    otp_secrets::OtpSecret,
    outbox::Sink,
    sessions::Session,
    statement::Statement,
    users::User,
};

/// A value in the place of a placeholder.
#[derive(Clone)]
enum Value {
    Id(Uuid),
    Bytes(Vec<u8>),
    Number(i64),
    Text(&'static str),
}

/// Enough users that no planner takes the whole table for cheaper. The last one's id.
async fn fill(tenant: &TenantStore) -> Uuid {
    let random = Random::system();
    let mut last = None;
    for n in 0..150_u8 {
        let user = user(tenant, &format!("u{n}@x.de")).await;
        let mut work = tenant.begin().await.unwrap();
        let username = Username::parse(&format!("u{n}")).unwrap();
        work.insert_username(UsernameId::random(&random), user, &username, NOW).await.unwrap();
        work.put_password(PasswordId::random(&random), user, &Secret::new("hash".into()), NOW).await.unwrap();
        let (id, sealed) = (OtpSecretId::random(&random), "sealed".to_owned());
        work.insert_otp_secret(&OtpSecret { id, user, sealed, last_step: None, created_at: NOW }).await.unwrap();
        work.insert_trusted_device(user, &[n; 32], NOW + Duration::from_secs(60), NOW).await.unwrap();
        let (event, delivery) = (EventId::ordered(&random, NOW), DeliveryId::ordered(&random, NOW));
        work.emit(event, EventKind::EmailSend, "sealed", delivery, Sink::Mail, NOW, "req", NOW).await.unwrap();
        let session = Session {
            id: SessionId::random(&random),
            user,
            user_agent: None,
            ip_address: Some("192.0.2.1".into()),
            created_at: NOW,
            last_used: NOW,
            expires_at: NOW + Duration::from_secs(60),
            ends_at: NOW + Duration::from_secs(60),
        };
        work.insert_session(&session).await.unwrap();
        work.insert_passkey(&passkey(user, vec![n])).await.unwrap();
        work.put_metadata(user, &Metadata { public: Some("{}".into()), ..Metadata::default() }, NOW).await.unwrap();
        work.insert_token(&token(user, [n; 32])).await.unwrap();
        let run = FlowRow { flow: "profile".into(), version: 1, data: vec![n], expires_at: NOW };
        work.write_flow(FlowId::random(&random), 0, &run).await.unwrap();
        work.commit().await.unwrap();
        last = Some(user.0);
    }
    last.unwrap()
}

/// What PostgreSQL does by itself soon after: an empty table's figures make all of its indexes look alike, and new entries of an
/// index of parts are still to be sorted in.
async fn analyze(database: &Database) {
    if let Pool::Postgres(pool) = &database.store.pool {
        sqlx::query("VACUUM ANALYZE").execute(pool).await.unwrap();
    }
}

fn named(statements: &[Statement], name: &str) -> Statement {
    *statements.iter().find(|statement| statement.name == name).unwrap()
}

/// What the database would do, and the steps of it that read a whole table or index.
async fn plan(database: &Database, statement: Statement, values: &[Value]) -> (String, usize) {
    macro_rules! bound {
        ($explain:expr) => {{
            let mut query = sqlx::query(AssertSqlSafe($explain));
            for value in values.iter().cloned() {
                query = match value {
                    Value::Id(id) => query.bind(id),
                    Value::Bytes(bytes) => query.bind(bytes),
                    Value::Number(number) => query.bind(number),
                    Value::Text(text) => query.bind(text),
                };
            }
            query
        }};
    }
    let steps: Vec<(String, bool)> = match &database.store.pool {
        Pool::Sqlite { read, .. } => {
            let rows = bound!(format!("EXPLAIN QUERY PLAN {}", statement.sqlite)).fetch_all(read).await.unwrap();
            let step = rows.iter().map(|row| row.get::<String, _>("detail"));
            step.map(|step| (step.clone(), step.contains("SCAN") && step != "SCAN CONSTANT ROW")).collect()
        }
        Pool::Postgres(pool) => {
            // Small tables are read whole, index or not, unless that is made dear.
            let mut work = pool.begin().await.unwrap();
            sqlx::query("SET LOCAL enable_seqscan = off").execute(&mut *work).await.unwrap();
            let rows = bound!(format!("EXPLAIN {}", statement.postgres)).fetch_all(&mut *work).await.unwrap();
            let step = rows.iter().map(|row| row.get::<String, _>(0));
            step.map(|step| (step.clone(), step.contains("Seq Scan"))).collect()
        }
        Pool::MySql(pool) => {
            let rows = bound!(format!("EXPLAIN {}", statement.mysql)).fetch_all(pool).await.unwrap();
            let step = rows.iter().map(|row| {
                let text = |column| row.get::<Option<String>, _>(column).unwrap_or_default();
                (text("table"), text("type"), text("key"))
            });
            step.map(|(table, how, key)| (format!("{table} {how} {key}"), matches!(how.as_str(), "ALL" | "index")))
                .collect()
        }
    };
    let whole = steps.iter().filter(|(_, whole)| *whole).count();
    let text: Vec<String> = steps.into_iter().map(|(step, _)| step).collect();
    (text.join("\n"), whole)
}

#[tokio::test]
async fn every_look_up_of_a_login_and_every_clean_up_uses_an_index() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let user = fill(&tenant).await;
        analyze(&database).await;
        let (own, user, now) = (Value::Id(tenant.tenant().0), Value::Id(user), Value::Number(NOW.0));
        let mut users = vec![own.clone()];
        users.extend(std::iter::repeat_n(user.clone(), 16));
        let hash = Value::Bytes(vec![7; 32]);
        for (statements, name, values) in [
            (crate::emails::STATEMENTS, "BY_KEY_OR_NEXT", vec![own.clone(), Value::Text("u7")]),
            (crate::usernames::STATEMENTS, "BY_KEY", vec![own.clone(), Value::Text("u7")]),
            (crate::otp_secrets::STATEMENTS, "OF_USER", vec![own.clone(), user.clone()]),
            (crate::trusted_devices::STATEMENTS, "BY_HASH", vec![own.clone(), hash.clone(), now.clone()]),
            (crate::trusted_devices::STATEMENTS, "DELETE_OF_USER", vec![own.clone(), user.clone()]),
            (crate::users::STATEMENTS, "BY_IDS", users),
            (
                crate::sessions::STATEMENTS,
                "FROM_ADDRESS",
                vec![own.clone(), user.clone(), now.clone(), Value::Text("192.0.2.1")],
            ),
            (crate::sessions::STATEMENTS, "SURPLUS", vec![own.clone(), user.clone(), now.clone(), Value::Number(4)]),
            (crate::limits::STATEMENTS, "READ", vec![own.clone(), hash]),
            (
                crate::relying_parties::STATEMENTS,
                "ELSEWHERE",
                vec![own.clone(), Value::Text("x.de"), own.clone(), Value::Text("x.de")],
            ),
            (crate::relying_parties::STATEMENTS, "OF_TENANT", vec![own.clone()]),
            (crate::cleanup::STATEMENTS, "DEVICES", vec![now.clone()]),
            (crate::cleanup::STATEMENTS, "EVENTS", vec![now]),
        ] {
            let (plan, whole) = plan(&database, named(statements, name), &values).await;
            assert_eq!(whole, 0, "{}: {name}:\n{plan}", database.name);
        }
    }
}

#[tokio::test]
async fn every_change_of_a_profile_uses_an_index() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let user = fill(&tenant).await;
        analyze(&database).await;
        let (own, user, now) = (Value::Id(tenant.tenant().0), Value::Id(user), Value::Number(NOW.0));
        let (hash, key, text) = (Value::Bytes(vec![7; 32]), Value::Bytes(vec![7]), Value::Text("u7"));
        for (statements, name, values) in [
            (crate::users::STATEMENTS, "CLEAR_PRIMARY_EMAIL", vec![&now, &now, &own, &user]),
            (crate::users::STATEMENTS, "DELETE", vec![&own, &user]),
            (crate::emails::STATEMENTS, "BY_ID", vec![&own, &user]),
            (crate::emails::STATEMENTS, "DELETE", vec![&own, &user, &user]),
            (crate::usernames::STATEMENTS, "UPDATE", vec![&text, &text, &now, &own, &user]),
            (crate::usernames::STATEMENTS, "DELETE", vec![&own, &user]),
            (crate::passkeys::STATEMENTS, "RENAME", vec![&text, &own, &key, &user]),
            (crate::passkeys::STATEMENTS, "DELETE", vec![&own, &key, &user]),
            (crate::sessions::STATEMENTS, "OF_USER", vec![&own, &user, &now]),
            (crate::sessions::STATEMENTS, "USE", vec![&now, &now, &own, &user, &now]),
            (crate::flows::STATEMENTS, "DELETE", vec![&own, &user, &Value::Number(1)]),
            (crate::one_time_tokens::STATEMENTS, "BY_HASH", vec![&own, &hash]),
            (crate::one_time_tokens::STATEMENTS, "DELETE", vec![&own, &hash]),
            (crate::cleanup::STATEMENTS, "TOKENS", vec![&now]),
        ] {
            let values: Vec<Value> = values.into_iter().cloned().collect();
            let (plan, whole) = plan(&database, named(statements, name), &values).await;
            assert_eq!(whole, 0, "{}: {name}:\n{plan}", database.name);
        }
        // What the database looks for by itself when a user goes.
        for (table, columns) in columns(&database).await {
            if columns.contains("user_id") {
                let select = |one: &str, two: &str| -> &'static str {
                    format!("SELECT 1 FROM {table} WHERE tenant_id = {one} AND user_id = {two}").leak()
                };
                let (numbered, marked) = (select("$1", "$2"), select("?", "?"));
                let cascade = Statement { name: "CASCADE", sqlite: numbered, postgres: numbered, mysql: marked };
                let (plan, whole) = plan(&database, cascade, &[own.clone(), user.clone()]).await;
                // Every key begins with the tenant, and that alone finds all of its rows.
                let by_user = match database.name {
                    "sqlite" => plan.contains("user_id=?"),
                    "postgres" => plan.lines().any(|line| line.contains("Index Cond") && line.contains("user_id")),
                    _ => true, // InnoDB has an index of its own for every foreign key
                };
                assert!(whole == 0 && by_user, "{}: {table}:\n{plan}", database.name);
            }
        }
    }
}

#[tokio::test]
async fn users_are_listed_and_found_by_indexes() {
    let random = Random::system();
    let users: Vec<User> = (0..3000).map(|_| new_user(UserId::random(&random), None)).collect();
    let part = users[7].id.0.simple().to_string()[..6].to_owned();
    let metadata = Metadata { public: Some(r#"{"plan":"gold"}"#.into()), ..Metadata::default() };
    let seldom = vec![(Category::Public, json!({"plan": "silver"}))];
    let login = Range { from: Some(NOW), to: None };
    let everybody = UserQuery::default();
    for database in migrated().await {
        let tenant = tenant(&database).await;
        super::listing::add(&tenant, &users, &metadata).await;
        analyze(&database).await;
        for (query, index, postgres_only) in [
            (everybody.clone(), "users_listed", false),
            (UserQuery { created: login, ..everybody.clone() }, "users_listed", false),
            (UserQuery { last_login: login, ..everybody.clone() }, "users_last_login_at", true),
            (UserQuery { email: Some(part.clone()), ..everybody.clone() }, "emails_address_key_trigrams", true),
            (UserQuery { metadata: seldom.clone(), ..everybody.clone() }, "user_metadata_public", true),
        ] {
            let built = tenant.page(&query, &Scan::plain(false, Page { offset: 0, limit: 20 }));
            let sql: &str = built.sql.leak();
            let statement = Statement { name: "PAGE", sqlite: sql, postgres: sql, mysql: sql };
            let values: Vec<Value> = built
                .values
                .into_iter()
                .map(|value| match value {
                    Bound::Id(id) => Value::Id(id),
                    Bound::Number(number) => Value::Number(number),
                    Bound::Text(text) => Value::Text(text.leak()),
                    other => panic!("{other:?}"),
                })
                .collect();
            let (plan, _) = plan(&database, statement, &values).await;
            if !postgres_only || database.name == "postgres" {
                assert!(plan.contains(index), "{}: {query:?}:\n{plan}", database.name);
            }
        }
    }
}
