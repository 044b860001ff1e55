//! The audit log (`spec/webhooks-and-audit.md` §7): written with the change it reports, chained afterwards.
//!
//! [`record`] inserts a row at the cost of one insert; no login waits for more. A moment later one elected process, the
//! [`Keeper`], numbers the tenant's new rows and chains them ([`Chain`]): each gets a MAC over itself and the row before it, so
//! that whoever changes, adds, moves or removes a sealed row is found out by [`verify`], as long as they have not the master key.
//! The last row is remembered under a seal of its own (the head), and so is the last one that was removed by age (the floor).
//! What was sealed is told to the [`console`].
//!
//! What this cannot prove: rows that were changed before they were sealed, which is within a second; and a whole database put
//! back to what it was some time ago. The numbers on the console's lines show that one.

mod chain;
pub mod console;
mod keeper;
mod proof;
mod verify;

pub use chain::{Chain, ChainError};
pub use keeper::{Counters, Keeper, Kept};
pub use verify::{Broken, Report, verify};

use hanko_domain::{AuditEntry, AuditId, Random, RequestMeta, Timestamp};
use hanko_store::{StoreError, Work};

/// Adds an entry to the unit of work whose change it reports. With `mask` (the project's `auditLog.mask`) personal data is
/// cut to its first characters; this is the only place that decides it.
pub async fn record(
    work: &mut Work,
    entry: AuditEntry,
    request: &RequestMeta,
    mask: bool,
    now: Timestamp,
    random: &Random,
) -> Result<(), StoreError> {
    let entry = if mask { entry.masked() } else { entry };
    work.insert_audit(AuditId::ordered(random, now), &entry, request, now).await
}

#[cfg(test)]
mod tests;
