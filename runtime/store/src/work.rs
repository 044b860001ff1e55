//! The unit of work: a change together with its audit and outbox rows.

use std::sync::Arc;

use hanko_domain::TenantId;

use crate::{StoreError, outbox::Bells, user_counts::Change};

#[derive(Debug)]
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
    MySql(sqlx::Transaction<'static, sqlx::MySql>),
}

/// One transaction of one tenant.
/// Dropped without [`commit`](Work::commit) it is rolled back.
#[must_use = "a unit of work changes nothing until it is committed"]
#[derive(Debug)]
pub struct Work {
    pub(crate) transaction: Transaction,
    pub(crate) tenant: TenantId,
    pub(crate) emitted: bool,
    pub(crate) listed: Change,
    outbox: Arc<Bells>,
}

impl Work {
    pub(crate) fn new(transaction: Transaction, tenant: TenantId, outbox: Arc<Bells>) -> Self {
        Self { transaction, tenant, emitted: false, listed: Change::default(), outbox }
    }

    /// Whose data this changes.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Makes everything true at once, and wakes the outbox when there is something to tell.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.count_listed().await?;
        match self.transaction {
            Transaction::Sqlite(transaction) => transaction.commit().await?,
            Transaction::Postgres(transaction) => transaction.commit().await?,
            Transaction::MySql(transaction) => transaction.commit().await?,
        }
        if self.emitted {
            self.outbox.ring();
        }
        Ok(())
    }

    /// Makes nothing true.
    pub async fn rollback(self) -> Result<(), StoreError> {
        match self.transaction {
            Transaction::Sqlite(transaction) => transaction.rollback().await?,
            Transaction::Postgres(transaction) => transaction.rollback().await?,
            Transaction::MySql(transaction) => transaction.rollback().await?,
        }
        Ok(())
    }
}

/// A transaction outside any tenant's unit of work, for the few statements that are one by themselves.
#[derive(Debug)]
pub(crate) struct Single {
    pub(crate) transaction: Transaction,
}

/// Runs `body` in a transaction of its own and commits it.
pub(crate) async fn on_writer<T>(
    store: &crate::Store,
    body: impl AsyncFnOnce(&mut Single) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut single = Single { transaction: store.begin().await? };
    let value = body(&mut single).await?;
    match single.transaction {
        Transaction::Sqlite(transaction) => transaction.commit().await?,
        Transaction::Postgres(transaction) => transaction.commit().await?,
        Transaction::MySql(transaction) => transaction.commit().await?,
    }
    Ok(value)
}
