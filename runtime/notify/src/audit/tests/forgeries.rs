//! Every hand that reaches into the table is noticed.

use hanko_domain::Random;
use hanko_store::audit::{AuditRow, End};

use super::{databases::Database, *};

/// Six sealed rows, of which the oldest went by age.
async fn sealed(database: &Database) -> (TenantStore, Vec<AuditRow>) {
    let store = database.tenant().await;
    write(&store, 0..6).await;
    let chain = chain(&store, &["k1"]);
    let rows = seal_all(&store, &chain, 4).await;
    assert_eq!(chain.remove(NOW + Duration::from_secs(1), 9, NOW).await.unwrap(), 1);
    (store, rows)
}

fn row(rows: &[AuditRow], sequence: i64) -> Broken {
    let row = rows.iter().find(|row| row.sequence == Some(sequence)).unwrap();
    Broken::Row { sequence, id: row.id }
}

#[tokio::test]
async fn a_changed_column_is_found_whichever_it_is() {
    for database in databases::migrated().await {
        let other = database.id(Random::system().uuid_v4());
        let (bytes, details) = (database.bytes(&"00".repeat(32)), r#"{"zeta": 2, "alpha": 1}"#);
        for (column, value) in [
            ("id", other.as_str()),
            ("type", "'login_success'"),
            ("error", "NULL"),
            ("error", "'changed'"),
            ("request_id", "'changed'"),
            ("source_ip", "'192.0.2.2'"),
            ("user_agent", "NULL"),
            ("actor_user_id", other.as_str()),
            ("actor_user_id", "NULL"),
            ("actor_email", "'lee@fern.example'"),
            ("actor_api_key", "'admin'"),
            ("subject_user_id", "NULL"),
            ("details", &format!("'{details}'")),
            ("created_at", "created_at + 1"),
            ("mac", bytes.as_str()),
            ("mac", "NULL"),
        ] {
            let (store, rows) = sealed(&database).await;
            let tenant = database.id(store.tenant().0);
            let sql = format!("UPDATE audit_logs SET {column} = {value} WHERE tenant_id = {tenant} AND sequence = 3");
            assert_eq!(database.tamper(sql).await, 1);
            let broken = report(&store, &["k1"]).await.broken;
            let expected = match column {
                "id" => matches!(broken, Some(Broken::Row { sequence: 3, .. })),
                _ => broken == Some(row(&rows, 3)),
            };
            assert!(expected, "{}: {column} = {value}: {broken:?}", database.name);
        }
    }
}

/// PostgreSQL refuses it itself.
#[tokio::test]
async fn details_that_are_no_json_are_a_changed_row() {
    for database in databases::migrated().await.into_iter().filter(|database| database.name != "postgres") {
        let (store, rows) = sealed(&database).await;
        let tenant = database.id(store.tenant().0);
        database
            .tamper(format!("UPDATE audit_logs SET details = '{{' WHERE tenant_id = {tenant} AND sequence = 3"))
            .await;
        assert_eq!(report(&store, &["k1"]).await.broken, Some(row(&rows, 3)), "{}", database.name);
    }
}

#[tokio::test]
async fn removed_added_and_moved_rows_are_found() {
    for database in databases::migrated().await {
        let (foreign, _) = sealed(&database).await;
        let foreign = database.id(foreign.tenant().0);
        let made_up = database.bytes(&"ab".repeat(32));
        let new = database.id(Random::system().uuid_v4());
        type Find = fn(Option<Broken>) -> bool;
        let forgeries: &[(&str, &[&str], Find)] = &[
            (
                "a row in the middle removed",
                &["DELETE FROM audit_logs WHERE tenant_id = T AND sequence = 4"],
                |broken| broken == Some(Broken::Missing { sequence: 4 }),
            ),
            ("the oldest removed", &["DELETE FROM audit_logs WHERE tenant_id = T AND sequence = 2"], |broken| {
                broken == Some(Broken::Missing { sequence: 2 })
            }),
            ("the newest removed", &["DELETE FROM audit_logs WHERE tenant_id = T AND sequence = 6"], |broken| {
                broken == Some(Broken::Missing { sequence: 6 })
            }),
            ("all removed", &["DELETE FROM audit_logs WHERE tenant_id = T"], |broken| {
                broken == Some(Broken::Missing { sequence: 2 })
            }),
            (
                "the newest removed and the head put back",
                &[
                    "DELETE FROM audit_logs WHERE tenant_id = T AND sequence = 6",
                    "UPDATE audit_checkpoints SET sequence = 5, mac = \
                        (SELECT mac FROM audit_logs WHERE tenant_id = T AND sequence = 5) WHERE tenant_id = T AND kind = 'head'",
                ],
                |broken| broken == Some(Broken::End(End::Head)),
            ),
            ("the head removed", &["DELETE FROM audit_checkpoints WHERE tenant_id = T AND kind = 'head'"], |broken| {
                broken == Some(Broken::End(End::Head))
            }),
            (
                "the floor removed",
                &["DELETE FROM audit_checkpoints WHERE tenant_id = T AND kind = 'floor'"],
                |broken| broken == Some(Broken::Missing { sequence: 1 }),
            ),
            (
                "older rows removed and the floor moved",
                &[
                    "UPDATE audit_checkpoints SET sequence = 3, mac = \
                        (SELECT mac FROM audit_logs WHERE tenant_id = T AND sequence = 3) WHERE tenant_id = T AND kind = 'floor'",
                    "DELETE FROM audit_logs WHERE tenant_id = T AND sequence < 4",
                ],
                |broken| broken == Some(Broken::End(End::Floor)),
            ),
            (
                "one end put in the place of the other",
                &[
                    "DELETE FROM audit_checkpoints WHERE tenant_id = T AND kind = 'floor'",
                    "UPDATE audit_checkpoints SET kind = 'floor' WHERE tenant_id = T AND kind = 'head'",
                    "INSERT INTO audit_checkpoints SELECT tenant_id, 'head', sequence, mac, mac_key, seal, seal_key, updated_at \
                        FROM audit_checkpoints WHERE tenant_id = T AND kind = 'floor'",
                ],
                |broken| broken == Some(Broken::End(End::Floor)),
            ),
            (
                "a row added after the head",
                &[
                    "INSERT INTO audit_logs (tenant_id, id, type, request_id, details, created_at, sequence, mac, mac_key) \
                    VALUES (T, NEW, 'login_success', '', '{}', 1, 7, MAC, 'k1')",
                ],
                |broken| matches!(broken, Some(Broken::Extra { sequence: 7, .. })),
            ),
            (
                "a row added before the floor",
                &[
                    "INSERT INTO audit_logs (tenant_id, id, type, request_id, details, created_at, sequence, mac, mac_key) \
                    VALUES (T, NEW, 'login_success', '', '{}', 1, 1, MAC, 'k1')",
                ],
                |broken| matches!(broken, Some(Broken::Extra { sequence: 1, .. })),
            ),
            (
                "a second row at the number of another",
                &[
                    "INSERT INTO audit_logs (tenant_id, id, type, request_id, details, created_at, sequence, mac, mac_key) \
                    VALUES (T, NEW, 'login_success', '', '{}', 1, 4, MAC, 'k1')",
                ],
                |broken| matches!(broken, Some(Broken::Extra { sequence: 4, .. } | Broken::Row { sequence: 4, .. })),
            ),
            (
                "a row in the place of a removed one",
                &[
                    "DELETE FROM audit_logs WHERE tenant_id = T AND sequence = 4",
                    "INSERT INTO audit_logs (tenant_id, id, type, request_id, details, created_at, sequence, mac, mac_key) \
                        VALUES (T, NEW, 'login_success', '', '{}', 1, 4, MAC, 'k1')",
                ],
                |broken| matches!(broken, Some(Broken::Row { sequence: 4, .. })),
            ),
            (
                "two rows swapped",
                &[
                    "UPDATE audit_logs SET sequence = 9 WHERE tenant_id = T AND sequence = 3",
                    "UPDATE audit_logs SET sequence = 3 WHERE tenant_id = T AND sequence = 4",
                    "UPDATE audit_logs SET sequence = 4 WHERE tenant_id = T AND sequence = 9",
                ],
                |broken| matches!(broken, Some(Broken::Row { sequence: 3, .. })),
            ),
            (
                "the row of another tenant in the place of one's own",
                &[
                    "DELETE FROM audit_logs WHERE tenant_id = T AND sequence = 4",
                    "UPDATE audit_logs SET tenant_id = T WHERE tenant_id = FOREIGN AND sequence = 4",
                    "UPDATE audit_logs SET sequence = 4 WHERE tenant_id = FOREIGN AND sequence = 5",
                    "UPDATE audit_logs SET sequence = 5 WHERE tenant_id = FOREIGN AND sequence = 6",
                ],
                |broken| matches!(broken, Some(Broken::Row { sequence: 4, .. })),
            ),
            (
                "a row unsealed, to be changed and sealed again",
                &[
                    "UPDATE audit_logs SET sequence = NULL, mac = NULL, mac_key = NULL WHERE tenant_id = T AND sequence = 4",
                ],
                |broken| broken == Some(Broken::Missing { sequence: 4 }),
            ),
            (
                "the newest unsealed",
                &[
                    "UPDATE audit_logs SET sequence = NULL, mac = NULL, mac_key = NULL WHERE tenant_id = T AND sequence = 6",
                ],
                |broken| broken == Some(Broken::Missing { sequence: 6 }),
            ),
            (
                "a changed row said to be under a key that is gone",
                &["UPDATE audit_logs SET mac_key = 'k0', error = 'changed' WHERE tenant_id = T AND sequence = 4"],
                |broken| matches!(broken, Some(Broken::Row { sequence: 5, .. })),
            ),
            (
                "the newest changed and said to be under a key that is gone",
                &["UPDATE audit_logs SET mac_key = 'k0', error = 'changed' WHERE tenant_id = T AND sequence = 6"],
                |broken| broken == Some(Broken::End(End::Head)),
            ),
        ];
        for (what, statements, finds) in forgeries {
            let (store, _) = sealed(&database).await;
            let tenant = database.id(store.tenant().0);
            for sql in *statements {
                let sql = sql
                    .replace("FOREIGN", &foreign)
                    .replace("= T", &format!("= {tenant}"))
                    .replace("(T,", &format!("({tenant},"))
                    .replace("NEW", &new)
                    .replace("MAC", &made_up);
                assert_ne!(database.tamper(sql).await, 0, "{}: {what}", database.name);
            }
            let broken = report(&store, &["k1"]).await.broken;
            assert!(finds(broken.clone()), "{}: {what}: {broken:?}", database.name);
        }
    }
}

#[tokio::test]
async fn an_end_that_was_changed_is_found_and_nothing_is_built_on_it() {
    for database in databases::migrated().await {
        for end in [End::Head, End::Floor] {
            for change in ["sequence = sequence - 1", "mac = MAC", "mac_key = 'k0'", "seal = MAC", "seal_key = 'k2'"] {
                let (store, _) = sealed(&database).await;
                let tenant = database.id(store.tenant().0);
                let change = change.replace("MAC", &database.bytes(&"ab".repeat(32)));
                let name = end.as_str();
                let sql =
                    format!("UPDATE audit_checkpoints SET {change} WHERE tenant_id = {tenant} AND kind = '{name}'");
                assert_eq!(database.tamper(sql).await, 1);
                let what = format!("{}: {end:?}: {change}", database.name);
                assert_eq!(report(&store, &["k1", "k2"]).await.broken, Some(Broken::End(end)), "{what}");
                write(&store, 6..8).await;
                let chain = chain(&store, &["k1", "k2"]);
                if end == End::Head {
                    let rows = store.unsealed_audit_rows(9).await.unwrap();
                    let refused = chain.seal(rows, NOW).await.unwrap_err();
                    assert!(matches!(refused, ChainError::Changed(End::Head)), "{what}: {refused}");
                }
                let refused = chain.remove(NOW + MONTH, 9, NOW).await;
                assert!(matches!(refused, Err(ChainError::Changed(_)) | Ok(0)), "{what}: {refused:?}");
                assert_eq!(report(&store, &["k1", "k2"]).await.broken, Some(Broken::End(end)), "{what}: still");
            }
        }
    }
}

#[tokio::test]
async fn a_chain_without_its_head_does_not_begin_anew() {
    for database in databases::migrated().await {
        for rest in [
            "DELETE FROM audit_logs WHERE tenant_id = ",
            "DELETE FROM audit_checkpoints WHERE kind = 'floor' AND tenant_id = ",
        ] {
            let (store, _) = sealed(&database).await;
            let tenant = database.id(store.tenant().0);
            database
                .tamper(format!("DELETE FROM audit_checkpoints WHERE kind = 'head' AND tenant_id = {tenant}"))
                .await;
            database.tamper(format!("{rest}{tenant}")).await;
            write(&store, 6..8).await;
            let rows = store.unsealed_audit_rows(9).await.unwrap();
            let refused = chain(&store, &["k1"]).seal(rows, NOW).await.unwrap_err();
            assert!(matches!(refused, ChainError::Changed(End::Head)), "{}: {refused}", database.name);
            assert_eq!(report(&store, &["k1"]).await.broken, Some(Broken::End(End::Head)), "{}", database.name);
        }
    }
}
