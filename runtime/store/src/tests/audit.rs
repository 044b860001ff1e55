//! The audit log: what is stored, found and counted.

use hanko_domain::{Actor, AuditEntry, AuditId, AuditKind, Random, RequestMeta, Timestamp, UserId};
use serde_json::json;
use std::time::Duration;

use super::{NOW, databases::migrated, tenant};
use crate::{
    TenantStore,
    audit::{AuditQuery, AuditRow, Checkpoint, Ends, Link},
};

async fn add(tenant: &TenantStore, entry: AuditEntry, ip: &str, at: Timestamp) -> AuditId {
    let id = AuditId::ordered(&Random::system(), at);
    let request =
        RequestMeta { id: "req".into(), ip: ip.parse().ok(), user_agent: "agent".into(), ..RequestMeta::default() };
    tenant.once(async |work| work.insert_audit(id, &entry, &request, at).await).await;
    id
}

fn second(n: u64) -> Timestamp {
    NOW + Duration::from_secs(n)
}

fn ids(rows: &[AuditRow]) -> Vec<AuditId> {
    rows.iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn an_entry_comes_back_whole_and_texts_that_are_too_long_are_cut() {
    for database in migrated().await {
        let (tenant, user, subject) =
            (tenant(&database).await, UserId::random(&Random::system()), UserId::random(&Random::system()));
        let long = "ü".repeat(300);
        let actor = Actor { user: Some(user), email: Some("kim@fern.example".into()) };
        let entry = AuditEntry::new(AuditKind::AdminUserUpdated, actor)
            .failed(long.clone())
            .by_key("ci")
            .about(subject)
            .with("b", json!({"y": 1, "x": [null, 1.5]}))
            .with("a", long.clone());
        let (id, at) = (AuditId::ordered(&Random::system(), NOW), NOW);
        let request = RequestMeta {
            id: long.clone(),
            ip: "2001:db8::1".parse().ok(),
            user_agent: long.clone(),
            ..RequestMeta::default()
        };
        tenant.once(async |work| work.insert_audit(id, &entry, &request, at).await).await;
        let cut = "ü".repeat(255);
        let expected = AuditRow {
            id,
            kind: "admin_user_updated".into(),
            error: Some(cut.clone()),
            request_id: cut.clone(),
            source_ip: Some("2001:db8::1".into()),
            user_agent: Some(cut),
            actor_user: Some(user.0),
            actor_email: Some("kim@fern.example".into()),
            api_key: Some("ci".into()),
            subject: Some(subject.0),
            details: json!({"a": long, "b": {"x": [null, 1.5], "y": 1}}),
            created_at: NOW,
            sequence: None,
            mac: None,
            mac_key: None,
        };
        assert_eq!(tenant.newest_audit_rows(9).await.unwrap(), [expected], "{}", database.name);
    }
}

#[tokio::test]
async fn entries_are_found_by_every_condition_and_by_all_of_them_together() {
    for database in migrated().await {
        let (own, other) = (tenant(&database).await, tenant(&database).await);
        let (kim, lee) = (UserId::random(&Random::system()), UserId::random(&Random::system()));
        let by = |user, email: &str| Actor { user: Some(user), email: Some(email.into()) };
        let login = AuditEntry::new(AuditKind::LoginSuccess, by(kim, "kim@fern.example"));
        let failure = AuditEntry::new(AuditKind::LoginFailure, by(lee, "lee@moss.example"));
        let deleted = AuditEntry::new(AuditKind::AdminUserDeleted, Actor::none()).by_key("ci").about(kim);
        let one = add(&own, login.clone(), "192.0.2.1", second(1)).await;
        let two = add(&own, failure, "198.51.100.2", second(2)).await;
        let three = add(&own, deleted, "", second(3)).await;
        add(&other, login, "192.0.2.1", second(1)).await;

        let any = AuditQuery::default;
        let text = |text: &str| Some(text.to_owned());
        let id = kim.0.hyphenated().to_string();
        for (what, query, found) in [
            ("all", any(), vec![three, two, one]),
            ("one type", AuditQuery { types: vec!["login_failure".into()], ..any() }, vec![two]),
            (
                "types",
                AuditQuery { types: vec!["login_failure".into(), "login_success".into(), "x".into()], ..any() },
                vec![two, one],
            ),
            ("a user who acted or was acted upon", AuditQuery { user: Some(kim), ..any() }, vec![three, one]),
            ("an id", AuditQuery { actor_user_id: Some(id.clone()), ..any() }, vec![one]),
            ("a part of an id", AuditQuery { actor_user_id: text(&id[5..20]), ..any() }, vec![one]),
            ("a part of an address", AuditQuery { actor_email: text("fern"), ..any() }, vec![one]),
            ("wildcards", AuditQuery { actor_email: text("l__@%.example"), ..any() }, vec![two]),
            ("a backslash", AuditQuery { actor_email: text("fern\\"), ..any() }, vec![]),
            ("a quote", AuditQuery { actor_email: text("' OR '1' = '1"), ..any() }, vec![]),
            ("a key", AuditQuery { api_key: text("ci"), ..any() }, vec![three]),
            ("an address of a request", AuditQuery { source_ip: text("51.100"), ..any() }, vec![two]),
            ("anything: an address", AuditQuery { q: text("moss"), ..any() }, vec![two]),
            ("anything: an id", AuditQuery { q: text(&id[30..]), ..any() }, vec![one]),
            ("anything: where from", AuditQuery { q: text("192.0.2.1"), ..any() }, vec![one]),
            ("strictly after", AuditQuery { start: Some(second(1)), ..any() }, vec![three, two]),
            ("strictly before", AuditQuery { end: Some(second(2)), ..any() }, vec![one]),
            (
                "both",
                AuditQuery { start: Some(second(1)), end: Some(second(3)), q: text("lee"), user: Some(lee), ..any() },
                vec![two],
            ),
            (
                "conditions that exclude each other",
                AuditQuery { user: Some(lee), api_key: text("ci"), ..any() },
                vec![],
            ),
        ] {
            let rows = own.audit_rows(&query, 0, 9).await.unwrap();
            assert_eq!(ids(&rows), found, "{}: {what}", database.name);
            let onwards = own.audit_rows_before(&query, None, 9).await.unwrap();
            assert_eq!(onwards, rows, "{}: {what}", database.name);
            let count = own.count_audit_rows(&query).await.unwrap();
            assert_eq!(count, found.len() as u64, "{}: {what}", database.name);
        }
    }
}

#[tokio::test]
async fn pages_and_a_walk_show_every_entry_once_also_those_of_one_moment() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        for n in 0..10 {
            add(&tenant, AuditEntry::new(AuditKind::LoginSuccess, Actor::none()), "192.0.2.1", second(n / 4)).await;
        }
        let all = ids(&tenant.newest_audit_rows(99).await.unwrap());
        assert_eq!(all.len(), 10);
        let any = AuditQuery::default();
        let mut pages = Vec::new();
        for page in 0..4 {
            pages.extend(ids(&tenant.audit_rows(&any, page * 3, 3).await.unwrap()));
        }
        assert_eq!(pages, all, "{}", database.name);
        assert!(tenant.audit_rows(&any, u64::MAX, 3).await.unwrap().is_empty(), "{}", database.name);
        let (mut walked, mut last) = (Vec::new(), None);
        loop {
            let rows = tenant.audit_rows_before(&any, last, 3).await.unwrap();
            let Some(row) = rows.last() else { break };
            last = Some((row.created_at, row.id));
            walked.extend(ids(&rows));
        }
        assert_eq!(walked, all, "{}", database.name);
    }
}

#[tokio::test]
async fn sealed_and_removed_rows_are_counted_by_their_numbers() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        for n in 0..5 {
            add(&tenant, AuditEntry::new(AuditKind::LoginSuccess, Actor::none()), "", second(n)).await;
        }
        let end = |sequence| Checkpoint {
            link: Link { sequence, mac: vec![1], mac_key: "k1".into() },
            seal: vec![u8::try_from(sequence).unwrap()],
            seal_key: "k1".into(),
        };
        let place = |n: usize, row: &AuditRow| {
            (row.id, Link { sequence: i64::try_from(n).unwrap() + 1, mac: vec![1], mac_key: "k1".into() })
        };
        let rows = tenant.unsealed_audit_rows(3).await.unwrap();
        let places: Vec<_> = rows.iter().enumerate().map(|(n, row)| place(n, row)).collect();
        let seal =
            async |before: Option<&Checkpoint>| tenant.seal_audit_rows(&places, before, &end(3), NOW).await.unwrap();
        assert!(!seal(Some(&end(1))).await, "{}: the head is not there", database.name);
        assert!(seal(None).await, "{}", database.name);
        assert!(!seal(None).await, "{}: somebody else did", database.name);
        assert!(!seal(Some(&end(3))).await, "{}: they are sealed", database.name);
        assert_eq!(tenant.audit_ends().await.unwrap(), Ends { head: Some(end(3)), floor: None }, "{}", database.name);
        assert_eq!(tenant.count_audit_rows(&AuditQuery::default()).await.unwrap(), 5, "{}", database.name);
        assert_eq!(tenant.count_unsealed_audit_rows().await.unwrap(), 2, "{}", database.name);

        let changed = Checkpoint { seal: vec![9], ..end(2) };
        assert_eq!(
            tenant.remove_sealed_audit_rows(Some(&changed), &end(2), NOW).await.unwrap(),
            None,
            "{}",
            database.name
        );
        assert_eq!(tenant.remove_sealed_audit_rows(None, &end(2), NOW).await.unwrap(), Some(2), "{}", database.name);
        assert_eq!(
            tenant.remove_sealed_audit_rows(Some(&changed), &end(3), NOW).await.unwrap(),
            None,
            "{}",
            database.name
        );
        assert_eq!(tenant.count_audit_rows(&AuditQuery::default()).await.unwrap(), 3, "{}", database.name);
        assert_eq!(tenant.newest_audit_rows(9).await.unwrap().len(), 3, "{}", database.name);
        let left = tenant.sealed_audit_rows(2, 9).await.unwrap();
        assert_eq!(left.iter().map(|row| row.sequence).collect::<Vec<_>>(), [Some(3)], "{}", database.name);
    }
}
