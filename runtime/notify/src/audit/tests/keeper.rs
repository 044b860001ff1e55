//! The keeper: who seals, what is told, what goes by age.

use hanko_domain::Clock;

use super::{databases::Database, *};

fn kept(store: &TenantStore) -> Kept {
    Kept { store: store.clone(), chain: chain(store, &["k1"]), retention: MONTH }
}

async fn round(keeper: &mut Keeper, tenants: &[Kept]) -> (bool, Vec<i64>) {
    let mut told = Vec::new();
    let more = keeper.round(tenants, |_, rows| told.extend(rows.iter().map(|row| row.sequence.unwrap()))).await;
    (more, told)
}

async fn house(database: &Database) -> (Clock, Keeper, Kept) {
    let clock = Clock::manual(NOW + Duration::from_secs(1000));
    let keeper = Keeper::new(clock.clone(), &Random::system());
    (clock, keeper, kept(&database.tenant().await))
}

#[tokio::test]
async fn rows_are_sealed_and_told_once_in_their_order() {
    for database in databases::migrated().await {
        let (_clock, mut keeper, kept) = house(&database).await;
        let (counters, kept) = (keeper.counters(), [kept]);
        write(&kept[0].store, 0..3).await;
        assert_eq!(round(&mut keeper, &kept).await, (false, vec![1, 2, 3]), "{}", database.name);
        assert_eq!(round(&mut keeper, &kept).await, (false, vec![]), "{}", database.name);
        write(&kept[0].store, 3..4).await;
        assert_eq!(round(&mut keeper, &kept).await, (false, vec![4]), "{}", database.name);
        assert_eq!(
            (counters.sealed(), counters.backlog(), counters.lag()),
            (4, 0, Duration::ZERO),
            "{}",
            database.name
        );
        assert_eq!(report(&kept[0].store, &["k1"]).await, proven(4), "{}", database.name);
    }
}

#[tokio::test]
async fn a_long_backlog_is_sealed_in_turns_and_measured() {
    let database = databases::sqlite().await;
    let (_clock, mut keeper, kept) = house(&database).await;
    let (counters, other, kept) = (keeper.counters(), super::keeper::kept(&database.tenant().await), kept);
    write(&kept.store, 0..1200).await;
    write(&other.store, 0..1).await;
    let tenants = [kept, other];
    let (more, told) = round(&mut keeper, &tenants).await;
    assert_eq!((more, told.len()), (false, 1001), "a turn of four batches, and the other tenant's row");
    assert_eq!((counters.backlog(), counters.lag()), (200, Duration::from_secs(0)));
    let (more, told) = round(&mut keeper, &tenants).await;
    assert_eq!((more, told.len(), counters.backlog()), (false, 200, 0));
}

#[tokio::test]
async fn one_process_seals_until_it_leaves_or_dies() {
    for database in databases::migrated().await {
        let (clock, mut first, kept) = house(&database).await;
        let (mut second, kept) = (Keeper::new(clock.clone(), &Random::system()), [kept]);
        let store = &kept[0].store;
        write(store, 0..1).await;
        assert_eq!(round(&mut first, &kept).await.1, [1], "{}", database.name);
        write(store, 1..2).await;
        assert_eq!(round(&mut second, &kept).await.1, [0; 0], "{}: the first one holds the lease", database.name);
        let lag = clock.now().since(NOW + Duration::from_secs(1));
        assert_eq!((second.counters().backlog(), second.counters().lag()), (1, lag), "{}", database.name);
        first.leave(&kept).await;
        assert_eq!(round(&mut second, &kept).await.1, [2], "{}: it has left", database.name);
        write(store, 2..3).await;
        assert_eq!(round(&mut first, &kept).await.1, [0; 0], "{}", database.name);
        clock.advance(Duration::from_secs(10));
        assert_eq!(round(&mut first, &kept).await.1, [3], "{}: the second one died", database.name);
        assert_eq!(report(store, &["k1"]).await, proven(3), "{}", database.name);
    }
}

#[tokio::test]
async fn old_rows_go_a_batch_at_a_time_and_once_a_minute() {
    let database = databases::sqlite().await;
    let (clock, mut keeper, kept) = house(&database).await;
    let (counters, kept) = (keeper.counters(), [kept]);
    let store = &kept[0].store;
    write(store, 0..300).await;
    while round(&mut keeper, &kept).await.0 || counters.backlog() > 0 {}
    clock.advance(MONTH - Duration::from_secs(1000) + Duration::from_secs(280));
    assert!(round(&mut keeper, &kept).await.0, "more than a batch is old enough");
    assert!(!round(&mut keeper, &kept).await.0);
    assert_eq!(counters.removed(), 280);
    clock.advance(Duration::from_secs(30));
    round(&mut keeper, &kept).await;
    assert_eq!(counters.removed(), 280, "not every round looks");
    clock.advance(Duration::from_secs(30));
    round(&mut keeper, &kept).await;
    assert_eq!(counters.removed(), 300);
    let report = report(store, &["k1"]).await;
    assert_eq!((report.broken, report.proven, report.floor), (None, 0, Some(300)));
}

#[tokio::test]
async fn the_trouble_of_one_tenant_is_nobody_elses() {
    let database = databases::sqlite().await;
    let (_clock, mut keeper, broken) = house(&database).await;
    write(&broken.store, 0..1).await;
    round(&mut keeper, std::slice::from_ref(&broken)).await;
    let tenant = database.id(broken.store.tenant().0);
    database.tamper(format!("UPDATE audit_checkpoints SET sequence = 9 WHERE tenant_id = {tenant}")).await;
    write(&broken.store, 1..2).await;
    let healthy = kept(&database.tenant().await);
    write(&healthy.store, 0..2).await;
    let tenants = [broken, healthy];
    assert_eq!(round(&mut keeper, &tenants).await.1, [1, 2]);
    let counters = keeper.counters();
    assert_eq!((counters.failures(), counters.backlog()), (1, 1), "what is not sealed waits");
    assert_eq!(counters.lag(), Duration::from_secs(999));
}
