//! Windows give what they have, whoever asks and through whichever process.

use std::{collections::HashSet, time::Duration};

use hanko_domain::Timestamp;

use super::{
    NOW,
    databases::{Database, migrated},
    tenant,
};
use crate::{
    PoolSize, Store, TenantStore,
    limits::{Exhausted, Window},
};

const MINUTE: Duration = Duration::from_secs(60);

fn window(bucket: u8, tokens: u32) -> Window {
    Window { bucket: [bucket; 32], tokens, interval: MINUTE }
}

#[tokio::test]
async fn a_window_gives_its_tokens_and_then_the_time_until_it_ends() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        for _ in 0..3 {
            assert_eq!(one.take(&[window(1, 3)], NOW).await.unwrap(), None);
        }
        let later = NOW + Duration::from_secs(20);
        let exhausted = |first| Some(Exhausted { window: 0, retry_after: Duration::from_secs(40), first });
        assert_eq!(one.take(&[window(1, 3)], later).await.unwrap(), exhausted(true), "{}", database.name);
        assert_eq!(one.take(&[window(1, 3)], later).await.unwrap(), exhausted(false), "{}: told once", database.name);
        assert_eq!(one.take(&[window(2, 3)], later).await.unwrap(), None);
        assert_eq!(other.take(&[window(1, 3)], later).await.unwrap(), None, "{}", database.name);
        assert_eq!(one.take(&[window(1, 3)], NOW + MINUTE).await.unwrap(), None, "{}", database.name);
    }
}

#[tokio::test]
async fn the_first_exhausted_window_ends_the_row_and_spares_the_later_ones() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let all = [window(1, 5), window(2, 1), window(3, 2)];
        assert_eq!(tenant.take(&[], NOW).await.unwrap(), None);
        assert_eq!(tenant.take(&all, NOW).await.unwrap(), None);
        for first in [true, false, false] {
            let exhausted = Exhausted { window: 1, retry_after: MINUTE, first };
            assert_eq!(tenant.take(&all, NOW).await.unwrap(), Some(exhausted), "{}", database.name);
        }
        assert_eq!(tenant.take(&[window(3, 2)], NOW).await.unwrap(), None, "{}: one was left", database.name);
        let exhausted = Exhausted { window: 0, retry_after: MINUTE, first: true };
        assert_eq!(tenant.take(&[window(1, 4)], NOW).await.unwrap(), Some(exhausted), "{}: four taken", database.name);
    }
}

/// Many at once, through each of the stores in turn. How many got through, and who told of whom they did not let through.
async fn rush(takers: &[TenantStore], now: Timestamp, windows: impl Fn(u8) -> Vec<Window>) -> (usize, Vec<Exhausted>) {
    let running: Vec<_> = (0..50)
        .map(|n| {
            let (tenant, windows) = (takers[usize::from(n) % takers.len()].clone(), windows(n));
            tokio::spawn(async move { tenant.take(&windows, now).await.unwrap() })
        })
        .collect();
    let mut refused = Vec::new();
    for taker in running {
        refused.extend(taker.await.unwrap());
    }
    (50 - refused.len(), refused.into_iter().filter(|exhausted| exhausted.first).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn takers_that_come_at_once_get_no_more_than_there_is_and_one_tells() {
    for database in migrated().await {
        let (allowed, told) =
            rush(&[tenant(&database).await], NOW, |_| vec![window(1, 40), window(2, 5), window(3, 4)]).await;
        assert_eq!(allowed, 4, "{}", database.name);
        let places: HashSet<usize> = told.iter().map(|exhausted| exhausted.window).collect();
        assert_eq!((told.len(), places), (3, HashSet::from([0, 1, 2])), "{}: {told:?}", database.name);
    }
}

/// FC-52: the addresses are many, the account is one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn takers_with_windows_of_their_own_share_the_one_behind() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        for begun in [NOW, NOW + MINUTE] {
            let windows = |n| vec![window(n, 5), window(200, 10)];
            let (allowed, told) = rush(std::slice::from_ref(&tenant), begun, windows).await;
            assert_eq!((allowed, told.len()), (10, 1), "{}: {begun}", database.name);
        }
    }
}

/// Another process on the same database. SQLite serves one at a time.
fn replica(database: &Database) -> Store {
    match database.name {
        "sqlite" => database.store.clone(),
        _ => Store::open(&database.url, PoolSize(4)).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_replicas_count_as_one() {
    for database in migrated().await {
        let one = tenant(&database).await;
        let other = replica(&database).tenant(one.tenant());
        let (allowed, told) = rush(&[one, other], NOW, |_| vec![window(1, 7)]).await;
        assert_eq!((allowed, told.len()), (7, 1), "{}", database.name);
    }
}
