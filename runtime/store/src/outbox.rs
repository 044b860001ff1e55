//! The outbox: what a change promised to tell, and the deliveries that keep the promise.

use std::time::Duration;

use hanko_domain::{DeliveryId, EventId, EventKind, TenantId, Timestamp};
use uuid::Uuid;

use crate::{StoreError, SystemStore, Work, work::on_writer};

statements! {
    INSERT_EVENT = "INSERT INTO events (tenant_id, id, type, payload, request_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    INSERT_DELIVERY = "INSERT INTO deliveries (tenant_id, id, event_id, sink, state, attempts, next_attempt_at, expires_at) \
        VALUES ($1, $2, $3, $4, 'pending', 0, $5, $6)";
    DUE = "SELECT DISTINCT tenant_id FROM deliveries WHERE sink = $1 AND \
        ((state = 'pending' AND next_attempt_at <= $2) OR (state = 'leased' AND leased_until <= $3))";
    /// A lease that ran out is taken over: its holder died.
    CLAIM = "UPDATE deliveries SET state = 'leased', lease_id = $1, leased_until = $2, attempts = attempts + 1 \
        WHERE tenant_id = $3 AND id IN (SELECT id FROM deliveries WHERE tenant_id = $4 AND sink = $5 AND \
        ((state = 'pending' AND next_attempt_at <= $6) OR (state = 'leased' AND leased_until <= $7)) \
        ORDER BY next_attempt_at LIMIT $8)",
        postgres = "UPDATE deliveries SET state = 'leased', lease_id = $1, leased_until = $2, attempts = attempts + 1 \
        WHERE tenant_id = $3 AND id IN (SELECT id FROM deliveries WHERE tenant_id = $4 AND sink = $5 AND \
        ((state = 'pending' AND next_attempt_at <= $6) OR (state = 'leased' AND leased_until <= $7)) \
        ORDER BY next_attempt_at LIMIT $8 FOR UPDATE SKIP LOCKED)",
        mysql = "UPDATE deliveries SET state = 'leased', lease_id = ?, leased_until = ?, attempts = attempts + 1 \
        WHERE tenant_id = ? AND tenant_id = ? AND sink = ? AND \
        ((state = 'pending' AND next_attempt_at <= ?) OR (state = 'leased' AND leased_until <= ?)) \
        ORDER BY next_attempt_at LIMIT ?";
    CLAIMED = "SELECT d.tenant_id, d.id, d.event_id, e.type, e.payload, d.attempts, d.expires_at, e.request_id FROM deliveries d \
        JOIN events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id WHERE d.lease_id = $1 AND d.state = 'leased' \
        ORDER BY e.created_at";
    FINISH = "UPDATE deliveries SET state = $1, lease_id = NULL, leased_until = NULL, last_error = $2 \
        WHERE tenant_id = $3 AND id = $4 AND lease_id = $5";
    ERASE = "UPDATE events SET payload = NULL WHERE tenant_id = $1 AND id = $2";
    RETRY = "UPDATE deliveries SET state = 'pending', lease_id = NULL, leased_until = NULL, next_attempt_at = $1, \
        last_error = $2 WHERE tenant_id = $3 AND id = $4 AND lease_id = $5";
    WAITING = "SELECT COUNT(*) FROM deliveries WHERE sink = $1 AND state IN ('pending', 'leased')";
}

/// Who is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sink {
    /// The recipient of a mail.
    Mail,
}

impl Sink {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
        }
    }
}

/// A delivery that a worker holds for a while.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub id: DeliveryId,
    /// Of which event; part of the seal's additional data.
    pub event: EventId,
    /// The event's name.
    pub kind: String,
    /// The sealed payload; `None` once erased.
    pub payload: Option<String>,
    /// This attempt included.
    pub attempts: i32,
    /// Never told after this.
    pub expires_at: Timestamp,
    /// The request that caused it.
    pub request_id: String,
    lease: Uuid,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum Ending {
    /// Told. A mail's payload is erased.
    Done,
    /// Will never be told.
    Dead {
        /// Why, without secrets.
        error: String,
    },
    /// Another attempt follows.
    Retry {
        /// When.
        at: Timestamp,
        /// Why, without secrets.
        error: String,
    },
}

impl Work {
    /// Records an event that nobody is told of yet. `sealed` is its payload, sealed with the event's id as additional data.
    pub async fn insert_event(
        &mut self,
        event: EventId,
        kind: EventKind,
        sealed: &str,
        request_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        on_work!(self, INSERT_EVENT, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(event.0)
                .bind(kind.as_str())
                .bind(sealed)
                .bind(request_id)
                .bind(now.0)
                .execute(db)
                .await?;
        });
        Ok(())
    }

    /// Promises to tell an event to one sink. `sealed` is its payload, sealed with the event's id as additional data.
    #[allow(clippy::too_many_arguments)] // one row each of two tables; a struct would only repeat their columns
    pub async fn emit(
        &mut self,
        event: EventId,
        kind: EventKind,
        sealed: &str,
        delivery: DeliveryId,
        sink: Sink,
        expires_at: Timestamp,
        request_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.insert_event(event, kind, sealed, request_id, now).await?;
        on_work!(self, INSERT_DELIVERY, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(delivery.0)
                .bind(event.0)
                .bind(sink.as_str())
                .bind(now.0)
                .bind(expires_at.0)
                .execute(db)
                .await?;
        });
        self.emitted = true;
        Ok(())
    }
}

impl SystemStore {
    /// The tenants for whom something is due: a cheap read before anything is claimed.
    pub async fn tenants_due(&self, sink: Sink, now: Timestamp) -> Result<Vec<TenantId>, StoreError> {
        let rows: Vec<(Uuid,)> = on_pool!(&self.store.pool, DUE, |sql, db| {
            sqlx::query_as(sql).bind(sink.as_str()).bind(now.0).bind(now.0).fetch_all(db).await
        })?;
        Ok(rows.into_iter().map(|(tenant,)| TenantId(tenant)).collect())
    }

    /// Takes up to `count` due deliveries of one tenant for `lease`. `claim` is a new random id.
    pub async fn claim_deliveries(
        &self,
        tenant: TenantId,
        sink: Sink,
        claim: Uuid,
        count: u32,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<Claimed>, StoreError> {
        let until = now + lease;
        type Row = (Uuid, Uuid, Uuid, String, Option<String>, i32, i64, String);
        let rows: Vec<Row> = on_writer(&self.store, async |work| {
            let taken = on_work!(work, CLAIM, |sql, db| {
                sqlx::query(sql)
                    .bind(claim)
                    .bind(until.0)
                    .bind(tenant.0)
                    .bind(tenant.0)
                    .bind(sink.as_str())
                    .bind(now.0)
                    .bind(now.0)
                    .bind(i64::from(count))
                    .execute(db)
                    .await?
                    .rows_affected()
            });
            if taken == 0 {
                return Ok(Vec::new());
            }
            Ok(on_work!(work, CLAIMED, |sql, db| sqlx::query_as(sql).bind(claim).fetch_all(db).await?))
        })
        .await?;
        Ok(rows
            .into_iter()
            .map(|(tenant, id, event, kind, payload, attempts, expires_at, request_id)| Claimed {
                tenant: TenantId(tenant),
                id: DeliveryId(id),
                event: EventId(event),
                kind,
                payload,
                attempts,
                expires_at: Timestamp(expires_at),
                request_id,
                lease: claim,
            })
            .collect())
    }

    /// Records how attempts ended, in one transaction. An attempt whose lease was lost meanwhile changes nothing.
    pub async fn end_deliveries(&self, endings: &[(Claimed, Ending)]) -> Result<(), StoreError> {
        on_writer(&self.store, async |work| {
            for (delivery, ending) in endings {
                let (tenant, id, lease) = (delivery.tenant.0, delivery.id.0, delivery.lease);
                let finish = match ending {
                    Ending::Done => Some(("done", None)),
                    Ending::Dead { error } => Some(("dead", Some(error.as_str()))),
                    Ending::Retry { .. } => None,
                };
                if let Some((state, error)) = finish {
                    on_work!(work, FINISH, |sql, db| {
                        sqlx::query(sql).bind(state).bind(error).bind(tenant).bind(id).bind(lease).execute(db).await?;
                    });
                    on_work!(work, ERASE, |sql, db| {
                        sqlx::query(sql).bind(tenant).bind(delivery.event.0).execute(db).await?;
                    });
                }
                if let Ending::Retry { at, error } = ending {
                    on_work!(work, RETRY, |sql, db| {
                        sqlx::query(sql)
                            .bind(at.0)
                            .bind(error.as_str())
                            .bind(tenant)
                            .bind(id)
                            .bind(lease)
                            .execute(db)
                            .await?;
                    });
                }
            }
            Ok(())
        })
        .await
    }

    /// Deliveries that are still to be made: the length of the queue.
    pub async fn waiting_deliveries(&self, sink: Sink) -> Result<i64, StoreError> {
        let (count,): (i64,) = on_pool!(&self.store.pool, WAITING, |sql, db| {
            sqlx::query_as(sql).bind(sink.as_str()).fetch_one(db).await
        })?;
        Ok(count)
    }

    /// Returns when a unit of work of this process has emitted something since the last call.
    pub async fn emitted(&self) {
        self.store.outbox.notified().await;
    }
}
