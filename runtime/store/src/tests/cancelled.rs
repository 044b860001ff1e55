//! Requests are dropped wherever they are when their client hangs up.

use std::{future::poll_fn, pin::pin, task::Poll};

use sqlx::Executor;

use super::databases;
use crate::{PoolSize, Store, connect::Pool};

async fn execute(store: &Store, sql: &'static str) {
    match &store.pool {
        Pool::Sqlite { write, .. } => write.execute(sql).await.map(drop),
        Pool::Postgres(pool) => pool.execute(sql).await.map(drop),
        Pool::MySql(pool) => pool.execute(sql).await.map(drop),
    }
    .unwrap();
}

async fn count(store: &Store) -> i64 {
    const SQL: &str = "SELECT COUNT(*) FROM written";
    match &store.pool {
        Pool::Sqlite { read, .. } => sqlx::query_scalar(SQL).fetch_one(read).await,
        Pool::Postgres(pool) => sqlx::query_scalar(SQL).fetch_one(pool).await,
        Pool::MySql(pool) => sqlx::query_scalar(SQL).fetch_one(pool).await,
    }
    .unwrap()
}

/// Drops it where it waits after it was woken so many times.
async fn give_up(future: impl Future, wakes: usize) {
    let (mut future, mut left) = (pin!(future), wakes);
    poll_fn(|cx| {
        if future.as_mut().poll(cx).is_ready() || left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        Poll::Pending
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gives_up_while_a_transaction_begins_leaves_none_behind() {
    for database in databases::empty().await {
        let store = &database.store;
        execute(store, "CREATE TABLE written (n INT)").await;
        for n in 0..400 {
            give_up(store.begin(), n % 4).await;
        }
        for _ in 0..16 {
            execute(store, "INSERT INTO written VALUES (1)").await;
        }
        let beside = Store::open_beside(&database.url, PoolSize(1)).unwrap();
        assert_eq!(count(&beside).await, 16, "{}: a single statement is committed at once", database.name);
        beside.close().await;
    }
}
