//! Tenants known to a database.

use hanko_domain::{TenantId, Timestamp};
use uuid::Uuid;

use crate::{StoreError, SystemStore, TenantStore};

statements! {
    /// `INSERT … WHERE NOT EXISTS` is the one form of "insert if absent" that all three databases share.
    REGISTER = "INSERT INTO tenants (id, name, created_at) SELECT $1, $2, $3 FROM (SELECT 1 AS one) AS source \
        WHERE NOT EXISTS (SELECT 1 FROM tenants WHERE id = $4)",
        postgres = "INSERT INTO tenants (id, name, created_at) SELECT $1::uuid, $2::text, $3::bigint \
        WHERE NOT EXISTS (SELECT 1 FROM tenants WHERE id = $4)";
    ONE = "SELECT id FROM tenants WHERE id = $1";
    ALL = "SELECT id, name FROM tenants ORDER BY created_at, id LIMIT 100";
}

/// Whether a tenant was known before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Registration {
    /// It was.
    Known,
    /// It is new in this database.
    New {
        /// The tenants that were there before, with their names: perhaps the project was renamed and meant one of them.
        others: Vec<(TenantId, String)>,
    },
}

impl TenantStore {
    /// Whether the tenant has its row.
    pub async fn is_registered(&self) -> Result<bool, StoreError> {
        let row: Option<(Uuid,)> = on_pool!(&self.store.pool, ONE, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).fetch_optional(db).await
        })?;
        Ok(row.is_some())
    }

    /// Makes sure the tenant has its row. `name` is the project's `<namespace>/<name>`.
    pub async fn register(&self, name: &str, now: Timestamp) -> Result<Registration, StoreError> {
        let others = self.store.system().tenants().await?;
        if others.iter().any(|(id, _)| *id == self.tenant) {
            return Ok(Registration::Known);
        }
        let (id, time) = (self.tenant.0, now.0);
        let inserted = crate::work::on_writer(&self.store, async |work| {
            Ok(on_work!(work, REGISTER, |sql, db| sqlx::query(sql)
                .bind(id)
                .bind(name)
                .bind(time)
                .bind(id)
                .execute(db)
                .await?
                .rows_affected()))
        })
        .await;
        match inserted {
            Ok(0) | Err(StoreError::Conflict) => Ok(Registration::Known),
            Ok(_) => Ok(Registration::New { others }),
            Err(error) => Err(error),
        }
    }
}

impl SystemStore {
    /// The tenants of this database, oldest first, a hundred at most.
    pub async fn tenants(&self) -> Result<Vec<(TenantId, String)>, StoreError> {
        let rows: Vec<(Uuid, String)> =
            on_pool!(&self.store.pool, ALL, |sql, db| sqlx::query_as(sql).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(id, name)| (TenantId(id), name)).collect())
    }
}
