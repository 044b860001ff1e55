//! Receivers of events that the Admin API keeps, beside those of the manifest.

use std::collections::HashMap;

use hanko_domain::{Timestamp, WebhookId};
use uuid::Uuid;

use crate::{StoreError, TenantStore, Work, work::Single};

statements! {
    ALL = "SELECT id, callback, enabled, failures, expires_at, sealed_secret, previous_sealed_secret, previous_until, created_at, \
        updated_at FROM webhooks WHERE tenant_id = $1 ORDER BY created_at, id";
    EVENTS = "SELECT webhook_id, id, event FROM webhook_events WHERE tenant_id = $1 ORDER BY id";
    INSERT = "INSERT INTO webhooks (tenant_id, id, callback, enabled, failures, expires_at, sealed_secret, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8)";
    INSERT_EVENT = "INSERT INTO webhook_events (tenant_id, webhook_id, id, event) VALUES ($1, $2, $3, $4)";
    DELETE_EVENTS = "DELETE FROM webhook_events WHERE tenant_id = $1 AND webhook_id = $2";
    UPDATE = "UPDATE webhooks SET callback = $1, enabled = $2, failures = 0, expires_at = $3, updated_at = $4 \
        WHERE tenant_id = $5 AND id = $6";
    /// MySQL assigns from left to right: what was current becomes the previous one first.
    ROTATE = "UPDATE webhooks SET previous_sealed_secret = sealed_secret, previous_until = $1, sealed_secret = $2, updated_at = $3 \
        WHERE tenant_id = $4 AND id = $5";
    DELETE = "DELETE FROM webhooks WHERE tenant_id = $1 AND id = $2";
    SUCCEEDED = "UPDATE webhooks SET failures = 0, expires_at = $1, updated_at = $2 WHERE tenant_id = $3 AND id = $4";
    FAILED = "UPDATE webhooks SET failures = failures + 1, updated_at = $1 WHERE tenant_id = $2 AND id = $3";
    DISABLE_FAILING = "UPDATE webhooks SET enabled = FALSE WHERE tenant_id = $1 AND id = $2 AND enabled = TRUE AND failures > $3";
    DISABLE_EXPIRED = "UPDATE webhooks SET enabled = FALSE, updated_at = $1 WHERE tenant_id = $2 AND id = $3 AND enabled = TRUE \
        AND expires_at < $4";
}

/// Consecutive failures that a receiver is forgiven (`spec/webhooks-and-audit.md` §6).
const FORGIVEN: i32 = 5;

/// A receiver of events.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Webhook {
    /// Which.
    pub id: WebhookId,
    /// Where it is told.
    pub callback: String,
    /// Whether it is told at present; what happens meanwhile waits.
    pub enabled: bool,
    /// Deliveries given up since the last one that succeeded.
    pub failures: i32,
    /// When it is disabled unless something is delivered, where the project wants that.
    pub expires_at: Timestamp,
    /// What signs its deliveries, sealed.
    pub sealed_secret: String,
    /// The secret before, sealed, and until when it signs too. Sealed as it was for the column of the current one.
    pub previous: Option<(String, Timestamp)>,
    /// The names it subscribed to, each with an id of its own.
    pub events: Vec<(Uuid, String)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed, or was last told.
    pub updated_at: Timestamp,
}

type Row = (Uuid, String, bool, i32, i64, String, Option<String>, Option<i64>, i64, i64);
type Name = (Uuid, Uuid, String);

impl TenantStore {
    /// Every receiver of the tenant, oldest first, disabled ones too.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(&self.store.pool, ALL, |sql, db| sqlx::query_as(sql).bind(self.tenant.0).fetch_all(db).await)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<Name> =
            on_pool!(&self.store.pool, EVENTS, |sql, db| sqlx::query_as(sql).bind(self.tenant.0).fetch_all(db).await)?;
        Ok(together(rows, names))
    }

    /// One receiver. A tenant has few, so they are read together.
    pub async fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        Ok(self.webhooks().await?.into_iter().find(|webhook| webhook.id == id))
    }
}

/// The same within a transaction.
pub(crate) async fn read(work: &mut Single, tenant: Uuid) -> Result<Vec<Webhook>, StoreError> {
    let rows: Vec<Row> = on_work!(work, ALL, |sql, db| sqlx::query_as(sql).bind(tenant).fetch_all(db).await?);
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<Name> = on_work!(work, EVENTS, |sql, db| sqlx::query_as(sql).bind(tenant).fetch_all(db).await?);
    Ok(together(rows, names))
}

fn together(rows: Vec<Row>, names: Vec<Name>) -> Vec<Webhook> {
    let mut events: HashMap<Uuid, Vec<(Uuid, String)>> = HashMap::new();
    for (webhook, id, event) in names {
        events.entry(webhook).or_default().push((id, event));
    }
    rows.into_iter().map(|row| webhook(row, &mut events)).collect()
}

fn webhook(row: Row, events: &mut HashMap<Uuid, Vec<(Uuid, String)>>) -> Webhook {
    let (id, callback, enabled, failures, expires_at, sealed_secret, previous, until, created_at, updated_at) = row;
    Webhook {
        id: WebhookId(id),
        callback,
        enabled,
        failures,
        expires_at: Timestamp(expires_at),
        sealed_secret,
        previous: previous.zip(until.map(Timestamp)),
        events: events.remove(&id).unwrap_or_default(),
        created_at: Timestamp(created_at),
        updated_at: Timestamp(updated_at),
    }
}

impl Work {
    /// Adds a receiver, with no failure so far and one secret.
    pub async fn insert_webhook(&mut self, webhook: &Webhook) -> Result<(), StoreError> {
        on_work!(self, INSERT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(webhook.id.0)
                .bind(webhook.callback.as_str())
                .bind(webhook.enabled)
                .bind(webhook.expires_at.0)
                .bind(webhook.sealed_secret.as_str())
                .bind(webhook.created_at.0)
                .bind(webhook.updated_at.0)
                .execute(db)
                .await?;
        });
        self.insert_webhook_events(webhook.id, &webhook.events).await
    }

    /// Replaces what a receiver is: where, whether, and of what it is told. Its failures are forgotten and its time begins
    /// anew. What waits for it goes out if it is enabled. `false`: there is none.
    pub async fn update_webhook(
        &mut self,
        id: WebhookId,
        callback: &str,
        enabled: bool,
        events: &[(Uuid, String)],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let tenant = self.tenant.0;
        let changed = on_work!(self, UPDATE, |sql, db| {
            sqlx::query(sql)
                .bind(callback)
                .bind(enabled)
                .bind(expires_at.0)
                .bind(now.0)
                .bind(tenant)
                .bind(id.0)
                .execute(db)
                .await?
                .rows_affected()
        });
        if changed == 0 {
            return Ok(false);
        }
        on_work!(self, DELETE_EVENTS, |sql, db| {
            sqlx::query(sql).bind(tenant).bind(id.0).execute(db).await?;
        });
        self.insert_webhook_events(id, events).await?;
        self.emitted = true;
        Ok(true)
    }

    async fn insert_webhook_events(&mut self, id: WebhookId, events: &[(Uuid, String)]) -> Result<(), StoreError> {
        for (row, event) in events {
            on_work!(self, INSERT_EVENT, |sql, db| {
                sqlx::query(sql).bind(self.tenant.0).bind(id.0).bind(row).bind(event.as_str()).execute(db).await?;
            });
        }
        Ok(())
    }

    /// Gives a receiver another secret; the one it has signs too until `previous_until`. `false`: there is none.
    pub async fn rotate_webhook_secret(
        &mut self,
        id: WebhookId,
        sealed: &str,
        previous_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = on_work!(self, ROTATE, |sql, db| {
            sqlx::query(sql)
                .bind(previous_until.0)
                .bind(sealed)
                .bind(now.0)
                .bind(self.tenant.0)
                .bind(id.0)
                .execute(db)
                .await?
                .rows_affected()
        });
        Ok(changed > 0)
    }

    /// Removes a receiver and gives up what waits for it. `false`: there is none.
    pub async fn delete_webhook(&mut self, id: WebhookId, now: Timestamp) -> Result<bool, StoreError> {
        let removed = on_work!(self, DELETE, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(id.0).execute(db).await?.rows_affected()
        });
        if removed > 0 {
            self.give_up_deliveries(id, "the webhook was removed", now).await?;
        }
        Ok(removed > 0)
    }

    /// Something was delivered: failures are forgotten and the receiver's time begins anew. A hook of the manifest has no row
    /// and nothing happens.
    pub async fn webhook_succeeded(
        &mut self,
        id: WebhookId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        on_work!(self, SUCCEEDED, |sql, db| {
            sqlx::query(sql).bind(expires_at.0).bind(now.0).bind(self.tenant.0).bind(id.0).execute(db).await?;
        });
        Ok(())
    }

    /// A delivery was given up. `true`: it was one too many in a row, and the receiver is disabled now. A hook of the manifest
    /// has no row and nothing happens.
    pub async fn webhook_failed(&mut self, id: WebhookId, now: Timestamp) -> Result<bool, StoreError> {
        on_work!(self, FAILED, |sql, db| {
            sqlx::query(sql).bind(now.0).bind(self.tenant.0).bind(id.0).execute(db).await?;
        });
        let disabled = on_work!(self, DISABLE_FAILING, |sql, db| {
            sqlx::query(sql).bind(self.tenant.0).bind(id.0).bind(FORGIVEN).execute(db).await?.rows_affected()
        });
        Ok(disabled > 0)
    }

    /// Disables a receiver whose time is over. `true`: it was enabled until now.
    pub async fn expire_webhook(&mut self, id: WebhookId, now: Timestamp) -> Result<bool, StoreError> {
        let disabled = on_work!(self, DISABLE_EXPIRED, |sql, db| {
            sqlx::query(sql).bind(now.0).bind(self.tenant.0).bind(id.0).bind(now.0).execute(db).await?.rows_affected()
        });
        Ok(disabled > 0)
    }
}
