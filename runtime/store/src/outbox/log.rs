//! What became of deliveries, telling again what was told in vain, and the length of the queues.

use hanko_domain::{DeliveryId, EventId, Timestamp, WebhookId};
use uuid::Uuid;

use super::Sink;
use crate::{
    StoreError, SystemStore, TenantStore, Work,
    built::{Bound, Built},
};

const COLUMNS: &str = "SELECT d.id, d.event_id, e.type, d.sink_id, d.state, d.attempts, d.created_at, d.next_attempt_at, \
    d.last_attempt_at, d.finished_at, d.expires_at, d.last_status, d.last_error FROM deliveries d \
    JOIN events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id WHERE d.tenant_id = ";

statements! {
    /// Only what is still there can be told again, and only while it is of use.
    REPLAY = "UPDATE deliveries SET state = 'pending', attempts = 0, next_attempt_at = $1, finished_at = NULL, expires_at = \
        COALESCE((SELECT e.expires_at FROM events e WHERE e.tenant_id = deliveries.tenant_id AND e.id = deliveries.event_id), $2) \
        WHERE tenant_id = $3 AND id = $4 AND sink = 'webhook' AND state IN ('dead', 'done') AND EXISTS (SELECT 1 FROM events e \
        WHERE e.tenant_id = deliveries.tenant_id AND e.id = deliveries.event_id AND e.payload IS NOT NULL \
        AND (e.expires_at IS NULL OR e.expires_at > $5))";
    REPLAY_DEAD = "UPDATE deliveries SET state = 'pending', attempts = 0, next_attempt_at = $1, finished_at = NULL, expires_at = \
        COALESCE((SELECT e.expires_at FROM events e WHERE e.tenant_id = deliveries.tenant_id AND e.id = deliveries.event_id), $2) \
        WHERE tenant_id = $3 AND sink_id = $4 AND sink = 'webhook' AND state = 'dead' AND created_at >= $5 AND created_at < $6 \
        AND EXISTS (SELECT 1 FROM events e \
        WHERE e.tenant_id = deliveries.tenant_id AND e.id = deliveries.event_id AND e.payload IS NOT NULL \
        AND (e.expires_at IS NULL OR e.expires_at > $7))";
    GIVE_UP = "UPDATE deliveries SET state = 'dead', lease_id = NULL, leased_until = NULL, last_error = $1, finished_at = $2 \
        WHERE tenant_id = $3 AND sink_id = $4 AND state IN ('pending', 'leased')";
    WAITING = "SELECT COUNT(*) FROM deliveries WHERE sink = $1 AND state IN ('pending', 'leased')";
    DEAD = "SELECT COUNT(*) FROM deliveries WHERE sink = $1 AND state = 'dead'";
    /// What waits because its receiver is disabled is not late.
    OLDEST_DUE = "SELECT MIN(next_attempt_at) FROM deliveries WHERE sink = $1 AND state = 'pending' AND next_attempt_at <= $2 \
        AND NOT EXISTS (SELECT 1 FROM webhooks w WHERE w.tenant_id = deliveries.tenant_id AND w.id = deliveries.sink_id \
        AND w.enabled = FALSE)";
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// Waits for its time, or for its receiver to be enabled.
    Pending,
    /// An attempt is under way.
    Leased,
    /// Told.
    Done,
    /// Never told; can be told again while its payload is there.
    Dead,
}

impl State {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Leased, Self::Done, Self::Dead];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Leased => "leased",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    /// From its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// A delivery to a receiver of events, without what is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivery {
    /// Which.
    pub id: DeliveryId,
    /// Of which event.
    pub event: EventId,
    /// The event's name.
    pub kind: String,
    /// Who is told.
    pub receiver: WebhookId,
    /// How far it is.
    pub state: State,
    /// Attempts so far, since it was put on its way.
    pub attempts: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the next attempt is due, while it is pending.
    pub next_attempt_at: Timestamp,
    /// When the last attempt began.
    pub last_attempt_at: Option<Timestamp>,
    /// When it was told or given up.
    pub finished_at: Option<Timestamp>,
    /// Never told after this.
    pub expires_at: Timestamp,
    /// Status of the last answer.
    pub last_status: Option<i32>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// Which deliveries.
#[derive(Clone, Debug, Default)]
pub struct DeliveryQuery {
    /// To this receiver.
    pub receiver: Option<WebhookId>,
    /// In this state.
    pub state: Option<State>,
    /// Of this event.
    pub event: Option<EventId>,
    /// This one.
    pub id: Option<DeliveryId>,
}

type Row = (
    Uuid,
    Uuid,
    String,
    Option<Uuid>,
    String,
    i32,
    i64,
    i64,
    Option<i64>,
    Option<i64>,
    i64,
    Option<i32>,
    Option<String>,
);

impl TenantStore {
    /// Deliveries to receivers of events, newest first; `before` is the last one of the page before.
    pub async fn deliveries(
        &self,
        query: &DeliveryQuery,
        before: Option<(Timestamp, DeliveryId)>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut built =
            Built::new(&self.store, COLUMNS).value(Bound::Id(self.tenant.0)).words(" AND d.sink = 'webhook'");
        for (condition, id) in [
            (" AND d.sink_id = ", query.receiver.map(|id| id.0)),
            (" AND d.event_id = ", query.event.map(|id| id.0)),
            (" AND d.id = ", query.id.map(|id| id.0)),
        ] {
            if let Some(id) = id {
                built = built.words(condition).value(Bound::Id(id));
            }
        }
        if let Some(state) = query.state {
            built = built.words(" AND d.state = ").value(Bound::Text(state.as_str().to_owned()));
        }
        if let Some((at, id)) = before {
            built = built
                .words(" AND (d.created_at < ")
                .value(Bound::Number(at.0))
                .words(" OR (d.created_at = ")
                .value(Bound::Number(at.0))
                .words(" AND d.id < ")
                .value(Bound::Id(id.0))
                .words("))");
        }
        built = built.words(" ORDER BY d.created_at DESC, d.id DESC LIMIT ").value(Bound::Number(limit.into()));
        let rows: Vec<Row> = fetch_built!(&self.store, built)?;
        Ok(rows.into_iter().filter_map(delivery).collect())
    }
}

fn delivery(row: Row) -> Option<Delivery> {
    let (id, event, kind, receiver, state, attempts, created_at, next, last, finished, expires, status, error) = row;
    Some(Delivery {
        id: DeliveryId(id),
        event: EventId(event),
        kind,
        receiver: WebhookId(receiver?),
        state: State::parse(&state)?,
        attempts,
        created_at: Timestamp(created_at),
        next_attempt_at: Timestamp(next),
        last_attempt_at: last.map(Timestamp),
        finished_at: finished.map(Timestamp),
        expires_at: Timestamp(expires),
        last_status: status,
        last_error: error,
    })
}

impl Work {
    /// Puts a delivery that has ended on its way again, until `expires_at` or until its event is of no use. `false`: there is
    /// none, it has not ended, or what it told is erased.
    pub async fn replay_delivery(
        &mut self,
        id: DeliveryId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let replayed = on_work!(self, REPLAY, |sql, db| {
            sqlx::query(sql)
                .bind(now.0)
                .bind(expires_at.0)
                .bind(self.tenant.0)
                .bind(id.0)
                .bind(now.0)
                .execute(db)
                .await?
                .rows_affected()
        });
        self.emitted |= replayed > 0;
        Ok(replayed > 0)
    }

    /// Puts every dead delivery to a receiver that was made in a range of time on its way again, and says how many: from
    /// `from`, before `to`.
    pub async fn replay_dead(
        &mut self,
        receiver: WebhookId,
        from: Timestamp,
        to: Timestamp,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let replayed = on_work!(self, REPLAY_DEAD, |sql, db| {
            sqlx::query(sql)
                .bind(now.0)
                .bind(expires_at.0)
                .bind(self.tenant.0)
                .bind(receiver.0)
                .bind(from.0)
                .bind(to.0)
                .bind(now.0)
                .execute(db)
                .await?
                .rows_affected()
        });
        self.emitted |= replayed > 0;
        Ok(replayed)
    }

    /// Gives up everything that waits for a receiver which is gone.
    pub async fn give_up_deliveries(
        &mut self,
        receiver: WebhookId,
        reason: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        Ok(on_work!(self, GIVE_UP, |sql, db| {
            sqlx::query(sql)
                .bind(reason)
                .bind(now.0)
                .bind(self.tenant.0)
                .bind(receiver.0)
                .execute(db)
                .await?
                .rows_affected()
        }))
    }
}

impl SystemStore {
    /// Deliveries that are still to be made, of all tenants: the length of the queue.
    pub async fn waiting_deliveries(&self, sink: Sink) -> Result<i64, StoreError> {
        let (count,): (i64,) = on_pool!(&self.store.pool, WAITING, |sql, db| {
            sqlx::query_as(sql).bind(sink.as_str()).fetch_one(db).await
        })?;
        Ok(count)
    }

    /// Deliveries that were given up and are still known, of all tenants.
    pub async fn dead_deliveries(&self, sink: Sink) -> Result<i64, StoreError> {
        let (count,): (i64,) = on_pool!(&self.store.pool, DEAD, |sql, db| {
            sqlx::query_as(sql).bind(sink.as_str()).fetch_one(db).await
        })?;
        Ok(count)
    }

    /// Since when the delivery that is late the longest has been due; `None` when none is late.
    pub async fn oldest_due(&self, sink: Sink, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let (oldest,): (Option<i64>,) = on_pool!(&self.store.pool, OLDEST_DUE, |sql, db| {
            sqlx::query_as(sql).bind(sink.as_str()).bind(now.0).fetch_one(db).await
        })?;
        Ok(oldest.map(Timestamp))
    }
}
