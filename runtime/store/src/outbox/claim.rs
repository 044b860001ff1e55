//! Taking deliveries that are due, and recording how the attempts ended.

use std::time::Duration;

use hanko_domain::{DeliveryId, EventId, TenantId, Timestamp, WebhookId};
use uuid::Uuid;

use super::Sink;
use crate::{StoreError, SystemStore, TenantStore, Work, work::on_writer};

statements! {
    DUE = "SELECT DISTINCT tenant_id FROM deliveries WHERE sink = $1 AND \
        ((state = 'pending' AND next_attempt_at <= $2) OR (state = 'leased' AND leased_until <= $3))";
    DUE_FOR = "SELECT 1 FROM deliveries WHERE tenant_id = $1 AND sink_id = $2 AND \
        ((state = 'pending' AND next_attempt_at <= $3) OR (state = 'leased' AND leased_until <= $4)) LIMIT 1";
    /// A lease that ran out is taken over: its holder died.
    CLAIM = "UPDATE deliveries SET state = 'leased', lease_id = $1, leased_until = $2, last_attempt_at = $3, \
        attempts = attempts + 1 \
        WHERE tenant_id = $4 AND id IN (SELECT id FROM deliveries WHERE tenant_id = $5 AND sink = $6 AND \
        ((state = 'pending' AND next_attempt_at <= $7) OR (state = 'leased' AND leased_until <= $8)) \
        ORDER BY next_attempt_at LIMIT $9)",
        postgres = "UPDATE deliveries SET state = 'leased', lease_id = $1, leased_until = $2, last_attempt_at = $3, \
        attempts = attempts + 1 \
        WHERE tenant_id = $4 AND id IN (SELECT id FROM deliveries WHERE tenant_id = $5 AND sink = $6 AND \
        ((state = 'pending' AND next_attempt_at <= $7) OR (state = 'leased' AND leased_until <= $8)) \
        ORDER BY next_attempt_at LIMIT $9 FOR UPDATE SKIP LOCKED)",
        mysql = "UPDATE deliveries SET state = 'leased', lease_id = ?, leased_until = ?, last_attempt_at = ?, \
        attempts = attempts + 1 WHERE tenant_id = ? AND tenant_id = ? AND sink = ? AND \
        ((state = 'pending' AND next_attempt_at <= ?) OR (state = 'leased' AND leased_until <= ?)) \
        ORDER BY next_attempt_at LIMIT ?";
    CLAIM_FOR = "UPDATE deliveries SET state = 'leased', lease_id = $1, leased_until = $2, last_attempt_at = $3, \
        attempts = attempts + 1 \
        WHERE tenant_id = $4 AND id IN (SELECT id FROM deliveries WHERE tenant_id = $5 AND sink_id = $6 AND \
        ((state = 'pending' AND next_attempt_at <= $7) OR (state = 'leased' AND leased_until <= $8)) \
        ORDER BY next_attempt_at LIMIT $9)",
        postgres = "UPDATE deliveries SET state = 'leased', lease_id = $1, leased_until = $2, last_attempt_at = $3, \
        attempts = attempts + 1 \
        WHERE tenant_id = $4 AND id IN (SELECT id FROM deliveries WHERE tenant_id = $5 AND sink_id = $6 AND \
        ((state = 'pending' AND next_attempt_at <= $7) OR (state = 'leased' AND leased_until <= $8)) \
        ORDER BY next_attempt_at LIMIT $9 FOR UPDATE SKIP LOCKED)",
        mysql = "UPDATE deliveries SET state = 'leased', lease_id = ?, leased_until = ?, last_attempt_at = ?, \
        attempts = attempts + 1 WHERE tenant_id = ? AND tenant_id = ? AND sink_id = ? AND \
        ((state = 'pending' AND next_attempt_at <= ?) OR (state = 'leased' AND leased_until <= ?)) \
        ORDER BY next_attempt_at LIMIT ?";
    CLAIMED = "SELECT d.tenant_id, d.id, d.event_id, e.type, e.payload, d.attempts, d.expires_at, e.request_id, d.sink, d.sink_id, \
        e.created_at FROM deliveries d \
        JOIN events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id WHERE d.lease_id = $1 AND d.state = 'leased' \
        ORDER BY e.created_at, e.id";
    FINISH = "UPDATE deliveries SET state = $1, lease_id = NULL, leased_until = NULL, last_error = $2, last_status = $3, \
        finished_at = $4 WHERE tenant_id = $5 AND id = $6 AND lease_id = $7";
    RETRY = "UPDATE deliveries SET state = 'pending', lease_id = NULL, leased_until = NULL, next_attempt_at = $1, \
        last_error = $2, last_status = $3 WHERE tenant_id = $4 AND id = $5 AND lease_id = $6";
    ERASE = "UPDATE events SET payload = NULL WHERE tenant_id = $1 AND id = $2";
    /// A mail that receivers were told of is kept no longer than they need it; other events can be told again.
    ERASE_TOLD_MAIL = "UPDATE events SET payload = NULL WHERE tenant_id = $1 AND id = $2 AND type = 'email.send' AND NOT EXISTS \
        (SELECT 1 FROM deliveries WHERE deliveries.tenant_id = events.tenant_id AND deliveries.event_id = events.id \
        AND deliveries.state IN ('pending', 'leased'))";
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
    /// Who is told, if that is a receiver of events.
    pub receiver: Option<WebhookId>,
    /// When it happened.
    pub occurred_at: Timestamp,
    sink: String,
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

type Row = (Uuid, Uuid, Uuid, String, Option<String>, i32, i64, String, String, Option<Uuid>, i64);

impl SystemStore {
    /// The tenants for whom something is due: a cheap read before anything is claimed. For mails; a receiver of events that is
    /// disabled may have many deliveries that wait, so who is due there is asked for by receiver.
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
        let rows: Vec<Row> = on_writer(&self.store, async |work| {
            let taken = on_work!(work, CLAIM, |sql, db| {
                sqlx::query(sql)
                    .bind(claim)
                    .bind(until.0)
                    .bind(now.0)
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
        Ok(rows.into_iter().map(|row| claimed(row, claim)).collect())
    }

    /// Records how attempts ended, in one transaction. An attempt whose lease was lost meanwhile changes nothing.
    pub async fn end_deliveries(&self, endings: &[(Claimed, Ending)], now: Timestamp) -> Result<(), StoreError> {
        let Some((first, _)) = endings.first() else { return Ok(()) };
        let mut work = self.store.tenant(first.tenant).begin().await?;
        for (delivery, ending) in endings {
            work.end_delivery(delivery, ending, None, now).await?;
        }
        work.commit().await
    }
}

impl TenantStore {
    /// Whether something is due for a receiver of events: a cheap read before anything is claimed.
    pub async fn is_due(&self, receiver: WebhookId, now: Timestamp) -> Result<bool, StoreError> {
        Ok(on_pool!(&self.store.pool, DUE_FOR, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(receiver.0)
                .bind(now.0)
                .bind(now.0)
                .fetch_optional(db)
                .await
                .map(|row| row.is_some())
        })?)
    }

    /// Takes up to `count` deliveries that are due for a receiver of events, for `lease`. `claim` is a new random id.
    pub async fn claim_for(
        &self,
        receiver: WebhookId,
        claim: Uuid,
        count: u32,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<Claimed>, StoreError> {
        let (tenant, until) = (self.tenant.0, now + lease);
        let rows: Vec<Row> = on_writer(&self.store, async |work| {
            let taken = on_work!(work, CLAIM_FOR, |sql, db| {
                sqlx::query(sql)
                    .bind(claim)
                    .bind(until.0)
                    .bind(now.0)
                    .bind(tenant)
                    .bind(tenant)
                    .bind(receiver.0)
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
        Ok(rows.into_iter().map(|row| claimed(row, claim)).collect())
    }
}

fn claimed(row: Row, lease: Uuid) -> Claimed {
    let (tenant, id, event, kind, payload, attempts, expires_at, request_id, sink, receiver, occurred_at) = row;
    Claimed {
        tenant: TenantId(tenant),
        id: DeliveryId(id),
        event: EventId(event),
        kind,
        payload,
        attempts,
        expires_at: Timestamp(expires_at),
        request_id,
        receiver: receiver.map(WebhookId),
        occurred_at: Timestamp(occurred_at),
        sink,
        lease,
    }
}

impl Work {
    /// Records how an attempt ended, with the status of the answer if there was one. `false`: the lease was lost meanwhile and
    /// nothing is changed; whatever else the end of the delivery means must not happen either.
    ///
    /// The payload of a mail is erased at its end. That of an `email.send` event told to receivers is once none of them waits
    /// for it; every other stays, so that it can be told again.
    pub async fn end_delivery(
        &mut self,
        delivery: &Claimed,
        ending: &Ending,
        status: Option<u16>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (tenant, id, lease, status) = (delivery.tenant.0, delivery.id.0, delivery.lease, status.map(i32::from));
        let (state, error) = match ending {
            Ending::Done => ("done", None),
            Ending::Dead { error } => ("dead", Some(error.as_str())),
            Ending::Retry { at, error } => {
                let changed = on_work!(self, RETRY, |sql, db| {
                    sqlx::query(sql)
                        .bind(at.0)
                        .bind(error.as_str())
                        .bind(status)
                        .bind(tenant)
                        .bind(id)
                        .bind(lease)
                        .execute(db)
                        .await?
                        .rows_affected()
                });
                return Ok(changed == 1);
            }
        };
        let finished = on_work!(self, FINISH, |sql, db| {
            sqlx::query(sql)
                .bind(state)
                .bind(error)
                .bind(status)
                .bind(now.0)
                .bind(tenant)
                .bind(id)
                .bind(lease)
                .execute(db)
                .await?
                .rows_affected()
        });
        if finished == 0 {
            return Ok(false);
        }
        let erase = if delivery.sink == Sink::Mail.as_str() { ERASE } else { ERASE_TOLD_MAIL };
        on_work!(self, erase, |sql, db| {
            sqlx::query(sql).bind(tenant).bind(delivery.event.0).execute(db).await?;
        });
        Ok(true)
    }
}
