//! Removing what has expired. Nothing relies on it: expiry is part of every read.

use std::time::Duration;

use hanko_domain::Timestamp;

use crate::{StoreError, SystemStore, work::on_writer};

statements! {
    FLOWS = "DELETE FROM flows WHERE expires_at < $1";
    SESSIONS = "DELETE FROM sessions WHERE expires_at < $1";
    LIMITS = "DELETE FROM limits WHERE window_ends_at < $1";
    /// Naming the sinks lets it find what waits by an index.
    EXPIRED_DELIVERIES = "UPDATE deliveries SET state = 'dead', last_error = 'expired', finished_at = expires_at \
        WHERE sink IN ('mail', 'webhook') AND state IN ('pending', 'leased') AND expires_at < $1";
    EXPIRED_PAYLOADS = "UPDATE events SET payload = NULL WHERE expires_at < $1 AND payload IS NOT NULL";
    DEVICES = "DELETE FROM trusted_devices WHERE expires_at < $1";
    TOKENS = "DELETE FROM one_time_tokens WHERE expires_at < $1";
    /// Deliveries go with their event; one that is still to be made keeps it.
    EVENTS = "DELETE FROM events WHERE created_at < $1 AND NOT EXISTS (SELECT 1 FROM deliveries \
        WHERE deliveries.tenant_id = events.tenant_id AND deliveries.event_id = events.id AND deliveries.state IN ('pending', 'leased'))";
}

/// How long events are kept, told or not: for questions about what did not arrive, and to be told again.
const EVENTS_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long one-time tokens are kept after they expired: for as long, whoever comes late learns why the token is refused.
const TOKENS_KEPT: Duration = Duration::from_secs(3600);

impl SystemStore {
    /// Removes expired rows of all tenants and says how many. Safe to run in several processes at once.
    pub async fn clean_up(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        for (statement, before) in [
            (FLOWS, now),
            (SESSIONS, now),
            (LIMITS, now),
            (DEVICES, now),
            (TOKENS, now - TOKENS_KEPT),
            (EXPIRED_DELIVERIES, now),
            (EXPIRED_PAYLOADS, now),
            (EVENTS, now - EVENTS_KEPT),
        ] {
            removed += on_writer(&self.store, async |work| {
                Ok(on_work!(work, statement, |sql, db| {
                    sqlx::query(sql).bind(before.0).execute(db).await?.rows_affected()
                }))
            })
            .await?;
        }
        Ok(removed)
    }
}
