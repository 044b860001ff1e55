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

/// Writes an event down in the unit of work whose change it reports, its payload sealed. Nobody is told yet: a worker finds
/// its receivers after the commit.
pub async fn record(
    work: &mut Work,
    sealer: &Sealer,
    kind: EventKind,
    payload: &Value,
    request: &RequestMeta,
    now: Timestamp,
    random: &Random,
) -> Result<(), RecordError> {
    record_until(work, sealer, kind, payload, &request.id, None, now, random).await
}

/// The same for an event that is of no use after `until`, as a mail whose code has expired.
#[allow(clippy::too_many_arguments)] // one more than its sibling's
pub(crate) async fn record_until(
    work: &mut Work,
    sealer: &Sealer,
    kind: EventKind,
    payload: &Value,
    request_id: &str,
    until: Option<Timestamp>,
    now: Timestamp,
    random: &Random,
) -> Result<(), RecordError> {
    let event = EventId::ordered(random, now);
    let payload = Zeroizing::new(serde_json::to_vec(payload)?);
    let sealed = sealer.seal(&place(&event), &payload, random)?;
    Ok(work.insert_event(event, kind, &sealed, request_id, until, now).await?)
}
