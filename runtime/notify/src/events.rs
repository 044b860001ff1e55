//! Events that are told later (`spec/webhooks-and-audit.md` §3).

use hanko_domain::{EventId, EventKind, Random, RequestMeta, Timestamp};
use hanko_keys::{KeyError, Place, Sealer};
use hanko_store::{StoreError, Work};
use serde_json::Value;
use thiserror::Error;
use zeroize::Zeroizing;

/// Why an event could not be written down.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The payload cannot be written down.
    #[error("the event cannot be stored: {0}")]
    Payload(#[from] serde_json::Error),
    /// The payload cannot be sealed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database refused the row.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where the payload of an event stands.
pub(crate) fn place(event: &EventId) -> Place<'_> {
    Place { table: "events", row: event.as_bytes(), column: "payload" }
}

/// Writes an event down in the unit of work whose change it reports, its payload sealed. Nobody is told yet: who is, stands in
/// rows of their own.
pub async fn record(
    work: &mut Work,
    sealer: &Sealer,
    kind: EventKind,
    payload: &Value,
    request: &RequestMeta,
    now: Timestamp,
    random: &Random,
) -> Result<(), RecordError> {
    let event = EventId::ordered(random, now);
    let payload = Zeroizing::new(serde_json::to_vec(payload)?);
    let sealed = sealer.seal(&place(&event), &payload, random)?;
    Ok(work.insert_event(event, kind, &sealed, &request.id, now).await?)
}
