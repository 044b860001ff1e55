//! Runs of flows. The row's conditional write spends everything single-use inside it.

use hanko_domain::{FlowId, Timestamp};

use crate::{StoreError, TenantStore, Work};

statements! {
    BY_ID = "SELECT flow, version, data, expires_at FROM flows WHERE tenant_id = $1 AND id = $2";
    INSERT = "INSERT INTO flows (tenant_id, id, flow, version, data, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    UPDATE = "UPDATE flows SET version = $1, data = $2 WHERE tenant_id = $3 AND id = $4 AND version = $5";
    DELETE = "DELETE FROM flows WHERE tenant_id = $1 AND id = $2 AND version = $3";
}

/// A stored run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FlowRow {
    /// Which flow it runs.
    pub flow: String,
    /// How often it was written, from 1.
    pub version: i64,
    /// Everything else, sealed.
    pub data: Vec<u8>,
    /// Fixed when it began.
    pub expires_at: Timestamp,
}

impl TenantStore {
    /// One run.
    pub async fn flow(&self, id: FlowId) -> Result<Option<FlowRow>, StoreError> {
        let row: Option<(String, i64, Vec<u8>, i64)> = on_pool!(&self.store.pool, BY_ID, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).bind(id.0).fetch_optional(db).await
        })?;
        Ok(row.map(|(flow, version, data, expires_at)| FlowRow {
            flow,
            version,
            data,
            expires_at: Timestamp(expires_at),
        }))
    }
}

impl Work {
    /// Writes a run that was read at `previous` (0: not stored yet). `false` when somebody else wrote it first; the unit of
    /// work is then to be rolled back.
    pub async fn write_flow(&mut self, id: FlowId, previous: i64, row: &FlowRow) -> Result<bool, StoreError> {
        if previous == 0 {
            let inserted = on_work!(self, INSERT, |sql, db| {
                sqlx::query(sql)
                    .bind(self.tenant.0)
                    .bind(id.0)
                    .bind(row.flow.as_str())
                    .bind(row.version)
                    .bind(row.data.as_slice())
                    .bind(row.expires_at.0)
                    .execute(db)
                    .await
                    .map(|_| ())
            });
            return match inserted.map_err(StoreError::from) {
                Ok(()) => Ok(true),
                Err(StoreError::Conflict) => Ok(false),
                Err(error) => Err(error),
            };
        }
        let written = on_work!(self, UPDATE, |sql, db| {
            sqlx::query(sql)
                .bind(row.version)
                .bind(row.data.as_slice())
                .bind(self.tenant.0)
                .bind(id.0)
                .bind(previous)
                .execute(db)
                .await?
                .rows_affected()
        });
        Ok(written == 1)
    }

    /// Spends a stored run for good. `false` when it is gone or was written since it was read at `version`: of many callers one
    /// is told `true`.
    pub async fn delete_flow(&mut self, id: FlowId, version: i64) -> Result<bool, StoreError> {
        let deleted = on_work!(self, DELETE, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(id.0).bind(version).execute(db).await?.rows_affected()
        });
        Ok(deleted == 1)
    }
}
