//! A crash loses no delivery and none is held by two workers.

use std::time::Duration;

use hanko_domain::{DeliveryId, EventId, EventKind, Random, Timestamp};

use super::{NOW, databases::migrated, tenant};
use crate::{
    SystemStore, TenantStore,
    outbox::{Claimed, Ending, Sink},
};

const LEASE: Duration = Duration::from_secs(60);

async fn promise(tenant: &TenantStore, count: usize) {
    let random = Random::system();
    let mut work = tenant.begin().await.unwrap();
    for _ in 0..count {
        let (event, delivery) = (EventId::ordered(&random, NOW), DeliveryId::ordered(&random, NOW));
        let expires = NOW + Duration::from_secs(300);
        work.emit(event, EventKind::EmailSend, "sealed", delivery, Sink::Mail, expires, "req", NOW).await.unwrap();
    }
    work.commit().await.unwrap();
}

async fn claim(system: &SystemStore, tenant: &TenantStore, count: u32, now: Timestamp) -> Vec<Claimed> {
    let claim = Random::system().uuid_v4();
    system.claim_deliveries(tenant.tenant(), Sink::Mail, claim, count, LEASE, now).await.unwrap()
}

#[tokio::test]
async fn a_promise_that_is_rolled_back_was_never_made() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let random = Random::system();
        let mut work = tenant.begin().await.unwrap();
        let (event, delivery) = (EventId::ordered(&random, NOW), DeliveryId::ordered(&random, NOW));
        work.emit(event, EventKind::EmailSend, "sealed", delivery, Sink::Mail, NOW + LEASE, "req", NOW).await.unwrap();
        work.rollback().await.unwrap();
        assert!(claim(&database.store.system(), &tenant, 10, NOW).await.is_empty(), "{}", database.name);
    }
}

#[tokio::test]
async fn a_delivery_is_claimed_once_and_again_only_after_its_lease() {
    for database in migrated().await {
        let (tenant, system) = (tenant(&database).await, database.store.system());
        promise(&tenant, 3).await;
        assert_eq!(system.waiting_deliveries(Sink::Mail).await.unwrap(), 3);
        let first = claim(&system, &tenant, 2, NOW).await;
        assert_eq!(first.len(), 2, "{}", database.name);
        assert_eq!(first[0].payload.as_deref(), Some("sealed"));
        assert_eq!(first[0].attempts, 1);
        assert_eq!(claim(&system, &tenant, 10, NOW).await.len(), 1, "{}: only the third", database.name);
        assert!(claim(&system, &tenant, 10, NOW).await.is_empty());
        let taken_over = claim(&system, &tenant, 10, NOW + LEASE).await;
        assert_eq!(taken_over.len(), 3, "{}: the workers died", database.name);
        assert_eq!(taken_over[0].attempts, 2);

        // The dead worker comes back: its lease is lost and its word does not count.
        system.end_deliveries(&[(first[0].clone(), Ending::Done)], NOW).await.unwrap();
        assert_eq!(system.waiting_deliveries(Sink::Mail).await.unwrap(), 3, "{}", database.name);
    }
}

#[tokio::test]
async fn endings_are_recorded_and_a_told_payload_is_erased() {
    for database in migrated().await {
        let (tenant, system) = (tenant(&database).await, database.store.system());
        promise(&tenant, 3).await;
        let claimed = claim(&system, &tenant, 3, NOW).await;
        let retry_at = NOW + Duration::from_secs(5);
        let endings =
            [Ending::Done, Ending::Dead { error: "550".into() }, Ending::Retry { at: retry_at, error: "421".into() }];
        let ended: Vec<_> = claimed.into_iter().zip(endings).collect();
        system.end_deliveries(&ended, NOW).await.unwrap();
        assert_eq!(system.waiting_deliveries(Sink::Mail).await.unwrap(), 1, "{}", database.name);
        assert!(claim(&system, &tenant, 10, NOW).await.is_empty(), "{}: not before its time", database.name);
        let again = claim(&system, &tenant, 10, retry_at).await;
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].payload.as_deref(), Some("sealed"), "{}", database.name);
        // Even a second claim of a told event would find nothing to tell.
        assert_eq!(
            system.clean_up(NOW + Duration::from_secs(301)).await.unwrap(),
            1,
            "{}: the last one expired",
            database.name
        );
    }
}

#[tokio::test]
async fn an_event_is_kept_for_a_week_and_as_long_as_somebody_is_to_be_told() {
    for database in migrated().await {
        let (tenant, system) = (tenant(&database).await, database.store.system());
        let random = Random::system();
        let week = Duration::from_secs(7 * 24 * 3600);
        let mut work = tenant.begin().await.unwrap();
        work.insert_event(EventId::ordered(&random, NOW), EventKind::UserLogin, "sealed", "req", None, NOW)
            .await
            .unwrap();
        let (event, delivery, expires) =
            (EventId::ordered(&random, NOW), DeliveryId::ordered(&random, NOW), NOW + week * 2);
        work.emit(event, EventKind::EmailSend, "sealed", delivery, Sink::Mail, expires, "req", NOW).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(system.clean_up(NOW + week).await.unwrap(), 0, "{}", database.name);
        let later = NOW + week + Duration::from_secs(1);
        assert_eq!(system.clean_up(later).await.unwrap(), 1, "{}: the one without a delivery", database.name);
        let claimed = claim(&system, &tenant, 10, later).await;
        assert_eq!(claimed.len(), 1, "{}", database.name);
        system.end_deliveries(&[(claimed[0].clone(), Ending::Done)], later).await.unwrap();
        assert_eq!(system.clean_up(later).await.unwrap(), 1, "{}: now it is told", database.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_that_claim_at_once_share_without_overlap() {
    for database in migrated().await {
        let (tenant, system) = (tenant(&database).await, database.store.system());
        promise(&tenant, 40).await;
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let (system, tenant) = (system.clone(), tenant.clone());
                tokio::spawn(async move {
                    let mut held = Vec::new();
                    loop {
                        let more = claim(&system, &tenant, 7, NOW).await;
                        if more.is_empty() {
                            return held;
                        }
                        held.extend(more.into_iter().map(|delivery| delivery.id.0));
                    }
                })
            })
            .collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.await.unwrap());
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 40, "{}", database.name);
    }
}
