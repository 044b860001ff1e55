//! Whatever is done to a chain behind its back is found, and nothing that the program does itself.

mod databases;
mod forgeries;
mod keeper;
mod properties;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use hanko_domain::{Actor, AuditEntry, AuditKind, Random, RequestMeta, Timestamp, UserId};
use hanko_keys::{Macs, MasterKeys, Purpose};
use hanko_store::{
    TenantStore,
    audit::{AuditQuery, AuditRow},
};
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp(1_790_000_000_123_456);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

fn macs(keys: &[&str]) -> Macs {
    let entries = keys.iter().map(|id| {
        let byte = id.as_bytes().last().copied().unwrap_or_default();
        ((*id).to_owned(), STANDARD.encode([byte; 32]).into_bytes())
    });
    Macs::new(&MasterKeys::from_entries(entries).unwrap(), Purpose::Audit)
}

fn chain(store: &TenantStore, keys: &[&str]) -> Chain {
    Chain::new(store.clone(), macs(keys), false)
}

async fn report(store: &TenantStore, keys: &[&str]) -> Report {
    verify(store, &macs(keys)).await.unwrap()
}

/// An entry with something in every column; `n` makes it differ.
fn entry(n: usize) -> AuditEntry {
    let random = Random::system();
    let actor = Actor { user: Some(UserId::random(&random)), email: Some("kim@fern.example".into()) };
    AuditEntry::new(AuditKind::LoginFailure, actor)
        .failed("password invalid")
        .by_key("ci")
        .about(UserId::random(&random))
        .with("zeta", n)
        .with("alpha", json!({"y": [1, 2.5, null, "ü\""], "x": {"b": true, "a": {}}}))
        .with("email", "kim@fern.example")
}

/// Rows that are not sealed yet, a second apart.
async fn write(store: &TenantStore, rows: std::ops::Range<usize>) {
    let random = Random::system();
    let request = RequestMeta {
        id: "req".into(),
        ip: Some("192.0.2.1".parse().unwrap()),
        user_agent: "agent".into(),
        ..RequestMeta::default()
    };
    for n in rows {
        let mut work = store.begin().await.unwrap();
        let now = NOW + Duration::from_secs(n as u64);
        record(&mut work, entry(n), &request, true, now, &random).await.unwrap();
        work.commit().await.unwrap();
    }
}

/// Seals everything there is, so many rows at once.
async fn seal_all(store: &TenantStore, chain: &Chain, batch: u32) -> Vec<AuditRow> {
    let mut sealed = Vec::new();
    loop {
        let rows = store.unsealed_audit_rows(batch).await.unwrap();
        if rows.is_empty() {
            return sealed;
        }
        sealed.extend(chain.seal(rows, NOW).await.unwrap());
    }
}

fn proven(rows: u64) -> Report {
    Report { proven: rows, head: i64::try_from(rows).ok(), ..Report::default() }
}

#[tokio::test]
async fn personal_data_is_masked_when_the_project_says_so() {
    let database = databases::sqlite().await;
    let (tenant, random) = (database.tenant().await, Random::system());
    for (mask, expected) in [(true, "k*****@fern.example"), (false, "kim@fern.example")] {
        let actor = Actor { user: None, email: Some("kim@fern.example".into()) };
        let entry = AuditEntry::new(AuditKind::LoginSuccess, actor).with("email", "kim@fern.example");
        let now = Timestamp::from_seconds(if mask { 1 } else { 2 });
        let mut work = tenant.begin().await.unwrap();
        record(&mut work, entry, &RequestMeta::default(), mask, now, &random).await.unwrap();
        work.commit().await.unwrap();
        let row = tenant.newest_audit_rows(1).await.unwrap().remove(0);
        assert_eq!(row.actor_email.as_deref(), Some(expected));
        assert_eq!(row.details["email"], expected);
    }
}

#[tokio::test]
async fn a_chain_is_proven_from_its_first_row_to_its_last() {
    for database in databases::migrated().await {
        let store = database.tenant().await;
        assert_eq!(report(&store, &["k1"]).await, Report::default(), "{}: nothing yet", database.name);
        write(&store, 0..3).await;
        let unsealed = Report { unsealed: 3, ..Report::default() };
        assert_eq!(report(&store, &["k1"]).await, unsealed, "{}", database.name);
        let chain = chain(&store, &["k1"]);
        let sealed = seal_all(&store, &chain, 2).await;
        assert_eq!(sealed.iter().map(|row| row.sequence.unwrap()).collect::<Vec<_>>(), [1, 2, 3], "{}", database.name);
        assert_eq!(store.sealed_audit_rows(0, 9).await.unwrap(), sealed, "{}: as they stand there", database.name);
        write(&store, 3..5).await;
        assert_eq!(report(&store, &["k1"]).await, Report { unsealed: 2, ..proven(3) }, "{}", database.name);
        seal_all(&store, &chain, 9).await;
        assert_eq!(report(&store, &["k1"]).await, proven(5), "{}", database.name);
        let foreign = report(&database.tenant().await, &["k1"]).await;
        assert_eq!(foreign, Report::default(), "{}: another tenant's is another chain", database.name);
    }
}

#[tokio::test]
async fn rows_go_by_age_and_what_is_left_is_proven_from_there() {
    for database in databases::migrated().await {
        let store = database.tenant().await;
        write(&store, 0..10).await;
        let chain = chain(&store, &["k1"]);
        let before = NOW + Duration::from_secs(4);
        assert_eq!(chain.remove(before, 9, NOW).await.unwrap(), 0, "{}: unsealed rows stay", database.name);
        seal_all(&store, &chain, 9).await;
        assert_eq!(chain.remove(before, 3, NOW).await.unwrap(), 3, "{}: no more than asked for", database.name);
        assert_eq!(chain.remove(before, 9, NOW).await.unwrap(), 1, "{}", database.name);
        assert_eq!(chain.remove(before, 9, NOW).await.unwrap(), 0, "{}", database.name);
        let left = Report { proven: 6, floor: Some(4), ..proven(10) };
        assert_eq!(report(&store, &["k1"]).await, left, "{}", database.name);
        assert_eq!(store.count_audit_rows(&AuditQuery::default()).await.unwrap(), 6, "{}", database.name);
        // All of them, and on from there.
        assert_eq!(chain.remove(NOW + MONTH, 9, NOW).await.unwrap(), 6, "{}", database.name);
        let none = Report { proven: 0, floor: Some(10), ..proven(10) };
        assert_eq!(report(&store, &["k1"]).await, none, "{}", database.name);
        write(&store, 10..12).await;
        seal_all(&store, &chain, 9).await;
        assert_eq!(
            report(&store, &["k1"]).await,
            Report { proven: 2, floor: Some(10), ..proven(12) },
            "{}",
            database.name
        );
    }
}

#[tokio::test]
async fn a_chain_goes_on_under_another_master_key() {
    for database in databases::migrated().await {
        let store = database.tenant().await;
        write(&store, 0..4).await;
        let old = chain(&store, &["k1"]);
        seal_all(&store, &old, 9).await;
        old.remove(NOW + Duration::from_secs(2), 9, NOW).await.unwrap();
        let both = chain(&store, &["k1", "k2"]);
        write(&store, 4..6).await;
        seal_all(&store, &both, 9).await;
        let whole = Report { proven: 4, floor: Some(2), ..proven(6) };
        assert_eq!(report(&store, &["k1", "k2"]).await, whole, "{}", database.name);

        // The ends are sealed anew, so that the old key may go; what it proved cannot be checked from then on, and is not broken.
        both.renew(NOW).await.unwrap();
        assert_eq!(report(&store, &["k1", "k2"]).await, whole, "{}", database.name);
        let gone = report(&store, &["k2"]).await;
        let unverifiable = [("k1".to_owned(), 2)].into();
        assert_eq!(gone, Report { proven: 2, unverifiable, ..whole }, "{}", database.name);
        let new = chain(&store, &["k2"]);
        write(&store, 6..7).await;
        assert_eq!(seal_all(&store, &new, 9).await.len(), 1, "{}", database.name);
    }
}

#[tokio::test]
async fn a_chain_whose_key_was_lost_goes_on_when_its_owner_has_said_so() {
    for database in databases::migrated().await {
        let store = database.tenant().await;
        write(&store, 0..2).await;
        seal_all(&store, &chain(&store, &["k1"]), 9).await;
        write(&store, 2..4).await;
        let rows = store.unsealed_audit_rows(9).await.unwrap();
        let refused = chain(&store, &["k2"]).seal(rows.clone(), NOW).await.unwrap_err();
        assert!(matches!(refused, ChainError::Key(_)), "{}: {refused}", database.name);
        let accepted = Chain::new(store.clone(), macs(&["k2"]), true);
        assert_eq!(accepted.seal(rows, NOW).await.unwrap().len(), 2, "{}", database.name);
        let unverifiable = [("k1".to_owned(), 2)].into();
        assert_eq!(report(&store, &["k2"]).await, Report { unverifiable, proven: 2, ..proven(4) }, "{}", database.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_two_sealers_one_who_removes_and_one_who_proves_do_not_disturb_each_other() {
    for database in databases::migrated().await {
        let store = database.tenant().await;
        let writer = |from: usize| {
            let store = store.clone();
            tokio::spawn(async move { write(&store, from..from + 40).await })
        };
        let writers = [writer(0), writer(40), writer(80)];
        let done = tokio_util::sync::CancellationToken::new();
        // No lease between them: as if it had been lost in the middle.
        let sealer = |batch: u32| {
            let (store, chain, done) = (store.clone(), chain(&store, &["k1"]), done.clone());
            tokio::spawn(async move {
                let mut sealed = Vec::new();
                loop {
                    let ended = done.is_cancelled();
                    sealed.extend(seal_all(&store, &chain, batch).await);
                    if ended {
                        return sealed;
                    }
                    tokio::task::yield_now().await;
                }
            })
        };
        let sealers = [sealer(3), sealer(7)];
        let remover = {
            let (chain, done) = (chain(&store, &["k1"]), done.clone());
            tokio::spawn(async move {
                let mut removed = 0;
                while !done.is_cancelled() {
                    removed += chain.remove(NOW + Duration::from_secs(60), 2, NOW).await.unwrap();
                    tokio::task::yield_now().await;
                }
                removed
            })
        };
        let prover = {
            let (store, done) = (store.clone(), done.clone());
            tokio::spawn(async move {
                while !done.is_cancelled() {
                    assert_eq!(report(&store, &["k1"]).await.broken, None);
                }
            })
        };
        for writer in writers {
            writer.await.unwrap();
        }
        done.cancel();
        let mut sequences = Vec::new();
        for sealer in sealers {
            sequences.extend(sealer.await.unwrap().iter().map(|row| row.sequence.unwrap()));
        }
        sequences.sort_unstable();
        assert_eq!(sequences, (1..=120).collect::<Vec<i64>>(), "{}: each told once", database.name);
        prover.await.unwrap();
        let removed = remover.await.unwrap();
        let report = report(&store, &["k1"]).await;
        assert_eq!((report.broken, report.proven, report.head), (None, 120 - removed, Some(120)), "{}", database.name);
    }
}
