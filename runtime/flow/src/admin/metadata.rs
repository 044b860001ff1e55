//! Metadata (`spec/admin-api.md` §6).

use hanko_domain::{AuditKind, Category, UserId};
use hanko_metadata::Patch;
use hanko_store::{Work, metadata::Metadata};

use super::{Admin, AdminError, Outcome, bad_request};
use crate::{effect, rest::refusal::refuse_saying};

impl Admin<'_> {
    /// What applications keep about a user.
    pub async fn metadata(self, user: UserId) -> Outcome<Metadata> {
        Ok(self.account(user, absent()).await?.metadata)
    }

    /// Merges a patch into what applications keep about a user, and gives what became of it. Merged under the lock of the user's row:
    /// two writers never lose each other's work.
    pub async fn patch_metadata(self, user: UserId, patch: &Patch) -> Outcome<Metadata> {
        self.metadata(user).await?;
        let mut work = self.tenant.store().begin().await?;
        match self.merge(user, patch, &mut work).await {
            Ok(after) => {
                work.commit().await?;
                Ok(after)
            }
            Err(error) => {
                work.rollback().await?;
                Err(error)
            }
        }
    }

    async fn merge(self, user: UserId, patch: &Patch, work: &mut Work) -> Outcome<Metadata> {
        let inner = self.tenant.inner();
        let now = inner.clock.now();
        let before = work.metadata_for_update(user, now).await?.ok_or_else(absent)?;
        let after = hanko_metadata::apply(&before, patch, &inner.metadata_schemas)
            .map_err(|error| bad_request(error.to_string()))?;
        if after != before {
            work.put_metadata(user, &after, now).await?;
            let changed = Category::ALL.into_iter().filter(|category| before.of(*category) != after.of(*category));
            let changed: Vec<&str> = changed.map(Category::as_str).collect();
            let entry = self.entry(AuditKind::AdminMetadataUpdated, user).with("categories", changed.join(","));
            effect::record(entry, work, inner, self.request, now).await?;
        }
        Ok(after)
    }
}

fn absent() -> AdminError {
    refuse_saying(404, "user not found")
}
