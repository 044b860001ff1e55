//! Giving the receivers of an event their deliveries.

use std::collections::HashSet;

use hanko_domain::{DeliveryId, EventId, EventKind, TenantId, Timestamp, WebhookId};
use uuid::Uuid;

use super::Sink;
use crate::{
    StoreError, SystemStore, TenantStore,
    webhooks::{self, Webhook},
    work::{Single, Transaction, on_writer},
};

statements! {
    TENANTS = "SELECT DISTINCT tenant_id FROM events WHERE fanned_out = FALSE";
    /// A release that knew no receivers wrote mails like any other event; theirs is nobody else's.
    OCCURRENCES = "SELECT e.id, e.type, e.created_at, e.expires_at, (SELECT COUNT(*) FROM deliveries d \
        WHERE d.tenant_id = e.tenant_id AND d.event_id = e.id AND d.sink = 'mail') FROM events e \
        WHERE e.fanned_out = FALSE AND e.tenant_id = $1 ORDER BY e.id LIMIT $2",
        postgres = "SELECT e.id, e.type, e.created_at, e.expires_at, (SELECT COUNT(*) FROM deliveries d \
        WHERE d.tenant_id = e.tenant_id AND d.event_id = e.id AND d.sink = 'mail') FROM events e \
        WHERE e.fanned_out = FALSE AND e.tenant_id = $1 ORDER BY e.id LIMIT $2 FOR UPDATE OF e SKIP LOCKED";
    INSERT = "INSERT INTO deliveries (tenant_id, id, event_id, sink, sink_id, state, attempts, next_attempt_at, created_at, \
        expires_at) VALUES ($1, $2, $3, $4, $5, 'pending', 0, $6, $7, $8) ON CONFLICT (tenant_id, id) DO NOTHING",
        mysql = "INSERT IGNORE INTO deliveries (tenant_id, id, event_id, sink, sink_id, state, attempts, next_attempt_at, \
        created_at, expires_at) VALUES (?, ?, ?, ?, ?, 'pending', 0, ?, ?, ?)";
    MARK = "UPDATE events SET fanned_out = TRUE WHERE tenant_id = $1 AND id = $2",
        postgres = "UPDATE events SET fanned_out = TRUE WHERE tenant_id = $1 AND id = ANY($2)";
    ERASE = "UPDATE events SET payload = NULL WHERE tenant_id = $1 AND id = $2";
}

/// An event whose receivers have no deliveries yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Occurrence {
    /// Which.
    pub event: EventId,
    /// Its name.
    pub kind: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When telling it has no use any more, if ever.
    pub expires_at: Option<Timestamp>,
}

/// What a receiver is to be told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewDelivery {
    /// The same for the same event and receiver, so that a second fan-out adds nothing.
    pub id: DeliveryId,
    /// The event.
    pub event: EventId,
    /// The receiver.
    pub receiver: WebhookId,
    /// Never told after this.
    pub expires_at: Timestamp,
}

impl SystemStore {
    /// The tenants with events whose receivers have no deliveries yet: a cheap read before anything is taken.
    pub async fn tenants_to_fan_out(&self) -> Result<Vec<TenantId>, StoreError> {
        let rows: Vec<(Uuid,)> =
            on_pool!(&self.store.pool, TENANTS, |sql, db| sqlx::query_as(sql).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(tenant,)| TenantId(tenant)).collect())
    }
}

impl TenantStore {
    /// Takes up to `limit` events, oldest first, asks `receivers` which deliveries they mean, and makes these in the same
    /// transaction that takes the events. The tenant's webhooks are read after the events, so that one that was there when
    /// something happened is always among them. Several processes may do so at once: twice is as good as once, and none is missed.
    /// Returns how many events were taken; fewer than `limit` means that no more wait.
    ///
    /// A mail that no receiver is told of is erased at once.
    pub async fn fan_out(
        &self,
        limit: u32,
        now: Timestamp,
        receivers: impl FnOnce(&[Occurrence], &[Webhook]) -> Vec<NewDelivery>,
    ) -> Result<usize, StoreError> {
        let tenant = self.tenant.0;
        on_writer(&self.store, async |work| {
            let rows: Vec<(Uuid, String, i64, Option<i64>, i64)> = on_work!(work, OCCURRENCES, |sql, db| {
                sqlx::query_as(sql).bind(tenant).bind(i64::from(limit)).fetch_all(db).await?
            });
            if rows.is_empty() {
                return Ok(0);
            }
            let taken: Vec<Uuid> = rows.iter().map(|(id, ..)| *id).collect();
            let occurrences: Vec<Occurrence> = rows
                .into_iter()
                .filter(|(.., mails)| *mails == 0)
                .map(|(event, kind, occurred_at, expires_at, _)| Occurrence {
                    event: EventId(event),
                    kind,
                    occurred_at: Timestamp(occurred_at),
                    expires_at: expires_at.map(Timestamp),
                })
                .collect();
            let deliveries = receivers(&occurrences, &webhooks::read(work, tenant).await?);
            for delivery in &deliveries {
                on_work!(work, INSERT, |sql, db| {
                    sqlx::query(sql)
                        .bind(tenant)
                        .bind(delivery.id.0)
                        .bind(delivery.event.0)
                        .bind(Sink::Webhook.as_str())
                        .bind(delivery.receiver.0)
                        .bind(now.0)
                        .bind(now.0)
                        .bind(delivery.expires_at.0)
                        .execute(db)
                        .await?;
                });
            }
            let told: HashSet<EventId> = deliveries.iter().map(|delivery| delivery.event).collect();
            let mail = EventKind::EmailSend.as_str();
            for untold in occurrences.iter().filter(|one| one.kind == mail && !told.contains(&one.event)) {
                on_work!(work, ERASE, |sql, db| {
                    sqlx::query(sql).bind(tenant).bind(untold.event.0).execute(db).await?;
                });
            }
            mark(work, tenant, &taken).await?;
            Ok(taken.len())
        })
        .await
    }
}

/// Where a list can be said in one statement, it is.
async fn mark(work: &mut Single, tenant: Uuid, events: &[Uuid]) -> Result<(), StoreError> {
    match &mut work.transaction {
        Transaction::Postgres(transaction) => {
            sqlx::query(MARK.postgres).bind(tenant).bind(events).execute(&mut **transaction).await?;
        }
        Transaction::Sqlite(transaction) => {
            for event in events {
                sqlx::query(MARK.sqlite).bind(tenant).bind(event).execute(&mut **transaction).await?;
            }
        }
        Transaction::MySql(transaction) => {
            for event in events {
                sqlx::query(MARK.mysql).bind(tenant).bind(event).execute(&mut **transaction).await?;
            }
        }
    }
    Ok(())
}
