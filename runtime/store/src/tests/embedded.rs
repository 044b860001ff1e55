//! What only the embedded database needs.

use std::time::Duration;

use sqlx::{Executor, Sqlite, SqlitePool, pool::PoolConnection};
use tokio::time::sleep;

use super::databases;
use crate::{DatabaseUrl, connect::Pool, work::Transaction};

/// Begins to read: sees the state of this moment until it ends.
async fn reader(pool: &SqlitePool) -> PoolConnection<Sqlite> {
    let mut connection = pool.acquire().await.unwrap();
    connection.execute("BEGIN; SELECT * FROM padding").await.unwrap();
    connection
}

async fn end(mut connection: PoolConnection<Sqlite>) {
    connection.execute("ROLLBACK").await.unwrap();
}

/// There is no moment without a reader, although each one is brief: SQLite alone would never begin its log anew (FC-56).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_changes_stays_short_although_somebody_always_reads() {
    let database = databases::empty().await.swap_remove(0);
    let DatabaseUrl::Sqlite(file) = &database.url else { unreachable!() };
    let Pool::Sqlite { read, write } = database.store.pool.clone() else { unreachable!() };
    write.execute("CREATE TABLE padding (bytes BLOB); INSERT INTO padding VALUES (0)").await.unwrap();
    let readers = tokio::spawn(async move {
        let mut one = reader(&read).await;
        loop {
            let other = reader(&read).await;
            end(std::mem::replace(&mut one, other)).await;
            sleep(Duration::from_millis(2)).await;
        }
    });
    let mut biggest = 0;
    for _ in 0..400 {
        let Transaction::Sqlite(mut work) = database.store.begin().await.unwrap() else { unreachable!() };
        work.execute("UPDATE padding SET bytes = randomblob(200000)").await.unwrap();
        work.commit().await.unwrap();
        biggest = biggest.max(std::fs::metadata(file.with_extension("db-wal")).unwrap().len());
    }
    readers.abort();
    assert!(biggest < 20 << 20, "it has grown to {} MiB", biggest >> 20);
}
