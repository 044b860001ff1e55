//! A user goes with everything of it, on every database.

use std::time::Duration;

use hanko_domain::{AuditEntry, AuditId, AuditKind, PasswordId, Random, RequestMeta, Secret, UserId, audit::Actor};
use sqlx::AssertSqlSafe;

use super::{
    NOW,
    databases::{Database, migrated},
    passkey,
    schema::columns,
    session, tenant, token, user,
};
use crate::{TenantStore, connect::Pool, metadata::Metadata};

/// A user with a row in every table that names one.
async fn full_user(tenant: &TenantStore, name: &str, number: u8) -> UserId {
    let random = Random::system();
    let user = user(tenant, &format!("{name}@x.de")).await;
    tenant.name(user, name).await.unwrap();
    tenant.enrol(user).await.unwrap();
    let mut work = tenant.begin().await.unwrap();
    work.put_password(PasswordId::random(&random), user, &Secret::new("hash".into()), NOW).await.unwrap();
    work.insert_passkey(&passkey(user, vec![number])).await.unwrap();
    work.insert_session(&session(user, 0)).await.unwrap();
    work.insert_session(&session(user, 1)).await.unwrap();
    work.insert_trusted_device(user, &[number; 32], NOW + Duration::from_secs(60), NOW).await.unwrap();
    work.put_metadata(user, &Metadata { public: Some("{}".into()), ..Metadata::default() }, NOW).await.unwrap();
    work.insert_token(&token(user, [number; 32])).await.unwrap();
    let entry = AuditEntry::new(AuditKind::LoginSuccess, Actor { user: Some(user), email: None });
    work.insert_audit(AuditId::ordered(&random, NOW), &entry, &RequestMeta::default(), NOW).await.unwrap();
    work.commit().await.unwrap();
    user
}

/// How many rows of each table name the user. A table that is new is counted by itself.
async fn rows_of(database: &Database, user: UserId) -> Vec<(String, i64)> {
    let mut counted = Vec::new();
    for (table, columns) in columns(database).await {
        if !columns.contains("user_id") {
            continue;
        }
        macro_rules! count {
            ($pool:expr, $place:literal) => {{
                let sql = format!("SELECT COUNT(*) FROM {table} WHERE user_id = {}", $place);
                let row: (i64,) = sqlx::query_as(AssertSqlSafe(sql)).bind(user.0).fetch_one($pool).await.unwrap();
                row.0
            }};
        }
        let rows = match &database.store.pool {
            Pool::Sqlite { read, .. } => count!(read, "$1"),
            Pool::Postgres(pool) => count!(pool, "$1"),
            Pool::MySql(pool) => count!(pool, "?"),
        };
        counted.push((table, rows));
    }
    counted
}

#[tokio::test]
async fn a_user_goes_from_every_table_and_its_audit_rows_stay() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let (jane, joe) = (full_user(&one, "jane", 1).await, full_user(&one, "joe", 2).await);
        let (of_jane, of_joe) = (rows_of(&database, jane).await, rows_of(&database, joe).await);
        assert!(of_jane.len() >= 9, "{}: {of_jane:?}", database.name);
        assert!(of_jane.iter().all(|(_, rows)| *rows > 0), "{}: nothing is proven by {of_jane:?}", database.name);

        let delete = async |tenant: &TenantStore| tenant.once(async |work| work.delete_user(jane).await).await;
        assert!(!delete(&other).await, "{}: another tenant's", database.name);
        assert!(delete(&one).await, "{}", database.name);
        assert!(!delete(&one).await, "{}: gone", database.name);

        let left = rows_of(&database, jane).await;
        assert!(left.iter().all(|(_, rows)| *rows == 0), "{}: {left:?}", database.name);
        assert_eq!(one.account(jane).await.unwrap(), None, "{}", database.name);
        assert_eq!(rows_of(&database, joe).await, of_joe, "{}: another user's stay", database.name);
        let actors: Vec<_> =
            one.newest_audit_rows(10).await.unwrap().into_iter().filter_map(|row| row.actor_user).collect();
        assert!(actors.contains(&jane.0) && actors.contains(&joe.0), "{}: {actors:?}", database.name);
    }
}
