//! What sealing, removing and proving a tenant's chain of audit rows needs. What a MAC covers is decided above.

use hanko_domain::{AuditId, Timestamp};

use super::{AuditRow, select};
use crate::{
    StoreError, TenantStore,
    built::Bound,
    work::{Single, Transaction},
};

statements! {
    CHECKPOINTS = "SELECT kind, sequence, mac, mac_key, seal, seal_key FROM audit_checkpoints WHERE tenant_id = $1";
    INSERT_CHECKPOINT = "INSERT INTO audit_checkpoints (tenant_id, kind, sequence, mac, mac_key, seal, seal_key, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Compared with all that was read, not with the number alone: nobody builds on a checkpoint that was changed meanwhile.
    UPDATE_CHECKPOINT = "UPDATE audit_checkpoints SET sequence = $1, mac = $2, mac_key = $3, seal = $4, seal_key = $5, \
        updated_at = $6 WHERE tenant_id = $7 AND kind = $8 AND sequence = $9 AND mac = $10 AND mac_key = $11 AND seal = $12 \
        AND seal_key = $13";
    SEAL = "UPDATE audit_logs SET sequence = $1, mac = $2, mac_key = $3 WHERE tenant_id = $4 AND id = $5 AND sequence IS NULL",
        postgres = "UPDATE audit_logs SET sequence = new.sequence, mac = new.mac, mac_key = $3 \
        FROM UNNEST($1::bigint[], $2::bytea[], $5::uuid[]) AS new (sequence, mac, id) \
        WHERE audit_logs.tenant_id = $4 AND audit_logs.id = new.id AND audit_logs.sequence IS NULL";
    REMOVE = "DELETE FROM audit_logs WHERE tenant_id = $1 AND sequence <= $2";
    UNSEALED = "SELECT COUNT(*) FROM audit_logs WHERE tenant_id = $1 AND sequence IS NULL";
    IS_SEALED = "SELECT 1 FROM audit_logs WHERE tenant_id = $1 AND sequence > $2 LIMIT 1";
    UP_TO = "SELECT 1 FROM audit_logs WHERE tenant_id = $1 AND sequence <= $2 LIMIT 1";
}

/// An end of the chain.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum End {
    /// The last row that is sealed.
    Head,
    /// The last row that was removed.
    Floor,
}

impl End {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Floor => "floor",
        }
    }
}

/// What the next row is chained to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// Number of the row.
    pub sequence: i64,
    /// Its MAC.
    pub mac: Vec<u8>,
    /// The master key of the MAC.
    pub mac_key: String,
}

/// An end of the chain as it is stored, with a seal of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// The row at this end.
    pub link: Link,
    /// What proves the checkpoint.
    pub seal: Vec<u8>,
    /// The master key of the seal.
    pub seal_key: String,
}

/// The ends of a chain; both are absent before the first row is sealed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ends {
    /// The last row that is sealed.
    pub head: Option<Checkpoint>,
    /// The last row that was removed.
    pub floor: Option<Checkpoint>,
}

type Row = (String, i64, Vec<u8>, String, Vec<u8>, String);

impl TenantStore {
    /// The ends of the chain, both of one moment.
    pub async fn audit_ends(&self) -> Result<Ends, StoreError> {
        let rows: Vec<Row> = on_pool!(&self.store.pool, CHECKPOINTS, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).fetch_all(db).await
        })?;
        let mut ends = Ends::default();
        for (kind, sequence, mac, mac_key, seal, seal_key) in rows {
            let checkpoint = Some(Checkpoint { link: Link { sequence, mac, mac_key }, seal, seal_key });
            match kind.as_str() {
                "head" => ends.head = checkpoint,
                _ => ends.floor = checkpoint,
            }
        }
        Ok(ends)
    }

    /// Rows that are not sealed yet, oldest first. Nobody who writes rows waits for this.
    pub async fn unsealed_audit_rows(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let rows = select(&self.store)
            .words(" FROM audit_logs a WHERE a.sequence IS NULL AND a.tenant_id = ")
            .value(Bound::Id(self.tenant.0))
            .words(" ORDER BY a.id LIMIT ")
            .value(Bound::Number(limit.into()));
        self.audit_rows_of(rows).await
    }

    /// How many rows are not sealed yet.
    pub async fn count_unsealed_audit_rows(&self) -> Result<u64, StoreError> {
        let (count,): (i64,) = on_pool!(&self.store.pool, UNSEALED, |sql, db| {
            sqlx::query_as(sql).bind(self.tenant.0).fetch_one(db).await
        })?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Sealed rows after a number, in their order.
    pub async fn sealed_audit_rows(&self, after: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let rows = select(&self.store)
            .words(" FROM audit_logs a WHERE a.tenant_id = ")
            .value(Bound::Id(self.tenant.0))
            .words(" AND a.sequence > ")
            .value(Bound::Number(after))
            .words(" ORDER BY a.sequence, a.id LIMIT ")
            .value(Bound::Number(limit.into()));
        self.audit_rows_of(rows).await
    }

    /// Whether there is a sealed row after a number.
    pub async fn has_sealed_audit_rows(&self, after: i64) -> Result<bool, StoreError> {
        Ok(on_pool!(&self.store.pool, IS_SEALED, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(after).fetch_optional(db).await.map(|row| row.is_some())
        })?)
    }

    /// Whether there is a sealed row up to a number.
    pub async fn has_sealed_audit_rows_up_to(&self, sequence: i64) -> Result<bool, StoreError> {
        Ok(on_pool!(&self.store.pool, UP_TO, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(sequence).fetch_optional(db).await.map(|row| row.is_some())
        })?)
    }

    /// Seals rows, and moves the head from `before` to `head`, in one transaction. Every row comes with its place. `false`:
    /// somebody else did meanwhile, and nothing is changed.
    pub async fn seal_audit_rows(
        &self,
        rows: &[(AuditId, Link)],
        before: Option<&Checkpoint>,
        head: &Checkpoint,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut work = Single { transaction: self.store.begin().await? };
        let won = self.move_end(&mut work, End::Head, before, head, now).await?
            && self.seal(&mut work, rows, &head.link.mac_key).await? == rows.len() as u64;
        finish(work, won).await?;
        Ok(won)
    }

    /// Removes every row up to the new floor, and moves the floor from `before` there, in one transaction. `None`: somebody
    /// else did meanwhile, and nothing is changed.
    pub async fn remove_sealed_audit_rows(
        &self,
        before: Option<&Checkpoint>,
        floor: &Checkpoint,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        let mut work = Single { transaction: self.store.begin().await? };
        let won = self.move_end(&mut work, End::Floor, before, floor, now).await?;
        let mut removed = None;
        if won {
            removed = Some(on_work!(work, REMOVE, |sql, db| {
                sqlx::query(sql).bind(self.tenant.0).bind(floor.link.sequence).execute(db).await?.rows_affected()
            }));
        }
        finish(work, won).await?;
        Ok(removed)
    }

    /// Puts another seal on an end that stays where it is. `false`: it has changed meanwhile.
    pub async fn reseal_audit_end(
        &self,
        end: End,
        before: &Checkpoint,
        after: &Checkpoint,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut work = Single { transaction: self.store.begin().await? };
        let won = self.move_end(&mut work, end, Some(before), after, now).await?;
        finish(work, won).await?;
        Ok(won)
    }

    async fn move_end(
        &self,
        work: &mut Single,
        end: End,
        before: Option<&Checkpoint>,
        after: &Checkpoint,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Checkpoint { link, seal, seal_key } = after;
        let Some(before) = before else {
            let inserted = on_work!(work, INSERT_CHECKPOINT, |sql, db| {
                sqlx::query(sql)
                    .bind(self.tenant.0)
                    .bind(end.as_str())
                    .bind(link.sequence)
                    .bind(link.mac.as_slice())
                    .bind(link.mac_key.as_str())
                    .bind(seal.as_slice())
                    .bind(seal_key.as_str())
                    .bind(now.0)
                    .execute(db)
                    .await
                    .map(|_| true)
            });
            return match inserted.map_err(StoreError::from) {
                Err(StoreError::Conflict) => Ok(false),
                other => other,
            };
        };
        Ok(on_work!(work, UPDATE_CHECKPOINT, |sql, db| {
            sqlx::query(sql)
                .bind(link.sequence)
                .bind(link.mac.as_slice())
                .bind(link.mac_key.as_str())
                .bind(seal.as_slice())
                .bind(seal_key.as_str())
                .bind(now.0)
                .bind(self.tenant.0)
                .bind(end.as_str())
                .bind(before.link.sequence)
                .bind(before.link.mac.as_slice())
                .bind(before.link.mac_key.as_str())
                .bind(before.seal.as_slice())
                .bind(before.seal_key.as_str())
                .execute(db)
                .await?
                .rows_affected()
        }) == 1)
    }

    /// Where a list can be said in one statement, it is.
    async fn seal(&self, work: &mut Single, rows: &[(AuditId, Link)], mac_key: &str) -> Result<u64, StoreError> {
        if let Transaction::Postgres(transaction) = &mut work.transaction {
            let ids: Vec<_> = rows.iter().map(|(id, _)| id.0).collect();
            let sequences: Vec<_> = rows.iter().map(|(_, link)| link.sequence).collect();
            let macs: Vec<_> = rows.iter().map(|(_, link)| link.mac.as_slice()).collect();
            let sealed = sqlx::query(SEAL.postgres)
                .bind(sequences)
                .bind(macs)
                .bind(mac_key)
                .bind(self.tenant.0)
                .bind(ids)
                .execute(&mut **transaction)
                .await?;
            return Ok(sealed.rows_affected());
        }
        let mut sealed = 0;
        for (id, link) in rows {
            sealed += on_work!(work, SEAL, |sql, db| {
                sqlx::query(sql)
                    .bind(link.sequence)
                    .bind(link.mac.as_slice())
                    .bind(mac_key)
                    .bind(self.tenant.0)
                    .bind(id.0)
                    .execute(db)
                    .await?
                    .rows_affected()
            });
        }
        Ok(sealed)
    }
}

async fn finish(work: Single, won: bool) -> Result<(), StoreError> {
    match (work.transaction, won) {
        (Transaction::Sqlite(transaction), true) => transaction.commit().await?,
        (Transaction::Postgres(transaction), true) => transaction.commit().await?,
        (Transaction::MySql(transaction), true) => transaction.commit().await?,
        (Transaction::Sqlite(transaction), false) => transaction.rollback().await?,
        (Transaction::Postgres(transaction), false) => transaction.rollback().await?,
        (Transaction::MySql(transaction), false) => transaction.rollback().await?,
    }
    Ok(())
}
