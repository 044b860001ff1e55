//! The outbox: what a change promised to tell, and the deliveries that keep the promise.
//!
//! A mail's event comes with its one delivery ([`Work::emit`]). Every other event is written alone, at the same cost whether
//! anybody listens or not ([`Work::insert_event`]); a worker gives its receivers their deliveries afterwards ([`fan_out`]).
//! From there on the two are alike: taken under a lease and ended ([`claim`]), and kept for questions ([`log`]).

pub mod claim;
pub mod fan_out;
pub mod log;

pub use claim::{Claimed, Ending};
pub use fan_out::{NewDelivery, Occurrence};
pub use log::{Delivery, DeliveryQuery, State};

use hanko_domain::{DeliveryId, EventId, EventKind, Timestamp};
use tokio::sync::Notify;

use crate::{StoreError, SystemStore, Work};

statements! {
    INSERT_EVENT = "INSERT INTO events (tenant_id, id, type, payload, request_id, created_at, expires_at, fanned_out) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    INSERT_DELIVERY = "INSERT INTO deliveries (tenant_id, id, event_id, sink, state, attempts, next_attempt_at, created_at, \
        expires_at) VALUES ($1, $2, $3, $4, 'pending', 0, $5, $6, $7)";
}

/// Who is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sink {
    /// The recipient of a mail.
    Mail,
    /// A receiver of events; the delivery names which.
    Webhook,
}

impl Sink {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Mail, Self::Webhook];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }
}

/// Wakes the workers of this process, each by a bell of its own.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    mail: Notify,
    webhook: Notify,
}

impl Bells {
    fn of(&self, sink: Sink) -> &Notify {
        match sink {
            Sink::Mail => &self.mail,
            Sink::Webhook => &self.webhook,
        }
    }

    pub(crate) fn ring(&self) {
        for sink in Sink::ALL {
            self.of(sink).notify_one();
        }
    }
}

impl SystemStore {
    /// Returns when a unit of work of this process has emitted something since the last call. For one worker of a sink.
    pub async fn emitted(&self, sink: Sink) {
        self.store.outbox.of(sink).notified().await;
    }
}

impl Work {
    /// Records an event; its receivers get their deliveries later. `sealed` is its payload, sealed with the event's id as
    /// additional data. It is told to nobody after `expires_at`, if that is given, and its payload erased.
    pub async fn insert_event(
        &mut self,
        event: EventId,
        kind: EventKind,
        sealed: &str,
        request_id: &str,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write_event(event, kind, sealed, request_id, expires_at, false, now).await
    }

    /// Promises to tell an event to one sink and to nobody else. `sealed` is its payload, sealed with the event's id as
    /// additional data.
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
        self.write_event(event, kind, sealed, request_id, None, true, now).await?;
        on_work!(self, INSERT_DELIVERY, |sql, db| {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(delivery.0)
                .bind(event.0)
                .bind(sink.as_str())
                .bind(now.0)
                .bind(now.0)
                .bind(expires_at.0)
                .execute(db)
                .await?;
        });
        Ok(())
    }

    #[allow(clippy::too_many_arguments)] // one row of a table; a struct would only repeat its columns
    async fn write_event(
        &mut self,
        event: EventId,
        kind: EventKind,
        sealed: &str,
        request_id: &str,
        expires_at: Option<Timestamp>,
        fanned_out: bool,
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
                .bind(expires_at.map(|at| at.0))
                .bind(fanned_out)
                .execute(db)
                .await?;
        });
        self.emitted = true;
        Ok(())
    }
}
