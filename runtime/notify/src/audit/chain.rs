//! Chaining the rows of one tenant, and removing the oldest ones without breaking the chain.

use hanko_domain::{TenantId, Timestamp};
use hanko_keys::{KeyError, Macs};
use hanko_store::{
    StoreError, TenantStore,
    audit::{AuditRow, Checkpoint, End, Link},
};
use thiserror::Error;

use super::proof;

/// Why a chain is not continued.
#[derive(Debug, Error)]
pub enum ChainError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key is missing.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What would be built on is not what was left there.
    #[error(
        "the {} of the audit log's chain is missing or was changed; nothing more is sealed until it is put back. \
         `hanko-runtime audit verify` says more",
        .0.as_str()
    )]
    Changed(End),
}

/// The chain of one tenant.
#[derive(Clone, Debug)]
pub struct Chain {
    store: TenantStore,
    macs: Macs,
    loss_accepted: bool,
}

impl Chain {
    /// For a tenant and its MACs of the purpose `Audit`. `loss_accepted`: a master key is lost and its owner has said so, so that
    /// the chain goes on from an end that cannot be checked any more.
    pub fn new(store: TenantStore, macs: Macs, loss_accepted: bool) -> Self {
        Self { store, macs, loss_accepted }
    }

    fn tenant(&self) -> TenantId {
        self.store.tenant()
    }

    /// Seals rows, which are the oldest unsealed ones, and gives them back with their places. None when somebody else was
    /// faster. Nobody who writes rows waits for it, and it is safe in several processes at once.
    pub async fn seal(&self, mut rows: Vec<AuditRow>, now: Timestamp) -> Result<Vec<AuditRow>, ChainError> {
        if rows.is_empty() {
            return Ok(rows);
        }
        let before = self.head().await?;
        let mut link: Option<Link> = before.as_ref().map(|head| head.link.clone());
        let mut places = Vec::with_capacity(rows.len());
        for row in &mut rows {
            let place = proof::sealed(&self.macs, self.tenant(), link.as_ref(), row)?;
            row.sequence = Some(place.sequence);
            row.mac = Some(place.mac.clone());
            row.mac_key = Some(place.mac_key.clone());
            places.push((row.id, place.clone()));
            link = Some(place);
        }
        let Some(link) = link else { return Ok(Vec::new()) };
        let head = proof::checkpoint(&self.macs, self.tenant(), End::Head, link)?;
        let sealed = self.store.seal_audit_rows(&places, before.as_ref(), &head, now).await?;
        Ok(if sealed { rows } else { Vec::new() })
    }

    /// Where the chain goes on; `None` at its beginning.
    async fn head(&self) -> Result<Option<Checkpoint>, ChainError> {
        let mut ends = self.store.audit_ends().await?;
        if ends.head.is_none() && (ends.floor.is_some() || self.store.has_sealed_audit_rows(i64::MIN).await?) {
            // Somebody else may have begun it just now.
            ends = self.store.audit_ends().await?;
            if ends.head.is_none() {
                return Err(ChainError::Changed(End::Head));
            }
        }
        if let Some(head) = &ends.head {
            self.check(End::Head, head)?;
        }
        Ok(ends.head)
    }

    /// Removes up to `limit` of the oldest sealed rows that are older than `before`, and says how many.
    pub async fn remove(&self, before: Timestamp, limit: u32, now: Timestamp) -> Result<u64, ChainError> {
        let ends = self.store.audit_ends().await?;
        let floor = ends.floor;
        let rows = self.store.sealed_audit_rows(floor.as_ref().map_or(0, |floor| floor.link.sequence), limit).await?;
        let last = rows.into_iter().take_while(|row| row.created_at < before).last().and_then(|row| link(&row));
        let Some(last) = last else { return Ok(0) };
        for (end, checkpoint) in [(End::Floor, &floor), (End::Head, &ends.head)] {
            if let Some(checkpoint) = checkpoint {
                self.check(end, checkpoint)?;
            }
        }
        let after = proof::checkpoint(&self.macs, self.tenant(), End::Floor, last)?;
        Ok(self.store.remove_sealed_audit_rows(floor.as_ref(), &after, now).await?.unwrap_or(0))
    }

    /// Seals the ends anew where that was done with another master key than the active one, so that it may go one day.
    pub async fn renew(&self, now: Timestamp) -> Result<(), ChainError> {
        let ends = self.store.audit_ends().await?;
        for (end, before) in [(End::Head, ends.head), (End::Floor, ends.floor)] {
            let Some(before) = before.filter(|end| end.seal_key != self.macs.active()) else { continue };
            self.check(end, &before)?;
            let after = proof::checkpoint(&self.macs, self.tenant(), end, before.link.clone())?;
            self.store.reseal_audit_end(end, &before, &after, now).await?;
        }
        Ok(())
    }

    fn check(&self, end: End, checkpoint: &Checkpoint) -> Result<(), ChainError> {
        match proof::end_holds(&self.macs, self.tenant(), end, checkpoint) {
            Ok(true) => Ok(()),
            Ok(false) => Err(ChainError::Changed(end)),
            Err(KeyError::UnknownKey { .. }) if self.loss_accepted => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The place of a row, if it is a sealed one.
pub(super) fn link(row: &AuditRow) -> Option<Link> {
    Some(Link { sequence: row.sequence?, mac: row.mac.clone()?, mac_key: row.mac_key.clone()? })
}
